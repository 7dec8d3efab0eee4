//! What an outbox is, by its definition: a list, and no more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::{LetGo, REMEMBERED, ROOM};
use crate::deliver::{NewRow, Row, RowId, Totals};
use crate::over_time::Remembered;
use crate::sink::Gather;

/// What an outbox is, by its definition: a list.
#[derive(Clone, Default)]
pub(super) struct Model {
    pub(super) rows: Vec<Row>,
    pub(super) claimed: BTreeSet<RowId>,
    delivered: BTreeMap<(Arc<str>, Arc<str>), Timestamp>,
    /// when deliveries were forgotten last, in this process
    swept: Option<Timestamp>,
    /// what was read, in its order
    pub(super) documents: Vec<Remembered>,
    /// so many of them were looked at for samples, in this process
    bare: usize,
    last: u64,
}

impl Model {
    fn known(&self, new: &NewRow) -> bool {
        let key = (Arc::clone(&new.sink), Arc::clone(&new.event));
        let here = |row: &Row| row.new.sink == new.sink && row.new.event == new.event;
        self.delivered.contains_key(&key) || self.rows.iter().any(here)
    }

    pub(super) fn put(&mut self, new: &NewRow, now: Timestamp) -> bool {
        if self.known(new) {
            return true;
        }
        let taking: Vec<&Row> = self.rows.iter().filter(|row| !row.standing).collect();
        let bytes: usize = taking.iter().map(|row| row.new.payload.len()).sum();
        let over =
            taking.len() as u64 + 1 > ROOM.rows || (bytes + new.payload.len()) as u64 > ROOM.bytes;
        if !taking.is_empty() && over {
            return false;
        }
        let claimed = &self.claimed;
        self.rows.retain(|row| {
            let same = row.new.sink == new.sink && row.new.order == new.order;
            !(same && row.standing && !claimed.contains(&row.id))
        });
        self.last += 1;
        self.rows.push(Row {
            id: RowId(self.last),
            new: new.clone(),
            queued: now,
            due: new.due.max(now),
            attempts: 0,
            standing: false,
            last: None,
            dead: false,
        });
        true
    }

    fn first(&self, row: &Row) -> bool {
        let before = |other: &Row| {
            other.new.sink == row.new.sink && other.new.order == row.new.order && !other.dead
        };
        self.rows
            .iter()
            .find(|other| before(other))
            .map(|other| other.id)
            == Some(row.id)
    }

    /// Rows of a sink that may be claimed at some time, the earliest first.
    pub(super) fn free(&self, sink: &str) -> Vec<Row> {
        let free = |row: &&Row| {
            *row.new.sink == *sink
                && !row.dead
                && !self.claimed.contains(&row.id)
                && self.first(row)
        };
        let mut rows: Vec<Row> = self.rows.iter().filter(free).cloned().collect();
        rows.sort_by_key(|row| (row.due, row.id));
        rows
    }

    pub(super) fn claim(
        &mut self,
        sink: &str,
        now: Timestamp,
        horizon: Timestamp,
        gather: Gather,
    ) -> Vec<Row> {
        let mut rows = self.free(sink);
        rows.retain(|row| row.due <= now || row.due > horizon);
        match (gather, rows.first().cloned()) {
            (Gather::One, _) => rows.truncate(1),
            (Gather::Any(most), _) => rows.truncate(most),
            (Gather::Call, Some(first)) if first.new.call.is_some() => {
                rows.retain(|row| row.new.call == first.new.call);
            }
            (Gather::Call, _) => rows.truncate(1),
        }
        self.claimed.extend(rows.iter().map(|row| row.id));
        rows
    }

    pub(super) fn row(&mut self, id: RowId) -> Option<&mut Row> {
        self.rows.iter_mut().find(|row| row.id == id)
    }

    pub(super) fn remove(&mut self, id: RowId) {
        self.claimed.remove(&id);
        self.rows.retain(|row| row.id != id);
    }

    pub(super) fn followed(&self, id: RowId) -> bool {
        let Some(row) = self.rows.iter().find(|row| row.id == id) else {
            return false;
        };
        let after = |other: &&Row| {
            other.new.sink == row.new.sink && other.new.order == row.new.order && other.id > id
        };
        self.rows.iter().any(|other| after(&other))
    }

    /// A sink has it; once an hour what is older than is remembered goes.
    pub(super) fn deliver(&mut self, id: RowId, now: Timestamp) {
        if let Some(row) = self.rows.iter().find(|row| row.id == id) {
            let key = (Arc::clone(&row.new.sink), Arc::clone(&row.new.event));
            self.delivered.insert(key, now);
            let due = |swept: Timestamp| now.as_second() >= swept.as_second() + 3600;
            if self.swept.is_none_or(due) {
                self.swept = Some(now);
                self.delivered.retain(|_, at| *at >= now - REMEMBERED);
            }
        }
    }

    /// The process ended, and another one began.
    pub(super) fn restart(&mut self, now: Timestamp) {
        self.claimed.clear();
        self.swept = None;
        self.bare = 0;
        let queued = self.rows.last().map(|row| row.queued);
        if self.delivered.values().copied().max().max(queued) > Some(now) {
            self.wake(now);
        }
    }

    /// The clock was set back.
    pub(super) fn wake(&mut self, now: Timestamp) {
        for row in self
            .rows
            .iter_mut()
            .filter(|row| !row.dead && row.due > now)
        {
            if row.attempts > 0 || row.standing || row.new.due <= row.queued {
                row.due = now;
            }
        }
    }

    /// Lets go of documents; how many went.
    pub(super) fn let_go(&mut self, what: LetGo) -> usize {
        let first = |documents: &[Remembered], before: i64| {
            let young = documents.iter().position(|it| it.wall >= before);
            young.unwrap_or(documents.len())
        };
        let rest = &self.documents[self.bare..];
        self.bare += first(rest, what.samples_before);
        for document in &mut self.documents[..self.bare] {
            document.samples = None;
        }
        let old = first(&self.documents, what.before);
        let young = self.documents.len() - old;
        let went = old + young.saturating_sub(what.most as usize);
        self.documents.drain(..went);
        self.bare = self.bare.saturating_sub(went);
        went
    }

    pub(super) fn totals(&self, sink: &str) -> Totals {
        let mut totals = Totals::default();
        for row in self.rows.iter().filter(|row| *row.new.sink == *sink) {
            match (row.dead, row.standing) {
                (true, _) => totals.dead += 1,
                (false, true) => totals.standing += 1,
                (false, false) => totals.waiting += 1,
            }
        }
        totals
    }
}
