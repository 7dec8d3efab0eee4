//! What is so over time? Windows, their states, versions of a record, and its pages.
//!
//! [`Windows`] takes one [`Contribution`] after another and answers with what changed. Where a key
//! stands is a function of the samples that it holds and of the event clock: whatever order
//! records, versions and pages come in, it ends the same. Samples later than the allowed lateness
//! are counted, and change nothing.
//!
//! No threads, no IO, no wall clock of its own: wall time is handed in, and changes that depend
//! on it say so. Memory is bounded: at a limit the oldest idle row goes, and is counted. Nothing is
//! written: after a restart the same contributions bring back the same.

mod call;
mod clock;
mod contribution;
mod event;
mod fold;
mod key;
mod report;
mod silence;
mod spec;
mod table;

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};
use std::hash::Hasher as _;

use rustc_hash::FxHasher;

pub use contribution::{Contribution, Keys, Sample};
pub use event::{Decision, Raised};
pub use fold::Content;
pub use report::{Arrival, By, Change, ChangeState, Counts, Held, Limits, Said};
pub use silence::{Silence, SilenceSpec};
pub use spec::{Lengths, Measure, Minimum, Spec};

use call::{Call, Item};
use clock::EventClock;
use event::Events;
use fold::{Machine, News, SCALE};
use key::{Cool, KeyState};
use table::{NONE, Table};

/// Something the clock is to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Key { row: u32, turn: u32 },
    Partial { row: u32, turn: u32 },
    Cool { row: u32, turn: u32 },
}

/// See the module's text.
#[derive(Debug)]
pub struct Windows {
    specs: Vec<Spec>,
    limits: Limits,
    clock: EventClock,
    keys: Table<KeyState>,
    calls: Table<Call>,
    events: Events,
    timers: BinaryHeap<Reverse<(u32, Timer)>>,
    /// Partial calls by the wall time at which they are overdue, with the turns of their rows.
    partials: VecDeque<(u32, u32, u32)>,
    firing: BTreeSet<u32>,
    counts: Counts,
    /// Rows of the keys of the document at hand, as far as known.
    rows: Vec<u32>,
    /// Keys that the document at hand touched, and from which step on.
    touched: Vec<(u32, u32)>,
}

/// A hash that is the same on every machine and in every run.
pub(crate) fn hash(parts: &[&[u8]]) -> u64 {
    let mut hasher = FxHasher::default();
    for part in parts {
        hasher.write_usize(part.len());
        hasher.write(part);
    }
    hasher.finish()
}

impl Windows {
    /// Nothing seen yet.
    pub fn new(specs: Vec<Spec>, limits: Limits) -> Windows {
        Windows {
            specs,
            limits,
            clock: EventClock::default(),
            keys: Table::default(),
            calls: Table::default(),
            events: Events::default(),
            timers: BinaryHeap::new(),
            partials: VecDeque::new(),
            firing: BTreeSet::new(),
            counts: Counts::default(),
            rows: Vec::new(),
            touched: Vec::new(),
        }
    }

    /// What was counted so far.
    pub fn counts(&self) -> Counts {
        let mut counts = self.counts;
        counts.keys = self.keys.len() as u64;
        counts.calls = self.calls.len() as u64;
        counts.partial = self
            .calls
            .rows()
            .filter(|(_, call)| call.is_partial())
            .count() as u64;
        counts
    }

    /// Counts from here on.
    pub fn count_anew(&mut self) {
        self.counts = Counts::default();
    }

    /// The event clock, in seconds since 1970.
    pub fn now(&self) -> Option<u32> {
        self.clock.now(self.limits.ahead)
    }

    /// How far back samples reach into windows, with those that may still come late, in seconds.
    pub fn reach(&self) -> u32 {
        let reach = self.specs.iter().map(Spec::reach).max().unwrap_or(0);
        reach.saturating_add(self.limits.lateness)
    }

    /// What a document would be to its call, were it taken now.
    pub fn arrival(&self, contribution: &Contribution) -> Arrival {
        let name = hash(&[contribution.call.as_bytes()]);
        let row = self.calls.find(name, |call| call.is(&contribution.call));
        let call = row.and_then(|row| self.calls.get(row));
        call.map_or_else(
            || Call::default().arrive(contribution),
            |call| call.arrive(contribution),
        )
    }

