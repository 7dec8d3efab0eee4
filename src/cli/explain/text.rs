//! Explanations for people: a rule at a time, places of one outcome together.
//!
//! Each group says what decided, what else was read, and what was missing. Where a group has several
//! places, a reading is shown as the range that it had there. Everything from a document is made
//! safe; nothing is decided.

use std::fmt::Write as _;

use serde_json::Value as Json;

use crate::cli::render::{Painter, count, counted, place_of, plural, quantity, when};
use crate::engine::{Explained, ExplainedCondition, ExplainedPlace, ExplainedRule};
use crate::record::{Origin, Spot};
use crate::rules::fields::Level;
use crate::rules::{Condition, Op, Rule, RuleSet, Said};
use crate::text::Safe;

/// Shows explanations as text.
pub(super) struct Text<'r> {
    painter: Painter,
    rules: &'r RuleSet,
    conditions: Vec<Vec<Condition>>,
    /// whether each place stands by itself
    each: bool,
    width: usize,
}

/// Places of which a rule said the same for the same reasons.
struct Group<'e> {
    places: Vec<&'e ExplainedPlace>,
}

impl<'r> Text<'r> {
    pub(super) fn new(painter: Painter, rules: &'r RuleSet, each: bool) -> Text<'r> {
        let conditions = rules
            .rules()
            .iter()
            .map(|rule| rule.conditions(rules).unwrap_or_default());
        Text {
            painter,
            rules,
            conditions: conditions.collect(),
            each,
            width: crate::cli::output::width(),
        }
    }

    /// One document.
    pub(super) fn document(&self, source: &str, origin: Origin, explained: &Explained) -> String {
        let call = &explained.call;
        let mut text = format!(
            "{}  call {}\n",
            self.painter
                .bold(&format!("{}:{}", Safe(source), origin.line)),
            Safe(call.id.as_deref().unwrap_or("without an id")),
        );
        let mut about = Vec::new();
        about.extend(call.call_type.as_deref().map(|kind| Safe(kind).to_string()));
        about.extend(when(call.start.as_deref(), call.end.as_deref()));
        about.extend(call.partial.then(|| "partial".to_owned()));
        about.extend(call.invalid.then(|| "invalid record".to_owned()));
        if !about.is_empty() {
            let _ = writeln!(text, "  {}", about.join(", "));
        }
        for explained in &explained.rules {
            text.push('\n');
            self.rule(&mut text, explained);
        }
        text.push('\n');
        text
    }

    fn rule(&self, text: &mut String, explained: &ExplainedRule) {
        let Some(rule) = self.rules.rules().get(explained.rule) else {
            return;
        };
        let level = rule.level();
        let _ = writeln!(
            text,
            "{}  {}, on {}: {}  {}",
            self.painter.bold(&Safe(rule.name()).to_string()),
            rule.severity().name(),
            level.name(),
            tally(level, &explained.places),
            self.painter
                .dim(&Safe(&rule.place().to_string()).to_string()),
        );
        if let Err(reason) = rule.conditions(self.rules) {
            let told = format!("it has {reason}, so only what decided is known");
            let _ = writeln!(text, "  {}", self.painter.dim(&told));
        }
        for group in self.groups(&explained.places) {
            self.group(text, rule, explained.rule, &group);
        }
    }

    fn groups<'e>(&self, places: &'e [ExplainedPlace]) -> Vec<Group<'e>> {
        let mut groups: Vec<Group<'e>> = Vec::new();
        for place in places {
            let same = groups.iter_mut().find(|group| {
                !self.each && group.places.first().is_some_and(|it| alike(it, place))
            });
            match same {
                Some(group) => group.places.push(place),
                None => groups.push(Group {
                    places: vec![place],
                }),
            }
        }
        // What fired first, then what could not tell, then what was quiet.
        groups.sort_by_key(
            |group| match group.places.first().map(|place| &place.said) {
                Some(Said::Fired) => 0,
                Some(Said::Broke(_)) => 1,
                Some(Said::Unknown) => 2,
                _ => 3,
            },
        );
        groups
    }

    fn group(&self, text: &mut String, rule: &Rule, number: usize, group: &Group<'_>) {
        let [first, more @ ..] = group.places.as_slice() else {
            return;
        };
        let alone = more.is_empty();
        let client = first.client.as_ref().filter(|_| alone);
        let what = place_of(&first.what, client, rule.level().name());
        let said = match &first.said {
            Said::Fired => self.painter.bad("fired"),
            Said::Quiet => self.painter.bold("quiet"),
            Said::Unknown => self.painter.bold("could not tell"),
            Said::Broke(_) => self.painter.bad("broke"),
        };
        let head = if alone {
            what
        } else {
            let all = group.places.len() as u64;
            format!(
                "{} {}, the first {what}",
                count(all),
                plural(rule.level().name(), all)
            )
        };
        let at = format!("{}{}", first.at, spot(first.spot));
        self.wrap(text, &format!("  {said}  "), "         ", &head);
        let _ = writeln!(text, "    {}", self.painter.dim(&at));
        if let Said::Broke(fault) = &first.said {
            let _ = writeln!(text, "    {}", Safe(&fault.message));
            return;
        }
        let (mut because, mut read, mut missing) = (Vec::new(), Vec::new(), Vec::new());
        for (at, condition) in first.conditions.iter().enumerate() {
            if condition.matters == Some(false) {
                continue;
            }
            let there = group
                .places
                .iter()
                .filter_map(|place| place.conditions.get(at));
            let there: Vec<&ExplainedCondition> = there.collect();
            let asked = condition
                .condition
                .and_then(|at| self.conditions.get(number)?.get(at));
            let Some(line) = line(asked, &there) else {
                continue;
            };
            let reading = condition.readings.first().filter(|_| alone);
            let place = reading.and_then(|reading| reading.spot);
            let line = (line, spot(place));
            if condition.decides {
                because.push(line);
            } else if condition.said.is_some() {
                read.push(line);
            } else {
                let (line, at) = line;
                let bare = line.strip_suffix(" missing").unwrap_or(&line);
                missing.push((bare.to_owned(), at));
            }
        }
        self.lines(text, "because", &because, true);
        self.lines(text, "read", &read, self.each);
        self.lines(text, "missing", &missing, self.each);
    }

    /// What decided stands line by line; the rest in one paragraph, unless all is wanted.
    fn lines(&self, text: &mut String, label: &str, lines: &[(String, String)], apart: bool) {
        if lines.is_empty() {
            return;
        }
        let indent = " ".repeat(13);
        let first = format!("    {label:<9}");
        if apart {
            let mut lead = first.as_str();
            for (line, at) in lines {
                let _ = writeln!(text, "{lead}{line}{}", self.painter.dim(at));
                lead = &indent;
            }
            return;
        }
        // A line breaks between readings, not within one.
        let whole: Vec<String> = lines
            .iter()
            .map(|(line, _)| line.replace(' ', "\u{a0}"))
            .collect();
        let mut wrapped = String::new();
        self.wrap(&mut wrapped, &first, &indent, &whole.join(", "));
        text.push_str(&wrapped.replace('\u{a0}', " "));
    }

    fn wrap(&self, text: &mut String, first: &str, indent: &str, words: &str) {
        let options = textwrap::Options::new(self.width)
            .initial_indent(first)
            .subsequent_indent(indent)
            .break_words(false);
        for line in textwrap::wrap(words, options) {
            let _ = writeln!(text, "{line}");
        }
    }
}

