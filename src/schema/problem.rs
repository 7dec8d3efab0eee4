//! Problems and notices as data: where, what was found, what was wanted.
//!
//! Problems are described in [`super::describe`], notices here, from the tape and the schema's
//! own annotations; rendering for people is `cli`'s. The keyword is JSON Schema's and is the code of a
//! violation; a notice's code is [`NoticeKind::code`]. Codes never change meaning.

use std::fmt::Write as _;

use serde::Serialize;

use super::expect::Plan;
use super::program::Range;
use super::survey::Raw;
use crate::record::{Document, NodeIndex, Origin, place};

/// One violation of the schema.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// JSON Pointer of the value
    pub pointer: String,
    /// 1-based line in the source of the value, or of a name where the name is the matter
    pub line: u64,
    /// 1-based column, in characters
    pub column: u64,
    /// 1-based column behind it, in characters; of a container, behind its bracket
    pub end_column: u64,
    /// byte offset within the source
    #[serde(rename = "offset")]
    pub source_offset: u64,
    /// where the value's own name stands, if it has one
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyPlace>,
    /// the schema's keyword, such as `type`
    pub keyword: String,
    /// the value as it stands, shortened
    pub found: String,
    /// what the schema asks for, in words
    pub wanted: String,
    /// where in the schema the keyword stands
    pub schema_pointer: String,
    /// how to mend it, where the value gives that away
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// what the schema says of the value
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// for `anyOf` and `oneOf`: what is wrong by each of the schemas
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub branches: Vec<Vec<Problem>>,
    /// the path through the schema, `$ref`s included
    #[serde(skip)]
    pub keyword_location: String,
    /// the keyword's own URI, where the schema has one
    #[serde(skip)]
    pub absolute_keyword_location: Option<String>,
    /// the value's node
    #[serde(skip)]
    pub node: NodeIndex,
    /// byte offset within the document
    #[serde(skip)]
    pub offset: usize,
    /// bytes of what is marked
    #[serde(skip)]
    pub length: usize,
}

impl Problem {
    /// What was found and what was wanted, in one sentence.
    pub fn message(&self) -> String {
        let mut text = format!("found {}, wanted {}", self.found, self.wanted);
        if let Some(hint) = &self.hint {
            let _ = write!(text, "; {hint}");
        }
        text
    }

    /// Of the schemas of an `anyOf` or `oneOf`, the one that the value comes nearest to, and its
    /// number from 1: where the problems lie deepest, and are fewest.
    pub fn nearest_branch(&self) -> Option<(usize, &[Problem])> {
        let other_type = |branch: &[Problem]| {
            let own = |problem: &Problem| {
                problem.pointer == self.pointer
                    && matches!(problem.keyword.as_str(), "type" | "falseSchema")
            };
            branch.iter().any(own)
        };
        let deepest = |branch: &[Problem]| {
            let depth = |problem: &Problem| problem.pointer.matches('/').count();
            branch.iter().map(depth).min().unwrap_or_default()
        };
        self.branches
            .iter()
            .enumerate()
            .filter(|(_, branch)| !branch.is_empty() && !other_type(branch))
            .min_by_key(|(_, branch)| (std::cmp::Reverse(deepest(branch)), branch.len()))
            .map(|(at, branch)| (at + 1, branch.as_slice()))
    }
}

/// Where a member's name stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct KeyPlace {
    /// 1-based line in the source
    pub line: u64,
    /// 1-based column, in characters
    pub column: u64,
    /// byte offset within the source, of its quote
    pub offset: u64,
}

/// Kinds of notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum NoticeKind {
    /// a property that the metadata does not declare on a closed type
    UnknownProperty,
    /// a member that an evolvable enum does not have yet
    UnknownMember,
    /// a reading beyond a range that is ours, not Microsoft's
    OutOfRange,
    /// a name that stands twice with equal values
    RepeatedName,
}

impl NoticeKind {
    /// The notice's code.
    pub fn code(self) -> &'static str {
        match self {
            NoticeKind::UnknownProperty => "unknown-property",
            NoticeKind::UnknownMember => "unknown-member",
            NoticeKind::OutOfRange => "out-of-range",
            NoticeKind::RepeatedName => "repeated-name",
        }
    }
}

/// Something that is no violation, but worth knowing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Notice {
    /// what kind of notice
    pub kind: NoticeKind,
    /// JSON Pointer of the value
    pub pointer: String,
    /// 1-based line in the source
    pub line: u64,
    /// 1-based column, in characters; of a name where the name is the matter
    pub column: u64,
    /// the name or value as it stands, shortened
    pub found: String,
    /// what was expected
    pub wanted: String,
    /// byte offset within the source
    #[serde(rename = "offset")]
    pub source_offset: u64,
    /// byte offset within the document
    #[serde(skip)]
    pub offset: usize,
    /// bytes of what is marked
    #[serde(skip)]
    pub length: usize,
    /// what the same notice has in common, whatever its place: a key for counting
    #[serde(skip)]
    pub subject: String,
}

/// Longest excerpt of a value, in bytes.
const EXCERPT: usize = 80;

