//! `[[sink]]`, `[[route]]` and `[delivery]` of `qualwatch.toml`.
//!
//! Everything is checked before the first record, and every fault is told with
//! its place and what to type instead. What is read is ready to be used; no
//! file is written and no connection made.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use toml::de::{DeTable, DeValue};

use super::Sink;
use super::alertmanager::Alertmanager;
use super::command::Program;
use super::file::Lines;
use super::route::{Route, severity_of};
use super::slack::Slack;
use super::smtp::Mail;
use super::syslog::Syslog;
use super::teams::Teams;
use super::webhook::Webhook;
use crate::config::table::{Source, Table};
use crate::deliver::{Hold, Policy};
use crate::diagnostic::{Faults, Place, did_you_mean};
use crate::rules::Severity;

/// The kinds of sinks, as `type` names them.
pub const KINDS: [&str; 9] = [
    "alertmanager",
    "command",
    "file",
    "slack",
    "smtp",
    "stdout",
    "syslog",
    "teams",
    "webhook",
];

/// What the configuration says about delivery.
#[derive(Clone, Default)]
pub struct Config {
    /// the sinks, in their order
    pub sinks: Vec<SinkConfig>,
    /// the routes, in their order
    pub routes: Vec<Route>,
    /// of all sinks together
    pub delivery: Delivery,
}

/// What all sinks share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// most deliveries that wait; beyond, the intake waits
    pub queue: u64,
    /// most bytes of alerts that wait
    pub memory: u64,
    /// how long a stop waits for what is queued
    pub drain: Duration,
}

impl Default for Delivery {
    fn default() -> Delivery {
        Delivery {
            queue: 100_000,
            memory: 256 << 20,
            drain: Duration::from_secs(10),
        }
    }
}

/// One sink.
#[derive(Clone)]
pub struct SinkConfig {
    /// its name
    pub name: Arc<str>,
    /// its `type`
    pub kind: &'static str,
    /// whether it is used
    pub enabled: bool,
    /// when it is tried again
    pub policy: Policy,
    /// the sink itself; `None` for standard output, which is the program's own
    pub sink: Option<Arc<dyn Sink>>,
}

impl Config {
    /// The tables of the file that are read here.
    pub const TABLES: [&str; 3] = ["sink", "route", "delivery"];

    /// Reads a configuration file's text, of which it takes what is its own; paths in it are
    /// relative to `folder`.
    ///
    /// # Errors
    /// If it is no TOML, or something in it cannot be.
    pub fn read(file: &str, text: &str, folder: &Path) -> Result<Config, Faults> {
        let file: Arc<str> = file.into();
        let table = crate::config::table::parse(&file, text)?;
        let source = Source::new(&file, text, folder);
        let config = Config::of_table(&source, table.get_ref());
        source.finish(config)
    }

    /// Reads the tables named in [`Config::TABLES`], and leaves the others alone.
    pub(crate) fn of_table(source: &Source<'_>, table: &DeTable<'_>) -> Config {
        let mut config = Config::default();
        let mut spans = Vec::new();
        for (span, table) in tables(source, table, "sink") {
            if let Some(sink) = sink(Table::new(source, table, span.clone(), "a sink")) {
                if config.sinks.iter().any(|other| other.name == sink.name) {
                    source.fault(span, format!("two sinks are named `{}`", sink.name), None);
                } else {
                    config.sinks.push(sink);
                    spans.push(span);
                }
            }
        }
        let broken = source.is_broken();
        for (span, table) in tables(source, table, "route") {
            let table = Table::new(source, table, span, "a route");
            // A sink that could not be read may still be named.
            let names = (!broken).then_some(config.sinks.as_slice());
            config.routes.extend(route(source, table, names));
        }
        if let Some(value) = table.get("delivery") {
            match value.get_ref() {
                DeValue::Table(table) => {
                    let table = Table::new(source, table, value.span(), "delivery");
                    config.delivery = delivery(table);
                }
                _ => source.fault(value.span(), "`delivery` is a table, `[delivery]`", None),
            }
        }
        if !config.routes.is_empty() && !broken {
            for (sink, span) in config.sinks.iter().zip(spans) {
                if sink.enabled
                    && !config
                        .routes
                        .iter()
                        .any(|route| route.sinks.contains(&sink.name))
                {
                    let help = "name it in a route's `sinks`, or set `enabled = false`".to_owned();
                    let what = format!("no route leads to the sink `{}`", sink.name);
                    source.fault(span, what, Some(help));
                }
            }
        }
        config
    }

    /// The names of the sinks that are used.
    pub fn names(&self) -> Vec<Arc<str>> {
        let enabled = self.sinks.iter().filter(|sink| sink.enabled);
        enabled.map(|sink| Arc::clone(&sink.name)).collect()
    }

    /// A sink by its name.
    pub fn sink(&self, name: &str) -> Option<&SinkConfig> {
        self.sinks.iter().find(|sink| &*sink.name == name)
    }
}

