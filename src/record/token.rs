//! Where the tokens of a JSON text end, told by looks at many bytes at a time.
//!
//! It reads names that it was told to expect, strings without escapes, and numbers, and gives
//! nothing where there is anything else to a token: then the parser is asked. So what it accepts
//! is a part of what `simd-json` accepts, and the values are the same. No text is copied, and
//! every look is checked against the text's end, so that no byte behind it is ever seen.

use simd_json::StaticNode;

use crate::lane::{self, Look, is_blank};

/// A name as it is written before a value: comma, quotes, colon and all, zeros behind.
pub(crate) const WRITTEN: usize = 48;

/// The next so many bytes, if there are so many. Texts are capped below 4 GiB: that no sum
/// overflows saves a look at it.
#[inline(always)]
pub(crate) fn next<const N: usize>(bytes: &[u8], at: usize) -> Option<&[u8; N]> {
    let at = at & u32::MAX as usize;
    bytes.get(at..at + N)?.first_chunk()
}

fn sixteen(bytes: &[u8], at: usize) -> Option<&lane::Bytes> {
    bytes.get(at..)?.first_chunk()
}

/// The byte at `at`; behind the end a zero, which is no part of any token.
#[inline(always)]
pub(crate) fn byte(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or(0)
}

/// Which bytes of a name do not count.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ignored {
    /// none
    Nothing = 0,
    /// its comma
    Comma = 1,
}

/// Whether the first `len` bytes of `name` stand at `at`; what is ignored of them is not looked at.
#[inline(always)]
pub(crate) fn stands<L: Look>(
    bytes: &[u8],
    at: usize,
    name: &[u8; WRITTEN],
    len: u32,
    ignored: Ignored,
) -> bool {
    let Some(here) = next::<{ WRITTEN }>(bytes, at) else {
        return false;
    };
    let (Some((here, more)), Some((name, rest))) = (parts(here), parts(name)) else {
        return false;
    };
    let mut same = u64::from(L::same(here, name));
    if len > 32 {
        same |= u64::from(lane::same(more, rest)) << 32;
    }
    same | ignored as u64 | u64::MAX << len == u64::MAX
}

#[inline(always)]
fn parts(bytes: &[u8; WRITTEN]) -> Option<(&lane::Half, &lane::Bytes)> {
    let (first, rest) = bytes.split_first_chunk()?;
    Some((first, rest.first_chunk()?))
}

/// Where the string whose first byte is at `from` ends, at its quote, and whether something in it
/// is escaped. None of one that is broken or not ended.
#[inline(always)]
pub(crate) fn string_end<L: Look>(bytes: &[u8], from: usize) -> Option<(usize, bool)> {
    let mut at = from;
    while let Some(next) = next(bytes, at) {
        let special = L::special(next);
        if special != 0 {
            let first = special.trailing_zeros() as usize;
            if next[first & 31] == b'"' {
                return Some((at + first, false));
            }
            return odd_string_end(bytes, at + first);
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
    while let Some(next) = sixteen(bytes, at) {
        let solid = lane::solid(next);
        if solid != 0 {
            return at + solid.trailing_zeros() as usize;
        }
        at += 16;
    }
    while is_blank(byte(bytes, at)) {
        at += 1;
    }
    at
}

/// A number as it is read, and where it ends: two words, so that it stays in registers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Figure {
    /// of an integer, without its sign; of others, the bits of the double
    bits: u64,
    /// where it ends, and [`Form`]; nothing for no number
    end: usize,
}

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Natural = 0,
    /// an integer with a minus
    Negative = 1,
    /// with a point or an exponent
    Fraction = 2,
}

impl Figure {
    /// No number, or one of which only the parser can tell.
    const NONE: Figure = Figure { bits: 0, end: 0 };

    #[inline(always)]
    fn of(form: Form, bits: u64, end: usize) -> Figure {
        Figure {
            bits,
            end: end << 2 | form as usize,
        }
    }

