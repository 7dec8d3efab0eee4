//! Replay is live: the same records in the same order give the same lines, whether they come as
//! files or through a pipe, and with any number of workers.

use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use qualwatch::clock::FixedClock;
use qualwatch::over_time::OverTime;
use qualwatch::pipeline::{self, Event, Intake, Options};
use qualwatch::source::{FolderOptions, ReadOptions, SourceName};
use qualwatch::{Engine, Input, over_time};
use serde_json::Value;

const RULES: &str = r#"
rule("bad-jitter", #{ on: "stream", by: |s| s.client.network.subnet, cooldown: "2h",
    when: |s| s.averageJitter > 25 });
rule("poor-call", #{ on: "stream", when: |s| s.averageJitter > 25 });
window("poor-by-subnet", #{ on: "stream", by: |s| s.client.network.subnet,
    share: |s| s.averageJitter > 20, over: 0.2, clear: 0.1, within: "60min",
    at_least: #{ samples: 2 }, pending_for: "10min", keep_firing_for: "5min" });
window("slow-by-platform", #{ on: "stream", by: |s| s.client.userAgent.platform,
    percentile: |s| s.averageRoundTripTime, rank: "90%", over: "60ms", within: "2h", cooldown: "3h" });
window("many-users", #{ on: "session", distinct: |s| s.caller.userId, over: 3, within: "60min" });
"#;

fn engine(folder: &Path) -> Arc<Engine> {
    fs::create_dir_all(folder).expect("a folder");
    fs::write(folder.join("r.rhai"), RULES).expect("written");
    let clock = FixedClock("2026-01-14T00:00:00Z".parse().expect("a time"));
    let builder = Engine::builder().rules(folder).clock(Arc::new(clock));
    builder.build().unwrap_or_else(|error| panic!("{error}"))
}

/// Every line, without what says where it stood.
fn lines(engine: &Arc<Engine>, intake: Intake, workers: usize) -> (Vec<Value>, over_time::Counts) {
    let options = Options {
        workers,
        over_time: Some(over_time::Options::default()),
        ..Options::default()
    };
    let running = pipeline::run(Arc::clone(engine), vec![intake], options);
    let (mut lines, mut last) = (Vec::new(), None);
    let mut add = |alert: Result<Value, serde_json::Error>| {
        let mut alert = alert.expect("JSON");
        alert.as_object_mut().expect("an object").remove("source");
        for finding in alert["findings"].as_array_mut().into_iter().flatten() {
            finding.as_object_mut().expect("an object").remove("line");
            for evidence in finding["evidence"].as_array_mut().into_iter().flatten() {
                let evidence = evidence.as_object_mut().expect("an object");
                evidence.remove("line");
                evidence.remove("column");
            }
        }
        lines.push(alert);
    };
    for event in &running.events {
        match event {
            Event::Judged { documents, .. } => {
                for judged in documents {
                    judged
                        .report
                        .alerts
                        .iter()
                        .for_each(|it| add(serde_json::to_value(it)));
                    judged
                        .told
                        .transitions
                        .iter()
                        .for_each(|it| add(serde_json::to_value(it)));
                }
            }
            Event::OverTimeEnd { told, counts, .. } => {
                told.transitions
                    .iter()
                    .for_each(|it| add(serde_json::to_value(it)));
                last = Some(*counts);
            }
            _ => {}
        }
    }
    running.join();
    (lines, last.expect("the end is told"))
}

/// Records of the generator, some of them again, as newer versions and in parts.
fn documents(seed: u64, number: u64) -> Vec<String> {
    let plan = xtask::generate::Plan {
        seed,
        documents: number,
        ..Default::default()
    };
    let mut all = Vec::new();
    // All on one day, so that windows have something in them.
    let day = regex::Regex::new("20[0-9]{2}-[0-9]{2}-[0-9]{2}T").expect("a pattern");
    let mut texts: Vec<String> = xtask::generate::documents(&plan)
        .map(|document| {
            day.replace_all(&document.text.replace('\n', " "), "2026-01-13T")
                .into_owned()
        })
        .collect();
    // In the order in which the calls ended, as a feed brings them.
    let end = |text: &String| {
        let end = text
            .find("endDateTime")
            .and_then(|at| text.get(at..at + 40));
        end.map(str::to_owned)
    };
    texts.sort_by_key(end);
    for (at, text) in texts.into_iter().enumerate() {
        if at % 7 == 3 {
            all.push(text.clone());
        }
        if at % 5 == 2 {
            all.push(text.replacen("\"version\":1", "\"version\":2", 1));
        }
        all.push(text);
    }
    all
}

#[test]
fn files_and_a_pipe_and_any_number_of_workers_tell_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = engine(&folder.path().join("rules"));
    let documents = documents(1, 400);
    let records = folder.path().join("records");
    fs::create_dir(&records).expect("a folder");
    for (at, text) in documents.iter().enumerate() {
        fs::write(records.join(format!("{at:06}.json")), text).expect("written");
    }
    let pipe = || {
        let text = documents.join("\n");
        pipeline::stream(Cursor::new(text), SourceName::Stdin, ReadOptions::default())
    };
    let (want, counts) = lines(&engine, pipe(), 1);
    let states = |state: &str| want.iter().filter(|line| line["state"] == state).count();
    assert!(want.len() > 40, "{} lines, {counts:?}", want.len());
    assert!(states("firing") > 2 && states("event") > 20, "{counts:?}");
    assert!(counts.windows.repeated > 30, "{counts:?}");
    for workers in [2, 4] {
        let (got, again) = lines(&engine, pipe(), workers);
        assert_eq!((got, again), (want.clone(), counts), "{workers} workers");
    }
    let read = pipeline::folder(records, FolderOptions::default(), true);
    let (got, again) = lines(&engine, read, 2);
    assert_eq!((got, again), (want, counts), "a folder");
}

/// What the stage tells of each document, one line each, from some document on.
fn told(stage: &mut OverTime, engine: &Arc<Engine>, texts: &[String]) -> Vec<String> {
    let mut checker = engine.checker().contributing();
    let mut lines = Vec::new();
    for text in texts {
        let mut report = checker.check(Input::new(text.as_bytes(), "-"));
        let told = stage.take(&mut report, engine.rules());
        let alerts = report.alerts.iter().map(serde_json::to_string);
        let transitions = told.transitions.iter().map(serde_json::to_string);
        lines.extend(alerts.chain(transitions).map(|line| line.expect("JSON")));
        lines.push(format!("late {}", told.late));
    }
    lines
}

#[test]
fn after_a_restart_at_any_record_the_rest_is_told_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = engine(&folder.path().join("rules"));
    let options = over_time::Options {
        remembers: true,
        ..over_time::Options::default()
    };
    let texts = documents(1, 400);
    let texts = &texts[..texts.len().min(240)];
    let new = || OverTime::new(Arc::clone(&engine), options);
    let mut live = new();
    let (mut memory, mut whole, mut from) = (Vec::new(), Vec::new(), vec![0]);
    for (number, text) in texts.iter().enumerate() {
        whole.extend(told(&mut live, &engine, std::slice::from_ref(text)));
        memory.extend(live.take_remembered().map(|document| (number, document)));
        from.push(whole.len());
    }
    assert!(whole.iter().any(|line| line.contains("\"firing\"")));
    for restart in (0..texts.len()).step_by(23) {
        let mut stage = new();
        for (_, document) in memory.iter().filter(|(number, _)| *number < restart) {
            assert!(stage.recall(document));
        }
        stage.resume();
        let rest = told(&mut stage, &engine, &texts[restart..]);
        assert_eq!(rest, whole[from[restart]..], "restarted before {restart}");
        let held = |stage: &OverTime| {
            let windows = stage.contents().into_iter();
            windows.map(|(_, held)| held).collect::<Vec<_>>()
        };
        assert_eq!(held(&stage), held(&live));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Whatever is fed, in whatever order, and with as many workers as there are.
    #[test]
    fn workers_change_nothing(
        seed in 0_u64..1_000,
        number in 1_u64..60,
        workers in 2_usize..6,
        swaps in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..20),
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let engine = engine(folder.path());
        let mut documents = documents(seed, number);
        for (one, other) in swaps {
            let length = documents.len();
            documents.swap(one.index(length), other.index(length));
        }
        let text = documents.join("\n");
        let pipe = || {
            pipeline::stream(Cursor::new(text.clone()), SourceName::Stdin, ReadOptions::default())
        };
        prop_assert_eq!(lines(&engine, pipe(), workers), lines(&engine, pipe(), 1));
    }
}
