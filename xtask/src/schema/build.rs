//! Metadata and overlay to one JSON Schema, draft 2020-12.
//!
//! [`schema`] walks the types that a call record can reach and writes a definition for each. The
//! words that carry a contract for the engine:
//!
//! - Nothing is `required`: `$select` makes partial documents legal.
//! - A definition says `x-open`; of a closed type, an undeclared key is a notice, never a
//!   violation. Sites of a type say whether it may be null: `"type": [...]` beside `$ref`.
//! - An enum that may grow has `x-enum`, a closed one `enum`.
//! - A base type accepts what its derived types declare (`x-derived`, `x-from`), because
//!   `@odata.type` is absent under `metadata=none`.
//! - `x-range` is a plausible range, and `x-range-source` says whose.
//!
//! It refuses to fill gaps: a property without a text, an unused entry of the overlay, an
//! unresolved type or two derived types that disagree are errors, all told at once.

use std::collections::{BTreeMap, BTreeSet};

use super::csdl::{Model, Property};
use super::json::{Json, Object};
use super::overlay::{Fact, Overlay};

/// The namespace that is described whole.
const NAMESPACE: &str = "microsoft.graph.callRecords.";
/// The namespace of the types it builds on.
const GRAPH: &str = "microsoft.graph.";
/// The definition that a document is checked against.
const ROOT: &str = "callRecord";
/// The member that makes an enum one that may grow.
const SENTINEL: &str = "unknownFutureValue";

/// `[-]P[nD][T[nH][nM][n[.n]S]]` with at least one part.
const DURATION: &str = concat!(
    "^-?P([0-9]+D(T([0-9]+H([0-9]+M)?([0-9]+([.][0-9]+)?S)?|[0-9]+M([0-9]+([.][0-9]+)?S)?",
    "|[0-9]+([.][0-9]+)?S))?|T([0-9]+H([0-9]+M)?([0-9]+([.][0-9]+)?S)?",
    "|[0-9]+M([0-9]+([.][0-9]+)?S)?|[0-9]+([.][0-9]+)?S))$"
);
/// RFC 3339 in capitals, up to 12 fraction digits; seconds may be left out, as OData allows.
const DATE_TIME_OFFSET: &str = concat!(
    "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]",
    "(:[0-5][0-9]([.][0-9]{1,12})?)?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
);
/// The numbers that OData writes as strings.
const NOT_FINITE: &str = "^(NaN|-?INF)$";

/// Builds the schema; `commit` is the metadata's.
pub fn schema(model: &Model, overlay: &Overlay, commit: &str) -> Result<Json, Vec<String>> {
    let mut builder = Builder {
        model,
        overlay,
        errors: Vec::new(),
    };
    let defs = builder.defs();
    builder.errors.extend(overlay.unused());
    if !builder.errors.is_empty() {
        builder.errors.sort();
        builder.errors.dedup();
        return Err(builder.errors);
    }
    let mut root = Object::new();
    root.put(
        "$schema",
        Json::text("https://json-schema.org/draft/2020-12/schema"),
    )
    .put("$id", Json::text("urn:qualwatch:schema:callRecord"))
    .put(
        "$comment",
        Json::text(format!(
            "Written by `cargo xtask schema`; do not edit. Types: microsoftgraph/msgraph-metadata \
                 (MIT), schemas/v1.0-Prod.csdl, commit {commit}. All else: schemas/overlay.toml."
        )),
    )
    .put("title", Json::text("Microsoft Graph callRecord, v1.0"))
    .put("type", Json::text("object"))
    .put("$ref", reference(ROOT))
    .put("$defs", defs);
    Ok(root.done())
}

struct Builder<'a> {
    model: &'a Model,
    overlay: &'a Overlay,
    errors: Vec<String>,
}

