//! The tape as a representation for the `jsonschema` crate.
//!
//! The validator walks [`Item`]s; no `serde_json::Value` is built for a valid
//! document, and for an invalid one only scalars are. Problems are capped while
//! they are collected: once a thread's [`Budget`] is spent, containers hand out
//! no further children.

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::OnceLock;

use jsonschema::ValidationError;
use jsonschema::json::{Array, Json, JsonNumber, Node, NodeIdentity, Object};
use serde_json::Value;

use super::problem::cut;
use crate::record::{Item, Number, tape};

/// The representation: documents on a simd-json tape.
pub struct OnTape;

thread_local! {
    /// Violations that may still be reported in the walk under way.
    static LEFT: Cell<usize> = const { Cell::new(usize::MAX) };
}

#[cfg(test)]
thread_local! {
    /// Members and elements handed out on this thread.
    pub(super) static VISITED: Cell<usize> = const { Cell::new(0) };
}

/// While it lives, this thread's walks end after `problems` violations.
pub(crate) struct Budget;

impl Budget {
    /// Limits the walks of this thread.
    pub(crate) fn of(problems: usize) -> Self {
        LEFT.set(problems);
        Budget
    }

    /// Whether the limit was reached.
    pub(crate) fn spent(&self) -> bool {
        LEFT.get() == 0
    }
}

impl Drop for Budget {
    fn drop(&mut self) {
        LEFT.set(usize::MAX);
    }
}

/// What a violation keeps of the value that it speaks of.
pub(super) struct Sighting {
    /// nodes from the value's own to the tape's end
    pub(super) behind: u32,
    /// whether it was seen before the budget was spent: behind that, containers look empty
    pub(super) within: bool,
    /// the beginning of a string
    pub(super) text: String,
}

impl Sighting {
    /// What `error` keeps.
    pub(super) fn of(error: &ValidationError<'_>) -> Sighting {
        let kept = error.instance().as_array().map(Vec::as_slice);
        match kept.unwrap_or_default() {
            [Value::Bool(within), behind, Value::String(text)] => Sighting {
                behind: behind
                    .as_u64()
                    .and_then(|n| u32::try_from(n).ok())
                    .unwrap_or(0),
                within: *within,
                text: text.clone(),
            },
            _ => Sighting {
                behind: 0,
                within: true,
                text: String::new(),
            },
        }
    }

    fn within(text: &[u8], behind: u32) -> Value {
        Value::Array(vec![true.into(), behind.into(), cut(text).into()])
    }

    fn beyond(text: &[u8], behind: u32) -> Value {
        Value::Array(vec![false.into(), behind.into(), cut(text).into()])
    }
}

impl Json for OnTape {
    type Node<'a> = Item<'a>;
    type PreparedKey = Box<str>;
    type StringBuffer = ();
    // A lookup on a tape is a pass over the members, so one pass serves better.
    const KEYS_PER_LOOKUP: usize = 64;
    const ACYCLIC: bool = true;

    fn prepare_key(key: &str) -> Box<str> {
        key.into()
    }

    fn with_string_node<T>((): &mut (), string: &str, f: impl FnOnce(Item<'_>) -> T) -> T {
        f(Item::new(&[simd_json::Node::String(string)]))
    }
}

impl JsonNumber for Number {
    fn as_u64(&self) -> Option<u64> {
        match *self {
            Number::I64(value) => u64::try_from(value).ok(),
            Number::U64(value) => Some(value),
            Number::F64(_) => None,
        }
    }

    fn as_i64(&self) -> Option<i64> {
        match *self {
            Number::I64(value) => Some(value),
            Number::U64(value) => i64::try_from(value).ok(),
            Number::F64(_) => None,
        }
    }

    fn as_f64(&self) -> Option<f64> {
        Some(Number::as_f64(*self))
    }

    fn as_str(&self) -> Cow<'_, str> {
        Cow::Owned(self.to_number().to_string())
    }

    fn to_number(&self) -> Cow<'_, serde_json::Number> {
        Cow::Owned(match *self {
            Number::I64(value) => value.into(),
            Number::U64(value) => value.into(),
            // The parser yields finite numbers only.
            Number::F64(value) => {
                serde_json::Number::from_f64(value).unwrap_or_else(|| 0u64.into())
            }
        })
    }

    fn is_integer(&self) -> bool {
        match *self {
            Number::I64(_) | Number::U64(_) => true,
            Number::F64(value) => value.fract() == 0.0,
        }
    }

    fn is_written_as_integer(&self) -> bool {
        !matches!(self, Number::F64(_))
    }
}

/// An object on the tape.
#[derive(Clone, Copy)]
pub struct Members<'a>(Item<'a>);

/// An array on the tape.
#[derive(Clone, Copy)]
pub struct Elements<'a>(Item<'a>);

