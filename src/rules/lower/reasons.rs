//! One place, one closure: the verdict with its reasons, a key, a number.
//!
//! Walks the closure's own tree and keeps everything that an alert tells. It runs for the places
//! where a rule fired, and for those whose numbers [`block`](super::block) cannot hold exactly.
//!
//! It shares no code with the interpreter, which must say the same to the letter.

use crate::rules::compare::{Comparison, Op};
use crate::rules::expr::Arithmetic;
use crate::rules::facts::{self, Facts, NO_NODE, ObjectId};
use crate::rules::fields::{FieldId, Unit};
use crate::rules::outcome;
use crate::rules::strangers;
use crate::rules::value::{Source, Value, Witness};

use super::exact;
use super::tree::{Constant, Key, Operand, Reading, Truth};

/// One object of the document, to be asked.
#[derive(Clone, Copy)]
pub(crate) struct Place<'f> {
    pub(crate) facts: &'f Facts,
    pub(crate) object: ObjectId,
}

/// A verdict (`None`: could not tell) and what made it so.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) verdict: Option<bool>,
    reasons: Vec<Reason>,
}

#[derive(Clone, Debug, PartialEq)]
enum Reason {
    Held(Comparison),
    Lacked(Source),
}

impl Said {
    fn bare(verdict: Option<bool>) -> Said {
        Said {
            verdict,
            reasons: Vec::new(),
        }
    }

    /// The comparisons that made it true or false, in the order of the rule's text.
    pub(crate) fn comparisons(self) -> Vec<Comparison> {
        let held = |reason| match reason {
            Reason::Held(comparison) => Some(comparison),
            Reason::Lacked(_) => None,
        };
        self.reasons.into_iter().filter_map(held).collect()
    }

    /// The readings whose absence left it unknown.
    pub(crate) fn lacked(&self) -> impl Iterator<Item = FieldId> {
        self.reasons.iter().filter_map(|reason| match reason {
            Reason::Lacked(source) => Some(source.field),
            Reason::Held(_) => None,
        })
    }

    /// Takes on what the other has and this has not.
    fn with(mut self, other: Said) -> Said {
        for reason in other.reasons {
            if !self.reasons.contains(&reason) {
                self.reasons.push(reason);
            }
        }
        self
    }
}

/// What an operand is at one place.
#[derive(Debug)]
struct Found {
    value: Value,
    unit: Unit,
    name: Option<std::sync::Arc<str>>,
    witnesses: Vec<Witness>,
}

impl Found {
    fn is_there(&self) -> bool {
        !matches!(self.value, Value::Missing)
    }
}