/// How often a rule said what.
fn tally(level: Level, places: &[ExplainedPlace]) -> String {
    if places.is_empty() {
        return format!("no {} here", level.name());
    }
    let (mut fired, mut quiet, mut unknown, mut broke) = (0, 0, 0, 0);
    for place in places {
        match place.said {
            Said::Fired => fired += 1,
            Said::Quiet => quiet += 1,
            Said::Unknown => unknown += 1,
            Said::Broke(_) => broke += 1,
        }
    }
    [
        (fired, "fired"),
        (quiet, "quiet"),
        (unknown, "could not tell"),
        (broke, "broke"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, what)| format!("{} {what}", count(number)))
    .collect::<Vec<_>>()
    .join(", ")
}

/// Whether two places may stand in one group.
fn alike(a: &ExplainedPlace, b: &ExplainedPlace) -> bool {
    let key = |condition: &ExplainedCondition| {
        let asked = condition.matters != Some(false);
        asked.then_some((condition.condition, condition.said, condition.decides))
    };
    a.said == b.said
        && a.conditions.len() == b.conditions.len()
        && a.conditions
            .iter()
            .zip(&b.conditions)
            .all(|(a, b)| key(a) == key(b))
}

fn spot(spot: Option<Spot>) -> String {
    spot.map(|spot| format!("  {}:{}", spot.line, spot.column))
        .unwrap_or_default()
}

