//! A whole text that is one document and nothing else, told without a copy of it.
//!
//! It is the structural scan of `values`, without what that keeps for texts that come in pieces. Where
//! anything else is met than one object with white space around it, nothing is said.

use std::ops::Range;

use super::place::Place;
use super::scan::{Event, Scan};
use super::values::Policy;
use crate::lane::is_blank;

/// Where in `text` the one document stands, without the white space around it.
pub(super) fn document(text: &[u8], policy: Policy) -> Option<(Range<usize>, Place)> {
    let mark = text.len() - super::without_mark(text).len();
    let place = Place {
        offset: mark as u64,
        ..Place::START
    };
    let blanks = text[mark..]
        .iter()
        .take_while(|byte| is_blank(**byte))
        .count();
    let start = mark + blanks;
    let before = &text[mark..start];
    let line = before.iter().rposition(|byte| *byte == b'\n');
    let line_at = mark + line.map_or(0, |newline| newline + 1);
    if text.get(start) != Some(&b'{') {
        return None;
    }
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
    alone.then(|| (start..end, place.after(before)))
}
