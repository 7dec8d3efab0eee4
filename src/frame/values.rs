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
use super::scan::{Event, Scan, is_blank};

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
    limit: u64,
    /// Hand over once a line has held whole documents only.
    detect: bool,
    buf: Vec<u8>,
    base: u64,
    pub(super) at: u64,
    mark: Place,
    pub(super) state: State,
    pub(super) scan: Scan,
    /// The item: where it begins, and whether only its head is kept.
    pub(super) start: u64,
    place: Place,
    pub(super) indent: u64,
    skipping: bool,
    head: Vec<u8>,
    pub(super) list: Option<List>,
    pub(super) envelope: Option<Arc<Envelope>>,
    /// Depth of the opened array's elements; 0 when none is opened.
    pub(super) floor: usize,
    on_line: usize,
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

    fn junk(&mut self, commas: bool, out: &mut Batch) -> Flow {
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

    fn end_junk(&mut self, end: u64, next: State, out: &mut Batch) -> Flow {
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

    fn junk_fault(&self) -> Option<FrameFault> {
        (self.policy == Policy::Always && self.floor == 0).then_some(FrameFault::NoArray)
    }

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

    fn bound(&self, beyond: u64) -> u64 {
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

    fn begins_container(&self) -> bool {
        let first = if self.skipping {
            self.head.first()
        } else {
            self.buf.get((self.start - self.base) as usize)
        };
        matches!(first, Some(b'{' | b'['))
    }

    /// Throws away what no frame needs any more.
    fn compact(&mut self) {
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
