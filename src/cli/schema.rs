//! `qualwatch schema`: shows a schema, which way it goes, and how Microsoft's metadata has moved on.
//!
//! Nothing is fetched: the newer metadata is a file that the caller has. Exit status 0 says that it
//! is the same, 1 that it is not.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::args::{Colour, Drift as Args, Form, SchemaJob, Show};
use super::{Exit, json, output, reading};
use crate::engine::BuildError;
use crate::schema::csdl::Model;
use crate::schema::drift::{Change, Drift, How, What};
use crate::schema::{Cover, Schema, Uncovered};
use crate::text::Safe;

/// Does one of the jobs.
pub(super) fn run(job: &SchemaJob) -> ExitCode {
    match job {
        SchemaJob::Show(args) => show(args),
        SchemaJob::Drift(args) => drift(args),
    }
}

fn show(args: &Show) -> ExitCode {
    if !args.plan && args.schema.is_none() {
        return output::print(args.api.schema().as_bytes());
    }
    let schema = match &args.schema {
        None => Schema::of(args.api),
        Some(file) => Schema::load(file),
    };
    let schema = match schema {
        Ok(schema) => schema,
        Err(error) => {
            let (_, painter) = reading::painters(Colour::Auto);
            output::complain(&reading::refused(&BuildError::Schema(error), painter));
            return Exit::Usage.into();
        }
    };
    if args.plan {
        return output::print(plan(schema.cover()).as_bytes());
    }
    let file = args.schema.as_deref().unwrap_or(Path::new("-"));
    match std::fs::read(file) {
        Ok(text) => output::print(&text),
        Err(error) => refuse(
            &format!("cannot read {}: {error}", file.display()),
            Exit::World,
        ),
    }
}

/// Which way a schema goes, a paragraph for each kind of document.
fn plan(cover: &[Cover]) -> String {
    let mut text = String::new();
    for part in cover {
        let all = match part.uncovered.len() {
            0 => "all of it is compiled".to_owned(),
            1 => "compiled, but for 1 place".to_owned(),
            more => format!("compiled, but for {more} places"),
        };
        let _ = writeln!(
            text,
            "{}: {all}\n  {} kinds of values, {} properties",
            part.part, part.sites, part.properties
        );
        if !part.patterns.is_empty() {
            let ways = part.patterns.iter();
            let ways: Vec<String> = ways.map(|(way, count)| format!("{count} {way}")).collect();
            let _ = writeln!(text, "  patterns: {}", ways.join(", "));
        }
        // Pages are few, and always parsed whole.
        if part.part == "document" {
            let _ = match part.on_tape {
                0 => writeln!(
                    text,
                    "  a right document is told from its text, without a tape"
                ),
                1 => writeln!(text, "  without a tape, but for 1 kind of values"),
                more => writeln!(text, "  without a tape, but for {more} kinds of values"),
            };
        }
        if !part.uncovered.is_empty() {
            text.push_str("  left to the jsonschema crate, where a document comes to it:\n");
        }
        for Uncovered { pointer, why } in &part.uncovered {
            let _ = writeln!(text, "    {}: {why}", Safe(&format!("#{pointer}")));
        }
    }
    text
}

fn drift(args: &Args) -> ExitCode {
    let name = args.file.display().to_string();
    let xml = match std::fs::read_to_string(&args.file) {
        Ok(xml) => xml,
        Err(error) => return refuse(&format!("cannot read {name}: {error}"), Exit::World),
    };
    let model = match Model::parse(&xml) {
        Ok(model) => model,
        Err(error) => {
            let hint = "give a metadata file of Microsoft Graph, such as v1.0-Prod.csdl of \
                microsoftgraph/msgraph-metadata";
            return refuse(&format!("{name}: {error}; {hint}"), Exit::Usage);
        }
    };
    if !model.types.keys().any(|name| name.ends_with(".callRecord")) {
        let why = format!("{name}: declares no callRecord: not the metadata of Microsoft Graph");
        return refuse(&why, Exit::Usage);
    }
    let schema: Value = serde_json::from_str(args.against.schema()).unwrap_or_default();
    let drift = Drift::between(&schema, &model);
    let text = match args.format {
        Form::Text => text(&drift, &name, args),
        Form::Json => json::line(&json!({
            "schema": "qualwatch.drift/1",
            "file": name,
            "commit": model.commit,
            "against": args.against.name(),
            "same": drift.is_empty(),
            "changes": drift.changes,
            "untold": drift.untold,
        })),
    };
    let printed = output::print(text.as_bytes());
    if drift.is_empty() || printed != ExitCode::SUCCESS {
        printed
    } else {
        Exit::Findings.into()
    }
}

fn refuse(why: &str, exit: Exit) -> ExitCode {
    output::complain(&format!("error: {}\n", Safe(why)));
    exit.into()
}

/// For people: a line for each change, call records first.
fn text(drift: &Drift, name: &str, args: &Args) -> String {
    let mut text = format!("{} against {}\n", Safe(name), args.against);
    let names: Vec<String> = drift.changes.iter().map(named).collect();
    let width = names.iter().map(|name| name.chars().count()).max();
    let width = width.unwrap_or(0).min(48);
    let mut record = None;
    for (change, name) in drift.changes.iter().zip(&names) {
        if record != Some(change.in_record) {
            record = Some(change.in_record);
            text.push_str(if change.in_record {
                "\nin call records\n"
            } else {
                "\nin reports about calls\n"
            });
        }
        let sign = match change.how {
            How::Came => '+',
            How::Went => '-',
            How::Changed => '~',
        };
        let line = format!("  {sign} {name:<width$}  {}", told(change));
        let _ = writeln!(text, "{}", Safe(line.trim_end()));
    }
    if !drift.untold.is_empty() {
        text.push_str("\nnot compared\n");
        for why in &drift.untold {
            let _ = writeln!(text, "  {}", Safe(why));
        }
    }
    if drift.is_empty() {
        text.push_str("\nthe same\n");
    } else {
        let _ = writeln!(
            text,
            "\n{} came, {} went, {} changed",
            drift.count(How::Came),
            drift.count(How::Went),
            drift.count(How::Changed)
        );
        text.push_str(
            "Until the schema is written anew (`cargo xtask schema` in the repository), what came is\n\
             a notice in a document, and what changed its type, or became nullable, a violation.\n",
        );
    }
    text
}

fn named(change: &Change) -> String {
    match &change.name {
        Some(name) => format!("{}.{name}", change.of),
        None => change.of.clone(),
    }
}

/// What happened, in words.
fn told(change: &Change) -> String {
    let (was, now) = (
        change.was.as_deref().unwrap_or_default(),
        change.now.as_deref().unwrap_or_default(),
    );
    match (change.how, change.what) {
        (How::Came, What::Type) => format!("type with {now}"),
        (How::Came, What::Enum) => format!("enum of {now}"),
        (How::Went, What::Type) => format!("type, had {was}"),
        (How::Went, What::Enum) => format!("enum, had {was}"),
        (_, What::Member) => "member".to_owned(),
        (How::Came, _) => now.to_owned(),
        (How::Went, _) => format!("was {was}"),
        (How::Changed, what) => {
            let aspect = match what {
                What::Base => "base ",
                What::TypeOfProperty => "type ",
                _ => "",
            };
            format!("{aspect}{now}, was {was}")
        }
    }
}
