//! Which file of a folder is to be read, and when to look again: decisions without a disk.
//!
//! Fed with looks (what a name is, at what time, and how we came to look) and with the outcome
//! of each reading. Every regular file with the name of a record is counted, and at every moment
//! `seen = read + pending + failed + gone`.
//!
//! No IO and no clock: time is a parameter.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::ffi::OsStr;
use std::sync::Arc;
use std::time::Duration;

use super::PassedOver;
use super::counts::FolderCounts;
use super::look::{Identity, Look, passed_over};

/// How we came to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hint {
    /// The folder was listed when watching began.
    FirstScan,
    /// The folder was listed.
    Scan,
    /// An event: renamed into the folder, or closed after writing.
    Complete,
    /// Another event.
    Touched,
    /// It was time to look again.
    Again,
}

/// How a reading ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Delivered to its end.
    Read,
    /// It changed under our hands; nothing was delivered.
    Changed,
    /// Its last document has no end; nothing was delivered.
    Unfinished,
    /// It must not be read.
    Denied,
    /// Delivered up to an error.
    Failed,
    /// It is not there any more.
    Gone,
}

/// What to read next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) name: Arc<OsStr>,
    pub(crate) identity: Identity,
    /// Deliver it also when its last document has no end.
    pub(crate) as_it_is: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Being written, for all we know; the time of the next look.
    Waiting(Duration),
    /// In the queue, with this number.
    Ready(u64),
    Read,
    Failed,
    /// Never read, whatever it holds.
    Passed(PassedOver),
}

#[derive(Debug)]
struct Entry {
    name: Arc<OsStr>,
    state: State,
    look: Look,
    /// When its present identity was first met, and how long it had been written then.
    met: Duration,
    age: Duration,
    /// Its last document had no end, in this identity.
    unfinished: bool,
    told: Option<PassedOver>,
    scan: u64,
}

/// The files of one folder.
#[derive(Debug)]
pub(crate) struct Inbox {
    settle: Duration,
    patience: Duration,
    entries: HashMap<Arc<OsStr>, Entry>,
    /// With numbers that have gone stale when the file changed meanwhile.
    ready: VecDeque<(u64, Arc<OsStr>)>,
    ticket: u64,
    looks: BTreeSet<(Duration, Arc<OsStr>)>,
    scan: u64,
    pub(crate) counts: FolderCounts,
}

impl Inbox {
    pub(crate) fn new(settle: Duration, patience: Duration) -> Inbox {
        Inbox {
            settle,
            patience,
            entries: HashMap::new(),
            ready: VecDeque::new(),
            ticket: 0,
            looks: BTreeSet::new(),
            scan: 0,
            counts: FolderCounts::default(),
        }
    }

    /// Takes a look. Answers what to tell the user, once for each name.
    pub(crate) fn look(
        &mut self,
        name: &OsStr,
        look: Option<Look>,
        hint: Hint,
        now: Duration,
    ) -> Option<PassedOver> {
        let Some(look) = look else {
            self.forget(name);
            return None;
        };
        if let Some(reason) = passed_over(name, look.kind) {
            return self.pass(name, look, reason);
        }
        let scan = self.scan;
        let passed = match self.entries.get_mut(name) {
            Some(entry) => {
                entry.scan = scan;
                Some(matches!(entry.state, State::Passed(_)))
            }
            None => None,
        };
        if passed == Some(true) {
            self.forget(name);
        }
        if passed != Some(false) {
            self.arrive(hint);
            self.insert(name, look, now);
        }
        let entry = self.entries.get_mut(name)?;
        let changed = entry.look.identity != look.identity;
        let allowed = entry.told == Some(PassedOver::Unreadable)
            && (entry.look.mode != look.mode || hint == Hint::Touched);
        entry.look = look;
        if changed {
            entry.met = now;
            entry.age = look.age;
            entry.unfinished = false;
            entry.told = None;
        }
        match entry.state {
            State::Read | State::Failed if !changed && !allowed => return None,
            // Another file under the same name.
            State::Read => self.arrive(hint),
            State::Failed => {
                self.counts.failed -= 1;
                self.counts.pending += 1;
            }
            State::Ready(_) if !changed => return None,
            State::Ready(_) | State::Waiting(_) | State::Passed(_) => {}
        }
        self.settle(name, hint, now)
    }

    /// Decides whether a pending file is ready, or when to look at it again.
    fn settle(&mut self, name: &OsStr, hint: Hint, now: Duration) -> Option<PassedOver> {
        let entry = self.entries.get_mut(name)?;
        let quiet = now.saturating_sub(entry.met) + entry.age;
        let mut tell = None;
        let wait = if entry.look.identity.size == 0 {
            if quiet >= self.patience {
                if entry.told != Some(PassedOver::Empty) {
                    tell = Some(PassedOver::Empty);
                }
                None
            } else {
                Some(self.patience - quiet)
            }
        } else if entry.unfinished {
            (quiet < self.patience).then(|| self.patience - quiet)
        } else if hint == Hint::Complete {
            None
        } else {
            (quiet < self.settle).then(|| self.settle - quiet)
        };
        let empty = entry.look.identity.size == 0;
        if let State::Waiting(at) = entry.state
            && !self.looks.is_empty()
        {
            self.looks.remove(&(at, Arc::clone(&entry.name)));
        }
        entry.state = match wait {
            Some(wait) => {
                self.looks.insert((now + wait, Arc::clone(&entry.name)));
                State::Waiting(now + wait)
            }
            None if empty => {
                self.counts.pending -= 1;
                self.counts.failed += 1;
                State::Failed
            }
            None => {
                self.ticket += 1;
                self.ready.push_back((self.ticket, Arc::clone(&entry.name)));
                State::Ready(self.ticket)
            }
        };
        if let Some(reason) = tell {
            entry.told = Some(reason);
            *self.counts.passed_over.entry(reason).or_default() += 1;
        }
        tell
    }

