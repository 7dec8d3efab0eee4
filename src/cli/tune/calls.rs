//! Which calls alert, now and with each other value.
//!
//! A call that comes in several documents counts once: only calls that alert with some value are
//! kept, a million of them; what comes beyond is counted by document, and that is told.

use std::collections::{BTreeMap, HashMap};

use super::Tuned;
use crate::engine::Report;

/// Calls that are kept.
const KEPT: usize = 1_000_000;

/// The calls that alert with some value.
#[derive(Default)]
pub(super) struct Calls {
    all: HashMap<String, Call>,
    /// documents of calls that were not kept
    pub(super) beyond: u64,
}

/// One call.
#[derive(Default)]
struct Call {
    /// limits, by their number, with which it alerts now
    now: Vec<usize>,
    /// values, by their number, with which it alerts
    with: Vec<usize>,
    /// for a limit, the reading nearest to it that decides
    deciding: BTreeMap<usize, Vec<f64>>,
}

/// How many calls alert, and which come and go, with one value.
pub(super) struct Change {
    pub(super) alert: u64,
    /// call and the reading that decides
    pub(super) come: Vec<(String, Option<f64>)>,
    pub(super) go: Vec<(String, Option<f64>)>,
}

impl Calls {
    pub(super) fn document(
        &mut self,
        report: &Report,
        tuned: &[Tuned],
        deciding: &BTreeMap<&str, Vec<f64>>,
    ) {
        let fires = |counts: &[u64], limit: &Tuned| {
            let mut rules = limit.rules.iter();
            rules.any(|rule| counts.get(*rule).is_some_and(|fired| *fired > 0))
        };
        let now: Vec<u64> = report.rules.iter().map(|rule| rule.fired).collect();
        let mut call = Call::default();
        for (number, limit) in tuned.iter().enumerate() {
            let alerts_now = fires(&now, limit);
            if alerts_now {
                call.now.push(number);
            }
            let mut changes = false;
            for at in limit.first..limit.first + limit.values.len() {
                let with = report.variants.get(at).map_or(&[][..], Vec::as_slice);
                let alerts = fires(with, limit);
                if alerts {
                    call.with.push(at);
                }
                changes |= alerts != alerts_now;
            }
            if changes && let Some(values) = deciding.get(limit.name.as_str()) {
                call.deciding.insert(number, values.clone());
            }
        }
        if call.now.is_empty() && call.with.is_empty() {
            return;
        }
        // A call without an id is merged with no other.
        let id = match &report.call_id {
            Some(id) => id.clone(),
            None => format!("without an id, {}", self.all.len() + 1),
        };
        if self.all.len() >= KEPT && !self.all.contains_key(&id) {
            self.beyond += 1;
            return;
        }
        let known = self.all.entry(id).or_default();
        known.now.extend(call.now);
        known.with.extend(call.with);
        for (limit, values) in call.deciding {
            known.deciding.entry(limit).or_default().extend(values);
        }
    }

    /// How many calls alert because of rules that read the limit of that number.
    pub(super) fn now(&self, limit: usize) -> u64 {
        let alert = self.all.values().filter(|call| call.now.contains(&limit));
        alert.count() as u64
    }

    /// What a value changes; `at` is its number, `limit` that of its limit.
    pub(super) fn change(&self, limit: usize, at: usize, from: f64, to: f64) -> Change {
        let mut change = Change {
            alert: 0,
            come: Vec::new(),
            go: Vec::new(),
        };
        let (low, high) = (from.min(to), from.max(to));
        for (id, call) in &self.all {
            let now = call.now.contains(&limit);
            let then = call.with.contains(&at);
            change.alert += u64::from(then);
            if now == then {
                continue;
            }
            let between = call.deciding.get(&limit).into_iter().flatten();
            let between = between.filter(|value| (low..=high).contains(*value));
            let decides = between.copied().max_by(|a, b| {
                let far = |value: &f64| (*value - from).abs();
                far(a).total_cmp(&far(b))
            });
            let list = if then {
                &mut change.come
            } else {
                &mut change.go
            };
            list.push((id.clone(), decides));
        }
        change.come.sort_by(|a, b| a.0.cmp(&b.0));
        change.go.sort_by(|a, b| a.0.cmp(&b.0));
        change
    }
}
