//! Asks every rule about every object of its level: the compiled ones all together, the others
//! one by one in the interpreter.
//!
//! One [`Evaluator`] per worker thread: it owns its engines and its answers, and shares only the
//! rules. A rule may be of both kinds: a compiled `when` with words that the interpreter makes.
//!
//! It judges nothing itself, and builds evidence only where a rule fired.

use std::cell::OnceCell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::RuleSet;
use super::engine::{EVALUATION, Sandbox};
use super::facts::Facts;
use super::interpret::{Asking, Runaways, disabled};
use super::lower::{Answer, Answers, Marks, Place, Program, Truth, ones};
use super::outcome::{FaultKind, Finding, Key, Outcome, RuleOutcome};
use super::rule::{Rule, Words};

/// A rule's cost is the least of at most so many rounds.
const MOST_ROUNDS: usize = 200;
/// After so long no further round is begun.
const ENOUGH: Duration = Duration::from_micros(500);

/// Runs the rules of a set, one document at a time.
pub struct Evaluator {
    set: RuleSet,
    /// one for each pack, made when its first closure is interpreted
    sandboxes: Vec<OnceCell<Sandbox>>,
    /// what is asked, where that is more than the rules
    own: Option<Program>,
    /// `None`: everything is interpreted
    answers: Option<Answers>,
    /// by rule, whether no document needs the interpreter for it
    plain: Vec<bool>,
    /// the rules that are not plain
    others: Vec<usize>,
}

impl std::fmt::Debug for Evaluator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Evaluator")
            .field("rules", &self.set.rules().len())
            .field("interpreted", &self.answers.is_none())
            .finish()
    }
}

impl Evaluator {
    pub(crate) fn new(set: RuleSet) -> Evaluator {
        let answers = set.program().answers();
        let plain = |rule: &Rule| rule.native.when.is_ok() && !rule.asks_interpreter();
        let plain: Vec<bool> = set.rules().iter().map(plain).collect();
        let others = (0..plain.len()).filter(|number| !plain[*number]);
        Evaluator {
            answers: Some(answers),
            others: others.collect(),
            plain,
            ..Evaluator::interpreted(set)
        }
    }

    /// One that asks `program`, which has more than the rules in it.
    pub(crate) fn with(set: RuleSet, program: Program) -> Evaluator {
        Evaluator {
            answers: Some(program.answers()),
            own: Some(program),
            ..Evaluator::new(set)
        }
    }

    /// One that interprets every rule.
    pub(crate) fn interpreted(set: RuleSet) -> Evaluator {
        Evaluator {
            sandboxes: set.packs().iter().map(|_| OnceCell::new()).collect(),
            own: None,
            answers: None,
            plain: vec![false; set.rules().len()],
            others: (0..set.rules().len()).collect(),
            set,
        }
    }

    /// The rules it runs.
    pub fn rules(&self) -> &RuleSet {
        &self.set
    }

    /// Asks every rule about the document. When it returns, nothing here holds `facts`.
    pub fn run(&mut self, facts: &Arc<Facts>, out: &mut Outcome) {
        self.run_beside(facts, out, |_, _| {});
    }

