//! The source line of a problem with a caret under it, and the problem in words.
//!
//! Everything from a document or a file name is made safe here; a snippet keeps its columns. One
//! line of text whatever its length: only a window of it is shown.

use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::render::Painter;
use crate::schema::{Broken, Problem};
use crate::text::{Safe, same_width};

/// What to mark in a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark<'a> {
    /// byte offset within the text
    pub(super) offset: usize,
    /// its bytes; `None`: to the end of the token
    pub(super) length: Option<usize>,
    /// the line's number, for people
    pub(super) line: u64,
    /// a word beside the caret
    pub(super) label: &'a str,
}

/// The line around the mark, cut to a window, with a caret.
pub(super) fn snippet(colour: bool, text: &[u8], mark: Mark<'_>) -> String {
    const BEFORE: usize = 60;
    const AFTER: usize = 40;
    let offset = mark.offset.min(text.len());
    let start =
        memchr::memrchr(b'\n', text.get(..offset).unwrap_or_default()).map_or(0, |at| at + 1);
    let end = memchr::memchr(b'\n', text.get(offset..).unwrap_or_default())
        .map_or(text.len(), |at| offset + at);
    let before = String::from_utf8_lossy(text.get(start..offset).unwrap_or_default());
    let after = String::from_utf8_lossy(text.get(offset..end).unwrap_or_default());
    let skip = before.chars().count().saturating_sub(BEFORE);
    let mut shown: String = before.chars().skip(skip).collect();
    if skip > 0 {
        shown.insert(0, '…');
    }
    let shown = same_width(&shown);
    let behind: String = after.chars().take(AFTER).collect();
    let cut = after.chars().nth(AFTER).is_some();
    let behind = same_width(behind.trim_end_matches('\r'));
    let caret = shown.len();
    let token = match mark.length {
        Some(length) => {
            let marked = text
                .get(offset..(offset + length).min(end))
                .unwrap_or_default();
            let characters = String::from_utf8_lossy(marked).chars().count();
            behind.chars().take(characters).map(char::len_utf8).sum()
        }
        None => behind
            .char_indices()
            .find(|(at, character)| *at > 0 && matches!(character, ',' | '}' | ']'))
            .map_or(behind.len(), |(at, _)| at),
    };
    let source = format!("{shown}{behind}{}", if cut { "…" } else { "" });
    let width = behind
        .get(..token)
        .map_or(0, |token| token.trim_end().len())
        .max(behind.chars().next().map_or(0, char::len_utf8));
    let span = caret..(caret + width).min(source.len());
    let mut annotation = AnnotationKind::Primary.span(span);
    if !mark.label.is_empty() {
        annotation = annotation.label(mark.label);
    }
    let renderer = if colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let report = [Level::ERROR.no_name().primary_title("").element(
        Snippet::source(source.as_str())
            .line_start(usize::try_from(mark.line).unwrap_or(usize::MAX))
            .annotation(annotation),
    )];
    // The first line is the empty title; ours stands above already.
    let rendered = renderer.render(&report);
    let mut out = String::new();
    for line in rendered.lines().skip(1) {
        out.push_str("  ");
        out.push_str(line);
        out.push('\n');
    }
    out
}

/// One problem in full: place, keyword, found, wanted, the line, and how to mend it.
pub(super) fn problem(
    painter: Painter,
    source: &str,
    problem: &Problem,
    text: Option<&[u8]>,
) -> String {
    let mut out = String::new();
    let place = format!("{}:{}:{}", Safe(source), problem.line, problem.column);
    let _ = writeln!(
        out,
        "{}  {}  {}",
        painter.bold(&place),
        painter.bad(&Safe(&problem.keyword).to_string()),
        Safe(place_of(&problem.pointer)),
    );
    let _ = writeln!(
        out,
        "  found {}, wanted {}",
        Safe(&problem.found),
        Safe(&problem.wanted)
    );
    if let Some(text) = text {
        let mark = Mark {
            offset: problem.offset,
            length: Some(problem.length),
            line: problem.line,
            label: "",
        };
        out.push_str(&snippet(painter.colour, text, mark));
    }
    if let Some((number, branch)) = problem.nearest_branch()
        && branch
            .iter()
            .any(|inner| inner.pointer != problem.pointer || problem.hint.is_none())
    {
        nearest(&mut out, number, branch, 1);
    }
    if let Some(hint) = &problem.hint {
        let _ = writeln!(out, "  {} {}", painter.bold("help:"), Safe(hint));
    }
    if let Some(description) = &problem.description {
        let _ = writeln!(out, "  schema: {}", Safe(description));
    }
    out
}

/// The nearest form of a combination, and the nearest of those within it.
fn nearest(out: &mut String, number: usize, branch: &[Problem], level: usize) {
    const SHOWN: usize = 4;
    let indent = "  ".repeat(level);
    let _ = writeln!(out, "{indent}nearest is form {number}, by which:");
    for inner in branch.iter().take(SHOWN) {
        let _ = write!(
            out,
            "{indent}  line {}, column {}, {}: found {}, wanted {}",
            inner.line,
            inner.column,
            Safe(place_of(&inner.pointer)),
            Safe(&inner.found),
            Safe(&inner.wanted),
        );
        if let Some(hint) = &inner.hint {
            let _ = write!(out, "; {}", Safe(hint));
        }
        out.push('\n');
        if let Some((number, deeper)) = inner.nearest_branch() {
            nearest(out, number, deeper, level + 1);
        }
    }
    if branch.len() > SHOWN {
        let _ = writeln!(out, "{indent}  … and {} more", branch.len() - SHOWN);
    }
}

/// A pointer for people.
pub(super) fn place_of(pointer: &str) -> &str {
    if pointer.is_empty() {
        "the document"
    } else {
        pointer
    }
}

/// What is odd or wrong about a schema, with its places.
pub(super) fn faults(painter: Painter, broken: &Broken) -> String {
    let mut out = String::new();
    for fault in &broken.faults {
        out.push_str(&problem(painter, &broken.file, fault, Some(&broken.text)));
        out.push('\n');
    }
    out
}

/// Why a schema cannot be used.
pub(super) fn broken(painter: Painter, broken: &Broken) -> String {
    let mut out = faults(painter, broken);
    let _ = writeln!(
        out,
        "error: the schema {} cannot be used",
        Safe(&broken.file)
    );
    out
}
