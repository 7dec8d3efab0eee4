//! `qualwatch check`: documents in, what is wrong with them out, in the form that was asked for.
//!
//! Reads and judges by the same pipeline as the main job, without rules. Each form is a file of
//! [`check`](self); all of them get the same findings in the order of the input. Nothing is
//! watched, and nothing is judged here.

mod groups;
mod json;
mod junit;
mod sarif;
mod text;

pub(super) use junit::Xml;

use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;

use super::Exit;
use super::args::{Check, CheckForm, OutputForm};
use super::render::{Painter, count};
use super::snippet;
use crate::engine::{BuildError, Engine, Notices, Verdict};
use crate::frame::Framing;
use crate::pipeline::{self, Event, Intake, Judged};
use crate::schema::{Problem, SchemaError};
use crate::source::{FolderOptions, ReadOptions, SourceName};
use crate::stats::Summary;
use crate::text::Safe;

/// A form of the findings. Each call appends to `out` what is ready to be written.
trait Writer {
    /// One document, in the order of the input.
    fn document(&mut self, source: &SourceName, judged: &Judged, out: &mut String);
    /// A source that ended, and why before its end.
    fn source_end(&mut self, _source: &SourceName, _error: Option<&str>, _out: &mut String) {}
    /// The end of all of it.
    fn end(&mut self, _complete: bool, _out: &mut String) {}
    /// Whether documents count that nothing is to be said of.
    fn wants_every_document(&self) -> bool {
        true
    }
}

/// One thing to tell of a document, as the forms for programs need it.
struct Finding<'a> {
    /// whether it is a violation, and no notice
    refused: bool,
    /// keyword or code
    code: &'a str,
    pointer: &'a str,
    line: u64,
    column: u64,
    end_column: Option<u64>,
    message: String,
    problem: Option<&'a Problem>,
}

/// What there is to tell of a document.
fn findings(judged: &Judged) -> Vec<Finding<'_>> {
    let report = &judged.report;
    let origin = judged.origin;
    let mut all = Vec::new();
    let plain = |code, message: &str| Finding {
        refused: true,
        code,
        pointer: "",
        line: origin.line,
        column: origin.column,
        end_column: None,
        message: message.to_owned(),
        problem: None,
    };
    if let Some(fault) = &report.fault {
        all.push(Finding {
            line: fault.spot.line,
            column: fault.spot.column,
            ..plain(fault.code, &fault.message)
        });
    }
    if report.verdict == Verdict::Foreign {
        let hint = report.hint.unwrap_or_default();
        all.push(plain("foreign", &format!("{}: {hint}", report.kind.name())));
    }
    for problem in &report.problems {
        all.push(Finding {
            refused: true,
            code: &problem.keyword,
            pointer: &problem.pointer,
            line: problem.line,
            column: problem.column,
            end_column: Some(problem.end_column),
            message: problem.message(),
            problem: Some(problem),
        });
    }
    for notice in &report.notices {
        all.push(Finding {
            refused: false,
            code: notice.kind.code(),
            pointer: &notice.pointer,
            line: notice.line,
            column: notice.column,
            end_column: None,
            message: format!("found {}, expected {}", notice.found, notice.wanted),
            problem: None,
        });
    }
    all
}

fn writer(form: CheckForm, output: OutputForm, colour: bool) -> Box<dyn Writer> {
    match form {
        CheckForm::Text => Box::new(text::Text::new(Painter { colour })),
        CheckForm::Json => Box::new(json::Json::new(output)),
        CheckForm::Sarif => Box::new(sarif::Sarif::default()),
        CheckForm::Junit => Box::new(junit::Junit::default()),
    }
}

/// What `qualwatch check` writes of the documents of one source: the same code, without files.
pub fn written(
    form: CheckForm,
    output: OutputForm,
    source: &SourceName,
    documents: &[Judged],
) -> String {
    let mut writer = writer(form, output, false);
    let mut out = String::new();
    for judged in documents {
        writer.document(source, judged, &mut out);
    }
    writer.source_end(source, None, &mut out);
    writer.end(true, &mut out);
    out
}

