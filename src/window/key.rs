//! One key of one rule: its samples and its history, corrected where samples come late or go.

use smallvec::SmallVec;

use super::fold::{Bucket, Machine, Mark, News, Sample, compare, episodes, fold};
use super::spec::{Measure, Spec};

/// The quiet time after something was said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cool {
    pub(crate) until: u32,
    pub(crate) more: u32,
    pub(crate) calls: Vec<Box<str>>,
}

/// So many calls are named in `n more since`; the rest are counted.
const NAMED: usize = 100;

impl Cool {
    /// After something was said at `since`, of a rule that has a cool-down.
    pub(crate) fn until(since: u32, spec: &Spec) -> Option<Box<Cool>> {
        let until = since.saturating_add(spec.lengths.cooldown);
        (spec.lengths.cooldown > 0).then(|| {
            Box::new(Cool {
                until,
                ..Cool::default()
            })
        })
    }

    pub(crate) fn again<'c>(&mut self, calls: impl IntoIterator<Item = &'c str>) {
        self.more += 1;
        for call in calls {
            if self.calls.len() < NAMED && !self.calls.iter().any(|known| **known == *call) {
                self.calls.push(call.into());
            }
        }
    }
}

/// See the module's text. Most keys have few samples and never a history, and there may be a million.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyState {
    pub(crate) rule: u16,
    pub(crate) text: Box<str>,
    samples: SmallVec<[Sample; 1]>,
    history: Option<Box<History>>,
    /// Wall time of the last sample.
    pub(crate) touched: u32,
    /// When the clock is to look here.
    pub(crate) timer: Option<u32>,
    /// How many samples calls hold of it that do not count now, and may count again.
    pub(crate) waiting: u32,
}

/// What was so of a key that had samples enough to be looked at.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    /// Of all samples.
    buckets: Vec<Bucket>,
    marks: Vec<Mark>,
    /// The machine before every mark, and the step up to which it is final.
    base: Machine,
    settled: u32,
    /// The step up to which the history is known.
    folded: u32,
    /// Firing by samples that the event clock has not reached.
    early: Option<u32>,
    /// Whether it was called over by wall time.
    pub(crate) idle: bool,
    /// The pending that was said, by its beginning.
    pub(crate) said_pending: Option<u32>,
    pub(crate) cool: Option<Box<Cool>>,
    /// Whether it fires in silence, during its cool-down.
    pub(crate) muted: bool,
}

impl History {
    /// As if it had been there from the first.
    fn of(samples: &[Sample]) -> History {
        let mut history = History::default();
        for sample in samples {
            history.count(sample);
        }
        history
    }

    fn count(&mut self, sample: &Sample) {
        let (step, sum) = (sample.step, sample.value);
        // Mostly it is of the last one, or behind it.
        let at = match self.buckets.last() {
            Some(last) if last.step == step => self.buckets.len() - 1,
            Some(last) if last.step > step => self.buckets.partition_point(|b| b.step < step),
            _ => self.buckets.len(),
        };
        match self.buckets.get_mut(at).filter(|b| b.step == step) {
            Some(bucket) => {
                bucket.count += 1;
                bucket.sum = bucket.sum.saturating_add(sum);
            }
            None => {
                let count = 1;
                self.buckets.insert(at, Bucket { step, count, sum });
            }
        }
    }

    fn leave(&mut self, sample: &Sample) {
        if let Ok(at) = self.buckets.binary_search_by_key(&sample.step, |b| b.step) {
            let bucket = &mut self.buckets[at];
            bucket.count -= 1;
            bucket.sum = bucket.sum.saturating_sub(sample.value);
            if bucket.count == 0 {
                self.buckets.remove(at);
            }
        }
    }

    /// Where it stands at the step up to which it is known.
    fn machine(&self) -> Machine {
        self.marks.last().map_or(self.base, |(_, machine)| *machine)
    }

    fn fires(&self) -> bool {
        self.machine().fires() || self.early.is_some()
    }

    /// Whether nothing in it is different from none.
    fn is_blank(&self) -> bool {
        self.marks.is_empty() && self.base == Machine::Idle && self.early.is_none()
    }
}

impl KeyState {
    pub(crate) fn new(rule: u16, text: &str) -> KeyState {
        KeyState {
            rule,
            text: text.into(),
            ..KeyState::default()
        }
    }

    pub(crate) fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// What was so of it, if it had samples enough.
    pub(crate) fn history(&self) -> Option<&History> {
        self.history.as_deref()
    }

