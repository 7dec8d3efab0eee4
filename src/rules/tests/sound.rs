//! What loads never breaks, and what is refused for its sorts would have.
//!
//! Random conditions, right and wrong, are loaded and asked about random streams. The interpreter
//! is asked about the refused ones as well, inside a closure that cannot be checked.

use proptest::prelude::*;

use super::build::{Document, LIMITS, Set, pack};
use crate::rules::{Overrides, ProblemKind, RuleSet};

/// What an expression gives, as far as its text is made to.
#[derive(Clone, Copy)]
enum Sort {
    Number,
    Text,
    Condition,
    Anything,
}

const NUMBERS: &[&str] = &[
    "s.averageJitter",
    "s.maxJitter",
    "s.averagePacketLossRate",
    "s.averageVideoFrameLossPercentage",
    "s.packetUtilization",
    "s.startDateTime",
    "s.session.duration",
    "limits::jitter",
    "limits::loss",
    "limits::frames",
    "limits::packets",
    "0.25",
    "30",
    "-2",
];
const TEXTS: &[&str] = &[
    "s.audioCodec",
    "s.path",
    "s.media.label",
    "\"opus\"",
    "\"main-audio\"",
];
const CONDITIONS: &[&str] = &[
    "s.wasMediaBypassed",
    "true",
    "has(s.path)",
    "s.maxJitter > 30",
];
const OTHERS: &[&str] = &[
    "s.session.modalities",
    "s.media",
    "s.client.network",
    "()",
    "[\"opus\", \"satin\"]",
    "[1, 2.5]",
    "[s.averageJitter, 3]",
];

fn of(names: &'static [&'static str]) -> BoxedStrategy<String> {
    prop::sample::select(names).prop_map(str::to_owned).boxed()
}

fn leaf(sort: Sort) -> BoxedStrategy<String> {
    match sort {
        Sort::Number => of(NUMBERS),
        Sort::Text => of(TEXTS),
        Sort::Condition => of(CONDITIONS),
        Sort::Anything => prop_oneof![of(NUMBERS), of(TEXTS), of(CONDITIONS), of(OTHERS)].boxed(),
    }
}

/// An expression of a sort, and now and then of another.
fn expression(sort: Sort, depth: u32) -> BoxedStrategy<String> {
    if depth == 0 {
        return prop_oneof![12 => leaf(sort), 1 => leaf(Sort::Anything)].boxed();
    }
    let sub = move |sort| expression(sort, depth - 1);
    let signs =
        |a: BoxedStrategy<String>, b: BoxedStrategy<String>, signs: &'static [&'static str]| {
            (a, b, prop::sample::select(signs)).prop_map(|(a, b, sign)| format!("({a} {sign} {b})"))
        };
    let calls = |a: BoxedStrategy<String>, names: &'static [&'static str]| {
        (a, prop::sample::select(names)).prop_map(|(a, name)| format!("{name}({a})"))
    };
    let choice = (sub(Sort::Condition), sub(sort), sub(sort))
        .prop_map(|(a, b, c)| format!("(if certain({a}) {{ {b} }} else {{ {c} }})"));
    let made = match sort {
        Sort::Number => prop_oneof![
            4 => signs(sub(sort), sub(sort), &["+", "-", "*", "/", "%"]),
            1 => sub(sort).prop_map(|a| format!("-({a})")),
        ]
        .boxed(),
        Sort::Text => prop_oneof![
            sub(Sort::Number).prop_map(|a| format!("({a}).to_string()")),
            sub(Sort::Anything).prop_map(|a| format!("`x ${{{a}}}`")),
        ]
        .boxed(),
        Sort::Condition => prop_oneof![
            4 => signs(sub(Sort::Number), sub(Sort::Number), &[">", ">=", "<", "<=", "==", "!="]),
            2 => signs(sub(Sort::Text), sub(Sort::Text), &["==", "!="]),
            4 => signs(sub(sort), sub(sort), &["&&", "||"]),
            2 => calls(sub(sort), &["!", "guard", "certain"]),
            2 => calls(sub(Sort::Anything), &["has", "note"]),
            1 => signs(sub(Sort::Anything), leaf(Sort::Anything), &["in", "!in"]),
            1 => (sub(Sort::Text), sub(Sort::Text)).prop_map(|(a, b)| format!("contains({a}, {b})")),
        ]
        .boxed(),
        Sort::Anything => prop_oneof![sub(Sort::Number), sub(Sort::Text), sub(Sort::Condition)].boxed(),
    };
    prop_oneof![
        6 => made,
        1 => signs(sub(sort), sub(sort), &["??"]),
        1 => choice,
        1 => leaf(sort),
        1 => leaf(Sort::Anything),
    ]
    .boxed()
}

