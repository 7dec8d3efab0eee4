//! How do alerts get there? A queue for each sink, until the receiver has it.
//!
//! [`outbox`] holds what waits, [`gate`] decides what an outcome means and when
//! to try again, [`courier`] makes one step of one sink, [`engine`] has the
//! threads. One sink that is down delays no other; a full outbox makes the
//! intake wait, and says so. Nothing is dropped, and nothing is sent here: that
//! is [`crate::sink`]'s.

pub mod courier;
pub mod engine;
pub mod gate;
pub mod memory;
pub mod outbox;

#[cfg(test)]
mod tests;

pub use courier::SinkCounts;
pub use engine::{Deliveries, Ender, Left, Note};
pub use gate::{Hold, Policy};
pub use memory::MemoryOutbox;
pub use outbox::{NewRow, Outbox, OutboxError, Row, RowId, Totals};
