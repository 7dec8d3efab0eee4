//! What samples has a document? Each window rule asked about each place of its level.
//!
//! One [`Sampler`] a worker. What is compiled is asked of up to 64 places at once; a key is put
//! together in one buffer, and kept: the same few come again and again. What cannot be compiled is
//! interpreted, place by place, within the bounds of any rule.
//!
//! A reading that is missing makes no sample, and is counted.

use std::cell::OnceCell;
use std::sync::Arc;

use super::{Closure, Of, WindowRule};
use crate::rules::RuleSet;
use crate::rules::engine::{EVALUATION, Sandbox, TURN};
use crate::rules::facts::{Facts, ObjectId, Reading};
use crate::rules::fields::Level;
use crate::rules::interpret::Runaways;
use crate::rules::lower::{Answer, Operand, Place, Truth, ones};
use crate::rules::outcome::{self, FaultKind, RuleFault};
use crate::window;

mod asking;
mod keys;

use asking::{Asking, Found};
use keys::{Keys, read};

/// What is read of each record beside what rules name: whose a sample is.
pub(crate) const READ: [&str; 6] = [
    "userId", "client", "endpoint", "caller", "callee", "session",
];

/// One sample.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sampled {
    /// number of the window rule
    pub(crate) window: u16,
    /// the place
    pub(crate) object: ObjectId,
    /// its key among those of the document, each part behind its length, `4:Oslo;`
    pub(crate) key: u32,
    /// a hash of the user; 0 is nobody
    pub(crate) user: u32,
    /// as the windows take it
    pub(crate) value: i64,
}

/// What one window rule made of a document's places.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// places that are samples
    pub(crate) samples: u64,
    /// places that are none
    pub(crate) others: u64,
    /// places of which it could not tell, or not whose they are
    pub(crate) unknown: u64,
    /// places on which it broke
    pub(crate) failed: u64,
    /// the first break
    pub(crate) fault: Option<RuleFault>,
}

/// The parts of a window's key.
pub fn parts(key: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = key;
    while let Some((length, behind)) = rest.split_once(':') {
        let Some(length) = length.parse().ok().filter(|it| *it < behind.len()) else {
            break;
        };
        if !behind.is_char_boundary(length) {
            break;
        }
        parts.push(behind[..length].to_owned());
        rest = behind[length..].strip_prefix(';').unwrap_or_default();
    }
    parts
}

/// Takes samples of one document after another.
pub(crate) struct Sampler {
    set: RuleSet,
    /// by rule, how its places are looked at
    ways: Vec<Way>,
    /// by rule, what its filter said of the block at hand: true, and unknown
    filters: Vec<(u64, u64)>,
    sandboxes: Vec<OnceCell<Sandbox>>,
    runaways: Vec<Runaways>,
    keys: Keys,
}

impl std::fmt::Debug for Sampler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sampler")
            .field("windows", &self.set.windows().len())
            .finish()
    }
}

/// How a rule's places are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// by the compiled program, many at once
    Asked,
    /// each is a sample, and everything else is compiled
    Each,
    /// one by one, in the interpreter
    Interpreted,
    /// not at all
    Silent,
}

/// What a rule asks of the compiled program: its filter, and what says whether. Nothing, if some
/// closure of it is not compiled.
fn truths(rule: &WindowRule) -> Option<[Option<&Truth>; 2]> {
    fn native<N>(closure: &Closure<N>) -> Option<&N> {
        closure.native.as_ref().ok()
    }
    let filter = match &rule.when {
        None => None,
        Some(closure) => Some(native(closure)?),
    };
    if let Some(by) = &rule.by {
        native(by)?;
    }
    let said = match &rule.of {
        Of::Place => None,
        Of::True(closure) | Of::Share(closure) => Some(native(closure)?),
        Of::Number(closure) => {
            native(closure)?;
            None
        }
        Of::Value(closure) => {
            native(closure)?;
            None
        }
    };
    Some([filter, said])
}

impl Sampler {
    pub(crate) fn new(set: RuleSet) -> Sampler {
        let rules = set.windows();
        let way = |rule: &WindowRule| match (truths(rule), rule.level) {
            (_, None) => Way::Silent,
            (None, Some(_)) => Way::Interpreted,
            (Some([None, None]), Some(_)) => Way::Each,
            (Some(_), Some(_)) => Way::Asked,
        };
        Sampler {
            ways: rules.iter().map(way).collect(),
            filters: vec![(u64::MAX, 0); rules.len()],
            sandboxes: set.packs().iter().map(|_| OnceCell::new()).collect(),
            runaways: rules.iter().map(|_| Runaways::default()).collect(),
            keys: Keys::new(rules),
            set,
        }
    }