    /// The next file to read; it stays pending until [`Inbox::finish`].
    pub(crate) fn next(&mut self) -> Option<Job> {
        while let Some((ticket, name)) = self.ready.pop_front() {
            if let Some(entry) = self.entries.get(&name)
                && entry.state == State::Ready(ticket)
            {
                return Some(Job {
                    identity: entry.look.identity,
                    as_it_is: entry.unfinished,
                    name,
                });
            }
        }
        None
    }

    /// Takes the outcome of a job, with a new look at the file when there is one.
    pub(crate) fn finish(
        &mut self,
        name: &OsStr,
        outcome: Outcome,
        look: Option<Look>,
        now: Duration,
    ) -> Option<PassedOver> {
        let entry = self.entries.get_mut(name)?;
        match outcome {
            Outcome::Read | Outcome::Failed | Outcome::Denied => {
                self.counts.pending -= 1;
                if outcome == Outcome::Read {
                    entry.state = State::Read;
                    self.counts.read += 1;
                    return None;
                }
                entry.state = State::Failed;
                self.counts.failed += 1;
                if outcome == Outcome::Failed || entry.told == Some(PassedOver::Unreadable) {
                    return None;
                }
                entry.told = Some(PassedOver::Unreadable);
                *self
                    .counts
                    .passed_over
                    .entry(PassedOver::Unreadable)
                    .or_default() += 1;
                Some(PassedOver::Unreadable)
            }
            Outcome::Changed => {
                self.counts.requeued += 1;
                entry.state = State::Waiting(now);
                entry.met = now;
                entry.age = Duration::ZERO;
                self.look(name, look, Hint::Again, now)
            }
            Outcome::Unfinished => {
                entry.state = State::Waiting(now);
                entry.unfinished = true;
                self.settle(name, Hint::Again, now)
            }
            Outcome::Gone => {
                self.forget(name);
                None
            }
        }
    }

    /// Names whose time has come to be looked at.
    pub(crate) fn due(&mut self, now: Duration) -> Option<Arc<OsStr>> {
        let first = self.looks.first()?;
        if first.0 > now {
            return None;
        }
        self.looks.pop_first().map(|(_, name)| name)
    }

    /// When the next look is due.
    pub(crate) fn next_look(&self) -> Option<Duration> {
        self.looks.first().map(|(at, _)| *at)
    }

    /// Begins a listing: what is not looked at until [`Inbox::end_scan`] is gone.
    pub(crate) fn begin_scan(&mut self) {
        self.scan += 1;
    }

    pub(crate) fn end_scan(&mut self) {
        let scan = self.scan;
        let stale = self.entries.iter().filter(|(_, entry)| entry.scan != scan);
        let stale: Vec<Arc<OsStr>> = stale.map(|(name, _)| Arc::clone(name)).collect();
        for name in stale {
            self.forget(&name);
        }
    }

    fn arrive(&mut self, hint: Hint) {
        self.counts.seen += 1;
        self.counts.pending += 1;
        match hint {
            Hint::Complete | Hint::Touched => self.counts.hinted += 1,
            Hint::FirstScan | Hint::Again => self.counts.scanned += 1,
            Hint::Scan => {
                self.counts.scanned += 1;
                self.counts.recovered += 1;
            }
        }
    }

    fn insert(&mut self, name: &OsStr, look: Look, now: Duration) {
        let name: Arc<OsStr> = name.into();
        let entry = Entry {
            name: Arc::clone(&name),
            state: State::Waiting(now),
            look,
            met: now,
            age: look.age,
            unfinished: false,
            told: None,
            scan: self.scan,
        };
        self.entries.insert(name, entry);
    }

    fn pass(&mut self, name: &OsStr, look: Look, reason: PassedOver) -> Option<PassedOver> {
        if let Some(entry) = self.entries.get_mut(name)
            && entry.state == State::Passed(reason)
        {
            entry.scan = self.scan;
            return None;
        }
        self.forget(name);
        self.insert(name, look, Duration::ZERO);
        if let Some(entry) = self.entries.get_mut(name) {
            entry.state = State::Passed(reason);
        }
        *self.counts.passed_over.entry(reason).or_default() += 1;
        Some(reason)
    }

    fn forget(&mut self, name: &OsStr) {
        self.unqueue(name);
        match self.entries.remove(name).map(|entry| entry.state) {
            Some(State::Waiting(_) | State::Ready(_)) => {
                self.counts.pending -= 1;
                self.counts.gone += 1;
            }
            Some(State::Failed) => {
                self.counts.failed -= 1;
                self.counts.gone += 1;
            }
            Some(State::Read | State::Passed(_)) | None => {}
        }
    }

    /// Cancels the next look at a file.
    fn unqueue(&mut self, name: &OsStr) {
        if !self.looks.is_empty()
            && let Some(State::Waiting(at)) = self.entries.get(name).map(|entry| entry.state)
        {
            self.looks.remove(&(at, name.into()));
        }
    }
}
