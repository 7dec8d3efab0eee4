//! Any stream, any order, any versions and pages: the state is the definition's.

use proptest::prelude::*;

use super::super::{Contribution, Lengths, Limits, Measure, Minimum, Sample, Spec, Windows};
use super::naive::{self, State};

const KEYS: [&str; 2] = ["a", "b"];
const BASE: u32 = 1_000_000;
/// All samples are within this many seconds, which the lateness allows.
const SPAN: u32 = 4000;

fn specs() -> impl Strategy<Value = Spec> {
    let measure = prop_oneof![
        Just((Measure::Count, 3.0, 1.0)),
        Just((Measure::Share, 0.4, 0.2)),
        Just((Measure::Mean, 5.0, 4.0)),
        Just((Measure::Percentile(0.9), 7.0, 5.0)),
        Just((Measure::Distinct, 3.0, 2.0)),
        Just((Measure::Spike { past: 900 }, 2.0, 1.5)),
    ];
    let lengths = (60u32..700, 0u32..200, 0u32..200);
    (measure, lengths, 0u32..4, 0u32..3, 0u32..3, any::<bool>()).prop_map(
        |((measure, limit, clear), (within, hold, keep), samples, users, calls, steady)| {
            let lengths = Lengths {
                within,
                hold,
                keep,
                ..Lengths::default()
            };
            let mut spec = Spec::new("rule", measure, limit, lengths);
            spec.minimum = Minimum {
                samples,
                users,
                calls,
            };
            spec.clear = if steady { clear } else { limit };
            spec
        },
    )
}

/// One sample: key, second, user, value.
type Given = (usize, u32, u32, i64);

fn samples() -> impl Strategy<Value = Vec<Given>> {
    prop::collection::vec((0..KEYS.len(), 0..SPAN, 0u32..4, 0i64..10), 0..5)
}

/// Call, version, whether it is partial, and sessions with what was given in each.
type Document = (usize, Option<i64>, bool, Vec<(u64, Vec<Given>)>);

fn documents() -> impl Strategy<Value = Vec<Document>> {
    let sessions = prop::collection::vec((0u64..5, samples()), 0..4);
    let version = prop::option::weighted(0.7, 1i64..4);
    prop::collection::vec((0usize..6, version, any::<bool>(), sessions), 1..14)
}

fn contributions(spec: &Spec, given: &[Document]) -> Vec<Contribution> {
    let mut all = Vec::new();
    for (number, (call, version, more, sessions)) in given.iter().enumerate() {
        let mut own = Contribution {
            call: format!("call-{call}"),
            version: *version,
            digest: number as u64 + 1,
            more: *more,
            end: Some(BASE + SPAN),
            ..Contribution::default()
        };
        for (id, samples) in sessions {
            if own.sessions.contains(id) {
                continue;
            }
            for (key, at, user, value) in samples {
                own.samples.push(Sample {
                    session: own.sessions.len() as u32,
                    // One key, added twice, is one.
                    key: own.keys.add(0, KEYS[*key]),
                    at: BASE + at,
                    user: *user,
                    value: match spec.measure {
                        Measure::Share => value % 2,
                        Measure::Count | Measure::Spike { .. } => 1,
                        _ => value * 1_000_000,
                    },
                });
            }
            own.sessions.push(*id);
        }
        all.push(own);
    }
    all
}

/// The end of everything, in a call of its own: the clock stands at the end from the first.
fn last_call(at: u32) -> Contribution {
    Contribution {
        call: "the-last".to_owned(),
        version: Some(1),
        end: Some(at),
        ..Contribution::default()
    }
}

fn state_of(windows: &Windows, key: &str) -> State {
    let found = windows.keys.rows().find(|(_, state)| &*state.text == key);
    match found.map(|(_, key)| key.machine()) {
        None | Some(super::super::fold::Machine::Idle) => State::Idle,
        Some(super::super::fold::Machine::Pending { since }) => State::Pending(since),
        Some(super::super::fold::Machine::Firing { since, .. }) => State::Firing(since),
    }
}

