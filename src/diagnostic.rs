//! What is wrong with a file of the user's: where, what, and what to type instead.
//!
//! A [`Fault`] is one thing in one file; [`Faults`] holds all that were found, with the texts to
//! show them in. `picture` draws anything of that form, the problems of rules too.
//!
//! It finds nothing itself, and prints nothing.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

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

/// The text of each file, by name.
pub type Sources = BTreeMap<Arc<str>, Arc<str>>;

/// One thing that is wrong with a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// Where; `None` if it is about the file as a whole.
    pub place: Option<Place>,
    /// What.
    pub what: String,
    /// A second place that belongs to it, and what is there.
    pub also: Option<(Place, String)>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Fault {
    pub(crate) fn new(place: Option<Place>, what: impl Into<String>) -> Fault {
        Fault {
            place,
            what: what.into(),
            also: None,
            help: None,
        }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Fault {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn maybe_help(mut self, help: Option<String>) -> Fault {
        self.help = help;
        self
    }

    pub(crate) fn also(mut self, place: Place, what: impl Into<String>) -> Fault {
        self.also = Some((place, what.into()));
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.what)?;
        if let Some((place, what)) = &self.also {
            write!(f, "; {what}: {place}")?;
        }
        match &self.help {
            Some(help) => write!(f, " ({help})"),
            None => Ok(()),
        }
    }
}

/// Everything that keeps a file from being used, or is worth knowing of one that is.
#[derive(Clone, Debug, thiserror::Error)]
pub struct Faults {
    /// Which of the two.
    pub tone: Tone,
    /// What is wrong, by place.
    pub faults: Vec<Fault>,
    /// How many more there are.
    pub more: usize,
    /// The text of the files.
    pub sources: Sources,
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl Faults {
    /// One fault of a file whose text is not at hand.
    pub(crate) fn of_file(what: impl Into<String>, help: Option<String>) -> Faults {
        Faults {
            tone: Tone::Error,
            faults: vec![Fault::new(None, what).maybe_help(help)],
            more: 0,
            sources: Sources::new(),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.faults.len() + self.more
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    /// All of it with lines and carets; `colour` for a terminal.
    pub fn render(&self, colour: bool) -> String {
        let pictures: Vec<String> = self
            .faults
            .iter()
            .map(|fault| {
                let shown = Shown {
                    tone: self.tone,
                    title: &fault.what,
                    code: None,
                    place: fault.place.as_ref(),
                    also: fault.also.as_ref(),
                    help: fault.help.as_deref(),
                };
                picture(&shown, &self.sources, colour)
            })
            .collect();
        let mut text = pictures.join("\n\n");
        if self.more > 0 {
            text.push_str(&format!("\n\n… and {} more like these", self.more));
        }
        text
    }
}

/// Whether something keeps a file from being used, or is only worth knowing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// It does.
    Error,
    /// It does not.
    Note,
}

/// What a picture is drawn of.
pub(crate) struct Shown<'p> {
    pub(crate) tone: Tone,
    pub(crate) title: &'p str,
    pub(crate) code: Option<&'p str>,
    pub(crate) place: Option<&'p Place>,
    pub(crate) also: Option<&'p (Place, String)>,
    pub(crate) help: Option<&'p str>,
}

/// Title, lines with carets, and help.
pub(crate) fn picture(shown: &Shown<'_>, sources: &Sources, colour: bool) -> String {
    let renderer = if colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let tone = match shown.tone {
        Tone::Error => Level::ERROR,
        Tone::Note => Level::NOTE,
    };
    let mut title = tone.primary_title(shown.title);
    if let Some(code) = shown.code {
        title = title.id(code);
    }
    let mut group = Group::with_title(title);
    let also = shown.also.map(|(place, label)| (place, label.as_str()));
    let places = shown.place.iter().map(|place| (*place, None));
    let places = places.chain(also.map(|(place, label)| (place, Some(label))));
    for (place, label) in places {
        let Some(source) = sources.get(&place.file) else {
            continue;
        };
        let kind = if label.is_some() {
            AnnotationKind::Context
        } else {
            AnnotationKind::Primary
        };
        let lines = lines(source, &place.span);
        let span = place.span.start - lines.start..place.span.end - lines.start;
        let first = place.line;
        group = group.element(
            Snippet::source(&source[lines])
                .line_start(first)
                .path(&*place.file)
                .annotation(kind.span(span).label(label)),
        );
    }
    if let Some(help) = shown.help {
        group = group.element(Level::HELP.message(help));
    }
    renderer.render(&[group])
}

/// The whole lines that a span touches: a long file is not searched for them once more.
fn lines(source: &str, span: &Range<usize>) -> Range<usize> {
    let start = source[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let end = source[span.end..]
        .find('\n')
        .map_or(source.len(), |at| span.end + at);
    let carried = source[span.end..end].ends_with('\r');
    start..end - usize::from(carried)
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
