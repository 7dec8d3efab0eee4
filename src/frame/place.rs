//! Where a byte stands in its source: offset, line, column.
//!
//! Advanced over each byte once, in order; a line ends with `\n` alone, and a column counts
//! characters (bytes that do not continue a UTF-8 sequence), also in broken UTF-8.
//!
//! Never looks back, so text may be thrown away behind it.

use crate::text::characters;

/// A place in the decompressed source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Bytes before it.
    pub(crate) offset: u64,
    /// 1-based.
    pub(crate) line: u64,
    /// 1-based, in characters; a tab is one.
    pub(crate) column: u64,
}

impl Place {
    pub(crate) const START: Place = Place {
        offset: 0,
        line: 1,
        column: 1,
    };

    /// The place behind `text`, which begins here.
    pub(crate) fn after(self, text: &[u8]) -> Place {
        let offset = self.offset + text.len() as u64;
        match memchr::memrchr(b'\n', text) {
            None => Place {
                offset,
                line: self.line,
                column: self.column + characters(text),
            },
            Some(last) => Place {
                offset,
                line: self.line + memchr::memchr_iter(b'\n', text).count() as u64,
                column: 1 + characters(&text[last + 1..]),
            },
        }
    }
}