    #[inline(always)]
    fn integer(negative: bool, whole: u64, end: usize) -> Figure {
        Figure {
            bits: whole,
            end: end << 2 | usize::from(negative),
        }
    }

    /// Whether it is none.
    #[inline(always)]
    pub(crate) fn is_none(self) -> bool {
        self.end == 0
    }

    #[inline(always)]
    pub(crate) fn form(self) -> Form {
        match self.end & 3 {
            0 => Form::Natural,
            1 => Form::Negative,
            _ => Form::Fraction,
        }
    }

    /// What is behind it.
    #[inline(always)]
    pub(crate) fn end(self) -> usize {
        self.end >> 2
    }

    /// The number on a tape.
    #[inline(always)]
    pub(crate) fn node(self) -> StaticNode {
        match self.form() {
            Form::Natural => StaticNode::U64(self.bits),
            Form::Negative => StaticNode::I64((self.bits as i64).wrapping_neg()),
            Form::Fraction => StaticNode::F64(f64::from_bits(self.bits)),
        }
    }

    /// The nearest double. Integers are below 2^63.
    #[inline(always)]
    pub(crate) fn value(self) -> f64 {
        match self.form() {
            Form::Natural => self.bits as i64 as f64,
            Form::Negative => (self.bits as i64).wrapping_neg() as f64,
            Form::Fraction => f64::from_bits(self.bits),
        }
    }
}

/// The number at `at`, as `simd-json` reads it.
#[inline(always)]
pub(crate) fn number(bytes: &[u8], at: usize) -> Figure {
    let negative = byte(bytes, at) == b'-';
    let begin = at + usize::from(negative);
    let (whole, count) = digits(bytes, begin);
    let end = begin + count;
    let short = count.wrapping_sub(1) < EIGHT - 1 && (count == 1 || byte(bytes, begin) != b'0');
    if !short {
        return long(bytes, at);
    }
    match byte(bytes, end) {
        b'.' => {
            let (behind, more) = digits(bytes, end + 1);
            let end = end + 1 + more;
            let Some(tens) = TENS.get(more).filter(|_| more > 0) else {
                return long(bytes, at);
            };
            if matches!(byte(bytes, end), b'e' | b'E') {
                return long(bytes, at);
            }
            let float = quotient(whole * tens.0 + behind, tens.1, negative);
            Figure::of(Form::Fraction, float.to_bits(), end)
        }
        b'e' | b'E' => long(bytes, at),
        _ => Figure::integer(negative, whole, end),
    }
}

/// Of two doubles that are exact, so that it is the nearest that there is.
#[inline(always)]
fn quotient(value: u64, tens: f64, negative: bool) -> f64 {
    let float = value as i64 as f64 / tens;
    if negative { -float } else { float }
}

