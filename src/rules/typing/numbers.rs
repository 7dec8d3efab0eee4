//! Units, ranges and bare fractions: whether two numbers can be compared in earnest.
//!
//! Ranges are those of the schema: what is plausible, not what is possible. A limit at the very
//! end of a range is fine, since limits are there to be moved; a number in the rule is not.
//!
//! Constants are calculated here roughly, to be judged and for nothing else.

use super::{Checker, Found, Use, describe};
use crate::rules::compare::Op;
use crate::rules::expr::{Arithmetic, Spot};
use crate::rules::fields::{FieldId, Kind, Unit};
use crate::rules::problem::{Fires, ProblemKind};
use crate::rules::typed::{Dimension, Origin, Shape, Sort, Typed, TypedKind};
use crate::rules::value::Value;

impl Checker<'_> {
    /// The sort of a number; reports what is none.
    pub(super) fn number(&mut self, typed: &Typed, sign: &str) -> Sort {
        if matches!(typed.sort.shape, Shape::Number(_) | Shape::Any) {
            return typed.sort;
        }
        let said = format!("`{sign}` needs numbers, not {}", describe::sort(typed));
        let help = match typed.sort.shape {
            Shape::Text => Some("texts are joined as in `` `${a} ${b}` ``".to_owned()),
            Shape::Truth | Shape::Condition => {
                Some("put comparisons in parentheses, and join them with `&&`".to_owned())
            }
            _ => None,
        };
        self.refuse(ProblemKind::Mismatch(said), typed.spot, help)
    }

    /// The dimension of a result.
    pub(super) fn calculated(
        &mut self,
        op: Arithmetic,
        x: Dimension,
        y: Dimension,
        a: &Typed,
        b: &Typed,
        spot: Spot,
    ) -> Dimension {
        use Dimension::{Bare, Free, Instant, Of};
        match (op, x, y) {
            (Arithmetic::Subtract, Instant, Instant) => Of(Unit::Milliseconds),
            (Arithmetic::Add | Arithmetic::Subtract, Instant, Bare | Of(Unit::Milliseconds))
            | (Arithmetic::Add, Bare | Of(Unit::Milliseconds), Instant) => Instant,
            (Arithmetic::Multiply, Bare, other) | (Arithmetic::Multiply, other, Bare) => other,
            (Arithmetic::Divide | Arithmetic::Remainder, x, Bare) => x,
            (Arithmetic::Divide, x, y) if x == y => Bare,
            (Arithmetic::Multiply | Arithmetic::Divide, ..) => Free,
            (Arithmetic::Remainder, Bare, _) => Free,
            _ => self.agreed(x, y, a, b, spot),
        }
    }

    /// The dimension of what is one number or the other, or a sum of both.
    pub(super) fn agreed(
        &mut self,
        x: Dimension,
        y: Dimension,
        a: &Typed,
        b: &Typed,
        spot: Spot,
    ) -> Dimension {
        use Dimension::{Bare, Free, Of};
        match (x, y) {
            (x, y) if x == y => x,
            (Free, _) | (_, Free) => Free,
            // Whether `50%` is 50 or 0.5 there would depend on the document.
            (Bare, Of(Unit::Percent)) | (Of(Unit::Percent), Bare) => Free,
            (Bare, other) | (other, Bare) => other,
            _ => {
                self.misfit(x, y, a, b, spot);
                Free
            }
        }
    }

    fn misfit(&mut self, x: Dimension, y: Dimension, a: &Typed, b: &Typed, spot: Spot) {
        let what = |this: &Self, typed: &Typed, dimension| {
            format!(
                "{} is {}",
                this.describe(typed),
                describe::dimension(dimension)
            )
        };
        let kind = ProblemKind::Misfit {
            one: what(self, a, x),
            other: what(self, b, y),
        };
        let want = match (a.sort.origin, b.sort.origin) {
            (Origin::Limit, _) => Some(y),
            (_, Origin::Limit) => Some(x),
            _ => None,
        };
        let help = want.map(|want| match want {
            Dimension::Instant => {
                "two points in time can be compared, and their difference is a duration".to_owned()
            }
            Dimension::Free => {
                "whether `%` means a ratio or hundredths is open here: write a plain number"
                    .to_owned()
            }
            want => self.fitting(want),
        });
        let limit = [a, b].into_iter().find_map(|side| match &side.kind {
            TypedKind::Limit(limit) => limit.name.clone(),
            _ => None,
        });
        let entry = limit
            .as_deref()
            .and_then(|name| self.scope.limits.get(name));
        let also = entry.and_then(|entry| {
            let said = format!("the limit is `{}`", entry.written);
            Some((entry.place.clone()?, said))
        });
        self.found.push(Found {
            kind,
            spot,
            also,
            help,
        });
    }

    /// Limits that would fit, or how to write one.
    fn fitting(&self, want: Dimension) -> String {
        let fits = |unit: Unit| match want {
            Dimension::Of(Unit::Percent) => unit == Unit::Ratio,
            want => want == Dimension::of(unit),
        };
        let limits = self.scope.limits.iter();
        let names: Vec<String> = limits
            .filter(|(_, entry)| fits(entry.limit.unit))
            .map(|(name, _)| format!("`limits::{name}`"))
            .take(4)
            .collect();
        let example = match want {
            Dimension::Of(Unit::Milliseconds) => "\"30ms\"",
            Dimension::Of(Unit::Ratio | Unit::Percent) => "\"10%\"",
            Dimension::Of(Unit::FramesPerSecond) => "\"7fps\"",
            Dimension::Of(Unit::BitsPerSecond) => "\"64kbit/s\"",
            Dimension::Of(Unit::Mos) => "\"1.0 MOS\"",
            Dimension::Of(Unit::Decibels) => "\"-30dB\"",
            Dimension::Of(Unit::Packets) => "\"500 packets\"",
            _ => "500",
        };
        match names.is_empty() {
            true => format!("use a limit such as `name = {example}`"),
            false => format!("a limit that fits is {}", names.join(", ")),
        }
    }

    /// Judges a comparison of two numbers.
    pub(super) fn numbers(&mut self, op: Op, a: &Typed, b: &Typed, spot: Spot) {
        let (Shape::Number(x), Shape::Number(y)) = (a.sort.shape, b.sort.shape) else {
            return;
        };
        if !fit(x, a, y, b) {
            self.misfit(x, y, a, b, spot);
            return;
        }
        self.unitless(x, a, b);
        self.unitless(y, b, a);
        if self.fraction(x, a, b) || self.fraction(y, b, a) {
            return;
        }
        self.range(op, a, b);
        self.range(mirrored(op), b, a);
        let equality = matches!(op, Op::Equal | Op::NotEqual);
        if let Some(field) = fractional(a).or_else(|| fractional(b)).filter(|_| equality) {
            let kind = ProblemKind::ExactFraction(field.name());
            let help = "ask for a stretch instead, as in `x > 0.09 && x < 0.11`";
            self.report(kind, spot, help.to_owned());
        }
    }

    /// Remembers a limit without a unit that meets one.
    fn unitless(&mut self, dimension: Dimension, with: &Typed, limit: &Typed) {
        let TypedKind::Limit(bare) = &limit.kind else {
            return;
        };
        let zero = bare.value.as_number() == Some(0.0);
        if bare.unit != Unit::None || zero || !matches!(dimension, Dimension::Of(_)) {
            return;
        }
        if let Some(name) = &bare.name {
            self.uses.push(Use {
                limit: name.to_string(),
                dimension,
                with: self.describe(with),
                spot: limit.spot,
            });
        }
    }

    /// A number between 0 and 1 where nobody would mean one: seconds, or a ratio.
    fn fraction(&mut self, dimension: Dimension, reading: &Typed, bare: &Typed) -> bool {
        let unit = match dimension {
            Dimension::Of(unit @ (Unit::Milliseconds | Unit::Percent)) => unit,
            _ => return false,
        };
        let Some(value) = known(bare).filter(|value| *value > 0.0 && *value < 1.0) else {
            return false;
        };
        if bare.sort.shape != Shape::Number(Dimension::Bare) || reading.sort.origin == Origin::Plain
        {
            return false;
        }
        let (what, scaled, written) = match unit {
            Unit::Milliseconds => ("milliseconds", value * 1_000.0, format!("{value}ms")),
            _ => ("percent", value * 100.0, format!("{value}%")),
        };
        let scaled = (scaled * 1e6).round() / 1e6;
        let kind = ProblemKind::BareFraction {
            what: self.describe(reading),
            unit: what,
            value,
        };
        let meant = match unit {
            Unit::Milliseconds => format!("{value} s is `{scaled}`"),
            _ => format!("{scaled} % is `{scaled}`"),
        };
        let (mut name, mut also) = ("name".to_owned(), None);
        if let TypedKind::Limit(limit) = &bare.kind
            && let Some(of) = limit.name.as_deref()
        {
            name = of.to_owned();
            let place = self
                .scope
                .limits
                .get(of)
                .and_then(|entry| entry.place.clone());
            also = place.map(|place| (place, "the limit has no unit".to_owned()));
        }
        let found = Found {
            kind,
            spot: bare.spot,
            also,
            help: Some(format!(
                "{meant}; to mean {value} {what} indeed, give a limit its unit: `{name} = \
                 \"{written}\"` in thresholds.toml"
            )),
        };
        self.found.push(found);
        true
    }

    /// Whether a reading can be on either side of a constant at all.
    fn range(&mut self, op: Op, reading: &Typed, constant: &Typed) {
        let (TypedKind::Reading(_, field), Some(value)) = (&reading.kind, known(constant)) else {
            return;
        };
        let Some(range) = &field.meaning().range else {
            return;
        };
        let (least, most) = (range.least, range.most);
        let hundredths = field.get().unit == Unit::Percent
            && constant.sort.shape == Shape::Number(Dimension::Of(Unit::Ratio));
        let value = if hundredths { value * 100.0 } else { value };
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
        if edge && constant.sort.origin != Origin::Plain {
            return;
        }
        let fires = match (self.scope.purpose, always != self.denied) {
            (super::Purpose::Condition, true) => Fires::Always,
            (super::Purpose::Condition, false) => Fires::Never,
            _ => Fires::Unsaid,
        };
        let (field, value) = (*field, describe::number(value));
        let range = in_words(least, most);
        let compared = format!("{} {value}", op.symbol());
        let (kind, help) = if edge {
            let help = always.then(|| format!("`has(…)` asks whether `{}` is there", field.name()));
            (
                ProblemKind::AtTheEdge {
                    field: field.name(),
                    range,
                    compared,
                    always,
                    fires,
                },
                help,
            )
        } else {
            let help = instead(field, constant);
            (
                ProblemKind::OutOfRange {
                    field: field.name(),
                    range,
                    compared,
                    always,
                    fires,
                },
                help,
            )
        };
        self.found.push(Found {
            kind,
            spot: constant.spot,
            also: self.origin_of(constant),
            help,
        });
    }

    /// Where a limit stands, if it stands somewhere.
    fn origin_of(&self, constant: &Typed) -> Option<(crate::rules::Place, String)> {
        let TypedKind::Limit(limit) = &constant.kind else {
            return None;
        };
        let entry = self.scope.limits.get(limit.name.as_deref()?)?;
        Some((entry.place.clone()?, "the limit".to_owned()))
    }
}

