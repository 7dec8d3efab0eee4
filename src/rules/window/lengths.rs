//! Values of a window rule's keys: lengths of time, thresholds, least numbers.
//!
//! Each may be written out, `"60min"`, or named, `limits::window`. What is refused says what to
//! write.

use rhai::{Dynamic, FLOAT, INT, ImmutableString};

use crate::rules::fields::Unit;
use crate::rules::quantity::parse_quantity;
use crate::rules::value::{Limit, Value};

/// No window is longer, in seconds: samples are kept for so long.
const LONGEST: f64 = 100.0 * 86_400.0;

/// A number with its unit and, of a limit, its name.
pub(super) struct Given {
    pub(super) value: f64,
    pub(super) unit: Unit,
    /// the same in hundredths, where it was written with `%`
    pub(super) percent: Option<f64>,
    pub(super) name: Option<std::sync::Arc<str>>,
}

/// A number, a text with a unit, or a limit; why it is none, and what to write.
pub(super) fn given(value: &Dynamic) -> Result<Given, (String, Option<String>)> {
    let bare = |value: f64| Given {
        value,
        unit: Unit::None,
        percent: None,
        name: None,
    };
    if let Ok(whole) = value.as_int() {
        let whole: INT = whole;
        return Ok(bare(whole as f64));
    }
    if let Ok(fraction) = value.as_float() {
        let fraction: FLOAT = fraction;
        return Ok(bare(fraction));
    }
    if let Some(limit) = value.read_lock::<Limit>() {
        return number(&limit.value)
            .map(|value| Given {
                value,
                unit: limit.unit,
                percent: limit.percent,
                name: limit.name.clone(),
            })
            .ok_or_else(|| ("a limit that is no number".to_owned(), None));
    }
    if let Some(text) = value.read_lock::<ImmutableString>() {
        let quantity = parse_quantity(&text).map_err(|why| match why.split_once("; ") {
            Some((why, help)) => (why.to_owned(), Some(help.to_owned())),
            None => (why, None),
        })?;
        return number(&quantity.value)
            .map(|value| Given {
                value,
                unit: quantity.unit,
                percent: quantity.percent,
                name: None,
            })
            .ok_or_else(|| ("no number".to_owned(), None));
    }
    let help = "a number, a text with its unit such as `\"20%\"`, or a limit";
    Err((
        "neither a number nor a limit".to_owned(),
        Some(help.to_owned()),
    ))
}

fn number(value: &Value) -> Option<f64> {
    value.as_number().filter(|value| value.is_finite())
}

/// A length of time, in whole seconds, rounded up.
pub(in crate::rules) fn seconds(value: &Dynamic) -> Result<u32, (String, Option<String>)> {
    let help =
        || Some("write it with its unit, as in `\"15min\"`, `\"4h\"` or `\"7days\"`".to_owned());
    let given = given(value).map_err(|(why, more)| (why, more.or_else(help)))?;
    if given.unit != Unit::Milliseconds {
        let what = match given.unit {
            Unit::None => "a number without a unit".to_owned(),
            unit => format!("in {}", unit.name()),
        };
        return Err((what, help()));
    }
    let seconds = (given.value / 1000.0).ceil();
    if seconds < 0.0 {
        return Err(("negative".to_owned(), None));
    }
    if seconds > LONGEST {
        return Err(("longer than 100 days".to_owned(), None));
    }
    Ok(seconds as u32)
}

/// A whole number that something must reach.
pub(super) fn least(value: &Dynamic) -> Result<u32, (String, Option<String>)> {
    let given = given(value)?;
    let plain = matches!(given.unit, Unit::None | Unit::Count | Unit::Packets);
    let whole = given.value.fract() == 0.0 && (0.0..=1e6).contains(&given.value);
    match plain && whole {
        true => Ok(given.value as u32),
        false => Err(("no whole number up to 1,000,000".to_owned(), None)),
    }
}

/// A threshold in the unit of what is measured.
pub(super) fn threshold(value: &Dynamic, unit: Unit) -> Result<Given, (String, Option<String>)> {
    let mut given = given(value)?;
    match (given.unit, unit) {
        (Unit::Ratio, Unit::Percent) if given.percent.is_some() => {
            given.value = given.percent.unwrap_or(given.value);
        }
        (Unit::None, _) => {}
        (a, b) if a == b => {}
        (Unit::Packets, Unit::Count) => {}
        (a, b) => {
            let wanted = match b {
                Unit::None | Unit::Count => "a plain number".to_owned(),
                unit => format!("in {}", unit.name()),
            };
            return Err((
                format!("in {}, and what is measured is {wanted}", a.name()),
                None,
            ));
        }
    }
    if unit == Unit::Ratio && !(0.0..=1.0).contains(&given.value) {
        let help = "20 % is `\"20%\"` or `0.2`".to_owned();
        return Err(("no ratio between 0 and 1".to_owned(), Some(help)));
    }
    Ok(given)
}
