//! Patterns: the few shapes that schemas mostly use, and the crate's linear engine for the rest.
//!
//! Durations and times have matchers by hand; `^(NaN|-?INF)$` and its like are a set of words;
//! `^[A-Z]{2}-[0-9]+$` and its like are matched step by step. Only what needs no second look at
//! a byte is recognised; of all else, and of all that is not ASCII in the pattern, the
//! `jsonschema` crate is asked, which also decides whether a pattern is one.

mod steps;
mod written;

use std::sync::Arc;

use jsonschema::{Draft, Validator};
use serde_json::json;
use simd_json::Node;

use super::names::Names;
use super::{OnTape, options};
use crate::record::Item;
use steps::Steps;

/// What a `pattern` or a name in `patternProperties` became.
#[derive(Clone)]
pub(super) enum Pattern {
    Duration,
    Time,
    /// exactly one of these
    Words(Arc<Names>),
    Steps(Arc<Steps>),
    ByCrate(Arc<Validator<OnTape>>),
}

impl Pattern {
    /// Reads a pattern; none where it cannot be used.
    pub(super) fn of(pattern: &str, draft: Draft) -> Option<Pattern> {
        if pattern == written::DURATION {
            return Some(Pattern::Duration);
        }
        if pattern == written::TIME {
            return Some(Pattern::Time);
        }
        if let Some(words) = steps::words(pattern) {
            let words = Names::of(words.iter().map(String::as_str));
            return Some(Pattern::Words(Arc::new(words)));
        }
        if let Some(steps) = Steps::of(pattern) {
            return Some(Pattern::Steps(Arc::new(steps)));
        }
        let schema = json!({ "pattern": pattern });
        let validator = options().with_draft(draft).build(&schema).ok()?;
        Some(Pattern::ByCrate(Arc::new(validator)))
    }

    #[inline]
    pub(super) fn is_match(&self, text: &str) -> bool {
        match self {
            Pattern::Duration => written::duration(text),
            Pattern::Time => written::time(text),
            Pattern::Words(words) => words.find(text, 0).is_some(),
            Pattern::Steps(steps) => steps.is_match(text),
            Pattern::ByCrate(validator) => is_valid(validator, text),
        }
    }

    /// How it is matched, for people.
    pub(super) fn way(&self) -> &'static str {
        match self {
            Pattern::Duration => "durations",
            Pattern::Time => "times",
            Pattern::Words(_) => "words",
            Pattern::Steps(_) => "steps",
            Pattern::ByCrate(_) => "engine",
        }
    }
}

impl std::fmt::Debug for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.way())
    }
}

