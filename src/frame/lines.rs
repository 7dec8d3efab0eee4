//! One document a line: a newline is a hard boundary, whatever stands on the line.
//!
//! Finds newlines and nothing else, unless a line does not look like one object. A line with two
//! documents that begins with `{` and ends with `}` is therefore one frame, and its parser asks
//! [`Frame::split`](super::Frame::split).
//!
//! A line over the limit is never collected: it is skipped, or, when it is an array or a
//! collection that may be opened, read element by element.

use memchr::memmem::Finder;

use super::batch::Batch;
use super::fault::FrameFault;
use super::place::Place;
use super::scan::is_blank;
use super::values::{Policy, SHOWN, Values};

#[derive(Debug, PartialEq, Eq)]
enum Long {
    No,
    Skipped,
    Streamed,
}

/// What [`Lines::push`] leaves to the caller.
pub(crate) struct Pretty {
    /// The line that begins a document of many lines, with its newline.
    pub(crate) line: Vec<u8>,
    pub(crate) place: Place,
    pub(crate) line_at: u64,
    /// Bytes of the pushed text up to the end of that line.
    pub(crate) used: usize,
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
    buf: Vec<u8>,
    place: Place,
    line_at: u64,
    /// Offset of the next byte.
    next: u64,
    long: Long,
    values: Values,
    scratch: Batch,
    value: Finder<'static>,
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
            buf: Vec::new(),
            place,
            line_at: place.offset,
            next: place.offset,
            long: Long::No,
            values: Values::new(policy, limit, false),
            scratch: Batch::new(),
            value: Finder::new(b"\"value\""),
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
                        pretty.used = used;
                        return Some(pretty);
                    }
                }
            }
        }
        None
    }

    /// The input ends here.
    pub(crate) fn finish(&mut self, out: &mut Batch) {
        match self.long {
            Long::Streamed => self.values.finish(out),
            Long::Skipped => self.emit_too_large(out),
            Long::No if is_larger(&self.buf, self.limit) => {
                self.begin_long(&[], out);
                self.finish(out);
            }
            Long::No => {
                let line = std::mem::take(&mut self.buf);
                self.emit(&line, true, out);
            }
        }
        self.buf.clear();
        self.long = Long::No;
    }

    /// More of a line whose end is not there yet.
    fn part(&mut self, text: &[u8], out: &mut Batch) {
        let text = self.leading(text);
        self.next += text.len() as u64;
        match self.long {
            Long::Skipped => {}
            Long::Streamed => {
                self.values.push(text, out);
            }
            // One more than the limit may still be a carriage return.
            Long::No if self.buf.len() + text.len() > self.limit.saturating_add(1) => {
                self.begin_long(text, out);
            }
            Long::No => self.buf.extend_from_slice(text),
        }
    }

    /// The rest of a line, without its newline.
    fn last_part(&mut self, text: &[u8], out: &mut Batch) -> Option<Pretty> {
        let mut pretty = None;
        if self.long == Long::No && self.buf.is_empty() {
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
        if self.long == Long::No && is_larger(&self.buf, self.limit) {
            self.begin_long(&[], out);
        }
        match self.long {
            Long::Streamed => self.values.finish_line(out),
            Long::Skipped => self.emit_too_large(out),
            Long::No => {
                let mut line = std::mem::take(&mut self.buf);
                pretty = self.emit(&line, false, out);
                line.clear();
                self.buf = line;
            }
        }
        self.buf.clear();
        self.long = Long::No;
        self.end_line();
        pretty
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
        if self.long != Long::No || !self.buf.is_empty() {
            return text;
        }
        let blanks = text.iter().take_while(|&&byte| is_blank(byte)).count();
        self.place.offset += blanks as u64;
        self.place.column += blanks as u64;
        self.next += blanks as u64;
        &text[blanks..]
    }

    /// The line is over the limit; `more` of it follows what is in the buffer.
    fn begin_long(&mut self, more: &[u8], out: &mut Batch) {
        if self.auto {
            self.long = Long::Streamed;
            self.values.restart(self.place, self.line_at);
            self.values.push(&self.buf, out);
            self.values.push(more, out);
        } else {
            self.long = Long::Skipped;
            let missing = SHOWN.saturating_sub(self.buf.len()).min(more.len());
            self.buf.extend_from_slice(&more[..missing]);
            self.buf.truncate(SHOWN.min(self.limit));
        }
    }

    fn emit_too_large(&self, out: &mut Batch) {
        let fault = FrameFault::TooLarge { limit: self.limit };
        out.push(&self.buf, self.place, None, Some(fault));
    }

    fn emit(&mut self, line: &[u8], last: bool, out: &mut Batch) -> Option<Pretty> {
        let text = line.trim_ascii_end();
        let (Some(&first), Some(&end)) = (text.first(), text.last()) else {
            return None;
        };
        if self.auto && !last && matches!(text, b"{" | b"[") {
            return Some(Pretty {
                line: [line, b"\n"].concat(),
                place: self.place,
                line_at: self.line_at,
                used: 0,
            });
        }
        let one = first == b'{'
            && end == b'}'
            && !self.scan
            && !(self.opens && self.value.find(text).is_some());
        let mut fault = None;
        if last || (self.auto && !one) {
            self.values.restart(self.place, self.line_at);
            self.scratch.clear();
            let whole = self.values.only_whole(text, &mut self.scratch);
            if whole && self.auto {
                out.append(&mut self.scratch);
                return None;
            }
            fault = (last && self.values.was_cut()).then_some(FrameFault::CutOff);
        }
        if self.auto {
            out.push(text, self.place, None, fault);
        } else {
            out.push_whole(text, self.place, fault);
        }
        None
    }
}

/// Whether a line is over the limit, not counting the carriage return before its newline.
fn is_larger(line: &[u8], limit: usize) -> bool {
    line.strip_suffix(b"\r").unwrap_or(line).len() > limit
}
