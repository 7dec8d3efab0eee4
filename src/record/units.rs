//! The only conversions of units: durations to milliseconds, times to instants.
//!
//! Graph writes durations as ISO 8601 (`PT0.016S`) and times in UTC with up to
//! seven fraction digits; both are read here without allocation and checked in
//! the tests against jiff. Nothing is rounded before the last step, so that
//! `PT0.03S` is exactly 30 ms and a limit of 30 ms is not exceeded by it.

/// A length of time in milliseconds; may be negative where a document says so.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Millis(pub f64);

/// A point in time: nanoseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(pub i128);

impl Instant {
    /// Milliseconds since the epoch.
    pub fn millis(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// Time from `earlier` to this.
    pub fn since(self, earlier: Instant) -> Millis {
        Millis((self.0 - earlier.0) as f64 / 1e6)
    }
}

const NANOS: i128 = 1_000_000_000;

/// Reads an `Edm.Duration`: `[-]P[nD][T[nH][nM][n[.n]S]]`.
///
/// Digits beyond nanoseconds are cut off. `None` for anything else, also for a
/// bare `P`, and for more than 18 digits in a part.
#[inline]
pub fn duration(text: &str) -> Option<Millis> {
    seconds_alone(text.as_bytes()).or_else(|| any_duration(text))
}

/// `PT0.016S`, which nearly all durations of a record look like. `None`: look again.
fn seconds_alone(text: &[u8]) -> Option<Millis> {
    let [b'P', b'T', number @ .., b'S'] = text else {
        return None;
    };
    // Whole seconds below a billion, and nanoseconds, together keep within 63 bits.
    let (mut value, mut digits, mut fraction) = (0_u64, 0, false);
    for byte in number {
        match byte {
            b'0'..=b'9' => {
                digits += 1;
                value = value.wrapping_mul(10) + u64::from(byte - b'0');
            }
            b'.' if !fraction && (1..=9).contains(&digits) => {
                fraction = true;
                digits = 0;
            }
            _ => return None,
        }
        if digits > 9 {
            return None;
        }
    }
    let places = if fraction { digits } else { 0 };
    if digits == 0 {
        return None;
    }
    const TENS: [u64; 10] = [
        1_000_000_000,
        100_000_000,
        10_000_000,
        1_000_000,
        100_000,
        10_000,
        1_000,
        100,
        10,
        1,
    ];
    Some(Millis((value * TENS[places]) as f64 / 1e6))
}

/// A duration of any form.
fn any_duration(text: &str) -> Option<Millis> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut bytes = rest.strip_prefix('P')?.as_bytes();
    let mut nanos: i128 = 0;
    // Parts must come in this order, each at most once.
    let mut next = 0u8;
    let mut in_time = false;
    let mut seen = false;
    while let Some((&first, tail)) = bytes.split_first() {
        if first == b'T' && !in_time {
            in_time = true;
            bytes = tail;
            if bytes.is_empty() {
                return None;
            }
            continue;
        }
        let (whole, digits) = digits(bytes)?;
        let mut after = bytes.get(digits..)?;
        let mut fraction = 0i128;
        let mut fractional = false;
        if let [b'.', tail @ ..] = after {
            let (value, length) = fraction_nanos(tail)?;
            fraction = value;
            fractional = true;
            after = tail.get(length..)?;
        }
        let (&unit, tail) = after.split_first()?;
        let (rank, scale) = match (unit, in_time) {
            (b'D', false) => (1, 86_400 * NANOS),
            (b'H', true) => (2, 3_600 * NANOS),
            (b'M', true) => (3, 60 * NANOS),
            (b'S', true) => (4, NANOS),
            _ => return None,
        };
        if rank <= next || (fractional && unit != b'S') {
            return None;
        }
        next = rank;
        seen = true;
        nanos = nanos
            .checked_add(whole.checked_mul(scale)?)?
            .checked_add(fraction)?;
        bytes = tail;
    }
    if !seen || (in_time && next < 2) {
        return None;
    }
    let signed = if negative { -nanos } else { nanos };
    Some(Millis(signed as f64 / 1e6))
}

/// Value and length of the leading digits.
fn digits(bytes: &[u8]) -> Option<(i128, usize)> {
    let length = bytes
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    if length == 0 || length > 18 {
        return None;
    }
    let value = bytes
        .get(..length)?
        .iter()
        .fold(0i128, |value, byte| value * 10 + i128::from(byte - b'0'));
    Some((value, length))
}

/// Leading fraction digits as nanoseconds, and how many there were.
fn fraction_nanos(bytes: &[u8]) -> Option<(i128, usize)> {
    let length = bytes
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    if length == 0 {
        return None;
    }
    let mut value = 0i128;
    for place in 0..9 {
        let digit = if place < length {
            bytes.get(place).map_or(0, |byte| byte - b'0')
        } else {
            0
        };
        value = value * 10 + i128::from(digit);
    }
    Some((value, length))
}

