//! Who needs to know? One rule on one call, with all its findings.
//!
//! An [`Alert`] is plain data in the shape of `schemas/alert.schema.json`: it
//! owns what it says, so it outlives the document. `build` makes it,
//! `identity` names it. Nothing here decides whether a rule fired, and
//! nothing here writes.

mod build;
mod identity;
mod link;
mod other;
mod people;
mod summary;
mod transition;
pub(crate) mod words;

use serde::Serialize;

use crate::sites::Column;
use crate::window::ChangeState;

pub(crate) use build::{Context, Spots, build, call_key, call_ref, json, tell};
pub use identity::{alert_id, fingerprint};
pub use link::{Links, PLACEHOLDERS, WrongTemplate};
pub(crate) use people::by_badness;
pub use transition::{CallId, More, Schema, Transition, WindowRef};
pub(crate) use transition::{length, raised_at, second, unit_of};

/// The version of the alert's JSON.
pub const SCHEMA: &str = "qualwatch.alert/1";

/// The alert's JSON Schema, as `schemas/alert.schema.json` holds it.
pub const ALERT_SCHEMA: &str = include_str!("../../schemas/alert.schema.json");

/// How bad.
pub use crate::rules::Severity;

/// What became of the condition; a single call's alert is an event. The others are Prometheus's, and
/// what corrections need beside them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum State {
    /// it happened
    #[default]
    Event,
    /// it holds, but not for long enough
    Pending,
    /// it holds
    Firing,
    /// it is over
    Resolved,
    /// it never was, as later data shows
    Retracted,
    /// its cool-down is over, and more came meanwhile
    Repeated,
}

impl From<ChangeState> for State {
    fn from(state: ChangeState) -> State {
        match state {
            ChangeState::Pending => State::Pending,
            ChangeState::Firing => State::Firing,
            ChangeState::Resolved => State::Resolved,
            ChangeState::Retracted => State::Retracted,
            ChangeState::Repeated => State::Repeated,
        }
    }
}

impl State {
    /// The state's name in output and identity.
    pub fn name(self) -> &'static str {
        match self {
            State::Event => "event",
            State::Pending => ChangeState::Pending.name(),
            State::Firing => ChangeState::Firing.name(),
            State::Resolved => ChangeState::Resolved.name(),
            State::Retracted => ChangeState::Retracted.name(),
            State::Repeated => ChangeState::Repeated.name(),
        }
    }
}

/// One rule on one call.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    /// always [`SCHEMA`]
    pub schema: &'static str,
    /// hash of rule, call and state
    pub id: String,
    /// hash of rule and `by`
    pub fingerprint: String,
    /// what became of it
    pub state: State,
    /// the rule's name
    pub rule: String,
    /// the rule's severity
    #[serde(serialize_with = "severity_name")]
    pub severity: Severity,
    /// the rule's level
    pub on: &'static str,
    /// the rule's own words for it, if it has any
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// the whole in a paragraph
    pub summary: String,
    /// pages about it, as the configuration has them
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub links: std::collections::BTreeMap<String, String>,
    /// when this alert was raised, RFC 3339
    pub raised_at: String,
    /// the call
    pub call: CallRef,
    /// the document
    pub source: SourceRef,
    /// how many places of the call
    pub affected: Affected,
    /// the readings whose absence kept the rule from telling, each field once
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<&'static str>,
    /// the places, in document order
    pub findings: Vec<Finding>,
    /// what came of the same fingerprint while it kept quiet
    #[serde(skip_serializing_if = "Option::is_none")]
    pub more: Option<More>,
    /// the rule's labels
    pub labels: std::collections::BTreeMap<String, String>,
}

impl Alert {
    /// Puts the alert into words, and adds the links: both are made of what else it says.
    pub(crate) fn tell(&mut self, links: &Links) {
        self.summary = summary::summary(self);
        self.links = match people::worst(self) {
            Some(worst) if !links.is_empty() => links.of(self, worst),
            _ => std::collections::BTreeMap::new(),
        };
    }
}

fn severity_name<S: serde::Serializer>(
    severity: &Severity,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(severity.name())
}

