//! Joins the stages: sources, workers, results in the order of their input.
//!
//! The sole owner of threads, queues and shutdown. Queues are bounded, so a slow
//! reader of [`Running::events`] slows the sources and memory stays flat. What was
//! taken in before a stop is finished; nothing is dropped. It renders nothing
//! and writes nothing.

mod intake;
mod stage;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded, never, select, tick};

use crate::engine::{Checker, Current, Engine, Fault, Input, Report, Verdict};
use crate::frame::{Batch, Frame, FrameFault};
use crate::over_time::{self, OverTime, Remembered};
use crate::record::kind::Taken;
use crate::record::{Origin, explain, place};
use crate::rules::{RuleSet, WindowRule};
use crate::source::{BatchPool, Delivery, Note, PassedOver, SourceEnd, SourceName};
use crate::stats::Summary;
use crate::window::Held;
pub use intake::{Intake, IntakeEnd, files, folder, one_after_another, stream};
use stage::{Stage, TICK};

/// After a stop an intake that can end does so at once; a read of a silent pipe cannot.
const LATE: Duration = Duration::from_millis(250);

/// How the stages are joined.
#[derive(Clone, Debug)]
pub struct Options {
    /// threads that judge documents
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

/// One thing that happened, in the order of the input.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// A run of documents of one source was judged.
    Judged {
        /// the source
        source: Arc<SourceName>,
        /// the rules they were judged by, in the order of `counts.rules`
        rules: RuleSet,
        /// counts over all of them
        counts: Summary,
        /// those that have something to say
        documents: Vec<Judged>,
        /// what is to be remembered of them, if that was asked for
        remembered: Vec<Remembered>,
        /// how many of them were known
        arrivals: Arrivals,
    },
    /// A source ended.
    End {
        /// the source
        source: Arc<SourceName>,
        /// how
        outcome: SourceEnd,
    },
    /// An entry of a folder was passed over.
    PassedOver {
        /// its path
        path: PathBuf,
        /// why
        reason: PassedOver,
    },
    /// What wall time brought over time, with no document.
    OverTime(over_time::Told),
    /// All is read: what was still to be said, and what was counted over time.
    OverTimeEnd {
        /// the last transitions
        told: over_time::Told,
        /// everything that was counted
        counts: Box<over_time::Counts>,
        /// what each window holds, if that was asked for
        contents: Vec<(WindowRule, Vec<Held>)>,
    },
    /// Something about a folder that is worth knowing.
    Noted(Note),
    /// An intake is over: its files are read, or its folder's watch ended.
    IntakeOver(IntakeEnd),
}

/// Documents that brought nothing new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrivals {
    /// the same record or page again
    pub repeated: u64,
    /// a lower version than one that came before
    pub superseded: u64,
}

/// One document that has something to say.
#[derive(Debug)]
pub struct Judged {
    /// where it begins
    pub origin: Origin,
    /// what became of it
    pub report: Report,
    /// its bytes, if it was refused and they were asked for
    pub text: Option<Vec<u8>>,
    /// what it changed over time
    pub told: over_time::Told,
}

/// A pipeline at work.
pub struct Running {
    /// what happens, in the order of the input; closed when all is done
    pub events: Receiver<Event>,
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

/// Numbers what is taken in, until it is closed.
struct Gate(Mutex<(bool, u64)>);

impl Gate {
    fn lock(&self) -> std::sync::MutexGuard<'_, (bool, u64)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) {
        self.lock().0 = true;
    }
}

enum Work {
    Batch(Arc<SourceName>, Batch),
    Event(Box<Event>),
}

struct Done {
    number: u64,
    event: Event,
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
    let flight = workers * 4;
    let (stop_sender, stop) = bounded::<()>(0);
    let (ticket_sender, tickets) = bounded::<()>(flight);
    let (work_sender, work) = bounded::<(u64, Work)>(flight);
    let (done_sender, done) = bounded::<Done>(flight);
    let (event_sender, events) = bounded::<Event>(flight);
    let (spare_sender, spares) = bounded::<Vec<Report>>(flight);
    let gate = Arc::new(Gate(Mutex::new((false, 0))));
    let intakes_left = Arc::new(AtomicUsize::new(intakes.len()));
    let (over_sender, over) = bounded::<()>(1);
    let (late_sender, late) = bounded::<Event>(intakes.len());

