//! Matchers by hand for the two patterns that stand at most values of a call record.
//!
//! Each stands beside its pattern; a property test holds the two together.

/// Durations, as OData writes them.
pub(super) const DURATION: &str = "^-?P([0-9]+D(T([0-9]+H([0-9]+M)?([0-9]+([.][0-9]+)?S)?|[0-9]+M([0-9]+([.][0-9]+)?S)?|[0-9]+([.][0-9]+)?S))?|T([0-9]+H([0-9]+M)?([0-9]+([.][0-9]+)?S)?|[0-9]+M([0-9]+([.][0-9]+)?S)?|[0-9]+([.][0-9]+)?S))$";

/// Points in time, as OData writes them.
pub(super) const TIME: &str = "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,12})?)?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$";

/// `-?P(nD)?(T(nH)?(nM)?(n(.n)?S)?)?`, with at least one part where parts are due.
pub(super) fn duration(text: &str) -> bool {
    let bytes = text.as_bytes();
    if let [b'P', b'T', seconds @ .., b'S'] = bytes
        && let Some(right) = in_one_word(seconds)
    {
        return right;
    }
    let bytes = bytes.strip_prefix(b"-").unwrap_or(bytes);
    let Some(mut rest) = bytes.strip_prefix(b"P") else {
        return false;
    };
    if rest.first() != Some(&b'T') {
        match digits(rest) {
            Some([b'D']) => return true,
            Some([b'D', time @ ..]) => rest = time,
            _ => return false,
        }
    }
    let Some(mut rest) = rest.strip_prefix(b"T") else {
        return false;
    };
    // The parts that may still come: hours, minutes and seconds, in that order.
    let mut due = 3;
    while !rest.is_empty() {
        rest = match digits(rest) {
            Some([b'H', rest @ ..]) if due == 3 => {
                due = 2;
                rest
            }
            Some([b'M', rest @ ..]) if due >= 2 => {
                due = 1;
                rest
            }
            Some([b'S']) => return true,
            Some([b'.', fraction @ ..]) => return digits(fraction) == Some(b"S"),
            _ => return false,
        };
    }
    due < 3
}

/// Whether up to eight bytes are digits, and at most one point between them; told without a branch
/// that depends on how many there are, for they differ from value to value. None for more bytes,
/// and where other parts than seconds may be right.
#[inline]
fn in_one_word(bytes: &[u8]) -> Option<bool> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let len = bytes.len();
    let word = match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        (Some(first), Some(last)) if len <= 8 => {
            let last = u64::from(u32::from_le_bytes(*last));
            u64::from(u32::from_le_bytes(*first)) | last << (8 * (len - 4))
        }
        _ => return None,
    };
    let inside = u64::MAX >> (64 - 8 * len);
    // The high bit of each byte that is no digit; bytes beyond ASCII have it already.
    let digits = word ^ (ONES * u64::from(b'0'));
    let no_digit = (((digits & !HIGH) + ONES * (0x80 - 10)) | digits) & HIGH & inside;
    if no_digit == 0 {
        return Some(true);
    }
    let at = no_digit.trailing_zeros() / 8;
    let one = no_digit & (no_digit - 1) == 0;
    let point = word >> (8 * at) & 0xff == u64::from(b'.');
    (one && point).then_some(at > 0 && (at as usize) < len - 1)
}

/// What follows one digit or more.
fn digits(text: &[u8]) -> Option<&[u8]> {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    text.get(count..).filter(|_| count > 0)
}

/// `YYYY-MM-DDThh:mm(:ss(.f)?)?` and a zone.
pub(super) fn time(text: &str) -> bool {
    let Some((
        [
            y1,
            y2,
            y3,
            y4,
            b'-',
            m1,
            m2,
            b'-',
            d1,
            d2,
            b'T',
            h1,
            h2,
            b':',
            n1,
            n2,
        ],
        mut rest,
    )) = text.as_bytes().split_first_chunk::<16>()
    else {
        return false;
    };
    let whole = [y1, y2, y3, y4].into_iter().all(u8::is_ascii_digit)
        && two(*m1, *m2, 1, 12)
        && two(*d1, *d2, 1, 31)
        && two(*h1, *h2, 0, 23)
        && two(*n1, *n2, 0, 59);
    if let [b':', s1, s2, after @ ..] = rest {
        if !two(*s1, *s2, 0, 59) {
            return false;
        }
        rest = after;
        if let [b'.', fraction @ ..] = rest {
            match digits(fraction) {
                Some(after) if fraction.len() - after.len() <= 12 => rest = after,
                _ => return false,
            }
        }
    }
    whole
        && match rest {
            [b'Z'] => true,
            [b'+' | b'-', h1, h2, b':', m1, m2] => two(*h1, *h2, 0, 23) && two(*m1, *m2, 0, 59),
            _ => false,
        }
}

/// Whether two digits make a number from `low` to `high`.
fn two(tens: u8, units: u8, low: u8, high: u8) -> bool {
    let (tens, units) = (tens.wrapping_sub(b'0'), units.wrapping_sub(b'0'));
    tens < 10 && units < 10 && (low..=high).contains(&(tens * 10 + units))
}
