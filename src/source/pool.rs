//! Batches go round, so that steady reading allocates nothing.
//!
//! Whoever has used up a [`Batch`] gives it back; a source takes it again. A pool that is full
//! drops, one that is empty allocates, and neither ever waits.

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::frame::Batch;

/// Memory that a batch may keep, whatever it held.
const KEPT: usize = 1 << 20;

/// And in so many parts of what it keeps it must have held something: while documents are large, so
/// are batches, and nothing is given back to be taken again.
const PARTS: usize = 4;

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
        let held = batch.byte_len();
        batch.clear();
        batch.shrink_to(KEPT.max(held.saturating_mul(PARTS)));
        // A full pool needs no more of them.
        let _ = self.give.try_send(batch);
    }
}

impl Default for BatchPool {
    fn default() -> BatchPool {
        BatchPool::new(32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{FrameLimits, Framer, Framing, Open};

    #[test]
    fn a_batch_keeps_what_its_documents_need_and_gives_back_the_rest() {
        let pool = BatchPool::new(1);
        let use_up = |bytes: usize| {
            let mut batch = pool.take();
            let mut framer = Framer::new(Framing::Document, FrameLimits::default(), Open::Never);
            framer.push(&vec![b'1'; bytes], &mut batch);
            framer.finish(&mut batch);
            pool.give(batch);
        };
        use_up(8 << 20);
        let large = pool.take();
        assert!(large.bytes_capacity() >= 8 << 20);
        pool.give(large);
        let small = pool.take();
        assert!(small.bytes_capacity() <= KEPT, "{}", small.bytes_capacity());
    }
}
