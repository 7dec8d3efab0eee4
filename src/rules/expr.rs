//! One closure of a rule as a plain tree of our own.
//!
//! [`ast`](super::ast) makes it of Rhai's syntax tree: helper functions are put in, captured
//! constants are values, and what a rule cannot be seen to do is an [`Unfollowed`]. What names
//! mean is not known here: a property is a name and a place. `typing` resolves them.
//!
//! It evaluates nothing. The interpreter never sees it: that one is the twin.

use super::compare::Op;

/// A line and column, both from 1; the column counts characters.
pub(crate) type Spot = (usize, usize);

/// One closure as a plain tree, or why it could not be followed.
pub(crate) type Followed = Result<Expr, Unfollowed>;

/// Where and why a closure could not be followed. It still runs, in the interpreter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unfollowed {
    pub(crate) spot: Spot,
    /// What stands there, in words: `a loop`.
    pub(crate) reason: String,
}

/// An expression, and the spot that a message about it points at: a name, a sign, a constant.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expr {
    pub(crate) kind: ExprKind,
    pub(crate) spot: Spot,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ExprKind {
    /// The object that the rule is on.
    Parameter,
    /// `.name` of something.
    Property(Box<Expr>, String),
    /// `limits::name`.
    Limit(String),
    Integer(i64),
    Float(f64),
    Bool(bool),
    Text(String),
    /// `()`, or an `if` without `else`.
    Nothing,
    List(Vec<Expr>),
    /// One of the six comparisons.
    Compare(Op, Box<Expr>, Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Arithmetic(Arithmetic, Box<Expr>, Box<Expr>),
    Negate(Box<Expr>),
    Has(Box<Expr>),
    Note(Box<Expr>),
    Guard(Box<Expr>),
    Certain(Box<Expr>),
    /// `a ?? b`.
    OrElse(Box<Expr>, Box<Expr>),
    /// `contains(whole, part)`, and `part in whole`.
    Contains(Box<Expr>, Box<Expr>),
    /// `if`, where Rhai takes a plain bool: condition, then, else.
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `to_string(x)`.
    InWords(Box<Expr>),
    /// A text with values in it: `` `… ${x} …` ``.
    Words(Vec<Expr>),
    /// An operator of Rhai's that knows plain values only: `&`, `..`, `[]`.
    Plain(String, Vec<Expr>),
}

/// The operators of arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Arithmetic {
    pub(crate) const fn symbol(self) -> &'static str {
        match self {
            Arithmetic::Add => "+",
            Arithmetic::Subtract => "-",
            Arithmetic::Multiply => "*",
            Arithmetic::Divide => "/",
            Arithmetic::Remainder => "%",
        }
    }

    pub(crate) fn of_symbol(symbol: &str) -> Option<Arithmetic> {
        Some(match symbol {
            "+" => Arithmetic::Add,
            "-" => Arithmetic::Subtract,
            "*" => Arithmetic::Multiply,
            "/" => Arithmetic::Divide,
            "%" => Arithmetic::Remainder,
            _ => return None,
        })
    }
}

impl Expr {
    /// The parts it is made of, in their order.
    pub(crate) fn parts(&self) -> Vec<&Expr> {
        use ExprKind as K;
        match &self.kind {
            K::Parameter
            | K::Limit(_)
            | K::Integer(_)
            | K::Float(_)
            | K::Bool(_)
            | K::Text(_)
            | K::Nothing => Vec::new(),
            K::Property(a, _)
            | K::Not(a)
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
            K::List(items) | K::Words(items) | K::Plain(_, items) => items.iter().collect(),
        }
    }

    /// How many nodes it has, and how deep it is.
    pub(crate) fn extent(&self) -> (usize, usize) {
        let (mut size, mut depth) = (0, 0);
        let mut open = vec![(self, 1)];
        while let Some((expr, level)) = open.pop() {
            size += 1;
            depth = depth.max(level);
            open.extend(expr.parts().into_iter().map(|part| (part, level + 1)));
        }
        (size, depth)
    }
}
