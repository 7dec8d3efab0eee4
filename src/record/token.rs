//! Where the tokens of a JSON text end, told by looks at sixteen bytes at a time.
//!
//! It reads names that it was told to expect, strings without escapes, and numbers, and gives
//! nothing where there is anything else to a token: then the parser is asked. So what it accepts
//! is a part of what `simd-json` accepts, and the values are the same. No text is copied, and
//! every look is checked against the text's end, so that no byte behind it is ever seen.

use simd_json::StaticNode;

use super::lane;

/// A name as it is written before a value: quotes, colon and all, zeros behind.
pub(crate) const WRITTEN: usize = 48;

#[inline(always)]
fn sixteen(bytes: &[u8], at: usize) -> Option<&lane::Bytes> {
    bytes.get(at..)?.first_chunk()
}

/// The byte at `at`; behind the end a zero, which is no part of any token.
#[inline(always)]
pub(crate) fn byte(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or(0)
}

/// Whether the first `len` bytes of `name` stand at `at`.
#[inline(always)]
pub(crate) fn stands(bytes: &[u8], at: usize, name: &[u8; WRITTEN], len: u32) -> bool {
    let Some(here) = bytes.get(at..).and_then(<[u8]>::first_chunk::<{ WRITTEN }>) else {
        return false;
    };
    let (Some(here), Some(name)) = (thirds(here), thirds(name)) else {
        return false;
    };
    let mut same =
        u64::from(lane::same(here[0], name[0])) | u64::from(lane::same(here[1], name[1])) << 16;
    if len > 32 {
        same |= u64::from(lane::same(here[2], name[2])) << 32;
    }
    let wanted = (1 << len) - 1;
    same & wanted == wanted
}

#[inline(always)]
fn thirds(bytes: &[u8; WRITTEN]) -> Option<[&lane::Bytes; 3]> {
    let (first, rest) = bytes.split_first_chunk()?;
    let (second, rest) = rest.split_first_chunk()?;
    Some([first, second, rest.first_chunk()?])
}

/// Where the string whose first byte is at `from` ends, at its quote, and whether something in it
/// is escaped. None of one that is broken or not ended.
#[inline(always)]
pub(crate) fn string_end(bytes: &[u8], from: usize) -> Option<(usize, bool)> {
    let mut at = from;
    while let Some(next) = bytes.get(at..).and_then(<[u8]>::first_chunk::<32>)
        && let Some((low, high)) = next.split_first_chunk::<16>()
        && let Some(high) = high.first_chunk::<16>()
    {
        let special = lane::special(low) | lane::special(high) << 16;
        if special != 0 {
            at += special.trailing_zeros() as usize;
            if byte(bytes, at) == b'"' {
                return Some((at, false));
            }
            return odd_string_end(bytes, at);
        }
        at += 32;
    }
    odd_string_end(bytes, at)
}

/// The same of a string with escapes, and in the last bytes of a text.
#[cold]
fn odd_string_end(bytes: &[u8], from: usize) -> Option<(usize, bool)> {
    let mut at = from;
    let mut escaped = false;
    loop {
        if let Some(next) = sixteen(bytes, at) {
            let special = lane::special(next);
            if special == 0 {
                at += 16;
                continue;
            }
            at += special.trailing_zeros() as usize;
        }
        match *bytes.get(at)? {
            b'"' => return Some((at, escaped)),
            b'\\' => {
                escaped = true;
                at += escape(bytes, at)?.1;
            }
            0..0x20 => return None,
            _ => at += 1,
        }
    }
}

/// The character that is escaped at `at`, and how many bytes that takes. Halves of pairs are left
/// to the parser.
fn escape(bytes: &[u8], at: usize) -> Option<(char, usize)> {
    let character = match byte(bytes, at + 1) {
        quoted @ (b'"' | b'\\' | b'/') => char::from(quoted),
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let high = hex(bytes, at + 2)?;
            if !(0xd800..0xdc00).contains(&high) {
                return Some((char::from_u32(high)?, 6));
            }
            if bytes.get(at + 6..at + 8) != Some(b"\\u") {
                return None;
            }
            let low = hex(bytes, at + 8)?;
            if !(0xdc00..0xe000).contains(&low) {
                return None;
            }
            let pair = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
            return Some((char::from_u32(pair)?, 12));
        }
        _ => return None,
    };
    Some((character, 2))
}

