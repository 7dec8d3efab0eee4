//! What a survey looks for, told from a schema's `properties`, `x-open`, `x-enum` and `x-range`.
//!
//! A [`Plan`] keeps the names and words for whoever describes a notice; what is looked for where
//! goes into the [`super::program`]. Validation is nothing to it: a combination of schemas says
//! what is right, and not what is expected.

use std::collections::HashMap;

use serde_json::Value;

use super::program::Range;

/// What to expect of a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Expect {
    #[default]
    Anything,
    /// an object of [`Plan::shapes`]
    Object(u32),
    /// an array whose elements are what [`Plan::elements`] says
    Array(u32),
    /// a string of [`Plan::members`]
    Member(u32),
    /// a number or a duration within one of [`Plan::ranges`]
    Range(u32),
}

/// A type of objects.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) name: String,
    /// whether it may have properties that nobody told of
    pub(super) open: bool,
    pub(super) properties: Vec<(String, Expect)>,
}

/// A schema, as far as a survey needs it.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) shapes: Vec<Shape>,
    pub(super) elements: Vec<Expect>,
    pub(super) members: Vec<Vec<String>>,
    pub(super) ranges: Vec<Range>,
}

impl Plan {
    /// Takes a schema in; gives what to expect of its documents.
    pub(super) fn add(&mut self, schema: &Value) -> Expect {
        let mut reader = Reader {
            schema,
            plan: self,
            by_reference: HashMap::new(),
        };
        reader.expect(schema, "document", 0)
    }

    pub(super) fn shape_name(&self, shape: u32) -> &str {
        self.shapes
            .get(shape as usize)
            .map_or("", |shape| &shape.name)
    }

    pub(super) fn names(&self, shape: u32) -> impl Iterator<Item = &str> {
        let shape = self.shapes.get(shape as usize).into_iter();
        shape.flat_map(|shape| shape.properties.iter().map(|(name, _)| name.as_str()))
    }

    pub(super) fn members(&self, members: u32) -> &[String] {
        self.members
            .get(members as usize)
            .map_or(&[], Vec::as_slice)
    }

    pub(super) fn range(&self, range: u32) -> Range {
        self.ranges.get(range as usize).copied().unwrap_or(Range {
            low: f64::NEG_INFINITY,
            high: f64::INFINITY,
            duration: false,
        })
    }
}

struct Reader<'s, 'p> {
    schema: &'s Value,
    plan: &'p mut Plan,
    by_reference: HashMap<&'s str, Expect>,
}

/// `$ref`s and levels behind which nothing is expected.
const HOPS: usize = 64;

impl<'s> Reader<'s, '_> {
    fn expect(&mut self, schema: &'s Value, name: &str, hops: usize) -> Expect {
        let Some(reference) = schema.get("$ref").and_then(Value::as_str) else {
            return self.here(schema, name, None, hops);
        };
        if let Some(known) = self.by_reference.get(reference) {
            return *known;
        }
        let target = reference
            .strip_prefix('#')
            .and_then(|pointer| self.schema.pointer(pointer));
        match target.filter(|_| hops < HOPS) {
            None => Expect::Anything,
            Some(target) => {
                let name = reference.rsplit('/').next().unwrap_or(reference);
                self.here(target, name, Some(reference), hops + 1)
            }
        }
    }

    /// As [`Reader::expect`], with the schema's own `$ref` asked last.
    fn here(
        &mut self,
        schema: &'s Value,
        name: &str,
        reference: Option<&'s str>,
        hops: usize,
    ) -> Expect {
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            let index = self.plan.shapes.len();
            let expect = Expect::Object(index as u32);
            if let Some(reference) = reference {
                self.by_reference.insert(reference, expect);
            }
            self.plan.shapes.push(Shape {
                name: name.to_owned(),
                // Only a type that the schema marks as closed has unknown properties.
                open: schema.get("x-open").and_then(Value::as_bool) != Some(false),
                properties: Vec::new(),
            });
            let properties = properties
                .iter()
                .map(|(name, schema)| (name.clone(), self.expect(schema, name, hops + 1)))
                .collect();
            if let Some(shape) = self.plan.shapes.get_mut(index) {
                shape.properties = properties;
            }
            return expect;
        }
        if let Some(items) = schema.get("items") {
            let inner = self.expect(items, name, hops + 1);
            if inner == Expect::Anything {
                return Expect::Anything;
            }
            self.plan.elements.push(inner);
            return Expect::Array(self.plan.elements.len() as u32 - 1);
        }
        if let Some(members) = schema.get("x-enum").and_then(Value::as_array) {
            let members = members.iter().filter_map(Value::as_str);
            self.plan.members.push(members.map(str::to_owned).collect());
            return Expect::Member(self.plan.members.len() as u32 - 1);
        }
        if let Some(range) = schema.get("x-range").and_then(Value::as_array) {
            let bound =
                |at: usize, open: f64| range.get(at).and_then(Value::as_f64).unwrap_or(open);
            self.plan.ranges.push(Range {
                low: bound(0, f64::NEG_INFINITY),
                high: bound(1, f64::INFINITY),
                duration: schema.get("x-edm").and_then(Value::as_str) == Some("Edm.Duration"),
            });
            return Expect::Range(self.plan.ranges.len() as u32 - 1);
        }
        if reference.is_some() && schema.get("$ref").is_some() {
            // A reference that leads to a reference.
            return self.expect(schema, name, hops + 1);
        }
        Expect::Anything
    }
}
