//! A set of fields, as one bit each: what several rules lacked on most documents.
//!
//! It is cleared and filled for every document, so it allocates nothing.

use super::fields::FieldId;

const WORDS: usize = FieldId::COUNT.div_ceil(64);

/// Fields, each once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FieldSet([u64; WORDS]);

impl FieldSet {
    /// Adds a field.
    #[inline]
    pub fn insert(&mut self, field: FieldId) {
        self.0[field.index() / 64] |= 1 << (field.index() % 64);
    }

    /// Takes all out.
    pub fn clear(&mut self) {
        *self = FieldSet::default();
    }

    /// The fields, in the order of the catalogue.
    pub fn iter(&self) -> impl Iterator<Item = FieldId> {
        FieldId::all().filter(|field| self.0[field.index() / 64] >> (field.index() % 64) & 1 != 0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn each_field_comes_back_once_in_order(indices in prop::collection::vec(0..FieldId::COUNT, 0..40)) {
            let all: Vec<FieldId> = FieldId::all().collect();
            let mut set = FieldSet::default();
            for index in &indices {
                set.insert(all[*index]);
            }
            let wanted: std::collections::BTreeSet<usize> = indices.into_iter().collect();
            let found: Vec<usize> = set.iter().map(FieldId::index).collect();
            prop_assert_eq!(found, wanted.into_iter().collect::<Vec<_>>());
            set.clear();
            prop_assert_eq!(set.iter().count(), 0);
        }
    }
}
