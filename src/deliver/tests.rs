//! Delivery, a step at a time: a clock set by hand, outcomes by a script, no
//! threads and no sleeps. `property` has random ones, `threads` the real thing.

mod property;
mod refusing;
mod threads;

use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;

use super::courier::{Courier, Next, Tale};
use super::gate::{Jitter, Policy, later};
use super::*;
use crate::clock::Clock;
use crate::sink::{Gather, Outcome, Parcel, Sink, Told};

/// A clock that is set by hand.
struct Hand(Mutex<Timestamp>);

impl Hand {
    fn new() -> Arc<Hand> {
        Arc::new(Hand(Mutex::new(
            "2026-01-13T09:00:00Z".parse().expect("a time"),
        )))
    }

    fn pass(&self, time: Duration) {
        let mut now = self.0.lock().expect("held");
        *now = later(*now, time);
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        *self.0.lock().expect("held")
    }
}

/// Waits as long as it may.
struct Longest;

impl Jitter for Longest {
    fn up_to(&mut self, most: Duration) -> Duration {
        most
    }
}

/// Answers by a script, then always delivers; remembers what it was sent.
struct Scripted {
    script: Mutex<Vec<Outcome>>,
    sent: Mutex<Vec<(Vec<String>, bool)>>,
    gather: Gather,
    repeat: Option<Duration>,
    heard: Mutex<mpsc::Sender<()>>,
}

impl Scripted {
    fn new(script: Vec<Outcome>, gather: Gather) -> (Arc<Scripted>, mpsc::Receiver<()>) {
        let (heard, hearing) = mpsc::channel();
        let scripted = Scripted {
            script: Mutex::new(script.into_iter().rev().collect()),
            sent: Mutex::default(),
            gather,
            repeat: Some(Duration::from_secs(60)),
            heard: Mutex::new(heard),
        };
        (Arc::new(scripted), hearing)
    }

    fn sent(&self) -> Vec<(Vec<String>, bool)> {
        self.sent.lock().expect("held").clone()
    }
}

impl Sink for Scripted {
    fn send(&self, parcel: &Parcel<'_>) -> Outcome {
        let outcome = self
            .script
            .lock()
            .expect("held")
            .pop()
            .unwrap_or(Outcome::Delivered);
        let ids = parcel
            .alerts
            .iter()
            .map(|told| told.rule().to_owned())
            .collect();
        self.sent
            .lock()
            .expect("held")
            .push((ids, outcome.is_delivered()));
        let _ = self.heard.lock().expect("held").send(());
        outcome
    }

    fn gather(&self) -> Gather {
        self.gather
    }

    fn repeat(&self) -> Option<Duration> {
        self.repeat
    }

    fn shown(&self) -> String {
        "a script".to_owned()
    }
}

/// An alert whose rule is its name here.
fn told(rule: &str, state: &str, key: &str) -> Told {
    let fingerprint = if state == "event" { rule } else { key };
    let text = format!(
        r#"{{"schema": "qualwatch.alert/1", "id": "{rule}", "fingerprint": "{fingerprint}", "state": "{state}",
            "rule": "{rule}", "severity": "warning", "call": {{"id": "{key}", "partial": false}}}}"#
    );
    Told::read(text).expect("an alert")
}

fn row(sink: &str, told: &Told) -> NewRow {
    NewRow {
        sink: sink.into(),
        event: told.event().into(),
        call: told.call().map(Into::into),
        order: told.order_key().into(),
        payload: Arc::clone(told.json()),
        due: Timestamp::MIN,
    }
}

struct Bench {
    clock: Arc<Hand>,
    outbox: Arc<MemoryOutbox>,
    sink: Arc<Scripted>,
    courier: Courier,
    tales: Vec<Tale>,
}

impl Bench {
    fn new(script: Vec<Outcome>, gather: Gather, policy: Policy) -> Bench {
        let (sink, _) = Scripted::new(script, gather);
        let clock = Hand::new();
        let outbox = Arc::new(MemoryOutbox::new(1000, 1 << 20));
        let courier = Courier::new(
            "s".into(),
            Arc::clone(&sink) as Arc<dyn Sink>,
            policy,
            Arc::clone(&outbox) as Arc<dyn Outbox>,
            Arc::clone(&clock) as Arc<dyn Clock>,
            Box::new(Longest),
        );
        Bench {
            clock,
            outbox,
            sink,
            courier,
            tales: Vec::new(),
        }
    }

    fn put(&self, told: &Told) {
        self.outbox
            .enqueue(&[row("s", told)], self.clock.now())
            .expect("room");
    }

    fn step(&mut self) -> Next {
        let tales = &mut self.tales;
        self.courier
            .step(&mut |tale| tales.push(tale))
            .expect("works")
    }

