//! Names inside a closure or helper, and what each stands for.
//!
//! A parameter, a `let`, a captured constant: all are replaced by their expression.
//!
//! Nothing is evaluated, and no name outlives its block.

use rhai::{Array, Dynamic, ImmutableString};

use crate::rules::expr::{Expr, ExprKind, Spot};
use crate::rules::value::Limit;

/// A name and what it stands for.
pub(super) struct Binding {
    pub(super) name: String,
    pub(super) expr: Expr,
    pub(super) size: usize,
    pub(super) depth: usize,
    /// Whether a use of it is what a message should point at.
    pub(super) at_use: bool,
    pub(super) used: bool,
}

impl Binding {
    pub(super) fn new(name: &str, expr: Expr, at_use: bool) -> Binding {
        let (size, depth) = expr.extent();
        Binding {
            name: name.to_owned(),
            expr,
            size,
            depth,
            at_use,
            used: false,
        }
    }

    /// Whether leaving it out could hide what the interpreter would stumble over.
    pub(super) fn is_lost(&self) -> bool {
        use ExprKind as K;
        let plain = matches!(
            self.expr.kind,
            K::Parameter | K::Limit(_) | K::Integer(_) | K::Float(_) | K::Bool(_) | K::Text(_)
        );
        !self.used && !plain
    }
}

/// A value as a constant; `None` for what is none.
pub(super) fn constant(value: &Dynamic, spot: Spot) -> Option<ExprKind> {
    if value.is_unit() {
        return Some(ExprKind::Nothing);
    }
    if let Ok(value) = value.as_int() {
        return Some(ExprKind::Integer(value));
    }
    if let Ok(value) = value.as_float() {
        return Some(ExprKind::Float(value));
    }
    if let Ok(value) = value.as_bool() {
        return Some(ExprKind::Bool(value));
    }
    if let Ok(value) = value.as_char() {
        return Some(ExprKind::Text(value.to_string()));
    }
    if let Some(text) = value.read_lock::<ImmutableString>() {
        return Some(ExprKind::Text(text.to_string()));
    }
    if let Some(limit) = value.read_lock::<Limit>() {
        return limit
            .name
            .as_deref()
            .map(|name| ExprKind::Limit(name.to_owned()));
    }
    let items = value.read_lock::<Array>()?;
    let item = |item: &Dynamic| {
        let kind = constant(item, spot)?;
        Some(Expr { kind, spot })
    };
    Some(ExprKind::List(
        items.iter().map(item).collect::<Option<_>>()?,
    ))
}