    /// The same, to be changed.
    pub(crate) fn history_mut(&mut self) -> Option<&mut History> {
        self.history.as_deref_mut()
    }

    /// The step of its last sample.
    pub(crate) fn last(&self) -> u32 {
        self.samples.last().map_or(0, |sample| sample.step)
    }

    /// Where it stands at the step up to which its history is known.
    pub(crate) fn machine(&self) -> Machine {
        self.history().map_or(Machine::Idle, History::machine)
    }

    pub(crate) fn fires(&self) -> bool {
        self.history().is_some_and(History::fires)
    }

    /// Whether it fires, and nobody is told.
    pub(crate) fn is_muted(&self) -> bool {
        self.history().is_some_and(|history| history.muted)
    }

    /// Lets it be heard again; whether it was muted.
    pub(crate) fn unmute(&mut self) -> bool {
        let history = self.history_mut();
        history.is_some_and(|history| std::mem::take(&mut history.muted))
    }

    pub(crate) fn add(&mut self, sample: Sample) {
        // Mostly it is among the last ones.
        let near = self.samples.len().saturating_sub(8);
        let at = match self.samples.get(near) {
            Some(first) if *first > sample => self.samples.partition_point(|s| *s <= sample),
            _ => {
                let mut last = self.samples[near..].iter();
                near + last.rposition(|s| *s <= sample).map_or(0, |at| at + 1)
            }
        };
        if self.samples.len() == self.samples.capacity() {
            // Without the spare room that a million keys would pay for.
            self.samples.reserve_exact((self.samples.len() / 2).max(1));
        }
        self.samples.insert(at, sample);
        if let Some(history) = self.history_mut() {
            history.count(&sample);
        }
    }

    /// Takes a sample out again; whether it was there.
    pub(crate) fn remove(&mut self, sample: &Sample) -> bool {
        let Ok(at) = self.samples.binary_search(sample) else {
            return false;
        };
        self.samples.remove(at);
        if let Some(history) = self.history_mut() {
            history.leave(sample);
        }
        true
    }

    /// Gives up the oldest sample.
    pub(crate) fn give_up_oldest(&mut self) {
        if !self.samples.is_empty() {
            let sample = self.samples.remove(0);
            if let Some(history) = self.history_mut() {
                history.leave(&sample);
            }
        }
    }

    /// A sample stays in the windows when its call is forgotten.
    pub(crate) fn forget_call(&mut self, sample: &Sample, nobody: u32) {
        if let Ok(at) = self.samples.binary_search(sample) {
            let mut kept = self.samples.remove(at);
            kept.call = nobody;
            let at = self.samples.partition_point(|s| *s <= kept);
            self.samples.insert(at, kept);
        }
    }

    /// Whether a sample more changes nothing but what it holds: too few to say anything, nothing
    /// said, and the clock knows when to look.
    pub(crate) fn rests(&self, spec: &Spec) -> bool {
        self.history.is_none() && self.timer.is_some() && self.has_too_few(spec)
    }

    fn has_too_few(&self, spec: &Spec) -> bool {
        (self.samples.len() as u64) < u64::from(spec.minimum.least_samples())
    }

    /// Works its history out again from a step on, up to the event clock; what there is to say.
    /// What is before `horizon` is final.
    pub(crate) fn refold(&mut self, spec: &Spec, from: u32, now: u32, horizon: u32) -> Vec<News> {
        let now = spec.step_of(now);
        if self.is_quiet(spec) {
            let horizon = spec.step_of(horizon);
            let old = self
                .samples
                .iter()
                .take_while(|s| is_gone(spec, s.step, horizon));
            for sample in self.samples.drain(..old.count()) {
                if let Some(history) = &mut self.history {
                    history.leave(&sample);
                }
            }
            match &mut self.history {
                Some(history) if history.cool.is_some() => history.folded = history.folded.max(now),
                _ => self.history = None,
            }
            return Vec::new();
        }
        let samples = &mut self.samples;
        let history = self
            .history
            .get_or_insert_with(|| Box::new(History::of(samples)));
        history.settle(samples, spec, horizon);
        let said = episodes(history.base, &history.marks, history.early);
        // The steps between what is known and the clock are new as well.
        let from = spec
            .step_of(from)
            .min(history.folded.saturating_add(spec.step))
            .max(history.settled);
        let kept = history.marks.partition_point(|(step, _)| *step < from);
        history.marks.truncate(kept);
        let start = history.machine();
        let new = fold(spec, &history.buckets, samples, from, start, now);
        history.marks.extend(new);
        history.marks.shrink_to_fit();
        let known = std::mem::replace(&mut history.folded, now);
        history.early = history.ahead(samples, spec, now);
        let so = episodes(history.base, &history.marks, history.early);
        compare(&said, known, &so)
    }

