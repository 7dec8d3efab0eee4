//! A followed closure to the form that runs natively, or where and why it cannot.
//!
//! Only what cannot fail is taken: if the interpreter could answer with an error on some
//! document, or if the kind or the unit of a value depends on the document, the closure is left
//! to it.
//!
//! It judges nothing for its author: what is wrong with a rule is `typing`'s to say.

use std::sync::Arc;

use crate::rules::compare::Op;
use crate::rules::expr::Spot;
use crate::rules::fields::{FieldId, Link};
use crate::rules::typed::{Typed, TypedKind};
use crate::rules::value::{Limit, Value};

use super::part::{
    Always, MOST_IN_ONE, Part, Sort, Taken, Term, arithmetic, constant, few, first_there, fit,
    fixed, negate, outcome, refuse, settled, within,
};
use super::tree::{Constant, Key, Operand, Reading, Truth};

/// No closure names more readings than this: beyond, reasons would be cut off.
const MOST_READINGS: usize = 64;

/// A closure that says whether.
pub(super) fn truth(typed: &Typed) -> Taken<Truth> {
    let (truth, readings) = said(typed)?;
    few(typed.spot, readings, MOST_READINGS)?;
    Ok(truth)
}

/// A closure that says what tells findings apart.
pub(super) fn key(typed: &Typed) -> Taken<Key> {
    let TypedKind::List(items) = &typed.kind else {
        return Ok(Key::One(term(typed)?.operand));
    };
    let part = |item: &Typed| match item.kind {
        TypedKind::List(_) => refuse(item.spot, "a list within a list"),
        _ => Ok(term(item)?.operand),
    };
    items
        .iter()
        .map(part)
        .collect::<Taken<_>>()
        .map(Key::Several)
}

/// A closure that measures.
pub(super) fn number(typed: &Typed) -> Taken<Operand> {
    Ok(of_sort(typed, Sort::Number)?.operand)
}

fn part(typed: &Typed) -> Taken<Part> {
    use TypedKind as K;
    let spot = typed.spot;
    match &typed.kind {
        K::Object(way) => Ok(Part::Object(Arc::clone(way))),
        K::Reading(way, field) => Ok(reading(way, *field)),
        K::Limit(written) => limit(written, spot),
        K::Constant(Value::Missing) => refuse(spot, "`()`"),
        K::Constant(value) => constant(value.clone(), spot),
        K::List(items) => list(items, spot),
        K::Arithmetic(op, a, b) => arithmetic(*op, term(a)?, term(b)?, spot),
        K::Negate(a) => negate(term(a)?, spot),
        K::Compare(op, a, b) => compare(*op, term(a)?, term(b)?, spot),
        K::Contains(whole, part) => contains(term(whole)?, term(part)?, spot),
        K::And(a, b) => join(a, b, Truth::And),
        K::Or(a, b) => join(a, b, Truth::Or),
        K::Not(a) => {
            let (plain, truth, readings) = asked(a)?;
            Ok(outcome(Truth::Not(Box::new(truth)), plain, readings))
        }
        K::Has(a) => has(a),
        K::Note(a) => {
            let Part::Truth {
                truth, readings, ..
            } = has(a)?
            else {
                return refuse(spot, "`note` of this");
            };
            Ok(outcome(
                Truth::Note(Box::new(truth)),
                Always::Depends,
                readings,
            ))
        }
        K::Guard(a) => {
            let (_, truth, readings) = asked(a)?;
            Ok(outcome(Truth::Guard(Box::new(truth)), Always::No, readings))
        }
        K::Certain(a) => {
            let (_, truth, readings) = asked(a)?;
            Ok(outcome(
                Truth::Certain(Box::new(truth)),
                Always::Yes,
                readings,
            ))
        }
        K::OrElse(a, b) => or_else(a, b, spot),
        K::If(condition, then, other) => choose(condition, then, other),
        K::InWords(_) | K::Words(_) => refuse(spot, "a text that is put together"),
    }
}

