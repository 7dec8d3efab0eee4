//! A cursor over the tape: one JSON value, read where it lies.
//!
//! [`Item`] borrows the parsed tape and hands out strings, numbers and children
//! without copying. It never looks at the text again ([`super::place`] does)
//! and knows nothing of calls.

use simd_json::{Node, StaticNode};

/// One value of a parsed document: the tape from its node on.
///
/// The slice always runs to the tape's end, so a node's index is the length of
/// the whole less the length of the slice.
#[derive(Clone, Copy, Debug)]
pub struct Item<'t>(&'t [Node<'t>]);

/// Index of a node on the tape; what evidence and problems keep instead of a place.
pub type NodeIndex = u32;

/// The JSON type of a value, in JSON Schema's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonType {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean,
    /// any number
    Number,
    /// a string
    String,
    /// an array
    Array,
    /// an object
    Object,
}

impl JsonType {
    /// The type's name as JSON Schema writes it.
    pub fn name(self) -> &'static str {
        match self {
            JsonType::Null => "null",
            JsonType::Boolean => "boolean",
            JsonType::Number => "number",
            JsonType::String => "string",
            JsonType::Array => "array",
            JsonType::Object => "object",
        }
    }
}

/// How many nodes the value at the head of `nodes` takes, itself included.
#[inline]
pub(crate) fn span(node: &Node<'_>) -> usize {
    match node {
        Node::Object { count, .. } | Node::Array { count, .. } => count + 1,
        Node::String(_) | Node::Static(_) => 1,
    }
}

impl<'t> Item<'t> {
    /// The value at the head of `nodes`, which must run to the end of its tape.
    #[inline]
    pub(crate) fn new(nodes: &'t [Node<'t>]) -> Self {
        Item(nodes)
    }

    /// The nodes from this value to the tape's end.
    #[inline]
    pub(crate) fn nodes(self) -> &'t [Node<'t>] {
        self.0
    }

    /// This value's index on a tape of `total` nodes.
    #[inline]
    pub fn index(self, total: usize) -> NodeIndex {
        // A tape is capped far below 2^32 nodes (`Caps::nodes`).
        NodeIndex::try_from(total - self.0.len()).unwrap_or(NodeIndex::MAX)
    }

    #[inline]
    pub(crate) fn head(self) -> Option<&'t Node<'t>> {
        self.0.first()
    }

    /// The type of the value.
    #[inline]
    pub fn json_type(self) -> JsonType {
        match self.head() {
            Some(Node::String(_)) => JsonType::String,
            Some(Node::Object { .. }) => JsonType::Object,
            Some(Node::Array { .. }) => JsonType::Array,
            Some(Node::Static(StaticNode::Bool(_))) => JsonType::Boolean,
            Some(Node::Static(StaticNode::Null)) | None => JsonType::Null,
            Some(Node::Static(_)) => JsonType::Number,
        }
    }

    /// Whether the value is `null`.
    #[inline]
    pub fn is_null(self) -> bool {
        self.json_type() == JsonType::Null
    }

    /// The text of a string, escapes resolved.
    #[inline]
    pub fn as_str(self) -> Option<&'t str> {
        match self.head() {
            Some(Node::String(text)) => Some(text),
            _ => None,
        }
    }

    /// The value of a Boolean.
    #[inline]
    pub fn as_bool(self) -> Option<bool> {
        match self.head() {
            Some(Node::Static(StaticNode::Bool(value))) => Some(*value),
            _ => None,
        }
    }

    /// A number as it stands, integers exact.
    #[inline]
    pub fn as_number(self) -> Option<Number> {
        match self.head() {
            Some(Node::Static(StaticNode::I64(value))) => Some(Number::I64(*value)),
            Some(Node::Static(StaticNode::U64(value))) => Some(Number::U64(*value)),
            Some(Node::Static(StaticNode::F64(value))) => Some(Number::F64(*value)),
            _ => None,
        }
    }

    /// A number as the nearest `f64`.
    #[inline]
    pub fn as_f64(self) -> Option<f64> {
        self.as_number().map(Number::as_f64)
    }

    /// The members of an object, in document order; none for any other type.
    #[inline]
    pub fn members(self) -> Members<'t> {
        let (left, rest) = match self.head() {
            Some(Node::Object { len, .. }) => (*len, self.0.get(1..).unwrap_or_default()),
            _ => (0, &[][..]),
        };
        Members { left, rest }
    }

    /// The elements of an array, in order; none for any other type.
    #[inline]
    pub fn elements(self) -> Elements<'t> {
        let (left, rest) = match self.head() {
            Some(Node::Array { len, .. }) => (*len, self.0.get(1..).unwrap_or_default()),
            _ => (0, &[][..]),
        };
        Elements { left, rest }
    }

    /// The value of an object's member `name`. A name stands once: a document
    /// in which it stands twice with differing values was refused before.
    #[inline]
    pub fn get(self, name: &str) -> Option<Item<'t>> {
        self.members()
            .find(|member| member.name == name)
            .map(|member| member.value)
    }

    /// Elements of an array or members of an object.
    #[inline]
    pub fn len(self) -> usize {
        match self.head() {
            Some(Node::Object { len, .. } | Node::Array { len, .. }) => *len,
            _ => 0,
        }
    }

    /// Whether a container holds nothing (true for scalars).
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Whether two values are equal as JSON: numbers by value, objects whatever their order.
    pub fn same_value(self, other: Item<'_>) -> bool {
        match (self.json_type(), other.json_type()) {
            (JsonType::Array, JsonType::Array) => {
                self.len() == other.len()
                    && self
                        .elements()
                        .zip(other.elements())
                        .all(|(a, b)| a.same_value(b))
            }
            (JsonType::Object, JsonType::Object) => {
                self.len() == other.len()
                    && self.members().all(|member| {
                        other
                            .get(member.name)
                            .is_some_and(|value| member.value.same_value(value))
                    })
            }
            (JsonType::Number, JsonType::Number) => match (self.as_number(), other.as_number()) {
                (Some(a), Some(b)) => a.same(b),
                _ => false,
            },
            (JsonType::String, JsonType::String) => self.as_str() == other.as_str(),
            (JsonType::Boolean, JsonType::Boolean) => self.as_bool() == other.as_bool(),
            (a, b) => a == b,
        }
    }
}

