//! A plan's answers for up to 64 places at once: each column one word of bits.
//!
//! A place is a bit. A step has two words, where it is true and where it is false; a bit in
//! neither is unknown. So `&&`, `||` and `!` are a few instructions for all places together.
//!
//! Numbers are doubles, and a missing one is NaN. Where a double cannot stand for a reading the
//! place is [doubted](Block::doubt), and [`reasons`](super::reasons) decides it.

use crate::rules::compare::Op;
use crate::rules::facts::{Facts, ObjectId, Stored};

use super::among::among;
use super::column::{Numbers, compared, mask};
use super::exact::{self, EXACT};
use super::plan::{Cell, Index, Number, Plan, Step, Text};

/// How many places are answered at once.
pub(super) const PLACES: usize = 64;

const NOWHERE: u32 = u32::MAX;
/// A text that is the plan's own.
const OWN: u32 = 1 << 31;

/// Where a step is true, and where it is false.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    pub(crate) yes: u64,
    pub(crate) no: u64,
}

impl Marks {
    pub(super) fn known(self) -> u64 {
        self.yes | self.no
    }
}

#[derive(Clone, Copy, Debug)]
struct Texts {
    /// Which reading of the document, or which constant.
    at: [u32; PLACES],
    present: u64,
}

/// The answers to one plan; its memory is kept from block to block.
#[derive(Debug)]
pub(super) struct Block {
    /// A bit for each place that there is.
    pub(super) all: u64,
    /// Places with a number that a double cannot hold.
    pub(super) doubt: u64,
    count: usize,
    /// Where the readings of the object at the end of each way begin.
    rows: Vec<[u32; PLACES]>,
    objects: Vec<[u32; PLACES]>,
    numbers: Vec<Numbers>,
    texts: Vec<Texts>,
    steps: Vec<Marks>,
}

impl Block {
    /// Room for the answers to a plan.
    pub(super) fn new(plan: &Plan) -> Block {
        let column = |number: &Number| match number {
            Number::Constant(bits) => f64::from_bits(*bits),
            _ => f64::NAN,
        };
        let numbers = plan
            .numbers
            .iter()
            .map(|number| Numbers::new(column(number)));
        Block {
            all: 0,
            doubt: 0,
            count: 0,
            rows: vec![[NOWHERE; PLACES]; plan.ways.len()],
            objects: vec![[NOWHERE; PLACES]; plan.ways.len()],
            numbers: numbers.collect(),
            texts: vec![
                Texts {
                    at: [NOWHERE; PLACES],
                    present: 0
                };
                plan.texts.len()
            ],
            steps: vec![Marks::default(); plan.steps.len()],
        }
    }

    /// Answers everything for these places, which are no more than [`PLACES`].
    pub(super) fn run(&mut self, plan: &Plan, facts: &Facts, places: &[ObjectId]) {
        self.count = places.len().min(PLACES);
        self.all = if self.count == PLACES {
            u64::MAX
        } else {
            (1 << self.count) - 1
        };
        self.doubt = 0;
        self.ways(plan, facts, places);
        for (at, number) in plan.numbers.iter().enumerate() {
            self.number(at, *number, facts);
        }
        for (at, text) in plan.texts.iter().enumerate() {
            self.text(at, *text, facts);
        }
        for (at, step) in plan.steps.iter().enumerate() {
            self.steps[at] = self.step(*step, plan, facts);
        }
    }

    /// The answers of a step.
    pub(super) fn marks(&self, step: Index) -> Marks {
        self.steps[step as usize]
    }

    pub(super) fn numbers_present(&self, number: Index) -> u64 {
        self.numbers[number as usize].present
    }

    pub(super) fn texts_present(&self, text: Index) -> u64 {
        self.texts[text as usize].present
    }

    fn ways(&mut self, plan: &Plan, facts: &Facts, places: &[ObjectId]) {
        for (place, object) in places.iter().enumerate().take(PLACES) {
            self.objects[0][place] = object.index() as u32;
            self.rows[0][place] = facts.row(object.index());
        }
        for (at, (parent, slot)) in plan.ways.iter().enumerate().skip(1) {
            for place in 0..self.count {
                let from = self.objects[*parent as usize][place];
                let to = facts.linked(from, *slot as usize);
                self.objects[at][place] = to;
                self.rows[at][place] = facts.row(to as usize);
            }
        }
    }

