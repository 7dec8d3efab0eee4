//! Asks every rule about every object of its level, in the interpreter.
//!
//! One [`Evaluator`] per worker thread: it owns its engines and shares only the rules. A rule
//! that breaks, panics or runs away is a [`RuleFault`] of its own and stops no other rule; one
//! that runs away is not asked again in the same document.
//!
//! This is the reference: slow, plain, and what any faster form of a rule must agree with.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rhai::{Array, Dynamic, FnPtr};

use super::RuleSet;
use super::engine::{EVALUATION, Sandbox};
use super::facts::{Facts, ObjectId};
use super::fault::fault;
use super::object::Handle;
use super::outcome::{FaultKind, Finding, Key, Outcome, RuleFault, RuleOutcome};
use super::rule::{Rule, Words};
use super::truth::{Truth, Verdict};
use super::value::{Failure, text_of};

/// After so many runaways in a row, over all workers, a rule is asked no more.
pub const MOST_RUNAWAYS: u32 = 100;

/// More missing fields than this are not listed for a rule and document.
const MOST_MISSING: usize = 8;

/// Runs the rules of a set, one document at a time.
pub struct Evaluator {
    set: RuleSet,
    sandboxes: Vec<Sandbox>,
}

impl std::fmt::Debug for Evaluator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Evaluator")
            .field("rules", &self.set.rules().len())
            .finish()
    }
}

impl Evaluator {
    pub(crate) fn new(set: RuleSet) -> Evaluator {
        let sandboxes = set
            .packs()
            .iter()
            .map(|pack| Sandbox::new(&pack.limits))
            .collect();
        Evaluator { set, sandboxes }
    }

    /// The rules it runs.
    pub fn rules(&self) -> &RuleSet {
        &self.set
    }

    /// Asks every rule about the document. When it returns, nothing here holds `facts`.
    pub fn run(&mut self, facts: &Arc<Facts>, out: &mut Outcome) {
        debug_assert!(
            Arc::ptr_eq(facts.layout(), self.set.layout()),
            "facts of another rule set"
        );
        out.clear(self.set.rules().len());
        let runaways = self.set.runaways();
        for ((rule, runaways), outcome) in self.set.rules().iter().zip(runaways).zip(&mut out.rules)
        {
            let source = self
                .set
                .sources()
                .get(&rule.place.file)
                .map_or("", |text| text);
            let asking = Asking {
                sandbox: &self.sandboxes[rule.pack],
                rule,
                source,
            };
            asking.all(runaways, facts, outcome);
        }
    }
}

/// One rule at work in one engine.
struct Asking<'a> {
    sandbox: &'a Sandbox,
    rule: &'a Rule,
    source: &'a str,
}

enum Answer {
    /// It fired; a `by`, title or message that broke takes nothing from that.
    Fired(Finding, Option<Failure>),
    Quiet,
    Unknown(Truth),
}

impl Asking<'_> {
    fn all(&self, runaways: &AtomicU32, facts: &Arc<Facts>, outcome: &mut RuleOutcome) {
        let objects = facts.objects(self.rule.level);
        if runaways.load(Ordering::Relaxed) >= MOST_RUNAWAYS {
            outcome.failed = objects.len() as u64;
            outcome.fault = (!objects.is_empty()).then(|| self.disabled());
            return;
        }
        for (asked, &object) in objects.iter().enumerate() {
            let fault = match self.guarded(facts, object) {
                Ok(answer) => self.record(answer, outcome),
                Err(fault) => {
                    outcome.failed += 1;
                    Some(fault)
                }
            };
            let Some(fault) = fault else {
                if runaways.load(Ordering::Relaxed) > 0 {
                    runaways.store(0, Ordering::Relaxed);
                }
                continue;
            };
            let runaway = fault.kind == FaultKind::Runaway;
            outcome.fault.get_or_insert(fault);
            if runaway {
                runaways.fetch_add(1, Ordering::Relaxed);
                outcome.failed += (objects.len() - asked - 1) as u64;
                return;
            }
        }
    }

    fn disabled(&self) -> RuleFault {
        RuleFault {
            kind: FaultKind::Disabled,
            message: format!("disabled: it ran away {MOST_RUNAWAYS} times in a row"),
            place: Some(self.rule.place.clone()),
        }
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
                for field in truth.missing().map(|source| source.field) {
                    if outcome.missing.len() < MOST_MISSING && !outcome.missing.contains(&field) {
                        outcome.missing.push(field);
                    }
                }
            }
        }
        None
    }

    /// Asks so that neither an error nor a panic leaves.
    fn guarded(&self, facts: &Arc<Facts>, object: ObjectId) -> Result<Answer, RuleFault> {
        match catch_unwind(AssertUnwindSafe(|| self.answer(facts, object))) {
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
        let mut failure = None;
        let key = match &self.rule.by {
            None => Key::Call,
            Some(by) => self
                .call(by, handle.clone())
                .and_then(|said| key_of(&said))
                .unwrap_or_else(|error| {
                    failure = Some(error);
                    Key::Missing
                }),
        };
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
            evidence: truth.comparisons(),
            title: words(&self.rule.title),
            message: words(&self.rule.message),
            key,
        };
        Ok(Answer::Fired(finding, failure))
    }

    fn call(&self, pointer: &FnPtr, handle: Handle) -> Result<Dynamic, Failure> {
        self.sandbox.deadline.allow(EVALUATION);
        pointer.call::<Dynamic>(&self.sandbox.engine, &self.rule.ast, (handle,))
    }
}

/// One value, or a list of them; a single missing one makes the whole key missing.
fn key_of(said: &Dynamic) -> Result<Key, Failure> {
    if said.is_unit() {
        return Ok(Key::Missing);
    }
    let Some(parts) = said.read_lock::<Array>() else {
        // An object or outcome is an error here, not a missing key.
        super::value::Operand::of(said)?;
        return Ok(text_of(said).map_or(Key::Missing, |text| Key::Own(text.into())));
    };
    let mut key = String::new();
    for part in parts.iter() {
        if part.is_unit() {
            return Ok(Key::Missing);
        }
        super::value::Operand::of(part)?;
        let Some(text) = text_of(part) else {
            return Ok(Key::Missing);
        };
        // The length keeps ["a", "bc"] and ["ab", "c"] apart.
        key.push_str(&format!("{}:{text};", text.len()));
    }
    Ok(Key::Own(key.into()))
}
