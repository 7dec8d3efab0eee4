//! Which way a schema goes: what the program answers for, and what is left to the crate.
//!
//! Facts for `schema show --plan`; nothing is decided by them.

use std::collections::BTreeMap;

use super::direct;
use super::program::Program;

/// How much of a schema is compiled, for one kind of document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cover {
    /// the kind of document: `document` or `sessions page`
    pub part: &'static str,
    /// kinds of places that the program tells apart
    pub sites: usize,
    /// names that it knows, over all of them
    pub properties: usize,
    /// patterns: how they are matched, and at how many places
    pub patterns: BTreeMap<&'static str, usize>,
    /// kinds of places where a document needs its tape, whatever it holds
    pub on_tape: usize,
    /// what is left to the `jsonschema` crate, by place in the schema
    pub uncovered: Vec<Uncovered>,
}

/// A part of a schema that is not compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uncovered {
    /// its JSON Pointer
    pub pointer: String,
    /// why it is not
    pub why: &'static str,
}

impl Cover {
    /// Counts the sites of `program` from `from` on.
    pub(super) fn new(
        part: &'static str,
        program: &Program,
        from: usize,
        uncovered: BTreeMap<String, &'static str>,
    ) -> Cover {
        let mut cover = Cover {
            part,
            // The first of them stands for what is not known.
            sites: program.sites.len().saturating_sub(from + 1),
            properties: 0,
            patterns: BTreeMap::new(),
            on_tape: direct::stops(program, from),
            uncovered: uncovered
                .into_iter()
                .map(|(pointer, why)| Uncovered { pointer, why })
                .collect(),
        };
        for site in program.sites.iter().skip(from) {
            let shape = program.shapes.get(site.shape as usize);
            cover.properties += shape.map_or(0, |shape| shape.properties.len());
            let names = shape.into_iter().flat_map(|shape| &shape.others.patterns);
            let text = program.texts.get(site.text as usize);
            let texts = text.into_iter().flat_map(|text| &text.patterns);
            for pattern in texts.chain(names) {
                *cover.patterns.entry(pattern.way()).or_default() += 1;
            }
        }
        cover
    }

    /// Whether the program answers for all of it.
    pub fn is_whole(&self) -> bool {
        self.uncovered.is_empty()
    }
}
