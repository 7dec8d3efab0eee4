//! Why a rule said what it said of one place: its conditions one by one, and what each came to.
//!
//! An [`Explainer`] walks a rule's `when` and asks the interpreter's own comparisons and three-valued
//! logic, part by part, so that what is told is what happened. A `when` that cannot be followed is
//! interpreted as a whole; then only what decided is known.
//!
//! It can take other limits than the rule's own, for what they would change. It is the slow way: no
//! alert is made of it.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rhai::Dynamic;

use super::compare::Comparison;
use super::condition::{self, Condition};
use super::engine::{EVALUATION, Sandbox};
use super::facts::{Facts, ObjectId};
use super::fault::fault;
use super::fields::{FieldId, Link};
use super::object::{Handle, Property};
use super::outcome::{FaultKind, RuleFault};
use super::rule::Rule;
use super::truth::{Truth, Verdict};
use super::typed::Typed;
use super::value::{Failure, Limit, Source};
use super::{RuleSet, expr};
use walk::Walk;

mod walk;

/// What a rule said of one place.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// Its condition holds.
    Fired,
    /// It does not.
    Quiet,
    /// A reading that it needed is missing.
    Unknown,
    /// It broke.
    Broke(RuleFault),
}

/// What one condition came to.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Which of [`Rule::conditions`]; `None` if the rule cannot be followed.
    pub condition: Option<usize>,
    /// Whether it holds; `None` if that is unknown.
    pub said: Option<bool>,
    /// Whether what stands before it holds, so that it matters at all.
    pub matters: Option<bool>,
    /// Whether it is a reason for what the rule said.
    pub decides: bool,
    /// What was compared, as it holds. `None` if it is unknown, or if no reading took part.
    pub comparison: Option<Comparison>,
    /// The readings that were missing.
    pub missing: Vec<Source>,
}

/// What a rule said of one place, and why.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// What it said.
    pub said: Said,
    /// Its conditions, in the order in which they were asked.
    pub seen: Vec<Seen>,
}

/// Limits that are tried in place of a rule's own.
pub type OtherLimits = BTreeMap<String, Limit>;

/// Explains the rules of a set, on one thread.
pub struct Explainer {
    set: RuleSet,
    sandboxes: Vec<OnceCell<Sandbox>>,
    fields: Vec<Property>,
    links: Vec<Property>,
}

impl std::fmt::Debug for Explainer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Explainer")
            .field("rules", &self.set.rules().len())
            .finish()
    }
}

impl Explainer {
    pub(crate) fn new(set: RuleSet) -> Explainer {
        Explainer {
            sandboxes: set.packs().iter().map(|_| OnceCell::new()).collect(),
            fields: FieldId::all()
                .map(|field| Property::resolve(field.name()))
                .collect(),
            links: Link::ALL
                .iter()
                .map(|link| Property::resolve(link.name()))
                .collect(),
            set,
        }
    }

    /// The rules it explains.
    pub fn rules(&self) -> &RuleSet {
        &self.set
    }

    /// What the rule of that number says of an object, and why.
    pub fn explain(
        &self,
        rule: usize,
        facts: &Arc<Facts>,
        object: ObjectId,
        limits: &OtherLimits,
    ) -> Explanation {
        let Some(rule) = self.set.rules().get(rule) else {
            return Explanation {
                said: Said::Quiet,
                seen: Vec::new(),
            };
        };
        let handle = Handle {
            facts: facts.clone(),
            level: rule.level,
            object: Some(object),
        };
        let answer = catch_unwind(AssertUnwindSafe(|| match rule.when_typed() {
            Ok(when) => self.walked(when, handle, limits),
            Err(_) => self.interpreted(rule, handle),
        }));
        match answer {
            Ok(Ok(explanation)) => explanation,
            Ok(Err(error)) => {
                let source = self.set.sources().get(&rule.place.file);
                broke(fault(rule, source.map_or("", |text| text), &error))
            }
            Err(_) => broke(RuleFault {
                kind: FaultKind::Panic,
                message: "the rule brought the interpreter down".to_owned(),
                place: Some(rule.place.clone()),
            }),
        }
    }

