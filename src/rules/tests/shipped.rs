//! The shipped rules, at, just under and just over each limit, and with the reading missing.

use std::path::PathBuf;

use super::build::Set::{I, L, N, T};
use super::build::{Document, Set, evidence};
use crate::rules::fields::{Level, Link};
use crate::rules::{Outcome, Overrides, RuleSet};

fn folder(name: &str) -> RuleSet {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("rules")
        .join(name);
    match RuleSet::load(&[path], &Overrides::none()) {
        Ok((set, notices)) => {
            assert!(notices.is_empty(), "{notices:?}");
            set
        }
        Err(errors) => panic!("{errors}"),
    }
}

fn builtin() -> RuleSet {
    let (set, notices) = RuleSet::builtin(&Overrides::none()).expect("the built-in rules");
    assert!(notices.is_empty(), "{notices:?}");
    set
}

fn index(set: &RuleSet, name: &str) -> usize {
    set.rules()
        .iter()
        .position(|rule| &**rule.name() == name)
        .expect(name)
}

/// What a rule says of one stream.
fn said(set: &RuleSet, rule: &str, label: &str, fields: &[(&str, Set<'_>)]) -> &'static str {
    let mut document = Document::new(set, label);
    document.stream(fields);
    let outcome = document.run(set);
    let outcome = &outcome.rules[index(set, rule)];
    assert_eq!(outcome.fault, None, "{rule}");
    match (outcome.findings.len(), outcome.quiet, outcome.unknown) {
        (1, 0, 0) => "fired",
        (0, 1, 0) => "quiet",
        _ => "unknown",
    }
}

fn fired(set: &RuleSet, outcome: &Outcome) -> Vec<String> {
    set.rules()
        .iter()
        .zip(&outcome.rules)
        .flat_map(|(rule, outcome)| outcome.findings.iter().map(|_| rule.name().to_string()))
        .collect()
}

const GOOD_AUDIO: &[(&str, Set<'_>)] = &[
    ("packetUtilization", I(501)),
    ("averagePacketLossRate", N(0.0)),
    ("averageJitter", N(1.0)),
    ("averageRoundTripTime", N(1.0)),
    ("averageAudioDegradation", N(0.0)),
    ("averageRatioOfConcealedSamples", N(0.0)),
];

fn with<'a>(
    base: &[(&'a str, Set<'a>)],
    name: &'a str,
    value: Option<Set<'a>>,
) -> Vec<(&'a str, Set<'a>)> {
    let kept = base.iter().copied().filter(|(other, _)| *other != name);
    kept.chain(value.map(|value| (name, value))).collect()
}

#[test]
fn each_audio_limit_is_poor_beyond_it_and_unknown_without_its_reading() {
    let set = builtin();
    for (field, limit, over) in [
        ("averagePacketLossRate", 0.1, 0.10000000000000002),
        ("averageJitter", 30.0, 30.001),
        ("averageRoundTripTime", 500.0, 500.1),
        ("averageAudioDegradation", 1.0, 1.0000000000000002),
        ("averageRatioOfConcealedSamples", 0.07, 0.07000000000000002),
    ] {
        for (value, want) in [
            (Some(N(over)), "fired"),
            (Some(N(limit)), "quiet"),
            (Some(N(limit * 0.99)), "quiet"),
            (None, "unknown"),
        ] {
            let fields = with(GOOD_AUDIO, field, value);
            assert_eq!(
                said(&set, "poor-audio", "main-audio", &fields),
                want,
                "{field}"
            );
            assert_eq!(
                said(&set, "poor-audio", "main-video", &fields),
                "quiet",
                "{field}"
            );
        }
    }
}

#[test]
fn the_guards_keep_short_and_thin_streams_quiet() {
    let set = builtin();
    let bad = with(GOOD_AUDIO, "averageJitter", Some(N(99.0)));
    for (packets, want) in [
        (Some(I(501)), "fired"),
        (Some(I(500)), "quiet"),
        (Some(I(0)), "quiet"),
        (None, "unknown"),
    ] {
        let fields = with(&bad, "packetUtilization", packets);
        assert_eq!(said(&set, "poor-audio", "main-audio", &fields), want);
    }
    let mut overrides = Overrides::none();
    assert!(overrides.add("session_length=10s"));
    let (long, _) = RuleSet::builtin(&overrides).expect("the built-in rules");
    for (set, duration, want) in [
        (&set, Some(0.0), (1, 0, 0)),
        (&set, None, (1, 0, 0)),
        (&long, Some(10_000.0), (1, 0, 0)),
        (&long, Some(9_999.9), (0, 1, 0)),
        (&long, None, (0, 0, 1)),
    ] {
        let mut document = Document::new(set, "main-audio");
        document.stream(&bad);
        let session = document.session;
        document.set(session, "duration", N(duration.unwrap_or(f64::NAN)));
        let outcome = document.run(set);
        let audio = &outcome.rules[index(set, "poor-audio")];
        assert_eq!(
            (audio.findings.len(), audio.quiet, audio.unknown),
            want,
            "{duration:?}"
        );
    }
}

#[test]
fn the_first_available_video_metric_decides() {
    let set = builtin();
    let video = [("packetUtilization", I(501))];
    let fields = |frames: Option<f64>, rate: Option<f64>, loss: Option<f64>| {
        let fields = with(&video, "averageVideoFrameLossPercentage", frames.map(N));
        let fields = with(&fields, "averageVideoFrameRate", rate.map(N));
        with(
            &fields,
            "postForwardErrorCorrectionPacketLossRate",
            loss.map(N),
        )
    };
    for (rule, label, rate) in [
        ("poor-video", "main-video", 7.0),
        ("poor-screen-sharing", "applicationsharing-video", 2.0),
    ] {
        for (fields, want) in [
            (fields(Some(50.01), Some(30.0), Some(0.0)), "fired"),
            (fields(Some(50.0), Some(0.0), Some(1.0)), "quiet"),
            (fields(Some(49.9), None, None), "quiet"),
            (fields(None, Some(rate - 0.01), Some(0.0)), "fired"),
            (fields(None, Some(rate), Some(1.0)), "quiet"),
            (fields(None, Some(rate + 0.01), None), "quiet"),
            (fields(None, None, Some(0.151)), "fired"),
            (fields(None, None, Some(0.15)), "quiet"),
            (fields(None, None, Some(0.149)), "quiet"),
            (fields(None, None, None), "unknown"),
        ] {
            assert_eq!(said(&set, rule, label, &fields), want, "{rule}");
            assert_eq!(said(&set, rule, "main-audio", &fields), "quiet", "{rule}");
        }
    }
}

#[test]
fn feedback_is_poor_at_two_and_below_and_silence_is_no_rating() {
    let set = builtin();
    for (rating, tokens, want) in [
        (Some("bad"), &["Noisy"][..], &["poor-feedback"][..]),
        (Some("poor"), &["NoSound"], &["poor-feedback"]),
        (Some("fair"), &["NoSound"], &[]),
        (Some("notRated"), &["NoSound"], &["no-sound"]),
        (Some("notRated"), &["Echo"], &[]),
        (None, &["NoSound"], &["no-sound"]),
        (Some("excellent"), &[], &[]),
    ] {
        let mut document = Document::new(&set, "main-audio");
        let mut fields = vec![("tokens", L(tokens))];
        fields.extend(rating.map(|rating| ("rating", T(rating))));
        document.object(Level::Feedback, &fields);
        let outcome = document.run(&set);
        assert_eq!(fired(&set, &outcome), want, "{rating:?} {tokens:?}");
    }
}

#[test]
fn poor_feedback_carries_the_tokens() {
    let set = builtin();
    let mut document = Document::new(&set, "main-audio");
    document.object(
        Level::Feedback,
        &[("rating", T("poor")), ("tokens", L(&["Noisy", "Echo"]))],
    );
    let mut outcome = document.run(&set);
    outcome.rules.swap(0, index(&set, "poor-feedback"));
    assert_eq!(
        evidence(&outcome),
        ["rating poor in bad, poor", "tokens Noisy, Echo has missing"]
    );
}

#[test]
fn a_failure_with_a_stage_or_a_reason_counts_once() {
    let set = builtin();
    for (fields, want) in [
        (&[("stage", T("midcall"))][..], 1),
        (&[("reason", T("ICE"))], 1),
        (&[("reason", T("ICE")), ("stage", T("callSetup"))], 1),
        (&[], 0),
    ] {
        let mut document = Document::new(&set, "main-audio");
        let failure = document.object(Level::FailureInfo, fields);
        let session = document.session;
        document.facts.link(session, Link::Failure, failure);
        assert_eq!(fired(&set, &document.run(&set)).len(), want);
    }
    let document = Document::new(&set, "main-audio");
    assert_eq!(
        document.run(&set).rules[index(&set, "call-failed")].quiet,
        1
    );
}

/// Microsoft's example, as far as rules read it.
fn example(set: &RuleSet) -> Outcome {
    let mut document = Document::new(set, "main-audio");
    document.stream(&[
        ("packetUtilization", I(67)),
        ("averageRoundTripTime", N(61.0)),
        ("averagePacketLossRate", N(0.0)),
        ("averageJitter", N(16.0)),
        ("averageAudioNetworkJitter", N(43.0)),
    ]);
    document.stream(&[
        ("packetUtilization", I(709)),
        ("averageRoundTripTime", N(64.0)),
        ("averagePacketLossRate", N(0.01381693)),
        ("averageJitter", N(7.0)),
        ("averageAudioNetworkJitter", N(266.0)),
        ("averageAudioDegradation", N(1.160898)),
        ("averageRatioOfConcealedSamples", N(0.06233422)),
    ]);
    let tokens = L(&["Noisy"]);
    document.object(
        Level::Feedback,
        &[("rating", T("poor")), ("tokens", tokens)],
    );
    document.run(set)
}

#[test]
fn the_example_gives_two_alerts_by_default() {
    let set = builtin();
    let outcome = example(&set);
    assert_eq!(fired(&set, &outcome), ["poor-audio", "poor-feedback"]);
    let audio = &outcome.rules[index(&set, "poor-audio")];
    assert_eq!(
        (audio.findings.len(), audio.quiet, audio.unknown),
        (1, 1, 0)
    );
    assert_eq!(
        evidence(&outcome),
        ["averageAudioDegradation 1.160898 > 1 (audio_degradation) MOS"]
    );
}

#[test]
fn the_example_is_classified_as_each_version_of_the_dashboard_would() {
    let set = folder("cqd-2018");
    assert_eq!(
        fired(&set, &example(&set)),
        ["cqd-2018-audio-poor", "cqd-2018-audio-good"]
    );
    let set = folder("cqd-current");
    assert_eq!(
        fired(&set, &example(&set)),
        ["cqd-current-audio-good", "cqd-current-audio-good"]
    );
}

#[test]
fn each_stream_has_exactly_one_class_of_its_medium() {
    let few = with(GOOD_AUDIO, "packetUtilization", Some(I(500)));
    let broken = with(&few, "averageJitter", Some(N(31.0)));
    let rich = with(&broken, "packetUtilization", Some(I(501)));
    let frames = |loss: f64| vec![("averageVideoFrameLossPercentage", N(loss))];
    for (label, fields, in_2018, now) in [
        (
            "main-audio",
            GOOD_AUDIO.to_vec(),
            "audio-good",
            "audio-good",
        ),
        ("main-audio", few, "audio-good", "audio-good"),
        ("main-audio", broken, "audio-poor", "audio-unclassified"),
        ("main-audio", rich, "audio-poor", "audio-poor"),
        (
            "main-audio",
            vec![],
            "audio-unclassified",
            "audio-unclassified",
        ),
        ("main-video", frames(50.1), "video-poor", "video-poor"),
        ("main-video", frames(50.0), "video-good", "video-good"),
        (
            "main-video",
            vec![],
            "video-unclassified",
            "video-unclassified",
        ),
        (
            "applicationsharing-video",
            frames(50.1),
            "sharing-poor",
            "sharing-poor",
        ),
        (
            "applicationsharing-video",
            frames(50.0),
            "sharing-good",
            "sharing-good",
        ),
        (
            "applicationsharing-video",
            vec![],
            "sharing-unclassified",
            "sharing-unclassified",
        ),
    ] {
        for (version, want) in [("cqd-2018", in_2018), ("cqd-current", now)] {
            let set = folder(version);
            let mut document = Document::new(&set, label);
            document.stream(&fields);
            let outcome = document.run(&set);
            assert_eq!(
                fired(&set, &outcome),
                [format!("{version}-{want}")],
                "{label}"
            );
            assert!(
                outcome
                    .rules
                    .iter()
                    .all(|rule| rule.fault.is_none() && rule.unknown == 0)
            );
        }
    }
}

#[test]
fn the_other_folders_load_and_read_no_mute_volume_or_glitch() {
    let single = folder("single-metric");
    let jitter = with(GOOD_AUDIO, "averageJitter", Some(N(30.5)));
    let mut document = Document::new(&single, "main-audio");
    document.stream(&jitter);
    assert_eq!(fired(&single, &document.run(&single)), ["jitter"]);

    let events = folder("events");
    let mut document = Document::new(&events, "main-audio");
    let network = document.object(Level::Network, &[("receivedQualityEventRatio", N(0.27))]);
    let media = document.media;
    document.facts.link(media, Link::CallerNetwork, network);
    assert_eq!(fired(&events, &document.run(&events)), ["network-events"]);

    for set in [
        builtin(),
        single,
        events,
        folder("cqd-2018"),
        folder("cqd-current"),
    ] {
        for name in Level::ALL
            .iter()
            .flat_map(|level| set.wanted(*level))
            .map(|f| f.name())
        {
            let forbidden = ["Mute", "ZeroVolume", "Glitch"];
            assert!(!forbidden.iter().any(|word| name.contains(word)), "{name}");
        }
        for rule in set.rules() {
            for (name, limit) in set.limits(rule).iter() {
                assert!(limit.source.is_some(), "{name} cites nobody");
            }
        }
    }
}
