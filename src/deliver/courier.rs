//! One sink's deliveries, a step at a time.
//!
//! Claims what is due, sends it, and writes down what came of it; where that cannot be written nothing
//! more is sent, for all of it would be sent again. A step never waits but for the sink itself; whoever
//! calls it has the thread and the clock.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;

use super::gate::{Gate, Jitter, Permit, Policy, Verdict, later};
use super::outbox::{Outbox, OutboxError, Row, RowId};
use crate::clock::Clock;
use crate::planted;
use crate::sink::{Gather, Outcome, Parcel, Sink, Told};

/// What a step says to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// there may be more to do at once
    Again,
    /// nothing before this moment
    At(Timestamp),
    /// nothing until something is put in
    Nothing,
}

/// What a step tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tale {
    /// the circuit opened
    Down {
        /// why
        why: String,
    },
    /// the circuit closed
    Up,
    /// a dead letter
    Dead {
        /// the row
        row: Box<Row>,
        /// what it died of
        why: String,
    },
}

/// Counts of one sink since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SinkCounts {
    /// deliveries that were put in
    pub queued: u64,
    /// that the receiver has
    pub delivered: u64,
    /// alerts that last, told again
    pub repeated: u64,
    /// attempts that failed and are made again
    pub retried: u64,
    /// of these: sent, and nobody knows whether they arrived
    pub ambiguous: u64,
    /// dead letters
    pub dead: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) queued: AtomicU64,
    delivered: AtomicU64,
    repeated: AtomicU64,
    retried: AtomicU64,
    ambiguous: AtomicU64,
    dead: AtomicU64,
}

impl Counters {
    pub(super) fn read(&self) -> SinkCounts {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        SinkCounts {
            queued: of(&self.queued),
            delivered: of(&self.delivered),
            repeated: of(&self.repeated),
            retried: of(&self.retried),
            ambiguous: of(&self.ambiguous),
            dead: of(&self.dead),
        }
    }
}

/// One sink at work.
pub struct Courier {
    name: Arc<str>,
    sink: Arc<dyn Sink>,
    outbox: Arc<dyn Outbox>,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    pub(super) counters: Counters,
}

struct State {
    gate: Gate,
    jitter: Box<dyn Jitter + Send>,
    /// outcomes that the outbox could not take yet; nothing is sent before it has them
    unwritten: Vec<(RowId, Settled)>,
}

/// What is to be written down of a row.
enum Settled {
    Acked,
    Stands(Timestamp),
    Again(Timestamp, String),
    Buried(String),
}

impl Courier {
    /// A sink, what it delivers from, and what decides of its time and chance.
    pub fn new(
        name: Arc<str>,
        sink: Arc<dyn Sink>,
        policy: Policy,
        outbox: Arc<dyn Outbox>,
        clock: Arc<dyn Clock>,
        jitter: Box<dyn Jitter + Send>,
    ) -> Courier {
        Courier {
            name,
            sink,
            outbox,
            clock,
            state: Mutex::new(State {
                gate: Gate::new(policy),
                jitter,
                unwritten: Vec::new(),
            }),
            counters: Counters::default(),
        }
    }

    /// The sink's name.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The sink.
    pub fn sink(&self) -> &Arc<dyn Sink> {
        &self.sink
    }

    /// What was counted since the start.
    pub fn counts(&self) -> SinkCounts {
        self.counters.read()
    }

    fn with<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes one step; `tell` hears what people should know.
    ///
    /// # Errors
    /// If the outbox fails.
    pub fn step(&self, tell: &mut dyn FnMut(Tale)) -> Result<Next, OutboxError> {
        let unwritten = self.with(|state| std::mem::take(&mut state.unwritten));
        self.write_down(unwritten)?;
        let now = self.clock.now();
        let (permit, horizon) = self.with(|state| (state.gate.ask(now), state.gate.horizon(now)));
        match permit {
            Permit::Go => {}
            Permit::Wait(until) => return Ok(Next::At(until)),
            Permit::Probing => return Ok(Next::At(later(now, std::time::Duration::from_secs(1)))),
        }
        let claimed = self
            .outbox
            .claim(&self.name, now, horizon, self.sink.gather());
        let rows = match claimed {
            Ok(rows) if !rows.is_empty() => rows,
            other => {
                self.with(|state| state.gate.unused());
                other?;
                let due = self.outbox.next_due(&self.name)?;
                return Ok(due.map_or(Next::Nothing, Next::At));
            }
        };
        self.deliver(&rows, now, tell)?;
        Ok(Next::Again)
    }

