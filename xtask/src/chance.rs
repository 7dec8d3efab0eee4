//! Schemas and documents by chance: whatever bytes decide, of the keywords that real schemas use.
//!
//! Names, texts and numbers come from short lists, so that documents meet the schemas' limits
//! from both sides. For property tests and for the fuzzer; nothing is said of what is valid.

use serde_json::{Map, Value, json};

/// Bytes, one decision after another; zeros when they are used up.
pub struct Chance<'a>(pub &'a [u8]);

impl Chance<'_> {
    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    /// A number below `limit`, which is not zero.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::from(self.byte()) % limit
    }

    fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }
}

const NAMES: [&str; 10] = [
    "a",
    "b",
    "ab",
    "abc",
    "value",
    "identities",
    "averageNetworkJitter",
    "postForwardErrorCorrectionPacketLossRate",
    "postForwardErrorCorrectionPacketLossRats",
    "x-\u{e9}",
];

const TEXTS: [&str; 16] = [
    "",
    "a",
    "ab",
    "abc",
    "b",
    "AB-12",
    "AB-",
    "NaN",
    "-INF",
    "PT0.016S",
    "PT16.S",
    "-P1DT2H",
    "2021-01-17T20:11:49.4562339Z",
    "2021-13-17T20:11:49Z",
    "\u{e9}\u{1f600}",
    "12",
];

const NUMBERS: [&str; 20] = [
    "0",
    "-0",
    "-0.0",
    "1",
    "1.0",
    "1.5",
    "2",
    "3",
    "-1",
    "-1.5",
    "10",
    "1e2",
    "0.1",
    "9007199254740993",
    "9007199254740992.0",
    "18446744073709551615",
    "18446744073709551616.0",
    "-9223372036854775808",
    "1e19",
    "1e-9",
];

const PATTERNS: [&str; 10] = [
    "^[A-Z]{2}-[0-9]+$",
    "^(NaN|-?INF)$",
    "^-?P([0-9]+D(T([0-9]+H([0-9]+M)?([0-9]+([.][0-9]+)?S)?|[0-9]+M([0-9]+([.][0-9]+)?S)?|[0-9]+([.][0-9]+)?S))?|T([0-9]+H([0-9]+M)?([0-9]+([.][0-9]+)?S)?|[0-9]+M([0-9]+([.][0-9]+)?S)?|[0-9]+([.][0-9]+)?S))$",
    "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,12})?)?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$",
    "^a",
    "b$",
    "^[^@]*$",
    "^a?b*$",
    "^\\w+$",
    "[0-9]",
];

const TYPES: [&str; 7] = [
    "null", "boolean", "integer", "number", "string", "array", "object",
];

const REFERENCES: [&str; 5] = ["#/$defs/d0", "#/$defs/d1", "#/$defs/d2", "#", "#/$defs/d3"];

const DRAFTS: [&str; 4] = [
    "https://json-schema.org/draft/2020-12/schema",
    "https://json-schema.org/draft/2020-12/schema",
    "https://json-schema.org/draft/2019-09/schema",
    "http://json-schema.org/draft-07/schema#",
];

