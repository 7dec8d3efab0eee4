//! What reading a building file keeps: faults up to a number, and each text once.
//!
//! A file of a VPN's single addresses repeats one site thousands of times.

use rustc_hash::FxHashMap;

use super::Range;
use crate::diagnostic::Fault;

/// More faults or notices than this are only counted.
const MOST: usize = 20;

/// Faults or notices: the first few, and how many there are.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) list: Vec<Fault>,
    pub(super) all: usize,
}

impl Kept {
    /// Counts one; true if it is to be kept.
    pub(super) fn count(&mut self) -> bool {
        self.all += 1;
        self.all <= MOST
    }
}

/// The texts of all rows, each once.
#[derive(Default)]
pub(super) struct Texts {
    pub(super) all: String,
    known: FxHashMap<Box<str>, Range>,
}

impl Texts {
    pub(super) fn keep(&mut self, text: &str) -> Range {
        if text.is_empty() {
            return Range::default();
        }
        if let Some(range) = self.known.get(text) {
            return *range;
        }
        // The file's length is bounded far below what 32 bits count.
        let range = Range {
            start: self.all.len() as u32,
            length: text.len() as u32,
        };
        self.all.push_str(text);
        self.known.insert(text.into(), range);
        range
    }
}
