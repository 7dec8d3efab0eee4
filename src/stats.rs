//! Counts: each document once by verdict, each file once by its end, each rule by places.
//!
//! Counts are added up from parts and never estimated; that they add up is a
//! promise (`seen = valid + partial + invalid + foreign + malformed`), checked
//! by [`Summary::adds_up`]. Nothing here prints.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use smallvec::SmallVec;

use crate::engine::{Report, RuleCount, Verdict};
use crate::record::Kind;
use crate::rules::{Rule, RuleSet, Severity, WindowRule};

/// Documents by verdict and kind, and what they gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// documents that came in
    pub seen: u64,
    /// bytes of them
    pub bytes: u64,
    /// documents by verdict
    pub verdicts: Counts<Verdict>,
    /// documents by kind, the malformed ones left out
    pub kinds: Counts<Kind>,
    /// malformed documents by reason
    pub malformed: Counts<&'static str>,
    /// records without their sessions
    pub unexpanded: u64,
    /// violations of the schema
    pub problems: u64,
    /// invalid documents of which not all violations were kept
    pub capped: u64,
    /// notices
    pub notices: u64,
    /// sessions
    pub sessions: u64,
    /// sessions that came twice in one document and counted once
    pub repeated_sessions: u64,
    /// one for each rule, by places
    pub rules: Vec<RuleCount>,
    /// one for each window rule, by places; those that are samples count as fired
    pub windows: Vec<RuleCount>,
    /// alerts raised, by severity
    pub alerts: Counts<Severity>,
}

impl Summary {
    /// Counts one document of `bytes` bytes.
    pub fn document(&mut self, report: &Report, bytes: usize) {
        self.seen += 1;
        self.bytes += bytes as u64;
        self.verdicts.add(report.verdict, 1);
        match &report.fault {
            Some(fault) => self.malformed.add(fault.code, 1),
            None => self.kinds.add(report.kind, 1),
        }
        self.unexpanded += u64::from(report.unexpanded);
        self.problems += report.problems.len() as u64;
        self.capped += u64::from(report.more_problems);
        self.notices += report.notice_count;
        self.sessions += report.sessions;
        self.repeated_sessions += report.repeated_sessions;
        add_up(&mut self.rules, &report.rules);
        add_up(&mut self.windows, &report.windows);
        for alert in &report.alerts {
            self.alerts.add(alert.severity, 1);
        }
    }

    /// Adds another summary to this one.
    pub fn add(&mut self, other: &Summary) {
        self.seen += other.seen;
        self.bytes += other.bytes;
        self.verdicts.add_all(&other.verdicts);
        self.kinds.add_all(&other.kinds);
        self.malformed.add_all(&other.malformed);
        self.alerts.add_all(&other.alerts);
        self.unexpanded += other.unexpanded;
        self.problems += other.problems;
        self.capped += other.capped;
        self.notices += other.notices;
        self.sessions += other.sessions;
        self.repeated_sessions += other.repeated_sessions;
        add_up(&mut self.rules, &other.rules);
        add_up(&mut self.windows, &other.windows);
    }

    /// Documents with that verdict.
    pub fn of(&self, verdict: Verdict) -> u64 {
        self.verdicts.of(verdict)
    }

    /// Alerts raised.
    pub fn alert_count(&self) -> u64 {
        self.alerts.sum()
    }

    /// Whether every document that was seen has exactly one verdict.
    pub fn adds_up(&self) -> bool {
        self.seen == self.verdicts.sum()
            && self.seen == self.kinds.sum() + self.malformed.sum()
            && self.of(Verdict::Malformed) == self.malformed.sum()
    }
}

/// How many there are of each of a few things, in their order; what there is none of is not among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts<K>(SmallVec<[(K, u64); 1]>);

impl<K> Default for Counts<K> {
    fn default() -> Counts<K> {
        Counts(SmallVec::new())
    }
}

