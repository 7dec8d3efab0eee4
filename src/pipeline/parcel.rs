//! What an intake brings, gathered: many small files are handed on together, and worked off together.
//!
//! A parcel is handed on when it is full, or when its intake is about to wait; no timer is needed. It
//! has its place in the order from its first delivery on, so that what was taken in is in flight.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::Sender;

use super::Event;
use crate::frame::Batch;
use crate::source::{Delivery, Recipient, SourceName};

/// A parcel is full with so many bytes of documents.
const BYTES: usize = 1 << 20;

/// And so many are told together of what was judged as it was read, as long as others stay busy.
const BYTES_JUDGED: usize = 4 << 20;

/// Or with so many deliveries.
pub(super) const DELIVERIES: usize = 512;

/// What workers get.
pub(super) enum Work {
    Batch(Arc<SourceName>, Batch),
    Event(Box<Event>),
}

impl Work {
    /// Bytes of its documents.
    pub(super) fn byte_len(&self) -> usize {
        match self {
            Work::Batch(_, batch) => batch.byte_len(),
            Work::Event(_) => 0,
        }
    }
}

/// What a source tells, where it needs no more than to be told on; else what is to be judged, or nothing of
/// one that is about to wait.
pub(super) fn event_of(delivery: Delivery) -> Result<Event, Option<(Arc<SourceName>, Batch)>> {
    match delivery {
        Delivery::Batch { source, batch } => Err(Some((source, batch))),
        Delivery::End { source, outcome } => Ok(Event::End { source, outcome }),
        Delivery::PassedOver { path, reason } => Ok(Event::PassedOver { path, reason }),
        Delivery::Note(note) => Ok(Event::Noted(note)),
        Delivery::Waits => Err(None),
    }
}

/// Work that belongs together.
pub(super) struct Parcel {
    pub(super) number: u64,
    pub(super) work: Vec<Work>,
}

/// What came of a parcel.
pub(super) struct Done {
    pub(super) number: u64,
    pub(super) events: Vec<Event>,
}

/// Numbers what is taken in, until it is closed.
#[derive(Default)]
pub(super) struct Gate(Mutex<(bool, u64)>);

impl Gate {
    fn lock(&self) -> std::sync::MutexGuard<'_, (bool, u64)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn close(&self) {
        self.lock().0 = true;
    }

    /// Whether it is closed, and how many numbers were given.
    pub(super) fn state(&self) -> (bool, u64) {
        *self.lock()
    }

    fn is_closed(&self) -> bool {
        self.lock().0
    }

    /// The next number; nothing once it is closed.
    pub(super) fn number(&self) -> Option<u64> {
        let mut gate = self.lock();
        if gate.0 {
            return None;
        }
        gate.1 += 1;
        Some(gate.1 - 1)
    }
}

/// Who works off what is gathered.
pub(super) trait Workers {
    /// Whether those that do not read have enough to do.
    fn are_busy(&self) -> bool;
    /// Gives them a parcel.
    fn give(&mut self, parcel: Parcel);
    /// Works off, on this thread, what was just read.
    fn work_off(&mut self, work: Work) -> Event;
    /// The same of a source that is likely one document, but gives back what is not.
    fn work_off_unframed(&mut self, source: &Arc<SourceName>, batch: Batch)
    -> Result<Event, Batch>;
    /// Hands on what came of a parcel that was worked off here.
    fn done(&mut self, done: Done);
}

/// Gathers what one intake brings.
pub(super) struct Gatherer<W: Workers> {
    gate: Arc<Gate>,
    tickets: Sender<()>,
    workers: W,
    open: Option<Open>,
    /// events of the last parcel
    many: usize,
}

/// A parcel that is being gathered, for others; or what came of one so far, while others are busy: what
/// was just read is nearest then.
struct Open {
    number: u64,
    bytes: usize,
    deliveries: usize,
    gathered: Gathered,
}

enum Gathered {
    Work(Vec<Work>),
    Events(Vec<Event>),
}

impl<W: Workers> Gatherer<W> {
    pub(super) fn new(gate: Arc<Gate>, tickets: Sender<()>, workers: W) -> Gatherer<W> {
        Gatherer {
            gate,
            tickets,
            workers,
            open: None,
            many: 0,
        }
    }

