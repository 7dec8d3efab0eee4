//! Three values with their reasons: true, false, or could not tell.
//!
//! A [`Truth`] carries what made it so: the comparisons behind a true or a false, the missing
//! readings behind an unknown. `&&` and `||` are Kleene's: `true || missing` is true,
//! `false && missing` is false. Both sides are always looked at, so that all reasons are named.
//!
//! A missing reading is never false and never zero.

use std::sync::Arc;

use rhai::{Dynamic, ImmutableString};

use super::compare::{Comparison, Op, has};
use super::fields::Unit;
use super::object::{Handle, Measured};
use super::value::{Failure, Source, Value, Witness, failure};

#[derive(Clone, Debug, PartialEq)]
enum Reason {
    Compared(Comparison),
    Missing(Source),
}

/// More reasons than this are not listed.
const MOST_REASONS: usize = 64;

/// Which of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    True,
    False,
    Unknown,
}

impl Verdict {
    fn of(value: bool) -> Verdict {
        if value { Verdict::True } else { Verdict::False }
    }
}

/// A verdict and its reasons.
#[derive(Clone, Debug)]
pub(crate) struct Truth {
    pub(crate) verdict: Verdict,
    reasons: Vec<Arc<Reason>>,
}

impl Truth {
    pub(crate) fn bare(value: bool) -> Truth {
        Truth {
            verdict: Verdict::of(value),
            reasons: Vec::new(),
        }
    }

    pub(crate) fn decided(value: bool, comparison: Option<Comparison>) -> Truth {
        let reasons = comparison
            .map(|mut comparison| {
                if !value {
                    comparison.op = comparison.op.opposite();
                }
                Arc::new(Reason::Compared(comparison))
            })
            .into_iter()
            .collect();
        Truth {
            verdict: Verdict::of(value),
            reasons,
        }
    }

    pub(crate) fn unknown<'w>(witnesses: impl IntoIterator<Item = &'w Witness>) -> Truth {
        let reasons = witnesses
            .into_iter()
            .filter(|witness| witness.value == Value::Missing)
            .map(|witness| Arc::new(Reason::Missing(witness.source)))
            .collect();
        Truth {
            verdict: Verdict::Unknown,
            reasons,
        }
    }

    /// What a rule may offer as a truth: an outcome, a bool, or a reading that is one.
    pub(crate) fn of(value: &Dynamic) -> Result<Truth, Failure> {
        if let Some(truth) = value.read_lock::<Truth>() {
            return Ok(truth.clone());
        }
        if let Ok(value) = value.as_bool() {
            return Ok(Truth::bare(value));
        }
        if let Some(measured) = value.read_lock::<Measured>() {
            return Truth::of_reading(&measured);
        }
        if value.read_lock::<Handle>().is_some() {
            return Err(failure("an object is neither true nor false; ask `has(x)`"));
        }
        Err(failure(format!(
            "{} is neither true nor false",
            value.type_name()
        )))
    }

    fn of_reading(measured: &Measured) -> Result<Truth, Failure> {
        match &measured.value {
            Value::Missing => Ok(Truth::unknown(&measured.witnesses())),
            Value::Bool(value) => {
                let comparison =
                    measured
                        .witnesses()
                        .into_iter()
                        .next()
                        .map(|reading| Comparison {
                            reading,
                            value: Value::Bool(*value),
                            op: Op::Equal,
                            limit: Value::Bool(true),
                            limit_name: None,
                            unit: Unit::None,
                            others: Vec::new(),
                        });
                // `x` false reads as `x == false`, which says more than `x != true`.
                let mut truth = Truth::bare(*value);
                truth.reasons.extend(comparison.map(|mut comparison| {
                    comparison.limit = Value::Bool(*value);
                    Arc::new(Reason::Compared(comparison))
                }));
                Ok(truth)
            }
            other => Err(failure(format!(
                "{} is neither true nor false",
                other.sort()
            ))),
        }
    }

    /// The comparisons behind a verdict that is not unknown.
    pub(crate) fn comparisons(&self) -> Vec<Comparison> {
        self.reasons
            .iter()
            .filter_map(|reason| match &**reason {
                Reason::Compared(comparison) => Some(comparison.clone()),
                Reason::Missing(_) => None,
            })
            .collect()
    }

    /// The readings whose absence left the verdict unknown.
    pub(crate) fn missing(&self) -> impl Iterator<Item = Source> {
        self.reasons.iter().filter_map(|reason| match &**reason {
            Reason::Missing(source) => Some(*source),
            Reason::Compared(_) => None,
        })
    }

    /// The verdict, with the reasons of those sides that share it.
    fn join(verdict: Verdict, left: Truth, right: Truth) -> Truth {
        let mut sides = [left, right]
            .into_iter()
            .filter(|side| side.verdict == verdict);
        let mut joined = sides.next().unwrap_or_else(|| Truth::bare(false));
        for reason in sides.flat_map(|side| side.reasons) {
            if joined.reasons.len() < MOST_REASONS && !joined.reasons.contains(&reason) {
                joined.reasons.push(reason);
            }
        }
        joined.verdict = verdict;
        joined
    }

    fn and(self, other: Truth) -> Truth {
        let verdict = match (self.verdict, other.verdict) {
            (Verdict::False, _) | (_, Verdict::False) => Verdict::False,
            (Verdict::Unknown, _) | (_, Verdict::Unknown) => Verdict::Unknown,
            _ => Verdict::True,
        };
        Truth::join(verdict, self, other)
    }

    fn or(self, other: Truth) -> Truth {
        let verdict = match (self.verdict, other.verdict) {
            (Verdict::True, _) | (_, Verdict::True) => Verdict::True,
            (Verdict::Unknown, _) | (_, Verdict::Unknown) => Verdict::Unknown,
            _ => Verdict::False,
        };
        Truth::join(verdict, self, other)
    }
}

