//! What does a document allocate, once buffers have their size? Nothing, if it raises no alert.
//!
//! But for windows: whether an address in a home network, such as 192.168.1.0, tells strangers apart is
//! asked in a way that allocates.

use std::sync::Arc;

use allocation_counter::measure;
use qualwatch::engine::{Checker, Directly};
use qualwatch::frame::{Batch, FrameLimits, Framer, Framing, Open};
use qualwatch::{Engine, Input};
use xtask::generate::{Mix, Plan, documents, pretty};

/// Records of which no rule says anything.
fn quiet(count: u64) -> Vec<String> {
    let plan = Plan {
        seed: 3,
        documents: count,
        mix: Mix::clean(),
        sessions: None,
    };
    documents(&plan).map(|document| document.text).collect()
}

/// Judges them all, and gives each report back.
fn judge(checker: &mut Checker, texts: &[String]) {
    for text in texts {
        let report = checker.check(Input::new(text.as_bytes(), "feed"));
        assert!(!report.has_something_to_say());
        checker.reuse(report);
    }
}

/// How a checker is made of an engine.
type Way = fn(&Arc<Engine>) -> Checker;

#[test]
fn a_record_that_raises_no_alert_allocates_nothing() {
    let engine: Arc<Engine> = Engine::builder().build().expect("an engine");
    let texts = quiet(200);
    let ways: [(&str, Way, u64); 4] = [
        ("from the text", |engine| engine.checker(), 0),
        (
            "by the tape",
            |engine| engine.checker().directly(Directly::Never),
            0,
        ),
        (
            "from the text, over time",
            |engine| engine.checker().contributing(),
            1,
        ),
        (
            "by the tape, over time",
            |engine| engine.checker().contributing().directly(Directly::Never),
            1,
        ),
    ];
    for (name, checker, most) in ways {
        let mut checker = checker(&engine);
        judge(&mut checker, &texts);
        let found = measure(|| judge(&mut checker, &texts));
        let most = most * texts.len() as u64 / 2;
        assert!(found.count_total <= most, "{name}: {found:?}");
    }
}

/// Reads a text as a source does, into batches that go round.
fn read(mut text: &[u8], framer: &mut Framer, batch: &mut Batch, chunk: &mut [u8]) -> usize {
    let mut count = 0;
    loop {
        batch.clear();
        let from = |room: &mut [u8]| std::io::Read::read(&mut text, room);
        let read = framer.read(chunk, from, batch).expect("in memory");
        if read == 0 {
            framer.finish(batch);
        }
        count += batch.len();
        if read == 0 {
            return count;
        }
    }
}

#[test]
fn framing_allocates_nothing_for_a_document() {
    let texts = quiet(400);
    let mut chunk = vec![0; 64 << 10];
    let pretty: Vec<String> = texts.iter().map(|text| pretty(text)).collect();
    for (name, separator, texts) in [("lines", "\n", &texts), ("pretty", "\n", &pretty)] {
        let (half, whole) = (
            texts[..texts.len() / 2].join(separator),
            texts.join(separator),
        );
        let mut framer = Framer::new(Framing::Auto, FrameLimits::default(), Open::CallRecords);
        let mut batch = Batch::new();
        read(whole.as_bytes(), &mut framer, &mut batch, &mut chunk);
        let mut cost = |text: &str, count: usize| {
            let found = measure(|| {
                assert_eq!(
                    read(text.as_bytes(), &mut framer, &mut batch, &mut chunk),
                    count
                );
            });
            found.count_total
        };
        // A source has buffers of its own; that it is twice as long costs nothing.
        let (half, whole) = (cost(&half, texts.len() / 2), cost(&whole, texts.len()));
        assert_eq!(half, whole, "{name}");
    }
}
