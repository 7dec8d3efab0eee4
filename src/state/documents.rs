//! What was read: enough of each document to know it again, and to fill the windows again.
//!
//! A row is written in the transaction that queues what its document raised. At a start the rows are
//! read back in their order. Samples that no window can reach any more are let go, then whole rows.

use rusqlite::{Connection, params};

use super::State;
use super::error::StateError;
use super::writer::Book;
use crate::over_time::Remembered;

type Sql<T> = rusqlite::Result<T>;

/// What is let go, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LetGo {
    /// samples of documents that were read before this
    pub samples_before: i64,
    /// documents that were read before this
    pub before: i64,
    /// so many documents are kept, the newest
    pub most: u64,
}

pub(super) fn insert(connection: &Connection, document: &Remembered) -> Sql<()> {
    let mut statement = connection
        .prepare_cached("INSERT INTO documents (wall, body, samples) VALUES (?1, ?2, ?3)")?;
    statement.execute(params![document.wall, document.body, document.samples])?;
    Ok(())
}

fn let_go(book: &mut Book, connection: &Connection, what: LetGo) -> Sql<u64> {
    // They are in the order of wall time, all but where a clock was set: no index is worth its writes,
    // and what has no samples any more is not looked at again.
    let first = |from: i64, before: i64| -> Sql<i64> {
        connection.query_row(
            "SELECT coalesce((SELECT seq FROM documents WHERE seq >= ?1 AND wall >= ?2 ORDER BY seq LIMIT 1), \
             (SELECT max(seq) + 1 FROM documents), 0)",
            [from, before],
            |row| row.get(0),
        )
    };
    let bare = first(book.bare, what.samples_before)?;
    connection.execute(
        "UPDATE documents SET samples = NULL WHERE seq >= ?1 AND seq < ?2 AND samples IS NOT NULL",
        [book.bare, bare],
    )?;
    book.bare = bare;
    let old = connection.execute(
        "DELETE FROM documents WHERE seq < ?1",
        [first(0, what.before)?],
    )?;
    let many = connection.execute(
        "DELETE FROM documents WHERE seq <= (SELECT max(seq) FROM documents) - ?1",
        [i64::try_from(what.most).unwrap_or(i64::MAX)],
    )?;
    // Where none is left, numbers begin anew.
    book.bare = book.bare.min(first(0, i64::MAX)?);
    Ok((old + many) as u64)
}

impl State {
    /// Tells of each document that is remembered, in the order in which they were read.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn documents(&self, mut tell: impl FnMut(Remembered)) -> Result<(), StateError> {
        let connection = self.reader()?;
        let mut statement =
            connection.prepare("SELECT wall, body, samples FROM documents ORDER BY seq")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            tell(Remembered {
                wall: row.get(0)?,
                body: row.get(1)?,
                samples: row.get(2)?,
            });
        }
        Ok(())
    }

    /// Lets go of what is too old or too much; how many documents went.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn let_go(&self, what: LetGo) -> Result<u64, StateError> {
        self.writer
            .ask(move |book, connection| let_go(book, connection, what))
    }
}
