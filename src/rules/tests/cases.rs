//! Each `tests/cases/rules/<sentence>.rhai` must load, or fail to, as `<sentence>.expected` says.
//!
//! `QUALWATCH_BLESS=1` writes the expectations anew; read the difference before you keep it.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::build::{LIMITS, pack};
use crate::rules::{Overrides, PROBLEM_CODES, PackSource, ProblemKind, RuleSet, render};

#[test]
fn problems_and_notices_read_as_expected() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases/rules");
    let mut failed = Vec::new();
    let mut seen = 0;
    let mut codes = BTreeSet::new();
    for entry in fs::read_dir(folder).expect("the cases") {
        let path = entry.expect("a case").path();
        if path.extension().is_none_or(|extension| extension != "rhai") {
            continue;
        }
        seen += 1;
        let rules = fs::read_to_string(&path).expect("a case");
        let own = fs::read_to_string(path.with_extension("toml"));
        let pack = PackSource {
            whole: own.is_ok(),
            ..pack(own.as_deref().unwrap_or(LIMITS), &rules)
        };
        let said = match RuleSet::from_sources(&[pack], &Overrides::none()) {
            Ok((_, notices)) if notices.is_empty() => "it loads\n".to_owned(),
            Ok((set, notices)) => {
                format!("it loads\n\n{}\n", render(&notices, set.sources(), false))
            }
            Err(errors) => format!("{errors}\n"),
        };
        codes.extend(
            said.split(['[', ']'])
                .filter(|word| word.starts_with("QR"))
                .map(str::to_owned),
        );
        let expected = path.with_extension("expected");
        if std::env::var_os("QUALWATCH_BLESS").is_some() {
            fs::write(&expected, &said).expect("an expectation");
        }
        let want = fs::read_to_string(&expected).unwrap_or_default();
        if want != said {
            failed.push(format!(
                "{}\n--- want\n{want}--- got\n{said}",
                path.display()
            ));
        }
    }
    assert!(seen > 20, "{seen} cases");
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    /// Those that no text by itself can have; other tests of this file do.
    const ELSEWHERE: [&str; 4] = ["QR003", "QR004", "QR035", "QR036"];
    let known: Vec<&str> = PROBLEM_CODES.iter().map(|(code, _)| *code).collect();
    for code in &known {
        let case = codes.contains(*code) || ELSEWHERE.contains(code);
        assert!(case, "no case has {code}");
    }
    for code in &codes {
        assert!(known.contains(&code.as_str()), "{code} is in no registry");
    }
}

#[test]
fn codes_are_in_order_and_explained() {
    let page = include_str!("../../../docs/rule-problems.md");
    let rows: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("| `QR"))
        .collect();
    let want: Vec<String> = PROBLEM_CODES
        .iter()
        .map(|(code, what)| format!("| `{code}` | {what} |"))
        .collect();
    assert!(
        PROBLEM_CODES.is_sorted_by(|a, b| a.0 < b.0),
        "a code stands twice, or out of order"
    );
    assert_eq!(
        rows.len(),
        want.len(),
        "docs/rule-problems.md has another number of codes"
    );
    for (row, want) in rows.iter().zip(&want) {
        assert!(
            row.starts_with(want),
            "docs/rule-problems.md: want {want} …, got {row}"
        );
    }
}

#[test]
fn overrides_must_name_a_limit_and_fit_it() {
    let rule = "rule(\"a\", #{ on: \"stream\", when: |s| s.averageJitter > limits::jitter });";
    let load = |written: &str| {
        let mut overrides = Overrides::none();
        assert!(overrides.add(written));
        RuleSet::from_sources(&[pack(LIMITS, rule)], &overrides)
    };
    let (set, _) = load("jitter=40ms").expect("a limit");
    let limit = set.limits(&set.rules()[0]).get("jitter").expect("a limit");
    assert_eq!(limit.limit.value.to_string(), "40");
    for (written, want) in [
        ("jiter=40ms", "did you mean `jitter`?"),
        ("jitter=40%", "is in ratio, but the limit is in ms"),
        ("jitter=fast", "`fast` is no limit"),
    ] {
        let said = load(written).expect_err(written).to_string();
        assert!(said.contains(want), "{written}: {said}");
    }
}

#[test]
fn a_limit_that_no_rule_reads_is_a_notice() {
    let rule = "rule(\"a\", #{ on: \"stream\", when: |s| s.averageJitter > limits::jitter });";
    let thresholds = "jitter = 30\nidle = 3";
    let (_, notices) =
        RuleSet::from_sources(&[pack(thresholds, rule)], &Overrides::none()).expect("rules");
    let said: Vec<String> = notices.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        ["rules/thresholds.toml:2:1: no rule here reads the limit `idle`"]
    );
}