fn condition() -> BoxedStrategy<String> {
    expression(Sort::Condition, 3)
}

/// A stream of which some readings are there, by the bits of `there`.
fn document(set: &RuleSet, there: u16) -> Document {
    let mut document = Document::new(set, "main-audio");
    let fields = [
        ("averageJitter", Set::N(31.0)),
        ("maxJitter", Set::N(266.0)),
        ("averagePacketLossRate", Set::N(0.2)),
        ("averageVideoFrameLossPercentage", Set::N(60.0)),
        ("packetUtilization", Set::I(709)),
        ("startDateTime", Set::N(1_582_656_741_000.0)),
        ("audioCodec", Set::T("opus")),
        ("path", Set::T("uplink")),
        ("wasMediaBypassed", Set::B(true)),
    ];
    let is_there = |bit: usize| there & (1 << bit) != 0;
    let chosen = fields.iter().enumerate().filter(|(bit, _)| is_there(*bit));
    let chosen: Vec<_> = chosen.map(|(_, field)| *field).collect();
    document.stream(&chosen);
    if is_there(9) {
        let session = document.session;
        document.set(session, "modalities", Set::L(&["audio", "video"]));
    }
    document
}

fn load(when: &str) -> Result<(RuleSet, bool), crate::rules::LoadErrors> {
    let rules = format!("rule(\"r\", #{{ on: \"stream\", when: |s| {when} }});");
    let loaded = RuleSet::from_sources(&[pack(LIMITS, &rules)], &Overrides::none());
    loaded.map(|(set, notices)| {
        let unchecked = notices
            .iter()
            .any(|notice| matches!(notice.kind, ProblemKind::NotFollowed { .. }));
        (set, unchecked)
    })
}

/// What the interpreter stumbles over, if it does.
fn fault(set: &RuleSet, there: u16) -> Option<String> {
    let outcome = document(set, there).run(set);
    outcome.rules[0]
        .fault
        .as_ref()
        .map(|fault| fault.message.clone())
}

/// Whether a problem says that the interpreter would stumble.
fn is_certain(kind: &ProblemKind) -> bool {
    matches!(
        kind,
        ProblemKind::NoValue { .. } | ProblemKind::NoCondition { .. } | ProblemKind::UnknownInIf
    ) || matches!(kind, ProblemKind::Mismatch(said) if !is_pointless(said))
}

/// Whether what is refused would run, and is refused since it says nothing.
fn is_pointless(said: &str) -> bool {
    said.contains("is never") || said.contains("is always there")
}

proptest! {
    #[test]
    fn what_loads_never_breaks(when in condition(), there in any::<u16>()) {
        let Ok((set, false)) = load(&when) else { return Ok(()) };
        // Plain numbers are Rhai's own: they may overflow, and divide by nothing.
        let plain = ["overflow", "ivision by zero", "too large"];
        if let Some(said) = fault(&set, there) {
            prop_assert!(plain.iter().any(|word| said.contains(word)), "{when}\n{said}");
        }
    }

    #[test]
    fn what_is_refused_for_its_sorts_would_break(when in condition()) {
        // Behind these a part may never be asked, and what is divided by nothing is missing.
        if ["if ", "??", "/", "%"].iter().any(|sign| when.contains(sign)) {
            return Ok(());
        }
        let Err(errors) = load(&when) else { return Ok(()) };
        let certain = errors.problems.iter().all(|problem| is_certain(&problem.kind));
        if !certain {
            return Ok(());
        }
        let Ok((set, true)) = load(&format!("{{ let u = 0; u += 1; {when} }}")) else {
            return Err(TestCaseError::fail(format!("{when}: should load unchecked")));
        };
        prop_assert!(fault(&set, u16::MAX).is_some(), "{when}\n{errors}");
    }
}

#[test]
fn enough_of_them_load() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut loaded = 0;
    for _ in 0..400 {
        let tree = condition().new_tree(&mut runner).expect("a condition");
        loaded += usize::from(load(&proptest::strategy::ValueTree::current(&tree)).is_ok());
    }
    assert!(loaded > 80, "{loaded} of 400 load");
}
