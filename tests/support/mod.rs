//! What the tests share: judge bytes as the program does, in order.

#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(
    clippy::print_stderr,
    reason = "a check that is skipped says so, past the harness"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use qualwatch::Engine;
use qualwatch::pipeline::{self, Event, Intake, Judged, Options};
use qualwatch::source::{ReadOptions, SourceName};
use qualwatch::stats::Summary;

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

/// A path from the repository's root.
pub(crate) fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The folder of real documents beside the repository, in CI; a user who clones has none.
///
/// With `QUALWATCH_SHARED` set its absence is an error, so that CI cannot skip it quietly.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let base = std::env::var_os("QUALWATCH_SHARED")
        .map_or_else(|| root("../shared"), |given| root("").join(given));
    let full = base.join(path);
    if full.exists() {
        return Some(full);
    }
    assert!(
        std::env::var_os("QUALWATCH_SHARED").is_none(),
        "{} is not there, but QUALWATCH_SHARED says that it must be",
        full.display()
    );
    eprintln!("skipped: {} is not there (it is in CI)", full.display());
    None
}
