//! What a keyword asks for, in words that are enough to mend the value.
//!
//! One line each, shortened: a schema may list a thousand members. The words come from the
//! keyword and its argument; where the schema is Microsoft's, from the type that it stands for.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value;

use super::problem::cut;
use crate::record::Item;

/// What the schema says of the value, in its first words.
pub(super) fn about(schema: &Value) -> Option<String> {
    let text = schema.get("description").or_else(|| schema.get("title"))?;
    let text = text.as_str()?.trim();
    const LONGEST: usize = 240;
    let mut short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    (!short.is_empty()).then_some(short)
}

/// A name in quotes, as JSON writes it, shortened.
pub(super) fn name_of(name: &str) -> String {
    let quoted = Value::from(name).to_string();
    cut(quoted.as_bytes())
}

/// Which properties there may be.
pub(super) fn only(known: &[(&str, &Value)]) -> String {
    const SHOWN: usize = 12;
    if known.is_empty() {
        return "no property but those that the schema describes".to_owned();
    }
    let mut names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(*name));
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| name_of(name)).collect();
    let mut text = format!("no property but {}", shown.join(", "));
    if names.len() > SHOWN {
        let _ = write!(text, " and {} more", names.len() - SHOWN);
    }
    text
}

/// `1 element`, `2 elements`.
fn some(limit: u64, what: &str) -> String {
    format!("{limit} {what}{}", if limit == 1 { "" } else { "s" })
}

/// An example of a format.
fn example(format: &str) -> &'static str {
    match format {
        "date-time" => ", such as \"2020-02-25T18:52:21Z\"",
        "date" => ", such as \"2020-02-25\"",
        "time" => ", such as \"18:52:21Z\"",
        "duration" => ", such as \"PT1M30S\"",
        "email" | "idn-email" => ", such as \"user@example.org\"",
        "ipv4" => ", such as \"192.0.2.1\"",
        "ipv6" => ", such as \"2001:db8::1\"",
        "uri" | "iri" => ", such as \"https://example.org/a\"",
        "uuid" => ", such as \"e523d2ed-2966-4b6b-925b-754a88034cc5\"",
        "json-pointer" => ", such as \"/a/0\"",
        _ => "",
    }
}

/// A list of values, shortened.
fn list(options: &Value) -> String {
    const SHOWN: usize = 20;
    let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
    let shown: Vec<String> = options
        .iter()
        .take(SHOWN)
        .map(|option| cut(option.to_string().as_bytes()))
        .collect();
    let mut text = shown.join(", ");
    if options.len() > SHOWN {
        let _ = write!(text, ", … ({} in all)", options.len());
    }
    text
}

