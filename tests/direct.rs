//! What a text alone tells, and what its tape tells: the same report, to the last place in it.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use qualwatch::clock::FixedClock;
use qualwatch::engine::{Checker, Directly};
use qualwatch::frame::{Batch, FrameLimits, Framer, Framing, Open};
use qualwatch::{Engine, Input};
use xtask::generate::{Mix, Plan, Verdict, documents, pretty};

/// The shipped rules and windows, at one time.
fn engine() -> Arc<Engine> {
    let time = "2026-11-28T12:00:00Z".parse().expect("a time");
    Engine::builder()
        .clock(Arc::new(FixedClock(time)))
        .build()
        .expect("an engine")
}

/// A checker that may leave the tape out, one that may not, and one that gets texts before they are
/// framed.
struct Both {
    text: Checker,
    tape: Checker,
    unframed: Checker,
}

impl Both {
    fn new(engine: &Arc<Engine>) -> Both {
        Both {
            text: engine.checker().contributing(),
            tape: engine.checker().contributing().directly(Directly::Never),
            unframed: engine.checker().contributing().directly(Directly::Always),
        }
    }

    /// Both say the same; whether it was told without a tape.
    fn agree(&mut self, text: &[u8]) -> bool {
        let before = self.text.read_directly();
        let input = Input::new(text, "feed");
        assert_eq!(
            format!("{:?}", self.text.check(input)),
            format!("{:?}", self.tape.check(input)),
            "{}",
            String::from_utf8_lossy(text)
        );
        self.agree_unframed(text);
        self.text.read_directly() > before
    }

    /// What is told of a text that is likely one document is told of the one that it is.
    fn agree_unframed(&mut self, text: &[u8]) {
        let framer = || Framer::new(Framing::Auto, FrameLimits::default(), Open::CallRecords);
        for (before, behind) in [("", ""), ("\u{feff}", "\n"), (" \r\n\t", " \n ")] {
            let text = [before.as_bytes(), text, behind.as_bytes()].concat();
            let (mut likely, mut framed) = (Batch::new(), Batch::new());
            let fill = |room: &mut [u8]| std::io::Read::read(&mut &*text, room);
            likely.fill(text.len(), fill).expect("in memory");
            if !framer().likely(&mut likely) {
                continue;
            }
            let frame = likely.get(0).expect("it is marked");
            let Some(report) = self.unframed.check_unframed(Input::framed(frame, "feed")) else {
                continue;
            };
            let mut framer = framer();
            framer.push(&text, &mut framed);
            framer.finish(&mut framed);
            assert_eq!((framed.len(), framed.get(0)), (1, Some(frame)));
            let wanted = self.tape.check(Input::framed(frame, "feed"));
            assert_eq!(format!("{report:?}"), format!("{wanted:?}"));
        }
    }
}

fn feed(documents_in_all: u64, mix: Mix) -> Plan {
    Plan {
        seed: 7,
        documents: documents_in_all,
        mix,
        sessions: None,
    }
}

#[test]
fn both_ways_give_the_same_report() {
    let engine = engine();
    let mut both = Both::new(&engine);
    let mix = Mix {
        malformed: 30,
        duplicate_key_differs: 30,
        foreign: 30,
        invalid: 60,
        partial: 60,
        sessions_page: 60,
        list_entry: 30,
        unexpanded: 30,
        poor_audio: 60,
        poor_video: 60,
        poor_feedback: 60,
        failed: 60,
        second_rule: 60,
        unknown_property: 60,
        without_metadata: 100,
        ..Mix::default()
    };
    for document in documents(&feed(300, mix)) {
        both.agree(document.text.as_bytes());
        both.agree(pretty(&document.text).as_bytes());
    }
}

/// So that nobody's change makes the way without a tape a way that nothing takes.
#[test]
fn all_records_of_a_feed_that_are_right_need_no_tape() {
    let engine = engine();
    let mut both = Both::new(&engine);
    let mut found = BTreeMap::new();
    for document in documents(&feed(200, Mix::tenth_alerting())) {
        let planted = &document.planted;
        let right = planted.verdict == Verdict::Valid && !planted.notices;
        for text in [document.text.clone(), pretty(&document.text)] {
            let told = both.agree(text.as_bytes());
            *found.entry((right, told)).or_insert(0) += 1;
        }
    }
    assert_eq!(found, BTreeMap::from([((true, true), 400)]));
    assert_eq!(both.tape.read_directly(), 0);
}

#[test]
fn where_nothing_is_told_directly_it_is_tried_less_and_less() {
    let engine = engine();
    let mut both = Both::new(&engine);
    let right = documents(&feed(1, Mix::default())).at(0).text;
    let wrong = right.replacen('{', "{\"propertyOfNextYear\": 1, ", 1);
    assert!(both.agree(right.as_bytes()));
    for _ in 0..300 {
        assert!(!both.agree(wrong.as_bytes()));
    }
    let rest = (0..100).position(|_| both.agree(right.as_bytes()));
    assert!(rest.is_some_and(|rest| rest > 8), "{rest:?}");
    assert!(both.agree(right.as_bytes()), "and then as before");
}

/// All files below a folder.
fn files(folder: &Path, out: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, out);
        } else {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            out.push((name.into_owned(), fs::read(&path).expect("a file")));
        }
    }
    out.sort();
}

#[test]
fn real_documents_are_told_alike_and_these_without_a_tape() {
    let Some(folder) = support::shared("data/real") else {
        return;
    };
    let engine = engine();
    let mut all = Vec::new();
    files(&folder, &mut all);
    assert!(all.len() > 20);
    let mut told = Vec::new();
    for (name, text) in &all {
        // Each by a checker of its own, which tries whatever came before.
        if Both::new(&engine).agree(text) {
            told.push(name.as_str());
        }
    }
    assert_eq!(told, REAL);
}

/// The real documents that are told from their texts: call records that nothing is to be said of
/// but their alerts.
const REAL: &[&str] = &[
    "docs-2020-09-beta-expanded.json",
    "docs-2021-04-beta-basic.json",
    "docs-2021-04-v1.0-expanded.json",
    "docs-2022-07-v1.0-expanded.json",
    "docs-2024-v1.0-basic-organizer_v2.json",
    "docs-2024-v1.0-participants_v2.json",
    "seed-example1-basic.json",
    "seed-example2-expanded.json",
    "wbintegrator-guest-organiser.json",
];

#[test]
fn the_public_suite_is_told_alike_alone_and_within_a_record() {
    let Some(folder) = support::shared("suites/json-parsing/test_parsing") else {
        return;
    };
    let engine = engine();
    let mut both = Both::new(&engine);
    let mut all = Vec::new();
    files(&folder, &mut all);
    let mut told = 0;
    for (_, text) in all.iter().filter(|(_, text)| text.len() < 50_000) {
        both.agree(text);
        let mut record = br#"{"id": "c", "version": 1, "type": "groupCall", "modalities": [], "sessions": [], "x@y": "#.to_vec();
        record.extend_from_slice(text);
        record.extend_from_slice(br#", "x@z": "a string that is behind it"}"#);
        let mut fresh = Both::new(&engine);
        told += u32::from(fresh.agree(&record));
    }
    assert!(told > 60, "{told}: most of what is JSON");
}
