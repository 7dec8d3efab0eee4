//! Nothing of a file is delivered before it is known to be whole.
//!
//! Keeps its deliveries back, up to a limit of bytes; a file that holds more, or that has been
//! waited for long enough, is delivered as it is read.

use std::io;
use std::ops::ControlFlow;

use smallvec::SmallVec;

use super::error::SourceError;
use super::inbox::Outcome;
use super::{Delivery, Recipient};
use crate::frame::FrameFault;

/// Keeps deliveries back until it is known that the file has an end.
pub(super) struct Hold {
    /// mostly a batch and the end
    kept: SmallVec<[Delivery; 2]>,
    bytes: usize,
    /// Beyond it, what is kept is let go: the file decompresses to more than memory is for.
    limit: usize,
    open: bool,
    cut_off: bool,
    error: bool,
}

impl Hold {
    pub(super) fn new(limit: usize, open: bool) -> Hold {
        Hold {
            kept: SmallVec::new(),
            bytes: 0,
            limit,
            open,
            cut_off: false,
            error: false,
        }
    }

    pub(super) fn take(&mut self, delivery: Delivery, to: &mut dyn Recipient) -> ControlFlow<()> {
        match &delivery {
            Delivery::Batch { batch, .. } => {
                self.bytes += batch.byte_len();
                let last = batch.len().checked_sub(1).and_then(|last| batch.get(last));
                self.cut_off = last.is_some_and(|last| last.fault == Some(FrameFault::CutOff));
            }
            Delivery::End { outcome, .. } => {
                self.error = outcome.error.is_some();
                self.cut_off = match &outcome.error {
                    None => self.cut_off,
                    Some(SourceError::Corrupt { error, .. }) => {
                        error.kind() == io::ErrorKind::UnexpectedEof
                    }
                    Some(_) => false,
                };
            }
            _ => {}
        }
        if self.open {
            return to.take(delivery);
        }
        self.kept.push(delivery);
        if self.bytes > self.limit {
            return self.release(to);
        }
        ControlFlow::Continue(())
    }

    pub(super) fn waits(&self) -> bool {
        self.cut_off && !self.open
    }

    pub(super) fn release(&mut self, to: &mut dyn Recipient) -> ControlFlow<()> {
        self.open = true;
        self.kept.drain(..).try_for_each(|one| to.take(one))
    }

    pub(super) fn outcome(&self) -> Outcome {
        match self.error {
            true => Outcome::Failed,
            false => Outcome::Read,
        }
    }
}
