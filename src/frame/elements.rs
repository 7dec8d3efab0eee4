//! The elements of an opened array, each a frame.
//!
//! An element is what stands between two commas, whatever it is: the parser judges it. What is
//! wrong between elements (a comma too many, one too few) is a frame of its own, so that a text
//! that is no JSON never passes for one.
//!
//! Memory is that of one element, however long the array is.

use super::batch::Batch;
use super::fault::FrameFault;
use super::scan::{Event, is_blank};
use super::values::{Flow, State, Values};

impl Values {
    /// Emits all elements of a collection that is scanned to its end.
    pub(super) fn emit_elements(&mut self, out: &mut Batch) {
        let Some(list) = self.list.take() else {
            return;
        };
        let close = list.close.unwrap_or(self.at);
        let mut from = list.open;
        let alone = list.commas.is_empty();
        let commas = list
            .commas
            .iter()
            .map(|&comma| list.open + u64::from(comma));
        for to in commas.chain([close]) {
            self.emit_element(from, to, alone, out);
            from = to + 1;
        }
        if !self.envelope_whole {
            self.mark_fault(self.at, FrameFault::Envelope, out);
        }
    }

    /// The document is a collection, but its end is not there: go on element by element.
    ///
    /// Afterwards the state is `Element`, `Gap` or `Tail`.
    pub(super) fn stream(&mut self, out: &mut Batch) {
        let Some(list) = self.list.take() else {
            return;
        };
        self.scan.keys = false;
        let mut from = list.open;
        for &comma in &list.commas {
            let to = list.open + u64::from(comma);
            self.emit_element(from, to, false, out);
            from = to + 1;
        }
        if let Some(close) = list.close {
            self.emit_element(from, close, list.commas.is_empty(), out);
            self.state = State::Tail;
            return;
        }
        from = list.last();
        let blanks = self
            .text(from, self.at)
            .iter()
            .take_while(|&&byte| is_blank(byte))
            .count();
        let start = from + blanks as u64;
        if start == self.at {
            self.state = State::Gap {
                comma: !list.commas.is_empty(),
            };
            return;
        }
        let indent = self.indent_of_line(start);
        self.begin_item_at(start, indent);
        self.scan.resync_indent = indent;
        self.state = State::Element;
    }

    /// Blanks at the beginning of the line of `offset`, or the document's own indent.
    fn indent_of_line(&self, offset: u64) -> u64 {
        let before = self.text(self.start, offset);
        match memchr::memrchr(b'\n', before) {
            None => self.indent,
            Some(newline) => {
                let line = self.text(self.start + newline as u64 + 1, self.at);
                line.iter().take_while(|&&byte| is_blank(byte)).count() as u64
            }
        }
    }

    fn emit_element(&mut self, from: u64, to: u64, alone: bool, out: &mut Batch) {
        let blanks = self
            .text(from, to)
            .iter()
            .take_while(|&&byte| is_blank(byte))
            .count();
        let start = from + blanks as u64;
        if start < to {
            self.begin_item_at(start, self.indent);
            self.emit(to, None, out);
        } else if !alone {
            self.mark_fault(to, FrameFault::Separator, out);
        }
    }

    pub(super) fn gap(&mut self, comma: bool, out: &mut Batch) -> Flow {
        let Some(byte) = self.skip_blanks(false) else {
            return Flow::More;
        };
        match byte {
            b',' => {
                self.mark_fault(self.at, FrameFault::Separator, out);
                self.leave_line_start();
                self.at += 1;
                self.state = State::Gap { comma: true };
            }
            b']' => {
                if comma {
                    self.mark_fault(self.at, FrameFault::Separator, out);
                }
                // The scan itself takes the closer, and reports that the array ends.
                self.begin_item();
                self.state = State::Element;
            }
            _ => {
                // No resync at its own first byte: behind a comma a value may stand.
                self.begin_item();
                self.scan.resync_indent = self.indent;
                self.state = State::Element;
            }
        }
        Flow::Again
    }

    fn leave_line_start(&mut self) {
        if self.scan.fresh {
            self.scan.indent = self.at - self.scan.line_at;
            self.scan.fresh = false;
        }
    }

    pub(super) fn element(&mut self, out: &mut Batch) -> Flow {
        self.scan.comma_at = self.floor;
        self.scan.close_at = self.floor - 1;
        match self.scan_item(1) {
            None => self.skip_item(),
            Some(Event::More) => return Flow::More,
            Some(event) => self.element_event(event, out),
        }
        Flow::Again
    }

    pub(super) fn element_event(&mut self, event: Event, out: &mut Batch) {
        match event {
            Event::Comma => {
                self.emit(self.at - 1, None, out);
                self.state = State::Gap { comma: true };
            }
            Event::Close => {
                self.emit(self.at - 1, None, out);
                if self.floor == 1 {
                    self.document_done();
                } else {
                    self.scan.comma_at = 0;
                    self.scan.close_at = 0;
                    self.state = State::Tail;
                }
            }
            Event::Broken => self.begin_junk_here(),
            Event::Resync => {
                let line_at = self.scan.line_at;
                let whole = self.scan.depth() == self.floor;
                self.clean = false;
                self.emit(line_at, None, out);
                if whole {
                    self.mark_fault(self.at, FrameFault::Separator, out);
                }
                if self.at - line_at == self.indent {
                    self.scan.truncate(self.floor);
                    self.state = State::Gap { comma: true };
                } else {
                    self.state = State::Between;
                }
            }
            Event::More | Event::List => {}
        }
    }

    pub(super) fn tail(&mut self, out: &mut Batch) -> Flow {
        self.scan.comma_at = 0;
        self.scan.close_at = 0;
        match self.scan_on() {
            Event::More => return Flow::More,
            event => self.tail_event(event, out),
        }
        Flow::Again
    }

    pub(super) fn tail_event(&mut self, event: Event, out: &mut Batch) {
        match event {
            Event::Close => self.document_done(),
            Event::Broken | Event::Resync => {
                self.mark_fault(self.at, FrameFault::Envelope, out);
                self.state = State::Between;
            }
            Event::More | Event::Comma | Event::List => {}
        }
    }
}
