//! The threads of delivery: each sink has its own, and its own bell.
//!
//! Alerts are put in by [`Deliveries::put`], which waits when the outbox is
//! full. A stop goes on sending until a deadline, then says what is left. All
//! decisions are the courier's; here is nothing but waiting.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::courier::{Courier, Next, SinkCounts, Tale};
use super::gate::Hold;
use super::outbox::{NewRow, Outbox, OutboxError, Row, Totals};
use crate::clock::Clock;
use crate::over_time::Remembered;
use crate::sink::route::{self, Route};
use crate::sink::{Config, Told};

/// Something about delivery that people should know at once.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// a sink failed several times in a row; only probes are sent
    Down {
        /// the sink
        sink: Arc<str>,
        /// its last failure
        why: String,
        /// what waits for it
        waiting: u64,
    },
    /// it works again
    Up {
        /// the sink
        sink: Arc<str>,
        /// what waits for it
        waiting: u64,
    },
    /// a delivery became a dead letter
    Dead {
        /// the row
        row: Box<Row>,
        /// what it died of
        why: String,
    },
    /// the outbox is full, and the intake waits
    Full,
    /// there is room again
    Room,
    /// the outbox cannot be read or written
    Failed {
        /// the sink that met it
        sink: Arc<str>,
        /// what happened
        why: String,
    },
}

/// What was not delivered when it was stopped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// for each sink its name and its rows
    pub sinks: Vec<(Arc<str>, Totals)>,
    /// whether they survive the end of the process
    pub survives: bool,
}

impl Left {
    /// Deliveries that still wait.
    pub fn waiting(&self) -> u64 {
        self.sinks.iter().map(|(_, totals)| totals.waiting).sum()
    }

    /// Dead letters.
    pub fn dead(&self) -> u64 {
        self.sinks.iter().map(|(_, totals)| totals.dead).sum()
    }
}

/// A bell that remembers whether it was rung.
#[derive(Default)]
struct Bell {
    rung: Mutex<u64>,
    heard: Condvar,
}

impl Bell {
    fn ring(&self) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.heard.notify_all();
    }

    fn count(&self) -> u64 {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until it was rung more than `count` times, or for `most`.
    fn wait(&self, count: u64, most: Duration) {
        let guard = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        drop(
            self.heard
                .wait_timeout_while(guard, most, |rung| *rung == count)
                .unwrap_or_else(PoisonError::into_inner),
        );
    }
}

/// The longest nap: a clock that is set does not ring.
const NAP: Duration = Duration::from_secs(5);

struct Shared {
    outbox: Arc<dyn Outbox>,
    clock: Arc<dyn Clock>,
    note: Box<dyn Fn(Note) + Send + Sync>,
    room: Bell,
    /// a stop was asked for, and when it ends
    deadline: Mutex<Option<Instant>>,
    stopping: AtomicBool,
    threads: Mutex<usize>,
    ended: Condvar,
    waits: AtomicU64,
}

impl Shared {
    fn is_over(&self) -> bool {
        let deadline = self.deadline.lock().unwrap_or_else(PoisonError::into_inner);
        deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    fn remaining(&self) -> Duration {
        let deadline = self.deadline.lock().unwrap_or_else(PoisonError::into_inner);
        deadline.map_or(NAP, |deadline| {
            deadline.saturating_duration_since(Instant::now())
        })
    }
}

struct Post {
    courier: Arc<Courier>,
    hold: Hold,
    bell: Arc<Bell>,
}

/// Delivery at work.
pub struct Deliveries {
    shared: Arc<Shared>,
    posts: Vec<Post>,
    routes: Vec<Route>,
    all: Vec<Arc<str>>,
    drain: Duration,
    full: AtomicBool,
    unrouted: AtomicU64,
}

/// Asks a delivery to end, from another thread.
#[derive(Clone)]
pub struct Ender {
    shared: Arc<Shared>,
    bells: Vec<Arc<Bell>>,
    drain: Duration,
}

impl Ender {
    /// Sends for a while longer, then no more.
    pub fn end(&self) {
        let mut deadline = self
            .shared
            .deadline
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        deadline.get_or_insert(Instant::now() + self.drain);
        drop(deadline);
        self.shared.room.ring();
        for bell in &self.bells {
            bell.ring();
        }
    }
}

impl Deliveries {
    /// Starts the threads of every enabled sink.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub fn start(
        config: &Config,
        outbox: Arc<dyn Outbox>,
        clock: Arc<dyn Clock>,
        note: impl Fn(Note) + Send + Sync + 'static,
    ) -> std::io::Result<Deliveries> {
        let shared = Arc::new(Shared {
            outbox: Arc::clone(&outbox),
            clock: Arc::clone(&clock),
            note: Box::new(note),
            room: Bell::default(),
            deadline: Mutex::new(None),
            stopping: AtomicBool::new(false),
            threads: Mutex::new(0),
            ended: Condvar::new(),
            waits: AtomicU64::new(0),
        });
        let mut deliveries = Deliveries {
            shared,
            posts: Vec::new(),
            routes: config.routes.clone(),
            all: config.names(),
            drain: config.delivery.drain,
            full: AtomicBool::new(false),
            unrouted: AtomicU64::new(0),
        };
        for configured in config.sinks.iter().filter(|sink| sink.enabled) {
            // Standard output is written by the program itself.
            let Some(sink) = &configured.sink else {
                continue;
            };
            let courier = Arc::new(Courier::new(
                Arc::clone(&configured.name),
                Arc::clone(sink),
                configured.policy,
                Arc::clone(&outbox),
                Arc::clone(&clock),
                Box::new(fastrand::Rng::new()),
            ));
            let bell = Arc::new(Bell::default());
            for _ in 0..sink.threads().max(1) {
                deliveries.spawn(Arc::clone(&courier), Arc::clone(&bell))?;
            }
            deliveries.posts.push(Post {
                courier,
                hold: configured.policy.hold,
                bell,
            });
        }
        Ok(deliveries)
    }

