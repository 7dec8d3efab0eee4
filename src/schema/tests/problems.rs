//! Violations: collected with a cap, placed, and never fetched for.

use super::super::*;
use crate::record::{Caps, Parser};

fn problems(schema: &str, text: &str, limit: usize) -> (Vec<Problem>, bool) {
    let schema = Schema::compile(schema).expect("a schema");
    let mut parser = Parser::new(Caps::default());
    let document = parser.parse(text.as_bytes()).expect("JSON");
    let mut survey = Survey::default();
    schema.survey(&document, Kind::Foreign, &mut survey);
    schema.validate(&document, Kind::Foreign, Origin::default(), limit, &survey)
}

#[test]
fn violations_are_capped_while_they_are_collected() {
    let schema = r#"{"items": {"items": {"type": "string"}}}"#;
    let row = format!("[{}0]", "0,".repeat(999));
    let text = format!("[{}{row}]", format!("{row},").repeat(99));
    let (found, more) = problems(schema, &text, 10);
    assert_eq!((found.len(), more), (10, true));
    assert_eq!(found[0].pointer, "/0/0");
    assert_eq!(found[9].pointer, "/0/9");
    // The next walk of this thread is whole again.
    let (found, more) = problems(schema, "[[1, \"a\", 2]]", 10);
    assert_eq!((found.len(), more), (2, false));
}

#[test]
fn a_million_violations_end_the_walk_and_not_the_memory() {
    let schema = Schema::compile(r#"{"items": {"type": "string"}}"#).expect("a schema");
    let text = format!("[{}0]", "0,".repeat(999_999));
    let mut parser = Parser::new(Caps::default());
    let document = parser.parse(text.as_bytes()).expect("JSON");
    let mut survey = Survey::default();
    schema.survey(&document, Kind::Foreign, &mut survey);
    assert_eq!(survey.verdict(), Some(false));
    on_tape::VISITED.set(0);
    let (found, more) = schema.validate(&document, Kind::Foreign, Origin::default(), 100, &survey);
    assert_eq!((found.len(), more), (100, true));
    assert_eq!(found[99].pointer, "/99");
    let visited = on_tape::VISITED.get();
    assert!(visited < 2000, "{visited} of a million elements visited");
}

#[test]
fn a_spent_budget_invents_no_violation_and_loses_no_verdict() {
    // A combination that spends the budget, and behind it a value that needs all its elements.
    let schema = r#"{"properties": {
        "a": {"anyOf": [{"items": {"type": "string"}}, {"items": {"type": "null"}}]},
        "b": {"contains": {"const": 7}, "items": {"type": "integer"}}
    }}"#;
    for order in ["ab", "ba"] {
        let a = format!("\"a\": [{}0]", "0,".repeat(5000));
        let b = "\"b\": [1, 7]".to_owned();
        let text = match order {
            "ab" => format!("{{{a}, {b}}}"),
            _ => format!("{{{b}, {a}}}"),
        };
        let (found, _) = problems(schema, &text, 5);
        let told: Vec<(&str, &str)> = found
            .iter()
            .map(|problem| (problem.pointer.as_str(), problem.keyword.as_str()))
            .collect();
        assert_eq!(told, [("/a", "anyOf")], "{order}");
    }
}

#[test]
fn a_violation_has_place_found_and_wanted() {
    let (found, _) = problems(
        r#"{"properties": {"a": {"maximum": 5}, "b": {"enum": ["x", "y"]}}, "required": ["c"]}"#,
        "{\"a\": 7,\n  \"b\": \"z\"}",
        10,
    );
    let told: Vec<String> = found
        .iter()
        .map(|p| {
            format!(
                "{}:{} {} {} {}: {}",
                p.line, p.column, p.pointer, p.keyword, p.found, p.wanted
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "1:1  required an object of 2 members: a member \"c\"",
            "1:7 /a maximum 7: at most 5",
            "2:8 /b enum \"z\": one of \"x\", \"y\"",
        ]
    );
}

#[test]
fn nothing_outside_the_schema_is_fetched() {
    for reference in [
        "http://127.0.0.1:9/s.json",
        "file:///etc/hostname",
        "other.json",
    ] {
        let text = format!("{{\"$ref\": \"{reference}\"}}");
        assert!(
            matches!(Schema::compile(&text), Err(SchemaError::Broken(_))),
            "{reference}"
        );
    }
}
