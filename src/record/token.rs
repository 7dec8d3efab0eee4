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
    while let Some(next) = sixteen(bytes, at) {
        let special = lane::special(next);
        if special != 0 {
            at += special.trailing_zeros() as usize;
            if byte(bytes, at) == b'"' {
                return Some((at, false));
            }
            return odd_string_end(bytes, at);
        }
        at += 16;
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

/// The number at `at`, as `simd-json` reads it, and where it ends. None of what is no number, and
/// of those that are too long for a quick look.
#[inline(always)]
pub(crate) fn number(bytes: &[u8], at: usize) -> Option<(StaticNode, usize)> {
    /// Digits that fit into 64 bits, whatever they are.
    const DIGITS: usize = 18;
    let negative = byte(bytes, at) == b'-';
    let begin = at + usize::from(negative);
    let mut next = begin;
    let whole = digits(bytes, &mut next, 0);
    let count = next - begin;
    if count == 0 || count > DIGITS || (count > 1 && byte(bytes, begin) == b'0') {
        return None;
    }
    match byte(bytes, next) {
        b'.' => {}
        b'e' | b'E' => return slow(bytes, at),
        _ if negative => return Some((StaticNode::I64(-(whole as i64)), next)),
        _ => return Some((StaticNode::U64(whole), next)),
    }
    let point = next + 1;
    next = point;
    let value = digits(bytes, &mut next, whole);
    let behind = next - point;
    let more = matches!(byte(bytes, next), b'e' | b'E');
    if behind == 0 || count + behind > DIGITS || more {
        return slow(bytes, at);
    }
    /// Up to here integers are doubles.
    const EXACT: u64 = (1 << 53) - 1;
    // Two doubles that are exact, so that their quotient is the nearest there is.
    let tens = TENS.get(behind).filter(|_| value <= EXACT);
    let Some(tens) = tens else {
        return slow(bytes, at);
    };
    let float = value as f64 / tens;
    Some((StaticNode::F64(if negative { -float } else { float }), next))
}

/// Powers of ten that are doubles.
const TENS: [f64; 19] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18,
];

#[inline(always)]
fn digits(bytes: &[u8], next: &mut usize, before: u64) -> u64 {
    let mut value = before;
    loop {
        let digit = byte(bytes, *next).wrapping_sub(b'0');
        if digit > 9 {
            return value;
        }
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
        *next += 1;
    }
}

/// A number with an exponent, or with many digits: read by the standard library, which gives the
/// nearest double, as `simd-json` does.
#[cold]
fn slow(bytes: &[u8], at: usize) -> Option<(StaticNode, usize)> {
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
    let float: f64 = std::str::from_utf8(written).ok()?.parse().ok()?;
    float
        .is_finite()
        .then_some((StaticNode::F64(float), at + len))
}

#[cfg(test)]
mod tests;