    fn spawn(&self, courier: Arc<Courier>, bell: Arc<Bell>) -> std::io::Result<()> {
        let shared = Arc::clone(&self.shared);
        *shared
            .threads
            .lock()
            .unwrap_or_else(PoisonError::into_inner) += 1;
        let name = format!("sink {}", courier.name());
        let spawned = std::thread::Builder::new().name(name).spawn({
            let shared = Arc::clone(&shared);
            move || {
                work(&courier, &bell, &shared);
                leave(&shared);
            }
        });
        if spawned.is_err() {
            leave(&shared);
        }
        spawned.map(drop)
    }

    /// The sinks of an alert.
    pub fn route(&self, told: &Told) -> Vec<Arc<str>> {
        route::route(&self.routes, &self.all, told).sinks
    }

    /// Puts in the alerts of one document, for all their sinks at once, and waits for room if
    /// there is none.
    ///
    /// # Errors
    /// If the outbox fails, or there is no room and the end was asked for.
    pub fn put(&self, alerts: &[Told]) -> Result<(), OutboxError> {
        self.keep(alerts, &[])
    }

    /// Puts in alerts like [`Deliveries::put`], and has the documents remembered in the same go.
    ///
    /// # Errors
    /// If the outbox fails, or there is no room and the end was asked for.
    pub fn keep(&self, alerts: &[Told], documents: &[Remembered]) -> Result<(), OutboxError> {
        let now = self.shared.clock.now();
        let mut rows = Vec::new();
        // What is pending is told when it fires.
        for told in alerts.iter().filter(|told| !told.is_pending()) {
            let sinks = self.route(told);
            // Where there is no sink at all nobody expects one.
            if sinks.is_empty() && !self.all.is_empty() {
                self.unrouted.fetch_add(1, Ordering::Relaxed);
            }
            let event: Arc<str> = told.event().into();
            let call: Option<Arc<str>> = told.call().map(Into::into);
            let order: Arc<str> = told.order_key().into();
            rows.extend(
                self.posts
                    .iter()
                    .filter(|post| sinks.contains(post.courier.name()))
                    .map(|post| NewRow {
                        sink: Arc::clone(post.courier.name()),
                        event: Arc::clone(&event),
                        call: call.clone(),
                        order: Arc::clone(&order),
                        payload: Arc::clone(told.json()),
                        due: post.hold.due(now),
                    }),
            );
        }
        if rows.is_empty() && documents.is_empty() {
            return Ok(());
        }
        self.enqueue(&rows, documents)?;
        for post in &self.posts {
            let put = rows
                .iter()
                .filter(|row| row.sink == *post.courier.name())
                .count() as u64;
            if put > 0 {
                post.courier
                    .counters
                    .queued
                    .fetch_add(put, Ordering::Relaxed);
                post.bell.ring();
            }
        }
        Ok(())
    }

