//! What is wrong with a rule folder: data first, words second, pictures last.
//!
//! A [`Problem`] says what, where and what to type instead; [`LoadErrors`] holds all that were
//! found, with the sources to show them in. Rendering is a function of that data alone.
//!
//! It finds nothing itself, and prints nothing.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level as Tone, Renderer, Snippet};

use super::problem::ProblemKind;

/// Where in which file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, as it was named.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The bytes of the source that are meant.
    pub span: Range<usize>,
}

impl Ord for Place {
    fn cmp(&self, other: &Place) -> Ordering {
        let key = |place: &Place| (place.line, place.column, place.span.end);
        self.file
            .cmp(&other.file)
            .then_with(|| key(self).cmp(&key(other)))
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Place) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

impl Place {
    /// The place of a byte range.
    pub(crate) fn of_span(file: &Arc<str>, source: &str, span: Range<usize>) -> Place {
        let start = source.floor_char_boundary(span.start);
        let end = source.ceil_char_boundary(span.end.max(start));
        let before = &source[..start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Place {
            file: file.clone(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            span: start..end,
        }
    }

    /// The place of a line and column, and the word that starts there.
    pub(crate) fn of_word(file: &Arc<str>, source: &str, line: usize, column: usize) -> Place {
        let line_start = source
            .split_inclusive('\n')
            .take(line.saturating_sub(1))
            .map(str::len)
            .sum::<usize>()
            .min(source.len());
        let text = source[line_start..].lines().next().unwrap_or_default();
        let skipped = column.saturating_sub(1);
        let at = text
            .char_indices()
            .nth(skipped)
            .map_or(text.len(), |(at, _)| at);
        let length = word(&text[at..]);
        let start = line_start + at;
        Place {
            file: file.clone(),
            line,
            column,
            span: start..start + length,
        }
    }
}

/// The length of the word, string or single sign that `text` starts with.
fn word(text: &str) -> usize {
    let Some(first) = text.chars().next() else {
        return 0;
    };
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    if first == '"' {
        return text[1..].find('"').map_or(1, |end| end + 2);
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.starts_with(|c: char| c.is_ascii_digit()) {
        let end = digits.find(|c: char| !c.is_alphanumeric() && !matches!(c, '.' | '_'));
        return text.len() - digits.len() + end.unwrap_or(digits.len());
    }
    let is_sign = |c: char| "<>=!&|?+-*/%".contains(c);
    if is_sign(first) {
        let same = text.find(|c| !is_sign(c)).unwrap_or(text.len());
        return same.min(3);
    }
    if is_word(first) {
        return text.find(|c| !is_word(c)).unwrap_or(text.len());
    }
    first.len_utf8()
}

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
    let renderer = if colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let mut text = String::new();
    for problem in problems {
        let tone = match problem.kind.is_notice() {
            true => Tone::NOTE,
            false => Tone::ERROR,
        };
        let title = shortened(&problem.kind.to_string());
        let title = tone.primary_title(title.as_str()).id(problem.kind.code());
        let mut group = Group::with_title(title);
        let also_label = problem
            .also
            .as_ref()
            .map(|(place, label)| (place, label.as_str()));
        let places = problem.place.iter().map(|place| (place, None));
        let places = places.chain(also_label.map(|(place, label)| (place, Some(label))));
        for (place, label) in places {
            let Some(source) = sources.get(&place.file) else {
                continue;
            };
            let kind = if label.is_some() {
                AnnotationKind::Context
            } else {
                AnnotationKind::Primary
            };
            let annotation = kind.span(place.span.clone()).label(label);
            group = group.element(
                Snippet::source(&**source)
                    .path(&*place.file)
                    .annotation(annotation),
            );
        }
        if let Some(help) = &problem.help {
            group = group.element(Tone::HELP.message(help.as_str()));
        }
        text.push_str(&renderer.render(&[group]));
        text.push_str("\n\n");
    }
    text.truncate(text.trim_end().len());
    text
}

/// `did you mean …?`, if one of the names is close to `wrong`.
pub(crate) fn did_you_mean<'n>(
    wrong: &str,
    names: impl IntoIterator<Item = &'n str>,
) -> Option<String> {
    nearest(wrong, names).map(|name| format!("did you mean `{name}`?"))
}

/// The name that is closest to `wrong`, if one is close.
pub(crate) fn nearest<'n>(
    wrong: &str,
    names: impl IntoIterator<Item = &'n str>,
) -> Option<&'n str> {
    // Nobody mistypes a word of that length, and comparing takes time.
    if wrong.len() > 100 {
        return None;
    }
    let folded = wrong.to_lowercase();
    names
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&folded, &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_counts_characters_and_spans_bytes() {
        let source = "é = 1\nlet ü = limits::nope;";
        let file: Arc<str> = "a.rhai".into();
        let place = Place::of_word(&file, source, 2, 9);
        assert_eq!(&source[place.span.clone()], "limits::nope");
        let again = Place::of_span(&file, source, place.span.clone());
        assert_eq!(again, place);
    }

    #[test]
    fn a_near_name_is_offered_and_a_far_one_is_not() {
        let names = ["averagePacketLossRate", "averageJitter"];
        let near = did_you_mean("averagePacketLosRate", names);
        assert_eq!(
            near.as_deref(),
            Some("did you mean `averagePacketLossRate`?")
        );
        assert_eq!(did_you_mean("zzz", names), None);
    }
}
