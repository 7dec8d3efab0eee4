//! Which elements of an array are equal, for whoever must mend it.
//!
//! One pass: equal values have equal prints, and only those are compared. No verdict depends on it.

use rustc_hash::FxHashMap;

use crate::record::tape::JsonType;
use crate::record::{Document, Item, NodeIndex};

/// The first two elements that are equal, and the node of the second.
pub(super) fn twice(array: Item<'_>, document: &Document<'_>) -> Option<(usize, usize, NodeIndex)> {
    /// Elements of one print that are compared; equal prints are nearly always equal values.
    const COMPARED: usize = 8;
    let mut known: FxHashMap<u64, Vec<(usize, Item<'_>)>> = FxHashMap::default();
    array.elements().enumerate().find_map(|(again, element)| {
        let alike = known.entry(print(element)).or_default();
        let first = alike.iter().find(|(_, other)| other.same_value(element));
        if let Some((first, _)) = first {
            return Some((*first, again, element.index(document.len())));
        }
        if alike.len() < COMPARED {
            alike.push((again, element));
        }
        None
    })
}

/// A number that equal values share: numbers by value, members in any order.
fn print(item: Item<'_>) -> u64 {
    use std::hash::BuildHasher as _;
    let hash = |of: (u8, u64, &str)| rustc_hash::FxBuildHasher.hash_one(of);
    match item.json_type() {
        JsonType::Null => hash((0, 0, "")),
        JsonType::Boolean => hash((1, item.as_bool().map_or(0, u64::from), "")),
        // Minus nought is nought.
        JsonType::Number => hash((2, (item.as_f64().unwrap_or(0.0) + 0.0).to_bits(), "")),
        JsonType::String => hash((3, 0, item.as_str().unwrap_or_default())),
        JsonType::Array => item
            .elements()
            .fold(hash((4, item.len() as u64, "")), |all, element| {
                hash((4, all ^ print(element).rotate_left(7), ""))
            }),
        JsonType::Object => item
            .members()
            .fold(hash((5, item.len() as u64, "")), |all, member| {
                all.wrapping_add(hash((5, print(member.value), member.name)))
            }),
    }
}
