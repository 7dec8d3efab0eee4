//! `thresholds.toml`: limits by name, with unit and source.
//!
//! A limit is `jitter = "30ms"`, `packets = 500`, or a table with `limit` and `source`. `--set`
//! takes the same notation. Everything ends in its base unit: milliseconds, ratios, bits per
//! second; a percentage also keeps its hundredths, for fields that Graph gives in percent.
//!
//! Decimal units shift the decimal point in the text, so `10%` is the double nearest to 0.1,
//! not a product. A name or unit that is not known is an error with its place, never a guess.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::diagnostic::{Place, Problem, did_you_mean};
use super::fields::Unit;
use super::problem::ProblemKind;
use super::quantity::{Quantity, parse_quantity};
use super::value::Limit;

/// One limit and where it comes from.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The limit.
    pub limit: Limit,
    /// As it was written.
    pub written: String,
    /// Who says so.
    pub source: Option<String>,
    /// Where it stands; `None` if it was set by `--set`.
    pub place: Option<Place>,
}

/// Limits by name.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    entries: BTreeMap<String, Entry>,
    /// names whose limits could not be read
    refused: BTreeSet<String>,
    /// whether a whole file could not be read
    unread: bool,
}

impl Limits {
    /// All limits, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries
            .iter()
            .map(|(name, entry)| (name.as_str(), entry))
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// One limit.
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.get(name)
    }

    /// These limits, and those of `fallback` that have no name of their own here.
    pub(crate) fn over(mut self, fallback: Limits) -> Limits {
        self.unread |= fallback.unread;
        self.refused.extend(fallback.refused);
        for (name, entry) in fallback.entries {
            self.entries.entry(name).or_insert(entry);
        }
        self
    }

    /// Whether nobody wrote a limit, right or wrong.
    pub(crate) fn are_none(&self) -> bool {
        self.entries.is_empty() && self.refused.is_empty()
    }

    /// Those of a file that could not be read.
    pub(crate) fn unread() -> Limits {
        Limits {
            unread: true,
            ..Limits::default()
        }
    }

    /// Whether there may be such a limit, in what could not be read: then nobody knows.
    pub(crate) fn may_have(&self, name: &str) -> bool {
        self.unread || self.refused.contains(name)
    }

    /// Sets a limit that exists. False if it does not.
    pub(crate) fn set(&mut self, name: &str, written: &str) -> Result<bool, String> {
        let Some(entry) = self.entries.get_mut(name) else {
            return Ok(false);
        };
        let mut quantity = parse_quantity(written)?;
        let was = entry.limit.unit;
        if was != quantity.unit && was != Unit::None && quantity.unit != Unit::None {
            return Err(format!(
                "`{written}` is in {}, but the limit is in {}",
                quantity.unit.name(),
                was.name()
            ));
        }
        let bare = quantity.unit == Unit::None;
        let unit = if bare { was } else { quantity.unit };
        let value = quantity.value.as_number().unwrap_or_default();
        if bare && was == Unit::Milliseconds && value > 0.0 && value < 1.0 {
            return Err(format!(
                "`{written}` has no unit, and the limit is in ms; write `{written}ms` or `{written}s`"
            ));
        }
        if bare && was == Unit::Ratio {
            // Against a percentage, 0.5 of a limit in ratio is 50.
            let shifted = format!("{}e2", written.trim()).parse();
            quantity.percent = shifted.ok().or(Some(value * 100.0));
        }
        if let Some(odd) = quantity.oddity(unit) {
            return Err(format!("`{written}` {odd}"));
        }
        entry.limit = Limit {
            unit,
            ..quantity.named(name)
        };
        entry.written = written.to_owned();
        entry.source = Some("--set".to_owned());
        entry.place = None;
        Ok(true)
    }

    /// Reads a file; what is wrong goes to `problems`, the rest is kept.
    pub(crate) fn parse(file: &Arc<str>, text: &str, problems: &mut Vec<Problem>) -> Limits {
        let mut limits = Limits::default();
        let place = |span: Range<usize>| Some(Place::of_span(file, text, span));
        let table = match DeTable::parse(text) {
            Ok(table) => table,
            Err(error) => {
                let begun = error
                    .span()
                    .map_or("", |span| &text[span.start.min(text.len())..]);
                let curly = begun.trim_start().starts_with(['“', '”', '„', '‘', '’']);
                let help = curly.then(|| "texts have straight quotes: `\"30ms\"`".to_owned());
                let place = error.span().and_then(place);
                let kind = ProblemKind::Toml(error.message().to_owned());
                problems.push(Problem::new(kind, place).maybe_help(help));
                limits.unread = true;
                return limits;
            }
        };
        for (name, value) in table.get_ref() {
            let span = name.span();
            let name = name.get_ref().as_ref();
            // Until it was read.
            limits.refused.insert(name.to_owned());
            if !is_name(name) {
                let kind = ProblemKind::BadLimit(format!("`{name}` is no name for a limit"));
                problems.push(
                    Problem::new(kind, place(span))
                        .help("use lower-case letters, digits and `_`, as in `packet_loss`"),
                );
                continue;
            }
            let (written, source) = match value.get_ref() {
                DeValue::Table(table) => match read_table(name, table, &span, &place, problems) {
                    Some(parts) => parts,
                    None => continue,
                },
                _ => (Some(value), None),
            };
            let Some(value) = written else { continue };
            match quantity_of(value.get_ref()) {
                Ok((quantity, written)) => {
                    if let Some(odd) = quantity.oddity(quantity.unit) {
                        let kind = ProblemKind::BadLimit(format!("`{written}` {odd}"));
                        problems.push(Problem::new(kind, place(value.span())));
                    }
                    let limit = quantity.named(name);
                    let entry = Entry {
                        limit,
                        written,
                        source,
                        place: place(span),
                    };
                    limits.refused.remove(name);
                    limits.entries.insert(name.to_owned(), entry);
                }
                Err(why) => {
                    let (why, help) = split_help(why);
                    let kind = ProblemKind::BadLimit(why);
                    problems.push(Problem::new(kind, place(value.span())).maybe_help(help));
                }
            }
        }
        limits
    }
}

