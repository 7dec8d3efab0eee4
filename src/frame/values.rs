//! JSON values one after the other, pretty or not, with arrays and collections opened.
//!
//! A broken document is one frame: it ends before the next line that begins, no deeper than it
//! began itself, with `{` or `[` where no value may stand. Words between documents likewise.
//!
//! Holds one item at most (a document, or an element of an opened array) and never more of it
//! than the limit. Each decision hangs on an offset of the text, never on where a read ended.

use std::sync::Arc;

use super::batch::{Batch, Envelope};
use super::collection::{self, List};
use super::fault::FrameFault;
use super::place::Place;
use super::scan::{Event, Scan};

/// How much of a text that is over the limit is kept to show what it was.
pub(crate) const SHOWN: usize = 256;

/// Which arrays are opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    /// None.
    Closed,
    /// Arrays of objects, and collections of documents.
    Collections,
    /// Each top-level array or `value` array, and anything else is a fault.
    Always,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Outside of any document.
    Between,
    /// Behind the `[` of a top-level array that may have to be opened.
    Bracket,
    /// In a document, which may turn out to be a collection.
    Document,
    /// In an opened array, before an element.
    Gap { comma: bool },
    /// In an element of an opened array.
    Element,
    /// In an opened collection, behind its elements.
    Tail,
    /// In text that is no JSON, up to the line where a document can begin.
    Junk { commas: bool },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    Again,
    More,
    Lines,
}

#[derive(Debug)]
pub(crate) struct Values {
    pub(super) policy: Policy,
    pub(super) limit: u64,
    /// Hand over once a line has held whole documents only.
    pub(super) detect: bool,
    pub(super) buf: Vec<u8>,
    pub(super) base: u64,
    pub(super) at: u64,
    pub(super) mark: Place,
    pub(super) state: State,
    pub(super) scan: Scan,
    /// The item: where it begins, and whether only its head is kept.
    pub(super) start: u64,
    pub(super) place: Place,
    pub(super) indent: u64,
    pub(super) skipping: bool,
    pub(super) head: Vec<u8>,
    pub(super) list: Option<List>,
    pub(super) envelope: Option<Arc<Envelope>>,
    /// Depth of the opened array's elements; 0 when none is opened.
    pub(super) floor: usize,
    pub(super) on_line: usize,
    /// The envelope is complete, and is JSON.
    pub(super) envelope_whole: bool,
    /// Nothing was broken so far.
    pub(super) clean: bool,
    /// The input ended inside a document.
    pub(super) cut: bool,
}

impl Values {
    pub(crate) fn new(policy: Policy, limit: usize, detect: bool) -> Values {
        Values {
            policy,
            // Commas of a collection are kept as 32 bits.
            limit: (limit as u64).clamp(1, u64::from(u32::MAX)),
            detect,
            buf: Vec::new(),
            base: 0,
            at: 0,
            mark: Place::START,
            state: State::Between,
            scan: Scan::new(),
            start: 0,
            place: Place::START,
            indent: 0,
            skipping: false,
            head: Vec::new(),
            list: None,
            envelope: None,
            floor: 0,
            on_line: 0,
            envelope_whole: true,
            clean: true,
            cut: false,
        }
    }

    /// Begins anew at `place`, on the line whose first byte has the offset `line_at`.
    pub(crate) fn restart(&mut self, place: Place, line_at: u64) {
        self.buf.clear();
        self.base = place.offset;
        self.at = place.offset;
        self.mark = place;
        self.state = State::Between;
        self.scan.truncate(0);
        self.scan.fresh = true;
        self.scan.line_at = line_at;
        self.skipping = false;
        self.list = None;
        self.envelope = None;
        self.floor = 0;
        self.on_line = 0;
        self.clean = true;
        self.cut = false;
    }

    /// `true`: the text is one document a line; see [`Values::take_rest`].
    pub(crate) fn push(&mut self, bytes: &[u8], out: &mut Batch) -> bool {
        self.buf.extend_from_slice(bytes);
        let lines = loop {
            match self.step(out) {
                Flow::Again => {}
                Flow::More => break false,
                Flow::Lines => break true,
            }
        };
        self.compact();
        lines
    }

    /// The text behind the newline that settled it, its place, and whether the line before held
    /// more than one document.
    pub(crate) fn take_rest(&mut self) -> (Vec<u8>, Place, bool) {
        (std::mem::take(&mut self.buf), self.mark, self.on_line > 1)
    }

    /// Frames `text`, which is all there is; whether it was whole values and nothing else.
    pub(crate) fn only_whole(&mut self, text: &[u8], out: &mut Batch) -> bool {
        self.push(text, out);
        self.finish(out);
        self.clean && !self.cut
    }

    pub(crate) fn was_cut(&self) -> bool {
        self.cut
    }

    /// The input ends here.
    pub(crate) fn finish(&mut self, out: &mut Batch) {
        self.end_input(FrameFault::CutOff, out);
    }

    /// The line ends here, and with it the document, but not the input.
    pub(crate) fn finish_line(&mut self, out: &mut Batch) {
        self.end_input(FrameFault::Envelope, out);
    }

