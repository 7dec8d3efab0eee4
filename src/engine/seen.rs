//! What was met before in one document; of a few, nothing is allocated.

use std::hash::Hash;

use rustc_hash::FxHashSet;

/// A document of Graph's has 60 sessions at the most.
const FEW: usize = 64;

/// Ids that were met, or their hashes.
pub(super) struct Seen<T> {
    few: [T; FEW],
    count: usize,
    more: FxHashSet<T>,
}

impl<T: Copy + Default> Default for Seen<T> {
    fn default() -> Self {
        Seen {
            few: [T::default(); FEW],
            count: 0,
            more: FxHashSet::default(),
        }
    }
}

impl<T: Copy + Eq + Hash> Seen<T> {
    /// Adds one; false if it was there.
    pub(super) fn insert(&mut self, one: T) -> bool {
        if self.few[..self.count].contains(&one) {
            return false;
        }
        if self.count < FEW {
            self.few[self.count] = one;
            self.count += 1;
            return true;
        }
        self.more.insert(one)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_new_once_however_many_there_are() {
        let mut seen = Seen::default();
        for round in [true, false] {
            for one in 0..3 * FEW {
                assert_eq!(seen.insert(one), round, "{one}");
            }
        }
    }
}
