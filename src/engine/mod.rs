//! Bytes in, verdict and alerts out: the library's front door.
//!
//! An [`Engine`] is compiled once and shared; a [`Checker`] holds one thread's
//! buffers and judges one document after another over one tape. No threads, no
//! files, no output: [`crate::pipeline`] brings documents, `cli` shows results.

mod builder;
mod capture;
mod concern;
mod contribute;
mod cost;
mod current;
mod explain;
mod judge;
mod keep;
mod report;
mod seen;
mod tries;

use std::sync::Arc;

use rustc_hash::FxHashSet;

pub use builder::{BuildError, EngineBuilder};
pub use current::Current;
pub use explain::{
    Compared, Explain, Explained, ExplainedCondition, ExplainedPlace, ExplainedReading,
    ExplainedRule,
};
pub use report::{Fault, Report, RuleCount, Verdict};

use crate::alert::Links;
use crate::clock::Clock;
use crate::frame::Frame;
use crate::record::call::Call;
use crate::record::kind::{self, Taken};
use crate::record::{Caps, Kind, Origin, Parser};
use crate::redact::Redactor;
use crate::rules::RuleSet;
use crate::rules::facts::Facts;
use crate::schema::direct::{Direct, Kept, Purpose};
use crate::schema::{Schema, Survey};
use crate::sites::Sites;
use capture::{Violated, capture};
use judge::Asker;
use report::Spare;
pub use tries::Directly;
use tries::Tries;

/// How much is said about notices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Notices {
    /// each notice of each document
    #[default]
    All,
    /// the first of its kind that a checker meets; the others are counted
    FirstOfEach,
}

/// Schema, rules and limits, compiled; shared by all threads.
pub struct Engine {
    schema: Schema,
    /// whether `schema` is the callRecord schema, so that other kinds are foreign to it
    call_records_only: bool,
    rules: RuleSet,
    sites: Option<Arc<Sites>>,
    caps: Caps,
    max_problems: usize,
    notices: Notices,
    explain: Option<Explain>,
    measure_rules: bool,
    /// the same rules with other limits
    variants: Vec<RuleSet>,
    clock: Arc<dyn Clock>,
    redactor: Option<Redactor>,
    links: Links,
    /// what is read of documents that need no tape, where there may be such
    kept: Option<Arc<dyn Kept>>,
}

/// One document to be judged, and where it comes from.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// the JSON text
    pub bytes: &'a [u8],
    /// name of the source, for alerts and messages
    pub source: &'a str,
    /// where in the source the text begins
    pub origin: Origin,
    /// what it was taken from
    pub taken: Taken<'a>,
}

impl<'a> Input<'a> {
    /// A document that is all of the source `source`.
    pub fn new(bytes: &'a [u8], source: &'a str) -> Self {
        Input {
            bytes,
            source,
            origin: Origin::default(),
            taken: Taken::default(),
        }
    }

    /// A document as it was framed, of the source `source`.
    pub fn framed(frame: Frame<'a>, source: &'a str) -> Self {
        Input {
            bytes: frame.bytes,
            source,
            origin: Origin {
                line: frame.line,
                column: frame.column,
                offset: frame.offset,
            },
            taken: Taken {
                element: frame.element,
                context: frame.context,
            },
        }
    }
}

impl Engine {
    /// Starts an engine: the embedded schema and the shipped rules, unless told otherwise.
    pub fn builder() -> EngineBuilder {
        EngineBuilder::default()
    }

    /// The rules, in the order of [`Report::rules`].
    pub fn rules(&self) -> &RuleSet {
        &self.rules
    }

    /// Where clients are, if a sites file says so.
    pub fn sites(&self) -> Option<&Arc<Sites>> {
        self.sites.as_ref()
    }

    /// Whether it validates against the callRecord schema, to which other kinds are foreign.
    pub fn reads_call_records(&self) -> bool {
        self.call_records_only
    }

    /// The schema.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// What takes names, ids and addresses out of reports, if anything does.
    pub fn redactor(&self) -> Option<&Redactor> {
        self.redactor.as_ref()
    }

    /// The clock of `raisedAt`.
    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// The links that alerts take along.
    pub(crate) fn links(&self) -> &Links {
        &self.links
    }

    /// The limits of a document.
    pub fn caps(&self) -> Caps {
        self.caps
    }

