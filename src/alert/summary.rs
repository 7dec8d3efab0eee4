//! An alert in one paragraph, made of nothing but the alert's own data.
//!
//! What, where in the call, who and at which end, how far over which limit, and what the other end
//! had. Many findings are summed up: how many, of how many people, the worst first. What is missing
//! is said to be missing. Text from records is escaped, so the paragraph stays one.
//!
//! It adds no judgement: what no rule said is not said here, and an address of a relay that was
//! allocated is never taken for a call that was relayed.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::people::{People, excess, worst};
use super::words::{counted, field_words, plural, quantity, text, when};
use super::{Alert, Client, Evidence, Finding, OtherEnd, Site};
use crate::sites::OUTSIDE;
use crate::text::Safe;

/// More comparisons of one place are only counted.
const COMPARISONS: usize = 4;
/// More people beside the worst are only counted.
const NEXT: usize = 3;
/// Longer names are cut.
const LONGEST_NAME: usize = 60;

/// The paragraph.
pub(super) fn summary(alert: &Alert) -> String {
    let Some(worst) = worst(alert) else {
        return String::new();
    };
    let mut text = text!("In {}, ", the_call(alert));
    if alert.findings.len() == 1 {
        text.push_str(&clause(alert, worst));
    } else {
        text.push_str(&many(alert, worst));
    }
    text.push('.');
    for sentence in caveats(alert) {
        text.push(' ');
        text.push_str(&sentence);
    }
    text
}

/// `a peer-to-peer call of 2020-02-25 18:52:21 UTC, 25 s`
fn the_call(alert: &Alert) -> String {
    let call = &alert.call;
    let kind = match call.call_type.as_deref() {
        Some("peerToPeer") => "a peer-to-peer call".to_owned(),
        Some("groupCall") => "a group call".to_owned(),
        Some(other) => text!("a call of type {}", name(other)),
        None => "a call whose type is missing".to_owned(),
    };
    match when(call.start.as_deref(), call.end.as_deref()) {
        Some(when) => text!("{kind} of {when}"),
        None => text!("{kind} without a start time"),
    }
}

/// What happened at one place.
fn clause(alert: &Alert, finding: &Finding) -> String {
    let what = &finding.what;
    let who = finding.client.as_ref().map(who);
    let media = what.media.as_deref().map(name);
    let facts = facts(finding);
    let with = |facts: String| match facts.is_empty() {
        true => String::new(),
        false => text!(" with {facts}"),
    };
    match alert.on {
        "stream" => {
            let media = media.unwrap_or_else(|| "media without a label".to_owned());
            match (who, what.path) {
                (Some(who), Some("uplink")) => text!("{who} sent {media}{}", with(facts)),
                (Some(who), _) => text!("{who} received {media}{}", with(facts)),
                (None, _) => {
                    let way = match what.direction.as_deref() {
                        Some("callerToCallee") => "from caller to callee",
                        Some("calleeToCaller") => "from callee to caller",
                        _ => "in a direction that is missing",
                    };
                    let had = with(facts).replacen(" with ", ", which had ", 1);
                    text!("{media} went {way}, no end of it known to be a person's{had}")
                }
            }
        }
        "feedback" => {
            let who = who.unwrap_or_else(|| "somebody".to_owned());
            let rating = what.rating.as_deref().map_or_else(
                || "gave a feedback whose rating is missing".to_owned(),
                |rating| text!("rated it {}", name(rating)),
            );
            let tokens = what.tokens.iter().map(|token| name(token));
            let tokens: Vec<String> = tokens.collect();
            let tokens = match tokens.is_empty() {
                true => String::new(),
                false => text!(" ({})", tokens.join(", ")),
            };
            text!(
                "{who} {rating}{tokens}{}{}",
                others_rating(finding),
                with(facts)
            )
        }
        on => {
            let of = who.map_or_else(String::new, |who| text!(" of {who}"));
            let place = match (on, media) {
                ("call", _) => "it".to_owned(),
                ("media", Some(media)) => text!("{media}{of}"),
                _ => text!("the {on}{of}"),
            };
            let failed = match (&what.stage, &what.reason) {
                (None, None) => String::new(),
                (Some(stage), None) => text!(" failed in {}", name(stage)),
                (None, Some(reason)) => text!(" failed: {}", name(reason)),
                (Some(stage), Some(reason)) => {
                    text!(" failed in {}: {}", name(stage), name(reason))
                }
            };
            match (failed.is_empty(), facts.is_empty()) {
                (true, true) => text!("{place} met the rule"),
                (true, false) => text!("{place} had {facts}"),
                (false, _) => text!("{place}{failed}{}", with(facts)),
            }
        }
    }
}

