//! The structural scan: strings, escapes and nesting, byte by byte where a decision may be due, and
//! by leaps of whole blocks where none can be (`leap`).
//!
//! [`Scan::run`] walks to the next place where a decision is due and says which. All state is
//! kept between calls, so it makes no difference where the text is cut.
//!
//! Not a parser: `{"a" 1,}` passes. Only what tells a broken document from the next one is
//! looked at: a raw newline in a string, a closer of the wrong kind, and an opener at the
//! beginning of a line where no value may stand.

use memchr::memchr3;
use smallvec::SmallVec;

use crate::lane;

/// Levels whose kind is remembered; deeper ones are only counted, so that memory stays flat.
const REMEMBERED: usize = 1 << 20;

/// Blank between documents: JSON's white space, and RFC 7464's record separator.
pub(crate) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0x1E)
}

/// The decision that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// The text is used up.
    More,
    /// A comma at `comma_at`; it is consumed.
    Comma,
    /// A closer brought the depth down to `close_at`; it is consumed.
    Close,
    /// The `[` of a top-level member named `value`; it is consumed.
    List,
    /// A closer of the wrong kind (consumed), or a raw newline in a string (not consumed).
    Broken,
    /// A line begins with an opener that cannot belong here; it is not consumed.
    Resync,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prev {
    Open,
    Comma,
    Colon,
    Value,
}

/// Where the scan stands.
#[derive(Debug)]
pub(crate) struct Scan {
    pub(super) depth: usize,
    /// One bit a level: set for an array.
    pub(super) kinds: SmallVec<[u64; 2]>,
    pub(super) string: bool,
    pub(super) escape: bool,
    pub(super) prev: Prev,
    key_at: u64,
    key_is_value: bool,
    /// Only blanks were seen on this line.
    pub(crate) fresh: bool,
    /// Offset of the line's first byte.
    pub(crate) line_at: u64,
    /// Blanks before the line's first other byte; known once the line is not fresh.
    pub(crate) indent: u64,
    /// A newline was passed.
    pub(crate) multi: bool,
    /// Report commas at this depth (0: none).
    pub(crate) comma_at: usize,
    /// Report closers down to this depth.
    pub(crate) close_at: usize,
    /// Look for the top-level member `value`.
    pub(crate) keys: bool,
    /// A stray opener counts up to this indent.
    pub(crate) resync_indent: u64,
}

impl Scan {
    pub(crate) fn new() -> Scan {
        Scan {
            depth: 0,
            kinds: SmallVec::new(),
            string: false,
            escape: false,
            prev: Prev::Comma,
            key_at: 0,
            key_is_value: false,
            fresh: true,
            line_at: 0,
            indent: 0,
            multi: false,
            comma_at: 0,
            close_at: 0,
            keys: false,
            resync_indent: 0,
        }
    }

    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// Begins a document with its first byte, an opener.
    pub(crate) fn begin(&mut self, opener: u8) {
        self.truncate(0);
        self.multi = false;
        self.comma_at = 0;
        self.close_at = 0;
        self.keys = false;
        self.resync_indent = self.indent;
        self.open(opener == b'[');
    }

    /// Leaves everything below `depth`, as if a comma had just been read there.
    pub(crate) fn truncate(&mut self, depth: usize) {
        self.depth = depth;
        self.string = false;
        self.escape = false;
        self.prev = Prev::Comma;
    }

    fn open(&mut self, array: bool) {
        if self.depth < REMEMBERED {
            let (word, bit) = (self.depth / 64, 1 << (self.depth % 64));
            if word == self.kinds.len() {
                self.kinds.push(0);
            }
            if array {
                self.kinds[word] |= bit;
            } else {
                self.kinds[word] &= !bit;
            }
        }
        self.depth += 1;
        self.prev = Prev::Open;
    }

    /// `None`: too deep to be remembered, or not nested at all.
    fn in_array(&self) -> Option<bool> {
        let level = self.depth.checked_sub(1)?;
        (level < REMEMBERED).then(|| self.kinds[level / 64] >> (level % 64) & 1 == 1)
    }

