//! Each look against a look at each byte.

use super::*;
use proptest::prelude::*;

fn any() -> impl Strategy<Value = Bytes> {
    proptest::array::uniform16(odd())
}

fn odd() -> impl Strategy<Value = u8> {
    prop_oneof![
        any_byte(),
        proptest::sample::select(b"{[}]\"\\ \t\n\r\x00\x1f\x20\x21\x7f\x80\xff".to_vec()),
    ]
}

/// All that a look tells of a block.
struct All<'a>(&'a [u8; BLOCK], u64);

impl OverBlocks for All<'_> {
    type Found = (Block, u64, u64, u32, u32);

    #[inline(always)]
    fn go<L: Look>(self) -> Self::Found {
        let (halves, _) = self.0.as_chunks();
        (
            L::block(self.0),
            L::solid(self.0),
            L::prefix_xor(self.1),
            L::same(&halves[0], &halves[1]),
            L::special(&halves[0]),
        )
    }
}

fn any_byte() -> impl Strategy<Value = u8> {
    proptest::num::u8::ANY
}

proptest! {
    #[test]
    fn the_best_look_at_a_block_is_a_look_at_each_byte(
        block in proptest::collection::vec(odd(), BLOCK),
        bits in proptest::num::u64::ANY,
    ) {
        let block: [u8; BLOCK] = block.try_into().expect("as long");
        prop_assert_eq!(go_over(All(&block, bits)), All(&block, bits).go::<Narrow>());
        let each = |of: &[u8]| {
            let at = (0..BLOCK).filter(|at| of.contains(&block[*at]));
            at.fold(0, |all, at| all | 1 << at)
        };
        let (found, solid, sums, same, special) = go_over(All(&block, bits));
        prop_assert_eq!(found.quotes, each(b"\""));
        prop_assert_eq!(found.newlines, each(b"\n"));
        prop_assert_eq!(found.brackets, each(b"{[}]"));
        prop_assert_eq!(solid, !each(b" \t\r\n"));
        let each = |is: &dyn Fn(usize) -> bool| (0..32).fold(0, |all, at| all | u32::from(is(at)) << at);
        prop_assert_eq!(same, each(&|at| block[at] == block[32 + at]));
        prop_assert_eq!(special, each(&|at| matches!(block[at], b'"' | b'\\' | 0..0x20)));
        for at in 0..64 {
            let sum = (bits & (u64::MAX >> (63 - at))).count_ones() % 2;
            prop_assert_eq!(sums >> at & 1, u64::from(sum));
        }
    }

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
