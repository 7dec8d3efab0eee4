//! Findings that repeat: the first few are shown, the others are counted.
//!
//! Two findings are alike when keyword, place in the schema and pointer are the same, array
//! positions aside. Memory is bounded: beyond so many groups, only the keyword tells them apart.

use std::fmt::Write as _;

use rustc_hash::FxHashMap;

/// Findings of a group that are shown.
const SHOWN: u64 = 3;
/// Groups that are told apart.
const GROUPS: usize = 10_000;

/// What was seen of each group, in the order of their first findings.
#[derive(Default)]
pub(super) struct Groups {
    by_key: FxHashMap<(String, String), usize>,
    list: Vec<Group>,
}

struct Group {
    label: String,
    seen: u64,
}

impl Groups {
    /// Counts one finding, and says whether it is to be shown.
    pub(super) fn show(&mut self, code: &str, schema: &str, pointer: &str) -> bool {
        let pattern = pattern(pointer);
        let mut key = (format!("{code} {schema}"), pattern);
        let mut at = self.by_key.get(&key).copied();
        let mut label = match key.1.as_str() {
            "" => code.to_owned(),
            pattern => format!("{code} at {pattern}"),
        };
        if at.is_none() && self.list.len() >= GROUPS {
            key = (code.to_owned(), "…".to_owned());
            label = format!("{code} at other places");
            at = self.by_key.get(&key).copied();
        }
        let at = at.unwrap_or_else(|| {
            self.list.push(Group { label, seen: 0 });
            self.by_key.insert(key, self.list.len() - 1);
            self.list.len() - 1
        });
        let Some(group) = self.list.get_mut(at) else {
            return true;
        };
        group.seen += 1;
        group.seen <= SHOWN
    }

    /// How many were not shown, a line for each group.
    pub(super) fn rest(&self) -> String {
        let mut text = String::new();
        for group in self.list.iter().filter(|group| group.seen > SHOWN) {
            let _ = writeln!(
                text,
                "… and {} more like this: {}",
                crate::cli::render::count(group.seen - SHOWN),
                crate::text::Safe(&group.label),
            );
        }
        text
    }
}

/// The pointer with its array positions as `*`.
fn pattern(pointer: &str) -> String {
    let mut text = String::with_capacity(pointer.len());
    for token in pointer.split('/').skip(1) {
        let position = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_digit());
        text.push('/');
        text.push_str(if position { "*" } else { token });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_of_a_group_are_shown_and_the_others_counted() {
        let mut groups = Groups::default();
        let shown = (0..4714)
            .filter(|at| groups.show("type", "/items/type", &format!("/a/{at}/b")))
            .count();
        assert_eq!(shown, 3);
        assert!(groups.show("type", "/items/type", "/a/b"));
        assert_eq!(
            groups.rest(),
            "… and 4,711 more like this: type at /a/*/b\n"
        );
    }

    #[test]
    fn groups_without_end_take_no_memory_without_end() {
        let mut groups = Groups::default();
        for number in 0..GROUPS + 500 {
            groups.show("type", "", &format!("/name{number}"));
        }
        assert_eq!(groups.list.len(), GROUPS + 1);
        assert_eq!(
            groups.rest(),
            "… and 497 more like this: type at other places\n"
        );
    }
}
