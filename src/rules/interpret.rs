//! Asks one rule about one object after another, in the interpreter.
//!
//! A rule that breaks, panics or runs away is a [`RuleFault`] of its own and stops no other rule.
//! One that runs away is not asked again in the same document, and one that keeps running away is
//! asked no more: it must not stall the feed.
//!
//! This is the reference: slow, plain, and what any faster form of a rule must agree with.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rhai::{Array, Dynamic, FnPtr};

use super::compare::Comparison;
use super::engine::{EVALUATION, Sandbox, TOO_LONG, TURN};
use super::facts::{Facts, ObjectId};
use super::fault::fault;
use super::object::Handle;
use super::outcome::{FaultKind, Finding, Key, RuleFault, RuleOutcome};
use super::rule::{Rule, Words};
use super::strangers;
use super::truth::{Truth, Verdict};
use super::value::{Failure, Operand, text_of};

/// After so many documents in a row on which it ran away, over all workers, a rule is asked no
/// more.
pub const MOST_RUNAWAYS: u32 = 20;

/// So many documents make good for one runaway; a rule that runs away more often than that is
/// asked no more, sooner or later.
pub const FORGIVEN_AFTER: u32 = 100;

/// How badly a rule ran away of late: [`FORGIVEN_AFTER`] for each time, and one less for each
/// document without.
#[derive(Debug, Default)]
pub(crate) struct Runaways(AtomicU32);

impl Runaways {
    /// Counts one.
    pub(crate) fn count(&self) {
        self.0.fetch_add(FORGIVEN_AFTER, Ordering::Relaxed);
    }

    /// Counts a document without one.
    pub(crate) fn forgive(&self) {
        if self.0.load(Ordering::Relaxed) > 0 {
            let less = |points: u32| points.checked_sub(1);
            let _ = self
                .0
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        }
    }

    /// Whether there were too many.
    pub(crate) fn are_too_many(&self) -> bool {
        self.0.load(Ordering::Relaxed) > (MOST_RUNAWAYS - 1) * FORGIVEN_AFTER
    }
}

/// One rule at work in one engine.
pub(super) struct Asking<'a> {
    pub(super) sandbox: &'a Sandbox,
    pub(super) rule: &'a Rule,
    pub(super) source: &'a str,
}

enum Answer {
    /// It fired; a `by`, title or message that broke takes nothing from that.
    Fired(Finding, Option<Failure>),
    Quiet,
    Unknown(Truth),
}

