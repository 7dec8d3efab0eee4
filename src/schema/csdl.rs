//! Microsoft's metadata (CSDL, OData 4) as a list of types.
//!
//! [`Model::parse`] keeps types, enums, nullability and deprecation marks, under full names
//! (`microsoft.graph.callRecords.media`): an alias never leaves this file.
//!
//! It knows nothing of JSON Schema, and guesses nothing: a name that no schema declares stays a
//! name, for the reader of the model to refuse.
//!
//! Read by the drift report here and, by its path, by the schema's generator in `xtask`, which
//! shares nothing else with the product.

use std::collections::{BTreeMap, BTreeSet};

/// What the metadata says, as far as a schema needs it.
#[derive(Debug, Default)]
pub struct Model {
    /// Entity and complex types by full name.
    pub types: BTreeMap<String, Type>,
    /// Enums by full name; members in the metadata's order.
    pub enums: BTreeMap<String, Vec<String>>,
    /// Enums whose values may be combined.
    pub flags: BTreeSet<String>,
    /// Whether the file annotates anything: one that does not says nothing of deprecations.
    pub annotated: bool,
    /// Deprecations by `full.type.name/property`.
    pub deprecated: BTreeMap<String, Deprecation>,
    /// Commit of the metadata's repository, when a comment of the file names it.
    pub commit: Option<String>,
}

/// An entity type or a complex type.
#[derive(Debug)]
pub struct Type {
    /// Full name of the base type.
    pub base: Option<String>,
    /// Whether this type itself is marked open; derived types of an open type are open too.
    pub open: bool,
    /// Own properties, in the metadata's order.
    pub properties: Vec<Property>,
}

/// One property, structural or navigation.
#[derive(Clone, Debug)]
pub struct Property {
    /// Its name in a document.
    pub name: String,
    /// Full name of its type, or of its items' type.
    pub of: String,
    /// Whether it is an array.
    pub collection: bool,
    /// The `Nullable` facet; for a collection it speaks of the items.
    pub nullable: bool,
    /// Whether it arrives only under `$expand`.
    pub navigation: bool,
}

/// A mark that a property will go.
#[derive(Debug)]
pub struct Deprecation {
    /// Date of the mark, `YYYY-MM-DD`.
    pub since: String,
    /// Announced date of removal, `YYYY-MM-DD`.
    pub removal: String,
}

impl Model {
    /// Reads the text of a CSDL file.
    pub fn parse(xml: &str) -> Result<Self, String> {
        let document = roxmltree::Document::parse(xml).map_err(|e| format!("not XML: {e}"))?;
        let mut model = Self {
            commit: document
                .descendants()
                .filter(|n| n.is_comment())
                .find_map(commit_in),
            ..Self::default()
        };
        let schemas: Vec<_> = document
            .descendants()
            .filter(|&n| is(n, "Schema"))
            .collect();
        if schemas.is_empty() {
            return Err("no <Schema>: not a CSDL file".to_owned());
        }
        let mut aliases = BTreeMap::new();
        for schema in &schemas {
            if let (Some(alias), Some(name)) =
                (schema.attribute("Alias"), schema.attribute("Namespace"))
            {
                aliases.insert(alias.to_owned(), name.to_owned());
            }
        }
        for schema in schemas {
            let namespace = required(schema, "Namespace")?;
            for node in schema.children().filter(roxmltree::Node::is_element) {
                model.read(namespace, node, &aliases)?;
            }
        }
        Ok(model)
    }