/// A schema.
pub fn schema(chance: &mut Chance<'_>) -> Value {
    let mut root = match below(chance, 3) {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    root.insert("$schema".into(), Value::from(chance.of(&DRAFTS)));
    let defs: Map<String, Value> = (0..4)
        .map(|at| (format!("d{at}"), below(chance, 2)))
        .collect();
    root.insert("$defs".into(), Value::Object(defs));
    Value::Object(root)
}

/// A schema with up to `levels` of others in it.
fn below(chance: &mut Chance<'_>, levels: usize) -> Value {
    if levels == 0 {
        return match chance.below(8) {
            0 => Value::Bool(false),
            1 => Value::Bool(true),
            2 => json!({ "$ref": chance.of(&REFERENCES) }),
            _ => json!({ "type": kinds(chance) }),
        };
    }
    if chance.below(12) == 0 {
        return Value::Bool(chance.below(2) == 0);
    }
    let mut members = Map::new();
    for _ in 0..1 + chance.below(4) {
        let (keyword, value) = keyword(chance, levels - 1);
        members.insert(keyword.to_owned(), value);
    }
    Value::Object(members)
}

fn keyword(chance: &mut Chance<'_>, levels: usize) -> (&'static str, Value) {
    let size = |chance: &mut Chance<'_>| Value::from(chance.below(4));
    match chance.below(34) {
        0..4 => ("type", kinds(chance)),
        4..8 => ("properties", named(chance, levels, &NAMES)),
        8 => ("additionalProperties", below(chance, levels)),
        9 => ("patternProperties", named(chance, levels, &PATTERNS)),
        10 => ("required", names(chance)),
        11 => ("items", below(chance, levels)),
        12 => ("prefixItems", list(chance, levels)),
        13 => ("$ref", Value::from(chance.of(&REFERENCES))),
        14 => ("allOf", list(chance, levels)),
        15 => ("anyOf", list(chance, levels)),
        16 => ("oneOf", list(chance, levels)),
        17 => ("not", below(chance, levels)),
        18 => ("if", below(chance, levels)),
        19 => ("then", below(chance, levels)),
        20 => ("else", below(chance, levels)),
        21 => ("const", value(chance, 1)),
        22 => {
            let count = 1 + chance.below(4);
            ("enum", (0..count).map(|_| value(chance, 1)).collect())
        }
        23 => ("pattern", Value::from(chance.of(&PATTERNS))),
        24 => ("minLength", size(chance)),
        25 => ("maxLength", size(chance)),
        26 => {
            let keywords = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"];
            (chance.of(&keywords), number(chance))
        }
        27 => ("multipleOf", json!(chance.of(&[1.0, 0.5, 2.0, 0.1]))),
        28 => {
            let keywords = ["minItems", "maxItems", "minProperties", "maxProperties"];
            (chance.of(&keywords), size(chance))
        }
        29 => ("propertyNames", below(chance, levels)),
        30 => ("contains", below(chance, levels)),
        31 => (chance.of(&["minContains", "maxContains"]), size(chance)),
        32 => {
            let needed = names(chance);
            let name = chance.of(&NAMES);
            match chance.below(3) {
                0 => ("dependentSchemas", json!({ name: below(chance, levels) })),
                1 => ("dependentRequired", json!({ name: needed })),
                _ => ("dependencies", json!({ name: needed })),
            }
        }
        _ => {
            let formats = ["date-time", "ipv4", "uuid"];
            match chance.below(3) {
                0 => ("uniqueItems", Value::Bool(true)),
                1 => ("format", Value::from(chance.of(&formats))),
                _ => ("unevaluatedProperties", Value::Bool(false)),
            }
        }
    }
}

fn kinds(chance: &mut Chance<'_>) -> Value {
    let first = chance.of(&TYPES);
    match chance.below(3) {
        0 => {
            let second = chance.of(&TYPES);
            if first == second {
                Value::from(first)
            } else {
                json!([first, second])
            }
        }
        _ => Value::from(first),
    }
}

fn named(chance: &mut Chance<'_>, levels: usize, names: &[&str]) -> Value {
    let count = 1 + chance.below(4);
    let members = (0..count).map(|_| {
        let name = (chance.of(names)).to_owned();
        (name, below(chance, levels))
    });
    Value::Object(members.collect())
}

fn names(chance: &mut Chance<'_>) -> Value {
    let mut names: Vec<&str> = Vec::new();
    for _ in 0..chance.below(3) {
        let name = chance.of(&NAMES);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    json!(names)
}

fn list(chance: &mut Chance<'_>, levels: usize) -> Value {
    let count = 1 + chance.below(3);
    (0..count).map(|_| below(chance, levels)).collect()
}

fn number(chance: &mut Chance<'_>) -> Value {
    serde_json::from_str(chance.of(&NUMBERS)).unwrap_or(Value::Null)
}

fn value(chance: &mut Chance<'_>, levels: usize) -> Value {
    let mut text = String::new();
    write(chance, levels, &mut text);
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

/// A document's text, in which a name may stand twice.
pub fn document(chance: &mut Chance<'_>) -> String {
    let mut text = String::new();
    write(chance, 3, &mut text);
    text
}

fn write(chance: &mut Chance<'_>, levels: usize, text: &mut String) {
    match chance.below(if levels == 0 { 8 } else { 14 }) {
        0 => text.push_str("null"),
        1 => text.push_str("true"),
        2 => text.push_str("false"),
        3 | 4 => text.push_str(chance.of(&NUMBERS)),
        5..8 => quote(chance.of(&TEXTS), text),
        8..10 => {
            text.push('[');
            for at in 0..chance.below(4) {
                text.push_str(if at > 0 { "," } else { "" });
                write(chance, levels - 1, text);
            }
            text.push(']');
        }
        _ => {
            text.push('{');
            for at in 0..chance.below(6) {
                text.push_str(if at > 0 { ", " } else { "" });
                quote(chance.of(&NAMES), text);
                text.push(':');
                write(chance, levels - 1, text);
            }
            text.push('}');
        }
    }
}

fn quote(value: &str, text: &mut String) {
    text.push_str(&Value::from(value).to_string());
}
