//! The oracle, held against an independent parser: `serde_json`.

mod judge;

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Document, Mix, Plan, Verdict, documents, pretty};

/// Bytes per tape node of the published example, record 2 of "Get callRecord":
/// 6129 bytes minified, 368 nodes.
///
/// ```text
/// python3 -c 'import json,sys; v=json.load(sys.stdin); n=lambda v: 1+(
///   sum(1+n(x) for x in v.values()) if isinstance(v,dict) else
///   sum(map(n,v)) if isinstance(v,list) else 0)
/// print(len(json.dumps(v,separators=(",",":"),ensure_ascii=False).encode()), n(v))' \
///   < seed-example2-expanded.json
/// ```
const EXAMPLE_BYTES_PER_NODE: f64 = 6129.0 / 368.0;

fn run(seed: u64, count: u64, mix: Mix) -> Vec<Document> {
    documents(&Plan {
        seed,
        documents: count,
        mix,
        sessions: None,
    })
    .collect()
}

/// A value, an object's key, each counts one.
fn nodes(value: &Value) -> usize {
    1 + match value {
        Value::Object(map) => map.values().map(|value| 1 + nodes(value)).sum(),
        Value::Array(items) => items.iter().map(nodes).sum(),
        _ => 0,
    }
}

fn parse(document: &Document) -> Value {
    serde_json::from_str(&document.text).expect("planted as JSON")
}

/// FNV-1a.
fn hash(text: &str, hash: u64) -> u64 {
    text.bytes().fold(hash, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let first = run(7, 300, Mix::default());
    assert!(first == run(7, 300, Mix::default()));
    assert!(first != run(8, 300, Mix::default()));
    let golden = first
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |h, document| hash(&document.text, h));
    assert_eq!(
        golden, 7_587_464_349_190_444_340,
        "the bytes of seed 7 changed: say so in the commit"
    );
}

#[test]
fn a_document_needs_none_before_it() {
    let plan = Plan {
        documents: 40,
        ..Plan::default()
    };
    let all = documents(&plan);
    for (index, document) in documents(&plan).enumerate() {
        assert!(all.at(index as u64) == document, "document {index}");
    }
}

#[test]
fn what_is_said_to_be_json_parses_and_nothing_else() {
    for document in run(
        3,
        3000,
        Mix {
            malformed: 100,
            ..Mix::default()
        },
    ) {
        assert!(!document.text.contains(['\n', '\r']));
        let parsed = serde_json::from_str::<Value>(&document.text);
        let malformed = document.planted.verdict == Verdict::Malformed;
        let mut unquoted = malformed && parsed.is_ok();
        if unquoted {
            let twice = ["ersion\":99", "holoLens", "streamDirection\":null"];
            unquoted = !twice.iter().any(|piece| document.text.contains(piece));
        }
        assert!(!unquoted, "parses: {}", document.text);
        assert!(
            malformed || parsed.is_ok(),
            "{:?}: {}",
            parsed.err(),
            document.text
        );
    }
}

#[test]
fn only_planted_documents_have_a_key_twice() {
    // A map keeps one of two, so a reprint of the parsed document is shorter.
    for document in run(4, 400, Mix::default()) {
        if document.planted.verdict != Verdict::Malformed {
            let keys = document.text.matches("\":").count();
            let value = parse(&document);
            assert!(keys >= count_keys(&value));
            let reprinted = value.to_string();
            assert_eq!(reprinted.matches("\":").count(), keys, "{}", document.text);
        }
    }
}

fn count_keys(value: &Value) -> usize {
    match value {
        Value::Object(map) => map.values().map(|value| 1 + count_keys(value)).sum(),
        Value::Array(items) => items.iter().map(count_keys).sum(),
        _ => 0,
    }
}

