//! What is gathered, when it is handed on, and what a stop leaves.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod turns;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded};

use super::parcel::Workers;
use super::*;
use crate::frame::{Batch, FrameLimits, Framer, Framing, Open};
use crate::source::{Delivery, Recipient, SourceEnd, SourceName};

const PATIENT: Duration = Duration::from_secs(30);

/// A batch of one document with so many bytes.
fn batch(bytes: usize) -> Batch {
    let text = format!("\"{}\"", "x".repeat(bytes - 2));
    let mut framer = Framer::new(Framing::Document, FrameLimits::default(), Open::Never);
    let mut batch = Batch::new();
    framer.push(text.as_bytes(), &mut batch);
    framer.finish(&mut batch);
    assert_eq!(batch.byte_len(), bytes);
    batch
}

fn source(name: &str) -> Arc<SourceName> {
    Arc::new(SourceName::File(name.into()))
}

fn end(name: &str) -> Delivery {
    Delivery::End {
        source: source(name),
        outcome: SourceEnd::default(),
    }
}

/// Steps are `small` or `large` batches, `offered` small ones, `waits` and `stop`, with how often; then how many deliveries
/// each parcel has that was handed on, before the intake ended and in all, and how many were refused.
type Case = (
    &'static str,
    &'static [(&'static str, usize)],
    &'static [usize],
    &'static [usize],
    usize,
);

const CASES: &[Case] = &[
    ("nothing came", &[("waits", 2)], &[], &[], 0),
    ("it reads on", &[("small", 3)], &[], &[3], 0),
    (
        "it waits",
        &[("small", 3), ("waits", 1), ("small", 2), ("waits", 2)],
        &[3, 2],
        &[3, 2],
        0,
    ),
    ("many deliveries", &[("small", 514)], &[512], &[512, 2], 0),
    (
        "many that are offered",
        &[("offered", 514)],
        &[512],
        &[512, 2],
        0,
    ),
    (
        "offered after a stop",
        &[("stop", 1), ("offered", 2)],
        &[],
        &[],
        2,
    ),
    (
        "offered and others",
        &[("small", 2), ("offered", 2), ("waits", 1), ("offered", 1)],
        &[4],
        &[4, 1],
        0,
    ),
    ("many bytes", &[("large", 5)], &[2, 2], &[2, 2, 1], 0),
    ("a stop before", &[("stop", 1), ("small", 2)], &[], &[], 2),
    (
        "a stop in the midst",
        &[("small", 2), ("stop", 1), ("small", 3)],
        &[2],
        &[2],
        3,
    ),
    (
        "a stop before it waits",
        &[("small", 2), ("stop", 1), ("waits", 1)],
        &[2],
        &[2],
        1,
    ),
    (
        "a stop before it ends",
        &[("small", 2), ("stop", 1)],
        &[],
        &[2],
        0,
    ),
];

/// Workers that do nothing but say what they got.
struct Recorded {
    busy: bool,
    /// number and deliveries of a parcel
    given: Sender<(u64, usize)>,
}

impl Workers for Recorded {
    fn are_busy(&self) -> bool {
        self.busy
    }

    fn give(&mut self, parcel: Parcel) {
        assert!(!self.busy);
        self.given.send((parcel.number, parcel.work.len())).unwrap();
    }

    fn work_off(&mut self, _: Work) -> Event {
        assert!(self.busy);
        Event::IntakeOver(IntakeEnd::default())
    }

    fn work_off_unframed(
        &mut self,
        _: &Arc<SourceName>,
        batch: Batch,
    ) -> std::result::Result<Event, Batch> {
        assert!(self.busy);
        match batch.byte_len() {
            10 => Ok(Event::IntakeOver(IntakeEnd::default())),
            _ => Err(batch),
        }
    }

    fn done(&mut self, done: Done) {
        assert!(self.busy);
        self.given.send((done.number, done.events.len())).unwrap();
    }
}