fn run(spec: &Spec, documents: &[Contribution]) -> Windows {
    let mut windows = Windows::new(vec![spec.clone()], Limits::default());
    for document in documents {
        windows.take(document, 0);
    }
    windows
}

fn mean_over_five(within: u32) -> Spec {
    let lengths = Lengths {
        within,
        ..Lengths::default()
    };
    Spec::new("rule", Measure::Mean, 5.0, lengths)
}

#[test]
fn what_a_page_holds_counts_again_when_a_later_version_asks_for_it() {
    let spec = mean_over_five(60);
    let page = (4, None, false, vec![(0, vec![(0, 3941, 0, 6)])]);
    let all = [
        page,
        (4, Some(1), false, vec![]),
        (4, Some(2), true, vec![]),
    ];
    let all = contributions(&spec, &all);
    let want = State::Firing(BASE + 3941);
    assert_eq!(naive::state(&spec, 0, "a", &all, BASE + SPAN), want);
    assert_eq!(state_of(&run(&spec, &all), "a"), want);
}

#[test]
fn a_mean_turns_bad_when_the_good_leave_it_and_nobody_comes() {
    let spec = mean_over_five(504);
    let samples = vec![(1, 3920, 0, 6), (1, 3420, 0, 0)];
    let mut all = contributions(&spec, &[(0, Some(1), false, vec![(0, samples)])]);
    all[0].end = Some(BASE + 3920);
    for call in ["x", "y", "z"] {
        let call = String::from(call);
        all.push(Contribution {
            call,
            ..last_call(BASE + SPAN)
        });
    }
    let want = State::Firing(BASE + 3924);
    assert_eq!(naive::state(&spec, 0, "b", &all, BASE + SPAN), want);
    assert_eq!(state_of(&run(&spec, &all), "b"), want);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn windows_are_what_the_definition_says_in_any_order(
        spec in specs(),
        given in documents(),
        order in any::<prop::sample::Index>(),
        seed in any::<u64>(),
    ) {
        let all = contributions(&spec, &given);
        let mut shuffled = all.clone();
        let turn = order.index(shuffled.len());
        shuffled.rotate_left(turn);
        if seed % 2 == 0 {
            shuffled.reverse();
        }
        for documents in [&all, &shuffled] {
            let windows = run(&spec, documents);
            for key in KEYS {
                let want = naive::state(&spec, 0, key, &all, BASE + SPAN);
                prop_assert_eq!(state_of(&windows, key), want, "{} {:?}", key, spec);
            }
        }
    }

    #[test]
    fn a_clock_that_moves_on_finds_what_a_clock_that_stood_at_the_end_finds(
        spec in specs(),
        given in documents(),
        later in 0u32..8000,
    ) {
        let mut all = contributions(&spec, &given);
        for document in &mut all {
            document.end = document.samples.iter().map(|sample| sample.at).max();
        }
        all.push(last_call(BASE + SPAN + later));
        for call in ["x", "y"] {
            all.push(Contribution { call: call.to_owned(), ..last_call(BASE + SPAN + later) });
        }
        let windows = run(&spec, &all);
        for key in KEYS {
            let want = naive::state(&spec, 0, key, &all, BASE + SPAN + later);
            prop_assert_eq!(state_of(&windows, key), want, "{} {:?}", key, spec);
        }
    }

    #[test]
    fn what_was_said_last_is_what_is_so(spec in specs(), given in documents()) {
        let all = contributions(&spec, &given);
        let mut windows = Windows::new(vec![spec.clone()], Limits::default());
        let mut fires = [false; KEYS.len()];
        for document in &all {
            for change in windows.take(document, 0).changes {
                let key = KEYS.iter().position(|key| **key == *change.key).expect("a key");
                match change.state {
                    super::super::ChangeState::Firing => fires[key] = true,
                    super::super::ChangeState::Resolved
                    | super::super::ChangeState::Retracted => fires[key] = false,
                    _ => {}
                }
            }
        }
        for (key, fires) in KEYS.iter().zip(fires) {
            let want = naive::state(&spec, 0, key, &all, BASE + SPAN);
            prop_assert_eq!(fires, matches!(want, State::Firing(_)), "{} {:?}", key, spec);
        }
    }
}
