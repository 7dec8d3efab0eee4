//! The threads of delivery, waited for by what they do.

use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::super::{Deliveries, MemoryOutbox, Note, Policy, Totals};
use super::{Scripted, told};
use crate::sink::config::{Delivery, SinkConfig};
use crate::sink::{Config, Gather, Outcome, Sink};

fn config(sinks: &[(&str, &Arc<Scripted>)], drain: Duration) -> Config {
    Config {
        sinks: sinks
            .iter()
            .map(|(name, sink)| SinkConfig {
                name: (*name).into(),
                kind: "webhook",
                enabled: true,
                policy: Policy::default(),
                sink: Some(Arc::clone(sink) as Arc<dyn Sink>),
            })
            .collect(),
        routes: Vec::new(),
        delivery: Delivery {
            drain,
            ..Delivery::default()
        },
    }
}

#[test]
fn a_sink_that_is_down_delays_no_other_and_the_end_says_what_is_left() {
    let (dead, _) = Scripted::new(vec![Outcome::retry("down"); 100_000], Gather::One);
    let (alive, heard) = Scripted::new(Vec::new(), Gather::One);
    let (notes, noted) = mpsc::channel();
    let notes = Mutex::new(notes);
    let deliveries = Deliveries::start(
        &config(
            &[("dead", &dead), ("alive", &alive)],
            Duration::from_millis(50),
        ),
        Arc::new(MemoryOutbox::new(1000, 1 << 20)),
        Arc::new(crate::clock::SystemClock),
        move |note| drop(notes.lock().expect("held").send(note)),
    )
    .expect("starts");
    for n in 0..100 {
        let name = format!("r{n}");
        deliveries
            .put(&[told(&name, "event", &name)])
            .expect("room");
        heard
            .recv_timeout(Duration::from_secs(30))
            .expect("delivered although the other is down");
    }
    let down = noted.recv_timeout(Duration::from_secs(30)).expect("a note");
    assert!(matches!(down, Note::Down { sink, .. } if &*sink == "dead"));
    let left = deliveries.stop();
    assert_eq!(
        (left.waiting(), left.dead(), left.survives),
        (100, 0, false)
    );
    assert_eq!(left.sinks[1].1, Totals::default());
}

#[test]
fn a_full_outbox_holds_the_intake_until_there_is_room_and_says_so() {
    let (sink, heard) = Scripted::new(vec![Outcome::retry("down")], Gather::One);
    let (notes, noted) = mpsc::channel();
    let notes = Mutex::new(notes);
    let deliveries = Deliveries::start(
        &config(&[("s", &sink)], Duration::from_secs(30)),
        Arc::new(MemoryOutbox::new(1, 1 << 20)),
        Arc::new(crate::clock::SystemClock),
        move |note| drop(notes.lock().expect("held").send(note)),
    )
    .expect("starts");
    for n in 0..5 {
        let name = format!("r{n}");
        deliveries
            .put(&[told(&name, "event", &name)])
            .expect("room in the end");
    }
    let waits = deliveries.waits();
    assert!(waits > 0);
    let left = deliveries.stop();
    assert_eq!(left.waiting(), 0);
    assert_eq!(heard.try_iter().count(), 6);
    let notes: Vec<Note> = noted.try_iter().collect();
    assert_eq!(
        notes.iter().filter(|note| **note == Note::Full).count() as u64,
        waits
    );
    assert_eq!(
        notes.iter().filter(|note| **note == Note::Room).count() as u64,
        waits
    );
}
