//! What all rules of one level ask, each question once.
//!
//! Closures are broken into columns of readings and steps over them; a step that two rules share
//! is one step. Steps stand behind what they are made of, so one pass in order answers all.
//!
//! A plan is made when rules load and never changes. It holds no reading.

use std::hash::Hash;

use rustc_hash::FxHashMap;

use crate::rules::compare::Op;
use crate::rules::expr::Arithmetic;
use crate::rules::fields::{FieldId, Kind, Level, Link};
use crate::rules::layout::Layout;
use crate::rules::value::Value;

use super::among::Among;
use super::exact;
use super::tree::{Constant, Operand, Reading, Truth};

/// Its place among the plan's ways, numbers, texts or steps.
pub(super) type Index = u32;

/// A reading of the object at the end of a way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Cell {
    pub(super) way: Index,
    pub(super) slot: u32,
    pub(super) field: FieldId,
}

/// A column of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Number {
    Reading(Cell),
    /// The bits of a double; of NaN, where it is missing.
    Constant(u64),
    Arithmetic(Arithmetic, Index, Index),
    OrElse(Index, Index),
}

/// A column of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Text {
    Reading(Cell),
    /// One of the plan's constants.
    Constant(Index),
    OrElse(Index, Index),
}

/// A column of truths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Step {
    Constant(bool),
    Never,
    Flag(Cell),
    /// A number against the bits of a double.
    NumberIs(Op, Index, u64),
    /// At least one of several such.
    AnyNumber(Index),
    Numbers(Op, Index, Index),
    /// A number among a list of numbers.
    NumberIn(Index, Index),
    /// A text against one of the plan's constants.
    TextIs(Index, Index),
    Texts(Index, Index),
    /// A text among a list of texts.
    TextIn(Index, Index),
    /// The whole, and what it may contain.
    TextHolds(Index, Index),
    ListHolds(Cell, Index),
    PresentNumber(Index),
    PresentText(Index),
    PresentList(Cell),
    Leads(Index),
    Same(Index, Index),
    Known(Index),
    Certain(Index),
    Not(Index),
    And(Index, Index),
    Or(Index, Index),
    OrElse(Index, Index),
    If(Index, Index, Index),
}

/// A number against the bits of a double, as one of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Bound {
    pub(super) op: Op,
    pub(super) number: Index,
    pub(super) limit: u64,
}

/// Everything that is asked on one level.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) level: Level,
    /// Each way as the one before its last link, and that link's slot. The first is no way at all.
    pub(super) ways: Vec<(Index, u32)>,
    pub(super) numbers: Vec<Number>,
    pub(super) texts: Vec<Text>,
    pub(super) steps: Vec<Step>,
    pub(super) constants: Vec<Box<str>>,
    pub(super) among: Vec<Among>,
    pub(super) among_numbers: Vec<Box<[f64]>>,
    pub(super) bounds: Vec<Box<[Bound]>>,
}

/// Puts truths into a plan.
pub(super) struct Planner<'l> {
    layout: &'l Layout,
    plan: Plan,
    ways: FxHashMap<Box<[Link]>, Index>,
    numbers: FxHashMap<Number, Index>,
    texts: FxHashMap<Text, Index>,
    steps: FxHashMap<Step, Index>,
    constants: FxHashMap<Box<str>, Index>,
    among: FxHashMap<Box<[Box<str>]>, Index>,
    among_numbers: FxHashMap<Box<[u64]>, Index>,
    bounds: FxHashMap<Box<[Bound]>, Index>,
}

/// The index of a thing, which is added if it is new.
fn index_of<T: Clone + Eq + Hash>(
    known: &mut FxHashMap<T, Index>,
    all: &mut Vec<T>,
    thing: T,
) -> Index {
    *known.entry(thing.clone()).or_insert_with(|| {
        all.push(thing);
        all.len() as Index - 1
    })
}