/// What the crate says of a string by itself.
pub(super) fn is_valid(validator: &Validator<OnTape>, text: &str) -> bool {
    validator.is_valid(Item::new(&[Node::String(text)]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    const NO_NUMBER: &str = "^(NaN|-?INF)$";

    fn exact(pattern: &str) -> Validator {
        jsonschema::options()
            .with_pattern_options(jsonschema::PatternOptions::regex())
            .build(&json!({ "pattern": pattern }))
            .expect("compiles")
    }

    #[test]
    fn each_pattern_of_our_schemas_is_recognised() {
        fn patterns(value: &Value, out: &mut Vec<String>) {
            match value {
                Value::Object(members) => {
                    out.extend(
                        members
                            .get("pattern")
                            .and_then(Value::as_str)
                            .map(str::to_owned),
                    );
                    if let Some(Value::Object(named)) = members.get("patternProperties") {
                        out.extend(named.keys().cloned());
                    }
                    members.values().for_each(|value| patterns(value, out));
                }
                Value::Array(items) => items.iter().for_each(|value| patterns(value, out)),
                _ => {}
            }
        }
        let mut found = Vec::new();
        for api in crate::schema::Api::ALL {
            patterns(
                &serde_json::from_str(api.schema()).expect("JSON"),
                &mut found,
            );
        }
        assert!(found.len() > 60);
        found.sort_unstable();
        found.dedup();
        let ways: Vec<_> = found
            .iter()
            .map(|pattern| {
                Pattern::of(pattern, Draft::Draft202012)
                    .expect(pattern)
                    .way()
            })
            .collect();
        assert_eq!(ways, ["words", "durations", "times", "steps"], "{found:?}");
    }

    #[test]
    fn simple_patterns_are_matched_without_the_engine() {
        for (pattern, way) in [
            ("^[A-Z]{2}-[0-9]+$", "steps"),
            ("^\\d{3,}$", "steps"),
            ("^x-", "steps"),
            ("^[^@]*$", "steps"),
            ("^[^@]{2}$", "engine"),
            ("^(a|b|cd?)$", "words"),
            ("^a+ab$", "engine"),
            ("^(?:a+|b)$", "engine"),
            ("^[0-9]+(\\.[0-9]+)?$", "engine"),
            ("a", "engine"),
            ("^\u{e9}$", "engine"),
            ("^[a-c&&b]$", "engine"),
        ] {
            let found = Pattern::of(pattern, Draft::Draft202012).expect(pattern);
            assert_eq!(found.way(), way, "{pattern}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        assert!(Pattern::of("^(a", Draft::Draft202012).is_none());
        assert!(Pattern::of("^(?=a)b", Draft::Draft202012).is_none());
    }

    proptest! {
        #[test]
        fn a_matcher_by_hand_and_its_pattern_agree(
            text in prop_oneof![
                "-?P([0-9]{1,2}D)?(T([0-9]{1,2}H)?([0-9]{1,2}M)?([0-9]{1,2}([.][0-9]{0,2})?S)?)?",
                "[0-9]{4}-[0-3][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9](:[0-6][0-9]([.][0-9]{0,13})?)?(Z|[+-][0-2][0-9]:[0-6][0-9])?",
                "[-0-9PTDHMSZ:+.]{0,12}",
                "-?(NaN|INF)",
            ],
            cut in 0usize..40,
            extra in "[-0-9PTDHMSZ:+.\\n٣]{0,1}",
        ) {
            let mut text = text;
            if text.is_char_boundary(cut) {
                text.insert_str(cut, &extra);
            }
            for pattern in [written::DURATION, written::TIME, NO_NUMBER] {
                let wanted = exact(pattern).is_valid(&Value::from(text.as_str()));
                let ours = Pattern::of(pattern, Draft::Draft202012).expect("a pattern");
                prop_assert_eq!(ours.is_match(&text), wanted, "{}: {:?}", pattern, text);
            }
        }

        #[test]
        fn a_recognised_shape_and_the_engine_agree(
            steps in proptest::collection::vec(
                ("[ab.-]|\\\\[d.w-]|\\[[a-c]{1,2}(a-c|-)?\\]|\\[[a0][0-9]\\]|\\[\\^[ab-]\\]|\\(a\\|b\\)", "|[?*+]|\\{[0-3]\\}|\\{[01],[2-3]?\\}"),
                0..5,
            ),
            open in any::<bool>(),
            texts in proptest::collection::vec("[ab.\\-c0]{0,6}|[ab0\u{e9}\n]{0,4}", 8),
        ) {
            let mut pattern = String::from("^");
            for (atom, times) in steps {
                pattern.push_str(&atom);
                pattern.push_str(&times);
            }
            if !open {
                pattern.push('$');
            }
            // What the crate refuses is no pattern of any schema.
            let Some(ours) = Pattern::of(&pattern, Draft::Draft202012) else { return Ok(()) };
            let schema = json!({ "pattern": &pattern });
            let Ok(twin) = jsonschema::options()
                .with_pattern_options(jsonschema::PatternOptions::regex())
                .build(&schema)
            else {
                return Ok(());
            };
            for text in texts {
                let wanted = twin.is_valid(&Value::from(text.as_str()));
                prop_assert_eq!(ours.is_match(&text), wanted, "{} as {:?}: {:?}", pattern, ours, text);
            }
        }
    }
}
