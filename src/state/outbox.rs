//! The outbox in the database: rows are gone only when their outcome is known.
//!
//! Which rows are being sent is known to the process alone, so that they wait again after it. What
//! was delivered is remembered: a record that is read again, after a kill or because its file was
//! copied, tells nobody twice.

use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row as SqlRow, params};

use super::delivered::delivered;
use super::writer::Book;
use super::{State, documents};
use crate::deliver::{NewRow, Outbox, OutboxError, Row, RowId, Totals};
use crate::over_time::Remembered;
use crate::planted;
use crate::sink::Gather;

/// Rows of one message at most.
const MOST: usize = 256;
const COLUMNS: &str = "id, sink, event, call, ordered, payload, held, queued, due, attempts, \
                       standing, dead, last";

/// That nothing of the same order key goes before it; a dead letter holds up nobody.
const FIRST: &str = "NOT EXISTS (SELECT 1 FROM outbox e WHERE e.sink = o.sink AND e.ordered = \
                     o.ordered AND e.id < o.id AND e.dead = 0)";

pub(super) type Sql<T> = rusqlite::Result<T>;

pub(super) fn micros(time: Timestamp) -> i64 {
    time.as_microsecond()
}

pub(super) fn time(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX)
}

fn number(id: RowId) -> i64 {
    id.0 as i64
}

fn read(row: &SqlRow<'_>) -> Sql<Row> {
    let text = |at| row.get::<_, String>(at).map(Arc::<str>::from);
    Ok(Row {
        id: RowId(row.get::<_, i64>(0)? as u64),
        new: NewRow {
            sink: text(1)?,
            event: text(2)?,
            call: row.get::<_, Option<String>>(3)?.map(Into::into),
            order: text(4)?,
            payload: text(5)?,
            due: time(row.get(6)?),
        },
        queued: time(row.get(7)?),
        due: time(row.get(8)?),
        attempts: row.get(9)?,
        standing: row.get(10)?,
        dead: row.get(11)?,
        last: row.get(12)?,
    })
}

fn find(connection: &Connection, id: RowId) -> Sql<Option<Row>> {
    let sql = format!("SELECT {COLUMNS} FROM outbox WHERE id = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    statement.query_row([number(id)], read).optional()
}

/// Whether something of the same order key came after it.
fn followed(connection: &Connection, row: &Row) -> Sql<bool> {
    let mut statement = connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM outbox WHERE sink = ?1 AND ordered = ?2 AND id > ?3)",
    )?;
    statement.query_row(
        params![&*row.new.sink, &*row.new.order, number(row.id)],
        |row| row.get(0),
    )
}

fn remove(book: &mut Book, connection: &Connection, row: &Row) -> Sql<()> {
    let mut statement = connection.prepare_cached("DELETE FROM outbox WHERE id = ?1")?;
    statement.execute([number(row.id)])?;
    book.claimed.remove(&row.id);
    if !row.standing {
        book.give_back(row);
    }
    Ok(())
}

pub(super) fn totals(connection: &Connection, sink: &str) -> Sql<Totals> {
    let mut statement = connection.prepare_cached(
        "SELECT dead, standing, count(*) FROM outbox WHERE sink = ?1 GROUP BY dead, standing",
    )?;
    let mut rows = statement.query([sink])?;
    let mut totals = Totals::default();
    while let Some(row) = rows.next()? {
        let count = row.get::<_, i64>(2)? as u64;
        match (row.get(0)?, row.get(1)?) {
            (true, _) => totals.dead += count,
            (false, true) => totals.standing += count,
            (false, false) => totals.waiting += count,
        }
    }
    Ok(totals)
}

impl Book {
    /// Counts what takes room anew, if another process changed it.
    fn look(&mut self, connection: &Connection) -> Sql<()> {
        let version: i64 = connection.pragma_query_value(None, "data_version", |row| row.get(0))?;
        if version == self.seen {
            return Ok(());
        }
        self.seen = version;
        let (rows, bytes) = connection.query_row(
            "SELECT count(*), coalesce(sum(octet_length(payload)), 0) FROM outbox WHERE standing = 0",
            [],
            |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)),
        )?;
        (self.rows, self.bytes) = (rows as u64, bytes as u64);
        Ok(())
    }

    fn take(&mut self, payload: &str) {
        self.rows += 1;
        self.bytes += payload.len() as u64;
    }

    fn give_back(&mut self, row: &Row) {
        self.rows = self.rows.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(row.new.payload.len() as u64);
    }
}

