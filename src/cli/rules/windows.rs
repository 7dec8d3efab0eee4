//! The window rules of `qualwatch rules`: what each measures, by what, and its limits.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::limit_lines;
use crate::alert::words::quantity;
use crate::alert::{length, unit_of};
use crate::cli::output::width;
use crate::cli::render::{Painter, counted};
use crate::rules::{LimitEntry, RuleSet, WindowMeasured, WindowRule};
use crate::text::Safe;
use crate::window::Spec;

/// A rule and its limits, line by line.
pub(super) fn text(out: &mut String, painter: Painter, set: &RuleSet) {
    for rule in set.windows() {
        let ways = set.window_ways(rule);
        let _ = writeln!(
            out,
            "{}  {}, {}, {}  {}",
            painter.bold(&Safe(rule.name()).to_string()),
            rule.severity().name(),
            what(rule),
            if ways.is_empty() {
                "compiled"
            } else {
                "interpreted"
            },
            painter.dim(&Safe(&rule.place().to_string()).to_string()),
        );
        for way in ways {
            if let Some(why) = way.interpreted {
                let line = format!(
                    "`{}` is interpreted: it has {}  {}",
                    way.key, why.reason, why.place
                );
                let _ = writeln!(out, "  {}", Safe(&line));
            }
        }
        limit_lines(out, width(), &limits(set, rule));
    }
    let number = set.windows().len() as u64;
    if number > 0 {
        let _ = writeln!(out, "{}", counted(number, "window rule"));
    }
}

/// `share on stream by client.network.subnet > 20 % within 60 min`
fn what(rule: &WindowRule) -> String {
    let on = rule
        .level()
        .map_or(String::new(), |level| format!(" on {}", level.name()));
    let by = rule
        .key_text()
        .map_or(String::new(), |by| format!(" by {}", Safe(&by)));
    match rule.measured() {
        WindowMeasured::Silence(floor) => format!("silence{on}{by} of {}", length(*floor)),
        WindowMeasured::Over(spec) => format!(
            "{}{on}{by} {} {} within {}",
            rule.measure(),
            if spec.below { "<" } else { ">" },
            quantity(&Value::from(spec.limit), unit_of(rule)),
            length(spec.lengths.within),
        ),
    }
}

fn limits<'s>(set: &'s RuleSet, rule: &WindowRule) -> Vec<(String, &'s LimitEntry)> {
    let limits = set.window_limits(rule);
    let names = rule.limit_names().into_iter();
    names
        .filter_map(|name| Some((name.clone(), limits.get(&name)?)))
        .collect()
}

/// A rule as one line of JSON.
pub(super) fn object(set: &RuleSet, rule: &WindowRule) -> String {
    let limits: Vec<Value> = limits(set, rule)
        .into_iter()
        .map(|(name, entry)| super::limit(&name, entry))
        .collect();
    let ways: Vec<Value> = set
        .window_ways(rule)
        .iter()
        .filter_map(|way| {
            let why = way.interpreted.as_ref()?;
            Some(json!({
                "key": way.key, "compiled": false, "reason": why.reason, "place": why.place.to_string(),
            }))
        })
        .collect();
    crate::cli::json::line(&json!({
        "schema": "qualwatch.windowinfo/1",
        "rule": &**rule.name(),
        "severity": rule.severity().name(),
        "on": rule.level().map(|level| level.name()),
        "measure": rule.measure(),
        "by": rule.key_text(),
        "unit": unit_of(rule),
        "window": match rule.measured() {
            WindowMeasured::Over(spec) => window(spec),
            WindowMeasured::Silence(floor) => json!({"silenceSeconds": floor}),
        },
        "place": rule.place().to_string(),
        "limits": limits,
        "interpreted": ways,
    }))
}

fn window(spec: &Spec) -> Value {
    let (lengths, least) = (spec.lengths, spec.minimum);
    json!({
        "op": if spec.below { "<" } else { ">" },
        "limit": spec.limit,
        "clear": spec.clear,
        "withinSeconds": lengths.within,
        "pendingSeconds": lengths.hold,
        "keepFiringSeconds": lengths.keep,
        "cooldownSeconds": lengths.cooldown,
        "idleSeconds": lengths.idle,
        "atLeast": {"samples": least.samples, "users": least.users, "calls": least.calls},
    })
}
