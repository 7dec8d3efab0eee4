//! Types, units, ranges and members: what a closure means, checked before the first record.
//!
//! [`check`] resolves an [`Expr`] for one level and one set of limits into a
//! [`Typed`] tree, and reports what the interpreter would stumble over, and what could never or
//! would always be true. Any closure of a rule can be checked: its [`Purpose`] says what it is for.
//!
//! It evaluates nothing and shares no code with what does. What it cannot judge it says so.

use std::sync::Arc;

use super::diagnostic::Place;
use super::expr::{Arithmetic, Expr, ExprKind, Spot, Unfollowed};
use super::fields::{Kind, Level, Link};
use super::limits::Limits;
use super::problem::ProblemKind;
use super::typed::{Dimension, Origin, Shape, Sort, Typed, TypedKind};
use super::value::Value;

mod compare;
mod conditions;
mod describe;

mod names;
mod numbers;
mod ranges;

pub(crate) use names::{Asked, unknown_anywhere, unknown_limit, unknown_property};

/// What a closure is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// `when`: it must be true, false or unknown.
    Condition,
    /// `by`: a value, or a list of values.
    Key,
    /// `title` and `message`: a text, or a value to be shown as one.
    Words,
    /// What makes a sample: a condition, at this key.
    Sample(&'static str),
    /// What is measured: a number, at this key.
    Number(&'static str),
}

/// Where a closure stands, and what it may name.
pub(crate) struct Scope<'s> {
    pub(crate) level: Level,
    pub(crate) limits: &'s Limits,
    pub(crate) purpose: Purpose,
    /// The text of the file, for words at a spot.
    pub(crate) source: &'s str,
}

/// Something found, not yet placed in its file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found {
    pub(crate) kind: ProblemKind,
    pub(crate) spot: Spot,
    /// A second place, and what is there.
    pub(crate) also: Option<(Place, String)>,
    pub(crate) help: Option<String>,
}

/// A limit without a unit, and what it was compared with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Use {
    pub(crate) limit: String,
    pub(crate) dimension: Dimension,
    /// What stands on the other side, in words.
    pub(crate) with: String,
    pub(crate) spot: Spot,
}

/// What was found out about a closure.
pub(crate) struct Checked {
    pub(crate) typed: Result<Typed, Unfollowed>,
    pub(crate) found: Vec<Found>,
    pub(crate) uses: Vec<Use>,
}

/// Checks one closure.
pub(crate) fn check(expr: &Expr, scope: &Scope<'_>) -> Checked {
    let mut checker = Checker {
        scope,
        found: Vec::new(),
        uses: Vec::new(),
        unfollowed: None,
        denied: false,
        parameter: None,
    };
    let typed = checker.typed(expr);
    checker.result(&typed);
    let (found, uses) = (checker.found, checker.uses);
    Checked {
        typed: checker.unfollowed.map_or(Ok(typed), Err),
        found,
        uses,
    }
}

struct Checker<'s> {
    scope: &'s Scope<'s>,
    found: Vec<Found>,
    uses: Vec<Use>,
    unfollowed: Option<Unfollowed>,
    /// Whether an odd number of `!` stands around.
    denied: bool,
    /// Where the closure's own parameter stands.
    parameter: Option<Spot>,
}

