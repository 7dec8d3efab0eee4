//! Problems and notices as data: where, what was found, what was wanted.
//!
//! Described from the tape and the schema's own annotations; rendering for
//! people is `cli`'s. The keyword is JSON Schema's and is the code of a
//! violation; a notice's code is [`NoticeKind::code`]. Codes never change meaning.

use std::fmt::Write as _;

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde::Serialize;
use serde_json::Value;

use super::survey::{Plan, Raw};
use crate::record::{Document, NodeIndex, Origin, kind, place};

/// One violation of the schema.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Problem {
    /// JSON Pointer of the value
    pub pointer: String,
    /// 1-based line in the source
    pub line: u64,
    /// 1-based column, in characters
    pub column: u64,
    /// the schema's keyword, such as `type`
    pub keyword: String,
    /// the value as it stands, shortened
    pub found: String,
    /// what the schema asks for, in words
    pub wanted: String,
    /// where in the schema the keyword stands
    #[serde(rename = "schemaPointer")]
    pub schema_pointer: String,
    /// what may have happened, where the value gives it away
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// the value's node
    #[serde(skip)]
    pub node: NodeIndex,
    /// byte offset within the document
    #[serde(skip)]
    pub offset: usize,
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
    /// what the same notice has in common, whatever its place: a key for counting
    #[serde(skip)]
    pub subject: String,
}

/// Longest excerpt of a value, in bytes.
const EXCERPT: usize = 80;

/// The text of a value, shortened; a container is named by its type and size.
pub(crate) fn excerpt(document: &Document<'_>, node: NodeIndex) -> String {
    let Some(item) = document.item(node) else {
        return String::new();
    };
    match item.json_type() {
        crate::record::tape::JsonType::Object => format!("an object of {} members", item.len()),
        crate::record::tape::JsonType::Array => format!("an array of {} elements", item.len()),
        _ => {
            let bytes = place::literal(document, node, EXCERPT + 1).unwrap_or_default();
            let mut text = String::from_utf8_lossy(bytes).into_owned();
            if bytes.len() > EXCERPT {
                while text.len() > EXCERPT {
                    text.pop();
                }
                text.push('…');
            }
            text
        }
    }
}

/// Describes one violation.
pub(super) fn describe(
    error: &ValidationError<'_>,
    document: &Document<'_>,
    origin: Origin,
    schema: &Value,
) -> Problem {
    let pointer = error.instance_path().as_str().to_owned();
    let node = place::resolve(document, &pointer).unwrap_or(0);
    let offset = place::offset(document, node).unwrap_or(0);
    let spot = place::spot(document.text(), origin, offset);
    let schema_pointer = error.schema_path().as_str().to_owned();
    let parent = schema_pointer
        .rsplit_once('/')
        .and_then(|(parent, _)| schema.pointer(parent));
    let item = document.item(node);
    let hint = item
        .and_then(kind::cut_by_convert_to_json)
        .or_else(|| unrolled(error, item))
        .map(str::to_owned);
    Problem {
        keyword: error.kind().keyword().to_owned(),
        found: excerpt(document, node),
        wanted: wanted(error, parent),
        pointer,
        line: spot.line,
        column: spot.column,
        schema_pointer,
        hint,
        node,
        offset,
    }
}

/// PowerShell writes an array of one element as that element.
fn unrolled(
    error: &ValidationError<'_>,
    item: Option<crate::record::Item<'_>>,
) -> Option<&'static str> {
    let wants_array = match error.kind() {
        ValidationErrorKind::Type {
            kind: TypeKind::Single(name),
        } => *name == jsonschema::JsonType::Array,
        ValidationErrorKind::Type {
            kind: TypeKind::Multiple(names),
        } => names.contains(jsonschema::JsonType::Array),
        _ => false,
    };
    let object = item?.json_type() == crate::record::tape::JsonType::Object;
    (wants_array && object).then_some(
        "an object where an array is due: PowerShell writes an array of one element so; save the raw answer instead",
    )
}

fn wanted(error: &ValidationError<'_>, parent: Option<&Value>) -> String {
    let edm = parent
        .and_then(|parent| parent.get("x-edm"))
        .and_then(Value::as_str)
        .unwrap_or_default();
    match error.kind() {
        ValidationErrorKind::Type { kind } => {
            let names: Vec<&str> = match kind {
                TypeKind::Single(name) => vec![name.as_str()],
                TypeKind::Multiple(names) => names.iter().map(|name| name.as_str()).collect(),
            };
            let mut text = names.join(" or ");
            match edm {
                "Edm.Duration" => text.push_str(", an ISO 8601 duration such as \"PT0.016S\""),
                "Edm.DateTimeOffset" => text.push_str(", a time such as \"2020-02-25T18:52:21Z\""),
                _ => {}
            }
            text
        }
        ValidationErrorKind::Pattern { pattern } => match edm {
            "Edm.Duration" => "an ISO 8601 duration such as \"PT0.016S\"".to_owned(),
            "Edm.DateTimeOffset" => {
                "a time with a zone such as \"2020-02-25T18:52:21.2169889Z\"".to_owned()
            }
            "Edm.Single" | "Edm.Double" | "Edm.Decimal" => {
                "a number (as text only \"NaN\", \"INF\" or \"-INF\")".to_owned()
            }
            _ => format!("text matching {pattern}"),
        },
        ValidationErrorKind::Enum { options } => {
            let mut text = String::from("one of ");
            for (at, option) in options.as_array().into_iter().flatten().enumerate() {
                let _ = write!(text, "{}{option}", if at == 0 { "" } else { ", " });
            }
            text
        }
        ValidationErrorKind::Constant { expected_value } => expected_value.to_string(),
        ValidationErrorKind::Minimum { limit } => format!("at least {limit}"),
        ValidationErrorKind::Maximum { limit } => format!("at most {limit}"),
        ValidationErrorKind::ExclusiveMinimum { limit } => format!("more than {limit}"),
        ValidationErrorKind::ExclusiveMaximum { limit } => format!("less than {limit}"),
        ValidationErrorKind::MinLength { limit } => format!("at least {limit} characters"),
        ValidationErrorKind::MaxLength { limit } => format!("at most {limit} characters"),
        ValidationErrorKind::MinItems { limit } => format!("at least {limit} elements"),
        ValidationErrorKind::MaxItems { limit } => format!("at most {limit} elements"),
        ValidationErrorKind::Required { property } => format!("a member {property}"),
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            format!("no member {}", unexpected.join(", "))
        }
        _ => error.masked().to_string(),
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
            let text = match closest(name(*node), members.iter().map(String::as_str)) {
                Some(near) => format!("a known member; did you mean \"{near}\"?"),
                None => "a known member".to_owned(),
            };
            let first = members.first().map_or("", String::as_str);
            (text, format!("{first}…:{}", name(*node)))
        }
        Raw::OutOfRange(_, range) => {
            let (low, high, duration) = plan.range(*range);
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
