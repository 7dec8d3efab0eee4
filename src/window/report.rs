//! What goes into the windows, and what comes out: plain data.

use std::sync::Arc;

use super::event::Decision;
use super::fold::Content;
use super::key::Cool;

/// What is kept at most, and how long is waited. Seconds are those of the event clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// keys of window rules, and as many fingerprints of single-call alerts
    pub keys: u32,
    /// remembered calls
    pub calls: u32,
    /// samples of one key
    pub samples: u32,
    /// seconds that a sample may come late
    pub lateness: u32,
    /// seconds that a clock may be ahead of all but two calls
    pub ahead: u32,
    /// seconds after which a record that is still partial is reported
    pub partial: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            keys: 1_000_000,
            calls: 1_000_000,
            samples: 65_536,
            lateness: 6 * 3600,
            ahead: 3600,
            partial: 6 * 3600,
        }
    }
}

/// What a document was to the call that it belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Arrival {
    /// the first record of its call
    #[default]
    First,
    /// a record with a higher version
    NewVersion,
    /// a page with sessions that were not known
    Page,
    /// the same record or page again
    Repeated,
    /// a record with a lower version than one that came before
    Superseded,
}

impl Arrival {
    /// Whether it changes what is known of its call.
    pub fn counts(self) -> bool {
        !matches!(self, Arrival::Repeated | Arrival::Superseded)
    }
}

/// The states of Prometheus, and what corrections need beside them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChangeState {
    /// it holds, but not for long enough
    Pending,
    /// it holds
    Firing,
    /// it is over
    Resolved,
    /// it never was, as later data shows
    Retracted,
    /// its cool-down is over, and more came meanwhile
    Repeated,
}

impl ChangeState {
    /// The word in an alert.
    pub const fn name(self) -> &'static str {
        match self {
            ChangeState::Pending => "pending",
            ChangeState::Firing => "firing",
            ChangeState::Resolved => "resolved",
            ChangeState::Retracted => "retracted",
            ChangeState::Repeated => "repeated",
        }
    }
}

/// Whose change it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// number of a window rule
    Window(u16),
    /// number of a single-call rule
    Rule(u16),
}

/// One transition.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// whose it is
    pub by: By,
    /// the rule's name
    pub rule: Arc<str>,
    /// the key
    pub key: Arc<str>,
    /// the new state
    pub state: ChangeState,
    /// event time of the transition, or wall time, in seconds since 1970
    pub at: u32,
    /// when it began to hold
    pub since: u32,
    /// what the window holds
    pub content: Content,
    /// calls in the window, the first hundred
    pub calls: Vec<String>,
    /// how many more came during the cool-down
    pub more: u32,
    /// whether wall time brought it
    pub wall: bool,
    /// whether the key was given up at the limit
    pub evicted: bool,
}

impl Change {
    /// So many calls are named.
    pub(crate) const NAMED: usize = 100;

    pub(crate) fn new(
        by: By,
        rule: Arc<str>,
        key: Arc<str>,
        state: ChangeState,
        at: u32,
    ) -> Change {
        Change {
            by,
            rule,
            key,
            state,
            at,
            since: at,
            content: Content::default(),
            calls: Vec::new(),
            more: 0,
            wall: false,
            evicted: false,
        }
    }

    pub(crate) fn more(&mut self, cool: Cool) {
        self.more = cool.more;
        self.calls = cool.calls.into_iter().map(String::from).collect();
    }

    /// Changes of one document are told key by key; those of a key keep their order.
    pub(crate) fn order(&self) -> (By, &str) {
        (self.by, &self.key)
    }
}

/// What one key holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// the key
    pub key: Arc<str>,
    /// firing or pending; nothing where all is well
    pub state: Option<ChangeState>,
    /// what is in its window
    pub content: Content,
}

/// What one document changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said {
    /// what it was to its call
    pub arrival: Arrival,
    /// how many different sessions of the call were seen by now
    pub sessions: u32,
    /// whether more of them are to come
    pub partial: bool,
    /// sessions of this document that were known, as hashes of their ids
    pub repeated: Vec<u64>,
    /// what becomes of each alert that it raised
    pub decisions: Vec<Decision>,
    /// alerts of the call that it no longer supports, and transitions
    pub changes: Vec<Change>,
    /// samples that came too late
    pub late: u32,
    /// alerts that a cool-down kept back
    pub suppressed: u32,
    /// records that are still partial after the stated time, and how many sessions were seen
    pub overdue: Vec<(String, u32)>,
}

/// Everything that was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// first records of their calls
    pub records: u64,
    /// records that took the place of a lower version
    pub new_versions: u64,
    /// pages that joined a call
    pub pages: u64,
    /// documents that were known
    pub repeated: u64,
    /// records with a lower version than one that came before
    pub superseded: u64,
    /// samples that came too late
    pub late: u64,
    /// documents whose clock was far ahead when they came
    pub ahead: u64,
    /// samples given up at the limit of their key
    pub given_up: u64,
    /// keys given up at the limit
    pub evicted_keys: u64,
    /// calls forgotten at the limit
    pub evicted_calls: u64,
    /// alerts that a cool-down kept back
    pub suppressed: u64,
    /// records that were reported as still partial
    pub overdue: u64,
    /// records that are partial
    pub partial: u64,
    /// keys at hand
    pub keys: u64,
    /// calls at hand
    pub calls: u64,
}