impl Place<'_> {
    /// The verdict on this place, with its reasons.
    pub(crate) fn truth(self, truth: &Truth) -> Said {
        match truth {
            Truth::Constant(value) => Said::bare(Some(*value)),
            Truth::Never => Said::bare(None),
            Truth::Reading(reading) => self.flag(reading),
            Truth::Compare(op, a, b) => {
                let (a, b) = (self.operand(a), self.operand(b));
                let holds = match (&a.value, &b.value) {
                    (Value::Text(a), Value::Text(b)) => Some((a == b) == (*op == Op::Equal)),
                    (a, b) => exact::order(a, b).map(|order| exact::satisfies(*op, order)),
                };
                conclude(holds, *op, a, b)
            }
            Truth::Same(op, a, b) => {
                let (a, b) = (self.operand(a), self.operand(b));
                let holds = match (&a.value, &b.value) {
                    (Value::Bool(a), Value::Bool(b)) => Some((a == b) == (*op == Op::Equal)),
                    _ => None,
                };
                conclude(holds, *op, a, b)
            }
            Truth::Contains(whole, part) => {
                let (whole, part) = (self.operand(whole), self.operand(part));
                let holds = holds_part(&whole.value, &part.value);
                conclude(holds, Op::Contains, whole, part)
            }
            Truth::Present(operand) => self.present(operand),
            Truth::Leads(way) => Said::bare(Some(self.follow(way).is_some())),
            Truth::Known(inner) => Said::bare(Some(self.truth(inner).verdict.is_some())),
            Truth::Note(inner) => {
                let noted = self.truth(inner);
                if noted.verdict == Some(true) {
                    noted
                } else {
                    Said::bare(Some(true))
                }
            }
            Truth::Guard(inner) => {
                let said = self.truth(inner);
                if said.verdict == Some(true) {
                    Said::bare(Some(true))
                } else {
                    said
                }
            }
            Truth::Certain(inner) => Said::bare(Some(self.truth(inner).verdict == Some(true))),
            Truth::Not(inner) => {
                let said = self.truth(inner);
                Said {
                    verdict: said.verdict.map(|verdict| !verdict),
                    reasons: said.reasons,
                }
            }
            Truth::And(a, b) => join(self.truth(a), self.truth(b), false),
            Truth::Or(a, b) => join(self.truth(a), self.truth(b), true),
            Truth::OrElse(a, b) => {
                let first = self.truth(a);
                if first.verdict.is_some() {
                    first
                } else {
                    self.truth(b)
                }
            }
            Truth::If(condition, then, other) => {
                if self.truth(condition).verdict == Some(true) {
                    self.truth(then)
                } else {
                    self.truth(other)
                }
            }
        }
    }

    /// What tells this place's finding apart.
    pub(crate) fn key(self, key: &Key) -> outcome::Key {
        match key {
            Key::One(operand) => {
                let found = self.operand(operand);
                if found.value == Value::Missing || strangers::merges(found.witnesses.iter()) {
                    return outcome::Key::Missing;
                }
                outcome::Key::Own(found.value.to_string().into())
            }
            Key::Several(operands) => {
                let mut parts = String::new();
                let mut readings = Vec::new();
                for operand in operands {
                    let found = self.operand(operand);
                    if found.value == Value::Missing {
                        return outcome::Key::Missing;
                    }
                    let text = found.value.to_string();
                    parts.push_str(&text.len().to_string());
                    parts.push(':');
                    parts.push_str(&text);
                    parts.push(';');
                    readings.extend(found.witnesses);
                }
                if strangers::merges(readings.iter()) {
                    return outcome::Key::Missing;
                }
                outcome::Key::Own(parts.into())
            }
        }
    }

    /// A number at this place; `None` where it is missing.
    pub(crate) fn number(self, operand: &Operand) -> Option<f64> {
        exact::double(&self.operand(operand).value)
    }

    fn follow(self, way: &[crate::rules::fields::Link]) -> Option<ObjectId> {
        way.iter()
            .try_fold(self.object, |object, link| self.facts.follow(object, *link))
    }

    /// The value of a reading, and which reading it is.
    fn read(self, reading: &Reading) -> Witness {
        let object = self.follow(&reading.way);
        let (value, node) = object.map_or((Value::Missing, NO_NODE), |object| {
            let (value, node) = self.facts.reading(object, reading.field);
            (copied(value), node)
        });
        Witness {
            source: Source {
                field: reading.field,
                object,
                node,
            },
            value,
        }
    }

    fn operand(self, operand: &Operand) -> Found {
        match operand {
            Operand::Constant(Constant {
                value, unit, name, ..
            }) => Found {
                value: value.clone(),
                unit: *unit,
                name: name.clone(),
                witnesses: Vec::new(),
            },
            Operand::Reading(reading) => {
                let witness = self.read(reading);
                Found {
                    value: witness.value.clone(),
                    unit: reading.field.get().unit,
                    name: None,
                    witnesses: vec![witness],
                }
            }
            Operand::Arithmetic(op, a, b) => calculated(*op, self.operand(a), self.operand(b)),
            Operand::OrElse(a, b) => {
                let first = self.operand(a);
                // A limit that is no number is there all the same.
                if first.is_there() || first.witnesses.is_empty() {
                    first
                } else {
                    self.operand(b)
                }
            }
        }
    }

    fn flag(self, reading: &Reading) -> Said {
        let witness = self.read(reading);
        let Value::Bool(value) = witness.value else {
            return lacking([witness]);
        };
        Said {
            verdict: Some(value),
            reasons: vec![Reason::Held(Comparison {
                value: Value::Bool(value),
                op: Op::Equal,
                limit: Value::Bool(value),
                limit_name: None,
                unit: Unit::None,
                others: Vec::new(),
                reading: witness,
            })],
        }
    }

    fn present(self, operand: &Operand) -> Said {
        let found = self.operand(operand);
        let there = found.is_there();
        let op = if there { Op::Present } else { Op::Absent };
        let mut witnesses = found.witnesses.into_iter();
        let held = witnesses.next().map(|reading| {
            Reason::Held(Comparison {
                reading,
                value: found.value,
                op,
                limit: Value::Missing,
                limit_name: None,
                unit: found.unit,
                others: witnesses.collect(),
            })
        });
        Said {
            verdict: Some(there),
            reasons: held.into_iter().collect(),
        }
    }
}

