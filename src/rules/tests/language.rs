//! The language: three values, exact comparison, evidence, faults.

use super::build::Set::{B, I, L, N, T};
use super::build::{Document, LIMITS, Set, evidence, stream_rule, verdict};
use crate::rules::{Key, Overrides, RuleSet};

const NONE: &[(&str, Set<'_>)] = &[];

fn said(when: &str, fields: &[(&str, Set<'_>)]) -> String {
    verdict(when, fields).0
}

#[test]
fn kleene_logic_in_rules() {
    for (when, want) in [
        ("s.averageJitter > limits::jitter", "unknown"),
        ("true || s.averageJitter > 30", "fired"),
        ("s.averageJitter > 30 || true", "fired"),
        ("false && s.averageJitter > 30", "quiet"),
        ("s.averageJitter > 30 && false", "quiet"),
        ("true && s.averageJitter > 30", "unknown"),
        ("!(s.averageJitter > 30)", "unknown"),
        ("s.averageJitter == s.maxJitter", "unknown"),
        ("s.averageJitter + 5 > 30", "unknown"),
        ("s.media.label == \"main-audio\"", "fired"),
        ("s.sender.network.subnet == \"10.0.0.0\"", "unknown"),
        ("has(s.averageJitter)", "quiet"),
        ("!has(s.averageJitter)", "fired"),
        ("has(s.sender)", "quiet"),
        ("(s.averageJitter ?? 31) > limits::jitter", "fired"),
        ("(s.averageJitter > 30) ?? true", "fired"),
        ("s.audioCodec in [\"opus\", \"satin\"]", "unknown"),
        ("s.isAudioForwardErrorCorrectionUsed", "unknown"),
        ("certain(s.averageJitter > 30)", "quiet"),
        (
            "if certain(s.averageJitter > 30) { true } else { 1 < 2 }",
            "fired",
        ),
        ("note(s.averageJitter)", "fired"),
        ("guard(s.averageJitter > 30)", "unknown"),
        ("guard(s.media.label == \"main-audio\")", "fired"),
    ] {
        assert_eq!(said(when, NONE), want, "{when}");
    }
}

#[test]
fn every_field_and_link_of_the_catalogue_can_be_named_in_a_rule() {
    use crate::rules::fields::{FieldId, Level};
    use crate::rules::{Overrides, PackSource, RuleSet};
    for level in Level::RULE_LEVELS {
        for name in level
            .fields()
            .map(FieldId::name)
            .chain(level.links().iter().map(|(link, _)| link.name()))
        {
            let rule = format!(
                "rule(\"r\", #{{ on: \"{}\", when: |x| has(x.{name}) }});",
                level.name()
            );
            let pack = PackSource {
                files: vec![("r.rhai".into(), rule.as_str().into())],
                ..PackSource::default()
            };
            if let Err(errors) = RuleSet::from_sources(&[pack], &Overrides::none()) {
                panic!("{rule}\n{errors}");
            }
        }
    }
}

#[test]
fn readings_limits_and_constants_compare_in_every_pairing() {
    let fields = [
        ("averagePacketLossRate", N(0.10000000000000002)),
        ("averageJitter", N(31.0)),
        ("maxJitter", N(40.0)),
        ("packetUtilization", I(500)),
        ("audioCodec", T("opus")),
        ("wasMediaBypassed", B(false)),
        ("averageVideoFrameLossPercentage", N(50.5)),
    ];
    for (when, want) in [
        ("s.averagePacketLossRate > 0.1", "fired"),
        ("s.averagePacketLossRate > limits::loss", "fired"),
        ("limits::loss < s.averagePacketLossRate", "fired"),
        ("0.1 == s.averagePacketLossRate", "quiet"),
        ("s.packetUtilization > limits::packets", "quiet"),
        ("s.packetUtilization >= limits::packets", "fired"),
        ("s.packetUtilization == 500.0", "fired"),
        ("s.packetUtilization / 1000 == 0.5", "fired"),
        ("s.packetUtilization % 7 == 3", "fired"),
        ("s.maxJitter > s.averageJitter", "fired"),
        ("s.maxJitter - s.averageJitter > 9", "quiet"),
        ("s.averageJitter > limits::jitter * 2", "quiet"),
        ("2 * limits::jitter > s.averageJitter", "fired"),
        ("-s.averageJitter < -limits::jitter", "fired"),
        ("s.audioCodec == \"opus\"", "fired"),
        ("\"opus\" != s.audioCodec", "quiet"),
        ("s.audioCodec in [\"satin\", \"opus\"]", "fired"),
        ("s.audioCodec !in [\"satin\", \"opus\"]", "quiet"),
        ("contains(s.audioCodec, \"pus\")", "fired"),
        ("s.wasMediaBypassed", "quiet"),
        ("!s.wasMediaBypassed", "fired"),
        ("s.wasMediaBypassed == false", "fired"),
        (
            "s.averageVideoFrameLossPercentage > limits::frames",
            "fired",
        ),
        ("s.averageJitter / 0 > 1", "unknown"),
        ("limits::jitter == 30", "fired"),
        ("0.10000000000000002 > 0.1", "fired"),
        ("true == false", "quiet"),
        ("2 in [1, 2]", "fired"),
        ("`${s.averageJitter} ms` == \"31 ms\"", "fired"),
    ] {
        assert_eq!(said(when, &fields), want, "{when}");
    }
}

#[test]
fn what_cannot_be_asked_is_a_fault_that_says_so() {
    let fields = [("averageJitter", N(31.0)), ("audioCodec", T("opus"))];
    for (when, want) in [
        (
            "if s.averageJitter > 30 { true } else { false }",
            "may be unknown",
        ),
        ("while s.averageJitter > 30 { }", "may be unknown"),
        ("s.audioCodec > 3", "cannot compare a text with a number"),
        ("s.audioCodec > \"a\"", "texts know only"),
        ("s.media", "neither true nor false"),
        ("s.averageJitter", "neither true nor false"),
        ("s.averageJitter == ()", "has(x)"),
        ("s.media == 3", "name one of its properties"),
        ("(s.averageJitter > 1) == true", "cannot be compared"),
        ("s.audioCodec + 1 > 3", "needs numbers"),
        (
            "{ let x = s; x.label == \"a\" }",
            "`label` is no property of a stream",
        ),
        ("loop { }", "it took too"),
        ("{ let x = 1; while true { x += 1; } x > 1 }", "it took too"),
    ] {
        // An assignment keeps a closure from being checked; it still runs.
        let unchecked = format!("{{ let u = 0; u += 1; {when} }}");
        let said = said(&unchecked, &fields);
        assert!(said.contains(want), "{when}: {said}");
    }
}

#[test]
fn evidence_is_what_made_it_true() {
    let fields = [
        ("averagePacketLossRate", N(0.2)),
        ("averageJitter", N(12.0)),
        ("maxJitter", N(266.0)),
        ("packetUtilization", I(709)),
        ("audioCodec", T("opus")),
        ("wasMediaBypassed", B(false)),
        ("averageVideoFrameLossPercentage", N(60.0)),
    ];
    for (when, want) in [
        (
            "s.packetUtilization > limits::packets && (s.averageJitter > limits::jitter \
             || s.averagePacketLossRate > limits::loss || s.averageRoundTripTime > 500)",
            &[
                "packetUtilization 709 > 500 (packets) packets",
                "averagePacketLossRate 0.2 > 0.1 (loss) ratio",
            ][..],
        ),
        (
            "!(s.averageJitter > limits::jitter)",
            &["averageJitter 12 <= 30 (jitter) ms"],
        ),
        (
            "!(s.averageJitter > 30 || s.audioCodec != \"opus\")",
            &["averageJitter 12 <= 30 ms", "audioCodec opus == opus"],
        ),
        (
            "!(s.averageJitter > 30 && s.audioCodec == \"opus\")",
            &["averageJitter 12 <= 30 ms"],
        ),
        (
            "limits::jitter < s.maxJitter",
            &["maxJitter 266 > 30 (jitter) ms"],
        ),
        (
            "s.maxJitter - s.averageJitter > 100",
            &["maxJitter 254 > 100 ms"],
        ),
        ("s.maxJitter > s.averageJitter", &["maxJitter 266 > 12 ms"]),
        ("!s.wasMediaBypassed", &["wasMediaBypassed false == false"]),
        (
            "s.audioCodec in [\"opus\", \"silk\"]",
            &["audioCodec opus in opus, silk"],
        ),
        ("s.audioCodec !in [\"silk\"]", &["audioCodec opus !in silk"]),
        (
            "contains(s.audioCodec, \"op\")",
            &["audioCodec opus contains op"],
        ),
        ("has(s.audioCodec)", &["audioCodec opus has missing"]),
        ("!has(s.videoCodec)", &["videoCodec missing !has missing"]),
        (
            "s.averageVideoFrameLossPercentage > limits::frames",
            &["averageVideoFrameLossPercentage 60 > 50 (frames) percent"],
        ),
        (
            "(s.averageVideoFrameRate < 7) ?? (s.maxJitter > 30)",
            &["maxJitter 266 > 30 ms"],
        ),
        (
            "guard(s.audioCodec == \"opus\" && s.maxJitter > 30) && s.averageJitter < 30",
            &["averageJitter 12 < 30 ms"],
        ),
        (
            "s.maxJitter > 30 && s.maxJitter > 30",
            &["maxJitter 266 > 30 ms"],
        ),
    ] {
        let (said, outcome) = verdict(when, &fields);
        assert_eq!(said, "fired", "{when}");
        assert_eq!(evidence(&outcome), want, "{when}");
    }
}

#[test]
fn a_rule_that_fired_names_what_was_missing_elsewhere_however_far_away() {
    let set =
        stream_rule("s.averageJitter > 30 || s.averageRoundTripTime > 500 || s.maxJitter > 30");
    // Compiled rules are asked about 64 streams at once: the bad one stands with the others, in a
    // later block, in an earlier one, and nowhere.
    for (bad, streams, want) in [
        (Some(1), 2, vec!["averageJitter", "averageRoundTripTime"]),
        (
            Some(129),
            130,
            vec!["averageJitter", "averageRoundTripTime"],
        ),
        (Some(0), 130, vec!["averageJitter", "averageRoundTripTime"]),
        (Some(0), 1, vec![]),
        (None, 130, vec![]),
    ] {
        let said = [true, false].map(|native| {
            let mut document = Document::new(&set, "main-audio");
            for stream in 0..streams {
                let jitter = if Some(stream) == bad { 31.0 } else { 3.0 };
                document.stream(&[("maxJitter", N(jitter))]);
            }
            let outcome = document.said(&set, native);
            let rule = &outcome.rules[0];
            let unknown = streams - u64::from(bad.is_some());
            assert_eq!(
                (rule.findings.len(), rule.unknown),
                (usize::from(bad.is_some()), unknown)
            );
            let names = rule.missing.iter().map(|field| field.name());
            names.collect::<Vec<_>>()
        });
        assert_eq!(said, [want.clone(), want], "{bad:?} of {streams}");
    }
}

#[test]
fn a_calculation_names_all_its_readings() {
    let fields = [("maxJitter", N(266.0)), ("averageJitter", N(12.0))];
    let (_, outcome) = verdict("s.maxJitter - s.averageJitter > 100", &fields);
    let comparison = &outcome.rules[0].findings[0].evidence[0];
    assert_eq!(comparison.reading.value.to_string(), "266");
    assert_eq!(comparison.others[0].source.field.name(), "averageJitter");
}

#[test]
fn a_constant_that_a_rule_captures_cannot_change() {
    for body in [
        "{ LEAST += 1; LEAST > 3 }",
        "{ LEAST = 9; LEAST > 3 }",
        "{ MANY[0] = 9; MANY[0] > 3 }",
    ] {
        let rules = format!(
            "const LEAST = 3; const MANY = [3];\n\
             rule(\"r\", #{{ on: \"stream\", when: |s| {body} }});"
        );
        let pack = super::build::pack("", &rules);
        let Ok((set, _)) = RuleSet::from_sources(&[pack], &Overrides::none()) else {
            continue;
        };
        for _ in 0..2 {
            let mut document = Document::new(&set, "main-audio");
            document.stream(&[]);
            let outcome = document.run(&set);
            assert_eq!(outcome.rules[0].failed, 1, "{body}");
        }
    }
}

#[test]
fn a_key_titles_and_messages_are_the_rules_own() {
    let rules = "rule(\"r\", #{ on: \"stream\", when: |s| true, title: \"Fixed\",\n\
                 message: |s| `jitter ${s.averageJitter} ms over ${limits::jitter}`,\n\
                 by: |s| [s.streamId, s.audioCodec] });";
    let pack = super::build::pack(LIMITS, rules);
    let (set, _) = RuleSet::from_sources(&[pack], &Overrides::none()).expect("rules");
    let mut document = Document::new(&set, "main-audio");
    document.stream(&[
        ("averageJitter", N(31.5)),
        ("streamId", T("1")),
        ("audioCodec", T("opus")),
    ]);
    document.stream(&[("streamId", T("1"))]);
    let outcome = document.run(&set);
    let [first, second] = outcome.rules[0].findings.as_slice() else {
        panic!("two findings")
    };
    assert_eq!(first.title.as_deref(), Some("Fixed"));
    assert_eq!(first.message.as_deref(), Some("jitter 31.5 ms over 30"));
    assert_eq!(first.key, Key::Own("1:1;4:opus;".into()));
    assert_eq!(second.message.as_deref(), Some("jitter missing ms over 30"));
    assert_eq!(second.key, Key::Missing);
}

#[test]
fn lists_of_a_record_are_searched() {
    let rules = "rule(\"r\", #{ on: \"feedback\", when: |f| \"Echo\" in f.tokens });";
    let pack = super::build::pack("", rules);
    let (set, _) = RuleSet::from_sources(&[pack], &Overrides::none()).expect("rules");
    let mut document = Document::new(&set, "main-audio");
    let feedback = crate::rules::fields::Level::Feedback;
    document.object(feedback, &[("tokens", L(&["Noisy", "Echo"]))]);
    document.object(feedback, &[("tokens", L(&[]))]);
    let outcome = document.run(&set);
    assert_eq!(evidence(&outcome), ["tokens Noisy, Echo contains Echo"]);
    assert_eq!(outcome.rules[0].quiet, 1);
}

#[test]
fn a_variable_captured_out_of_sight_is_refused_too() {
    let rules = "let seen = 0;\n\
                 let parts = #{ on: \"stream\", when: |s| { seen += 1; seen > 3 } };\n\
                 rule(\"a\", parts);";
    let pack = super::build::pack("", rules);
    let errors = RuleSet::from_sources(&[pack], &Overrides::none()).expect_err("a variable");
    assert!(
        errors.to_string().contains("which could change"),
        "{errors}"
    );
}

#[test]
fn rules_are_shared_and_evaluators_move_to_their_threads() {
    fn shared<T: Send + Sync>() {}
    fn moved<T: Send>() {}
    shared::<RuleSet>();
    moved::<crate::rules::Evaluator>();
    moved::<crate::rules::facts::Facts>();
}

#[test]
fn a_rule_that_fired_stays_fired_when_its_words_break() {
    let rules = "rule(\"r\", #{\n  on: \"stream\",\n  when: |s| true,\n  \
                 by: |s| { let u = 0; u += 1; s.media },\n  message: |s| `${s.media.label}`,\n});";
    let pack = super::build::pack("", rules);
    let (set, _) = RuleSet::from_sources(&[pack], &Overrides::none()).expect("rules");
    let mut document = Document::new(&set, "main-audio");
    document.stream(&[]);
    document.stream(&[]);
    let outcome = document.run(&set);
    let rule = &outcome.rules[0];
    assert_eq!((rule.findings.len(), rule.failed), (2, 0));
    assert_eq!(rule.findings[1].key, Key::Missing);
    assert_eq!(rule.findings[1].message.as_deref(), Some("main-audio"));
    assert!(rule.fault.is_some());
}

#[test]
fn a_fault_has_the_place_in_the_file() {
    let rules = "rule(\"r\", #{\n  on: \"stream\",\n  when: |s| {\n    let x = s; x = s;\n    \
                 x.label == \"a\"\n  },\n});";
    let pack = super::build::pack("", rules);
    let (set, _) = RuleSet::from_sources(&[pack], &Overrides::none()).expect("rules");
    let mut document = Document::new(&set, "main-audio");
    document.stream(&[]);
    let outcome = document.run(&set);
    let fault = outcome.rules[0].fault.as_ref().expect("a fault");
    let place = fault.place.as_ref().expect("a place");
    assert_eq!(place.to_string(), "rules/test.rhai:5:7");
    assert_eq!(&rules[place.span.clone()], "label");
}

#[test]
fn fifty_conditions_are_not_too_many() {
    let fields = [("averageJitter", N(31.0))];
    let conditions = vec!["s.averageJitter > 99"; 49].join(" || ");
    let when = format!("{conditions} || s.averageJitter > limits::jitter");
    let (said, outcome) = verdict(&when, &fields);
    assert_eq!(said, "fired");
    assert_eq!(evidence(&outcome), ["averageJitter 31 > 30 (jitter) ms"]);
}