    /// Takes what one document contributes; `wall` is when it came, in seconds since 1970.
    pub fn take(&mut self, contribution: &Contribution, wall: u32) -> Said {
        self.rows.clear();
        self.rows.resize(contribution.keys.len(), NONE);
        let name = hash(&[contribution.call.as_bytes()]);
        if let Some(end) = contribution.end {
            self.clock.note(end, name);
        }
        let now = self.now().unwrap_or(0);
        let horizon = now.saturating_sub(self.limits.lateness);
        let mut said = Said::default();

        let row = self.call(name, &contribution.call);
        let Some(mut call) = self.calls.get_mut(row).map(std::mem::take) else {
            return said;
        };
        said.arrival = call.arrive(contribution);
        self.count_arrival(said.arrival);
        if said.arrival.counts() {
            said.repeated = call.known(contribution);
            let (before, waited) = (call.applied().to_vec(), call.waiting());
            let late = call.keep(contribution, |sample| {
                if sample.at < horizon {
                    return None;
                }
                self.item(&contribution.keys, sample, wall)
            });
            said.late = late;
            self.counts.late += u64::from(late);
            call.apply();
            self.replace(row, &before, call.applied());
            self.wait(&waited, &call.waiting());
            self.counts.ahead += u64::from(
                contribution
                    .end
                    .is_some_and(|end| end > now.saturating_add(self.limits.ahead)),
            );
            if call.is_partial() && !call.timed {
                let due = contribution
                    .end
                    .unwrap_or(now)
                    .saturating_add(self.limits.partial);
                call.timed = true;
                let turn = self.calls.turn(row);
                self.timers
                    .push(Reverse((due, Timer::Partial { row, turn })));
                let gone = |(_, row, turn): &(u32, u32, u32)| self.calls.turn(*row) != *turn;
                while self.partials.front().is_some_and(gone) {
                    self.partials.pop_front();
                }
                self.partials
                    .push_back((wall.saturating_add(self.limits.partial), row, turn));
            }
        }
        (said.sessions, said.partial) = (call.sessions(), call.is_partial());
        let cools = self.events.decide(&mut call, contribution, now, &mut said);
        for (due, row, turn) in cools {
            self.timers.push(Reverse((due, Timer::Cool { row, turn })));
        }
        if let Some(kept) = self.calls.get_mut(row) {
            *kept = call;
        }

        let mut touched = std::mem::take(&mut self.touched);
        touched.sort_unstable();
        touched.dedup_by_key(|(row, _)| *row);
        for (row, from) in touched.drain(..) {
            self.refold(row, from, now, &mut said.changes);
        }
        self.touched = touched;
        self.run_timers(now, &mut said);
        self.hold_limits(&mut said.changes);
        said.changes.sort_by(|a, b| a.order().cmp(&b.order()));
        self.counts.suppressed += u64::from(said.suppressed);
        said
    }

    /// What wall time alone brings: keys that nothing was heard of, and records that are partial
    /// for too long.
    pub fn tick(&mut self, wall: u32) -> Said {
        let mut said = Said::default();
        let changes = &mut said.changes;
        for row in self.firing.clone() {
            let Some(key) = self.keys.get_mut(row) else {
                continue;
            };
            let spec = &self.specs[usize::from(key.rule)];
            let idle = spec.lengths.idle;
            if idle == 0 || wall < key.touched.saturating_add(idle) {
                continue;
            }
            match key.history_mut() {
                Some(history) if !history.idle && !history.muted => history.idle = true,
                _ => continue,
            }
            let mut change = Change::of(spec, key, ChangeState::Resolved, wall);
            change.wall = true;
            changes.push(change);
        }
        changes.sort_by(|a, b| a.order().cmp(&b.order()));
        while let Some((_, row, turn)) = self.partials.pop_front_if(|(due, ..)| *due <= wall) {
            if self.calls.turn(row) == turn {
                self.overdue(row, &mut said);
            }
        }
        said
    }

    /// Reports a call that is still partial, once.
    fn overdue(&mut self, row: u32, said: &mut Said) {
        let late = |call: &&mut Call| call.is_partial() && !call.overdue;
        if let Some(call) = self.calls.get_mut(row).filter(late) {
            call.overdue = true;
            self.counts.overdue += 1;
            said.overdue.push((call.id(), call.sessions()));
        }
    }