#[test]
fn parcels_are_handed_on_when_they_are_full_or_the_source_waits() {
    for (busy, (name, steps, before, all, refused)) in [false, true]
        .into_iter()
        .flat_map(|busy| CASES.iter().map(move |case| (busy, case)))
    {
        let gate = Arc::new(Gate::default());
        let (ticket_sender, tickets) = bounded(100);
        let (given, parcels) = bounded(100);
        let workers = Recorded { busy, given };
        let mut gatherer = Gatherer::new(Arc::clone(&gate), ticket_sender, workers);
        let mut not_taken = 0;
        for (what, times) in *steps {
            for _ in 0..*times {
                let taken = match *what {
                    "small" => gatherer.add(Work::Batch(source("a"), batch(10))).is_ok(),
                    // Two of them are enough.
                    "large" => {
                        let large = batch(if busy { 2_200 << 10 } else { 600 << 10 });
                        gatherer.add(Work::Batch(source("a"), large)).is_ok()
                    }
                    // Whoever does not work itself gives it back at once.
                    "offered" => match gatherer.take_unframed(&source("a"), batch(10)) {
                        ControlFlow::Continue(None) => busy,
                        ControlFlow::Continue(Some(batch)) => {
                            assert!(!busy);
                            gatherer.add(Work::Batch(source("a"), batch)).is_ok()
                        }
                        ControlFlow::Break(()) => false,
                    },
                    "waits" => gatherer.pause(),
                    _ => {
                        gate.close();
                        true
                    }
                };
                not_taken += usize::from(!taken);
            }
        }
        let sizes = |parcels: &[(u64, usize)]| -> Vec<usize> {
            parcels.iter().map(|(_, deliveries)| *deliveries).collect()
        };
        let mut parcels_so_far: Vec<(u64, usize)> = parcels.try_iter().collect();
        assert_eq!(sizes(&parcels_so_far), *before, "{name}");
        drop(gatherer);
        parcels_so_far.extend(parcels.try_iter());
        assert_eq!(
            (sizes(&parcels_so_far), not_taken),
            (all.to_vec(), *refused),
            "{name}"
        );
        // Whoever waits for a number waits for nothing else.
        let numbers = parcels_so_far.iter().map(|(number, _)| *number);
        assert!(numbers.eq(0..all.len() as u64), "{name}");
        assert_eq!(gate.state().1, all.len() as u64, "{name}");
        assert!(tickets.len() >= all.len(), "{name}");
    }
}

/// Workers that are busy, and free the next time that somebody asks.
struct Fickle {
    asked: std::cell::Cell<usize>,
    free_at: usize,
    told: Sender<usize>,
}

impl Workers for Fickle {
    fn are_busy(&self) -> bool {
        self.asked.set(self.asked.get() + 1);
        self.asked.get() < self.free_at
    }

    fn give(&mut self, parcel: Parcel) {
        self.told.send(parcel.work.len()).unwrap();
    }

    fn work_off(&mut self, _: Work) -> Event {
        Event::IntakeOver(IntakeEnd::default())
    }

    fn work_off_unframed(
        &mut self,
        _: &Arc<SourceName>,
        _: Batch,
    ) -> std::result::Result<Event, Batch> {
        Ok(Event::IntakeOver(IntakeEnd::default()))
    }

    fn done(&mut self, done: Done) {
        self.told.send(done.events.len()).unwrap();
    }
}

#[test]
fn nothing_that_is_offered_is_lost_whenever_others_become_free() {
    for free_at in 1..9 {
        let (tickets, _held) = bounded(100);
        let (told, sizes) = bounded(100);
        let asked = std::cell::Cell::new(0);
        let workers = Fickle {
            asked,
            free_at,
            told,
        };
        let mut gatherer = Gatherer::new(Arc::new(Gate::default()), tickets, workers);
        for _ in 0..3 {
            let offered = gatherer.take_unframed(&source("a"), batch(10));
            if let ControlFlow::Continue(Some(batch)) = offered {
                assert!(gatherer.add(Work::Batch(source("a"), batch)).is_ok());
            }
            assert!(gatherer.pause());
        }
        assert_eq!(sizes.try_iter().sum::<usize>(), 3, "free at {free_at}");
    }
}

