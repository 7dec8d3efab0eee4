//! JSON text to tape, with reused buffers and stated caps.
//!
//! [`Parser::parse`] copies the text into a padded buffer, because simd-json
//! destroys what it parses; the caller's bytes stay as they came, for places,
//! rejects and hashes. A refusal costs a second, slow parse of those bytes to
//! say where it went wrong. Nothing here knows of calls or schemas.

use simd_json::{Buffers, INPUT_PADDING, Node, Tape, fill_tape_padded};

use super::explain::explain;
use super::tape::{Item, NodeIndex};

/// What a document may cost before it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Nesting depth; a callRecord needs about 10.
    pub depth: usize,
    /// Bytes of one document.
    pub document: usize,
    /// Nodes of its tape (values and names, 24 bytes each). A 64 MiB array of
    /// `0`s would be a tape of 1.1 GB.
    pub nodes: usize,
}

impl Default for Caps {
    fn default() -> Self {
        Caps {
            depth: 64,
            document: 16 << 20,
            nodes: 2_000_000,
        }
    }
}

/// Why a text is no document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// The grammar is broken at this byte.
    #[error("{message}")]
    Syntax {
        /// byte offset within the document
        offset: usize,
        /// what is wrong there
        message: String,
    },
    /// Nested deeper than [`Caps::depth`].
    #[error("nested deeper than {limit} levels; raise --max-depth if that is intended")]
    TooDeep {
        /// where the first level too many opens
        offset: usize,
        /// the cap
        limit: usize,
    },
    /// More values and names than [`Caps::nodes`].
    #[error("holds more than {limit} values and names; raise --max-nodes if that is intended")]
    TooManyNodes {
        /// the cap
        limit: usize,
    },
    /// Longer than [`Caps::document`].
    #[error("longer than {limit} bytes; raise --max-document if that is intended")]
    TooLarge {
        /// the cap
        limit: usize,
    },
}

impl Malformed {
    /// A stable name for counters and machine-readable output.
    pub fn code(&self) -> &'static str {
        match self {
            Malformed::Syntax { .. } => "syntax",
            Malformed::TooDeep { .. } => "too-deep",
            Malformed::TooManyNodes { .. } => "too-many-nodes",
            Malformed::TooLarge { .. } => "too-large",
        }
    }

    /// Byte offset of the fault within the document.
    pub fn offset(&self) -> usize {
        match self {
            Malformed::Syntax { offset, .. } | Malformed::TooDeep { offset, .. } => *offset,
            Malformed::TooManyNodes { .. } | Malformed::TooLarge { .. } => 0,
        }
    }
}

/// Buffers above this are given back after the document that needed them.
const KEEP: usize = 1 << 20;

/// Parses one document after another with the same buffers.
pub struct Parser {
    caps: Caps,
    padded: Vec<u8>,
    buffers: Buffers,
    tape: Tape<'static>,
}

impl Parser {
    /// A parser that refuses what exceeds `caps`.
    pub fn new(caps: Caps) -> Self {
        Parser {
            caps,
            padded: Vec::new(),
            buffers: Buffers::with_max_depth(0, caps.depth),
            tape: Tape(Vec::new()),
        }
    }

