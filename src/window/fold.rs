//! Samples to states: one key's history as a function of its samples and the event clock.
//!
//! Time goes in steps. The window at step T holds the samples of the steps in (T - within, T];
//! the machine walks the steps in order. [`fold`] visits only the steps at which something can
//! change, and may begin anywhere; what it finds does not depend on where it began. It keeps
//! nothing and emits nothing.

use std::collections::HashSet;

use rustc_hash::FxBuildHasher;
use serde::Serialize;

use super::spec::{Measure, Spec};

/// Values are kept as whole millionths, so that sums are exact in any order.
pub(crate) const SCALE: f64 = 1e6;

/// One sample of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sample {
    pub(crate) step: u32,
    pub(crate) call: u32,
    /// 0: nobody is known
    pub(crate) user: u32,
    /// 0 or 1 of a share, millionths of a reading, or what stands for a distinct value
    pub(crate) value: i64,
}

/// All samples of one step, added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bucket {
    pub(crate) step: u32,
    pub(crate) count: u32,
    pub(crate) sum: i64,
}

/// Where a key stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Machine {
    #[default]
    Idle,
    Pending {
        since: u32,
    },
    Firing {
        since: u32,
        /// since when it would be over, were it not kept firing
        fine: Option<u32>,
    },
}

impl Machine {
    pub(crate) fn fires(self) -> bool {
        matches!(self, Machine::Firing { .. })
    }
}

/// The machine from a step on.
pub(crate) type Mark = (u32, Machine);

/// What a window holds, for whoever is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Content {
    /// the measure's value; nothing where the window is empty
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// samples in it
    pub samples: u32,
    /// of a share: those that are true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hits: Option<u32>,
    /// different users
    pub users: u32,
    /// different calls
    pub calls: u32,
}

/// A window at one step, ready to be judged.
struct Window<'k> {
    count: u32,
    sum: i64,
    past: u32,
    samples: &'k [Sample],
}

fn distinct<T: std::hash::Hash + Eq>(values: impl Iterator<Item = T>) -> u32 {
    values.collect::<HashSet<T, FxBuildHasher>>().len() as u32
}

/// Whether there are `least` different values, looking no further than it must.
fn at_least<T: PartialEq + Copy>(least: u32, values: impl Iterator<Item = T>) -> bool {
    let mut seen: Vec<T> = Vec::new();
    for value in values {
        if seen.len() >= least as usize {
            break;
        }
        if !seen.contains(&value) {
            seen.push(value);
        }
    }
    seen.len() >= least as usize
}

impl Window<'_> {
    fn value(&self, spec: &Spec) -> Option<f64> {
        let count = f64::from(self.count);
        match spec.measure {
            Measure::Count => Some(count),
            _ if self.count == 0 => None,
            Measure::Share => Some(self.sum as f64 / count),
            Measure::Mean => Some(self.sum as f64 / SCALE / count),
            Measure::Percentile(share) => {
                let mut values: Vec<i64> = self.samples.iter().map(|s| s.value).collect();
                let rank = ((share * count).ceil() as usize).clamp(1, values.len());
                let (_, value, _) = values.select_nth_unstable(rank - 1);
                Some(*value as f64 / SCALE)
            }
            Measure::Distinct => Some(f64::from(distinct(self.samples.iter().map(|s| s.value)))),
            Measure::Spike { past } => {
                let windows = f64::from(past) / f64::from(spec.lengths.within);
                Some(count / (f64::from(self.past) / windows).max(1.0))
            }
        }
    }

    /// Whether a percentile is beyond a limit: that needs no order, only a count.
    fn ranks_beyond(&self, spec: &Spec, share: f64, limit: f64) -> bool {
        let count = self.samples.len();
        if count == 0 {
            return false;
        }
        let rank = ((share * count as f64).ceil() as usize).clamp(1, count);
        let reading = |sample: &&Sample| sample.value as f64 / SCALE;
        let samples = self.samples.iter();
        match spec.below {
            true => samples.filter(|s| reading(s) < limit).count() >= rank,
            false => samples.filter(|s| reading(s) <= limit).count() < rank,
        }
    }

    /// Whether it is bad, and whether what fires goes on.
    fn judge(&self, spec: &Spec) -> (bool, bool) {
        let minimum = spec.minimum;
        if self.count < minimum.samples {
            return (false, false);
        }
        let (bad, holds) = match spec.measure {
            Measure::Percentile(share) => {
                let beyond = |limit| self.ranks_beyond(spec, share, limit);
                let bad = beyond(spec.limit);
                (bad, bad || beyond(spec.clear))
            }
            _ => {
                let Some(value) = self.value(spec) else {
                    return (false, false);
                };
                let bad = spec.beyond(value, spec.limit);
                (bad, bad || spec.beyond(value, spec.clear))
            }
        };
        let enough = holds
            && at_least(minimum.calls, self.samples.iter().map(|s| s.call))
            && at_least(
                minimum.users,
                self.samples
                    .iter()
                    .map(|s| s.user)
                    .filter(|user| *user != 0),
            );
        (bad && enough, holds && enough)
    }
}

