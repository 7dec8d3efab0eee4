//! JSON text to tape, with reused buffers and stated caps.
//!
//! [`Parser::parse`] copies the text into a padded buffer, because simd-json
//! destroys what it parses; the caller's bytes stay as they came, for places,
//! rejects and hashes. A refusal costs a second, slow parse of those bytes to
//! say where it went wrong. Nothing here knows of calls or schemas.

use simd_json::{Buffers, INPUT_PADDING, Node, Tape, fill_tape_padded};

use super::tape::Item;

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
pub struct Document<'p> {
    text: &'p [u8],
    skipped: usize,
    structure: &'p [u32],
    tape: Tape<'p>,
    home: &'p mut Tape<'static>,
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
    pub fn item(&self, index: super::tape::NodeIndex) -> Option<Item<'_>> {
        let nodes = self.tape.0.get(index as usize..)?;
        (!nodes.is_empty()).then(|| Item::new(nodes))
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

/// Says where and why `body` is no JSON, by a slow parse of the pristine bytes.
fn explain(body: &[u8], skipped: usize, depth: usize) -> Malformed {
    if let Some(offset) = first_too_deep(body, depth) {
        return Malformed::TooDeep {
            offset: skipped + offset,
            limit: depth,
        };
    }
    let text = match std::str::from_utf8(body) {
        Ok(text) => text,
        Err(error) => {
            return Malformed::Syntax {
                offset: skipped + error.valid_up_to(),
                message: "not UTF-8 from here on".to_owned(),
            };
        }
    };
    // A whole tree, since only that reads every escape and every number; this is the cold path,
    // and depth and size were bounded above.
    match serde_json::from_str::<serde_json::Value>(text) {
        Err(error) => {
            let mut offset = offset_of(text, error.line(), error.column());
            if error.to_string().starts_with("number out of range") {
                // serde_json stands behind the digits; the number begins before them.
                while offset > 0
                    && matches!(
                        body.get(offset - 1),
                        Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')
                    )
                {
                    offset -= 1;
                }
            }
            let shown = error.to_string();
            // serde_json ends its message with a place of its own; ours is absolute.
            let message = shown
                .rsplit_once(" at line ")
                .map_or(shown.as_str(), |(message, _)| message);
            Malformed::Syntax {
                offset: skipped + offset,
                message: in_words(message, body, offset),
            }
        }
        // What simd-json refuses and serde_json reads: integers beyond 64 bits.
        Ok(_) => Malformed::Syntax {
            offset: skipped + long_integer(text).unwrap_or(0),
            message: "an integer of more than 64 bits, which cannot be kept as it is written"
                .to_owned(),
        },
    }
}

/// What went wrong in the words of somebody who has to mend it.
fn in_words(message: &str, body: &[u8], offset: usize) -> String {
    let there = body.get(offset).copied();
    let closes = matches!(there, Some(b'}' | b']'));
    let words = match message {
        _ if body.first() == Some(&b'<') => {
            "this is HTML or XML, perhaps an error page, and no JSON; fetch the record again"
        }
        "key must be a string" | "trailing comma" if closes => {
            "a comma with nothing behind it; take it away"
        }
        "expected value" if closes => "a value is missing here, or there is a comma too many",
        "key must be a string" => {
            "a name in double quotes was expected; single quotes and bare names are no JSON"
        }
        "expected value" => {
            "a value was expected: an object, array, number, true, false, null, or a text in double quotes"
        }
        "expected ident" => "only true, false and null stand without quotes",
        "trailing characters" => {
            "the document has ended before this; take it away, or read with --framing sequence if a second document begins here"
        }
        "expected `,` or `}`" => "a comma or the end of the object was expected",
        "expected `,` or `]`" => "a comma or the end of the array was expected",
        "expected `:`" => "a colon was expected behind the name",
        "EOF while parsing a string" => {
            "the document ends inside a text; it was cut off, or a closing quote is missing"
        }
        "EOF while parsing an object"
        | "EOF while parsing a list"
        | "EOF while parsing a value" => {
            "the document ends before it is whole; it was cut off, or a closing bracket is missing"
        }
        "control character (\\u0000-\\u001F) found while parsing a string" => {
            "a control character stands in a text; write it as \\n, \\t or \\u00XX"
        }
        "invalid escape" => "a backslash with nothing to escape; write \\\\ for a backslash",
        "lone leading surrogate in hex escape" | "unexpected end of hex escape" => {
            "half of a character: a \\u escape of a surrogate pair without its other half"
        }
        "number out of range" => "a number beyond what a double can hold",
        other => other,
    };
    words.to_owned()
}

/// Byte offset of serde_json's 1-based line and column (in bytes; 0 is the line's start).
fn offset_of(text: &str, line: usize, column: usize) -> usize {
    let start = if line <= 1 {
        0
    } else {
        memchr::memchr_iter(b'\n', text.as_bytes())
            .nth(line - 2)
            .map_or(text.len(), |at| at + 1)
    };
    let mut at = (start + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn first_too_deep(body: &[u8], depth: usize) -> Option<usize> {
    let mut open = 0usize;
    let mut in_string = false;
    let mut escaped = false;
    for (at, &byte) in body.iter().enumerate() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                open += 1;
                if open > depth {
                    return Some(at);
                }
            }
            b'}' | b']' => open = open.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// Start of the first integer that fits neither `i64` nor `u64`.
fn long_integer(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                at += 1;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
            }
            b'-' | b'0'..=b'9' => {
                let start = at;
                while at < bytes.len()
                    && matches!(bytes[at], b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')
                {
                    at += 1;
                }
                let number = &text[start..at];
                if number.parse::<i64>().is_err()
                    && number.parse::<u64>().is_err()
                    && !number.contains(['.', 'e', 'E'])
                {
                    return Some(start);
                }
            }
            _ => at += 1,
        }
    }
    None
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

    #[test]
    fn a_fault_is_told_in_words_that_mend_it() {
        for (text, word) in [
            (&b"<html></html>"[..], "HTML"),
            (b"{\"a\": 1,}", "comma with nothing behind"),
            (b"{'a': 1}", "double quotes"),
            (b"{\"a\": \"b", "ends inside a text"),
            (b"{\"a\": [1", "ends before it is whole"),
            (b"[\"\\ud83d\"]", "surrogate"),
            (b"[1e999]", "double"),
            (b"[18446744073709551616]", "64 bits"),
            (b"{} {}", "has ended before"),
            (b"[\"a\tb\"]", "control character"),
            (b"[nul]", "true, false and null"),
        ] {
            let told = refuse(text, Caps::default()).to_string();
            assert!(
                told.contains(word),
                "{}: {told}",
                String::from_utf8_lossy(text)
            );
        }
    }
}
