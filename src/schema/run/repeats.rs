//! Names that stand twice in one object, found at its end.
//!
//! A known name is told by its bit; all others are compared with each other. Many of them are
//! sorted first, so that no choice of names makes it quadratic.

use super::Walk;
use crate::record::cursor::{Cursor, Value};
use crate::schema::survey::Repeated;

impl<'t, C: Cursor<'t>> Walk<'_, 't, C> {
    /// Looks among the names of the object at `at` that its shape does not know, those kept from
    /// `from` on; where `all`, among all its names.
    #[inline]
    pub(super) fn repeats(&mut self, at: usize, from: usize, all: bool) {
        if all {
            // Rare: a known name stands twice.
            self.survey.scratch.unknown.truncate(from);
            let mut run = self.cursor.enter(at);
            while self.cursor.member(&mut run).is_some() {
                let name = self.cursor.name_place(run);
                self.survey.scratch.unknown.push(name);
                let behind = self.cursor.behind(self.cursor.place(run));
                self.cursor.leave(&mut run, behind);
            }
        }
        if self.survey.scratch.unknown.len() > from {
            self.compare(from);
            self.survey.scratch.unknown.truncate(from);
        }
    }

    #[inline(never)]
    fn compare(&mut self, from: usize) {
        let cursor = self.cursor;
        let name = |at: usize| cursor.read(at).and_then(Value::text).unwrap_or_default();
        let scratch = &mut self.survey.scratch;
        let names = scratch.unknown.get(from..).unwrap_or_default();
        let suspect = match names.len() {
            0 | 1 => false,
            2..=8 => names.iter().enumerate().any(|(position, a)| {
                let mut earlier = names.iter().take(position);
                earlier.any(|b| name(*a) == name(*b))
            }),
            _ => true,
        };
        if !suspect {
            return;
        }
        scratch.sorted.clear();
        scratch.sorted.extend_from_slice(names);
        scratch
            .sorted
            .sort_unstable_by(|a, b| name(*a).cmp(name(*b)).then(a.cmp(b)));
        let mut pairs = Vec::new();
        for pair in scratch.sorted.windows(2) {
            if let [first, again] = pair
                && name(*first) == name(*again)
            {
                pairs.push((*first, *again));
            }
        }
        for (first, again) in pairs {
            let repeated = Repeated {
                first: cursor.node(first),
                again: cursor.node(again),
                equal: cursor.same(first, again),
            };
            self.survey.repeat(repeated);
        }
    }
}
