//! The generator's chance: splitmix64, seeded per document.
//!
//! One `u64` of state, integers only: the same draw on every machine and every
//! compiler. No entropy is ever read, and nothing here is fit for secrets.
//!
//! Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators",
//! OOPSLA 2014.

/// A splitmix64 generator.
#[derive(Debug, Clone)]
pub(crate) struct Random {
    state: u64,
}

impl Random {
    /// A generator that yields the sequence of `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The generator of the `index`th document of a run: any document can be made
    /// without those before it.
    pub(crate) fn of_document(seed: u64, index: u64) -> Self {
        let mut outer = Self::new(seed);
        let base = outer.next();
        let mut inner = Self::new(base ^ index.wrapping_mul(0xd1b5_4a32_d192_ed03));
        inner.next();
        inner
    }

    /// The next 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..bound`; 0 for a bound of 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// A number in `low..=high`.
    pub(crate) fn within(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// True in `share` of 1000 draws.
    pub(crate) fn per_mille(&mut self, share: u16) -> bool {
        self.below(1000) < u64::from(share)
    }

    /// One of `items`, which are constant tables and never empty.
    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u64) as usize]
    }
}