#[test]
fn a_folder_is_its_own_files_and_a_sub_folder_falls_back_to_its_parent() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let rule = |name: &str, limit: &str| {
        format!(
            "rule(\"{name}\", #{{ on: \"stream\", when: |s| s.averageJitter > limits::{limit} }});"
        )
    };
    fs::create_dir(at("sub")).expect("a folder");
    fs::write(at("thresholds.toml"), "jitter = \"30ms\"\nother = 5").expect("a file");
    fs::write(at("one.rhai"), rule("one", "jitter")).expect("a file");
    fs::write(at("two.rhai"), rule("two", "other")).expect("a file");
    fs::write(at("notes.txt"), "no rules").expect("a file");
    fs::write(at("sub/thresholds.toml"), "jitter = \"50ms\"").expect("a file");
    fs::write(at("sub/three.rhai"), rule("three", "jitter")).expect("a file");
    fs::write(at("sub/four.rhai"), rule("four", "other")).expect("a file");
    let none = Overrides::none();
    let (set, _) = RuleSet::load(&[at("")], &none).expect("rules");
    assert_eq!(set.rules().len(), 2);
    let (set, _) = RuleSet::load(&[at(""), at("one.rhai"), at("sub")], &none).expect("rules");
    let names: Vec<&str> = set.rules().iter().map(|rule| &**rule.name()).collect();
    assert_eq!(names, ["one", "two", "four", "three"]);
    let jitter = |rule: usize| {
        set.limits(&set.rules()[rule])
            .get("jitter")
            .map(|entry| entry.limit.value.to_string())
    };
    assert_eq!(
        (jitter(0), jitter(3)),
        (Some("30".to_owned()), Some("50".to_owned()))
    );
    for (path, want) in [("missing", "cannot read"), ("notes", "cannot read")] {
        let said = RuleSet::load(&[at(path)], &none)
            .expect_err(path)
            .to_string();
        assert!(said.contains(want), "{said}");
    }
    fs::create_dir(at("empty")).expect("a folder");
    let said = RuleSet::load(&[at("empty")], &none)
        .expect_err("no rules")
        .to_string();
    assert!(said.contains("no rules in"), "{said}");
}

/// What is wrong with a folder of one rule on `limits::jitter`, and these bytes as its thresholds.
fn refused(thresholds: &[u8], overrides: &Overrides) -> Vec<ProblemKind> {
    let folder = tempfile::tempdir().expect("a folder");
    let rule = "rule(\"a\", #{ on: \"stream\", when: |s| s.averageJitter > limits::jitter });";
    fs::write(folder.path().join("a.rhai"), rule).expect("a file");
    fs::write(folder.path().join("thresholds.toml"), thresholds).expect("a file");
    let errors = RuleSet::load(&[folder.path().to_path_buf()], overrides);
    let problems = errors.expect_err("refused").problems;
    problems.into_iter().map(|problem| problem.kind).collect()
}

#[test]
fn what_is_wrong_with_limits_is_all_that_is_told_of_them() {
    let mut set = Overrides::none();
    assert!(set.add("jitter=40ms"));
    for overrides in [Overrides::none(), set] {
        let kinds = refused(b"jitter = \"30 \xfcs\"", &overrides);
        assert!(
            matches!(&*kinds, [ProblemKind::Unreadable { .. }]),
            "{kinds:?}"
        );
        let kinds = refused(b"jitter = 30 ms", &overrides);
        assert!(matches!(&*kinds, [ProblemKind::Toml(_)]), "{kinds:?}");
        let kinds = refused(b"jitter = \"30 seconds\"", &overrides);
        assert!(matches!(&*kinds, [ProblemKind::BadLimit(_)]), "{kinds:?}");
    }
    let kinds = refused(b"jiter = \"30 seconds\"", &Overrides::none());
    let limit = |kind: &ProblemKind| matches!(kind, ProblemKind::UnknownLimit(_));
    assert!(kinds.iter().any(limit), "{kinds:?}");
}

#[test]
fn a_mark_in_front_of_a_file_is_no_part_of_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let rule = "rule(\"a\", #{ on: \"stream\", when: |s| s.averageJitter > limits::jiter });";
    for (name, text) in [("a.rhai", rule), ("thresholds.toml", "jitter = \"30ms\"")] {
        fs::write(folder.path().join(name), format!("\u{feff}{text}")).expect("a file");
    }
    let errors = RuleSet::load(&[folder.path().to_path_buf()], &Overrides::none());
    let problems = errors.expect_err("a wrong name").problems;
    let places = problems.iter().filter_map(|problem| problem.place.as_ref());
    let places: Vec<usize> = places.map(|place| place.column).collect();
    assert_eq!(places, [rule.find("jiter").expect("there") + 1]);
}