impl<K: Copy + Ord> Counts<K> {
    /// Counts so many more of one thing.
    pub fn add(&mut self, what: K, number: u64) {
        match self.0.binary_search_by_key(&what, |(known, _)| *known) {
            Ok(at) => self.0[at].1 += number,
            Err(at) => self.0.insert(at, (what, number)),
        }
    }

    /// Counts all that another counted.
    pub fn add_all(&mut self, other: &Counts<K>) {
        for (what, number) in other.iter() {
            self.add(what, number);
        }
    }

    /// How many there are of one thing.
    pub fn of(&self, what: K) -> u64 {
        let at = self.0.binary_search_by_key(&what, |(known, _)| *known);
        at.map_or(0, |at| self.0[at].1)
    }

    /// What there is, and how many of it.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (K, u64)> {
        self.0.iter().copied()
    }

    /// How many there are in all.
    pub fn sum(&self) -> u64 {
        self.0.iter().map(|(_, number)| number).sum()
    }
}

/// What became of places, by rule name: counts outlive the set that they were counted with.
#[derive(Clone, Debug, Default)]
pub struct ByRule {
    /// in the order in which they were met: mostly that of the set in force
    counts: Vec<(Arc<str>, RuleCount)>,
    /// where they stand
    places: BTreeMap<Arc<str>, usize>,
}

impl ByRule {
    /// Adds counts in the order of the set's rules.
    pub fn add(&mut self, rules: &RuleSet, counts: &[RuleCount]) {
        self.add_named(rules.rules().iter().map(Rule::name), counts);
    }

    /// Adds counts in the order of the set's window rules.
    pub fn add_windows(&mut self, rules: &RuleSet, counts: &[RuleCount]) {
        self.add_named(rules.windows().iter().map(WindowRule::name), counts);
    }

    fn add_named<'n>(&mut self, names: impl Iterator<Item = &'n Arc<str>>, counts: &[RuleCount]) {
        for (at, (name, count)) in names.zip(counts).enumerate() {
            let at = match self.counts.get(at) {
                Some((own, _)) if own == name => at,
                _ => *self.places.entry(Arc::clone(name)).or_insert_with(|| {
                    self.counts.push((Arc::clone(name), RuleCount::default()));
                    self.counts.len() - 1
                }),
            };
            self.counts[at].1.add(*count);
        }
    }

    /// The rules of `rules` in their order, then those that are no longer among them; `true` for
    /// the former.
    pub fn rows<'a>(
        &'a self,
        rules: &'a RuleSet,
    ) -> impl Iterator<Item = (&'a Arc<str>, RuleCount, bool)> {
        self.rows_of(rules.rules().iter().map(Rule::name).collect())
    }

    /// The same of the window rules.
    pub fn window_rows<'a>(
        &'a self,
        rules: &'a RuleSet,
    ) -> impl Iterator<Item = (&'a Arc<str>, RuleCount, bool)> {
        self.rows_of(rules.windows().iter().map(WindowRule::name).collect())
    }

    fn rows_of<'a>(
        &'a self,
        here: Vec<&'a Arc<str>>,
    ) -> impl Iterator<Item = (&'a Arc<str>, RuleCount, bool)> {
        let names: BTreeSet<&Arc<str>> = here.iter().copied().collect();
        let here = here.into_iter().map(|name| {
            let at = self.places.get(name);
            let count = at.map(|at| self.counts[*at].1).unwrap_or_default();
            (name, count, true)
        });
        let gone = self.places.iter();
        let gone = gone.filter(move |(name, _)| !names.contains(name));
        here.chain(gone.map(|(name, at)| (name, self.counts[*at].1, false)))
    }

    /// Whether some rule broke on some place.
    pub fn is_broken(&self) -> bool {
        self.counts.iter().any(|(_, count)| count.failed > 0)
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}

fn add_up(sums: &mut Vec<RuleCount>, counts: &[RuleCount]) {
    if sums.len() < counts.len() {
        sums.resize(counts.len(), RuleCount::default());
    }
    for (sum, count) in sums.iter_mut().zip(counts) {
        sum.add(*count);
    }
}
