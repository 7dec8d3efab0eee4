//! Frames, delivered many at a time in one reused buffer.
//!
//! A [`Frame`] borrows its bytes from the [`Batch`], and says where they stood in the source.
//!
//! No parsing, and no allocation per frame: [`Batch::clear`] keeps the memory.

use std::ops::Range;
use std::sync::Arc;

use super::fault::FrameFault;
use super::place::Place;
use super::room::Room;
use super::values::{Policy, Values};

/// What was known of the collection around a frame when the frame was taken out of it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Envelope {
    pub(crate) context: Option<String>,
    pub(crate) next_link: bool,
}

#[derive(Debug, Clone)]
struct Span {
    start: usize,
    end: usize,
    place: Place,
    envelope: Option<Arc<Envelope>>,
    whole: bool,
    fault: Option<FrameFault>,
}

/// A run of frames in the order of their source.
#[derive(Debug, Default, Clone)]
pub struct Batch {
    /// texts of the frames, and maybe what stood between them
    pub(super) room: Room,
    spans: Vec<Span>,
}

/// One JSON text, or what stands where one should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The text, without white space around it. With a fault it may be only the beginning.
    pub bytes: &'a [u8],
    /// Offset of `bytes[0]` in the decompressed source, in bytes.
    pub offset: u64,
    /// Line of `bytes[0]`, 1-based.
    pub line: u64,
    /// Column of `bytes[0]`, 1-based, in characters; a tab is one.
    pub column: u64,
    /// Whether it is one element of an opened array or collection.
    pub element: bool,
    /// The `@odata.context` of the collection that the text was taken from.
    pub context: Option<&'a str>,
    /// The collection that the text was taken from goes on behind an `@odata.nextLink`.
    pub next_link: bool,
    /// Whether the text was said to be one document: it is never split.
    pub whole: bool,
    /// Set when the text must not be used as a document.
    pub fault: Option<FrameFault>,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Batch {
        Batch::default()
    }

    /// Forgets the frames and keeps the memory.
    pub fn clear(&mut self) {
        self.room.clear();
        self.spans.clear();
    }

    /// Gives back memory beyond `bytes`, left by one unusually large document.
    pub fn shrink_to(&mut self, bytes: usize) {
        self.room.shrink_to(bytes);
        self.spans.shrink_to(bytes / size_of::<Span>());
    }

    /// Number of frames.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there is no frame.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Fills the batch with a text, in place of all that it held: `read` gets room for `size` bytes, and
    /// says how many it wrote. [`Framer::alone`](super::Framer::alone) may then find the text's frame
    /// where it lies.
    pub fn fill<E>(
        &mut self,
        size: usize,
        read: impl FnOnce(&mut [u8]) -> Result<usize, E>,
    ) -> Result<usize, E> {
        self.clear();
        let count = read(self.room.space(size))?.min(size);
        self.room.grew(count);
        Ok(count)
    }

    /// Forgets the frames and keeps the text.
    pub fn unmark(&mut self) {
        self.spans.clear();
    }

    /// What stands in the batch, framed or not.
    pub fn text(&self) -> &[u8] {
        self.room.bytes()
    }

    /// Bytes of all frames, and of what stood between them.
    pub fn byte_len(&self) -> usize {
        self.room.len()
    }

    #[cfg(test)]
    pub(crate) fn bytes_capacity(&self) -> usize {
        self.room.capacity()
    }

    /// The frame at `index`.
    pub fn get(&self, index: usize) -> Option<Frame<'_>> {
        self.spans.get(index).map(|span| self.frame(span))
    }

    /// The frames in the order of the source.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Frame<'_>> {
        self.spans.iter().map(|span| self.frame(span))
    }

    fn frame<'a>(&'a self, span: &'a Span) -> Frame<'a> {
        let envelope = span.envelope.as_deref();
        Frame {
            bytes: &self.room.bytes()[span.start..span.end],
            offset: span.place.offset,
            line: span.place.line,
            column: span.place.column,
            element: envelope.is_some(),
            context: envelope.and_then(|envelope| envelope.context.as_deref()),
            next_link: envelope.is_some_and(|envelope| envelope.next_link),
            whole: span.whole,
            fault: span.fault,
        }
    }

    pub(crate) fn push(
        &mut self,
        bytes: &[u8],
        place: Place,
        envelope: Option<&Arc<Envelope>>,
        fault: Option<FrameFault>,
    ) {
        let start = self.room.len();
        self.room.extend(bytes.trim_ascii_end());
        self.spans.push(Span {
            start,
            end: self.room.len(),
            place,
            envelope: envelope.cloned(),
            whole: false,
            fault,
        });
    }

    /// A frame of bytes that stand in the batch's room already.
    pub(super) fn mark(
        &mut self,
        text: Range<usize>,
        place: Place,
        whole: bool,
        fault: Option<FrameFault>,
    ) {
        self.spans.push(Span {
            start: text.start,
            end: text.end,
            place,
            envelope: None,
            whole,
            fault,
        });
    }

    /// As [`Batch::push`], for a text that was said to be one document.
    pub(crate) fn push_whole(&mut self, bytes: &[u8], place: Place, fault: Option<FrameFault>) {
        self.push(bytes, place, None, fault);
        if let Some(span) = self.spans.last_mut() {
            span.whole = true;
        }
    }

    /// Moves the frames of `other` behind these.
    pub fn append(&mut self, other: &mut Batch) {
        let shift = self.room.len();
        self.room.extend(other.room.bytes());
        other.room.clear();
        self.spans.extend(other.spans.drain(..).map(|mut span| {
            span.start += shift;
            span.end += shift;
            span
        }));
    }
}

impl Frame<'_> {
    /// Splits a frame that holds several whole JSON objects or arrays one after the other.
    ///
    /// Once lines are known to be documents, a line is not scanned but handed on; a parser that
    /// then finds a second value asks here. Appends the parts to `out` and answers `true`, or
    /// leaves `out` alone and answers `false` when the text is one value, was said to be one
    /// ([`Frame::whole`]), or is broken.
    pub fn split(&self, out: &mut Batch) -> bool {
        if self.whole || self.fault.is_some() {
            return false;
        }
        let place = Place {
            offset: self.offset,
            line: self.line,
            column: self.column,
        };
        let mut values = Values::new(Policy::Closed, self.bytes.len(), false);
        values.restart(place, self.offset);
        let mut parts = Batch::new();
        let whole = values.only_whole(self.bytes, &mut parts);
        if !whole || parts.len() < 2 {
            return false;
        }
        let envelope = self.element.then(|| {
            Arc::new(Envelope {
                context: self.context.map(str::to_owned),
                next_link: self.next_link,
            })
        });
        for span in &mut parts.spans {
            span.envelope.clone_from(&envelope);
        }
        out.append(&mut parts);
        true
    }
}
