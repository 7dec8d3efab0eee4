//! What can be wrong with a frame before any parser sees it.
//!
//! Each message says what happened and what to do next; where is said by the frame itself.
//!
//! No grammar: text that is no JSON is a frame without a fault, and the parser says why.

use std::fmt;

/// Why a frame is not simply one whole JSON text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FrameFault {
    /// Longer than the document limit; the frame holds only its first bytes.
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The input ended inside the document (or before the end of the array around it, and then
    /// the frame is empty and stands at the end of the input).
    CutOff,
    /// The whole input is UTF-16; the frame holds it up to the limit.
    Utf16,
    /// `--framing array`, but the text is neither an array nor an object with a `value` array.
    NoArray,
    /// Two elements of an array without a comma between them, or a comma without an element.
    Separator,
    /// The text around the elements of an opened collection is broken; its elements were read.
    Envelope,
    /// `--framing document`, but the input holds nothing but blanks.
    Empty,
}

impl FrameFault {
    /// A stable name for counters and machine-readable output.
    pub fn code(self) -> &'static str {
        match self {
            FrameFault::TooLarge { .. } => "too-large",
            FrameFault::CutOff => "cut-off",
            FrameFault::Utf16 => "utf-16",
            FrameFault::NoArray => "no-array",
            FrameFault::Separator => "separator",
            FrameFault::Envelope => "envelope",
            FrameFault::Empty => "empty",
        }
    }
}

impl fmt::Display for FrameFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FrameFault::TooLarge { limit } => write!(
                f,
                "document is larger than the limit of {limit} bytes and was skipped; raise \
                 --max-document, or fetch the record in pages"
            ),
            FrameFault::CutOff => f.write_str(
                "the input ends inside this document, and nothing of it was used; deliver the \
                 file again as a whole (write it under a temporary name, then rename it)",
            ),
            FrameFault::Utf16 => f.write_str(
                "the input is UTF-16, as PowerShell 5's `>` and Out-File write it; JSON is UTF-8: \
                 write it with `… | Out-File -Encoding utf8 FILE`, or convert it with \
                 `iconv -f UTF-16 -t UTF-8 FILE`",
            ),
            FrameFault::NoArray => f.write_str(
                "neither an array nor an object with a `value` array, which `--framing array` \
                 asks for; use `--framing auto`, or `document` for one record",
            ),
            FrameFault::Separator => f.write_str(
                "the elements of an array are not separated by exactly one comma; they were read, \
                 but the program that wrote the array needs mending",
            ),
            FrameFault::Envelope => f.write_str(
                "the text around the `value` array is no JSON; its elements were read, but ask \
                 for the page again to be sure that none is missing",
            ),
            FrameFault::Empty => {
                f.write_str("the input is empty, and an empty text is no document; write it again")
            }
        }
    }
}
