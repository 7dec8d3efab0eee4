//! Notices and repeated names: by cases, and against a slow walk that compares all with all.

use proptest::prelude::*;
use serde_json::{Value, json};
use xtask::chance::{self, Chance};

use super::super::survey::Raw;
use super::super::*;
use crate::record::{Caps, Item, Parser, units};

fn survey(schema: &Value, text: &str) -> Survey {
    let schema = Schema::compile(&schema.to_string()).expect("a schema");
    let mut parser = Parser::new(Caps::default());
    let document = parser.parse(text.as_bytes()).expect("JSON");
    let mut survey = Survey::default();
    schema.survey(&document, Kind::CallRecord, &mut survey);
    survey
}

fn schema() -> Value {
    json!({
        "x-open": false,
        "properties": {
            "loss": {"type": "number", "x-range": [0, 1]},
            "jitter": {"type": "string", "x-edm": "Edm.Duration", "x-range": [0, null]},
            "platform": {"x-enum": ["windows", "macOS"]},
            "open": {"x-open": true, "properties": {"a": {}}},
            "list": {"type": "array", "items": {"$ref": "#"}},
        }
    })
}

#[test]
fn notices_are_unknown_names_unknown_members_and_odd_readings() {
    let found = survey(
        &schema(),
        r#"{"loss": 1.5, "jitter": "-PT1S", "platform": "Windows", "los": 1, "@odata.type": "x",
            "open": {"z": 1}, "list": [{"lost": 0}, {"loss": 1}]}"#,
    );
    let kinds: Vec<_> = found
        .notices()
        .iter()
        .map(|raw| match raw {
            Raw::UnknownProperty(..) => "property",
            Raw::UnknownMember(..) => "member",
            Raw::OutOfRange(..) => "range",
            Raw::RepeatedName(_) => "repeated",
        })
        .collect();
    assert_eq!(kinds, ["range", "range", "member", "property", "property"]);
    assert!(found.repeated().is_empty());
}