fn copied(reading: facts::Reading<'_>) -> Value {
    match reading {
        facts::Reading::Missing => Value::Missing,
        facts::Reading::Number(value) => Value::Number(value),
        facts::Reading::Integer(value) => Value::Integer(value),
        facts::Reading::Bool(value) => Value::Bool(value),
        facts::Reading::Text(text) => Value::Text(text.into()),
        facts::Reading::List(items) => {
            let items: Vec<Value> = items.iter().map(|text| Value::Text(text.into())).collect();
            Value::List(items.into())
        }
    }
}

fn calculated(op: Arithmetic, a: Found, b: Found) -> Found {
    let mut witnesses: Vec<Witness> = Vec::with_capacity(2);
    for witness in a.witnesses.into_iter().chain(b.witnesses) {
        let known = witnesses.iter().any(|known| known.source == witness.source);
        if !known {
            witnesses.push(witness);
        }
    }
    Found {
        value: exact::calculate(op, &a.value, &b.value),
        unit: exact::unit(op, a.unit, b.unit),
        name: None,
        witnesses,
    }
}

/// Whether a text or list has a part; `None` where one of them is missing.
fn holds_part(whole: &Value, part: &Value) -> Option<bool> {
    match (whole, part) {
        (_, Value::Missing) => None,
        (Value::Text(whole), Value::Text(part)) => Some(whole.contains(&**part)),
        (Value::List(items), part) => Some(items.iter().any(|item| match (item, part) {
            (Value::Text(item), Value::Text(part)) => item == part,
            (Value::Bool(item), Value::Bool(part)) => item == part,
            (item, part) => exact::order(item, part).is_some_and(std::cmp::Ordering::is_eq),
        })),
        _ => None,
    }
}

fn lacking(witnesses: impl IntoIterator<Item = Witness>) -> Said {
    let lacked = witnesses
        .into_iter()
        .filter(|witness| witness.value == Value::Missing);
    Said {
        verdict: None,
        reasons: lacked
            .map(|witness| Reason::Lacked(witness.source))
            .collect(),
    }
}

/// The outcome of comparing two operands; what is told of it has a reading on the left.
fn conclude(holds: Option<bool>, op: Op, a: Found, b: Found) -> Said {
    let Some(holds) = holds else {
        return lacking(a.witnesses.into_iter().chain(b.witnesses));
    };
    let (op, subject, against) = if a.witnesses.is_empty() {
        (exact::turned(op), b, a)
    } else {
        (op, a, b)
    };
    let mut witnesses = subject.witnesses.into_iter();
    let Some(reading) = witnesses.next() else {
        return Said::bare(Some(holds));
    };
    let comparison = Comparison {
        reading,
        value: subject.value,
        op: if holds { op } else { exact::denied(op) },
        limit: against.value,
        limit_name: against.name,
        unit: if subject.unit == Unit::None {
            against.unit
        } else {
            subject.unit
        },
        others: witnesses.chain(against.witnesses).collect(),
    };
    Said {
        verdict: Some(holds),
        reasons: vec![Reason::Held(comparison)],
    }
}

/// `&&` where `strong` is false, `||` where it is true: the value that decides alone.
fn join(a: Said, b: Said, strong: bool) -> Said {
    let verdict = if a.verdict == Some(strong) || b.verdict == Some(strong) {
        Some(strong)
    } else if a.verdict.is_none() || b.verdict.is_none() {
        None
    } else {
        Some(!strong)
    };
    match (a.verdict == verdict, b.verdict == verdict) {
        (true, true) => a.with(b),
        (true, false) => a,
        (false, true) => b,
        (false, false) => Said::bare(verdict),
    }
}
