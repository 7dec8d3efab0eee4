//! Writes what is no call record, and records that hold no sessions.
//!
//! Shapes that land in the same folder: rows of the telephone logs, change
//! notifications, other people's JSON. None of these can raise an alert.

use super::json::Json;
use super::random::Random;
use super::words::{NAMES, UPNS};
use super::{Document, Planted, Verdict};

const START: u64 = 15_726_672_000_000_000;

/// A document that is JSON and no call record.
pub(crate) fn document(mut random: Random, text: String) -> Document {
    let mut json = Json { text, nulls: true };
    let kind = match random.below(5) {
        0 => {
            json.open('{');
            pstn_row(&mut json, &mut random);
            json.close('}');
            "PSTN row"
        }
        1 => {
            json.open('{');
            direct_routing_row(&mut json, &mut random);
            json.close('}');
            "Direct Routing row"
        }
        2 | 3 => {
            notification(&mut json, &mut random);
            "change notification"
        }
        _ => {
            json.raw(random.pick(&[
                r#"{"menu":{"id":"file","items":[{"label":null},{"label":"Öffnen"}]}}"#,
                r#"{"id":"7","type":"order","version":3,"lines":[{"sku":"A-1","n":2}]}"#,
                r#"{"error":{"code":"TooManyRequests","message":"","innerError":{}}}"#,
                "{}",
            ]));
            "foreign"
        }
    };
    planted(json.text, Verdict::Foreign, kind, None)
}

/// A record whose sessions were never expanded.
pub(crate) fn unexpanded(mut random: Random, text: String, listed: bool) -> Document {
    let call = (random.next(), random.next());
    let mut id = Json::default();
    id.guid(call);
    let mut json = Json { text, nulls: true };
    json.open('{');
    if !listed {
        let context =
            "https://graph.microsoft.com/v1.0/$metadata#communications/callRecords/$entity";
        json.string_field("@odata.context", context);
    }
    json.guid_field("id", call);
    json.integer_field("version", random.within(1, 4) as i64);
    json.string_field("type", random.pick(&["peerToPeer", "groupCall", "unknown"]));
    json.raw_field(
        "modalities",
        random.pick(&["[]", r#"["audio"]"#, r#"["audio","video"]"#]),
    );
    let start = START + random.below(1_000_000_000_000_000);
    json.time_field("lastModifiedDateTime", start + 9_000_000_001, 0);
    json.time_field("startDateTime", start, 0);
    json.time_field("endDateTime", start + 600_000_000, 0);
    json.null_field("joinWebUrl");
    json.null_field("organizer");
    json.raw_field("participants", "[]");
    json.close('}');
    planted(json.text, Verdict::Valid, "callRecord", Some(id.text))
}

fn planted(text: String, verdict: Verdict, kind: &'static str, call: Option<String>) -> Document {
    let planted = Planted {
        verdict,
        kind,
        call_id: call,
        unexpanded: verdict == Verdict::Valid,
        notices: false,
        violation: None,
        alerts: Vec::new(),
    };
    Document { text, planted }
}

fn who(json: &mut Json, random: &mut Random) {
    json.guid_field("id", (random.next(), random.next()));
    json.guid_field("userId", (random.next(), random.next()));
    json.string_field("userPrincipalName", random.pick(UPNS));
    json.string_field("userDisplayName", random.pick(NAMES));
}

fn pstn_row(json: &mut Json, random: &mut Random) {
    who(json, random);
    json.string_field("callId", "1835317186_112562680@61.221.3.176");
    let (start, seconds) = (START + random.below(10_000_000_000), random.below(900));
    json.time_field("startDateTime", start, 0);
    json.time_field("endDateTime", start + seconds * 10_000_000, 0);
    json.integer_field("duration", seconds as i64);
    json.raw_field("charge", "0.00");
    json.string_field("callType", "user_in");
    json.string_field("currency", "USD");
    json.string_field("calleeNumber", "+1234567890");
    json.string_field("usageCountryCode", "US");
    json.string_field("tenantCountryCode", "US");
    json.raw_field("connectionCharge", "0.00");
    json.string_field("callerNumber", "+0123456789");
    json.null_field("destinationContext");
    json.string_field("destinationName", "United States");
    json.null_field("conferenceId");
    json.string_field("licenseCapability", "MCOPSTNU");
    json.string_field("inventoryType", "Subscriber");
    json.string_field("operator", "Microsoft");
    json.string_field("callDurationSource", "microsoft");
}

fn direct_routing_row(json: &mut Json, random: &mut Random) {
    who(json, random);
    json.guid_field("correlationId", (random.next(), random.next()));
    let start = START + random.below(10_000_000_000);
    json.time_field("inviteDateTime", start, 0);
    json.time_field("startDateTime", start + 20_000_000, 0);
    json.time_field("endDateTime", start + 620_000_000, 0);
    json.string_field("failureDateTime", "0001-01-01T00:00:00Z");
    json.integer_field("duration", 60);
    json.string_field("callType", "ByotIn");
    json.raw_field("successfulCall", "true");
    json.string_field("callerNumber", "+12345678***");
    json.string_field("calleeNumber", "+01234567***");
    json.string_field("mediaPathLocation", "USWE");
    json.string_field("signalingLocation", "EUNO");
    json.integer_field("finalSipCode", 0);
    json.integer_field("callEndSubReason", 540_000);
    json.string_field("finalSipCodePhrase", "BYE");
    json.string_field(
        "trunkFullyQualifiedDomainName",
        "tll-audiocodes01.adatum.biz",
    );
    json.raw_field("mediaBypassEnabled", "false");
}

fn notification(json: &mut Json, random: &mut Random) {
    let mut resource = Json::default();
    resource.text.push_str("communications/callRecords/");
    let call = (random.next(), random.next());
    resource.guid(call);
    json.open('{');
    json.field_open("value", '[');
    json.open('{');
    json.guid_field("subscriptionId", (random.next(), random.next()));
    json.string_field("clientState", "sample");
    json.string_field("changeType", random.pick(&["created", "updated"]));
    json.string_field("resource", &resource.text);
    json.string_field(
        "subscriptionExpirationDateTime",
        "2026-07-29T00:00:00+00:00",
    );
    json.field_open("resourceData", '{');
    json.string_field("@odata.type", "#microsoft.graph.callrecord");
    json.string_field("@odata.id", &resource.text);
    json.guid_field("id", call);
    json.close('}');
    json.guid_field("tenantId", (random.next(), random.next()));
    json.close('}');
    json.close(']');
    json.close('}');
}
