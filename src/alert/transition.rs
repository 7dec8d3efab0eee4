//! An alert over time: one transition, of a window's key or of an alert on calls.
//!
//! The same line as an [`Alert`](super::Alert)'s in the shape of `schemas/alert.schema.json`, with
//! the same fingerprint in each state. It has no findings: those are in the alerts of the calls
//! that it names.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::words::{count, counted, quantity};
use super::{SCHEMA, Severity, State, severity_name};
use crate::rules::{WindowMeasured, WindowRule};
use crate::text::Safe;
use crate::window::{Measure, Spec};

/// More calls than this are only counted in words.
const CALLS: usize = 5;

/// What came while a fingerprint kept quiet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct More {
    /// how many
    pub count: u32,
    /// their calls, the first hundred
    pub calls: Vec<String>,
}

/// A call, by its id alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CallId {
    /// the id
    pub id: String,
}

/// What a window holds, and what it is held against.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WindowRef {
    /// `count`, `share`, `mean`, `percentile`, `distinct`, `spike` or `silence`
    pub measure: &'static str,
    /// the key, part by part; empty where everything is one
    pub key: Vec<String>,
    /// what sort of text each part is, where it is no word of Graph's
    #[serde(skip)]
    pub(crate) kinds: Vec<Option<&'static str>>,
    /// what was measured; absent where the window is empty
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// `>` or `<`: beyond the limit is bad
    #[serde(skip_serializing_if = "Option::is_none")]
    pub op: Option<&'static str>,
    /// the limit
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    /// its name
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_name: Option<String>,
    /// beyond this it goes on, once it fired
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clear: Option<f64>,
    /// the unit of value and limits
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<&'static str>,
    /// the length of the window
    pub within_seconds: u32,
    /// samples in it
    pub samples: u32,
    /// of a share: those that are true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hits: Option<u32>,
    /// different users in it
    pub users: u32,
    /// different calls in it
    pub calls: u32,
    /// when it began to hold, RFC 3339
    pub since: String,
}

/// One transition.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Transition {
    /// always [`SCHEMA`]
    pub schema: Schema,
    /// hash of rule, key, state and time
    pub id: String,
    /// hash of rule and key, the same in each state
    pub fingerprint: String,
    /// what became of it
    pub state: State,
    /// the rule's name
    pub rule: String,
    /// the rule's severity
    #[serde(serialize_with = "severity_name")]
    pub severity: Severity,
    /// the rule's level, if it has one
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<&'static str>,
    /// the rule's own words for it, if it has any
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// the whole in a sentence
    pub summary: String,
    /// when this was told, RFC 3339
    pub raised_at: String,
    /// when it became so, on the clock of the calls, or on that of `clock`
    pub at: String,
    /// `wall`, where wall time brought it
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock: Option<&'static str>,
    /// whether the key was given up, at a limit or since its rule is gone
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub evicted: bool,
    /// the call, where it is of one
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<CallId>,
    /// the window, where it is of one
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<WindowRef>,
    /// the calls behind it, the first hundred
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<String>,
    /// what came while it kept quiet
    #[serde(skip_serializing_if = "Option::is_none")]
    pub more: Option<More>,
    /// the rule's labels
    pub labels: BTreeMap<String, String>,
}

/// The version of the JSON, always [`SCHEMA`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Schema;

impl Serialize for Schema {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(SCHEMA)
    }
}

impl Transition {
    /// Puts it into words, of what it says besides.
    pub(crate) fn tell(&mut self) {
        self.summary = match &self.window {
            Some(window) => self.of_window(window),
            None => self.of_calls(),
        };
        if let Some(more) = self.more.as_ref() {
            let calls = named(&more.calls);
            self.summary.push_str(&format!(
                " {} more since the last one{calls}.",
                count(more.count.into())
            ));
        }
        if self.evicted {
            self.summary.push_str(
                " It is no longer watched: the limit of keys was reached, or its rule is gone.",
            );
        }
    }

