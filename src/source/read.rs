//! One reader, from its first byte to its end.
//!
//! What a read brought is handed over before the next read, so that a slow pipe is not delayed; and
//! where a read may wait, that is said before it.
//!
//! Never seeks and never maps: a file may be cut under our hands.

use std::io::Read;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::compressed::{Decoded, is_compressed};
use super::error::SourceError;
use super::{Delivery, ReadOptions, Recipient, SourceEnd, SourceName};
use crate::frame::{Batch, Framer};

/// Reads a stream to its end, and delivers batches and then the end.
pub(crate) fn read(
    reader: impl Read,
    name: &Arc<SourceName>,
    options: &ReadOptions,
    to: &mut dyn Recipient,
) -> ControlFlow<()> {
    let to = &mut |delivery: Delivery| {
        let reads_on = matches!(delivery, Delivery::Batch { .. });
        to.take(delivery)?;
        match reads_on {
            true => to.take(Delivery::Waits),
            false => ControlFlow::Continue(()),
        }
    };
    to.take(Delivery::Waits)?;
    read_with(&mut Vec::new(), reader, name, options, to)
}

/// The same of what is never waited for, with a buffer that was used before.
pub(crate) fn read_with(
    chunk: &mut Vec<u8>,
    reader: impl Read,
    name: &Arc<SourceName>,
    options: &ReadOptions,
    to: &mut dyn Recipient,
) -> ControlFlow<()> {
    chunk.resize(options.chunk.max(1), 0);
    let mut outcome = SourceEnd::default();
    let error = match Decoded::new(reader, options.max_decompressed, options.chunk) {
        Err(error) => Some(error),
        Ok(mut decoded) => {
            let next = &mut |framer: &mut Framer, batch: &mut Batch| {
                framer.read(chunk, |room| decoded.read(room), batch)
            };
            frames(next, name, options, &mut outcome, to)?
        }
    };
    outcome.error = error;
    to.take(Delivery::End {
        source: Arc::clone(name),
        outcome,
    })
}

/// Offers a text that stands in a batch as a whole to whoever can tell that it is one document; gives it
/// back where it is not taken.
pub(crate) fn offer_text(
    mut whole: Batch,
    name: &Arc<SourceName>,
    options: &ReadOptions,
    to: &mut dyn Recipient,
) -> ControlFlow<(), Option<Batch>> {
    let framer = Framer::new(options.framing, options.limits, options.open);
    if is_compressed(whole.text()) || !framer.likely(&mut whole) {
        return ControlFlow::Continue(Some(whole));
    }
    let outcome = end_of(&whole);
    if let Some(mut whole) = to.take_unframed(name, whole)? {
        whole.unmark();
        return ControlFlow::Continue(Some(whole));
    }
    to.take(Delivery::End {
        source: Arc::clone(name),
        outcome,
    })?;
    ControlFlow::Continue(None)
}

/// The end of a source that stands in a batch as a whole.
fn end_of(whole: &Batch) -> SourceEnd {
    SourceEnd {
        bytes: whole.byte_len() as u64,
        frames: whole.len() as u64,
        ..SourceEnd::default()
    }
}

/// As [`read_with`], of a text that stands in a batch as a whole: one document is not copied to be framed.
pub(crate) fn read_text(
    chunk: &mut Vec<u8>,
    mut whole: Batch,
    name: &Arc<SourceName>,
    options: &ReadOptions,
    to: &mut dyn Recipient,
) -> ControlFlow<()> {
    let framer = Framer::new(options.framing, options.limits, options.open);
    if is_compressed(whole.text()) || !framer.alone(&mut whole) {
        let flow = read_with(chunk, whole.text(), name, options, to);
        options.pool.give(whole);
        return flow;
    }
    let outcome = end_of(&whole);
    to.take(Delivery::Batch {
        source: Arc::clone(name),
        batch: whole,
    })?;
    to.take(Delivery::End {
        source: Arc::clone(name),
        outcome,
    })
}

/// Goes through the source by `next`, which gives its bytes to the framer and says how many they are.
fn frames(
    next: &mut dyn FnMut(&mut Framer, &mut Batch) -> Result<usize, SourceError>,
    name: &Arc<SourceName>,
    options: &ReadOptions,
    outcome: &mut SourceEnd,
    to: &mut dyn Recipient,
) -> ControlFlow<(), Option<SourceError>> {
    let mut framer = Framer::new(options.framing, options.limits, options.open);
    loop {
        let mut batch = options.pool.take();
        let read = next(&mut framer, &mut batch);
        if !matches!(read, Ok(1..)) {
            // After an error too: what came before it stands.
            framer.finish(&mut batch);
        }
        outcome.bytes += *read.as_ref().unwrap_or(&0) as u64;
        outcome.frames += batch.len() as u64;
        hand_over(batch, name, options, to)?;
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
    to: &mut dyn Recipient,
) -> ControlFlow<()> {
    if batch.is_empty() {
        options.pool.give(batch);
        return ControlFlow::Continue(());
    }
    to.take(Delivery::Batch {
        source: Arc::clone(name),
        batch,
    })
}
