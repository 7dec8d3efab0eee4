//! The program against the crate, on schemas and documents by chance.

mod notices;
mod problems;

use jsonschema::{PatternOptions, Validator};
use proptest::prelude::*;
use serde_json::Value;
use xtask::chance::{self, Chance};

use super::*;
use crate::record::{Caps, Parser};

fn twin(schema: &Value) -> Option<Validator> {
    let options = jsonschema::options().offline();
    options
        .with_pattern_options(PatternOptions::regex())
        .build(schema)
        .ok()
}

/// What the program and the crate say, where both say something.
fn verdicts(schema: &Schema, twin: &Validator, text: &str) -> Option<(Option<bool>, bool)> {
    let mut parser = Parser::new(Caps::default());
    let document = parser.parse(text.as_bytes()).ok()?;
    let mut survey = Survey::default();
    schema.survey(&document, Kind::Foreign, &mut survey);
    if !survey.repeated().is_empty() {
        assert_eq!(survey.verdict(), None);
        return None;
    }
    let value: Value = serde_json::from_str(text).expect("what we read, serde_json reads");
    Some((survey.verdict(), twin.is_valid(&value)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn the_program_says_what_the_crate_says(
        schema in proptest::collection::vec(any::<u8>(), 0..150),
        documents in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 6),
    ) {
        let text = chance::schema(&mut Chance(&schema));
        let Some(twin) = twin(&text) else { return Ok(()) };
        let schema = Schema::compile(&text.to_string()).expect("what the crate takes, we take");
        for document in documents {
            let document = chance::document(&mut Chance(&document));
            if let Some((Some(ours), theirs)) = verdicts(&schema, &twin, &document) {
                prop_assert_eq!(ours, theirs, "{} on {}", text, document);
            }
        }
    }
}

#[test]
fn the_program_mostly_tells_and_tells_both() {
    let (mut valid, mut invalid, mut untold) = (0, 0, 0);
    let mut state = 1u64;
    let mut bytes = |count: usize| -> Vec<u8> {
        let mut next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1);
            (state >> 56) as u8
        };
        (0..count).map(|_| next()).collect()
    };
    for _ in 0..300 {
        let text = chance::schema(&mut Chance(&bytes(150)));
        let Some(twin) = twin(&text) else { continue };
        let schema = Schema::compile(&text.to_string()).expect("what the crate takes, we take");
        for _ in 0..5 {
            let document = chance::document(&mut Chance(&bytes(60)));
            match verdicts(&schema, &twin, &document) {
                Some((Some(true), _)) => valid += 1,
                Some((Some(false), _)) => invalid += 1,
                Some((None, _)) => untold += 1,
                None => {}
            }
        }
    }
    assert!(valid > 100 && invalid > 100, "{valid} {invalid} {untold}");
    assert!(untold * 4 < valid + invalid, "{valid} {invalid} {untold}");
}