    fn deliver(
        &self,
        rows: &[Row],
        now: Timestamp,
        tell: &mut dyn FnMut(Tale),
    ) -> Result<(), OutboxError> {
        if planted::bug("ack-before-send") {
            self.settle(rows, &Outcome::Delivered, tell)?;
            self.send(rows, now);
            return Ok(());
        }
        let outcome = self.send(rows, now);
        let refused = matches!(outcome, Outcome::Refused { .. });
        if refused && rows.len() > 1 {
            // One that cannot be taken must not take the others with it.
            for row in rows {
                let outcome = self.send(std::slice::from_ref(row), now);
                self.settle(std::slice::from_ref(row), &outcome, tell)?;
            }
            return Ok(());
        }
        self.settle(rows, &outcome, tell)
    }

    fn send(&self, rows: &[Row], now: Timestamp) -> Outcome {
        let mut alerts = Vec::with_capacity(rows.len());
        for row in rows {
            match Told::read(Arc::clone(&row.new.payload)) {
                Ok(told) => alerts.push(told),
                Err(error) => {
                    return Outcome::refused(format!("what was kept is unreadable: {error}"));
                }
            }
        }
        let mut key: Arc<str> = rows.first().map_or("".into(), |row| row.new.event.clone());
        if planted::bug("keys-anew") {
            key = format!("{key}-{now}").into();
        }
        let parcel = Parcel {
            key: &key,
            alerts: &alerts,
            now,
        };
        // A sink that breaks costs an attempt, not the others.
        catch_unwind(AssertUnwindSafe(|| self.sink.send(&parcel)))
            .unwrap_or_else(|_| Outcome::ambiguous("the sink broke; please report this"))
    }

    fn settle(
        &self,
        rows: &[Row],
        outcome: &Outcome,
        tell: &mut dyn FnMut(Tale),
    ) -> Result<(), OutboxError> {
        // The attempt took its time.
        let now = self.clock.now();
        let changed = self.with(|state| {
            let changed = state.gate.settle(outcome, now, &mut *state.jitter);
            changed.then(|| state.gate.is_open())
        });
        // What shared a message goes on sharing it.
        let mut together = None;
        let mut settled = Vec::with_capacity(rows.len());
        for row in rows {
            let verdict = self.with(|state| {
                // What stands was delivered: it is told again for as long as it lasts.
                let queued = if row.standing { now } else { row.queued };
                state
                    .gate
                    .decide(outcome, row.attempts, queued, now, &mut *state.jitter)
            });
            let add = |counter: &AtomicU64| counter.fetch_add(1, Ordering::Relaxed);
            match verdict {
                Verdict::Ack => {
                    add(if row.standing {
                        &self.counters.repeated
                    } else {
                        &self.counters.delivered
                    });
                    let repeat = self.repeat(row);
                    let what = repeat.map(|repeat| Settled::Stands(later(now, repeat)));
                    settled.push((row.id, what.unwrap_or(Settled::Acked)));
                }
                Verdict::Again { at } => {
                    add(&self.counters.retried);
                    if matches!(outcome, Outcome::Ambiguous { .. }) {
                        add(&self.counters.ambiguous);
                    }
                    let at = *together.get_or_insert(at);
                    settled.push((row.id, Settled::Again(at, outcome.why().to_owned())));
                }
                Verdict::Dead { why } => {
                    add(&self.counters.dead);
                    settled.push((row.id, Settled::Buried(why.clone())));
                    tell(Tale::Dead {
                        row: Box::new(row.clone()),
                        why,
                    });
                }
            }
        }
        match changed {
            Some(true) => tell(Tale::Down {
                why: outcome.why().to_owned(),
            }),
            Some(false) => tell(Tale::Up),
            None => {}
        }
        self.write_down(settled)
    }

    /// Writes outcomes down; from the first that cannot be written on they wait for the next step.
    fn write_down(&self, outcomes: Vec<(RowId, Settled)>) -> Result<(), OutboxError> {
        let mut unwritten = outcomes.into_iter();
        while let Some((id, settled)) = unwritten.next() {
            let written = match &settled {
                Settled::Acked => self.outbox.ack(id),
                Settled::Stands(next) => self.outbox.stand(id, *next),
                Settled::Again(at, why) => self.outbox.nack(id, *at, why),
                Settled::Buried(why) => self.outbox.bury(id, why),
            };
            if let Err(error) = written {
                let rest = std::iter::once((id, settled)).chain(unwritten);
                self.with(|state| state.unwritten.extend(rest));
                return Err(error);
            }
        }
        Ok(())
    }

    fn repeat(&self, row: &Row) -> Option<std::time::Duration> {
        let repeat = self.sink.repeat()?;
        let told = Told::read(Arc::clone(&row.new.payload)).ok()?;
        told.lasts().then_some(repeat)
    }

    /// Whether each alert has a message of its own.
    pub fn gather(&self) -> Gather {
        self.sink.gather()
    }
}
