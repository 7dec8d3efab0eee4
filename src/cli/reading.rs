//! Documents read once, for the jobs that end: the main job's pipeline, and what it has to say
//! beside its reports.
//!
//! Messages go to standard error, in the order of the input. It judges nothing and shows no report.

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::sync::Arc;

use super::args::{Colour, Documents, WhichRules};
use super::output::complain;
use super::render::Painter;
use crate::engine::{BuildError, Engine, EngineBuilder, Notices};
use crate::over_time;
use crate::pipeline::{self, Event, Intake, Judged, Options};
use crate::rules::{self, WindowRule};
use crate::schema::SchemaError;
use crate::source::{FolderOptions, ReadOptions, SourceName};
use crate::stats::Summary;
use crate::text::Safe;
use crate::window::Held;

/// How to paint standard output and standard error.
pub(super) fn painters(colour: Colour) -> (Painter, Painter) {
    let of = |terminal| Painter {
        colour: colour.paints(terminal),
    };
    (
        of(io::stdout().is_terminal()),
        of(io::stderr().is_terminal()),
    )
}

/// An engine with the rules asked for; why there is none, ready to be shown.
pub(super) fn engine(
    builder: EngineBuilder,
    which: &WhichRules,
    painter: Painter,
) -> Result<(Arc<Engine>, Vec<rules::Notice>), String> {
    let mut builder = builder.notices(Notices::FirstOfEach);
    for path in &which.rules {
        builder = builder.rules(path);
    }
    for written in &which.set {
        builder = builder.set(written);
    }
    let sites = super::sites::load(&which.sites)
        .map_err(|faults| super::sites::refused(&faults, painter.colour) + "\n")?;
    if let Some(sites) = sites {
        builder = builder.sites(sites);
    }
    builder
        .build_with_notices()
        .map_err(|error| refused(&error, painter))
}

/// Why there is no engine.
pub(super) fn refused(error: &BuildError, painter: Painter) -> String {
    match error {
        BuildError::Rules(errors) => {
            format!(
                "{}\n\nerror: the rules do not load\n",
                errors.render(painter.colour)
            )
        }
        BuildError::Schema(SchemaError::Broken(broken)) => super::snippet::broken(painter, broken),
        other => format!("error: {}\n", Safe(&other.to_string())),
    }
}

/// What reading came to.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) summary: Summary,
    /// what each window holds at the end, if that was asked for
    pub(super) windows: Vec<(WindowRule, Vec<Held>)>,
    pub(super) sources: u64,
    pub(super) failed: bool,
}

/// Reads everything there is, and gives each document to `see` in the order of the input, until it
/// wants no more.
pub(super) fn read(
    engine: &Arc<Engine>,
    paths: &[PathBuf],
    documents: &Documents,
    painter: Painter,
    over_time: Option<over_time::Options>,
    see: &mut dyn FnMut(&SourceName, Judged) -> bool,
) -> Result<Read, String> {
    let options = documents.read();
    let intakes = intakes(paths, &options)?;
    let running = pipeline::run(
        Arc::clone(engine),
        vec![pipeline::one_after_another(intakes)],
        Options {
            workers: documents
                .workers
                .map_or_else(|| Options::default().workers, usize::from),
            keep_refused: true,
            every_document: true,
            pool: options.pool,
            over_time,
        },
    );
    let mut read = Read::default();
    let say = |what: &str, name: &str, message: &str| {
        complain(&format!(
            "{}  {}  {}\n",
            painter.bold(what),
            Safe(name),
            Safe(message)
        ));
    };
    'all: for event in &running.events {
        match event {
            Event::Judged {
                source,
                counts,
                documents,
                ..
            } => {
                read.summary.add(&counts);
                for judged in documents {
                    if !see(&source, judged) {
                        break 'all;
                    }
                }
            }
            Event::End { source, outcome } => {
                read.sources += 1;
                if let Some(error) = outcome.error {
                    read.failed = true;
                    say("error", &source.to_string(), &error.to_string());
                } else if outcome.frames == 0 {
                    say("note", &source.to_string(), "it holds no document");
                }
            }
            Event::PassedOver { path, reason } => say(
                "passed over",
                &path.display().to_string(),
                &reason.to_string(),
            ),
            Event::Noted(note) => complain(&format!(
                "{}  {}\n",
                painter.bold("note"),
                Safe(&note.to_string())
            )),
            Event::OverTime(_) => {}
            Event::OverTimeEnd { contents, .. } => read.windows = contents,
            Event::IntakeOver(end) => {
                for error in end.errors {
                    read.failed = true;
                    say("error", "folder", &error.to_string());
                }
            }
        }
    }
    running.join();
    Ok(read)
}

fn intakes(paths: &[PathBuf], read: &ReadOptions) -> Result<Vec<Intake>, String> {
    if paths.is_empty() {
        if io::stdin().is_terminal() {
            return Err(
                "nothing to read: give files or folders, or - for standard input; see --help"
                    .to_owned(),
            );
        }
        let intake = pipeline::stream(io::stdin(), SourceName::Stdin, read.clone());
        return Ok(vec![intake]);
    }
    let intake = |path: &PathBuf| {
        if path.is_dir() {
            let options = FolderOptions {
                read: read.clone(),
                ..FolderOptions::default()
            };
            return pipeline::folder(path.clone(), options, true);
        }
        pipeline::files(vec![path.clone()], read.clone())
    };
    Ok(paths.iter().map(intake).collect())
}