/// At most so much of a text, whole characters.
pub(super) fn cut(bytes: &[u8]) -> String {
    let shown = bytes
        .get(..bytes.len().min(EXCERPT + 4))
        .unwrap_or_default();
    let mut text = String::from_utf8_lossy(shown).into_owned();
    if bytes.len() > EXCERPT {
        while text.len() > EXCERPT {
            text.pop();
        }
        text.push('…');
    }
    text
}

/// The text of a value, shortened; a container is named by its type and size.
pub(crate) fn excerpt(document: &Document<'_>, node: NodeIndex) -> String {
    let Some(item) = document.item(node) else {
        return String::new();
    };
    match item.json_type() {
        crate::record::tape::JsonType::Object => format!("an object of {} members", item.len()),
        crate::record::tape::JsonType::Array => format!("an array of {} elements", item.len()),
        _ => cut(place::literal(document, node, EXCERPT + 4).unwrap_or_default()),
    }
}

/// What notices have in common that differ only in their place.
pub(super) fn key(raw: &Raw, document: &Document<'_>) -> u64 {
    use std::hash::{Hash, Hasher};
    let mut hasher = rustc_hash::FxHasher::default();
    std::mem::discriminant(raw).hash(&mut hasher);
    let (node, subject) = match raw {
        Raw::UnknownProperty(node, subject) | Raw::UnknownMember(node, subject) => {
            (Some(*node), *subject)
        }
        Raw::OutOfRange(_, subject) => (None, *subject),
        Raw::RepeatedName(node) => (Some(*node), 0),
    };
    subject.hash(&mut hasher);
    node.and_then(|node| document.item(node))
        .and_then(crate::record::Item::as_str)
        .hash(&mut hasher);
    hasher.finish()
}

/// Describes one notice.
pub(super) fn notice(raw: &Raw, plan: &Plan, document: &Document<'_>, origin: Origin) -> Notice {
    let (kind, node) = match raw {
        Raw::UnknownProperty(node, _) => (NoticeKind::UnknownProperty, *node),
        Raw::UnknownMember(node, _) => (NoticeKind::UnknownMember, *node),
        Raw::OutOfRange(node, _) => (NoticeKind::OutOfRange, *node),
        Raw::RepeatedName(node) => (NoticeKind::RepeatedName, *node),
    };
    let name = |node: NodeIndex| {
        document
            .item(node)
            .and_then(crate::record::Item::as_str)
            .unwrap_or_default()
    };
    let (wanted, subject) = match raw {
        Raw::UnknownProperty(node, shape) => {
            let kind = plan.shape_name(*shape);
            let wanted = match closest(name(*node), plan.names(*shape)) {
                Some(near) => format!("a property of {kind}; did you mean `{near}`?"),
                None => format!("a property of {kind}"),
            };
            (wanted, format!("{kind}.{}", name(*node)))
        }
        Raw::UnknownMember(node, members) => {
            let members = plan.members(*members);
            const SHOWN: usize = 12;
            let mut known = String::from("one of ");
            for (at, member) in members.iter().take(SHOWN).enumerate() {
                let _ = write!(known, "{}\"{member}\"", if at == 0 { "" } else { ", " });
            }
            if members.len() > SHOWN {
                let _ = write!(known, " and {} more", members.len() - SHOWN);
            }
            let text = match closest(name(*node), members.iter().map(String::as_str)) {
                Some(near) => format!("a known member; did you mean \"{near}\"?"),
                None => known,
            };
            let first = members.first().map_or("", String::as_str);
            (text, format!("{first}…:{}", name(*node)))
        }
        Raw::OutOfRange(_, range) => {
            let Range {
                low,
                high,
                duration,
            } = plan.range(*range);
            let unit = if duration { " ms" } else { "" };
            let text = if high.is_infinite() {
                format!("{low}{unit} or more")
            } else {
                format!("{low} to {high}{unit}")
            };
            (text, format!("range {range}"))
        }
        Raw::RepeatedName(node) => (
            "each name once".to_owned(),
            format!("repeated {}", name(*node)),
        ),
    };
    let offset = place::offset(document, node).unwrap_or(0);
    let spot = place::spot(document.text(), origin, offset);
    Notice {
        kind,
        pointer: place::pointer(document, node),
        line: spot.line,
        column: spot.column,
        found: excerpt(document, node),
        wanted,
        source_offset: origin.offset + offset as u64,
        offset,
        length: place::value_end(document.text(), offset) - offset,
        subject,
    }
}

/// The candidate that a misspelt name most likely means.
pub(crate) fn closest<'c>(
    name: &str,
    candidates: impl Iterator<Item = &'c str>,
) -> Option<&'c str> {
    let near = |candidate: &str| 1 + candidate.len().min(name.len()) / 5;
    let length = name.chars().count();
    candidates
        // Names differ by at least what their lengths do; most are out before they are compared.
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= near(candidate))
        .map(|candidate| {
            let distance = if candidate.eq_ignore_ascii_case(name) {
                0
            } else {
                strsim::damerau_levenshtein(name, candidate)
            };
            (distance, candidate)
        })
        .filter(|(distance, candidate)| *distance <= near(candidate))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