impl Asking<'_> {
    /// Asks about every object of the rule's level.
    pub(super) fn all(&self, runaways: &Runaways, facts: &Arc<Facts>, outcome: &mut RuleOutcome) {
        let objects = facts.objects(self.rule.level);
        if objects.is_empty() {
            return;
        }
        if runaways.are_too_many() {
            outcome.failed = objects.len() as u64;
            outcome.fault = Some(disabled(self.rule));
            outcome.stopped = true;
            return;
        }
        for (asked, &object) in objects.iter().enumerate() {
            if asked % TURN == 0 {
                self.sandbox.deadline.allow(EVALUATION);
            }
            let answer = self.in_time().and_then(|()| self.guarded(facts, object));
            let fault = match answer {
                Ok(answer) => self.record(answer, outcome),
                Err(fault) => {
                    outcome.failed += 1;
                    Some(fault)
                }
            };
            let Some(fault) = fault else { continue };
            let runaway = fault.kind == FaultKind::Runaway;
            outcome.fault.get_or_insert(fault);
            if runaway {
                runaways.count();
                outcome.stopped = true;
                outcome.failed += (objects.len() - asked - 1) as u64;
                return;
            }
        }
    }

    /// Many short answers take their time too.
    fn in_time(&self) -> Result<(), RuleFault> {
        if !self.sandbox.deadline.is_over() {
            return Ok(());
        }
        Err(RuleFault {
            kind: FaultKind::Runaway,
            message: TOO_LONG.to_owned(),
            place: Some(self.rule.place.clone()),
        })
    }

    /// Counts an answer; what broke beside it is returned.
    fn record(&self, answer: Answer, outcome: &mut RuleOutcome) -> Option<RuleFault> {
        match answer {
            Answer::Fired(finding, failure) => {
                outcome.findings.push(finding);
                return failure.map(|error| fault(self.rule, self.source, &error));
            }
            Answer::Quiet => outcome.quiet += 1,
            Answer::Unknown(truth) => {
                outcome.unknown += 1;
                for source in truth.missing() {
                    outcome.missing.insert(source.field);
                }
            }
        }
        None
    }

    /// Asks so that neither an error nor a panic leaves.
    fn guarded(&self, facts: &Arc<Facts>, object: ObjectId) -> Result<Answer, RuleFault> {
        self.caught(|| self.answer(facts, object))
    }

    fn caught(&self, ask: impl FnOnce() -> Result<Answer, Failure>) -> Result<Answer, RuleFault> {
        match catch_unwind(AssertUnwindSafe(ask)) {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(fault(self.rule, self.source, &error)),
            Err(_) => Err(RuleFault {
                kind: FaultKind::Panic,
                message: "the rule brought the interpreter down".to_owned(),
                place: Some(self.rule.place.clone()),
            }),
        }
    }

    fn answer(&self, facts: &Arc<Facts>, object: ObjectId) -> Result<Answer, Failure> {
        let handle = Handle {
            facts: facts.clone(),
            level: self.rule.level,
            object: Some(object),
        };
        let truth = Truth::of(&self.call(&self.rule.when, handle.clone())?)?;
        match truth.verdict {
            Verdict::False => return Ok(Answer::Quiet),
            Verdict::Unknown => return Ok(Answer::Unknown(truth)),
            Verdict::True => {}
        }
        Ok(self.fired(&handle, object, truth.comparisons(), None))
    }

    /// Asks the rest where it is known that the rule fired, so that no panic leaves.
    pub(super) fn told(
        &self,
        facts: &Arc<Facts>,
        object: ObjectId,
        evidence: Vec<Comparison>,
        key: Option<Key>,
        outcome: &mut RuleOutcome,
    ) -> Option<RuleFault> {
        let handle = Handle {
            facts: facts.clone(),
            level: self.rule.level,
            object: Some(object),
        };
        let answer = || Ok(self.fired(&handle, object, evidence, key));
        match self.in_time().and_then(|()| self.caught(answer)) {
            Ok(answer) => self.record(answer, outcome),
            Err(fault) => {
                outcome.failed += 1;
                Some(fault)
            }
        }
    }

    /// A finding, with the rule's own key and words.
    fn fired(
        &self,
        handle: &Handle,
        object: ObjectId,
        evidence: Vec<Comparison>,
        key: Option<Key>,
    ) -> Answer {
        let mut failure = None;
        let key = key.unwrap_or_else(|| match &self.rule.by {
            None => Key::Call,
            Some(by) => self
                .call(by, handle.clone())
                .and_then(|said| key_of(&said))
                .unwrap_or_else(|error| {
                    failure = Some(error);
                    Key::Missing
                }),
        });
        let mut words = |words: &Option<Words>| match words.as_ref()? {
            Words::Fixed(text) => Some(text.clone()),
            Words::Made(made) => match self.call(made, handle.clone()) {
                Ok(said) => text_of(&said),
                Err(error) => {
                    failure.get_or_insert(error);
                    None
                }
            },
        };
        let finding = Finding {
            object,
            evidence,
            title: words(&self.rule.title),
            message: words(&self.rule.message),
            key,
        };
        Answer::Fired(finding, failure)
    }

    fn call(&self, pointer: &FnPtr, handle: Handle) -> Result<Dynamic, Failure> {
        pointer.call::<Dynamic>(&self.sandbox.engine, &self.rule.ast, (handle,))
    }
}

/// What is said of a rule that is asked no more.
pub(super) fn disabled(rule: &Rule) -> RuleFault {
    RuleFault {
        kind: FaultKind::Disabled,
        message: "disabled: it ran away too often, and is asked again when rules are loaded again"
            .to_owned(),
        place: Some(rule.place.clone()),
    }
}

/// One value, or a list of them; a single missing one makes the whole key missing, and so does one
/// that strangers share.
fn key_of(said: &Dynamic) -> Result<Key, Failure> {
    if said.is_unit() {
        return Ok(Key::Missing);
    }
    let Some(parts) = said.read_lock::<Array>() else {
        // An object or outcome is an error here, not a missing key.
        let operand = Operand::of(said)?;
        if strangers::merges(operand.witnesses.iter()) {
            return Ok(Key::Missing);
        }
        return Ok(text_of(said).map_or(Key::Missing, |text| Key::Own(text.into())));
    };
    let mut key = String::new();
    let mut readings = Vec::new();
    for part in parts.iter() {
        if part.is_unit() {
            return Ok(Key::Missing);
        }
        readings.extend(Operand::of(part)?.witnesses);
        let Some(text) = text_of(part) else {
            return Ok(Key::Missing);
        };
        // The length keeps ["a", "bc"] and ["ab", "c"] apart.
        key.push_str(&format!("{}:{text};", text.len()));
    }
    if strangers::merges(readings.iter()) {
        return Ok(Key::Missing);
    }
    Ok(Key::Own(key.into()))
}

impl Rule {
    /// Its title, where the rule's author wrote it out.
    pub(crate) fn fixed_title(&self) -> Option<&str> {
        match &self.title {
            Some(Words::Fixed(text)) => Some(text),
            _ => None,
        }
    }

    /// Title and message, where the rule's author wrote them out.
    pub(crate) fn fixed_words(&self) -> impl Iterator<Item = &str> {
        [&self.title, &self.message]
            .into_iter()
            .filter_map(|words| match words {
                Some(Words::Fixed(text)) => Some(text.as_str()),
                _ => None,
            })
    }
}