impl Checker<'_> {
    fn report(&mut self, kind: ProblemKind, spot: Spot, help: impl Into<Option<String>>) {
        self.found.push(Found {
            kind,
            spot,
            also: None,
            help: help.into(),
        });
    }

    /// A report for which the sort of what it concerns is lost.
    fn refuse(&mut self, kind: ProblemKind, spot: Spot, help: impl Into<Option<String>>) -> Sort {
        self.report(kind, spot, help);
        Sort::ANY
    }

    fn unfollowed(&mut self, spot: Spot, reason: impl Into<String>) -> Sort {
        let reason = reason.into();
        self.unfollowed.get_or_insert(Unfollowed { spot, reason });
        Sort::ANY
    }

    fn typed(&mut self, expr: &Expr) -> Typed {
        let (kind, sort) = self.kind(expr);
        Typed {
            kind,
            sort,
            spot: expr.spot,
        }
    }

    fn boxed(&mut self, expr: &Expr) -> Box<Typed> {
        Box::new(self.typed(expr))
    }

    fn kind(&mut self, expr: &Expr) -> (TypedKind, Sort) {
        use ExprKind as K;
        use TypedKind as T;
        let spot = expr.spot;
        match &expr.kind {
            K::Parameter => {
                self.parameter = Some(spot);
                (T::Object(Arc::from([])), object(self.scope.level))
            }
            K::Property(of, name) => self.property(of, name, spot),
            K::Limit(name) => self.limit(name, spot),
            K::Integer(value) => constant(Value::Integer(*value), Shape::Number(Dimension::Bare)),
            K::Float(value) => constant(Value::Number(*value), Shape::Number(Dimension::Bare)),
            K::Bool(value) => constant(Value::Bool(*value), Shape::Bool),
            K::Text(text) => constant(Value::Text(text.as_str().into()), Shape::Text),
            K::Nothing => constant(Value::Missing, Shape::Nothing),
            K::List(items) => {
                let items = items.iter().map(|item| self.typed(item)).collect();
                let sort = self.list(&items);
                (T::List(items), sort)
            }
            K::Compare(op, a, b) => {
                let (a, b) = (self.boxed(a), self.boxed(b));
                let sort = self.compare(*op, &a, &b, spot);
                (T::Compare(*op, a, b), sort)
            }
            K::Contains(whole, part) => {
                if let K::Plain(name, _) = &whole.kind
                    && name.starts_with("..")
                {
                    let kind = ProblemKind::Mismatch("a range holds no reading".to_owned());
                    let help =
                        "write both ends, as in `s.averageJitter >= 30 && s.averageJitter < 40`";
                    let sort = self.refuse(kind, whole.spot, help.to_owned());
                    return (T::Constant(Value::Missing), sort);
                }
                let (whole, part) = (self.boxed(whole), self.boxed(part));
                let sort = self.contains(&whole, &part, spot);
                (T::Contains(whole, part), sort)
            }
            K::And(a, b) => {
                let (a, b, sort) = self.joined("&&", a, b);
                (T::And(a, b), sort)
            }
            K::Or(a, b) => {
                let (a, b, sort) = self.joined("||", a, b);
                (T::Or(a, b), sort)
            }
            K::Not(a) => {
                self.denied = !self.denied;
                let a = self.boxed(a);
                self.denied = !self.denied;
                let sort = match self.condition(&a, "`!`") {
                    true => conditions::outcome_of(a.sort),
                    false => Sort::ANY,
                };
                (T::Not(a), sort)
            }
            K::Arithmetic(op, a, b) => {
                let (a, b) = (self.boxed(a), self.boxed(b));
                let sort = self.arithmetic(*op, &a, &b, spot);
                (T::Arithmetic(*op, a, b), sort)
            }
            K::Negate(a) => {
                let a = self.boxed(a);
                let sort = self.number(&a, "-");
                (T::Negate(a), sort)
            }
            K::Has(a) => {
                let a = self.boxed(a);
                if let T::Constant(Value::Text(text)) = &a.kind {
                    let said = "a text that the rule has written is never missing".to_owned();
                    let help = format!("a property has no quotes: write `has({text})`");
                    self.report(ProblemKind::Mismatch(said), a.spot, help);
                }
                let sort = conditions::presence(a.sort);
                (T::Has(a), sort)
            }
            K::Note(a) => {
                let a = self.boxed(a);
                let sort = Sort {
                    shape: Shape::Condition,
                    origin: Origin::Either,
                };
                (T::Note(a), sort)
            }
            K::Guard(a) => {
                let a = self.boxed(a);
                self.condition(&a, "`guard`");
                (T::Guard(a), Sort::TRUTH)
            }
            K::Certain(a) => {
                let a = self.boxed(a);
                self.condition(&a, "`certain`");
                (T::Certain(a), Sort::plain(Shape::Bool))
            }
            K::OrElse(a, b) => {
                let (a, b) = (self.boxed(a), self.boxed(b));
                let sort = self.either(&a, &b, spot);
                (T::OrElse(a, b), sort)
            }
            K::If(condition, then, other) => {
                let condition = self.boxed(condition);
                self.plain_condition(&condition);
                let (then, other) = (self.boxed(then), self.boxed(other));
                let sort = self.either(&then, &other, spot);
                (T::If(condition, then, other), sort)
            }
            K::InWords(a) => {
                let a = self.boxed(a);
                match (a.sort.origin, a.sort.shape) {
                    (Origin::Plain, Shape::Text | Shape::List) => {
                        let sort = describe::sort(&a);
                        let kind = ProblemKind::Mismatch(format!("{sort} has no `to_string`"));
                        self.report(kind, spot, "write `` `${…}` `` around it".to_owned());
                    }
                    // One of several, a plain one among them.
                    (Origin::Either, Shape::Text | Shape::List) => {
                        self.unfollowed(spot, "a `to_string` of one value or another");
                    }
                    _ => self.shown(&a),
                }
                (T::InWords(a), Sort::plain(Shape::Text))
            }
            K::Words(parts) => {
                let parts: Vec<Typed> = parts.iter().map(|part| self.typed(part)).collect();
                for part in &parts {
                    self.shown(part);
                }
                (T::Words(parts), Sort::plain(Shape::Text))
            }
            K::Plain(name, parts) => {
                let parts: Vec<Typed> = parts.iter().map(|part| self.typed(part)).collect();
                let sort = self.plain_operator(name, &parts, spot);
                (T::Constant(Value::Missing), sort)
            }
        }
    }

    /// A property of an object: a field or a link of its level.
    fn property(&mut self, of: &Expr, name: &str, spot: Spot) -> (TypedKind, Sort) {
        let of = self.typed(of);
        let lost = TypedKind::Constant(Value::Missing);
        match (&of.kind, of.sort.shape) {
            (_, Shape::Any) => (lost, Sort::ANY),
            (TypedKind::Object(path), Shape::Object(level)) => {
                if let Some(field) = level.field(name) {
                    let sort = Sort {
                        shape: match field.get().kind {
                            Kind::Number | Kind::Integer => {
                                Shape::Number(Dimension::of(field.get().unit))
                            }
                            Kind::Instant => Shape::Number(Dimension::Instant),
                            Kind::Text | Kind::Enum => Shape::Text,
                            Kind::Bool => Shape::Bool,
                            Kind::List => Shape::List,
                        },
                        origin: Origin::Measured,
                    };
                    return (TypedKind::Reading(path.clone(), field), sort);
                }
                match Link::parse(name).and_then(|link| Some((link, link.on(level)?.1))) {
                    Some((link, to)) => {
                        self.never_there(path, link, spot);
                        let path = path.iter().copied().chain([link]).collect();
                        (TypedKind::Object(path), object(to))
                    }
                    None => (lost, self.no_such_property(path, level, name, spot)),
                }
            }
            (_, Shape::Object(_)) => (
                lost,
                self.unfollowed(spot, "a property of one object or another"),
            ),
            _ => {
                let kind = ProblemKind::NoProperties {
                    name: name.to_owned(),
                    of: self.describe(&of),
                    sort: describe::sort(&of),
                };
                let help = format!("leave out `.{name}`");
                (lost, self.refuse(kind, spot, help))
            }
        }
    }

    fn limit(&mut self, name: &str, spot: Spot) -> (TypedKind, Sort) {
        match self.scope.limits.get(name) {
            Some(entry) => {
                let shape = Shape::Number(Dimension::of(entry.limit.unit));
                let origin = Origin::Limit;
                (
                    TypedKind::Limit(entry.limit.clone()),
                    Sort { shape, origin },
                )
            }
            None => {
                let (kind, help) = names::unknown_limit(self.scope.limits, name);
                let sort = self.refuse(kind, spot, help);
                (TypedKind::Constant(Value::Missing), sort)
            }
        }
    }

    fn list(&mut self, items: &Vec<Typed>) -> Sort {
        for item in items {
            if matches!(item.sort.shape, Shape::List) {
                let kind = ProblemKind::Mismatch("a list in a list holds nothing".to_owned());
                self.report(kind, item.spot, "write one list".to_owned());
            } else {
                self.value(item);
            }
        }
        Sort::plain(Shape::List)
    }

    /// Operators of Rhai's that know plain values only.
    fn plain_operator(&mut self, name: &str, parts: &[Typed], spot: Spot) -> Sort {
        let ours = parts.iter().find(|part| {
            part.sort.origin != Origin::Plain
                || matches!(part.sort.shape, Shape::Object(_) | Shape::Truth)
        });
        let Some(ours) = ours.filter(|part| part.sort != Sort::ANY) else {
            let reason = match name {
                "[]" => "an index".to_owned(),
                name => format!("the operator `{name}`"),
            };
            return self.unfollowed(spot, reason);
        };
        let kind = ProblemKind::PlainOperator {
            operator: name.to_owned(),
            what: describe::sort(ours),
        };
        let help = match name {
            "&" => "conditions are joined with `&&`",
            "|" => "conditions are joined with `||`",
            "[]" => "whether a list holds a text is asked with `contains(list, \"text\")`",
            ".." | "..=" => "write both ends, as in `x >= 30 && x < 40`",
            _ => "rules have `+`, `-`, `*`, `/` and `%`",
        };
        self.refuse(kind, spot, help.to_owned())
    }

    /// Whether the closure gives what it is for.
    fn result(&mut self, typed: &Typed) {
        match self.scope.purpose {
            Purpose::Condition => {
                self.condition(typed, "`when`");
            }
            Purpose::Key => {
                if !matches!(typed.sort.shape, Shape::List) {
                    self.value(typed);
                }
            }
            Purpose::Words => self.shown(typed),
            Purpose::Sample(taker) => {
                self.condition(typed, taker);
            }
            Purpose::Number(taker) => {
                self.number(typed, taker);
            }
        }
    }

    fn arithmetic(&mut self, op: Arithmetic, a: &Typed, b: &Typed, spot: Spot) -> Sort {
        let text = Sort::plain(Shape::Text);
        if op == Arithmetic::Add && a.sort == text && b.sort == text {
            return text;
        }
        let sides = [self.number(a, op.symbol()), self.number(b, op.symbol())];
        match sides.map(|sort| sort.shape) {
            [Shape::Number(x), Shape::Number(y)] => Sort {
                shape: Shape::Number(self.calculated(op, x, y, a, b, spot)),
                origin: a.sort.origin.with(b.sort.origin),
            },
            _ => Sort::ANY,
        }
    }
}

fn object(level: Level) -> Sort {
    Sort {
        shape: Shape::Object(level),
        origin: Origin::Measured,
    }
}

fn constant(value: Value, shape: Shape) -> (TypedKind, Sort) {
    (TypedKind::Constant(value), Sort::plain(shape))
}