fn reading(way: &Arc<[Link]>, field: FieldId) -> Part {
    Part::Operand(Term {
        operand: Operand::Reading(Reading {
            way: Arc::clone(way),
            field,
        }),
        sort: Sort::of(field.get().kind),
        unit: Some(field.get().unit),
        plain: Always::No,
        measured: Always::Yes,
        percent: false,
        no_number: false,
        readings: 1,
    })
}

fn limit(limit: &Limit, spot: Spot) -> Taken<Part> {
    let constant = Constant {
        value: limit.value.clone(),
        unit: limit.unit,
        name: limit.name.clone(),
        percent: limit.percent,
    };
    fixed(constant, Always::No, spot)
}

fn list(items: &[Typed], spot: Spot) -> Taken<Part> {
    let values: Vec<Value> = items
        .iter()
        .map(|item| match term(item)?.operand {
            Operand::Constant(constant) if !matches!(constant.value, Value::List(_)) => {
                Ok(constant.value)
            }
            _ => refuse(item.spot, "a list of more than constants"),
        })
        .collect::<Taken<_>>()?;
    constant(Value::List(values.into()), spot)
}

fn term(typed: &Typed) -> Taken<Term> {
    match part(typed)? {
        Part::Operand(term) => Ok(term),
        Part::Object(..) => refuse(typed.spot, "an object that is taken for a value"),
        Part::Truth { .. } => refuse(typed.spot, "an outcome that is taken for a value"),
    }
}

fn of_sort(typed: &Typed, sort: Sort) -> Taken<Term> {
    let term = term(typed)?;
    if term.sort == sort {
        Ok(term)
    } else {
        refuse(
            typed.spot,
            format!("{} for {}", term.sort.name(), sort.name()),
        )
    }
}

/// What a part says as a truth, and how many readings it has.
fn said(typed: &Typed) -> Taken<(Truth, usize)> {
    asked(typed).map(|(_, truth, readings)| (truth, readings))
}

fn asked(typed: &Typed) -> Taken<(Always, Truth, usize)> {
    part(typed)?.asked(typed.spot)
}

fn join(a: &Typed, b: &Typed, join: impl Fn(Box<Truth>, Box<Truth>) -> Truth) -> Taken<Part> {
    let (plain_a, a, in_a) = asked(a)?;
    let (plain_b, b, in_b) = asked(b)?;
    let plain = match (plain_a, plain_b) {
        (Always::No, _) | (_, Always::No) => Always::No,
        (a, b) => a.both(b),
    };
    Ok(outcome(join(Box::new(a), Box::new(b)), plain, in_a + in_b))
}

fn has(typed: &Typed) -> Taken<Part> {
    Ok(match part(typed)? {
        Part::Object(way) => outcome(Truth::Leads(way), Always::No, 0),
        Part::Operand(term) => {
            few(typed.spot, term.readings, MOST_IN_ONE)?;
            outcome(Truth::Present(term.operand), Always::No, term.readings)
        }
        Part::Truth { measured: true, .. } => {
            return refuse(
                typed.spot,
                "`has` of a comparison or a reading, by document",
            );
        }
        Part::Truth {
            truth,
            plain,
            readings,
            ..
        } => {
            let plain = match plain {
                Always::Yes => Always::No,
                Always::No => Always::Yes,
                Always::Depends => Always::Depends,
            };
            outcome(Truth::Known(Box::new(truth)), plain, readings)
        }
    })
}

