//! What happened, in the order of the input.
//!
//! Events come many at a time, as they were worked off, and are given one after another.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::vec;

use crossbeam_channel::Receiver;

use super::IntakeEnd;
use crate::engine::Report;
use crate::over_time::{self, Remembered};
use crate::record::Origin;
use crate::rules::{RuleSet, WindowRule};
use crate::source::{Note, PassedOver, SourceEnd, SourceName};
use crate::stats::Summary;
use crate::window::Held;

/// One thing that happened, in the order of the input.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// A run of documents of one source was judged.
    Judged {
        /// the source
        source: Arc<SourceName>,
        /// the rules they were judged by, in the order of `counts.rules`
        rules: RuleSet,
        /// counts over all of them
        counts: Summary,
        /// those that have something to say
        documents: Vec<Judged>,
        /// what is to be remembered of them, if that was asked for
        remembered: Vec<Remembered>,
        /// how many of them were known
        arrivals: Arrivals,
    },
    /// A source ended.
    End {
        /// the source
        source: Arc<SourceName>,
        /// how
        outcome: SourceEnd,
    },
    /// An entry of a folder was passed over.
    PassedOver {
        /// its path
        path: PathBuf,
        /// why
        reason: PassedOver,
    },
    /// What wall time brought over time, with no document.
    OverTime(over_time::Told),
    /// All is read: what was still to be said, and what was counted over time.
    OverTimeEnd {
        /// the last transitions
        told: over_time::Told,
        /// everything that was counted
        counts: Box<over_time::Counts>,
        /// what each window holds, if that was asked for
        contents: Vec<(WindowRule, Vec<Held>)>,
    },
    /// Something about a folder that is worth knowing.
    Noted(Note),
    /// An intake is over: its files are read, or its folder's watch ended.
    IntakeOver(IntakeEnd),
}

/// Documents that brought nothing new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrivals {
    /// the same record or page again
    pub repeated: u64,
    /// a lower version than one that came before
    pub superseded: u64,
}

/// One document that has something to say.
#[derive(Debug)]
pub struct Judged {
    /// where it begins
    pub origin: Origin,
    /// what became of it
    pub report: Report,
    /// its bytes, if it was refused and they were asked for
    pub text: Option<Vec<u8>>,
    /// what it changed over time
    pub told: over_time::Told,
}

/// What happens, in the order of the input; it ends when all is done.
///
/// `for event in &events` waits for each. Whoever waits for other things as well selects on
/// [`Events::several`], and then does nothing else.
#[derive(Debug)]
pub struct Events {
    several: Receiver<Vec<Event>>,
    /// those of the last ones that were not given yet
    begun: Mutex<vec::IntoIter<Event>>,
}

impl Events {
    pub(super) fn new(several: Receiver<Vec<Event>>) -> Events {
        Events {
            several,
            begun: Mutex::new(Vec::new().into_iter()),
        }
    }

    /// The next event; nothing once all is done.
    pub fn next(&self) -> Option<Event> {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(event) = begun.next() {
                return Some(event);
            }
            *begun = self.several.recv().ok()?.into_iter();
        }
    }

    /// Events as they come, several at a time.
    pub fn several(&self) -> &Receiver<Vec<Event>> {
        &self.several
    }
}

impl<'a> IntoIterator for &'a Events {
    type Item = Event;
    type IntoIter = EachEvent<'a>;

    fn into_iter(self) -> EachEvent<'a> {
        EachEvent(self)
    }
}

/// Waits for each event.
#[derive(Debug)]
pub struct EachEvent<'a>(&'a Events);

impl Iterator for EachEvent<'_> {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        self.0.next()
    }
}
