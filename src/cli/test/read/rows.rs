//! A case written out: its rows, its boundary, and the whole records of them.
//!
//! What a row says is laid over its case, and the case over the base of its file.

use std::ops::Range;

use serde_json::Value as Json;
use toml::de::DeValue;

use super::{Expected, ROW_KEYS, Reader, Record, Said, Trial, Want};
use crate::cli::test::boundary::{self, Side};
use crate::cli::test::record;
use crate::rules::did_you_mean;

impl Reader<'_> {
    pub(super) fn rows(&mut self, trial: &Trial, said: &Said, rows: &toml::Spanned<DeValue<'_>>) {
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
    pub(super) fn boundary(
        &mut self,
        trial: &Trial,
        said: &Said,
        edge: &toml::Spanned<DeValue<'_>>,
    ) {
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

    pub(super) fn trial(
        &mut self,
        trial: &Trial,
        said: &Said,
        row: Option<(String, Range<usize>)>,
    ) {
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
