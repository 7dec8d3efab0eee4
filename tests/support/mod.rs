//! What the tests share: judge bytes as the program does, in order.

#![allow(dead_code, reason = "each test file uses a part of it")]

pub(crate) mod program;
pub(crate) mod receiver;
mod shared;
pub(crate) mod smtp;

use std::path::PathBuf;
use std::sync::Arc;

use qualwatch::Engine;
use qualwatch::pipeline::{self, Event, Intake, Judged, Options};
use qualwatch::source::{ReadOptions, SourceName};
use qualwatch::stats::Summary;

#[allow(unused_imports, reason = "each test file uses a part of it")]
pub(crate) use shared::{root, shared};

/// Everything that came out of a pipeline.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) documents: Vec<(String, Judged)>,
    pub(crate) summary: Summary,
    pub(crate) errors: Vec<String>,
}

/// Runs intakes to their end.
pub(crate) fn run(engine: &Arc<Engine>, intakes: Vec<Intake>, workers: usize) -> Outcome {
    let options = Options {
        workers,
        ..Options::default()
    };
    let running = pipeline::run(Arc::clone(engine), intakes, options);
    let mut outcome = Outcome::default();
    for event in &running.events {
        match event {
            Event::Judged {
                source,
                counts,
                documents,
                ..
            } => {
                outcome.summary.add(&counts);
                let source = source.to_string();
                outcome
                    .documents
                    .extend(documents.into_iter().map(|judged| (source.clone(), judged)));
            }
            Event::End { outcome: end, .. } => {
                outcome
                    .errors
                    .extend(end.error.map(|error| error.to_string()));
            }
            _ => {}
        }
    }
    running.join();
    assert!(outcome.summary.adds_up(), "{:?}", outcome.summary);
    outcome
}

/// Judges bytes as if they came from a pipe.
pub(crate) fn judge(engine: &Arc<Engine>, bytes: Vec<u8>) -> Outcome {
    let intake = pipeline::stream(
        std::io::Cursor::new(bytes),
        SourceName::Stdin,
        ReadOptions::default(),
    );
    run(engine, vec![intake], 2)
}

/// Judges files in order.
pub(crate) fn judge_files(engine: &Arc<Engine>, paths: Vec<PathBuf>) -> Outcome {
    run(
        engine,
        vec![pipeline::files(paths, ReadOptions::default())],
        1,
    )
}
