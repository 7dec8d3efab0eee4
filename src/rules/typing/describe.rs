//! Parts of a rule and their sorts, in words.
//!
//! It decides nothing.

use super::Checker;
use crate::rules::expr::Spot;
use crate::rules::fields::{Level, Link, Unit};
use crate::rules::typed::{Dimension, Shape, Typed, TypedKind};
use crate::rules::value::Value;

/// What a person calls a value of this sort.
pub(super) fn sort(typed: &Typed) -> String {
    match typed.sort.shape {
        Shape::Object(level) => object(level),
        Shape::Number(Dimension::Instant) => "a point in time".to_owned(),
        Shape::Number(_) => "a number".to_owned(),
        Shape::Text => "a text".to_owned(),
        Shape::Bool => "true or false".to_owned(),
        Shape::List => "a list".to_owned(),
        Shape::Truth | Shape::Condition => "the outcome of a comparison".to_owned(),
        Shape::Nothing => "nothing".to_owned(),
        Shape::Any => "a value".to_owned(),
    }
}

/// An object of a level.
pub(super) fn object(level: Level) -> String {
    let name = level.name();
    let article = if name.starts_with(['a', 'e', 'i', 'o']) {
        "an"
    } else {
        "a"
    };
    format!("{article} {name}")
}

/// What a number of this dimension is.
pub(super) fn dimension(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Bare => "a number without a unit",
        Dimension::Free => "of no one unit",
        Dimension::Scaled => "no longer in the unit of its reading",
        Dimension::Instant => "a point in time",
        Dimension::Of(unit) => match unit {
            Unit::None => "a number without a unit",
            Unit::Milliseconds => "a duration, in milliseconds",
            Unit::Ratio => "a ratio, from 0 to 1",
            Unit::Percent => "a percentage, from 0 to 100",
            Unit::Mos => "a mean opinion score",
            Unit::Packets => "a number of packets",
            Unit::FramesPerSecond => "in frames per second",
            Unit::BitsPerSecond => "in bits per second",
            Unit::Decibels => "in decibels",
            Unit::Count => "a count",
            Unit::Megahertz => "in megahertz",
            Unit::Rms => "a root mean square",
            Unit::Glitches => "in glitches per five minutes",
        },
    }
}

impl Checker<'_> {
    /// The name of the closure's own parameter.
    pub(super) fn parameter(&self) -> &str {
        let word = self.parameter.map(|spot| word_at(self.scope.source, spot));
        word.filter(|word| !word.is_empty()).unwrap_or("it")
    }

    /// The way to an object, as a rule writes it.
    pub(super) fn written(&self, path: &[Link]) -> String {
        let links = path.iter().map(|link| format!(".{}", link.name()));
        format!("{}{}", self.parameter(), links.collect::<String>())
    }

    /// The part itself: its name, or its value.
    pub(super) fn describe(&self, typed: &Typed) -> String {
        match &typed.kind {
            TypedKind::Object(path) => format!("`{}`", self.written(path)),
            TypedKind::Reading(_, field) => format!("`{}`", field.name()),
            TypedKind::Limit(limit) => match &limit.name {
                Some(name) => format!("`limits::{name}`"),
                None => "a limit".to_owned(),
            },
            TypedKind::Constant(Value::Text(text)) => format!("`\"{text}\"`"),
            TypedKind::Constant(Value::Missing) => "`()`".to_owned(),
            TypedKind::Constant(value) => format!("`{value}`"),
            TypedKind::List(_) => "this list".to_owned(),
            _ => "this".to_owned(),
        }
    }
}

/// The word that stands at a spot of a source.
fn word_at(source: &str, spot: Spot) -> &str {
    let line = source
        .lines()
        .nth(spot.0.saturating_sub(1))
        .unwrap_or_default();
    let start = line
        .char_indices()
        .nth(spot.1.saturating_sub(1))
        .map_or(line.len(), |(at, _)| at);
    let rest = &line[start..];
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
    &rest[..end.unwrap_or(rest.len())]
}