    /// One thread's worth of buffers.
    pub fn checker(self: &Arc<Self>) -> Checker {
        Checker {
            parser: Parser::new(self.caps),
            direct: (self.kept.as_ref())
                .map(|kept| Direct::new(&self.schema, self.caps, Arc::clone(kept))),
            tries: Tries::default(),
            survey: Survey::default(),
            known_notices: FxHashSet::default(),
            asker: Asker::new(self),
            spare: Spare::default(),
            engine: Arc::clone(self),
        }
    }

    /// Judges one document with buffers of its own; for many, keep a [`Checker`].
    pub fn check(self: &Arc<Self>, bytes: &[u8]) -> Report {
        self.checker().check(Input::new(bytes, "-"))
    }
}

/// The readings that `rules` have of one record, as they are when none of it is refused; `None`
/// for what is no record.
pub fn facts(rules: &RuleSet, bytes: &[u8]) -> Option<Facts> {
    let mut parser = Parser::new(Caps::default());
    let document = parser.parse(bytes).ok()?;
    let kind = kind::tell(document.root(), Taken::default()).kind;
    let mut facts = rules.facts();
    let call = kind
        .has_sessions()
        .then(|| Call::new(document.root(), kind))?;
    capture(
        &document,
        call,
        &Violated::default(),
        None,
        rules.layout(),
        &mut facts,
    );
    Some(facts)
}

/// As [`facts`], read without a tape; `None` also for what cannot be read so.
pub fn facts_directly(rules: &RuleSet, bytes: &[u8]) -> Option<Facts> {
    let schema = Schema::call_record().ok()?;
    let kept = keep::keep(rules.layout(), false);
    let mut direct = Direct::new(&schema, Caps::default(), kept);
    let part = direct.read(&schema, bytes, Purpose::Ask)?;
    let kind = kind::tell(part.root(), Taken::default()).kind;
    let mut facts = rules.facts();
    if kind != Kind::CallRecord {
        return None;
    }
    let call = Call::new(part.root(), kind);
    let none = Violated::default();
    capture(&part, call, &none, None, rules.layout(), &mut facts);
    Some(facts)
}

/// Judges one document after another with the same buffers.
pub struct Checker {
    engine: Arc<Engine>,
    parser: Parser,
    direct: Option<Direct>,
    tries: Tries,
    survey: Survey,
    known_notices: FxHashSet<u64>,
    asker: Asker,
    spare: Spare,
}

impl Checker {
    /// The rules it asks, in the order of [`Report::rules`].
    pub fn rules(&self) -> &RuleSet {
        &self.engine.rules
    }

    /// Lets each report say what its document contributes over time: for [`crate::OverTime`].
    #[must_use]
    pub fn contributing(mut self) -> Checker {
        self.asker.contribute(&self.engine);
        self
    }

    /// Says which documents it tries to read without a tape: for comparisons.
    #[must_use]
    pub fn directly(mut self, which: Directly) -> Checker {
        self.tries = Tries::of(which);
        self
    }

    /// How many documents needed no tape.
    pub fn read_directly(&self) -> u64 {
        self.tries.taken()
    }

    /// Judges one document.
    pub fn check(&mut self, input: Input<'_>) -> Report {
        let report = self.judge(input);
        self.finish(report)
    }

    /// Judges a text of which nobody knows yet whether it is one document, and that only if it is one, a
    /// call record that is valid and worth no notice. For such a text it says what [`Checker::check`]
    /// says, and for any other nothing.
    pub fn check_unframed(&mut self, input: Input<'_>) -> Option<Report> {
        let report = self.judge_unframed(input)?;
        Some(self.finish(report))
    }

    fn finish(&self, mut report: Report) -> Report {
        self.redact(&mut report);
        for alert in &mut report.alerts {
            alert.tell(&self.engine.links);
        }
        report
    }

    /// Takes back a report that nobody needs any more: the next one is written to its memory. Whoever
    /// gives each one back before the next has nothing allocated for a record that raises no alert.
    pub fn reuse(&mut self, report: Report) {
        self.spare = Spare::of(report);
    }

