//! What is wrong with a schema itself: its file, the place in it, and how to mend it.
//!
//! A schema is JSON first, then keeps to its meta-schema (checked on the tape as any document
//! is), and then each `$ref` leads somewhere and each pattern can be run. Nothing is read here;
//! [`super::folder`] does.

use std::fmt;

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

use super::folder::Folder;
use super::problem::{Problem, closest};
use super::program::{ANYTHING, Program};
use super::reference::{collect, named, near_reference, why_not_linear};
use super::run::run;
use super::survey::Survey;
use super::{options, problems};
use crate::record::cursor::OverTape;
use crate::record::{Caps, Document, Origin, Parser, place};

/// The draft of a schema that names none.
const LATEST: &str = "https://json-schema.org/draft/2020-12/schema";
/// Faults shown of one schema.
const SHOWN: usize = 20;
/// Limits of a schema's text.
const CAPS: Caps = Caps {
    depth: 120,
    document: 64 << 20,
    nodes: 8_000_000,
};

/// A schema that cannot be used: its text, and what is wrong where.
#[derive(Debug)]
pub struct Broken {
    /// name of the file, as messages give it
    pub file: String,
    /// its text
    pub text: Vec<u8>,
    /// what is wrong with it; pointers and places are those of the schema
    pub faults: Vec<Problem>,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, fault) in self.faults.iter().enumerate() {
            let gap = if at == 0 { "" } else { "\n" };
            write!(
                f,
                "{gap}{}:{}:{}: {} at {:?}: {}",
                self.file,
                fault.line,
                fault.column,
                fault.keyword,
                fault.pointer,
                fault.message()
            )?;
        }
        Ok(())
    }
}

/// Where in a schema a fault is.
struct At<'a> {
    pointer: &'a str,
    keyword: &'a str,
    /// whether the name is the matter, not the value
    on_name: bool,
}

/// Reads a schema's text, and checks it as far as that needs no other text.
pub(super) fn read(file: &str, text: &[u8]) -> Result<Value, Box<Broken>> {
    let broken = |faults| {
        Box::new(Broken {
            file: file.to_owned(),
            text: text.to_vec(),
            faults,
        })
    };
    let mut parser = Parser::new(CAPS);
    let document = parser.parse(text).map_err(|malformed| {
        let mut fault = blank();
        let spot = place::spot(text, Origin::default(), malformed.offset());
        fault.keyword = "json".to_owned();
        fault.found = format!("text that is no JSON ({malformed})");
        fault.wanted = "a schema in JSON".to_owned();
        (fault.line, fault.column, fault.offset) = (spot.line, spot.column, spot.offset);
        (fault.end_column, fault.length) = (spot.column + 1, 1);
        broken(vec![fault])
    })?;
    let mut survey = Survey::default();
    run(
        &Program::empty(),
        ANYTHING,
        OverTape::new(document.root()),
        &mut survey,
    );
    if let Some(repeated) = survey.contradiction() {
        let pointer = place::pointer(&document, repeated.again);
        let at = At {
            pointer: &pointer,
            keyword: "json",
            on_name: true,
        };
        let mut fault = fault(
            &document,
            &at,
            "each name once; which value is meant cannot be known",
        );
        let offset = place::offset(&document, repeated.again).unwrap_or(0);
        let spot = place::spot(text, Origin::default(), offset);
        (fault.line, fault.column, fault.offset) = (spot.line, spot.column, spot.offset);
        fault.found = "a name that stands twice with differing values".to_owned();
        return Err(broken(vec![fault]));
    }
    let value: Value = serde_json::from_slice(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text))
        .map_err(|error| {
        let at = At {
            pointer: "",
            keyword: "json",
            on_name: false,
        };
        broken(vec![fault(
            &document,
            &at,
            &format!("JSON that can be read: {error}"),
        )])
    })?;
    let dialect = value
        .get("$schema")
        .and_then(Value::as_str)
        .unwrap_or(LATEST);
    let meta = serde_json::json!({"$ref": dialect});
    // A dialect that is not known is told when the schema itself is compiled.
    if let Ok(meta_validator) = options().build(&meta) {
        let (mut faults, _) = problems(
            &meta_validator,
            &document,
            Origin::default(),
            SHOWN,
            &meta,
            &[],
        );
        // Each vocabulary of the meta-schema says the same of a value of the wrong type.
        faults.dedup_by(|a, b| {
            (&a.pointer, &a.keyword, &a.wanted) == (&b.pointer, &b.keyword, &b.wanted)
        });
        if !faults.is_empty() {
            return Err(broken(faults));
        }
    }
    Ok(value)
}

