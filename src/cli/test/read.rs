//! Files of cases to trials: TOML read with its places, every name checked, rows and boundaries
//! written out.
//!
//! A trial is one record and what the rules must say of it. All that is wrong with a file is told at
//! once. Nothing is judged here.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::names;
use super::problem::{File, Problem};
use super::record::{self, PIECES, Pieces};
use super::timed::Moment;
use crate::rules::{RuleSet, did_you_mean};

mod moments;
mod pieces;
mod rows;
mod wants;

/// One record, and what the rules must say of it.
#[derive(Clone, Debug)]
pub(super) struct Trial {
    pub(super) file: File,
    /// where its name stands
    pub(super) span: Range<usize>,
    pub(super) name: String,
    /// what tells it from the other trials of its case
    pub(super) with: Option<String>,
    pub(super) record: Record,
    pub(super) limits: BTreeMap<String, String>,
    /// the rule that it is about; all rules of the folder, if there is none
    pub(super) rule: Option<String>,
    pub(super) wants: Vec<Want>,
    /// whether no rule may fire that is not wanted to
    pub(super) exhaustive: bool,
    /// where each member of the pieces stands
    pub(super) spans: BTreeMap<String, Range<usize>>,
}

/// What is judged.
#[derive(Clone, Debug)]
pub(super) enum Record {
    Text(String),
    File(PathBuf),
    /// records with their times, and what the windows tell of them
    Timed(Vec<Moment>, Vec<String>),
}

/// What one rule must say.
#[derive(Clone, Debug)]
pub(super) struct Want {
    pub(super) rule: String,
    pub(super) said: Expected,
    /// on how many places
    pub(super) places: Option<u64>,
    /// fields, or whole lines of evidence
    pub(super) evidence: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    Fired,
    Quiet,
    Unknown,
}

impl Expected {
    pub(super) const ALL: [Expected; 3] = [Expected::Fired, Expected::Quiet, Expected::Unknown];

    pub(super) fn name(self) -> &'static str {
        match self {
            Expected::Fired => "fired",
            Expected::Quiet => "quiet",
            Expected::Unknown => "unknown",
        }
    }

    fn parse(name: &str) -> Option<Expected> {
        Expected::ALL.into_iter().find(|it| it.name() == name)
    }
}

const KEYS: [&str; 19] = [
    "over_time",
    "told",
    "name",
    "rule",
    "want",
    "fired",
    "quiet",
    "unknown",
    "document",
    "limits",
    "missing",
    "each",
    "boundary",
    "call",
    "session",
    "segment",
    "media",
    "stream",
    "feedback",
];
const ROW_KEYS: [&str; 12] = [
    "want", "fired", "quiet", "unknown", "limits", "missing", "call", "session", "segment",
    "media", "stream", "feedback",
];

/// The rules that a file's cases are about, and how to load them with other limits.
pub(super) trait Rules {
    fn set(&mut self, limits: &BTreeMap<String, String>) -> Result<RuleSet, String>;
}

/// Reads a file of cases.
pub(super) fn read(
    file: &File,
    folder: &Path,
    rules: &mut dyn Rules,
    problems: &mut Vec<Problem>,
) -> Vec<Trial> {
    let text = std::sync::Arc::clone(&file.text);
    let table = match DeTable::parse(&text) {
        Ok(table) => table,
        Err(error) => {
            let span = error.span().unwrap_or(0..0);
            problems.push(Problem::new(file, span, error.message()));
            return Vec::new();
        }
    };
    let set = match rules.set(&BTreeMap::new()) {
        Ok(set) => set,
        Err(why) => {
            problems.push(Problem::new(file, 0..0, why));
            return Vec::new();
        }
    };
    let mut reader = Reader {
        file,
        folder,
        set,
        rules,
        problems,
        base: Pieces::new(),
        base_spans: BTreeMap::new(),
        trials: Vec::new(),
        names: BTreeMap::new(),
    };
    for (key, value) in table.get_ref() {
        let span = key.span();
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("base", DeValue::Table(base)) => reader.read_base(base),
            ("case", DeValue::Array(_)) => {}
            ("base" | "case", _) => {
                let help = "write `[base]` once, and `[[case]]` for each case".to_owned();
                reader.problem(span, "this is no table", Some(help));
            }
            (other, _) => {
                let help = did_you_mean(other, ["base", "case"])
                    .unwrap_or_else(|| "a file of cases has `[base]` and `[[case]]`".to_owned());
                reader.problem(span, format!("unknown key `{other}`"), Some(help));
            }
        }
    }
    if let Some(DeValue::Array(cases)) = table.get_ref().get("case").map(|it| it.get_ref()) {
        for case in cases {
            match case.get_ref() {
                DeValue::Table(table) => reader.case(table, case.span()),
                _ => reader.problem(case.span(), "a case is a table", None),
            }
        }
    }
    reader.trials
}

