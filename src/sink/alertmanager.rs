//! Alertmanager, by its API v2.
//!
//! Labels are the alert's identity there. An event's end lies in the future, or
//! it would be resolved before anybody hears of it; an alert that lasts is
//! posted again until it is resolved. Alertmanager forwards to chat and mail, so
//! what stays out of those stays out of here.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::http::Client;
use super::private::Shown;
use super::secret::Secret;
use super::{Gather, Outcome, Parcel, Sink, Told, chat};
use crate::config::table::Table;

/// An Alertmanager.
pub(super) struct Alertmanager {
    client: Client,
    token: Option<Secret>,
    shown: Shown,
    lasts: Duration,
    repeat: Duration,
}

/// Most alerts of one request.
const MOST: usize = 64;

impl Alertmanager {
    pub(super) fn read(table: &Table<'_, '_>) -> Option<Alertmanager> {
        let shown = chat::shown(table);
        let token = table.secret(["token", "token_file", "token_env"], false);
        let lasts = table
            .time("event_lasts")
            .unwrap_or(Duration::from_secs(3600));
        let repeat = table.time("repeat").unwrap_or(Duration::from_secs(60));
        if lasts < Duration::from_secs(60) {
            let help =
                "Alertmanager groups for 30 s before it notifies; give at least 1m".to_owned();
            table.fault(
                "event_lasts",
                "`event_lasts` is too short to be noticed",
                Some(help),
            );
        }
        if repeat < Duration::from_secs(1) {
            table.fault("repeat", "`repeat` is at least 1s", None);
        }
        let client = Client::read(table, "http://127.0.0.1:9093")?.at("/api/v2/alerts");
        Some(Alertmanager {
            client,
            token,
            shown,
            lasts,
            repeat,
        })
    }
}

impl Sink for Alertmanager {
    fn send(&self, parcel: &Parcel<'_>) -> Outcome {
        let alerts: Vec<Value> = parcel
            .alerts
            .iter()
            .map(|told| alert(told, parcel.now, self.shown, self.lasts, self.repeat))
            .collect();
        let body = crate::text::safe_json(&Value::Array(alerts).to_string()).into_owned();
        let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        if let Some(token) = &self.token {
            headers.push(("authorization".into(), format!("Bearer {}", token.reveal())));
        }
        match self.client.post(&headers, body.as_bytes(), parcel.now) {
            Ok(reply) => self.client.classify(&reply),
            Err(outcome) => outcome,
        }
    }

    fn gather(&self) -> Gather {
        Gather::Any(MOST)
    }

    fn repeat(&self) -> Option<Duration> {
        Some(self.repeat)
    }

    fn shown(&self) -> String {
        self.client.shown()
    }
}

