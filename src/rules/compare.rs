//! Comparisons: exact, three-valued, and remembered as evidence.
//!
//! [`compare`], [`contains`] and [`has`] give a [`Truth`] with the [`Comparison`] behind it, or a
//! plain bool where nothing comes from the record. A limit written in `%` is read in hundredths
//! against a field that Graph gives in percent.
//!
//! No epsilon and no coercion: a text is never a number, and asking so is the rule's error.

use std::cmp::Ordering;
use std::sync::Arc;

use rhai::Dynamic;

use super::fields::Unit;
use super::object::Handle;
use super::truth::{Truth, Verdict};
use super::value::{Failure, Operand, Value, Witness, compare_numbers, failure};

/// How a value was compared with its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Op {
    /// Above.
    Greater,
    /// Above or equal.
    GreaterOrEqual,
    /// Below.
    Less,
    /// Below or equal.
    LessOrEqual,
    /// Equal.
    Equal,
    /// Not equal.
    NotEqual,
    /// One of a list.
    In,
    /// None of a list.
    NotIn,
    /// Contains a text or item.
    Contains,
    /// Does not contain it.
    ContainsNot,
    /// Is there at all.
    Present,
    /// Is not there.
    Absent,
}

impl Op {
    /// The operator as a rule writes it.
    pub const fn symbol(self) -> &'static str {
        match self {
            Op::Greater => ">",
            Op::GreaterOrEqual => ">=",
            Op::Less => "<",
            Op::LessOrEqual => "<=",
            Op::Equal => "==",
            Op::NotEqual => "!=",
            Op::In => "in",
            Op::NotIn => "!in",
            Op::Contains => "contains",
            Op::ContainsNot => "!contains",
            Op::Present => "has",
            Op::Absent => "!has",
        }
    }

    pub(crate) fn of_symbol(symbol: &str) -> Option<Op> {
        Some(match symbol {
            ">" => Op::Greater,
            ">=" => Op::GreaterOrEqual,
            "<" => Op::Less,
            "<=" => Op::LessOrEqual,
            "==" => Op::Equal,
            "!=" => Op::NotEqual,
            _ => return None,
        })
    }

    /// What holds when this does not.
    pub(crate) const fn opposite(self) -> Op {
        match self {
            Op::Greater => Op::LessOrEqual,
            Op::GreaterOrEqual => Op::Less,
            Op::Less => Op::GreaterOrEqual,
            Op::LessOrEqual => Op::Greater,
            Op::Equal => Op::NotEqual,
            Op::NotEqual => Op::Equal,
            Op::In => Op::NotIn,
            Op::NotIn => Op::In,
            Op::Contains => Op::ContainsNot,
            Op::ContainsNot => Op::Contains,
            Op::Present => Op::Absent,
            Op::Absent => Op::Present,
        }
    }

    /// The same comparison read from the other side.
    pub(crate) const fn mirrored(self) -> Op {
        match self {
            Op::Greater => Op::Less,
            Op::GreaterOrEqual => Op::LessOrEqual,
            Op::Less => Op::Greater,
            Op::LessOrEqual => Op::GreaterOrEqual,
            Op::In => Op::Contains,
            Op::Contains => Op::In,
            same => same,
        }
    }

    fn holds(self, order: Ordering) -> bool {
        match self {
            Op::Greater => order.is_gt(),
            Op::GreaterOrEqual => order.is_ge(),
            Op::Less => order.is_lt(),
            Op::LessOrEqual => order.is_le(),
            Op::NotEqual => order.is_ne(),
            _ => order.is_eq(),
        }
    }
}

/// One comparison that made a rule true, as it holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The reading on the left.
    pub reading: Witness,
    /// What was compared: the reading's value, unless the rule calculated with it.
    pub value: Value,
    /// How.
    pub op: Op,
    /// With what; [`Value::Missing`] for presence.
    pub limit: Value,
    /// The limit's name, if it has one.
    pub limit_name: Option<Arc<str>>,
    /// The unit of value and limit.
    pub unit: Unit,
    /// Further readings: of a calculation, or on the other side.
    pub others: Vec<Witness>,
}

