//! The whole input is one document.
//!
//! Collects up to the limit and reads the rest without keeping it. Looks inside only at the end,
//! to tell a text that was cut off from one that is broken.

use super::batch::Batch;
use super::fault::FrameFault;
use super::place::Place;
use super::scan::is_blank;
use super::values::{Policy, SHOWN, Values};

#[derive(Debug)]
pub(crate) struct Document {
    limit: usize,
    /// From the first byte that is not blank.
    text: Vec<u8>,
    /// Of the text's first byte.
    place: Place,
    too_large: bool,
}

impl Document {
    pub(crate) fn new(limit: usize, place: Place) -> Document {
        Document {
            limit,
            text: Vec::new(),
            place,
            too_large: false,
        }
    }

    pub(crate) fn push(&mut self, mut bytes: &[u8]) {
        if self.too_large {
            return;
        }
        if self.text.is_empty() {
            let blanks = bytes.iter().take_while(|&&byte| is_blank(byte)).count();
            self.place = self.place.after(&bytes[..blanks]);
            bytes = &bytes[blanks..];
        }
        let kept = bytes.len().min(self.limit - self.text.len());
        self.text.extend_from_slice(&bytes[..kept]);
        if !bytes[kept..].trim_ascii().is_empty() {
            self.too_large = true;
            self.text.truncate(SHOWN);
        }
    }

    pub(crate) fn finish(&mut self, out: &mut Batch) {
        if self.too_large {
            let limit = self.limit;
            let fault = Some(FrameFault::TooLarge { limit });
            out.push(&self.text, self.place, None, fault);
            return;
        }
        let text = self.text.trim_ascii_end();
        if text.is_empty() {
            // The whole input was said to be a document, and it is none.
            out.push(b"", self.place, None, Some(FrameFault::Empty));
            return;
        }
        let mut values = Values::new(Policy::Closed, text.len(), false);
        values.only_whole(text, &mut Batch::new());
        let fault = values.was_cut().then_some(FrameFault::CutOff);
        out.push_whole(text, self.place, fault);
    }
}