/// Reads an `Edm.DateTimeOffset`: `2020-02-25T18:52:21.2169889Z`, or with an offset.
///
/// `None` for anything else, and for days that no calendar has. The year
/// 0001-01-01T00:00:00Z, which Graph writes for "none", reads as the time it is.
pub fn instant(text: &str) -> Option<Instant> {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| -> Option<i64> {
        let part = bytes.get(from..to)?;
        part.iter().try_fold(0i64, |value, byte| {
            byte.is_ascii_digit()
                .then(|| value * 10 + i64::from(byte - b'0'))
        })
    };
    let is = |at: usize, byte: u8| bytes.get(at) == Some(&byte);
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute) = (number(11, 13)?, number(14, 16)?);
    if !(is(4, b'-') && is(7, b'-') && (is(10, b'T') || is(10, b't')) && is(13, b':')) {
        return None;
    }
    let mut at = 16;
    let mut second = 0;
    let mut nanos = 0i128;
    if is(at, b':') {
        second = number(17, 19)?;
        at = 19;
        if is(at, b'.') {
            let (value, length) = fraction_nanos(bytes.get(20..)?)?;
            nanos = value;
            at = 20 + length;
        }
    }
    let offset_minutes = match bytes.get(at..)? {
        [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
            let (hours, minutes) = (number(at + 1, at + 3)?, number(at + 4, at + 6)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let total = hours * 60 + minutes;
            if *sign == b'-' { -total } else { total }
        }
        _ => return None,
    };
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let days_in_month = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if day < 1 || day > days_in_month || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // Days since the epoch in the proleptic Gregorian calendar, March-based years.
    let (y, m) = if month <= 2 {
        (year - 1, month + 9)
    } else {
        (year, month - 3)
    };
    let era = y.div_euclid(400);
    let year_of_era = y.rem_euclid(400);
    let day_of_year = (153 * m + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    let seconds = days * 86_400 + hour * 3_600 + (minute - offset_minutes) * 60 + second;
    Some(Instant(i128::from(seconds) * NANOS + nanos))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_are_exact_milliseconds() {
        for (text, millis) in [
            ("PT0.016S", Some(16.0)),
            ("PT0.03S", Some(30.0)),
            ("PT1H2M3.5S", Some(3_723_500.0)),
            ("P1DT2H", Some(93_600_000.0)),
            ("P1D", Some(86_400_000.0)),
            ("-PT2M17.1009318S", Some(-137_100.931_8)),
            ("PT0S", Some(0.0)),
            ("P", None),
            ("PT", None),
            ("P1DT", None),
            ("PT1S2M", None),
            ("PT1.5M", None),
            ("P1Y", None),
            ("PT1", None),
            ("30ms", None),
            ("", None),
        ] {
            assert_eq!(duration(text), millis.map(Millis), "{text}");
        }
    }

    proptest! {
        #[test]
        fn durations_agree_with_jiff(h in 0i64..100, m in 0i64..100, s in 0i64..100, n in 0u32..1_000_000_000) {
            let text = format!("PT{h}H{m}M{s}.{n:09}S");
            let slow: jiff::SignedDuration = text.parse().expect("jiff reads it");
            prop_assert_eq!(duration(&text), Some(Millis(slow.as_nanos() as f64 / 1e6)));
        }

        #[test]
        fn seconds_alone_are_read_as_every_duration_is(text in "PT[0-9]{0,10}(\\.[0-9]{0,11})?S|P[T0-9.SMH]{0,6}") {
            prop_assert_eq!(duration(&text), any_duration(&text));
        }

        #[test]
        fn instants_agree_with_jiff(
            y in 1i32..9999, mo in 1u32..13, d in 1u32..32, h in 0u32..24, mi in 0u32..60,
            s in 0u32..60, n in 0u32..10_000_000, off in prop_oneof![Just("Z".to_owned()), (0u32..14, 0u32..60, any::<bool>()).prop_map(|(h, m, plus)| format!("{}{h:02}:{m:02}", if plus { '+' } else { '-' }))],
        ) {
            let text = format!("{y:04}-{mo:02}-{d:02}T{h:02}:{mi:02}:{s:02}.{n:07}{off}");
            let slow = text.parse::<jiff::Timestamp>().ok().map(|t| Instant(t.as_nanosecond()));
            // jiff ends a day before the year 0001 and after 9999 do.
            if slow.is_some() || !(1..9999).contains(&y) {
                prop_assert_eq!(instant(&text), slow);
            } else if instant(&text).is_some() {
                prop_assert!(y <= 1 || y >= 9998, "{}", text);
            }
        }
    }
}
