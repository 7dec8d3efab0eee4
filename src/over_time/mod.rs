//! What is told over time? Alerts once, versions and pages of a call, and windows.
//!
//! [`OverTime`] takes the reports of documents in the order of the input, on one thread. Of the
//! alerts of each it keeps those that are to be told, says of which call how much was seen, and
//! gives the transitions that the document brought. Rules may be replaced meanwhile: they are known
//! by their names.
//!
//! ```
//! use qualwatch::{Engine, Input, OverTime, over_time};
//!
//! let engine = Engine::builder().build()?;
//! let mut checker = engine.checker().contributing();
//! let mut stage = OverTime::new(engine.clone(), over_time::Options::default());
//! let record = br#"{"id": "c", "version": 1, "type": "groupCall", "modalities": ["audio"],
//!     "sessions": [{"id": "s", "callee": {"feedback": {"rating": "poor"}}}]}"#;
//! let mut alerts = Vec::new();
//! for _ in 0..2 {
//!     let mut report = checker.check(Input::new(record, "memory"));
//!     let told = stage.take(&mut report, engine.rules());
//!     assert!(told.transitions.is_empty());
//!     alerts.push(report.alerts.len());
//! }
//! assert_eq!(alerts, [1, 0], "the same record alerts once");
//! # Ok::<(), qualwatch::engine::BuildError>(())
//! ```
//!
//! No threads, no IO. The clock is handed in, and asked for nothing but what says `"clock": "wall"`.

mod counts;
mod known;
mod memory;
mod range;
mod silences;

use std::sync::Arc;

pub use counts::Counts;
pub use memory::Remembered;
pub use range::{NoTime, Range};

use crate::alert::{More, Transition};
use crate::clock::Clock;
use crate::engine::{Engine, Report};
use crate::rules::{RuleSet, WindowRule};
use crate::window::{Arrival, Change, Decision, Held, Limits, Said, Windows};
use known::Known;
use silences::Silences;

/// How much is remembered, how long is waited, and which records count.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// limits of what is kept, and how long is waited
    pub limits: Limits,
    /// records that count, by the end of their calls
    pub range: Range,
    /// whether each document is handed over to be remembered
    pub remembers: bool,
    /// whether the end tells what each window holds
    pub contents: bool,
}

/// A record that is still partial after the stated time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overdue {
    /// the call's id
    pub call: String,
    /// how many of its sessions were seen
    pub sessions: u32,
}

/// What is to be told beside a document's own alerts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    /// transitions
    pub transitions: Vec<Transition>,
    /// records that are partial for too long
    pub overdue: Vec<Overdue>,
    /// samples of this document that came too late to count; a document that has nothing else to say
    /// is told if it is the first, and [`Counts`] has them all
    pub late: u32,
}

impl Told {
    /// Whether nothing happened, but that samples may have been late.
    pub fn is_empty(&self) -> bool {
        self.transitions.is_empty() && self.overdue.is_empty()
    }
}

/// See the module's text.
pub struct OverTime {
    engine: Arc<Engine>,
    rules: RuleSet,
    clock: Arc<dyn Clock>,
    range: Range,
    windows: Windows,
    known: Known,
    silences: Silences,
    counts: Counts,
    remembers: bool,
    shows: bool,
    /// of the windows of the set in force, in its order
    fingerprints: Vec<Option<u64>>,
    remembered: Option<Remembered>,
    arrival: Option<Arrival>,
    /// when the document that was put in again last was read, in seconds since 1970
    recalled: u32,
}

