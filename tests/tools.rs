//! The jobs that help to write rules and to set limits, as their user meets them.
//!
//! The cases in `tests/cases/tools` are whole sessions: a command, what it prints, what it says on
//! standard error, and its exit status. With `QUALWATCH_BLESS` set they are written anew, for a
//! person to read the difference.

mod support;

use std::fs;
use std::process::Output;

use serde_json::Value;
use support::program::{run_in, text};

fn run(arguments: &[&str]) -> Output {
    run_in(&support::root(""), arguments)
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
    let cost = regex::Regex::new(r"by itself [0-9.]+ (ns|µs|ms)").expect("a pattern");
    for path in paths {
        let case = fs::read_to_string(&path).expect("readable");
        let command = case
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("$ qualwatch "))
            .unwrap_or_else(|| panic!("{} begins with no command", path.display()));
        let words = words(command);
        let output = run(&words.iter().map(String::as_str).collect::<Vec<_>>());
        // What a rule costs is measured, and is not the same twice.
        let shown = text(&output.stdout);
        let shown = cost.replace_all(&shown, "by itself …");
        let mut got = format!("$ qualwatch {command}\n{shown}");
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

/// What `qualwatch test --format json` says of a path; of the shipped rules, if there is none.
fn tested(path: Option<&str>) -> Value {
    let mut arguments = vec!["test", "--format", "json"];
    arguments.extend(path);
    let output = run(&arguments);
    let said = text(&output.stderr);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{said}{}",
        text(&output.stdout)
    );
    serde_json::from_str(&text(&output.stdout)).expect("JSON")
}

#[test]
fn every_branch_of_every_shipped_rule_has_a_case() {
    let all = tested(Some("rules/"));
    let mut folders = Vec::new();
    for folder in all["tested"].as_array().expect("folders") {
        folders.push(folder["rules"].as_str().expect("a name"));
        let cases = folder["cases"].as_array().expect("cases");
        let failed: Vec<&Value> = cases.iter().filter(|it| it["passed"] != true).collect();
        assert!(failed.is_empty(), "{failed:#?}");
        // True, false and unknown; at its limit, just under it and just over it.
        assert_eq!(
            folder["notCovered"],
            serde_json::json!([]),
            "{}",
            folder["rules"]
        );
        assert!(folder["conditions"].as_u64() > Some(0));
    }
    let mut there = vec!["rules/".to_owned()];
    for entry in fs::read_dir(support::root("rules"))
        .expect("readable")
        .flatten()
    {
        if entry.path().is_dir() {
            there.push(format!("rules/{}", entry.file_name().to_string_lossy()));
        }
    }
    there.sort();
    assert_eq!(folders, there, "each folder of rules is tested");
}

#[test]
fn the_shipped_cases_are_those_of_the_folder() {
    let cases = |tested: &Value| -> Vec<String> {
        let cases = tested["tested"][0]["cases"].as_array().expect("cases");
        cases
            .iter()
            .map(|it| format!("{} {}", it["case"], it["with"]))
            .collect()
    };
    assert_eq!(cases(&tested(None)), cases(&tested(Some("rules/"))));
}

#[test]
fn a_rule_that_changes_fails_a_case() {
    // Each change to the shipped rules is one that some case must notice.
    for (file, from, to) in [
        (
            "audio.rhai",
            "averageJitter > limits::jitter",
            "averageJitter >= limits::jitter",
        ),
        (
            "audio.rhai",
            "s.packetUtilization > limits::packets",
            "s.packetUtilization >= limits::packets",
        ),
        ("audio.rhai", "\"main-audio\"", "\"main-video\""),
        ("audio.rhai", "duration >= limits", "duration > limits"),
        ("feedback.rhai", "[\"bad\", \"poor\"]", "[\"bad\"]"),
        ("feedback.rhai", "\"notRated\"", "\"fair\""),
        ("failure.rhai", " || has(s.failure.reason)", ""),
        (
            "video.rhai",
            "averageVideoFrameRate < limits::video_frame_rate",
            "averageVideoFrameRate <= limits::video_frame_rate",
        ),
        ("thresholds.toml", "limit = \"30ms\"", "limit = \"31ms\""),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        for entry in fs::read_dir(support::root("rules"))
            .expect("readable")
            .flatten()
        {
            if entry.path().is_file() {
                let mut text = fs::read_to_string(entry.path()).expect("readable");
                if entry.file_name().to_string_lossy() == file {
                    assert!(text.contains(from), "{file} has no {from}");
                    text = text.replacen(from, to, 1);
                }
                fs::write(folder.path().join(entry.file_name()), text).expect("written");
            }
        }
        let output = run(&["test", &folder.path().display().to_string()]);
        let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert_eq!(
            output.status.code(),
            Some(1),
            "{file}: {from} to {to}\n{said}"
        );
    }
}

#[test]
fn what_is_wrong_with_a_case_is_told_with_its_place() {
    let cases =
        fs::read_to_string(support::root("tests/cases/tools/wrong-cases.toml")).expect("readable");
    let mut seen = 0;
    for part in cases.split("#### ").skip(1) {
        let (wanted, text_of_case) = part.split_once('\n').expect("a line");
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["audio.rhai", "feedback.rhai", "thresholds.toml"] {
            let from = support::root("rules").join(name);
            fs::copy(from, folder.path().join(name)).expect("copied");
        }
        fs::write(folder.path().join("a.test.toml"), text_of_case).expect("written");
        let output = run(&["test", &folder.path().display().to_string()]);
        let said = text(&output.stderr);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{wanted}\n{said}{}",
            text(&output.stdout)
        );
        for wanted in wanted.split(" | ") {
            assert!(said.contains(wanted), "{wanted}\n{said}");
        }
        assert!(said.contains("a.test.toml:"), "{said}");
        assert!(output.stdout.is_empty());
        seen += 1;
    }
    assert!(seen >= 20, "{seen}");
}

#[test]
fn the_pages_show_what_is_really_printed() {
    let mut seen = 0;
    for page in ["README.md", "docs/tools.md"] {
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
        if document["schema"] == "qualwatch.window/1" {
            continue;
        }
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
