//! What the windows hold when all documents are read: key by key, the worst first.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::alert::words::quantity;
use crate::alert::{length, unit_of};
use crate::cli::json::line;
use crate::cli::render::{Painter, count, counted};
use crate::rules::{WindowMeasured, WindowRule, key_parts};
use crate::text::Safe;
use crate::window::{ChangeState, Content, Held, Spec};

/// More keys of one window are only counted.
const KEYS: usize = 5;

/// One window, as text.
pub(super) fn text(painter: Painter, rule: &WindowRule, held: &[Held]) -> String {
    let WindowMeasured::Over(spec) = rule.measured() else {
        // Silence is a matter of wall time: a stretch of documents says nothing of it.
        return String::new();
    };
    let mut text = format!(
        "{}  {}, {}: {}  {}\n",
        painter.bold(&Safe(rule.name()).to_string()),
        rule.severity().name(),
        asked(rule, spec),
        counted(held.len() as u64, "key"),
        painter.dim(&Safe(&rule.place().to_string()).to_string()),
    );
    let mut keys: Vec<&Held> = held.iter().collect();
    keys.sort_by(|a, b| worse(spec, a, b));
    for key in keys.iter().take(KEYS) {
        let parts = key_parts(&key.key);
        let name = match parts.is_empty() {
            true => "all".to_owned(),
            false => Safe(&parts.join(", ")).to_string(),
        };
        let state = key.state.map_or(String::new(), |state| match state {
            ChangeState::Firing => painter.bad("firing") + "  ",
            state => painter.bold(state.name()) + "  ",
        });
        let _ = writeln!(text, "  {state}{name}  {}", content(rule, &key.content));
    }
    if keys.len() > KEYS {
        let _ = writeln!(text, "  … and {} more", count((keys.len() - KEYS) as u64));
    }
    text
}

/// Firing first, then by how far.
fn worse(spec: &Spec, a: &Held, b: &Held) -> std::cmp::Ordering {
    let rank = |held: &Held| match held.state {
        Some(ChangeState::Firing) => 0,
        Some(_) => 1,
        None => 2,
    };
    let value = |held: &Held| {
        let value = held.content.value.unwrap_or(0.0);
        if spec.below { value } else { -value }
    };
    rank(a)
        .cmp(&rank(b))
        .then(value(a).total_cmp(&value(b)))
        .then(b.content.samples.cmp(&a.content.samples))
        .then(a.key.cmp(&b.key))
}

/// `share > 20 % within 60 min, of at least 50 samples, 5 users, 3 calls`
fn asked(rule: &WindowRule, spec: &Spec) -> String {
    let mut text = format!(
        "{} {} {} within {}",
        rule.measure(),
        if spec.below { "<" } else { ">" },
        quantity(&Value::from(spec.limit), unit_of(rule)),
        length(spec.lengths.within),
    );
    let least = spec.minimum;
    let least = [
        (least.samples, "sample"),
        (least.users, "user"),
        (least.calls, "call"),
    ];
    let least: Vec<String> = least
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| counted(number.into(), what))
        .collect();
    if !least.is_empty() {
        let _ = write!(text, ", of at least {}", least.join(", "));
    }
    text
}

fn content(rule: &WindowRule, content: &Content) -> String {
    let value = match content.value {
        Some(value) => quantity(&Value::from(value), unit_of(rule)),
        None => "nothing".to_owned(),
    };
    let hits = content.hits.map_or(String::new(), |hits| {
        format!(
            " ({} of {})",
            count(hits.into()),
            count(content.samples.into())
        )
    });
    format!(
        "{value}{hits}; {}, {}, {}",
        counted(content.samples.into(), "sample"),
        counted(content.users.into(), "user"),
        counted(content.calls.into(), "call"),
    )
}

/// One window, as one line of JSON.
pub(super) fn object(rule: &WindowRule, held: &[Held]) -> String {
    let keys: Vec<Value> = held
        .iter()
        .map(|held| {
            json!({
                "key": key_parts(&held.key),
                "state": held.state.map(ChangeState::name),
                "content": held.content,
            })
        })
        .collect();
    line(&json!({
        "schema": "qualwatch.window/1",
        "rule": &**rule.name(),
        "measure": rule.measure(),
        "unit": unit_of(rule),
        "keys": keys,
    }))
}