struct Reader<'r> {
    file: &'r File,
    folder: &'r Path,
    set: RuleSet,
    rules: &'r mut dyn Rules,
    problems: &'r mut Vec<Problem>,
    base: Pieces,
    base_spans: BTreeMap<String, Range<usize>>,
    trials: Vec<Trial>,
    names: BTreeMap<String, Range<usize>>,
}

/// What a case or row says, as far as it can be laid over another.
#[derive(Clone, Default)]
struct Said {
    pieces: Pieces,
    missing: Vec<String>,
    limits: BTreeMap<String, String>,
    wants: Vec<Want>,
    want: Option<Expected>,
    /// whether it says anything of rules
    asked: bool,
    /// whether it says which rules fire, so that no other may
    exhaustive: bool,
    spans: BTreeMap<String, Range<usize>>,
}

impl Reader<'_> {
    fn problem(&mut self, span: Range<usize>, message: impl Into<String>, help: Option<String>) {
        self.problems
            .push(Problem::new(self.file, span, message).help(help));
    }

    fn read_base(&mut self, base: &DeTable<'_>) {
        for (key, value) in base {
            let name = key.get_ref().as_ref();
            if PIECES.contains(&name) {
                let mut said = Said::default();
                self.piece(name, value, &mut said);
                record::lay_all(&mut self.base, &said.pieces);
                self.base_spans.extend(said.spans);
            } else {
                self.unknown(key.span(), name, &PIECES, "a base");
            }
        }
    }

    fn unknown(&mut self, span: Range<usize>, name: &str, known: &[&str], what: &str) {
        let piece = PIECES.iter().find(|piece| {
            names::of_piece(piece).is_some_and(|of| names::has(of, name)) && known.contains(piece)
        });
        let help = match piece {
            Some(piece) => Some(format!(
                "`{name}` belongs to {piece}: write `{piece}.{name}`"
            )),
            None => did_you_mean(name, known.iter().copied()),
        };
        let help = help.unwrap_or_else(|| format!("{what} has {}", known.join(", ")));
        self.problem(span, format!("unknown key `{name}`"), Some(help));
    }

    fn case(&mut self, table: &DeTable<'_>, at: Range<usize>) {
        let before = self.problems.len();
        let mut said = Said {
            spans: self.base_spans.clone(),
            ..Said::default()
        };
        let (mut name, mut rule, mut document) = (None, None, None);
        let (mut each, mut edge) = (None, None);
        let (mut moments, mut told) = (None, None);
        for (key, value) in table {
            let span = key.span();
            let text = value.get_ref().as_str().map(str::to_owned);
            match (key.get_ref().as_ref(), text) {
                ("name", Some(text)) => name = Some((text, value.span())),
                ("rule", Some(text)) => {
                    let windows = self.set.windows();
                    let window = windows.iter().any(|window| **window.name() == *text);
                    if window || self.known_rule(&text, value.span()) {
                        rule = Some(text);
                    }
                }
                ("document", Some(text)) => document = Some((text, value.span())),
                ("name" | "rule" | "document", None) => {
                    self.problem(value.span(), "a text is wanted here", None);
                }
                ("over_time", _) => moments = Some((self.moments(value, &mut said), value.span())),
                ("told", _) => told = Some(self.told(value)),
                ("each", _) => each = Some(value),
                ("boundary", _) => edge = Some(value),
                (key, _) if ROW_KEYS.contains(&key) => self.row_key(key, value, &mut said),
                (other, _) => self.unknown(span, other, &KEYS, "a case"),
            }
        }
        let Some((name, span)) = name else {
            let help = "add `name = \"what is so, as a sentence\"`".to_owned();
            self.problem(at.start..at.start + 8, "a case without a name", Some(help));
            return;
        };
        if let Some(first) = self.names.insert(name.clone(), span.clone()) {
            let line = self.file.line(first.start);
            let help = format!("the first stands on line {line}; give one of them another name");
            self.problem(span.clone(), "a second case of that name", Some(help));
        }
        let pieces_given = said.pieces.keys().next().is_some() || !said.missing.is_empty();
        if let Some((_, span)) = &document
            && (pieces_given || edge.is_some())
        {
            let help = "leave out `document`, or the pieces".to_owned();
            self.problem(
                span.clone(),
                "a case is of a document or of pieces, not of both",
                Some(help),
            );
        }
        let mut trial = Trial {
            file: self.file.clone(),
            span: span.clone(),
            name,
            with: None,
            record: Record::Text(String::new()),
            limits: BTreeMap::new(),
            rule,
            wants: Vec::new(),
            exhaustive: false,
            spans: BTreeMap::new(),
        };
        if let Some((file, span)) = document {
            let path = self.folder.join(&file);
            if !path.is_file() {
                let help = "it is looked for beside the file of cases".to_owned();
                self.problem(span, format!("there is no file `{file}`"), Some(help));
            }
            trial.record = Record::File(path);
        }
        let first = self.trials.len();
        if let Some((moments, span)) = moments {
            if pieces_given || each.is_some() || edge.is_some() || said.asked {
                let help = "leave out all but `rule`, `limits`, `over_time` and `told`".to_owned();
                self.problem(span, "a case over time is of moments alone", Some(help));
            } else if let Some(told) = told {
                trial.record = Record::Timed(moments, told);
                trial.limits = said.limits;
                trial.spans = said.spans;
                self.trials.push(trial);
            } else {
                let help =
                    "add `told = [\"09:20 firing poor-site 10.1.0.0\"]`, or `told = []`".to_owned();
                self.problem(span, "what is told of it?", Some(help));
            }
            if self.problems.len() > before {
                self.trials.truncate(first);
            }
            return;
        }
        match (each, edge) {
            (None, None) => self.trial(&trial, &said, None),
            (Some(rows), None) => self.rows(&trial, &said, rows),
            (None, Some(edge)) => self.boundary(&trial, &said, edge),
            (Some(_), Some(edge)) => {
                let help = "make two cases of it".to_owned();
                self.problem(edge.span(), "`each` and `boundary` in one case", Some(help));
            }
        }
        if self.problems.len() > before {
            self.trials.truncate(first);
        }
    }

    /// A key that a row may have too.
    fn row_key(&mut self, key: &str, value: &toml::Spanned<DeValue<'_>>, said: &mut Said) {
        match key {
            "want" => match value.get_ref().as_str().and_then(Expected::parse) {
                Some(want) => said.want = Some(want),
                None => {
                    let help = "it is \"fired\", \"quiet\" or \"unknown\"".to_owned();
                    self.problem(value.span(), "what is wanted?", Some(help));
                }
            },
            "fired" | "quiet" | "unknown" => {
                if let Some(expected) = Expected::parse(key) {
                    self.wants(expected, value, said);
                }
            }
            "limits" => self.limits(value, said),
            "missing" => match value.get_ref() {
                DeValue::Array(items) => {
                    for item in items {
                        self.path(item.get_ref().as_str(), item.span(), |path| {
                            said.missing.push(path.to_owned());
                        });
                    }
                }
                other => self.path(other.as_str(), value.span(), |path| {
                    said.missing.push(path.to_owned());
                }),
            },
            piece => self.piece(piece, value, said),
        }
    }
}
