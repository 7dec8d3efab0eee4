//! What the rules said of one document.
//!
//! Reused from document to document; [`Outcome::clear`] keeps the memory. Every object a rule
//! was asked about is counted once: fired, quiet, unknown, or failed. A rule that fired has
//! fired, even if its `by`, title or message then broke.

use std::sync::Arc;

use super::compare::Comparison;
use super::diagnostic::Place;
use super::facts::ObjectId;
use super::field_set::FieldSet;

/// The verdicts of every rule, in the order of [`RuleSet::rules`](super::RuleSet::rules).
#[derive(Debug, Default)]
pub struct Outcome {
    /// One entry a rule.
    pub rules: Vec<RuleOutcome>,
}

impl Outcome {
    /// Empties every entry, for `rules` rules.
    pub(crate) fn clear(&mut self, rules: usize) {
        self.rules.resize_with(rules, RuleOutcome::default);
        for rule in &mut self.rules {
            rule.clear();
        }
    }
}

/// What one rule said.
#[derive(Debug, Default)]
pub struct RuleOutcome {
    /// Where it fired.
    pub findings: Vec<Finding>,
    /// On how many objects it was quiet.
    pub quiet: u64,
    /// On how many objects it could not tell.
    pub unknown: u64,
    /// The readings it lacked there, if it fired elsewhere; one that fired nowhere tells nobody.
    pub missing: FieldSet,
    /// On how many objects it broke, or was not asked because it had run away.
    pub failed: u64,
    /// The first break in this document.
    pub fault: Option<RuleFault>,
    /// Whether it ran away, and is not asked about the document's other objects.
    pub(crate) stopped: bool,
}

impl RuleOutcome {
    /// Forgets what was said, and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.findings.clear();
        self.missing.clear();
        (self.quiet, self.unknown, self.failed) = (0, 0, 0);
        self.fault = None;
        self.stopped = false;
    }
}

/// One place where a rule fired.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The object the rule is on.
    pub object: ObjectId,
    /// The comparisons that made it true.
    pub evidence: Vec<Comparison>,
    /// The rule's own title.
    pub title: Option<String>,
    /// The rule's own message.
    pub message: Option<String>,
    /// What the fingerprint is made of.
    pub key: Key,
}

/// What a finding is told apart by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// The call: the rule has no `by`.
    Call,
    /// What `by` gave.
    Own(Arc<str>),
    /// `by` met a missing reading: the finding is merged with no other call's.
    Missing,
}

/// Why a rule could not be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultKind {
    /// It asked for something impossible.
    Error,
    /// It ran too long, or in circles.
    Runaway,
    /// It brought the interpreter down.
    Panic,
    /// It ran away too often, and is asked no more.
    Disabled,
}

/// A rule that broke, and where.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct RuleFault {
    /// What sort of break.
    pub kind: FaultKind,
    /// In words.
    pub message: String,
    /// Where in the rule file, if known.
    pub place: Option<Place>,
}
