//! Does the schema on the tape find what `jsonschema` finds on `serde_json::Value`?
//!
//! The twin compiles the committed schema itself and validates a tree that
//! serde_json read. Verdicts agree, and so do the sets of pointer and keyword.
//! The first byte says whether the rest is a text, decisions about a
//! generated record, or decisions about a schema and its documents.

#![no_main]

use std::cell::RefCell;
use std::collections::BTreeSet;

use jsonschema::{PatternOptions, Validator};
use libfuzzer_sys::fuzz_target;
use qualwatch::record::{Caps, Kind, Origin, Parser};
use qualwatch::schema::{Schema, Survey};
use qualwatch_fuzz::spoil::{Choices, record};
use serde_json::Value;
use xtask::chance::{self, Chance};

const SCHEMA: &str = include_str!("../../schemas/callRecord.schema.json");

struct Pair {
    parser: Parser,
    schema: Schema,
    survey: Survey,
    record: Validator,
    page: Validator,
}

thread_local! {
    static PAIR: RefCell<Pair> = RefCell::new(Pair::new());
}

impl Pair {
    fn new() -> Pair {
        let mut schema: Value = serde_json::from_str(SCHEMA).expect("the schema is JSON");
        let record = twin(&schema);
        schema["$ref"] = Value::from("#/$defs/sessionsPage");
        Pair {
            parser: Parser::new(Caps::default()),
            schema: Schema::call_record().expect("the schema compiles"),
            survey: Survey::default(),
            page: twin(&schema),
            record,
        }
    }

    fn check(&mut self, text: &[u8], kind: Kind) {
        let Ok(document) = self.parser.parse(text) else {
            return;
        };
        self.schema.survey(&document, kind, &mut self.survey);
        if self.survey.contradiction().is_some() {
            // Refused before it comes to a schema; which value counts is nobody's to say.
            return;
        }
        let body = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let value: Value = serde_json::from_slice(body).expect("what we read, serde_json reads");
        let twin = match kind {
            Kind::SessionsPage => &self.page,
            _ => &self.record,
        };
        let wanted: BTreeSet<(String, String)> = twin
            .iter_errors(&value)
            .map(|error| {
                let keyword = error.kind().keyword().to_owned();
                (error.instance_path().as_str().to_owned(), keyword)
            })
            .collect();
        let (problems, more) =
            self.schema
                .validate(&document, kind, Origin::default(), 1 << 20, &self.survey);
        assert!(!more, "fewer than a million");
        let found: BTreeSet<(String, String)> = problems
            .into_iter()
            .map(|problem| (problem.pointer, problem.keyword))
            .collect();
        assert_eq!(found, wanted);
        if self.survey.repeated().is_empty() {
            // All of this schema is compiled: the program knows by itself.
            assert_eq!(self.survey.verdict(), Some(wanted.is_empty()));
        }
        assert_eq!(
            self.schema.is_valid(&document, kind, &self.survey),
            wanted.is_empty()
        );
        assert_eq!(twin.is_valid(&value), wanted.is_empty());
    }
}

fn twin(schema: &Value) -> Validator {
    any_twin(schema).expect("the schema compiles")
}

fn any_twin(schema: &Value) -> Option<Validator> {
    let options = jsonschema::options().offline();
    let options = options.with_pattern_options(PatternOptions::regex());
    options.build(schema).ok()
}

/// A schema and documents by chance: what the program knows, the crate says too.
fn by_chance(bytes: &[u8]) {
    let mut chance = Chance(bytes);
    let schema = chance::schema(&mut chance);
    let Some(twin) = any_twin(&schema) else {
        return;
    };
    let ours = Schema::compile(&schema.to_string()).expect("what the crate takes, we take");
    let mut parser = Parser::new(Caps::default());
    let mut survey = Survey::default();
    for _ in 0..8 {
        let text = chance::document(&mut chance);
        let Ok(document) = parser.parse(text.as_bytes()) else {
            continue;
        };
        ours.survey(&document, Kind::Foreign, &mut survey);
        if let Some(valid) = survey.verdict() {
            let value: Value = serde_json::from_str(&text).expect("what we read, serde_json reads");
            assert_eq!(valid, twin.is_valid(&value), "{schema} on {text}");
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((&first, rest)) = data.split_first() else {
        return;
    };
    if first & 4 != 0 {
        by_chance(rest);
        return;
    }
    let kind = if first & 2 == 0 {
        Kind::CallRecord
    } else {
        Kind::SessionsPage
    };
    PAIR.with_borrow_mut(|pair| {
        if first & 1 == 0 {
            pair.check(rest, kind);
        } else {
            let mut text = String::new();
            record(&mut Choices(rest)).write(&mut text);
            pair.check(text.as_bytes(), kind);
        }
    });
});