    /// Whether a value may begin here; `true` when in doubt.
    fn takes_value(&self) -> bool {
        match self.prev {
            Prev::Colon => true,
            Prev::Value => false,
            Prev::Open | Prev::Comma => self.in_array().unwrap_or(true),
        }
    }

    /// Scans `text`, whose first byte has the offset `base`, from `at` on.
    pub(crate) fn run(&mut self, text: &[u8], base: u64, at: &mut u64) -> Event {
        let (event, i) = self.walk(text, base, (*at - base) as usize);
        *at = base + i as u64;
        event
    }

    fn walk(&mut self, text: &[u8], base: u64, mut i: usize) -> (Event, usize) {
        let mut leap_from = i;
        loop {
            if i >= leap_from {
                i = self.leap(text, base, i);
                leap_from = i + lane::BLOCK;
            }
            if self.string {
                i = self.in_string(text, base, i);
                if self.string {
                    let event = match text.get(i) {
                        Some(_) => Event::Broken,
                        None => Event::More,
                    };
                    return (event, i);
                }
            }
            let Some(&byte) = text.get(i) else {
                return (Event::More, i);
            };
            match byte {
                b' ' | b'\t' | b'\r' => {
                    i += 1;
                    while text.get(i) == Some(&b' ') {
                        i += 1;
                    }
                    continue;
                }
                b'\n' => {
                    i += 1;
                    self.new_line(base + i as u64);
                    continue;
                }
                _ => {}
            }
            if self.fresh {
                let indent = base + i as u64 - self.line_at;
                if matches!(byte, b'{' | b'[')
                    && indent <= self.resync_indent
                    && !self.takes_value()
                {
                    return (Event::Resync, i);
                }
                self.indent = indent;
                self.fresh = false;
            }
            i += 1;
            match byte {
                b'"' => {
                    self.string = true;
                    self.key_at = base + i as u64;
                }
                b'{' | b'[' => {
                    let list = self.keys
                        && byte == b'['
                        && self.depth == 1
                        && self.prev == Prev::Colon
                        && self.key_is_value;
                    self.open(byte == b'[');
                    if list {
                        return (Event::List, i);
                    }
                }
                b'}' | b']' => {
                    if self.in_array().is_some_and(|array| array != (byte == b']')) {
                        return (Event::Broken, i);
                    }
                    self.depth = self.depth.saturating_sub(1);
                    self.prev = Prev::Value;
                    if self.depth == self.close_at {
                        return (Event::Close, i);
                    }
                }
                b',' => {
                    self.prev = Prev::Comma;
                    if self.depth == self.comma_at {
                        return (Event::Comma, i);
                    }
                }
                b':' => self.prev = Prev::Colon,
                _ => {
                    self.prev = Prev::Value;
                    // Numbers and words: nothing to decide inside them.
                    while text.get(i).is_some_and(|&byte| is_word(byte)) {
                        i += 1;
                    }
                }
            }
        }
    }

    pub(crate) fn new_line(&mut self, at: u64) {
        self.fresh = true;
        self.line_at = at;
        self.multi = true;
    }

    /// Walks behind the end of the string, or, still in it, to a raw newline or the text's end.
    fn in_string(&mut self, text: &[u8], base: u64, mut i: usize) -> usize {
        loop {
            if self.escape {
                match text.get(i) {
                    None | Some(b'\n') => return i,
                    Some(_) => i += 1,
                }
                self.escape = false;
            }
            let stop = memchr3(b'"', b'\\', b'\n', &text[i..]);
            i = stop.map_or(text.len(), |stop| i + stop);
            match text.get(i) {
                None | Some(b'\n') => return i,
                Some(b'\\') => {
                    i += 1;
                    self.escape = true;
                }
                Some(_) => {
                    if self.keys && self.depth == 1 && self.prev != Prev::Colon {
                        let start = (self.key_at - base) as usize;
                        self.key_is_value = &text[start..i] == b"value";
                    }
                    self.string = false;
                    self.prev = Prev::Value;
                    return i + 1;
                }
            }
        }
    }

    /// Whether the item since the last comma at `floor` is a whole value: nothing is open.
    pub(crate) fn is_whole(&self, floor: usize) -> bool {
        self.depth == floor && !self.string && self.prev == Prev::Value
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+' | b'_')
}
