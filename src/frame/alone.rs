//! A whole text that is one document and nothing else, told without a copy of it.
//!
//! It is the structural scan of `values`, without what that keeps for texts that come in pieces. Where
//! anything else is met than one object with white space around it, nothing is said.
//!
//! Whoever parses the text anyway needs no scan: it is enough to know where its document would stand.

use std::ops::Range;

use super::place::Place;
use super::scan::{Event, Scan};
use super::values::Policy;
use crate::lane::is_blank;

/// Where `text` begins behind its byte order mark, and behind the white space there, if that is where an
/// object begins.
fn begin(text: &[u8]) -> Option<(usize, usize)> {
    let mark = text.len() - super::without_mark(text).len();
    let blanks = text[mark..]
        .iter()
        .take_while(|byte| is_blank(**byte))
        .count();
    let start = mark + blanks;
    (text.get(start) == Some(&b'{')).then_some((mark, start))
}

fn place(mark: usize, before: &[u8]) -> Place {
    let place = Place {
        offset: mark as u64,
        ..Place::START
    };
    place.after(before)
}

/// Where in `text` a document stands, without the white space around it, if it is one at all: from its
/// first brace to its last.
pub(super) fn likely(text: &[u8]) -> Option<(Range<usize>, Place)> {
    let (mark, start) = begin(text)?;
    let end = text.iter().rposition(|byte| !is_blank(*byte))?;
    (end > start && text[end] == b'}').then(|| (start..end + 1, place(mark, &text[mark..start])))
}

/// Where in `text` the one document stands, without the white space around it.
pub(super) fn document(text: &[u8], policy: Policy) -> Option<(Range<usize>, Place)> {
    let (mark, start) = begin(text)?;
    let before = &text[mark..start];
    let line = before.iter().rposition(|byte| *byte == b'\n');
    let line_at = mark + line.map_or(0, |newline| newline + 1);
    let mut scan = Scan::new();
    scan.fresh = false;
    scan.line_at = line_at as u64;
    scan.indent = (start - line_at) as u64;
    scan.begin(b'{');
    scan.keys = policy != Policy::Closed;
    let mut at = start as u64 + 1;
    if scan.run(text, 0, &mut at) != Event::Close {
        return None;
    }
    let end = at as usize;
    let alone = text[end..].iter().all(|byte| is_blank(*byte));
    alone.then(|| (start..end, place(mark, before)))
}
