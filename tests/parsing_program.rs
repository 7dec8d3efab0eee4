//! JSONTestSuite through the program: are our policies the only difference from the parser?
//!
//! One run over all its files at `--framing document`. Against tests/parsing.rs only a name that
//! stands twice with two values, and the caps, may change what becomes of a text.

mod support;

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

/// What `qualwatch check` says of each text under a schema that takes everything.
fn checked(options: &[&str]) -> Option<BTreeMap<String, Option<String>>> {
    let folder = support::shared("suites/json-parsing/test_parsing")?;
    let folder = folder.canonicalize().expect("the suite's folder");
    let everything = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(everything.path(), "true").expect("written");
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .expect("the suite's folder")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let output = Command::new(env!("CARGO_BIN_EXE_qualwatch"))
        .args([
            "check",
            "--framing",
            "document",
            "--format",
            "json",
            "--schema",
        ])
        .arg(everything.path())
        .args(options)
        .args(&names)
        .current_dir(&folder)
        .output()
        .expect("the program runs");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let mut faults = BTreeMap::new();
    for line in String::from_utf8(output.stdout).expect("UTF-8").lines() {
        let event: Value = serde_json::from_str(line).expect("a line of JSON");
        let name = event["source"]["name"].as_str().expect("a name").to_owned();
        let code = event["errors"][0]["code"].as_str().map(str::to_owned);
        assert_eq!(code.is_none(), event["valid"] == true, "{line}");
        assert!(faults.insert(name, code).is_none(), "{line}");
    }
    Some(faults)
}

#[test]
fn check_says_the_same_of_each_text_as_the_main_job() {
    for options in [&[][..], &["--max-depth", "1024"]] {
        assert_eq!(checked(options), faults(options));
    }
}

/// What the program says of each text: the code of its fault, or nothing where it is JSON.
fn faults(options: &[&str]) -> Option<BTreeMap<String, Option<String>>> {
    let folder = support::shared("suites/json-parsing/test_parsing")?;
    let folder = folder.canonicalize().expect("the suite's folder");
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .expect("the suite's folder")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let output = Command::new(env!("CARGO_BIN_EXE_qualwatch"))
        .args(["--framing", "document", "--format", "json"])
        .args(options)
        .args(&names)
        .current_dir(&folder)
        .output()
        .expect("the program runs");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let mut faults = BTreeMap::new();
    for line in String::from_utf8(output.stderr).expect("UTF-8").lines() {
        let event: Value = serde_json::from_str(line).expect("a line of JSON");
        if event["schema"] == "qualwatch.document/1" {
            let name = event["source"]["name"].as_str().expect("a name").to_owned();
            let code = event["fault"]["code"].as_str().map(str::to_owned);
            assert_eq!(code.is_some(), event["verdict"] == "malformed", "{line}");
            let twice = faults.insert(name, code);
            assert!(twice.is_none(), "one text is one document: {line}");
        }
    }
    for name in names {
        assert!(faults.contains_key(&name), "{name}");
    }
    Some(faults)
}

#[test]
fn only_repeated_names_and_caps_part_the_program_from_the_parser() {
    let Some(faults) = faults(&[]) else { return };
    for (name, code) in &faults {
        match (name.get(..2), code.as_deref()) {
            (Some("y_"), None) | (Some("n_"), Some(_)) | (Some("i_"), _) => {}
            (Some("y_"), Some(code)) => {
                assert_eq!(name, "y_object_duplicated_key.json");
                assert_eq!(code, "repeated-name");
            }
            _ => panic!("{name} is no JSON, and was accepted"),
        }
    }
    assert_eq!(
        faults["i_structure_500_nested_arrays.json"].as_deref(),
        Some("too-deep")
    );
}

#[test]
fn what_is_left_to_the_reader_is_decided_as_the_parser_does_once_caps_are_raised() {
    let Some(faults) = faults(&["--max-depth", "1024"]) else {
        return;
    };
    let page = include_str!("../docs/json.md");
    let mut compared = 0;
    for row in page.lines().filter(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        for name in cells.last_chunk::<2>().expect("cells")[0].split('`') {
            if name.starts_with("i_") {
                let fault = &faults[&format!("{name}.json")];
                let accepted = cells[2].starts_with("accepted");
                assert_eq!(fault.is_none(), accepted, "{name}: {fault:?}");
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 35);
}
