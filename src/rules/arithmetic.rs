//! Arithmetic on readings and limits: missing in, missing out, and the sources kept.
//!
//! Whole numbers stay whole where the result is; a division is always a fraction. A division by
//! zero says nothing about a call, so it is missing too.
//!
//! Plain numbers are Rhai's own business and never come here.

use rhai::{Dynamic, INT};

use super::fields::Unit;
use super::object::Measured;
use super::value::{Failure, Limit, Operand, Value, failure};

/// `+`, `-`, `*`, `/`, `%` where a reading or a limit takes part.
pub(crate) fn arithmetic(op: &str, left: &Dynamic, right: &Dynamic) -> Result<Dynamic, Failure> {
    let (a, b) = (Operand::of(left)?, Operand::of(right)?);
    let unit = unit_of(op, &a, &b);
    let value = calculate(op, &a.value, &b.value)?;
    if a.witnesses.is_empty() && b.witnesses.is_empty() {
        let percent = (unit == Unit::Ratio && (a.percent.is_some() || b.percent.is_some()))
            .then(|| value.as_number().map(|value| value * 100.0))
            .flatten();
        return Ok(Dynamic::from(Limit {
            name: None,
            value,
            unit,
            percent,
        }));
    }
    Ok(Dynamic::from(Measured::computed(value, unit, [&a, &b])))
}

/// The unit survives a sum of equals and a product with a bare number; else there is none.
fn unit_of(op: &str, a: &Operand, b: &Operand) -> Unit {
    match op {
        "+" | "-" | "%" if a.unit == b.unit || b.unit == Unit::None => a.unit,
        "+" | "-" if a.unit == Unit::None => b.unit,
        "*" if a.unit == Unit::None => b.unit,
        "*" | "/" if b.unit == Unit::None => a.unit,
        _ => Unit::None,
    }
}

fn calculate(op: &str, a: &Value, b: &Value) -> Result<Value, Failure> {
    for side in [a, b] {
        if !matches!(side, Value::Missing | Value::Number(_) | Value::Integer(_)) {
            return Err(failure(format!(
                "`{op}` needs numbers, not {}",
                side.sort()
            )));
        }
    }
    let (Some(x), Some(y)) = (a.as_number(), b.as_number()) else {
        return Ok(Value::Missing);
    };
    if let (Value::Integer(x), Value::Integer(y)) = (a, b) {
        let whole = match op {
            "+" => x.checked_add(*y),
            "-" => x.checked_sub(*y),
            "*" => x.checked_mul(*y),
            "%" => x.checked_rem(*y),
            _ => None,
        };
        if let Some(whole) = whole {
            return Ok(Value::Integer(whole));
        }
    }
    let value = match op {
        "+" => x + y,
        "-" => x - y,
        "*" => x * y,
        "/" => x / y,
        _ => x % y,
    };
    // A division by zero says nothing about the call.
    Ok(if value.is_finite() {
        Value::Number(value)
    } else {
        Value::Missing
    })
}

/// `-x` of a reading or limit.
pub(crate) fn negate(value: &Dynamic) -> Result<Dynamic, Failure> {
    arithmetic("-", &Dynamic::from(0 as INT), value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_goes_through_arithmetic_and_so_does_a_division_by_zero() {
        let sum = calculate("+", &Value::Missing, &Value::Integer(1));
        assert!(matches!(sum, Ok(Value::Missing)));
        let nothing = calculate("/", &Value::Integer(1), &Value::Integer(0));
        assert!(matches!(nothing, Ok(Value::Missing)));
        let half = calculate("/", &Value::Integer(1), &Value::Integer(2));
        assert!(matches!(half, Ok(Value::Number(0.5))));
    }
}