/// The tables of an array of tables.
fn tables<'t, 'i>(
    source: &Source<'_>,
    table: &'t DeTable<'i>,
    name: &str,
) -> Vec<(std::ops::Range<usize>, &'t DeTable<'i>)> {
    let Some(value) = table.get(name) else {
        return Vec::new();
    };
    let help = || Some(format!("write it as `[[{name}]]`"));
    let DeValue::Array(items) = value.get_ref() else {
        source.fault(
            value.span(),
            format!("`{name}` is a list of tables"),
            help(),
        );
        return Vec::new();
    };
    let mut tables = Vec::new();
    for item in items {
        match item.get_ref() {
            DeValue::Table(table) => tables.push((item.span(), table)),
            _ => source.fault(item.span(), format!("`{name}` is a list of tables"), help()),
        }
    }
    tables
}

fn sink(table: Table<'_, '_>) -> Option<SinkConfig> {
    let name = table.needed_text("name", "chat");
    let kind = table.needed_text("type", "slack");
    let enabled = table.flag("enabled").unwrap_or(true);
    let Some(kind) = kind else {
        // What else it may have depends on what it is.
        return None;
    };
    let Some(kind) = KINDS.into_iter().find(|known| *known == kind) else {
        let help =
            did_you_mean(&kind, KINDS).unwrap_or_else(|| format!("it may be {}", KINDS.join(", ")));
        table.fault(
            "type",
            format!("there is no sink of type `{kind}`"),
            Some(help),
        );
        return None;
    };
    if let Some(name) = &name {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
            let what = format!("`{name}` is no name for a sink");
            table.fault(
                "name",
                what,
                Some("use letters, digits, `-`, `_` and `.`".to_owned()),
            );
        }
    }
    let mut policy = Policy::default();
    let sink: Option<Arc<dyn Sink>> = if kind == "stdout" {
        None
    } else {
        policy.first = table.time("retry_first").unwrap_or(policy.first);
        policy.longest = table.time("retry_longest").unwrap_or(policy.longest);
        policy.give_up_after = table.time("give_up_after").unwrap_or(policy.give_up_after);
        if policy.first > policy.longest || policy.first.is_zero() {
            table.fault(
                "retry_first",
                "`retry_first` is more than nothing, and no more than `retry_longest`",
                None,
            );
        }
        if matches!(kind, "slack" | "teams" | "smtp")
            && let Some(wait) = table.time("wait").filter(|wait| !wait.is_zero())
        {
            policy.hold = Hold::For(wait);
        }
        if kind == "smtp"
            && let Some(digest) = table.time("digest")
        {
            policy.hold = Hold::Until(digest);
            if digest < Duration::from_secs(1) {
                table.fault("digest", "`digest` is at least 1s", None);
            }
        }
        match kind {
            "alertmanager" => shared(Alertmanager::read(&table)),
            "command" => shared(Program::read(&table)),
            "file" => shared(Lines::read(&table)),
            "slack" => shared(Slack::read(&table)),
            "smtp" => shared(Mail::read(&table)),
            "syslog" => shared(Syslog::read(&table)),
            "teams" => shared(Teams::read(&table)),
            _ => shared(Webhook::read(&table)),
        }
    };
    table.finish();
    if kind != "stdout" && sink.is_none() {
        return None;
    }
    Some(SinkConfig {
        name: name?.into(),
        kind,
        enabled,
        policy,
        sink,
    })
}

fn shared<S: Sink + 'static>(sink: Option<S>) -> Option<Arc<dyn Sink>> {
    sink.map(|sink| Arc::new(sink) as Arc<dyn Sink>)
}

fn route(source: &Source<'_>, table: Table<'_, '_>, sinks: Option<&[SinkConfig]>) -> Option<Route> {
    let place = Place::of_span(source.file, source.text, table.span());
    let rules = table.texts("rule").unwrap_or_default();
    let severities = [Severity::Info, Severity::Warning, Severity::Critical];
    let words = severities.map(|severity| (severity.name(), ()));
    let severity = match table.text("severity") {
        Some(name) => {
            let _ = table.word("severity", &words);
            severity_of(&name)
        }
        None => None,
    };
    let labels = table.map("labels").unwrap_or_default();
    let goes_on = table.flag("continue").unwrap_or(false);
    if !table.has("sinks") {
        let help = "add `sinks = [\"name\"]`; an empty list sends nothing".to_owned();
        table.fault("sinks", "a route has no `sinks`", Some(help));
    }
    let names = table.texts("sinks").unwrap_or_default();
    for name in &names {
        if let Some(sinks) = sinks.filter(|sinks| !sinks.iter().any(|sink| *sink.name == **name)) {
            let known = sinks.iter().map(|sink| &*sink.name);
            let help = did_you_mean(name, known);
            table.fault("sinks", format!("there is no sink `{name}`"), help);
        }
    }
    let disabled = |name: &String| {
        sinks.is_some_and(|sinks| {
            sinks
                .iter()
                .any(|sink| *sink.name == **name && !sink.enabled)
        })
    };
    let sinks = names
        .iter()
        .filter(|name| !disabled(name))
        .map(|name| name.as_str().into())
        .collect();
    table.finish();
    Some(Route {
        line: place.line,
        rules,
        severity,
        labels,
        sinks,
        goes_on,
    })
}

fn delivery(table: Table<'_, '_>) -> Delivery {
    let default = Delivery::default();
    let delivery = Delivery {
        queue: table
            .count("queue", 1, 100_000_000)
            .unwrap_or(default.queue),
        memory: table.size("memory").unwrap_or(default.memory),
        drain: table.time("drain").unwrap_or(default.drain),
    };
    table.finish();
    delivery
}
