//! Pieces of a record to a whole valid one: what a case does not say is filled in.
//!
//! What is filled in is structure, identity and times, never a reading: one that a case does not
//! give is missing. The caller is a person, the callee a service, and the medium is main audio.

use serde_json::{Map, Value, json};

/// The pieces that a case may give, outermost first.
pub(super) const PIECES: [&str; 6] = ["call", "session", "segment", "media", "stream", "feedback"];

/// The pieces of a case, by name.
pub(super) type Pieces = Map<String, Value>;

const START: &str = "2026-01-13T09:00:00Z";
const END: &str = "2026-01-13T09:30:00Z";

/// Lays `over` on `under`: objects member by member, of lists each item on what stands below.
pub(super) fn lay(under: &mut Value, over: Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (name, value) in over {
                lay(under.entry(name).or_insert(Value::Null), value);
            }
        }
        (under @ Value::Object(_), Value::Array(items)) => {
            let each = items.into_iter().map(|item| {
                let mut whole = under.clone();
                lay(&mut whole, item);
                whole
            });
            *under = Value::Array(each.collect());
        }
        (under, over) => *under = over,
    }
}

/// Lays pieces on pieces.
pub(super) fn lay_all(under: &mut Pieces, over: &Pieces) {
    for (name, value) in over {
        lay(
            under.entry(name.as_str()).or_insert_with(|| json!({})),
            value.clone(),
        );
    }
}

/// Takes a member out, `stream.averageJitter`, what is filled in too; of lists, out of each item.
pub(super) fn take_out(pieces: &mut Pieces, path: &str) {
    // Null stands for it until the record is whole: a case cannot say null itself.
    fn take(value: &mut Value, path: &[&str]) {
        match (value, path) {
            (Value::Array(items), path) => items.iter_mut().for_each(|item| take(item, path)),
            (value, [name, rest @ ..]) => {
                if !value.is_object() {
                    *value = json!({});
                }
                take(&mut value[*name], rest);
            }
            (value, []) => *value = Value::Null,
        }
    }
    let path: Vec<&str> = path.split('.').collect();
    if let [piece, rest @ ..] = path.as_slice() {
        take(pieces.entry(*piece).or_insert_with(|| json!({})), rest);
    }
}

fn prune(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(prune);
        }
        Value::Array(items) => items.iter_mut().for_each(prune),
        _ => {}
    }
}

/// A piece that holds one member at a path, `stream.averageJitter`.
pub(super) fn one(path: &str, value: Value) -> Pieces {
    let mut names: Vec<&str> = path.split('.').collect();
    let piece = names.remove(0);
    let inner = names
        .into_iter()
        .rev()
        .fold(value, |value, name| json!({ name: value }));
    let mut pieces = Pieces::new();
    pieces.insert(piece.to_owned(), inner);
    pieces
}

/// The whole record.
pub(super) fn whole(pieces: &Pieces) -> String {
    let piece = |name: &str| pieces.get(name).cloned();
    let times = json!({"startDateTime": START, "endDateTime": END});
    let ends = json!({
        "caller": {
            "@odata.type": "#microsoft.graph.callRecords.participantEndpoint",
            "userAgent": {
                "@odata.type": "#microsoft.graph.callRecords.clientUserAgent",
                "platform": "windows",
                "productFamily": "teams",
            },
        },
        "callee": {
            "@odata.type": "#microsoft.graph.callRecords.serviceEndpoint",
            "userAgent": {
                "@odata.type": "#microsoft.graph.callRecords.serviceUserAgent",
                "role": "mediaController",
            },
        },
    });
    let several = |value: Option<Value>, base: Value| -> Vec<Value> {
        let items = match value {
            None => return Vec::new(),
            Some(Value::Array(items)) => items,
            Some(one) => vec![one],
        };
        let each = items.into_iter().enumerate().map(|(at, item)| {
            let mut whole = base.clone();
            if whole.get("streamId").is_some() {
                whole["streamId"] = (at + 1).to_string().into();
            }
            lay(&mut whole, item);
            whole
        });
        each.collect()
    };
    let streams = several(
        piece("stream"),
        json!({"streamId": "1", "streamDirection": "calleeToCaller"}),
    );
    let mut media_base = json!({"label": "main-audio"});
    if !streams.is_empty() {
        media_base["streams"] = streams.into();
    }
    let media_piece = piece("media").or_else(|| piece("stream").map(|_| json!({})));
    let media = several(media_piece, media_base);
    let mut segment_base = json!({"id": "00000000-0000-0000-0000-000000000003"});
    lay(&mut segment_base, times.clone());
    lay(&mut segment_base, ends.clone());
    let has_media = !media.is_empty();
    if has_media {
        segment_base["media"] = media.into();
    }
    let segment_piece = piece("segment").or_else(|| has_media.then(|| json!({})));
    let segments = several(segment_piece, segment_base);
    let mut session = json!({
        "id": "00000000-0000-0000-0000-000000000002",
        "modalities": ["audio"],
    });
    lay(&mut session, times.clone());
    lay(&mut session, ends);
    session["segments"] = segments.into();
    if let Some(feedback) = piece("feedback") {
        session["caller"]["feedback"] = feedback;
    }
    let sessions = several(Some(piece("session").unwrap_or_else(|| json!({}))), session);
    let mut call = json!({
        "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#communications/callRecords/$entity",
        "id": "00000000-0000-0000-0000-000000000001",
        "version": 1,
        "type": "groupCall",
        "modalities": ["audio"],
        "lastModifiedDateTime": END,
    });
    lay(&mut call, times);
    call["sessions"] = sessions.into();
    if let Some(piece) = piece("call") {
        lay(&mut call, piece);
    }
    prune(&mut call);
    let mut text = serde_json::to_string_pretty(&call).unwrap_or_default();
    text.push('\n');
    text
}
