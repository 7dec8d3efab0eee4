//! `qualwatch outbox` and `qualwatch state`: what waits, what is dead, and what is remembered.
//!
//! They work beside the main job, on the same folder. Nothing is sent here.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Exit;
use super::args::{Form, OutboxJob, OutboxList, OutboxRows, StateJob, WhichState};
use super::output::{complain, print};
use super::render::{count, counted};
use crate::clock::{Clock as _, SystemClock};
use crate::deliver::{Outbox as _, OutboxError, Row, RowId};
use crate::sink::Told;
use crate::state::{State, StateError};
use crate::text::Safe;

/// Does a job on the outbox.
pub(super) fn run(job: &OutboxJob) -> Exit {
    match job {
        OutboxJob::List(args) => on(&args.which, |state| list(state, args)),
        OutboxJob::Retry(args) => on(&args.which, |state| retry(state, args)),
        OutboxJob::Drop(args) => on(&args.which, |state| give_up(state, args)),
    }
}

/// Tells what a state folder holds, and prunes it.
pub(super) fn state(args: &StateJob) -> Exit {
    on(&args.which, |state| holdings(state, args))
}

/// Why a job could not be done.
enum Failure {
    State(StateError),
    Outbox(OutboxError),
}

impl From<StateError> for Failure {
    fn from(error: StateError) -> Failure {
        Failure::State(error)
    }
}

impl From<OutboxError> for Failure {
    fn from(error: OutboxError) -> Failure {
        Failure::Outbox(error)
    }
}

fn on(which: &WhichState, job: impl FnOnce(&State) -> Result<Exit, Failure>) -> Exit {
    let Some(folder) = &which.state else {
        complain(
            "error: no state folder; name it with --state DIR, or as `state` in qualwatch.toml\n",
        );
        return Exit::Usage;
    };
    let done = visit(folder)
        .map_err(Failure::from)
        .and_then(|state| job(&state));
    let (message, exit) = match done {
        Ok(exit) => return exit,
        Err(Failure::State(error)) => (error.to_string(), exit_of(&error)),
        Err(Failure::Outbox(error)) => (error.to_string(), Exit::World),
    };
    complain(&format!("error: {}\n", Safe(&message)));
    exit
}

fn visit(folder: &Path) -> Result<State, StateError> {
    State::visit(folder, Arc::new(SystemClock))
}

/// The exit status of a folder that cannot be used.
pub(super) fn exit_of(error: &StateError) -> Exit {
    match error {
        StateError::Nothing(_)
        | StateError::Taken(_)
        | StateError::Foreign(_)
        | StateError::Newer { .. } => Exit::Usage,
        _ => Exit::World,
    }
}

fn list(state: &State, args: &OutboxList) -> Result<Exit, Failure> {
    let mut rows = state.list(args.sink.as_deref())?;
    rows.retain(|row| row.dead || !args.dead);
    let mut text = String::new();
    for row in &rows {
        match args.format {
            Form::Json => text.push_str(&super::json::line(&value(row))),
            Form::Text => line(&mut text, row),
        }
    }
    if args.format == Form::Text {
        let dead = rows.iter().filter(|row| row.dead).count() as u64;
        let standing = rows.iter().filter(|row| row.standing).count() as u64;
        let _ = writeln!(
            text,
            "{} waiting, {} told again until they are over, {} dead",
            count(rows.len() as u64 - dead - standing),
            count(standing),
            count(dead)
        );
    }
    let _ = print(text.as_bytes());
    Ok(Exit::Done)
}

fn line(text: &mut String, row: &Row) {
    let told = Told::read(Arc::clone(&row.new.payload)).ok();
    let rule = told.as_ref().map_or("an alert", Told::rule);
    let call = row.new.call.as_deref().unwrap_or("without an id");
    let state = match (row.dead, row.standing) {
        (true, _) => "dead",
        (false, true) => "standing",
        (false, false) => "waiting",
    };
    let _ = writeln!(
        text,
        "{}  {state}  {}  {}, call {}  queued {}",
        row.id,
        Safe(&row.new.sink),
        Safe(rule),
        Safe(call),
        row.queued,
    );
    if row.attempts > 0 || row.dead {
        let why = row.last.as_deref().unwrap_or("no reason is known");
        let next = if row.dead {
            String::new()
        } else {
            format!("; next at {}", row.due)
        };
        let _ = writeln!(
            text,
            "    {} failed: {}{next}",
            counted(row.attempts.into(), "attempt"),
            Safe(why)
        );
    }
}