    /// Steps and lets time pass until nothing is left to do, or `most` steps.
    fn run(&mut self, most: usize) {
        for _ in 0..most {
            match self.step() {
                Next::Again => {}
                Next::At(at) => {
                    let wait = at.duration_since(self.clock.now());
                    self.clock
                        .pass(Duration::try_from(wait).unwrap_or_default());
                }
                Next::Nothing => return,
            }
        }
    }

    fn totals(&self) -> Totals {
        self.outbox.totals("s").expect("readable")
    }
}

#[test]
fn waits_grow_to_their_longest_and_a_receiver_that_asks_for_more_gets_it() {
    let policy = Policy {
        longest: Duration::from_secs(10),
        ..Policy::default()
    };
    let ceilings: Vec<u64> = (1..=6).map(|n| policy.ceiling(n).as_secs()).collect();
    assert_eq!(ceilings, [1, 2, 4, 8, 10, 10]);
    assert_eq!(policy.ceiling(u32::MAX), policy.longest);
    let asks = Outcome::Retry {
        why: "429".into(),
        after: Some(Duration::from_secs_f64(90.5)),
    };
    let mut bench = Bench::new(vec![asks], Gather::One, policy);
    bench.put(&told("a", "event", "c1"));
    bench.put(&told("b", "event", "c2"));
    assert_eq!(bench.step(), Next::Again);
    let Next::At(at) = bench.step() else {
        panic!("waits");
    };
    // All that is sent there waits, not only what was refused; a bit longer than asked.
    assert_eq!(at.duration_since(bench.clock.now()).as_secs_f64(), 91.5);
    bench.run(50);
    assert_eq!(bench.courier.counts().delivered, 2);
}

#[test]
fn an_open_circuit_sends_one_probe_at_a_time_and_spends_no_attempts_of_the_others() {
    let mut bench = Bench::new(
        vec![Outcome::retry("down"); 8],
        Gather::One,
        Policy::default(),
    );
    for n in 0..20 {
        bench.put(&told(&format!("r{n}"), "event", &format!("c{n}")));
    }
    let mut failures = 0;
    while bench.courier.counts().delivered == 0 {
        if let Next::At(at) = bench.step() {
            let wait = at.duration_since(bench.clock.now());
            bench
                .clock
                .pass(Duration::try_from(wait).unwrap_or_default());
        }
        failures = bench
            .sink
            .sent()
            .iter()
            .filter(|(_, delivered)| !delivered)
            .count();
    }
    assert_eq!(failures, 8);
    assert_eq!(bench.tales, [Tale::Down { why: "down".into() }, Tale::Up]);
    let rows = bench.outbox.list(None).expect("rows");
    assert!(rows.iter().map(|row| row.attempts).sum::<u32>() <= 8);
    bench.run(200);
    assert_eq!(bench.courier.counts().delivered, 20);
    assert_eq!(bench.totals(), Totals::default());
}

#[test]
fn a_refused_message_of_several_is_taken_apart_and_only_the_bad_one_dies() {
    let script = vec![
        Outcome::refused("400"),
        Outcome::Delivered,
        Outcome::refused("400"),
    ];
    let mut bench = Bench::new(script, Gather::Any(10), Policy::default());
    for rule in ["a", "b", "c"] {
        bench.put(&told(rule, "event", rule));
    }
    bench.run(20);
    let sent: Vec<_> = bench
        .sink
        .sent()
        .into_iter()
        .map(|(rules, _)| rules.concat())
        .collect();
    assert_eq!(sent, ["abc", "a", "b", "c"]);
    let dead: Vec<_> = bench.outbox.list(Some("s")).expect("rows");
    assert_eq!(dead.len(), 1);
    assert!(dead[0].dead && dead[0].new.payload.contains("\"rule\": \"b\""));
    assert_eq!(dead[0].last.as_deref(), Some("400"));
    assert!(matches!(&bench.tales[..], [Tale::Dead { .. }]));
    // A person mends the receiver and asks again.
    assert!(
        bench
            .outbox
            .retry(dead[0].id, bench.clock.now())
            .expect("kept")
    );
    bench.run(20);
    assert_eq!(bench.totals(), Totals::default());
}

#[test]
fn alerts_of_one_call_share_a_message_and_others_do_not() {
    let mut bench = Bench::new(Vec::new(), Gather::Call, Policy::default());
    for (rule, call) in [("a", "1"), ("b", "2"), ("c", "1")] {
        bench.put(&told(rule, "event", call));
    }
    bench.run(20);
    let sent: Vec<_> = bench
        .sink
        .sent()
        .into_iter()
        .map(|(rules, _)| rules.concat())
        .collect();
    assert_eq!(sent, ["ac", "b"]);
}

