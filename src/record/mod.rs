//! JSON text to a call: one tape, and views on it.
//!
//! [`Parser`] makes the tape, [`kind`] tells what the document is, [`call`]
//! reads its levels, [`place`] finds a node's pointer, line and column, and
//! [`units`] converts. Nothing here validates or judges.

pub(crate) mod cursor;
pub(crate) mod explain;
pub mod parse;
pub mod tape;
pub(crate) mod token;

pub mod kind;

pub mod call;
pub mod place;
pub mod units;

pub use kind::Kind;
pub use parse::{Caps, Document, Malformed, Parser};
pub(crate) use parse::{Placed, Tag};
pub use place::{Origin, Spot};
pub use tape::{Item, NodeIndex, Number};