/// A condition in words; `None` if it says nothing about the document.
fn line(asked: Option<&Condition>, there: &[&ExplainedCondition]) -> Option<String> {
    let first = there.first()?;
    let subject = match (asked, first.readings.first()) {
        (Some(condition), _) => condition.subject.clone(),
        (None, Some(reading)) => reading.field.name().to_owned(),
        (None, None) => return None,
    };
    if first.said.is_none() {
        let lacks = |condition: &ExplainedCondition| {
            let missing = condition.readings.iter().filter(|it| it.value.is_null());
            let mut names: Vec<&str> = missing.map(|it| it.field.name()).collect();
            names.dedup();
            names.join(", ")
        };
        let names = lacks(first);
        let plain = asked
            .and_then(|it| it.reading.as_ref())
            .is_some_and(|it| it.path == subject);
        return Some(if plain || names.is_empty() {
            format!("{subject} missing")
        } else {
            format!("{names} missing, for {subject}")
        });
    }
    let Some(compared) = &first.compared else {
        // A link, or limits alone.
        let asked = asked.filter(|it| it.op == Op::Present)?;
        let is = if first.said == Some(true) {
            "is"
        } else {
            "is not"
        };
        return Some(format!("{} {is} there", asked.subject));
    };
    let values = there.iter().filter_map(|it| it.compared.as_ref());
    let value = range(values.map(|compared| &compared.value), compared.unit);
    let calculated = first
        .readings
        .first()
        .is_some_and(|reading| reading.value != compared.value);
    let colon = if calculated { ":" } else { "" };
    let mut text = match compared.op {
        Op::Present => format!("{subject} {value} is there"),
        Op::Absent => format!("{subject} is not there"),
        op => {
            let limit = match &compared.limit {
                Json::Array(items) => {
                    let items = items.iter().map(|item| quantity(item, compared.unit));
                    items.collect::<Vec<_>>().join(", ")
                }
                limit => quantity(limit, compared.unit),
            };
            if op == Op::Equal && limit == value {
                format!("{subject} {value}")
            } else if limit == value && there.len() == 1 {
                // What differs must not read as the same.
                let (value, limit) = (&compared.value, &compared.limit);
                let unit = compared.unit.unwrap_or_default();
                let sign = op.symbol();
                format!("{subject}{colon} {value} {sign} {limit} {unit}")
            } else {
                format!("{subject}{colon} {value} {} {limit}", op.symbol())
            }
        }
    };
    if let Some(name) = &compared.limit_name {
        let _ = write!(text, " ({})", Safe(name));
    }
    Some(text)
}

/// One value, the ends of several numbers, or a few texts.
fn range<'v>(values: impl Iterator<Item = &'v Json>, unit: Option<&str>) -> String {
    let mut distinct: Vec<&Json> = Vec::new();
    for value in values {
        if !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    if distinct.len() > 1 && distinct.iter().all(|value| value.is_number()) {
        let number = |value: &&&Json| value.as_f64().unwrap_or_default();
        let by = |a: &&&Json, b: &&&Json| number(a).total_cmp(&number(b));
        if let (Some(least), Some(most)) = (
            distinct.iter().min_by(by).copied(),
            distinct.iter().max_by(by).copied(),
        ) {
            let (least, most) = (quantity(least, unit), quantity(most, unit));
            // The unit stands once, if both have it.
            let bare = match (least.split_once(' '), most.split_once(' ')) {
                (Some((number, a)), Some((_, b))) if a == b => number,
                _ => &least,
            };
            return format!("{bare} … {most}");
        }
    }
    const SHOWN: usize = 3;
    let shown: Vec<String> = distinct
        .iter()
        .take(SHOWN)
        .map(|value| match value {
            Json::Array(items) => {
                let items = items.iter().map(|item| quantity(item, unit));
                items.collect::<Vec<_>>().join(", ")
            }
            value => quantity(value, unit),
        })
        .collect();
    let more = distinct.len().saturating_sub(SHOWN);
    match more {
        0 => shown.join(" or "),
        more => format!(
            "{} or {} more",
            shown.join(" or "),
            counted(more as u64, "text")
        ),
    }
}
