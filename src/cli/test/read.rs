//! Files of cases to trials: TOML read with its places, every name checked, rows and boundaries
//! written out.
//!
//! A trial is one record and what the rules must say of it. All that is wrong with a file is told at
//! once. Nothing is judged here.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use toml::de::{DeTable, DeValue};

use super::boundary::{self, Side};
use super::names;
use super::problem::{File, Problem};
use super::record::{self, PIECES, Pieces};
use crate::rules::fields::{FieldId, Kind, Unit};
use crate::rules::{RuleSet, did_you_mean, quantity};

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

const KEYS: [&str; 17] = [
    "name", "rule", "want", "fired", "quiet", "unknown", "document", "limits", "missing", "each",
    "boundary", "call", "session", "segment", "media", "stream", "feedback",
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
        for (key, value) in table {
            let span = key.span();
            let text = value.get_ref().as_str().map(str::to_owned);
            match (key.get_ref().as_ref(), text) {
                ("name", Some(text)) => name = Some((text, value.span())),
                ("rule", Some(text)) => {
                    if self.known_rule(&text, value.span()) {
                        rule = Some(text);
                    }
                }
                ("document", Some(text)) => document = Some((text, value.span())),
                ("name" | "rule" | "document", None) => {
                    self.problem(value.span(), "a text is wanted here", None);
                }
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

    fn known_rule(&mut self, name: &str, span: Range<usize>) -> bool {
        let set = self.set.clone();
        let known = || set.rules().iter().map(|rule| &**rule.name());
        if known().any(|rule| rule == name) {
            return true;
        }
        let help = did_you_mean(name, known())
            .unwrap_or_else(|| format!("the rules are {}", known().collect::<Vec<_>>().join(", ")));
        self.problem(span, format!("unknown rule `{name}`"), Some(help));
        false
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

    /// A way to a member, `stream.averageJitter`.
    fn path(&mut self, path: Option<&str>, span: Range<usize>, take: impl FnOnce(&str)) {
        let Some(path) = path else {
            self.problem(
                span,
                "a text is wanted, such as \"stream.averageJitter\"",
                None,
            );
            return;
        };
        let mut parts = path.split('.');
        let piece = parts.next().unwrap_or_default();
        let Some(mut of) = names::of_piece(piece).filter(|_| PIECES.contains(&piece)) else {
            let owner = PIECES
                .iter()
                .find(|piece| names::of_piece(piece).is_some_and(|of| names::has(of, path)));
            let help = match owner {
                Some(owner) => format!("write `{owner}.{path}`"),
                None => format!("it begins with one of {}", PIECES.join(", ")),
            };
            self.problem(span, format!("unknown member `{path}`"), Some(help));
            return;
        };
        for name in parts {
            if matches!(piece, "call" | "session" | "segment") && name == "duration" {
                continue;
            }
            if !names::has(of, name) {
                let help = names::advice(of, piece, name);
                self.problem(span, format!("{piece} has no `{name}`"), help);
                return;
            }
            match names::of_member(of, name) {
                Some(inner) => of = inner,
                None => break,
            }
        }
        take(path);
    }

    fn limits(&mut self, value: &toml::Spanned<DeValue<'_>>, said: &mut Said) {
        let DeValue::Table(table) = value.get_ref() else {
            let help = "write `limits = { jitter = \"40ms\" }`".to_owned();
            self.problem(value.span(), "limits are a table", Some(help));
            return;
        };
        let set = self.set.clone();
        let known: Vec<&str> = set
            .rules()
            .iter()
            .flat_map(|rule| set.limits(rule).names())
            .collect();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            if !known.contains(&name) {
                let help = did_you_mean(name, known.iter().copied());
                self.problem(key.span(), format!("unknown limit `{name}`"), help);
                continue;
            }
            let written = match value.get_ref() {
                DeValue::String(text) => text.to_string(),
                DeValue::Integer(number) => number.as_str().to_owned(),
                DeValue::Float(number) => number.as_str().to_owned(),
                _ => {
                    self.problem(value.span(), "a limit is a number or a text", None);
                    continue;
                }
            };
            if let Err(why) = quantity(&written) {
                self.problem(value.span(), why, None);
                continue;
            }
            said.limits.insert(name.to_owned(), written);
        }
    }

    fn wants(&mut self, expected: Expected, value: &toml::Spanned<DeValue<'_>>, said: &mut Said) {
        said.asked = true;
        said.exhaustive |= expected == Expected::Fired;
        let want = |rule: &str| Want {
            rule: rule.to_owned(),
            said: expected,
            places: None,
            evidence: None,
        };
        match value.get_ref() {
            DeValue::Array(items) => {
                for item in items {
                    match item.get_ref().as_str() {
                        Some(rule) if self.known_rule(rule, item.span()) => {
                            said.wants.push(want(rule));
                        }
                        Some(_) => {}
                        None => self.problem(item.span(), "a rule's name is wanted", None),
                    }
                }
            }
            DeValue::Table(table) => {
                for (key, value) in table {
                    let rule = key.get_ref().as_ref();
                    if self.known_rule(rule, key.span()) {
                        let want = self.detailed(want(rule), value);
                        said.wants.push(want);
                    }
                }
            }
            DeValue::String(rule) => {
                if self.known_rule(rule, value.span()) {
                    said.wants.push(want(rule));
                }
            }
            _ => {
                let help = format!("write `{} = [\"a-rule\"]`", expected.name());
                self.problem(value.span(), "names of rules are wanted", Some(help));
            }
        }
    }

    /// `{ places = 2, evidence = ["averageJitter"] }`, or a number of places alone.
    fn detailed(&mut self, mut want: Want, value: &toml::Spanned<DeValue<'_>>) -> Want {
        let number = |value: &DeValue<'_>| match value {
            DeValue::Integer(number) => number.as_str().parse::<u64>().ok(),
            _ => None,
        };
        match value.get_ref() {
            DeValue::Integer(_) => want.places = number(value.get_ref()),
            DeValue::Table(table) => {
                for (key, value) in table {
                    match key.get_ref().as_ref() {
                        "places" => want.places = number(value.get_ref()),
                        "evidence" => {
                            let items = value.get_ref().as_array();
                            let lines = items
                                .into_iter()
                                .flatten()
                                .map(|item| item.get_ref().as_str().unwrap_or_default().to_owned());
                            want.evidence = Some(lines.collect());
                        }
                        other => self.unknown(
                            key.span(),
                            other,
                            &["places", "evidence"],
                            "what is wanted of a rule",
                        ),
                    }
                }
            }
            _ => {
                let help =
                    "write a number of places, or `{ places = 2, evidence = […] }`".to_owned();
                self.problem(value.span(), "what is wanted?", Some(help));
            }
        }
        want
    }

    fn piece(&mut self, piece: &str, value: &toml::Spanned<DeValue<'_>>, said: &mut Said) {
        let Some(of) = names::of_piece(piece) else {
            return;
        };
        if !matches!(value.get_ref(), DeValue::Table(_) | DeValue::Array(_)) {
            let help = format!("write `{piece}.name = …`, or `{piece} = {{ name = … }}`");
            self.problem(value.span(), format!("{piece} is an object"), Some(help));
            return;
        }
        let json = self.json(value, Some(of), piece, None, said);
        let mut pieces = Pieces::new();
        pieces.insert(piece.to_owned(), json);
        record::lay_all(&mut said.pieces, &pieces);
    }

    /// A value of a piece as JSON, its names checked.
    fn json(
        &mut self,
        value: &toml::Spanned<DeValue<'_>>,
        of: Option<&'static Json>,
        piece: &str,
        name: Option<&str>,
        said: &mut Said,
    ) -> Json {
        match value.get_ref() {
            DeValue::Table(table) => {
                let mut map = serde_json::Map::new();
                for (key, value) in table {
                    let name = key.get_ref().as_ref();
                    if let Some(of) = of
                        && !names::has(of, name)
                    {
                        let help = names::advice(of, piece, name);
                        let message = format!("{piece} has no `{name}`");
                        self.problem(key.span(), message, help);
                        continue;
                    }
                    said.spans
                        .insert(name.to_owned(), key.span().start..value.span().end);
                    let inner = of.and_then(|of| names::of_member(of, name));
                    let json = self.json(value, inner, piece, Some(name), said);
                    map.insert(name.to_owned(), json);
                }
                Json::Object(map)
            }
            DeValue::Array(items) => items
                .iter()
                .map(|item| self.json(item, of, piece, name, said))
                .collect(),
            DeValue::String(text) => of_text(text, name),
            DeValue::Integer(number) => number
                .as_str()
                .replace('_', "")
                .parse::<i64>()
                .map_or(Json::Null, Json::from),
            DeValue::Float(number) => number
                .as_str()
                .replace('_', "")
                .parse::<f64>()
                .map_or(Json::Null, Json::from),
            DeValue::Boolean(value) => (*value).into(),
            DeValue::Datetime(time) => time.to_string().into(),
        }
    }

    fn rows(&mut self, trial: &Trial, said: &Said, rows: &toml::Spanned<DeValue<'_>>) {
        let Some(items) = rows.get_ref().as_array() else {
            let help = "write `each = [{ stream.averageJitter = \"31ms\", want = \"fired\" }]`";
            self.problem(rows.span(), "rows are wanted", Some(help.to_owned()));
            return;
        };
        for row in items {
            let DeValue::Table(table) = row.get_ref() else {
                self.problem(row.span(), "a row is a table", None);
                continue;
            };
            let mut own = said.clone();
            own.wants.clear();
            for (key, value) in table {
                let name = key.get_ref().as_ref();
                if ROW_KEYS.contains(&name) {
                    self.row_key(name, value, &mut own);
                } else {
                    self.unknown(key.span(), name, &ROW_KEYS, "a row");
                }
            }
            if own.wants.is_empty() {
                own.wants.clone_from(&said.wants);
            }
            let text = self.file.text.get(row.span()).unwrap_or_default();
            let with = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let with = with.trim_matches(['{', '}']).trim().to_owned();
            self.trial(trial, &own, Some((with, row.span())));
        }
    }

    /// At, just under and just over a limit, and with the reading missing.
    fn boundary(&mut self, trial: &Trial, said: &Said, edge: &toml::Spanned<DeValue<'_>>) {
        let DeValue::Table(table) = edge.get_ref() else {
            let help = "write `boundary = { reading = \"stream.averageJitter\", limit = \"jitter\", \
                        over = \"fired\", at = \"quiet\" }`";
            self.problem(edge.span(), "a boundary is a table", Some(help.to_owned()));
            return;
        };
        let (mut reading, mut limit) = (None, None);
        let mut sides: Vec<(Side, Expected)> = Vec::new();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let text = value.get_ref().as_str();
            match (name, Side::parse(name)) {
                ("reading", _) => self.path(text, value.span(), |path| {
                    reading = Some(path.to_owned());
                }),
                ("limit", _) => limit = text.map(|text| (text.to_owned(), value.span())),
                (_, Some(side)) => match text.and_then(Expected::parse) {
                    Some(want) => sides.push((side, want)),
                    None => {
                        let help = "it is \"fired\", \"quiet\" or \"unknown\"".to_owned();
                        self.problem(value.span(), "what is wanted?", Some(help));
                    }
                },
                (other, None) => {
                    let known = ["reading", "limit", "under", "at", "over", "missing"];
                    self.unknown(key.span(), other, &known, "a boundary");
                }
            }
        }
        let Some(rule) = &trial.rule else {
            let help = "add `rule = \"…\"`".to_owned();
            self.problem(edge.span(), "a boundary of which rule?", Some(help));
            return;
        };
        let (Some(reading), Some((limit, span))) = (reading, limit) else {
            let help = "a boundary has `reading` and `limit`".to_owned();
            self.problem(edge.span(), "a boundary of what?", Some(help));
            return;
        };
        let set = match self.rules.set(&said.limits) {
            Ok(set) => set,
            Err(why) => return self.problem(span, why, None),
        };
        let entry = set
            .rules()
            .iter()
            .find(|known| **known.name() == **rule)
            .and_then(|rule| set.limits(rule).get(&limit).cloned());
        let Some(entry) = entry else {
            let known = set.rules().iter().flat_map(|rule| set.limits(rule).names());
            let help = did_you_mean(&limit, known);
            self.problem(span, format!("unknown limit `{limit}`"), help);
            return;
        };
        for (side, want) in sides {
            let mut own = said.clone();
            let mut with = format!("{reading} {}", side.in_words(&limit));
            if side == Side::Missing {
                own.missing.push(reading.clone());
            } else {
                match boundary::value(&reading, &entry.limit, side) {
                    Ok((path, value)) => {
                        with.push_str(&format!(" ({})", shown(&value)));
                        record::lay_all(&mut own.pieces, &record::one(&path, value));
                    }
                    Err(why) => {
                        self.problem(span.clone(), why, None);
                        return;
                    }
                }
            }
            own.want = Some(want);
            self.trial(trial, &own, Some((with, span.clone())));
        }
    }

    fn trial(&mut self, trial: &Trial, said: &Said, row: Option<(String, Range<usize>)>) {
        let mut trial = trial.clone();
        let at = row
            .as_ref()
            .map_or_else(|| trial.span.clone(), |(_, span)| span.clone());
        if let Some((with, span)) = row {
            trial.with = Some(with);
            trial.span = span;
        }
        trial.wants.clone_from(&said.wants);
        match (&trial.rule, said.want) {
            (Some(rule), Some(want)) => trial.wants.push(Want {
                rule: rule.clone(),
                said: want,
                places: None,
                evidence: None,
            }),
            (None, Some(_)) => {
                let help = "add `rule = \"…\"`, or write `fired = [\"…\"]`".to_owned();
                self.problem(at.clone(), "`want` of which rule?", Some(help));
            }
            _ => {}
        }
        if let Some(rule) = &trial.rule {
            let other = trial.wants.iter().find(|want| want.rule != *rule);
            if let Some(other) = other {
                let message = format!(
                    "the case is about `{rule}`, and this about `{}`",
                    other.rule
                );
                let help = "leave out `rule` for a case about all rules".to_owned();
                self.problem(at.clone(), message, Some(help));
            }
        }
        trial.exhaustive = said.exhaustive && trial.rule.is_none();
        if trial.wants.is_empty() && !said.asked {
            let help =
                "add `want = \"fired\"`, or `fired = […]`; `fired = []` says that no rule may fire";
            self.problem(at, "a case that wants nothing", Some(help.to_owned()));
        }
        trial.limits.clone_from(&said.limits);
        trial.spans.clone_from(&said.spans);
        if matches!(trial.record, Record::Text(_)) {
            let mut pieces = self.base.clone();
            record::lay_all(&mut pieces, &said.pieces);
            for path in &said.missing {
                // A length is missing where its end is.
                let path = match path.strip_suffix(".duration") {
                    Some(piece) => format!("{piece}.endDateTime"),
                    None => path.clone(),
                };
                record::take_out(&mut pieces, &path);
            }
            trial.record = Record::Text(record::whole(&pieces));
        }
        self.trials.push(trial);
    }
}

fn shown(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A text; where the field is a number, in the notation of limits too.
fn of_text(text: &str, name: Option<&str>) -> Json {
    let field = name.and_then(|name| FieldId::all().find(|field| field.name() == name));
    let Some(field) = field.filter(|it| matches!(it.get().kind, Kind::Number | Kind::Integer))
    else {
        return text.into();
    };
    let Ok(limit) = quantity(text) else {
        return text.into();
    };
    if limit.unit == Unit::None {
        return text.into();
    }
    boundary::written(field, &limit).unwrap_or_else(|| text.into())
}