    /// Takes out of a report what must not be said, if the engine is told to.
    pub(crate) fn redact(&self, report: &mut Report) {
        if let Some(redactor) = &self.engine.redactor {
            redactor.report(report);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_is_shared_and_a_checker_moves() {
        fn shared<T: Send + Sync>() {}
        fn moved<T: Send>() {}
        shared::<Engine>();
        moved::<Checker>();
    }

    fn check(text: &str) -> Report {
        Engine::builder()
            .build()
            .expect("an engine")
            .check(text.as_bytes())
    }

    #[test]
    fn a_session_that_comes_twice_counts_once() {
        let session = r#"{"id": "s", "caller": {"feedback": {"rating": "bad"}}}"#;
        let report = check(&format!(
            r#"{{"id": "c", "version": 1, "type": "groupCall", "modalities": [], "sessions": [{session}, {session}]}}"#
        ));
        assert_eq!((report.sessions, report.repeated_sessions), (2, 1));
        assert_eq!(report.alerts.len(), 1);
        assert_eq!(report.alerts[0].affected.fired, 1);
        assert_eq!(
            report.alerts[0].findings[0].at,
            "/sessions/0/caller/feedback"
        );
    }

    #[test]
    fn a_stream_reaches_what_the_person_at_its_end_said() {
        let folder = tempfile::tempdir().expect("a folder");
        let rule = r#"rule("r", #{ on: "stream", when: |s| s.client.feedback.rating == "bad" });"#;
        std::fs::write(folder.path().join("r.rhai"), rule).expect("written");
        let engine = Engine::builder()
            .rules(folder.path())
            .build()
            .expect("an engine");
        let person = |said: &str| {
            format!(
                r##"{{"@odata.type": "#microsoft.graph.callRecords.participantEndpoint", "feedback": {said}}}"##
            )
        };
        let (bad, none) = (person(r#"{"rating": "bad"}"#), person("null"));
        let streams =
            r#"[{"streamDirection": "callerToCallee"}, {"streamDirection": "calleeToCaller"}]"#;
        let report = engine.check(
            format!(
                r#"{{"id": "c", "version": 1, "type": "peerToPeer", "modalities": [], "sessions": [{{"id": "s", "caller": {bad}, "callee": {none}, "segments": [{{"id": "s", "media": [{{"label": "main-audio", "streams": {streams}}}]}}]}}]}}"#
            )
            .as_bytes(),
        );
        // The caller hears what comes from the callee.
        assert_eq!(report.alerts.len(), 1);
        assert_eq!(report.alerts[0].affected.fired, 1);
        assert_eq!(report.alerts[0].affected.unknown, 1);
        assert_eq!(
            report.alerts[0].findings[0].evidence[0].pointer.as_deref(),
            Some("/sessions/0/caller/feedback/rating")
        );
    }

    #[test]
    fn an_alert_is_the_same_alert_wherever_its_session_stands() {
        let bad = r#"{"id": "s2", "caller": {"feedback": {"rating": "bad"}}}"#;
        let record = |sessions: &str| {
            check(&format!(
                r#"{{"id": "c", "version": 1, "type": "groupCall", "modalities": [], "sessions": [{sessions}]}}"#
            ))
        };
        let (a, b) = (record(bad), record(&format!(r#"{{"id": "s1"}}, {bad}"#)));
        assert_eq!(a.alerts[0].id, b.alerts[0].id);
        assert_eq!(a.alerts[0].fingerprint, b.alerts[0].fingerprint);
        assert_eq!(a.alerts[0].findings[0].what, b.alerts[0].findings[0].what);
    }

    #[test]
    fn a_call_without_an_id_merges_with_no_other() {
        let record = |end: &str| {
            check(&format!(
                r##"{{"version": 1, "type": "groupCall", "modalities": [], "endDateTime": "{end}", "sessions": [{{"id": "s", "caller": {{"feedback": {{"rating": "bad"}}}}}}], "@odata.type": "#microsoft.graph.callRecords.callRecord"}}"##
            ))
        };
        let (a, b) = (
            record("2026-01-01T00:00:00Z"),
            record("2026-01-01T00:00:01Z"),
        );
        assert_eq!(a.alerts[0].call.id, None);
        assert_ne!(a.alerts[0].fingerprint, b.alerts[0].fingerprint);
    }

    #[test]
    fn what_powershell_makes_of_a_record_is_named() {
        let report = check(
            r#"{"id": "c", "version": 1, "type": "groupCall", "modalities": [], "sessions": ["@{id=s}"]}"#,
        );
        assert_eq!(report.verdict, Verdict::Invalid);
        let hint = report.problems[0].hint.as_deref().unwrap_or_default();
        assert!(hint.contains("ConvertTo-Json"), "{:?}", report.problems);
    }
}
