//! What kind of document is it? Decided before the schema, by `@odata.context` and shape.
//!
//! Only a callRecord and a sessions page run call rules; every other kind is
//! counted under its own name, with a plain message. Nothing is guessed from values that
//! strangers choose, and no document is changed.

use super::tape::{Item, JsonType};

/// The kind of one document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// `GET /communications/callRecords/{id}`
    CallRecord,
    /// `GET …/callRecords/{id}/sessions`: belongs to the call its context names
    SessionsPage,
    /// `GET …/callRecords/{id}/participants_v2`
    ParticipantsPage,
    /// one entry of `GET /communications/callRecords`, which never has sessions
    ListEntry,
    /// a row of `getPstnCalls`
    PstnRow,
    /// a row of `getDirectRoutingCalls`
    DirectRoutingRow,
    /// what Graph posts to say that a record is there to be fetched
    ChangeNotification,
    /// anything else
    Foreign,
}

impl Kind {
    /// All kinds, in the order in which a summary lists them.
    pub const ALL: [Kind; 8] = [
        Kind::CallRecord,
        Kind::SessionsPage,
        Kind::ParticipantsPage,
        Kind::ListEntry,
        Kind::PstnRow,
        Kind::DirectRoutingRow,
        Kind::ChangeNotification,
        Kind::Foreign,
    ];

    /// The kind's name in output and counters.
    pub fn name(self) -> &'static str {
        match self {
            Kind::CallRecord => "callRecord",
            Kind::SessionsPage => "sessions page",
            Kind::ParticipantsPage => "participants page",
            Kind::ListEntry => "list entry",
            Kind::PstnRow => "PSTN row",
            Kind::DirectRoutingRow => "Direct Routing row",
            Kind::ChangeNotification => "change notification",
            Kind::Foreign => "foreign",
        }
    }

    /// Whether call rules run on it.
    pub fn has_sessions(self) -> bool {
        matches!(self, Kind::CallRecord | Kind::SessionsPage)
    }

    /// Why call rules do not run, and what to do instead.
    pub fn advice(self) -> &'static str {
        match self {
            Kind::CallRecord | Kind::SessionsPage => "call rules run on it",
            Kind::ParticipantsPage => {
                "a participants page holds no streams; keep the record and its sessions pages"
            }
            Kind::ListEntry => {
                "an entry of the list of call records has no sessions; fetch each record by its id with $expand=sessions($expand=segments)"
            }
            Kind::PstnRow => "a PSTN log row holds no streams; fetch the callRecord of its callId",
            Kind::DirectRoutingRow => {
                "a Direct Routing log row holds no streams; fetch the callRecord of its call"
            }
            Kind::ChangeNotification => {
                "a change notification only names a record; fetch its `resource` with $expand=sessions($expand=segments) and drop the answer here"
            }
            Kind::Foreign => {
                "no callRecord; one has an `id` and at least three of version, type, modalities, startDateTime, endDateTime, lastModifiedDateTime and sessions, or Graph's @odata.context"
            }
        }
    }
}

/// What the frame knows of where a document was taken from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Taken<'a> {
    /// whether it is one element of an array or a collection
    pub element: bool,
    /// the `@odata.context` of that collection
    pub context: Option<&'a str>,
}

/// A kind, and for a foreign document what it looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// the kind
    pub kind: Kind,
    /// what to say beside the kind's own advice, where the shape is a known mistake
    pub hint: Option<&'static str>,
}

/// Names that only a callRecord has among them, enough of which make one.
const RECORD_NAMES: [&str; 10] = [
    "version",
    "type",
    "modalities",
    "lastModifiedDateTime",
    "startDateTime",
    "endDateTime",
    "joinWebUrl",
    "sessions",
    "organizer_v2",
    "participants_v2",
];

/// Names that say, alone or with others, that a document is no callRecord, whatever its context
/// says.
const OTHER_NAMES: [&str; 9] = [
    "value",
    "subscriptionId",
    "trunkFullyQualifiedDomainName",
    "finalSipCode",
    "inviteDateTime",
    "callId",
    "smsId",
    "userBlockMode",
    "notificationUrl",
];

/// Tells the kind of the document `root`.
pub fn tell(root: Item<'_>, taken: Taken<'_>) -> Told {
    if is_plain_record(root) {
        return Told {
            kind: Kind::CallRecord,
            hint: None,
        };
    }
    tell_by_names(root, taken)
}

