//! Quantities as people write them: `30ms`, `10 %`, `500`.
//!
//! Each is brought to its base unit without rounding twice. It knows no limit by name.

use super::diagnostic::did_you_mean;
use super::fields::Unit;
use super::value::{Limit, Value};

/// A limit's value, before it has a name.
pub(super) struct Quantity {
    pub(super) value: Value,
    pub(super) unit: Unit,
    pub(super) percent: Option<f64>,
}

impl Quantity {
    /// Why no reading in `unit` can ever be compared with it in earnest, if so.
    pub(super) fn oddity(&self, unit: Unit) -> Option<&'static str> {
        let value = self.value.as_number()?;
        match unit {
            Unit::Ratio if value > 1.0 => {
                Some("is more than 100 %; write 10% or 0.1 for ten per cent")
            }
            Unit::None | Unit::Decibels => None,
            _ if value < 0.0 => Some("is negative, and no reading in that unit is"),
            _ => None,
        }
    }

    pub(super) fn named(self, name: &str) -> Limit {
        let Quantity {
            value,
            unit,
            percent,
        } = self;
        Limit {
            name: Some(name.into()),
            value,
            unit,
            percent,
        }
    }
}

/// Each unit: how it is written, its base unit, and the power of ten or factor to get there.
const UNITS: &[(&str, Unit, Scale)] = &[
    ("ms", Unit::Milliseconds, Scale::Tens(0)),
    ("s", Unit::Milliseconds, Scale::Tens(3)),
    ("min", Unit::Milliseconds, Scale::Times(60_000.0)),
    ("h", Unit::Milliseconds, Scale::Times(3_600_000.0)),
    ("day", Unit::Milliseconds, Scale::Times(86_400_000.0)),
    ("days", Unit::Milliseconds, Scale::Times(86_400_000.0)),
    ("%", Unit::Ratio, Scale::Tens(-2)),
    ("fps", Unit::FramesPerSecond, Scale::Tens(0)),
    ("bit/s", Unit::BitsPerSecond, Scale::Tens(0)),
    ("kbit/s", Unit::BitsPerSecond, Scale::Tens(3)),
    ("Mbit/s", Unit::BitsPerSecond, Scale::Tens(6)),
    ("MOS", Unit::Mos, Scale::Tens(0)),
    ("dB", Unit::Decibels, Scale::Tens(0)),
    ("packets", Unit::Packets, Scale::Tens(0)),
];

/// Units as they are written elsewhere, and what to write here.
const ELSEWHERE: &[(&str, &str)] = &[
    ("sec", "seconds are `s`, as in `30s`"),
    ("secs", "seconds are `s`, as in `30s`"),
    ("second", "seconds are `s`, as in `30s`"),
    ("seconds", "seconds are `s`, as in `30s`"),
    ("msec", "milliseconds are `ms`, as in `30ms`"),
    ("milliseconds", "milliseconds are `ms`, as in `30ms`"),
    ("m", "minutes are `min`, milliseconds `ms`"),
    ("mins", "minutes are `min`, as in `5min`"),
    ("minutes", "minutes are `min`, as in `5min`"),
    ("hour", "hours are `h`, as in `4h`"),
    ("hours", "hours are `h`, as in `4h`"),
    ("d", "days are `days`, as in `7days`"),
    ("w", "a week is `7days`"),
    ("weeks", "a week is `7days`"),
    ("percent", "per cent is `%`, as in `10%`"),
    ("kbps", "it is `kbit/s` here"),
    ("Mbps", "it is `Mbit/s` here"),
    ("kb/s", "bytes are not counted here: 1 kB/s is `8kbit/s`"),
    ("MB/s", "bytes are not counted here: 1 MB/s is `8Mbit/s`"),
];

#[derive(Clone, Copy)]
enum Scale {
    Tens(i32),
    Times(f64),
}

/// A quantity as limits are written, for other places that take the notation.
pub(crate) fn quantity(written: &str) -> Result<Limit, String> {
    let Quantity {
        value,
        unit,
        percent,
    } = parse_quantity(written)?;
    Ok(Limit {
        name: None,
        value,
        unit,
        percent,
    })
}