    /// What the keys of a rule hold at the event clock, in the order of their names.
    pub fn contents(&self, rule: u16) -> Vec<Held> {
        let spec = &self.specs[usize::from(rule)];
        let now = spec.step_of(self.now().unwrap_or(0));
        let keys = self.keys.rows().map(|(_, key)| key);
        let mut held: Vec<Held> = keys
            .filter(|key| key.rule == rule)
            .map(|key| Held {
                key: (*key.text).into(),
                state: match key.machine() {
                    _ if key.fires() => Some(ChangeState::Firing),
                    Machine::Pending { .. } => Some(ChangeState::Pending),
                    _ => None,
                },
                // Samples that the clock has not reached are in it as well: people ask what is there.
                content: fold::content(spec, key.samples(), now.max(key.last())),
            })
            .collect();
        held.sort_by(|a, b| a.key.cmp(&b.key));
        held
    }

    /// Adds a rule; its number.
    pub fn add(&mut self, spec: Spec) -> u16 {
        self.specs.push(spec);
        (self.specs.len() - 1) as u16
    }

    /// Gives up a rule's keys; those that fire are over.
    pub fn retire(&mut self, rule: u16) -> Vec<Change> {
        let at = self.now().unwrap_or(0);
        let rows = self.keys.rows().filter(|(_, key)| key.rule == rule);
        let rows: Vec<u32> = rows.map(|(row, _)| row).collect();
        let mut changes = Vec::new();
        for row in rows {
            changes.extend(self.give_up(row, at));
        }
        changes.sort_by(|a, b| a.order().cmp(&b.order()));
        changes
    }

    /// Forgets a key; one that fires is said to be over.
    fn give_up(&mut self, row: u32, at: u32) -> Option<Change> {
        let key = self.keys.remove(row)?;
        let told = self.firing.remove(&row) && !key.is_muted();
        told.then(|| {
            let spec = &self.specs[usize::from(key.rule)];
            let mut change = Change::of(spec, &key, ChangeState::Resolved, at);
            change.evicted = true;
            change
        })
    }

    /// What is still to be said when no more comes: what cool-downs kept back.
    pub fn finish(&mut self) -> Vec<Change> {
        let mut changes = Vec::new();
        let rows: Vec<u32> = self
            .keys
            .rows()
            .filter(|(_, key)| key.history().is_some_and(|it| it.cool.is_some()))
            .map(|(row, _)| row)
            .collect();
        for row in rows {
            let Some(key) = self.keys.get_mut(row) else {
                continue;
            };
            let spec = &self.specs[usize::from(key.rule)];
            let cool = key.history_mut().and_then(|it| it.cool.take());
            if let Some(cool) = cool.filter(|cool| cool.more > 0) {
                let mut change = Change::of(spec, key, ChangeState::Repeated, cool.until);
                change.more(*cool);
                changes.push(change);
            }
        }
        changes.extend(self.events.finish());
        for change in &mut changes {
            change.wall = true;
        }
        changes.sort_by(|a, b| a.order().cmp(&b.order()));
        changes
    }

    fn count_arrival(&mut self, arrival: Arrival) {
        match arrival {
            Arrival::First => self.counts.records += 1,
            Arrival::NewVersion => self.counts.new_versions += 1,
            Arrival::Page => self.counts.pages += 1,
            Arrival::Repeated => self.counts.repeated += 1,
            Arrival::Superseded => self.counts.superseded += 1,
        }
    }

    /// The row of a call, made if need be; it is the newest.
    fn call(&mut self, name: u64, id: &str) -> u32 {
        match self.calls.find(name, |call| call.is(id)) {
            Some(row) => {
                self.calls.touch(row);
                row
            }
            None => self.calls.insert(name, Call::new(id)),
        }
    }

    /// What a call remembers of a sample; its key is made if need be.
    fn item(&mut self, keys: &Keys, sample: &Sample, wall: u32) -> Option<Item> {
        let (rule, text) = keys.get(sample.key)?;
        let spec = self.specs.get(usize::from(rule))?;
        let known = self.rows.get_mut(sample.key as usize)?;
        if *known == NONE {
            let name = hash(&[&rule.to_le_bytes(), text.as_bytes()]);
            let is = |key: &KeyState| key.rule == rule && *key.text == *text;
            *known = match self.keys.find(name, is) {
                Some(row) => {
                    self.keys.touch(row);
                    row
                }
                None => self.keys.insert(name, KeyState::new(rule, text)),
            };
            if let Some(key) = self.keys.get_mut(*known) {
                key.touched = key.touched.max(wall);
            }
        }
        Some(Item {
            key: *known,
            turn: self.keys.turn(*known),
            step: spec.step_of(sample.at),
            user: sample.user,
            value: sample.value,
        })
    }