/// Tells most records in one pass: Graph's own context says what they are, one of their names is
/// there, and none says anything else.
fn is_plain_record(root: Item<'_>) -> bool {
    let (mut known, mut named) = (false, None);
    for member in root.members() {
        if member.name == "@odata.context" {
            named = named.or(Some(member.value.as_str().is_some_and(names_a_record)));
        } else if OTHER_NAMES.contains(&member.name) {
            return false;
        } else if !known {
            known = RECORD_NAMES.contains(&member.name);
        }
    }
    known && named == Some(true)
}

fn names_a_record(context: &str) -> bool {
    context.contains("communications/callRecords") && context.ends_with("$entity")
}

fn tell_by_names(root: Item<'_>, taken: Taken<'_>) -> Told {
    let foreign = |hint| Told {
        kind: Kind::Foreign,
        hint,
    };
    let sure = |kind| Told { kind, hint: None };
    if root.json_type() != JsonType::Object {
        return foreign(match root.json_type() {
            JsonType::String => {
                Some("a text, perhaps a record that was turned into JSON twice; write it once")
            }
            JsonType::Array => {
                Some("an array; with --framing auto or array each element is a document")
            }
            _ => Some("a bare value, no object"),
        });
    }
    let context = root
        .get("@odata.context")
        .and_then(Item::as_str)
        .or(taken.context);
    if let Some(value) = root.get("value") {
        return tell_collection(root, value, context);
    }
    if let Some(kind) = by_names(root) {
        let validation = kind == Kind::ChangeNotification
            && root.get("subscriptionId").and_then(Item::as_str) == Some("NA");
        return Told {
            kind,
            hint: validation.then_some(
                "the first message of an Event Hub, which only tests the way; ignore it",
            ),
        };
    }
    if let Some(hint) = other_log_row(root) {
        return foreign(Some(hint));
    }
    let of_type = root
        .get("@odata.type")
        .and_then(Item::as_str)
        .is_some_and(|name| ends_with_ignore_case(name, "callRecords.callRecord"));
    let in_context = root
        .get("@odata.context")
        .and_then(Item::as_str)
        .is_some_and(names_a_record);
    let known = root
        .members()
        .filter(|member| RECORD_NAMES.contains(&member.name))
        .count();
    if known == 0
        && let Some(hint) = misnamed(root)
    {
        return foreign(Some(hint));
    }
    if of_type || in_context || (root.get("id").is_some() && known >= 3) {
        // A session has most of these names too, but neither version nor type.
        if !of_type && !in_context && looks_like_session(root) {
            return foreign(Some(
                "a bare session, taken out of its page; keep the page whole, since its @odata.context names the call",
            ));
        }
        let has_sessions = root.get("sessions").is_some();
        if taken.element && !has_sessions && !in_context {
            return sure(Kind::ListEntry);
        }
        return sure(Kind::CallRecord);
    }
    foreign(misnamed(root).or_else(|| wrapped(root)))
}

/// Answers that are no record, and records inside something else.
fn wrapped(root: Item<'_>) -> Option<&'static str> {
    if root
        .get("error")
        .is_some_and(|error| error.get("code").is_some())
    {
        return Some("an error answer of Graph; look at its `code`, and fetch the record again");
    }
    root.members()
        .any(|member| {
            let known = |item: Item<'_>| {
                item.members()
                    .filter(|member| RECORD_NAMES.contains(&member.name))
                    .count()
            };
            known(member.value) >= 3
        })
        .then_some("a record inside another object; write the record itself, without the envelope")
}

fn tell_collection(root: Item<'_>, value: Item<'_>, context: Option<&str>) -> Told {
    let told = |kind| Told { kind, hint: None };
    if let Some(context) = context {
        let tail = context.rsplit('#').next().unwrap_or(context);
        if tail.contains("/participants_v2") {
            return told(Kind::ParticipantsPage);
        }
        if tail.contains("/sessions") {
            return told(Kind::SessionsPage);
        }
        if tail.contains("pstnCallLogRow") {
            return told(Kind::PstnRow);
        }
        if tail.contains("directRoutingLogRow") {
            return told(Kind::DirectRoutingRow);
        }
    }
    let first = value.elements().next();
    let kind = match first {
        Some(first) if looks_like_session(first) => Kind::SessionsPage,
        Some(first) => by_names(first).unwrap_or(Kind::Foreign),
        None => Kind::Foreign,
    };
    let hint = if kind != Kind::Foreign {
        None
    } else if value.json_type() == JsonType::Object {
        Some("an object inside `value`; write the record itself, without the envelope")
    } else if root.get("subscriptionId").is_some() {
        Some("an envelope around notifications")
    } else {
        Some("a collection; with --framing auto or array each element of `value` is a document")
    };
    Told { kind, hint }
}