fn or_else(a: &Typed, b: &Typed, spot: Spot) -> Taken<Part> {
    let measured = |part: &Part| match part {
        Part::Truth { measured, .. } => *measured,
        Part::Operand(term) => term.measured != Always::No,
        Part::Object(..) => false,
    };
    match (part(a)?, part(b)?) {
        (Part::Object(..), _) | (_, Part::Object(..)) => refuse(spot, "`??` of objects"),
        (Part::Operand(first), Part::Operand(_))
            if matches!(first.operand, Operand::Constant(_)) =>
        {
            Ok(Part::Operand(first))
        }
        (Part::Operand(first), Part::Operand(_)) if first.no_number => {
            refuse(spot, "`??` behind a limit that may be no number")
        }
        (Part::Operand(first), Part::Operand(second)) => {
            Ok(Part::Operand(first_there(first, second)))
        }
        (first, second) => {
            let measured = measured(&first) || measured(&second);
            let (plain_a, a, in_a) = first.asked(a.spot)?;
            let (plain_b, b, in_b) = second.asked(b.spot)?;
            Ok(Part::Truth {
                truth: Truth::OrElse(Box::new(a), Box::new(b)),
                plain: plain_a.both(plain_b),
                measured,
                readings: in_a + in_b,
            })
        }
    }
}

fn choose(condition: &Typed, then: &Typed, other: &Typed) -> Taken<Part> {
    let (plain, decides, in_condition) = asked(condition)?;
    if plain != Always::Yes {
        return refuse(condition.spot, "an `if` over what may be unknown");
    }
    let (plain_a, a, in_a) = asked(then)?;
    let (plain_b, b, in_b) = asked(other)?;
    Ok(Part::Truth {
        truth: Truth::If(Box::new(decides), Box::new(a), Box::new(b)),
        plain: plain_a.both(plain_b),
        measured: true,
        readings: in_condition + in_a + in_b,
    })
}

fn compare(op: Op, mut a: Term, mut b: Term, spot: Spot) -> Taken<Part> {
    fit(&mut a, &b, spot)?;
    fit(&mut b, &a, spot)?;
    let equality = matches!(op, Op::Equal | Op::NotEqual);
    match (a.sort, b.sort) {
        (Sort::Number, Sort::Number) => {}
        (Sort::Text, Sort::Text) | (Sort::Bool, Sort::Bool) if equality => {}
        (x, y) => {
            let reason = format!("`{}` between {} and {}", op.symbol(), x.name(), y.name());
            return refuse(spot, reason);
        }
    }
    let readings = within(&a, &b, spot)?;
    if let (Operand::Constant(x), Operand::Constant(y)) = (&a.operand, &b.operand) {
        return Ok(settled(op, &x.value, &y.value));
    }
    let plain = if a.measured == Always::Yes || b.measured == Always::Yes {
        Always::No
    } else {
        Always::Depends
    };
    let truth = if a.sort == Sort::Bool {
        Truth::Same(op, a.operand, b.operand)
    } else {
        Truth::Compare(op, a.operand, b.operand)
    };
    Ok(outcome(truth, plain, readings))
}

fn contains(whole: Term, part: Term, spot: Spot) -> Taken<Part> {
    let direct = matches!(whole.operand, Operand::Constant(_) | Operand::Reading(_));
    let fits = match (whole.sort, part.sort) {
        (Sort::Text, Sort::Text) => true,
        // The record's own lists are of texts.
        (Sort::List, Sort::Text) => direct,
        (Sort::List, Sort::Number) => matches!(whole.operand, Operand::Constant(_)),
        _ => false,
    };
    let (x, y) = (whole.sort.name(), part.sort.name());
    if !fits {
        return refuse(spot, format!("{y} in {x}"));
    }
    let readings = within(&whole, &part, spot)?;
    if let (Operand::Constant(_), Operand::Constant(_)) = (&whole.operand, &part.operand) {
        return refuse(spot, "a constant in a constant");
    }
    let plain = if whole.measured == Always::Yes || part.measured == Always::Yes {
        Always::No
    } else {
        Always::Depends
    };
    let truth = Truth::Contains(whole.operand, part.operand);
    Ok(outcome(truth, plain, readings))
}
