//! Ranges: what could never or would always be true.
//!
//! A range is that of the schema: what is plausible, not what is possible. It goes through
//! arithmetic with constants. A limit at the very end of a range is fine, since limits are there
//! to be moved; a number in the rule is not.
//!
//! Constants are calculated here roughly, to be judged and for nothing else.

use super::{Checker, Found, Purpose};
use crate::rules::Place;
use crate::rules::compare::Op;
use crate::rules::expr::Arithmetic;
use crate::rules::fields::{FieldId, Kind, Unit};
use crate::rules::problem::{Fires, Judged, ProblemKind};
use crate::rules::typed::{Dimension, Origin, Shape, Typed, TypedKind};
use crate::rules::value::Value;

impl Checker<'_> {
    /// Whether a reading can be on either side of a constant at all.
    pub(super) fn range(&mut self, op: Op, reading: &Typed, constant: &Typed) {
        let (Some(span), Some(value)) = (span(reading), known(constant)) else {
            return;
        };
        let (least, most) = (span.least, span.most);
        let hundredths = reading.sort.shape == Shape::Number(Dimension::Of(Unit::Percent))
            && constant.sort.shape == Shape::Number(Dimension::Of(Unit::Ratio));
        let value = if hundredths { value * 100.0 } else { value };
        let what = self.describe(reading);
        if span.whole && value.fract() != 0.0 && matches!(op, Op::Equal | Op::NotEqual) {
            let said = format!("{what} is a whole number, and is never {value}");
            self.report(ProblemKind::Mismatch(said), constant.spot, None);
            return;
        }
        let below = least.is_some_and(|least| value < least);
        let above = most.is_some_and(|most| value > most);
        let at_least = least == Some(value);
        let at_most = most == Some(value);
        let (always, edge) = match op {
            Op::Greater | Op::GreaterOrEqual if below => (true, false),
            Op::Less | Op::LessOrEqual if below => (false, false),
            Op::Greater | Op::GreaterOrEqual if above => (false, false),
            Op::Less | Op::LessOrEqual if above => (true, false),
            Op::Equal if below || above => (false, false),
            Op::NotEqual if below || above => (true, false),
            Op::GreaterOrEqual if at_least => (true, true),
            Op::Less if at_least => (false, true),
            Op::Greater if at_most => (false, true),
            Op::LessOrEqual if at_most => (true, true),
            _ => return,
        };
        let field = match reading.kind {
            TypedKind::Reading(_, field) => Some(field),
            _ => None,
        };
        // A limit is there to be moved; but `1` for one per cent is a mistake wherever it stands.
        let fixed = constant.sort.origin == Origin::Plain && field.is_some();
        let never = at_most && op == Op::Greater && field.is_some_and(|field| one(field, constant));
        if edge && !fixed && !never {
            return;
        }
        let edge = edge && always;
        let fires = match (self.scope.purpose, always != self.denied) {
            (Purpose::Condition, true) => Fires::Always,
            (Purpose::Condition, false) => Fires::Never,
            _ => Fires::Unsaid,
        };
        let range = in_words(least, most);
        let compared = format!("{} {value}", op.symbol());
        let help = match (edge, field) {
            (true, _) => Some(format!("`has(…)` asks whether {what} is there")),
            (false, Some(field)) => instead(field, constant),
            (false, None) => None,
        };
        let judged = Judged {
            what,
            range,
            compared,
            always,
            fires,
        };
        let kind = match edge {
            true => ProblemKind::AtTheEdge(judged),
            false => ProblemKind::OutOfRange(judged),
        };
        self.found.push(Found {
            kind,
            spot: constant.spot,
            also: self.origin_of(constant),
            help,
        });
    }

    /// Where a limit stands, if it stands somewhere.
    fn origin_of(&self, constant: &Typed) -> Option<(Place, String)> {
        let TypedKind::Limit(limit) = &constant.kind else {
            return None;
        };
        let entry = self.scope.limits.get(limit.name.as_deref()?)?;
        Some((entry.place.clone()?, "the limit".to_owned()))
    }
}

/// Plausible values of something measured.
#[derive(Clone, Copy)]
struct Span {
    least: Option<f64>,
    most: Option<f64>,
    /// Whether it is always a whole number.
    whole: bool,
}

impl Span {
    fn moved(self, by: f64) -> Span {
        Span {
            least: self.least.map(|least| least + by),
            most: self.most.map(|most| most + by),
            whole: self.whole && by.fract() == 0.0,
        }
    }

