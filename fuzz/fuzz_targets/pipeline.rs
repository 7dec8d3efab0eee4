//! Bytes to reports, all the way: does anything panic, and does a used checker
//! say what a new one says?
//!
//! The twin of a checker that has judged thousands of documents is one that has
//! judged none: buffers that leak from one document into the next show at once.
//! Alerts and problems are written as JSON and read back, and each place they name
//! must be there; every form of `check` is written too. The first byte says whether the rest is a text, or decisions
//! about a generated record.

#![no_main]

use std::cell::RefCell;
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use qualwatch::cli::{CheckForm, OutputForm, check_written};
use qualwatch::clock::FixedClock;
use qualwatch::engine::Checker;
use qualwatch::frame::{Batch, FrameLimits, Framer, Framing, Open};
use qualwatch::pipeline::Judged;
use qualwatch::record::Origin;
use qualwatch::record::kind::Taken;
use qualwatch::source::SourceName;
use qualwatch::{Engine, Input, Report};
use qualwatch_fuzz::spoil::{Choices, record};
use serde_json::Value;

struct Both {
    engine: Arc<Engine>,
    used: Checker,
    batch: Batch,
}

thread_local! {
    static BOTH: RefCell<Both> = RefCell::new({
        let engine = Engine::builder()
            .clock(Arc::new(FixedClock("2026-11-23T15:04:05Z".parse().expect("a time"))))
            .build()
            .expect("the shipped rules load");
        Both {
            used: engine.checker(),
            engine,
            batch: Batch::new(),
        }
    });
}

fuzz_target!(|data: &[u8]| {
    let Some((&first, rest)) = data.split_first() else {
        return;
    };
    BOTH.with_borrow_mut(|both| {
        if first & 1 == 0 {
            check(both, rest);
        } else {
            let mut text = String::new();
            record(&mut Choices(rest)).write(&mut text);
            check(both, text.as_bytes());
        }
    });
});

fn check(both: &mut Both, text: &[u8]) {
    let Both {
        engine,
        used,
        batch,
    } = both;
    batch.clear();
    let mut framer = Framer::new(Framing::Auto, FrameLimits::default(), Open::default());
    framer.push(text, batch);
    framer.finish(batch);
    for frame in batch.iter().take(64) {
        let input = Input {
            bytes: frame.bytes,
            source: "fuzz",
            origin: Origin {
                line: frame.line,
                column: frame.column,
                offset: frame.offset,
            },
            taken: Taken {
                element: frame.element,
                context: frame.context,
            },
        };
        let report = used.check(input);
        assert_eq!(
            format!("{report:?}"),
            format!("{:?}", engine.checker().check(input))
        );
        let lines = 1 + text.iter().filter(|byte| **byte == b'\n').count() as u64;
        for problem in &report.problems {
            assert!((1..=lines).contains(&problem.line));
            let written = serde_json::to_string(problem).expect("writes");
            let _: Value = serde_json::from_str(&written).expect("reads back");
        }
        for notice in &report.notices {
            assert!((1..=lines).contains(&notice.line));
        }
        in_every_form(&report, input);
        if report.alerts.is_empty() {
            continue;
        }
        let document: Value = serde_json::from_slice(frame.bytes).expect("an alert needs JSON");
        for alert in &report.alerts {
            let written = serde_json::to_string(alert).expect("writes");
            let alert: Value = serde_json::from_str(&written).expect("reads back");
            let findings = alert["findings"].as_array().expect("findings");
            assert!(!findings.is_empty());
            for finding in findings {
                for evidence in finding["evidence"].as_array().into_iter().flatten() {
                    let pointer = evidence["pointer"].as_str().expect("a pointer");
                    assert!(document.pointer(pointer).is_some(), "{pointer}");
                    let line = evidence["line"].as_u64().expect("a line");
                    assert!((1..=lines).contains(&line));
                }
            }
        }
    }
}

/// What `qualwatch check` would write of it: whatever it is, its JSON must parse.
fn in_every_form(report: &Report, input: Input<'_>) {
    let documents = [Judged {
        origin: input.origin,
        report: report.clone(),
        text: Some(input.bytes.to_vec()),
        told: Default::default(),
    }];
    let source = SourceName::Stdin;
    let written = |form, output| check_written(form, output, &source, &documents);
    for output in [OutputForm::Flag, OutputForm::List, OutputForm::Hierarchical] {
        for line in written(CheckForm::Json, output).lines() {
            let told: Value = serde_json::from_str(line).expect("JSON");
            assert!(told["valid"].is_boolean());
        }
    }
    let log: Value =
        serde_json::from_str(&written(CheckForm::Sarif, OutputForm::Flag)).expect("JSON");
    assert_eq!(log["version"], "2.1.0");
    for form in [CheckForm::Text, CheckForm::Junit] {
        let text = written(form, OutputForm::Flag);
        let harmful = |c: char| c != '\n' && qualwatch::text::is_harmful(c);
        assert!(!text.contains(harmful), "{text:?}");
    }
}
