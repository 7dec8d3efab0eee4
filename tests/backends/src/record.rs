//! As in the product, less what stands above the tape.

#[path = "../../../src/record/explain.rs"]
mod explain;
#[allow(dead_code, reason = "places and views are not built here")]
#[path = "../../../src/record/parse.rs"]
pub mod parse;
#[allow(dead_code, reason = "places and views are not built here")]
#[path = "../../../src/record/tape.rs"]
pub mod tape;

pub use parse::{Caps, Document, Malformed, Parser};
pub use tape::{Item, NodeIndex, Number};