/// The samples in (`after`, `to`].
fn between(samples: &[Sample], after: Option<u32>, to: u32) -> &[Sample] {
    let from = after.map_or(0, |after| samples.partition_point(|s| s.step <= after));
    let to = samples.partition_point(|s| s.step <= to);
    &samples[from.min(to)..to]
}

/// What the window at `step` holds.
pub(crate) fn content(spec: &Spec, samples: &[Sample], step: u32) -> Content {
    let start = step.checked_sub(spec.lengths.within);
    let held = between(samples, start, step);
    let past = match (start, spec.measure) {
        (Some(start), Measure::Spike { past }) => {
            between(samples, start.checked_sub(past), start).len()
        }
        _ => 0,
    };
    let window = Window {
        count: held.len() as u32,
        sum: held.iter().map(|s| s.value).fold(0, i64::saturating_add),
        past: past as u32,
        samples: held,
    };
    Content {
        value: window.value(spec),
        samples: window.count,
        hits: (spec.measure == Measure::Share).then_some(window.sum as u32),
        users: distinct(held.iter().map(|s| s.user).filter(|user| *user != 0)),
        calls: distinct(held.iter().map(|s| s.call)),
    }
}

/// The calls in the window at `step`, each once, oldest first.
pub(crate) fn calls(spec: &Spec, samples: &[Sample], step: u32) -> Vec<u32> {
    let mut calls = Vec::new();
    let mut seen: HashSet<u32, FxBuildHasher> = HashSet::default();
    let bad_only = spec.measure == Measure::Share;
    for sample in between(samples, step.checked_sub(spec.lengths.within), step) {
        if (!bad_only || sample.value != 0) && seen.insert(sample.call) {
            calls.push(sample.call);
        }
    }
    calls
}

/// The machine's changes over the steps from `from` to `end`, both included.
pub(crate) fn fold(
    spec: &Spec,
    buckets: &[Bucket],
    samples: &[Sample],
    from: u32,
    start: Machine,
    end: u32,
) -> Vec<Mark> {
    let mut marks = Vec::new();
    let (within, reach) = (spec.lengths.within, spec.reach());
    let spikes = reach != within;
    let mut at = spec.step_of(from);
    // Buckets [low, high) are in the window, [older, low) in the past that it is compared with.
    let mut high = buckets.partition_point(|b| b.step <= at);
    let mut low = buckets.partition_point(|b| b.step.saturating_add(within) <= at);
    let mut older = buckets.partition_point(|b| b.step.saturating_add(reach) <= at);
    let held = &buckets[low..high];
    let mut count: u32 = held.iter().map(|b| b.count).sum();
    let mut sum: i64 = held.iter().map(|b| b.sum).fold(0, i64::saturating_add);
    let mut past: u32 = if spikes {
        buckets[older..low].iter().map(|b| b.count).sum()
    } else {
        0
    };
    let mut first = buckets.get(low).map_or(samples.len(), |b| {
        samples.partition_point(|s| s.step < b.step)
    });
    let mut machine = start;
    while at <= end {
        let mut next = u32::MAX;
        if let Some(bucket) = buckets.get(high) {
            next = bucket.step;
        }
        if low < high {
            next = next.min(buckets[low].step.saturating_add(within));
        }
        if spikes && older < low {
            next = next.min(buckets[older].step.saturating_add(reach));
        }
        let window = Window {
            count,
            sum,
            past,
            samples: &samples[first..first + count as usize],
        };
        let last = (next - 1).min(end);
        stay(spec, &mut machine, window.judge(spec), at, last, &mut marks);
        if next > end {
            break;
        }
        at = next;
        while let Some(bucket) = buckets.get(high).filter(|b| b.step <= at) {
            count += bucket.count;
            sum = sum.saturating_add(bucket.sum);
            high += 1;
        }
        while low < high && buckets[low].step.saturating_add(within) <= at {
            count -= buckets[low].count;
            sum = sum.saturating_sub(buckets[low].sum);
            first += buckets[low].count as usize;
            past += if spikes { buckets[low].count } else { 0 };
            low += 1;
        }
        while spikes && older < low && buckets[older].step.saturating_add(reach) <= at {
            past -= buckets[older].count;
            older += 1;
        }
    }
    marks
}

