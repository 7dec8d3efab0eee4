//! What is asked of objects, and what their members are.

use std::collections::HashMap;

use jsonschema::Draft;
use serde_json::{Map, Value};

use super::{At, Compiler, Flat, size};
use crate::schema::expect::{self, Expect};
use crate::schema::names::Names;
use crate::schema::pattern::Pattern;
use crate::schema::program::{ANYTHING, Others, Property, Rare, Shape, Site, Types};

/// Patterns for names at one place; each set of them that a name may match is a site.
const PATTERNS: usize = 4;

/// What one schema says of an object's members.
struct Members<'s> {
    at: At<'s>,
    schema: &'s Map<String, Value>,
    /// places in the list of patterns, and the schemas
    patterns: Vec<(usize, At<'s>)>,
    additional: Option<At<'s>>,
}

/// The names of a shape under way.
#[derive(Default)]
struct Known<'s> {
    list: Vec<&'s str>,
    places: HashMap<&'s str, u32>,
}

impl<'s> Known<'s> {
    fn add(&mut self, name: &'s str) -> u32 {
        let next = self.list.len() as u32;
        let place = *self.places.entry(name).or_insert(next);
        if place == next {
            self.list.push(name);
        }
        place
    }
}

impl<'s> Compiler<'s, '_> {
    pub(super) fn objects(&mut self, flat: &Flat<'s>, expect: Expect, site: &mut Site) {
        let plan = self.plan;
        let expected = match expect {
            Expect::Object(shape) => plan.shapes.get(shape as usize).map(|of| (shape, of)),
            _ => None,
        };
        let mut patterns: Vec<(&'s str, Pattern)> = Vec::new();
        let mut all = Vec::new();
        for (at, schema) in &flat.objects {
            if schema.contains_key("unevaluatedProperties") {
                let why = "it depends on what other keywords saw";
                self.leave(at, "unevaluatedProperties", why);
                site.unsure = site.unsure.with(Types::OBJECT);
            }
            let (members, compiled) = self.of_members(at, schema, &mut patterns);
            all.push(members);
            if !compiled {
                self.leave(
                    at,
                    "patternProperties",
                    "there are too many patterns for names",
                );
                site.unsure = site.unsure.with(Types::OBJECT);
            }
        }

        let mut known = Known::default();
        let expects: HashMap<&str, Expect> = expected
            .iter()
            .flat_map(|(_, of)| of.properties.iter())
            .map(|(name, expect)| (name.as_str(), *expect))
            .collect();
        for members in &all {
            let properties = members.schema.get("properties").and_then(Value::as_object);
            for name in properties.into_iter().flat_map(Map::keys) {
                known.add(name);
            }
        }
        let mut required: Vec<u32> = Vec::new();
        let mut rare = Rare::default();
        for members in &all {
            self.asked(members, &mut known, &mut required, &mut rare);
        }
        let named = all
            .iter()
            .filter_map(|members| {
                let schema = members.schema.get("propertyNames")?;
                Some(members.at.below("propertyNames", schema))
            })
            .collect();
        let named = self.site(named, Expect::Anything);
        rare.names = Some(named).filter(|named| *named != ANYTHING);

        let list = std::mem::take(&mut known.list);
        // Names that only a survey knows, and what OData says of them: of the schema both are
        // among the others, but they are told by name.
        let annotations: Vec<String> = expected.map_or_else(Vec::new, |(_, of)| annotations(of));
        let surveyed = expected.iter().flat_map(|(_, of)| of.properties.iter());
        let mut only_expected: Vec<&str> = surveyed
            .map(|(name, _)| name)
            .chain(&annotations)
            .map(String::as_str)
            .filter(|name| !known.places.contains_key(name))
            .collect();
        only_expected.sort_unstable();
        only_expected.dedup();
        let closed = expected.is_some_and(|(_, of)| !of.open);
        let names = Names::of(list.iter().chain(&only_expected).copied());
        let mut properties = Vec::new();
        for (name, key) in list.iter().chain(&only_expected).zip(names.keys()) {
            let mut schemas = Vec::new();
            let matched = |place: usize| {
                let pattern = patterns.get(place);
                pattern.is_some_and(|(_, pattern)| pattern.is_match(name))
            };
            for members in &all {
                members.of(name, matched, &mut schemas);
            }
            let expect = expects.get(name);
            properties.push(Property {
                key: *key,
                types: Types::NONE,
                low: 0.0,
                high: 0.0,
                site: self.site(schemas, expect.copied().unwrap_or_default()),
                odd: closed && expect.is_none() && !name.contains('@'),
            });
        }
        let mut sites = Vec::new();
        for matched in 0..1usize << patterns.len() {
            let mut schemas = Vec::new();
            for members in &all {
                members.of_other(|place| matched >> place & 1 == 1, &mut schemas);
            }
            sites.push(self.site(schemas, Expect::Anything));
        }

        let nothing = properties.is_empty() && !rare.is_something() && expected.is_none();
        if nothing && sites == [ANYTHING] {
            return;
        }
        required.sort_unstable();
        required.dedup();
        let mut bits = 0;
        if names.len() > 64 {
            rare.required = required;
        } else {
            bits = required.iter().fold(0, |bits, place| bits | 1 << place);
        }
        let shape = Shape {
            names,
            guesses: self.program.guesses,
            required: bits,
            surveyed: expected.map_or(0, |(shape, _)| shape),
            closed,
            others: Others {
                patterns: patterns.into_iter().map(|(_, pattern)| pattern).collect(),
                sites,
            },
            rare: rare.is_something().then(|| Box::new(rare)),
            properties,
        };
        self.properties += shape.properties.len();
        self.program.guesses += 1 + shape.properties.len();
        site.shape = self.program.shapes.len() as u32;
        self.program.shapes.push(shape);
    }

    /// Reads what a schema says of members; whether its patterns are among them.
    fn of_members(
        &mut self,
        at: &At<'s>,
        schema: &'s Map<String, Value>,
        patterns: &mut Vec<(&'s str, Pattern)>,
    ) -> (Members<'s>, bool) {
        let mut members = Members {
            at: at.clone(),
            schema,
            patterns: Vec::new(),
            additional: schema
                .get("additionalProperties")
                .map(|schema| at.below("additionalProperties", schema)),
        };
        let named = schema.get("patternProperties").and_then(Value::as_object);
        let below = at.below("patternProperties", at.schema);
        for (text, schema) in named.into_iter().flatten() {
            let known = patterns.iter().position(|(known, _)| *known == text);
            let place = known.or_else(|| {
                let pattern = self.pattern(text).filter(|_| patterns.len() < PATTERNS)?;
                patterns.push((text, pattern));
                Some(patterns.len() - 1)
            });
            let Some(place) = place else {
                return (members, false);
            };
            members.patterns.push((place, below.below(text, schema)));
        }
        (members, true)
    }

    /// Reads what a schema asks of an object as a whole.
    fn asked(
        &mut self,
        members: &Members<'s>,
        known: &mut Known<'s>,
        required: &mut Vec<u32>,
        rare: &mut Rare,
    ) {
        let Members { at, schema, .. } = members;
        let texts = |value: &'s Value| {
            let values = value.as_array().into_iter().flatten();
            values.filter_map(Value::as_str)
        };
        for name in schema.get("required").into_iter().flat_map(texts) {
            required.push(known.add(name));
        }
        if let Some(least) = schema.get("minProperties").and_then(size) {
            rare.least = rare.least.max(least);
        }
        if let Some(most) = schema.get("maxProperties").and_then(size) {
            rare.most = Some(rare.most.map_or(most, |known| known.min(most)));
        }
        let mut keywords = vec!["dependencies"];
        if self.draft != Draft::Draft7 {
            keywords.extend(["dependentRequired", "dependentSchemas"]);
        }
        for keyword in keywords {
            let dependent = schema.get(keyword).and_then(Value::as_object);
            let below = at.below(keyword, at.schema);
            for (name, needed) in dependent.into_iter().flatten() {
                let place = known.add(name);
                if needed.is_array() {
                    let needed = texts(needed).map(|name| known.add(name)).collect();
                    rare.dependent.push((place, needed));
                } else {
                    let at = below.below(name, needed);
                    let site = self.site(vec![at], Expect::Anything);
                    rare.dependent_sites.push((place, site));
                }
            }
        }
    }
}