impl<'a> Node<'a, OnTape> for Item<'a> {
    type Object = Members<'a>;
    type Array = Elements<'a>;
    type Number = Number;

    #[inline]
    fn as_object(&self) -> Option<Members<'a>> {
        matches!(self.head(), Some(simd_json::Node::Object { .. })).then_some(Members(*self))
    }

    #[inline]
    fn as_array(&self) -> Option<Elements<'a>> {
        matches!(self.head(), Some(simd_json::Node::Array { .. })).then_some(Elements(*self))
    }

    #[inline]
    fn as_string(&self) -> Option<Cow<'a, str>> {
        Item::as_str(*self).map(Cow::Borrowed)
    }

    #[inline]
    fn as_number(&self) -> Option<Number> {
        Item::as_number(*self)
    }

    #[inline]
    fn as_boolean(&self) -> Option<bool> {
        Item::as_bool(*self)
    }

    #[inline]
    fn is_null(&self) -> bool {
        Item::is_null(*self)
    }

    #[inline]
    fn json_type(&self) -> jsonschema::JsonType {
        match Item::json_type(*self) {
            tape::JsonType::Null => jsonschema::JsonType::Null,
            tape::JsonType::Boolean => jsonschema::JsonType::Boolean,
            tape::JsonType::Number => jsonschema::JsonType::Number,
            tape::JsonType::String => jsonschema::JsonType::String,
            tape::JsonType::Array => jsonschema::JsonType::Array,
            tape::JsonType::Object => jsonschema::JsonType::Object,
        }
    }

    fn equals_value(&self, expected: &Value) -> bool {
        match expected {
            // What enums hold; compared without building a value.
            Value::String(text) => Item::as_str(*self) == Some(text),
            Value::Null => Item::is_null(*self),
            Value::Bool(value) => Item::as_bool(*self) == Some(*value),
            _ => jsonschema::json::cmp::equal(&self.to_value(), expected),
        }
    }

    fn to_value(&self) -> Cow<'a, Value> {
        Cow::Owned(to_value(*self))
    }

    /// Called once per violation: the place to count it. A container is not
    /// built for the message; we report from the tape, where `Sighting` finds it again.
    fn lazy_value(&self) -> jsonschema_value::LazyInstance<'a> {
        let left = LEFT.get();
        LEFT.set(left.saturating_sub(1));
        jsonschema_value::LazyInstance::Deferred {
            bytes: Item::as_str(*self).map_or(&[], str::as_bytes),
            tag: u32::try_from(self.nodes().len()).unwrap_or(u32::MAX),
            make: if left == 0 {
                Sighting::beyond
            } else {
                Sighting::within
            },
            cell: OnceLock::new(),
        }
    }

    #[inline]
    fn identity(&self) -> Option<NodeIdentity> {
        Some(NodeIdentity::new(self.nodes().as_ptr() as usize))
    }
}

/// The same value as a tree of serde_json; for cold paths only.
pub(crate) fn to_value(item: Item<'_>) -> Value {
    match item.json_type() {
        tape::JsonType::Null => Value::Null,
        tape::JsonType::Boolean => Value::Bool(item.as_bool().unwrap_or_default()),
        tape::JsonType::Number => Item::as_number(item).map_or(Value::Null, |number| {
            Value::Number(number.to_number().into_owned())
        }),
        tape::JsonType::String => Value::String(item.as_str().unwrap_or_default().to_owned()),
        tape::JsonType::Array => Value::Array(item.elements().map(to_value).collect()),
        tape::JsonType::Object => Value::Object(
            item.members()
                .map(|member| (member.name.to_owned(), to_value(member.value)))
                .collect(),
        ),
    }
}

impl<'a> Object<'a, OnTape> for Members<'a> {
    type Node = Item<'a>;
    type MemberName = &'a str;
    type MembersIter = MembersIter<'a>;

    #[inline]
    fn len(&self) -> usize {
        self.0.len()
    }

    #[inline]
    fn get(&self, key: &Box<str>) -> Option<Item<'a>> {
        self.0.get(key)
    }

    #[inline]
    fn members(&self) -> MembersIter<'a> {
        MembersIter(self.0.members())
    }
}

/// Members until the budget is spent.
pub struct MembersIter<'a>(tape::Members<'a>);

impl<'a> Iterator for MembersIter<'a> {
    type Item = (&'a str, Item<'a>);

    #[inline]
    fn next(&mut self) -> Option<(&'a str, Item<'a>)> {
        if LEFT.get() == 0 {
            return None;
        }
        #[cfg(test)]
        VISITED.set(VISITED.get() + 1);
        self.0.next().map(|member| (member.name, member.value))
    }
}

impl<'a> Array<'a, OnTape> for Elements<'a> {
    type Node = Item<'a>;
    type ElementsIter = ElementsIter<'a>;

    #[inline]
    fn len(&self) -> usize {
        self.0.len()
    }

    #[inline]
    fn elements(&self) -> ElementsIter<'a> {
        ElementsIter(self.0.elements())
    }
}

/// Elements until the budget is spent.
pub struct ElementsIter<'a>(tape::Elements<'a>);

impl<'a> Iterator for ElementsIter<'a> {
    type Item = Item<'a>;

    #[inline]
    fn next(&mut self) -> Option<Item<'a>> {
        if LEFT.get() == 0 {
            return None;
        }
        #[cfg(test)]
        VISITED.set(VISITED.get() + 1);
        self.0.next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Caps, Parser};

    #[test]
    fn the_representation_keeps_the_validators_contract() {
        let text = jsonschema::json::conformance::document().to_string();
        let mut parser = Parser::new(Caps::default());
        let document = parser.parse(text.as_bytes()).expect("JSON");
        jsonschema::json::conformance::assert_conformance::<OnTape>(&document.root());
    }
}