#[test]
fn what_lasts_is_told_again_until_it_is_resolved_and_never_out_of_order() {
    let mut bench = Bench::new(
        vec![Outcome::retry("down")],
        Gather::Any(8),
        Policy::default(),
    );
    bench.put(&told("on", "firing", "k"));
    assert_eq!(bench.step(), Next::Again);
    // The resolve comes while the first is still being retried.
    bench.put(&told("off", "resolved", "k"));
    bench.put(&told("x", "event", "other"));
    bench.run(40);
    let sent: Vec<_> = bench
        .sink
        .sent()
        .into_iter()
        .map(|(rules, _)| rules.concat())
        .collect();
    assert_eq!(sent, ["on", "x", "on", "off"]);
    assert_eq!(bench.totals(), Totals::default());

    let mut bench = Bench::new(Vec::new(), Gather::Any(8), Policy::default());
    bench.put(&told("on", "firing", "k"));
    for _ in 0..9 {
        if let Next::At(_) = bench.step() {
            bench.clock.pass(Duration::from_secs(60));
        }
    }
    assert_eq!(bench.totals().standing, 1);
    assert!(bench.courier.counts().repeated >= 3);
    bench.put(&told("off", "resolved", "k"));
    bench.run(20);
    assert_eq!(
        bench
            .sink
            .sent()
            .last()
            .map(|(rules, _)| rules.concat())
            .as_deref(),
        Some("off")
    );
    assert_eq!(bench.totals(), Totals::default());
}

#[test]
fn a_delivery_is_given_up_after_its_time_and_kept_as_a_dead_letter() {
    let policy = Policy {
        give_up_after: Duration::from_secs(600),
        ..Policy::default()
    };
    let mut bench = Bench::new(
        vec![Outcome::ambiguous("no answer"); 1000],
        Gather::One,
        policy,
    );
    bench.put(&told("a", "event", "c"));
    bench.run(1000);
    let rows = bench.outbox.list(None).expect("rows");
    let why = rows[0].last.as_deref().unwrap_or_default();
    assert!(
        rows[0].dead && why.contains("given up") && why.contains("no answer"),
        "{why}"
    );
    let counts = bench.courier.counts();
    assert_eq!((counts.dead, counts.ambiguous), (1, counts.retried));
}

#[test]
fn a_clock_that_is_set_back_makes_nobody_wait_for_it() {
    let mut bench = Bench::new(
        vec![Outcome::retry("down"); 6],
        Gather::One,
        Policy::default(),
    );
    bench.put(&told("a", "event", "c"));
    for _ in 0..12 {
        if let Next::At(at) = bench.step() {
            let wait = at.duration_since(bench.clock.now());
            bench
                .clock
                .pass(Duration::try_from(wait).unwrap_or_default());
        }
    }
    let year = Duration::from_secs(365 * 86_400);
    let earlier = bench.clock.now().checked_sub(year).expect("a time");
    *bench.clock.0.lock().expect("held") = earlier;
    bench.run(40);
    assert_eq!(bench.totals(), Totals::default());
    assert!(bench.clock.now().duration_since(earlier).as_secs_f64() < 3600.0);
}

#[test]
fn a_clock_that_is_set_forward_gives_nothing_up() {
    let mut bench = Bench::new(
        vec![Outcome::retry("down"); 8],
        Gather::One,
        Policy::default(),
    );
    bench.put(&told("a", "event", "c"));
    bench.run(4);
    bench.clock.pass(Duration::from_secs(365 * 86_400));
    bench.run(40);
    assert_eq!(
        (bench.totals(), bench.courier.counts().dead),
        (Totals::default(), 0)
    );
}

#[test]
fn a_full_outbox_takes_nothing_until_there_is_room_and_then_all() {
    let outbox = MemoryOutbox::new(3, 1 << 20);
    let now = Hand::new().now();
    let rows = |names: &[&str]| -> Vec<NewRow> {
        names
            .iter()
            .map(|name| row("s", &told(name, "event", name)))
            .collect()
    };
    outbox.enqueue(&rows(&["a", "b"]), now).expect("room");
    assert!(matches!(
        outbox.enqueue(&rows(&["c", "d"]), now),
        Err(OutboxError::Full)
    ));
    assert_eq!(outbox.list(None).expect("rows").len(), 2);
    outbox
        .enqueue(&rows(&["a", "c"]), now)
        .expect("a is there already");
    let first = outbox.list(None).expect("rows")[0].id;
    outbox.ack(first).expect("acked");
    outbox.enqueue(&rows(&["d"]), now).expect("room again");
    let whole = MemoryOutbox::new(1, 1);
    whole
        .enqueue(&rows(&["a", "b"]), now)
        .expect("larger than the whole gets through");
}
