//! Many bytes looked at together, by the processor's own instructions where they are known: sixteen by
//! those that each of its kind has, 32 by AVX2 where this one has it.
//!
//! Each look gives a bit for each byte, the first byte lowest. Elsewhere the same is told byte by
//! byte. The bytes come as an array, so no pointer is followed here: all that is `unsafe` is to
//! name an instruction, and to take 32 bytes for what it works on.

#![allow(
    unsafe_code,
    reason = "instructions of SSE2, which is part of every processor that this is compiled for, and \
              of AVX2 where the processor was asked for it"
)]

/// Whether a byte is white space between the tokens of JSON.
#[inline(always)]
pub(crate) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Sixteen bytes.
pub(crate) type Bytes = [u8; 16];

/// 32 bytes.
pub(crate) type Half = [u8; 32];

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

/// How bytes are looked at: those of a block, and the next 32 of a token.
pub(crate) trait Look {
    /// Looks at a whole block.
    fn block(bytes: &[u8; BLOCK]) -> Block;
    /// Where in a block there is no white space of JSON's.
    fn solid(bytes: &[u8; BLOCK]) -> u64;
    /// Of each bit, the sum modulo two of it and all before it.
    fn prefix_xor(bits: u64) -> u64;
    /// Where two are the same.
    fn same(a: &Half, b: &Half) -> u32;
    /// Where there is no plain part of a string: quote, backslash, control.
    fn special(bytes: &Half) -> u32;
    /// Does what is asked for by the same look, in a function of its own.
    fn again<O: OverBlocks>(blocks: O) -> O::Found;
}

/// What goes over many bytes, by whichever look is best here.
pub(crate) trait OverBlocks {
    /// what comes of it
    type Found;
    /// To be inlined, with all looks in it; what is not is asked for by [`Look::again`].
    fn go<L: Look>(self) -> Self::Found;
}

/// Goes over bytes by the widest look that this processor has.
#[inline]
pub(crate) fn go_over<O: OverBlocks>(blocks: O) -> O::Found {
    #[cfg(target_arch = "x86_64")]
    if wide::is_there() {
        // SAFETY: this processor has what `go` asks for.
        return unsafe { wide::go(blocks) };
    }
    narrow(blocks)
}

/// Looks at sixteen bytes at a time.
pub(crate) struct Narrow;

