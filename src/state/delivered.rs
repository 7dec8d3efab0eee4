//! Which sink has which alert: remembered for a while, so that nobody is told twice.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::REMEMBERED;
use super::outbox::{Sql, micros};
use super::writer::Book;
use crate::deliver::Row;
use crate::planted;

/// How often old deliveries are forgotten, in seconds.
const SWEEP: i64 = 3600;

/// Remembers that a sink has it.
pub(super) fn delivered(book: &mut Book, connection: &Connection, row: &Row) -> Sql<()> {
    if planted::bug("forget-delivered") {
        return Ok(());
    }
    let mut statement = connection
        .prepare_cached("INSERT OR REPLACE INTO delivered (sink, event, at) VALUES (?1, ?2, ?3)")?;
    statement.execute(params![&*row.new.sink, &*row.new.event, micros(book.now)])?;
    let due = book.swept.as_second().saturating_add(SWEEP);
    if book.now.as_second() >= due {
        book.swept = book.now;
        let before = book.now.checked_sub(REMEMBERED).unwrap_or(Timestamp::MIN);
        forget(connection, before)?;
    }
    Ok(())
}

/// Forgets deliveries made before a time; how many there were.
pub(super) fn forget(connection: &Connection, before: Timestamp) -> Sql<u64> {
    let mut statement = connection.prepare_cached("DELETE FROM delivered WHERE at < ?1")?;
    Ok(statement.execute([micros(before)])? as u64)
}