fn looks_like_session(item: Item<'_>) -> bool {
    item.get("version").is_none()
        && item.get("type").is_none()
        && item.get("sessions").is_none()
        && (item.get("caller").is_some()
            || item.get("callee").is_some()
            || item.get("segments").is_some())
}

fn by_names(item: Item<'_>) -> Option<Kind> {
    let has = |name| item.get(name).is_some();
    if has("subscriptionId") && has("changeType") && has("resource") {
        return Some(Kind::ChangeNotification);
    }
    if has("trunkFullyQualifiedDomainName") || has("finalSipCode") || has("inviteDateTime") {
        return Some(Kind::DirectRoutingRow);
    }
    if has("callId") && (has("callType") || has("connectionCharge") || has("callDurationSource")) {
        return Some(Kind::PstnRow);
    }
    None
}

fn other_log_row(item: Item<'_>) -> Option<&'static str> {
    let has = |name| item.get(name).is_some();
    if has("smsId") {
        Some("a row of the SMS log")
    } else if has("userBlockMode") {
        Some("a row of the blocked users log")
    } else if has("notificationUrl") {
        Some("a request for a subscription")
    } else {
        None
    }
}

/// Shapes that other tools make of a record.
fn misnamed(root: Item<'_>) -> Option<&'static str> {
    let has = |name| root.get(name).is_some();
    if has("AdditionalProperties") || (has("StartDateTime") && has("Id")) {
        return Some(
            "PascalCase names: a PowerShell SDK object through ConvertTo-Json; save the raw answer of Invoke-MgGraphRequest -OutputType Json instead",
        );
    }
    if has("start_date_time") || has("additional_data") || has("backing_store") {
        return Some(
            "snake_case names: an SDK object, not Graph's JSON; save the raw answer of the GET instead",
        );
    }
    if has("startDateTime") && has("odataType") || has("oDataType") || has("OdataType") {
        return Some(
            "`odataType` for `@odata.type`: an SDK object, not Graph's JSON; save the raw answer of the GET instead",
        );
    }
    None
}

/// What PowerShell's `ConvertTo-Json` leaves where its `-Depth` ran out, if `item` is such a text.
pub fn cut_by_convert_to_json(item: Item<'_>) -> Option<&'static str> {
    let text = item.as_str()?;
    (text.starts_with("@{") || text.starts_with("System.") || text.starts_with("Microsoft.Graph."))
        .then_some(
            "what ConvertTo-Json writes where its -Depth ran out; save the raw answer instead",
        )
}

/// The id of the call that a context names: `…callRecords('{id}')/sessions`.
pub fn call_id_of_context(context: &str) -> Option<&str> {
    let (_, behind) = context.split_once("callRecords('")?;
    let (id, _) = behind.split_once('\'')?;
    (!id.is_empty()).then_some(id)
}

fn ends_with_ignore_case(text: &str, end: &str) -> bool {
    text.len() >= end.len()
        && text
            .get(text.len() - end.len()..)
            .is_some_and(|tail| tail.eq_ignore_ascii_case(end))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::record::{Caps, Parser};

    proptest! {
        #[test]
        fn a_plain_record_is_told_as_one_by_its_names_too(
            names in proptest::collection::vec(
                prop_oneof![
                    3 => proptest::sample::select(&RECORD_NAMES[..]),
                    1 => proptest::sample::select(&OTHER_NAMES[..]),
                    1 => proptest::sample::select(&[
                        "id", "AdditionalProperties", "start_date_time", "@odata.type", "changeType",
                        "resource", "callType", "caller", "error", "Id", "StartDateTime",
                    ][..]),
                ],
                0..5,
            ),
            context in 0..4,
            element in any::<bool>(),
        ) {
            let mut members: Vec<String> =
                names.iter().map(|name| format!("{name:?}: {{}}")).collect();
            members.extend((context > 0).then(|| {
                let tail = ["$entity", "callRecords", "$entity"][context as usize - 1];
                let of = ["communications/callRecords", "communications/callRecords", "users"];
                format!("\"@odata.context\": \"https://g/$metadata#{}/{tail}\"", of[context as usize - 1])
            }));
            let text = format!("{{{}}}", members.join(","));
            let mut parser = Parser::new(Caps::default());
            let document = parser.parse(text.as_bytes()).expect("JSON");
            let taken = Taken { element, context: None };
            prop_assert_eq!(tell(document.root(), taken), tell_by_names(document.root(), taken), "{}", text);
        }
    }
}