/// `a && b`: a bool of two bools, else a [`Truth`].
pub(crate) fn and(a: &Dynamic, b: &Dynamic) -> Result<Dynamic, Failure> {
    if let (Ok(a), Ok(b)) = (a.as_bool(), b.as_bool()) {
        return Ok((a && b).into());
    }
    Ok(Dynamic::from(Truth::of(a)?.and(Truth::of(b)?)))
}

/// `a || b`: a bool of two bools, else a [`Truth`].
pub(crate) fn or(a: &Dynamic, b: &Dynamic) -> Result<Dynamic, Failure> {
    if let (Ok(a), Ok(b)) = (a.as_bool(), b.as_bool()) {
        return Ok((a || b).into());
    }
    Ok(Dynamic::from(Truth::of(a)?.or(Truth::of(b)?)))
}

/// `!a`: the reasons of a false are the reasons of its opposite.
pub(crate) fn not(a: &Dynamic) -> Result<Dynamic, Failure> {
    if let Ok(a) = a.as_bool() {
        return Ok((!a).into());
    }
    let mut truth = Truth::of(a)?;
    truth.verdict = match truth.verdict {
        Verdict::True => Verdict::False,
        Verdict::False => Verdict::True,
        Verdict::Unknown => Verdict::Unknown,
    };
    Ok(Dynamic::from(truth))
}

/// `note(x)`: always true; puts the reading into the evidence of a rule that fires.
pub(crate) fn note(value: &Dynamic) -> Result<Dynamic, Failure> {
    let noted = Truth::of(&has(value)?)?;
    if noted.verdict == Verdict::True {
        return Ok(Dynamic::from(noted));
    }
    Ok(true.into())
}

/// `guard(x)`: as true as `x`, but what makes it true is no reason: it says where a rule applies.
pub(crate) fn guard(value: &Dynamic) -> Result<Dynamic, Failure> {
    let mut truth = Truth::of(value)?;
    if truth.verdict == Verdict::True {
        truth.reasons.clear();
    }
    Ok(Dynamic::from(truth))
}

