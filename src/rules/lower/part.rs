//! A part of a closure, and what holds for it on every document.
//!
//! Kinds, units, whether it comes from the record: enough to know that nothing can fail, and how
//! a limit written in `%` is to be read.
//!
//! It reads no tree: that is [`read`](super::read)'s.

use std::sync::Arc;

use crate::rules::compare::Op;
use crate::rules::expr::{Arithmetic, Spot, Unfollowed};
use crate::rules::fields::{Kind, Link, Unit};
use crate::rules::value::Value;

use super::exact;
use super::tree::{Constant, Operand, Truth};

/// No calculation has more readings than this: beyond, reasons would be cut off.
pub(super) const MOST_IN_ONE: usize = 16;

pub(super) type Taken<T> = Result<T, Unfollowed>;

pub(super) fn refuse<T>(spot: Spot, reason: impl Into<String>) -> Taken<T> {
    Err(Unfollowed {
        spot,
        reason: reason.into(),
    })
}

/// What is known before any document is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Always {
    Yes,
    No,
    Depends,
}

impl Always {
    pub(super) fn both(self, other: Always) -> Always {
        if self == other { self } else { Always::Depends }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Number,
    Text,
    Bool,
    List,
    /// One or the other, by document.
    Mixed,
}

impl Sort {
    pub(super) fn of(kind: Kind) -> Sort {
        match kind {
            Kind::Number | Kind::Integer | Kind::Instant => Sort::Number,
            Kind::Text | Kind::Enum => Sort::Text,
            Kind::Bool => Sort::Bool,
            Kind::List => Sort::List,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Sort::Number => "a number",
            Sort::Text => "a text",
            Sort::Bool => "true or false",
            Sort::List => "a list",
            Sort::Mixed => "one thing or another",
        }
    }
}

/// An operand, and what holds for it on every document.
pub(super) struct Term {
    pub(super) operand: Operand,
    pub(super) sort: Sort,
    /// `None`: it depends.
    pub(super) unit: Option<Unit>,
    /// A number that the language calculates with itself.
    pub(super) plain: Always,
    /// Comes from the record.
    pub(super) measured: Always,
    /// May be a limit that was written in `%`.
    pub(super) percent: bool,
    /// May be a limit that is no number, which `??` takes for one that is there.
    pub(super) no_number: bool,
    pub(super) readings: usize,
}

/// A closure's part, by what can be asked of it.
pub(super) enum Part {
    Object(Arc<[Link]>),
    Operand(Term),
    Truth {
        truth: Truth,
        /// A bool of the language itself, which `if` takes.
        plain: Always,
        /// May be a reading that is true or false.
        measured: bool,
        readings: usize,
    },
}

impl Part {
    /// What it says as a truth: whether that is a plain bool, the truth, and its readings.
    pub(super) fn asked(self, spot: Spot) -> Taken<(Always, Truth, usize)> {
        match self {
            Part::Truth {
                truth,
                plain,
                readings,
                ..
            } => Ok((plain, truth, readings)),
            Part::Operand(term) if term.sort == Sort::Bool => {
                Ok((term.plain, as_truth(term.operand), term.readings))
            }
            Part::Operand(term) => refuse(spot, format!("{} for true or false", term.sort.name())),
            Part::Object(..) => refuse(spot, "an object for true or false"),
        }
    }
}

pub(super) fn outcome(truth: Truth, plain: Always, readings: usize) -> Part {
    Part::Truth {
        truth,
        plain,
        measured: false,
        readings,
    }
}

pub(super) fn few(spot: Spot, readings: usize, most: usize) -> Taken<()> {
    if readings > most {
        return refuse(spot, format!("more than {most} readings"));
    }
    Ok(())
}

/// How many readings both sides have, if they are few enough for one comparison.
pub(super) fn within(a: &Term, b: &Term, spot: Spot) -> Taken<usize> {
    few(spot, a.readings, MOST_IN_ONE)?;
    few(spot, b.readings, MOST_IN_ONE)?;
    Ok(a.readings + b.readings)
}

/// A constant as an operand; one that a double cannot stand for is refused.
pub(super) fn fixed(constant: Constant, plain: Always, spot: Spot) -> Taken<Part> {
    let exact = |value: &Value| match value {
        Value::Integer(whole) => exact::is_exact(*whole),
        Value::Number(number) => number.is_finite(),
        _ => true,
    };
    let all = match &constant.value {
        Value::List(items) => items.iter().all(exact),
        value => exact(value),
    };
    if !all {
        return refuse(spot, "a number that is too large");
    }
    let sort = match &constant.value {
        Value::Missing | Value::Number(_) | Value::Integer(_) => Sort::Number,
        Value::Text(_) => Sort::Text,
        Value::Bool(_) => Sort::Bool,
        Value::List(_) => Sort::List,
    };
    Ok(Part::Operand(Term {
        sort,
        unit: Some(constant.unit),
        plain,
        measured: Always::No,
        percent: constant.percent.is_some(),
        no_number: constant.value == Value::Missing,
        readings: 0,
        operand: Operand::Constant(constant),
    }))
}

/// A comparison that no document changes.
pub(super) fn settled(op: Op, x: &Value, y: &Value) -> Part {
    let equal = match (x, y) {
        (Value::Text(x), Value::Text(y)) => Some(x == y),
        (Value::Bool(x), Value::Bool(y)) => Some(x == y),
        _ => None,
    };
    let holds = match equal {
        Some(equal) => Some(equal == (op == Op::Equal)),
        None => exact::order(x, y).map(|order| exact::satisfies(op, order)),
    };
    match holds {
        Some(value) => outcome(Truth::Constant(value), Always::Yes, 0),
        None => outcome(Truth::Never, Always::No, 0),
    }
}

/// Reads a limit that was written in `%` in hundredths, against what is in hundredths.
pub(super) fn fit(limit: &mut Term, other: &Term, spot: Spot) -> Taken<()> {
    if !limit.percent || other.unit.is_some_and(|unit| unit != Unit::Percent) {
        return Ok(());
    }
    match (&mut limit.operand, other.unit) {
        (Operand::Constant(constant), Some(Unit::Percent)) => {
            if let Some(percent) = constant.percent.take() {
                constant.value = Value::Number(percent);
                constant.unit = Unit::Percent;
            }
            limit.unit = Some(Unit::Percent);
            limit.percent = false;
            Ok(())
        }
        _ => refuse(spot, "a limit in `%` whose unit depends on the document"),
    }
}

/// `a ?? b` of two operands.
pub(super) fn first_there(first: Term, second: Term) -> Term {
    Term {
        sort: if first.sort == second.sort {
            first.sort
        } else {
            Sort::Mixed
        },
        unit: first.unit.filter(|_| first.unit == second.unit),
        plain: first.plain.both(second.plain),
        measured: first.measured.both(second.measured),
        percent: first.percent || second.percent,
        no_number: first.no_number || second.no_number,
        readings: first.readings + second.readings,
        operand: Operand::OrElse(Box::new(first.operand), Box::new(second.operand)),
    }
}

/// An operand that is true or false, as a truth.
pub(super) fn as_truth(operand: Operand) -> Truth {
    match operand {
        Operand::Reading(reading) => Truth::Reading(reading),
        Operand::Constant(Constant {
            value: Value::Bool(value),
            ..
        }) => Truth::Constant(value),
        Operand::OrElse(a, b) => Truth::OrElse(Box::new(as_truth(*a)), Box::new(as_truth(*b))),
        Operand::Constant(_) | Operand::Arithmetic(..) => Truth::Never,
    }
}

/// A calculation. What is calculated of plain numbers alone is the language's own.
pub(super) fn arithmetic(op: Arithmetic, a: Term, b: Term, spot: Spot) -> Taken<Part> {
    for side in [&a, &b] {
        if side.sort != Sort::Number {
            return refuse(spot, format!("`{}` of {}", op.symbol(), side.sort.name()));
        }
    }
    if a.plain != Always::No && b.plain != Always::No {
        // Whole numbers are divided and overflow in the language's own way.
        return refuse(spot, "a calculation with nothing but plain numbers");
    }
    let unit = match (a.unit, b.unit) {
        (Some(a), Some(b)) => Some(exact::unit(op, a, b)),
        _ => None,
    };
    if let (Operand::Constant(x), Operand::Constant(y)) = (&a.operand, &b.operand) {
        let value = exact::calculate(op, &x.value, &y.value);
        let unit = exact::unit(op, x.unit, y.unit);
        let percent = (unit == Unit::Ratio && (x.percent.is_some() || y.percent.is_some()))
            .then(|| exact::double(&value).map(|value| value * 100.0))
            .flatten();
        let constant = Constant {
            value,
            unit,
            name: None,
            percent,
        };
        return fixed(constant, Always::No, spot);
    }
    let readings = within(&a, &b, spot)?;
    let measured = match (a.measured, b.measured) {
        (Always::Yes, _) | (_, Always::Yes) => Always::Yes,
        _ => Always::Depends,
    };
    Ok(Part::Operand(Term {
        sort: Sort::Number,
        unit,
        plain: Always::No,
        measured,
        percent: measured != Always::Yes && (a.percent || b.percent),
        no_number: measured != Always::Yes,
        readings,
        operand: Operand::Arithmetic(op, Box::new(a.operand), Box::new(b.operand)),
    }))
}

/// `-x` is `0 - x` of a reading or limit, and the language's own of a plain number.
pub(super) fn negate(a: Term, spot: Spot) -> Taken<Part> {
    match (&a.operand, a.plain) {
        (Operand::Constant(plain), Always::Yes) => match plain.value {
            Value::Integer(value) => match value.checked_neg() {
                Some(value) => constant(Value::Integer(value), spot),
                None => refuse(spot, "a whole number that is too large"),
            },
            Value::Number(value) => constant(Value::Number(-value), spot),
            _ => refuse(spot, format!("`-` of {}", a.sort.name())),
        },
        (_, Always::No) => {
            let Part::Operand(zero) = constant(Value::Integer(0), spot)? else {
                return refuse(spot, "`-` of this");
            };
            arithmetic(Arithmetic::Subtract, zero, a, spot)
        }
        _ => refuse(spot, "`-` of what may be a plain number"),
    }
}

/// A constant that the rule has written.
pub(super) fn constant(value: Value, spot: Spot) -> Taken<Part> {
    let constant = Constant {
        value,
        unit: Unit::None,
        name: None,
        percent: None,
    };
    fixed(constant, Always::Yes, spot)
}
