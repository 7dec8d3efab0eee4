//! Bytes in, verdict and alerts out: the library's front door.
//!
//! An [`Engine`] is compiled once and shared; a [`Checker`] holds one thread's
//! buffers and judges one document after another over one tape. No threads, no
//! files, no output: [`crate::pipeline`] brings documents, `cli` shows results.

mod builder;
mod capture;
mod contribute;
mod cost;
mod current;
mod explain;
mod report;

use std::sync::Arc;

use rustc_hash::FxHashSet;

pub use builder::{BuildError, EngineBuilder};
pub use current::Current;
pub use explain::{
    Compared, Explain, Explained, ExplainedCondition, ExplainedPlace, ExplainedReading,
    ExplainedRule,
};
pub use report::{Fault, Report, RuleCount, Verdict};

use crate::alert::{self, Links};
use crate::clock::Clock;
use crate::record::call::Call;
use crate::record::kind::{self, Taken};
use crate::record::place;
use crate::record::{Caps, Document, Kind, Origin, Parser};
use crate::redact::Redactor;
use crate::rules::facts::Facts;
use crate::rules::{Evaluator, Explainer, Outcome, RuleSet, Sampled, Sampler, Tally};
use crate::schema::{Schema, Survey};
use crate::sites::Sites;
use capture::{Violated, capture};
use cost::Costs;

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
            survey: Survey::default(),
            facts: Arc::new(self.rules.facts()),
            evaluator: self.rules.evaluator(),
            costs: Costs::new(self.measure_rules),
            explainer: self.explain.as_ref().map(|_| self.rules.explainer()),
            variants: self.variants.iter().map(RuleSet::evaluator).collect(),
            outcome: Outcome::default(),
            violated: Violated::default(),
            known_notices: FxHashSet::default(),
            contributes: false,
            sampling: None,
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

/// Judges one document after another with the same buffers.
pub struct Checker {
    engine: Arc<Engine>,
    parser: Parser,
    survey: Survey,
    facts: Arc<Facts>,
    evaluator: Evaluator,
    costs: Costs,
    explainer: Option<Explainer>,
    variants: Vec<Evaluator>,
    outcome: Outcome,
    violated: Violated,
    known_notices: FxHashSet<u64>,
    contributes: bool,
    sampling: Option<Sampling>,
}

/// What takes samples for the window rules, where there are any and somebody wants them.
struct Sampling {
    sampler: Sampler,
    tallies: Vec<Tally>,
    samples: Vec<Sampled>,
}

impl Checker {
    /// The rules it asks, in the order of [`Report::rules`].
    pub fn rules(&self) -> &RuleSet {
        &self.engine.rules
    }

    /// Lets each report say what its document contributes over time: for [`crate::OverTime`].
    #[must_use]
    pub fn contributing(mut self) -> Checker {
        self.contributes = true;
        if !self.engine.rules.windows().is_empty() {
            let (evaluator, sampler) = self.engine.rules.evaluator_and_sampler();
            self.evaluator = evaluator;
            self.sampling = Some(Sampling {
                sampler,
                tallies: Vec::new(),
                samples: Vec::new(),
            });
        }
        self
    }

    /// Judges one document.
    pub fn check(&mut self, input: Input<'_>) -> Report {
        let mut report = self.judge(input);
        self.redact(&mut report);
        for alert in &mut report.alerts {
            alert.tell(&self.engine.links);
        }
        report
    }

    /// Takes out of a report what must not be said, if the engine is told to.
    pub(crate) fn redact(&self, report: &mut Report) {
        if let Some(redactor) = &self.engine.redactor {
            redactor.report(report);
        }
    }

