//! The tables, and how those of earlier formats become these.
//!
//! `user_version` is the format's number; each step leads to the next one, in one
//! transaction. An older qualwatch refuses a newer format, and touches nothing.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::Role;
use super::error::StateError;
use crate::planted;

/// Marks the file as ours: `QwSt`.
const APPLICATION: i64 = 0x5177_5374;

/// Bytes of a page.
const PAGE: i64 = 16_384;

/// From nothing to format 1, from 1 to 2, …
const STEPS: &[&str] = &["
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sink TEXT NOT NULL,
    event TEXT NOT NULL,
    call TEXT,
    ordered TEXT NOT NULL,
    payload TEXT NOT NULL,
    held INTEGER NOT NULL, -- microseconds since 1970, as all times
    queued INTEGER NOT NULL,
    due INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    standing INTEGER NOT NULL DEFAULT 0,
    dead INTEGER NOT NULL DEFAULT 0,
    last TEXT,
    UNIQUE (sink, event)
) STRICT;
CREATE INDEX outbox_due ON outbox (sink, due, id) WHERE dead = 0;
CREATE INDEX outbox_ordered ON outbox (sink, ordered, id);
CREATE INDEX outbox_call ON outbox (sink, call, due, id) WHERE dead = 0;
CREATE INDEX outbox_state ON outbox (sink, dead, standing);
CREATE TABLE delivered (
    sink TEXT NOT NULL,
    event TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (sink, event)
) STRICT, WITHOUT ROWID;
CREATE INDEX delivered_at ON delivered (at);
CREATE TABLE documents (
    seq INTEGER PRIMARY KEY,
    wall INTEGER NOT NULL, -- when it was read, in seconds since 1970
    body BLOB NOT NULL,
    samples BLOB
) STRICT;
"];

/// Makes the database what this qualwatch works with; its owner may upgrade it, and looks through all of it
/// where the one before did not end well.
pub(super) fn prepare(
    connection: &mut Connection,
    folder: &Path,
    role: Role,
) -> Result<(), StateError> {
    let number = |connection: &Connection, name: &str| {
        connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0))
    };
    let damaged = |error: &rusqlite::Error| StateError::Damaged {
        folder: folder.to_owned(),
        found: error.to_string(),
    };
    let application = number(connection, "application_id").map_err(|error| damaged(&error))?;
    let found = number(connection, "user_version")?;
    let known = STEPS.len() as i64;
    if application != APPLICATION && (application, found) != (0, 0) {
        return Err(StateError::Foreign(folder.to_owned()));
    }
    if found > known {
        let folder = folder.to_owned();
        return Err(StateError::Newer {
            folder,
            found,
            known,
        });
    }
    if found == 0 {
        // A page is a call to the system in the log: fewer of them are cheaper.
        connection.pragma_update(None, "page_size", PAGE)?;
    }
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    // What is committed stays, also after a power cut; NORMAL would lose the last commits.
    let synchronous = match planted::bug("no-sync") {
        true => "OFF",
        false => "FULL",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    if role == Role::Successor {
        let whole: String = connection.pragma_query_value(None, "quick_check", |row| row.get(0))?;
        if whole != "ok" {
            let (folder, found) = (folder.to_owned(), whole);
            return Err(StateError::Damaged { folder, found });
        }
    }
    if found < known {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for step in STEPS.iter().skip(found.max(0) as usize) {
            transaction.execute_batch(step)?;
        }
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", known)?;
        transaction.commit()?;
    }
    Ok(())
}
