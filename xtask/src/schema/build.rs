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
//! - `x-edm` is the metadata's type; `x-unit` the unit of a reading, and a duration is "ms" there.
//! - `x-range` is a plausible range, in that unit, and `x-range-source` says whose; beyond is a
//!   notice.
//! - `x-null-source` says who sends null where the metadata says never.
//! - `x-borrowed` names the API whose metadata a definition was taken from, where an extract leaves
//!   it out.
//! - `x-navigation` marks what arrives only under `$expand` or of the service's own accord.
//!
//! It refuses to fill gaps: a property without a text, an unused entry of the overlay, an
//! unresolved type or two derived types that disagree are errors, all told at once.

use std::collections::{BTreeMap, BTreeSet};

use super::csdl::{Model, Property};
use super::edm::{self, either};
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

/// What is written about the schema itself.
#[derive(Debug)]
pub struct About<'a> {
    /// `v1.0` or `beta`.
    pub api: &'a str,
    /// The schema's `$id`.
    pub id: &'a str,
    /// The metadata's path in its repository.
    pub path: &'a str,
    /// Its commit there.
    pub commit: &'a str,
    /// The overlay's files, for the comment.
    pub overlay: &'a str,
    /// Where [`About::taken`] was taken from.
    pub lender: &'a str,
    /// Full names of what the metadata leaves out and another API's has.
    pub taken: BTreeSet<String>,
}