    /// What is to be asked for the rules, each question with its number and level.
    pub(crate) fn questions(&self) -> impl Iterator<Item = (usize, Level, &Truth)> {
        let asked = self.set.windows().iter().enumerate();
        let asked = asked.filter(|(number, _)| self.ways[*number] == Way::Asked);
        asked.flat_map(|(number, rule)| {
            let truths = truths(rule).into_iter().flatten().enumerate();
            truths.filter_map(move |(part, truth)| Some((2 * number + part, rule.level?, truth?)))
        })
    }

    /// Begins with a document; `tallies` has one for each rule.
    pub(crate) fn begin(&mut self, tallies: &mut Vec<Tally>) {
        tallies.clear();
        tallies.resize_with(self.set.windows().len(), Tally::default);
        self.keys.clear();
    }

    /// Puts the keys of the document's samples in the place of others.
    pub(crate) fn give_keys(&mut self, to: &mut window::Keys) {
        self.keys.give(to);
    }

    /// Takes the answer to a question, for one block of places; `rules` are those of its set.
    pub(crate) fn answer(
        &mut self,
        rules: &[WindowRule],
        question: usize,
        answer: &Answer<'_>,
        facts: &Arc<Facts>,
        tallies: &mut [Tally],
        out: &mut Vec<Sampled>,
    ) {
        let number = question / 2;
        if let (Some(rule), Some(tally)) = (rules.get(number), tallies.get_mut(number)) {
            self.answered(rule, question, answer, facts, tally, out);
        }
    }

    /// Takes the samples of the rules of which there is nothing to ask, or which are interpreted.
    pub(crate) fn finish(
        &mut self,
        rules: &[WindowRule],
        facts: &Arc<Facts>,
        tallies: &mut [Tally],
        out: &mut Vec<Sampled>,
    ) {
        for (number, rule) in rules.iter().enumerate() {
            let tally = &mut tallies[number];
            match (self.ways[number], rule.level) {
                (Way::Each, Some(level)) => {
                    for (at, &object) in facts.objects(level).iter().enumerate() {
                        let place = Place { facts, object };
                        self.place((number, rule), place, at, true, tally, out);
                    }
                }
                (Way::Interpreted, _) => self.interpreted(number, rule, facts, tally, out),
                _ => {}
            }
        }
    }

    /// Takes what one question came to for one block of places.
    fn answered(
        &mut self,
        rule: &WindowRule,
        question: usize,
        answer: &Answer<'_>,
        facts: &Arc<Facts>,
        tally: &mut Tally,
        out: &mut Vec<Sampled>,
    ) {
        let (number, part) = (question / 2, question % 2);
        let all = answer.everywhere();
        let (yes, unknown) = settled(rule, part, answer, facts);
        let (filter, of_filter) = self.filters[number];
        let is_last = part == 1 || matches!(rule.of, Of::Place | Of::Number(_) | Of::Value(_));
        if !is_last {
            self.filters[number] = (yes, unknown);
            return;
        }
        let (samples, hits, lacked) = match (&rule.of, part) {
            (Of::Share(_), _) => {
                let known = all & !unknown;
                (filter & known, yes, of_filter | filter & unknown)
            }
            (Of::True(_), _) => (filter & yes, yes, of_filter | filter & unknown),
            (_, _) => (yes, yes, unknown),
        };
        self.filters[number] = (u64::MAX, 0);
        let (samples, lacked) = (samples & all, lacked & all & !samples);
        tally.unknown += u64::from(lacked.count_ones());
        tally.others += u64::from((all & !samples & !lacked).count_ones());
        for at in ones(samples) {
            let place = Place {
                facts,
                object: answer.places[at],
            };
            let hit = (hits >> at) & 1 == 1;
            self.place((number, rule), place, answer.before + at, hit, tally, out);
        }
    }