/// What the other end said, where that is another rating.
fn others_rating(finding: &Finding) -> String {
    let mut ratings = finding.evidence.iter();
    let other = ratings
        .find(|evidence| evidence.field == "rating")
        .and_then(|evidence| evidence.other.as_ref());
    match other {
        Some(other) if other.value.is_null() => "; the other end gave no rating".to_owned(),
        Some(other) => text!("; the other end rated it {}", quantity(&other.value, None)),
        None => String::new(),
    }
}

/// `Abbie Wilkins (caller, android, wifi 10.150.0.0, Default output device)`
fn who(client: &Client) -> String {
    let network = match (&client.connection, &client.subnet) {
        (Some(connection), Some(subnet)) => Some(text!("{} {}", name(connection), name(subnet))),
        (Some(one), None) | (None, Some(one)) => Some(name(one)),
        (None, None) => None,
    };
    let parts = [
        Some(client.end.to_owned()),
        client.platform.as_deref().map(name),
        network,
        client.site.as_ref().map(site),
        client.device.as_deref().map(name),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let called = match client.name.as_deref() {
        Some(given) => name(given),
        None => "somebody whose name is missing".to_owned(),
    };
    text!("{called} ({})", parts.join(", "))
}

/// `at SEA-1 in Seattle`
fn site(site: &Site) -> String {
    if site.building.as_deref() == Some(OUTSIDE) {
        return OUTSIDE.to_owned();
    }
    let place = site.building.as_ref().or(site.network_name.as_ref());
    let mut text = match place.or(site.cidr.as_ref()) {
        Some(place) => text!("at {}", name(place)),
        None => "inside".to_owned(),
    };
    if let Some(city) = &site.city {
        text.push_str(&text!(" in {}", name(city)));
    }
    if site.vpn {
        text.push_str(" by VPN");
    }
    text
}

/// The comparisons of a place, but those that its words say already.
fn facts(finding: &Finding) -> String {
    let what = &finding.what;
    let said = |evidence: &&Evidence| match evidence.field {
        "label" | "streamDirection" | "path" => true,
        "rating" => what.rating.is_some(),
        // That nothing was ticked is nothing to tell.
        "tokens" if evidence.op == "has" && evidence.value == serde_json::json!([]) => true,
        "tokens" => !what.tokens.is_empty(),
        "stage" => what.stage.is_some(),
        "reason" => what.reason.is_some(),
        _ => false,
    };
    let told: Vec<&Evidence> = finding.evidence.iter().filter(|e| !said(e)).collect();
    let mut facts: Vec<String> = told.iter().take(COMPARISONS).map(|e| fact(e)).collect();
    if told.len() > COMPARISONS {
        facts.push(text!("{} more", told.len() - COMPARISONS));
    }
    listed(&facts)
}

/// `average jitter 40 ms > 30 ms (jitter; 3 ms in the other direction)`
fn fact(evidence: &Evidence) -> String {
    let field = field_words(evidence.field);
    let value = quantity(&evidence.value, evidence.unit);
    let limit = quantity(&evidence.limit, evidence.unit);
    let text = match evidence.op {
        ">" | ">=" | "<" | "<=" => {
            let calculated = match &evidence.reading {
                Some(reading) => {
                    let reading = quantity(reading, evidence.unit);
                    text!("{field} {reading}, calculated {value}")
                }
                None => text!("{field} {value}"),
            };
            text!("{calculated} {} {limit}", evidence.op)
        }
        "!=" => text!("{field} {value}, not {limit}"),
        "!in" => text!("{field} {value}, none of {limit}"),
        "contains" => text!("{field} holding {limit}"),
        "!contains" => text!("{field} not holding {limit}"),
        "!has" => text!("{field} missing"),
        _ => text!("{field} {value}"),
    };
    let mut notes = Vec::new();
    notes.extend(evidence.limit_name.as_deref().map(name));
    notes.extend(
        evidence
            .other
            .as_ref()
            .and_then(|other| elsewhere(evidence, other)),
    );
    match notes.is_empty() {
        true => text,
        false => text!("{text} ({})", notes.join("; ")),
    }
}

/// What the same reading is at the other end, where it differs.
fn elsewhere(evidence: &Evidence, other: &OtherEnd) -> Option<String> {
    let there = match other.of {
        "direction" => "in the other direction",
        _ => "at the other end",
    };
    if other.count == 0 {
        return Some(match other.of {
            "direction" => "no stream in the other direction".to_owned(),
            _ => text!("nothing {there}"),
        });
    }
    let own = evidence.reading.as_ref().unwrap_or(&evidence.value);
    if other.value == *own {
        return None;
    }
    if other.value.is_null() {
        return Some(text!("missing {there}"));
    }
    let value = quantity(&other.value, evidence.unit);
    let too = match breaks(evidence, &other.value) {
        true => " too",
        false => "",
    };
    Some(text!("{value} {there}{too}"))
}

/// Whether another reading breaks the same limit.
fn breaks(evidence: &Evidence, value: &Json) -> bool {
    let (Some(value), Some(limit)) = (value.as_f64(), evidence.limit.as_f64()) else {
        return false;
    };
    match evidence.op {
        ">" => value > limit,
        ">=" => value >= limit,
        "<" => value < limit,
        "<=" => value <= limit,
        _ => false,
    }
}

/// Several findings: how many, of whom, the worst, the next, and where they all are.
fn many(alert: &Alert, worst: &Finding) -> String {
    let affected = alert.affected;
    let people = People::of(alert);
    let mut text = text!(
        "{} fired on {} of {} {}",
        name(&alert.rule),
        affected.fired,
        affected.of,
        plural(alert.on, affected.of),
    );
    let number = people.number();
    if number > 0 {
        let of = if number == 1 { "person" } else { "people" };
        text.push_str(&text!(", of {number} {of}"));
    }
    text.push_str(&kinds(alert));
    text.push_str(&text!("; the worst: {}", clause(alert, worst)));
    let next = people.next(worst);
    if !next.is_empty() {
        let mut shown: Vec<String> = next
            .iter()
            .take(NEXT)
            .map(|(client, finding)| next_one(client, finding))
            .collect();
        if next.len() > NEXT {
            let more = next.len() - NEXT;
            let of = if more == 1 { "person" } else { "people" };
            shown.push(text!("{more} more {of}"));
        }
        text.push_str(&text!("; then {}", listed(&shown)));
    }
    if let Some(place) = people.place() {
        text.push_str(&text!("; {}", Safe(&place)));
    }
    text
}

/// `: 12 main-audio received, 2 main-video sent`
fn kinds(alert: &Alert) -> String {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for finding in &alert.findings {
        let Some(media) = &finding.what.media else {
            continue;
        };
        let way = match finding.what.path {
            Some("uplink") => " sent",
            Some("downlink") => " received",
            _ => "",
        };
        *counts.entry(text!("{}{way}", name(media))).or_default() += 1;
    }
    let mut counts: Vec<(String, u64)> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    if counts.is_empty() {
        return String::new();
    }
    let more = counts.len().saturating_sub(NEXT);
    counts.truncate(NEXT);
    let mut shown: Vec<String> = counts
        .into_iter()
        .map(|(kind, number)| text!("{number} {kind}"))
        .collect();
    if more > 0 {
        shown.push(counted(more as u64, "other kind"));
    }
    text!(" ({})", shown.join(", "))
}

/// `Ben Ode (average jitter 266 ms)`
fn next_one(client: &Client, finding: &Finding) -> String {
    let called = match client.name.as_deref() {
        Some(given) => name(given),
        None => text!("somebody unnamed at the {}", client.end),
    };
    let by = finding
        .evidence
        .iter()
        .filter(|evidence| excess(evidence).is_some())
        .max_by(|a, b| {
            excess(a)
                .unwrap_or(0.0)
                .total_cmp(&excess(b).unwrap_or(0.0))
        });
    let what = &finding.what;
    let said = by.map_or_else(
        || {
            let word = what.rating.as_ref().or(what.stage.as_ref());
            word.map(|word| name(word))
        },
        |by| {
            let value = quantity(&by.value, by.unit);
            Some(text!("{} {value}", field_words(by.field)))
        },
    );
    match said {
        Some(said) => text!("{called} ({said})"),
        None => called,
    }
}

/// What limits the telling.
fn caveats(alert: &Alert) -> Vec<String> {
    let mut sentences = Vec::new();
    let affected = alert.affected;
    if affected.unknown > 0 {
        let fields: Vec<String> = alert
            .missing
            .iter()
            .map(|field| field_words(field))
            .collect();
        let lacked = match fields.is_empty() {
            true => "a reading is missing".to_owned(),
            false if fields.len() == 1 => text!("{} is missing", fields[0]),
            false => text!("{} are missing, one or all", listed(&fields)),
        };
        sentences.push(text!(
            "Of {} {} it could not be told: {lacked}.",
            affected.unknown,
            plural(alert.on, affected.unknown)
        ));
    }
    if alert.call.partial {
        sentences.push(match alert.call.sessions_seen {
            None => "The record is partial: more of its sessions may follow.".to_owned(),
            Some(seen) => text!(
                "The record is partial: {} of it seen by now, and more may follow.",
                counted(seen.into(), "session")
            ),
        });
    }
    if alert.call.invalid {
        sentences.push(
            "The record breaks its schema; readings under a violation count as missing.".to_owned(),
        );
    }
    sentences
}

/// A name from a record: escaped, and no longer than it must be.
fn name(text: &str) -> String {
    let longest = match text.len() > LONGEST_NAME {
        true => text.char_indices().nth(LONGEST_NAME),
        false => None,
    };
    match longest {
        Some((at, _)) => text!("{}…", Safe(&text[..at])),
        None => Safe(text).to_string(),
    }
}

/// `a, b and c`
fn listed(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => text!("{} and {last}", first.join(", ")),
    }
}
