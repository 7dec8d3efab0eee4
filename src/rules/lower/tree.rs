//! A closure in the form that runs natively: truths over operands, each of a known kind.
//!
//! Names are resolved, limits are values, a limit in `%` is already read in the other side's unit,
//! and nothing in here can fail on any document.
//!
//! It evaluates nothing: [`reasons`](super::reasons) walks it for one place, and
//! [`plan`](super::plan) makes of it what answers for many.

use std::sync::Arc;

use crate::rules::compare::Op;
use crate::rules::expr::Arithmetic;
use crate::rules::fields::{FieldId, Link, Unit};
use crate::rules::value::Value;

/// The links to follow from a rule's own object.
pub(crate) type Way = Arc<[Link]>;

/// A field of the object at the end of a way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Reading {
    pub(crate) way: Way,
    pub(crate) field: FieldId,
}

/// A limit or a plain constant.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Constant {
    pub(crate) value: Value,
    pub(crate) unit: Unit,
    /// The limit's name.
    pub(crate) name: Option<Arc<str>>,
    /// The same in hundredths, if it was written so.
    pub(crate) percent: Option<f64>,
}

/// Something that is compared, calculated with, or made a key of.
#[derive(Clone, Debug)]
pub(crate) enum Operand {
    Constant(Constant),
    Reading(Reading),
    Arithmetic(Arithmetic, Box<Operand>, Box<Operand>),
    /// The first, where it is there.
    OrElse(Box<Operand>, Box<Operand>),
}

/// Something that is true, false or unknown.
#[derive(Clone, Debug)]
pub(crate) enum Truth {
    Constant(bool),
    /// Unknown on every document: a limit that is no number.
    Never,
    /// A reading that is true or false.
    Reading(Reading),
    /// Numbers by any sign, texts by `==` and `!=`.
    Compare(Op, Operand, Operand),
    /// Readings that are true or false, by `==` and `!=`.
    Same(Op, Operand, Operand),
    /// The whole, and what it may contain.
    Contains(Operand, Operand),
    Present(Operand),
    /// Whether a way leads anywhere.
    Leads(Way),
    /// Whether a truth is known.
    Known(Box<Truth>),
    /// Always true, with the reasons of the other where that is.
    Note(Box<Truth>),
    /// Without the reasons of a true.
    Guard(Box<Truth>),
    Certain(Box<Truth>),
    Not(Box<Truth>),
    And(Box<Truth>, Box<Truth>),
    Or(Box<Truth>, Box<Truth>),
    /// The first, where it is known.
    OrElse(Box<Truth>, Box<Truth>),
    /// By a condition that is always known.
    If(Box<Truth>, Box<Truth>, Box<Truth>),
}

/// What a rule's `by` gives.
#[derive(Clone, Debug)]
pub(crate) enum Key {
    One(Operand),
    Several(Vec<Operand>),
}
