//! Generated documents, whose verdicts and alerts the generator knows.
//!
//! The generator shares no code with the library; what it planted is what must
//! be found, no more and no less, and each piece of evidence must be read back
//! from the original bytes at its line and column.

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use qualwatch::record::units;
use qualwatch::{Engine, Report, Verdict};
use xtask::generate::{Document, Mix, Plan, Verdict as PlantedVerdict, documents, pretty};

/// Documents in the whole run: few enough for a debug build, unless `QUALWATCH_DOCUMENTS` says
/// otherwise, as CI does for an optimised one.
fn document_count() -> u64 {
    std::env::var("QUALWATCH_DOCUMENTS")
        .map_or(2_000, |count| count.parse().expect("a number of documents"))
}

fn engine() -> Arc<Engine> {
    Engine::builder()
        .rules(support::root("rules"))
        .build()
        .expect("the shipped rules load")
}

fn verdict_of(planted: PlantedVerdict) -> Verdict {
    match planted {
        PlantedVerdict::Valid => Verdict::Valid,
        PlantedVerdict::Partial => Verdict::Partial,
        PlantedVerdict::Invalid => Verdict::Invalid,
        PlantedVerdict::Foreign => Verdict::Foreign,
        PlantedVerdict::Malformed => Verdict::Malformed,
    }
}

/// Compares a report with what was planted; `text` is the source, of which the document is all.
fn compare(document: &Document, text: &str, report: &Report) {
    let planted = &document.planted;
    let context = || format!("{planted:#?}\n{report:#?}\n{text}");
    assert!(report.rule_faults.is_empty(), "{}", context());
    assert_eq!(report.verdict, verdict_of(planted.verdict), "{}", context());
    if report.verdict == Verdict::Malformed {
        assert!(report.alerts.is_empty());
        return;
    }
    assert_eq!(report.kind.name(), planted.kind, "{}", context());
    assert_eq!(report.unexpanded, planted.unexpanded, "{}", context());
    assert_eq!(report.notice_count > 0, planted.notices, "{}", context());
    if report.verdict != Verdict::Foreign {
        assert_eq!(report.call_id, planted.call_id, "{}", context());
    }
    let violations: Vec<&str> = report.problems.iter().map(|p| p.pointer.as_str()).collect();
    let wanted: Vec<&str> = planted.violation.as_deref().into_iter().collect();
    assert_eq!(violations, wanted, "{}", context());

    let found: BTreeMap<&str, Vec<&str>> = report
        .alerts
        .iter()
        .map(|alert| {
            let places = alert.findings.iter().map(|finding| finding.at.as_str());
            (alert.rule.as_str(), places.collect())
        })
        .collect();
    let expected: BTreeMap<&str, Vec<&str>> = planted
        .alerts
        .iter()
        .map(|alert| {
            let places = alert
                .findings
                .iter()
                .map(|finding| finding.pointer.as_str());
            (alert.rule, places.collect())
        })
        .collect();
    assert_eq!(
        found.len(),
        report.alerts.len(),
        "one alert a rule\n{}",
        context()
    );
    // `call-failed` is told at the session even where only a segment says so.
    let coarse = |alerts: &BTreeMap<&str, Vec<&str>>| -> Vec<(String, Vec<String>)> {
        alerts
            .iter()
            .map(|(rule, places)| {
                let places = places.iter().map(|place| match *rule {
                    "call-failed" => place.split("/segments").next().unwrap_or(place).to_owned(),
                    _ => (*place).to_owned(),
                });
                ((*rule).to_owned(), places.collect())
            })
            .collect()
    };
    assert_eq!(coarse(&found), coarse(&expected), "{}", context());

    for (alert, planted_alert) in sorted(report).into_iter().zip(&planted.alerts) {
        for (finding, planted_finding) in alert.findings.iter().zip(&planted_alert.findings) {
            let pointers: Vec<&str> = finding
                .evidence
                .iter()
                .filter_map(|evidence| evidence.pointer.as_deref())
                .collect();
            for reading in &planted_finding.fields {
                assert!(
                    pointers.contains(&reading.pointer.as_str()),
                    "{} is no evidence\n{}",
                    reading.pointer,
                    context()
                );
            }
            for evidence in &finding.evidence {
                read_back(text, evidence);
            }
        }
    }
}

