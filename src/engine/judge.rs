//! One document's way from bytes to a report: by its text alone, or by its tape.
//!
//! Most records are valid and worth no notice. Those are read without a tape
//! ([`crate::schema::direct`]), and so are those that alert. All others go from their beginning through
//! the parser, and both ways ask the rules in the same words.

use std::sync::Arc;

use super::capture::{Violated, capture};
use super::concern::concerned;
use super::cost::Costs;
use super::report::Spare;
use super::{Checker, Engine, Fault, Input, Notices, Report, RuleCount, Verdict};
use super::{contribute, explain};
use crate::alert;
use crate::record::call::Call;
use crate::record::kind;
use crate::record::{Document, Kind, NodeIndex, Origin, place};
use crate::rules::facts::Facts;
use crate::rules::{Evaluator, Explainer, Outcome, RuleSet, Sampled, Sampler, Tally};
use crate::schema::direct::Purpose;
use crate::window::Contribution;

/// What takes samples for the window rules, where there are any and somebody wants them.
pub(super) struct Sampling {
    pub(super) sampler: Sampler,
    pub(super) tallies: Vec<Tally>,
    pub(super) samples: Vec<Sampled>,
    /// when each session of the document ended, as far as somebody asked
    pub(super) ends: Vec<Option<Option<u32>>>,
    /// for each rule, the session that was met last, and where its samples begin
    pub(super) begins: Vec<(u32, usize)>,
}

/// What asks the rules of one document after another.
pub(super) struct Asker {
    facts: Arc<Facts>,
    evaluator: Evaluator,
    costs: Costs,
    explainer: Option<Explainer>,
    variants: Vec<Evaluator>,
    outcome: Outcome,
    violated: Violated,
    contributes: bool,
    sampling: Option<Sampling>,
    concerned: Vec<NodeIndex>,
}

impl Checker {
    pub(super) fn judge(&mut self, input: Input<'_>) -> Report {
        if self.tries.next() {
            match self.by_text(input, true) {
                Some(report) => {
                    self.tries.was_right();
                    return report;
                }
                None => self.tries.was_in_vain(),
            }
        }
        self.by_tape(input)
    }

    /// Judges a text that is likely one document, if it is one of those of [`Checker::by_text`].
    pub(super) fn judge_unframed(&mut self, input: Input<'_>) -> Option<Report> {
        if !self.tries.are_likely() {
            return None;
        }
        match self.by_text(input, false) {
            Some(report) => {
                self.tries.was_right();
                Some(report)
            }
            None => {
                self.tries.was_in_vain();
                // Whoever frames it brings it again.
                self.tries.again = true;
                None
            }
        }
    }

    /// Judges a call record that is valid and worth no notice; none of all others. One that is not
    /// `framed` must not look like a collection, which framing might open.
    fn by_text(&mut self, input: Input<'_>, framed: bool) -> Option<Report> {
        let Checker {
            engine,
            direct,
            tries,
            asker,
            spare,
            ..
        } = self;
        let direct = direct.as_mut()?;
        let purpose = tries.purpose();
        let part = direct.read(&engine.schema, input.bytes, purpose)?;
        let told = kind::tell(part.root(), input.taken);
        if told.kind != Kind::CallRecord {
            // For others the schema may say something else.
            return None;
        }
        if !framed && part.root().get("value").is_some() {
            return None;
        }
        let call = Call::new(part.root(), told.kind);
        let mut report = spare.report(Verdict::Valid, told.kind);
        let partial = tell_call(&mut report, call, false, spare);
        let of = Of {
            engine,
            input,
            document: &part,
            call,
            kind: told.kind,
            partial,
        };
        if asker.ask(&of, &mut report, spare) {
            let fired = asker.fired();
            tries.heard(fired);
            asker.bring(&of, &mut report);
            if !fired || purpose == Purpose::Tell {
                asker.tell(&of, &mut report);
                return Some(report);
            }
            let (kept, bytes) = (part.len(), input.bytes.len());
            drop(part);
            let part = if tries.twice.is_unsure() {
                let all = direct.read(&engine.schema, input.bytes, Purpose::Tell)?;
                tries.twice.was_all(bytes, all.len() - kept.min(all.len()));
                all
            } else {
                let concerned = asker.concerned();
                let (part, passed) = direct.read_again(&engine.schema, input.bytes, concerned)?;
                tries.twice.was_part(bytes, passed);
                part
            };
            let of = Of {
                engine,
                input,
                document: &part,
                call: Call::new(part.root(), told.kind),
                kind: told.kind,
                partial,
            };
            asker.tell(&of, &mut report);
        }
        Some(report)
    }