impl<'a> Builder<'a> {
    fn defs(&mut self) -> Json {
        let mut types = Vec::new();
        let mut enums = BTreeSet::new();
        let model = self.model;
        let root = format!("{NAMESPACE}{ROOT}");
        match model.types.get_key_value(&root) {
            Some((root, _)) => self.reach(root, &mut types, &mut enums),
            None => self.errors.push(format!("metadata: no type {root}")),
        }
        for name in model
            .types
            .keys()
            .filter(|name| name.starts_with(NAMESPACE))
        {
            self.reach(name, &mut types, &mut enums);
        }
        enums.extend(
            model
                .enums
                .keys()
                .map(String::as_str)
                .filter(|n| n.starts_with(NAMESPACE)),
        );

        let reached: BTreeSet<_> = types.iter().copied().collect();
        let mut defs = Object::new();
        for (at, name) in types.iter().enumerate() {
            let def = self.def(name, &reached);
            defs.put(&self.short(name), def);
            if at == 0 {
                defs.put("sessionsPage", sessions_page());
            }
        }
        let mut enums: Vec<_> = enums
            .into_iter()
            .map(|name| (self.short(name), name))
            .collect();
        enums.sort();
        for (short, name) in enums {
            let mut def = Object::new();
            def.put(
                "description",
                self.text(&short, self.overlay.of_type(&short)),
            );
            def.put("x-edm", Json::text(name))
                .put("type", Json::text("string"));
            let (key, members) = self.members(name);
            def.put(key, members);
            defs.put(&short, def.done());
        }
        defs.done()
    }

    /// Collects `name`, what its properties reach and what may stand in its place, depth first.
    fn reach(&mut self, name: &'a str, types: &mut Vec<&'a str>, enums: &mut BTreeSet<&'a str>) {
        let model = self.model;
        if types.contains(&name) || name.starts_with("Edm.") {
            return;
        }
        if self.overlay.is_outside(&self.short(name)) {
            return;
        }
        if let Some((name, _)) = model.enums.get_key_value(name) {
            enums.insert(name);
            return;
        }
        let chain = model.chain(name);
        let Some(&(_, last)) = chain.last() else {
            let hint = "describe it in the metadata or list it under [outside]";
            return self
                .errors
                .push(format!("metadata: {name} is not declared; {hint}"));
        };
        if let Some(base) = &last.base {
            self.errors.push(format!(
                "metadata: {base}, a base of {name}, is not declared"
            ));
        }
        types.push(name);
        for (_, of) in chain.iter().rev() {
            for property in &of.properties {
                self.reach(&property.of, types, enums);
            }
        }
        for derived in model.derived(name) {
            self.reach(derived, types, enums);
        }
    }

    fn def(&mut self, name: &'a str, reached: &BTreeSet<&str>) -> Json {
        let model = self.model;
        let short = self.short(name);
        let fact = self.overlay.of_type(&short);
        let mut def = Object::new();
        def.put("description", self.text(&short, fact))
            .put("x-edm", Json::text(name));
        if let Some(base) = model.types[name]
            .base
            .as_deref()
            .filter(|b| reached.contains(b))
        {
            def.put("x-base", Json::text(self.short(base)));
        }
        let derived: Vec<_> = model.derived(name).collect();
        if !derived.is_empty() {
            def.put(
                "x-derived",
                Json::texts(derived.iter().map(|of| self.short(of))),
            );
        }
        def.put("x-open", Json::Bool(model.open(name)));

        let mut properties: Vec<(String, Object)> = self.flattened(name);
        let own: BTreeSet<_> = properties.iter().map(|(name, _)| name.clone()).collect();
        let mut from: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for derived in derived {
            for (property, schema) in self.flattened(derived) {
                if own.contains(&property) {
                    continue;
                }
                from.entry(property.clone())
                    .or_default()
                    .push(self.short(derived));
                match properties.iter().find(|(name, _)| *name == property) {
                    None => properties.push((property, schema)),
                    Some((_, other)) if !same_but_words(other, &schema) => {
                        self.errors.push(format!(
                            "metadata: types derived from {short} disagree about {property}"
                        ));
                    }
                    Some(_) => {}
                }
            }
        }
        let mut object = Object::new();
        for (property, mut schema) in properties {
            if let Some(from) = from.remove(&property) {
                schema.put("x-from", Json::texts(from));
            }
            object.put(&property, schema.done());
        }
        def.put("properties", object.done());
        if let Some(values) = fact.and_then(|fact| fact.values.as_deref()) {
            if !model.open(name) {
                self.errors
                    .push(format!("overlay: [{short}] values wants an open type"));
            }
            let mut value = Object::new();
            self.edm(&mut value, values, true, &short);
            value.put("x-edm", Json::text(values));
            let mut patterns = Object::new();
            patterns.put("^[^@]*$", value.done());
            def.put("patternProperties", patterns.done());
        }
        def.done()
    }