    fn walked(
        &self,
        when: &Typed,
        handle: Handle,
        limits: &OtherLimits,
    ) -> Result<Explanation, Failure> {
        let (value, mut seen) = Walk::through(when, self, handle, limits)?;
        let truth = Truth::of(&value)?;
        let comparisons = truth.comparisons();
        let missing: Vec<Source> = truth.missing().collect();
        for seen in &mut seen {
            let compared = seen
                .comparison
                .as_ref()
                .is_some_and(|comparison| comparisons.contains(comparison));
            let lacked = seen.missing.iter().any(|source| missing.contains(source));
            seen.decides = seen.matters != Some(false)
                && match seen.said {
                    Some(_) => compared,
                    None => lacked,
                };
        }
        Ok(Explanation {
            said: said(truth.verdict),
            seen,
        })
    }

    fn interpreted(&self, rule: &Rule, handle: Handle) -> Result<Explanation, Failure> {
        let sandbox = self.sandboxes[rule.pack]
            .get_or_init(|| Sandbox::new(&self.set.packs()[rule.pack].limits));
        sandbox.deadline.allow(EVALUATION);
        let value = rule
            .when
            .call::<Dynamic>(&sandbox.engine, &rule.ast, (handle,))?;
        let truth = Truth::of(&value)?;
        let held = truth.verdict == Verdict::True;
        let compared = truth.comparisons().into_iter().map(|comparison| Seen {
            condition: None,
            said: Some(held),
            matters: Some(true),
            decides: true,
            comparison: Some(comparison),
            missing: Vec::new(),
        });
        let lacked = truth.missing().map(|source| Seen {
            condition: None,
            said: None,
            matters: Some(true),
            decides: true,
            comparison: None,
            missing: vec![source],
        });
        Ok(Explanation {
            seen: compared.chain(lacked).collect(),
            said: said(truth.verdict),
        })
    }
}

fn broke(fault: RuleFault) -> Explanation {
    Explanation {
        said: Said::Broke(fault),
        seen: Vec::new(),
    }
}

fn said(verdict: Verdict) -> Said {
    match verdict {
        Verdict::True => Said::Fired,
        Verdict::False => Said::Quiet,
        Verdict::Unknown => Said::Unknown,
    }
}

fn known(verdict: Verdict) -> Option<bool> {
    match verdict {
        Verdict::True => Some(true),
        Verdict::False => Some(false),
        Verdict::Unknown => None,
    }
}

impl Rule {
    /// The comparisons of its `when`; why there are none to be seen, if it cannot be followed.
    ///
    /// # Errors
    ///
    /// What stands in it that cannot be followed, in words.
    pub fn conditions(&self, set: &RuleSet) -> Result<Vec<Condition>, String> {
        let when = self.when_typed().map_err(|unfollowed| unfollowed.reason)?;
        let source = set.sources().get(&self.place.file);
        let source = source.map_or("", |text| text);
        Ok(condition::conditions(when, &|(line, column)| {
            super::Place::of_word(&self.place.file, source, line, column)
        }))
    }

    /// The limits that its `when` names, each once, in the order in which they stand there.
    pub fn limit_names(&self) -> Vec<String> {
        self.when_typed().map(condition::limits).unwrap_or_default()
    }

    fn when_typed(&self) -> Result<&Typed, expr::Unfollowed> {
        let body = self.bodies.iter().find(|body| body.key == "when");
        match body.map(|body| &body.typed) {
            Some(Ok(typed)) => Ok(typed),
            Some(Err(unfollowed)) => Err(unfollowed.clone()),
            None => Err(expr::Unfollowed {
                spot: (self.place.line, self.place.column),
                reason: "a `when` that is not there".to_owned(),
            }),
        }
    }
}