    fn by_tape(&mut self, input: Input<'_>) -> Report {
        let Checker {
            engine,
            parser,
            survey,
            known_notices,
            asker,
            spare,
            ..
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
        let mut report = spare.report(Verdict::Valid, told.kind);
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
        let partial = tell_call(&mut report, call, invalid, spare);
        let of = Of {
            engine,
            input,
            document: &document,
            call,
            kind: told.kind,
            partial,
        };
        if asker.ask(&of, &mut report, spare) {
            asker.bring(&of, &mut report);
            asker.tell(&of, &mut report);
        }
        report
    }
}

/// The document of which the rules are asked.
struct Of<'a> {
    engine: &'a Engine,
    input: Input<'a>,
    document: &'a Document<'a>,
    call: Call<'a>,
    kind: Kind,
    partial: bool,
}

/// Says which call it is, and whether all of it is there; that it is not, is given.
fn tell_call(report: &mut Report, call: Call<'_>, invalid: bool, spare: &mut Spare) -> bool {
    let partial = call.next_link().is_some();
    report.call_id = call.id().map(|id| spare.call_id(id));
    if report.kind == Kind::SessionsPage && call.id().is_none() {
        report.hint = Some(
            "a sessions page whose @odata.context names no call, so its alerts cannot say which call went bad; keep the page as Graph sent it",
        );
    }
    report.unexpanded = report.kind == Kind::CallRecord && call.item().get("sessions").is_none();
    report.verdict = match (invalid, partial) {
        (true, _) => Verdict::Invalid,
        (false, true) => Verdict::Partial,
        (false, false) => Verdict::Valid,
    };
    partial
}

impl Asker {
    pub(super) fn new(engine: &Engine) -> Asker {
        Asker {
            facts: Arc::new(engine.rules.facts()),
            evaluator: engine.rules.evaluator(),
            costs: Costs::new(engine.measure_rules),
            explainer: engine.explain.as_ref().map(|_| engine.rules.explainer()),
            variants: engine.variants.iter().map(RuleSet::evaluator).collect(),
            outcome: Outcome::default(),
            violated: Violated::default(),
            contributes: false,
            sampling: None,
            concerned: Vec::new(),
        }
    }

    pub(super) fn contribute(&mut self, engine: &Engine) {
        self.contributes = true;
        if !engine.rules.windows().is_empty() {
            let (evaluator, sampler) = engine.rules.evaluator_and_sampler();
            self.evaluator = evaluator;
            self.sampling = Some(Sampling {
                sampler,
                tallies: Vec::new(),
                samples: Vec::new(),
                ends: Vec::new(),
                begins: Vec::new(),
            });
        }
    }

    /// Reads what the rules ask for, and asks them; false where there are none.
    fn ask(&mut self, of: &Of<'_>, report: &mut Report, spare: &mut Spare) -> bool {
        let Asker {
            facts,
            evaluator,
            outcome,
            violated,
            contributes,
            sampling,
            ..
        } = self;
        let Of {
            engine,
            document,
            call,
            ..
        } = *of;
        if *contributes {
            let mut own = spare.contribution();
            contribute::contribution(document, call, of.kind, of.partial, &mut own);
            report.contribution = Some(own);
        }
        if engine.rules.rules().is_empty() && sampling.is_none() {
            return false;
        }
        violated.clear();
        for problem in &report.problems {
            violated.cover(document, problem.node);
        }
        if Arc::get_mut(facts).is_none() {
            // A rule kept a reading alive; leave it that arena.
            *facts = Arc::new(engine.rules.facts());
        }
        if let Some(arena) = Arc::get_mut(facts) {
            let captured = capture(
                document,
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
        true
    }

    /// Whether a rule fired at the last document.
    fn fired(&self) -> bool {
        let mut rules = self.outcome.rules.iter();
        rules.any(|said| !said.findings.is_empty())
    }

    /// The nodes that the last document's alerts tell of, each with all that is in it.
    fn concerned(&mut self) -> &[NodeIndex] {
        concerned(&self.facts, &self.outcome, &mut self.concerned);
        &self.concerned
    }

    /// Brings the samples of the last document into what it contributes.
    fn bring(&mut self, of: &Of<'_>, report: &mut Report) {
        let Some(sampling) = &mut self.sampling else {
            return;
        };
        if let Some(mut own) = report.contribution.take() {
            let rules = of.engine.rules.windows();
            sampling.bring(&self.facts, of.document, &mut own, rules, report);
            report.contribution = Some(own);
        }
    }

    /// Tells what the rules said.
    fn tell(&mut self, of: &Of<'_>, report: &mut Report) {
        let fired = self.fired();
        let Asker {
            facts,
            evaluator,
            costs,
            explainer,
            variants,
            outcome,
            violated,
            ..
        } = self;
        let Of { engine, input, .. } = *of;
        let mut contribution: Option<Box<Contribution>> = report.contribution.take();
        let context = alert::Context {
            document: of.document,
            call: of.call,
            facts,
            origin: input.origin,
            source: input.source,
            partial: of.partial,
            invalid: !report.problems.is_empty(),
            clock: &*engine.clock,
            sites: engine.sites.as_deref(),
            violated: &|node| violated.covers(node),
        };
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
