//! Joins the stages: sources, workers, results in the order of their input.
//!
//! The sole owner of threads, queues and shutdown. What sources deliver goes from thread to thread
//! in parcels, many small files in one. Parcels are bounded in number and, but for their last
//! delivery, in bytes, so a slow reader of [`Running::events`] slows the sources and memory stays
//! flat. What was taken in before a stop is finished; nothing is dropped. It renders nothing and
//! writes nothing.
//!
//! Who reads is a worker. At files and streams several take turns, and each judges what it has read
//! itself, as long as its bytes are near. Of a folder one thread reads: while the others have enough to
//! do, it judges what it has read itself. So there are as many busy threads as workers, and none of them
//! waits for another while there is something to read.

mod collect;
mod events;
mod intake;
mod judge;
mod parcel;
mod stage;
#[cfg(test)]
mod tests;
mod turns;
mod worker;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Sender, bounded};

use crate::engine::{Current, Engine, Report};
use crate::over_time::{self, OverTime};
use crate::source::BatchPool;
use crate::source::pull::Pull;
use collect::collect;
pub use events::{Arrivals, EachEvent, Event, Events, Judged};
use intake::Way;
pub use intake::{Intake, IntakeEnd, files, folder, one_after_another, stream};
use parcel::{Done, Gate, Gatherer, Parcel, Work};
use stage::Stage;
use turns::{Turns, UNTOLD};
use worker::{FromReader, Worker};

/// After a stop an intake that can end does so at once; a read of a silent pipe cannot.
const LATE: Duration = Duration::from_millis(250);

/// Parcels that may wait for each worker that does not read: one to begin with, and one more, so
/// that it has something to do while whoever reads judges a parcel itself.
const AHEAD: usize = 2;

/// How the stages are joined.
#[derive(Clone, Debug)]
pub struct Options {
    /// threads that judge documents, of which the one that reads is one
    pub workers: usize,
    /// whether the bytes of a document that is not simply valid come with its report
    pub keep_refused: bool,
    /// whether each document is told, those too that have nothing to say
    pub every_document: bool,
    /// where used batches go; give the same one to the sources
    pub pool: BatchPool,
    /// whether alerts are told once, and what is watched over time; nothing: each document alone
    pub over_time: Option<over_time::Options>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            keep_refused: true,
            every_document: false,
            pool: BatchPool::default(),
            over_time: None,
        }
    }
}

/// A pipeline at work.
pub struct Running {
    /// what happens, in the order of the input
    pub events: Events,
    current: Arc<Current>,
    stopper: Stopper,
    collector: JoinHandle<()>,
}

/// Tells a pipeline to stop taking in.
#[derive(Clone)]
pub struct Stopper(Arc<Mutex<Option<Sender<()>>>>, Arc<Gate>);