/// Walks the machine over the steps from `at` to `last`, over which nothing else changes.
fn stay(
    spec: &Spec,
    machine: &mut Machine,
    (bad, holds): (bool, bool),
    at: u32,
    last: u32,
    marks: &mut Vec<Mark>,
) {
    let before = *machine;
    let mut when = at;
    if *machine == Machine::Idle && bad {
        *machine = Machine::Pending { since: at };
    }
    match *machine {
        Machine::Idle => {}
        Machine::Pending { .. } if !bad => *machine = Machine::Idle,
        Machine::Pending { since } => {
            let due = since.saturating_add(spec.lengths.hold).max(at);
            if due <= last {
                if *machine != before && due > at {
                    marks.push((at, *machine));
                }
                (when, *machine) = (
                    due,
                    Machine::Firing {
                        since: due,
                        fine: None,
                    },
                );
            }
        }
        Machine::Firing { since, .. } if holds => *machine = Machine::Firing { since, fine: None },
        Machine::Firing { since, fine } => {
            let began = fine.unwrap_or(at);
            let due = began.saturating_add(spec.lengths.keep).max(at);
            *machine = Machine::Firing {
                since,
                fine: Some(began),
            };
            if due <= last {
                if *machine != before && due > at {
                    marks.push((at, *machine));
                }
                (when, *machine) = (due, Machine::Idle);
            }
        }
    }
    if *machine != before {
        marks.push((when, *machine));
    }
}

/// A stretch of firing: from a step, to the step at which it was over.
pub(crate) type Episode = (u32, Option<u32>);

/// The stretches of firing in a history; `early` is one that the clock has not reached.
pub(crate) fn episodes(base: Machine, marks: &[Mark], early: Option<u32>) -> Vec<Episode> {
    let mut episodes: Vec<Episode> = Vec::new();
    if let Machine::Firing { since, .. } = base {
        episodes.push((since, None));
    }
    for (step, machine) in marks {
        let open = episodes.last().is_some_and(|(_, to)| to.is_none());
        match machine {
            Machine::Firing { since, .. } if !open => episodes.push((*since, None)),
            Machine::Idle | Machine::Pending { .. } if open => {
                if let Some(last) = episodes.last_mut() {
                    last.1 = Some(*step);
                }
            }
            _ => {}
        }
    }
    if let Some(step) = early
        && episodes.last().is_none_or(|(_, to)| to.is_some())
    {
        episodes.push((step, None));
    }
    episodes
}

/// What is to be said when one history takes another's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    Firing { since: u32 },
    Resolved { since: u32, at: u32 },
    Retracted { since: u32 },
}

/// Compares what was said, knowing the steps up to `known`, with what is so: stretches that meet
/// are the same stretch.
pub(crate) fn compare(said: &[Episode], known: u32, so: &[Episode]) -> Vec<News> {
    let meets = |old: &Episode, new: &Episode| {
        new.0 <= old.1.unwrap_or(known.max(old.0)) && new.1.is_none_or(|end| old.0 <= end)
    };
    let mut news = Vec::new();
    if let (Some(old), Some(new)) = (said.last(), so.last())
        && old.1.is_none()
        && new.1.is_none()
        && meets(old, new)
    {
        // It goes on; what is different about its past would only look like an end.
        return news;
    }
    for old in said {
        if !so.iter().any(|new| meets(old, new)) {
            news.push(News::Retracted { since: old.0 });
        }
    }
    for new in so {
        let mut known = said.iter().filter(|old| meets(old, new)).peekable();
        let fresh = known.peek().is_none();
        let open = known.any(|old| old.1.is_none());
        if fresh || (new.1.is_none() && !open) {
            news.push(News::Firing { since: new.0 });
        }
        if let Some(at) = new.1
            && (fresh || open)
        {
            // Of several that one stretch became, only the last one ends what was said.
            let later = so.iter().any(|other| {
                other.0 > new.0 && said.iter().any(|old| old.1.is_none() && meets(old, other))
            });
            if fresh || !later {
                news.push(News::Resolved { since: new.0, at });
            }
        }
    }
    news
}
