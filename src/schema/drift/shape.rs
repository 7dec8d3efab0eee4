//! Schema and metadata, brought to one shape: types, properties, enums, under full names.
//!
//! Only what both of them say is kept; nothing is compared here.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{GRAPH, NAMESPACE, Names};
use crate::schema::csdl::Model;

/// The member that makes an enum one that may grow.
const SENTINEL: &str = "unknownFutureValue";

#[derive(Debug, Default)]
pub(super) struct Shape {
    pub(super) types: BTreeMap<String, Type>,
    pub(super) enums: BTreeMap<String, Enum>,
    /// definitions' names by full name, of the schema
    pub(super) names: Names,
    /// what the schema took from another API's metadata
    pub(super) borrowed: BTreeSet<String>,
    /// what the schema names and deliberately does not describe
    outside: BTreeSet<String>,
    /// what the metadata names and does not declare
    pub(super) undeclared: BTreeSet<String>,
}

#[derive(Debug)]
pub(super) struct Type {
    pub(super) open: bool,
    /// full name, where that type is described as well
    pub(super) base: Option<String>,
    pub(super) properties: BTreeMap<String, Property>,
}

#[derive(Debug)]
pub(super) struct Property {
    /// full name
    of: String,
    collection: bool,
    /// `None` where one of the two cannot say
    pub(super) null: Option<bool>,
    pub(super) navigation: bool,
    pub(super) deprecated: Option<String>,
}

#[derive(Debug)]
pub(super) struct Enum {
    pub(super) members: Vec<String>,
}

impl Enum {
    pub(super) fn grows(&self) -> bool {
        self.members.iter().any(|member| member == SENTINEL)
    }
}

/// `media`; `graph.userIdentity` where callRecords has one too.
pub(super) fn short(name: &str, names: &Names) -> String {
    if let Some(known) = names.get(name) {
        return known.clone();
    }
    let short = name.strip_prefix(NAMESPACE);
    let short = short.or_else(|| name.strip_prefix(GRAPH)).unwrap_or(name);
    short.to_owned()
}

fn deprecated(since: &str, removal: &str) -> String {
    format!("deprecated since {since}, to be removed on {removal}")
}

impl Shape {
    /// What the schema says.
    pub(super) fn of_schema(schema: &Value) -> Shape {
        let mut shape = Shape::default();
        let empty = serde_json::Map::new();
        let defs = schema["$defs"].as_object().unwrap_or(&empty);
        let full = |short: &str| {
            let known = defs.get(short).and_then(|def| def["x-edm"].as_str());
            match known {
                Some(full) => full.to_owned(),
                None if short.starts_with("Edm.") => short.to_owned(),
                None => format!("{GRAPH}{short}"),
            }
        };
        for (short, def) in defs {
            let Some(name) = def["x-edm"].as_str().map(str::to_owned) else {
                continue;
            };
            shape.names.insert(name.clone(), short.clone());
            if def.get("x-borrowed").is_some() {
                shape.borrowed.insert(name.clone());
            }
            let members = def["enum"].as_array().or(def["x-enum"].as_array());
            if let Some(members) = members {
                let members = members.iter().filter_map(Value::as_str);
                let members = members.map(str::to_owned).collect();
                shape.enums.insert(name, Enum { members });
                continue;
            }
            let mut properties = BTreeMap::new();
            for (property, schema) in def["properties"].as_object().unwrap_or(&empty) {
                // What only a derived type declares is compared there.
                if schema.get("x-from").is_none() {
                    let read = read(schema, &full);
                    properties.insert(property.clone(), read);
                }
            }
            let described = Type {
                open: def["x-open"] == true,
                base: def["x-base"].as_str().map(full),
                properties,
            };
            shape.types.insert(name, described);
        }
        let named = shape.types.values().flat_map(|of| of.properties.values());
        shape.outside = named
            .map(|property| &property.of)
            .filter(|of| !of.starts_with("Edm.") && !shape.names.contains_key(*of))
            .cloned()
            .collect();
        shape
    }