/// Does the job.
pub(super) fn run(args: &Check) -> Exit {
    let coloured = |terminal| args.color.paints(terminal);
    let message = |text: &str| {
        // What nobody can read is lost; nothing else can be done.
        let _ = io::stderr().lock().write_all(text.as_bytes());
    };
    let painter = Painter {
        colour: coloured(io::stderr().is_terminal()),
    };
    let mut builder = Engine::builder()
        .without_rules()
        .api(args.api)
        .caps(args.limits.caps())
        .max_problems(args.limits.max_problems)
        .notices(Notices::All);
    if let Some(schema) = &args.schema {
        builder = builder.schema_file(schema);
    }
    let engine = match builder.build() {
        Ok(engine) => engine,
        Err(BuildError::Schema(SchemaError::Broken(broken))) => {
            message(&snippet::broken(painter, &broken));
            return Exit::Usage;
        }
        Err(error) => {
            message(&format!("error: {}\n", Safe(&error.to_string())));
            return Exit::Usage;
        }
    };
    if let Some(odd) = engine.schema().odd() {
        message(&snippet::faults(painter, odd));
    }
    let read = args.limits.read(args.framing, args.schema.is_some());
    let intakes = match intakes(args, &read) {
        Ok(intakes) => intakes,
        Err(text) => {
            message(&format!("error: {text}\n"));
            return Exit::Usage;
        }
    };
    let colour = coloured(io::stdout().is_terminal());
    let mut writer = writer(args.format, args.output, colour);
    let mut options = pipeline::Options {
        keep_refused: args.format == CheckForm::Text,
        every_document: writer.wants_every_document(),
        pool: read.pool.clone(),
        ..pipeline::Options::default()
    };
    if let Some(workers) = args.workers {
        options.workers = usize::from(workers);
    }
    let running = pipeline::run(engine, vec![pipeline::one_after_another(intakes)], options);
    let mut out = Out::default();
    let mut summary = Summary::default();
    let mut files = 0u64;
    let mut unlisted = 0u64;
    let mut world_failed = false;
    for event in &running.events {
        match event {
            Event::Judged {
                source,
                counts,
                documents,
                ..
            } => {
                summary.add(&counts);
                for judged in &documents {
                    unlisted += u64::from(judged.report.more_problems);
                    writer.document(&source, judged, &mut out.text);
                    out.flow();
                }
            }
            Event::End { source, outcome } => {
                let error = outcome.error.map(|error| error.to_string());
                files += 1;
                if let Some(error) = &error {
                    world_failed = true;
                    message(&format!(
                        "{}  {}  {}\n",
                        painter.bold("error"),
                        Safe(&source.to_string()),
                        Safe(error)
                    ));
                } else if outcome.frames == 0 {
                    message(&format!(
                        "{}  {}  it holds no document\n",
                        painter.bold("note"),
                        Safe(&source.to_string())
                    ));
                }
                writer.source_end(&source, error.as_deref(), &mut out.text);
                out.flow();
            }
            Event::PassedOver { path, reason } => message(&format!(
                "{}  {}  {reason}\n",
                painter.bold("passed over"),
                Safe(&path.display().to_string())
            )),
            Event::Noted(note) => {
                message(&format!(
                    "{}  {}\n",
                    painter.bold("note"),
                    Safe(&note.to_string())
                ));
            }
            Event::OverTime(_) | Event::OverTimeEnd { .. } => {}
            Event::IntakeOver(end) => {
                for error in end.errors {
                    world_failed = true;
                    message(&format!(
                        "{}  {}\n",
                        painter.bold("error"),
                        Safe(&error.to_string())
                    ));
                }
            }
        }
        if out.gone {
            break;
        }
    }
    running.join();
    writer.end(!world_failed, &mut out.text);
    out.finish();
    if out.gone {
        return Exit::Done;
    }
    if let Some(error) = out.failed {
        message(&format!(
            "error: cannot write to standard output: {error}\n"
        ));
        return Exit::World;
    }
    message(&totals(&summary, files, unlisted, args.limits.max_problems));
    let refused = Verdict::ALL
        .into_iter()
        .any(|verdict| verdict.is_refusal() && summary.of(verdict) > 0);
    match (world_failed, refused) {
        (true, _) => Exit::World,
        (false, true) => Exit::Findings,
        (false, false) => Exit::Done,
    }
}