fn value(row: &Row) -> Value {
    let alert: Value = serde_json::from_str(&row.new.payload).unwrap_or_default();
    json!({
        "schema": "qualwatch.outbox/1",
        "row": row.id.0,
        "sink": &*row.new.sink,
        "event": &*row.new.event,
        "queued": row.queued.to_string(),
        "due": (!row.dead).then(|| row.due.to_string()),
        "attempts": row.attempts,
        "standing": row.standing,
        "dead": row.dead,
        "why": row.last,
        "alert": alert,
    })
}

/// The rows that are asked for.
fn chosen(state: &State, args: &OutboxRows) -> Result<Vec<RowId>, Failure> {
    if !args.dead {
        return Ok(args.rows.iter().map(|row| RowId(*row)).collect());
    }
    let rows = state.list(args.sink.as_deref())?;
    Ok(rows
        .iter()
        .filter(|row| row.dead)
        .map(|row| row.id)
        .collect())
}

fn retry(state: &State, args: &OutboxRows) -> Result<Exit, Failure> {
    let now = SystemClock.now();
    let rows = chosen(state, args)?;
    each(&rows, "due now", |id| state.retry(id, now))
}

fn give_up(state: &State, args: &OutboxRows) -> Result<Exit, Failure> {
    let rows = chosen(state, args)?;
    each(&rows, "given up", |id| state.drop_row(id))
}

fn each(
    rows: &[RowId],
    done: &str,
    job: impl Fn(RowId) -> Result<bool, OutboxError>,
) -> Result<Exit, Failure> {
    let (mut text, mut all) = (String::new(), true);
    for id in rows {
        let found = job(*id)?;
        all &= found;
        let said = if found { done } else { "there is no such row" };
        let _ = writeln!(text, "{id}  {said}");
    }
    if rows.is_empty() {
        text.push_str("there is no dead letter\n");
    }
    let _ = print(text.as_bytes());
    Ok(if all { Exit::Done } else { Exit::Findings })
}

fn holdings(state: &State, args: &StateJob) -> Result<Exit, Failure> {
    let pruned = match args.prune {
        Some(age) => {
            let before = SystemClock.now().checked_sub(age).unwrap_or(Timestamp::MIN);
            Some(state.prune(before)?)
        }
        None => None,
    };
    let held = state.holdings()?;
    let text = match args.format {
        Form::Json => {
            let sinks: serde_json::Map<String, Value> = held
                .sinks
                .iter()
                .map(|(name, totals)| {
                    let counts = json!({
                        "waiting": totals.waiting,
                        "standing": totals.standing,
                        "dead": totals.dead,
                    });
                    (name.clone(), counts)
                })
                .collect();
            super::json::line(&json!({
                "schema": "qualwatch.state/1",
                "folder": state.folder().display().to_string(),
                "sinks": sinks,
                "delivered": held.delivered,
                "documents": held.documents,
                "since": held.since.map(|since| since.to_string()),
                "bytes": held.bytes,
                "pruned": pruned,
            }))
        }
        Form::Text => {
            let mut text = format!(
                "{}  {}\n",
                Safe(&state.folder().display().to_string()),
                counted(held.bytes, "byte")
            );
            for (name, totals) in &held.sinks {
                let _ = writeln!(
                    text,
                    "{}  {} waiting, {} told again until they are over, {} dead",
                    Safe(name),
                    count(totals.waiting),
                    count(totals.standing),
                    count(totals.dead)
                );
            }
            if held.sinks.is_empty() {
                text.push_str("nothing waits for a sink, and nothing is dead\n");
            }
            let since = held
                .since
                .map_or_else(String::new, |since| format!(", the oldest of {since}"));
            let _ = writeln!(
                text,
                "{} remembered{since}",
                match held.delivered {
                    1 => "1 delivery".to_owned(),
                    many => format!("{} deliveries", count(many)),
                }
            );
            let _ = writeln!(text, "{} remembered", counted(held.documents, "document"));
            if let Some(pruned) = pruned {
                let _ = writeln!(text, "{} forgotten", count(pruned));
            }
            text
        }
    };
    let _ = print(text.as_bytes());
    Ok(Exit::Done)
}
