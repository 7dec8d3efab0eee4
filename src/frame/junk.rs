//! Text that is no JSON: broken documents, and words between documents.
//!
//! It is one frame, up to the line that begins, no deeper than the broken text did, with `{` or
//! `[`: there framing goes on, within the opened array when the depth is that of its elements.
//!
//! No attempt to mend anything.

use super::batch::Batch;
use super::fault::FrameFault;
use super::scan::is_blank;
use super::values::{Flow, Policy, State, Values};

impl Values {
    pub(super) fn junk(&mut self, commas: bool, out: &mut Batch) -> Flow {
        let bound = self.bound(1);
        while self.at < bound {
            let byte = self.buf[(self.at - self.base) as usize];
            if byte == b'\n' {
                self.at += 1;
                self.scan.new_line(self.at);
                continue;
            }
            if is_blank(byte) {
                self.at += 1;
                continue;
            }
            let opener = matches!(byte, b'{' | b'[');
            if commas && opener {
                return self.end_junk(self.at, State::Between, out);
            }
            if self.scan.fresh {
                let indent = self.at - self.scan.line_at;
                let line_at = self.scan.line_at;
                if opener && indent <= self.indent {
                    let within = self.floor > 0 && indent == self.indent;
                    self.scan.truncate(if within { self.floor } else { 0 });
                    let next = if within {
                        State::Gap { comma: true }
                    } else {
                        State::Between
                    };
                    return self.end_junk(line_at, next, out);
                }
                if self.floor > 0 && byte == b']' && (indent < self.indent || indent == 0) {
                    self.scan.truncate(self.floor);
                    return self.end_junk(line_at, State::Gap { comma: false }, out);
                }
                self.scan.indent = indent;
                self.scan.fresh = false;
            }
            if commas && byte == b',' {
                self.at += 1;
                continue;
            }
            self.state = State::Junk { commas: false };
            let rest = &self.buf[(self.at - self.base) as usize..(bound - self.base) as usize];
            self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len()) as u64;
            if commas {
                return Flow::Again;
            }
        }
        if bound < self.end() {
            self.skip_item();
            return Flow::Again;
        }
        Flow::More
    }

    pub(super) fn end_junk(&mut self, end: u64, next: State, out: &mut Batch) -> Flow {
        self.emit(end, self.junk_fault(), out);
        self.on_line = 0;
        self.state = next;
        Flow::Again
    }

    /// The item is broken: it goes on to the line where another can begin.
    pub(super) fn begin_junk_here(&mut self) {
        self.clean = false;
        self.list = None;
        self.state = State::Junk { commas: false };
    }

    pub(super) fn junk_fault(&self) -> Option<FrameFault> {
        (self.policy == Policy::Always && self.floor == 0).then_some(FrameFault::NoArray)
    }
}
