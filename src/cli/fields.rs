//! `qualwatch fields`: what rules may name, for people as a list and for editors as JSON.
//!
//! All of it comes from the catalogue of the rules and from the schema; nothing is said here that
//! the type checker does not know.

use std::fmt::Write as _;
use std::process::ExitCode;

use serde::Serialize;

use super::args::{Fields as Args, Form};
use super::{Exit, output};
use crate::rules::fields::{FieldId, Kind, Level, Link, Unit};
use crate::text::Safe;

/// Prints the list.
pub(super) fn run(args: &Args) -> ExitCode {
    let what = args.what.as_deref();
    let levels: Vec<LevelEntry> = Level::ALL
        .into_iter()
        .filter_map(|level| LevelEntry::of(level, what))
        .collect();
    if levels.is_empty() {
        let what = Safe(what.unwrap_or_default());
        output::complain(&format!(
            "error: no level and no field has `{what}` in its name; `qualwatch fields` lists all\n"
        ));
        return Exit::Usage.into();
    }
    let text = match args.format {
        Form::Text => text(&levels),
        Form::Json => {
            let dump = Dump {
                schema: "qualwatch.fields/1",
                levels,
            };
            serde_json::to_string_pretty(&dump).unwrap_or_default() + "\n"
        }
    };
    output::print(text.as_bytes())
}

#[derive(Serialize)]
struct Dump {
    schema: &'static str,
    levels: Vec<LevelEntry>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LevelEntry {
    name: &'static str,
    description: &'static str,
    /// Whether a rule can be `on` it.
    rule_level: bool,
    links: Vec<LinkEntry>,
    fields: Vec<FieldEntry>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LinkEntry {
    name: &'static str,
    to: &'static str,
    computed: bool,
    description: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FieldEntry {
    name: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    graph_type: Option<&'static str>,
    unit: Option<&'static str>,
    range: Option<RangeEntry>,
    members: Option<&'static [String]>,
    members_may_grow: bool,
    nullable: bool,
    computed: bool,
    description: &'static str,
}

#[derive(Serialize)]
struct RangeEntry {
    least: Option<f64>,
    most: Option<f64>,
    source: &'static str,
}

impl LevelEntry {
    /// What `what` asks for of a level; `None` if that is nothing.
    fn of(level: Level, what: Option<&str>) -> Option<LevelEntry> {
        let whole = what.is_none_or(|what| what.eq_ignore_ascii_case(level.name()));
        let asked = |name: &str| {
            let what = what.unwrap_or_default().to_lowercase();
            whole || name.to_lowercase().contains(&what)
        };
        let links = level.links().iter().filter(|_| whole);
        let entry = LevelEntry {
            name: level.name(),
            description: level.description(),
            rule_level: Level::RULE_LEVELS.contains(&level),
            links: links.map(|(link, to)| LinkEntry::of(*link, *to)).collect(),
            fields: level
                .fields()
                .filter(|field| asked(field.name()))
                .map(FieldEntry::of)
                .collect(),
        };
        (whole || !entry.fields.is_empty()).then_some(entry)
    }
}

impl LinkEntry {
    fn of(link: Link, to: Level) -> LinkEntry {
        LinkEntry {
            name: link.name(),
            to: to.name(),
            computed: link.is_computed(),
            description: link.description(),
        }
    }
}

impl FieldEntry {
    fn of(id: FieldId) -> FieldEntry {
        let (field, meaning) = (id.get(), id.meaning());
        FieldEntry {
            name: field.name,
            kind: field.kind.name(),
            graph_type: meaning.graph_type.as_deref(),
            unit: match field.unit {
                Unit::None if field.kind == Kind::Instant => Some("ms since 1970"),
                Unit::None => None,
                unit => Some(unit.name()),
            },
            range: meaning.range.as_ref().map(|range| RangeEntry {
                least: range.least,
                most: range.most,
                source: &range.source,
            }),
            members: (!meaning.members.is_empty()).then_some(&meaning.members[..]),
            members_may_grow: meaning.grows,
            nullable: meaning.nullable,
            computed: field.computed,
            description: &meaning.description,
        }
    }

    /// Its range as people write it.
    fn range(&self) -> String {
        match &self.range {
            None => String::new(),
            Some(RangeEntry { least, most, .. }) => match (least, most) {
                (Some(least), Some(most)) => format!("{least} to {most}"),
                (Some(least), None) => format!("{least} or more"),
                (None, Some(most)) => format!("{most} or less"),
                (None, None) => String::new(),
            },
        }
    }
}

/// For people: a block for each level, a line for each field.
fn text(levels: &[LevelEntry]) -> String {
    let mut text = String::new();
    for level in levels {
        if !text.is_empty() {
            text.push('\n');
        }
        let on = if level.rule_level {
            ""
        } else {
            "  (no rule is on it)"
        };
        let _ = writeln!(text, "{}{on}\n  {}", level.name, level.description);
        for link in &level.links {
            let _ = writeln!(text, "  .{} is {}", link.name, lowered(link));
        }
        let rows: Vec<[String; 4]> = level.fields.iter().map(row).collect();
        let widths: [usize; 4] = std::array::from_fn(|column| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.max().unwrap_or(0)
        });
        for (row, field) in rows.iter().zip(&level.fields) {
            let cells = row.iter().zip(widths);
            let cells: Vec<String> = cells
                .map(|(cell, width)| format!("{cell:<width$}"))
                .collect();
            let line = format!("  {}  {}", cells.join("  "), field.description);
            let _ = writeln!(text, "{}", line.trim_end());
            for line in members(field) {
                let _ = writeln!(text, "      {line}");
            }
        }
    }
    text
}

fn row(field: &FieldEntry) -> [String; 4] {
    [
        field.name.to_owned(),
        field.kind.to_owned(),
        field.unit.unwrap_or_default().to_owned(),
        field.range(),
    ]
}

/// The description of a link within a sentence.
fn lowered(link: &LinkEntry) -> String {
    let mut characters = link.description.chars();
    let first = characters
        .next()
        .map(|first| first.to_lowercase().to_string());
    format!("{}{}", first.unwrap_or_default(), characters.as_str())
}

/// The members of an enum, in lines that fit a terminal.
fn members(field: &FieldEntry) -> Vec<String> {
    let mut lines = vec![String::new()];
    for member in field.members.unwrap_or_default() {
        let full = lines
            .last()
            .is_some_and(|line| line.len() + member.len() > 84);
        if full {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(member);
        }
    }
    lines.retain(|line| !line.is_empty());
    lines
}
