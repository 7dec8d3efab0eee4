//! Delivery as the program's user sees it: lines when something changes, counts
//! at the end.
//!
//! It decides nothing about deliveries; see [`crate::deliver`].

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use super::after::Away;
use super::args::Form;
use super::commit::Committer;
use super::kept::Kept;
use super::output::Voice;
use super::render::{count, counted};
use crate::clock::SystemClock;
use crate::deliver::{Deliveries, Ender, Left, MemoryOutbox, Note, Outbox, SinkCounts};
use crate::over_time::Remembered;
use crate::sink::route::route;
use crate::sink::{Config, Told};
use crate::text::Safe;

/// Sinks at work beside the main job.
pub(super) struct Delivery {
    deliveries: Arc<Deliveries>,
    committer: Committer,
    config: Config,
    /// the names of sinks that are standard output
    stdout: Option<Arc<str>>,
    voice: Voice,
    kept: Option<Kept>,
    /// what is put in at the next [`Delivery::commit`]
    waiting: Mutex<Waiting>,
}

/// Alerts, documents, and files that are done with.
type Waiting = (Vec<Told>, Vec<Remembered>, Vec<Away>);

/// What delivery came to.
pub(super) struct Delivered {
    counts: Vec<(Arc<str>, SinkCounts)>,
    left: Left,
    waits: u64,
    unrouted: u64,
}

impl Delivery {
    /// Starts the sinks; `None` if there are none, and no state folder. What waits is kept in that,
    /// and so is what was read.
    pub(super) fn start(
        config: Config,
        voice: Voice,
        kept: Option<Kept>,
    ) -> std::io::Result<Option<Delivery>> {
        let outbox: Arc<dyn Outbox> = match &kept {
            Some(kept) => Arc::clone(&kept.state) as Arc<dyn Outbox>,
            None if config.sinks.is_empty() => return Ok(None),
            None => Arc::new(MemoryOutbox::new(
                config.delivery.queue,
                config.delivery.memory,
            )),
        };
        let survives = outbox.survives();
        let notes = voice.clone();
        let deliveries = Deliveries::start(&config, outbox, Arc::new(SystemClock), move |note| {
            notes.say(&line(&notes, &note));
        })?;
        let deliveries = Arc::new(deliveries);
        let stdout = config
            .sinks
            .iter()
            .find(|sink| sink.kind == "stdout")
            .map(|sink| Arc::clone(&sink.name));
        let started = Delivery {
            committer: Committer::start(Arc::clone(&deliveries))?,
            deliveries,
            config,
            stdout,
            voice,
            kept,
            waiting: Mutex::default(),
        };
        started.say_who(survives);
        Ok(Some(started))
    }

    fn say_who(&self, survives: bool) {
        let names: Vec<String> = self
            .config
            .sinks
            .iter()
            .filter(|sink| sink.enabled)
            .map(|sink| sink.name.to_string())
            .collect();
        if self
            .config
            .sinks
            .iter()
            .all(|sink| !sink.enabled || sink.sink.is_none())
        {
            return;
        }
        let text = match self.voice.form() {
            (Form::Text, painter) => format!(
                "{}  alerts go to {}; {}\n",
                painter.bold("sinks"),
                names.join(", "),
                match survives {
                    true => "what is not delivered when qualwatch ends waits in the state folder",
                    false =>
                        "they are kept in memory: what is not delivered when qualwatch ends is lost (see --state)",
                },
            ),
            (Form::Json, _) => super::json::line(&json!({
                "schema": "qualwatch.sink/1", "what": "started", "sinks": names, "survives": survives,
            })),
        };
        self.voice.say(&text);
    }

    /// Whether standard output gets this alert: always, unless a sink of its type says otherwise.
    pub(super) fn prints(&self, told: &Told) -> bool {
        let Some(stdout) = &self.stdout else {
            return true;
        };
        let routed = route(&self.config.routes, &self.config.names(), told);
        routed.sinks.contains(stdout)
    }

    /// Takes alerts for their sinks, which have them with the next [`Delivery::commit`].
    pub(super) fn put(&self, alerts: Vec<Told>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.0.extend(alerts);
    }

    /// Takes documents that are remembered with the next [`Delivery::commit`].
    pub(super) fn remember(&self, documents: Vec<Remembered>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.1.extend(documents);
    }

    /// Takes a file that is taken away when all before it is kept.
    pub(super) fn done_with(&self, file: Away) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.2.push(file);
    }

    /// Whether anybody but standard output may be told.
    pub(super) fn has_sinks(&self) -> bool {
        !self.config.sinks.is_empty()
    }

    /// Whether something was put in since the last [`Delivery::commit`].
    pub(super) fn holds_some(&self) -> bool {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        !(waiting.0.is_empty() && waiting.1.is_empty() && waiting.2.is_empty())
    }

    /// Hands what was put in to the sinks, all at once; waits where too much is under way.
    ///
    /// # Errors
    /// What to say if something of before could not be kept.
    pub(super) fn commit(&self) -> Result<(), String> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let (alerts, documents, away) = std::mem::take(&mut *waiting);
        drop(waiting);
        self.committer.put(alerts, documents, away);
        let mut failures = self.committer.failures();
        if let Err(error) = self.kept.as_ref().map_or(Ok(()), Kept::sweep) {
            failures.push(format!("what is too old could not be let go: {error}"));
        }
        match failures.is_empty() {
            true => Ok(()),
            false => Err(failures.join("; ")),
        }
    }

    /// Asks for the end from another thread.
    pub(super) fn ender(&self) -> Ender {
        self.deliveries.ender()
    }

    /// Hands over what is left, and sends what is queued, as long as a stop may take; with what could
    /// not be kept.
    pub(super) fn finish(self) -> (Delivered, Vec<String>) {
        let mut failures: Vec<String> = self.commit().err().into_iter().collect();
        failures.extend(self.committer.end());
        let (waits, unrouted) = (self.deliveries.waits(), self.deliveries.unrouted());
        let counting = self.deliveries.counter();
        // The committer has ended, and had the only other one.
        let left =
            Arc::try_unwrap(self.deliveries).map_or_else(|_| Left::default(), Deliveries::stop);
        let delivered = Delivered {
            counts: counting(),
            left,
            waits,
            unrouted,
        };
        (delivered, failures)
    }
}

