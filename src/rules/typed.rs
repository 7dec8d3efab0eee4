//! One closure with every name resolved and every part's sort known.
//!
//! [`typing`](super::typing) makes it of an [`Expr`](super::expr::Expr) for one level and one set
//! of limits; native predicates are made of it. What it holds was checked: asked of any document,
//! no part of it meets a value of a sort that it cannot take.
//!
//! Two things are left as the rule has them, for whoever evaluates: a limit keeps its own unit
//! (and its hundredths, if it was written in `%`), and nothing is calculated ahead. Arithmetic of
//! plain numbers alone is Rhai's own: whole numbers divide to whole numbers there, and may
//! overflow.

use std::sync::Arc;

use super::compare::Op;
use super::expr::{Arithmetic, Spot};
use super::fields::{FieldId, Level, Link, Unit};
use super::value::{Limit, Value};

/// An expression, what it gives, and the spot that a message about it points at.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Typed {
    pub(crate) kind: TypedKind,
    pub(crate) sort: Sort,
    pub(crate) spot: Spot,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TypedKind {
    /// The object behind links from the one that the rule is on.
    Object(Arc<[Link]>),
    /// A field of the object behind links.
    Reading(Arc<[Link]>, FieldId),
    /// A limit, in its own unit.
    Limit(Limit),
    /// A number, text or bool that the rule has written; `Missing` for `()`.
    Constant(Value),
    List(Vec<Typed>),
    Compare(Op, Box<Typed>, Box<Typed>),
    And(Box<Typed>, Box<Typed>),
    Or(Box<Typed>, Box<Typed>),
    Not(Box<Typed>),
    Arithmetic(Arithmetic, Box<Typed>, Box<Typed>),
    Negate(Box<Typed>),
    Has(Box<Typed>),
    Note(Box<Typed>),
    Guard(Box<Typed>),
    Certain(Box<Typed>),
    OrElse(Box<Typed>, Box<Typed>),
    /// Whole, part.
    Contains(Box<Typed>, Box<Typed>),
    /// Condition (a plain bool), then, else.
    If(Box<Typed>, Box<Typed>, Box<Typed>),
    InWords(Box<Typed>),
    Words(Vec<Typed>),
}

/// What an expression gives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sort {
    pub(crate) shape: Shape,
    pub(crate) origin: Origin,
}

/// Its form, if it is there at all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Shape {
    Object(Level),
    Number(Dimension),
    Text,
    /// True or false: a constant, `certain(…)`, or a reading.
    Bool,
    /// Several values.
    List,
    /// The outcome of a comparison, one of three.
    Truth,
    /// A [`Shape::Bool`] or a [`Shape::Truth`], by what the document holds.
    Condition,
    /// `()`.
    Nothing,
    /// Sometimes one and sometimes another, or under an error already.
    Any,
}

/// Whether it comes from the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Written in the rule.
    Plain,
    /// From `thresholds.toml`, perhaps calculated with.
    Limit,
    /// From the document: it may be missing, and it is evidence.
    Measured,
    /// One or the other, by what the document holds.
    Either,
}

/// What a number measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dimension {
    /// A number by itself.
    Bare,
    /// In a unit.
    Of(Unit),
    /// A point in time.
    Instant,
    /// A reading that was brought to another scale: seconds, or hundredths of a ratio.
    Scaled,
    /// Calculated from several units: fits any.
    Free,
}

impl Dimension {
    pub(crate) fn of(unit: Unit) -> Dimension {
        match unit {
            Unit::None => Dimension::Bare,
            unit => Dimension::Of(unit),
        }
    }
}

impl Sort {
    pub(crate) const ANY: Sort = Sort {
        shape: Shape::Any,
        origin: Origin::Either,
    };
    pub(crate) const TRUTH: Sort = Sort {
        shape: Shape::Truth,
        origin: Origin::Measured,
    };

    pub(crate) const fn plain(shape: Shape) -> Sort {
        Sort {
            shape,
            origin: Origin::Plain,
        }
    }

    /// A plain bool, the only thing that `if` takes.
    pub(crate) fn is_plain_bool(self) -> bool {
        self == Sort::plain(Shape::Bool)
    }

    /// Whether `&&`, `||` and `!` take it.
    pub(crate) fn is_condition(self) -> bool {
        matches!(
            self.shape,
            Shape::Truth | Shape::Bool | Shape::Condition | Shape::Any
        )
    }

    /// The sort of an outcome that is a plain bool unless something measured takes part.
    pub(crate) fn outcome(origins: [Origin; 2]) -> Sort {
        if origins.contains(&Origin::Measured) {
            Sort::TRUTH
        } else if origins.contains(&Origin::Either) {
            Sort {
                shape: Shape::Condition,
                origin: Origin::Either,
            }
        } else {
            Sort::plain(Shape::Bool)
        }
    }
}

impl Origin {
    /// Where what is made of two comes from.
    pub(crate) fn with(self, other: Origin) -> Origin {
        match (self, other) {
            (Origin::Measured, _) | (_, Origin::Measured) => Origin::Measured,
            (Origin::Either, _) | (_, Origin::Either) => Origin::Either,
            (Origin::Limit, _) | (_, Origin::Limit) => Origin::Limit,
            (Origin::Plain, Origin::Plain) => Origin::Plain,
        }
    }
}

impl Typed {
    /// Whether it says the same as another, wherever either stands.
    pub(crate) fn says_the_same(&self, other: &Typed) -> bool {
        use TypedKind as K;
        let own = match (&self.kind, &other.kind) {
            (K::Object(a), K::Object(b)) => a == b,
            (K::Reading(a, x), K::Reading(b, y)) => a == b && x == y,
            (K::Limit(a), K::Limit(b)) => a == b,
            (K::Constant(a), K::Constant(b)) => a == b,
            (K::Compare(a, ..), K::Compare(b, ..)) => a == b,
            (K::Arithmetic(a, ..), K::Arithmetic(b, ..)) => a == b,
            (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
        };
        let (parts, others) = (self.parts(), other.parts());
        let mut pairs = parts.iter().zip(&others);
        own && parts.len() == others.len() && pairs.all(|(a, b)| a.says_the_same(b))
    }

    /// The parts it is made of, in their order.
    pub(crate) fn parts(&self) -> Vec<&Typed> {
        use TypedKind as K;
        match &self.kind {
            K::Object(_) | K::Reading(..) | K::Limit(_) | K::Constant(_) => Vec::new(),
            K::Not(a)
            | K::Negate(a)
            | K::Has(a)
            | K::Note(a)
            | K::Guard(a)
            | K::Certain(a)
            | K::InWords(a) => vec![a],
            K::Compare(_, a, b)
            | K::And(a, b)
            | K::Or(a, b)
            | K::Arithmetic(_, a, b)
            | K::OrElse(a, b)
            | K::Contains(a, b) => vec![a, b],
            K::If(a, b, c) => vec![a, b, c],
            K::List(items) | K::Words(items) => items.iter().collect(),
        }
    }
}
