//! What waits to be delivered, as whoever stores it must keep it.
//!
//! A row is one alert for one sink. It is gone only after an outcome that is
//! known: delivered, or dropped by a person. Rows that were claimed when the
//! process ended are waiting again afterwards.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use crate::over_time::Remembered;
use crate::sink::Gather;

/// Names a row in its outbox; later rows have higher ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId(pub u64);

impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// One alert for one sink, to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRow {
    /// the sink's name
    pub sink: Arc<str>,
    /// the telling's key; one sink never has two rows of one key
    pub event: Arc<str>,
    /// the call's id, by which messages are gathered
    pub call: Option<Arc<str>>,
    /// rows of one order key are delivered one after the other
    pub order: Arc<str>,
    /// the alert's JSON
    pub payload: Arc<str>,
    /// not to be tried before, so that others may join it
    pub due: Timestamp,
}

/// One alert for one sink, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// its name
    pub id: RowId,
    /// what was given
    pub new: NewRow,
    /// when it was put in
    pub queued: Timestamp,
    /// not to be tried before
    pub due: Timestamp,
    /// attempts that failed
    pub attempts: u32,
    /// delivered once, and to be told again until something follows it
    pub standing: bool,
    /// why it failed last, or why it is dead
    pub last: Option<String>,
    /// never to be tried again by itself
    pub dead: bool,
}

/// Why rows could not be kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutboxError {
    /// There is no room until something is delivered; nothing was kept.
    #[error("the outbox is full")]
    Full,
    /// It cannot be written or read.
    #[error("the outbox failed: {0}")]
    Failed(String),
}

/// Counts of the rows of one sink.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// wait, or are being sent
    pub waiting: u64,
    /// were delivered, and are told again until something follows
    pub standing: u64,
    /// dead letters
    pub dead: u64,
}

/// Keeps rows until they are delivered.
pub trait Outbox: Send + Sync {
    /// Keeps all rows, or none; rows whose sink and event are here already are passed over.
    /// A standing row makes way for a new one of the same sink and order key.
    ///
    /// # Errors
    /// [`OutboxError::Full`] if there is no room.
    fn enqueue(&self, rows: &[NewRow], now: Timestamp) -> Result<(), OutboxError> {
        self.keep(rows, &[], now)
    }

    /// Keeps rows like [`Outbox::enqueue`], and with them, all or nothing, the documents that they
    /// came of. An outbox that does not survive remembers none.
    ///
    /// # Errors
    /// [`OutboxError::Full`] if there is no room.
    fn keep(
        &self,
        rows: &[NewRow],
        documents: &[Remembered],
        now: Timestamp,
    ) -> Result<(), OutboxError>;

    /// Takes rows of a sink that are due, the earliest first, as far as they may share a
    /// message. A row that waits beyond `horizon` is due: the clock was set back. Of rows
    /// of one order key only the first that is not dead is taken.
    ///
    /// # Errors
    /// If the outbox cannot be read.
    fn claim(
        &self,
        sink: &str,
        now: Timestamp,
        horizon: Timestamp,
        gather: Gather,
    ) -> Result<Vec<Row>, OutboxError>;

    /// When the next row of a sink is due that may be claimed.
    ///
    /// # Errors
    /// If the outbox cannot be read.
    fn next_due(&self, sink: &str) -> Result<Option<Timestamp>, OutboxError>;

    /// The receiver has it; the row goes.
    ///
    /// # Errors
    /// If the outbox cannot be written; the row then waits again after a restart.
    fn ack(&self, id: RowId) -> Result<(), OutboxError>;

    /// The receiver has it, and must be told again at `next`, unless something followed it.
    ///
    /// # Errors
    /// If the outbox cannot be written.
    fn stand(&self, id: RowId, next: Timestamp) -> Result<(), OutboxError>;

    /// It failed and is tried again at `next`.
    ///
    /// # Errors
    /// If the outbox cannot be written.
    fn nack(&self, id: RowId, next: Timestamp, why: &str) -> Result<(), OutboxError>;

    /// It failed for good, and is kept as a dead letter.
    ///
    /// # Errors
    /// If the outbox cannot be written.
    fn bury(&self, id: RowId, why: &str) -> Result<(), OutboxError>;

    /// The rows, of one sink or all, in their order; claimed ones too.
    ///
    /// # Errors
    /// If the outbox cannot be read.
    fn list(&self, sink: Option<&str>) -> Result<Vec<Row>, OutboxError>;

    /// Makes a row due now, also a dead one; false if there is none.
    ///
    /// # Errors
    /// If the outbox cannot be written.
    fn retry(&self, id: RowId, now: Timestamp) -> Result<bool, OutboxError>;

    /// Takes a row away undelivered, as a person asked; false if there is none.
    ///
    /// # Errors
    /// If the outbox cannot be written.
    fn drop_row(&self, id: RowId) -> Result<bool, OutboxError>;

    /// Counts of a sink's rows.
    ///
    /// # Errors
    /// If the outbox cannot be read.
    fn totals(&self, sink: &str) -> Result<Totals, OutboxError>;

    /// Whether rows survive the end of the process.
    fn survives(&self) -> bool;
}
