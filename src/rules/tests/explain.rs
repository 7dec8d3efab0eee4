//! What is told of a rule is what happened: explained as interpreted, for random readings.

use std::path::PathBuf;
use std::sync::Arc;

use proptest::prelude::*;

use super::build::Set::{B, I, N, T};
use super::build::{Document, Set, stream_rule};
use crate::rules::{Explanation, OtherLimits, Outcome, Overrides, RuleSet, Said};

/// Explains the only rule on the only stream.
fn explained(when: &str, fields: &[(&str, Set<'_>)]) -> (RuleSet, Explanation) {
    let set = stream_rule(when);
    let mut document = Document::new(&set, "main-audio");
    let stream = document.stream(fields);
    let facts = Arc::new(document.facts);
    let explanation = set
        .explainer()
        .explain(0, &facts, stream, &OtherLimits::new());
    (set, explanation)
}

/// Each condition and what it came to: `+` it holds, `-` it does not, `?` unknown; in brackets if
/// it does not matter, with `!` if it decides.
fn told(when: &str, fields: &[(&str, Set<'_>)]) -> Vec<String> {
    let (set, explanation) = explained(when, fields);
    let conditions = set.rules()[0].conditions(&set).expect("followed");
    explanation
        .seen
        .iter()
        .map(|seen| {
            let condition = &conditions[seen.condition.expect("a number")];
            let sign = match seen.said {
                Some(true) => "+",
                Some(false) => "-",
                None => "?",
            };
            let decides = if seen.decides { "!" } else { "" };
            let text = format!("{sign}{decides} {}", condition.text);
            match seen.matters {
                Some(true) => text,
                Some(false) => format!("({text})"),
                None => format!("{text} (perhaps)"),
            }
        })
        .collect()
}

#[test]
fn what_stands_behind_a_condition_matters_only_where_it_holds() {
    let when = r#"guard(s.media.label == "main-audio" && s.packetUtilization > limits::packets)
        && (s.averageJitter > limits::jitter || s.averagePacketLossRate > limits::loss)"#;
    let poor = [("packetUtilization", I(501)), ("averageJitter", N(31.0))];
    assert_eq!(
        told(when, &poor),
        [
            "+ media.label == \"main-audio\"",
            "+ packetUtilization > limits::packets",
            "+! averageJitter > limits::jitter",
            "? averagePacketLossRate > limits::loss",
        ]
    );
    let short = [("packetUtilization", I(500)), ("averageJitter", N(31.0))];
    assert_eq!(
        told(when, &short),
        [
            "+ media.label == \"main-audio\"",
            "-! packetUtilization > limits::packets",
            "(+ averageJitter > limits::jitter)",
            "(? averagePacketLossRate > limits::loss)",
        ]
    );
    assert_eq!(
        told(when, &[("averageJitter", N(31.0))]),
        [
            "+ media.label == \"main-audio\"",
            "?! packetUtilization > limits::packets",
            "+ averageJitter > limits::jitter (perhaps)",
            "? averagePacketLossRate > limits::loss (perhaps)",
        ]
    );
}

#[test]
fn what_stands_behind_two_question_marks_matters_only_where_the_first_is_missing() {
    let when = "(s.averageVideoFrameLossPercentage > limits::frames) ?? (s.averageJitter > 5)";
    assert_eq!(
        told(
            when,
            &[
                ("averageVideoFrameLossPercentage", N(50.1)),
                ("averageJitter", N(9.0))
            ]
        ),
        [
            "+! averageVideoFrameLossPercentage > limits::frames",
            "(+ averageJitter > 5)",
        ]
    );
    assert_eq!(
        told(when, &[("averageJitter", N(4.0))]),
        [
            "? averageVideoFrameLossPercentage > limits::frames",
            "-! averageJitter > 5",
        ]
    );
}

#[test]
fn a_condition_says_what_stands_before_it_and_what_it_compares() {
    let when = r#"guard(s.media.label == "main-audio" && 500 < s.packetUtilization)
        && (has(s.client) && !(s.averageJitter * 2 > limits::jitter) || s.wasMediaBypassed)"#;
    let set = stream_rule(when);
    let conditions = set.rules()[0].conditions(&set).expect("followed");
    let shown: Vec<String> = conditions
        .iter()
        .map(|condition| {
            let reading = condition.reading.as_ref().map_or(String::new(), |reading| {
                format!(
                    " on {}{}",
                    reading.path,
                    if reading.plain { "" } else { "…" }
                )
            });
            format!(
                "{} [{}] {}{reading}{}{}",
                condition.text,
                condition.before.join(" and "),
                condition.op.symbol(),
                if condition.guards { ", guards" } else { "" },
                if condition.may_be_unknown {
                    ""
                } else {
                    ", known"
                },
            )
        })
        .collect();
    let guard = r#"media.label == "main-audio" and 500 < packetUtilization"#;
    assert_eq!(
        shown,
        [
            r#"media.label == "main-audio" [] == on media.label, guards"#.to_owned(),
            r#"500 < packetUtilization [media.label == "main-audio"] > on packetUtilization, guards"#
                .to_owned(),
            format!("has(client) [{guard}] has, known"),
            format!(
                "averageJitter * 2 > limits::jitter [{guard} and has(client)] > on averageJitter…"
            ),
            format!("wasMediaBypassed [{guard}] == on wasMediaBypassed"),
        ]
    );
    assert_eq!(conditions[3].limit.as_deref(), Some("jitter"));
    assert_eq!(conditions[3].place.line, 2);
}

#[test]
fn another_limit_is_tried_without_loading_anything() {
    let when = "s.averageJitter > limits::jitter";
    let set = stream_rule(when);
    let mut document = Document::new(&set, "main-audio");
    let stream = document.stream(&[("averageJitter", N(31.0))]);
    let facts = Arc::new(document.facts);
    let explainer = set.explainer();
    let mut other = OtherLimits::new();
    let said = |limits: &OtherLimits| explainer.explain(0, &facts, stream, limits).said;
    assert_eq!(said(&other), Said::Fired);
    let mut limit = set
        .limits(&set.rules()[0])
        .get("jitter")
        .expect("a limit")
        .limit
        .clone();
    limit.value = crate::rules::Value::Number(40.0);
    other.insert("jitter".to_owned(), limit);
    assert_eq!(said(&other), Said::Quiet);
}

#[test]
fn a_rule_that_cannot_be_followed_tells_what_decided() {
    let when = r#"{ let poor = s.averageJitter > limits::jitter; for x in [1] { poor = poor && s.packetUtilization > 5; } poor }"#;
    let fields = [("averageJitter", N(31.0)), ("packetUtilization", I(3))];
    let (set, explanation) = explained(when, &fields);
    assert!(set.rules()[0].conditions(&set).is_err());
    assert_eq!(explanation.said, Said::Quiet);
    let fields: Vec<&str> = explanation
        .seen
        .iter()
        .filter_map(|seen| Some(seen.comparison.as_ref()?.reading.source.field.name()))
        .collect();
    assert_eq!(fields, ["packetUtilization"]);
}

/// Constructs that explaining must take as the interpreter does.
const WHENS: &[&str] = &[
    "s.averageJitter > limits::jitter",
    "limits::jitter < s.averageJitter && !(s.averagePacketLossRate > limits::loss)",
    "guard(s.packetUtilization > limits::packets) && (s.averageJitter > 30 || s.averageRoundTripTime > 500)",
    "(s.averageVideoFrameLossPercentage > limits::frames) ?? (s.averageJitter > limits::jitter) ?? false",
    "(s.averageJitter ?? 0) > limits::jitter || has(s.averageRoundTripTime)",
    "s.averageJitter + s.averageRoundTripTime * 2 > limits::jitter - 5",
    "s.averageJitter / s.averageRoundTripTime > 0.5",
    "-s.averageJitter < -30.0 && 3 * 10 == 30",
    "s.wasMediaBypassed && note(s.averageJitter)",
    "!s.wasMediaBypassed || s.media.label != \"main-audio\"",
    "s.streamDirection in [\"callerToCallee\"] || !has(s.streamDirection)",
    "contains(s.media.label, \"audio\") && !has(s.averageJitter > limits::jitter)",
    "if certain(s.averageJitter > limits::jitter) { s.packetUtilization > 10 } else { s.averageRoundTripTime > 10 }",
    "limits::packets == 500 && s.packetUtilization >= limits::packets",
    "(s.averageJitter > 5) ?? s.wasMediaBypassed ?? (limits::jitter > 5)",
    "has(s.client) || has(s.client.network) || s.packetUtilization <= 7",
    "{ let j = s.averageJitter; j > 30 || j < 2 }",
];

fn reading() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        Just(None),
        prop::sample::select(vec![
            0.0, 1.0, 5.0, 7.0, 30.0, 30.000001, 49.9, 50.1, 500.0, 501.0
        ])
        .prop_map(Some)
    ]
}

fn check(set: &RuleSet, document: impl Fn() -> Document) -> Result<(), TestCaseError> {
    let facts = Arc::new(document().facts);
    let mut outcome = Outcome::default();
    set.evaluator().run(&facts, &mut outcome);
    let explainer = set.explainer();
    for (number, (rule, said)) in set.rules().iter().zip(&outcome.rules).enumerate() {
        let conditions = rule.conditions(set).map_err(TestCaseError::fail)?;
        let (mut fired, mut quiet, mut unknown, mut failed) = (0, 0, 0, 0);
        for object in facts.objects(rule.level()) {
            let explanation = explainer.explain(number, &facts, *object, &OtherLimits::new());
            match explanation.said {
                Said::Fired => fired += 1,
                Said::Quiet => quiet += 1,
                Said::Unknown => unknown += 1,
                Said::Broke(_) => failed += 1,
            }
            for seen in &explanation.seen {
                let condition = &conditions[seen.condition.expect("a number")];
                let of = |field| {
                    condition
                        .reading
                        .as_ref()
                        .is_none_or(|it| it.field == field)
                };
                if let Some(comparison) = &seen.comparison {
                    prop_assert!(
                        of(comparison.reading.source.field),
                        "{seen:?} {condition:?}"
                    );
                    let op = if seen.said == Some(false) {
                        comparison.op.opposite()
                    } else {
                        comparison.op
                    };
                    // A bare reading that is false is stated as `x == false`.
                    let bare = condition
                        .reading
                        .as_ref()
                        .is_some_and(|it| it.path == condition.text);
                    prop_assert!(bare || op == condition.op, "{condition:?}");
                    prop_assert_eq!(&comparison.limit_name, &condition.limit);
                }
                prop_assert!(
                    seen.said.is_some() || condition.may_be_unknown,
                    "{condition:?}"
                );
                prop_assert!(seen.missing.iter().all(|source| of(source.field)));
            }
            if let Some(finding) = said.findings.iter().find(|it| it.object == *object) {
                let mut decisive = explanation
                    .seen
                    .iter()
                    .filter(|seen| seen.decides)
                    .filter_map(|seen| seen.comparison.clone())
                    .collect::<Vec<_>>();
                decisive.dedup();
                // What `note` adds is no condition.
                let noted = finding
                    .evidence
                    .iter()
                    .filter(|it| !decisive.contains(it))
                    .count();
                prop_assert!(
                    noted == 0 || rule_notes(rule.name()),
                    "{finding:?} {decisive:?}"
                );
            }
        }
        prop_assert_eq!(
            (fired, quiet, unknown, failed),
            (
                said.findings.len() as u64,
                said.quiet,
                said.unknown,
                said.failed
            ),
            "{}",
            rule.name()
        );
    }
    Ok(())
}

fn rule_notes(name: &str) -> bool {
    matches!(name, "r" | "poor-feedback")
}

fn document(
    set: &RuleSet,
    label: &str,
    values: &[Option<f64>],
    flags: [Option<bool>; 2],
) -> Document {
    let mut fields: Vec<(&str, Set<'_>)> = Vec::new();
    let names = [
        "averageJitter",
        "averageRoundTripTime",
        "averagePacketLossRate",
        "averageAudioDegradation",
        "averageVideoFrameLossPercentage",
        "averageVideoFrameRate",
        "postForwardErrorCorrectionPacketLossRate",
    ];
    fields.extend(
        names
            .iter()
            .zip(values)
            .filter_map(|(name, value)| Some((*name, N((*value)?)))),
    );
    fields.extend(values[7].map(|value| ("packetUtilization", I(value as i64))));
    fields.extend(flags[0].map(|flag| ("wasMediaBypassed", B(flag))));
    fields.extend(flags[1].map(|_| ("streamDirection", T("callerToCallee"))));
    let mut document = Document::new(set, label);
    document.stream(&fields);
    document
}

proptest! {
    #[test]
    fn explained_is_interpreted(
        which in 0..WHENS.len(),
        values in prop::collection::vec(reading(), 8),
        flags in any::<[Option<bool>; 2]>(),
    ) {
        let set = stream_rule(WHENS[which]);
        check(&set, || document(&set, "main-audio", &values, flags))?;
    }
}

#[test]
fn the_shipped_rules_are_explained_as_they_are_interpreted() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("rules");
    let folders = ["", "cqd-2018", "cqd-current", "single-metric", "events"];
    let paths: Vec<PathBuf> = folders.iter().map(|folder| root.join(folder)).collect();
    let (set, _) = RuleSet::load(&paths, &Overrides::none()).expect("the shipped rules");
    let labels = ["main-audio", "main-video", "applicationsharing-video"];
    let mut runner = proptest::test_runner::TestRunner::default();
    let inputs = (
        prop::sample::select(labels.to_vec()),
        prop::collection::vec(reading(), 8),
    );
    runner
        .run(&inputs, |(label, values)| {
            check(&set, || document(&set, label, &values, [None, None]))
        })
        .expect("explained as interpreted");
}
