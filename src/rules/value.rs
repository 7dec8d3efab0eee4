//! Values in evidence: readings with their sources, limits with their names.
//!
//! An [`Operand`] is a reading, a limit or a plain constant, ready to be compared or calculated
//! with. Numbers compare by value: no epsilon, and no rounding of a whole number to a float.
//!
//! Nothing here decides a verdict: that is `truth`'s.

use std::fmt;
use std::sync::Arc;

use rhai::{Array, Dynamic, EvalAltResult, FLOAT, INT, ImmutableString, Position};

use super::facts::{ObjectId, Reading};
use super::fields::{FieldId, Unit};
use super::object::{Handle, Measured};

/// What a rule's own code gives back when it asks for something impossible.
pub(crate) type Failure = Box<EvalAltResult>;

/// A failure of the rule, in our words; the interpreter adds the place.
pub(crate) fn failure(message: impl Into<String>) -> Failure {
    EvalAltResult::ErrorRuntime(message.into().into(), Position::NONE).into()
}

/// A value in evidence.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Not there.
    Missing,
    /// A number.
    Number(f64),
    /// A whole number.
    Integer(i64),
    /// True or false.
    Bool(bool),
    /// Text.
    Text(Arc<str>),
    /// Several texts.
    List(Arc<[Value]>),
}

impl Value {
    /// What a person calls this sort of value.
    pub(crate) fn sort(&self) -> &'static str {
        match self {
            Value::Missing => "nothing",
            Value::Number(_) | Value::Integer(_) => "a number",
            Value::Bool(_) => "true or false",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
        }
    }

    pub(crate) fn capture(reading: Reading<'_>) -> Value {
        match reading {
            Reading::Missing => Value::Missing,
            Reading::Number(value) => Value::Number(value),
            Reading::Integer(value) => Value::Integer(value),
            Reading::Bool(value) => Value::Bool(value),
            Reading::Text(text) => Value::Text(text.into()),
            Reading::List(items) => {
                Value::List(items.iter().map(|text| Value::Text(text.into())).collect())
            }
        }
    }

    pub(crate) fn as_number(&self) -> Option<f64> {
        match self {
            Value::Number(value) => Some(*value),
            Value::Integer(value) => Some(*value as f64),
            _ => None,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Missing => f.write_str("missing"),
            Value::Number(value) => write!(f, "{value}"),
            Value::Integer(value) => write!(f, "{value}"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Text(text) => f.write_str(text),
            Value::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        f.write_str(", ")?;
                    }
                    item.fmt(f)?;
                }
                Ok(())
            }
        }
    }
}

/// Which reading it was: a field of an object, and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// The field.
    pub field: FieldId,
    /// The object; `None` if a link on the way led nowhere.
    pub object: Option<ObjectId>,
    /// The place of the value; [`NO_NODE`](super::facts::NO_NODE) if it is absent.
    pub node: u32,
}

/// A reading that took part in a comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Witness {
    /// Which reading.
    pub source: Source,
    /// Its value as it was captured.
    pub value: Value,
}

/// A limit from `thresholds.toml` or `--set`, in its base unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// Its name; `None` once arithmetic has made another number of it.
    pub name: Option<Arc<str>>,
    /// The value in the base unit: milliseconds, a ratio, bits per second.
    pub value: Value,
    /// The unit.
    pub unit: Unit,
    /// The same value in hundredths, if it was written with `%`.
    pub percent: Option<f64>,
}

/// One side of a comparison or calculation.
#[derive(Clone, Debug)]
pub(crate) struct Operand {
    pub(crate) value: Value,
    pub(crate) unit: Unit,
    pub(crate) witnesses: Vec<Witness>,
    pub(crate) limit_name: Option<Arc<str>>,
    pub(crate) percent: Option<f64>,
}

impl Operand {
    /// What a rule wrote, whatever it is; a failure for what cannot be compared.
    pub(crate) fn of(value: &Dynamic) -> Result<Operand, Failure> {
        if let Some(measured) = value.read_lock::<Measured>() {
            return Ok(Operand {
                value: measured.value.clone(),
                unit: measured.unit,
                witnesses: measured.witnesses(),
                limit_name: None,
                percent: None,
            });
        }
        if let Some(limit) = value.read_lock::<Limit>() {
            return Ok(Operand {
                limit_name: limit.name.clone(),
                percent: limit.percent,
                ..Operand::constant(limit.value.clone(), limit.unit)
            });
        }
        if value.read_lock::<Handle>().is_some() {
            return Err(failure(
                "an object cannot be compared; name one of its properties",
            ));
        }
        if value.read_lock::<super::truth::Truth>().is_some() {
            return Err(failure(
                "the outcome of a comparison cannot be compared; join it with `&&`, `||`, `!`",
            ));
        }
        if value.is_unit() {
            return Err(failure(
                "`()` stands for nothing here; ask `has(x)` instead",
            ));
        }
        let plain = constant(value)
            .ok_or_else(|| failure(format!("{} cannot be compared", value.type_name())))?;
        Ok(Operand::constant(plain, Unit::None))
    }