    fn end_input(&mut self, unclosed: FrameFault, out: &mut Batch) {
        if self.state == State::Document && self.decide(false) {
            self.stream(out);
        }
        let cut = (unclosed == FrameFault::CutOff).then_some(unclosed);
        match self.state {
            State::Between => {}
            State::Junk { .. } => self.emit(self.at, self.junk_fault(), out),
            State::Bracket | State::Document => {
                self.cut = true;
                self.emit(self.at, cut, out);
            }
            State::Element if !(self.begins_container() && self.scan.is_whole(self.floor)) => {
                self.cut = true;
                self.emit(self.at, cut, out);
            }
            State::Element | State::Gap { .. } | State::Tail => {
                if self.state == State::Element {
                    self.emit(self.at, None, out);
                }
                self.cut = true;
                self.mark_fault(self.at, unclosed, out);
            }
        }
        self.at = self.end();
        self.state = State::Between;
        self.floor = 0;
        self.skipping = false;
        self.compact();
    }

    fn step(&mut self, out: &mut Batch) -> Flow {
        match self.state {
            State::Between => self.between(),
            State::Bracket => self.bracket(),
            State::Document => self.document(out),
            State::Gap { comma } => self.gap(comma, out),
            State::Element => self.element(out),
            State::Tail => self.tail(out),
            State::Junk { commas } => self.junk(commas, out),
        }
    }

    fn between(&mut self) -> Flow {
        self.floor = 0;
        self.envelope = None;
        let Some(byte) = self.skip_blanks(true) else {
            return Flow::More;
        };
        if byte == b'\n' {
            self.at += 1;
            self.scan.new_line(self.at);
            if self.detect && self.on_line > 0 {
                return Flow::Lines;
            }
            return Flow::Again;
        }
        self.begin_item();
        match byte {
            b'{' | b'[' => {
                self.scan.begin(byte);
                self.at += 1;
                self.list = None;
                self.scan.keys = byte == b'{' && self.policy != Policy::Closed;
                self.state = if byte == b'[' && self.policy != Policy::Closed {
                    State::Bracket
                } else {
                    State::Document
                };
            }
            _ => {
                self.state = State::Junk {
                    commas: byte == b',',
                }
            }
        }
        Flow::Again
    }

    fn bracket(&mut self) -> Flow {
        let next = self.skip_blanks(false);
        let opened = match next {
            // Blanks without end: do not collect them.
            _ if self.at - self.start > self.limit => true,
            Some(byte) => matches!(byte, b'{' | b']') || self.policy == Policy::Always,
            None => return Flow::More,
        };
        if opened {
            // An array says nothing about its elements, but that they are some.
            self.envelope = Some(Arc::default());
            self.floor = 1;
            self.scan.comma_at = 1;
            self.state = State::Gap { comma: false };
        } else {
            self.state = State::Document;
        }
        Flow::Again
    }

    fn document(&mut self, out: &mut Batch) -> Flow {
        let Some(event) = self.scan_item(0) else {
            if self.decide(false) {
                self.stream(out);
            } else {
                self.skip_item();
                self.scan.keys = false;
                self.list = None;
                self.scan.comma_at = 0;
                self.scan.close_at = 0;
            }
            return Flow::Again;
        };
        match event {
            Event::More => return Flow::More,
            Event::List => match &mut self.list {
                Some(list) => list.twice = true,
                None => {
                    self.list = Some(List::new(self.at));
                    self.scan.comma_at = 2;
                    self.scan.close_at = 1;
                }
            },
            Event::Comma => {
                if let Some(list) = &mut self.list {
                    list.commas.push((self.at - 1 - list.open) as u32);
                }
            }
            Event::Close => match &mut self.list {
                Some(list) if list.close.is_none() => {
                    list.close = Some(self.at - 1);
                    self.scan.comma_at = 0;
                    self.scan.close_at = 0;
                }
                _ => self.end_document(out),
            },
            Event::Broken | Event::Resync if self.decide(false) => {
                self.stream(out);
                match self.state {
                    State::Element => self.element_event(event, out),
                    _ => self.tail_event(event, out),
                }
            }
            Event::Broken => self.begin_junk_here(),
            Event::Resync => {
                self.clean = false;
                self.emit(self.scan.line_at, None, out);
                self.state = State::Between;
            }
        }
        Flow::Again
    }

    fn end_document(&mut self, out: &mut Batch) {
        if self.skipping || !self.decide(true) {
            let fault = (self.policy == Policy::Always).then_some(FrameFault::NoArray);
            self.emit(self.at, fault, out);
        } else {
            self.emit_elements(out);
        }
        self.document_done();
    }

    pub(super) fn document_done(&mut self) {
        self.on_line += 1;
        if self.scan.multi {
            self.detect = false;
        }
        self.state = State::Between;
    }

    /// Whether the document is a collection to be opened, by what is known of it.
    fn decide(&mut self, complete: bool) -> bool {
        let Some(list) = &self.list else {
            return false;
        };
        if list.twice {
            return false;
        }
        let first_end = match (list.commas.first(), list.close) {
            (Some(&comma), _) => list.open + u64::from(comma),
            (None, Some(close)) => close,
            (None, None) => self.at,
        };
        let head = self.text(self.start, list.open);
        let tail = list.close.map(|close| self.text(close, self.at));
        let reading = collection::read_envelope(head, tail.filter(|_| complete));
        let first = self.text(list.open, first_end).trim_ascii();
        let opened = self.policy == Policy::Always || collection::opens(&reading, first);
        if opened {
            self.envelope_whole = reading.whole;
            self.envelope = Some(Arc::new(reading.envelope));
            self.floor = 2;
        }
        opened
    }
}
