//! One document a line: a newline is a hard boundary, whatever stands on the line.
//!
//! Finds newlines and nothing else, unless a line does not look like one object. A line with two
//! documents that begins with `{` and ends with `}` is therefore one frame, and its parser asks
//! [`Frame::split`](super::Frame::split).
//!
//! A line over the limit is never collected: it is skipped, or, when it is an array or a
//! collection that may be opened, read element by element.

use std::ops::Range;

use super::batch::Batch;
use super::fault::FrameFault;
use super::place::Place;
use super::room::Room;
use super::scan::is_blank;
use super::values::{Policy, SHOWN, Values};

#[derive(Debug, PartialEq, Eq)]
enum Long {
    No,
    Skipped,
    Streamed,
}

/// What a line is.
enum Look {
    /// blank
    Nothing,
    /// the first line of a document of many
    Pretty,
    /// one document, or what stands where one should be
    One(Option<FrameFault>),
    /// documents that were found one by one
    Parts,
}

/// What [`Lines::push`] leaves to the caller.
pub(crate) struct Pretty {
    /// The line that begins a document of many lines, with its newline.
    pub(crate) line: Vec<u8>,
    pub(crate) place: Place,
    pub(crate) line_at: u64,
    /// What follows it, in the text that was pushed.
    pub(crate) rest: Range<usize>,
}

#[derive(Debug)]
pub(crate) struct Lines {
    /// Look at each line: it may have to be opened, or be the first of a pretty document.
    auto: bool,
    /// Documents may share a line: scan them all.
    scan: bool,
    opens: bool,
    limit: usize,
    /// The line from its first byte that is not blank.
    room: Room,
    place: Place,
    line_at: u64,
    /// Offset of the next byte.
    next: u64,
    long: Long,
    values: Values,
    scratch: Batch,
}

impl Lines {
    /// Lines that are documents, because the user says so.
    pub(crate) fn plain(limit: usize, place: Place) -> Lines {
        Lines::new(false, false, Policy::Closed, limit, place)
    }

    /// Lines that were found to be documents.
    pub(crate) fn detected(policy: Policy, scan: bool, limit: usize, place: Place) -> Lines {
        Lines::new(true, scan, policy, limit, place)
    }

    fn new(auto: bool, scan: bool, policy: Policy, limit: usize, place: Place) -> Lines {
        Lines {
            auto,
            scan,
            opens: policy != Policy::Closed,
            limit,
            room: Room::default(),
            place,
            line_at: place.offset,
            next: place.offset,
            long: Long::No,
            values: Values::new(policy, limit, false),
            scratch: Batch::new(),
        }
    }

    pub(crate) fn push(&mut self, bytes: &[u8], out: &mut Batch) -> Option<Pretty> {
        let mut used = 0;
        while used < bytes.len() {
            let rest = &bytes[used..];
            match memchr::memchr(b'\n', rest) {
                None => {
                    self.part(rest, out);
                    break;
                }
                Some(newline) => {
                    used += newline + 1;
                    if let Some(mut pretty) = self.last_part(&rest[..newline], out) {
                        pretty.rest = used..bytes.len();
                        return Some(pretty);
                    }
                }
            }
        }
        None
    }

    /// Whether the next read can go to where it stays.
    pub(crate) fn reads_in_place(&self) -> bool {
        self.long == Long::No
    }

    /// Reads once, up to `most` bytes behind the line under way, and frames its lines where they
    /// then stand: in the room of `out`, which must be empty. [`Pretty::rest`] is then in
    /// that room.
    pub(crate) fn read<E>(
        &mut self,
        most: usize,
        read: impl FnOnce(&mut [u8]) -> Result<usize, E>,
        out: &mut Batch,
    ) -> Result<(usize, Option<Pretty>), E> {
        let known = self.room.len();
        let count = read(self.room.space(most))?;
        self.room.grew(count);
        if memchr::memchr(b'\n', &self.room.bytes()[known..]).is_none() {
            self.grew(known, out);
            return Ok((count, None));
        }
        std::mem::swap(&mut self.room, &mut out.room);
        let (mut from, mut looked_at, end) = (0, known, out.room.len());
        while let Some(newline) = memchr::memchr(b'\n', &out.room.bytes()[looked_at..end]) {
            let line = from..looked_at + newline;
            let new = line.end - looked_at;
            from = line.end + 1;
            looked_at = from;
            if let Some(mut pretty) = self.line(line, new, out) {
                pretty.rest = from..end;
                return Ok((count, Some(pretty)));
            }
        }
        // The next line stays with the lines.
        self.room.extend(&out.room.bytes()[from..end]);
        self.grew(0, out);
        Ok((count, None))
    }