    fn judge(&mut self, input: Input<'_>) -> Report {
        let Checker {
            engine,
            parser,
            survey,
            facts,
            evaluator,
            costs,
            explainer,
            variants,
            outcome,
            violated,
            known_notices,
            contributes,
            sampling,
        } = self;
        let document = match parser.parse(input.bytes) {
            Ok(document) => document,
            Err(malformed) => {
                return Report::malformed(Fault {
                    spot: place::spot(input.bytes, input.origin, malformed.offset()),
                    message: malformed.to_string(),
                    code: malformed.code(),
                });
            }
        };
        let root = document.root();
        let told = kind::tell(root, input.taken);
        engine.schema.survey(&document, told.kind, survey);
        if let Some(repeated) = survey.contradiction() {
            return Report::malformed(contradiction(&document, input.origin, repeated));
        }
        let mut report = Report::new(Verdict::Valid, told.kind);
        report.notice_count = survey.notice_count();
        if report.notice_count > 0 {
            let all = engine.notices == Notices::All;
            report.notices = engine
                .schema
                .notices(&document, input.origin, survey, |key| {
                    all || known_notices.insert(key)
                });
        }
        if !told.kind.has_sessions() && engine.call_records_only {
            report.verdict = Verdict::Foreign;
            report.hint = Some(told.hint.unwrap_or(told.kind.advice()));
            return report;
        }
        let (problems, more) = engine.schema.validate(
            &document,
            told.kind,
            input.origin,
            engine.max_problems,
            survey,
        );
        report.problems = problems;
        report.more_problems = more;
        let invalid = !report.problems.is_empty();
        if !told.kind.has_sessions() {
            report.verdict = if invalid {
                Verdict::Invalid
            } else {
                Verdict::Valid
            };
            return report;
        }
        let call = Call::new(root, told.kind);
        let partial = call.next_link().is_some();
        report.call_id = call.id().map(str::to_owned);
        if told.kind == Kind::SessionsPage && call.id().is_none() {
            report.hint = Some(
                "a sessions page whose @odata.context names no call, so its alerts cannot say which call went bad; keep the page as Graph sent it",
            );
        }
        report.unexpanded = told.kind == Kind::CallRecord && root.get("sessions").is_none();
        report.verdict = match (invalid, partial) {
            (true, _) => Verdict::Invalid,
            (false, true) => Verdict::Partial,
            (false, false) => Verdict::Valid,
        };
        let mut contribution = contributes
            .then(|| contribute::contribution(&document, call, told.kind, partial))
            .map(Box::new);
        if engine.rules.rules().is_empty() && sampling.is_none() {
            report.contribution = contribution;
            return report;
        }

        violated.clear();
        for problem in &report.problems {
            violated.cover(&document, problem.node);
        }
        if Arc::get_mut(facts).is_none() {
            // A rule kept a reading alive; leave it that arena.
            *facts = Arc::new(engine.rules.facts());
        }
        if let Some(arena) = Arc::get_mut(facts) {
            let captured = capture(
                &document,
                call,
                violated,
                engine.sites.as_deref(),
                engine.rules.layout(),
                arena,
            );
            report.sessions = captured.sessions;
            report.repeated_sessions = captured.repeated_sessions;
        }
        match sampling {
            Some(sampling) => {
                let windows = engine.rules.windows();
                sampling.take(windows, evaluator, facts, outcome);
            }
            None => evaluator.run(facts, outcome),
        }
        let context = alert::Context {
            document: &document,
            call,
            facts,
            origin: input.origin,
            source: input.source,
            partial,
            invalid,
            clock: &*engine.clock,
            sites: engine.sites.as_deref(),
            violated: &|node| violated.covers(node),
        };
        let fired = outcome.rules.iter().any(|said| !said.findings.is_empty());
        let spots = fired.then(|| alert::Spots::of(&context, &outcome.rules));
        report.rules.reserve(outcome.rules.len());
        for (index, (rule, said)) in engine.rules.rules().iter().zip(&outcome.rules).enumerate() {
            report.rules.push(RuleCount {
                fired: said.findings.len() as u64,
                quiet: said.quiet,
                unknown: said.unknown,
                failed: said.failed,
            });
            if let Some(fault) = &said.fault {
                report.rule_faults.push((index, fault.clone()));
            }
            if let Some(spots) = spots.as_ref().filter(|_| !said.findings.is_empty()) {
                let before = report.alerts.len();
                alert::build(&context, spots, rule, said, &mut report.alerts);
                if let Some(own) = &mut contribution {
                    let new = before..report.alerts.len();
                    contribute::raised(rule, index, &report.alerts, new, &mut own.raised);
                }
            }
        }
        if let (Some(own), Some(sampling)) = (&mut contribution, sampling) {
            let rules = engine.rules.windows();
            sampling.bring(facts, &document, own, rules, &mut report);
        }
        report.contribution = contribution;
        report.costs = costs.measure(evaluator, facts);
        for variant in variants {
            variant.run(facts, outcome);
            let fired = outcome.rules.iter().map(|said| said.findings.len() as u64);
            report.variants.push(fired.collect());
        }
        if let (Some(explainer), Some(wanted)) = (explainer, &engine.explain) {
            report.explained = Some(explain::explain(&context, explainer, facts, wanted));
        }
        report
    }
}

fn contradiction(
    document: &Document<'_>,
    origin: Origin,
    repeated: crate::schema::Repeated,
) -> Fault {
    let spot_of = |node| {
        let offset = place::offset(document, node).unwrap_or(0);
        place::spot(document.text(), origin, offset)
    };
    let (first, again) = (spot_of(repeated.first), spot_of(repeated.again));
    let name = crate::schema::excerpt(document, repeated.again);
    let value = |node: u32| crate::schema::excerpt(document, node + 1);
    Fault {
        spot: again,
        message: format!(
            "{name} stands twice in one object with differing values: {} on line {}, column {}, and {} here; which is meant cannot be known, so keep one",
            value(repeated.first),
            first.line,
            first.column,
            value(repeated.again),
        ),
        code: "repeated-name",
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
