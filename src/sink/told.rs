//! An alert as sinks read it: its JSON, and the words for people.
//!
//! Sinks know an alert by its JSON alone, so one that waited on a disk since an
//! earlier version is told like a new one. Members that are missing are left
//! out; nothing here fails, and nothing here escapes: that is each sink's.

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::private::Shown;

/// One alert, ready to be told.
#[derive(Clone, Debug)]
pub struct Told {
    json: Arc<str>,
    value: Value,
    event: String,
}

/// Why a text is no alert.
#[derive(Debug, thiserror::Error)]
pub enum NoAlert {
    /// It is no JSON.
    #[error("it is no JSON: {0}")]
    NoJson(#[from] serde_json::Error),
    /// It is JSON of another kind.
    #[error("it is no alert: its `schema` is not qualwatch.alert/1")]
    OtherSchema,
}

impl Told {
    /// Reads an alert's JSON.
    ///
    /// # Errors
    /// If the text is no JSON, or not of `schemas/alert.schema.json`'s kind.
    pub fn read(json: impl Into<Arc<str>>) -> Result<Told, NoAlert> {
        let json = json.into();
        let value: Value = serde_json::from_str(&json)?;
        if value.get("schema").and_then(Value::as_str) != Some(crate::alert::SCHEMA) {
            return Err(NoAlert::OtherSchema);
        }
        let event = event_id(&value);
        Ok(Told { json, value, event })
    }

    /// Takes an [`Alert`](crate::Alert) or a [`Transition`](crate::alert::Transition) as it was
    /// raised.
    ///
    /// # Errors
    /// Never for an alert of this version; the type says so for those that read old ones.
    pub fn new(alert: &impl serde::Serialize) -> Result<Told, NoAlert> {
        let json = serde_json::to_string(alert)?;
        Told::read(crate::text::safe_json(&json).into_owned())
    }

    /// One line of JSON without its end; nothing in it moves a cursor or turns a line around.
    pub fn json(&self) -> &Arc<str> {
        &self.json
    }

    /// The alert's JSON, parsed.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The same telling has the same key, however often it is sent: a hash of the alert's id,
    /// its state and what it says, but not of when and from which file.
    pub fn event(&self) -> &str {
        &self.event
    }

    /// The text at a JSON Pointer.
    pub fn text(&self, pointer: &str) -> Option<&str> {
        self.value.pointer(pointer).and_then(Value::as_str)
    }

    /// The rule's name.
    pub fn rule(&self) -> &str {
        self.text("/rule").unwrap_or("unnamed")
    }

    /// The severity's name.
    pub fn severity(&self) -> &str {
        self.text("/severity").unwrap_or("info")
    }

    /// `event`, or what became of a condition that lasts.
    pub fn state(&self) -> &str {
        self.text("/state").unwrap_or("event")
    }

    /// Whether the condition lasts until an alert says that it is over.
    pub fn lasts(&self) -> bool {
        self.state() == "firing"
    }

    /// Whether it ends what was told before: it is over, or it never was.
    pub fn resolves(&self) -> bool {
        matches!(self.state(), "resolved" | "retracted")
    }

    /// Whether it is not to be told yet: it holds, but not for long enough.
    pub fn is_pending(&self) -> bool {
        self.state() == "pending"
    }

    /// Alerts of one order key are told in their order: those of one window's key, or of one rule
    /// on one call.
    pub fn order_key(&self) -> String {
        let call = self.call().unwrap_or_default();
        format!("{}/{call}", self.fingerprint())
    }

    /// What tells one lasting condition from another.
    pub fn fingerprint(&self) -> &str {
        self.text("/fingerprint").unwrap_or_default()
    }

    /// The call's id.
    pub fn call(&self) -> Option<&str> {
        self.text("/call/id")
    }

    /// The rule's labels, in their order.
    pub fn labels(&self) -> impl Iterator<Item = (&str, &str)> {
        self.value
            .get("labels")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
    }

