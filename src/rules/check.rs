//! Names of a whole file, checked before it runs: properties, limits, functions.
//!
//! Rhai itself notices a wrong name only when the rule runs and happens to reach it; here each
//! is an error with its place and the nearest right name.
//!
//! It knows names and nothing of what they mean. What a closure does with them is for `typing`;
//! this is also for helpers that no rule calls, and for what cannot be followed.

use std::ops::Range;

use super::ast::{Made, Named};
use super::diagnostic::{Place, Problem, did_you_mean};
use super::engine::FUNCTIONS_KNOWN;
use super::fields::{Level, Link, property_names};
use super::problem::ProblemKind;
use super::rule::File;
use super::typing::{Asked, unknown_anywhere, unknown_limit, unknown_property};

/// Of one file no more problems than this are listed.
const MOST_PROBLEMS: usize = 50;

/// Whether so many problems of one file were found that it is not looked at further.
pub(crate) fn is_enough(problems: &[Problem]) -> bool {
    problems.len() >= MOST_PROBLEMS
}

/// Checks every name of a file.
pub(crate) fn check(file: &File<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    properties(file, &mut problems);
    limit_names(file, &mut problems);
    functions(file, &mut problems);
    shadows(file, &mut problems);
    captures(file, &mut problems);
    problems
}

/// Closures that capture what they must not.
///
/// A function that holds values holds memory that nobody counts, and one that holds itself is
/// never given back. So closures capture constants of the file, and nothing else.
fn captures(file: &File<'_>, problems: &mut Vec<Problem>) {
    for capture in &file.outline.captures {
        let Named { name, spot } = &capture.variable;
        if is_enough(problems) {
            return;
        }
        let constant = file.outline.constants.contains(name);
        match capture.made {
            // Whoever reads a rule says more of what its closures capture.
            Made::ForRule => continue,
            Made::Once if constant => continue,
            _ => {}
        }
        let kind = ProblemKind::Capture(name.clone());
        let help = "declare it with `const` at the top of the file, outside of functions and \
                    loops, or give it as an argument";
        problems.push(Problem::new(kind, Some(file.place(*spot))).help(help));
    }
}

/// Whether the file may run: not if it can pile up functions that hold functions.
pub(crate) fn may_run(file: &File<'_>) -> bool {
    let piles_up = |made| matches!(made, Made::InLoop | Made::InFunction);
    !file
        .outline
        .captures
        .iter()
        .any(|capture| piles_up(capture.made))
}

/// A function of the file's own under one of our names: calls would mean something else.
fn shadows(file: &File<'_>, problems: &mut Vec<Problem>) {
    for (name, _) in &file.outline.functions {
        if FUNCTIONS_KNOWN.iter().all(|(known, _)| known != name) {
            continue;
        }
        let at = definition(file.source, name).unwrap_or(0..0);
        let place = Place::of_span(file.name, file.source, at);
        let kind = ProblemKind::Shadow(name.clone());
        problems.push(Problem::new(kind, Some(place)).help("give yours another name"));
    }
}

/// Where `fn name` stands: Rhai keeps no place of it.
fn definition(source: &str, name: &str) -> Option<Range<usize>> {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    source.match_indices(name).find_map(|(at, _)| {
        let before = source[..at].trim_end();
        let ends = !source[at + name.len()..].starts_with(word);
        (ends && before.len() < at && before.ends_with("fn")).then(|| at..at + name.len())
    })
}

fn properties(file: &File<'_>, problems: &mut Vec<Problem>) {
    let known = property_names();
    let is_ours = |name: &str| {
        let is_key = file.outline.map_keys.contains(name);
        known.binary_search(&name).is_ok() && !is_key
    };
    for property in &file.outline.properties {
        let name = property.name.as_str();
        if is_enough(problems) {
            return;
        }
        if known.binary_search(&name).is_ok() || file.outline.map_keys.contains(name) {
            continue;
        }
        let (kind, help) = unknown_anywhere(name);
        problems.push(Problem::new(kind, Some(file.place(property.spot))).maybe_help(help));
    }
    for property in &file.outline.assigned {
        if is_enough(problems) {
            return;
        }
        if is_ours(&property.name) {
            let kind = ProblemKind::Assignment(property.name.clone());
            let place = Some(file.place(property.spot));
            problems.push(Problem::new(kind, place).help("to compare, write `==`"));
        }
    }
}

/// `s.foo` on a closure's own parameter, where the closure as a whole cannot be followed.
pub(crate) fn chain(file: &File<'_>, start: Level, chain: &[Named]) -> Option<Problem> {
    let first = chain.first()?;
    // The parameter stands right before the first dot.
    let parameter = word_before(file.source, first);
    let mut level = start;
    let mut reached = parameter.to_owned();
    for step in chain {
        let name = step.name.as_str();
        if level.field(name).is_some() {
            return None;
        }
        match Link::parse(name).and_then(|link| link.on(level)) {
            Some((_, to)) => {
                level = to;
                reached = format!("{reached}.{name}");
            }
            None if file.outline.map_keys.contains(name) => return None,
            None => {
                let asked = Asked {
                    root: (start, parameter),
                    of: (level, &reached),
                };
                let (kind, help) = unknown_property(asked, name);
                let place = Some(file.place(step.spot));
                return Some(Problem::new(kind, place).maybe_help(help));
            }
        }
    }
    None
}

