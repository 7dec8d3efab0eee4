//! An outbox in memory: what waits is lost when the process ends.
//!
//! Bounded in rows and bytes; dead letters count. Each sink has an order of its
//! own, so a long queue of one costs the others nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::outbox::{NewRow, Outbox, OutboxError, Row, RowId, Totals};
use crate::over_time::Remembered;
use crate::sink::Gather;

/// An outbox in memory.
#[derive(Debug)]
pub struct MemoryOutbox {
    rows: u64,
    bytes: u64,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    last: u64,
    queues: BTreeMap<Arc<str>, Queue>,
    sinks: HashMap<RowId, Arc<str>>,
    /// rows that take room: all but the standing ones
    rows: u64,
    bytes: u64,
}

#[derive(Debug, Default)]
struct Queue {
    rows: BTreeMap<RowId, Row>,
    /// rows that may be claimed, by when they are due
    due: BTreeSet<(Timestamp, RowId)>,
    events: HashMap<Arc<str>, RowId>,
    ordered: HashMap<Arc<str>, BTreeSet<RowId>>,
}

impl MemoryOutbox {
    /// An outbox of at most so many rows and bytes of alerts.
    pub fn new(rows: u64, bytes: u64) -> MemoryOutbox {
        MemoryOutbox {
            rows,
            bytes,
            inner: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn queue(&mut self, id: RowId) -> Option<&mut Queue> {
        let sink = self.sinks.get(&id)?;
        self.queues.get_mut(sink)
    }

    fn remove(&mut self, id: RowId) -> Option<Row> {
        let sink = self.sinks.remove(&id)?;
        let queue = self.queues.get_mut(&sink)?;
        let row = queue.rows.remove(&id)?;
        queue.due.remove(&(row.due, id));
        queue.events.remove(&row.new.event);
        if let Some(rows) = queue.ordered.get_mut(&row.new.order) {
            rows.remove(&id);
            if rows.is_empty() {
                queue.ordered.remove(&row.new.order);
            }
        }
        if !row.standing {
            self.rows -= 1;
            self.bytes -= row.new.payload.len() as u64;
        }
        Some(row)
    }

    fn insert(&mut self, new: &NewRow, now: Timestamp) {
        let queue = self.queues.entry(Arc::clone(&new.sink)).or_default();
        // What stood until now is followed; one that is being sent goes when that has ended.
        let followed: Vec<RowId> = queue
            .ordered
            .get(&new.order)
            .into_iter()
            .flatten()
            .copied()
            .filter(|id| {
                queue
                    .rows
                    .get(id)
                    .is_some_and(|row| row.standing && queue.due.contains(&(row.due, *id)))
            })
            .collect();
        for id in followed {
            self.remove(id);
        }
        self.last += 1;
        let id = RowId(self.last);
        self.rows += 1;
        self.bytes += new.payload.len() as u64;
        self.sinks.insert(id, Arc::clone(&new.sink));
        let queue = self.queues.entry(Arc::clone(&new.sink)).or_default();
        queue.events.insert(Arc::clone(&new.event), id);
        let order = Arc::clone(&new.order);
        queue.ordered.entry(order).or_default().insert(id);
        let due = new.due.max(now);
        queue.due.insert((due, id));
        queue.rows.insert(
            id,
            Row {
                id,
                new: new.clone(),
                queued: now,
                due,
                attempts: 0,
                standing: false,
                last: None,
                dead: false,
            },
        );
    }
}

impl Queue {
    /// Whether nothing of the same order key must go before it.
    fn is_first(&self, row: &Row) -> bool {
        let Some(rows) = self.ordered.get(&row.new.order) else {
            return true;
        };
        // A dead letter holds up nobody.
        rows.iter()
            .find(|id| self.rows.get(id).is_some_and(|row| !row.dead))
            .is_none_or(|first| *first == row.id)
    }

    fn followed(&self, row: &Row) -> bool {
        let rows = self.ordered.get(&row.new.order);
        rows.is_some_and(|rows| rows.last().is_some_and(|last| *last > row.id))
    }
}

impl Outbox for MemoryOutbox {
    fn keep(
        &self,
        rows: &[NewRow],
        _documents: &[Remembered],
        now: Timestamp,
    ) -> Result<(), OutboxError> {
        let mut inner = self.lock();
        let new: Vec<&NewRow> = rows
            .iter()
            .filter(|row| {
                let queue = inner.queues.get(&row.sink);
                !queue.is_some_and(|queue| queue.events.contains_key(&row.event))
            })
            .collect();
        let bytes: u64 = new.iter().map(|row| row.payload.len() as u64).sum();
        // What is larger than the whole outbox must still get through.
        let over = inner.rows + new.len() as u64 > self.rows || inner.bytes + bytes > self.bytes;
        if inner.rows > 0 && over {
            return Err(OutboxError::Full);
        }
        for row in new {
            inner.insert(row, now);
        }
        Ok(())
    }

    fn claim(
        &self,
        sink: &str,
        now: Timestamp,
        horizon: Timestamp,
        gather: Gather,
    ) -> Result<Vec<Row>, OutboxError> {
        let mut inner = self.lock();
        let Some(queue) = inner.queues.get_mut(sink) else {
            return Ok(Vec::new());
        };
        let late = queue.due.range((horizon, RowId(u64::MAX))..);
        let in_order = queue
            .due
            .iter()
            .take_while(|(due, _)| *due <= now)
            .chain(late);
        let mut taken: Vec<Row> = Vec::new();
        for (_, id) in in_order {
            let Some(row) = queue.rows.get(id).filter(|row| queue.is_first(row)) else {
                continue;
            };
            let fits = match (taken.first(), gather) {
                (None, _) => true,
                (Some(_), Gather::One) => break,
                (Some(first), Gather::Call) => {
                    first.new.call.is_some() && first.new.call == row.new.call
                }
                (Some(_), Gather::Any(most)) if taken.len() >= most => break,
                (Some(_), Gather::Any(_)) => true,
            };
            if fits {
                taken.push(row.clone());
            }
            if taken.len() >= 256 {
                break;
            }
        }
        for row in &taken {
            queue.due.remove(&(row.due, row.id));
        }
        Ok(taken)
    }

    fn next_due(&self, sink: &str) -> Result<Option<Timestamp>, OutboxError> {
        let inner = self.lock();
        let Some(queue) = inner.queues.get(sink) else {
            return Ok(None);
        };
        // One that is held up behind another is due with it.
        let first = queue
            .due
            .iter()
            .find(|(_, id)| queue.rows.get(id).is_some_and(|row| queue.is_first(row)));
        Ok(first.map(|(due, _)| *due))
    }

    fn ack(&self, id: RowId) -> Result<(), OutboxError> {
        self.lock().remove(id);
        Ok(())
    }

    fn stand(&self, id: RowId, next: Timestamp) -> Result<(), OutboxError> {
        let mut inner = self.lock();
        let Some(queue) = inner.queue(id) else {
            return Ok(());
        };
        let Some(row) = queue.rows.get(&id) else {
            return Ok(());
        };
        if queue.followed(row) {
            inner.remove(id);
            return Ok(());
        }
        let Some(row) = queue.rows.get_mut(&id) else {
            return Ok(());
        };
        let first = !std::mem::replace(&mut row.standing, true);
        let bytes = row.new.payload.len() as u64;
        (row.due, row.attempts, row.last) = (next, 0, None);
        queue.due.insert((next, id));
        if first {
            inner.rows -= 1;
            inner.bytes -= bytes;
        }
        Ok(())
    }

    fn nack(&self, id: RowId, next: Timestamp, why: &str) -> Result<(), OutboxError> {
        let mut inner = self.lock();
        let Some(queue) = inner.queue(id) else {
            return Ok(());
        };
        if queue
            .rows
            .get(&id)
            .is_some_and(|row| row.standing && queue.followed(row))
        {
            inner.remove(id);
            return Ok(());
        }
        if let Some(row) = queue.rows.get_mut(&id) {
            row.attempts += 1;
            row.due = next;
            row.last = Some(why.to_owned());
            queue.due.insert((next, id));
        }
        Ok(())
    }

    fn bury(&self, id: RowId, why: &str) -> Result<(), OutboxError> {
        let mut inner = self.lock();
        let Some(row) = inner.queue(id).and_then(|queue| queue.rows.get_mut(&id)) else {
            return Ok(());
        };
        row.attempts += 1;
        row.dead = true;
        row.last = Some(why.to_owned());
        let bytes = row.new.payload.len() as u64;
        if std::mem::replace(&mut row.standing, false) {
            inner.rows += 1;
            inner.bytes += bytes;
        }
        Ok(())
    }

    fn list(&self, sink: Option<&str>) -> Result<Vec<Row>, OutboxError> {
        let inner = self.lock();
        let queues = inner
            .queues
            .iter()
            .filter(|(name, _)| sink.is_none_or(|sink| ***name == *sink));
        let mut rows: Vec<Row> = queues
            .flat_map(|(_, queue)| queue.rows.values().cloned())
            .collect();
        rows.sort_by_key(|row| row.id);
        Ok(rows)
    }

    fn retry(&self, id: RowId, now: Timestamp) -> Result<bool, OutboxError> {
        let mut inner = self.lock();
        let Some(queue) = inner.queue(id) else {
            return Ok(false);
        };
        let Some(row) = queue.rows.get_mut(&id) else {
            return Ok(false);
        };
        let waits = queue.due.remove(&(row.due, id));
        if waits || row.dead {
            (row.dead, row.due, row.queued, row.attempts) = (false, now, now, 0);
            queue.due.insert((now, id));
        }
        Ok(true)
    }

    fn drop_row(&self, id: RowId) -> Result<bool, OutboxError> {
        Ok(self.lock().remove(id).is_some())
    }

    fn totals(&self, sink: &str) -> Result<Totals, OutboxError> {
        let inner = self.lock();
        let mut totals = Totals::default();
        for row in inner
            .queues
            .get(sink)
            .into_iter()
            .flat_map(|queue| queue.rows.values())
        {
            match (row.dead, row.standing) {
                (true, _) => totals.dead += 1,
                (false, true) => totals.standing += 1,
                (false, false) => totals.waiting += 1,
            }
        }
        Ok(totals)
    }

    fn survives(&self) -> bool {
        false
    }
}
