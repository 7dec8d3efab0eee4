//! Keys that would merge strangers: what home routers give out tells nobody apart.
//!
//! A rule's `by` on a subnet or an address that many homes have ([`crate::sites`] lists them) is
//! as good as missing, unless something beside it tells people or places apart: a public address,
//! a user, a call. The finding then stays with its call.
//!
//! It knows fields and values; what a part of a key is, each evaluator decides by itself.

use super::fields::{FieldId, Level};
use super::value::{Value, Witness};

/// Whether a key of these readings would merge strangers.
pub(crate) fn merges<'w>(readings: impl Iterator<Item = &'w Witness> + Clone) -> bool {
    let shared = |reading: &Witness| {
        let Value::Text(text) = &reading.value else {
            return false;
        };
        is_local(reading.source.field) && crate::sites::is_common(text)
    };
    readings.clone().any(shared)
        && !readings
            .map(|reading| reading.source.field)
            .any(tells_apart)
}

/// Whether a field holds an address that counts in its own network alone.
pub(crate) fn is_local(field: FieldId) -> bool {
    field.get().level == Level::Network && matches!(field.name(), "subnet" | "ipAddress")
}

/// Whether two homes, or two people, never have the same value.
fn tells_apart(field: FieldId) -> bool {
    matches!(
        (field.get().level, field.name()),
        (
            Level::Network,
            "reflexiveIPAddress" | "macAddress" | "basicServiceSetIdentifier"
        ) | (Level::Endpoint, "userId" | "displayName")
            | (Level::Identity, "id" | "displayName" | "userPrincipalName")
            | (Level::Call | Level::Session | Level::Segment, "id")
            | (Level::Call, "joinWebUrl")
            | (Level::Stream, "streamId")
    )
}
