//! What is compiled and what is not; that both ways agree is `rules/tests/twins.rs`'s.

use std::sync::Arc;

use super::{Place, number};
use crate::rules::expr::Arithmetic;
use crate::rules::facts::Facts;
use crate::rules::fields::Level;
use crate::rules::tests::build::{pack, stream_rule};
use crate::rules::typed::{Sort, Typed, TypedKind};
use crate::rules::{Overrides, RuleSet};

/// Why a `when` on streams is interpreted, if it is.
fn why(when: &str) -> Option<String> {
    let set = stream_rule(when);
    set.rules()[0]
        .native
        .when
        .as_ref()
        .err()
        .map(|why| why.reason.clone())
}

#[test]
fn what_cannot_fail_is_compiled() {
    for when in [
        "true",
        "limits::packets == 0 || s.averageJitter > limits::jitter * 2",
        "guard(s.media.label == \"main-audio\") && s.packetUtilization / 2 >= limits::packets",
        "(s.averageJitter > 30) ?? (s.maxJitter > 30) ?? false",
        "s.sender.network.subnet in [\"10.0.0.0\", \"10.0.1.0\"]",
        "contains(s.media.label, \"video\") && \"audio\" !in s.call.modalities",
        "s.wasMediaBypassed == true || !s.isAudioForwardErrorCorrectionUsed",
        "has(s.client) && note(s.averageJitter) && has(s.averageJitter > 3)",
        "(s.averageJitter ?? s.maxJitter ?? 0) > 30",
        "if certain(s.averageJitter > 1) { s.maxJitter > 3 } else { false }",
        "-s.averageJitter < -limits::jitter",
        "s.averageVideoFrameLossPercentage > limits::frames",
    ] {
        assert_eq!(why(when), None, "{when}");
    }
}

#[test]
fn what_depends_on_the_document_is_left_to_the_interpreter() {
    for (when, reason) in [
        (
            "(s.averageJitter ?? 5) + 3 > 7",
            "nothing but plain numbers",
        ),
        ("-(s.averageJitter ?? 5) < 0", "may be a plain number"),
        ("(1 + 2) * s.averageJitter > 3", "nothing but plain numbers"),
        ("s.packetUtilization == 9007199254740993", "too large"),
        ("`${s.averageJitter}` == \"31\"", "put together"),
        (
            "(s.averageJitter / (s.maxJitter ?? limits::jitter)) > 1 && s.averageJitter + 1 / 2 > 1",
            "nothing but plain numbers",
        ),
        (
            "((s.averageJitter > 3) ?? s.wasMediaBypassed) && has((s.averageJitter > 3) ?? s.wasMediaBypassed)",
            "by document",
        ),
        (
            "{ let n = 0; while n < 3 { n += 1; } s.averageJitter > n }",
            "a loop",
        ),
    ] {
        let said = why(when).unwrap_or_default();
        assert!(said.contains(reason), "{when}: {said}");
    }
}

#[test]
fn more_readings_than_are_told_are_left_to_the_interpreter() {
    let conditions = vec!["s.averageJitter > 99"; 49].join(" || ");
    assert_eq!(why(&conditions), None);
    let helper = format!(
        "rule(\"r\", #{{ on: \"stream\", when: |s| many(s) || many(s) }});\n\
        fn many(s) {{ {conditions} }}"
    );
    let (set, _) = RuleSet::from_sources(&[pack("", &helper)], &Overrides::none()).expect("rules");
    let why = set.rules()[0].native.when.as_ref().err();
    assert!(
        why.is_some_and(|why| why.reason.contains("more than 64 readings")),
        "{why:?}"
    );
}

#[test]
fn a_closure_outside_a_rule_measures_one_place() {
    let field = |name| Level::Stream.field(name).expect("a field");
    let typed = |kind| Typed {
        kind,
        sort: Sort::ANY,
        spot: (1, 1),
    };
    let reading = |name| Box::new(typed(TypedKind::Reading(Arc::default(), field(name))));
    let (most, mean) = (reading("maxJitter"), reading("averageJitter"));
    let measure = number(&typed(TypedKind::Arithmetic(
        Arithmetic::Subtract,
        most,
        mean,
    )));
    let measure = measure.expect("a number");
    let set = stream_rule("s.maxJitter > s.averageJitter");
    let mut facts = Facts::new(Arc::clone(set.layout()));
    let object = facts.push_object(Level::Stream, 0);
    facts.set_number(object, field("maxJitter"), 40.0, 1);
    let place = Place {
        facts: &facts,
        object,
    };
    assert_eq!(place.number(&measure), None);
    facts.set_number(object, field("averageJitter"), 31.5, 2);
    let place = Place {
        facts: &facts,
        object,
    };
    assert_eq!(place.number(&measure), Some(8.5));
}