    /// Takes a call's old samples out of the windows, and puts the new ones in.
    fn replace(&mut self, call: u32, before: &[Item], after: &[Item]) {
        for (items, add) in [(before, false), (after, true)] {
            for item in items {
                if self.keys.turn(item.key) != item.turn {
                    continue;
                }
                let Some(key) = self.keys.get_mut(item.key) else {
                    continue;
                };
                if add {
                    key.add(item.sample(call));
                    if key.samples().len() > self.limits.samples as usize {
                        key.give_up_oldest();
                        self.counts.given_up += 1;
                    }
                } else {
                    key.remove(&item.sample(call));
                }
                let spec = &self.specs[usize::from(key.rule)];
                if !add || !key.rests(spec) {
                    self.touched.push((item.key, item.step));
                }
            }
        }
    }

    /// Keeps the keys of what a call holds and does not count: it refers to them by their rows.
    fn wait(&mut self, before: &[Item], after: &[Item]) {
        for (items, add) in [(after, true), (before, false)] {
            for item in items {
                if self.keys.turn(item.key) != item.turn {
                    continue;
                }
                let Some(key) = self.keys.get_mut(item.key) else {
                    continue;
                };
                if add {
                    key.waiting += 1;
                } else {
                    key.waiting = key.waiting.saturating_sub(1);
                    self.touched.push((item.key, item.step));
                }
            }
        }
    }

    fn refold(&mut self, row: u32, from: u32, now: u32, changes: &mut Vec<Change>) {
        let Some(key) = self.keys.get_mut(row) else {
            return;
        };
        let spec = &self.specs[usize::from(key.rule)];
        let horizon = now.saturating_sub(self.limits.lateness);
        let news = key.refold(spec, from, now, horizon);
        // The horizon has not passed what the news are about, but for corrections at its edge.
        for news in news {
            let calls = &self.calls;
            let mut tell = |key: &KeyState, state, at, since, more: Option<Box<Cool>>| {
                let mut change = Change::of(spec, key, state, at);
                change.since = since;
                let window = if state == ChangeState::Firing {
                    since
                } else {
                    at
                };
                change.content = fold::content(spec, key.samples(), window);
                change.calls = fold::calls(spec, key.samples(), window)
                    .into_iter()
                    .filter_map(|call| calls.get(call).map(Call::id))
                    .take(Change::NAMED)
                    .collect();
                if let Some(more) = more {
                    change.more(*more);
                }
                changes.push(change);
            };
            match news {
                News::Firing { since } => {
                    let cool = key.history().and_then(|it| it.cool.as_ref());
                    if cool.is_some_and(|cool| since < cool.until) {
                        let names: Vec<String> = fold::calls(spec, key.samples(), since)
                            .into_iter()
                            .filter_map(|call| calls.get(call).map(Call::id))
                            .collect();
                        if let Some(history) = key.history_mut() {
                            if let Some(cool) = &mut history.cool {
                                cool.again(names.iter().map(String::as_str));
                            }
                            (history.said_pending, history.muted) = (None, true);
                        }
                        self.counts.suppressed += 1;
                        continue;
                    }
                    let Some(history) = key.history_mut() else {
                        continue;
                    };
                    history.said_pending = None;
                    let more = history.cool.take().filter(|cool| cool.more > 0);
                    history.cool = Cool::until(since, spec);
                    (history.muted, history.idle) = (false, false);
                    tell(key, ChangeState::Firing, since, since, more);
                }
                News::Resolved { since, at } => {
                    if !key.unmute() {
                        tell(key, ChangeState::Resolved, at, since, None);
                    }
                }
                News::Retracted { since } => {
                    if !key.unmute() {
                        key.history_mut().map(|it| it.cool.take());
                        tell(key, ChangeState::Retracted, since, since, None);
                    }
                }
            }
        }
        let (machine, fires) = (key.machine(), key.fires());
        if let Some(history) = key.history_mut() {
            // Wall time said that it is over, and here is more of it.
            let returns = history.idle && from != u32::MAX && fires && !history.muted;
            history.idle &= from == u32::MAX && fires;
            let waits = match machine {
                Machine::Pending { since } if history.said_pending != Some(since) && !fires => {
                    history.said_pending = Some(since);
                    Some(since)
                }
                _ => None,
            };
            if returns {
                let mut change = Change::of(spec, key, ChangeState::Firing, now);
                change.content = fold::content(spec, key.samples(), spec.step_of(now));
                change.wall = true;
                changes.push(change);
            }
            if let Some(since) = waits {
                let mut change = Change::of(spec, key, ChangeState::Pending, since);
                change.content = fold::content(spec, key.samples(), since);
                changes.push(change);
            }
        }
        if fires {
            self.firing.insert(row);
        } else {
            self.firing.remove(&row);
        }
        if key.is_over() {
            self.keys.remove(row);
            return;
        }
        let due = key.due(spec, self.limits.lateness);
        if let Some(due) = due.filter(|due| key.timer.is_none_or(|timer| *due < timer)) {
            key.timer = Some(due);
            let turn = self.keys.turn(row);
            self.timers.push(Reverse((due, Timer::Key { row, turn })));
        }
    }

