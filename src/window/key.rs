//! One key of one rule: its samples and its history, corrected where samples come late or go.

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
    pub(crate) fn again<'c>(&mut self, calls: impl IntoIterator<Item = &'c str>) {
        self.more += 1;
        for call in calls {
            if self.calls.len() < NAMED && !self.calls.iter().any(|known| **known == *call) {
                self.calls.push(call.into());
            }
        }
    }
}

/// See the module's text. Plain data, to be kept as it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyState {
    pub(crate) rule: u16,
    pub(crate) text: Box<str>,
    samples: Vec<Sample>,
    buckets: Vec<Bucket>,
    marks: Vec<Mark>,
    /// The machine before every mark, and the step up to which it is final.
    base: Machine,
    settled: u32,
    /// The step up to which the history is known.
    folded: u32,
    /// Firing by samples that the event clock has not reached.
    early: Option<u32>,
    /// Wall time of the last sample, and whether it was called over on it.
    pub(crate) touched: u32,
    pub(crate) idle: bool,
    /// The pending that was said, by its beginning.
    pub(crate) said_pending: Option<u32>,
    pub(crate) cool: Option<Box<Cool>>,
    /// Whether it fires in silence, during its cool-down.
    pub(crate) muted: bool,
    /// When the clock is to look here.
    pub(crate) timer: Option<u32>,
    /// How many samples calls hold of it that do not count now, and may count again.
    pub(crate) waiting: u32,
    /// How many samples were given up at the limit.
    pub(crate) given_up: u32,
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

    /// The step of its last sample.
    pub(crate) fn last(&self) -> u32 {
        self.samples.last().map_or(0, |sample| sample.step)
    }

    /// Where it stands at the step up to which its history is known.
    pub(crate) fn machine(&self) -> Machine {
        self.marks.last().map_or(self.base, |(_, machine)| *machine)
    }

    pub(crate) fn fires(&self) -> bool {
        self.machine().fires() || self.early.is_some()
    }

    pub(crate) fn add(&mut self, sample: Sample) {
        let last = self.samples.last();
        let at = match last.is_none_or(|last| *last <= sample) {
            true => self.samples.len(),
            false => self.samples.partition_point(|s| *s <= sample),
        };
        grow(&mut self.samples);
        self.samples.insert(at, sample);
        let at = self.buckets.partition_point(|b| b.step < sample.step);
        match self.buckets.get_mut(at).filter(|b| b.step == sample.step) {
            Some(bucket) => {
                bucket.count += 1;
                bucket.sum = bucket.sum.saturating_add(sample.value);
            }
            None => {
                grow(&mut self.buckets);
                let (step, sum) = (sample.step, sample.value);
                self.buckets.insert(
                    at,
                    Bucket {
                        step,
                        count: 1,
                        sum,
                    },
                );
            }
        }
    }

    /// Takes a sample out again; whether it was there.
    pub(crate) fn remove(&mut self, sample: &Sample) -> bool {
        let Ok(at) = self.samples.binary_search(sample) else {
            return false;
        };
        self.samples.remove(at);
        self.leave(sample);
        true
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

    /// Gives up the oldest sample.
    pub(crate) fn give_up_oldest(&mut self) {
        if !self.samples.is_empty() {
            let sample = self.samples.remove(0);
            self.leave(&sample);
            self.given_up += 1;
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

    /// Works its history out again from a step on, up to the event clock; what there is to say.
    /// What is before `horizon` is final.
    pub(crate) fn refold(&mut self, spec: &Spec, from: u32, now: u32, horizon: u32) -> Vec<News> {
        let now = spec.step_of(now);
        if self.is_quiet(spec) && !self.has_old(spec, horizon) {
            self.folded = self.folded.max(now);
            return Vec::new();
        }
        self.settle(spec, horizon);
        let said = episodes(self.base, &self.marks, self.early);
        // The steps between what is known and the clock are new as well.
        let from = spec
            .step_of(from)
            .min(self.folded.saturating_add(spec.step))
            .max(self.settled);
        let kept = self.marks.partition_point(|(step, _)| *step < from);
        self.marks.truncate(kept);
        let start = self.machine();
        let new = fold(spec, &self.buckets, &self.samples, from, start, now);
        self.marks.extend(new);
        self.marks.shrink_to_fit();
        let known = std::mem::replace(&mut self.folded, now);
        self.early = self.ahead(spec, now);
        let so = episodes(self.base, &self.marks, self.early);
        compare(&said, known, &so)
    }

    /// Whether it has too few samples to say anything, and said nothing.
    fn is_quiet(&self, spec: &Spec) -> bool {
        (self.samples.len() as u64) < u64::from(spec.minimum.least_samples())
            && self.marks.is_empty()
            && self.base == Machine::Idle
            && self.early.is_none()
    }

    /// Whether there are samples that no window reaches.
    fn has_old(&self, spec: &Spec, horizon: u32) -> bool {
        let first = self.samples.first();
        first.is_some_and(|s| s.step.saturating_add(spec.reach()) < horizon)
    }

    /// A window that is bad already, by samples that the clock has not reached, fires at once; it
    /// resolves only when the clock has come there.
    fn ahead(&self, spec: &Spec, now: u32) -> Option<u32> {
        let last = self.buckets.last()?.step;
        if last <= now || self.machine().fires() {
            return None;
        }
        fold(
            spec,
            &self.buckets,
            &self.samples,
            now + spec.step,
            self.machine(),
            last,
        )
        .into_iter()
        .find(|(_, machine)| machine.fires())
        .map(|(step, _)| step)
    }

    /// Makes final what is before the horizon, and lets go of samples that no window reaches.
    fn settle(&mut self, spec: &Spec, horizon: u32) {
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
        let gone = |step: u32| step.saturating_add(spec.reach()) < horizon;
        let old = self.samples.partition_point(|s| gone(s.step));
        if old > 0 {
            self.samples.drain(..old);
            self.buckets.retain(|b| !gone(b.step));
        }
    }

    /// The second at which the clock has something to do here, if no sample comes.
    pub(crate) fn due(&self, spec: &Spec, lateness: u32) -> Option<u32> {
        let cool = self.cool.as_ref().map(|cool| cool.until);
        let Some(last) = self.buckets.last().map(|b| b.step) else {
            return cool;
        };
        let gone = last.saturating_add(spec.reach()).saturating_add(lateness);
        if self.is_quiet(spec) {
            let gone = gone.saturating_add(spec.step + 1);
            return Some(cool.map_or(gone, |cool| cool.min(gone)));
        }
        let leaves = |step: u32| step.saturating_add(spec.lengths.within);
        let held = self
            .buckets
            .partition_point(|b| leaves(b.step) <= self.folded);
        if self.machine() == Machine::Idle && last <= self.folded {
            let samples: u32 = self.buckets[held..].iter().map(|b| b.count).sum();
            let hits = || self.buckets[held..].iter().map(|b| b.sum).sum::<i64>();
            if !spec.worsens_by_leaving()
                || samples < spec.minimum.samples
                || spec.measure == Measure::Share && spec.stays_within(hits())
            {
                let gone = gone.saturating_add(spec.step + 1);
                return Some(cool.map_or(gone, |cool| cool.min(gone)));
            }
        }
        let after = |step: &u32| *step > self.folded;
        let next = self.buckets.get(held).map(|b| leaves(b.step));
        // What leaves the past makes the window the larger beside it.
        let forgets = |step: u32| step.saturating_add(spec.reach());
        let past = self
            .buckets
            .partition_point(|b| forgets(b.step) <= self.folded);
        let past = self.buckets.get(past).map(|b| forgets(b.step));
        let fresh = self.buckets.partition_point(|b| b.step <= self.folded);
        let comes = self.buckets.get(fresh).map(|b| b.step);
        let turns = match self.machine() {
            Machine::Idle => None,
            Machine::Pending { since } => Some(since.saturating_add(spec.lengths.hold)),
            Machine::Firing { fine, .. } => fine.map(|at| at.saturating_add(spec.lengths.keep)),
        };
        let due = [next, past, comes, turns, cool]
            .into_iter()
            .flatten()
            .filter(after)
            .min();
        Some(due.unwrap_or(gone.saturating_add(spec.step + 1)))
    }

    /// Whether nothing is left to know.
    pub(crate) fn is_over(&self) -> bool {
        self.samples.is_empty()
            && self.machine() == Machine::Idle
            && self.marks.is_empty()
            && self.cool.is_none()
            && self.waiting == 0
    }
}

/// One more place, without the spare room that a million keys would pay for.
fn grow<T>(list: &mut Vec<T>) {
    if list.len() == list.capacity() {
        list.reserve_exact((list.len() / 2).max(1));
    }
}
