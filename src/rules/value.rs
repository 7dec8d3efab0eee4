//! Values as a rule meets them: readings that know where they stand, and limits by name.
//!
//! A [`Measured`] carries its sources through arithmetic; missing in, missing out. A [`Limit`]
//! carries its name. [`Operand`] is either, or a plain constant, ready to be compared.
//!
//! Nothing here decides a verdict: that is `truth`'s. And nothing rounds: whole numbers stay
//! whole until arithmetic with a fraction makes them a fraction.

use std::fmt;
use std::sync::Arc;

use rhai::{Array, Dynamic, EvalAltResult, FLOAT, INT, ImmutableString, Position};

use super::facts::{Facts, ObjectId, Reading};
use super::fields::{FieldId, Level, Link, Unit};

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

    fn capture(reading: Reading<'_>) -> Value {
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

    fn as_number(&self) -> Option<f64> {
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

/// One object of the document in a rule's hands. With no object, all it has is missing.
#[derive(Clone)]
pub(crate) struct Handle {
    pub(crate) facts: Arc<Facts>,
    pub(crate) level: Level,
    pub(crate) object: Option<ObjectId>,
}

/// A property name, resolved once for every level.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Property {
    name: &'static str,
    on: [Found; Level::COUNT],
}

#[derive(Clone, Copy, Debug)]
enum Found {
    Nothing,
    Field(FieldId),
    Link(Link, Level),
}

impl Property {
    /// What `name` is on each level.
    pub(crate) fn resolve(name: &'static str) -> Property {
        let on = Level::ALL.map(|level| {
            if let Some(field) = level.field(name) {
                return Found::Field(field);
            }
            match Link::parse(name).and_then(|link| Some((link, link.on(level)?))) {
                Some((link, (_, to))) => Found::Link(link, to),
                None => Found::Nothing,
            }
        });
        Property { name, on }
    }
}

impl Handle {
    /// The property: a link gives a handle, a field a [`Measured`].
    pub(crate) fn get(&self, property: &Property) -> Result<Dynamic, Failure> {
        match property.on[self.level as usize] {
            Found::Field(field) => Ok(Dynamic::from(self.read(field))),
            Found::Link(link, level) => {
                let object = self
                    .object
                    .and_then(|object| self.facts.follow(object, link));
                Ok(Dynamic::from(Handle {
                    facts: self.facts.clone(),
                    level,
                    object,
                }))
            }
            Found::Nothing => Err(failure(format!(
                "`{}` is no property of a {}",
                property.name,
                self.level.name()
            ))),
        }
    }

    fn read(&self, field: FieldId) -> Measured {
        let (value, node) = match self.object {
            Some(object) => {
                let (reading, node) = self.facts.reading(object, field);
                (Value::capture(reading), node)
            }
            None => (Value::Missing, super::facts::NO_NODE),
        };
        let source = Source {
            field,
            object: self.object,
            node,
        };
        Measured {
            value,
            unit: field.get().unit,
            from: From::One(source),
        }
    }
}

#[derive(Clone, Debug)]
enum From {
    One(Source),
    Several(Arc<Vec<Witness>>),
}

/// A reading, or what arithmetic made of readings.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    pub(crate) value: Value,
    pub(crate) unit: Unit,
    from: From,
}

impl Measured {
    /// The readings it comes from, each once.
    pub(crate) fn witnesses(&self) -> Vec<Witness> {
        match &self.from {
            From::One(source) => vec![Witness {
                source: *source,
                value: self.value.clone(),
            }],
            From::Several(witnesses) => witnesses.to_vec(),
        }
    }

    /// A value computed from this reading's and other operands' witnesses.
    fn computed(value: Value, unit: Unit, operands: [&Operand; 2]) -> Measured {
        let mut witnesses: Vec<Witness> = Vec::new();
        for witness in operands.into_iter().flat_map(|operand| &operand.witnesses) {
            if witnesses.len() < MOST_WITNESSES
                && witnesses.iter().all(|known| known.source != witness.source)
            {
                witnesses.push(witness.clone());
            }
        }
        Measured {
            value,
            unit,
            from: From::Several(Arc::new(witnesses)),
        }
    }
}

/// More readings than this behind one value are not listed.
const MOST_WITNESSES: usize = 16;

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
    percent: Option<f64>,
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