/// Keywords that nobody knows, but nearly; they are ignored, and so are no fault.
pub(super) fn odd(file: &str, text: &[u8], schema: &Value) -> Option<Box<Broken>> {
    let found = super::misspelt::find(schema);
    if found.is_empty() {
        return None;
    }
    let mut parser = Parser::new(CAPS);
    let document = parser.parse(text).ok()?;
    let faults = found.iter().map(|(pointer, near)| {
        let at = At {
            pointer,
            keyword: "notice (unknown-keyword)",
            on_name: true,
        };
        let mut fault = fault(
            &document,
            &at,
            "a keyword that is known; this one is ignored",
        );
        fault.hint = Some(format!("did you mean {near:?}?"));
        fault
    });
    Some(Box::new(Broken {
        file: file.to_owned(),
        faults: faults.collect(),
        text: text.to_vec(),
    }))
}

/// Says why a schema that keeps to its meta-schema does not compile.
pub(super) fn explain(
    error: &ValidationError<'_>,
    file: &str,
    text: &[u8],
    schema: &Value,
    folder: Option<&Folder>,
) -> Box<Broken> {
    if let Some(broken) = folder.and_then(Folder::take_broken) {
        return broken;
    }
    let others = folder.map(Folder::texts).unwrap_or_default();
    // The error does not say in which of the files it is.
    let mut all = vec![(file.to_owned(), text.to_vec(), schema.clone())];
    all.extend(others);
    for (file, text, schema) in &all {
        if let Some(fault) = locate(error, text, schema, &all) {
            return Box::new(Broken {
                file: file.clone(),
                text: text.clone(),
                faults: vec![fault],
            });
        }
    }
    let mut fault = blank();
    fault.pointer = error.instance_path().as_str().to_owned();
    fault.keyword = error.kind().keyword().to_owned();
    fault.found = "a schema that does not compile".to_owned();
    fault.wanted = error.to_string();
    (fault.line, fault.column, fault.end_column) = (1, 1, 2);
    Box::new(Broken {
        file: file.to_owned(),
        text: text.to_vec(),
        faults: vec![fault],
    })
}

