//! When to read a document without a tape, and what to keep of it then: by what came of those before.
//!
//! A wrong guess costs time and nothing else; what is said of a document is the same.

use crate::schema::direct::Purpose;

/// Which documents a [`Checker`](super::Checker) tries to read without a tape. What it says is the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Directly {
    /// those after others where it went well
    #[default]
    Likely,
    /// every one
    Always,
    /// none
    Never,
}

/// When to try without a tape: not where it led to nothing many times in a row.
#[derive(Debug, Default)]
pub(super) struct Tries {
    which: Directly,
    /// documents that are not to be tried
    skip: u32,
    /// tries in a row that led to nothing
    vain: u32,
    /// the next document was tried already
    pub(super) again: bool,
    taken: u64,
    /// what second readings take
    pub(super) twice: Twice,
    /// how many of the last documents alerted, in a way: each counts for as many as may lie between two,
    /// and less from one document to the next
    alerting: u32,
}

/// What it takes to read a document a second time, where it alerts, and what to keep of each at once.
#[derive(Debug, Default)]
pub(super) struct Twice {
    readings: u32,
    /// bytes of documents that were read twice as a whole
    bytes: usize,
    /// nodes that were kept of them the second time, more than the first
    more: usize,
    /// bytes of those of which a part was read again
    bytes_of_parts: usize,
    /// of these, those that were passed over
    passed: usize,
}

impl Twice {
    /// Bytes that are walked over in the time that one more node takes which is kept.
    const BYTES: usize = 8;
    /// Further apart nobody looks.
    const APART: usize = 64;
    /// So many readings of parts, and one of the whole tells again what that takes.
    const PARTS: u32 = 64;

    pub(super) fn is_unsure(&self) -> bool {
        self.readings.is_multiple_of(Self::PARTS)
    }

    pub(super) fn was_all(&mut self, bytes: usize, more: usize) {
        self.readings = self.readings.wrapping_add(1);
        self.bytes += bytes;
        self.more += more;
    }

    pub(super) fn was_part(&mut self, bytes: usize, passed: usize) {
        self.readings = self.readings.wrapping_add(1);
        self.bytes_of_parts += bytes;
        self.passed += passed;
    }

    /// An alert so many documents apart from the next costs as much by a second reading as by what is
    /// kept of each for it.
    fn apart(&self) -> u32 {
        let read = self.bytes_of_parts - self.passed.min(self.bytes_of_parts);
        let share = read.max(1) as f64 / self.bytes_of_parts.max(1) as f64;
        let more = (Self::BYTES * self.more).max(1) as f64;
        let apart = share * self.bytes as f64 / more;
        apart.clamp(1.0, Self::APART as f64) as u32
    }
}

impl Tries {
    /// In vain so often, and tries become rare.
    const PATIENCE: u32 = 4;
    /// So rare, in powers of two.
    const RAREST: u32 = 6;
    /// So many alerts apart from each other say how often they come.
    const MANY: u32 = 4;

    pub(super) fn of(which: Directly) -> Tries {
        Tries {
            which,
            ..Tries::default()
        }
    }

    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// Whether the next one is to be tried, before anything is known of it.
    pub(super) fn are_likely(&self) -> bool {
        self.which != Directly::Never && self.skip == 0
    }

    pub(super) fn next(&mut self) -> bool {
        if std::mem::take(&mut self.again) && self.which == Directly::Likely {
            return false;
        }
        let skipped = self.skip > 0;
        self.skip = self.skip.saturating_sub(1);
        match self.which {
            Directly::Likely => !skipped,
            Directly::Always => true,
            Directly::Never => false,
        }
    }

    /// Where many documents alert, each is read for that at once, and none twice.
    pub(super) fn purpose(&self) -> Purpose {
        match self.alerting > Self::MANY * self.twice.apart() {
            true => Purpose::Tell,
            false => Purpose::Ask,
        }
    }

    pub(super) fn heard(&mut self, fired: bool) {
        let apart = self.twice.apart();
        self.alerting = match fired {
            true => (self.alerting + apart).min(2 * Self::MANY * apart),
            false => self.alerting.saturating_sub(1),
        };
    }

    pub(super) fn was_in_vain(&mut self) {
        self.vain = (self.vain + 1).min(Self::PATIENCE + Self::RAREST);
        self.skip = (1 << self.vain.saturating_sub(Self::PATIENCE)) - 1;
    }

    pub(super) fn was_right(&mut self) {
        self.vain = 0;
        self.taken += 1;
    }
}