    /// The line at `text` of the room of `out`, without its newline; `new` bytes of it were not
    /// there before.
    fn line(&mut self, text: Range<usize>, new: usize, out: &mut Batch) -> Option<Pretty> {
        let line = &out.room.bytes()[text.clone()];
        let mut begin = text.start;
        if new == line.len() {
            begin = text.end - self.leading(line).len();
            self.next += (text.end - begin) as u64;
        } else {
            self.next += new as u64;
        }
        let line = &out.room.bytes()[begin..text.end];
        let mut pretty = None;
        if is_larger(line, self.limit) {
            self.room.extend(line);
            self.begin_long(out);
            self.end_long(out);
            self.room.clear();
        } else {
            let end = begin + line.trim_ascii_end().len();
            match self.look(line, false) {
                Look::Nothing => {}
                Look::Parts => out.append(&mut self.scratch),
                Look::Pretty => pretty = Some(self.pretty(line)),
                Look::One(fault) => out.mark(begin..end, self.place, !self.auto, fault),
            }
        }
        self.end_line();
        pretty
    }

    /// The line under way is longer than the `known` bytes that it had.
    fn grew(&mut self, known: usize, out: &mut Batch) {
        let text = &self.room.bytes()[known..];
        let mut new = text.len();
        if known == 0 {
            let begin = blanks(text);
            self.pass_over(begin);
            self.room.drop_front(begin);
            new -= begin;
        }
        self.next += new as u64;
        // One more than the limit may still be a carriage return.
        if self.room.len() > self.limit.saturating_add(1) {
            self.begin_long(out);
        }
    }

    /// The input ends here.
    pub(crate) fn finish(&mut self, out: &mut Batch) {
        match self.long {
            Long::Streamed => self.values.finish(out),
            Long::Skipped => self.emit_too_large(out),
            Long::No if is_larger(self.room.bytes(), self.limit) => {
                self.begin_long(out);
                self.finish(out);
            }
            Long::No => {
                let line = std::mem::take(&mut self.room);
                self.emit(line.bytes(), true, out);
            }
        }
        self.room.clear();
        self.long = Long::No;
    }

    /// More of a line whose end is not there yet.
    fn part(&mut self, mut text: &[u8], out: &mut Batch) {
        while !text.is_empty() {
            match self.long {
                Long::Skipped => {}
                Long::Streamed => {
                    self.values.push(text, out);
                }
                Long::No => {
                    // Of a long line no more is kept than tells that it is one.
                    let known = self.room.len();
                    let most = self.limit.saturating_add(2).saturating_sub(known);
                    let (kept, more) = text.split_at(text.len().min(most));
                    self.room.extend(kept);
                    self.grew(known, out);
                    text = more;
                    continue;
                }
            }
            self.next += text.len() as u64;
            return;
        }
    }

    /// The rest of a line, without its newline.
    fn last_part(&mut self, text: &[u8], out: &mut Batch) -> Option<Pretty> {
        let mut pretty = None;
        if self.long == Long::No && self.room.is_empty() {
            let text = self.leading(text);
            if !is_larger(text, self.limit) {
                pretty = self.emit(text, false, out);
                self.next += text.len() as u64;
                self.end_line();
                return pretty;
            }
            self.part(text, out);
        } else {
            self.part(text, out);
        }
        if self.long == Long::No && is_larger(self.room.bytes(), self.limit) {
            self.begin_long(out);
        }
        match self.long {
            Long::Streamed | Long::Skipped => self.end_long(out),
            Long::No => {
                let mut line = std::mem::take(&mut self.room);
                pretty = self.emit(line.bytes(), false, out);
                line.clear();
                self.room = line;
            }
        }
        self.room.clear();
        self.end_line();
        pretty
    }