impl Stopper {
    /// Takes no more in; what is in flight is finished, then the events end.
    pub fn stop(&self) {
        self.1.close();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl Running {
    /// The engine that judges; one that replaces it judges from the next batch of documents on.
    pub fn current(&self) -> &Arc<Current> {
        &self.current
    }

    /// A handle that stops the pipeline from any thread.
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// Waits until everything is finished; the events must be read meanwhile, or be dropped.
    pub fn join(self) {
        drop(self.events);
        let _ = self.collector.join();
    }
}

/// Batches that a worker has that reads for itself.
const BATCHES: usize = 32;

/// The source at which several workers take turns, if it is the only one and can be asked.
fn to_take_turns_at(
    mut intakes: Vec<Intake>,
    workers: usize,
) -> (Option<Box<dyn Pull + Send>>, Vec<Intake>) {
    if workers > 1 && intakes.len() == 1 {
        match intakes.pop() {
            Some(Intake(Way::Pulled(source))) => return (Some(source), intakes),
            pushed => intakes.extend(pushed),
        }
    }
    (None, intakes)
}

/// Starts judging what the intakes bring.
pub fn run(engine: Arc<Engine>, intakes: Vec<Intake>, options: Options) -> Running {
    let over_time = options.over_time;
    let over_time = over_time.map(|options| OverTime::new(Arc::clone(&engine), options));
    resume(engine, intakes, options, over_time)
}

/// Starts like [`run`], and goes on with what was known over time before: with `over_time` in place of
/// the options of that name.
pub fn resume(
    engine: Arc<Engine>,
    intakes: Vec<Intake>,
    options: Options,
    over_time: Option<OverTime>,
) -> Running {
    let workers = options.workers.max(1);
    let others = workers - 1;
    let (source, intakes) = to_take_turns_at(intakes, workers);
    let flight = match source {
        Some(_) => workers * 2 * UNTOLD,
        None => workers * 4,
    };
    let (stop_sender, stop) = bounded::<()>(0);
    let (ticket_sender, tickets) = bounded::<()>(flight);
    let (work_sender, work) = bounded::<Parcel>(others * AHEAD);
    let (done_sender, done) = bounded::<Vec<Done>>(flight);
    let (event_sender, events) = bounded::<Vec<Event>>(flight);
    let (spare_sender, spares) = bounded::<Vec<Report>>(flight);
    let gate = Arc::new(Gate::default());
    let left = intakes.len() + usize::from(source.is_some());
    let intakes_left = Arc::new(AtomicUsize::new(left));
    let (over_sender, over) = bounded::<()>(1);
    let (late_sender, late) = bounded::<Event>(left);

    let current = Arc::new(Current::new(Arc::clone(&engine)));
    let worker = |pool| {
        let (done, spares) = (done_sender.clone(), spares.clone());
        let current = Arc::clone(&current);
        let options = Options {
            pool,
            ..options.clone()
        };
        Worker::new(&engine, over_time.is_some(), current, options, done, spares)
    };
    if let Some(source) = source {
        let (gate, tickets) = (Arc::clone(&gate), ticket_sender.clone());
        let (over, late) = (over_sender.clone(), late_sender.clone());
        let turns = Arc::new(Turns::new(source, gate, tickets, over, late));
        for _ in 0..workers {
            // Each has batches of its own, so that what it reads to is near.
            let pool = BatchPool::new(BATCHES);
            let (turns, worker) = (Arc::clone(&turns), worker(pool));
            std::thread::spawn(move || worker.take_turns(&turns));
        }
    } else {
        for _ in 0..others {
            let (parcels, mut worker) = (work.clone(), worker(options.pool.clone()));
            std::thread::spawn(move || {
                for parcel in parcels {
                    if worker.work_off(parcel).is_break() {
                        return;
                    }
                }
            });
        }
    }
    drop(work);
    // The one that the threads share that read.
    let mut own = None;

    for intake in intakes {
        let pool = options.pool.clone();
        let stop = stop.clone();
        let workers = FromReader {
            others: work_sender.clone(),
            own: Arc::clone(own.get_or_insert_with(|| Arc::new(Mutex::new(worker(pool.clone()))))),
            done: done_sender.clone(),
        };
        let mut gatherer = Gatherer::new(Arc::clone(&gate), ticket_sender.clone(), workers);
        let gate = Arc::clone(&gate);
        let (left, over) = (Arc::clone(&intakes_left), over_sender.clone());
        let late_sender = late_sender.clone();
        // Detached on purpose: a read of a silent pipe cannot be interrupted.
        std::thread::spawn(move || {
            let end = intake.push(&stop, &pool, &mut gatherer);
            // After a stop nothing is taken in any more, but what came of the intake is told.
            let end = Work::Event(Box::new(Event::IntakeOver(end)));
            if let Err(Work::Event(end)) = gatherer.add(end) {
                // Nobody has to listen to the end.
                let _ = late_sender.send(*end);
            }
            drop(gatherer);
            if left.fetch_sub(1, Ordering::AcqRel) == 1 {
                gate.close();
                let _ = over.send(());
            }
        });
    }
    if intakes_left.load(Ordering::Acquire) == 0 {
        gate.close();
    }
    drop((ticket_sender, work_sender, own, done_sender));
    drop((over_sender, late_sender));

    let stopper = Stopper(Arc::new(Mutex::new(Some(stop_sender))), Arc::clone(&gate));
    let mut stage = over_time.map(|it| Stage::new(it, options.every_document, spare_sender));
    let collector = std::thread::spawn(move || {
        collect(
            &gate,
            &stop,
            &over,
            &done,
            &tickets,
            &event_sender,
            &mut stage,
        );
        while let Ok(event) = late.recv_timeout(LATE) {
            let _ = event_sender.send(vec![event]);
        }
        if let Some(mut stage) = stage {
            // Nobody has to listen to the end.
            let _ = event_sender.send(vec![stage.end()]);
        }
    });
    Running {
        events: Events::new(events),
        current,
        stopper,
        collector,
    }
}