    /// The type's properties, inherited ones first.
    fn flattened(&mut self, name: &'a str) -> Vec<(String, Object)> {
        let chain = self.model.chain(name);
        let mut properties = Vec::new();
        for (at, (declaring, of)) in chain.iter().enumerate().rev() {
            for property in &of.properties {
                // The nearest type that has something to say about the property wins.
                let fact = chain[..=at]
                    .iter()
                    .find_map(|(of, _)| self.overlay.property(&self.short(of), &property.name));
                let place = format!("{}.{}", self.short(declaring), property.name);
                let schema = self.property(&place, declaring, property, fact);
                properties.push((property.name.clone(), schema));
            }
        }
        properties
    }

    fn property(
        &mut self,
        place: &str,
        declaring: &str,
        property: &Property,
        fact: Option<&Fact>,
    ) -> Object {
        let mut schema = Object::new();
        schema.put("description", self.text(place, fact));
        let empty = Fact::default();
        let fact = fact.unwrap_or(&empty);
        let relaxed = fact.null && {
            if property.nullable && !property.collection {
                self.errors
                    .push(format!("overlay: {place} is nullable already"));
            }
            true
        };
        if property.collection {
            // Of a collection the facet speaks of the items, yet real readers meet null arrays.
            let null = property.nullable || property.navigation || relaxed;
            schema.put("type", either("array", null));
            let mut items = Object::new();
            let null = property.nullable && !property.navigation;
            let edm = self.value(&mut items, &property.of, null, place);
            schema.put("items", items.done());
            schema.put("x-edm", Json::text(format!("Collection({edm})")));
        } else {
            let null = property.nullable || relaxed;
            self.value(&mut schema, &property.of, null, place);
        }
        if property.navigation {
            schema.put("x-navigation", Json::Bool(true));
        }
        self.measure(&mut schema, property, fact, place);
        self.deprecate(
            &mut schema,
            &format!("{declaring}/{}", property.name),
            fact,
            place,
        );
        schema
    }

    /// Unit and range.
    fn measure(&mut self, schema: &mut Object, property: &Property, fact: &Fact, place: &str) {
        let duration = property.of == "Edm.Duration";
        let number = [
            "Edm.Single",
            "Edm.Double",
            "Edm.Decimal",
            "Edm.Int32",
            "Edm.Int64",
        ];
        let number = number.contains(&property.of.as_str());
        if let Some(unit) = &fact.unit {
            if (unit == "ms") != duration || !(number || duration) {
                self.errors
                    .push(format!("overlay: {place} of {} has no {unit}", property.of));
            }
            schema.put("x-unit", Json::text(unit));
        } else if duration {
            self.errors.push(format!(
                "overlay: {place} is a duration and wants unit = \"ms\""
            ));
        }
        if let Some(range) = &fact.range {
            if !(number || duration) {
                self.errors
                    .push(format!("overlay: {place} of {} has no range", property.of));
            }
            schema.put(
                "x-range",
                Json::List(vec![range.low.clone(), range.high.clone()]),
            );
            schema.put("x-range-source", Json::text(&range.source));
        }
    }

    fn deprecate(&mut self, schema: &mut Object, target: &str, fact: &Fact, place: &str) {
        match (self.model.deprecated.get(target), &fact.replacement) {
            (Some(mark), Some(replacement)) => {
                let (of, _) = target.split_once('/').unwrap_or((target, ""));
                let chain = self.model.chain(of);
                let mut names = chain.iter().flat_map(|(_, of)| &of.properties);
                if !names.any(|p| p.name == *replacement) {
                    self.errors
                        .push(format!("overlay: {place}: no property {replacement}"));
                }
                let mut marks = Object::new();
                marks
                    .put("since", Json::text(&mark.since))
                    .put("removal", Json::text(&mark.removal))
                    .put("replacement", Json::text(replacement));
                schema
                    .put("deprecated", Json::Bool(true))
                    .put("x-deprecated", marks.done());
            }
            (Some(_), None) => {
                self.errors.push(format!(
                    "overlay: {place} is deprecated and wants a replacement"
                ));
            }
            (None, Some(_)) => {
                self.errors
                    .push(format!("overlay: {place} is not deprecated"));
            }
            (None, None) => {}
        }
    }

    /// Writes one value's keywords, `x-edm` last; returns the name given to its type.
    fn value(&mut self, schema: &mut Object, of: &str, null: bool, place: &str) -> String {
        let edm = if of.starts_with("Edm.") {
            of.to_owned()
        } else {
            self.short(of)
        };
        if of.starts_with("Edm.") {
            self.edm(schema, of, null, place);
        } else if self.overlay.is_outside(&edm) {
            // Any value passes; `reach` has told of an undeclared type.
        } else if self.model.enums.contains_key(of) {
            schema.put("type", either("string", null));
            let (key, mut members) = self.members(of);
            if let Json::List(members) = &mut members
                && key == "enum"
                && null
            {
                members.push(Json::Null);
            }
            schema.put(key, members);
        } else {
            schema
                .put("type", either("object", null))
                .put("$ref", reference(&edm));
        }
        schema.put("x-edm", Json::text(&edm));
        edm
    }

