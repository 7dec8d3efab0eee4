//! Workers that read themselves: each takes its turn at the source, and judges what it has read while the
//! next one reads. What came has its place in the order from the turn in which it was read.

use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use crossbeam_channel::Sender;

use super::parcel::{DELIVERIES, Gate, Parcel, Work, event_of};
use super::{Event, IntakeEnd};
use crate::source::BatchPool;
use crate::source::pull::Pull;

/// A turn is over with so many bytes: few enough to be near when they are judged.
const BYTES: usize = 512 << 10;

/// So many turns of a worker may be untold; twice as many may be in flight, so that none waits for
/// another that has not told its own.
pub(super) const UNTOLD: usize = 16;

/// What was read in one turn.
pub(super) struct Turn {
    pub(super) parcel: Parcel,
    /// whether it is to be told before the next one
    pub(super) at_once: bool,
}

/// A source, and who is told when it is over.
pub(super) struct Turns {
    source: Mutex<Option<Box<dyn Pull + Send>>>,
    never_waits: bool,
    gate: Arc<Gate>,
    tickets: Sender<()>,
    over: Sender<()>,
    late: Sender<Event>,
}

impl Turns {
    pub(super) fn new(
        mut source: Box<dyn Pull + Send>,
        gate: Arc<Gate>,
        tickets: Sender<()>,
        over: Sender<()>,
        late: Sender<Event>,
    ) -> Turns {
        Turns {
            never_waits: source.never_waits(),
            source: Mutex::new(Some(source)),
            gate,
            tickets,
            over,
            late,
        }
    }

    /// Takes a ticket for the next turn, if there is one.
    pub(super) fn has_ticket(&self) -> bool {
        self.tickets.try_send(()).is_ok()
    }

    /// Waits for a ticket, for which whoever asks must have told all that it has; false where there will
    /// be none.
    pub(super) fn wait_for_ticket(&self) -> bool {
        self.tickets.send(()).is_ok()
    }

    /// What is next for one worker, which has a ticket, in batches of its own; nothing when all was read,
    /// or no more is taken in. It waits for other workers as long as they read, and for nothing else of
    /// theirs. Before it may wait for more, whoever asks is made to `tell` what it has: a reader may wait for
    /// ever.
    pub(super) fn next(&self, pool: &BatchPool, mut tell: impl FnMut()) -> Option<Turn> {
        let mut turn = match self.source.try_lock() {
            Ok(turn) => turn,
            Err(TryLockError::Poisoned(turn)) => turn.into_inner(),
            Err(TryLockError::WouldBlock) => {
                if !self.never_waits {
                    tell();
                }
                self.source.lock().unwrap_or_else(PoisonError::into_inner)
            }
        };
        let source = turn.as_mut()?;
        if source.may_wait() {
            tell();
        }
        let (mut work, mut bytes) = (Vec::new(), 0);
        let (over, at_once) = loop {
            let full = bytes >= BYTES || work.len() >= DELIVERIES;
            // What is there does not wait for what is not.
            let at_once = source.may_wait();
            if full || (!work.is_empty() && at_once) {
                break (false, at_once);
            }
            match source.next(pool).map(event_of) {
                Some(Err(Some((source, batch)))) => {
                    bytes += batch.byte_len();
                    work.push(Work::Batch(source, batch));
                }
                Some(Ok(event)) => work.push(Work::Event(Box::new(event))),
                Some(Err(None)) => {}
                None => break (true, true),
            }
        };
        if over {
            let end = Event::IntakeOver(IntakeEnd::default());
            work.push(Work::Event(Box::new(end)));
        }
        let number = self.gate.number();
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
        let number = number?;
        Some(Turn {
            parcel: Parcel { number, work },
            at_once,
        })
    }
}
