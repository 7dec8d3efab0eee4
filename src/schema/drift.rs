//! What has changed between a schema of ours and a newer metadata file of Microsoft's?
//!
//! [`Drift::between`] brings both to one shape, types with their properties and enums with their
//! members, and lists what came, what went, and what is otherwise than it was.
//!
//! It never guesses: what a file names and does not declare, or an extract may have left out, is
//! told apart from what is gone. Units, ranges and meanings are ours, and no part of it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::csdl::Model;

mod shape;

use shape::{Enum, Property, Shape, Type};

/// The namespace that is described whole.
const NAMESPACE: &str = "microsoft.graph.callRecords.";
/// The namespace of the types it builds on.
const GRAPH: &str = "microsoft.graph.";
/// The type that a document is.
const ROOT: &str = "microsoft.graph.callRecords.callRecord";

/// Whether something is new, gone, or other than it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// in the file, and not in the schema
    Came,
    /// in the schema, and no longer in the file
    Went,
    /// in both
    Changed,
}

/// What a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum What {
    /// a type with properties
    Type,
    /// an enum
    Enum,
    /// a property
    Property,
    /// a member of an enum
    Member,
    /// whether an enum may grow
    Growth,
    /// the type of a property
    TypeOfProperty,
    /// whether a property may be null
    Nullability,
    /// whether a property arrives under `$expand` alone
    Navigation,
    /// whether a property is deprecated, and until when
    Deprecation,
    /// whether a type takes undeclared keys
    Openness,
    /// the type that a type derives from
    Base,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// new, gone, or other
    pub how: How,
    /// what it is about
    pub what: What,
    /// the type or enum, as the schema's definitions name it
    #[serde(rename = "type")]
    pub of: String,
    /// the property or member
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// how it was
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was: Option<String>,
    /// how it is now
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<String>,
    /// whether a call record can hold it; else it is of the reports about calls
    #[serde(rename = "inCallRecord")]
    pub in_record: bool,
}

/// All differences, those in call records first.
#[derive(Debug, Default)]
pub struct Drift {
    /// What differs.
    pub changes: Vec<Change>,
    /// What could not be compared, and why: sentences.
    pub untold: Vec<String>,
}

impl Drift {
    /// Compares the schema with the metadata.
    pub fn between(schema: &Value, model: &Model) -> Drift {
        let old = Shape::of_schema(schema);
        let new = Shape::of_model(model, &old);
        let mut record = old.below(ROOT);
        record.extend(new.below(ROOT));
        let mut report = Report {
            old: &old,
            new: &new,
            record: &record,
            borrowed: Vec::new(),
            drift: Drift::default(),
        };
        report.run(model);
        let mut drift = report.drift;
        drift
            .changes
            .sort_by_key(|change| (!change.in_record, change.of.clone()));
        drift
    }

    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// How many changes are of this kind.
    pub fn count(&self, how: How) -> usize {
        self.changes
            .iter()
            .filter(|change| change.how == how)
            .count()
    }
}

struct Report<'a> {
    old: &'a Shape,
    new: &'a Shape,
    /// full names of what a call record can hold, then or now
    record: &'a BTreeSet<String>,
    /// what an extract left out when the schema was written, and the file leaves out too
    borrowed: Vec<String>,
    drift: Drift,
}

