//! The other end: what a reading was in the other direction, or at the other side of the call.
//!
//! Read from the document where it lies, with the same units as the rules' readings. What is under
//! a violation counts as missing, as it does for rules. It is evidence for people, and decides
//! nothing.

use serde_json::Value as Json;

use super::OtherEnd;
use super::build::Context;
use crate::record::call::{End, Media, Session, Stream};
use crate::record::{Item, NodeIndex, units};
use crate::rules::facts::ObjectId;
use crate::rules::fields::{FieldId, Kind, Level, Link};
use crate::rules::{Comparison, Op, Value};

/// What stands above the object that a rule is on.
#[derive(Clone, Copy, Default)]
pub(super) struct Around<'d> {
    pub(super) session: Option<Session<'d>>,
    pub(super) media: Option<Media<'d>>,
}

/// The same reading at the other end; `None` where a reading has no such thing.
pub(super) fn other(
    context: &Context<'_>,
    around: Around<'_>,
    comparison: &Comparison,
) -> Option<OtherEnd> {
    let field = comparison.reading.source.field;
    let measured = matches!(
        comparison.op,
        Op::Greater | Op::GreaterOrEqual | Op::Less | Op::LessOrEqual
    );
    if !measured && field.name() != "rating" {
        return None;
    }
    let object = comparison.reading.source.object?;
    match field.get().level {
        Level::Stream => Some(direction(context, object, comparison)),
        Level::Network => at_end(context, object, around, field, |media, end| {
            media.network(end)
        }),
        Level::Device => at_end(context, object, around, field, |media, end| {
            media.device(end)
        }),
        Level::Feedback => feedback(context, object, around, field),
        _ => None,
    }
}

/// The streams of the same media that run the other way.
fn direction(context: &Context<'_>, object: ObjectId, comparison: &Comparison) -> OtherEnd {
    let field = comparison.reading.source.field;
    let mut other = OtherEnd {
        of: "direction",
        count: 0,
        value: Json::Null,
    };
    let facts = context.facts;
    let item = |object: ObjectId| context.document.item(facts.node(object));
    let own = item(object).and_then(|item| Stream(item).sender());
    let media = facts.follow(object, Link::Media).and_then(item).map(Media);
    let (Some(own), Some(media)) = (own, media) else {
        return other;
    };
    let mut worst: Option<f64> = None;
    for stream in media.streams().filter(|s| s.sender() == Some(own.other())) {
        other.count += 1;
        let Some(value) = reading(context, stream.0, field) else {
            continue;
        };
        let number = value.as_f64().unwrap_or(0.0);
        let worse = worst.is_none_or(|worst| match comparison.op {
            Op::Less | Op::LessOrEqual => number < worst,
            _ => number > worst,
        });
        if worse {
            worst = Some(number);
            other.value = value;
        }
    }
    other
}

/// The same part of the same media at its other end.
fn at_end<'d>(
    context: &Context<'d>,
    object: ObjectId,
    around: Around<'d>,
    field: FieldId,
    part: impl Fn(Media<'d>, End) -> Option<Item<'d>>,
) -> Option<OtherEnd> {
    let media = around.media?;
    let own = context.facts.node(object);
    let end = End::BOTH
        .into_iter()
        .find(|end| part(media, *end).is_some_and(|item| index(context, item) == own))?;
    Some(single(context, part(media, end.other()), field))
}

/// What the person at the other end said.
fn feedback(
    context: &Context<'_>,
    object: ObjectId,
    around: Around<'_>,
    field: FieldId,
) -> Option<OtherEnd> {
    let session = around.session?;
    let own = context.facts.node(object);
    let said = |end| session.feedback(end).map(|feedback| feedback.0);
    let end = End::BOTH
        .into_iter()
        .find(|end| said(*end).is_some_and(|item| index(context, item) == own))?;
    // A service at the other end says nothing, and nobody expects it to.
    let other = said(end.other())?;
    Some(single(context, Some(other), field))
}

fn single(context: &Context<'_>, item: Option<Item<'_>>, field: FieldId) -> OtherEnd {
    let value = item.and_then(|item| reading(context, item, field));
    OtherEnd {
        of: "end",
        count: u64::from(item.is_some()),
        value: value.unwrap_or(Json::Null),
    }
}

fn index(context: &Context<'_>, item: Item<'_>) -> NodeIndex {
    context.document.index(item)
}

/// A field's value as rules read it; `None` where it is missing to them.
fn reading(context: &Context<'_>, item: Item<'_>, field: FieldId) -> Option<Json> {
    let value = item.get(field.name())?;
    if (context.violated)(index(context, value)) {
        return None;
    }
    let value = match field.get().kind {
        Kind::Number => match (value.as_number(), value.as_str()) {
            (Some(number), _) => Value::Number(number.as_f64()),
            (None, Some(text)) => Value::Number(units::duration(text)?.0),
            _ => return None,
        },
        Kind::Integer => {
            let number = value.as_number()?;
            let whole = number.as_i64().map(Value::Integer);
            whole.unwrap_or_else(|| Value::Number(number.as_f64()))
        }
        Kind::Text | Kind::Enum => Value::Text(value.as_str()?.into()),
        Kind::Bool => Value::Bool(value.as_bool()?),
        Kind::Instant | Kind::List => return None,
    };
    Some(super::build::json(&value))
}