    /// The alert in words, with nothing in them that `shown` keeps back.
    pub fn brief(&self, shown: Shown) -> Brief {
        let number = |pointer: &str| self.value.pointer(pointer).and_then(Value::as_u64);
        let mut headline = format!("{}: {}", self.severity(), self.rule());
        match self.state() {
            "event" => {}
            state => {
                let _ = write!(headline, " ({state})");
            }
        }
        let on = self.text("/on").unwrap_or("call");
        let mut facts = Vec::new();
        if let Some(call) = self.call() {
            let kind = self.text("/call/type").unwrap_or("call");
            facts.push(("Call", format!("{call}, {kind}")));
        }
        if let Some(start) = self.text("/call/start") {
            let end = self.text("/call/end").unwrap_or("?");
            facts.push(("Time", format!("{} to {}", moment(start), moment(end))));
        }
        if let (Some(fired), Some(of)) = (number("/affected/fired"), number("/affected/of")) {
            let many = if of == 1 || on == "feedback" || on == "media" {
                on.to_owned()
            } else {
                format!("{on}s")
            };
            let mut text = format!("{fired} of {of} {many}");
            if let Some(unknown) = number("/affected/unknown").filter(|unknown| *unknown > 0) {
                let _ = write!(text, ", {unknown} could not tell");
            }
            facts.push(("Affected", text));
        }
        if let Some(window) = self.value.get("window") {
            facts.extend(window_facts(window));
        }
        if let Some(more) = number("/more/count").filter(|more| *more > 0) {
            facts.push(("Meanwhile", format!("{more} more since the last one")));
        }
        let mut places: Vec<String> = Vec::new();
        let findings = self.value.get("findings").and_then(Value::as_array);
        let findings = findings.map(Vec::as_slice).unwrap_or_default();
        let withheld = findings.iter().any(|finding| is_withheld(finding, shown));
        let summary = self.text("/summary").filter(|_| !withheld);
        let paragraph = summary.or(self.text("/title"));
        for finding in findings.iter().take(PLACES) {
            places.push(place(finding, on, shown));
        }
        let links = match self.value.get("links") {
            Some(Value::Object(links)) => links
                .iter()
                .filter_map(|(name, url)| Some((name.clone(), url.as_str()?.to_owned())))
                .collect(),
            Some(Value::Array(links)) => links
                .iter()
                .filter_map(|link| {
                    let url = link.get("url")?.as_str()?;
                    let name = link.get("name").or(link.get("title"));
                    Some((
                        name.and_then(Value::as_str).unwrap_or("link").to_owned(),
                        url.to_owned(),
                    ))
                })
                .collect(),
            _ => Vec::new(),
        };
        Brief {
            headline: shown.scrub(&headline),
            paragraph: paragraph.map(|text| shown.scrub(text)),
            facts: facts
                .into_iter()
                .map(|(name, text)| (name, shown.scrub(&text)))
                .collect(),
            more: findings.len().saturating_sub(PLACES),
            places,
            links,
            id: self.event.chars().take(12).collect(),
        }
    }
}

/// Whether a finding has something to keep back that its shape alone does not give away, such as a
/// phone's bare number or what a user wrote: a paragraph that names it cannot be shown.
fn is_withheld(finding: &Value, shown: Shown) -> bool {
    let hidden = |text: &str, said: String| said != shown.scrub(text);
    let name = finding.pointer("/client/name").and_then(Value::as_str);
    let evidence = finding.get("evidence").and_then(Value::as_array);
    name.is_some_and(|name| hidden(name, shown.name(name)))
        || evidence.into_iter().flatten().any(|evidence| {
            let field = evidence["field"].as_str().unwrap_or_default();
            ["/value", "/reading", "/limit", "/other/value"]
                .into_iter()
                .filter_map(|pointer| evidence.pointer(pointer)?.as_str())
                .any(|text| hidden(text, shown.reading(field, text)))
        })
}

/// Places that a message for people lists; the others are counted.
const PLACES: usize = 8;

/// An alert in words. Nothing in it is escaped yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brief {
    /// severity and rule
    pub headline: String,
    /// the alert in a sentence or more, where it has them
    pub paragraph: Option<String>,
    /// the call, its times, how much of it
    pub facts: Vec<(&'static str, String)>,
    /// where the rule fired, and the readings that made it
    pub places: Vec<String>,
    /// further places, not listed
    pub more: usize,
    /// names and addresses of pages, which come from the configuration
    pub links: Vec<(String, String)>,
    /// the beginning of the telling's key: one that came twice is known by it
    pub id: String,
}

impl Brief {
    /// The brief as lines of plain text.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.headline.clone()];
        lines.extend(self.paragraph.clone());
        lines.extend(
            self.facts
                .iter()
                .map(|(name, text)| format!("{name}: {text}")),
        );
        lines.extend(self.places.iter().cloned());
        if self.more > 0 {
            lines.push(format!("and {} more", self.more));
        }
        lines.extend(
            self.links
                .iter()
                .map(|(name, url)| format!("{name}: {url}")),
        );
        lines.push(format!("id {}", self.id));
        lines
    }
}