impl<'s> Members<'s> {
    /// Adds the schemas of the member `name`, which matches the patterns that `matched` says.
    fn of(&self, name: &str, matched: impl Fn(usize) -> bool, out: &mut Vec<At<'s>>) {
        let properties = self.schema.get("properties").and_then(Value::as_object);
        let property = properties.and_then(|properties| properties.get(name));
        match property {
            None => self.of_other(matched, out),
            Some(schema) => {
                let below = self.at.below("properties", self.at.schema);
                out.push(below.below(name, schema));
                let patterns = self.patterns.iter();
                out.extend(
                    patterns
                        .filter(|(place, _)| matched(*place))
                        .map(|(_, at)| at.clone()),
                );
            }
        }
    }

    /// Adds the schemas of a member that `properties` does not name.
    fn of_other(&self, matched: impl Fn(usize) -> bool, out: &mut Vec<At<'s>>) {
        let before = out.len();
        let patterns = self.patterns.iter();
        out.extend(
            patterns
                .filter(|(place, _)| matched(*place))
                .map(|(_, at)| at.clone()),
        );
        if out.len() == before {
            out.extend(self.additional.clone());
        }
    }
}

impl Rare {
    fn is_something(&self) -> bool {
        self.least > 0
            || self.most.is_some()
            || self.names.is_some()
            || !self.required.is_empty()
            || !self.dependent.is_empty()
            || !self.dependent_sites.is_empty()
    }
}

/// Names of annotations that Graph writes beside the properties of a type.
fn annotations(of: &expect::Shape) -> Vec<String> {
    let lists = (of.properties.iter())
        .filter(|(_, expect)| matches!(expect, Expect::Array(_)))
        .map(|(name, _)| format!("{name}@odata.context"));
    let own = ["@odata.type", "@odata.context"].map(str::to_owned);
    own.into_iter().chain(lists).collect()
}
