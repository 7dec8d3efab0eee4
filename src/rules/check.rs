//! Names checked before the first record: properties, levels, limits, functions.
//!
//! Rhai itself notices a wrong name only when the rule runs and happens to reach it; here each
//! is an error with its place and the nearest right name.
//!
//! It knows names and levels, not types: units, ranges and enum members are no business of this
//! file. Where it cannot follow a value (a helper's parameter), it checks the name alone.

use std::collections::BTreeSet;

use super::ast::Named;
use super::diagnostic::{Problem, ProblemKind, did_you_mean};
use super::engine::FUNCTIONS_KNOWN;
use super::fields::{Level, Link, property_names};
use super::limits::Limits;
use super::rule::File;

/// Checks every name of a file.
pub(crate) fn check(file: &File<'_>, limits: &Limits, problems: &mut Vec<Problem>) {
    properties(file, problems);
    levels(file, problems);
    limit_names(file, limits, problems);
    functions(file, problems);
}

fn properties(file: &File<'_>, problems: &mut Vec<Problem>) {
    let known = property_names();
    for property in &file.outline.properties {
        let name = property.name.as_str();
        if known.binary_search(&name).is_ok() || file.outline.map_keys.contains(name) {
            continue;
        }
        let kind = ProblemKind::UnknownProperty(name.to_owned());
        let help = did_you_mean(name, known.iter().copied());
        problems.push(Problem::new(kind, Some(file.place(property.spot))).maybe_help(help));
    }
}

/// `s.foo` on a rule's own parameter, whose level is known.
fn levels(file: &File<'_>, problems: &mut Vec<Problem>) {
    let mut reported = BTreeSet::new();
    for rule in &file.outline.rules {
        let on = rule.keys.get("on").and_then(|key| key.text.as_deref());
        let Some(level) = on.and_then(Level::parse_rule_level) else {
            continue;
        };
        for closure in rule.keys.values().filter_map(|key| key.closure.as_ref()) {
            for chain in &closure.chains {
                if let Some(problem) = follow(file, level, chain)
                    && reported.insert(problem.place.clone())
                {
                    problems.push(problem);
                }
            }
        }
    }
}

fn follow(file: &File<'_>, start: Level, chain: &[Named]) -> Option<Problem> {
    let mut level = start;
    for step in chain {
        let name = step.name.as_str();
        if level.field(name).is_some() {
            return None;
        }
        match Link::parse(name).and_then(|link| link.on(level)) {
            Some((_, to)) => level = to,
            None if property_names().binary_search(&name).is_err() => return None,
            None => {
                let kind = ProblemKind::WrongLevel {
                    name: name.to_owned(),
                    level: level.name(),
                };
                let help = path_to(start, name)
                    .map(|path| format!("from the {} it is `.{path}`", start.name()));
                let place = Some(file.place(step.spot));
                return Some(Problem::new(kind, place).maybe_help(help));
            }
        }
    }
    None
}

/// The shortest way from a level to a property of that name.
fn path_to(start: Level, name: &str) -> Option<String> {
    let mut ways = vec![(start, String::new())];
    let mut next = 0;
    while next < ways.len() {
        let (level, path) = ways[next].clone();
        next += 1;
        let links = level.links();
        if level.field(name).is_some() || links.iter().any(|(link, _)| link.name() == name) {
            return Some(format!("{path}{name}"));
        }
        for (link, to) in links {
            if ways.iter().all(|(seen, _)| seen != to) {
                ways.push((*to, format!("{path}{}.", link.name())));
            }
        }
    }
    None
}

fn limit_names(file: &File<'_>, limits: &Limits, problems: &mut Vec<Problem>) {
    for limit in &file.outline.limits {
        if limits.get(&limit.name).is_some() {
            continue;
        }
        let help = did_you_mean(&limit.name, limits.names()).unwrap_or_else(|| {
            if limits.names().next().is_none() {
                "there is no thresholds.toml beside this file, or it has no limits".to_owned()
            } else {
                format!("add `{} = …` to thresholds.toml", limit.name)
            }
        });
        let kind = ProblemKind::UnknownLimit(limit.name.clone());
        problems.push(Problem::new(kind, Some(file.place(limit.spot))).help(help));
    }
    for namespace in &file.outline.namespaces {
        let kind = ProblemKind::UnknownProperty(format!("{}::", namespace.name));
        let place = Some(file.place(namespace.spot));
        problems.push(Problem::new(kind, place).help("the only `…::` is `limits::`"));
    }
}

fn functions(file: &File<'_>, problems: &mut Vec<Problem>) {
    let own = || file.outline.functions.iter().map(String::as_str);
    for call in &file.outline.calls {
        let name = call.name.as_str();
        if FUNCTIONS_KNOWN.contains(&name) || own().any(|function| function == name) {
            continue;
        }
        let names = FUNCTIONS_KNOWN
            .iter()
            .copied()
            .chain(own().filter(|f| !f.contains('$')));
        let kind = ProblemKind::UnknownFunction(name.to_owned());
        let help = did_you_mean(name, names);
        problems.push(Problem::new(kind, Some(file.place(call.spot))).maybe_help(help));
    }
}