/// What a window holds.
fn window_facts(window: &Value) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    let texts = |name: &str| -> Vec<&str> {
        let items = window.get(name).and_then(Value::as_array);
        items
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    };
    let key = texts("key");
    if !key.is_empty() {
        facts.push(("Key", key.join(", ")));
    }
    let unit = window["unit"].as_str();
    let unit = unit.or((window["measure"] == "share").then_some("ratio"));
    if window["value"].is_number() {
        let measure = window["measure"].as_str().unwrap_or("value");
        let (value, limit) = (
            quantity(&window["value"], unit),
            quantity(&window["limit"], unit),
        );
        facts.push(("Window", format!("{measure} {value}, limit {limit}")));
    }
    let mut held: Vec<String> = Vec::new();
    for name in ["samples", "users", "calls"] {
        if let Some(count) = window[name].as_u64() {
            held.push(format!("{count} {name}"));
        }
    }
    if !held.is_empty() {
        facts.push(("Over", held.join(", ")));
    }
    if let Some(since) = window["since"].as_str() {
        facts.push(("Since", moment(since)));
    }
    facts
}

/// `2026-01-13T09:00:00.1234567Z` without its fraction.
fn moment(written: &str) -> String {
    match written.split_once('.') {
        Some((whole, fraction)) if fraction.ends_with('Z') => format!("{whole}Z"),
        _ => written.to_owned(),
    }
}

fn place(finding: &Value, on: &str, shown: Shown) -> String {
    let text = |pointer: &str| finding.pointer(pointer).and_then(Value::as_str);
    let mut words: Vec<String> = Vec::new();
    words.extend(text("/what/media").map(str::to_owned));
    words.extend(
        text("/what/path")
            .or(text("/what/direction"))
            .map(str::to_owned),
    );
    words.extend(text("/what/rating").map(|rating| format!("rated {rating}")));
    if let Some(tokens) = finding.pointer("/what/tokens").and_then(Value::as_array) {
        let tokens: Vec<&str> = tokens.iter().filter_map(Value::as_str).collect();
        if !tokens.is_empty() {
            words.push(format!("({})", tokens.join(", ")));
        }
    }
    words.extend(text("/what/stage").map(|stage| format!("failed in {stage}")));
    words.extend(text("/what/reason").map(str::to_owned));
    if words.is_empty() {
        words.push(on.to_owned());
    }
    let mut line = shown.scrub(&words.join(" "));
    let mut who: Vec<String> = Vec::new();
    who.extend(text("/client/name").map(|name| shown.name(name)));
    for pointer in ["/client/end", "/client/platform"] {
        who.extend(text(pointer).map(|word| shown.scrub(word)));
    }
    let subnet = text("/client/subnet").filter(|_| shown.addresses);
    let network = [text("/client/connection"), subnet];
    let network: Vec<&str> = network.into_iter().flatten().collect();
    if !network.is_empty() {
        who.push(shown.scrub(&network.join(" ")));
    }
    who.extend(text("/client/device").map(|device| shown.scrub(device)));
    if !who.is_empty() {
        let _ = write!(line, " — {}", who.join(", "));
    }
    if let Some(message) = text("/message") {
        let _ = write!(line, ": {}", shown.scrub(message));
    }
    let evidence = finding.get("evidence").and_then(Value::as_array);
    for evidence in evidence.into_iter().flatten() {
        let limit = &evidence["limit"];
        if limit.is_null() || limit.is_array() {
            continue;
        }
        let field = evidence["field"].as_str().unwrap_or("reading");
        let unit = evidence["unit"].as_str();
        let _ = write!(
            line,
            "; {} {} {} {}",
            shown.scrub(field),
            shown.reading(field, &quantity(&evidence["value"], unit)),
            evidence["op"].as_str().unwrap_or("?"),
            shown.reading(field, &quantity(limit, unit)),
        );
    }
    line
}

/// A value with its unit.
pub(crate) fn quantity(value: &Value, unit: Option<&str>) -> String {
    let number = |value: f64| {
        let rounded = (value * 1000.0).round() / 1000.0;
        format!("{rounded}")
    };
    match (value, unit) {
        (Value::Number(given), Some("ratio")) => {
            format!("{} %", number(given.as_f64().unwrap_or_default() * 100.0))
        }
        (Value::Number(given), Some("percent")) => {
            format!("{} %", number(given.as_f64().unwrap_or_default()))
        }
        (Value::Number(given), unit) => {
            let text = number(given.as_f64().unwrap_or_default());
            match unit {
                Some(unit) if unit != "count" => format!("{text} {unit}"),
                _ => text,
            }
        }
        (Value::String(text), _) => text.clone(),
        (other, _) => other.to_string(),
    }
}

/// The telling's key; see [`Told::event`].
fn event_id(value: &Value) -> String {
    let mut said = value.clone();
    if let Some(members) = said.as_object_mut() {
        members.remove("raisedAt");
        members.remove("source");
    }
    // `serde_json` keeps objects sorted, so the text does not depend on the writer's order.
    let digest = Sha256::digest(format!("qualwatch.event\n{said}").as_bytes());
    digest
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests;