impl OverTime {
    /// Nothing seen yet.
    pub fn new(engine: Arc<Engine>, options: Options) -> OverTime {
        let mut known = Known::default();
        let mut windows = Windows::new(Vec::new(), options.limits);
        let rules = engine.rules().clone();
        let clock = engine.clock();
        let mut silences = Silences::new(options.limits.keys as usize);
        known.adopt(&rules, &mut windows, &mut silences, second(&*clock));
        OverTime {
            fingerprints: fingerprints(&rules),
            clock,
            silences,
            rules,
            engine,
            range: options.range,
            windows,
            known,
            counts: Counts::default(),
            remembers: options.remembers,
            shows: options.contents,
            remembered: None,
            arrival: None,
            recalled: 0,
        }
    }

    /// Puts a document in again, as it was before the program ended; what it brings was told then.
    /// Whether it could be read.
    pub fn recall(&mut self, document: &Remembered) -> bool {
        let found = document.contribution(&self.rules, &self.fingerprints);
        let (Some(mut contribution), Ok(wall)) = (found, u32::try_from(document.wall)) else {
            return false;
        };
        if wall > self.recalled {
            self.windows.tick(wall);
            self.recalled = wall;
        }
        self.silences.hear_feed(wall);
        if self.range.holds(contribution.end) {
            self.known
                .renumber(&mut contribution, &mut self.silences, wall);
            self.windows.take(&contribution, wall);
        }
        true
    }

    /// Ends the putting in again: from here on documents are new, and are counted.
    pub fn resume(&mut self) {
        self.windows.count_anew();
        self.silences.resume(second(&*self.clock));
    }

    /// How far back samples reach into windows, with those that may still come late, in seconds.
    pub fn reach(&self) -> u32 {
        self.windows.reach()
    }

    /// What the document that was taken last was to its call; nothing where it is of none.
    pub fn take_arrival(&mut self) -> Option<Arrival> {
        self.arrival.take()
    }

    /// What is to be remembered of the document that was taken last, if that was asked for.
    pub fn take_remembered(&mut self) -> Option<Remembered> {
        self.remembered.take()
    }

    /// What was counted so far.
    pub fn counts(&self) -> Counts {
        Counts {
            windows: self.windows.counts(),
            silence_refused: self.silences.refused(),
            ..self.counts
        }
    }

    /// Takes the report of a document that `rules` judged; of its alerts those stay that are to be
    /// told now.
    pub fn take(&mut self, report: &mut Report, rules: &RuleSet) -> Told {
        let mut told = Told::default();
        if !rules.is(&self.rules) {
            let (windows, silences) = (&mut self.windows, &mut self.silences);
            let changes = self
                .known
                .adopt(rules, windows, silences, second(&*self.clock));
            self.rules = rules.clone();
            self.fingerprints = fingerprints(rules);
            told.transitions = self.transitions(changes);
        }
        let Some(mut contribution) = report.contribution.take() else {
            return told;
        };
        let wall = second(&*self.clock);
        // What was known changes nothing, and would be remembered once for each time that it comes.
        let remembered = (self.remembers && self.windows.arrival(&contribution).counts())
            .then(|| Remembered::of(&contribution, &self.fingerprints, wall));
        let mut heard = self.silences.hear_feed(wall);
        if !self.range.holds(contribution.end) {
            told.transitions.extend(self.heard(heard));
            self.counts.outside += 1;
            report.alerts.clear();
            report.contribution = Some(contribution);
            return told;
        }
        heard.extend(
            self.known
                .renumber(&mut contribution, &mut self.silences, wall),
        );
        told.transitions.extend(self.heard(heard));
        let said = self.windows.take(&contribution, wall);
        self.arrival = Some(said.arrival);
        self.remembered = remembered;
        self.decide(report, &said);
        self.counts.late_documents += u64::from(said.late > 0);
        told.late = said.late;
        self.tell(said, &mut told);
        // Its memory serves another document.
        report.contribution = Some(contribution);
        told
    }

    /// What wall time alone brings.
    pub fn tick(&mut self) -> Told {
        let mut told = Told::default();
        let wall = second(&*self.clock);
        let silent = self.silences.tick(wall);
        told.transitions = self.heard(silent);
        let said = self.windows.tick(wall);
        self.tell(said, &mut told);
        told
    }