impl<'l> Planner<'l> {
    /// An empty plan for rules on `level`.
    pub(super) fn new(level: Level, layout: &'l Layout) -> Planner<'l> {
        Planner {
            layout,
            plan: Plan {
                level,
                ways: vec![(0, 0)],
                numbers: Vec::new(),
                texts: Vec::new(),
                steps: Vec::new(),
                constants: Vec::new(),
                among: Vec::new(),
                among_numbers: Vec::new(),
                bounds: Vec::new(),
            },
            ways: FxHashMap::from_iter([(Box::default(), 0)]),
            numbers: FxHashMap::default(),
            texts: FxHashMap::default(),
            steps: FxHashMap::default(),
            constants: FxHashMap::default(),
            among: FxHashMap::default(),
            among_numbers: FxHashMap::default(),
            bounds: FxHashMap::default(),
        }
    }

    /// The finished plan.
    pub(super) fn finish(self) -> Plan {
        self.plan
    }

    /// The step that answers a truth.
    pub(super) fn truth(&mut self, truth: &Truth) -> Index {
        let step = match truth {
            Truth::Constant(value) => Step::Constant(*value),
            Truth::Never => Step::Never,
            Truth::Reading(reading) => Step::Flag(self.cell(reading)),
            Truth::Compare(op, a, b) if is_text(a) || is_text(b) => {
                let equal = self.texts(a, b);
                return self.unless_equal(*op, equal);
            }
            Truth::Compare(op, a, b) => self.numbers(*op, a, b),
            Truth::Same(op, a, b) => {
                let (a, b) = (self.flag(a), self.flag(b));
                let equal = Step::Same(a, b);
                return self.unless_equal(*op, equal);
            }
            Truth::Contains(whole, part) => return self.contains(whole, part),
            Truth::Present(operand) => return self.present(operand),
            Truth::Leads(way) => Step::Leads(self.way(way)),
            Truth::Known(inner) => Step::Known(self.truth(inner)),
            Truth::Note(_) => Step::Constant(true),
            // What is no reason is a verdict all the same.
            Truth::Guard(inner) => return self.truth(inner),
            Truth::Certain(inner) => Step::Certain(self.truth(inner)),
            Truth::Not(inner) => Step::Not(self.truth(inner)),
            Truth::And(a, b) => Step::And(self.truth(a), self.truth(b)),
            Truth::Or(..) => return self.any(truth),
            Truth::OrElse(a, b) => Step::OrElse(self.truth(a), self.truth(b)),
            Truth::If(condition, then, other) => {
                Step::If(self.truth(condition), self.truth(then), self.truth(other))
            }
        };
        self.step(step)
    }

    fn step(&mut self, step: Step) -> Index {
        index_of(&mut self.steps, &mut self.plan.steps, step)
    }

    /// Several joined by `||`. Numbers over limits, which most rules ask for, are one step.
    fn any(&mut self, truth: &Truth) -> Index {
        let mut parts = Vec::new();
        alternatives(truth, &mut parts);
        let (mut bounds, mut others) = (Vec::new(), Vec::new());
        for part in parts {
            match part {
                Truth::Compare(op, a, b) if !is_text(a) && !is_text(b) => {
                    match self.numbers(*op, a, b) {
                        Step::NumberIs(op, number, limit) => {
                            bounds.push(Bound { op, number, limit });
                        }
                        step => others.push(self.step(step)),
                    }
                }
                part => others.push(self.truth(part)),
            }
        }
        let bounds = match bounds.as_slice() {
            [] => None,
            [Bound { op, number, limit }] => Some(Step::NumberIs(*op, *number, *limit)),
            several => {
                let list = several.into();
                let list = index_of(&mut self.bounds, &mut self.plan.bounds, list);
                Some(Step::AnyNumber(list))
            }
        };
        let first = bounds.map(|step| self.step(step));
        let all = first.into_iter().chain(others);
        let joined = all.reduce(|a, b| self.step(Step::Or(a, b)));
        joined.unwrap_or_else(|| self.step(Step::Never))
    }

    fn unless_equal(&mut self, op: Op, equal: Step) -> Index {
        let equal = self.step(equal);
        if op == Op::NotEqual {
            self.step(Step::Not(equal))
        } else {
            equal
        }
    }

    fn way(&mut self, way: &[Link]) -> Index {
        if let Some(index) = self.ways.get(way) {
            return *index;
        }
        let (mut level, mut index) = (self.plan.level, 0);
        for (at, link) in way.iter().enumerate() {
            let Some((slot, to)) = link.on(level) else {
                break;
            };
            level = to;
            let ways = &mut self.plan.ways;
            index = *self.ways.entry(way[..=at].into()).or_insert_with(|| {
                ways.push((index, slot as u32));
                ways.len() as Index - 1
            });
        }
        index
    }

    fn cell(&mut self, reading: &Reading) -> Cell {
        Cell {
            way: self.way(&reading.way),
            slot: self.layout.slot(reading.field).unwrap_or_default() as u32,
            field: reading.field,
        }
    }

    fn numbers(&mut self, op: Op, a: &Operand, b: &Operand) -> Step {
        match (constant(a), constant(b)) {
            (_, Some(limit)) => Step::NumberIs(op, self.number(a), limit.to_bits()),
            (Some(limit), _) => Step::NumberIs(exact::turned(op), self.number(b), limit.to_bits()),
            _ => Step::Numbers(op, self.number(a), self.number(b)),
        }
    }

    fn number(&mut self, operand: &Operand) -> Index {
        let number = match operand {
            Operand::Constant(constant) => {
                let value = exact::double(&constant.value).unwrap_or(f64::NAN);
                Number::Constant(value.to_bits())
            }
            Operand::Reading(reading) => Number::Reading(self.cell(reading)),
            Operand::Arithmetic(op, a, b) => {
                Number::Arithmetic(*op, self.number(a), self.number(b))
            }
            Operand::OrElse(a, b) => Number::OrElse(self.number(a), self.number(b)),
        };
        index_of(&mut self.numbers, &mut self.plan.numbers, number)
    }

    fn texts(&mut self, a: &Operand, b: &Operand) -> Step {
        match (a, b) {
            (a, Operand::Constant(constant)) => Step::TextIs(self.text(a), self.word(constant)),
            (Operand::Constant(constant), b) => Step::TextIs(self.text(b), self.word(constant)),
            (a, b) => Step::Texts(self.text(a), self.text(b)),
        }
    }

    fn text(&mut self, operand: &Operand) -> Index {
        let text = match operand {
            Operand::Reading(reading) => Text::Reading(self.cell(reading)),
            Operand::OrElse(a, b) => Text::OrElse(self.text(a), self.text(b)),
            Operand::Constant(constant) => Text::Constant(self.word(constant)),
            Operand::Arithmetic(..) => Text::Constant(self.word_of("")),
        };
        index_of(&mut self.texts, &mut self.plan.texts, text)
    }

    fn word(&mut self, constant: &Constant) -> Index {
        match &constant.value {
            Value::Text(text) => self.word_of(text),
            _ => self.word_of(""),
        }
    }

    fn word_of(&mut self, text: &str) -> Index {
        index_of(&mut self.constants, &mut self.plan.constants, text.into())
    }

    /// An operand that is true or false.
    fn flag(&mut self, operand: &Operand) -> Index {
        let step = match operand {
            Operand::Reading(reading) => Step::Flag(self.cell(reading)),
            Operand::OrElse(a, b) => Step::OrElse(self.flag(a), self.flag(b)),
            Operand::Constant(constant) => Step::Constant(constant.value == Value::Bool(true)),
            Operand::Arithmetic(..) => Step::Never,
        };
        self.step(step)
    }

    fn present(&mut self, operand: &Operand) -> Index {
        let step = match operand {
            Operand::Constant(constant) => Step::Constant(constant.value != Value::Missing),
            Operand::OrElse(a, b) => Step::Or(self.present(a), self.present(b)),
            Operand::Arithmetic(..) => Step::PresentNumber(self.number(operand)),
            Operand::Reading(reading) => match reading.field.get().kind {
                Kind::Number | Kind::Integer | Kind::Instant => {
                    Step::PresentNumber(self.number(operand))
                }
                Kind::Text | Kind::Enum => Step::PresentText(self.text(operand)),
                Kind::Bool => Step::Known(self.flag(operand)),
                Kind::List => Step::PresentList(self.cell(reading)),
            },
        };
        self.step(step)
    }

    fn contains(&mut self, whole: &Operand, part: &Operand) -> Index {
        let step = match whole {
            Operand::Constant(Constant {
                value: Value::List(items),
                ..
            }) => return self.one_of(items, part),
            Operand::Reading(reading) if reading.field.get().kind == Kind::List => {
                Step::ListHolds(self.cell(reading), self.text(part))
            }
            whole => Step::TextHolds(self.text(whole), self.text(part)),
        };
        self.step(step)
    }

    /// A reading among constants: those of its own kind; the others it never equals.
    fn one_of(&mut self, items: &[Value], part: &Operand) -> Index {
        let step = if is_text(part) {
            let text = |item: &Value| match item {
                Value::Text(text) => Some(Box::from(&**text)),
                _ => None,
            };
            let texts: Box<[Box<str>]> = items.iter().filter_map(text).collect();
            let among = &mut self.plan.among;
            let list = *self.among.entry(texts).or_insert_with_key(|texts| {
                among.push(Among::of(texts));
                among.len() as Index - 1
            });
            Step::TextIn(self.text(part), list)
        } else {
            let mut numbers: Vec<f64> = items.iter().filter_map(exact::double).collect();
            numbers.sort_by(f64::total_cmp);
            let bits = numbers.iter().map(|number| number.to_bits()).collect();
            let lists = &mut self.plan.among_numbers;
            let list = *self.among_numbers.entry(bits).or_insert_with(|| {
                lists.push(numbers.into());
                lists.len() as Index - 1
            });
            Step::NumberIn(self.number(part), list)
        };
        self.step(step)
    }
}

/// What an `||` joins, at any depth.
fn alternatives<'t>(truth: &'t Truth, into: &mut Vec<&'t Truth>) {
    match truth {
        Truth::Or(a, b) => {
            alternatives(a, into);
            alternatives(b, into);
        }
        part => into.push(part),
    }
}

/// Whether an operand is a text; what is compared is a number else.
fn is_text(operand: &Operand) -> bool {
    match operand {
        Operand::Constant(constant) => matches!(constant.value, Value::Text(_)),
        Operand::Reading(reading) => matches!(reading.field.get().kind, Kind::Text | Kind::Enum),
        Operand::Arithmetic(..) => false,
        Operand::OrElse(first, _) => is_text(first),
    }
}

/// A number that no document changes.
fn constant(operand: &Operand) -> Option<f64> {
    match operand {
        Operand::Constant(constant) => exact::double(&constant.value),
        _ => None,
    }
}
