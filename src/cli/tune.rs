//! `qualwatch tune`: each limit's readings over stored records, and what other values would do.
//!
//! Readings come from the rules' own comparisons, and only from places where what stands before the
//! comparison holds. Calls are counted by the rules themselves, run with each other value beside the
//! one in force. Memory is bounded: see [`spread`] for readings and [`calls`] for calls.

mod calls;
mod json;
mod spread;
mod text;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Exit;
use super::args::{Form, Tune as Args};
use super::output::{Results, complain};
use super::reading;
use crate::engine::{Engine, EngineBuilder, Explain};
use crate::rules::fields::Unit;
use crate::rules::{Condition, Limit, Overrides, RuleSet, Value, did_you_mean, quantity};
use crate::text::Safe;
use calls::Calls;
use spread::Spread;

/// Limit, reading and operator, and what stands before the comparison.
type Key = (String, String, String);

/// One limit, and the values that are tried for it.
struct Tuned {
    name: String,
    limit: Limit,
    /// where it stands, or `--set`
    place: String,
    /// the rules that read it
    rules: Vec<usize>,
    values: Vec<f64>,
    /// the number of the first of its values among all
    first: usize,
    /// whether the values were asked for
    asked: bool,
    /// comparisons with it that are of no single reading, and their rules
    others: Vec<(String, usize)>,
}

/// A comparison with a limit, over all records.
struct Compared {
    condition: Condition,
    /// the rules that make it, the first of which is counted
    rules: Vec<usize>,
    spread: Spread,
}

/// What the records came to.
struct Seen {
    tuned: Vec<Tuned>,
    /// by limit, reading and what stands before the comparison
    compared: BTreeMap<Key, Compared>,
    /// what each condition of each rule is known by
    keys: Vec<Vec<Option<Key>>>,
    calls: Calls,
    /// rules that read limits and cannot be followed
    hidden: Vec<String>,
    records: u64,
}

/// Does the job.
pub(super) fn run(args: &Args) -> Exit {
    let (out_painter, painter) = reading::painters(args.color);
    let refuse = |message: &str| {
        complain(message);
        Exit::Usage
    };
    let builder = || -> EngineBuilder {
        Engine::builder()
            .api(args.documents.api)
            .caps(args.documents.limits.caps())
    };
    let base = match reading::engine(builder(), &args.which, painter) {
        Ok((engine, _)) => engine,
        Err(message) => return refuse(&message),
    };
    let tuned = match tuned(args, base.rules()) {
        Ok(tuned) => tuned,
        Err(message) => return refuse(&format!("error: {}\n", Safe(&message))),
    };
    let variants = tuned.iter().flat_map(|limit| {
        let name = limit.name.clone();
        limit
            .values
            .iter()
            .map(move |value| format!("{name}={value}"))
    });
    let explaining = builder()
        .explain(Explain {
            bare: true,
            ..Explain::default()
        })
        .variants(variants.collect());
    let engine = match reading::engine(explaining, &args.which, painter) {
        Ok((engine, _)) => engine,
        Err(message) => return refuse(&message),
    };
    let mut seen = Seen::new(&engine, tuned);
    let read = reading::read(
        &engine,
        &args.paths,
        &args.documents,
        painter,
        None,
        &mut |_, judged| {
            seen.document(&judged.report);
            true
        },
    );
    let read = match read {
        Ok(read) => read,
        Err(message) => return refuse(&format!("error: {message}\n")),
    };
    let mut results = Results::default();
    results.write(&match args.format {
        Form::Text => text::text(out_painter, &seen, engine.rules()),
        Form::Json => json::json(&seen, engine.rules()),
    });
    results.exit(if read.failed { Exit::World } else { Exit::Done })
}

impl Tuned {
    /// The value in force.
    fn now(&self) -> f64 {
        number(&self.limit.value).unwrap_or_default()
    }

    /// The value in force, as a reading in that unit is compared with it.
    fn now_for(&self, unit: Unit) -> f64 {
        match (unit, self.limit.percent) {
            (Unit::Percent, Some(percent)) => percent,
            _ => self.now(),
        }
    }
}