    for intake in intakes {
        let (gate, stop) = (Arc::clone(&gate), stop.clone());
        let (ticket_sender, work_sender) = (ticket_sender.clone(), work_sender.clone());
        let (left, over) = (Arc::clone(&intakes_left), over_sender.clone());
        let late_sender = late_sender.clone();
        // Detached on purpose: a read of a silent pipe cannot be interrupted.
        std::thread::spawn(move || {
            let send = |work: Work| -> Result<(), Work> {
                // First a ticket, then a number: who holds a number is in flight already, so no
                // later number can keep it waiting.
                if ticket_sender.send(()).is_err() {
                    return Err(work);
                }
                let number = {
                    let mut gate = gate.lock();
                    if gate.0 {
                        return Err(work);
                    }
                    gate.1 += 1;
                    gate.1 - 1
                };
                let sent = work_sender.send((number, work));
                sent.map_err(|unsent| unsent.into_inner().1)
            };
            let end = intake(&stop, &mut |delivery| {
                let work = match delivery {
                    Delivery::Batch { source, batch } => Work::Batch(source, batch),
                    Delivery::End { source, outcome } => {
                        Work::Event(Box::new(Event::End { source, outcome }))
                    }
                    Delivery::PassedOver { path, reason } => {
                        Work::Event(Box::new(Event::PassedOver { path, reason }))
                    }
                    Delivery::Note(note) => Work::Event(Box::new(Event::Noted(note))),
                };
                match send(work) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(_) => ControlFlow::Break(()),
                }
            });
            // After a stop nothing is taken in any more, but what came of the intake is told.
            if let Err(Work::Event(end)) = send(Work::Event(Box::new(Event::IntakeOver(end)))) {
                // Nobody has to listen to the end.
                let _ = late_sender.send(*end);
            }
            if left.fetch_sub(1, Ordering::AcqRel) == 1 {
                gate.close();
                let _ = over.send(());
            }
        });
    }
    if intakes_left.load(Ordering::Acquire) == 0 {
        gate.close();
    }
    drop((ticket_sender, work_sender, over_sender, late_sender));

    let current = Arc::new(Current::new(Arc::clone(&engine)));
    for _ in 0..workers {
        let (work, done, spares) = (work.clone(), done_sender.clone(), spares.clone());
        let options = options.clone();
        let contributes = over_time.is_some();
        let checker_of = move |engine: &Arc<Engine>| match contributes {
            true => engine.checker().contributing(),
            false => engine.checker(),
        };
        let mut checker = checker_of(&engine);
        let (current, mut seen) = (Arc::clone(&current), 0);
        std::thread::spawn(move || {
            for (number, work) in work {
                let event = match work {
                    Work::Batch(source, batch) => {
                        if let Some(engine) = current.newer(&mut seen) {
                            checker = checker_of(&engine);
                        }
                        let spare = spares.try_recv().unwrap_or_default();
                        let event = judge(&mut checker, source, &batch, &options, spare);
                        options.pool.give(batch);
                        event
                    }
                    Work::Event(event) => *event,
                };
                if done.send(Done { number, event }).is_err() {
                    return;
                }
            }
        });
    }
    drop((work, done_sender));

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
            let _ = event_sender.send(event);
        }
        if let Some(mut stage) = stage {
            // Nobody has to listen to the end.
            let _ = event_sender.send(stage.end());
        }
    });
    Running {
        events,
        current,
        stopper,
        collector,
    }
}