    fn edm(&mut self, schema: &mut Object, of: &str, null: bool, place: &str) {
        match of {
            "Edm.String" | "Edm.Guid" => schema.put("type", either("string", null)),
            "Edm.Boolean" => schema.put("type", either("boolean", null)),
            "Edm.Int32" | "Edm.Int64" => schema.put("type", either("integer", null)),
            "Edm.Single" | "Edm.Double" | "Edm.Decimal" => {
                let mut types = vec!["number"];
                types.extend(null.then_some("null"));
                types.push("string");
                schema
                    .put("type", Json::texts(types))
                    .put("pattern", Json::text(NOT_FINITE))
            }
            "Edm.Duration" => schema
                .put("type", either("string", null))
                .put("pattern", Json::text(DURATION)),
            "Edm.DateTimeOffset" => schema
                .put("type", either("string", null))
                .put("pattern", Json::text(DATE_TIME_OFFSET)),
            _ => {
                return self
                    .errors
                    .push(format!("metadata: {place}: {of} has no schema here yet"));
            }
        };
    }

    /// `enum` for a closed enum, `x-enum` for one that may grow.
    fn members(&self, of: &str) -> (&'static str, Json) {
        let members = &self.model.enums[of];
        let evolvable = members.iter().any(|member| member == SENTINEL);
        (
            if evolvable { "x-enum" } else { "enum" },
            Json::texts(members),
        )
    }

    fn text(&mut self, place: &str, fact: Option<&Fact>) -> Json {
        match fact {
            Some(fact) => Json::text(&fact.text),
            None => {
                self.errors
                    .push(format!("overlay: {place} has no entry, hence no text"));
                Json::Null
            }
        }
    }

    /// The name of a definition: `media`; `graph.userIdentity` where callRecords has one too.
    fn short(&self, name: &str) -> String {
        if let Some(short) = name.strip_prefix(NAMESPACE) {
            return short.to_owned();
        }
        let short = name.strip_prefix(GRAPH).unwrap_or(name);
        if self
            .model
            .types
            .contains_key(&format!("{NAMESPACE}{short}"))
            || self
                .model
                .enums
                .contains_key(&format!("{NAMESPACE}{short}"))
        {
            format!("graph.{short}")
        } else {
            short.to_owned()
        }
    }
}

/// The page that Graph returns for `/sessions`, which no type of the metadata describes.
fn sessions_page() -> Json {
    let text = |description: &str, of: &str| {
        let mut schema = Object::new();
        schema.put("description", Json::text(description));
        schema.put("type", Json::text(of));
        schema
    };
    let link = "Where the next page is; absent on the last one.";
    let mut items = Object::new();
    items
        .put("type", Json::text("object"))
        .put("$ref", reference("session"))
        .put("x-edm", Json::text("session"));
    let mut value = text("The sessions of this page.", "array");
    value
        .put("items", items.done())
        .put("x-edm", Json::text("Collection(session)"));
    let mut properties = Object::new();
    properties
        .put(
            "@odata.context",
            text("Names the call that the page belongs to.", "string").done(),
        )
        .put(
            "@odata.count",
            text("Number of sessions, as the service counts.", "integer").done(),
        )
        .put("@odata.nextLink", text(link, "string").done())
        .put("@odata.nextlink", text(link, "string").done())
        .put("value", value.done());
    let mut page = Object::new();
    page.put("description", Json::text("One page of a call's sessions."))
        .put("x-open", Json::Bool(false))
        .put("properties", properties.done());
    page.done()
}

fn reference(def: &str) -> Json {
    Json::text(format!("#/$defs/{def}"))
}

/// One type, or that type and null.
fn either(of: &str, null: bool) -> Json {
    if null {
        Json::texts([of, "null"])
    } else {
        Json::text(of)
    }
}

/// Whether two schemas differ in their description alone.
fn same_but_words(one: &Object, other: &Object) -> bool {
    let bare = |object: &Object| -> Vec<_> {
        object
            .pairs()
            .iter()
            .filter(|(key, _)| key != "description")
            .cloned()
            .collect()
    };
    bare(one) == bare(other)
}