/// `30ms`, `10 %`, `1.5s`, `500`.
pub(super) fn parse_quantity(written: &str) -> Result<Quantity, String> {
    let trimmed = written.trim();
    let is_digit = |c: char| c.is_ascii_digit() || matches!(c, '.' | '+' | '-');
    let digits = trimmed.find(|c| !is_digit(c)).unwrap_or(trimmed.len());
    let (number, unit) = (&trimmed[..digits], trimmed[digits..].trim_start());
    let number_of = |text: &str| text.parse::<f64>().ok().filter(|value| value.is_finite());
    // Plain numbers may have an exponent; those with a unit need none.
    if let Some(value) = number_of(trimmed) {
        let value = match trimmed.parse::<i64>() {
            Ok(whole) => Value::Integer(whole),
            Err(_) => Value::Number(value),
        };
        return Ok(Quantity {
            value,
            unit: Unit::None,
            percent: None,
        });
    }
    let Some(plain) = number_of(number) else {
        return Err(format!(
            "`{written}` is no limit; write it as `30ms`, `10%` or `500`"
        ));
    };
    let Some((_, base, scale)) = UNITS.iter().find(|(name, ..)| *name == unit) else {
        let names = UNITS.iter().map(|(name, ..)| *name);
        if let Some(rest) = unit
            .strip_prefix(',')
            .filter(|rest| rest.starts_with(is_digit))
        {
            return Err(format!(
                "`{written}` is no limit; a fraction has a point: `{number}.{rest}`"
            ));
        }
        if let Some((_, meant)) = ELSEWHERE
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(unit))
        {
            return Err(format!("unknown unit `{unit}`; {meant}"));
        }
        let near = did_you_mean(unit, names.clone())
            .unwrap_or_else(|| format!("the units are {}", names.collect::<Vec<_>>().join(", ")));
        return Err(format!("unknown unit `{unit}`; {near}"));
    };
    let value = match scale {
        Scale::Tens(0) => plain,
        Scale::Tens(shift) => {
            number_of(&format!("{number}e{shift}")).ok_or("the number is too large")?
        }
        Scale::Times(factor) => plain * factor,
    };
    let percent = (unit == "%").then_some(plain);
    let value = match number.parse::<i64>() {
        Ok(whole) if *base == Unit::Packets => Value::Integer(whole),
        _ => Value::Number(value),
    };
    Ok(Quantity {
        value,
        unit: *base,
        percent,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(written: &str) -> (Value, Unit, Option<f64>) {
        let quantity = parse_quantity(written).expect(written);
        (quantity.value, quantity.unit, quantity.percent)
    }

    #[test]
    fn units_end_in_their_base_without_rounding_twice() {
        use Value::{Integer, Number};
        assert_eq!(number("30ms"), (Number(30.0), Unit::Milliseconds, None));
        assert_eq!(number("0.1 s"), (Number(100.0), Unit::Milliseconds, None));
        assert_eq!(
            number("2min"),
            (Number(120_000.0), Unit::Milliseconds, None)
        );
        assert_eq!(number("10%"), (Number(0.1), Unit::Ratio, Some(10.0)));
        assert_eq!(number("0.1%"), (Number(0.001), Unit::Ratio, Some(0.1)));
        assert_eq!(
            number("24kbit/s"),
            (Number(24_000.0), Unit::BitsPerSecond, None)
        );
        assert_eq!(number("500"), (Integer(500), Unit::None, None));
        assert_eq!(number("1e3"), (Number(1000.0), Unit::None, None));
        assert_eq!(number("1.0 MOS"), (Number(1.0), Unit::Mos, None));
    }

    #[test]
    fn what_is_no_quantity_is_refused() {
        for wrong in [
            "",
            "fast",
            "30 parsecs",
            "--3ms",
            "inf",
            "NaN",
            "3 ms extra",
        ] {
            assert!(parse_quantity(wrong).is_err(), "{wrong}");
        }
    }
}