#[test]
fn every_pointer_leads_to_its_literal() {
    let mix = Mix {
        poor_audio: 300,
        poor_video: 200,
        poor_screen_sharing: 100,
        failed: 200,
        ..Mix::default()
    };
    for document in run(5, 800, mix) {
        if document.planted.verdict == Verdict::Malformed {
            continue;
        }
        let value = parse(&document);
        let names: Vec<_> = document
            .planted
            .alerts
            .iter()
            .map(|alert| alert.rule)
            .collect();
        assert!(names.is_sorted());
        if let Some(at) = &document.planted.violation {
            assert!(value.pointer(at).is_some(), "{at}");
            let findings = document
                .planted
                .alerts
                .iter()
                .flat_map(|alert| &alert.findings);
            let mut readings = findings.flat_map(|finding| &finding.fields);
            assert!(
                !readings.any(|reading| reading.pointer.starts_with(at)),
                "{at}"
            );
        }
        assert_eq!(
            document.planted.violation.is_some(),
            document.planted.verdict == Verdict::Invalid
        );
        if let Some(id) = document.planted.call_id.as_deref() {
            assert!(document.text.contains(id));
        }
        for finding in document
            .planted
            .alerts
            .iter()
            .flat_map(|alert| &alert.findings)
        {
            assert!(
                value
                    .pointer(&finding.pointer)
                    .is_some_and(Value::is_object)
            );
            assert!(!finding.fields.is_empty());
            for reading in &finding.fields {
                assert!(reading.pointer.starts_with(&finding.pointer));
                let there = value.pointer(&reading.pointer).expect("a reading's place");
                let stated: Value = serde_json::from_str(&reading.literal).expect("a literal");
                assert_eq!(*there, stated, "{}", reading.pointer);
                assert!(document.text.contains(&reading.literal));
            }
        }
    }
}

#[test]
fn a_second_reading_of_the_rules_finds_what_was_planted_and_no_more() {
    let mut fired = 0;
    for document in run(
        6,
        4000,
        Mix {
            gated: 300,
            ..Mix::default()
        },
    ) {
        if document.planted.verdict == Verdict::Malformed {
            continue;
        }
        let mut planted: Vec<_> = document
            .planted
            .alerts
            .iter()
            .flat_map(|alert| {
                alert
                    .findings
                    .iter()
                    .map(move |finding| (alert.rule, finding))
            })
            .flat_map(|(rule, finding)| {
                finding
                    .fields
                    .iter()
                    .map(move |reading| (rule, finding, reading.field))
            })
            .map(|(rule, finding, field)| format!("{rule} {} {field}", finding.pointer))
            .collect();
        planted.sort();
        fired += planted.len();
        assert_eq!(
            judge::judge(&parse(&document)),
            planted,
            "{}",
            document.text
        );
    }
    assert!(fired > 300, "{fired}");
}

#[test]
fn the_shares_of_a_mix_are_met() {
    let mut verdicts: BTreeMap<&str, f64> = BTreeMap::new();
    let mut rules: BTreeMap<&str, f64> = BTreeMap::new();
    let all = run(
        9,
        10_000,
        Mix {
            second_rule: 0,
            ..Mix::default()
        },
    );
    for document in &all {
        *verdicts
            .entry(document.planted.verdict.as_str())
            .or_default() += 0.1;
        for alert in &document.planted.alerts {
            *rules.entry(alert.rule).or_default() += 0.1;
        }
    }
    let near = |found: f64, share: f64| (found - share).abs() < 4.0 * share.sqrt().max(1.0) * 0.32;
    for (verdict, share) in [
        ("malformed", 15.0),
        ("foreign", 20.0),
        ("invalid", 20.0),
        ("partial", 30.0),
    ] {
        assert!(
            near(verdicts[verdict], share),
            "{verdict}: {}",
            verdicts[verdict]
        );
    }
    let readable = 945.0 / 1000.0;
    for (rule, share) in [
        ("poor-audio", 60.0),
        ("poor-video", 30.0),
        ("call-failed", 20.0),
    ] {
        assert!(
            near(rules[rule], share * readable),
            "{rule}: {}",
            rules[rule]
        );
    }
    let alerting = |mix: Mix| {
        run(9, 5000, mix)
            .iter()
            .filter(|document| !document.planted.alerts.is_empty())
            .count()
    };
    assert_eq!(alerting(Mix::clean()), 0);
    let tenth = alerting(Mix::tenth_alerting());
    assert!((435..565).contains(&tenth), "{tenth}");
}

#[test]
fn documents_weigh_what_the_published_example_weighs() {
    let (mut bytes, mut count, mut documents) = (0, 0, 0);
    for document in run(11, 1500, Mix::tenth_alerting()) {
        bytes += document.text.len();
        count += nodes(&parse(&document));
        documents += 1;
    }
    let per_node = bytes as f64 / count as f64;
    let ratio = per_node / EXAMPLE_BYTES_PER_NODE;
    assert!(
        (0.9..1.1).contains(&ratio),
        "{per_node} bytes a node, {ratio} of the example"
    );
    let mean = bytes / documents;
    println!("{per_node:.2} bytes a node, {ratio:.3} of the example; mean document {mean} bytes");
    assert!(
        (20_000..28_000).contains(&mean),
        "mean document {mean} bytes"
    );
}