    /// Takes work in; gives it back when no more is taken in.
    pub(super) fn add(&mut self, work: Work) -> Result<(), Work> {
        if !self.is_open() {
            return Err(work);
        }
        let Some(open) = &mut self.open else {
            return Err(work);
        };
        let bytes = work.byte_len();
        match &mut open.gathered {
            Gathered::Work(several) => several.push(work),
            Gathered::Events(events) => events.push(self.workers.work_off(work)),
        }
        self.took(bytes);
        Ok(())
    }

    /// Takes in what needs no work; whether it was taken.
    fn add_event(&mut self, event: Event) -> bool {
        if !self.is_open() {
            return false;
        }
        let Some(open) = &mut self.open else {
            return false;
        };
        match &mut open.gathered {
            Gathered::Work(several) => several.push(Work::Event(Box::new(event))),
            Gathered::Events(events) => events.push(event),
        }
        self.took(0);
        true
    }

    /// Opens a parcel if none is open; whether one is. None is when no more is taken in.
    fn is_open(&mut self) -> bool {
        if self.open.is_some() {
            if self.gate.is_closed() {
                self.hand_over();
            }
            return self.open.is_some();
        }
        // First a ticket, then a number: who holds a number is in flight already, so no later
        // number can keep it waiting.
        if self.tickets.send(()).is_err() {
            return false;
        }
        self.open = self.gate.number().map(|number| Open {
            number,
            bytes: 0,
            deliveries: 0,
            gathered: match self.workers.are_busy() {
                true => Gathered::Events(Vec::with_capacity(self.many)),
                false => Gathered::Work(Vec::new()),
            },
        });
        self.open.is_some()
    }

    /// Counts what was taken into the open parcel, and hands it on when it is full.
    fn took(&mut self, bytes: usize) {
        let Some(open) = &mut self.open else { return };
        open.bytes += bytes;
        open.deliveries += 1;
        let most = match &open.gathered {
            Gathered::Events(_) if self.workers.are_busy() => BYTES_JUDGED,
            // The next is for them.
            _ => BYTES,
        };
        if open.bytes >= most || open.deliveries >= DELIVERIES {
            self.hand_over();
        }
    }

    /// Whether what comes next is worked off here.
    fn works(&self) -> bool {
        match &self.open {
            Some(open) => matches!(open.gathered, Gathered::Events(_)),
            None => self.workers.are_busy(),
        }
    }

    /// Hands on what was gathered, for its intake is about to wait. Whether more is taken in.
    pub(super) fn pause(&mut self) -> bool {
        self.hand_over();
        !self.gate.is_closed()
    }

    fn hand_over(&mut self) {
        let Some(Open {
            number, gathered, ..
        }) = self.open.take()
        else {
            return;
        };
        match gathered {
            Gathered::Work(work) => self.workers.give(Parcel { number, work }),
            Gathered::Events(events) => {
                self.many = events.len();
                self.workers.done(Done { number, events });
            }
        }
    }
}

impl<W: Workers> Recipient for Gatherer<W> {
    fn take(&mut self, delivery: Delivery) -> ControlFlow<()> {
        let taken = match event_of(delivery) {
            Ok(event) => self.add_event(event),
            Err(Some((source, batch))) => self.add(Work::Batch(source, batch)).is_ok(),
            Err(None) => self.pause(),
        };
        match taken {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    }

    fn take_unframed(
        &mut self,
        source: &Arc<SourceName>,
        batch: Batch,
    ) -> ControlFlow<(), Option<Batch>> {
        // Who has to wait for another to look at it looks for its end at once.
        if !self.works() {
            return ControlFlow::Continue(Some(batch));
        }
        if !self.is_open() {
            return ControlFlow::Break(());
        }
        // The others may have become free meanwhile, and then the parcel is theirs.
        if !self.works() {
            return ControlFlow::Continue(Some(batch));
        }
        let bytes = batch.byte_len();
        match self.workers.work_off_unframed(source, batch) {
            Ok(event) => {
                if let Some(Open {
                    gathered: Gathered::Events(events),
                    ..
                }) = &mut self.open
                {
                    events.push(event);
                }
                self.took(bytes);
                ControlFlow::Continue(None)
            }
            Err(batch) => ControlFlow::Continue(Some(batch)),
        }
    }
}

impl<W: Workers> Drop for Gatherer<W> {
    /// What was taken in is worked off, however its intake ended.
    fn drop(&mut self) {
        self.hand_over();
    }
}