/// The clock was set back: what waits for a time of the clock before is due now, but for rows that are
/// held for others to join them.
pub(super) fn wake(connection: &Connection, now: Timestamp) -> Sql<()> {
    let mut statement = connection.prepare_cached(
        "UPDATE outbox SET due = ?1 WHERE dead = 0 AND due > ?1
             AND (attempts > 0 OR standing = 1 OR held <= queued)",
    )?;
    statement.execute([micros(now)])?;
    Ok(())
}

/// Wakes like [`wake`] if something was written at a later time than now.
pub(super) fn wake_if_set_back(connection: &Connection, now: Timestamp) -> Sql<()> {
    let last: Option<i64> = connection.query_row(
        "SELECT max(coalesce((SELECT max(at) FROM delivered), 0),
                    coalesce((SELECT queued FROM outbox ORDER BY id DESC LIMIT 1), 0))",
        [],
        |row| row.get(0),
    )?;
    match last.is_some_and(|last| last > micros(now)) {
        true => wake(connection, now),
        false => Ok(()),
    }
}

/// Rows whose sink has them, or will, are not new.
fn is_known(connection: &Connection, row: &NewRow) -> Sql<bool> {
    let mut statement = connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM outbox WHERE sink = ?1 AND event = ?2)
             OR EXISTS (SELECT 1 FROM delivered WHERE sink = ?1 AND event = ?2)",
    )?;
    statement.query_row(params![&*row.sink, &*row.event], |row| row.get(0))
}

fn insert(book: &mut Book, connection: &Connection, new: &NewRow, now: Timestamp) -> Sql<()> {
    // What stood until now is followed; one that is being sent goes when that has ended.
    let sql = format!(
        "SELECT {COLUMNS} FROM outbox WHERE sink = ?1 AND ordered = ?2 AND standing = 1 AND dead = 0"
    );
    let standing: Vec<Row> = connection
        .prepare_cached(&sql)?
        .query_map(params![&*new.sink, &*new.order], read)?
        .collect::<Sql<_>>()?;
    for row in &standing {
        if !book.claimed.contains(&row.id) {
            remove(book, connection, row)?;
        }
    }
    let mut statement = connection.prepare_cached(
        "INSERT INTO outbox (sink, event, call, ordered, payload, held, queued, due)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    statement.execute(params![
        &*new.sink,
        &*new.event,
        new.call.as_deref(),
        &*new.order,
        &*new.payload,
        micros(new.due),
        micros(now),
        micros(new.due.max(now)),
    ])?;
    book.take(&new.payload);
    Ok(())
}

/// Puts rows in, or none where there is no room.
pub(super) fn enqueue(
    book: &mut Book,
    connection: &Connection,
    rows: &[NewRow],
    now: Timestamp,
) -> Sql<bool> {
    book.look(connection)?;
    let mut new = Vec::new();
    for row in rows {
        if !is_known(connection, row)? {
            new.push(row);
        }
    }
    let bytes: u64 = new.iter().map(|row| row.payload.len() as u64).sum();
    let over =
        book.rows + new.len() as u64 > book.room.rows || book.bytes + bytes > book.room.bytes;
    // What is larger than the whole outbox must still get through.
    if book.rows > 0 && over && !new.is_empty() {
        return Ok(false);
    }
    for row in new {
        // One document may tell the same twice.
        if !is_known(connection, row)? {
            insert(book, connection, row, now)?;
        }
    }
    Ok(true)
}

