//! Rules at native speed: closures that were followed, compiled when rules load.
//!
//! [`Program`] asks all rules of a level about all places at once and says only where each is
//! true, false or unknown; evidence is made afterwards, for the places where a rule fired. What
//! cannot be compiled says where and why, and runs in the interpreter.
//!
//! Nothing here can fail on a document, and nothing here calls the interpreter: the two share
//! readings and no judgement, and must agree to the letter.

mod among;
mod block;
mod column;
mod exact;
mod lacked;
mod part;
mod plan;
mod read;
mod reasons;
mod tree;

use std::collections::BTreeMap;

use super::expr::{Spot, Unfollowed};
use super::facts::{Facts, ObjectId};
use super::fields::{FieldId, Level};
use super::layout::Layout;
use super::rule::Body;
use super::typed::Typed;

use block::{Block, PLACES};
use plan::{Index, Plan, Planner};

pub(crate) use block::Marks;
pub(crate) use block::ones;
pub(crate) use reasons::Place;
pub(crate) use tree::{Key, Operand, Reading, Truth};

/// What of a rule is compiled; where and why, if it is not.
#[derive(Clone, Debug)]
pub(crate) struct Native {
    pub(crate) when: Result<Truth, Unfollowed>,
    pub(crate) by: Option<Result<Key, Unfollowed>>,
}

impl Native {
    /// Compiles what can be compiled of a rule that is registered at `call`.
    pub(crate) fn of(bodies: &[Body], call: Spot) -> Native {
        let typed = |key| {
            let body = bodies.iter().find(|body| body.key == key)?;
            Some(body.typed.as_ref().map_err(Unfollowed::clone))
        };
        let unseen = || Unfollowed {
            spot: call,
            reason: "a closure out of sight".to_owned(),
        };
        Native {
            when: typed("when")
                .unwrap_or_else(|| Err(unseen()))
                .and_then(truth),
            by: typed("by").map(|by| by.and_then(key)),
        }
    }
}

/// A closure that says whether, compiled.
pub(crate) fn truth(typed: &Typed) -> Result<Truth, Unfollowed> {
    read::truth(typed)
}

/// A closure that tells findings apart, compiled.
pub(crate) fn key(typed: &Typed) -> Result<Key, Unfollowed> {
    read::key(typed)
}

/// A closure that measures, compiled.
pub(crate) fn number(typed: &Typed) -> Result<Operand, Unfollowed> {
    read::number(typed)
}

/// Compiled truths of several levels, to be asked together. Each has a number of its own.
#[derive(Debug, Default)]
pub(crate) struct Program {
    levels: Vec<Asked>,
}

#[derive(Debug)]
struct Asked {
    plan: Plan,
    /// What is asked, by number, and the step that answers it.
    questions: Vec<(usize, Index)>,
}

impl Program {
    /// Puts truths, each with its number and level, into one program.
    pub(crate) fn new<'t>(
        layout: &Layout,
        truths: impl IntoIterator<Item = (usize, Level, &'t Truth)>,
    ) -> Program {
        let mut truths_of: BTreeMap<Level, Vec<(usize, &Truth)>> = BTreeMap::new();
        for (number, level, truth) in truths {
            truths_of.entry(level).or_default().push((number, truth));
        }
        let asked = truths_of.into_iter().map(|(level, truths)| {
            let mut planner = Planner::new(level, layout);
            let question = |(number, truth)| (number, planner.truth(truth));
            let questions = truths.into_iter().map(question).collect();
            Asked {
                plan: planner.finish(),
                questions,
            }
        });
        Program {
            levels: asked.collect(),
        }
    }

    /// Room for the answers of one thread.
    pub(crate) fn answers(&self) -> Answers {
        Answers {
            blocks: self
                .levels
                .iter()
                .map(|asked| Block::new(&asked.plan))
                .collect(),
        }
    }

    /// Asks everything about the document, and tells the answers: for each question, in blocks of
    /// places in their order.
    pub(crate) fn ask(
        &self,
        facts: &Facts,
        answers: &mut Answers,
        mut tell: impl FnMut(usize, &Answer<'_>),
    ) {
        for (asked, block) in self.levels.iter().zip(&mut answers.blocks) {
            let objects = facts.objects(asked.plan.level);
            let mut before = 0;
            for places in objects.chunks(PLACES) {
                block.run(&asked.plan, facts, places);
                for (number, step) in &asked.questions {
                    let answer = Answer {
                        plan: &asked.plan,
                        block,
                        facts,
                        step: *step,
                        places,
                        before,
                        all: objects.len(),
                    };
                    tell(*number, &answer);
                }
                before += places.len();
            }
        }
    }
}

/// One thread's answers; the memory is kept from document to document.
#[derive(Debug)]
pub(crate) struct Answers {
    blocks: Vec<Block>,
}

/// What one question came to, for one block of places.
pub(crate) struct Answer<'a> {
    plan: &'a Plan,
    block: &'a Block,
    facts: &'a Facts,
    step: Index,
    /// The objects of the block.
    pub(crate) places: &'a [ObjectId],
    /// How many objects of the level stand before it.
    pub(crate) before: usize,
    /// How many the level has in all.
    pub(crate) all: usize,
}

impl Answer<'_> {
    /// A bit for each place of the block.
    pub(crate) fn everywhere(&self) -> u64 {
        self.block.all
    }

    /// Where it is true and where false; not to be believed where it is [doubted](Self::doubt).
    pub(crate) fn marks(&self) -> Marks {
        self.block.marks(self.step)
    }

    /// Places that must be asked one by one, since a number there is no double.
    pub(crate) fn doubt(&self) -> u64 {
        self.block.doubt
    }

    /// The readings that were lacked at some of these places.
    pub(crate) fn lacked(&self, places: u64, mut tell: impl FnMut(FieldId)) {
        self.block
            .lacked(self.step, places, self.plan, self.facts, &mut tell);
    }
}

#[cfg(test)]
mod tests;