/// `a op b` for the six comparisons; a bool if neither side comes from the record.
pub(crate) fn compare(op: Op, a: &Dynamic, b: &Dynamic) -> Result<Dynamic, Failure> {
    let (mut a, mut b) = (Operand::of(a)?, Operand::of(b)?);
    let unmeasured = a.witnesses.is_empty() && b.witnesses.is_empty();
    a.fit(&b);
    b.fit(&a);
    let outcome = match (&a.value, &b.value) {
        (Value::Missing, _) | (_, Value::Missing) => None,
        (Value::Number(_) | Value::Integer(_), Value::Number(_) | Value::Integer(_)) => {
            compare_numbers(&a.value, &b.value).map(|order| op.holds(order))
        }
        (Value::Text(x), Value::Text(y)) if matches!(op, Op::Equal | Op::NotEqual) => {
            Some(op.holds(x.cmp(y)))
        }
        (Value::Bool(x), Value::Bool(y)) if matches!(op, Op::Equal | Op::NotEqual) => {
            Some(op.holds(x.cmp(y)))
        }
        (x, y) => {
            return Err(failure(format!(
                "`{}` cannot compare {} with {}{}",
                op.symbol(),
                x.sort(),
                y.sort(),
                advice(x, y)
            )));
        }
    };
    Ok(conclude(unmeasured, outcome, op, a, b))
}

fn advice(x: &Value, y: &Value) -> &'static str {
    match (x, y) {
        (Value::List(_), _) | (_, Value::List(_)) => "; use `in` or `contains(list, item)`",
        (Value::Text(_), Value::Text(_)) => "; texts know only `==`, `!=`, `in`",
        _ => "",
    }
}

fn conclude(unmeasured: bool, outcome: Option<bool>, op: Op, a: Operand, b: Operand) -> Dynamic {
    let Some(value) = outcome else {
        return Dynamic::from(Truth::unknown(a.witnesses.iter().chain(&b.witnesses)));
    };
    if unmeasured {
        return value.into();
    }
    Dynamic::from(Truth::decided(value, comparison(op, a, b)))
}

/// The evidence, with a reading on the left.
fn comparison(op: Op, a: Operand, b: Operand) -> Option<Comparison> {
    let (op, subject, limit) = if a.witnesses.is_empty() {
        (op.mirrored(), b, a)
    } else {
        (op, a, b)
    };
    let unit = if subject.unit == Unit::None {
        limit.unit
    } else {
        subject.unit
    };
    let mut others = subject.witnesses;
    if others.is_empty() {
        return None;
    }
    let reading = others.remove(0);
    others.extend(limit.witnesses);
    Some(Comparison {
        reading,
        value: subject.value,
        op,
        limit: limit.value,
        limit_name: limit.limit_name,
        unit,
        others,
    })
}

/// `contains(whole, part)`, and `part in whole` with `whole` a list written in the rule.
pub(crate) fn contains(whole: &Dynamic, part: &Dynamic) -> Result<Dynamic, Failure> {
    let (a, b) = (Operand::of(whole)?, Operand::of(part)?);
    let unmeasured = a.witnesses.is_empty() && b.witnesses.is_empty();
    let outcome = match (&a.value, &b.value) {
        (Value::Missing, _) | (_, Value::Missing) => None,
        (Value::List(_), Value::List(_)) => return Err(failure("a list is in no list")),
        (Value::List(items), part) => Some(items.iter().any(|item| equal(item, part))),
        (Value::Text(whole), Value::Text(part)) => Some(whole.contains(&**part)),
        (x, y) => {
            return Err(failure(format!("{} cannot contain {}", x.sort(), y.sort())));
        }
    };
    Ok(conclude(unmeasured, outcome, Op::Contains, a, b))
}

fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Text(a), Value::Text(b)) => a == b,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        _ => compare_numbers(a, b) == Some(Ordering::Equal),
    }
}

/// `has(x)`: never unknown.
pub(crate) fn has(value: &Dynamic) -> Result<Dynamic, Failure> {
    if let Some(handle) = value.read_lock::<Handle>() {
        return Ok(Dynamic::from(Truth::bare(handle.object.is_some())));
    }
    if let Some(truth) = value.read_lock::<Truth>() {
        return Ok((truth.verdict != Verdict::Unknown).into());
    }
    if value.is_unit() {
        return Ok(false.into());
    }
    let operand = Operand::of(value)?;
    let present = operand.value != Value::Missing;
    let nothing = Operand::of(&false.into())?;
    let comparison = comparison(Op::Present, operand, nothing).map(|comparison| Comparison {
        limit: Value::Missing,
        ..comparison
    });
    Ok(Dynamic::from(Truth::decided(present, comparison)))
}