/// What happened, each a line.
fn line(event: &Event) -> String {
    match event {
        Event::Judged { source, counts, .. } => format!("{source}: {} judged", counts.seen),
        Event::End { source, .. } => format!("{source} ends"),
        Event::IntakeOver(_) => "over".to_owned(),
        other => format!("{other:?}"),
    }
}

/// Runs an intake that is given a way to wait for the test.
fn running(
    workers: usize,
    intake: impl FnOnce(&Receiver<()>, &mut dyn Recipient) + Send + 'static,
) -> (Running, Sender<()>) {
    let (go_on, wait) = bounded(0);
    let intake = Intake::new(move |_, deliver| {
        intake(&wait, deliver);
        IntakeEnd::default()
    });
    let options = Options {
        workers,
        ..Options::default()
    };
    let engine = Engine::builder().build().unwrap();
    (run(engine, vec![intake], options), go_on)
}

fn file(name: &str, deliver: &mut dyn Recipient) -> ControlFlow<()> {
    deliver.take(Delivery::Batch {
        source: source(name),
        batch: batch(10),
    })?;
    deliver.take(end(name))
}

#[test]
fn what_was_gathered_is_told_while_its_source_waits() {
    for workers in [1, 2, 3] {
        let (running, go_on) = running(workers, |wait, deliver| {
            for name in ["a", "b", "c"] {
                let _ = file(name, deliver);
            }
            let _ = deliver.take(Delivery::Waits);
            wait.recv().unwrap();
            let _ = file("d", deliver);
        });
        let mut told = Vec::new();
        while told.len() < 6 {
            let several = running.events.several().recv_timeout(PATIENT).unwrap();
            told.extend(several.iter().map(line));
        }
        go_on.send(()).unwrap();
        told.extend(running.events.into_iter().map(|event| line(&event)));
        let want =
            ["a", "b", "c", "d"].map(|name| [format!("{name}: 1 judged"), format!("{name} ends")]);
        let want: Vec<String> = want
            .into_iter()
            .flatten()
            .chain(["over".to_owned()])
            .collect();
        assert_eq!(told, want);
        running.join();
    }
}

#[test]
fn a_stop_in_the_midst_of_a_parcel_finishes_what_was_taken_in() {
    let (sent, taken) = bounded(0);
    let (running, go_on) = running(1, move |wait, deliver| {
        assert!(file("a", deliver).is_continue());
        sent.send(()).unwrap();
        wait.recv().unwrap();
        assert!(file("b", deliver).is_break());
    });
    taken.recv_timeout(PATIENT).unwrap();
    running.stopper().stop();
    go_on.send(()).unwrap();
    let mut told: Vec<String> = running
        .events
        .into_iter()
        .map(|event| line(&event))
        .collect();
    // That it is over is told only if it is so soon.
    told.retain(|line| line != "over");
    assert_eq!(told, ["a: 1 judged", "a ends"]);
    running.join();
}

#[test]
fn events_keep_their_order_over_many_parcels_and_workers() {
    const FILES: usize = 2000;
    let (running, _) = running(3, |_, deliver| {
        for number in 0..FILES {
            if number % 77 == 0 {
                let _ = deliver.take(Delivery::Waits);
            }
            let _ = file(&number.to_string(), deliver);
        }
    });
    let mut told = running.events.into_iter().map(|event| line(&event));
    for number in 0..FILES {
        assert_eq!(told.next().unwrap(), format!("{number}: 1 judged"));
        assert_eq!(told.next().unwrap(), format!("{number} ends"));
    }
    assert_eq!(told.collect::<Vec<_>>(), ["over"]);
}