    /// The same; answers to what stands beside the rules in its program go to `beside`.
    pub(crate) fn run_beside(
        &mut self,
        facts: &Arc<Facts>,
        out: &mut Outcome,
        mut beside: impl FnMut(usize, &Answer<'_>),
    ) {
        debug_assert!(
            Arc::ptr_eq(facts.layout(), self.set.layout()),
            "facts of another rule set"
        );
        out.clear(self.set.rules().len());
        let mut answers = self.answers.take();
        if let Some(answers) = &mut answers {
            let program = self.own.as_ref().unwrap_or(self.set.program());
            let rules = out.rules.len();
            program.ask(facts, answers, |number, answer| {
                let Some(outcome) = out.rules.get_mut(number) else {
                    beside(number - rules, answer);
                    return;
                };
                // On most documents a rule has nothing to say: nothing of it is looked at.
                let silent = answer.doubt() == 0 && answer.marks().yes == 0;
                if silent && self.plain[number] && outcome.findings.is_empty() {
                    count(answer, answer.marks(), answer.everywhere(), outcome);
                } else {
                    self.settle(number, answer, facts, outcome);
                }
            });
        }
        let native = answers.is_some();
        self.answers = answers;
        for number in &self.others {
            let (number, rule) = (*number, &self.set.rules()[*number]);
            let outcome = &mut out.rules[number];
            if !(native && rule.native.when.is_ok()) {
                self.asking(rule)
                    .all(&self.set.runaways()[number], facts, outcome);
            }
            if outcome.findings.is_empty() {
                outcome.missing.clear();
            }
            if !outcome.stopped {
                self.set.runaways()[number].forgive();
            }
        }
    }

    /// What one rule by itself takes for one place of this document, in nanoseconds: the least of
    /// some rounds, for a machine has other things to do. `None` if there is no such place.
    ///
    /// Together compiled rules take less: what several ask is asked once.
    pub fn cost(&self, number: usize, facts: &Arc<Facts>) -> Option<f64> {
        let rule = self.set.rules().get(number)?;
        let places = facts.objects(rule.level()).len();
        if places == 0 {
            return None;
        }
        let native = self.answers.is_some();
        let when = rule.native.when.as_ref().ok().filter(|_| native);
        let program = Program::new(
            self.set.layout(),
            when.map(|when| (number, rule.level(), when)),
        );
        let mut answers = program.answers();
        let mut outcome = RuleOutcome::default();
        let mut least = f64::INFINITY;
        let begun = Instant::now();
        for _ in 0..MOST_ROUNDS {
            outcome.clear();
            let round = Instant::now();
            if when.is_some() {
                program.ask(facts, &mut answers, |_, answer| {
                    self.settle(number, answer, facts, &mut outcome);
                });
            } else {
                // Whether it runs away is not counted: this is no document.
                let runaways = Runaways::default();
                self.asking(rule).all(&runaways, facts, &mut outcome);
            }
            least = least.min(round.elapsed().as_secs_f64());
            if begun.elapsed() > ENOUGH {
                break;
            }
        }
        Some(least * 1e9 / places as f64)
    }

    fn asking<'a>(&'a self, rule: &'a Rule) -> Asking<'a> {
        let sandbox = self.sandboxes[rule.pack]
            .get_or_init(|| Sandbox::new(&self.set.packs()[rule.pack].limits));
        let source = self.set.sources().get(&rule.place.file);
        Asking {
            sandbox,
            rule,
            source: source.map_or("", |text| text),
        }
    }

    /// Counts one rule's answers for one block of places, and says more where it fired.
    fn settle(
        &self,
        number: usize,
        answer: &Answer<'_>,
        facts: &Arc<Facts>,
        outcome: &mut RuleOutcome,
    ) {
        let rule = &self.set.rules()[number];
        let Ok(when) = &rule.native.when else { return };
        let mut marks = answer.marks();
        if answer.doubt() != 0 {
            marks = one_by_one(when, answer, facts, marks);
        }
        let (fired, unknown) = (!outcome.findings.is_empty(), outcome.unknown);
        let counted = self.fired(number, when, answer, facts, marks, outcome);
        let lacking = count(answer, marks, counted, outcome);
        if outcome.findings.is_empty() {
            return;
        }
        let missing = &mut outcome.missing;
        answer.lacked(lacking & !answer.doubt(), |field| missing.insert(field));
        let doubted = ones(lacking & answer.doubt()).map(|at| answer.places[at]);
        // What was lacked in the blocks before is asked for now that it is wanted.
        let before = match fired || unknown == 0 {
            true => &[][..],
            false => &facts.objects(rule.level)[..answer.before],
        };
        for object in doubted.chain(before.iter().copied()) {
            let said = Place { facts, object }.truth(when);
            if said.verdict.is_none() {
                said.lacked().for_each(|field| missing.insert(field));
            }
        }
    }

    /// Adds the findings; gives the places that count, which are those up to a runaway.
    fn fired(
        &self,
        number: usize,
        when: &Truth,
        answer: &Answer<'_>,
        facts: &Arc<Facts>,
        marks: Marks,
        outcome: &mut RuleOutcome,
    ) -> u64 {
        let rule = &self.set.rules()[number];
        if !rule.asks_interpreter() {
            for at in ones(marks.yes) {
                let place = Place {
                    facts,
                    object: answer.places[at],
                };
                outcome.findings.push(finding(rule, when, place));
            }
            return answer.everywhere();
        }
        let runaways = &self.set.runaways()[number];
        if outcome.stopped {
            return 0;
        }
        if runaways.are_too_many() {
            outcome.stopped = true;
            outcome.failed += (answer.all - answer.before) as u64;
            outcome.fault.get_or_insert_with(|| disabled(rule));
            return 0;
        }
        let asking = self.asking(rule);
        asking.sandbox.deadline.allow(EVALUATION);
        for at in ones(marks.yes) {
            let place = Place {
                facts,
                object: answer.places[at],
            };
            let evidence = place.truth(when).comparisons();
            let key = key(rule, place);
            let fault = asking.told(facts, place.object, evidence, key, outcome);
            let Some(fault) = fault else { continue };
            let runaway = fault.kind == FaultKind::Runaway;
            outcome.fault.get_or_insert(fault);
            if runaway {
                runaways.count();
                outcome.stopped = true;
                outcome.failed += (answer.all - answer.before - at - 1) as u64;
                return u64::MAX >> (63 - at);
            }
        }
        answer.everywhere()
    }
}

/// Counts where a rule was quiet and where it could not tell, among the places that count; gives
/// the latter.
fn count(answer: &Answer<'_>, marks: Marks, counted: u64, outcome: &mut RuleOutcome) -> u64 {
    let unknown = counted & answer.everywhere() & !(marks.yes | marks.no);
    outcome.quiet += u64::from((marks.no & counted).count_ones());
    outcome.unknown += u64::from(unknown.count_ones());
    unknown
}

/// The marks, where those in doubt are asked one by one.
fn one_by_one(when: &Truth, answer: &Answer<'_>, facts: &Facts, mut marks: Marks) -> Marks {
    marks.yes &= !answer.doubt();
    marks.no &= !answer.doubt();
    for at in ones(answer.doubt()) {
        let object = answer.places[at];
        let place = Place { facts, object };
        match place.truth(when).verdict {
            Some(true) => marks.yes |= 1 << at,
            Some(false) => marks.no |= 1 << at,
            None => {}
        }
    }
    marks
}

/// A finding of a rule that asks the interpreter nothing.
fn finding(rule: &Rule, when: &Truth, place: Place<'_>) -> Finding {
    let fixed = |words: &Option<Words>| match words {
        Some(Words::Fixed(text)) => Some(text.clone()),
        _ => None,
    };
    Finding {
        object: place.object,
        evidence: place.truth(when).comparisons(),
        title: fixed(&rule.title),
        message: fixed(&rule.message),
        key: key(rule, place).unwrap_or(Key::Call),
    }
}

/// The key, if the rule has none or a compiled one.
fn key(rule: &Rule, place: Place<'_>) -> Option<Key> {
    match &rule.native.by {
        None => Some(Key::Call),
        Some(Ok(key)) => Some(place.key(key)),
        Some(Err(_)) => None,
    }
}