/// A JSON number; integers beyond 64 bits were refused by the parser.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// negative integers
    I64(i64),
    /// other integers
    U64(u64),
    /// written with a fraction or an exponent
    F64(f64),
}

impl Number {
    /// The nearest `f64`.
    #[inline]
    pub fn as_f64(self) -> f64 {
        match self {
            // Beyond 2^53 the nearest double stands for the integer, as JSON readers do.
            Number::I64(value) => value as f64,
            Number::U64(value) => value as f64,
            Number::F64(value) => value,
        }
    }

    /// The integer, where the number is one (`1.0` is) and fits.
    #[inline]
    pub fn as_i64(self) -> Option<i64> {
        match self {
            Number::I64(value) => Some(value),
            Number::U64(value) => i64::try_from(value).ok(),
            Number::F64(value) => {
                let whole = value as i64;
                (value.fract() == 0.0 && value.abs() < 9.0e18 && whole as f64 == value)
                    .then_some(whole)
            }
        }
    }

    fn same(self, other: Number) -> bool {
        match (self, other) {
            (Number::I64(a), Number::I64(b)) => a == b,
            (Number::U64(a), Number::U64(b)) => a == b,
            (Number::I64(a), Number::U64(b)) | (Number::U64(b), Number::I64(a)) => {
                u64::try_from(a) == Ok(b)
            }
            (Number::F64(a), Number::F64(b)) => a == b,
            (Number::F64(float), whole) | (whole, Number::F64(float)) => {
                match (Number::F64(float).as_i64(), whole.as_i64()) {
                    (Some(a), Some(b)) => a == b,
                    // Beyond i64 both are compared as doubles.
                    (None, None) => float == whole.as_f64(),
                    _ => false,
                }
            }
        }
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Number::I64(value) => value.fmt(f),
            Number::U64(value) => value.fmt(f),
            Number::F64(value) => value.fmt(f),
        }
    }
}

/// One member of an object.
#[derive(Clone, Copy, Debug)]
pub struct Member<'t> {
    /// the member's name, escapes resolved
    pub name: &'t str,
    /// the tape from the name's node on, for its place
    pub key: Item<'t>,
    /// the member's value
    pub value: Item<'t>,
}

/// Iterator of [`Item::members`].
#[derive(Clone, Debug)]
pub struct Members<'t> {
    left: usize,
    rest: &'t [Node<'t>],
}

impl<'t> Iterator for Members<'t> {
    type Item = Member<'t>;

    #[inline]
    fn next(&mut self) -> Option<Member<'t>> {
        if self.left == 0 {
            return None;
        }
        let [Node::String(name), rest @ ..] = self.rest else {
            return None;
        };
        let key = Item(self.rest);
        let value = Item(rest);
        self.rest = rest.get(span(rest.first()?)..).unwrap_or_default();
        self.left -= 1;
        Some(Member { name, key, value })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

/// Iterator of [`Item::elements`].
#[derive(Clone, Debug)]
pub struct Elements<'t> {
    left: usize,
    rest: &'t [Node<'t>],
}

impl<'t> Iterator for Elements<'t> {
    type Item = Item<'t>;

    #[inline]
    fn next(&mut self) -> Option<Item<'t>> {
        if self.left == 0 {
            return None;
        }
        let item = Item(self.rest);
        self.rest = self
            .rest
            .get(span(self.rest.first()?)..)
            .unwrap_or_default();
        self.left -= 1;
        Some(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}
