//! What is wrong with a rule folder: data first, words second, pictures last.
//!
//! A [`Problem`] says what, where and what to type instead; [`LoadErrors`] holds all that were
//! found, with the sources to show them in. Rendering is a function of that data alone.
//!
//! It finds nothing itself, and prints nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::problem::ProblemKind;
pub use crate::diagnostic::Place;
use crate::diagnostic::{Shown, Tone, picture};
pub(crate) use crate::diagnostic::{did_you_mean, nearest};

/// One thing that is wrong, where, and what to type instead.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// What.
    pub kind: ProblemKind,
    /// Where, if it is in a file.
    pub place: Option<Place>,
    /// A second place that belongs to it, and what is there.
    pub also: Option<(Place, String)>,
    /// What to do about it.
    pub help: Option<String>,
}

/// Something worth knowing that keeps nothing from loading.
pub type Notice = Problem;

impl Problem {
    pub(crate) fn new(kind: ProblemKind, place: Option<Place>) -> Problem {
        Problem {
            kind,
            place,
            also: None,
            help: None,
        }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Problem {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn maybe_help(mut self, help: Option<String>) -> Problem {
        self.help = help;
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        f.write_str(&shortened(&self.kind.to_string()))?;
        if let Some(help) = &self.help {
            write!(f, " ({help})")?;
        }
        Ok(())
    }
}

/// No message is longer than this, in characters: names and values in it are strangers' words.
const LONGEST_MESSAGE: usize = 300;

/// A message of bounded length.
pub(crate) fn shortened(message: &str) -> String {
    match message.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message.to_owned(),
    }
}

/// Everything that keeps a set of rules from loading.
#[derive(Clone, Debug, thiserror::Error)]
pub struct LoadErrors {
    /// The problems, by file and place.
    pub problems: Vec<Problem>,
    /// The text of each file that was read.
    pub sources: BTreeMap<Arc<str>, Arc<str>>,
}

impl fmt::Display for LoadErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl LoadErrors {
    /// All problems with source lines and carets; `colour` for a terminal.
    pub fn render(&self, colour: bool) -> String {
        render(&self.problems, &self.sources, colour)
    }
}

/// Problems with source lines and carets, in order.
pub fn render(
    problems: &[Problem],
    sources: &BTreeMap<Arc<str>, Arc<str>>,
    colour: bool,
) -> String {
    let pictures: Vec<String> = problems
        .iter()
        .map(|problem| {
            let title = shortened(&problem.kind.to_string());
            let shown = Shown {
                tone: match problem.kind.is_notice() {
                    true => Tone::Note,
                    false => Tone::Error,
                },
                title: &title,
                code: Some(problem.kind.code()),
                place: problem.place.as_ref(),
                also: problem.also.as_ref(),
                help: problem.help.as_deref(),
            };
            picture(&shown, sources, colour)
        })
        .collect();
    pictures.join("\n\n")
}
