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

use rhai::{AST, Array, Dynamic, EvalAltResult, FnPtr, Position};

use super::RuleSet;
use super::diagnostic::Place;
use super::engine::{EVALUATION, Sandbox, TRUTH_NAME};
use super::facts::{Facts, ObjectId};
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
            let sandbox = &self.sandboxes[rule.pack];
            ask(sandbox, rule, runaways, facts, outcome);
        }
    }
}

fn ask(
    sandbox: &Sandbox,
    rule: &Rule,
    runaways: &AtomicU32,
    facts: &Arc<Facts>,
    outcome: &mut RuleOutcome,
) {
    let objects = facts.objects(rule.level);
    if runaways.load(Ordering::Relaxed) >= MOST_RUNAWAYS {
        outcome.failed = objects.len() as u64;
        outcome.fault = (!objects.is_empty()).then(|| RuleFault {
            kind: FaultKind::Disabled,
            message: format!("disabled: it ran away {MOST_RUNAWAYS} times in a row"),
            place: Some(rule.place.clone()),
        });
        return;
    }
    for (asked, &object) in objects.iter().enumerate() {
        let handle = Handle {
            facts: facts.clone(),
            level: rule.level,
            object: Some(object),
        };
        let result = guarded(rule, || verdict(sandbox, rule, object, handle));
        match result {
            Ok(answer) => {
                runaways.store(0, Ordering::Relaxed);
                record(answer, outcome);
            }
            Err(fault) => {
                let runaway = fault.kind == FaultKind::Runaway;
                outcome.failed += 1;
                outcome.fault.get_or_insert(fault);
                if runaway {
                    runaways.fetch_add(1, Ordering::Relaxed);
                    outcome.failed += (objects.len() - asked - 1) as u64;
                    return;
                }
            }
        }
    }
}

enum Answer {
    Fired(Finding),
    Quiet,
    Unknown(Truth),
}

fn record(answer: Answer, outcome: &mut RuleOutcome) {
    match answer {
        Answer::Fired(finding) => outcome.findings.push(finding),
        Answer::Quiet => outcome.quiet += 1,
        Answer::Unknown(truth) => {
            outcome.unknown += 1;
            for source in truth.missing() {
                if outcome.missing.len() < MOST_MISSING && !outcome.missing.contains(&source.field)
                {
                    outcome.missing.push(source.field);
                }
            }
        }
    }
}

/// Runs `ask` so that neither an error nor a panic leaves it.
fn guarded(
    rule: &Rule,
    ask: impl FnOnce() -> Result<Answer, Failure>,
) -> Result<Answer, RuleFault> {
    match catch_unwind(AssertUnwindSafe(ask)) {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(fault(rule, &error)),
        Err(_) => Err(RuleFault {
            kind: FaultKind::Panic,
            message: "the rule brought the interpreter down".to_owned(),
            place: Some(rule.place.clone()),
        }),
    }
}

fn verdict(
    sandbox: &Sandbox,
    rule: &Rule,
    object: ObjectId,
    handle: Handle,
) -> Result<Answer, Failure> {
    let said = call(sandbox, &rule.when, &rule.ast, handle.clone())?;
    let truth = Truth::of(&said)?;
    match truth.verdict {
        Verdict::False => return Ok(Answer::Quiet),
        Verdict::Unknown => return Ok(Answer::Unknown(truth)),
        Verdict::True => {}
    }
    let key = match &rule.by {
        None => Key::Call,
        Some(by) => key_of(&call(sandbox, by, &rule.ast, handle.clone())?)?,
    };
    let words = |words: &Option<Words>| match words {
        None => Ok(None),
        Some(Words::Fixed(text)) => Ok(Some(text.clone())),
        Some(Words::Made(made)) => {
            call(sandbox, made, &rule.ast, handle.clone()).map(|said| text_of(&said))
        }
    };
    Ok(Answer::Fired(Finding {
        object,
        evidence: truth.comparisons(),
        title: words(&rule.title)?,
        message: words(&rule.message)?,
        key,
    }))
}

fn call(sandbox: &Sandbox, pointer: &FnPtr, ast: &AST, handle: Handle) -> Result<Dynamic, Failure> {
    sandbox.deadline.allow(EVALUATION);
    pointer.call::<Dynamic>(&sandbox.engine, ast, (handle,))
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

/// The innermost error, in our words, with its place.
fn fault(rule: &Rule, error: &EvalAltResult) -> RuleFault {
    let (error, position) = innermost(error, Position::NONE);
    let (kind, message) = describe(error);
    let place = match (position.line(), position.position()) {
        (Some(line), Some(column)) => Place {
            file: rule.place.file.clone(),
            line,
            column,
            span: 0..0,
        },
        _ => rule.place.clone(),
    };
    RuleFault {
        kind,
        message,
        place: Some(place),
    }
}

/// Follows an error through the calls it came through.
pub(crate) fn innermost(error: &EvalAltResult, outer: Position) -> (&EvalAltResult, Position) {
    let position = error.position();
    let position = if position.is_none() { outer } else { position };
    match error {
        EvalAltResult::ErrorInFunctionCall(_, _, inner, _)
        | EvalAltResult::ErrorInModule(_, inner, _) => innermost(inner, position),
        _ => (error, position),
    }
}

/// What an engine's error means to a rule's author.
pub(crate) fn describe(error: &EvalAltResult) -> (FaultKind, String) {
    use EvalAltResult as E;
    let message = match error {
        E::ErrorTerminated(..) => return (FaultKind::Runaway, "it took too long".to_owned()),
        E::ErrorTooManyOperations(..) => {
            return (FaultKind::Runaway, "it took too many steps".to_owned());
        }
        E::ErrorStackOverflow(..) => {
            return (
                FaultKind::Runaway,
                "its functions call each other too deeply".to_owned(),
            );
        }
        E::ErrorDataTooLarge(what, _) => format!("{what} grew too large"),
        E::ErrorRuntime(value, _) => value.to_string(),
        E::ErrorMismatchDataType(want, got, _) if want == "bool" && is_outcome(got) => {
            "a comparison with a reading may be unknown, so `if` and `while` cannot take it; \
             join comparisons with `&&`, `||`, `!`, or ask `certain(x)`"
                .to_owned()
        }
        E::ErrorMismatchDataType(want, got, _) => {
            format!("{} where {} is needed", plain(got), plain(want))
        }
        E::ErrorFunctionNotFound(signature, _) => format!("there is no {signature}"),
        E::ErrorVariableNotFound(name, _) => format!("there is no variable `{name}`"),
        other => without_place(other.to_string()),
    };
    (FaultKind::Error, message)
}

/// Rhai ends its messages with a place, which we show ourselves.
fn without_place(mut message: String) -> String {
    if let Some(at) = message.rfind(" (line ") {
        message.truncate(at);
    }
    message
}

fn is_outcome(name: &str) -> bool {
    name == TRUTH_NAME || name == std::any::type_name::<Truth>()
}

/// A type's name without the path that only we know.
fn plain(name: &str) -> &str {
    match name.rsplit("::").next() {
        Some("Truth") => TRUTH_NAME,
        Some("Measured") => "reading",
        Some("Handle") => "object",
        Some("Limit") => "limit",
        _ => name,
    }
}
