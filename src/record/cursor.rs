//! Values one after the other, in document order: what a walk over a document needs.
//!
//! A [`Cursor`] names places by numbers that only it understands. A walk enters a container,
//! asks for one member or element after the other, and tells the cursor where each of them
//! ended. Nothing here judges a value, and no value is built.

use simd_json::{Node, StaticNode};

use super::tape::{Item, NodeIndex, Number, span};

/// A set of JSON types, `true` and `false` apart, and integers apart from other numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Types(pub(crate) u8);

impl Types {
    pub(crate) const NONE: Types = Types(0);
    pub(crate) const NULL: Types = Types(1);
    pub(crate) const TRUE: Types = Types(2);
    pub(crate) const FALSE: Types = Types(4);
    pub(crate) const BOOLEAN: Types = Types(2 | 4);
    /// Numbers without a fraction, however they are written.
    pub(crate) const INTEGER: Types = Types(8);
    pub(crate) const FRACTION: Types = Types(16);
    pub(crate) const NUMBER: Types = Types(8 | 16);
    pub(crate) const STRING: Types = Types(32);
    pub(crate) const ARRAY: Types = Types(64);
    pub(crate) const OBJECT: Types = Types(128);
    pub(crate) const ALL: Types = Types(255);

    /// Whether all of `other` are in it.
    #[inline(always)]
    pub(crate) fn has(self, other: Types) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether some of `other` are in it.
    #[inline(always)]
    pub(crate) fn meets(self, other: Types) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) fn with(self, other: Types) -> Types {
        Types(self.0 | other.0)
    }

    pub(crate) fn and(self, other: Types) -> Types {
        Types(self.0 & other.0)
    }

    pub(crate) fn without(self, other: Types) -> Types {
        Types(self.0 & !other.0)
    }
}

/// What stands at a place.
pub(crate) trait Value<'t>: Copy {
    /// Its type, as far as that is told without a look at the value: what holds for all of
    /// [`Types::BOOLEAN`] holds for a boolean, and what holds for all of [`Types::NUMBER`] for a
    /// number that is written with a point.
    fn types(self) -> Types;

    /// Whether it is a scalar of `types`, and, if a number, from `low` to `high`.
    fn is_within(self, types: Types, low: f64, high: f64) -> bool;

    /// A boolean.
    fn boolean(self) -> Option<bool>;

    /// A number.
    fn number(self) -> Option<Number>;

    /// A string, escapes resolved.
    fn text(self) -> Option<&'t str>;
}

/// A member of an object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member<'t, V> {
    /// its name, escapes resolved
    pub(crate) name: &'t str,
    /// its value
    pub(crate) value: V,
}

/// A way through a document.
pub(crate) trait Cursor<'t>: Copy {
    /// What it finds.
    type Value: Value<'t>;

    /// A container under way.
    type Run: Copy;

    /// What is at `at`: a value, or a name.
    fn read(self, at: usize) -> Option<Self::Value>;

    /// Behind the scalar `value` at `at`.
    fn behind_scalar(self, at: usize, value: Self::Value) -> usize;

    /// Behind the value at `at`, with all that is in it.
    fn behind(self, at: usize) -> usize;

    /// Goes into the array or object at `at`.
    fn enter(self, at: usize) -> Self::Run;

    /// The next member, if there is one; `run` is then at its value.
    fn member(self, run: &mut Self::Run) -> Option<Member<'t, Self::Value>>;

    /// The next element, if there is one; `run` is then at it.
    fn element(self, run: &mut Self::Run) -> Option<Self::Value>;

    /// Where the value is that `run` is at.
    fn place(self, run: Self::Run) -> usize;

    /// Where the name of the member is, at whose value `run` is.
    fn name_place(self, run: Self::Run) -> usize;

    /// Goes past the scalar that `run` is at.
    fn pass(self, run: &mut Self::Run, value: Self::Value);

    /// Goes past the value that `run` is at, and which ends at `behind`.
    fn leave(self, run: &mut Self::Run, behind: usize);

    /// Behind a container that has no more members or elements.
    fn end(self, run: Self::Run) -> usize;

    /// How many values and names there are, at least one.
    fn len(self) -> usize;

    /// Whether the values of the members named at `a` and `b` are equal as JSON.
    fn same(self, a: usize, b: usize) -> bool;

    /// The place as a node of the tape.
    fn node(self, at: usize) -> NodeIndex;
}

/// The way through a tape: places are its nodes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OverTape<'t>(&'t [Node<'t>]);

impl<'t> OverTape<'t> {
    /// From the value at the head of `root` on.
    pub(crate) fn new(root: Item<'t>) -> Self {
        OverTape(root.nodes())
    }