/// The fault in this file, if the error is of this one.
fn locate(
    error: &ValidationError<'_>,
    text: &[u8],
    schema: &Value,
    all: &[(String, Vec<u8>, Value)],
) -> Option<Problem> {
    use jsonschema::ReferencingError as Because;
    let mut parser = Parser::new(CAPS);
    let document = parser.parse(text).ok()?;
    match error.kind() {
        ValidationErrorKind::Format { .. } => {
            let pointer = error.instance_path().as_str();
            let on_name = pointer
                .rsplit_once('/')
                .is_some_and(|(parent, _)| parent.ends_with("/patternProperties"));
            let found = schema.pointer(pointer)?;
            let pattern = match on_name {
                true => pointer
                    .rsplit('/')
                    .next()?
                    .replace("~1", "/")
                    .replace("~0", "~"),
                false => found.as_str()?.to_owned(),
            };
            let at = At {
                pointer,
                keyword: if on_name {
                    "patternProperties"
                } else {
                    "pattern"
                },
                on_name,
            };
            let mut fault = fault(&document, &at, "a pattern that runs in linear time");
            fault.found = Value::from(pattern.as_str()).to_string();
            fault.hint = Some(why_not_linear(&pattern).to_owned());
            Some(fault)
        }
        ValidationErrorKind::Referencing(because) => {
            let mut references = Vec::new();
            collect(schema, &mut String::new(), &mut references);
            let is_it = |reference: &str| {
                let (base, fragment) = reference.split_once('#').unwrap_or((reference, ""));
                match because {
                    Because::PointerToNowhere { pointer } => fragment == pointer,
                    Because::InvalidArrayIndex { pointer, .. }
                    | Because::InvalidPercentEncoding { pointer, .. } => fragment == pointer,
                    Because::NoSuchAnchor { anchor } | Because::InvalidAnchor { anchor } => {
                        fragment == anchor
                    }
                    Because::Unretrievable { uri, .. } => {
                        let wanted = uri.split('#').next().unwrap_or_default();
                        let tail = base.trim_start_matches("./").trim_start_matches("../");
                        !tail.is_empty() && wanted.ends_with(tail.trim_start_matches("../"))
                    }
                    Because::UnknownSpecification { specification } => {
                        reference.trim_end_matches('#') == specification.trim_end_matches('#')
                    }
                    _ => because.to_string().contains(reference),
                }
            };
            let (pointer, reference) = references.into_iter().find(|(_, text)| is_it(text))?;
            let keyword = pointer.rsplit('/').next().unwrap_or("$ref");
            let at = At {
                pointer: &pointer,
                keyword,
                on_name: false,
            };
            let (wanted, hint) = match because {
                Because::PointerToNowhere { .. } => {
                    let near = near_reference(&reference, schema, all);
                    ("a pointer to a schema that exists".to_owned(), near)
                }
                Because::NoSuchAnchor { anchor } => {
                    let mut anchors = Vec::new();
                    named(schema, &mut anchors);
                    let near = closest(anchor, anchors.iter().map(String::as_str));
                    let hint = near.map(|near| format!("did you mean \"#{near}\"?"));
                    ("an anchor that exists".to_owned(), hint)
                }
                Because::Unretrievable { source, .. } => (source.to_string(), None),
                Because::UnknownSpecification { .. } => (
                    "a dialect that is known: draft 4, 6, 7, 2019-09 or 2020-12".to_owned(),
                    Some(format!("write \"{LATEST}\"")),
                ),
                other => (format!("a reference that leads somewhere: {other}"), None),
            };
            let mut fault = fault(&document, &at, &wanted);
            fault.hint = hint;
            Some(fault)
        }
        _ => {
            let pointer = error.instance_path().as_str();
            schema.pointer(pointer)?;
            let at = At {
                pointer,
                keyword: error.kind().keyword(),
                on_name: false,
            };
            Some(fault(&document, &at, &error.masked().to_string()))
        }
    }
}

fn fault(document: &Document<'_>, at: &At<'_>, wanted: &str) -> Problem {
    let value = place::resolve(document, at.pointer).unwrap_or(0);
    let node = if at.on_name {
        value.saturating_sub(1)
    } else {
        value
    };
    let offset = place::offset(document, node).unwrap_or(0);
    let spot = place::spot(document.text(), Origin::default(), offset);
    let found = super::excerpt(document, node);
    let scalar = document.item(node).is_some_and(|item| item.is_empty());
    let length = if scalar {
        found.trim_end_matches('…').len()
    } else {
        1
    };
    Problem {
        pointer: at.pointer.to_owned(),
        line: spot.line,
        column: spot.column,
        end_column: spot.column + found.chars().count() as u64,
        source_offset: offset as u64,
        keyword: at.keyword.to_owned(),
        found,
        wanted: wanted.to_owned(),
        node,
        offset,
        length,
        ..blank()
    }
}

fn blank() -> Problem {
    Problem {
        pointer: String::new(),
        line: 1,
        column: 1,
        end_column: 1,
        source_offset: 0,
        key: None,
        keyword: String::new(),
        found: String::new(),
        wanted: String::new(),
        schema_pointer: String::new(),
        hint: None,
        description: None,
        branches: Vec::new(),
        keyword_location: String::new(),
        absolute_keyword_location: None,
        node: 0,
        offset: 0,
        length: 0,
    }
}