    /// Parses `text`; the document borrows it, and this parser's buffers, until dropped.
    ///
    /// One UTF-8 byte order mark at its start is accepted.
    ///
    /// # Errors
    /// [`Malformed`], with the byte offset of the fault.
    pub fn parse<'p>(&'p mut self, text: &'p [u8]) -> Result<Document<'p>, Malformed> {
        let body = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let skipped = text.len() - body.len();
        if body.len() > self.caps.document {
            return Err(Malformed::TooLarge {
                limit: self.caps.document,
            });
        }
        if too_many_nodes(body, self.caps.nodes) {
            return Err(Malformed::TooManyNodes {
                limit: self.caps.nodes,
            });
        }
        if self.padded.capacity() > KEEP && body.len() < KEEP / 4 {
            self.padded = Vec::new();
            self.buffers = Buffers::with_max_depth(0, self.caps.depth);
            self.tape = Tape(Vec::new());
        }
        self.padded.clear();
        self.padded.reserve(body.len() + INPUT_PADDING);
        self.padded.extend_from_slice(body);
        self.padded.resize(body.len() + INPUT_PADDING, 0);

        let mut tape = std::mem::replace(&mut self.tape, Tape(Vec::new())).reset::<'p>();
        match fill_tape_padded(&mut self.padded, body.len(), &mut self.buffers, &mut tape) {
            Ok(()) if !tape.0.is_empty() => Ok(Document {
                text,
                skipped,
                structure: self.buffers.structural_indexes(),
                places: &[],
                tape,
                home: &mut self.tape,
            }),
            _ => {
                self.tape = tape.reset();
                Err(explain(body, skipped, self.caps.depth))
            }
        }
    }
}

/// A parsed document: its text as it came, and the tape.
///
/// Where only a part of a document is kept, its nodes go by the numbers that they have on the tape
/// of all of it, so that they are places in both.
pub struct Document<'p> {
    text: &'p [u8],
    skipped: usize,
    structure: &'p [u32],
    /// of a part, where each node stands; ascending
    places: &'p [Placed],
    tape: Tape<'p>,
    home: &'p mut Tape<'static>,
}

/// Where a node of a part of a document stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    /// on the tape of all of it
    pub(crate) number: NodeIndex,
    /// in the text, behind the byte order mark
    pub(crate) offset: u32,
    /// of a name, what whoever reads it knows it by; 0 of one that nobody looks for, and of values
    pub(crate) tag: Tag,
}

/// A small number for a name.
pub(crate) type Tag = u16;

impl<'p> Document<'p> {
    /// A part of a document: `tape` has some of its nodes, which stand at `places`. The tape
    /// goes `home` when it is done with.
    pub(crate) fn partial(
        text: &'p [u8],
        skipped: usize,
        tape: Tape<'p>,
        places: &'p [Placed],
        home: &'p mut Tape<'static>,
    ) -> Document<'p> {
        Document {
            text,
            skipped,
            structure: &[],
            places,
            tape,
            home,
        }
    }
}

impl Document<'_> {
    /// The text as it came.
    pub fn text(&self) -> &[u8] {
        self.text
    }

    /// The root value.
    #[inline]
    pub fn root(&self) -> Item<'_> {
        Item::new(&self.tape.0)
    }

    /// Values and names on the tape.
    #[inline]
    pub fn len(&self) -> usize {
        self.tape.0.len()
    }

    /// Never: a document has at least its root.
    pub fn is_empty(&self) -> bool {
        self.tape.0.is_empty()
    }

    /// The value (or name) at `index`.
    #[inline]
    pub fn item(&self, index: NodeIndex) -> Option<Item<'_>> {
        let nodes = self.tape.0.get(self.position(index)?..)?;
        (!nodes.is_empty()).then(|| Item::new(nodes))
    }

    /// Where the node `index` is on the tape that is here.
    #[inline]
    pub(crate) fn position(&self, index: NodeIndex) -> Option<usize> {
        if self.places.is_empty() {
            return Some(index as usize);
        }
        self.places
            .binary_search_by_key(&index, |placed| placed.number)
            .ok()
    }

    /// Of a part, where each node stands; of a whole document nothing.
    pub(crate) fn places(&self) -> &[Placed] {
        self.places
    }

    /// The tag of one of its names; nothing in a whole document.
    #[inline]
    pub(crate) fn tag(&self, name: Item<'_>) -> Option<Tag> {
        let at = name.index(self.tape.0.len());
        self.places.get(at as usize).map(|placed| placed.tag)
    }

    /// The index of one of its items.
    #[inline]
    pub fn index(&self, item: Item<'_>) -> NodeIndex {
        let at = item.index(self.tape.0.len());
        if self.places.is_empty() {
            return at;
        }
        let placed = self.places.get(at as usize);
        placed.map_or(at, |placed| placed.number)
    }

    /// Bytes before the JSON text (a byte order mark).
    pub(crate) fn skipped(&self) -> usize {
        self.skipped
    }

    /// Byte offsets, behind the mark, of everything that stage 1 saw.
    pub(crate) fn structure(&self) -> &[u32] {
        self.structure
    }

    /// The tape, from the root on.
    pub(crate) fn nodes(&self) -> &[Node<'_>] {
        &self.tape.0
    }
}

