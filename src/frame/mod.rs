//! Bytes to one JSON text: where a document begins and ends.
//!
//! Push bytes into a [`Framer`] as they come; a [`Batch`] receives the [`Frame`]s. The frames do
//! not depend on where the reads were cut. Broken input costs one document: what cannot be a
//! document is a frame too (with a [`FrameFault`] when the reason is known here), so that it is
//! counted and shown, and framing goes on behind it.
//!
//! No parsing: that a frame is JSON is for `record` to say. No IO, no threads, and never more
//! memory than the document limit and one read.

mod alone;
mod batch;
mod collection;
mod document;
mod elements;
mod fault;
mod item;
mod junk;
mod leap;
mod lines;
mod place;
mod room;
mod scan;
#[cfg(test)]
mod tests;
mod values;

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

pub use batch::{Batch, Frame};
pub use fault::FrameFault;

use document::Document;
use lines::{Lines, Pretty};
use place::Place;
use values::{Policy, Values};

/// How a source holds its documents.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Framing {
    /// Whatever of the others it is.
    #[default]
    Auto,
    /// The whole input is one document.
    Document,
    /// Each line is one document.
    Lines,
    /// Documents stand one after the other, pretty-printed or not.
    Sequence,
    /// Elements of the top-level array, or of the `value` array of the top-level object.
    Array,
}

impl Framing {
    /// All of them, in the order of the help text.
    pub const ALL: [Framing; 5] = [
        Framing::Auto,
        Framing::Document,
        Framing::Lines,
        Framing::Sequence,
        Framing::Array,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Framing::Auto => "auto",
            Framing::Document => "document",
            Framing::Lines => "lines",
            Framing::Sequence => "sequence",
            Framing::Array => "array",
        }
    }
}

impl fmt::Display for Framing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no [`Framing`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown framing `{given}`; use auto, document, lines, sequence or array")]
pub struct UnknownFraming {
    /// What was given.
    pub given: String,
}

impl FromStr for Framing {
    type Err = UnknownFraming;

    fn from_str(given: &str) -> Result<Framing, UnknownFraming> {
        Framing::ALL
            .into_iter()
            .find(|framing| framing.name() == given)
            .ok_or_else(|| UnknownFraming {
                given: given.to_owned(),
            })
    }
}

/// Whether [`Framing::Auto`] opens arrays and collections.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Open {
    /// An array of objects, or a Graph collection of records, is a run of documents.
    #[default]
    CallRecords,
    /// An array is one document, whatever it holds.
    Never,
}

/// What a frame may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameLimits {
    /// Bytes of one document, 1 to 4 GiB. A longer one is skipped.
    pub document: usize,
}

impl Default for FrameLimits {
    fn default() -> FrameLimits {
        FrameLimits { document: 16 << 20 }
    }
}

/// Finds the documents in a stream of bytes.
#[derive(Debug)]
pub struct Framer {
    framing: Framing,
    limit: usize,
    open: Open,
    mode: Mode,
}

#[derive(Debug)]
enum Mode {
    /// Too few bytes to tell a byte order mark.
    Start(Vec<u8>),
    Utf16(Vec<u8>),
    Document(Document),
    Lines(Box<Lines>),
    Values(Box<Values>),
}

impl Framer {
    /// A framer at the beginning of a source.
    pub fn new(framing: Framing, limits: FrameLimits, open: Open) -> Framer {
        Framer {
            framing,
            limit: limits.document.clamp(1, u32::MAX as usize),
            open,
            mode: Mode::Start(Vec::new()),
        }
    }

    /// Takes the next bytes of the source, and appends to `out` each frame that ends in them.
    pub fn push(&mut self, bytes: &[u8], out: &mut Batch) {
        if let Mode::Start(head) = &mut self.mode {
            if head.is_empty() && is_told(bytes) {
                return self.begin(bytes, out);
            }
            head.extend_from_slice(bytes);
            if is_told(head) {
                let head = std::mem::take(head);
                self.begin(&head, out);
            }
            return;
        }
        self.feed(bytes, out);
    }

    /// Reads once, up to the length of `chunk`, and appends to `out` each frame that ends in what came;
    /// how many bytes that were. Lines are read to where their frames then stand, if `out` is empty;
    /// all else into `chunk`.
    pub fn read<E>(
        &mut self,
        chunk: &mut [u8],
        read: impl FnOnce(&mut [u8]) -> Result<usize, E>,
        out: &mut Batch,
    ) -> Result<usize, E> {
        if let Mode::Lines(lines) = &mut self.mode
            && lines.reads_in_place()
            && out.byte_len() == 0
        {
            let (count, pretty) = lines.read(chunk.len(), read, out)?;
            if let Some(pretty) = pretty {
                let rest = out.room.bytes()[pretty.rest.clone()].to_vec();
                self.go_on(&pretty, &rest, out);
            }
            return Ok(count);
        }
        let count = read(chunk)?;
        self.push(&chunk[..count], out);
        Ok(count)
    }

    /// Frames a source that stands in `out` as a whole (see [`Batch::fill`]), if it is one document and
    /// nothing else, as nearly all files of a folder are: its frame is where it lies, and the same as
    /// [`Framer::push`] would have made. If it is anything else `out` stays as it was.
    ///
    /// For a framer at the beginning of a source; whether it was framed.
    pub fn alone(&self, out: &mut Batch) -> bool {
        self.stands_in(out, alone::document)
    }

