//! Units, ranges and bare fractions: whether two numbers can be compared in earnest.
//!
//! Ranges are those of the schema: what is plausible, not what is possible. A limit at the very
//! end of a range is fine, since limits are there to be moved; a number in the rule is not.
//!
//! Constants are calculated here roughly, to be judged and for nothing else.

use super::ranges::{self, known};
use super::{Checker, Found, Use, describe};
use crate::rules::compare::Op;
use crate::rules::expr::{Arithmetic, Spot};
use crate::rules::fields::{FieldId, Kind, Unit};
use crate::rules::problem::ProblemKind;
use crate::rules::typed::{Dimension, Origin, Shape, Sort, Typed, TypedKind};

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
            (Arithmetic::Multiply, Bare, other) => scaled(other, b, a),
            (Arithmetic::Multiply | Arithmetic::Divide, other, Bare) => scaled(other, a, b),
            (Arithmetic::Remainder, x, Bare) => x,
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
        use Dimension::{Bare, Free, Of, Scaled};
        match (x, y) {
            (x, y) if x == y => x,
            (Free, _) | (_, Free) => Free,
            (Scaled, Bare) | (Bare, Scaled) => Scaled,
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
            Dimension::Scaled => {
                "compare the reading itself, in its own unit, with the limit".to_owned()
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
        self.range(ranges::mirrored(op), b, a);
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
}

/// What becomes of a dimension when it is multiplied or divided by a number: 0.1 times 100 is a
/// percentage, and 30 ms by 1,000 are seconds. Limits are calculated with in their own unit.
fn scaled(dimension: Dimension, of: &Typed, by: &Typed) -> Dimension {
    let least = match dimension {
        Dimension::Of(Unit::Ratio | Unit::Percent) => 100.0,
        Dimension::Of(Unit::Milliseconds | Unit::BitsPerSecond) => 1_000.0,
        other => return other,
    };
    let far = known(by).is_some_and(|by| by >= least || by > 0.0 && by <= 1.0 / least);
    if far && of.sort.origin != Origin::Limit {
        return Dimension::Scaled;
    }
    dimension
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
