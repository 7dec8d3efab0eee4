//! A validator that accepts most valid records sooner, and is asked first.
//!
//! It is the same schema with its dear parts narrowed: two patterns become
//! matchers written by hand, and a number must be a number, not `"NaN"`. What it
//! accepts, the exact schema accepts; when it refuses, it has said nothing, and
//! the exact one decides and explains.
//!
//! Narrowing a part narrows the whole only where no keyword turns a verdict
//! round, so this is for our own schema, which has none of them; no other is
//! ever rewritten.

use jsonschema::Validator;
use serde_json::{Map, Value};

use super::{OnTape, SchemaError, options, ours};

/// Keywords under which a narrower part may make a wider whole.
#[cfg(test)]
const TURNING: [&str; 12] = [
    "not",
    "if",
    "oneOf",
    "anyOf",
    "contains",
    "maxContains",
    "dependentSchemas",
    "propertyNames",
    "unevaluatedProperties",
    "unevaluatedItems",
    "additionalProperties",
    "$dynamicRef",
];

/// What a number may be as text; the only strings that such a property takes.
const NO_NUMBER: &str = "^(NaN|-?INF)$";

/// A pattern, the format that stands for it, and the format's matcher.
type Matcher = (&'static str, &'static str, fn(&str) -> bool);

/// The dear patterns of our schema.
const MATCHERS: [Matcher; 2] = [
    (
        "^-?P([0-9]+D(T([0-9]+H([0-9]+M)?([0-9]+([.][0-9]+)?S)?|[0-9]+M([0-9]+([.][0-9]+)?S)?|[0-9]+([.][0-9]+)?S))?|T([0-9]+H([0-9]+M)?([0-9]+([.][0-9]+)?S)?|[0-9]+M([0-9]+([.][0-9]+)?S)?|[0-9]+([.][0-9]+)?S))$",
        "qualwatch-duration",
        duration,
    ),
    (
        "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,12})?)?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$",
        "qualwatch-time",
        time,
    ),
];

/// Compiles the narrowed schema.
pub(super) fn build(schema: &Value) -> Result<Validator<OnTape>, SchemaError> {
    let mut narrowed = schema.clone();
    narrow(&mut narrowed);
    let mut options = options().should_validate_formats(true);
    for (_, format, matcher) in MATCHERS {
        options = options.with_format(format, matcher);
    }
    options
        .build(&narrowed)
        .map_err(|error| ours(&error, &narrowed))
}

fn narrow(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            narrow_pattern(members);
            members.values_mut().for_each(narrow);
        }
        Value::Array(items) => items.iter_mut().for_each(narrow),
        _ => {}
    }
}

/// Replaces the pattern of one schema object, if it is one of ours.
fn narrow_pattern(members: &mut Map<String, Value>) {
    let Some(pattern) = members.get("pattern").and_then(Value::as_str) else {
        return;
    };
    if pattern == NO_NUMBER {
        if let Some(Value::Array(types)) = members.get_mut("type") {
            types.retain(|name| name != "string");
            members.remove("pattern");
        }
    } else if let Some((_, format, _)) = MATCHERS.iter().find(|(known, ..)| *known == pattern) {
        members.remove("pattern");
        members.insert("format".to_owned(), Value::from(*format));
    }
}

/// `-?P(nD)?(T(nH)?(nM)?(n(.n)?S)?)?`, with at least one part where parts are due.
fn duration(text: &str) -> bool {
    let bytes = text.as_bytes();
    let bytes = bytes.strip_prefix(b"-").unwrap_or(bytes);
    let Some(mut rest) = bytes.strip_prefix(b"P") else {
        return false;
    };
    if rest.first() != Some(&b'T') {
        match digits(rest) {
            Some([b'D']) => return true,
            Some([b'D', time @ ..]) => rest = time,
            _ => return false,
        }
    }
    let Some(mut rest) = rest.strip_prefix(b"T") else {
        return false;
    };
    // The parts that may still come: hours, minutes and seconds, in that order.
    let mut due = 3;
    while !rest.is_empty() {
        rest = match digits(rest) {
            Some([b'H', rest @ ..]) if due == 3 => {
                due = 2;
                rest
            }
            Some([b'M', rest @ ..]) if due >= 2 => {
                due = 1;
                rest
            }
            Some([b'S']) => return true,
            Some([b'.', fraction @ ..]) => return digits(fraction) == Some(b"S"),
            _ => return false,
        };
    }
    due < 3
}