impl Look for Narrow {
    #[inline(always)]
    fn block(bytes: &[u8; BLOCK]) -> Block {
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

    #[inline(always)]
    fn solid(bytes: &[u8; BLOCK]) -> u64 {
        let (quarters, _) = bytes.as_chunks::<16>();
        let parts = quarters.iter().enumerate();
        parts.fold(0, |all, (at, part)| {
            all | u64::from(solid(part)) << (16 * at)
        })
    }

    #[inline(always)]
    fn prefix_xor(mut bits: u64) -> u64 {
        for by in [1, 2, 4, 8, 16, 32] {
            bits ^= bits << by;
        }
        bits
    }

    #[inline(always)]
    fn same(a: &Half, b: &Half) -> u32 {
        let (a, b) = (halves(a), halves(b));
        looks::same(a[0], b[0]) | looks::same(a[1], b[1]) << 16
    }

    #[inline(always)]
    fn special(bytes: &Half) -> u32 {
        let [low, high] = halves(bytes);
        looks::special(low) | looks::special(high) << 16
    }

    #[inline(always)]
    fn again<O: OverBlocks>(blocks: O) -> O::Found {
        narrow(blocks)
    }
}

/// Of its own, as `wide::go` is.
#[inline(never)]
fn narrow<O: OverBlocks>(blocks: O) -> O::Found {
    blocks.go::<Narrow>()
}

#[inline(always)]
fn halves(bytes: &Half) -> [&Bytes; 2] {
    let (low, high) = bytes.split_at(16);
    match (low.first_chunk(), high.first_chunk()) {
        (Some(low), Some(high)) => [low, high],
        _ => [&[0; 16]; 2],
    }
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

/// Two looks at 32 bytes.
#[cfg(target_arch = "x86_64")]
mod wide {
    use std::arch::x86_64::{
        __m256i, _mm_clmulepi64_si128, _mm_cvtsi128_si64, _mm_set_epi64x, _mm_set1_epi8,
        _mm256_cmpeq_epi8, _mm256_min_epu8, _mm256_movemask_epi8, _mm256_or_si256,
        _mm256_set1_epi8,
    };
    use std::sync::LazyLock;

    use super::{BLOCK, Block, Half, Look, OverBlocks};

    static IS_THERE: LazyLock<bool> = LazyLock::new(|| {
        is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt")
            && is_x86_feature_detected!("popcnt")
            && is_x86_feature_detected!("pclmulqdq")
    });

    /// Whether this processor has all that [`go`] asks for.
    #[inline]
    pub(super) fn is_there() -> bool {
        *IS_THERE
    }

    /// Goes over bytes. What it asks for is compiled into all that is inlined into it.
    #[inline(never)]
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,pclmulqdq")]
    pub(super) fn go<O: OverBlocks>(blocks: O) -> O::Found {
        blocks.go::<Wide>()
    }

    /// Made in [`go`] alone: nothing outside of this module can name it.
    struct Wide;

    #[inline]
    #[target_feature(enable = "avx2")]
    fn load(bytes: &Half) -> __m256i {
        // SAFETY: both are 32 bytes, of which each may be anything. (Put together of words, as in
        // `looks`, it takes seven instructions.)
        unsafe { std::mem::transmute::<Half, __m256i>(*bytes) }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn bits(lanes: __m256i) -> u64 {
        u64::from(_mm256_movemask_epi8(lanes) as u32)
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn is(lanes: __m256i, byte: u8) -> __m256i {
        _mm256_cmpeq_epi8(lanes, _mm256_set1_epi8(byte as i8))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn brackets(lanes: __m256i) -> __m256i {
        // Square brackets and braces are one bit apart.
        let braces = _mm256_or_si256(lanes, _mm256_set1_epi8(0x20));
        _mm256_or_si256(is(braces, b'{'), is(braces, b'}'))
    }

    /// A backslash, or any control character.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn special(lanes: __m256i) -> __m256i {
        let control = _mm256_min_epu8(lanes, _mm256_set1_epi8(0x1f));
        _mm256_or_si256(_mm256_cmpeq_epi8(control, lanes), is(lanes, b'\\'))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn block(bytes: &[u8; BLOCK]) -> Block {
        let (halves, _) = bytes.as_chunks::<32>();
        let (low, high) = (load(&halves[0]), load(&halves[1]));
        let both = |low: __m256i, high: __m256i| bits(low) | bits(high) << 32;
        let mut block = Block {
            quotes: both(is(low, b'"'), is(high, b'"')),
            brackets: both(brackets(low), brackets(high)),
            ..Block::default()
        };
        let (specials, more) = (special(low), special(high));
        // Most blocks of a text that is not spread over lines have none.
        if bits(_mm256_or_si256(specials, more)) != 0 {
            block.newlines = both(is(low, b'\n'), is(high, b'\n'));
            let returns = both(is(low, b'\r'), is(high, b'\r'));
            let tabs = both(is(low, b'\t'), is(high, b'\t'));
            block.odd = both(specials, more) & !(block.newlines | returns | tabs);
        }
        block
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn blank(bytes: &Half) -> u64 {
        let lanes = load(bytes);
        let is = |byte: u8| _mm256_cmpeq_epi8(lanes, _mm256_set1_epi8(byte as i8));
        let line = _mm256_or_si256(is(b'\n'), is(b'\r'));
        bits(_mm256_or_si256(line, _mm256_or_si256(is(b' '), is(b'\t'))))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn solid(bytes: &[u8; BLOCK]) -> u64 {
        let (halves, _) = bytes.as_chunks::<32>();
        !(blank(&halves[0]) | blank(&halves[1]) << 32)
    }

    #[inline]
    #[target_feature(enable = "pclmulqdq")]
    fn prefix_xor(bits: u64) -> u64 {
        let ones = _mm_set1_epi8(-1);
        let product = _mm_clmulepi64_si128::<0>(_mm_set_epi64x(0, bits as i64), ones);
        _mm_cvtsi128_si64(product) as u64
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn same(a: &Half, b: &Half) -> u32 {
        bits(_mm256_cmpeq_epi8(load(a), load(b))) as u32
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn no_plain_part(bytes: &Half) -> u32 {
        let lanes = load(bytes);
        bits(_mm256_or_si256(special(lanes), is(lanes, b'"'))) as u32
    }

    // SAFETY, of all of them: `Wide` is named in `go` alone, which is called where the processor has
    // these instructions.
    impl Look for Wide {
        #[inline(always)]
        fn block(bytes: &[u8; BLOCK]) -> Block {
            // SAFETY: see above.
            unsafe { block(bytes) }
        }

        #[inline(always)]
        fn solid(bytes: &[u8; BLOCK]) -> u64 {
            // SAFETY: see above.
            unsafe { solid(bytes) }
        }

        #[inline(always)]
        fn prefix_xor(bits: u64) -> u64 {
            // SAFETY: see above.
            unsafe { prefix_xor(bits) }
        }

        #[inline(always)]
        fn same(a: &Half, b: &Half) -> u32 {
            // SAFETY: see above.
            unsafe { same(a, b) }
        }

        #[inline(always)]
        fn special(bytes: &Half) -> u32 {
            // SAFETY: see above.
            unsafe { no_plain_part(bytes) }
        }

        #[inline(always)]
        fn again<O: OverBlocks>(blocks: O) -> O::Found {
            // SAFETY: see above.
            unsafe { go(blocks) }
        }
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
mod tests;
