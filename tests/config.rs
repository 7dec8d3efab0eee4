//! `qualwatch.toml` as its user meets it: what is wrong in one, and what it does.
//!
//! Each test runs the real binary.

mod support;

use std::fs;
use std::process::Output;

use serde_json::Value;
use support::program::{run_in, text};

const EXAMPLE: &str = "examples/records/microsoft-example-2-expanded.json";

fn alerts(output: &Output) -> Vec<Value> {
    let lines = text(&output.stdout);
    lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

/// Each file of `tests/cases/config` beside what is said of it. With `QUALWATCH_BLESS` set what is
/// said is written there, for a person to read before it is committed.
#[test]
fn what_is_wrong_in_a_configuration_is_told_with_its_place_and_what_to_type() {
    let folder = support::root("tests/cases/config");
    let mut cases = 0;
    for entry in fs::read_dir(&folder).expect("cases").flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|end| end != "toml") {
            continue;
        }
        cases += 1;
        let name = path.file_name().and_then(|name| name.to_str());
        let arguments = [
            "--check",
            "--format",
            "text",
            "--config",
            name.expect("a name"),
        ];
        let output = run_in(&folder, &arguments);
        let said = match output.status.code() {
            Some(0) => "no fault".to_owned(),
            _ => text(&output.stderr),
        };
        let expected = path.with_extension("txt");
        if std::env::var_os("QUALWATCH_BLESS").is_some() {
            fs::write(&expected, format!("{}\n", said.trim())).expect("written");
            continue;
        }
        let wanted = fs::read_to_string(&expected).unwrap_or_default();
        assert_eq!(said.trim(), wanted.trim(), "{}", path.display());
    }
    assert!(cases >= 10, "only {cases} cases");
}

#[test]
fn flags_of_the_file_count_and_those_that_are_given_count_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let example = support::root(EXAMPLE);
    let example = example.to_str().expect("UTF-8");
    let config = folder.path().join("qualwatch.toml");
    fs::create_dir(folder.path().join("own")).expect("made");
    let rule = "rule(\"own\", #{ on: \"call\", when: |c| has(c.id) });";
    fs::write(folder.path().join("own/a.rhai"), rule).expect("written");
    fs::write(
        &config,
        "rules = [\"own\"]\nfail-on = \"info\"\nonce = true\n",
    )
    .expect("written");
    let output = run_in(folder.path(), &[example]);
    let rules: Vec<String> = alerts(&output)
        .iter()
        .map(|alert| alert["rule"].to_string())
        .collect();
    assert_eq!(rules, ["\"own\""]);
    assert_eq!(output.status.code(), Some(1), "by fail-on");
    assert!(text(&output.stderr).contains("the configuration is qualwatch.toml"));
    // Given, it replaces what stands in the file.
    let shipped = support::root("rules");
    let output = run_in(
        folder.path(),
        &[
            "--rules",
            shipped.to_str().expect("UTF-8"),
            "--fail-on",
            "critical",
            example,
        ],
    );
    assert_eq!(alerts(&output).len(), 2);
    assert_eq!(output.status.code(), Some(0));
    // Elsewhere nothing is found, and named, paths are those of its folder.
    let elsewhere = tempfile::tempdir().expect("a folder");
    assert_eq!(alerts(&run_in(elsewhere.path(), &[example])).len(), 2);
    let named = config.to_str().expect("UTF-8");
    let output = run_in(elsewhere.path(), &["--config", named, example]);
    assert_eq!(alerts(&output).len(), 1);
    assert!(!text(&output.stderr).contains("the configuration is"));
    let explained = run_in(elsewhere.path(), &["explain", "--config", named, example]);
    assert!(
        text(&explained.stdout).contains("own"),
        "{}",
        text(&explained.stderr)
    );
}

#[test]
fn limits_and_what_is_read_may_stand_in_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let example = support::root(EXAMPLE);
    let config = format!(
        "paths = [{example:?}]\nset = {{ audio_degradation = \"2 MOS\" }}\nformat = \"text\"\ncolor = \"never\"\n"
    );
    fs::write(folder.path().join("qualwatch.toml"), config).expect("written");
    let output = run_in(folder.path(), &[]);
    let shown = text(&output.stdout);
    assert!(shown.contains("poor-feedback"), "{shown}");
    assert!(!shown.contains("poor-audio"), "{shown}");
    assert!(text(&output.stderr).contains("configuration  qualwatch.toml"));
}

#[test]
fn links_come_with_alerts_and_records_cannot_bend_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let record = fs::read_to_string(support::root(EXAMPLE)).expect("readable");
    let hostile = record.replace("Abbie Wilkins", "a/../?x=1&{rule}#é \\\"<");
    fs::write(folder.path().join("a.json"), hostile).expect("written");
    let config = "[links]\n\
        call = \"https://a.example/{call.id}?from={call.start.ms}&to={call.end.ms}&q={{}}\"\n\
        who = \"https://a.example/people/{client.name}/{rule}\"\n\
        none = \"https://a.example/{labels.team}\"\n";
    fs::write(folder.path().join("qualwatch.toml"), config).expect("written");
    let output = run_in(folder.path(), &["a.json"]);
    let links = alerts(&output)[0]["links"].clone();
    assert_eq!(
        links["call"],
        "https://a.example/e523d2ed-2966-4b6b-925b-754a88034cc5?from=1582656741216&to=1582656766764&q=%7B%7D"
    );
    assert_eq!(
        links["who"],
        "https://a.example/people/a%2F..%2F%3Fx%3D1%26%7Brule%7D%23%C3%A9%20%22%3C/poor-audio"
    );
    assert!(links.get("none").is_none(), "the rule has no such label");
    let shown = text(&run_in(folder.path(), &["--format", "text", "a.json"]).stdout);
    assert!(
        shown.contains("  call  https://a.example/e523d2ed"),
        "{shown}"
    );
}

#[test]
fn the_page_lists_every_placeholder_and_its_blocks_are_read() {
    let page = fs::read_to_string(support::root("docs/config.md")).expect("readable");
    let rows: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("| `{"))
        .collect();
    let want: Vec<String> = qualwatch::alert::PLACEHOLDERS
        .iter()
        .map(|(name, gives, _)| format!("| `{{{name}}}` | {gives} |"))
        .collect();
    assert_eq!(rows.len(), want.len() + 1);
    for (row, want) in rows.iter().zip(&want) {
        assert_eq!(row, want);
    }
    for block in page.split("```toml\n").skip(1) {
        let block = block.split("```").next().unwrap_or_default();
        let folder = tempfile::tempdir().expect("a folder");
        let rules = support::root("rules");
        let link = |name: &str| folder.path().join(name);
        fs::create_dir(link("rules")).expect("made");
        for name in ["audio.rhai", "thresholds.toml"] {
            fs::copy(rules.join(name), link("rules").join(name)).expect("copied");
        }
        fs::create_dir(link("rules/cqd-current")).expect("made");
        for name in ["audio.rhai", "thresholds.toml"] {
            let from = rules.join("cqd-current").join(name);
            fs::copy(from, link("rules/cqd-current").join(name)).expect("copied");
        }
        let site = "10.1.0.0,,24,A,,,,,,,,,1,0\n";
        fs::write(link("buildings.csv"), site).expect("written");
        fs::write(link("qualwatch.toml"), block).expect("written");
        let output = run_in(folder.path(), &["--check"]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    }
}
