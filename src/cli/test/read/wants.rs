//! What a case wants of which rules, and with which limits.
//!
//! Each name is checked; what it says of a record is not known here.

use std::ops::Range;

use toml::de::DeValue;

use super::{Expected, Reader, Said, Want};
use crate::rules::{did_you_mean, quantity};

impl Reader<'_> {
    pub(super) fn wants(
        &mut self,
        expected: Expected,
        value: &toml::Spanned<DeValue<'_>>,
        said: &mut Said,
    ) {
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
    pub(super) fn detailed(&mut self, mut want: Want, value: &toml::Spanned<DeValue<'_>>) -> Want {
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

    pub(super) fn known_rule(&mut self, name: &str, span: Range<usize>) -> bool {
        let set = self.set.clone();
        let windows = || set.windows().iter().map(|rule| &**rule.name());
        if windows().any(|window| window == name) {
            let help =
                "its samples come of several records: write `over_time` and `told`".to_owned();
            self.problem(span, format!("`{name}` is a window"), Some(help));
            return false;
        }
        let known = || set.rules().iter().map(|rule| &**rule.name());
        if known().any(|rule| rule == name) {
            return true;
        }
        let help = did_you_mean(name, known())
            .unwrap_or_else(|| format!("the rules are {}", known().collect::<Vec<_>>().join(", ")));
        self.problem(span, format!("unknown rule `{name}`"), Some(help));
        false
    }

    pub(super) fn limits(&mut self, value: &toml::Spanned<DeValue<'_>>, said: &mut Said) {
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
}
