//! What an alert says in one paragraph: each `tests/cases/summaries/<sentence>.json` is a record, and
//! `<sentence>.txt` what the alerts on it say.
//!
//! Beside a record may stand its rules (`.rhai`, with limits in `.toml`; else the shipped ones) and a
//! sites file (`.csv`). With `QUALWATCH_BLESS` set what is said is written there, for a person to
//! read before it is committed.

mod support;

use std::fs;
use std::path::Path;

use qualwatch::sites::Sites;
use qualwatch::text::is_harmful;
use qualwatch::{Engine, Input};

fn said(record: &Path) -> String {
    let mut builder = Engine::builder();
    let rules = record.with_extension("rhai");
    let folder = tempfile::tempdir().expect("a folder");
    if rules.exists() {
        fs::copy(&rules, folder.path().join("a.rhai")).expect("copied");
        let limits = record.with_extension("toml");
        if limits.exists() {
            fs::copy(&limits, folder.path().join("thresholds.toml")).expect("copied");
        }
        builder = builder.rules(folder.path());
    }
    let sites = record.with_extension("csv");
    if sites.exists() {
        builder = builder.sites(Sites::load(&sites, false).expect("a sites file"));
    }
    let engine = builder.build().expect("an engine");
    let text = fs::read(record).expect("readable");
    let report = engine.checker().check(Input::new(&text, "a.json"));
    let mut said = String::new();
    for alert in &report.alerts {
        assert!(!alert.summary.chars().any(is_harmful), "{}", alert.summary);
        said.push_str(&format!("{}\n{}\n\n", alert.rule, alert.summary));
    }
    said.trim_end().to_owned() + "\n"
}

#[test]
fn alerts_say_in_a_paragraph_what_happened() {
    let mut cases = 0;
    for entry in fs::read_dir(support::root("tests/cases/summaries"))
        .expect("cases")
        .flatten()
    {
        let path = entry.path();
        if path.extension().is_none_or(|end| end != "json") {
            continue;
        }
        cases += 1;
        let said = said(&path);
        let expected = path.with_extension("txt");
        if std::env::var_os("QUALWATCH_BLESS").is_some() {
            fs::write(&expected, &said).expect("written");
            continue;
        }
        let wanted = fs::read_to_string(&expected).unwrap_or_default();
        assert_eq!(said, wanted, "{}", path.display());
    }
    assert!(cases >= 12, "only {cases} cases");
}

#[test]
fn no_summary_of_the_generated_feed_is_empty_long_or_says_that_a_call_was_relayed() {
    let engine = Engine::builder().build().expect("an engine");
    let mut checker = engine.checker();
    let plan = xtask::generate::Plan {
        documents: 300,
        ..Default::default()
    };
    let mut alerts = 0;
    for document in xtask::generate::documents(&plan) {
        let report = checker.check(Input::new(document.text.as_bytes(), "a"));
        for alert in report.alerts {
            alerts += 1;
            let length = alert.summary.chars().count();
            assert!((40..=2_500).contains(&length), "{}", alert.summary);
            assert!(alert.summary.ends_with('.'), "{}", alert.summary);
            assert!(!alert.summary.contains("relayed"), "{}", alert.summary);
            assert_eq!(alert.summary.lines().count(), 1);
        }
    }
    assert!(alerts > 20, "{alerts}");
}
