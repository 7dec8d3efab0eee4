//! Sixteen bytes looked at together, by the processor's own instructions where they are known.
//!
//! Each look gives a bit for each byte, the first byte lowest. Elsewhere the same is told byte by
//! byte. The bytes come as an array, so no pointer is followed here: all that is `unsafe` is to
//! name an instruction.

#![allow(
    unsafe_code,
    reason = "instructions of SSE2, which is part of every processor that this is compiled for"
)]

/// Whether a byte is white space between the tokens of JSON.
#[inline(always)]
pub(crate) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Sixteen bytes.
pub(crate) type Bytes = [u8; 16];

/// Bytes of a [`Block`].
pub(crate) const BLOCK: usize = 64;

/// What stands where in so many bytes: a bit for each of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Block {
    /// `"`
    pub(crate) quotes: u64,
    /// a line's end
    pub(crate) newlines: u64,
    /// `{`, `[`, `}` and `]`
    pub(crate) brackets: u64,
    /// a backslash, or a control character that is no white space
    pub(crate) odd: u64,
}

/// Looks at a whole block.
#[inline(always)]
pub(crate) fn block(bytes: &[u8; BLOCK]) -> Block {
    let mut block = Block::default();
    let (quarters, _) = bytes.as_chunks::<16>();
    for (at, quarter) in quarters.iter().enumerate() {
        let part = looks::part(quarter);
        let shift = 16 * at;
        block.quotes |= u64::from(part.quotes) << shift;
        block.newlines |= u64::from(part.newlines) << shift;
        block.brackets |= u64::from(part.brackets) << shift;
        block.odd |= u64::from(part.odd) << shift;
    }
    block
}

/// Where in a block there is no white space of JSON's.
#[inline]
pub(crate) fn solid_block(bytes: &[u8; BLOCK]) -> u64 {
    let (quarters, _) = bytes.as_chunks::<16>();
    let parts = quarters.iter().enumerate();
    parts.fold(0, |all, (at, part)| {
        all | u64::from(solid(part)) << (16 * at)
    })
}

/// A quarter of a [`Block`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Part {
    quotes: u16,
    newlines: u16,
    brackets: u16,
    odd: u16,
}

#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
mod looks {
    use std::arch::x86_64::{
        __m128i, _mm_andnot_si128, _mm_cmpeq_epi8, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128,
        _mm_set_epi64x, _mm_set1_epi8,
    };

    use super::{Bytes, Part};

    #[inline]
    #[target_feature(enable = "sse2")]
    fn load(bytes: &Bytes) -> __m128i {
        let both = u128::from_le_bytes(*bytes);
        _mm_set_epi64x((both >> 64) as i64, both as i64)
    }

    #[inline]
    #[target_feature(enable = "sse2")]
    fn same_here(a: &Bytes, b: &Bytes) -> u32 {
        _mm_movemask_epi8(_mm_cmpeq_epi8(load(a), load(b))) as u32
    }