/// Builds the schema.
pub fn schema(model: &Model, overlay: &Overlay, about: &About<'_>) -> Result<Json, Vec<String>> {
    let mut builder = Builder {
        model,
        overlay,
        about,
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
    let mut comment = format!(
        "Written by `cargo xtask schema`; do not edit. Types: microsoftgraph/msgraph-metadata \
             (MIT), {}, commit {}. All else: {}.",
        about.path, about.commit, about.overlay
    );
    if !about.taken.is_empty() {
        comment.push_str(&format!(
            " What is marked x-borrowed, and the deprecations, are {}'s: the extract has none.",
            about.lender
        ));
    }
    root.put(
        "$schema",
        Json::text("https://json-schema.org/draft/2020-12/schema"),
    )
    .put("$id", Json::text(about.id))
    .put("$comment", Json::text(comment))
    .put(
        "title",
        Json::text(format!("Microsoft Graph callRecord, {}", about.api)),
    )
    .put("type", Json::text("object"))
    .put("$ref", reference(ROOT))
    .put("$defs", defs);
    Ok(root.done())
}

struct Builder<'a> {
    model: &'a Model,
    overlay: &'a Overlay,
    about: &'a About<'a>,
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
            def.put("x-edm", Json::text(name));
            self.borrowed(&mut def, name);
            def.put("type", Json::text("string"));
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
            if model.flags.contains(name) {
                self.errors.push(format!(
                    "metadata: {name}: an enum of flags has no schema here yet"
                ));
            }
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
        self.borrowed(&mut def, name);
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

    fn borrowed(&self, def: &mut Object, name: &str) {
        if self.about.taken.contains(name) {
            def.put("x-borrowed", Json::text(self.about.lender));
        }
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
        let relaxed = fact.null.is_some() && {
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
        if let Some(source) = &fact.null {
            schema.put("x-null-source", Json::text(source));
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
        if !edm::put(schema, of, null) {
            self.errors
                .push(format!("metadata: {place}: {of} has no schema here yet"));
        }
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const COMMIT: &str = "0123456789012345678901234567890123456789";

    const XML: &str = r#"<a>
      <Schema Namespace="microsoft.graph" Alias="graph">
        <EntityType Name="entity"><Property Name="id" Type="Edm.String" Nullable="false"/></EntityType>
        <ComplexType Name="who" OpenType="true"/>
        <ComplexType Name="caller" BaseType="graph.who"><Property Name="n" Type="Edm.Int32"/></ComplexType>
        <ComplexType Name="part"/>
        <ComplexType Name="unreached"><Property Name="x" Type="Edm.String"/></ComplexType>
        <Annotations Target="microsoft.graph.callRecords.callRecord/old"><Record>
          <PropertyValue Property="Date" Date="2023-11-06"/>
          <PropertyValue Property="Kind"><EnumMember>Kind/Deprecated</EnumMember></PropertyValue>
          <PropertyValue Property="RemovalDate" Date="2026-11-06"/>
        </Record></Annotations>
      </Schema>
      <Schema Namespace="microsoft.graph.callRecords">
        <EnumType Name="grows"><Member Name="b"/><Member Name="unknownFutureValue"/><Member Name="a"/></EnumType>
        <EnumType Name="closed"><Member Name="up"/><Member Name="down"/></EnumType>
        <EntityType Name="callRecord" BaseType="graph.entity">
          <Property Name="loss" Type="Edm.Single"/>
          <Property Name="jitter" Type="Edm.Duration" Nullable="false"/>
          <Property Name="kind" Type="microsoft.graph.callRecords.grows" Nullable="false"/>
          <Property Name="kinds" Type="Collection(microsoft.graph.callRecords.grows)" Nullable="false"/>
          <Property Name="way" Type="microsoft.graph.callRecords.closed"/>
          <Property Name="who" Type="graph.who"/>
          <Property Name="old" Type="graph.part"/>
          <Property Name="things" Type="Collection(microsoft.graph.callRecords.part)"/>
          <NavigationProperty Name="more" Type="Collection(microsoft.graph.callRecords.part)"/>
        </EntityType>
        <ComplexType Name="part"><Property Name="p" Type="graph.elsewhere"/></ComplexType>
        <ComplexType Name="tokens" OpenType="true"/>
      </Schema></a>"#;

    const FACTS: &str = r#"
        [sources]
        o = "ours"
        c = "Call Quality Dashboard"
        [outside]
        elsewhere = { source = "o" }
        [callRecord]
        "$type" = { text = "Call.", source = "o" }
        id = { text = "Id.", source = "o" }
        loss = { text = "Loss.", source = "o", unit = "ratio", range = [0, 1], bound = "c" }
        jitter = { text = "Jitter.", source = "o", unit = "ms", range = [0, inf], bound = "o" }
        kind = { text = "Kind.", source = "o", null = "c" }
        kinds = { text = "Kinds.", source = "o" }
        way = { text = "Way.", source = "o" }
        who = { text = "Who.", source = "o" }
        old = { text = "Old.", source = "o", replacement = "who" }
        things = { text = "Things.", source = "o" }
        more = { text = "More.", source = "o" }
        [who]
        "$type" = { text = "Who.", source = "o" }
        [caller]
        "$type" = { text = "Caller.", source = "o" }
        n = { text = "Number.", source = "o" }
        [part]
        "$type" = { text = "Part.", source = "o" }
        p = { text = "P.", source = "o" }
        ["graph.part"]
        "$type" = { text = "Graph's part.", source = "o" }
        [tokens]
        "$type" = { text = "Tokens.", source = "o", values = "Edm.Boolean" }
        [grows]
        "$type" = { text = "Grows.", source = "o" }
        [closed]
        "$type" = { text = "Closed.", source = "o" }
    "#;

    fn build(xml: &str, facts: &str) -> Result<Json, Vec<String>> {
        let about = About {
            api: "v1.0",
            id: "urn:test",
            path: "a.csdl",
            commit: COMMIT,
            overlay: "a.toml",
            lender: "another",
            taken: BTreeSet::from(["microsoft.graph.part".to_owned()]),
        };
        schema(
            &Model::parse(xml).expect("CSDL"),
            &Overlay::parse(facts)?,
            &about,
        )
    }

    fn built() -> Value {
        let schema = build(XML, FACTS).expect("the fixture has a fact for everything");
        serde_json::from_str(&schema.pretty()).expect("our own JSON")
    }

    /// The complaints after one replacement in the fixture.
    fn complaints(xml: (&str, &str), facts: (&str, &str)) -> Vec<String> {
        let edit = |text: &str, (from, to): (&str, &str)| {
            assert!(text.contains(from), "the fixture has no {from}");
            text.replacen(from, to, 1)
        };
        build(&edit(XML, xml), &edit(FACTS, facts))
            .map(|_| ())
            .err()
            .unwrap_or_default()
    }

    fn fact_complaints(from: &str, to: &str) -> Vec<String> {
        complaints(("<a>", "<a>"), (from, to))
    }

    #[test]
    fn readings_carry_type_unit_range_and_source() {
        let properties = &built()["$defs"]["callRecord"]["properties"];
        assert_eq!(
            properties["loss"],
            json!({"description": "Loss.", "type": ["number", "null", "string"],
                "pattern": "^(NaN|-?INF)$", "x-edm": "Edm.Single", "x-unit": "ratio",
                "x-range": [0, 1], "x-range-source": "c"})
        );
        assert_eq!(
            properties["jitter"],
            json!({"description": "Jitter.", "type": "string", "pattern": edm::DURATION,
                "x-edm": "Edm.Duration", "x-unit": "ms", "x-range": [0, null],
                "x-range-source": "o"})
        );
    }

    #[test]
    fn an_enum_that_may_grow_is_no_standard_enum() {
        let defs = &built()["$defs"];
        let properties = &defs["callRecord"]["properties"];
        assert_eq!(
            defs["grows"]["x-enum"],
            json!(["b", "unknownFutureValue", "a"])
        );
        assert!(defs["grows"].get("enum").is_none());
        assert_eq!(properties["kind"]["x-enum"], defs["grows"]["x-enum"]);
        assert_eq!(
            properties["kinds"]["items"]["x-enum"],
            defs["grows"]["x-enum"]
        );
        assert_eq!(defs["closed"]["enum"], json!(["up", "down"]));
        assert_eq!(properties["way"]["enum"], json!(["up", "down", null]));
    }

    #[test]
    fn nullability_is_the_metadatas_unless_relaxed() {
        let properties = &built()["$defs"]["callRecord"]["properties"];
        assert_eq!(properties["id"]["type"], "string");
        assert_eq!(
            properties["kind"]["type"],
            json!(["string", "null"]),
            "relaxed"
        );
        assert_eq!(properties["who"]["type"], json!(["object", "null"]));
        assert_eq!(properties["kinds"]["type"], "array");
        assert_eq!(properties["things"]["type"], json!(["array", "null"]));
        assert_eq!(
            properties["things"]["items"]["type"],
            json!(["object", "null"])
        );
        assert_eq!(properties["more"]["type"], json!(["array", "null"]));
        assert_eq!(properties["more"]["items"]["type"], "object");
        assert_eq!(properties["more"]["x-navigation"], true);
    }

    #[test]
    fn a_base_accepts_what_its_derived_types_declare() {
        let who = &built()["$defs"]["who"];
        assert_eq!(who["x-derived"], json!(["caller"]));
        assert_eq!(who["properties"]["n"]["x-from"], json!(["caller"]));
        let caller = &built()["$defs"]["caller"];
        assert_eq!(
            (&caller["x-base"], &caller["x-open"]),
            (&json!("who"), &json!(true))
        );
    }

    #[test]
    fn names_collide_with_the_graph_prefix_and_the_unreached_stays_out() {
        let schema = built();
        let defs = &schema["$defs"];
        assert_eq!(
            defs["callRecord"]["properties"]["old"]["$ref"],
            "#/$defs/graph.part"
        );
        assert_eq!(defs["graph.part"]["x-edm"], "microsoft.graph.part");
        assert_eq!(defs["part"]["x-edm"], "microsoft.graph.callRecords.part");
        assert!(defs.get("unreached").is_none() && defs.get("entity").is_none());
        assert!(
            schema["$comment"]
                .as_str()
                .is_some_and(|text| text.contains(COMMIT))
        );
    }

    #[test]
    fn what_was_taken_from_another_api_says_so() {
        let schema = built();
        assert_eq!(schema["$defs"]["graph.part"]["x-borrowed"], "another");
        assert!(schema["$defs"]["part"].get("x-borrowed").is_none());
        let kind = &schema["$defs"]["callRecord"]["properties"]["kind"];
        assert_eq!(kind["x-null-source"], "c");
    }

    #[test]
    fn an_enum_of_flags_is_refused_where_a_call_record_holds_it() {
        let keep = ("[part]", "[part]");
        let got = complaints(("\"grows\"", "\"grows\" IsFlags=\"true\""), keep);
        assert_eq!(got.len(), 1, "{got:?}");
        assert!(got[0].contains("an enum of flags"), "{got:?}");
    }

    #[test]
    fn tokens_are_open_and_their_values_typed() {
        let tokens = &built()["$defs"]["tokens"];
        assert_eq!(tokens["x-open"], true);
        assert_eq!(
            tokens["patternProperties"]["^[^@]*$"]["type"],
            json!(["boolean", "null"])
        );
    }

    #[test]
    fn a_deprecation_names_what_to_read_instead() {
        let old = &built()["$defs"]["callRecord"]["properties"]["old"];
        assert_eq!(old["deprecated"], true);
        assert_eq!(
            old["x-deprecated"],
            json!({"since": "2023-11-06", "removal": "2026-11-06", "replacement": "who"})
        );
    }

    #[test]
    fn an_entry_that_matches_nothing_is_refused() {
        let got = fact_complaints("[part]", "lost = { text = 'L.', source = 'o' }\n[part]");
        assert_eq!(
            got,
            ["overlay: [caller] lost matches nothing in the metadata"]
        );
        let got = fact_complaints(
            "[grows]",
            "[gone]\nx = { text = 'X.', source = 'o' }\n[grows]",
        );
        assert_eq!(got, ["overlay: [gone] x matches nothing in the metadata"]);
    }

    #[test]
    fn a_property_or_type_without_a_text_is_refused() {
        let got = fact_complaints("n = { text = \"Number.\", source = \"o\" }", "");
        assert_eq!(got, ["overlay: caller.n has no entry, hence no text"]);
        let got = fact_complaints("\"$type\" = { text = \"Closed.\", source = \"o\" }", "");
        assert_eq!(got, ["overlay: closed has no entry, hence no text"]);
    }

    #[test]
    fn a_fact_that_contradicts_the_metadata_is_refused() {
        let of = |from, to| fact_complaints(from, to).join("; ");
        assert_eq!(
            of(", unit = \"ms\"", ""),
            "overlay: callRecord.jitter is a duration and wants unit = \"ms\""
        );
        assert!(of("unit = \"ratio\"", "unit = \"ms\"").contains("has no ms"));
        assert!(
            of("text = \"Id.\"", "text = 'I.', range = [0, 1], bound = 'c'")
                .contains("has no range")
        );
        assert!(of("text = \"Who.\"", "text = 'W.', null = 'c'").contains("nullable already"));
        assert!(
            of("text = \"Who.\"", "text = 'W.', replacement = 'way'").contains("not deprecated")
        );
        assert!(of("replacement = \"who\"", "replacement = 'whom'").contains("no property whom"));
        assert!(of(", replacement = \"who\"", "").contains("wants a replacement"));
        assert!(
            of("text = \"Part.\"", "text = 'P.', values = 'Edm.String'")
                .contains("wants an open type")
        );
    }

    #[test]
    fn a_type_that_nothing_declares_is_refused() {
        let got = fact_complaints("elsewhere = { source = \"o\" }", "");
        assert!(
            got[0].contains("microsoft.graph.elsewhere is not declared"),
            "{got:?}"
        );
        let keep = ("[part]", "[part]");
        let got = complaints(("Type=\"Edm.Int32\"", "Type=\"Edm.Stream\""), keep);
        assert_eq!(
            got,
            ["metadata: caller.n: Edm.Stream has no schema here yet"]
        );
        let got = complaints(
            ("BaseType=\"graph.entity\"", "BaseType=\"graph.gone\""),
            keep,
        );
        assert!(
            got.iter()
                .any(|line| line.contains("microsoft.graph.gone, a base of")),
            "{got:?}"
        );
    }

    #[test]
    fn derived_types_that_disagree_are_refused() {
        let other = "<ComplexType Name=\"other\" BaseType=\"graph.who\"><Property Name=\"n\" Type=\"Edm.String\"/></ComplexType><ComplexType Name=\"caller\"";
        let facts = "[other]\n\"$type\" = { text = 'O.', source = 'o' }\nn = { text = 'N.', source = 'o' }\n[part]";
        let got = complaints(("<ComplexType Name=\"caller\"", other), ("[part]", facts));
        assert_eq!(got, ["metadata: types derived from who disagree about n"]);
    }
}