/// Standard output, which a reader may leave.
#[derive(Default)]
struct Out {
    text: String,
    gone: bool,
    failed: Option<io::Error>,
}

impl Out {
    /// Writes what is there, once it is worth a call.
    fn flow(&mut self) {
        const WORTH: usize = 64 << 10;
        if self.text.len() >= WORTH {
            self.finish();
        }
    }

    fn finish(&mut self) {
        if !self.gone && self.failed.is_none() {
            let mut out = io::stdout().lock();
            let result = out
                .write_all(self.text.as_bytes())
                .and_then(|()| out.flush());
            match result {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.gone = true,
                Err(error) => self.failed = Some(error),
            }
        }
        self.text.clear();
    }
}

fn intakes(args: &Check, read: &ReadOptions) -> Result<Vec<Intake>, String> {
    if args.paths.is_empty() {
        if io::stdin().is_terminal() {
            return Err("nothing to check: give files or folders, or - for standard input; see qualwatch check --help".to_owned());
        }
        return Ok(vec![pipeline::stream(
            io::stdin(),
            SourceName::Stdin,
            read.clone(),
        )]);
    }
    let intake = |path: &std::path::PathBuf| {
        if path.is_dir() {
            let options = FolderOptions {
                read: read.clone(),
                ..FolderOptions::default()
            };
            return pipeline::folder(path.clone(), options, true);
        }
        let mut read = read.clone();
        if args.schema.is_some() && read.framing == Framing::Auto && is_one_document(path) {
            read.framing = Framing::Document;
        }
        pipeline::files(vec![path.clone()], read)
    };
    Ok(args.paths.iter().map(intake).collect())
}

/// Whether the name says that the file is one document.
fn is_one_document(path: &Path) -> bool {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let name = name.to_ascii_lowercase();
    let name = name
        .strip_suffix(".gz")
        .or(name.strip_suffix(".zst"))
        .unwrap_or(&name);
    name.ends_with(".json")
}

/// What was checked, in a line or two.
fn totals(summary: &Summary, files: u64, unlisted: u64, max_problems: usize) -> String {
    let plural = |number: u64, one: &str, many: &str| {
        format!("{} {}", count(number), if number == 1 { one } else { many })
    };
    let verdicts: Vec<String> = Verdict::ALL
        .into_iter()
        .filter(|verdict| summary.of(*verdict) > 0)
        .map(|verdict| format!("{} {}", count(summary.of(verdict)), verdict.name()))
        .collect();
    let mut text = format!(
        "{} from {}: {}",
        plural(summary.seen, "document", "documents"),
        plural(files, "source", "sources"),
        if verdicts.is_empty() {
            "nothing to check".to_owned()
        } else {
            verdicts.join(", ")
        },
    );
    if summary.problems > 0 {
        text.push_str("; ");
        text.push_str(&plural(summary.problems, "violation", "violations"));
    }
    if summary.notices > 0 {
        text.push_str("; ");
        text.push_str(&plural(summary.notices, "notice", "notices"));
    }
    text.push('\n');
    if unlisted > 0 {
        text.push_str(&format!(
            "{} more violations than --max-problems {max_problems} keeps of one\n",
            if unlisted == 1 {
                "1 document has".to_owned()
            } else {
                format!("{} documents have", count(unlisted))
            },
        ));
    }
    text
}
