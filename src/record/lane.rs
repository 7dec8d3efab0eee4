//! Sixteen bytes looked at together, by the processor's own instructions where they are known.
//!
//! Each look gives a bit for each byte, the first byte lowest. Elsewhere the same is told byte by
//! byte. The bytes come as an array, so no pointer is followed here: all that is `unsafe` is to
//! name an instruction.

#![allow(
    unsafe_code,
    reason = "instructions of SSE2, which is part of every processor that this is compiled for"
)]

/// Sixteen bytes.
pub(crate) type Bytes = [u8; 16];

#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
mod looks {
    use std::arch::x86_64::{
        __m128i, _mm_cmpeq_epi8, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x,
        _mm_set1_epi8,
    };

    use super::Bytes;

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
    fn ink_here(bytes: &Bytes) -> u32 {
        let lanes = load(bytes);
        let blank = _mm_cmpeq_epi8(_mm_min_epu8(lanes, _mm_set1_epi8(0x20)), lanes);
        _mm_movemask_epi8(blank) as u32 ^ 0xffff
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
    pub(crate) fn ink(bytes: &Bytes) -> u32 {
        // SAFETY: as in `same`.
        unsafe { ink_here(bytes) }
    }
}

/// The same, byte by byte: for other processors, and the twin of the tests.
#[cfg(any(test, not(all(target_arch = "x86_64", target_feature = "sse2"))))]
mod plain {
    use super::Bytes;

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

    /// Where there is more than white space: a byte above the space.
    pub(crate) fn ink(bytes: &Bytes) -> u32 {
        bits(|at| bytes[at] > b' ')
    }
}

#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
use plain as looks;

pub(crate) use looks::{ink, same, special};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any() -> impl Strategy<Value = Bytes> {
        let odd = prop_oneof![
            any_byte(),
            proptest::sample::select(b"\"\\ \t\n\r\x00\x1f\x20\x21\x7f\x80\xff".to_vec()),
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
            prop_assert_eq!(ink(&a), plain::ink(&a));
            prop_assert_eq!(same(&a, &b), plain::same(&a, &b));
            let mut nearly = a;
            nearly[at] = b[at];
            prop_assert_eq!(same(&a, &nearly), plain::same(&a, &nearly));
        }
    }
}