    fn number(&mut self, at: usize, number: Number, facts: &Facts) {
        let count = self.count;
        let (before, rest) = self.numbers.split_at_mut(at);
        let Some(column) = rest.first_mut() else {
            return;
        };
        match number {
            Number::Constant(_) => {}
            Number::Reading(cell) => {
                let rows = &self.rows[cell.way as usize];
                let values = column.values[..count].iter_mut();
                for (place, (value, row)) in values.zip(rows).enumerate() {
                    *value = match facts.stored(*row, cell.slot) {
                        Stored::Number(value) => value,
                        Stored::Integer(whole) => {
                            self.doubt |= u64::from(!exact::is_exact(whole)) << place;
                            whole as f64
                        }
                        _ => f64::NAN,
                    };
                }
            }
            Number::Arithmetic(op, a, b) => {
                let (a, b) = (&before[a as usize].values, &before[b as usize].values);
                let values = column.values[..count].iter_mut();
                for (place, (value, (a, b))) in values.zip(a.iter().zip(b)).enumerate() {
                    let result = exact::doubles(op, *a, *b);
                    let finite = result.is_finite();
                    // Whole numbers are calculated exactly as long as no result is larger.
                    self.doubt |= u64::from(finite && result.abs() >= EXACT) << place;
                    *value = if finite { result } else { f64::NAN };
                }
            }
            Number::OrElse(a, b) => {
                let (a, b) = (&before[a as usize].values, &before[b as usize].values);
                let values = column.values[..count].iter_mut();
                for (value, (a, b)) in values.zip(a.iter().zip(b)) {
                    *value = if a.is_nan() { *b } else { *a };
                }
            }
        }
        column.survey(count);
    }

    fn text(&mut self, at: usize, text: Text, facts: &Facts) {
        let count = self.count;
        let (before, rest) = self.texts.split_at_mut(at);
        let Some(column) = rest.first_mut() else {
            return;
        };
        match text {
            Text::Constant(constant) => column.at = [OWN | constant; PLACES],
            Text::Reading(cell) => {
                let rows = &self.rows[cell.way as usize];
                for (value, row) in column.at[..count].iter_mut().zip(rows) {
                    let there = matches!(facts.stored(*row, cell.slot), Stored::Text(_));
                    *value = if there { *row + cell.slot } else { NOWHERE };
                }
            }
            Text::OrElse(a, b) => {
                let (a, b) = (&before[a as usize].at, &before[b as usize].at);
                for (value, (a, b)) in column.at[..count].iter_mut().zip(a.iter().zip(b)) {
                    *value = if *a == NOWHERE { *b } else { *a };
                }
            }
        }
        column.present = mask(&column.at, count, |at| at != NOWHERE);
    }

    fn step(&self, step: Step, plan: &Plan, facts: &Facts) -> Marks {
        let of = |index: Index| self.steps[index as usize];
        match step {
            Step::Constant(true) => self.among_all(self.all, self.all),
            Step::Constant(false) => self.among_all(self.all, 0),
            Step::Never => Marks::default(),
            Step::Flag(cell) => self.flag(cell, facts),
            Step::NumberIs(op, number, limit) => {
                let numbers = &self.numbers[number as usize];
                self.among_all(numbers.present, self.bound(op, numbers, limit))
            }
            Step::AnyNumber(list) => {
                let (mut yes, mut no) = (0, self.all);
                for bound in &plan.bounds[list as usize] {
                    let numbers = &self.numbers[bound.number as usize];
                    let held = numbers.present & self.bound(bound.op, numbers, bound.limit);
                    yes |= held;
                    no &= numbers.present & !held;
                }
                Marks { yes, no }
            }
            Step::Numbers(op, a, b) => {
                let (a, b) = (&self.numbers[a as usize], &self.numbers[b as usize]);
                let yes = compared(op, &a.values, self.count, |place| b.values[place]);
                self.among_all(a.present & b.present, yes)
            }
            Step::NumberIn(number, list) => {
                let numbers = &self.numbers[number as usize];
                let list = &plan.among_numbers[list as usize];
                let yes = mask(&numbers.values, self.count, |value| among(list, value));
                self.among_all(numbers.present, yes)
            }
            Step::TextIs(text, constant) => {
                let constant = &*plan.constants[constant as usize];
                self.texts_where(text, plan, facts, |text| text == constant)
            }
            Step::TextIn(text, list) => {
                let list = &plan.among[list as usize];
                self.texts_where(text, plan, facts, |text| list.has(text))
            }
            Step::Texts(a, b) => self.text_pairs(a, b, plan, facts, |a, b| a == b),
            Step::TextHolds(a, b) => {
                self.text_pairs(a, b, plan, facts, |whole, part| whole.contains(part))
            }
            Step::ListHolds(cell, part) => self.list_holds(cell, part, plan, facts),
            Step::PresentNumber(number) => {
                self.among_all(self.all, self.numbers[number as usize].present)
            }
            Step::PresentText(text) => self.among_all(self.all, self.texts[text as usize].present),
            Step::PresentList(cell) => self.among_all(self.all, self.list_present(cell, facts)),
            Step::Leads(way) => {
                let leads = mask(&self.objects[way as usize], self.count, |to| to != NOWHERE);
                self.among_all(self.all, leads)
            }
            Step::Same(a, b) => {
                let (a, b) = (of(a), of(b));
                Marks {
                    yes: (a.yes & b.yes) | (a.no & b.no),
                    no: (a.yes & b.no) | (a.no & b.yes),
                }
            }
            Step::Known(a) => self.among_all(self.all, of(a).known()),
            Step::Certain(a) => self.among_all(self.all, of(a).yes),
            Step::Not(a) => Marks {
                yes: of(a).no,
                no: of(a).yes,
            },
            Step::And(a, b) => Marks {
                yes: of(a).yes & of(b).yes,
                no: of(a).no | of(b).no,
            },
            Step::Or(a, b) => Marks {
                yes: of(a).yes | of(b).yes,
                no: of(a).no & of(b).no,
            },
            Step::OrElse(a, b) => {
                let (a, b) = (of(a), of(b));
                let unknown = !a.known();
                Marks {
                    yes: a.yes | (unknown & b.yes),
                    no: a.no | (unknown & b.no),
                }
            }
            Step::If(condition, then, other) => {
                let (condition, then, other) = (of(condition), of(then), of(other));
                Marks {
                    yes: (condition.yes & then.yes) | (condition.no & other.yes),
                    no: (condition.yes & then.no) | (condition.no & other.no),
                }
            }
        }
    }