fn hex(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..at + 4)?;
    let mut value = 0;
    for digit in digits {
        value = value << 4 | char::from(*digit).to_digit(16)?;
    }
    Some(value)
}

/// What the string `written` says, escapes resolved, in the first bytes of `room`, which then
/// begins behind them.
#[cold]
pub(crate) fn unescape<'t>(written: &str, room: &mut &'t mut [u8]) -> Option<&'t str> {
    let bytes = written.as_bytes();
    let own = std::mem::take(room);
    let (mut from, mut len) = (0, 0);
    while let Some(plain) = memchr::memchr(b'\\', bytes.get(from..)?) {
        let upto = from + plain;
        own.get_mut(len..len + plain)?
            .copy_from_slice(bytes.get(from..upto)?);
        len += plain;
        let (character, taken) = escape(bytes, upto)?;
        let space = own.get_mut(len..len + character.len_utf8())?;
        len += character.encode_utf8(space).len();
        from = upto + taken;
    }
    let left = bytes.get(from..)?;
    own.get_mut(len..len + left.len())?.copy_from_slice(left);
    let (said, left) = own.split_at_mut(len + left.len());
    *room = left;
    std::str::from_utf8(said).ok()
}

/// The next byte that is no white space, from `at` on. What is no white space in JSON, and no
/// token either, is left to whoever reads it.
#[inline(always)]
pub(crate) fn skip(bytes: &[u8], at: usize) -> usize {
    if byte(bytes, at) > b' ' {
        return at;
    }
    skip_blank(bytes, at)
}

#[inline(never)]
fn skip_blank(bytes: &[u8], at: usize) -> usize {
    let mut at = at;
    // Indentation is of spaces; what is left of it is a line's end, mostly one byte.
    loop {
        let from = at;
        while let Some(next) = sixteen(bytes, at) {
            let ink = lane::ink(next);
            let blank = ink.trailing_zeros().min(16) as usize;
            if next[..blank].iter().any(|byte| !is_blank(*byte)) {
                break;
            }
            at += blank;
            if blank < 16 {
                return at;
            }
        }
        while is_blank(byte(bytes, at)) {
            at += 1;
        }
        if at == from || byte(bytes, at) > b' ' {
            return at;
        }
    }
}

#[inline(always)]
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// A number as it is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Figure {
    pub(crate) form: Form,
    /// of an integer, without its sign
    pub(crate) whole: u64,
    /// of others
    pub(crate) float: f64,
    /// where it ends
    pub(crate) end: usize,
}

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Natural,
    /// an integer with a minus
    Negative,
    /// with a point or an exponent
    Fraction,
}

impl Figure {
    /// The number on a tape.
    #[inline(always)]
    pub(crate) fn node(self) -> StaticNode {
        match self.form {
            Form::Natural => StaticNode::U64(self.whole),
            Form::Negative => StaticNode::I64((self.whole as i64).wrapping_neg()),
            Form::Fraction => StaticNode::F64(self.float),
        }
    }

    /// The nearest double.
    #[inline(always)]
    pub(crate) fn value(self) -> f64 {
        match self.form {
            Form::Natural => self.whole as f64,
            Form::Negative => (self.whole as i64).wrapping_neg() as f64,
            Form::Fraction => self.float,
        }
    }
}

/// The number at `at`, as `simd-json` reads it. None of what is no number, and of those that are
/// too long for a look.
#[inline(always)]
pub(crate) fn number(bytes: &[u8], at: usize) -> Option<Figure> {
    let negative = byte(bytes, at) == b'-';
    let begin = at + usize::from(negative);
    let (whole, count) = digits(bytes, begin)?;
    let end = begin + count;
    let short = count < EIGHT && (count <= 1 || byte(bytes, begin) != b'0');
    match byte(bytes, end) {
        _ if count == 0 || !short => slow(bytes, at),
        b'.' => {
            let (behind, more) = digits(bytes, end + 1)?;
            let end = end + 1 + more;
            if more == 0 || more == EIGHT || matches!(byte(bytes, end), b'e' | b'E') {
                return slow(bytes, at);
            }
            // Two doubles that are exact, so that their quotient is the nearest there is.
            let tens = TENS.get(more)?;
            let float = (whole * tens.0 + behind) as f64 / tens.1;
            Some(Figure {
                form: Form::Fraction,
                whole: 0,
                float: if negative { -float } else { float },
                end,
            })
        }
        b'e' | b'E' => slow(bytes, at),
        _ => Some(Figure {
            form: if negative {
                Form::Negative
            } else {
                Form::Natural
            },
            whole,
            float: 0.0,
            end,
        }),
    }
}