type Parts<'t, 'i> = (Option<&'t toml::Spanned<DeValue<'i>>>, Option<String>);

fn read_table<'t, 'i>(
    name: &str,
    table: &'t DeTable<'i>,
    span: &Range<usize>,
    place: &dyn Fn(Range<usize>) -> Option<Place>,
    problems: &mut Vec<Problem>,
) -> Option<Parts<'t, 'i>> {
    let (mut limit, mut source) = (None, None);
    for (key, value) in table {
        match key.get_ref().as_ref() {
            "limit" => limit = Some(value),
            "source" => match value.get_ref().as_str() {
                Some(text) => source = Some(text.to_owned()),
                None => {
                    let kind = ProblemKind::WrongValue {
                        key: "source".to_owned(),
                        want: "a text",
                    };
                    problems.push(Problem::new(kind, place(value.span())));
                }
            },
            other => {
                let kind = ProblemKind::UnknownLimitKey(other.to_owned());
                let help = did_you_mean(other, ["limit", "source"]);
                let help = help.or_else(|| Some("a limit has `limit` and `source`".to_owned()));
                problems.push(Problem::new(kind, place(key.span())).maybe_help(help));
            }
        }
    }
    if limit.is_none() {
        let kind = ProblemKind::BadLimit(format!("`{name}` has no `limit`"));
        problems.push(Problem::new(kind, place(span.clone())));
        return None;
    }
    Some((limit, source))
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn quantity_of(value: &DeValue<'_>) -> Result<(Quantity, String), String> {
    let written = match value {
        DeValue::String(text) => text.as_ref().to_owned(),
        DeValue::Integer(number) if number.radix() == 10 => number.as_str().replace('_', ""),
        DeValue::Float(number) => number.as_str().replace('_', ""),
        other => {
            return Err(format!(
                "a limit is a number or a text, not {}",
                other.type_str()
            ));
        }
    };
    parse_quantity(&written).map(|quantity| (quantity, written))
}

/// Splits `what; what to do` into message and help.
fn split_help(why: String) -> (String, Option<String>) {
    match why.split_once("; ") {
        Some((why, help)) => (why.to_owned(), Some(help.to_owned())),
        None => (why, None),
    }
}

#[cfg(test)]
mod tests {
    use super::super::value::Value;
    use super::*;

    #[test]
    fn an_override_must_exist_and_keep_its_unit() {
        let mut problems = Vec::new();
        let mut limits = Limits::parse(&"t".into(), "jitter = \"30ms\"", &mut problems);
        assert!(problems.is_empty());
        assert_eq!(limits.set("jitter", "40ms"), Ok(true));
        assert_eq!(
            limits.get("jitter").map(|e| &e.limit.value),
            Some(&Value::Number(40.0))
        );
        assert_eq!(limits.set("jiter", "40ms"), Ok(false));
        assert!(limits.set("jitter", "10%").is_err());
        assert!(limits.set("jitter", "0.03").is_err());
        assert_eq!(limits.set("jitter", "30"), Ok(true));
    }

    #[test]
    fn a_ratio_that_is_set_is_a_percentage_as_well() {
        let mut limits = Limits::parse(&"t".into(), "frames = \"50%\"", &mut Vec::new());
        assert_eq!(limits.set("frames", "0.07"), Ok(true));
        let limit = limits
            .get("frames")
            .map(|entry| entry.limit.clone())
            .expect("a limit");
        assert_eq!(
            (limit.value, limit.percent),
            (Value::Number(0.07), Some(7.0))
        );
        assert_eq!(limits.set("frames", "5e-1"), Ok(true));
        let percent = limits.get("frames").and_then(|entry| entry.limit.percent);
        assert_eq!(percent, Some(50.0));
    }
}
