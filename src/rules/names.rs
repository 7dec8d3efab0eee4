//! Member names to fields, by one look at a name's length and its last bytes.
//!
//! Most members of a record are read by no rule; telling so must cost next to nothing. A table
//! holds the names that are wanted of one level, and nearly always another name meets an empty
//! entry.
//!
//! It reads no value, and a name is compared in full before it counts.

use super::fields::FieldId;

/// The wanted names of one level.
#[derive(Debug, Default)]
pub struct Names {
    /// A power of two of them, most of them empty; none if nothing is wanted.
    entries: Box<[Option<FieldId>]>,
    count: usize,
}

impl Names {
    /// The names of some fields, all of one level.
    pub(super) fn new(fields: &[FieldId]) -> Names {
        let size = match fields.len() {
            0 => 0,
            wanted => (wanted * 4).next_power_of_two(),
        };
        let mut entries: Box<[Option<FieldId>]> = vec![None; size].into();
        for field in fields.iter().copied() {
            let mut at = place(field.name(), size);
            while entries[at].is_some() {
                at = (at + 1) & (size - 1);
            }
            entries[at] = Some(field);
        }
        Names {
            entries,
            count: fields.len(),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether nothing is wanted.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The wanted field of that name that Graph sends.
    #[inline]
    pub fn find(&self, name: &str) -> Option<FieldId> {
        let size = self.entries.len();
        if size == 0 {
            return None;
        }
        let mut at = place(name, size);
        // At least three quarters of the entries are empty, so this ends.
        while let Some(field) = self.entries[at] {
            if field.name() == name {
                return Some(field);
            }
            at = (at + 1) & (size - 1);
        }
        None
    }
}

/// Where to look first, in a table of `size` entries.
#[inline]
fn place(name: &str, size: usize) -> usize {
    const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
    let bytes = name.as_bytes();
    let tail = match bytes.last_chunk::<8>() {
        Some(last) => u64::from_le_bytes(*last),
        None => bytes
            .iter()
            .fold(0, |tail, byte| tail << 8 | u64::from(*byte)),
    };
    let mixed = (tail ^ bytes.len() as u64).wrapping_mul(MIX);
    (mixed >> 40) as usize & size.wrapping_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::fields::Level;

    #[test]
    fn every_name_is_found_among_those_of_its_level_and_no_other() {
        for level in Level::ALL {
            let fields: Vec<FieldId> = level.fields().collect();
            let names = Names::new(&fields);
            for field in FieldId::all() {
                assert_eq!(names.find(field.name()), level.field(field.name()));
            }
            for stranger in ["", "x", "averageJitte", "verageJitter", "@odata.type"] {
                assert_eq!(names.find(stranger), None);
            }
        }
        assert_eq!(Names::new(&[]).find("id"), None);
    }
}
