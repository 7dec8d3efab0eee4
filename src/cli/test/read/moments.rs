//! The moments of a case over time: TOML to records with their times, each name checked.

use toml::de::{DeTable, DeValue};

use super::{Reader, Said};
use crate::cli::test::record::{self, PIECES};
use crate::cli::test::timed::{self, Moment, Records};

const KEYS: [&str; 10] = [
    "at", "tick", "times", "users", "call", "session", "segment", "media", "stream", "feedback",
];
const EXAMPLE: &str = "{ at = \"09:00\", stream.averageJitter = \"31ms\" }";
/// More records of one moment say no more.
const MOST: u32 = 10_000;

impl Reader<'_> {
    /// `over_time = [{ at = "09:00", times = 60, stream = { … } }]`
    pub(super) fn moments(
        &mut self,
        value: &toml::Spanned<DeValue<'_>>,
        spans: &mut Said,
    ) -> Vec<Moment> {
        let DeValue::Array(items) = value.get_ref() else {
            let help = format!("write `over_time = [{EXAMPLE}]`");
            self.problem(
                value.span(),
                "a list of records with their times",
                Some(help),
            );
            return Vec::new();
        };
        let mut moments = Vec::new();
        for item in items {
            match item.get_ref() {
                DeValue::Table(table) => {
                    moments.extend(self.moment(table, item.span(), spans));
                }
                _ => self.problem(item.span(), format!("a moment is a table, {EXAMPLE}"), None),
            }
        }
        moments
    }

    fn moment(
        &mut self,
        table: &DeTable<'_>,
        at: std::ops::Range<usize>,
        spans: &mut Said,
    ) -> Option<Moment> {
        let mut said = Said::default();
        let (mut when, mut tick) = (None, None);
        let (mut times, mut users) = (1, 1);
        for (key, value) in table {
            let text = value.get_ref().as_str();
            match key.get_ref().as_ref() {
                name @ ("at" | "tick") => match text.and_then(timed::time) {
                    Some(time) if name == "at" => when = Some(time),
                    Some(time) => tick = Some(time),
                    None => {
                        let help = "such as \"09:00\" or \"2026-01-14T09:00:00Z\"".to_owned();
                        self.problem(value.span(), "no time", Some(help));
                    }
                },
                name @ ("times" | "users") => {
                    let number = match value.get_ref() {
                        DeValue::Integer(number) => number.as_str().parse::<u32>().ok(),
                        _ => None,
                    };
                    match number.filter(|number| (1..=MOST).contains(number)) {
                        Some(number) if name == "times" => times = number,
                        Some(number) => users = number,
                        None => {
                            let wanted = format!("a number from 1 to {MOST} is wanted here");
                            self.problem(value.span(), wanted, None);
                        }
                    }
                }
                piece if PIECES.contains(&piece) => self.piece(piece, value, &mut said),
                other => self.unknown(key.span(), other, &KEYS, "a moment"),
            }
        }
        spans.spans.extend(said.spans);
        match (when, tick) {
            (Some(at), None) => {
                let mut pieces = self.base.clone();
                record::lay_all(&mut pieces, &said.pieces);
                Some(Moment::Records(Records {
                    at,
                    times,
                    users,
                    pieces,
                }))
            }
            (None, Some(tick)) => Some(Moment::Tick(tick)),
            _ => {
                let help = format!("write `{EXAMPLE}`, or `{{ tick = \"13:00\" }}`");
                self.problem(at, "a moment has either `at` or `tick`", Some(help));
                None
            }
        }
    }

    /// `told = ["09:20 firing poor-site 10.1.0.0"]`
    pub(super) fn told(&mut self, value: &toml::Spanned<DeValue<'_>>) -> Vec<String> {
        let DeValue::Array(items) = value.get_ref() else {
            let help = "write `told = [\"09:20 firing poor-site 10.1.0.0\"]`".to_owned();
            self.problem(value.span(), "a list of lines", Some(help));
            return Vec::new();
        };
        let mut lines = Vec::new();
        for item in items {
            match item.get_ref().as_str() {
                Some(line) => lines.push(line.to_owned()),
                None => self.problem(item.span(), "a text is wanted here", None),
            }
        }
        lines
    }
}
