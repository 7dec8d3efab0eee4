//! Which names a piece may have, from the schema that validates the record.
//!
//! A name that no record has is told with the nearest one, or with the piece that has it.

use std::sync::OnceLock;

use serde_json::Value;

use super::record::PIECES;
use crate::rules::did_you_mean;
use crate::schema::Api;

fn schema() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(|| serde_json::from_str(Api::V1.schema()).unwrap_or_default())
}

/// What describes a piece.
pub(super) fn of_piece(piece: &str) -> Option<&'static Value> {
    let name = match piece {
        "call" => "callRecord",
        "stream" => "mediaStream",
        "feedback" => "userFeedback",
        other => other,
    };
    schema().get("$defs")?.get(name)
}

/// What describes a member, if it is an object or a list of them; `None` if it is a value.
pub(super) fn of_member(of: &'static Value, name: &str) -> Option<&'static Value> {
    let member = of.get("properties")?.get(name)?;
    let member = member.get("items").unwrap_or(member);
    let reference = member.get("$ref")?.as_str()?;
    schema().pointer(reference.strip_prefix('#')?)
}

/// Whether there is such a member: its own, one of what is derived from it, or an annotation.
pub(super) fn has(of: &'static Value, name: &str) -> bool {
    let open = of.get("x-open").and_then(Value::as_bool) == Some(true);
    open || name.contains('@') || names(of).any(|known| known == name)
}

fn names(of: &'static Value) -> impl Iterator<Item = &'static str> {
    let derived = of.get("x-derived").and_then(Value::as_array);
    let derived = derived
        .into_iter()
        .flatten()
        .filter_map(|name| schema().get("$defs")?.get(name.as_str()?));
    std::iter::once(of)
        .chain(derived)
        .filter_map(|of| of.get("properties")?.as_object())
        .flat_map(|properties| properties.keys().map(String::as_str))
}

/// What to write instead of an unknown name.
pub(super) fn advice(of: &'static Value, piece: &str, name: &str) -> Option<String> {
    let elsewhere = PIECES
        .iter()
        .filter(|other| **other != piece)
        .find(|other| of_piece(other).is_some_and(|of| names(of).any(|known| known == name)));
    if let Some(other) = elsewhere {
        return Some(format!(
            "`{name}` belongs to {other}: write `{other}.{name}`"
        ));
    }
    did_you_mean(name, names(of))
}