    fn value(self, name: usize) -> Item<'t> {
        Item::new(self.0.get(name + 1..).unwrap_or_default())
    }
}

/// What is left of a container.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Within<'t> {
    left: &'t [Node<'t>],
    /// where it ends
    end: usize,
}

impl<'t> Value<'t> for &'t Node<'t> {
    #[inline(always)]
    fn types(self) -> Types {
        match self {
            Node::String(_) => Types::STRING,
            Node::Static(StaticNode::F64(_)) => Types::NUMBER,
            Node::Static(StaticNode::I64(_) | StaticNode::U64(_)) => Types::INTEGER,
            Node::Static(StaticNode::Null) => Types::NULL,
            Node::Static(StaticNode::Bool(_)) => Types::BOOLEAN,
            Node::Object { .. } => Types::OBJECT,
            Node::Array { .. } => Types::ARRAY,
        }
    }

    #[inline(always)]
    fn is_within(self, types: Types, low: f64, high: f64) -> bool {
        match *self {
            Node::String(_) => types.has(Types::STRING),
            Node::Static(StaticNode::F64(value)) => {
                types.has(Types::NUMBER) && value >= low && value <= high
            }
            Node::Static(StaticNode::I64(value)) => {
                let float = value as f64;
                types.has(Types::INTEGER) && float >= low && float <= high
            }
            Node::Static(StaticNode::U64(value)) => {
                let float = value as f64;
                types.has(Types::INTEGER) && float >= low && float <= high
            }
            Node::Static(StaticNode::Null) => types.has(Types::NULL),
            Node::Static(StaticNode::Bool(_)) => types.has(Types::BOOLEAN),
            Node::Object { .. } | Node::Array { .. } => false,
        }
    }

    #[inline(always)]
    fn boolean(self) -> Option<bool> {
        match self {
            Node::Static(StaticNode::Bool(value)) => Some(*value),
            _ => None,
        }
    }

    #[inline(always)]
    fn number(self) -> Option<Number> {
        match self {
            Node::Static(StaticNode::F64(value)) => Some(Number::F64(*value)),
            Node::Static(StaticNode::I64(value)) => Some(Number::I64(*value)),
            Node::Static(StaticNode::U64(value)) => Some(Number::U64(*value)),
            _ => None,
        }
    }

    #[inline(always)]
    fn text(self) -> Option<&'t str> {
        match self {
            Node::String(text) => Some(text),
            _ => None,
        }
    }
}

impl<'t> Cursor<'t> for OverTape<'t> {
    type Value = &'t Node<'t>;
    type Run = Within<'t>;

    #[inline(always)]
    fn read(self, at: usize) -> Option<&'t Node<'t>> {
        self.0.get(at)
    }

    #[inline(always)]
    fn behind_scalar(self, at: usize, _: &'t Node<'t>) -> usize {
        at + 1
    }

    #[inline]
    fn behind(self, at: usize) -> usize {
        at + self.0.get(at).map_or(1, span)
    }

    #[inline(always)]
    fn enter(self, at: usize) -> Within<'t> {
        let end = self.behind(at);
        Within {
            left: self.0.get(at + 1..end).unwrap_or_default(),
            end,
        }
    }

    #[inline(always)]
    fn member(self, run: &mut Within<'t>) -> Option<Member<'t, &'t Node<'t>>> {
        let [Node::String(name), left @ ..] = run.left else {
            return None;
        };
        run.left = left;
        Some(Member {
            name,
            value: left.first()?,
        })
    }

    #[inline(always)]
    fn element(self, run: &mut Within<'t>) -> Option<&'t Node<'t>> {
        run.left.first()
    }

    #[inline(always)]
    fn place(self, run: Within<'t>) -> usize {
        run.end - run.left.len()
    }

    #[inline(always)]
    fn name_place(self, run: Within<'t>) -> usize {
        self.place(run) - 1
    }

    #[inline(always)]
    fn pass(self, run: &mut Within<'t>, _: &'t Node<'t>) {
        run.left = run.left.get(1..).unwrap_or_default();
    }

    #[inline(always)]
    fn leave(self, run: &mut Within<'t>, behind: usize) {
        run.left = self.0.get(behind..run.end).unwrap_or_default();
    }

    #[inline(always)]
    fn end(self, run: Within<'t>) -> usize {
        run.end
    }

    fn len(self) -> usize {
        self.0.len()
    }

    fn same(self, a: usize, b: usize) -> bool {
        self.value(a).same_value(self.value(b))
    }

    #[inline]
    fn node(self, at: usize) -> NodeIndex {
        // A tape is capped far below 2^32 nodes (`Caps::nodes`).
        NodeIndex::try_from(at).unwrap_or(NodeIndex::MAX)
    }
}
