//! What one walk over a document found: notices, names that stand twice, and whether it is valid.
//!
//! Nothing is described here: a notice is a node until somebody reports it. A [`Survey`] is
//! reused from one document to the next, and keeps what a walk guesses by: the names that
//! followed each other in the last documents.

use crate::record::NodeIndex;

/// A name that stands twice in one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeated {
    /// node of the name that stands first
    pub first: NodeIndex,
    /// node of a name further on
    pub again: NodeIndex,
    /// whether the values are equal as JSON
    pub equal: bool,
}

/// A notice, as the walk leaves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Raw {
    /// name node, shape
    UnknownProperty(NodeIndex, u32),
    /// value node, list of members
    UnknownMember(NodeIndex, u32),
    /// value node, range
    OutOfRange(NodeIndex, u32),
    /// name node of the second
    RepeatedName(NodeIndex),
}

/// At most this many notices of one document are kept; the rest is counted.
const NOTICES: usize = 64;
/// Repeated names kept of one document.
const REPEATED: usize = 64;

/// The result of a walk; reused from one document to the next.
#[derive(Debug, Default)]
pub struct Survey {
    notices: Vec<Raw>,
    more: u64,
    repeated: Vec<Repeated>,
    valid: Option<bool>,
    pub(super) scratch: Scratch,
}

/// What a walk keeps while it is under way, and what it guesses by.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// by [`super::program::Shape::guesses`]; a wrong guess costs a look-up and no more
    guesses: Vec<u32>,
    /// names of the objects under way that their shapes do not know
    pub(super) unknown: Vec<usize>,
    pub(super) sorted: Vec<usize>,
    /// names of one shape that were seen, where it is asked exactly
    pub(super) seen: Vec<bool>,
}

impl Survey {
    pub(super) fn notices(&self) -> &[Raw] {
        &self.notices
    }

    /// Notices in all, those beyond the kept ones included.
    pub fn notice_count(&self) -> u64 {
        self.notices.len() as u64 + self.more
    }

    /// Names that stand twice.
    pub fn repeated(&self) -> &[Repeated] {
        &self.repeated
    }

    /// The first name that stands twice with differing values, if any.
    pub fn contradiction(&self) -> Option<Repeated> {
        self.repeated
            .iter()
            .copied()
            .find(|repeated| !repeated.equal)
    }

    /// Whether the document is valid; none where the walk could not tell.
    pub fn verdict(&self) -> Option<bool> {
        self.valid.filter(|_| self.repeated.is_empty())
    }

    /// For a walk of a program with so many guesses; gives them.
    pub(super) fn begin(&mut self, guesses: usize) -> Vec<u32> {
        self.notices.clear();
        self.repeated.clear();
        self.more = 0;
        self.valid = None;
        self.scratch.unknown.clear();
        let mut kept = std::mem::take(&mut self.scratch.guesses);
        if kept.len() < guesses {
            kept.resize(guesses, 0);
        }
        kept
    }

    pub(super) fn end(&mut self, valid: Option<bool>, guesses: Vec<u32>) {
        self.valid = valid;
        self.scratch.guesses = guesses;
    }

    #[cold]
    pub(super) fn notice(&mut self, raw: Raw) {
        if self.notices.len() < NOTICES {
            self.notices.push(raw);
        } else {
            self.more += 1;
        }
    }

    /// Takes note of names that are equal.
    #[cold]
    pub(super) fn repeat(&mut self, repeated: Repeated) {
        let first_of_its_kind = !repeated.equal && self.contradiction().is_none();
        if self.repeated.len() < REPEATED || first_of_its_kind {
            self.repeated.push(repeated);
        }
        if repeated.equal {
            self.notice(Raw::RepeatedName(repeated.again));
        }
    }
}