/// What follows one digit or more.
fn digits(text: &[u8]) -> Option<&[u8]> {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    text.get(count..).filter(|_| count > 0)
}

/// `YYYY-MM-DDThh:mm(:ss(.f)?)?` and a zone.
fn time(text: &str) -> bool {
    let Some((
        [
            y1,
            y2,
            y3,
            y4,
            b'-',
            m1,
            m2,
            b'-',
            d1,
            d2,
            b'T',
            h1,
            h2,
            b':',
            n1,
            n2,
        ],
        mut rest,
    )) = text.as_bytes().split_first_chunk::<16>()
    else {
        return false;
    };
    let whole = [y1, y2, y3, y4].into_iter().all(u8::is_ascii_digit)
        && two(*m1, *m2, 1, 12)
        && two(*d1, *d2, 1, 31)
        && two(*h1, *h2, 0, 23)
        && two(*n1, *n2, 0, 59);
    if let [b':', s1, s2, after @ ..] = rest {
        if !two(*s1, *s2, 0, 59) {
            return false;
        }
        rest = after;
        if let [b'.', fraction @ ..] = rest {
            match digits(fraction) {
                Some(after) if fraction.len() - after.len() <= 12 => rest = after,
                _ => return false,
            }
        }
    }
    whole
        && match rest {
            [b'Z'] => true,
            [b'+' | b'-', h1, h2, b':', m1, m2] => two(*h1, *h2, 0, 23) && two(*m1, *m2, 0, 59),
            _ => false,
        }
}

/// Whether two digits make a number from `low` to `high`.
fn two(tens: u8, units: u8, low: u8, high: u8) -> bool {
    let (tens, units) = (tens.wrapping_sub(b'0'), units.wrapping_sub(b'0'));
    tens < 10 && units < 10 && (low..=high).contains(&(tens * 10 + units))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::CALL_RECORD;
    use proptest::prelude::*;

    fn schema() -> Value {
        serde_json::from_str(CALL_RECORD).expect("JSON")
    }

    fn each_key(value: &Value, see: &mut dyn FnMut(&str, &Value)) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    see(name, value);
                    each_key(value, see);
                }
            }
            Value::Array(items) => items.iter().for_each(|value| each_key(value, see)),
            _ => {}
        }
    }

    #[test]
    fn our_schema_has_no_keyword_that_turns_a_verdict_round() {
        each_key(&schema(), &mut |name, value| {
            // A property may have such a name; its schema is described.
            let property = value.get("description").is_some();
            assert!(property || !TURNING.contains(&name), "{name}");
        });
    }

    #[test]
    fn every_pattern_of_our_schema_is_narrowed() {
        let mut narrowed = schema();
        narrow(&mut narrowed);
        let mut formats = 0;
        each_key(&narrowed, &mut |name, value| {
            assert!(!(name == "pattern" && value.is_string()), "{value}");
            formats += usize::from(name == "format");
        });
        assert!(formats > 10, "{formats}");
    }

    fn exact(pattern: &str) -> Validator {
        jsonschema::options()
            .with_pattern_options(jsonschema::PatternOptions::regex())
            .build(&serde_json::json!({ "pattern": pattern }))
            .expect("compiles")
    }

    proptest! {
        #[test]
        fn a_matcher_and_its_pattern_agree(
            text in prop_oneof![
                "-?P([0-9]{1,2}D)?(T([0-9]{1,2}H)?([0-9]{1,2}M)?([0-9]{1,2}([.][0-9]{0,2})?S)?)?",
                "[0-9]{4}-[0-3][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9](:[0-6][0-9]([.][0-9]{0,13})?)?(Z|[+-][0-2][0-9]:[0-6][0-9])?",
                "[-0-9PTDHMSZ:+.]{0,12}",
            ],
            cut in 0usize..40,
            extra in "[-0-9PTDHMSZ:+.\\n٣]{0,1}",
        ) {
            let mut text = text;
            if text.is_char_boundary(cut) {
                text.insert_str(cut, &extra);
            }
            for (pattern, format, matcher) in MATCHERS {
                let wanted = exact(pattern).is_valid(&Value::from(text.as_str()));
                prop_assert_eq!(matcher(&text), wanted, "{}: {:?}", format, text);
            }
        }
    }
}