    fn constant(value: Value, unit: Unit) -> Operand {
        Operand {
            value,
            unit,
            witnesses: Vec::new(),
            limit_name: None,
            percent: None,
        }
    }

    /// Reads a limit written in `%` in hundredths where the other side is in hundredths.
    pub(crate) fn fit(&mut self, other: &Operand) {
        if let (Some(percent), Unit::Percent) = (self.percent, other.unit) {
            self.value = Value::Number(percent);
            self.unit = Unit::Percent;
        }
    }
}

/// A constant that Rhai holds itself.
fn constant(value: &Dynamic) -> Option<Value> {
    if let Ok(value) = value.as_int() {
        return Some(Value::Integer(value));
    }
    if let Ok(value) = value.as_float() {
        return Some(Value::Number(value));
    }
    if let Ok(value) = value.as_bool() {
        return Some(Value::Bool(value));
    }
    if let Ok(value) = value.as_char() {
        return Some(Value::Text(value.to_string().into()));
    }
    if let Some(text) = value.read_lock::<ImmutableString>() {
        return Some(Value::Text(text.as_str().into()));
    }
    let items = value.read_lock::<Array>()?;
    items
        .iter()
        .map(element)
        .collect::<Option<Vec<Value>>>()
        .map(|items| Value::List(items.into()))
}

/// One entry of a list written in a rule; a list within a list is refused.
fn element(item: &Dynamic) -> Option<Value> {
    if let Some(measured) = item.read_lock::<Measured>() {
        return Some(measured.value.clone());
    }
    if let Some(limit) = item.read_lock::<Limit>() {
        return Some(limit.value.clone());
    }
    if item.is_array() {
        None
    } else {
        constant(item)
    }
}

/// A text for messages and keys; `None` when the reading is missing or it is no value.
pub(crate) fn text_of(value: &Dynamic) -> Option<String> {
    let value = match Operand::of(value) {
        Ok(operand) => operand.value,
        Err(_) => return None,
    };
    match value {
        Value::Missing => None,
        value => Some(value.to_string()),
    }
}

/// Compares two numbers by value: no epsilon, and no rounding of a whole number to a float.
pub(crate) fn compare_numbers(a: &Value, b: &Value) -> Option<std::cmp::Ordering> {
    match (a, b) {
        (Value::Integer(a), Value::Integer(b)) => Some(a.cmp(b)),
        (Value::Number(a), Value::Number(b)) => a.partial_cmp(b),
        (Value::Integer(a), Value::Number(b)) => whole_and_fraction(*a, *b),
        (Value::Number(a), Value::Integer(b)) => {
            whole_and_fraction(*b, *a).map(std::cmp::Ordering::reverse)
        }
        _ => None,
    }
}

fn whole_and_fraction(a: INT, b: FLOAT) -> Option<std::cmp::Ordering> {
    use std::cmp::Ordering;
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if b.is_nan() {
        return None;
    }
    if b >= BEYOND {
        return Some(Ordering::Less);
    }
    if b < -BEYOND {
        return Some(Ordering::Greater);
    }
    let whole = b.trunc();
    let fraction = if b > whole {
        Ordering::Less
    } else if b < whole {
        Ordering::Greater
    } else {
        Ordering::Equal
    };
    Some(a.cmp(&(whole as i64)).then(fraction))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cmp::Ordering;

    #[test]
    fn whole_numbers_and_fractions_compare_by_value_alone() {
        let compare = |a: Value, b: Value| compare_numbers(&a, &b);
        use Value::{Integer, Number};
        let beyond_f64 = 9_007_199_254_740_993;
        assert_eq!(
            compare(Integer(beyond_f64), Number(9_007_199_254_740_992.0)),
            Some(Ordering::Greater)
        );
        assert_eq!(compare(Integer(0), Number(-0.5)), Some(Ordering::Greater));
        assert_eq!(
            compare(Integer(i64::MAX), Number(9.3e18)),
            Some(Ordering::Less)
        );
        assert_eq!(
            compare(Number(0.10000000000000002), Number(0.1)),
            Some(Ordering::Greater)
        );
        assert_eq!(compare(Integer(3), Number(3.0)), Some(Ordering::Equal));
    }
}