    /// What is still to be said when no more comes.
    pub fn finish(&mut self) -> Told {
        let changes = self.windows.finish();
        Told {
            transitions: self.transitions(changes),
            ..Told::default()
        }
    }

    /// Whether the end tells what each window holds.
    pub(crate) fn shows(&self) -> bool {
        self.shows
    }

    /// What the windows hold now, rule by rule, and key by key.
    pub fn contents(&self) -> Vec<(WindowRule, Vec<Held>)> {
        let windows = self.known.windows();
        let held = |spec| self.windows.contents(spec);
        windows
            .map(|(rule, spec)| (rule.clone(), spec.map(held).unwrap_or_default()))
            .collect()
    }

    fn heard(&mut self, changes: Vec<(usize, Change)>) -> Vec<Transition> {
        if changes.is_empty() {
            return Vec::new();
        }
        let now = self.clock.now();
        let of = |(number, change)| {
            self.known
                .of_window(number, &change, now)
                .map(|it| (change, it))
        };
        let all: Vec<_> = changes.into_iter().filter_map(of).collect();
        self.finished(all)
    }

    /// Keeps the alerts that are to be told, with what came meanwhile.
    fn decide(&mut self, report: &mut Report, said: &Said) {
        let mut decisions = said.decisions.iter();
        let counts = &mut self.counts;
        let links = self.engine.links();
        report.alerts.retain_mut(|alert| {
            let (more, calls) = match decisions.next() {
                None => (0, &[][..]),
                Some(Decision::Tell { more, calls }) => (*more, calls.as_slice()),
                Some(Decision::Updated) => {
                    counts.updated += 1;
                    return false;
                }
                Some(Decision::Known) => {
                    counts.known += 1;
                    return false;
                }
                Some(Decision::Suppressed) => return false,
            };
            let redactor = self.engine.redactor();
            let call = |id: &String| redactor.map_or_else(|| id.clone(), |it| it.mark("call", id));
            alert.more = (more > 0).then(|| More {
                count: more,
                calls: calls.iter().map(call).collect(),
            });
            if alert.call.partial || said.partial {
                alert.call.partial = said.partial;
                alert.call.sessions_seen = said.partial.then_some(said.sessions);
                alert.tell(links);
            }
            true
        });
    }

    fn tell(&mut self, said: Said, told: &mut Told) {
        told.transitions.extend(self.transitions(said.changes));
        let redactor = self.engine.redactor();
        told.overdue
            .extend(said.overdue.into_iter().map(|(call, sessions)| Overdue {
                call: redactor.map_or_else(|| call.clone(), |it| it.mark("call", &call)),
                sessions,
            }));
    }

    fn transitions(&mut self, changes: Vec<Change>) -> Vec<Transition> {
        if changes.is_empty() {
            return Vec::new();
        }
        let now = self.clock.now();
        let of = |change| self.known.transition(&change, now).map(|it| (change, it));
        let all: Vec<_> = changes.into_iter().filter_map(of).collect();
        self.finished(all)
    }

    fn finished(&mut self, told: Vec<(Change, Transition)>) -> Vec<Transition> {
        let mut all = Vec::with_capacity(told.len());
        for (change, mut transition) in told {
            *self.counts.transitions.of(change.state) += 1;
            if let Some(redactor) = self.engine.redactor() {
                redactor.transition(&mut transition);
            }
            transition.tell();
            all.push(transition);
        }
        all
    }
}

/// Wall time in seconds since 1970.
fn second(clock: &dyn Clock) -> u32 {
    u32::try_from(clock.now().as_second()).unwrap_or(0)
}

/// The fingerprints of a set's windows, in its order.
fn fingerprints(rules: &RuleSet) -> Vec<Option<u64>> {
    rules
        .windows()
        .iter()
        .map(WindowRule::fingerprint)
        .collect()
}