/// Powers of ten, also as doubles.
const TENS: [(u64, f64); EIGHT] = [
    (1, 1e0),
    (10, 1e1),
    (100, 1e2),
    (1_000, 1e3),
    (10_000, 1e4),
    (100_000, 1e5),
    (1_000_000, 1e6),
    (10_000_000, 1e7),
];

/// So many digits are read at once; fewer than that before a point, and fewer behind it, make an
/// integer that is a double.
const EIGHT: usize = 8;

/// The digits at `at`, up to eight of them, and how many they are.
#[inline(always)]
fn digits(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    let here: &[u8; EIGHT] = match bytes.get(at..).and_then(<[u8]>::first_chunk) {
        Some(here) => here,
        // So near its end no document has a number but a broken one.
        None => return last_digits(bytes, at),
    };
    let values = u64::from_le_bytes(*here) ^ ZEROS;
    // The high bit of each byte that is above nine.
    let others = (values.wrapping_add(0x7676_7676_7676_7676) | values) & 0x8080_8080_8080_8080;
    // What carries goes to bytes behind the first that is no digit.
    let count = (others.trailing_zeros() / 8) as usize;
    if count == 0 {
        return Some((0, 0));
    }
    // Leading zeros, so that eight digits are eight digits.
    let values = values << (64 - 8 * count);
    let pairs = (values.wrapping_mul(10) + (values >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(100) + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    let all = fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff;
    Some((all, count))
}

#[cold]
fn last_digits(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let left = bytes.get(at..)?.iter();
    let digits = left.take_while(|byte| byte.is_ascii_digit());
    Some(digits.fold((0, 0), |(value, count), digit| {
        (value * 10 + u64::from(digit - b'0'), count + 1)
    }))
}

/// A number with an exponent, or with many digits: read by the standard library, which gives the
/// nearest double, as `simd-json` does.
#[cold]
fn slow(bytes: &[u8], at: usize) -> Option<Figure> {
    /// Longer ones are left to the parser.
    const LONGEST: usize = 64;
    let here = bytes.get(at..)?;
    let here = here.get(..LONGEST).unwrap_or(here);
    let len = here
        .iter()
        .position(|byte| !matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'))?;
    let written = here.get(..len)?;
    let unsigned = written.strip_prefix(b"-").unwrap_or(written);
    let count = |from: usize| {
        let left = unsigned.get(from..).unwrap_or_default().iter();
        left.take_while(|byte| byte.is_ascii_digit()).count()
    };
    let mut end = count(0);
    if end == 0 || (end > 1 && unsigned.starts_with(b"0")) {
        return None;
    }
    let integer = end == unsigned.len();
    if unsigned.get(end) == Some(&b'.') {
        let behind = count(end + 1);
        if behind == 0 {
            return None;
        }
        end += 1 + behind;
    }
    if matches!(unsigned.get(end), Some(b'e' | b'E')) {
        end += 1 + usize::from(matches!(unsigned.get(end + 1), Some(b'-' | b'+')));
        let behind = count(end);
        if behind == 0 || behind > 3 {
            return None;
        }
        end += behind;
    }
    if end != unsigned.len() {
        return None;
    }
    let mut figure = Figure {
        form: Form::Fraction,
        whole: 0,
        float: 0.0,
        end: at + len,
    };
    if integer {
        // The last few that fit into 64 bits are left to the parser.
        figure.whole = unsigned_integer(unsigned).filter(|whole| *whole < 1 << 62)?;
        figure.form = match unsigned.len() == written.len() {
            true => Form::Natural,
            false => Form::Negative,
        };
        return Some(figure);
    }
    figure.float = std::str::from_utf8(written).ok()?.parse().ok()?;
    figure.float.is_finite().then_some(figure)
}

fn unsigned_integer(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests;
