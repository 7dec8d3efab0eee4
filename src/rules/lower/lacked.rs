//! Which readings were lacked where a rule could not tell, for all places at once.
//!
//! Follows the steps from a rule's own down to what was missing, along those that were unknown.
//!
//! It decides no verdict: that is [`block`](super::block)'s, whose marks it reads.

use crate::rules::facts::Facts;
use crate::rules::fields::FieldId;

use super::block::Block;
use super::plan::{Index, Number, Plan, Step, Text};

impl Block {
    /// The readings whose absence leaves a step unknown at some of `places`, by field.
    pub(super) fn lacked(
        &self,
        step: Index,
        places: u64,
        plan: &Plan,
        facts: &Facts,
        tell: &mut impl FnMut(FieldId),
    ) {
        let places = places & !self.marks(step).known();
        if places == 0 {
            return;
        }
        match plan.steps[step as usize] {
            Step::Flag(cell) => tell(cell.field),
            Step::NumberIs(_, number, _) | Step::NumberIn(number, _) => {
                self.numbers_lacked(number, places, plan, tell);
            }
            Step::AnyNumber(list) => {
                for bound in &plan.bounds[list as usize] {
                    self.numbers_lacked(bound.number, places, plan, tell);
                }
            }
            Step::Numbers(_, a, b) => {
                self.numbers_lacked(a, places, plan, tell);
                self.numbers_lacked(b, places, plan, tell);
            }
            Step::TextIs(text, _) | Step::TextIn(text, _) => {
                self.texts_lacked(text, places, plan, tell);
            }
            Step::Texts(a, b) | Step::TextHolds(a, b) => {
                self.texts_lacked(a, places, plan, tell);
                self.texts_lacked(b, places, plan, tell);
            }
            Step::ListHolds(cell, part) => {
                if places & !self.list_present(cell, facts) != 0 {
                    tell(cell.field);
                }
                self.texts_lacked(part, places, plan, tell);
            }
            Step::Not(a) => self.lacked(a, places, plan, facts, tell),
            Step::And(a, b) | Step::Or(a, b) | Step::Same(a, b) => {
                self.lacked(a, places, plan, facts, tell);
                self.lacked(b, places, plan, facts, tell);
            }
            // The first said nothing, so the second was asked.
            Step::OrElse(_, b) => self.lacked(b, places, plan, facts, tell),
            Step::If(condition, then, other) => {
                let condition = self.marks(condition);
                self.lacked(then, places & condition.yes, plan, facts, tell);
                self.lacked(other, places & condition.no, plan, facts, tell);
            }
            Step::Constant(_)
            | Step::Never
            | Step::PresentNumber(_)
            | Step::PresentText(_)
            | Step::PresentList(_)
            | Step::Leads(_)
            | Step::Known(_)
            | Step::Certain(_) => {}
        }
    }

    fn numbers_lacked(
        &self,
        number: Index,
        places: u64,
        plan: &Plan,
        tell: &mut impl FnMut(FieldId),
    ) {
        let places = places & !self.numbers_present(number);
        if places == 0 {
            return;
        }
        match plan.numbers[number as usize] {
            Number::Constant(_) => {}
            Number::Reading(cell) => tell(cell.field),
            Number::Arithmetic(_, a, b) => {
                self.numbers_lacked(a, places, plan, tell);
                self.numbers_lacked(b, places, plan, tell);
            }
            Number::OrElse(_, b) => self.numbers_lacked(b, places, plan, tell),
        }
    }

    fn texts_lacked(&self, text: Index, places: u64, plan: &Plan, tell: &mut impl FnMut(FieldId)) {
        let places = places & !self.texts_present(text);
        if places == 0 {
            return;
        }
        match plan.texts[text as usize] {
            Text::Constant(_) => {}
            Text::Reading(cell) => tell(cell.field),
            Text::OrElse(_, b) => self.texts_lacked(b, places, plan, tell),
        }
    }
}
