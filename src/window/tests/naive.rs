//! The definition, as plainly as it can be said: every step from the first sample to the clock,
//! every sample looked at anew. It shares no code with what it checks.

use super::super::{Contribution, Measure, Sample, Spec};

/// A key's state at the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Idle,
    Pending(u32),
    Firing(u32),
}

/// One sample, with its rule and key.
type Counted<'d> = (u16, &'d str, &'d Sample);

/// The samples of one session of a document.
fn of_session(document: &Contribution, at: usize) -> Vec<Counted<'_>> {
    let own = document.samples.iter().filter(|s| s.session as usize == at);
    own.filter_map(|sample| {
        let (rule, key) = document.keys.get(sample.key)?;
        Some((rule, key, sample))
    })
    .collect()
}

/// The documents that count: of each call its highest version, and pages while that is partial.
pub(super) fn counting(documents: &[Contribution]) -> Vec<(String, Vec<Counted<'_>>)> {
    let mut calls: Vec<&str> = documents.iter().map(|d| &*d.call).collect();
    calls.sort_unstable();
    calls.dedup();
    let mut out = Vec::new();
    for call in calls {
        let own = || documents.iter().filter(|d| &*d.call == call);
        let record = own()
            .filter(|d| d.version.is_some())
            .max_by_key(|d| (d.version, d.digest));
        let ids = |d: &Contribution| d.sessions.clone();
        let mut known: Vec<u64> = record.map_or(vec![], ids);
        let all = |d| (0..ids(d).len()).flat_map(|at| of_session(d, at)).collect();
        let mut samples: Vec<Counted<'_>> = record.map_or(vec![], all);
        if record.is_none_or(|r| r.more) {
            let pages = || own().filter(|d| d.version.is_none());
            for id in pages().flat_map(ids) {
                if known.contains(&id) {
                    continue;
                }
                known.push(id);
                let having = pages().filter(|page| page.sessions.contains(&id));
                let best = having
                    .max_by_key(|page| page.digest)
                    .expect("it has the id");
                let at = best.sessions.iter().position(|own| *own == id);
                samples.extend(of_session(best, at.expect("it has the id")));
            }
        }
        out.push((call.to_owned(), samples));
    }
    out
}

/// The state of one key at second `now`.
pub(super) fn state(
    spec: &Spec,
    rule: u16,
    key: &str,
    documents: &[Contribution],
    now: u32,
) -> State {
    let mut samples: Vec<(u32, String, u32, i64)> = Vec::new();
    for (call, own) in counting(documents) {
        let own = own
            .iter()
            .filter(|(of, text, _)| (*of, *text) == (rule, key));
        for (_, _, sample) in own {
            samples.push((
                sample.at / spec.step * spec.step,
                call.clone(),
                sample.user,
                sample.value,
            ));
        }
    }
    let Some(first) = samples.iter().map(|s| s.0).min() else {
        return State::Idle;
    };
    let (mut state, mut fine) = (State::Idle, None);
    let mut step = first;
    while step <= now {
        let value_of = |from: i64, to: i64| -> Vec<&(u32, String, u32, i64)> {
            let inside =
                |s: &&(u32, String, u32, i64)| i64::from(s.0) > from && i64::from(s.0) <= to;
            samples.iter().filter(inside).collect()
        };
        let start = i64::from(step) - i64::from(spec.lengths.within);
        let held = value_of(start, i64::from(step));
        let unique = |mut all: Vec<String>| {
            all.sort_unstable();
            all.dedup();
            all.len() as u32
        };
        let users = unique(
            held.iter()
                .filter(|s| s.2 != 0)
                .map(|s| s.2.to_string())
                .collect(),
        );
        let calls = unique(held.iter().map(|s| s.1.clone()).collect());
        let count = held.len() as f64;
        let sum = held.iter().map(|s| s.3).sum::<i64>() as f64;
        let value = match spec.measure {
            Measure::Count => Some(count),
            _ if held.is_empty() => None,
            Measure::Share => Some(sum / count),
            Measure::Mean => Some(sum / 1e6 / count),
            Measure::Percentile(share) => {
                let mut values: Vec<i64> = held.iter().map(|s| s.3).collect();
                values.sort_unstable();
                Some(values[((share * count).ceil() as usize).max(1) - 1] as f64 / 1e6)
            }
            Measure::Distinct => Some(f64::from(unique(
                held.iter().map(|s| s.3.to_string()).collect(),
            ))),
            Measure::Spike { past } => {
                let before = value_of(start - i64::from(past), start).len() as f64;
                let average = before / (f64::from(past) / f64::from(spec.lengths.within));
                Some(count / average.max(1.0))
            }
        };
        let enough = held.len() as u32 >= spec.minimum.samples
            && users >= spec.minimum.users
            && calls >= spec.minimum.calls;
        let over =
            |limit: f64| value.is_some_and(|v| if spec.below { v < limit } else { v > limit });
        let bad = enough && over(spec.limit);
        let holds = bad || (enough && over(spec.clear));
        if state == State::Idle && bad {
            state = State::Pending(step);
        }
        match state {
            State::Pending(_) if !bad => state = State::Idle,
            State::Pending(since) if step - since >= spec.lengths.hold => {
                (state, fine) = (State::Firing(step), None);
            }
            State::Firing(_) if holds => fine = None,
            State::Firing(_) => {
                let since = *fine.get_or_insert(step);
                if step - since >= spec.lengths.keep {
                    state = State::Idle;
                }
            }
            _ => {}
        }
        step += spec.step;
    }
    state
}
