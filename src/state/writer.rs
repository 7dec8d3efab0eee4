//! The one thread that writes: what is asked at the same time shares a commit.
//!
//! A question runs within the transaction of its batch, and is answered when that is committed. If
//! the commit fails nothing of the batch was done, and everybody who asked is told so.

use std::collections::HashSet;
use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};
use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior};

use super::error::StateError;
use super::{Room, outbox};
use crate::clock::Clock;
use crate::deliver::RowId;
use crate::planted;

/// So many questions share a commit at most.
const TOGETHER: usize = 256;

/// What this process knows beside the database.
#[derive(Clone, Debug)]
pub(super) struct Book {
    pub(super) room: Room,
    /// rows that are being sent: they wait again after the end of the process
    pub(super) claimed: HashSet<RowId>,
    /// rows that take room, and their bytes
    pub(super) rows: u64,
    pub(super) bytes: u64,
    /// changes of another process, as SQLite counts them
    pub(super) seen: i64,
    /// when deliveries were forgotten last
    pub(super) swept: Timestamp,
    /// documents before this one have no samples any more
    pub(super) bare: i64,
    pub(super) now: Timestamp,
}

/// Tells whoever asked, once it is known whether it was committed.
type Answer = Box<dyn FnOnce(Result<(), String>) + Send>;

/// Runs within a transaction; without one it could not be begun, which the answer will say.
type Question = Box<dyn FnOnce(Option<(&mut Book, &Connection)>) -> Answer + Send>;

/// See the module's text.
#[derive(Debug)]
pub(super) struct Writer {
    questions: Option<Sender<Question>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(
        connection: Connection,
        room: Room,
        clock: Arc<dyn Clock>,
    ) -> Result<Writer, StateError> {
        let (questions, asked) = bounded(TOGETHER);
        let now = clock.now();
        let book = Book {
            room,
            claimed: HashSet::new(),
            rows: 0,
            bytes: 0,
            seen: -1,
            swept: Timestamp::MIN,
            bare: 0,
            now,
        };
        let thread = std::thread::Builder::new()
            .name("state".to_owned())
            .spawn(move || work(connection, book, &asked, &*clock))?;
        Ok(Writer {
            questions: Some(questions),
            thread: Some(thread),
        })
    }

    /// Asks, and waits until the answer is committed.
    pub(super) fn ask<R: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Book, &Connection) -> rusqlite::Result<R> + Send + 'static,
    ) -> Result<R, StateError> {
        let (answer, answered) = bounded(1);
        let boxed: Question = Box::new(move |within| {
            let result = within.map(|(book, connection)| undone(book, connection, question));
            Box::new(move |committed| {
                let result = match (committed, result) {
                    (Ok(()), Some(result)) => result.map_err(StateError::from),
                    (Ok(()), None) => Err(StateError::Closed),
                    (Err(why), _) => Err(StateError::Commit(why)),
                };
                // Whoever asked may have gone.
                let _ = answer.send(result);
            })
        });
        let questions = self.questions.as_ref().ok_or(StateError::Closed)?;
        questions.send(boxed).map_err(|_| StateError::Closed)?;
        answered.recv().map_err(|_| StateError::Closed)?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.questions = None;
        if let Some(thread) = self.thread.take() {
            // It ends with the last question.
            let _ = thread.join();
        }
    }
}

fn work(mut connection: Connection, mut book: Book, asked: &Receiver<Question>, clock: &dyn Clock) {
    while let Ok(first) = asked.recv() {
        let before = book.clone();
        book.now = clock.now();
        let set_back = book.now < before.now;
        let mut answers = Vec::new();
        let committed = batch(
            (&mut connection, &mut book),
            set_back,
            first,
            asked,
            &mut answers,
        );
        if committed.is_err() {
            book = before;
        }
        let committed = committed.map_err(|error| error.to_string());
        for answer in answers {
            answer(committed.clone());
        }
    }
}

fn batch(
    (connection, book): (&mut Connection, &mut Book),
    set_back: bool,
    first: Question,
    asked: &Receiver<Question>,
    answers: &mut Vec<Answer>,
) -> rusqlite::Result<()> {
    let behavior = TransactionBehavior::Immediate;
    let begun = connection.transaction_with_behavior(behavior);
    let begun = begun.and_then(|transaction| {
        if set_back {
            outbox::wake(&transaction, book.now)?;
        }
        Ok(transaction)
    });
    let transaction = match begun {
        Ok(transaction) => transaction,
        Err(error) => {
            answers.push(first(None));
            return Err(error);
        }
    };
    let mut next = Some(first);
    while let Some(question) = next.take() {
        answers.push(question(Some((book, &transaction))));
        if answers.len() < TOGETHER {
            next = asked.try_recv().ok();
        }
    }
    if planted::bug("answer-before-commit") {
        answers.drain(..).for_each(|answer| answer(Ok(())));
        // Long enough for whoever was answered to go on.
        std::thread::sleep(std::time::Duration::from_millis(30));
    }
    transaction.commit()
}

/// What one question did is undone where it failed, so that the others of its batch go on.
fn undone<R>(
    book: &mut Book,
    connection: &Connection,
    question: impl FnOnce(&mut Book, &Connection) -> rusqlite::Result<R>,
) -> rusqlite::Result<R> {
    connection
        .prepare_cached("SAVEPOINT question")?
        .execute([])?;
    let result = question(book, connection);
    if result.is_err() {
        connection
            .prepare_cached("ROLLBACK TO question")?
            .execute([])?;
    }
    connection.prepare_cached("RELEASE question")?.execute([])?;
    result
}
