//! What the targets share: a JSON tree of their own, and how to spoil a record.
//!
//! Nothing here uses a type of qualwatch: a twin that borrows from what it checks
//! finds nothing.

pub mod spoil;
pub mod tree;