fn word_before<'s>(source: &'s str, named: &Named) -> &'s str {
    let line = source.lines().nth(named.spot.0.saturating_sub(1));
    let line = line.unwrap_or_default();
    let end = line.char_indices().nth(named.spot.1.saturating_sub(1));
    let before = line[..end.map_or(line.len(), |(at, _)| at)].trim_end();
    let before = before.strip_suffix('.').unwrap_or(before).trim_end();
    let start = before.rfind(|c: char| !c.is_alphanumeric() && c != '_');
    let start = start.map_or(0, |at| {
        at + before[at..].chars().next().map_or(1, char::len_utf8)
    });
    match &before[start..] {
        "" => "it",
        word => word,
    }
}

fn limit_names(file: &File<'_>, problems: &mut Vec<Problem>) {
    for limit in &file.outline.limits {
        if is_enough(problems) {
            return;
        }
        if file.limits.get(&limit.name).is_none() {
            let (kind, help) = unknown_limit(file.limits, &limit.name);
            problems.push(Problem::new(kind, Some(file.place(limit.spot))).maybe_help(help));
        }
    }
    for namespace in &file.outline.namespaces {
        if is_enough(problems) {
            return;
        }
        let kind = ProblemKind::UnknownNamespace(namespace.name.clone());
        let place = Some(file.place(namespace.spot));
        problems.push(Problem::new(kind, place).help("the only `…::` is `limits::`"));
    }
}

fn functions(file: &File<'_>, problems: &mut Vec<Problem>) {
    let own = &file.outline.functions;
    for call in &file.outline.calls {
        let (name, got) = (call.function.name.as_str(), &call.got);
        if is_enough(problems) {
            return;
        }
        // A function called with a dot does not count what stands before it.
        let is_own = own.iter().any(|(function, _)| function == name);
        let fits = own.iter().any(|(function, params)| {
            let dotted = call.dotted && params + 1 == *got;
            function == name && (params == got || dotted)
        });
        let known = FUNCTIONS_KNOWN.iter().find(|(known, _)| *known == name);
        let (kind, help) = match known {
            _ if fits => continue,
            None if !is_own => {
                let names = FUNCTIONS_KNOWN.iter().map(|(name, _)| *name);
                let own = own.iter().map(|(name, _)| name.as_str());
                let names = names.chain(own.filter(|name| !name.contains('$')));
                let kind = ProblemKind::UnknownFunction(name.to_owned());
                {
                    let help = instead(name).map(str::to_owned);
                    let help = help.or_else(|| did_you_mean(name, names));
                    (kind, help.or_else(|| Some(functions_there_are())))
                }
            }
            Some((_, takes)) if !is_own && takes.is_none_or(|takes| takes == *got) => continue,
            known => {
                let takes = match known {
                    Some((_, Some(takes))) if !is_own => counted(*takes),
                    _ => {
                        let named = own.iter().filter(|(function, _)| function == name);
                        let counts: Vec<String> =
                            named.map(|(_, params)| counted(*params)).collect();
                        counts.join(" or ")
                    }
                };
                let kind = ProblemKind::WrongArguments {
                    name: name.to_owned(),
                    takes,
                    got: *got,
                };
                (kind, None)
            }
        };
        problems.push(Problem::new(kind, Some(file.place(call.function.spot))).maybe_help(help));
    }
}

fn counted(count: usize) -> String {
    match count {
        1 => "1 value".to_owned(),
        count => format!("{count} values"),
    }
}

/// What to write instead of a function that other languages have.
fn instead(name: &str) -> Option<&'static str> {
    Some(match name {
        "starts_with" | "ends_with" | "startsWith" | "endsWith" | "matches" | "regex"
        | "index_of" | "includes" | "like" => {
            "texts are asked with `==`, `in [\"…\"]` and `contains(text, \"part\")`"
        }
        "abs" | "min" | "max" => "write both out, as in `a > x || b > x`",
        "len" | "count" | "some" | "any" | "all" | "filter" | "map" | "find" => {
            "lists are asked with `contains(list, \"item\")`, and a rule sees one place at a time"
        }
        "is_empty" | "exists" | "isset" | "is_null" | "isnull" | "defined" | "present" => {
            "whether something is there is asked with `has(x)`"
        }
        _ => return None,
    })
}

fn functions_there_are() -> String {
    let names = ["has", "note", "guard", "certain", "contains", "to_string"];
    format!(
        "the functions are {}, and those that the file defines with `fn`",
        names.map(|name| format!("`{name}`")).join(", ")
    )
}
