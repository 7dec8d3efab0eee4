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

use rhai::{Array, Dynamic};

use super::arithmetic;
use super::compare::{self, Comparison};
use super::condition::{self, Condition, is_condition};
use super::engine::{EVALUATION, Sandbox};
use super::facts::{Facts, ObjectId};
use super::fault::fault;
use super::fields::{FieldId, Link};
use super::object::{Handle, Property};
use super::outcome::{FaultKind, RuleFault};
use super::rule::Rule;
use super::truth::{self, Truth, Verdict};
use super::typed::{Typed, TypedKind};
use super::value::{Failure, Limit, Source, Value, failure};
use super::{RuleSet, expr};

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
        let mut walk = Walk {
            explainer: self,
            handle,
            limits,
            next: 0,
            matters: Some(true),
            seen: Vec::new(),
        };
        let value = walk.asked(when)?;
        let truth = Truth::of(&value)?;
        let mut seen = walk.seen;
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

/// One walk through one `when`.
struct Walk<'w> {
    explainer: &'w Explainer,
    handle: Handle,
    limits: &'w OtherLimits,
    /// the number of the next condition
    next: usize,
    matters: Option<bool>,
    seen: Vec<Seen>,
}

impl Walk<'_> {
    /// A part that is asked for one of three values; as the interpreter would have it.
    fn asked(&mut self, part: &Typed) -> Result<Dynamic, Failure> {
        use TypedKind as K;
        if is_condition(part, true) {
            return self.condition(part);
        }
        match &part.kind {
            K::And(a, b) => {
                let a = self.asked(a)?;
                let holds = known(Truth::of(&a)?.verdict);
                let b = self.only_if(holds, |walk| walk.asked(b))?;
                truth::and(&a, &b)
            }
            K::Or(a, b) => {
                let (a, b) = (self.asked(a)?, self.asked(b)?);
                truth::or(&a, &b)
            }
            K::OrElse(a, b) => self.or_else(a, b, true),
            K::If(condition, then, other) => self.branch(condition, then, other, true),
            _ => self.value(part),
        }
    }

    /// A part of which only the value counts.
    fn value(&mut self, part: &Typed) -> Result<Dynamic, Failure> {
        use TypedKind as K;
        if is_condition(part, false) {
            return self.condition(part);
        }
        Ok(match &part.kind {
            K::Object(links) => Dynamic::from(self.follow(links)?),
            K::Reading(links, field) => {
                let handle = self.follow(links)?;
                handle.get(&self.explainer.fields[field.index()])?
            }
            K::Limit(limit) => {
                let other = limit.name.as_deref().and_then(|name| self.limits.get(name));
                Dynamic::from(other.unwrap_or(limit).clone())
            }
            K::Constant(value) => plain(value),
            K::List(items) => {
                let items: Result<Array, Failure> =
                    items.iter().map(|item| self.value(item)).collect();
                items?.into()
            }
            K::Arithmetic(op, a, b) => {
                let (a, b) = (self.value(a)?, self.value(b)?);
                calculated(*op, &a, &b)?
            }
            K::Negate(a) => {
                let a = self.value(a)?;
                calculated(expr::Arithmetic::Subtract, &Dynamic::from(0_i64), &a)?
            }
            K::OrElse(a, b) => self.or_else(a, b, false)?,
            K::If(condition, then, other) => self.branch(condition, then, other, false)?,
            K::Not(a) => truth::not(&self.asked(a)?)?,
            K::Guard(a) => truth::guard(&self.asked(a)?)?,
            K::Certain(a) => truth::certain(&self.asked(a)?)?.into(),
            K::Has(a) => compare::has(&self.asked(a)?)?,
            K::Note(a) => truth::note(&self.value(a)?)?,
            K::And(..) | K::Or(..) => self.asked(part)?,
            K::InWords(a) => truth::in_words(&self.value(a)?).into(),
            K::Words(_) | K::Compare(..) | K::Contains(..) => {
                return Err(failure("a text is neither true nor false"));
            }
        })
    }

    fn condition(&mut self, part: &Typed) -> Result<Dynamic, Failure> {
        use TypedKind as K;
        let number = self.next;
        self.next += 1;
        let value = match &part.kind {
            K::Compare(op, a, b) => {
                let (a, b) = (self.value(a)?, self.value(b)?);
                compare::compare(*op, &a, &b)?
            }
            K::Contains(whole, part) => {
                let (whole, part) = (self.value(whole)?, self.value(part)?);
                compare::contains(&whole, &part)?
            }
            K::Has(of) => compare::has(&self.value(of)?)?,
            K::Reading(links, field) => {
                let handle = self.follow(links)?;
                handle.get(&self.explainer.fields[field.index()])?
            }
            _ => self.value(part)?,
        };
        let truth = Truth::of(&value)?;
        self.seen.push(Seen {
            condition: Some(number),
            said: known(truth.verdict),
            matters: self.matters,
            decides: false,
            comparison: truth.comparisons().into_iter().next(),
            missing: truth.missing().collect(),
        });
        Ok(value)
    }

    /// `a ?? b`: `b` matters where `a` is missing.
    fn or_else(&mut self, a: &Typed, b: &Typed, asked: bool) -> Result<Dynamic, Failure> {
        let a = self.part(a, asked)?;
        let present = !truth::is_absent(&a);
        let b = self.only_if(Some(!present), |walk| walk.part(b, asked))?;
        Ok(truth::or_else(a, b))
    }

    /// `if`: one of its branches is not asked at all.
    fn branch(
        &mut self,
        condition: &Typed,
        then: &Typed,
        other: &Typed,
        asked: bool,
    ) -> Result<Dynamic, Failure> {
        let holds = self.asked(condition)?;
        let holds = holds
            .as_bool()
            .map_err(|_| failure("a comparison with a reading may be unknown, so `if` cannot take it"))?;
        if holds {
            let value = self.part(then, asked);
            self.next += condition::count(other, asked);
            value
        } else {
            self.next += condition::count(then, asked);
            self.part(other, asked)
        }
    }

    fn part(&mut self, part: &Typed, asked: bool) -> Result<Dynamic, Failure> {
        if asked {
            self.asked(part)
        } else {
            self.value(part)
        }
    }

    /// Asks what matters only if something else holds.
    fn only_if<T>(&mut self, holds: Option<bool>, ask: impl FnOnce(&mut Self) -> T) -> T {
        let outer = self.matters;
        self.matters = match (outer, holds) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        };
        let asked = ask(self);
        self.matters = outer;
        asked
    }

    fn follow(&self, links: &[Link]) -> Result<Handle, Failure> {
        let mut handle = self.handle.clone();
        for link in links {
            let next = handle.get(&self.explainer.links[*link as usize])?;
            handle = next
                .try_cast::<Handle>()
                .ok_or_else(|| failure("a link that leads to no object"))?;
        }
        Ok(handle)
    }
}

