//! A walk through a `when`, part by part, with the interpreter's own operators.
//!
//! Both sides of `&&`, `||` and `??` are asked, as the interpreter asks them; what does not matter
//! is marked so. What it cannot take is a failure, never a guess.

use rhai::{Array, Dynamic};

use super::{Explainer, OtherLimits, Seen, known};
use crate::rules::arithmetic;
use crate::rules::compare;
use crate::rules::condition::{self, is_condition};
use crate::rules::expr;
use crate::rules::fields::Link;
use crate::rules::object::Handle;
use crate::rules::truth::{self, Truth};
use crate::rules::typed::{Typed, TypedKind};
use crate::rules::value::{Failure, Value, failure};

/// One walk through one `when`.
pub(super) struct Walk<'w> {
    explainer: &'w Explainer,
    handle: Handle,
    limits: &'w OtherLimits,
    /// the number of the next condition
    next: usize,
    matters: Option<bool>,
    seen: Vec<Seen>,
}

impl<'w> Walk<'w> {
    /// What a `when` comes to, and its conditions in the order in which they were asked.
    pub(super) fn through(
        when: &Typed,
        explainer: &'w Explainer,
        handle: Handle,
        limits: &'w OtherLimits,
    ) -> Result<(Dynamic, Vec<Seen>), Failure> {
        let mut walk = Walk {
            explainer,
            handle,
            limits,
            next: 0,
            matters: Some(true),
            seen: Vec::new(),
        };
        let value = walk.asked(when)?;
        Ok((value, walk.seen))
    }

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
        let holds = holds.as_bool().map_err(|_| {
            failure("a comparison with a reading may be unknown, so `if` cannot take it")
        })?;
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