/// Puts results back into the order of their numbers.
fn collect(
    gate: &Gate,
    stop: &Receiver<()>,
    over: &Receiver<()>,
    done: &Receiver<Done>,
    tickets: &Receiver<()>,
    events: &Sender<Event>,
    stage: &mut Option<Stage>,
) {
    let ticks = stage.as_ref().map_or_else(never, |_| tick(TICK));
    let mut waiting: BTreeMap<u64, Event> = BTreeMap::new();
    let mut next = 0u64;
    // Once the gate is closed its number is final, and nobody needs to tell us again.
    let (mut stop, mut over) = (stop.clone(), over.clone());
    loop {
        let (closed, taken) = *gate.lock();
        if closed && next == taken {
            return;
        }
        select! {
            recv(done) -> result => {
                let Ok(result) = result else { return };
                waiting.insert(result.number, result.event);
                while let Some(mut event) = waiting.remove(&next) {
                    next += 1;
                    let _ = tickets.try_recv();
                    if let Some(stage) = stage {
                        stage.take(&mut event);
                    }
                    // Nobody listens: stop taking in, and finish what is in flight.
                    if events.send(event).is_err() {
                        gate.close();
                    }
                }
            }
            recv(stop) -> _ => {
                gate.close();
                stop = never();
            }
            recv(over) -> _ => over = never(),
            recv(ticks) -> _ => {
                if let Some(event) = stage.as_mut().and_then(Stage::tick)
                    && events.send(event).is_err()
                {
                    gate.close();
                }
            }
        }
    }
}

fn judge(
    checker: &mut Checker,
    source: Arc<SourceName>,
    batch: &Batch,
    options: &Options,
    mut spare: Vec<Report>,
) -> Event {
    let mut counts = Summary::default();
    let mut documents = Vec::new();
    let name = source.to_string();
    for frame in batch.iter() {
        if let Some(report) = spare.pop() {
            checker.reuse(report);
        }
        judge_frame(checker, &name, frame, options, &mut counts, &mut documents);
    }
    Event::Judged {
        source,
        rules: checker.rules().clone(),
        counts,
        documents,
        remembered: Vec::new(),
        arrivals: Arrivals::default(),
    }
}

/// A frame's fault, with its place: of a text that is cut off, its end.
fn faulty(frame: Frame<'_>, fault: FrameFault, origin: Origin) -> Fault {
    let mut message = fault.to_string();
    let mut offset = 0;
    if fault == FrameFault::CutOff && !frame.bytes.is_empty() {
        offset = frame.bytes.len() - 1;
        if let Some(open) = explain::still_open(frame.bytes) {
            let spot = place::spot(frame.bytes, origin, open);
            let what = char::from(frame.bytes[open]);
            message.push_str(&format!(
                "; the {what} of line {}, column {} is still open",
                spot.line, spot.column
            ));
        }
    }
    Fault {
        spot: place::spot(frame.bytes, origin, offset),
        message,
        code: fault.code(),
    }
}

fn judge_frame(
    checker: &mut Checker,
    source: &str,
    frame: Frame<'_>,
    options: &Options,
    counts: &mut Summary,
    documents: &mut Vec<Judged>,
) {
    let origin = Origin {
        line: frame.line,
        column: frame.column,
        offset: frame.offset,
    };
    let input = Input {
        bytes: frame.bytes,
        source,
        origin,
        taken: Taken {
            element: frame.element,
            context: frame.context,
        },
    };
    let report = match frame.fault {
        Some(fault) => {
            let mut report = Report::malformed(faulty(frame, fault, origin));
            checker.redact(&mut report);
            report
        }
        None => checker.check(input),
    };
    if report.verdict == Verdict::Malformed && frame.fault.is_none() {
        // A line may hold two whole documents; each is judged for itself.
        let mut parts = Batch::new();
        if frame.split(&mut parts) {
            for part in parts.iter() {
                judge_frame(checker, source, part, options, counts, documents);
            }
            return;
        }
    }
    counts.document(&report, frame.bytes.len());
    if options.every_document || report.has_something_to_say() || report.contribution.is_some() {
        let shown = report.verdict != Verdict::Valid || !report.notices.is_empty();
        let text = (options.keep_refused && shown).then(|| frame.bytes.to_vec());
        documents.push(Judged {
            origin,
            report,
            text,
            told: over_time::Told::default(),
        });
    } else {
        checker.reuse(report);
    }
}