    fn times(self, by: f64) -> Span {
        // Adding zero makes -0 plain 0.
        let scaled = |end: f64| end * by + 0.0;
        let (least, most) = (self.least.map(scaled), self.most.map(scaled));
        Span {
            least: if by < 0.0 { most } else { least },
            most: if by < 0.0 { least } else { most },
            whole: self.whole && by.fract() == 0.0,
        }
    }
}

/// What a reading, or a calculation with one and constants, can plausibly be.
fn span(typed: &Typed) -> Option<Span> {
    match &typed.kind {
        TypedKind::Reading(_, field) => {
            let range = field.meaning().range.as_ref();
            Some(Span {
                least: range.and_then(|range| range.least),
                most: range.and_then(|range| range.most),
                whole: field.get().kind == Kind::Integer,
            })
        }
        TypedKind::Negate(a) => Some(span(a)?.times(-1.0)),
        TypedKind::Arithmetic(op, a, b) => match (op, known(a), known(b)) {
            (Arithmetic::Add, None, Some(by)) => Some(span(a)?.moved(by)),
            (Arithmetic::Add, Some(by), None) => Some(span(b)?.moved(by)),
            (Arithmetic::Subtract, None, Some(by)) => Some(span(a)?.moved(-by)),
            (Arithmetic::Subtract, Some(by), None) => Some(span(b)?.times(-1.0).moved(by)),
            (Arithmetic::Multiply, None, Some(by)) => Some(span(a)?.times(by)),
            (Arithmetic::Multiply, Some(by), None) => Some(span(b)?.times(by)),
            (Arithmetic::Divide, None, Some(by)) if by != 0.0 => Some(Span {
                whole: false,
                ..span(a)?.times(1.0 / by)
            }),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a ratio is compared with a one that says neither `%` nor that it is a ratio.
fn one(field: FieldId, constant: &Typed) -> bool {
    let bare = constant.sort.shape == Shape::Number(Dimension::Bare);
    bare && field.get().unit == Unit::Ratio && known(constant) == Some(1.0)
}

/// What the author may have meant by a number out of range.
fn instead(field: FieldId, constant: &Typed) -> Option<String> {
    let value = known(constant)?;
    match field.get().unit {
        Unit::Ratio if (1.0..=100.0).contains(&value) => {
            let ratio = (value / 100.0 * 1e12).round() / 1e12;
            Some(format!(
                "{value} % is `{ratio}` here, or `\"{value}%\"` as a limit in thresholds.toml"
            ))
        }
        Unit::Percent if value > 100.0 => Some("it is in percent: 50 % is `50`".to_owned()),
        Unit::Milliseconds => Some("durations are in milliseconds, and never negative".to_owned()),
        _ => None,
    }
}

fn in_words(least: Option<f64>, most: Option<f64>) -> String {
    match (least, most) {
        (Some(least), Some(most)) => format!("from {least} to {most}"),
        (Some(least), None) => format!("never below {least}"),
        (None, Some(most)) => format!("never above {most}"),
        (None, None) => "anything".to_owned(),
    }
}

/// The value of what no document changes.
pub(super) fn known(typed: &Typed) -> Option<f64> {
    match &typed.kind {
        TypedKind::Constant(value @ (Value::Number(_) | Value::Integer(_))) => value.as_number(),
        TypedKind::Limit(limit) => limit.value.as_number(),
        TypedKind::Negate(a) => known(a).map(|value| -value),
        TypedKind::Arithmetic(op, a, b) => {
            let (a, b) = (known(a)?, known(b)?);
            let value = match op {
                Arithmetic::Add => a + b,
                Arithmetic::Subtract => a - b,
                Arithmetic::Multiply => a * b,
                // Plain whole numbers divide to whole numbers: not judged.
                Arithmetic::Divide if typed.sort.origin == Origin::Limit => a / b,
                Arithmetic::Divide | Arithmetic::Remainder => return None,
            };
            Some(value).filter(|value| value.is_finite())
        }
        _ => None,
    }
}

pub(super) fn mirrored(op: Op) -> Op {
    match op {
        Op::Greater => Op::Less,
        Op::GreaterOrEqual => Op::LessOrEqual,
        Op::Less => Op::Greater,
        Op::LessOrEqual => Op::GreaterOrEqual,
        same => same,
    }
}