/// Rows that may be claimed, the earliest first: those due, and those beyond the horizon.
fn scan(
    book: &Book,
    connection: &Connection,
    sink: &str,
    (now, horizon): (Timestamp, Timestamp),
    call: Option<&str>,
    most: usize,
) -> Sql<Vec<Row>> {
    let of_call = if call.is_some() { "o.call" } else { "?4" };
    let sql = format!(
        "SELECT {COLUMNS} FROM outbox o WHERE o.sink = ?1 AND o.dead = 0 \
         AND (o.due <= ?2 OR o.due > ?3) AND {of_call} IS ?4 AND {FIRST} ORDER BY o.due, o.id"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![sink, micros(now), micros(horizon), call])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let id = RowId(row.get::<_, i64>(0)? as u64);
        if !book.claimed.contains(&id) {
            found.push(read(row)?);
        }
        if found.len() >= most {
            break;
        }
    }
    Ok(found)
}

fn claim(
    book: &mut Book,
    connection: &Connection,
    sink: &str,
    times: (Timestamp, Timestamp),
    gather: Gather,
) -> Sql<Vec<Row>> {
    let most = match gather {
        Gather::Any(most) => most.clamp(1, MOST),
        Gather::One | Gather::Call => 1,
    };
    let mut taken = scan(book, connection, sink, times, None, most)?;
    let call = taken.first().and_then(|row| row.new.call.clone());
    if let (Gather::Call, Some(call)) = (gather, call) {
        taken = scan(book, connection, sink, times, Some(&*call), MOST)?;
    }
    book.claimed.extend(taken.iter().map(|row| row.id));
    Ok(taken)
}

