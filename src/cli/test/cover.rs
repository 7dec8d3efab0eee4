//! What the cases cover: each condition true, false and unknown, each limit met closely.
//!
//! A condition counts where it mattered: where what stands before it in its rule held. It is told
//! what is missing; nothing here fails a case.

use std::collections::BTreeSet;

use super::read::Trial;
use crate::alert::Evidence;
use crate::cli::render::evidence_in_words;
use crate::engine::{Engine, ExplainedCondition, Report};
use crate::rules::fields::Unit;
use crate::rules::{Condition, Op, Rule, RuleSet, Value};

/// What the cases of one folder cover.
pub(super) struct Cover {
    set: RuleSet,
    rules: Vec<RuleCover>,
    /// windows that a case made fire
    fired: BTreeSet<String>,
}

struct RuleCover {
    /// whether a case is about it
    named: bool,
    /// why its conditions are not known
    hidden: Option<String>,
    conditions: Vec<(Condition, Met)>,
}

/// How a condition was met.
#[derive(Clone, Copy, Debug, Default)]
struct Met {
    held: bool,
    failed: bool,
    unknown: bool,
    under: bool,
    at: bool,
    over: bool,
}

/// One condition that no case takes one way.
#[derive(Clone, Debug)]
pub(super) struct Gap {
    pub(super) rule: String,
    /// the condition and its place; `None` for the whole rule
    pub(super) condition: Option<(String, String)>,
    pub(super) lacks: Vec<&'static str>,
}

impl Cover {
    pub(super) fn new(set: RuleSet) -> Cover {
        let rules = set
            .rules()
            .iter()
            .map(|rule| {
                let conditions = rule.conditions(&set);
                RuleCover {
                    named: false,
                    hidden: conditions.as_ref().err().cloned(),
                    conditions: conditions
                        .unwrap_or_default()
                        .into_iter()
                        .map(|condition| (condition, Met::default()))
                        .collect(),
                }
            })
            .collect();
        Cover {
            fired: BTreeSet::new(),
            set,
            rules,
        }
    }

    /// Sees what one record of a trial came to.
    pub(super) fn see(&mut self, engine: &Engine, trial: &Trial, report: &Report) {
        for (rule, cover) in engine.rules().rules().iter().zip(&mut self.rules) {
            let name = &**rule.name();
            cover.named |= trial.wants.iter().any(|want| want.rule == name);
        }
        let explained = report.explained.iter().flat_map(|it| &it.rules);
        for rule in explained {
            let Some(cover) = self.rules.get_mut(rule.rule) else {
                continue;
            };
            for seen in rule.places.iter().flat_map(|place| &place.conditions) {
                let met = seen
                    .condition
                    .and_then(|number| cover.conditions.get_mut(number));
                if let Some((_, met)) = met
                    && seen.matters == Some(true)
                {
                    met.see(seen);
                }
            }
        }
    }

    /// How many conditions there are.
    pub(super) fn conditions(&self) -> usize {
        self.rules.iter().map(|rule| rule.conditions.len()).sum()
    }

    /// What no case covers.
    pub(super) fn gaps(&self) -> Vec<Gap> {
        let mut gaps = Vec::new();
        for (rule, cover) in self.set.rules().iter().zip(&self.rules) {
            let whole = |what| Gap {
                rule: rule.name().to_string(),
                condition: None,
                lacks: vec![what],
            };
            if !cover.named {
                gaps.push(whole("no case is about it"));
                continue;
            }
            if cover.hidden.is_some() {
                gaps.push(whole(
                    "it cannot be followed, so what its cases cover is not known",
                ));
            }
            for (condition, met) in &cover.conditions {
                let lacks = met.lacks(condition, sides(condition, &self.set, rule));
                if !lacks.is_empty() {
                    gaps.push(Gap {
                        rule: rule.name().to_string(),
                        condition: Some((condition.text.clone(), condition.place.to_string())),
                        lacks,
                    });
                }
            }
        }
        for window in self.set.windows() {
            if !self.fired.contains(&**window.name()) {
                gaps.push(Gap {
                    rule: window.name().to_string(),
                    condition: None,
                    lacks: vec!["no case over time makes it fire"],
                });
            }
        }
        gaps
    }