    fn of_calls(&self) -> String {
        match (self.state, &self.call) {
            (State::Retracted, _) => {
                "A newer version of the record no longer supports this alert.".to_owned()
            }
            (State::Repeated, _) => "The same problem came again.".to_owned(),
            (_, _) => "No call supports this alert any more.".to_owned(),
        }
    }

    fn of_window(&self, window: &WindowRef) -> String {
        let whose = match window.key.as_slice() {
            [] => String::new(),
            parts => {
                let parts: Vec<String> = parts.iter().map(|part| Safe(part).to_string()).collect();
                format!("{}: ", parts.join(", "))
            }
        };
        let what = match self.state {
            State::Resolved => "over",
            State::Retracted => "it never was, as later data shows",
            State::Pending => "it holds, and fires if it goes on",
            State::Repeated => "still so",
            State::Firing | State::Event => "",
        };
        let holds = if window.measure == "silence" {
            match self.state {
                State::Firing => format!("nothing since {}", window.since),
                _ => "something came again".to_owned(),
            }
        } else {
            content(window)
        };
        let gap = if what.is_empty() { "" } else { "; " };
        format!("{whose}{what}{gap}{holds}.")
    }
}

/// `22 % of 120 > 20 %, 9 users, 12 calls within 60 min`
fn content(window: &WindowRef) -> String {
    let number = |value: f64| quantity(&serde_json::Value::from(value), window.unit);
    let value = match (window.value, window.hits) {
        (None, _) => return format!("nothing within {}", length(window.within_seconds)),
        (Some(value), Some(hits)) => format!(
            "{} ({} of {})",
            number(value),
            count(hits.into()),
            count(window.samples.into())
        ),
        (Some(value), None) => match window.measure {
            "spike" => format!(
                "{} times its usual count, {}",
                number(value),
                counted(window.samples.into(), "sample")
            ),
            measure => format!(
                "{measure} {} of {}",
                number(value),
                counted(window.samples.into(), "sample")
            ),
        },
    };
    let limit = match (window.op, window.limit) {
        (Some(op), Some(limit)) => {
            let beyond = window.value.is_some_and(|value| match op {
                "<" => value < limit,
                _ => value > limit,
            });
            format!(" {} {}", if beyond { op } else { "against" }, number(limit))
        }
        _ => String::new(),
    };
    format!(
        "{value}{limit}; {}, {} within {}",
        counted(window.users.into(), "user"),
        counted(window.calls.into(), "call"),
        length(window.within_seconds),
    )
}

fn named(calls: &[String]) -> String {
    if calls.is_empty() {
        return String::new();
    }
    let shown: Vec<String> = calls
        .iter()
        .take(CALLS)
        .map(|call| Safe(call).to_string())
        .collect();
    let more = if calls.len() > CALLS { ", …" } else { "" };
    format!(" ({}{more})", shown.join(", "))
}

/// A length of time: `90 s`, `60 min`, `36 h`, `7 days`.
pub(crate) fn length(seconds: u32) -> String {
    match seconds {
        s if s.is_multiple_of(86_400) && s >= 172_800 => format!("{} days", s / 86_400),
        s if s.is_multiple_of(3600) && s > 3600 => format!("{} h", s / 3600),
        s if s.is_multiple_of(60) && s > 0 => format!("{} min", s / 60),
        s => format!("{s} s"),
    }
}

/// The unit of what a window rule measures, as alerts name it.
pub(crate) fn unit_of(rule: &WindowRule) -> Option<&'static str> {
    let spikes = |spec: &Spec| matches!(spec.measure, Measure::Spike { .. });
    match (rule.measured(), rule.unit().name()) {
        (WindowMeasured::Over(spec), _) if spikes(spec) => None,
        (_, "") => None,
        (_, unit) => Some(unit),
    }
}

/// A second since 1970, RFC 3339.
pub(crate) fn second(second: u32) -> String {
    Timestamp::from_second(second.into())
        .unwrap_or(Timestamp::MAX)
        .to_string()
}

/// When something is told, as alerts have it.
pub(crate) fn raised_at(now: Timestamp) -> String {
    now.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
