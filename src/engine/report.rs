//! What became of one document: verdict, problems, notices, findings, alerts.
//!
//! Owned data; it outlives the document. It says what is so and renders nothing.

use serde::Serialize;

use super::explain::Explained;
use crate::alert::Alert;
use crate::record::{Kind, Spot};
use crate::rules::RuleFault;
use crate::schema::{Notice, Problem};
use crate::window::Contribution;

/// The verdict on one document; every document has exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// a whole record that keeps to the schema
    Valid,
    /// keeps to the schema; its sessions go on behind a nextLink
    Partial,
    /// breaks the schema; its rules ran all the same
    Invalid,
    /// no callRecord
    Foreign,
    /// no JSON, or JSON that says two things
    Malformed,
}

impl Verdict {
    /// All verdicts, in the order in which a summary lists them.
    pub const ALL: [Verdict; 5] = [
        Verdict::Valid,
        Verdict::Partial,
        Verdict::Invalid,
        Verdict::Foreign,
        Verdict::Malformed,
    ];

    /// The verdict's name in output and counters.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Valid => "valid",
            Verdict::Partial => "partial",
            Verdict::Invalid => "invalid",
            Verdict::Foreign => "foreign",
            Verdict::Malformed => "malformed",
        }
    }

    /// Whether the document was refused.
    pub fn is_refusal(self) -> bool {
        matches!(
            self,
            Verdict::Invalid | Verdict::Foreign | Verdict::Malformed
        )
    }
}

/// Why a document is malformed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// where
    pub spot: Spot,
    /// what is wrong, and what to do
    pub message: String,
    /// a stable name for counters
    pub code: &'static str,
}

/// On how many places a rule fired, was quiet, could not tell, or broke.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RuleCount {
    /// places where it fired
    pub fired: u64,
    /// places where it was quiet
    pub quiet: u64,
    /// places where it could not tell
    pub unknown: u64,
    /// places where it broke
    pub failed: u64,
}

impl RuleCount {
    /// Adds another count to this one.
    pub fn add(&mut self, other: RuleCount) {
        self.fired += other.fired;
        self.quiet += other.quiet;
        self.unknown += other.unknown;
        self.failed += other.failed;
    }
}

/// What became of one document.
#[derive(Clone, Debug)]
pub struct Report {
    /// the verdict
    pub verdict: Verdict,
    /// what the document is
    pub kind: Kind,
    /// the call's id
    pub call_id: Option<String>,
    /// why it is malformed
    pub fault: Option<Fault>,
    /// why it is foreign, or what else a person should know, and what to do
    pub hint: Option<&'static str>,
    /// violations of the schema, in document order
    pub problems: Vec<Problem>,
    /// whether there were more violations than were kept
    pub more_problems: bool,
    /// notices, as far as they were asked for
    pub notices: Vec<Notice>,
    /// notices in all
    pub notice_count: u64,
    /// a record without its sessions, for which no rule can fire
    pub unexpanded: bool,
    /// sessions in the document
    pub sessions: u64,
    /// sessions that came twice and counted once
    pub repeated_sessions: u64,
    /// one for each rule of the engine; empty where rules did not run
    pub rules: Vec<RuleCount>,
    /// rules (by index) that broke on this document
    pub rule_faults: Vec<(usize, RuleFault)>,
    /// one for each window rule, if the document contributes over time: places that are samples
    /// count as fired
    pub windows: Vec<RuleCount>,
    /// window rules (by index) that broke on this document
    pub window_faults: Vec<(usize, RuleFault)>,
    /// the alerts raised
    pub alerts: Vec<Alert>,
    /// what it contributes over time, if the checker was asked for that
    pub contribution: Option<Box<Contribution>>,
    /// for each rule what it takes by itself for one place, in nanoseconds, if that was measured on
    /// this document; `None` where there is no such place
    pub costs: Vec<Option<f64>>,
    /// why each rule said what it said, if the engine explains
    pub explained: Option<Explained>,
    /// for each set of other limits that the engine tries, on how many places each rule fired
    pub variants: Vec<Vec<u64>>,
}

impl Report {
    pub(super) fn new(verdict: Verdict, kind: Kind) -> Report {
        Report {
            verdict,
            kind,
            call_id: None,
            fault: None,
            hint: None,
            problems: Vec::new(),
            more_problems: false,
            notices: Vec::new(),
            notice_count: 0,
            unexpanded: false,
            sessions: 0,
            repeated_sessions: 0,
            rules: Vec::new(),
            rule_faults: Vec::new(),
            windows: Vec::new(),
            window_faults: Vec::new(),
            alerts: Vec::new(),
            contribution: None,
            costs: Vec::new(),
            explained: None,
            variants: Vec::new(),
        }
    }

    /// Whether there is anything to show beyond the counts.
    pub fn has_something_to_say(&self) -> bool {
        !self.alerts.is_empty()
            || !self.rule_faults.is_empty()
            || !self.window_faults.is_empty()
            || self.has_something_to_say_beyond_alerts()
    }

    /// Whether there is anything to show of the document itself.
    pub fn has_something_to_say_beyond_alerts(&self) -> bool {
        self.verdict != Verdict::Valid
            || self.hint.is_some()
            || self.unexpanded
            || self.repeated_sessions > 0
            || !self.notices.is_empty()
    }

    /// The report on a text that is no document.
    pub fn malformed(fault: Fault) -> Report {
        let mut report = Report::new(Verdict::Malformed, Kind::Foreign);
        report.fault = Some(fault);
        report
    }
}

/// Memory of a report that nobody needs any more, for the next one.
#[derive(Debug, Default)]
pub(super) struct Spare {
    call_id: String,
    rules: Vec<RuleCount>,
    windows: Vec<RuleCount>,
    contribution: Option<Box<Contribution>>,
}

impl Spare {
    /// What a report leaves.
    pub(super) fn of(report: Report) -> Spare {
        let mut spare = Spare {
            call_id: report.call_id.unwrap_or_default(),
            rules: report.rules,
            windows: report.windows,
            contribution: report.contribution,
        };
        spare.call_id.clear();
        spare.rules.clear();
        spare.windows.clear();
        spare
    }

    /// A new report.
    pub(super) fn report(&mut self, verdict: Verdict, kind: Kind) -> Report {
        Report {
            rules: std::mem::take(&mut self.rules),
            windows: std::mem::take(&mut self.windows),
            ..Report::new(verdict, kind)
        }
    }

    /// A call's id, for a report.
    pub(super) fn call_id(&mut self, id: &str) -> String {
        let mut text = std::mem::take(&mut self.call_id);
        text.push_str(id);
        text
    }

    /// A contribution, with whatever is in it.
    pub(super) fn contribution(&mut self) -> Box<Contribution> {
        self.contribution.take().unwrap_or_default()
    }
}
