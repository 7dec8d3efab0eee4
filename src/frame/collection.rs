//! Is an object with a `value` array a collection of documents, or one document?
//!
//! Decided from the envelope (the object without its elements) and, when that says nothing, from
//! the names in the first element. A page of sessions or participants stays one document: only
//! its `@odata.context` says to which call it belongs.
//!
//! Never looks below the first level, and a record is never opened.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::batch::Envelope;

/// The elements of a top-level `value` array, as far as they are scanned.
#[derive(Debug)]
pub(crate) struct List {
    /// Offset behind the `[`.
    pub(crate) open: u64,
    /// The commas between the elements, counted from `open`.
    pub(crate) commas: Vec<u32>,
    /// Offset of the `]`.
    pub(crate) close: Option<u64>,
    /// A second member `value` was met: to open one would lose the other.
    pub(crate) twice: bool,
}

impl List {
    pub(crate) fn new(open: u64) -> List {
        List {
            open,
            commas: Vec::new(),
            close: None,
            twice: false,
        }
    }

    /// Offset behind the last comma, or behind the `[`.
    pub(crate) fn last(&self) -> u64 {
        match self.commas.last() {
            Some(&comma) => self.open + u64::from(comma) + 1,
            None => self.open,
        }
    }
}

/// Whether a `@odata.context` names a part of one call.
fn is_page(context: &str) -> bool {
    context.contains("/sessions") || context.contains("/participants")
}

/// What the envelope says; `whole` when it is complete and is JSON.
pub(crate) struct Reading {
    pub(crate) envelope: Envelope,
    pub(crate) whole: bool,
    record: bool,
}

/// Reads the envelope from the text up to and with `[`, and from `]` on, as far as it is there.
pub(crate) fn read_envelope(head: &[u8], tail: Option<&[u8]>) -> Reading {
    let parse = |tail: &[u8]| serde_json::from_slice::<Map<String, Value>>(&[head, tail].concat());
    let complete = tail.and_then(|tail| parse(tail).ok());
    let whole = complete.is_some();
    let members = complete.or_else(|| parse(b"]}").ok()).unwrap_or_default();
    Reading {
        envelope: Envelope {
            context: members
                .get("@odata.context")
                .and_then(Value::as_str)
                .map(str::to_owned),
            next_link: members
                .keys()
                .any(|name| name.eq_ignore_ascii_case("@odata.nextLink")),
        },
        whole,
        record: ["id", "version", "sessions", "startDateTime"]
            .iter()
            .any(|name| members.contains_key(*name)),
    }
}

/// Whether the collection is to be opened, given its first element as far as it is there.
pub(crate) fn opens(reading: &Reading, first: &[u8]) -> bool {
    if reading.record {
        return false;
    }
    if let Some(context) = &reading.envelope.context {
        return !is_page(context) && matches!(first.first(), None | Some(b'{'));
    }
    match first.first() {
        None => true,
        Some(b'{') => {
            let names = top_names(first);
            let has = |name: &str| names.iter().any(|other| other == name);
            has("version") || !(has("segments") || has("caller") || has("callee"))
        }
        Some(_) => false,
    }
}

/// The names of an object's members, up to where its text ends or breaks.
fn top_names(text: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    let mut parser = serde_json::Deserializer::from_slice(text);
    // An error ends the list early, and that is all it means here.
    let _ = Names(&mut names).deserialize(&mut parser);
    names
}

struct Names<'a>(&'a mut Vec<String>);

impl<'de> DeserializeSeed<'de> for Names<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<(), D::Error> {
        parser.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Names<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut members: M) -> Result<(), M::Error> {
        while let Some(name) = members.next_key::<String>()? {
            self.0.push(name);
            members.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}