/// A value as the interpreter holds it.
fn plain(value: &Value) -> Dynamic {
    match value {
        Value::Missing => Dynamic::UNIT,
        Value::Number(value) => (*value).into(),
        Value::Integer(value) => (*value).into(),
        Value::Bool(value) => (*value).into(),
        Value::Text(text) => text.to_string().into(),
        Value::List(items) => items.iter().map(plain).collect::<Array>().into(),
    }
}

/// Arithmetic as the interpreter has it: ours with readings and limits, Rhai's with plain numbers.
fn calculated(op: expr::Arithmetic, a: &Dynamic, b: &Dynamic) -> Result<Dynamic, Failure> {
    use expr::Arithmetic as A;
    if let (Ok(x), Ok(y)) = (a.as_int(), b.as_int()) {
        let value = match op {
            A::Add => x.checked_add(y),
            A::Subtract => x.checked_sub(y),
            A::Multiply => x.checked_mul(y),
            A::Divide => x.checked_div(y),
            A::Remainder => x.checked_rem(y),
        };
        return value
            .map(Dynamic::from)
            .ok_or_else(|| failure("the number is too large, or divided by zero"));
    }
    let number = |value: &Dynamic| value.as_float().or(value.as_int().map(|it| it as f64)).ok();
    if let (Some(x), Some(y)) = (number(a), number(b)) {
        return Ok(match op {
            A::Add => x + y,
            A::Subtract => x - y,
            A::Multiply => x * y,
            A::Divide => x / y,
            A::Remainder => x % y,
        }
        .into());
    }
    arithmetic::arithmetic(op.symbol(), a, b)
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

    fn when_typed(&self) -> Result<&Typed, expr::Unfollowed> {
        let body = self.bodies().iter().find(|body| body.key == "when");
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
