//! What is asked of arrays, and what their elements are.

use jsonschema::Draft;
use serde_json::Value;

use super::{At, Compiler, Flat, size};
use crate::schema::expect::Expect;
use crate::schema::program::{ANYTHING, Contains, List, Site, Types};

/// Elements of a tuple; beyond it the crate serves as well.
const PREFIX: usize = 1024;

/// What one schema says of an array's elements.
struct Elements<'s> {
    prefix: Vec<At<'s>>,
    rest: Option<At<'s>>,
}

impl<'s> Compiler<'s, '_> {
    pub(super) fn lists(&mut self, flat: &Flat<'s>, expect: Expect, site: &mut Site) {
        let expect = match expect {
            Expect::Array(inner) => self.plan.elements.get(inner as usize).copied(),
            _ => None,
        };
        let mut list = List::default();
        let mut elements = Vec::new();
        for (at, schema) in &flat.objects {
            if let Some(least) = schema.get("minItems").and_then(size) {
                list.least = list.least.max(least);
            }
            if let Some(most) = schema.get("maxItems").and_then(size) {
                list.most = Some(list.most.map_or(most, |known| known.min(most)));
            }
            list.unique |= schema.get("uniqueItems") == Some(&Value::Bool(true));
            if schema.contains_key("unevaluatedItems") {
                self.leave(
                    at,
                    "unevaluatedItems",
                    "it depends on what other keywords saw",
                );
                site.unsure = site.unsure.with(Types::ARRAY);
            }
            if let Some(contained) = schema.get("contains") {
                let later = self.draft != Draft::Draft7;
                let bound = |keyword| schema.get(keyword).and_then(size).filter(|_| later);
                let at = at.below("contains", contained);
                list.contains.push(Contains {
                    site: self.site(vec![at], Expect::Anything),
                    least: bound("minContains").unwrap_or(1),
                    most: bound("maxContains"),
                });
            }
            elements.push(self.elements(at));
        }
        let mut longest = elements.iter().map(|of| of.prefix.len()).max().unwrap_or(0);
        if longest > PREFIX {
            if let Some((at, _)) = flat.objects.first() {
                self.leave(at, "", "a tuple of so many elements is not compiled");
            }
            site.unsure = site.unsure.with(Types::ARRAY);
            longest = 0;
        }
        let expect = expect.unwrap_or_default();
        for place in 0..=longest {
            let here = elements
                .iter()
                .filter_map(|of| of.prefix.get(place).or(of.rest.as_ref()))
                .cloned()
                .collect();
            let element = self.site(here, expect);
            if place < longest {
                list.prefix.push(element);
            } else {
                list.rest = element;
            }
        }
        if list.is_something() {
            site.list = self.program.lists.len() as u32;
            self.program.lists.push(list);
        }
    }

    /// What the schema at `at` says of elements, by its draft.
    fn elements(&self, at: &At<'s>) -> Elements<'s> {
        let (tuple, rest) = if self.draft == Draft::Draft202012 {
            ("prefixItems", "items")
        } else if at.schema.get("items").is_some_and(Value::is_array) {
            ("items", "additionalItems")
        } else {
            ("", "items")
        };
        let prefix = at.schema.get(tuple).and_then(Value::as_array);
        let below = at.below(tuple, at.schema);
        let prefix = prefix
            .into_iter()
            .flatten()
            .enumerate()
            .map(|(index, schema)| below.below(&index.to_string(), schema))
            .collect();
        Elements {
            prefix,
            rest: at.schema.get(rest).map(|schema| at.below(rest, schema)),
        }
    }
}

impl List {
    fn is_something(&self) -> bool {
        !self.prefix.is_empty()
            || self.rest != ANYTHING
            || self.least > 0
            || self.most.is_some()
            || self.unique
            || !self.contains.is_empty()
    }
}