#[test]
fn a_repeated_name_is_found_known_or_not_and_its_values_compared() {
    for (text, equal) in [
        (r#"{"loss": 1, "loss": 1.0}"#, Some(true)),
        (r#"{"loss": 1, "loss": 2}"#, Some(false)),
        (r#"{"loss": 1, "l\u006fss": 2}"#, Some(false)),
        (
            r#"{"open": {"q": {"x": 1, "y": [2]}, "q": {"y": [2], "x": 1}}}"#,
            Some(true),
        ),
        (r#"{"@a": 1, "b": 2, "c": 3, "@a": null}"#, Some(false)),
        (r#"{"@odata.type": 1, "@odata.type": null}"#, Some(false)),
        (r#"{"list": [{"loss": 1}, {"loss": 2}]}"#, None),
    ] {
        let found = survey(&schema(), text);
        assert_eq!(found.repeated().first().map(|r| r.equal), equal, "{text}");
    }
}

#[test]
fn a_wide_object_is_compared_by_sorting() {
    let mut text = String::from("{");
    for number in 0..5000 {
        text.push_str(&format!("\"k{number}\": 0, "));
    }
    text.push_str("\"k17\": 1, \"k18\": 0}");
    let found = survey(&Value::Bool(true), &text);
    let equal: Vec<_> = found.repeated().iter().map(|r| r.equal).collect();
    assert_eq!(equal, [false, true]);
    assert!(found.contradiction().is_some());
}

#[test]
fn beyond_64_properties_each_is_still_told_from_the_others() {
    let names: Vec<String> = (0..150).map(|number| format!("k{number}")).collect();
    let properties: Value = names.iter().map(|name| (name.clone(), json!({}))).collect();
    let schema = json!({"properties": properties, "required": ["k3", "k70", "k149"]});
    let whole: Vec<String> = names.iter().map(|name| format!("\"{name}\": 0")).collect();
    let found = survey(&schema, &format!("{{{}}}", whole.join(",")));
    assert!(found.repeated().is_empty());
    assert_eq!(found.verdict(), Some(true));
    for missing in ["k3", "k70", "k149"] {
        let without: Vec<_> = whole
            .iter()
            .filter(|member| !member.starts_with(&format!("\"{missing}\"")))
            .cloned()
            .collect();
        let found = survey(&schema, &format!("{{{}}}", without.join(",")));
        assert_eq!(found.verdict(), Some(false), "{missing}");
    }
    let twice = format!("{{{}, \"k70\": 0}}", whole.join(","));
    assert_eq!(survey(&schema, &twice).repeated().len(), 1);
}

/// A schema for the names and texts that documents by chance have.
fn expecting() -> Value {
    json!({
        "type": "object",
        "x-open": false,
        "properties": {
            "a": {"x-range": [0, 2]},
            "b": {"x-enum": ["a", "abc", "NaN", "\u{e9}\u{1f600}"]},
            "ab": {"x-edm": "Edm.Duration", "x-range": [0, null]},
            "abc": {"type": "array", "items": {"$ref": "#"}},
            "value": {"x-open": true, "properties": {"a": {"$ref": "#"}, "b": {"x-range": [1, 1]}}},
            "identities": {"$ref": "#/$defs/inner"},
            "postForwardErrorCorrectionPacketLossRate": {"items": {"x-enum": ["b", "12"]}},
        },
        "$defs": {"inner": {"x-open": false, "properties": {
            "value": {"$ref": "#/properties/value"},
            "averageNetworkJitter": {"$ref": "#"},
        }}}
    })
}

/// The walk, slowly: the schema is read again at each value, and each name compared with each.
struct Slow<'s> {
    root: &'s Value,
    total: usize,
    notices: Vec<(&'static str, u32)>,
    repeated: Vec<(u32, u32, bool)>,
}

impl<'s> Slow<'s> {
    fn value(&mut self, item: Item<'_>, schema: Option<&'s Value>) {
        let schema = schema.map(|schema| match schema.get("$ref").and_then(Value::as_str) {
            Some(reference) => self.root.pointer(&reference[1..]).expect("a target"),
            None => schema,
        });
        let known = schema.and_then(|schema| schema.get("properties"));
        let closed = schema.is_some_and(|schema| schema.get("x-open") == Some(&Value::Bool(false)));
        let here = item.index(self.total);
        let mut seen: Vec<(&str, u32, Item<'_>)> = Vec::new();
        for member in item.members() {
            let property = known.and_then(|known| known.get(member.name));
            let name = member.key.index(self.total);
            if known.is_some() && closed && property.is_none() && !member.name.contains('@') {
                self.notices.push(("property", name));
            }
            self.value(member.value, property);
            seen.push((member.name, name, member.value));
        }
        let mut pairs = Vec::new();
        for (at, (name, again, value)) in seen.iter().enumerate() {
            if let Some((_, first, other)) = seen[..at].iter().rev().find(|(n, ..)| n == name) {
                pairs.push((*name, *first, *again, other.same_value(*value)));
            }
        }
        pairs.sort_unstable_by_key(|(name, _, again, _)| (*name, *again));
        for (_, first, again, equal) in pairs {
            self.repeated.push((first, again, equal));
            if equal {
                self.notices.push(("repeated", again));
            }
        }
        let items = schema.and_then(|schema| schema.get("items"));
        for element in item.elements() {
            self.value(element, items);
        }
        let Some(schema) = schema.filter(|_| known.is_none() && items.is_none()) else {
            return;
        };
        let members = schema.get("x-enum").and_then(Value::as_array);
        if let (Some(members), Some(text)) = (members, item.as_str()) {
            if !members.iter().any(|member| member == text) {
                self.notices.push(("member", here));
            }
        } else if let Some([low, high]) = schema
            .get("x-range")
            .and_then(Value::as_array)
            .map(Vec::as_slice)
        {
            let duration = schema.get("x-edm").is_some();
            let number = match duration {
                true => item
                    .as_str()
                    .and_then(units::duration)
                    .map(|millis| millis.0),
                false => item.as_f64(),
            };
            let out = |number: f64| {
                low.as_f64().is_some_and(|low| number < low)
                    || high.as_f64().is_some_and(|high| number > high)
            };
            if number.is_some_and(out) {
                self.notices.push(("range", here));
            }
        }
    }
}

proptest! {
    #[test]
    fn the_walk_finds_what_a_slow_one_finds(
        documents in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..120), 8),
    ) {
        let root = expecting();
        let schema = Schema::compile(&root.to_string()).expect("a schema");
        let mut parser = Parser::new(Caps::default());
        // One survey for all, as for the documents of a feed.
        let mut survey = Survey::default();
        for bytes in documents {
            let text = chance::document(&mut Chance(&bytes));
            let Ok(document) = parser.parse(text.as_bytes()) else { continue };
            schema.survey(&document, Kind::CallRecord, &mut survey);
            let mut slow = Slow {
                root: &root,
                total: document.len(),
                notices: Vec::new(),
                repeated: Vec::new(),
            };
            slow.value(document.root(), Some(&root));
            let notices: Vec<(&str, u32)> = survey
                .notices()
                .iter()
                .map(|raw| match raw {
                    Raw::UnknownProperty(node, _) => ("property", *node),
                    Raw::UnknownMember(node, _) => ("member", *node),
                    Raw::OutOfRange(node, _) => ("range", *node),
                    Raw::RepeatedName(node) => ("repeated", *node),
                })
                .collect();
            let repeated: Vec<(u32, u32, bool)> = survey
                .repeated()
                .iter()
                .map(|of| (of.first, of.again, of.equal))
                .collect();
            prop_assert_eq!(notices, slow.notices, "{}", text);
            prop_assert_eq!(repeated, slow.repeated, "{}", text);
        }
    }
}