fn next_due(book: &Book, connection: &Connection, sink: &str) -> Sql<Option<Timestamp>> {
    // One that is held up behind another is due with it.
    let sql = format!(
        "SELECT id, due FROM outbox o WHERE sink = ?1 AND dead = 0 AND {FIRST} ORDER BY due, id"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([sink])?;
    while let Some(row) = rows.next()? {
        let id = RowId(row.get::<_, i64>(0)? as u64);
        if !book.claimed.contains(&id) {
            return Ok(Some(time(row.get(1)?)));
        }
    }
    Ok(None)
}

fn stand(book: &mut Book, connection: &Connection, id: RowId, next: Timestamp) -> Sql<()> {
    let Some(row) = find(connection, id)? else {
        return Ok(());
    };
    delivered(book, connection, &row)?;
    if followed(connection, &row)? {
        return remove(book, connection, &row);
    }
    let mut statement = connection.prepare_cached(
        "UPDATE outbox SET standing = 1, due = ?2, attempts = 0, last = NULL WHERE id = ?1",
    )?;
    statement.execute(params![number(id), micros(next)])?;
    book.claimed.remove(&id);
    if !row.standing {
        book.give_back(&row);
    }
    Ok(())
}

fn nack(
    book: &mut Book,
    connection: &Connection,
    id: RowId,
    next: Timestamp,
    why: &str,
) -> Sql<()> {
    let Some(row) = find(connection, id)? else {
        return Ok(());
    };
    if row.standing && followed(connection, &row)? {
        return remove(book, connection, &row);
    }
    let mut statement = connection.prepare_cached(
        "UPDATE outbox SET attempts = attempts + 1, due = ?2, last = ?3 WHERE id = ?1",
    )?;
    statement.execute(params![number(id), micros(next), why])?;
    book.claimed.remove(&id);
    Ok(())
}

fn bury(book: &mut Book, connection: &Connection, id: RowId, why: &str) -> Sql<()> {
    let Some(row) = find(connection, id)? else {
        return Ok(());
    };
    if planted::bug("drop-dead-letters") {
        return remove(book, connection, &row);
    }
    let mut statement = connection.prepare_cached(
        "UPDATE outbox SET attempts = attempts + 1, dead = 1, standing = 0, last = ?2 WHERE id = ?1",
    )?;
    statement.execute(params![number(id), why])?;
    book.claimed.remove(&id);
    if row.standing {
        book.take(&row.new.payload);
    }
    Ok(())
}

fn list(connection: &Connection, sink: Option<&str>) -> Sql<Vec<Row>> {
    let sql = format!("SELECT {COLUMNS} FROM outbox WHERE ?1 IS NULL OR sink = ?1 ORDER BY id");
    let mut statement = connection.prepare(&sql)?;
    statement.query_map([sink], read)?.collect()
}

fn retry(book: &mut Book, connection: &Connection, id: RowId, now: Timestamp) -> Sql<bool> {
    let Some(row) = find(connection, id)? else {
        return Ok(false);
    };
    if row.dead || !book.claimed.contains(&id) {
        let mut statement = connection.prepare_cached(
            "UPDATE outbox SET dead = 0, due = ?2, queued = ?2, attempts = 0 WHERE id = ?1",
        )?;
        statement.execute(params![number(id), micros(now)])?;
        book.claimed.remove(&id);
    }
    Ok(true)
}

impl Outbox for State {
    fn keep(
        &self,
        rows: &[NewRow],
        documents: &[Remembered],
        now: Timestamp,
    ) -> Result<(), OutboxError> {
        let (rows, documents) = (rows.to_vec(), documents.to_vec());
        if planted::bug("two-transactions") && !documents.is_empty() {
            self.writer.ask(move |_, connection| {
                let mut all = documents.iter();
                all.try_for_each(|document| documents::insert(connection, document))
            })?;
            return self.keep(&rows, &[], now);
        }
        let room = self.writer.ask(move |book, connection| {
            let room = enqueue(book, connection, &rows, now)?;
            if room {
                for document in &documents {
                    documents::insert(connection, document)?;
                }
            }
            Ok(room)
        })?;
        if room { Ok(()) } else { Err(OutboxError::Full) }
    }

    fn claim(
        &self,
        sink: &str,
        now: Timestamp,
        horizon: Timestamp,
        gather: Gather,
    ) -> Result<Vec<Row>, OutboxError> {
        let sink = sink.to_owned();
        Ok(self
            .writer
            .ask(move |book, connection| claim(book, connection, &sink, (now, horizon), gather))?)
    }

    fn next_due(&self, sink: &str) -> Result<Option<Timestamp>, OutboxError> {
        let sink = sink.to_owned();
        Ok(self
            .writer
            .ask(move |book, connection| next_due(book, connection, &sink))?)
    }

    fn ack(&self, id: RowId) -> Result<(), OutboxError> {
        Ok(self.writer.ask(move |book, connection| {
            let Some(row) = find(connection, id)? else {
                return Ok(());
            };
            delivered(book, connection, &row)?;
            remove(book, connection, &row)
        })?)
    }

    fn stand(&self, id: RowId, next: Timestamp) -> Result<(), OutboxError> {
        Ok(self
            .writer
            .ask(move |book, connection| stand(book, connection, id, next))?)
    }

    fn nack(&self, id: RowId, next: Timestamp, why: &str) -> Result<(), OutboxError> {
        let why = why.to_owned();
        Ok(self
            .writer
            .ask(move |book, connection| nack(book, connection, id, next, &why))?)
    }

    fn bury(&self, id: RowId, why: &str) -> Result<(), OutboxError> {
        let why = why.to_owned();
        Ok(self
            .writer
            .ask(move |book, connection| bury(book, connection, id, &why))?)
    }

    fn list(&self, sink: Option<&str>) -> Result<Vec<Row>, OutboxError> {
        let sink = sink.map(str::to_owned);
        Ok(self
            .writer
            .ask(move |_, connection| list(connection, sink.as_deref()))?)
    }

    fn retry(&self, id: RowId, now: Timestamp) -> Result<bool, OutboxError> {
        Ok(self
            .writer
            .ask(move |book, connection| retry(book, connection, id, now))?)
    }

    fn drop_row(&self, id: RowId) -> Result<bool, OutboxError> {
        Ok(self.writer.ask(move |book, connection| {
            let Some(row) = find(connection, id)? else {
                return Ok(false);
            };
            remove(book, connection, &row)?;
            Ok(true)
        })?)
    }

    fn totals(&self, sink: &str) -> Result<Totals, OutboxError> {
        let sink = sink.to_owned();
        Ok(self
            .writer
            .ask(move |_, connection| totals(connection, &sink))?)
    }

    fn survives(&self) -> bool {
        true
    }
}