/// The limits to be told of, with the values to be tried.
fn tuned(args: &Args, set: &RuleSet) -> Result<Vec<Tuned>, String> {
    let mut all: Vec<Tuned> = Vec::new();
    for (number, rule) in set.rules().iter().enumerate() {
        for name in rule.limit_names() {
            let Some(entry) = set.limits(rule).get(&name) else {
                continue;
            };
            match all.iter_mut().find(|known| known.name == name) {
                Some(known) if known.rules.contains(&number) => {}
                Some(known) => known.rules.push(number),
                None => all.push(Tuned {
                    values: ladder(&entry.limit),
                    name,
                    limit: entry.limit.clone(),
                    place: entry
                        .place
                        .as_ref()
                        .map_or_else(|| "--set".to_owned(), ToString::to_string),
                    rules: vec![number],
                    first: 0,
                    asked: false,
                    others: Vec::new(),
                }),
            }
        }
    }
    if !args.limit.is_empty() {
        let mut wanted: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for written in &args.limit {
            let (name, values) = written
                .split_once('=')
                .ok_or_else(|| format!("`{written}` tries no limit; write jitter=20ms,40ms"))?;
            let known = all.iter().find(|limit| limit.name == name).ok_or_else(|| {
                let names = all.iter().map(|limit| limit.name.as_str());
                let help = did_you_mean(name, names)
                    .unwrap_or_else(|| "see them with qualwatch rules".to_owned());
                format!("no rule reads a limit `{name}`; {help}")
            })?;
            for value in values.split(',') {
                let other = quantity(value)?;
                if other.unit != Unit::None
                    && known.limit.unit != Unit::None
                    && other.unit != known.limit.unit
                {
                    return Err(format!(
                        "`{value}` is in {}, but the limit `{name}` is in {}",
                        other.unit.name(),
                        known.limit.unit.name()
                    ));
                }
                let number = number(&other.value)
                    .ok_or_else(|| format!("`{value}` is no value for a limit"))?;
                wanted.entry(name).or_default().push(number);
            }
        }
        all.retain(|limit| wanted.contains_key(limit.name.as_str()));
        for limit in &mut all {
            limit.values = wanted.remove(limit.name.as_str()).unwrap_or_default();
            limit.asked = true;
        }
    }
    let loads = |name: &str, value: f64| {
        let mut overrides = Overrides::none();
        for written in &args.which.set {
            overrides.add(written);
        }
        overrides.add(&format!("{name}={value}"));
        match args.which.rules.as_slice() {
            [] => RuleSet::builtin(&overrides).is_ok(),
            paths => RuleSet::load(paths, &overrides).is_ok(),
        }
    };
    let mut first = 0;
    for limit in &mut all {
        if !limit.asked {
            // With some values a rule could never fire, or would always: it does not load.
            let name = limit.name.clone();
            limit.values.retain(|value| loads(&name, *value));
        }
        limit.first = first;
        first += limit.values.len();
    }
    Ok(all)
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(value) => Some(*value),
        Value::Integer(value) => Some(*value as f64),
        _ => None,
    }
}

/// Values below and above a limit that are worth a try.
fn ladder(limit: &Limit) -> Vec<f64> {
    let Some(now) = number(&limit.value) else {
        return Vec::new();
    };
    let whole = matches!(limit.value, Value::Integer(_));
    let mut values: Vec<f64> = if now == 0.0 {
        match limit.unit {
            Unit::Milliseconds => vec![1_000.0, 5_000.0, 10_000.0, 60_000.0],
            Unit::Ratio => vec![0.01, 0.05, 0.1],
            _ => vec![1.0, 2.0, 5.0, 10.0],
        }
    } else {
        // Divided, not multiplied, so that a half of 0.07 is written as one.
        [(1.0, 2.0), (3.0, 4.0), (3.0, 2.0), (2.0, 1.0)]
            .into_iter()
            .map(|(up, down)| now * up / down)
            .map(|value| format!("{value:.6}").parse().unwrap_or(value))
            .collect()
    };
    if whole {
        values.iter_mut().for_each(|value| *value = value.round());
    }
    values.retain(|value| *value != now && !(limit.unit == Unit::Ratio && *value > 1.0));
    values.dedup();
    values
}

