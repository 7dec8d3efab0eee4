//! What a state folder holds, in numbers.

use rusqlite::Connection;

use super::Holdings;
use super::outbox::{Sql, time, totals};

/// What the database holds.
pub(super) fn holdings(connection: &Connection) -> Sql<Holdings> {
    let mut statement = connection.prepare("SELECT DISTINCT sink FROM outbox ORDER BY sink")?;
    let names: Vec<String> = statement
        .query_map([], |row| row.get(0))?
        .collect::<Sql<_>>()?;
    let mut sinks = Vec::new();
    for name in names {
        let totals = totals(connection, &name)?;
        sinks.push((name, totals));
    }
    let (delivered, since) =
        connection.query_row("SELECT count(*), min(at) FROM delivered", [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Option<i64>>(1)?))
        })?;
    Ok(Holdings {
        sinks,
        delivered: delivered as u64,
        since: since.map(time),
        documents: connection.query_row("SELECT count(*) FROM documents", [], |row| {
            row.get::<_, i64>(0).map(|count| count as u64)
        })?,
        bytes: 0,
    })
}