    /// Makes a sample of a place that is one, if its value and its key are known.
    fn place(
        &mut self,
        (number, rule): (usize, &WindowRule),
        place: Place<'_>,
        at: usize,
        hit: bool,
        tally: &mut Tally,
        out: &mut Vec<Sampled>,
    ) {
        let value = match &rule.of {
            Of::Share(_) => Some(i64::from(hit)),
            Of::Number(Closure {
                native: Ok(number), ..
            }) => match number {
                Operand::Reading(reading) => match read(place, reading) {
                    Some(Reading::Number(value)) => Some(window::value_of(value)),
                    Some(Reading::Integer(value)) => Some(window::value_of(value as f64)),
                    _ => None,
                },
                number => place.number(number).map(window::value_of),
            },
            Of::Value(Closure {
                native: Ok(key), ..
            }) => match place.key(key) {
                outcome::Key::Own(text) => Some(window::value_of_text(&text)),
                _ => None,
            },
            _ => Some(1),
        };
        let key = match (&rule.by, value) {
            (_, None) => None,
            (None, _) => Some(self.keys.of_parts(number, "")),
            (
                Some(Closure {
                    native: Ok(key), ..
                }),
                _,
            ) => self.keys.of_place(number, place, at, key),
            (Some(_), _) => None,
        };
        let (Some(value), Some(key)) = (value, key) else {
            tally.unknown += 1;
            return;
        };
        tally.samples += 1;
        out.push(Sampled {
            window: number as u16,
            object: place.object,
            key,
            user: self.keys.user_of(place),
            value,
        });
    }

    /// Asks a rule place by place.
    fn interpreted(
        &mut self,
        number: usize,
        rule: &WindowRule,
        facts: &Arc<Facts>,
        tally: &mut Tally,
        out: &mut Vec<Sampled>,
    ) {
        let Some(level) = rule.level else { return };
        let objects = facts.objects(level);
        if self.runaways[number].are_too_many() {
            tally.failed += objects.len() as u64;
            return;
        }
        for (asked, &object) in objects.iter().enumerate() {
            let sandbox = self.sandboxes[rule.pack]
                .get_or_init(|| Sandbox::new(&self.set.packs()[rule.pack].limits));
            if asked % TURN == 0 {
                sandbox.deadline.allow(EVALUATION);
            }
            let asking = Asking {
                sandbox,
                rule,
                place: Place { facts, object },
                facts,
                source: self
                    .set
                    .sources()
                    .get(&rule.place.file)
                    .map_or("", |text| text),
            };
            let answer = asking.sample();
            match answer {
                Ok(Found::Sample(value, key)) => {
                    let key = self.keys.of_parts(number, &key);
                    tally.samples += 1;
                    out.push(Sampled {
                        window: number as u16,
                        object,
                        key,
                        user: self.keys.user_of(Place { facts, object }),
                        value,
                    });
                }
                Ok(Found::None) => tally.others += 1,
                Ok(Found::Unknown) => tally.unknown += 1,
                Err(fault) => {
                    tally.failed += 1;
                    let runaway = fault.kind == FaultKind::Runaway;
                    tally.fault.get_or_insert(fault);
                    if runaway {
                        self.runaways[number].count();
                        tally.failed += (objects.len() - asked - 1) as u64;
                        return;
                    }
                }
            }
        }
        self.runaways[number].forgive();
    }
}

/// Where a question is true and where it is unknown, those in doubt asked one by one.
fn settled(rule: &WindowRule, part: usize, answer: &Answer<'_>, facts: &Facts) -> (u64, u64) {
    let mut marks = answer.marks();
    let doubt = answer.doubt();
    if doubt != 0
        && let Some(truths) = truths(rule)
        && let Some(truth) = truths[part]
    {
        marks.yes &= !doubt;
        marks.no &= !doubt;
        for at in ones(doubt) {
            let object = answer.places[at];
            match (Place { facts, object }).truth(truth).verdict {
                Some(true) => marks.yes |= 1 << at,
                Some(false) => marks.no |= 1 << at,
                None => {}
            }
        }
    }
    (marks.yes, answer.everywhere() & !(marks.yes | marks.no))
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn a_key_comes_apart_into_what_it_was_made_of() {
        let mut key = String::new();
        for part in ["Oslo", "", "4:a;", "Zürich"] {
            super::keys::push_part(&mut key, part);
        }
        assert_eq!(parts(&key), ["Oslo", "", "4:a;", "Zürich"]);
        assert!(parts("").is_empty());
    }
}