    fn read(
        &mut self,
        namespace: &str,
        node: roxmltree::Node<'_, '_>,
        aliases: &BTreeMap<String, String>,
    ) -> Result<(), String> {
        match node.tag_name().name() {
            "EnumType" => {
                let name = format!("{namespace}.{}", required(node, "Name")?);
                if node.attribute("IsFlags") == Some("true") {
                    self.flags.insert(name.clone());
                }
                let members = node
                    .children()
                    .filter(|&n| is(n, "Member"))
                    .map(|n| required(n, "Name").map(str::to_owned))
                    .collect::<Result<_, _>>()?;
                self.enums.insert(name, members);
            }
            "EntityType" | "ComplexType" => {
                let name = format!("{namespace}.{}", required(node, "Name")?);
                let mut properties = Vec::new();
                for child in node.children().filter(roxmltree::Node::is_element) {
                    let navigation = match child.tag_name().name() {
                        "Property" => false,
                        "NavigationProperty" => true,
                        _ => continue,
                    };
                    let of = required(child, "Type")?;
                    let inner = of
                        .strip_prefix("Collection(")
                        .and_then(|t| t.strip_suffix(')'));
                    properties.push(Property {
                        name: required(child, "Name")?.to_owned(),
                        of: full_name(inner.unwrap_or(of), aliases),
                        collection: inner.is_some(),
                        nullable: child.attribute("Nullable") != Some("false"),
                        navigation,
                    });
                }
                let base = node.attribute("BaseType").map(|t| full_name(t, aliases));
                let open = node.attribute("OpenType") == Some("true");
                self.types.insert(
                    name,
                    Type {
                        base,
                        open,
                        properties,
                    },
                );
            }
            "Annotations" => {
                self.annotated = true;
                let target = required(node, "Target")?;
                if let Some(mark) = deprecation(node) {
                    let (of, property) = target.rsplit_once('/').unwrap_or((target, ""));
                    self.deprecated
                        .insert(format!("{}/{property}", full_name(of, aliases)), mark);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Takes over what `other` declares outside `namespace` and this file leaves out, and its
    /// deprecations where this file has no annotation at all. Returns the names of what was taken.
    pub fn complete(&mut self, other: Model, namespace: &str) -> BTreeSet<String> {
        let mut taken = BTreeSet::new();
        for (name, of) in other.types {
            if !name.starts_with(namespace) && !self.types.contains_key(&name) {
                taken.insert(name.clone());
                self.types.insert(name, of);
            }
        }
        for (name, members) in other.enums {
            if !name.starts_with(namespace) && !self.enums.contains_key(&name) {
                taken.insert(name.clone());
                self.enums.insert(name, members);
            }
        }
        if !self.annotated {
            taken.extend(other.deprecated.keys().cloned());
            self.deprecated = other.deprecated;
        }
        taken
    }

    /// The type and its bases, nearest first.
    pub fn chain<'a>(&'a self, name: &'a str) -> Vec<(&'a str, &'a Type)> {
        let mut chain = Vec::new();
        let mut next = Some(name);
        while let Some((name, of)) = next.and_then(|name| self.types.get_key_value(name)) {
            if chain.iter().any(|&(seen, _)| seen == name) {
                break;
            }
            chain.push((name.as_str(), of));
            next = of.base.as_deref();
        }
        chain
    }

    /// Whether undeclared keys are legal in the type.
    pub fn open(&self, name: &str) -> bool {
        self.chain(name).iter().any(|(_, of)| of.open)
    }

    /// All types below `name`, by full name.
    pub fn derived<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.types
            .keys()
            .map(String::as_str)
            .filter(move |&of| of != name && self.chain(of).iter().any(|&(base, _)| base == name))
    }
}

/// Whether the node is an element of this name; its namespace does not matter.
fn is(node: roxmltree::Node<'_, '_>, name: &str) -> bool {
    node.is_element() && node.tag_name().name() == name
}

fn required<'a>(node: roxmltree::Node<'a, '_>, name: &str) -> Result<&'a str, String> {
    node.attribute(name)
        .ok_or_else(|| format!("<{}> without {name}", node.tag_name().name()))
}

fn full_name(name: &str, aliases: &BTreeMap<String, String>) -> String {
    match name.rsplit_once('.') {
        Some((space, short)) => {
            let space = aliases.get(space).map_or(space, String::as_str);
            format!("{space}.{short}")
        }
        None => name.to_owned(),
    }
}

/// The deprecation among the revisions of one target.
fn deprecation(annotations: roxmltree::Node<'_, '_>) -> Option<Deprecation> {
    let record = annotations.descendants().find(|n| {
        is(*n, "Record")
            && n.descendants()
                .any(|n| n.text().is_some_and(|t| t.ends_with("/Deprecated")))
    })?;
    let date = |property| {
        record
            .children()
            .find(|n| n.attribute("Property") == Some(property))
            .and_then(|n| n.attribute("Date"))
            .map(str::to_owned)
    };
    Some(Deprecation {
        since: date("Date")?,
        removal: date("RemovalDate")?,
    })
}

/// The word after `Commit:`, if it is a commit id.
fn commit_in(comment: roxmltree::Node<'_, '_>) -> Option<String> {
    let (_, rest) = comment.text()?.split_once("Commit:")?;
    let id = rest.split_whitespace().next()?;
    is_commit(id).then(|| id.to_owned())
}

/// Whether `id` is 40 hexadecimal digits.
pub fn is_commit(id: &str) -> bool {
    id.len() == 40 && id.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const XML: &str = r#"<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">
      <!-- Commit: 0123456789012345678901234567890123456789 (a day) -->
      <Schema Namespace="m.g" Alias="g" xmlns="http://docs.oasis-open.org/odata/ns/edm">
        <ComplexType Name="top" OpenType="true"><Property Name="a" Type="Edm.String"/></ComplexType>
        <ComplexType Name="mid" BaseType="g.top"/>
        <ComplexType Name="low" BaseType="m.g.mid">
          <Property Name="list" Type="Collection(g.mid)" Nullable="false"/>
          <NavigationProperty Name="go" Type="g.top"/>
        </ComplexType>
        <EnumType Name="e"><Member Name="x" Value="0"/><Member Name="b" Value="1"/></EnumType>
        <Annotations Target="g.low/list"><Annotation Term="R"><Collection><Record>
          <PropertyValue Property="Date" Date="2023-11-06"/>
          <PropertyValue Property="Kind"><EnumMember>K/Deprecated</EnumMember></PropertyValue>
          <PropertyValue Property="RemovalDate" Date="2026-11-06"/>
        </Record></Collection></Annotation></Annotations>
      </Schema></edmx:Edmx>"#;

    #[test]
    fn aliases_inheritance_and_marks_are_resolved() {
        let model = Model::parse(XML).expect("the fixture is CSDL");
        assert_eq!(
            model.commit.as_deref(),
            Some("0123456789012345678901234567890123456789")
        );
        let names: Vec<_> = model
            .chain("m.g.low")
            .iter()
            .map(|&(name, _)| name)
            .collect();
        assert_eq!(names, ["m.g.low", "m.g.mid", "m.g.top"]);
        assert!(model.open("m.g.low"), "openness is inherited");
        assert_eq!(
            model.derived("m.g.top").collect::<Vec<_>>(),
            ["m.g.low", "m.g.mid"]
        );
        assert_eq!(model.enums["m.g.e"], ["x", "b"]);
        let list = &model.types["m.g.low"].properties[0];
        assert_eq!(
            (list.of.as_str(), list.collection, list.nullable),
            ("m.g.mid", true, false)
        );
        let go = &model.types["m.g.low"].properties[1];
        assert!(go.navigation && go.nullable && !go.collection);
        assert_eq!(model.deprecated["m.g.low/list"].removal, "2026-11-06");
    }

    #[test]
    fn what_is_no_metadata_is_refused() {
        let why = |xml| Model::parse(xml).map(|_| ()).expect_err("no metadata");
        assert!(why("{}").starts_with("not XML"));
        assert_eq!(why("<a/>"), "no <Schema>: not a CSDL file");
        let nameless = r#"<Schema Namespace="n"><ComplexType/></Schema>"#;
        assert_eq!(why(nameless), "<ComplexType> without Name");
    }

    #[test]
    fn an_extract_is_completed_but_never_changed() {
        let mut extract =
            Model::parse(r#"<Schema Namespace="m.g"><ComplexType Name="top"/></Schema>"#)
                .expect("CSDL");
        let whole = Model::parse(XML).expect("CSDL");
        let taken = extract.complete(whole, "m.g.l");
        let taken: Vec<_> = taken.iter().map(String::as_str).collect();
        assert_eq!(taken, ["m.g.e", "m.g.low/list", "m.g.mid"]);
        assert!(extract.types["m.g.top"].properties.is_empty(), "it had one");
        assert!(!extract.types.contains_key("m.g.low"), "of the namespace");
    }

    #[test]
    fn a_base_that_is_its_own_base_ends() {
        let xml = r#"<Schema Namespace="n"><ComplexType Name="a" BaseType="n.a"/></Schema>"#;
        assert_eq!(Model::parse(xml).expect("CSDL").chain("n.a").len(), 1);
    }
}