/// Which call.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CallRef {
    /// the call's id; `null` when the document has none
    pub id: Option<String>,
    /// the record's version
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// `groupCall`, `peerToPeer`, …
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub call_type: Option<String>,
    /// whether its sessions go on elsewhere
    pub partial: bool,
    /// how many of its sessions were seen by now, while it is partial
    #[serde(rename = "sessionsSeen", skip_serializing_if = "Option::is_none")]
    pub sessions_seen: Option<u32>,
    /// whether the document broke the schema; readings under a violation counted as missing
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub invalid: bool,
    /// when the first user joined, as written
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// when the last user left, as written
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
}

/// Which document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceRef {
    /// the file, or `-` for standard input
    pub name: String,
    /// 1-based line on which the document begins
    pub line: u64,
}

/// How many places of the rule's level the call has, and what they came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Affected {
    /// places where the rule fired
    pub fired: u64,
    /// places in all
    pub of: u64,
    /// places where it could not tell
    pub unknown: u64,
}

/// One place where the rule fired.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// JSON Pointer of the place
    pub at: String,
    /// 1-based line of the place in the source
    pub line: u64,
    /// what it is
    pub what: What,
    /// the end that is a person's
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<Client>,
    /// the rule's own words for it, if it has any
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// the comparisons that made the rule true
    pub evidence: Vec<Evidence>,
}

/// What a place is, in Graph's words. Only what fits the level is set.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct What {
    /// the session's id
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// the segment's id
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment: Option<String>,
    /// the media's label
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<String>,
    /// the stream's id
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
    /// `callerToCallee` or `calleeToCaller`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<String>,
    /// `uplink` or `downlink`, as seen from the client
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<&'static str>,
    /// the rating given
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rating: Option<String>,
    /// the feedback's true tokens
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<String>,
    /// the failure's stage
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// the failure's reason
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The end that is a person's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Client {
    /// `caller` or `callee`
    pub end: &'static str,
    /// display name
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// the user's id, where it is a user
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// `windows`, `android`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// `wired`, `wifi`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// the client's subnet
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnet: Option<String>,
    /// the capture device for what it sends, the render device for what it hears
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// where the client is, if there is a sites file and an address
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<Site>,
}

/// Where a client is, by the sites file. Outside, each text that there is reads `outside`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Site {
    /// the network's row, such as `10.1.2.0/24`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cidr: Option<String>,
    /// `NetworkName`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_name: Option<String>,
    /// `BuildingName`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub building: Option<String>,
    /// `City`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// `Country`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// `State`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// `Region`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// `InsideCorp`
    pub inside_corp: bool,
    /// `VPN`
    pub vpn: bool,
}

impl Site {
    /// A network that the sites file does not have.
    fn outside() -> Site {
        Site {
            building: Some(crate::sites::OUTSIDE.to_owned()),
            ..Site::default()
        }
    }

    /// A row of the sites file.
    fn of(site: crate::sites::Site<'_>) -> Site {
        let text = |column| site.text(column).map(str::to_owned);
        Site {
            cidr: Some(site.cidr().to_owned()),
            network_name: text(Column::NetworkName),
            building: text(Column::Building),
            city: text(Column::City),
            country: text(Column::Country),
            state: text(Column::State),
            region: text(Column::Region),
            inside_corp: site.inside_corp(),
            vpn: site.vpn(),
        }
    }
}

/// One comparison that made the rule true.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// JSON Pointer of the reading
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// 1-based line of the reading
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// 1-based column of the reading, in characters
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u64>,
    /// Graph's name of the reading
    pub field: &'static str,
    /// what was compared: the reading's value, durations in milliseconds, unless the rule
    /// calculated with it
    pub value: serde_json::Value,
    /// the reading's own value, where the rule calculated with it
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reading: Option<serde_json::Value>,
    /// how it was compared
    pub op: &'static str,
    /// with what
    pub limit: serde_json::Value,
    /// the limit's name
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_name: Option<String>,
    /// the unit of value and limit
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<&'static str>,
    /// the same reading at the other end, where there is such a thing
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other: Option<OtherEnd>,
}

/// The same reading at the other end.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OtherEnd {
    /// `direction`: the streams of the same media that run the other way; `end`: the other end
    pub of: &'static str,
    /// how many there are
    pub count: u64,
    /// the worst of their readings, in the unit of the evidence; `null` where none has one
    pub value: serde_json::Value,
}
