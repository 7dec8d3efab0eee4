//! Does a text alone say what its tape says?
//!
//! One checker may leave the tape out, the other may not; both judge the same bytes, with the
//! shipped rules and windows. Their reports agree to the last place and contribution, and so do the
//! readings. The first byte says whether the rest is a text, a text within a record, decisions about
//! a generated record, or decisions about a schema and its documents.

#![no_main]

use std::cell::RefCell;
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use qualwatch::clock::FixedClock;
use qualwatch::engine::{self, Checker, Directly};
use qualwatch::frame::{Batch, FrameLimits, Framer, Framing, Open};
use qualwatch::record::{Caps, Kind, Parser};
use qualwatch::schema::{Schema, Survey};
use qualwatch::{Engine, Input};
use qualwatch_fuzz::spoil::{Choices, record};
use xtask::chance::{self, Chance};

struct Both {
    engine: Arc<Engine>,
    text: Checker,
    tape: Checker,
}

thread_local! {
    static BOTH: RefCell<Both> = RefCell::new(Both::new());
}

impl Both {
    fn new() -> Both {
        let time = "2026-11-23T15:04:05Z".parse().expect("a time");
        let engine = Engine::builder()
            .clock(Arc::new(FixedClock(time)))
            .build()
            .expect("the shipped rules load");
        let checker = |which| engine.checker().contributing().directly(which);
        Both {
            text: checker(Directly::Always),
            tape: checker(Directly::Never),
            engine,
        }
    }

    /// What is told of a text that nobody has framed is told of the one frame that it has.
    fn check_unframed(&mut self, text: &[u8]) {
        let mut framer = Framer::new(Framing::Auto, FrameLimits::default(), Open::CallRecords);
        let (mut likely, mut framed) = (Batch::new(), Batch::new());
        let fill = |room: &mut [u8]| std::io::Read::read(&mut &*text, room);
        likely.fill(text.len(), fill).expect("in memory");
        if !framer.likely(&mut likely) {
            return;
        }
        let frame = likely.get(0).expect("it is marked");
        if let Some(report) = self.text.check_unframed(Input::framed(frame, "fuzz")) {
            framer.push(text, &mut framed);
            framer.finish(&mut framed);
            assert_eq!((framed.len(), framed.get(0)), (1, Some(frame)));
            let wanted = self.tape.check(Input::framed(frame, "fuzz"));
            assert_eq!(format!("{report:?}"), format!("{wanted:?}"));
        }
    }

    fn check(&mut self, text: &[u8]) {
        let input = Input::new(text, "fuzz");
        let wanted = format!("{:?}", self.tape.check(input));
        assert_eq!(format!("{:?}", self.text.check(input)), wanted);
        self.check_unframed(text);
        let rules = self.engine.rules();
        if let Some(facts) = engine::facts_directly(rules, text) {
            let wanted = engine::facts(rules, text);
            assert_eq!(format!("{:?}", Some(facts)), format!("{wanted:?}"));
        }
    }
}

/// A schema and documents by chance: what the text says, the tape says too.
fn by_chance(bytes: &[u8]) {
    let mut chance = Chance(bytes);
    let Ok(schema) = Schema::compile(&chance::schema(&mut chance).to_string()) else {
        return;
    };
    let mut parser = Parser::new(Caps::default());
    let mut survey = Survey::default();
    for _ in 0..8 {
        let text = format!("{{\"a\": {}}}", chance::document(&mut chance));
        if !schema.is_plainly_right(text.as_bytes()) {
            continue;
        }
        let document = parser
            .parse(text.as_bytes())
            .expect("what is right is JSON");
        schema.survey(&document, Kind::CallRecord, &mut survey);
        assert_eq!(survey.verdict(), Some(true), "{text}");
        assert_eq!(survey.notice_count(), 0, "{text}");
        assert!(schema.is_valid(&document, Kind::CallRecord, &survey));
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((&first, rest)) = data.split_first() else {
        return;
    };
    BOTH.with_borrow_mut(|both| match first % 4 {
        0 => both.check(rest),
        1 => {
            let mut text = br#"{"id": "c", "version": 1, "type": "groupCall", "x@y": "#.to_vec();
            text.extend_from_slice(rest);
            text.push(b'}');
            both.check(&text);
        }
        2 => {
            let mut text = String::new();
            record(&mut Choices(rest)).write(&mut text);
            both.check(text.as_bytes());
        }
        _ => by_chance(rest),
    });
});