/// The same of numbers of more digits.
#[inline(never)]
fn long(bytes: &[u8], at: usize) -> Figure {
    /// Digits that fit into 63 bits, whatever they are.
    const DIGITS: usize = 18;
    /// Integers that are doubles.
    const EXACT: u64 = (1 << 53) - 1;
    const MORE: [f64; DIGITS + 1] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
        1e17, 1e18,
    ];
    let negative = byte(bytes, at) == b'-';
    let begin = at + usize::from(negative);
    let run = |mut value: u64, mut at: usize| {
        while let digit = byte(bytes, at).wrapping_sub(b'0')
            && digit <= 9
        {
            value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
            at += 1;
        }
        (value, at)
    };
    let (whole, point) = run(0, begin);
    let count = point - begin;
    if count == 0 || (count > 1 && byte(bytes, begin) == b'0') {
        return Figure::NONE;
    }
    match byte(bytes, point) {
        b'.' => {
            let (value, end) = run(whole, point + 1);
            let behind = end - point - 1;
            let plain = !matches!(byte(bytes, end), b'e' | b'E');
            match MORE.get(behind) {
                Some(tens) if plain && behind > 0 && count + behind <= DIGITS && value <= EXACT => {
                    let float = quotient(value, *tens, negative);
                    Figure::of(Form::Fraction, float.to_bits(), end)
                }
                _ => slow(bytes, at),
            }
        }
        b'e' | b'E' => slow(bytes, at),
        _ if count <= DIGITS => Figure::integer(negative, whole, point),
        _ => Figure::NONE,
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

/// Where the natural number at `at` ends, if it is one of few digits.
#[inline(always)]
pub(crate) fn few_digits_end(bytes: &[u8], at: usize) -> Option<usize> {
    let here = next::<EIGHT>(bytes, at)?;
    let count = digits_of(u64::from_le_bytes(*here) ^ ZEROS);
    let end = at + count;
    let written = count.wrapping_sub(1) < FEW && (count == 1 || here[0] != b'0');
    let natural = written && !matches!(byte(bytes, end), b'.' | b'e' | b'E');
    natural.then_some(end)
}

/// So many digits are few.
pub(crate) const FEW: usize = EIGHT - 1;

const ZEROS: u64 = 0x3030_3030_3030_3030;

/// With how many digits eight bytes begin, of which each digit is its value.
#[inline(always)]
fn digits_of(values: u64) -> usize {
    // The high bit of each byte that is above nine. What carries goes to bytes behind the first
    // that is no digit.
    let others = (values.wrapping_add(0x7676_7676_7676_7676) | values) & 0x8080_8080_8080_8080;
    (others.trailing_zeros() / 8) as usize
}

/// So many digits are read at once; fewer than that before a point, and fewer behind it, make an
/// integer that is a double.
const EIGHT: usize = 8;

/// The digits at `at`, up to eight of them, and how many they are.
#[inline(always)]
fn digits(bytes: &[u8], at: usize) -> (u64, usize) {
    // So near its end no document has a number but a broken one.
    let Some(here) = next::<EIGHT>(bytes, at) else {
        return last_digits(bytes, at);
    };
    let values = u64::from_le_bytes(*here) ^ ZEROS;
    let count = digits_of(values);
    if count == 0 {
        return (0, 0);
    }
    // Leading zeros, so that eight digits are eight digits.
    let values = values << (64 - 8 * count);
    let pairs = (values.wrapping_mul(10) + (values >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(100) + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    let all = fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff;
    (all, count)
}

#[cold]
fn last_digits(bytes: &[u8], at: usize) -> (u64, usize) {
    let left = bytes.get(at..).unwrap_or_default().iter();
    let digits = left.take_while(|byte| byte.is_ascii_digit());
    digits.fold((0, 0), |(value, count), digit| {
        (value * 10 + u64::from(digit - b'0'), count + 1)
    })
}

/// A number with an exponent, or with many digits: read by the standard library, which gives the
/// nearest double, as `simd-json` does.
#[cold]
fn slow(bytes: &[u8], at: usize) -> Figure {
    let written = fraction(bytes.get(at..).unwrap_or_default());
    match written.and_then(|written| Some((written.len(), written.parse::<f64>().ok()?))) {
        Some((len, float)) if float.is_finite() => {
            Figure::of(Form::Fraction, float.to_bits(), at + len)
        }
        _ => Figure::NONE,
    }
}

/// The number at the beginning of `here`, which has a point or an exponent.
fn fraction(here: &[u8]) -> Option<&str> {
    let digits = |from: usize| {
        let left = here.get(from..).unwrap_or_default().iter();
        left.take_while(|byte| byte.is_ascii_digit()).count()
    };
    let begin = usize::from(here.first() == Some(&b'-'));
    let mut end = begin + digits(begin);
    if here.get(end) == Some(&b'.') {
        let behind = digits(end + 1);
        if behind == 0 {
            return None;
        }
        end += 1 + behind;
    }
    if matches!(here.get(end), Some(b'e' | b'E')) {
        end += 1 + usize::from(matches!(here.get(end + 1), Some(b'-' | b'+')));
        let behind = digits(end);
        // Longer ones are left to the parser.
        if behind == 0 || behind > 3 {
            return None;
        }
        end += behind;
    }
    std::str::from_utf8(here.get(..end)?).ok()
}

#[cfg(test)]
mod tests;