/// The alert as Alertmanager's API takes it.
pub(super) fn alert(
    told: &Told,
    now: Timestamp,
    shown: Shown,
    lasts: Duration,
    repeat: Duration,
) -> Value {
    let at = |pointer: &str| {
        told.text(pointer)
            .and_then(|text| text.parse::<Timestamp>().ok())
    };
    let raised = at("/raisedAt").unwrap_or(now);
    let starts = at("/window/since").unwrap_or(raised).min(now);
    let ahead = |time: Duration| now.checked_add(time).unwrap_or(Timestamp::MAX);
    let ends = if told.resolves() {
        raised.min(now)
    } else if told.lasts() {
        // Long enough that some posts may fail before it seems over.
        ahead((repeat * 4).max(Duration::from_secs(240)))
    } else {
        ahead(lasts)
    };
    let mut labels: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in told.labels() {
        labels.insert(label_name(name), value_text(value, shown));
    }
    let own = [
        ("alertname", Some(told.rule())),
        ("severity", Some(told.severity())),
        ("call_id", told.call()),
        ("call_type", told.text("/call/type")),
        ("fingerprint", Some(told.fingerprint())),
    ];
    for (name, value) in own {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            // A rule's label of this name keeps its value under another.
            if let Some(rules) = labels.insert(name.to_owned(), value_text(value, shown)) {
                labels.entry(format!("rule_{name}")).or_insert(rules);
            }
        }
    }
    let brief = told.brief(shown);
    let mut annotations = BTreeMap::new();
    let summary = brief
        .paragraph
        .clone()
        .unwrap_or_else(|| brief.headline.clone());
    annotations.insert("summary".to_owned(), chat::cut(&summary, 1000));
    let mut description: Vec<String> = brief
        .places
        .iter()
        .map(|place| chat::cut(place, 600))
        .collect();
    if brief.more > 0 {
        description.push(format!("and {} more", brief.more));
    }
    annotations.insert("description".to_owned(), description.join("\n"));
    for (name, text) in &brief.facts {
        annotations.insert(name.to_lowercase(), chat::cut(text, 300));
    }
    for (name, url) in &brief.links {
        annotations.insert(format!("link_{}", label_name(name)), url.clone());
    }
    annotations.retain(|_, text| !text.is_empty());
    let mut alert = json!({
        "labels": labels,
        "annotations": annotations,
        "startsAt": starts.min(ends).to_string(),
        "endsAt": ends.to_string(),
    });
    if let Some((_, url)) = brief
        .links
        .first()
        .filter(|(_, url)| url.starts_with("http"))
    {
        alert["generatorURL"] = url.clone().into();
    }
    alert
}

fn value_text(text: &str, shown: Shown) -> String {
    chat::cut(&shown.scrub(text), 300)
}

/// A name in the alphabet of labels: letters, digits and `_`, no digit first.
fn label_name(name: &str) -> String {
    let mut label: String = name
        .chars()
        .map(|character| {
            if character.is_ascii_alphanumeric() {
                character
            } else {
                '_'
            }
        })
        .take(100)
        .collect();
    // Two underscores in front are Prometheus's own.
    if label.is_empty()
        || label.starts_with(|c: char| c.is_ascii_digit())
        || label.starts_with("__")
    {
        label.insert_str(0, "label_");
    }
    label
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::sample;

    fn times(json: &str, now: &str) -> (Timestamp, Timestamp, Timestamp) {
        let told = Told::read(json.to_owned()).expect("an alert");
        let now: Timestamp = now.parse().expect("a time");
        let minute = Duration::from_secs(60);
        let alert = alert(&told, now, Shown::default(), minute * 60, minute);
        let read = |name: &str| alert[name].as_str().and_then(|text| text.parse().ok());
        (
            read("startsAt").expect("starts"),
            read("endsAt").expect("ends"),
            now,
        )
    }

    #[test]
    fn an_event_ends_in_the_future_however_late_it_is_posted() {
        for now in ["2026-01-13T09:40:01Z", "2026-02-13T09:40:01Z"] {
            let (starts, ends, now) = times(&sample::alert_json(), now);
            assert!(starts < now && now < ends);
        }
    }

    #[test]
    fn what_lasts_ends_in_the_future_until_it_is_resolved() {
        let firing = sample::alert_json().replace("\"event\"", "\"firing\"");
        let (_, ends, now) = times(&firing, "2026-01-14T00:00:00Z");
        assert!(ends > now);
        let resolved = sample::alert_json().replace("\"event\"", "\"resolved\"");
        let (starts, ends, now) = times(&resolved, "2026-01-14T00:00:00Z");
        assert!(starts <= ends && ends <= now);
    }

    #[test]
    fn label_names_keep_to_the_alphabet() {
        for (name, label) in [
            ("team", "team"),
            ("on-call", "on_call"),
            ("9to5", "label_9to5"),
            ("", "label_"),
            ("__name__", "label___name__"),
            ("büro\n", "b_ro_"),
        ] {
            assert_eq!(label_name(name), label);
        }
    }
}
