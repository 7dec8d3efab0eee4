//! `qualwatch rules`: the rules with their limits, which way each runs, and what each said.
//!
//! With paths the documents there are read once, the places counted, and each rule's cost measured.
//! Nothing is judged here.

mod windows;

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Exit;
use super::args::{Form, Rules as Args};
use super::output::{Results, complain, width};
use super::reading;
use super::render::{Painter, count, counted};
use crate::engine::{Engine, RuleCount};
use crate::rules::{LimitEntry, Rule, RuleSet};
use crate::text::Safe;

/// Does the job.
pub(super) fn run(args: &Args) -> Exit {
    let (out_painter, painter) = reading::painters(args.color);
    let builder = Engine::builder()
        .api(args.documents.api)
        .caps(args.documents.limits.caps())
        .measure_rules();
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
    let mut measured: Option<Measured> = None;
    if !args.paths.is_empty() {
        let mut costs = vec![Vec::new(); set.rules().len()];
        let read = reading::read(
            &engine,
            &args.paths,
            &args.documents,
            painter,
            None,
            &mut |_, judged| {
                for (all, cost) in costs.iter_mut().zip(judged.report.costs) {
                    all.extend(cost);
                }
                true
            },
        );
        match read {
            Ok(read) => {
                failed = read.failed;
                let mut rules = read.summary.rules;
                rules.resize(set.rules().len(), RuleCount::default());
                measured = Some(Measured {
                    counts: rules,
                    costs: costs.into_iter().map(median).collect(),
                });
            }
            Err(message) => {
                complain(&format!("error: {message}\n"));
                return Exit::Usage;
            }
        }
    }
    let mut results = Results::default();
    results.write(&match args.format {
        Form::Text => text(out_painter, set, measured.as_ref()),
        Form::Json => set
            .rules()
            .iter()
            .enumerate()
            .map(|(at, rule)| object(set, rule, measured.as_ref().map(|all| all.of(at))))
            .chain(set.windows().iter().map(|rule| windows::object(set, rule)))
            .collect(),
    });
    results.exit(if failed { Exit::World } else { Exit::Done })
}

/// What the documents came to, rule by rule.
struct Measured {
    counts: Vec<RuleCount>,
    /// for one place, in nanoseconds; `None` where no document measured had one
    costs: Vec<Option<f64>>,
}

impl Measured {
    fn of(&self, rule: usize) -> (RuleCount, Option<f64>) {
        (self.counts[rule], self.costs[rule])
    }
}

fn median(mut costs: Vec<f64>) -> Option<f64> {
    costs.sort_by(f64::total_cmp);
    costs.get(costs.len() / 2).copied()
}

/// A time that was measured once, to two digits: `45 ns`, `1.4 µs`.
fn roughly(nanoseconds: f64) -> String {
    let two = |value: f64| {
        if value < 9.95 {
            format!("{value:.1}")
        } else {
            format!("{value:.0}")
        }
    };
    if nanoseconds < 999.5 {
        format!("{} ns", two(nanoseconds))
    } else if nanoseconds < 999_500.0 {
        format!("{} µs", two(nanoseconds / 1e3))
    } else {
        format!("{} ms", two(nanoseconds / 1e6))
    }
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

fn text(painter: Painter, set: &RuleSet, measured: Option<&Measured>) -> String {
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
        if let Some((said, cost)) = measured.map(|all| all.of(at)) {
            let broke = match said.failed {
                0 => String::new(),
                failed => format!(", {} broke", count(failed)),
            };
            let cost = cost.map_or_else(String::new, |cost| {
                format!("; by itself {} a {}", roughly(cost), rule.level().name())
            });
            let _ = writeln!(
                out,
                "  {} fired, {} quiet, {} could not tell{broke}{cost}",
                count(said.fired),
                count(said.quiet),
                count(said.unknown),
            );
        }
        let limits: Vec<(String, &LimitEntry)> = limits(set, rule)
            .into_iter()
            .filter_map(|name| Some((name.clone(), set.limits(rule).get(&name)?)))
            .collect();
        limit_lines(&mut out, wide, &limits);
    }
    let all = set.rules().len();
    if all > 0 || set.windows().is_empty() {
        let _ = writeln!(
            out,
            "{}, {compiled} compiled, {} interpreted",
            counted(all as u64, "rule"),
            all - compiled
        );
    }
    windows::text(&mut out, painter, set);
    out
}

/// Limits with their values and sources.
fn limit_lines(out: &mut String, wide: usize, limits: &[(String, &LimitEntry)]) {
    let longest = limits.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, entry) in limits {
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

/// A limit as a rule's JSON has it.
fn limit(name: &str, entry: &LimitEntry) -> Value {
    json!({
        "name": name,
        "value": entry.written,
        "source": entry.source,
        "place": entry.place.as_ref().map(ToString::to_string),
    })
}

fn object(set: &RuleSet, rule: &Rule, measured: Option<(RuleCount, Option<f64>)>) -> String {
    let limits = limits(set, rule);
    let limits: Vec<Value> = limits
        .iter()
        .filter_map(|name| {
            let entry = set.limits(rule).get(name)?;
            Some(limit(name, entry))
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
        "counts": measured.map(|(counts, _)| counts),
        "nanosecondsAPlace": measured.and_then(|(_, cost)| cost),
    }))
}