    #[inline]
    #[target_feature(enable = "sse2")]
    fn special_here(bytes: &Bytes) -> u32 {
        let lanes = load(bytes);
        let quote = _mm_cmpeq_epi8(lanes, _mm_set1_epi8(b'"' as i8));
        let backslash = _mm_cmpeq_epi8(lanes, _mm_set1_epi8(b'\\' as i8));
        let control = _mm_cmpeq_epi8(_mm_min_epu8(lanes, _mm_set1_epi8(0x1f)), lanes);
        _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, backslash), control)) as u32
    }

    #[inline]
    #[target_feature(enable = "sse2")]
    fn solid_here(bytes: &Bytes) -> u32 {
        let lanes = load(bytes);
        let is = |byte: u8| _mm_cmpeq_epi8(lanes, _mm_set1_epi8(byte as i8));
        let line = _mm_or_si128(is(b'\n'), is(b'\r'));
        let blank = _mm_or_si128(line, _mm_or_si128(is(b' '), is(b'\t')));
        _mm_movemask_epi8(blank) as u32 ^ 0xffff
    }

    #[inline]
    #[target_feature(enable = "sse2")]
    fn part_here(bytes: &Bytes) -> Part {
        let lanes = load(bytes);
        let all = |byte: u8| _mm_set1_epi8(byte as i8);
        let is = |byte: u8| _mm_cmpeq_epi8(lanes, all(byte));
        let bits = |lanes: __m128i| _mm_movemask_epi8(lanes) as u16;
        // Square brackets and braces are one bit apart.
        let braces = _mm_or_si128(lanes, all(0x20));
        let opens = _mm_cmpeq_epi8(braces, all(b'{'));
        let closes = _mm_cmpeq_epi8(braces, all(b'}'));
        let control = _mm_cmpeq_epi8(_mm_min_epu8(lanes, all(0x1f)), lanes);
        let newlines = is(b'\n');
        let white = _mm_or_si128(newlines, _mm_or_si128(is(b'\r'), is(b'\t')));
        let odd = _mm_or_si128(_mm_andnot_si128(white, control), is(b'\\'));
        Part {
            quotes: bits(is(b'"')),
            newlines: bits(newlines),
            brackets: bits(_mm_or_si128(opens, closes)),
            odd: bits(odd),
        }
    }

    #[inline(always)]
    pub(crate) fn part(bytes: &Bytes) -> Part {
        // SAFETY: as in `same`.
        unsafe { part_here(bytes) }
    }

    #[inline(always)]
    pub(crate) fn same(a: &Bytes, b: &Bytes) -> u32 {
        // SAFETY: this is compiled for processors with SSE2 alone (`cfg` above), and it asks for
        // no other.
        unsafe { same_here(a, b) }
    }

    #[inline(always)]
    pub(crate) fn special(bytes: &Bytes) -> u32 {
        // SAFETY: as in `same`.
        unsafe { special_here(bytes) }
    }

    #[inline(always)]
    pub(crate) fn solid(bytes: &Bytes) -> u32 {
        // SAFETY: as in `same`.
        unsafe { solid_here(bytes) }
    }
}

/// The same, byte by byte: for other processors, and the twin of the tests.
#[cfg(any(test, not(all(target_arch = "x86_64", target_feature = "sse2"))))]
mod plain {
    use super::{Bytes, Part};

    fn bits(of: impl Fn(usize) -> bool) -> u32 {
        (0..16).map(|at| u32::from(of(at)) << at).sum()
    }

    /// Where the two are the same.
    pub(crate) fn same(a: &Bytes, b: &Bytes) -> u32 {
        bits(|at| a[at] == b[at])
    }

    /// Where there is no plain part of a string: quote, backslash, control.
    pub(crate) fn special(bytes: &Bytes) -> u32 {
        bits(|at| matches!(bytes[at], b'"' | b'\\' | 0..0x20))
    }

    /// A quarter of a block.
    pub(crate) fn part(bytes: &Bytes) -> Part {
        let where_one_is = |of: &[u8]| bits(|at| of.contains(&bytes[at])) as u16;
        Part {
            quotes: where_one_is(b"\""),
            newlines: where_one_is(b"\n"),
            brackets: where_one_is(b"{[}]"),
            odd: bits(|at| matches!(bytes[at], b'\\' | 0..=8 | 11 | 12 | 14..0x20)) as u16,
        }
    }

    /// Where there is no white space of JSON's.
    pub(crate) fn solid(bytes: &Bytes) -> u32 {
        bits(|at| !super::is_blank(bytes[at]))
    }
}

#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
use plain as looks;

pub(crate) use looks::{same, solid, special};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any() -> impl Strategy<Value = Bytes> {
        let odd = prop_oneof![
            any_byte(),
            proptest::sample::select(b"{[}]\"\\ \t\n\r\x00\x1f\x20\x21\x7f\x80\xff".to_vec()),
        ];
        proptest::array::uniform16(odd)
    }

    fn any_byte() -> impl Strategy<Value = u8> {
        proptest::num::u8::ANY
    }

    proptest! {
        #[test]
        fn a_look_at_sixteen_bytes_is_a_look_at_each(a in any(), b in any(), at in 0usize..16) {
            prop_assert_eq!(special(&a), plain::special(&a));
            prop_assert_eq!(solid(&a), plain::solid(&a));
            prop_assert_eq!(looks::part(&a), plain::part(&a));
            prop_assert_eq!(same(&a, &b), plain::same(&a, &b));
            let mut nearly = a;
            nearly[at] = b[at];
            prop_assert_eq!(same(&a, &nearly), plain::same(&a, &nearly));
        }
    }
}