    /// Marks in `out` where the one document of such a source would stand, without looking at more than
    /// its ends. Whoever then finds that a JSON object stands there which is no collection has found the
    /// frame of [`Framer::alone`]; else see [`Batch::unmark`].
    ///
    /// For a framer at the beginning of a source; whether it can be one document at all.
    pub fn likely(&self, out: &mut Batch) -> bool {
        self.stands_in(out, |text, _| alone::likely(text))
    }

    fn stands_in(
        &self,
        out: &mut Batch,
        find: impl FnOnce(&[u8], Policy) -> Option<(Range<usize>, Place)>,
    ) -> bool {
        let policy = match self.framing {
            Framing::Auto => self.policy(),
            Framing::Sequence => Policy::Closed,
            Framing::Document | Framing::Lines | Framing::Array => return false,
        };
        let text = out.text();
        if !is_told(text) || is_utf16(text) || text.len() > self.limit {
            return false;
        }
        let Some((document, place)) = find(text, policy) else {
            return false;
        };
        out.mark(document, place, false, None);
        true
    }

    /// A line turned out to be the first of a document of many; `rest` is what follows it.
    fn go_on(&mut self, pretty: &Pretty, rest: &[u8], out: &mut Batch) {
        // Once a line has begun a document of many, none is taken for whole again.
        let mut values = Values::new(self.policy(), self.limit, false);
        values.restart(pretty.place, pretty.line_at);
        values.push(&pretty.line, out);
        values.push(rest, out);
        self.mode = Mode::Values(Box::new(values));
    }

    /// Ends the source, and makes the framer ready for another one.
    pub fn finish(&mut self, out: &mut Batch) {
        if let Mode::Start(head) = &mut self.mode {
            let head = std::mem::take(head);
            self.begin(&head, out);
        }
        match std::mem::replace(&mut self.mode, Mode::Start(Vec::new())) {
            Mode::Start(_) => {}
            Mode::Utf16(head) => out.push(&head, Place::START, None, Some(FrameFault::Utf16)),
            Mode::Document(mut document) => document.finish(out),
            Mode::Lines(mut lines) => lines.finish(out),
            Mode::Values(mut values) => values.finish(out),
        }
    }

    fn begin(&mut self, head: &[u8], out: &mut Batch) {
        if is_utf16(head) {
            self.mode = Mode::Utf16(Vec::new());
            self.feed(head, out);
            return;
        }
        let text = without_mark(head);
        // A byte order mark is no character of the text: the first one stands in column 1.
        let place = Place {
            offset: (head.len() - text.len()) as u64,
            ..Place::START
        };
        self.mode = match self.framing {
            Framing::Document => Mode::Document(Document::new(self.limit, place)),
            Framing::Lines => Mode::Lines(Box::new(Lines::plain(self.limit, place))),
            Framing::Auto => self.values(self.policy(), true, place),
            Framing::Sequence => self.values(Policy::Closed, false, place),
            Framing::Array => self.values(Policy::Always, false, place),
        };
        self.feed(text, out);
    }

    fn policy(&self) -> Policy {
        match self.open {
            Open::CallRecords => Policy::Collections,
            Open::Never => Policy::Closed,
        }
    }

    fn values(&self, policy: Policy, detect: bool, place: Place) -> Mode {
        let mut values = Values::new(policy, self.limit, detect);
        values.restart(place, place.offset);
        Mode::Values(Box::new(values))
    }

    fn feed(&mut self, bytes: &[u8], out: &mut Batch) {
        match &mut self.mode {
            Mode::Start(_) => {}
            Mode::Utf16(head) => {
                // Kept whole as far as a document may be, so that a reject is what came.
                let missing = self.limit.saturating_sub(head.len()).min(bytes.len());
                head.extend_from_slice(&bytes[..missing]);
            }
            Mode::Document(document) => document.push(bytes),
            Mode::Lines(lines) => {
                if let Some(pretty) = lines.push(bytes, out) {
                    self.go_on(&pretty, &bytes[pretty.rest.clone()], out);
                }
            }
            Mode::Values(values) => {
                if values.push(bytes, out) {
                    let (rest, place, scan) = values.take_rest();
                    let lines = Lines::detected(self.policy(), scan, self.limit, place);
                    self.mode = Mode::Lines(Box::new(lines));
                    self.feed(&rest, out);
                }
            }
        }
    }
}

/// Whether enough bytes are there to tell what [`is_utf16`] asks, and a UTF-8 mark.
fn is_told(head: &[u8]) -> bool {
    match head {
        [0xEF, 0xBB, _, ..] => true,
        [0xEF, 0xBB] | [] | [_] => false,
        [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..] => true,
        [first, second, ..] => (*first == 0) == (*second == 0) || head.len() >= 4,
    }
}

/// A text without the byte order mark that UTF-8 may begin with.
fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text)
}

/// A byte order mark of UTF-16, or a NUL every second byte at the start.
fn is_utf16(head: &[u8]) -> bool {
    let nul = |at: usize| head.get(at).map(|&byte| byte == 0);
    let pairs = |first: bool| {
        nul(0) == Some(first)
            && nul(1) == Some(!first)
            && nul(2).is_none_or(|nul| nul == first)
            && nul(3).is_none_or(|nul| nul != first)
    };
    head.starts_with(b"\xFF\xFE") || head.starts_with(b"\xFE\xFF") || pairs(true) || pairs(false)
}
