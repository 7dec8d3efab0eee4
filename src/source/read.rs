//! One reader, from its first byte to its end.
//!
//! What a read brought is handed over before the next read, so that a slow pipe is not delayed; and
//! whether a read may wait is known before it.
//!
//! Never seeks and never maps: a file may be cut under our hands.

use std::io::Read;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::compressed::{Decoded, is_compressed};
use super::pull::{Pull, push};
use super::{BatchPool, Delivery, ReadOptions, Recipient, SourceEnd, SourceName};
use crate::frame::{Batch, Framer};

/// A reader that is read as it is asked for what is next.
pub(crate) struct Reading<R: Read> {
    stream: Stream<R>,
    framer: Framer,
    chunk: Vec<u8>,
    name: Arc<SourceName>,
    options: ReadOptions,
    /// whether a read may wait
    waits: bool,
    outcome: SourceEnd,
}

enum Stream<R: Read> {
    /// nothing of it was read yet
    New(R),
    Read(Box<Decoded<R>>),
    /// all was read, and its end is to be told
    Ended,
    /// and that was told
    Over,
}

impl<R: Read> Reading<R> {
    pub(crate) fn new(
        reader: R,
        name: Arc<SourceName>,
        options: ReadOptions,
        waits: bool,
    ) -> Reading<R> {
        Reading {
            stream: Stream::New(reader),
            framer: Framer::new(options.framing, options.limits, options.open),
            chunk: Vec::new(),
            name,
            options,
            waits,
            outcome: SourceEnd::default(),
        }
    }

    /// Reads once, and frames what came; nothing where nothing is left to be read.
    fn read(&mut self, batch: &mut Batch) -> Option<()> {
        if let Stream::New(_) = self.stream {
            self.chunk.resize(self.options.chunk.max(1), 0);
            let Stream::New(reader) = std::mem::replace(&mut self.stream, Stream::Ended) else {
                return None;
            };
            match Decoded::new(reader, self.options.max_decompressed, self.options.chunk) {
                Ok(decoded) => self.stream = Stream::Read(Box::new(decoded)),
                Err(error) => {
                    self.outcome.error = Some(error);
                    return None;
                }
            }
        }
        let Stream::Read(decoded) = &mut self.stream else {
            return None;
        };
        let (framer, chunk) = (&mut self.framer, &mut self.chunk);
        let read = framer.read(chunk, |room| decoded.read(room), batch);
        if !matches!(read, Ok(1..)) {
            // After an error too: what came before it stands.
            framer.finish(batch);
            self.stream = Stream::Ended;
        }
        self.outcome.bytes += *read.as_ref().unwrap_or(&0) as u64;
        self.outcome.frames += batch.len() as u64;
        self.outcome.error = read.err();
        Some(())
    }
}

impl<R: Read> Pull for Reading<R> {
    fn next(&mut self, pool: &BatchPool) -> Option<Delivery> {
        let mut batch = pool.take();
        while self.read(&mut batch).is_some() {
            if !batch.is_empty() {
                return Some(Delivery::Batch {
                    source: Arc::clone(&self.name),
                    batch,
                });
            }
            // What came may end in a later read; nothing of it is here.
            batch.clear();
        }
        pool.give(batch);
        if let Stream::Over = self.stream {
            return None;
        }
        self.stream = Stream::Over;
        Some(Delivery::End {
            source: Arc::clone(&self.name),
            outcome: std::mem::take(&mut self.outcome),
        })
    }

    fn may_wait(&mut self) -> bool {
        self.waits && matches!(self.stream, Stream::New(_) | Stream::Read(_))
    }

    fn never_waits(&mut self) -> bool {
        !self.waits
    }

    fn is_over(&self) -> bool {
        matches!(self.stream, Stream::Over)
    }
}

/// Reads what is never waited for, with a buffer that was used before.
pub(crate) fn read_with(
    chunk: &mut Vec<u8>,
    reader: impl Read,
    name: &Arc<SourceName>,
    options: &ReadOptions,
    to: &mut dyn Recipient,
) -> ControlFlow<()> {
    let mut reading = Reading::new(reader, Arc::clone(name), options.clone(), false);
    reading.chunk = std::mem::take(chunk);
    let flow = push(&mut reading, &options.pool, to);
    *chunk = reading.chunk;
    flow
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