    /// What the metadata says, of what the schema describes and of what callRecords declares now.
    pub(super) fn of_model(model: &Model, schema: &Shape) -> Shape {
        let mut shape = Shape {
            names: schema.names.clone(),
            ..Shape::default()
        };
        let mut open: Vec<String> = model
            .types
            .keys()
            .chain(model.enums.keys())
            .filter(|name| name.starts_with(NAMESPACE))
            .chain(schema.types.keys())
            .chain(schema.enums.keys())
            .cloned()
            .collect();
        let mut asked: BTreeSet<String> = open.iter().cloned().collect();
        while let Some(name) = open.pop() {
            if let Some(members) = model.enums.get(&name) {
                let members = members.clone();
                shape.enums.insert(name, Enum { members });
                continue;
            }
            let chain = model.chain(&name);
            if chain.is_empty() {
                continue;
            }
            let mut properties = BTreeMap::new();
            for (declaring, of) in chain.iter().rev() {
                for property in &of.properties {
                    let mark = model
                        .deprecated
                        .get(&format!("{declaring}/{}", property.name));
                    let vague = property.collection && property.navigation
                        || schema.outside.contains(&property.of);
                    let read = Property {
                        of: property.of.clone(),
                        collection: property.collection,
                        null: (!vague).then_some(property.nullable),
                        navigation: property.navigation,
                        deprecated: mark.map(|mark| deprecated(&mark.since, &mark.removal)),
                    };
                    properties.insert(property.name.clone(), read);
                    let of = &property.of;
                    if of.starts_with("Edm.") || schema.outside.contains(of) {
                        continue;
                    }
                    if !model.types.contains_key(of) && !model.enums.contains_key(of) {
                        shape.undeclared.insert(of.clone());
                    } else if asked.insert(of.clone()) {
                        open.push(of.clone());
                    }
                }
            }
            for derived in model.derived(&name) {
                if asked.insert(derived.to_owned()) {
                    open.push(derived.to_owned());
                }
            }
            let base = model.types[&name].base.clone();
            let described = Type {
                open: model.open(&name),
                base,
                properties,
            };
            shape.types.insert(name, described);
        }
        let described: BTreeSet<String> = shape.types.keys().cloned().collect();
        for of in shape.types.values_mut() {
            of.base = of.base.take().filter(|base| described.contains(base));
        }
        shape
    }

    /// Full names of what a value of the type `root` can hold, itself included.
    pub(super) fn below(&self, root: &str) -> BTreeSet<String> {
        let mut seen = BTreeSet::new();
        let mut open = vec![root.to_owned()];
        while let Some(name) = open.pop() {
            if !seen.insert(name.clone()) {
                continue;
            }
            if let Some(of) = self.types.get(&name) {
                open.extend(of.properties.values().map(|property| property.of.clone()));
                let derived = self.types.iter();
                let derived = derived.filter(|(_, of)| of.base.as_ref() == Some(&name));
                open.extend(derived.map(|(name, _)| name.clone()));
            }
        }
        seen
    }

    /// The property's type, as the schema's definitions name it.
    pub(super) fn typed(&self, property: &Property) -> String {
        let short = short(&property.of, &self.names);
        if property.collection {
            format!("Collection({short})")
        } else {
            short
        }
    }
}

/// A property of the schema.
fn read(schema: &Value, full: &impl Fn(&str) -> String) -> Property {
    let edm = schema["x-edm"].as_str().unwrap_or_default();
    let inner = edm
        .strip_prefix("Collection(")
        .and_then(|rest| rest.strip_suffix(')'));
    let navigation = schema["x-navigation"] == true;
    // Of a collection the facet speaks of the items.
    let valued = if inner.is_some() {
        &schema["items"]
    } else {
        schema
    };
    let null = match &valued["type"] {
        Value::String(_) => Some(false),
        Value::Array(types) => {
            let null = types.iter().any(|of| of == "null");
            Some(null && schema.get("x-null-source").is_none())
        }
        _ => None,
    };
    let marks = &schema["x-deprecated"];
    Property {
        of: full(inner.unwrap_or(edm)),
        collection: inner.is_some(),
        null: null.filter(|_| !(inner.is_some() && navigation)),
        navigation,
        deprecated: marks["since"]
            .as_str()
            .zip(marks["removal"].as_str())
            .map(|(since, removal)| deprecated(since, removal)),
    }
}