#[test]
fn a_pretty_text_says_the_same() {
    for document in run(12, 200, Mix::default()) {
        let spread = pretty(&document.text);
        let parsed = serde_json::from_str::<Value>(&spread);
        if document.planted.verdict == Verdict::Malformed {
            assert_eq!(
                parsed.is_ok(),
                serde_json::from_str::<Value>(&document.text).is_ok()
            );
        } else {
            assert_eq!(parsed.expect("spread JSON"), parse(&document));
        }
    }
}

#[test]
fn a_plan_may_fix_the_sessions() {
    let plan = Plan {
        mix: Mix::clean(),
        sessions: Some(60),
        documents: 3,
        ..Plan::default()
    };
    for document in documents(&plan) {
        assert_eq!(
            parse(&document)["sessions"].as_array().map(Vec::len),
            Some(60)
        );
    }
}

#[test]
fn a_record_may_be_larger_than_a_page() {
    let mix = Mix {
        poor_audio: 1000,
        ..Mix::clean()
    };
    let plan = Plan {
        mix,
        sessions: Some(1_000),
        documents: 1,
        ..Plan::default()
    };
    let document = documents(&plan).at(0);
    let (value, size) = (parse(&document), document.text.len());
    assert!((7_000_000..11_000_000).contains(&size), "{size} bytes");
    assert_eq!(value["sessions"].as_array().map(Vec::len), Some(1_000));
    let found = judge::judge(&value);
    let planted = &document.planted.alerts[0].findings;
    let readings: usize = planted.iter().map(|finding| finding.fields.len()).sum();
    assert_eq!(found.len(), readings, "{found:?}");
}

#[test]
fn records_without_media_are_small_and_alert_by_what_is_left() {
    let plan = Plan {
        mix: Mix {
            invalid: 300,
            unknown_property: 300,
            poor_feedback: 300,
            failed: 300,
            ..Mix::small()
        },
        sessions: Some(1),
        documents: 1000,
        ..Plan::default()
    };
    let (mut bytes, mut alerts) = (0, 0);
    for document in documents(&plan) {
        let value = parse(&document);
        bytes += document.text.len();
        alerts += document.planted.alerts.len();
        let segments = &value["sessions"][0]["segments"];
        for segment in segments.as_array().expect("segments") {
            assert_eq!(segment["media"].as_array().map(Vec::len), Some(0));
        }
        let invalid = document.planted.verdict == Verdict::Invalid;
        assert_eq!(document.planted.violation.is_some(), invalid);
        let findings = document.planted.alerts.iter().map(|it| it.findings.len());
        assert!(judge::judge(&value).len() >= findings.sum());
    }
    assert!((500..700).contains(&alerts), "{alerts}");
    let mean = bytes / 1000;
    assert!((1_500..2_800).contains(&mean), "mean document {mean} bytes");
    // What is planted in media needs them.
    let mix = Mix {
        poor_audio: 1000,
        ..Mix::small()
    };
    let loud = documents(&Plan { mix, ..plan }).at(0).planted;
    assert_eq!(loud.alerts[0].rule, "poor-audio");
}

#[test]
fn values_lie_on_a_limit_and_just_beyond_it() {
    let mix = Mix {
        poor_audio: 500,
        poor_video: 200,
        poor_screen_sharing: 200,
        ..Mix::clean()
    };
    let all = run(13, 1500, mix);
    let planted: std::collections::BTreeSet<_> = all
        .iter()
        .flat_map(|document| &document.planted.alerts)
        .flat_map(|alert| &alert.findings)
        .flat_map(|finding| &finding.fields)
        .map(|reading| reading.literal.as_str())
        .collect();
    for literal in [
        "\"PT0.0300001S\"",
        "\"PT0.031S\"",
        "0.1000001",
        "1.0000001",
        "50.0000001",
    ] {
        assert!(planted.contains(literal), "{literal}");
    }
    for quiet in [
        "\"averageJitter\":\"PT0.03S\"",
        "LossRate\":0.1,",
        "Utilization\":500,",
    ] {
        assert!(
            all.iter().any(|document| document.text.contains(quiet)),
            "{quiet}"
        );
    }
    for bare in ["PT0.03S", "0.1", "1", "50", "7"] {
        assert!(!planted.contains(bare) && !planted.contains(format!("\"{bare}\"").as_str()));
    }
}