fn sorted(report: &Report) -> Vec<&qualwatch::Alert> {
    let mut alerts: Vec<_> = report.alerts.iter().collect();
    alerts.sort_by(|a, b| a.rule.cmp(&b.rule));
    alerts
}

/// The value at the evidence's line and column, read from the text, is the value shown.
fn read_back(text: &str, evidence: &qualwatch::alert::Evidence) {
    let (Some(line), Some(column)) = (evidence.line, evidence.column) else {
        return;
    };
    let behind: String = text
        .lines()
        .nth(line as usize - 1)
        .expect("the line is there")
        .chars()
        .skip(column as usize - 1)
        .collect();
    let mut values = serde_json::Deserializer::from_str(&behind).into_iter();
    let there: serde_json::Value = match values.next() {
        Some(Ok(value)) => value,
        // A container that goes on over further lines: a computed reading of it.
        _ => return,
    };
    match (&there, &evidence.value) {
        (serde_json::Value::String(text), serde_json::Value::Number(shown)) => {
            let millis = units::duration(text).expect("a duration").0;
            assert_eq!(Some(millis), shown.as_f64(), "{evidence:?}");
        }
        (serde_json::Value::Number(there), serde_json::Value::Number(shown)) => {
            assert_eq!(there.as_f64(), shown.as_f64(), "{evidence:?}");
        }
        (serde_json::Value::Object(_), _) => {}
        (there, shown) => assert_eq!(there, shown, "{evidence:?}"),
    }
}

#[test]
fn documents_get_the_verdicts_and_alerts_that_were_planted() {
    let engine = engine();
    let count = document_count();
    let halves = [(0, count / 2), (count / 2, count)];
    std::thread::scope(|scope| {
        for (from, to) in halves {
            let engine = &engine;
            scope.spawn(move || {
                let plan = Plan {
                    seed: 20_261_123,
                    documents: count,
                    ..Plan::default()
                };
                let all = documents(&plan);
                let mut checker = engine.checker();
                for index in from..to {
                    let document = all.at(index);
                    let report =
                        checker.check(qualwatch::Input::new(document.text.as_bytes(), "generated"));
                    compare(&document, &document.text, &report);
                }
            });
        }
    });
}

#[test]
fn pretty_printed_documents_get_the_same_and_their_places_are_right() {
    let engine = engine();
    let mut checker = engine.checker();
    let plan = Plan {
        seed: 7,
        documents: 500,
        mix: Mix::tenth_alerting(),
        ..Plan::default()
    };
    for document in documents(&plan) {
        let text = pretty(&document.text);
        let report = checker.check(qualwatch::Input::new(text.as_bytes(), "pretty"));
        compare(&document, &text, &report);
    }
}

#[test]
fn any_number_of_workers_gives_the_same_documents_in_the_same_order() {
    let engine = engine();
    let plan = Plan {
        seed: 3,
        documents: 400,
        ..Plan::default()
    };
    let mut ndjson = String::new();
    let mut seen = 0;
    for document in documents(&plan) {
        ndjson.push_str(&document.text);
        ndjson.push('\n');
        seen += 1;
    }
    let runs: Vec<Vec<String>> = [1, 2, 7]
        .into_iter()
        .map(|workers| {
            let intake = qualwatch::pipeline::stream(
                std::io::Cursor::new(ndjson.clone().into_bytes()),
                qualwatch::source::SourceName::Stdin,
                qualwatch::source::ReadOptions {
                    chunk: 40_000,
                    ..Default::default()
                },
            );
            let outcome = support::run(&engine, vec![intake], workers);
            assert_eq!(outcome.summary.seen, seen);
            outcome
                .documents
                .iter()
                .map(|(source, judged)| {
                    let alerts: Vec<&str> =
                        judged.report.alerts.iter().map(|a| a.id.as_str()).collect();
                    let verdict = judged.report.verdict.name();
                    format!("{source}:{} {verdict} {alerts:?}", judged.origin.line)
                })
                .collect()
        })
        .collect();
    assert!(runs[0].len() > 50);
    assert_eq!(runs[0], runs[1]);
    assert_eq!(runs[0], runs[2]);
}
