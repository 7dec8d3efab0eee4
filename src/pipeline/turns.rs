//! Workers that read themselves: each takes its turn at the source, and judges what it has read while the
//! next one reads. What came has its place in the order from the turn in which it was read.

use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::Sender;

use super::parcel::{BYTES, DELIVERIES, Gate, Parcel, Work};
use super::{Event, IntakeEnd};
use crate::source::pull::Pull;
use crate::source::{BatchPool, Delivery};

/// A source, and who is told when it is over.
pub(super) struct Turns {
    source: Mutex<Option<Box<dyn Pull + Send>>>,
    gate: Arc<Gate>,
    tickets: Sender<()>,
    over: Sender<()>,
    late: Sender<Event>,
}

impl Turns {
    pub(super) fn new(
        source: Box<dyn Pull + Send>,
        gate: Arc<Gate>,
        tickets: Sender<()>,
        over: Sender<()>,
        late: Sender<Event>,
    ) -> Turns {
        Turns {
            source: Mutex::new(Some(source)),
            gate,
            tickets,
            over,
            late,
        }
    }

    /// What is next for one worker, in batches of its own; nothing when all was read, or no more is
    /// taken in.
    pub(super) fn next(&self, pool: &BatchPool) -> Option<Parcel> {
        let mut turn = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        let source = turn.as_mut()?;
        let (mut work, mut bytes) = (Vec::new(), 0);
        let over = loop {
            let full = bytes >= BYTES || work.len() >= DELIVERIES;
            // What is there does not wait for what is not.
            if full || (!work.is_empty() && source.may_wait()) {
                break false;
            }
            match source.next(pool).map(Work::of) {
                Some(Some(one)) => {
                    bytes += one.byte_len();
                    work.push(one);
                }
                Some(None) => {}
                None => break true,
            }
        };
        if over {
            let end = Event::IntakeOver(IntakeEnd::default());
            work.push(Work::Event(Box::new(end)));
        }
        // First a ticket, then a number: who holds a number is in flight already, so no later number can
        // keep it waiting.
        let number = match self.tickets.send(()) {
            Ok(()) => self.gate.number(),
            Err(_) => None,
        };
        if over || number.is_none() {
            *turn = None;
        }
        if number.is_none() {
            // What was read is not taken in any more, but that it is over is told.
            let _ = self.late.send(Event::IntakeOver(IntakeEnd::default()));
        }
        if turn.is_none() {
            self.gate.close();
            let _ = self.over.send(());
        }
        Some(Parcel {
            number: number?,
            work,
        })
    }
}

impl Work {
    /// What a source told, as work; nothing of one that is about to wait.
    pub(super) fn of(delivery: Delivery) -> Option<Work> {
        let event = match delivery {
            Delivery::Batch { source, batch } => return Some(Work::Batch(source, batch)),
            Delivery::End { source, outcome } => Event::End { source, outcome },
            Delivery::PassedOver { path, reason } => Event::PassedOver { path, reason },
            Delivery::Note(note) => Event::Noted(note),
            Delivery::Waits => return None,
        };
        Some(Work::Event(Box::new(event)))
    }
}
