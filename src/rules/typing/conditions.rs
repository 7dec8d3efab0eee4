//! Conditions: what is true, false or unknown, and what `if` can take of it.
//!
//! A plain bool is never unknown; the outcome of a comparison with a reading may be. What is one
//! or the other by what the document holds is a condition, and no more.

use super::{Checker, describe};
use crate::rules::expr::{Expr, Spot};
use crate::rules::problem::ProblemKind;
use crate::rules::typed::{Origin, Shape, Sort, Typed};

impl Checker<'_> {
    /// What `&&` and `||` make of their sides.
    pub(super) fn joined(
        &mut self,
        sign: &str,
        a: &Expr,
        b: &Expr,
    ) -> (Box<Typed>, Box<Typed>, Sort) {
        let (a, b) = (self.boxed(a), self.boxed(b));
        for side in [&a, &b] {
            self.condition(side, &format!("`{sign}`"));
        }
        let sorts = [a.sort, b.sort];
        let sort = if sorts.iter().all(|sort| sort.is_plain_bool()) {
            Sort::plain(Shape::Bool)
        } else if sorts.contains(&Sort::TRUTH) || sorts.iter().any(|sort| is_reading(*sort)) {
            Sort::TRUTH
        } else {
            Sort {
                shape: Shape::Condition,
                origin: Origin::Either,
            }
        };
        (a, b, sort)
    }

    /// Reports what is neither true nor false.
    pub(super) fn condition(&mut self, typed: &Typed, taker: &str) -> bool {
        if typed.sort.is_condition() {
            return true;
        }
        let kind = ProblemKind::NoCondition {
            what: self.describe(typed),
            sort: describe::sort(typed),
            taker: taker.to_owned(),
        };
        let help = match typed.sort.shape {
            Shape::Object(_) => Some("ask whether it is there with `has(…)`".to_owned()),
            Shape::Number(_) | Shape::Text if taker == "`!`" => {
                Some("`!` binds tightest: write `!(a > b)`, or ask `!has(…)`".to_owned())
            }
            Shape::Number(_) | Shape::Text | Shape::List => Some(
                "compare it, as in `… > limits::…`, or ask whether it is there with `has(…)`"
                    .to_owned(),
            ),
            Shape::Nothing => Some("give every `if` an `else`".to_owned()),
            _ => None,
        };
        self.report(kind, typed.spot, help);
        false
    }

    /// Reports what `if` cannot take.
    pub(super) fn plain_condition(&mut self, typed: &Typed) {
        if typed.sort.is_plain_bool() || typed.sort == Sort::ANY {
            return;
        }
        if !typed.sort.is_condition() {
            self.condition(typed, "`if`");
            return;
        }
        let help = "join conditions with `&&`, `||` and `!`, or ask `if certain(…)`, which is false \
                    when a reading is missing";
        self.report(ProblemKind::UnknownInIf, typed.spot, help.to_owned());
    }

    /// The sort of what is one or the other.
    pub(super) fn either(&mut self, a: &Typed, b: &Typed, spot: Spot) -> Sort {
        let (x, y) = (a.sort, b.sort);
        let origin = match (x.origin, y.origin) {
            (a, b) if a == b => a,
            _ => Origin::Either,
        };
        let shape = match (x.shape, y.shape) {
            (Shape::Any, _) | (_, Shape::Any) => return Sort::ANY,
            (Shape::Number(x), Shape::Number(y)) => Shape::Number(self.agreed(x, y, a, b, spot)),
            (x, y) if x == y => x,
            _ if x.is_condition() && y.is_condition() => Shape::Condition,
            _ => {
                let kind = ProblemKind::TwoSorts {
                    one: describe::sort(a),
                    other: describe::sort(b),
                };
                let nothing = [x, y].contains(&Sort::plain(Shape::Nothing));
                let compared =
                    y.is_condition() && matches!(x.shape, Shape::Number(_) | Shape::Text);
                let help = match () {
                    () if nothing => "give every `if` an `else`",
                    () if compared => {
                        "`??` binds tighter than a comparison: write `(a > b) ?? false`"
                    }
                    () => "let both sides be of one sort",
                };
                return self.refuse(kind, spot, help.to_owned());
            }
        };
        Sort { shape, origin }
    }

    /// Reports what has no text of its own.
    pub(super) fn shown(&mut self, typed: &Typed) {
        let shape = typed.sort.shape;
        if !matches!(
            shape,
            Shape::Object(_) | Shape::Truth | Shape::Condition | Shape::Nothing
        ) {
            return;
        }
        let kind = ProblemKind::NoText {
            what: self.describe(typed),
            sort: describe::sort(typed),
        };
        self.report(
            kind,
            typed.spot,
            "show one of the readings instead".to_owned(),
        );
    }
}

fn is_reading(sort: Sort) -> bool {
    sort.shape == Shape::Bool && sort.origin == Origin::Measured
}

/// What `!` makes of a condition.
pub(super) fn outcome_of(sort: Sort) -> Sort {
    match sort {
        sort if sort.is_plain_bool() => sort,
        sort if is_reading(sort) => Sort::TRUTH,
        Sort {
            shape: Shape::Bool, ..
        } => Sort {
            shape: Shape::Condition,
            origin: Origin::Either,
        },
        sort => sort,
    }
}

/// What `has` makes of anything: whether a comparison could tell is a plain bool.
pub(super) fn presence(sort: Sort) -> Sort {
    match sort.shape {
        Shape::Truth | Shape::Nothing => Sort::plain(Shape::Bool),
        Shape::Condition | Shape::Any => Sort {
            shape: Shape::Condition,
            origin: Origin::Either,
        },
        _ => Sort::TRUTH,
    }
}
