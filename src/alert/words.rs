//! Numbers, times and names as people write them: `13.7 %`, `266 ms`, `average jitter`.
//!
//! The same in a terminal, in an alert's summary and in messages. Text from records is escaped
//! here where it is put into words; nothing is decided.

use jiff::{SignedDuration, Timestamp};

use crate::text::Safe;

/// `format!` with room for a clause at once: an alert's words are put together of many.
macro_rules! text {
    ($($given:tt)*) => {{
        use std::fmt::Write as _;
        let mut text = String::with_capacity($crate::alert::words::CLAUSE);
        let _ = write!(text, $($given)*);
        text
    }};
}
pub(crate) use text;

/// Most clauses are no longer.
pub(super) const CLAUSE: usize = 96;

/// A level's name for so many of it.
pub(crate) fn plural(level: &str, count: u64) -> String {
    match (level, count) {
        (_, 1) | ("media" | "feedback", _) => level.to_owned(),
        _ => text!("{level}s"),
    }
}

/// When a call began, and how long it took.
pub(crate) fn when(start: Option<&str>, end: Option<&str>) -> Option<String> {
    let start: Timestamp = start?.parse().ok()?;
    let begun = start.strftime("%Y-%m-%d %H:%M:%S UTC");
    let end: Option<Timestamp> = end.and_then(|end| end.parse().ok());
    Some(match end {
        Some(end) => text!("{begun}, {}", length(end.duration_since(start))),
        None => begun.to_string(),
    })
}

fn length(duration: SignedDuration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => text!("{seconds} s"),
        60..3600 => text!("{} min {} s", seconds / 60, seconds % 60),
        _ => text!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// A value with its unit, as people write it: `13.7 %`, `266 ms`, `1.16 MOS`.
pub(crate) fn quantity(value: &serde_json::Value, unit: Option<&str>) -> String {
    let Some(number) = value.as_f64() else {
        return match value.as_str() {
            Some(text) => Safe(text).to_string(),
            None => Safe(&value.to_string()).to_string(),
        };
    };
    match unit {
        Some("ratio") => text!("{} %", short(hundredfold(number))),
        Some("percent") => text!("{} %", short(number)),
        Some("ms") if number.abs() >= 6e4 => text!("{} s", short(number / 1e3)),
        Some("bit/s") if number.abs() >= 1e6 => text!("{} Mbit/s", short(number / 1e6)),
        Some("bit/s") if number.abs() >= 1e3 => text!("{} kbit/s", short(number / 1e3)),
        Some("count") | None => short(number),
        Some(unit) => text!("{} {unit}", short(number)),
    }
}

/// A hundred times the number as it is written: 0.07 is 7, where a product would be a bit more.
fn hundredfold(number: f64) -> f64 {
    text!("{number}e2").parse().unwrap_or(number * 100.0)
}

/// At least three significant digits, and as many more as tell it from its neighbours at
/// a glance: whole numbers whole.
fn short(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 1e15 {
        return text!("{number:.0}");
    }
    let magnitude = number.abs().log10().floor() as i32;
    let decimals = usize::try_from(3 - magnitude).unwrap_or(0).clamp(1, 9);
    let text = text!("{number:.decimals$}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    // A value just over its limit must not read as the limit.
    if text.parse::<f64>().is_ok_and(|shown| shown.fract() == 0.0) {
        return number.to_string();
    }
    text.to_owned()
}

/// A count with its thousands apart.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with what is counted: `1 rule`, `2 rules`.
pub(crate) fn counted(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    text!("{} {what}{plural}", count(number))
}

/// A field's name in plain words: `averagePacketLossRate` is an average packet loss rate.
pub(crate) fn field_words(field: &str) -> String {
    let signs: Vec<char> = field.chars().collect();
    let mut words = String::with_capacity(field.len() + 8);
    for (at, sign) in signs.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| signs.get(at));
        let after = signs.get(at + 1);
        let upper = |sign: Option<&char>| sign.is_some_and(char::is_ascii_uppercase);
        let lower = |sign: Option<&char>| sign.is_some_and(char::is_ascii_lowercase);
        if *sign == '_' {
            words.push(' ');
        } else if sign.is_ascii_uppercase() {
            if lower(before) || upper(before) && lower(after) {
                words.push(' ');
            }
            // `IP` stays; so does a letter alone at the end of it.
            let of_acronym = upper(after) || upper(before) && !lower(after);
            words.push(match of_acronym {
                true => *sign,
                false => sign.to_ascii_lowercase(),
            });
        } else {
            words.push(*sign);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn quantities_read_in_their_units() {
        for (value, unit, shown) in [
            (json!(0.137), Some("ratio"), "13.7 %"),
            (json!(0.1), Some("ratio"), "10 %"),
            (json!(0.07), Some("ratio"), "7 %"),
            (
                json!(0.070_000_000_000_000_02),
                Some("ratio"),
                "7.000000000000002 %",
            ),
            (json!(266.0), Some("ms"), "266 ms"),
            (json!(4_149_680.0), Some("ms"), "4149.7 s"),
            (json!(30.000_001), Some("ms"), "30.000001 ms"),
            (json!(1.160_898), Some("MOS"), "1.161 MOS"),
            (json!(709), Some("packets"), "709 packets"),
            (json!(9_965_083), Some("bit/s"), "9.965 Mbit/s"),
            (json!("bad\u{1b}"), None, "bad\\u{1b}"),
        ] {
            assert_eq!(quantity(&value, unit), shown);
        }
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(count(999), "999");
    }

    #[test]
    fn names_of_fields_read_as_words() {
        for (field, words) in [
            ("averagePacketLossRate", "average packet loss rate"),
            ("maxRoundTripTime", "max round trip time"),
            ("relayIPAddress", "relay IP address"),
            ("cpuInsufficentEventRatio", "cpu insufficent event ratio"),
            ("inside_corp", "inside corp"),
            ("rating", "rating"),
        ] {
            assert_eq!(field_words(field), words);
        }
    }
}