impl Drop for Document<'_> {
    fn drop(&mut self) {
        *self.home = std::mem::replace(&mut self.tape, Tape(Vec::new())).reset();
    }
}

/// Whether `body` surely makes a tape of more than `limit` nodes.
///
/// Each node but the root stands behind one of `, : [ {`, so a text of up to
/// `2 * limit` bytes needs no look, and only a text with that many such bytes
/// is counted with its strings left out.
fn too_many_nodes(body: &[u8], limit: usize) -> bool {
    if body.len() / 2 <= limit {
        return false;
    }
    let mut count = 1usize;
    let mut in_string = false;
    let mut escaped = false;
    for &byte in body {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
        } else {
            match byte {
                b'"' => in_string = true,
                b',' | b':' | b'[' | b'{' => count += 1,
                _ => {}
            }
        }
    }
    count > limit
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refuse(text: &[u8], caps: Caps) -> Malformed {
        match Parser::new(caps).parse(text) {
            Err(malformed) => malformed,
            Ok(_) => panic!("accepted: {}", String::from_utf8_lossy(text)),
        }
    }

    #[test]
    fn a_byte_order_mark_is_accepted_and_the_text_kept() {
        let mut parser = Parser::new(Caps::default());
        let text = b"\xef\xbb\xbf{\"a\": \"\\u0041\"}";
        let document = parser.parse(text).expect("JSON");
        assert_eq!(document.text(), text);
        assert_eq!(document.root().get("a").and_then(Item::as_str), Some("A"));
    }

    #[test]
    fn buffers_serve_one_document_after_another_and_after_a_refusal() {
        let mut parser = Parser::new(Caps::default());
        for _ in 0..3 {
            assert!(parser.parse(b"{\"a\": }").is_err());
            let document = parser.parse(b"[1, 2.5, \"x\"]").expect("JSON");
            assert_eq!(document.root().len(), 3);
        }
    }

    #[test]
    fn each_cap_refuses_with_its_own_reason() {
        let caps = Caps {
            depth: 3,
            document: 40,
            nodes: 5,
        };
        assert_eq!(
            refuse(b"[[[[1]]]]", caps),
            Malformed::TooDeep {
                offset: 3,
                limit: 3
            }
        );
        assert_eq!(
            refuse(b"[0,0,0,0,0,0,0]", caps),
            Malformed::TooManyNodes { limit: 5 }
        );
        assert_eq!(refuse(&[b' '; 41], caps), Malformed::TooLarge { limit: 40 });
        let mut parser = Parser::new(caps);
        assert!(parser.parse(b"[[[1]]]").is_ok());
        assert!(parser.parse(b"[\",,,,,,,,,,,,,,\"]").is_ok());
    }

    #[test]
    fn a_fault_has_the_offset_of_the_offending_byte() {
        let at = |text: &[u8]| refuse(text, Caps::default()).offset();
        assert_eq!(at(b"{\"a\": 1,}"), 8);
        assert_eq!(at(b"{\n  \"a\": x\n}"), 9);
        assert_eq!(at(b"[1, 18446744073709551616]"), 4);
        assert_eq!(at(b"[\"\xff\"]"), 2);
        assert!(at(b"[0, \"ab\\ud800\"]") >= 4);
        assert_eq!(at(b"[0, 1e999]"), 4);
    }
}
