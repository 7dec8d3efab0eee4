//! Batches go round, so that steady reading allocates nothing.
//!
//! Whoever has used up a [`Batch`] gives it back; a source takes it again. A pool that is full
//! drops, one that is empty allocates, and neither ever waits.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::frame::Batch;

/// Memory that a batch may keep when it comes back while there are few, whatever it held.
const KEPT: usize = 1 << 20;

/// And so many times what it held: while documents are large, so are batches, and nothing is given
/// back to be taken again.
const TIMES: usize = 4;

/// So many are few: what stream and worker need between them.
const FEW: usize = 32;

/// Memory that each of the others may keep: they are of folders of small files.
const KEPT_OF_MANY: usize = 64 << 10;

/// A place for used batches; clones share it.
///
/// The batch that came last goes first: its memory is nearest.
#[derive(Debug, Clone)]
pub struct BatchPool {
    batches: Arc<Mutex<Vec<Batch>>>,
    most: usize,
}

impl BatchPool {
    /// A pool that keeps up to `batches`, only a few of them large.
    pub fn new(batches: usize) -> BatchPool {
        BatchPool {
            batches: Arc::default(),
            most: batches,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Batch>> {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An empty batch.
    pub fn take(&self) -> Batch {
        self.lock().pop().unwrap_or_default()
    }

    /// Gives a batch back.
    pub fn give(&self, mut batch: Batch) {
        let held = batch.byte_len();
        batch.clear();
        // What was not used tells nothing of what is needed: of a large document most reads end none.
        if held > 0 {
            let kept = match self.lock().len() < FEW {
                true => KEPT.max(held.saturating_mul(TIMES)),
                false => KEPT_OF_MANY,
            };
            batch.shrink_to(kept);
        }
        let mut batches = self.lock();
        // A full pool needs no more of them.
        if batches.len() < self.most {
            batches.push(batch);
        }
    }
}

impl Default for BatchPool {
    fn default() -> BatchPool {
        BatchPool::new(512)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{FrameLimits, Framer, Framing, Open};

    #[test]
    fn of_many_batches_only_a_few_stay_large() {
        let pool = BatchPool::default();
        let text = format!("{{}}{}\n", " ".repeat(80_000));
        for _ in 0..2 {
            // All at once, as when they are all in flight.
            let mut batches: Vec<Batch> = (0..600).map(|_| pool.take()).collect();
            for batch in &mut batches {
                let limits = FrameLimits::default();
                let mut framer = Framer::new(Framing::Document, limits, Open::Never);
                framer.push(&[b"[\"", text.as_bytes(), b"\"]"].concat(), batch);
                framer.finish(batch);
                assert!(batch.bytes_capacity() >= 80_000);
            }
            batches.into_iter().for_each(|batch| pool.give(batch));
        }
        let kept = pool.lock();
        let large = kept.iter().filter(|it| it.bytes_capacity() > KEPT_OF_MANY);
        assert_eq!((kept.len(), large.count()), (512, FEW));
    }

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
        assert!(
            pool.lock()[0].bytes_capacity() >= 8 << 20,
            "it was not used"
        );
        use_up(1);
        let small = pool.take();
        assert!(small.bytes_capacity() <= KEPT, "{}", small.bytes_capacity());
    }
}