    fn run_timers(&mut self, now: u32, said: &mut Said) {
        while let Some(Reverse((due, timer))) = self.timers.peek().copied() {
            if due > now {
                return;
            }
            self.timers.pop();
            match timer {
                Timer::Key { row, turn } if self.keys.turn(row) == turn => {
                    let Some(key) = self.keys.get_mut(row).filter(|key| key.timer == Some(due))
                    else {
                        continue;
                    };
                    key.timer = None;
                    self.refold(row, u32::MAX, now, &mut said.changes);
                    self.warm(row, now, &mut said.changes);
                }
                Timer::Partial { row, turn } if self.calls.turn(row) == turn => {
                    self.overdue(row, said);
                }
                Timer::Cool { row, turn } => {
                    let (change, next) = self.events.warm(row, turn, due);
                    said.changes.extend(change);
                    if let Some(next) = next {
                        self.timers.push(Reverse((next, Timer::Cool { row, turn })));
                    }
                }
                Timer::Key { .. } | Timer::Partial { .. } => {}
            }
        }
    }

    /// Ends a key's cool-down that is over, and says what it kept back.
    fn warm(&mut self, row: u32, now: u32, changes: &mut Vec<Change>) {
        let Some(key) = self.keys.get_mut(row) else {
            return;
        };
        let spec = &self.specs[usize::from(key.rule)];
        let Some(history) = key.history_mut() else {
            return;
        };
        let Some(cool) = history.cool.take_if(|cool| cool.until <= now) else {
            return;
        };
        if cool.more > 0 {
            history.cool = Cool::until(now, spec);
            let at = cool.until;
            let state = if key.unmute() {
                ChangeState::Firing
            } else {
                ChangeState::Repeated
            };
            let mut change = Change::of(spec, key, state, at);
            change.content = fold::content(spec, key.samples(), spec.step_of(at));
            change.more(*cool);
            changes.push(change);
        }
        self.refold(row, u32::MAX, now, changes);
    }

    /// At a limit, the oldest idle rows go.
    fn hold_limits(&mut self, changes: &mut Vec<Change>) {
        while self.keys.len() > self.limits.keys as usize {
            let Some(row) = self.keys.oldest() else { break };
            self.counts.evicted_keys += 1;
            let at = self.clock.now(self.limits.ahead).unwrap_or(0);
            changes.extend(self.give_up(row, at));
        }
        while self.calls.len() > self.limits.calls as usize {
            let Some(row) = self.calls.oldest() else {
                break;
            };
            let Some(call) = self.calls.remove(row) else {
                break;
            };
            self.counts.evicted_calls += 1;
            self.events.forget(&call);
            self.wait(&call.waiting(), &[]);
            for item in call.applied() {
                if self.keys.turn(item.key) == item.turn
                    && let Some(key) = self.keys.get_mut(item.key)
                {
                    key.forget_call(&item.sample(row), NONE);
                }
            }
        }
        self.events.hold_limit(self.limits.keys as usize);
    }
}

/// A reading as a sample's value; what is too large to be true is cut to nine milliards.
pub fn value_of(reading: f64) -> i64 {
    (reading.clamp(-9e9, 9e9) * SCALE).round() as i64
}

/// A text as a sample's value or user: never 0, which is nobody.
pub fn value_of_text(text: &str) -> i64 {
    (hash(&[text.as_bytes()]) as i64) | 1
}

/// Who a sample is from; nobody, where nothing is known.
pub fn user_of(id: Option<&str>) -> u32 {
    id.map_or(0, |id| {
        let wide = hash(&[id.as_bytes()]);
        ((wide ^ (wide >> 32)) as u32).max(1)
    })
}

impl Change {
    fn of(spec: &Spec, key: &KeyState, state: ChangeState, at: u32) -> Change {
        Change::new(
            By::Window(key.rule),
            spec.name.clone(),
            (*key.text).into(),
            state,
            at,
        )
    }
}
