//! The values around a limit: at it, and as near to it as a record can be.
//!
//! A duration comes as near as a nanosecond, a whole number as near as one, any other number as the
//! next one there is. Nothing is rounded.

use serde_json::Value as Json;

use crate::rules::fields::{FieldId, Kind, Unit};
use crate::rules::{Limit, Value};

/// On which side of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Under,
    At,
    Over,
    Missing,
}

impl Side {
    pub(super) fn parse(name: &str) -> Option<Side> {
        Some(match name {
            "under" => Side::Under,
            "at" => Side::At,
            "over" => Side::Over,
            "missing" => Side::Missing,
            _ => return None,
        })
    }

    pub(super) fn in_words(self, limit: &str) -> String {
        match self {
            Side::Under => format!("just under {limit}"),
            Side::At => format!("at {limit}"),
            Side::Over => format!("just over {limit}"),
            Side::Missing => "missing".to_owned(),
        }
    }
}

/// Where to put which value, so that the reading is on that side of the limit.
pub(super) fn value(reading: &str, limit: &Limit, side: Side) -> Result<(String, Json), String> {
    let name = reading.rsplit('.').next().unwrap_or(reading);
    if let Some(piece) = reading.strip_suffix(".duration") {
        let nanos = nanos(limit, side).ok_or("the limit is no duration")?;
        return Ok((format!("{piece}.endDateTime"), end(nanos).into()));
    }
    let field = FieldId::all()
        .find(|field| field.name() == name)
        .ok_or_else(|| format!("no rule can read `{name}`"))?;
    let value = match (field.get().kind, is_duration(field)) {
        (_, true) => iso(nanos(limit, side).ok_or("the limit is no duration")?).into(),
        (Kind::Integer, _) => {
            let limit = number(field, limit).ok_or("the limit is no number")?;
            let whole = match side {
                Side::Under => limit.ceil() - 1.0,
                Side::Over => limit.floor() + 1.0,
                _ => limit,
            };
            Json::from(whole as i64)
        }
        (Kind::Number, _) => {
            let limit = number(field, limit).ok_or("the limit is no number")?;
            Json::from(match side {
                Side::Under => limit.next_down(),
                Side::Over => limit.next_up(),
                _ => limit,
            })
        }
        _ => {
            return Err(format!(
                "`{name}` is no number, so there is nothing around a limit"
            ));
        }
    };
    Ok((reading.to_owned(), value))
}

/// A quantity as the field is written in a record.
pub(super) fn written(field: FieldId, limit: &Limit) -> Option<Json> {
    if is_duration(field) {
        return (limit.unit == Unit::Milliseconds)
            .then(|| nanos(limit, Side::At).map(|nanos| iso(nanos).into()))?;
    }
    let number = number(field, limit)?;
    Some(match field.get().kind {
        Kind::Integer => Json::from(number as i64),
        _ => Json::from(number),
    })
}

fn is_duration(field: FieldId) -> bool {
    field.meaning().graph_type.as_deref() == Some("Edm.Duration")
}

fn number(field: FieldId, limit: &Limit) -> Option<f64> {
    match (field.get().unit, limit.percent) {
        (Unit::Percent, Some(percent)) => Some(percent),
        _ => match limit.value {
            Value::Number(value) => Some(value),
            Value::Integer(value) => Some(value as f64),
            _ => None,
        },
    }
}

fn nanos(limit: &Limit, side: Side) -> Option<i64> {
    let millis = match limit.value {
        Value::Number(value) => value,
        Value::Integer(value) => value as f64,
        _ => return None,
    };
    let nanos = (millis * 1e6).round() as i64;
    Some(match side {
        Side::Under => nanos - 1,
        Side::Over => nanos + 1,
        _ => nanos,
    })
}

/// A duration as Graph writes it.
fn iso(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.unsigned_abs();
    let (seconds, rest) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    let fraction = format!("{rest:09}");
    match fraction.trim_end_matches('0') {
        "" => format!("{sign}PT{seconds}S"),
        fraction => format!("{sign}PT{seconds}.{fraction}S"),
    }
}

/// The time so long after the start of what is filled in, 09:00.
fn end(nanos: i64) -> String {
    let nanos = nanos + 9 * 3_600 * 1_000_000_000;
    let (seconds, rest) = (
        nanos.div_euclid(1_000_000_000),
        nanos.rem_euclid(1_000_000_000),
    );
    format!(
        "2026-01-13T{:02}:{:02}:{:02}.{rest:09}Z",
        seconds / 3_600 % 24,
        seconds / 60 % 60,
        seconds % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::quantity;

    #[test]
    fn a_value_comes_as_near_to_a_limit_as_a_record_can() {
        let near = |reading: &str, limit: &str| -> Vec<String> {
            let limit = quantity(limit).expect("a limit");
            [Side::Under, Side::At, Side::Over]
                .into_iter()
                .map(|side| value(reading, &limit, side).expect("a value").1.to_string())
                .collect()
        };
        assert_eq!(
            near("stream.averageJitter", "30ms"),
            ["\"PT0.029999999S\"", "\"PT0.03S\"", "\"PT0.030000001S\""]
        );
        assert_eq!(
            near("stream.averagePacketLossRate", "10%"),
            ["0.09999999999999999", "0.1", "0.10000000000000002"]
        );
        assert_eq!(
            near("stream.packetUtilization", "500"),
            ["499", "500", "501"]
        );
        assert_eq!(
            near("stream.averageVideoFrameLossPercentage", "50%"),
            ["49.99999999999999", "50.0", "50.00000000000001"]
        );
        assert_eq!(
            near("session.duration", "10s")[0],
            "\"2026-01-13T09:00:09.999999999Z\""
        );
    }
}
