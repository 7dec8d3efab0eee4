//! One reader, from its first byte to its end.
//!
//! What a read brought is handed over before the next read, so that a slow pipe is not delayed.
//!
//! Never seeks and never maps: a file may be cut under our hands.

use std::io::Read;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::compressed::Decoded;
use super::error::SourceError;
use super::{Deliver, Delivery, ReadOptions, SourceEnd, SourceName};
use crate::frame::{Batch, Framer};

/// Reads to the end, and delivers batches and then the end.
pub(crate) fn read(
    reader: impl Read,
    name: &Arc<SourceName>,
    options: &ReadOptions,
    deliver: &mut Deliver<'_>,
) -> ControlFlow<()> {
    read_with(&mut Vec::new(), reader, name, options, deliver)
}

/// The same, with a buffer that was used before.
pub(crate) fn read_with(
    chunk: &mut Vec<u8>,
    reader: impl Read,
    name: &Arc<SourceName>,
    options: &ReadOptions,
    deliver: &mut Deliver<'_>,
) -> ControlFlow<()> {
    chunk.resize(options.chunk.max(1), 0);
    let mut outcome = SourceEnd::default();
    let error = match Decoded::new(reader, options.max_decompressed, options.chunk) {
        Err(error) => Some(error),
        Ok(mut decoded) => frames(chunk, &mut decoded, name, options, &mut outcome, deliver)?,
    };
    outcome.error = error;
    deliver(Delivery::End {
        source: Arc::clone(name),
        outcome,
    })
}

fn frames(
    chunk: &mut [u8],
    decoded: &mut Decoded<impl Read>,
    name: &Arc<SourceName>,
    options: &ReadOptions,
    outcome: &mut SourceEnd,
    deliver: &mut Deliver<'_>,
) -> ControlFlow<(), Option<SourceError>> {
    let mut framer = Framer::new(options.framing, options.limits, options.open);
    loop {
        let mut batch = options.pool.take();
        let read = framer.read(chunk, |room| decoded.read(room), &mut batch);
        if !matches!(read, Ok(1..)) {
            // After an error too: what came before it stands.
            framer.finish(&mut batch);
        }
        outcome.bytes = decoded.offset;
        outcome.frames += batch.len() as u64;
        hand_over(batch, name, options, deliver)?;
        match read {
            Ok(0) => return ControlFlow::Continue(None),
            Ok(_) => {}
            Err(error) => return ControlFlow::Continue(Some(error)),
        }
    }
}

fn hand_over(
    batch: Batch,
    name: &Arc<SourceName>,
    options: &ReadOptions,
    deliver: &mut Deliver<'_>,
) -> ControlFlow<()> {
    if batch.is_empty() {
        options.pool.give(batch);
        return ControlFlow::Continue(());
    }
    deliver(Delivery::Batch {
        source: Arc::clone(name),
        batch,
    })
}
