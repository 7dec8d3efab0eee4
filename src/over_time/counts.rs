//! What the stage counted: nothing that it leaves out, puts off or gives up is silent.

use crate::window::{self, ChangeState};

/// How many transitions there were, by their state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Transitions {
    /// it holds, but not for long enough
    pub pending: u64,
    /// it holds
    pub firing: u64,
    /// it is over
    pub resolved: u64,
    /// it never was
    pub retracted: u64,
    /// more came during a cool-down
    pub repeated: u64,
}

impl Transitions {
    pub(super) fn of(&mut self, state: ChangeState) -> &mut u64 {
        match state {
            ChangeState::Pending => &mut self.pending,
            ChangeState::Firing => &mut self.firing,
            ChangeState::Resolved => &mut self.resolved,
            ChangeState::Retracted => &mut self.retracted,
            ChangeState::Repeated => &mut self.repeated,
        }
    }
}

/// Everything that was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// of calls, versions, pages, samples and keys
    pub windows: window::Counts,
    /// transitions that were told
    pub transitions: Transitions,
    /// records outside of the times asked for, which raised nothing
    pub outside: u64,
    /// alerts that say something else now, and were told before
    pub updated: u64,
    /// alerts that were told as they are
    pub known: u64,
    /// keys whose silence was not listened for, at the limit
    pub silence_refused: u64,
    /// documents with samples that came too late
    pub late_documents: u64,
}

impl Counts {
    /// Each count with its name, in the order in which a summary lists them.
    pub fn named(&self) -> Vec<(&'static str, u64)> {
        let Counts {
            windows: w,
            transitions: t,
            ..
        } = self;
        vec![
            ("records", w.records),
            ("newVersions", w.new_versions),
            ("pages", w.pages),
            ("repeated", w.repeated),
            ("superseded", w.superseded),
            ("outside", self.outside),
            ("alertsUpdated", self.updated),
            ("alertsKnown", self.known),
            ("alertsSuppressed", w.suppressed),
            ("pending", t.pending),
            ("firing", t.firing),
            ("resolved", t.resolved),
            ("retracted", t.retracted),
            ("repeatedAlerts", t.repeated),
            ("lateSamples", w.late),
            ("lateDocuments", self.late_documents),
            ("clockAhead", w.ahead),
            ("stillPartial", w.partial),
            ("partialReported", w.overdue),
            ("keys", w.keys),
            ("keysEvicted", w.evicted_keys),
            ("silenceKeysRefused", self.silence_refused),
            ("calls", w.calls),
            ("callsEvicted", w.evicted_calls),
            ("samplesGivenUp", w.given_up),
        ]
    }
}
