//! What an intake brings, gathered: many small files are handed on together, and worked off together.
//!
//! A parcel is handed on when it is full, or when its intake is about to wait; no timer is needed. It
//! has its place in the order from its first delivery on, so that what was taken in is in flight.

use crossbeam_channel::Sender;
use std::sync::{Arc, Mutex, PoisonError};

use super::Event;
use crate::frame::Batch;
use crate::source::SourceName;

/// A parcel is full with so many bytes of documents.
const BYTES: usize = 1 << 20;

/// Or with so many deliveries.
const DELIVERIES: usize = 512;

/// What workers get.
pub(super) enum Work {
    Batch(Arc<SourceName>, Batch),
    Event(Box<Event>),
}

/// Work that belongs together.
pub(super) struct Parcel {
    pub(super) number: u64,
    pub(super) work: Vec<Work>,
    bytes: usize,
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
    fn number(&self) -> Option<u64> {
        let mut gate = self.lock();
        if gate.0 {
            return None;
        }
        gate.1 += 1;
        Some(gate.1 - 1)
    }
}

/// Gathers what one intake brings.
pub(super) struct Gatherer<HandOn: FnMut(Parcel)> {
    gate: Arc<Gate>,
    tickets: Sender<()>,
    hand_on: HandOn,
    open: Option<Parcel>,
}

impl<HandOn: FnMut(Parcel)> Gatherer<HandOn> {
    /// What is gathered goes to `hand_on`, each parcel once.
    pub(super) fn new(gate: Arc<Gate>, tickets: Sender<()>, hand_on: HandOn) -> Gatherer<HandOn> {
        Gatherer {
            gate,
            tickets,
            hand_on,
            open: None,
        }
    }

    /// Takes work in; gives it back when no more is taken in.
    pub(super) fn take(&mut self, work: Work) -> Result<(), Work> {
        if self.open.is_none() {
            // First a ticket, then a number: who holds a number is in flight already, so no
            // later number can keep it waiting.
            if self.tickets.send(()).is_err() {
                return Err(work);
            }
            let Some(number) = self.gate.number() else {
                return Err(work);
            };
            self.open = Some(Parcel {
                number,
                work: Vec::new(),
                bytes: 0,
            });
        } else if self.gate.is_closed() {
            self.hand_over();
            return Err(work);
        }
        let Some(parcel) = &mut self.open else {
            return Err(work);
        };
        if let Work::Batch(_, batch) = &work {
            parcel.bytes += batch.byte_len();
        }
        parcel.work.push(work);
        if parcel.bytes >= BYTES || parcel.work.len() >= DELIVERIES {
            self.hand_over();
        }
        Ok(())
    }

    /// Hands on what was gathered, for its intake is about to wait. Whether more is taken in.
    pub(super) fn pause(&mut self) -> bool {
        self.hand_over();
        !self.gate.is_closed()
    }

    fn hand_over(&mut self) {
        if let Some(parcel) = self.open.take() {
            (self.hand_on)(parcel);
        }
    }
}

impl<HandOn: FnMut(Parcel)> Drop for Gatherer<HandOn> {
    /// What was taken in is worked off, however its intake ended.
    fn drop(&mut self) {
        self.hand_over();
    }
}
