//! `qualwatch rules`: the rules with their limits, which way each runs, and what each said.
//!
//! With paths the documents there are read once, and the places counted. Nothing is judged here.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Exit;
use super::args::{Form, Rules as Args};
use super::output::{Results, complain, width};
use super::reading;
use super::render::{Painter, count, counted};
use crate::engine::{Engine, RuleCount};
use crate::rules::{Rule, RuleSet};
use crate::text::Safe;

/// Does the job.
pub(super) fn run(args: &Args) -> Exit {
    let (out_painter, painter) = reading::painters(args.color);
    let builder = Engine::builder()
        .api(args.documents.api)
        .caps(args.documents.limits.caps());
    let (engine, notices) = match reading::engine(builder, &args.which, painter) {
        Ok(built) => built,
        Err(message) => {
            complain(&message);
            return Exit::Usage;
        }
    };
    let set = engine.rules();
    if !notices.is_empty() && args.format == Form::Text {
        let shown = crate::rules::render(&notices, set.sources(), painter.colour);
        complain(&format!("{shown}\n\n"));
    }
    let mut failed = false;
    let mut counts: Option<Vec<RuleCount>> = None;
    if !args.paths.is_empty() {
        let read = reading::read(
            &engine,
            &args.paths,
            &args.documents,
            painter,
            &mut |_, _| true,
        );
        match read {
            Ok(read) => {
                failed = read.failed;
                let mut rules = read.summary.rules;
                rules.resize(set.rules().len(), RuleCount::default());
                counts = Some(rules);
            }
            Err(message) => {
                complain(&format!("error: {message}\n"));
                return Exit::Usage;
            }
        }
    }
    let mut results = Results::default();
    results.write(&match args.format {
        Form::Text => text(out_painter, set, counts.as_deref()),
        Form::Json => set
            .rules()
            .iter()
            .enumerate()
            .map(|(at, rule)| object(set, rule, counts.as_ref().and_then(|all| all.get(at))))
            .collect(),
    });
    results.exit(if failed { Exit::World } else { Exit::Done })
}

/// The limits that a rule's own words name, in the order in which they are asked.
fn limits(set: &RuleSet, rule: &Rule) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in rule.limit_names() {
        if set.limits(rule).get(&name).is_some() && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn text(painter: Painter, set: &RuleSet, counts: Option<&[RuleCount]>) -> String {
    let mut out = String::new();
    let wide = width();
    let mut compiled = 0;
    for (at, rule) in set.rules().iter().enumerate() {
        let ways = set.ways(rule);
        let interpreted: Vec<String> = ways
            .iter()
            .filter_map(|way| {
                let why = way.interpreted.as_ref()?;
                let (key, reason) = (way.key, Safe(&why.reason));
                Some(format!(
                    "`{key}` is interpreted: it has {reason}  {}",
                    why.place
                ))
            })
            .collect();
        compiled += usize::from(interpreted.is_empty());
        let _ = writeln!(
            out,
            "{}  {}, on {}, {}  {}",
            painter.bold(&Safe(rule.name()).to_string()),
            rule.severity().name(),
            rule.level().name(),
            if interpreted.is_empty() {
                "compiled"
            } else {
                "interpreted"
            },
            painter.dim(&Safe(&rule.place().to_string()).to_string()),
        );
        for line in interpreted {
            let _ = writeln!(out, "  {}", Safe(&line));
        }
        if let Some(said) = counts.and_then(|all| all.get(at)) {
            let broke = match said.failed {
                0 => String::new(),
                failed => format!(", {} broke", count(failed)),
            };
            let _ = writeln!(
                out,
                "  {} fired, {} quiet, {} could not tell{broke}",
                count(said.fired),
                count(said.quiet),
                count(said.unknown),
            );
        }
        let names = limits(set, rule);
        let longest = names.iter().map(String::len).max().unwrap_or(0);
        for name in names {
            let Some(entry) = set.limits(rule).get(&name) else {
                continue;
            };
            let source = entry.source.as_deref().unwrap_or("no source is given");
            let lead = format!(
                "  {name:<longest$}  {:>9}  ",
                Safe(&entry.written).to_string()
            );
            let indent = " ".repeat(lead.chars().count());
            let source = Safe(source).to_string();
            let options = textwrap::Options::new(wide)
                .initial_indent(&lead)
                .subsequent_indent(&indent);
            for line in textwrap::wrap(&source, options) {
                let _ = writeln!(out, "{line}");
            }
        }
    }
    let all = set.rules().len();
    let _ = writeln!(
        out,
        "{}, {compiled} compiled, {} interpreted",
        counted(all as u64, "rule"),
        all - compiled
    );
    out
}

fn object(set: &RuleSet, rule: &Rule, counts: Option<&RuleCount>) -> String {
    let limits = limits(set, rule);
    let limits: Vec<Value> = limits
        .iter()
        .filter_map(|name| {
            let entry = set.limits(rule).get(name)?;
            Some(json!({
                "name": name,
                "value": entry.written,
                "source": entry.source,
                "place": entry.place.as_ref().map(ToString::to_string),
            }))
        })
        .collect();
    let ways: Vec<Value> = set
        .ways(rule)
        .iter()
        .map(|way| {
            let why = way.interpreted.as_ref();
            json!({
                "key": way.key,
                "compiled": why.is_none(),
                "reason": why.map(|why| why.reason.as_str()),
                "place": why.map(|why| why.place.to_string()),
            })
        })
        .collect();
    super::json::line(&json!({
        "schema": "qualwatch.ruleinfo/1",
        "rule": &**rule.name(),
        "severity": rule.severity().name(),
        "on": rule.level().name(),
        "place": rule.place().to_string(),
        "limits": limits,
        "runs": ways,
        "counts": counts,
    }))
}
