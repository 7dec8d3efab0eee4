//! Delivery against a model: random alerts, outcomes, times and clocks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;

use super::super::courier::{Courier, Next};
use super::super::gate::{Gate, Permit, Policy, Verdict, later};
use super::super::{MemoryOutbox, Outbox};
use super::{Hand, Scripted, row, told};
use crate::clock::Clock;
use crate::sink::{Gather, Outcome, Sink, Told};

#[derive(Clone, Debug)]
enum Act {
    Put {
        key: u8,
        resolve: bool,
        lasting: bool,
    },
    Step,
    Pass(u16),
    SetBack(u16),
    RetryDead,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => (0u8..4, any::<bool>(), any::<bool>())
            .prop_map(|(key, resolve, lasting)| Act::Put { key, resolve, lasting }),
        6 => Just(Act::Step),
        3 => any::<u16>().prop_map(Act::Pass),
        1 => any::<u16>().prop_map(Act::SetBack),
        1 => Just(Act::RetryDead),
    ]
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        4 => Just(Outcome::Delivered),
        2 => Just(Outcome::retry("503")),
        1 => (0u64..5000).prop_map(|ms| Outcome::Retry {
            why: "429".into(),
            after: Some(Duration::from_millis(ms)),
        }),
        1 => Just(Outcome::refused("400")),
        1 => Just(Outcome::ambiguous("no answer")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Whatever happens: nothing lost, nothing invented, copies only after failures, what lasts
    /// in its order; and once the sink works again, all is delivered in the end.
    #[test]
    fn nothing_is_lost_and_nothing_is_invented(
        acts in prop::collection::vec(act(), 0..64),
        script in prop::collection::vec(outcome(), 0..40),
        gather in prop_oneof![Just(Gather::One), Just(Gather::Call), Just(Gather::Any(3))],
        seed in any::<u64>(),
    ) {
        let (sink, _) = Scripted::new(script, gather);
        let clock = Hand::new();
        let outbox = Arc::new(MemoryOutbox::new(10_000, 1 << 24));
        let courier = Courier::new(
            "s".into(), Arc::clone(&sink) as Arc<dyn Sink>, Policy::default(),
            Arc::clone(&outbox) as Arc<dyn Outbox>, Arc::clone(&clock) as Arc<dyn Clock>,
            Box::new(fastrand::Rng::with_seed(seed)),
        );
        let mut put: BTreeMap<String, u32> = BTreeMap::new();
        let mut keys: BTreeMap<u8, Vec<String>> = BTreeMap::new();
        let mut n = 0;
        let check = |put: &BTreeMap<String, u32>| {
            let rows = outbox.list(None).expect("rows");
            let waiting: BTreeSet<String> = rows
                .iter()
                .map(|row| Told::read(Arc::clone(&row.new.payload)).expect("an alert").rule().to_owned())
                .collect();
            let mut delivered = BTreeSet::new();
            for (rules, arrived) in sink.sent() {
                for rule in rules {
                    assert!(put.contains_key(&rule), "invented {rule}");
                    if arrived {
                        delivered.insert(rule);
                    }
                }
            }
            for rule in put.keys() {
                assert!(waiting.contains(rule) || delivered.contains(rule), "lost {rule}");
            }
            delivered
        };
        for act in acts {
            match act {
                Act::Put { key, resolve, lasting } => {
                    n += 1;
                    let rule = format!("r{n}");
                    let state = match (lasting, resolve) {
                        (false, _) => "event",
                        (true, true) => "resolved",
                        (true, false) => "firing",
                    };
                    let told = told(&rule, state, &format!("k{key}"));
                    outbox.enqueue(&[row("s", &told)], clock.now()).expect("room");
                    put.insert(rule.clone(), 0);
                    if lasting {
                        keys.entry(key).or_default().push(rule);
                    }
                }
                Act::Step => { courier.step(&mut |_| {}).expect("works"); }
                Act::Pass(ms) => clock.pass(Duration::from_millis(u64::from(ms))),
                Act::SetBack(s) => {
                    let back = Duration::from_secs(u64::from(s));
                    let mut now = clock.0.lock().expect("held");
                    *now = now.checked_sub(back).expect("a time");
                }
                Act::RetryDead => {
                    for row in outbox.list(None).expect("rows").into_iter().filter(|row| row.dead) {
                        outbox.retry(row.id, clock.now()).expect("kept");
                    }
                }
            }
            check(&put);
        }
        // The sink works from now on; the dead are raised.
        sink.script.lock().expect("held").clear();
        for row in outbox.list(None).expect("rows").into_iter().filter(|row| row.dead) {
            outbox.retry(row.id, clock.now()).expect("kept");
        }
        for _ in 0..2000 {
            if outbox.totals("s").expect("totals").waiting == 0 {
                break;
            }
            if let Next::At(at) = courier.step(&mut |_| {}).expect("works") {
                let wait = at.duration_since(clock.now());
                clock.pass(Duration::try_from(wait).unwrap_or_default());
            }
        }
        let delivered = check(&put);
        prop_assert_eq!(delivered.len(), put.len());
        let totals = outbox.totals("s").expect("totals");
        prop_assert_eq!((totals.waiting, totals.dead), (0, 0));
        let counts = courier.counts();
        // One that was told again and then refused is a letter of its own when it is raised.
        prop_assert!(counts.delivered >= put.len() as u64);
        // What stands is the last of its key, and not a resolve.
        prop_assert!(totals.standing <= keys.len() as u64);
    }

    /// A gate alone: it always lets something through in the end, and never two probes at once.
    #[test]
    fn a_gate_never_shuts_for_good(outcomes in prop::collection::vec(outcome(), 0..50), seed in any::<u64>()) {
        let mut jitter = fastrand::Rng::with_seed(seed);
        let mut gate = Gate::new(Policy::default());
        let mut now: Timestamp = "2026-01-13T09:00:00Z".parse().expect("a time");
        for outcome in outcomes {
            let mut waits = 0;
            loop {
                match gate.ask(now) {
                    Permit::Go => break,
                    Permit::Wait(until) => {
                        prop_assert!(until > now);
                        now = until;
                    }
                    Permit::Probing => prop_assert!(false, "no probe is out"),
                }
                waits += 1;
                prop_assert!(waits < 3);
            }
            if gate.is_open() {
                prop_assert_eq!(gate.ask(now), Permit::Probing);
            }
            gate.settle(&outcome, now, &mut jitter);
            let verdict = gate.decide(&outcome, 3, now, now, &mut jitter);
            match (&outcome, &verdict) {
                (Outcome::Delivered, Verdict::Ack) | (Outcome::Refused { .. }, Verdict::Dead { .. }) => {}
                (Outcome::Retry { after, .. }, Verdict::Again { at }) => {
                    prop_assert!(*at >= later(now, after.unwrap_or_default()));
                    prop_assert!(*at <= later(now, after.unwrap_or_default().max(gate.policy().longest)));
                }
                (Outcome::Ambiguous { .. }, Verdict::Again { .. }) => {}
                other => prop_assert!(false, "{other:?}"),
            }
        }
    }
}
