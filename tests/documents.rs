//! Documents with expected verdicts: `tests/cases/documents/*.toml`.
//!
//! `repository.toml` names documents of this repository; `real.toml` names every
//! file of the shared real documents, which are read in place, in CI only.

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use qualwatch::{Engine, Verdict};
use serde::Deserialize;

#[derive(Deserialize)]
struct Cases {
    document: Vec<Case>,
}

/// One file and what must come of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    file: String,
    /// how many documents of each verdict
    verdicts: BTreeMap<String, u64>,
    /// how many documents of each kind
    #[serde(default)]
    kinds: BTreeMap<String, u64>,
    /// `rule pointer` of each finding
    #[serde(default)]
    findings: Vec<String>,
    /// folders of rules besides the default ones
    #[serde(default)]
    rules: Vec<String>,
    /// words that must stand in the reasons
    #[serde(default)]
    says: Vec<String>,
    #[serde(default)]
    notices: Option<u64>,
    #[serde(default)]
    unexpanded: u64,
}

fn engine(rules: &[String]) -> Arc<Engine> {
    let mut builder = Engine::builder();
    if rules.is_empty() {
        builder = builder.rules(support::root("rules"));
    }
    for folder in rules {
        builder = builder.rules(support::root(folder));
    }
    builder.build().expect("the rules load")
}

fn check(case: &Case, path: &Path) {
    let outcome = support::judge_files(&engine(&case.rules), vec![path.to_owned()]);
    assert!(
        outcome.errors.is_empty(),
        "{}: {:?}",
        case.file,
        outcome.errors
    );
    let verdicts: BTreeMap<String, u64> = outcome
        .summary
        .verdicts
        .iter()
        .map(|(verdict, count)| (verdict.name().to_owned(), count))
        .collect();
    assert_eq!(verdicts, case.verdicts, "verdicts of {}", case.file);
    if !case.kinds.is_empty() {
        let kinds: BTreeMap<String, u64> = outcome
            .summary
            .kinds
            .iter()
            .map(|(kind, count)| (kind.name().to_owned(), count))
            .collect();
        assert_eq!(kinds, case.kinds, "kinds of {}", case.file);
    }
    let mut findings = Vec::new();
    let mut reasons = String::new();
    for (_, judged) in &outcome.documents {
        let report = &judged.report;
        for alert in &report.alerts {
            for finding in &alert.findings {
                findings.push(format!("{} {}", alert.rule, finding.at));
            }
        }
        reasons.push_str(&format!("{:?} {:?}", report.fault, report.hint));
        for problem in &report.problems {
            reasons.push_str(&format!("{problem:?}"));
        }
        if report.verdict == Verdict::Malformed {
            assert!(report.fault.is_some());
        }
    }
    findings.sort();
    let mut wanted = case.findings.clone();
    wanted.sort();
    assert_eq!(findings, wanted, "findings of {}", case.file);
    for word in &case.says {
        assert!(
            reasons.contains(word.as_str()),
            "{}: {word:?} in {reasons}",
            case.file
        );
    }
    if let Some(notices) = case.notices {
        assert_eq!(outcome.summary.notices, notices, "notices of {}", case.file);
    }
    assert_eq!(outcome.summary.unexpanded, case.unexpanded, "{}", case.file);
}

fn cases(name: &str) -> Vec<Case> {
    let path = support::root("tests/cases/documents").join(name);
    let text = std::fs::read_to_string(&path).expect("the cases are there");
    let cases: Cases = toml::from_str(&text).expect("the cases are TOML");
    cases.document
}

#[test]
fn documents_of_the_repository() {
    for case in cases("repository.toml") {
        check(&case, &support::root(&case.file));
    }
}

#[test]
fn every_real_document_has_its_expected_verdict() {
    let Some(base) = support::shared("data/real") else {
        return;
    };
    let cases = cases("real.toml");
    for case in &cases {
        check(case, &base.join(&case.file));
    }
    let mut named: Vec<PathBuf> = cases.iter().map(|case| base.join(&case.file)).collect();
    named.sort();
    named.dedup();
    let mut there: Vec<PathBuf> = std::fs::read_dir(&base)
        .expect("readable")
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.is_dir())
        .flat_map(|folder| std::fs::read_dir(folder).expect("readable"))
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .collect();
    there.sort();
    assert_eq!(named, there, "each real document has a case");
}