impl Seen {
    fn new(engine: &Arc<Engine>, mut tuned: Vec<Tuned>) -> Seen {
        let set = engine.rules();
        let mut compared: BTreeMap<Key, Compared> = BTreeMap::new();
        let (mut hidden, mut keys) = (Vec::new(), Vec::new());
        for (number, rule) in set.rules().iter().enumerate() {
            let conditions = match rule.conditions(set) {
                Ok(conditions) => conditions,
                Err(_) => {
                    if !rule.limit_names().is_empty() {
                        hidden.push(rule.name().to_string());
                    }
                    keys.push(Vec::new());
                    continue;
                }
            };
            let known = |key: &Key| tuned.iter().any(|limit| limit.name == key.0);
            let of_rule: Vec<Option<Key>> = conditions
                .iter()
                .map(|condition| key(condition).filter(known))
                .collect();
            keys.push(of_rule.clone());
            for (condition, _) in conditions.iter().zip(&of_rule).filter(|it| it.1.is_none()) {
                let asks = |limit: &&mut Tuned| names(&condition.text, &limit.name);
                for limit in tuned.iter_mut().filter(asks) {
                    limit.others.push((condition.text.clone(), number));
                }
            }
            for (condition, key) in conditions.into_iter().zip(of_rule) {
                let Some(key) = key else { continue };
                let entry = compared.entry(key).or_insert_with(|| Compared {
                    condition,
                    rules: Vec::new(),
                    spread: Spread::default(),
                });
                if !entry.rules.contains(&number) {
                    entry.rules.push(number);
                }
            }
        }
        Seen {
            tuned,
            compared,
            keys,
            calls: Calls::default(),
            hidden,
            records: 0,
        }
    }

    fn document(&mut self, report: &crate::engine::Report) {
        let Some(explained) = &report.explained else {
            return;
        };
        self.records += 1;
        let mut deciding: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for rule in &explained.rules {
            for seen in rule.places.iter().flat_map(|place| &place.conditions) {
                let keys = self.keys.get(rule.rule);
                let key = seen.condition.and_then(|at| keys?.get(at)?.as_ref());
                let Some(key) = key else { continue };
                let Some(compared) = self.compared.get_mut(key) else {
                    continue;
                };
                let value = seen.compared.as_ref().and_then(|it| it.value.as_f64());
                if seen.matters != Some(false)
                    && let Some(value) = value
                {
                    // Limits are ratios, also where readings are in hundredths.
                    let unit = seen.compared.as_ref().and_then(|it| it.unit);
                    let hundredths = unit == Some(Unit::Percent.name());
                    let value = if hundredths { value / 100.0 } else { value };
                    deciding.entry(key.0.as_str()).or_default().push(value);
                }
                if compared.rules.first() == Some(&rule.rule) {
                    match (seen.matters, value, seen.said) {
                        (Some(true), Some(value), Some(said)) => compared.spread.add(value, said),
                        (Some(true), ..) => compared.spread.missing += 1,
                        (None, ..) => compared.spread.perhaps += 1,
                        (Some(false), ..) => {}
                    }
                }
            }
        }
        self.calls.document(report, &self.tuned, &deciding);
    }
}

/// Whether a comparison names a limit.
fn names(text: &str, limit: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    text.split("limits::").skip(1).any(|rest| {
        rest.strip_prefix(limit)
            .is_some_and(|rest| !rest.starts_with(word))
    })
}

/// What a comparison is known by: its limit, its reading, and what stands before it.
fn key(condition: &Condition) -> Option<Key> {
    let limit = condition.limit.as_ref()?.to_string();
    let reading = condition.reading.as_ref()?;
    reading.plain.then(|| {
        let what = format!("{} {}", reading.path, condition.op.symbol());
        (limit, what, condition.before.join(", "))
    })
}