    fn enqueue(&self, rows: &[NewRow], documents: &[Remembered]) -> Result<(), OutboxError> {
        loop {
            let count = self.shared.room.count();
            let now = self.shared.clock.now();
            match self.shared.outbox.keep(rows, documents, now) {
                Ok(()) => {
                    if self.full.swap(false, Ordering::Relaxed) {
                        (self.shared.note)(Note::Room);
                    }
                    return Ok(());
                }
                Err(OutboxError::Full) if !self.shared.is_over() => {
                    if !self.full.swap(true, Ordering::Relaxed) {
                        self.shared.waits.fetch_add(1, Ordering::Relaxed);
                        (self.shared.note)(Note::Full);
                    }
                    self.shared
                        .room
                        .wait(count, NAP.min(self.shared.remaining()));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// How often the intake had to wait for room.
    pub fn waits(&self) -> u64 {
        self.shared.waits.load(Ordering::Relaxed)
    }

    /// Alerts that no route led anywhere.
    pub fn unrouted(&self) -> u64 {
        self.unrouted.load(Ordering::Relaxed)
    }

    /// For each sink, what was counted since the start.
    pub fn counts(&self) -> Vec<(Arc<str>, SinkCounts)> {
        self.posts
            .iter()
            .map(|post| (Arc::clone(post.courier.name()), post.courier.counts()))
            .collect()
    }

    /// Counts like [`Deliveries::counts`], also after the stop.
    pub fn counter(&self) -> impl Fn() -> Vec<(Arc<str>, SinkCounts)> + use<> {
        let couriers: Vec<Arc<Courier>> = self
            .posts
            .iter()
            .map(|post| Arc::clone(&post.courier))
            .collect();
        move || {
            let of = |courier: &Arc<Courier>| (Arc::clone(courier.name()), courier.counts());
            couriers.iter().map(of).collect()
        }
    }

    /// Asks for the end from another thread.
    pub fn ender(&self) -> Ender {
        Ender {
            shared: Arc::clone(&self.shared),
            bells: self
                .posts
                .iter()
                .map(|post| Arc::clone(&post.bell))
                .collect(),
            drain: self.drain,
        }
    }

    /// Sends what is queued until it is delivered or the deadline is over; tells what is left.
    pub fn stop(self) -> Left {
        self.shared.stopping.store(true, Ordering::Relaxed);
        self.send_what_is_held();
        self.ender().end();
        let mut threads = self
            .shared
            .threads
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        while *threads > 0 {
            let remaining = self.shared.remaining();
            if remaining.is_zero() {
                break;
            }
            threads = self
                .shared
                .ended
                .wait_timeout(threads, remaining)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        drop(threads);
        let sinks = self.posts.iter().map(|post| {
            let name = Arc::clone(post.courier.name());
            let totals = self.shared.outbox.totals(&name).unwrap_or_default();
            (name, totals)
        });
        Left {
            sinks: sinks.collect(),
            survives: self.shared.outbox.survives(),
        }
    }
}

impl Deliveries {
    /// What would be lost is not held back for others to join it.
    fn send_what_is_held(&self) {
        if self.shared.outbox.survives() {
            return;
        }
        let now = self.shared.clock.now();
        for post in self.posts.iter().filter(|post| post.hold != Hold::No) {
            let rows = self
                .shared
                .outbox
                .list(Some(post.courier.name()))
                .unwrap_or_default();
            for row in rows
                .iter()
                .filter(|row| row.attempts == 0 && !row.standing && !row.dead)
            {
                // One that cannot be read or moved waits, and is told of as left.
                let _ = self.shared.outbox.retry(row.id, now);
            }
        }
    }
}

fn leave(shared: &Shared) {
    *shared
        .threads
        .lock()
        .unwrap_or_else(PoisonError::into_inner) -= 1;
    shared.ended.notify_all();
}

fn work(courier: &Courier, bell: &Bell, shared: &Shared) {
    let waiting = || {
        shared
            .outbox
            .totals(courier.name())
            .map_or(0, |totals| totals.waiting)
    };
    loop {
        let count = bell.count();
        if shared.is_over() {
            return;
        }
        let stopping = shared.stopping.load(Ordering::Relaxed);
        let next = courier.step(&mut |tale| {
            let sink = Arc::clone(courier.name());
            (shared.note)(match tale {
                Tale::Down { why } => Note::Down {
                    sink,
                    why,
                    waiting: waiting(),
                },
                Tale::Up => Note::Up {
                    sink,
                    waiting: waiting(),
                },
                Tale::Dead { row, why } => Note::Dead { row, why },
            });
        });
        let nap = match next {
            Ok(Next::Again) => {
                shared.room.ring();
                continue;
            }
            Ok(Next::Nothing) if stopping => return,
            Ok(Next::At(_)) if stopping && waiting() == 0 => return,
            Ok(Next::Nothing) => NAP,
            Ok(Next::At(at)) => {
                let wait = at.duration_since(shared.clock.now());
                Duration::try_from(wait).unwrap_or_default().min(NAP)
            }
            Err(error) => {
                let sink = Arc::clone(courier.name());
                (shared.note)(Note::Failed {
                    sink,
                    why: error.to_string(),
                });
                NAP
            }
        };
        bell.wait(
            count,
            nap.max(Duration::from_millis(1)).min(shared.remaining()),
        );
    }
}
