//! Numbers, units and signs, as native code has them.
//!
//! Everything that the interpreter's `value`, `compare` and `arithmetic` decide is decided here
//! again, in another way, so that each can be held against the other.
//!
//! It knows no reading and no document, and shares no code with its twin.

use std::cmp::Ordering;

use crate::rules::compare::Op;
use crate::rules::expr::Arithmetic;
use crate::rules::fields::Unit;
use crate::rules::value::Value;

/// Whole numbers up to here are doubles too, each its own.
pub(super) const EXACT: f64 = 9_007_199_254_740_992.0;

/// Whether a double stands for this whole number and for no other.
pub(super) fn is_exact(whole: i64) -> bool {
    whole.unsigned_abs() <= 1 << 53
}

/// Which of two numbers is greater, by value. `None` if one of them is no number.
pub(super) fn order(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Integer(a), Value::Integer(b)) => Some(a.cmp(b)),
        (Value::Number(a), Value::Number(b)) => a.partial_cmp(b),
        (Value::Integer(a), Value::Number(b)) => against(*a, *b),
        (Value::Number(a), Value::Integer(b)) => against(*b, *a).map(Ordering::reverse),
        _ => None,
    }
}

/// A whole number against a double: first their whole parts, then what is left of the double.
fn against(whole: i64, double: f64) -> Option<Ordering> {
    let below = double.floor();
    let rest = double - below;
    // Beyond 128 bits the cast stops at the ends, which no whole number reaches.
    let parts = i128::from(whole).cmp(&(below as i128));
    if double.is_nan() {
        None
    } else if parts.is_eq() && rest > 0.0 {
        Some(Ordering::Less)
    } else {
        Some(parts)
    }
}

/// Whether numbers in this order satisfy the sign.
pub(super) fn satisfies(op: Op, order: Ordering) -> bool {
    let (less, equal, greater) = match op {
        Op::Less => (true, false, false),
        Op::LessOrEqual => (true, true, false),
        Op::Greater => (false, false, true),
        Op::GreaterOrEqual => (false, true, true),
        Op::NotEqual => (true, false, true),
        _ => (false, true, false),
    };
    match order {
        Ordering::Less => less,
        Ordering::Equal => equal,
        Ordering::Greater => greater,
    }
}

/// The sign that holds where this one does not.
pub(super) fn denied(op: Op) -> Op {
    const PAIRS: [(Op, Op); 6] = [
        (Op::Greater, Op::LessOrEqual),
        (Op::Less, Op::GreaterOrEqual),
        (Op::Equal, Op::NotEqual),
        (Op::In, Op::NotIn),
        (Op::Contains, Op::ContainsNot),
        (Op::Present, Op::Absent),
    ];
    partner(op, &PAIRS)
}

/// The same sign with its sides exchanged.
pub(super) fn turned(op: Op) -> Op {
    const PAIRS: [(Op, Op); 3] = [
        (Op::Greater, Op::Less),
        (Op::GreaterOrEqual, Op::LessOrEqual),
        (Op::In, Op::Contains),
    ];
    partner(op, &PAIRS)
}

fn partner(op: Op, pairs: &[(Op, Op)]) -> Op {
    for (a, b) in pairs {
        if *a == op {
            return *b;
        }
        if *b == op {
            return *a;
        }
    }
    op
}

/// The unit of a result. Sums keep what both agree on, products that of their only unit.
pub(super) fn unit(op: Arithmetic, a: Unit, b: Unit) -> Unit {
    let agreed = if a == b || b == Unit::None {
        Some(a)
    } else if a == Unit::None {
        Some(b)
    } else {
        None
    };
    match op {
        Arithmetic::Add | Arithmetic::Subtract => agreed.unwrap_or(Unit::None),
        Arithmetic::Remainder if a == b || b == Unit::None => a,
        Arithmetic::Divide if b == Unit::None => a,
        Arithmetic::Multiply if a == Unit::None || b == Unit::None => {
            if a == Unit::None {
                b
            } else {
                a
            }
        }
        _ => Unit::None,
    }
}

/// The result of two numbers; missing where one is, and where it would not be finite.
pub(super) fn calculate(op: Arithmetic, a: &Value, b: &Value) -> Value {
    let whole = match (op, a, b) {
        (_, Value::Missing, _) | (_, _, Value::Missing) => return Value::Missing,
        (Arithmetic::Add, Value::Integer(a), Value::Integer(b)) => a.checked_add(*b),
        (Arithmetic::Subtract, Value::Integer(a), Value::Integer(b)) => a.checked_sub(*b),
        (Arithmetic::Multiply, Value::Integer(a), Value::Integer(b)) => a.checked_mul(*b),
        (Arithmetic::Remainder, Value::Integer(a), Value::Integer(b)) => a.checked_rem(*b),
        _ => None,
    };
    if let Some(whole) = whole {
        return Value::Integer(whole);
    }
    match (double(a), double(b)) {
        (Some(a), Some(b)) => Some(doubles(op, a, b))
            .filter(|result| result.is_finite())
            .map_or(Value::Missing, Value::Number),
        _ => Value::Missing,
    }
}

/// The result of two doubles.
pub(super) fn doubles(op: Arithmetic, a: f64, b: f64) -> f64 {
    match op {
        Arithmetic::Add => a + b,
        Arithmetic::Subtract => a - b,
        Arithmetic::Multiply => a * b,
        Arithmetic::Divide => a / b,
        Arithmetic::Remainder => a % b,
    }
}

/// The nearest double.
pub(super) fn double(value: &Value) -> Option<f64> {
    match value {
        Value::Number(value) => Some(*value),
        Value::Integer(value) => Some(*value as f64),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::value::compare_numbers;
    use proptest::prelude::*;

    fn number() -> impl Strategy<Value = Value> {
        let whole = prop_oneof![
            -3..3i64,
            (i64::MAX - 2)..=i64::MAX,
            i64::MIN..(i64::MIN + 3),
            ((1i64 << 53) - 2)..((1 << 53) + 3),
        ];
        let double = prop_oneof![
            -3.0..3.0f64,
            Just(0.1),
            Just(0.10000000000000002),
            Just(-0.0),
            Just(9_223_372_036_854_775_808.0),
            Just(-9_223_372_036_854_775_808.0),
            Just(f64::MAX),
            Just(f64::MIN_POSITIVE),
        ];
        prop_oneof![
            whole.clone().prop_map(Value::Integer),
            double.prop_map(Value::Number),
            whole.prop_map(|whole| Value::Number(whole as f64)),
        ]
    }

    proptest! {
        #[test]
        fn order_is_that_of_the_interpreter(a in number(), b in number()) {
            prop_assert_eq!(order(&a, &b), compare_numbers(&a, &b));
        }
    }
}