    /// The end of a line over the limit.
    fn end_long(&mut self, out: &mut Batch) {
        if self.long == Long::Streamed {
            self.values.finish_line(out);
        } else {
            self.emit_too_large(out);
        }
        self.long = Long::No;
    }

    fn end_line(&mut self) {
        self.next += 1;
        self.line_at = self.next;
        self.place = Place {
            offset: self.next,
            line: self.place.line + 1,
            column: 1,
        };
    }

    /// Passes over the blanks at the beginning of a line.
    fn leading<'a>(&mut self, text: &'a [u8]) -> &'a [u8] {
        if self.long != Long::No || !self.room.is_empty() {
            return text;
        }
        let begin = blanks(text);
        self.pass_over(begin);
        &text[begin..]
    }

    fn pass_over(&mut self, blanks: usize) {
        self.place.offset += blanks as u64;
        self.place.column += blanks as u64;
        self.next += blanks as u64;
    }

    /// The line is over the limit, as far as it is in the room.
    fn begin_long(&mut self, out: &mut Batch) {
        if self.auto {
            self.long = Long::Streamed;
            self.values.restart(self.place, self.line_at);
            self.values.push(self.room.bytes(), out);
        } else {
            self.long = Long::Skipped;
            self.room.truncate(SHOWN.min(self.limit));
        }
    }

    fn emit_too_large(&self, out: &mut Batch) {
        let fault = FrameFault::TooLarge { limit: self.limit };
        out.push(self.room.bytes(), self.place, None, Some(fault));
    }

    fn emit(&mut self, line: &[u8], last: bool, out: &mut Batch) -> Option<Pretty> {
        match self.look(line, last) {
            Look::Nothing => {}
            Look::Parts => out.append(&mut self.scratch),
            Look::Pretty => return Some(self.pretty(line)),
            Look::One(fault) if self.auto => out.push(line, self.place, None, fault),
            Look::One(fault) => out.push_whole(line, self.place, fault),
        }
        None
    }

    fn pretty(&self, line: &[u8]) -> Pretty {
        Pretty {
            line: [line, b"\n"].concat(),
            place: self.place,
            line_at: self.line_at,
            rest: 0..0,
        }
    }

    /// What a line is; parts are then in `scratch`.
    fn look(&mut self, line: &[u8], last: bool) -> Look {
        let text = line.trim_ascii_end();
        let (Some(&first), Some(&end)) = (text.first(), text.last()) else {
            return Look::Nothing;
        };
        if self.auto && !last && matches!(text, b"{" | b"[") {
            return Look::Pretty;
        }
        let one =
            first == b'{' && end == b'}' && !self.scan && !(self.opens && may_hold_a_list(text));
        let mut fault = None;
        if last || (self.auto && !one) {
            self.values.restart(self.place, self.line_at);
            self.scratch.clear();
            let whole = self.values.only_whole(text, &mut self.scratch);
            if whole && self.auto {
                return Look::Parts;
            }
            fault = (last && self.values.was_cut()).then_some(FrameFault::CutOff);
        }
        Look::One(fault)
    }
}

/// Whether an array may be the value of a member `value`: brackets are few, and so are looks before them.
fn may_hold_a_list(text: &[u8]) -> bool {
    memchr::memchr_iter(b'[', text).any(|bracket| {
        let before = text[..bracket].trim_ascii_end();
        let name = before.strip_suffix(b":").map(<[u8]>::trim_ascii_end);
        name.is_some_and(|name| name.ends_with(b"\"value\""))
    })
}

fn blanks(text: &[u8]) -> usize {
    text.iter().take_while(|&&byte| is_blank(byte)).count()
}

/// Whether a line is over the limit, not counting the carriage return before its newline.
fn is_larger(line: &[u8], limit: usize) -> bool {
    line.strip_suffix(b"\r").unwrap_or(line).len() > limit
}
