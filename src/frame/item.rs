//! The item in hand: where it begins, how much of it is kept, and how it becomes a frame.
//!
//! Keeps the text from the item's first byte on, up to the limit and one read; beyond the limit
//! only the first bytes, to show what it was.
//!
//! No decision about where an item ends.

use super::batch::Batch;
use super::fault::FrameFault;
use super::place::Place;
use super::scan::{Event, is_blank};
use super::values::{SHOWN, State, Values};

impl Values {
    /// The next byte that is not blank; with `lines`, a newline counts.
    pub(super) fn skip_blanks(&mut self, lines: bool) -> Option<u8> {
        while let Some(&byte) = self.buf.get((self.at - self.base) as usize) {
            if byte == b'\n' {
                if lines {
                    return Some(byte);
                }
                self.at += 1;
                self.scan.new_line(self.at);
            } else if is_blank(byte) {
                self.at += 1;
            } else {
                return Some(byte);
            }
        }
        None
    }

    /// The next item begins here.
    pub(super) fn begin_item(&mut self) {
        if self.scan.fresh {
            self.scan.indent = self.at - self.scan.line_at;
            self.scan.fresh = false;
        }
        self.begin_item_at(self.at, self.scan.indent);
    }

    pub(super) fn begin_item_at(&mut self, start: u64, indent: u64) {
        self.start = start;
        self.place = self.place_at(start);
        self.indent = indent;
        self.skipping = false;
    }

    /// Scans the item up to its limit. `None`: it is longer than that.
    pub(super) fn scan_item(&mut self, beyond: u64) -> Option<Event> {
        let bound = self.bound(beyond);
        let text = &self.buf[..(bound - self.base) as usize];
        match self.scan.run(text, self.base, &mut self.at) {
            Event::More if bound < self.end() => None,
            event => Some(event),
        }
    }

    /// Scans without keeping anything.
    pub(super) fn scan_on(&mut self) -> Event {
        self.scan.run(&self.buf, self.base, &mut self.at)
    }

    pub(super) fn bound(&self, beyond: u64) -> u64 {
        if self.skipping {
            return self.end();
        }
        self.end().min(self.start + self.limit + beyond)
    }

    pub(super) fn skip_item(&mut self) {
        self.clean = false;
        self.skipping = true;
        let shown = (self.end().min(self.start + SHOWN as u64)).min(self.start + self.limit);
        self.head.clear();
        self.head.extend_from_slice(
            &self.buf[(self.start - self.base) as usize..(shown - self.base) as usize],
        );
    }

    /// Emits the item, which ends before `end`.
    pub(super) fn emit(&mut self, end: u64, fault: Option<FrameFault>, out: &mut Batch) {
        let envelope = self.envelope.as_ref();
        self.clean &= fault.is_none() && !matches!(self.state, State::Junk { .. });
        if self.skipping {
            let limit = self.limit as usize;
            let fault = Some(FrameFault::TooLarge { limit });
            out.push(&self.head, self.place, envelope, fault);
            self.skipping = false;
            return;
        }
        let text = self.text(self.start, end).trim_ascii_end();
        if !text.is_empty() || fault.is_some() {
            out.push(text, self.place, envelope, fault);
        }
    }

    /// An empty frame at `at`, for a fault of the array and not of an element.
    pub(super) fn mark_fault(&mut self, at: u64, fault: FrameFault, out: &mut Batch) {
        self.clean = false;
        let place = self.place_at(at);
        out.push(b"", place, self.envelope.as_ref(), Some(fault));
    }

    pub(super) fn place_at(&mut self, offset: u64) -> Place {
        self.mark = self.mark.after(self.text(self.mark.offset, offset));
        self.mark
    }

    pub(super) fn text(&self, from: u64, to: u64) -> &[u8] {
        &self.buf[(from - self.base) as usize..(to - self.base) as usize]
    }

    pub(super) fn end(&self) -> u64 {
        self.base + self.buf.len() as u64
    }

    pub(super) fn begins_container(&self) -> bool {
        let first = if self.skipping {
            self.head.first()
        } else {
            self.buf.get((self.start - self.base) as usize)
        };
        matches!(first, Some(b'{' | b'['))
    }

    /// Throws away what no frame needs any more.
    pub(super) fn compact(&mut self) {
        let holds = matches!(
            self.state,
            State::Bracket | State::Document | State::Element | State::Junk { .. }
        );
        let keep = if holds && !self.skipping {
            self.start
        } else {
            self.at
        };
        self.place_at(keep);
        self.buf.drain(..(keep - self.base) as usize);
        self.base = keep;
    }
}