/// What the author may have meant by a number out of range.
fn instead(field: FieldId, constant: &Typed) -> Option<String> {
    let value = known(constant)?;
    match field.get().unit {
        Unit::Ratio if value > 1.0 && value <= 100.0 => {
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

/// Whether two numbers can be compared.
fn fit(x: Dimension, a: &Typed, y: Dimension, b: &Typed) -> bool {
    use Dimension::{Bare, Free, Of};
    // Only limits written in `%` are ratios of that origin.
    let written = |dimension, typed: &Typed| {
        dimension == Of(Unit::Ratio) && typed.sort.origin == Origin::Limit
    };
    match (x, y) {
        (Free, y) if written(y, b) => false,
        (x, Free) if written(x, a) => false,
        (Free | Bare, _) | (_, Free | Bare) => true,
        (Of(Unit::Percent), y) if written(y, b) => true,
        (x, Of(Unit::Percent)) if written(x, a) => true,
        (x, y) => x == y,
    }
}

/// The first field in a calculation that has a fraction.
fn fractional(typed: &Typed) -> Option<FieldId> {
    match &typed.kind {
        TypedKind::Reading(_, field) => {
            Some(*field).filter(|field| field.get().kind == Kind::Number)
        }
        TypedKind::Arithmetic(..) | TypedKind::Negate(_) | TypedKind::OrElse(..) => {
            typed.parts().into_iter().find_map(fractional)
        }
        _ => None,
    }
}

/// The value of what no document changes.
fn known(typed: &Typed) -> Option<f64> {
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

fn mirrored(op: Op) -> Op {
    match op {
        Op::Greater => Op::Less,
        Op::GreaterOrEqual => Op::LessOrEqual,
        Op::Less => Op::Greater,
        Op::LessOrEqual => Op::GreaterOrEqual,
        same => same,
    }
}