    /// Whether it has too few samples to say anything, and said nothing.
    fn is_quiet(&self, spec: &Spec) -> bool {
        self.has_too_few(spec) && self.history().is_none_or(History::is_blank)
    }

    /// The second at which the clock has something to do here, if no sample comes.
    pub(crate) fn due(&self, spec: &Spec, lateness: u32) -> Option<u32> {
        let history = self.history();
        let cool = history.and_then(|it| it.cool.as_ref().map(|cool| cool.until));
        let Some(last) = self.samples.last().map(|sample| sample.step) else {
            return cool;
        };
        let gone = last.saturating_add(spec.reach()).saturating_add(lateness);
        let gone = gone.saturating_add(spec.step + 1);
        let ends = cool.map_or(gone, |cool| cool.min(gone));
        let Some(history) = history.filter(|_| !self.is_quiet(spec)) else {
            return Some(ends);
        };
        let History {
            buckets, folded, ..
        } = history;
        let leaves = |step: u32| step.saturating_add(spec.lengths.within);
        let held = buckets.partition_point(|b| leaves(b.step) <= *folded);
        if history.machine() == Machine::Idle && last <= *folded {
            let samples: u32 = buckets[held..].iter().map(|b| b.count).sum();
            let hits = || buckets[held..].iter().map(|b| b.sum).sum::<i64>();
            if !spec.worsens_by_leaving()
                || samples < spec.minimum.samples
                || spec.measure == Measure::Share && spec.stays_within(hits())
            {
                return Some(ends);
            }
        }
        let after = |step: &u32| *step > *folded;
        let next = buckets.get(held).map(|b| leaves(b.step));
        // What leaves the past makes the window the larger beside it.
        let forgets = |step: u32| step.saturating_add(spec.reach());
        let past = buckets.partition_point(|b| forgets(b.step) <= *folded);
        let past = buckets.get(past).map(|b| forgets(b.step));
        let fresh = buckets.partition_point(|b| b.step <= *folded);
        let comes = buckets.get(fresh).map(|b| b.step);
        let turns = match history.machine() {
            Machine::Idle => None,
            Machine::Pending { since } => Some(since.saturating_add(spec.lengths.hold)),
            Machine::Firing { fine, .. } => fine.map(|at| at.saturating_add(spec.lengths.keep)),
        };
        let due = [next, past, comes, turns, cool]
            .into_iter()
            .flatten()
            .filter(after)
            .min();
        Some(due.unwrap_or(gone))
    }

    /// Whether nothing is left to know.
    pub(crate) fn is_over(&self) -> bool {
        let over = |it: &History| {
            it.machine() == Machine::Idle && it.marks.is_empty() && it.cool.is_none()
        };
        self.samples.is_empty() && self.waiting == 0 && self.history().is_none_or(over)
    }
}

impl History {
    /// A window that is bad already, by samples that the clock has not reached, fires at once; it
    /// resolves only when the clock has come there.
    fn ahead(&self, samples: &[Sample], spec: &Spec, now: u32) -> Option<u32> {
        let last = self.buckets.last()?.step;
        if last <= now || self.machine().fires() {
            return None;
        }
        let (next, start) = (now + spec.step, self.machine());
        let marks = fold(spec, &self.buckets, samples, next, start, last);
        let mut firing = marks.into_iter().filter(|(_, machine)| machine.fires());
        firing.next().map(|(step, _)| step)
    }

    /// Makes final what is before the horizon, and lets go of samples that no window reaches.
    fn settle(&mut self, samples: &mut SmallVec<[Sample; 1]>, spec: &Spec, horizon: u32) {
        let horizon = spec
            .step_of(horizon)
            .min(self.folded.saturating_add(spec.step));
        if horizon <= self.settled {
            return;
        }
        self.settled = horizon;
        let past = self.marks.partition_point(|(step, _)| *step < horizon);
        if past > 0 {
            self.base = self.marks[past - 1].1;
            self.marks.drain(..past);
        }
        let old = samples.partition_point(|s| is_gone(spec, s.step, horizon));
        if old > 0 {
            samples.drain(..old);
            self.buckets.retain(|b| !is_gone(spec, b.step, horizon));
        }
    }
}

/// Whether no window reaches a step any more.
fn is_gone(spec: &Spec, step: u32, horizon: u32) -> bool {
    step.saturating_add(spec.reach()) < horizon
}