/// What the schema asks for, in words.
pub(super) fn wanted(error: &ValidationError<'_>, parent: Option<&Value>) -> String {
    use ValidationErrorKind as Is;
    let edm = parent
        .and_then(|parent| parent.get("x-edm"))
        .and_then(Value::as_str)
        .unwrap_or_default();
    match error.kind() {
        Is::Type { kind } => {
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
        Is::Pattern { pattern } => match edm {
            "Edm.Duration" => "an ISO 8601 duration such as \"PT0.016S\"".to_owned(),
            "Edm.DateTimeOffset" => {
                "a time with a zone such as \"2020-02-25T18:52:21.2169889Z\"".to_owned()
            }
            "Edm.Single" | "Edm.Double" | "Edm.Decimal" => {
                "a number (as text only \"NaN\", \"INF\" or \"-INF\")".to_owned()
            }
            _ => format!("text matching {pattern}"),
        },
        Is::Enum { options } => format!("one of {}", list(options)),
        Is::Constant { expected_value } => cut(expected_value.to_string().as_bytes()),
        Is::Minimum { limit } => format!("at least {limit}"),
        Is::Maximum { limit } => format!("at most {limit}"),
        Is::ExclusiveMinimum { limit } => format!("more than {limit}"),
        Is::ExclusiveMaximum { limit } => format!("less than {limit}"),
        Is::MultipleOf { multiple_of } => format!("a multiple of {multiple_of}"),
        Is::MinLength { limit } => format!("at least {}", some(*limit, "character")),
        Is::MaxLength { limit } => format!("at most {}", some(*limit, "character")),
        Is::MinItems { limit } => format!("at least {}", some(*limit, "element")),
        Is::MaxItems { limit } => format!("at most {}", some(*limit, "element")),
        Is::AdditionalItems { limit } => format!("at most {}", some(*limit as u64, "element")),
        Is::UnevaluatedItems { .. } => "no element but those that the schema describes".to_owned(),
        Is::MinProperties { limit } => format!("at least {}", some(*limit, "member")),
        Is::MaxProperties { limit } => format!("at most {}", some(*limit, "member")),
        Is::UniqueItems => "each element once".to_owned(),
        Is::Contains => match parent.and_then(|parent| parent.get("contains")) {
            Some(schema) => format!(
                "an element that fits {}",
                cut(schema.to_string().as_bytes())
            ),
            None => "an element that fits the schema".to_owned(),
        },
        Is::Required { property } => {
            let dependent = ["/dependentRequired", "/dependencies"]
                .iter()
                .any(|name| error.schema_path().as_str().contains(name));
            let why = if dependent {
                ", since another member that is there asks for it"
            } else {
                ""
            };
            format!("a member {property}{why}")
        }
        Is::Format { format } => {
            let article = if format.starts_with(['a', 'e', 'i', 'o']) {
                "an"
            } else {
                "a"
            };
            format!("{article} {format}{}", example(format))
        }
        Is::FalseSchema => "nothing: the schema allows no value here".to_owned(),
        Is::Not { schema } => {
            format!(
                "anything but what fits {}",
                cut(schema.to_string().as_bytes())
            )
        }
        Is::AnyOf { context } => forms("one", error, context),
        Is::OneOfNotValid { context } => forms("exactly one", error, context),
        Is::OneOfMultipleValid { context } => {
            let forms = parent.and_then(|parent| parent.get("oneOf"));
            let fits: Vec<String> = context
                .iter()
                .enumerate()
                .filter(|(_, errors)| errors.is_empty())
                .map(|(at, _)| match forms.and_then(|forms| forms.get(at)) {
                    Some(form) => {
                        format!("number {} ({})", at + 1, cut(form.to_string().as_bytes()))
                    }
                    None => format!("number {}", at + 1),
                })
                .collect();
            format!(
                "exactly one of {} forms, and it fits {}",
                context.len(),
                fits.join(" and ")
            )
        }
        _ => error.masked().to_string(),
    }
}

/// The forms of a combination, as far as their own first words tell them apart.
fn forms(
    how_many: &str,
    error: &ValidationError<'_>,
    context: &[Vec<ValidationError<'static>>],
) -> String {
    const SHOWN: usize = 6;
    let told: Vec<String> = context
        .iter()
        .take(SHOWN)
        .filter_map(|errors| match errors.as_slice() {
            [only] if only.instance_path() == error.instance_path() => match only.kind() {
                ValidationErrorKind::Enum { options } => Some(list(options)),
                ValidationErrorKind::Type { .. }
                | ValidationErrorKind::Constant { .. }
                | ValidationErrorKind::Required { .. }
                | ValidationErrorKind::Format { .. }
                | ValidationErrorKind::Pattern { .. } => Some(wanted(only, None)),
                _ => None,
            },
            _ => None,
        })
        .collect();
    if told.len() == context.len() {
        return format!("{how_many} of: {}", told.join("; "));
    }
    let count = context.len();
    match discriminator(context) {
        Some((path, values)) => {
            let name = path.rsplit('/').next().unwrap_or_default();
            format!(
                "{how_many} of {count} forms, told apart by {}: one of {}",
                name_of(name),
                values.join(", ")
            )
        }
        None => format!("{how_many} of {count} forms"),
    }
}

/// The place at which every form wants a value of its own, and those values.
fn discriminator(context: &[Vec<ValidationError<'static>>]) -> Option<(String, Vec<String>)> {
    let constants = |errors: &[ValidationError<'static>]| -> Vec<(String, String)> {
        errors
            .iter()
            .filter_map(|error| match error.kind() {
                ValidationErrorKind::Constant { expected_value } => Some((
                    error.instance_path().as_str().to_owned(),
                    cut(expected_value.to_string().as_bytes()),
                )),
                _ => None,
            })
            .collect()
    };
    let (first, rest) = context.split_first()?;
    constants(first).into_iter().find_map(|(path, value)| {
        let mut values = vec![value];
        for errors in rest {
            let (_, value) = constants(errors).into_iter().find(|(at, _)| *at == path)?;
            values.push(value);
        }
        (values.len() > 1).then_some((path, values))
    })
}

/// PowerShell writes an array of one element as that element.
pub(super) fn unrolled(
    error: &ValidationError<'_>,
    item: Option<Item<'_>>,
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
    // What stands in Graph's arrays has an id, or streams or media below it.
    let item = item?;
    let element = item.json_type() == crate::record::tape::JsonType::Object
        && ["id", "streams", "media", "streamId"]
            .iter()
            .any(|name| item.get(name).is_some());
    (wants_array && element).then_some(
        "an object where an array is due: PowerShell writes an array of one element so; save the raw answer instead",
    )
}