/// Alerts as sinks take them.
pub(super) fn told(alerts: &[impl serde::Serialize]) -> Vec<Told> {
    alerts
        .iter()
        .filter_map(|alert| Told::new(alert).ok())
        .collect()
}

impl Delivered {
    /// Whether everything arrived.
    pub(super) fn all_arrived(&self) -> bool {
        self.left.dead() == 0 && (self.left.waiting() == 0 || self.left.survives)
    }

    /// The counts for programs.
    pub(super) fn json(&self) -> Value {
        let sinks: serde_json::Map<String, Value> = self
            .counts
            .iter()
            .map(|(name, counts)| {
                let totals = self.left.sinks.iter().find(|(sink, _)| sink == name);
                let totals = totals.map(|(_, totals)| *totals).unwrap_or_default();
                let mut value = json!(counts);
                value["waiting"] = totals.waiting.into();
                value["deadLetters"] = totals.dead.into();
                (name.to_string(), value)
            })
            .collect();
        json!({"sinks": sinks, "waitedForRoom": self.waits, "unrouted": self.unrouted})
    }

    /// The counts for people.
    pub(super) fn text(&self) -> String {
        if self.counts.is_empty() && self.unrouted == 0 {
            return String::new();
        }
        let width = self
            .counts
            .iter()
            .map(|(name, _)| name.len())
            .max()
            .unwrap_or(0)
            .max(4);
        let mut text = format!(
            "{:width$}  {:>10}  {:>10}  {:>10}  {:>10}  {:>10}\n",
            "sink", "queued", "delivered", "retried", "dead", "left"
        );
        for (name, counts) in &self.counts {
            let totals = self.left.sinks.iter().find(|(sink, _)| sink == name);
            let left = totals.map_or(0, |(_, totals)| totals.waiting);
            text.push_str(&format!(
                "{:width$}  {:>10}  {:>10}  {:>10}  {:>10}  {:>10}\n",
                Safe(name).to_string(),
                count(counts.queued),
                count(counts.delivered),
                count(counts.retried),
                count(counts.dead),
                count(left),
            ));
        }
        if self.unrouted > 0 {
            text.push_str(&format!(
                "{} went to no sink: no route fitted\n",
                counted(self.unrouted, "alert")
            ));
        }
        if self.waits > 0 {
            text.push_str(&format!(
                "reading waited {} for room in the outbox\n",
                counted(self.waits, "time")
            ));
        }
        let waiting = self.left.waiting();
        if waiting > 0 {
            let waiting = counted(waiting, "alert");
            text.push_str(&match self.left.survives {
                true => format!("{waiting} not delivered yet: the next start goes on with them\n"),
                false => format!(
                    "{waiting} not delivered and lost: there is no state folder to keep them\n"
                ),
            });
        }
        text
    }
}

fn line(voice: &Voice, note: &Note) -> String {
    let (name, what, detail, value) = match note {
        Note::Down { sink, why, waiting } => (
            sink.to_string(),
            "sink down",
            format!("{why}; {} for it, and it is tried again", wait(*waiting)),
            json!({"why": why, "waiting": waiting}),
        ),
        Note::Up { sink, waiting } => (
            sink.to_string(),
            "sink up",
            format!("it takes alerts again; {} for it", wait(*waiting)),
            json!({"waiting": waiting}),
        ),
        Note::Dead { row, why } => {
            let told = Told::read(Arc::clone(&row.new.payload)).ok();
            let rule = told.as_ref().map_or("alert", Told::rule).to_owned();
            let call = row.new.call.as_deref().unwrap_or("without an id");
            (
                row.new.sink.to_string(),
                "dead letter",
                format!("{rule}, call {call}: {why}"),
                json!({"why": why, "event": &*row.new.event, "rule": rule, "call": row.new.call.as_deref()}),
            )
        }
        Note::Full => (
            String::new(),
            "outbox full",
            "reading waits until something is delivered".to_owned(),
            json!({}),
        ),
        Note::Room => (
            String::new(),
            "outbox has room",
            "reading goes on".to_owned(),
            json!({}),
        ),
        Note::Failed { sink, why } => (
            sink.to_string(),
            "outbox failed",
            why.clone(),
            json!({"why": why}),
        ),
    };
    match voice.form() {
        (Form::Text, painter) => {
            let gap = if name.is_empty() { "" } else { "  " };
            format!(
                "{}{gap}{}  {}\n",
                painter.bold(what),
                Safe(&name),
                Safe(&detail)
            )
        }
        (Form::Json, _) => {
            let mut value = value;
            value["schema"] = "qualwatch.sink/1".into();
            value["what"] = what.into();
            if !name.is_empty() {
                value["sink"] = name.into();
            }
            super::json::line(&value)
        }
    }
}

fn wait(waiting: u64) -> String {
    match waiting {
        1 => "1 alert waits".to_owned(),
        other => format!("{} wait", counted(other, "alert")),
    }
}