/// `x ?? other`: `x` where it is there.
pub(crate) fn or_else(value: Dynamic, other: Dynamic) -> Dynamic {
    if is_absent(&value) { other } else { value }
}

/// Whether `??` passes over it.
pub(crate) fn is_absent(value: &Dynamic) -> bool {
    value.is_unit()
        || value
            .read_lock::<Measured>()
            .is_some_and(|m| m.value == Value::Missing)
        || value
            .read_lock::<Truth>()
            .is_some_and(|truth| truth.verdict == Verdict::Unknown)
        || value
            .read_lock::<Handle>()
            .is_some_and(|handle| handle.object.is_none())
}

/// `certain(x)`: a plain bool, true only if `x` is known to be true.
pub(crate) fn certain(value: &Dynamic) -> Result<bool, Failure> {
    Ok(Truth::of(value)?.verdict == Verdict::True)
}

/// The reading as text, for messages.
pub(crate) fn in_words(value: &Dynamic) -> ImmutableString {
    super::value::text_of(value)
        .unwrap_or_else(|| "missing".into())
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::facts::NO_NODE;
    use crate::rules::fields::Level;

    fn sides(verdict: Verdict, node: u32) -> Truth {
        let field = Level::Stream.field("averageJitter").expect("a field");
        let source = Source {
            field,
            object: None,
            node,
        };
        let reading = Witness {
            source,
            value: Value::Number(1.0),
        };
        let comparison = Comparison {
            reading,
            value: Value::Number(1.0),
            op: Op::Greater,
            limit: Value::Number(0.0),
            limit_name: None,
            unit: Unit::Milliseconds,
            others: Vec::new(),
        };
        match verdict {
            Verdict::True => Truth::decided(true, Some(comparison)),
            Verdict::False => Truth::decided(false, Some(comparison)),
            Verdict::Unknown => Truth::unknown([&Witness {
                source: Source {
                    node: NO_NODE,
                    ..source
                },
                value: Value::Missing,
            }]),
        }
    }

    #[test]
    fn kleene_tables_name_only_the_sides_that_decided() {
        use Verdict::{False as F, True as T, Unknown as U};
        let and = [
            (T, T, T, 2),
            (T, F, F, 1),
            (T, U, U, 1),
            (F, T, F, 1),
            (F, F, F, 2),
        ];
        let and = and
            .into_iter()
            .chain([(F, U, F, 1), (U, T, U, 1), (U, F, F, 1), (U, U, U, 1)]);
        for (a, b, want, reasons) in and {
            let joined = sides(a, 1).and(sides(b, 2));
            assert_eq!(
                (joined.verdict, joined.reasons.len()),
                (want, reasons),
                "{a:?} && {b:?}"
            );
            assert_eq!(joined.missing().count(), usize::from(want == U));
        }
        let or = [
            (T, T, T, 2),
            (T, F, T, 1),
            (T, U, T, 1),
            (F, T, T, 1),
            (F, F, F, 2),
        ];
        let or = or
            .into_iter()
            .chain([(F, U, U, 1), (U, T, T, 1), (U, F, U, 1), (U, U, U, 1)]);
        for (a, b, want, reasons) in or {
            let joined = sides(a, 1).or(sides(b, 2));
            assert_eq!(
                (joined.verdict, joined.reasons.len()),
                (want, reasons),
                "{a:?} || {b:?}"
            );
        }
    }

    #[test]
    fn the_reason_of_a_false_comparison_is_stated_as_it_holds() {
        let denied = not(&Dynamic::from(sides(Verdict::False, 1))).expect("a truth");
        let denied = Truth::of(&denied).expect("a truth");
        assert_eq!(denied.verdict, Verdict::True);
        assert_eq!(denied.comparisons()[0].op, Op::LessOrEqual);
    }

    #[test]
    fn the_same_reason_is_listed_once() {
        assert_eq!(
            sides(Verdict::True, 1)
                .and(sides(Verdict::True, 1))
                .reasons
                .len(),
            1
        );
    }
}
