//! Batches go round, so that steady reading allocates nothing.
//!
//! Whoever has used up a [`Batch`] gives it back; a source takes it again. A pool that is full
//! drops, one that is empty allocates, and neither ever waits.

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::frame::Batch;

/// Memory that a batch may keep when it comes back.
const KEPT: usize = 1 << 20;

/// A place for used batches; clones share it.
#[derive(Debug, Clone)]
pub struct BatchPool {
    give: Sender<Batch>,
    take: Receiver<Batch>,
}

impl BatchPool {
    /// A pool that keeps up to `batches`.
    pub fn new(batches: usize) -> BatchPool {
        let (give, take) = bounded(batches);
        BatchPool { give, take }
    }

    /// An empty batch.
    pub fn take(&self) -> Batch {
        self.take.try_recv().unwrap_or_default()
    }

    /// Gives a batch back.
    pub fn give(&self, mut batch: Batch) {
        batch.clear();
        batch.shrink_to(KEPT);
        // A full pool needs no more of them.
        let _ = self.give.try_send(batch);
    }
}

impl Default for BatchPool {
    fn default() -> BatchPool {
        BatchPool::new(32)
    }
}
