//! Names that a schema knows, told apart in a few instructions.
//!
//! A [`Key`] holds a name's length, its first and its last bytes: up to 32 bytes they are all of
//! it, so most names are compared with no loop and no call. [`Names`] is a set of them: a guess,
//! mostly the name that followed last time, is compared first, and only where it fails is the
//! name looked up, by a hash of what was read for the comparison. No name is ever changed.

/// A name as it is compared: its length, its first bytes, and its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    first: [u64; 2],
    last: [u64; 2],
    len: u32,
}

/// Up to this length a key is all of its name.
const WHOLE: u32 = 32;

impl Key {
    // In the hottest loop; a call costs as much as the work.
    #[inline(always)]
    pub(super) fn of(name: &str) -> Key {
        let bytes = name.as_bytes();
        // A longer name is no other name's, for each is held against the text too.
        let len = bytes.len() as u32;
        if let (Some(first), Some(last)) = (bytes.first_chunk::<16>(), bytes.last_chunk::<16>()) {
            return Key {
                first: words(*first),
                last: words(*last),
                len,
            };
        }
        let (first, last) = short(bytes);
        Key {
            first: [first, 0],
            last: [last, 0],
            len,
        }
    }

    /// Whether this is the key of `name`; up to [`WHOLE`] it then is the name.
    #[inline(always)]
    fn fits(&self, name: &str) -> bool {
        let bytes = name.as_bytes();
        if bytes.len() != self.len as usize {
            return false;
        }
        if let (Some(first), Some(last)) = (bytes.first_chunk::<16>(), bytes.last_chunk::<16>()) {
            return words(*first) == self.first && words(*last) == self.last;
        }
        let (first, last) = short(bytes);
        first == self.first[0] && last == self.last[0]
    }

    #[inline]
    fn hash(self) -> usize {
        let fold = |[low, high]: [u64; 2]| low ^ high;
        let mixed = (fold(self.first) ^ fold(self.last).rotate_left(25) ^ u64::from(self.len))
            .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 40) as usize
    }
}

#[inline(always)]
fn words(bytes: [u8; 16]) -> [u64; 2] {
    let both = u128::from_le_bytes(bytes);
    [both as u64, (both >> 64) as u64]
}

/// The words of a name of less than sixteen bytes.
#[inline(always)]
fn short(bytes: &[u8]) -> (u64, u64) {
    match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
            (Some(first), Some(last)) => (
                u64::from(u32::from_le_bytes(*first)),
                u64::from(u32::from_le_bytes(*last)),
            ),
            _ => match bytes {
                // Of three bytes, the second is the one in the middle.
                [first, second, ..] => (
                    u64::from(*first),
                    u64::from(*second) << 8 | u64::from(bytes.last().copied().unwrap_or(0)),
                ),
                [only] => (u64::from(*only), 0),
                [] => (0, 0),
            },
        },
    }
}

/// A set of names in a fixed order.
#[derive(Debug, Default)]
pub(super) struct Names {
    list: Vec<Box<str>>,
    keys: Vec<Key>,
    /// places in the list plus one; a power of two long, at least twice the names
    table: Vec<u32>,
}

impl Names {
    /// The set of `names`, each of which stands once.
    pub(super) fn of<'n>(names: impl IntoIterator<Item = &'n str>) -> Names {
        let list: Vec<Box<str>> = names.into_iter().map(Box::from).collect();
        let keys: Vec<Key> = list.iter().map(|name| Key::of(name)).collect();
        let mut table = vec![0; (list.len() * 4).next_power_of_two().max(4)];
        let mask = table.len() - 1;
        for (place, key) in keys.iter().enumerate() {
            let mut at = key.hash() & mask;
            while table[at] != 0 {
                at = (at + 1) & mask;
            }
            table[at] = place as u32 + 1;
        }
        Names { list, keys, table }
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// The names, in their order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|name| &**name)
    }

    /// The keys of the names, in their order.
    pub(super) fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// Whether `name` is the one at `place`, whose key is `key`.
    #[inline(always)]
    pub(super) fn is_at(&self, place: usize, key: &Key, name: &str) -> bool {
        key.fits(name) && (key.len <= WHOLE || self.is_all(place, name))
    }

    #[inline(never)]
    fn is_all(&self, place: usize, name: &str) -> bool {
        self.list.get(place).is_some_and(|known| **known == *name)
    }

    /// Whether `name` is the one at `place`.
    #[inline]
    pub(super) fn is(&self, place: usize, name: &str) -> bool {
        let key = self.keys.get(place);
        key.is_some_and(|key| self.is_at(place, key, name))
    }

    /// The place of `name`, which is most likely `guess`.
    #[inline]
    pub(super) fn find(&self, name: &str, guess: usize) -> Option<usize> {
        if self.is(guess, name) {
            return Some(guess);
        }
        self.look_up(name)
    }

    /// The place of `name`, whatever it was likely to be.
    #[inline(never)]
    pub(super) fn look_up(&self, name: &str) -> Option<usize> {
        let key = Key::of(name);
        let mask = self.table.len().wrapping_sub(1);
        let mut at = key.hash() & mask;
        loop {
            let place = (*self.table.get(at)? as usize).checked_sub(1)?;
            let known = self.keys.get(place)?;
            if *known == key && (key.len <= WHOLE || self.is_all(place, name)) {
                return Some(place);
            }
            at = (at + 1) & mask;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_set_finds_its_names_and_no_other(
            names in proptest::collection::btree_set("[ab\u{e9}]{0,4}|[ab]{14,18}|[ab]{31,36}", 0..40),
            other in "[ab\u{e9}]{0,4}|[ab]{14,18}|[ab]{31,36}",
            guess in 0usize..40,
        ) {
            let set = Names::of(names.iter().map(String::as_str));
            for (place, name) in names.iter().enumerate() {
                prop_assert_eq!(set.find(name, guess), Some(place));
            }
            let wanted = names.iter().position(|name| *name == other);
            prop_assert_eq!(set.find(&other, guess), wanted);
        }
    }
}