impl Report<'_> {
    fn run(&mut self, model: &Model) {
        let (old, new) = (self.old, self.new);
        let mut outside = 0;
        for (name, was) in &old.types {
            match new.types.get(name) {
                Some(now) => self.type_(name, was, now, model.annotated),
                None if self.excused(name) => {}
                None => {
                    outside += usize::from(!name.starts_with(NAMESPACE));
                    let listed = Some(list(was.properties.keys()));
                    self.put(How::Went, What::Type, name, None, listed, None);
                }
            }
        }
        for (name, now) in &new.types {
            if !old.types.contains_key(name) {
                let listed = Some(list(now.properties.keys()));
                self.put(How::Came, What::Type, name, None, None, listed);
            }
        }
        for (name, was) in &old.enums {
            match new.enums.get(name) {
                Some(now) => self.enum_(name, was, now),
                None if self.excused(name) => {}
                None => {
                    outside += usize::from(!name.starts_with(NAMESPACE));
                    let listed = Some(list(&was.members));
                    self.put(How::Went, What::Enum, name, None, listed, None);
                }
            }
        }
        for (name, now) in &new.enums {
            if !old.enums.contains_key(name) {
                let listed = Some(list(&now.members));
                self.put(How::Came, What::Enum, name, None, None, listed);
            }
        }
        if !model.annotated {
            let why = "the file annotates nothing, so deprecations were not compared";
            self.drift.untold.push(why.to_owned());
        }
        if !self.borrowed.is_empty() {
            let names = self.borrowed.join(", ");
            self.drift.untold.push(format!(
                "the schema has these from the other API's metadata, and the file does not declare \
                 them: {names}"
            ));
        }
        if outside > 0 {
            self.drift.untold.push(format!(
                "{outside} of what went is of {} and not of callRecords: an extract of the metadata \
                 may have left it out",
                GRAPH.trim_end_matches('.')
            ));
        }
    }

    /// Whether the file cannot be asked about this name, and says so.
    fn excused(&mut self, name: &str) -> bool {
        let short = self.short(name);
        if self.new.undeclared.contains(name) {
            let why = format!("the file names {short} and does not declare it");
            self.drift.untold.push(why);
            return true;
        }
        let borrowed = self.old.borrowed.contains(name);
        if borrowed {
            self.borrowed.push(short);
        }
        borrowed
    }

    fn type_(&mut self, of: &str, was: &Type, now: &Type, annotated: bool) {
        let open = |open: bool| Some(if open { "open" } else { "closed" }.to_owned());
        if was.open != now.open {
            let (was, now) = (open(was.open), open(now.open));
            self.put(How::Changed, What::Openness, of, None, was, now);
        }
        if was.base != now.base {
            let base = |base: &Option<String>| Some(self.short(base.as_deref().unwrap_or("none")));
            let (was, now) = (base(&was.base), base(&now.base));
            self.put(How::Changed, What::Base, of, None, was, now);
        }
        for (name, was) in &was.properties {
            match now.properties.get(name) {
                Some(now) => self.property(of, name, was, now, annotated),
                None => {
                    let was = Some(self.described(was));
                    self.put(How::Went, What::Property, of, Some(name), was, None);
                }
            }
        }
        for (name, now) in &now.properties {
            if !was.properties.contains_key(name) {
                let now = Some(self.described(now));
                self.put(How::Came, What::Property, of, Some(name), None, now);
            }
        }
    }

    fn property(&mut self, of: &str, name: &str, was: &Property, now: &Property, annotated: bool) {
        let (old, new) = (self.old, self.new);
        let mut changed = |what, was: String, now: String| {
            if was != now {
                self.put(How::Changed, what, of, Some(name), Some(was), Some(now));
            }
        };
        changed(What::TypeOfProperty, old.typed(was), new.typed(now));
        if let (Some(was), Some(now)) = (was.null, now.null) {
            changed(What::Nullability, null(was).into(), null(now).into());
        }
        let expanded = |property: &Property| {
            if property.navigation {
                "only under $expand"
            } else {
                "always"
            }
        };
        changed(What::Navigation, expanded(was).into(), expanded(now).into());
        if annotated {
            let mark = |property: &Property| {
                property
                    .deprecated
                    .clone()
                    .unwrap_or_else(|| "not deprecated".to_owned())
            };
            changed(What::Deprecation, mark(was), mark(now));
        }
    }

    fn enum_(&mut self, of: &str, was: &Enum, now: &Enum) {
        for member in was.members.iter().filter(|m| !now.members.contains(m)) {
            self.put(How::Went, What::Member, of, Some(member), None, None);
        }
        for member in now.members.iter().filter(|m| !was.members.contains(m)) {
            self.put(How::Came, What::Member, of, Some(member), None, None);
        }
        let grows = |of: &Enum| Some(if of.grows() { "may grow" } else { "closed" }.to_owned());
        if was.grows() != now.grows() {
            let (was, now) = (grows(was), grows(now));
            self.put(How::Changed, What::Growth, of, None, was, now);
        }
    }

    fn put(
        &mut self,
        how: How,
        what: What,
        of: &str,
        name: Option<&str>,
        was: Option<String>,
        now: Option<String>,
    ) {
        self.drift.changes.push(Change {
            how,
            what,
            of: self.short(of),
            name: name.map(str::to_owned),
            was,
            now,
            in_record: self.record.contains(of),
        });
    }

    fn described(&self, property: &Property) -> String {
        let typed = self.new.typed(property);
        match property.null {
            Some(true) => format!("{typed}, may be null"),
            _ => typed,
        }
    }

    fn short(&self, name: &str) -> String {
        shape::short(name, &self.old.names)
    }
}

fn null(null: bool) -> &'static str {
    if null { "may be null" } else { "never null" }
}

fn list(names: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let names: Vec<String> = names.into_iter().map(|n| n.as_ref().to_owned()).collect();
    names.join(", ")
}

/// Names of definitions by full name.
type Names = BTreeMap<String, String>;

#[cfg(test)]
mod tests;