    /// Where numbers that are there keep to a comparison; elsewhere anything.
    #[inline]
    fn bound(&self, op: Op, numbers: &Numbers, limit: u64) -> u64 {
        let limit = f64::from_bits(limit);
        match numbers.all_alike(op, limit) {
            Some(yes) => u64::from(yes).wrapping_neg(),
            None => compared(op, &numbers.values, self.count, |_| limit),
        }
    }

    /// True where `yes`, false elsewhere, among the places in `known`.
    fn among_all(&self, known: u64, yes: u64) -> Marks {
        Marks {
            yes: known & yes,
            no: known & !yes,
        }
    }

    fn flag(&self, cell: Cell, facts: &Facts) -> Marks {
        let rows = &self.rows[cell.way as usize];
        let mut marks = Marks::default();
        for (place, row) in rows[..self.count].iter().enumerate() {
            if let Stored::Bool(value) = facts.stored(*row, cell.slot) {
                marks.yes |= u64::from(value) << place;
                marks.no |= u64::from(!value) << place;
            }
        }
        marks
    }

    fn text_at<'t>(&self, at: u32, plan: &'t Plan, facts: &'t Facts) -> &'t str {
        if at & OWN != 0 {
            plan.constants
                .get((at & !OWN) as usize)
                .map_or("", |text| text)
        } else {
            facts.text_of(at)
        }
    }

    fn texts_where(
        &self,
        text: Index,
        plan: &Plan,
        facts: &Facts,
        holds: impl Fn(&str) -> bool,
    ) -> Marks {
        let texts = &self.texts[text as usize];
        let yes = mask(&texts.at, self.count, |at| {
            at != NOWHERE && holds(self.text_at(at, plan, facts))
        });
        self.among_all(texts.present, yes)
    }

    fn text_pairs(
        &self,
        a: Index,
        b: Index,
        plan: &Plan,
        facts: &Facts,
        holds: impl Fn(&str, &str) -> bool,
    ) -> Marks {
        let (a, b) = (&self.texts[a as usize], &self.texts[b as usize]);
        let both = a.present & b.present;
        let mut yes = 0;
        for place in ones(both) {
            let (a, b) = (a.at[place], b.at[place]);
            let holds = holds(self.text_at(a, plan, facts), self.text_at(b, plan, facts));
            yes |= u64::from(holds) << place;
        }
        self.among_all(both, yes)
    }

    pub(super) fn list_present(&self, cell: Cell, facts: &Facts) -> u64 {
        mask(&self.rows[cell.way as usize], self.count, |row| {
            matches!(facts.stored(row, cell.slot), Stored::List(_))
        })
    }

    fn list_holds(&self, cell: Cell, part: Index, plan: &Plan, facts: &Facts) -> Marks {
        let (rows, parts) = (&self.rows[cell.way as usize], &self.texts[part as usize]);
        let both = self.list_present(cell, facts) & parts.present;
        let mut yes = 0;
        for place in ones(both) {
            let part = self.text_at(parts.at[place], plan, facts);
            let mut items = facts.items_of(rows[place] + cell.slot);
            yes |= u64::from(items.any(|item| item == part)) << place;
        }
        self.among_all(both, yes)
    }
}

/// The places of a word's bits, ascending.
pub(crate) fn ones(mut word: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = (word != 0).then(|| word.trailing_zeros() as usize)?;
        word &= word - 1;
        Some(place)
    })
}