    /// Notes a line that was told over time.
    pub(super) fn told(&mut self, line: &str) {
        let mut words = line.split(' ').skip(1);
        if words.next() == Some("firing") {
            self.fired.extend(words.next().map(str::to_owned));
        }
    }
}

impl Met {
    fn see(&mut self, seen: &ExplainedCondition) {
        match seen.said {
            Some(true) => self.held = true,
            Some(false) => self.failed = true,
            None => self.unknown = true,
        }
        let Some(compared) = &seen.compared else {
            return;
        };
        let (Some(value), Some(limit)) = (compared.value.as_f64(), compared.limit.as_f64()) else {
            return;
        };
        // A hundredth of the limit is close, and so is the next whole number.
        let near = (value - limit).abs()
            <= (limit.abs() / 100.0).max(f64::from(u8::from(compared.value.is_i64())));
        self.at |= value == limit;
        self.under |= value < limit && near;
        self.over |= value > limit && near;
    }

    fn lacks(self, condition: &Condition, (under, over): (bool, bool)) -> Vec<&'static str> {
        let mut lacks = Vec::new();
        let mut need = |met: bool, what| {
            if !met {
                lacks.push(what);
            }
        };
        need(self.held, "true");
        need(self.failed, "false");
        if condition.may_be_unknown {
            need(self.unknown, "missing");
        }
        let ordered = matches!(
            condition.op,
            Op::Greater | Op::GreaterOrEqual | Op::Less | Op::LessOrEqual
        );
        if condition.limit.is_some() && ordered && condition.reading.is_some() {
            need(self.at, "at its limit");
            need(self.under || !under, "just under its limit");
            need(self.over || !over, "just over its limit");
        }
        lacks
    }
}

/// Whether a record can hold a reading just under and just over the condition's limit.
fn sides(condition: &Condition, set: &RuleSet, rule: &Rule) -> (bool, bool) {
    let limit = condition.limit.as_deref();
    let entry = limit.and_then(|name| set.limits(rule).get(name));
    let (Some(entry), Some(reading)) = (entry, &condition.reading) else {
        return (true, true);
    };
    let value = match (&entry.limit.value, entry.limit.percent) {
        (_, Some(percent)) if reading.field.get().unit == Unit::Percent => percent,
        (Value::Integer(value), _) => *value as f64,
        (Value::Number(value), _) => *value,
        _ => return (true, true),
    };
    let range = reading.field.meaning().range.as_ref();
    let least = range.and_then(|range| range.least);
    let most = range.and_then(|range| range.most);
    (
        least.is_none_or(|least| value > least),
        most.is_none_or(|most| value < most),
    )
}

/// What decided where a rule did not fire, in words.
pub(super) fn reasons(reports: &[Report], rule: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let explained = reports
        .iter()
        .filter_map(|report| report.explained.as_ref());
    let rules = explained
        .flat_map(|it| &it.rules)
        .filter(|it| it.rule == rule);
    for condition in rules
        .flat_map(|it| &it.places)
        .flat_map(|it| &it.conditions)
    {
        if !condition.decides {
            continue;
        }
        let Some(reading) = condition.readings.first() else {
            continue;
        };
        let line = match &condition.compared {
            None => format!("{} missing", reading.field.name()),
            Some(compared) => evidence_in_words(&Evidence {
                pointer: None,
                line: None,
                column: None,
                field: reading.field.name(),
                value: compared.value.clone(),
                reading: None,
                op: compared.op.symbol(),
                limit: compared.limit.clone(),
                limit_name: compared.limit_name.clone(),
                unit: compared.unit,
                other: None,
            }),
        };
        lines.push(line);
    }
    let mut seen = BTreeSet::new();
    lines.retain(|line| seen.insert(line.clone()));
    lines
}
