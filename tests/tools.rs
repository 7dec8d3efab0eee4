//! The jobs that help to write rules and to set limits, as their user meets them.
//!
//! The cases in `tests/cases/tools` are whole sessions: a command, what it prints, what it says on
//! standard error, and its exit status. With `QUALWATCH_BLESS` set they are written anew, for a
//! person to read the difference.

mod support;

use std::fs;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_qualwatch"))
        .current_dir(support::root(""))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// A command's words; what stands in single quotes is one.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (at, part) in command.split('\'').enumerate() {
        if at % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

#[test]
fn every_session_goes_as_it_is_written() {
    let mut paths: Vec<_> = fs::read_dir(support::root("tests/cases/tools"))
        .expect("cases")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|it| it == "txt"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty());
    for path in paths {
        let case = fs::read_to_string(&path).expect("readable");
        let command = case
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("$ qualwatch "))
            .unwrap_or_else(|| panic!("{} begins with no command", path.display()));
        let words = words(command);
        let output = run(&words.iter().map(String::as_str).collect::<Vec<_>>());
        let mut got = format!("$ qualwatch {command}\n{}", text(&output.stdout));
        if !output.stderr.is_empty() {
            got.push_str(&format!("--- said beside it\n{}", text(&output.stderr)));
        }
        got.push_str(&format!(
            "--- exit {}\n",
            output.status.code().unwrap_or(-1)
        ));
        if std::env::var_os("QUALWATCH_BLESS").is_some() {
            fs::write(&path, &got).expect("written");
            continue;
        }
        assert_eq!(got, case, "{}", path.display());
    }
}

#[test]
fn the_pages_show_what_is_really_printed() {
    let mut seen = 0;
    for page in ["README.md"] {
        let page_text = fs::read_to_string(support::root(page)).expect("readable");
        for block in page_text.split("```console\n").skip(1) {
            let block = block.split("\n```").next().unwrap_or_default();
            let Some((command, shown)) = block.split_once('\n') else {
                continue;
            };
            let Some(command) = command.strip_prefix("$ qualwatch ") else {
                continue;
            };
            let words = words(command);
            let ours = ["explain", "rules", "test", "tune"];
            if !words
                .first()
                .is_some_and(|word| ours.contains(&word.as_str()))
            {
                continue;
            }
            seen += 1;
            let output = run(&words.iter().map(String::as_str).collect::<Vec<_>>());
            let printed = text(&output.stdout);
            // `…` stands for lines that are left out.
            let mut rest = printed.as_str();
            for part in shown.split("…\n") {
                let part = part.trim_end_matches('\n').trim_end_matches("\n…");
                let at = rest.find(part);
                let at = at.unwrap_or_else(|| panic!("{page}: {command}\n{part}\n---\n{printed}"));
                rest = &rest[at + part.len()..];
            }
        }
    }
    assert!(seen > 0);
}

#[test]
fn an_explanation_adds_up_to_what_the_main_job_counts() {
    let records = "examples/records/generated.ndjson";
    let counts = text(&run(&["--format", "json", records]).stderr);
    let summary: Value =
        serde_json::from_str(counts.lines().last().expect("a summary")).expect("JSON");
    let explained = text(&run(&["explain", "--format", "json", records]).stdout);
    let mut told = std::collections::BTreeMap::<(String, String), u64>::new();
    for line in explained.lines() {
        let document: Value = serde_json::from_str(line).expect("JSON");
        for rule in document["rules"].as_array().expect("rules") {
            let name = rule["rule"].as_str().expect("a name").to_owned();
            for place in rule["places"].as_array().expect("places") {
                let said = place["said"].as_str().expect("said").to_owned();
                *told.entry((name.clone(), said)).or_default() += 1;
            }
        }
    }
    for (name, counts) in summary["rules"].as_object().expect("rules") {
        for said in ["fired", "quiet", "unknown", "failed"] {
            let told = told
                .get(&(name.clone(), said.to_owned()))
                .copied()
                .unwrap_or(0);
            assert_eq!(counts[said], told, "{name} {said}");
        }
    }
}
