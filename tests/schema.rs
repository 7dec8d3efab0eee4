//! `qualwatch schema` and `--api`, as their user meets them.
//!
//! What each kind of change looks like is tested beside the comparison; here it is the program, its
//! forms and its exit status.

mod support;

use std::process::{Command, Output};

use serde_json::Value;

fn program(arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(env!("CARGO_BIN_EXE_qualwatch"))
        .args(arguments)
        .current_dir(support::root(""))
        .output()
        .expect("the program runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status.code(), text(stdout), text(stderr))
}

const NEWER: &str = "src/schema/drift/tests/old.xml";

#[test]
fn show_prints_the_schema_as_it_is_committed() {
    for (arguments, file) in [
        (&["schema", "show"][..], "schemas/callRecord.schema.json"),
        (
            &["schema", "show", "--api", "beta"],
            "schemas/callRecord.beta.schema.json",
        ),
    ] {
        let committed = std::fs::read_to_string(support::root(file)).expect(file);
        assert_eq!(program(arguments), (Some(0), committed, String::new()));
    }
}

#[test]
fn the_plan_says_that_all_of_the_built_in_schemas_is_compiled() {
    for api in ["v1.0", "beta"] {
        let (status, text, _) = program(&["schema", "show", "--plan", "--api", api]);
        assert_eq!(status, Some(0));
        for part in ["document", "sessions page"] {
            assert!(
                text.contains(&format!("{part}: all of it is compiled\n")),
                "{text}"
            );
        }
        let told = "  a right document is told from its text, without a tape\n";
        assert_eq!(text.matches(told).count(), 1, "{text}");
        assert!(
            !text.contains(" engine"),
            "each pattern has its own way: {text}"
        );
    }
}

#[test]
fn the_plan_of_another_schema_says_what_is_left_and_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("own.json");
    let schema = r##"{
        "properties": {"a": {"type": "string", "pattern": "(a|b)+c"}, "b": {"$ref": "#anchor"}},
        "unevaluatedProperties": false,
        "$defs": {"c": {"$anchor": "anchor"}}
    }"##;
    std::fs::write(&file, schema).expect("a file");
    let file = file.to_str().expect("UTF-8");
    let (status, text, _) = program(&["schema", "show", "--schema", file]);
    assert_eq!((status, text.as_str()), (Some(0), schema));
    let (status, text, _) = program(&["schema", "show", "--schema", file, "--plan"]);
    assert_eq!(status, Some(0));
    for line in [
        "document: compiled, but for 2 places\n",
        "  patterns: 1 engine\n",
        "  without a tape, but for 3 kinds of values\n",
        "    #/properties/b/$ref: it names an anchor\n",
        "    #/unevaluatedProperties: it depends on what other keywords saw\n",
    ] {
        assert!(text.contains(line), "{line} is not in {text}");
    }
    std::fs::write(file, "{\"type\": \"strng\"}").expect("a file");
    let (status, text, errors) = program(&["schema", "show", "--schema", file, "--plan"]);
    assert_eq!((status, text.as_str()), (Some(2), ""));
    assert!(errors.contains("did you mean"), "{errors}");
}

#[test]
fn drift_is_a_line_for_each_change_and_exit_status_1() {
    let (status, text, errors) = program(&["schema", "drift", NEWER]);
    assert_eq!((status, errors.as_str()), (Some(1), ""));
    assert!(text.starts_with(&format!("{NEWER} against v1.0\n\nin call records\n")));
    for line in [
        "  + callRecord.kinds ",
        "  - callRecord.startDateTime ",
        "  - mediaStream ",
        "\nin reports about calls\n",
        "  + row ",
    ] {
        assert!(text.contains(line), "{line} is not in {text}");
    }
}

#[test]
fn drift_in_json_says_the_same() {
    let (status, text, _) = program(&["schema", "drift", NEWER, "--format", "json"]);
    assert_eq!(status, Some(1));
    let report: Value = serde_json::from_str(&text).expect("one JSON text");
    assert_eq!(report["schema"], "qualwatch.drift/1");
    assert_eq!(report["against"], "v1.0");
    assert_eq!(report["same"], false);
    let changes = report["changes"].as_array().expect("changes");
    let gone = |change: &&Value| {
        change["how"] == "went" && change["type"] == "callRecord" && change["name"] == "version"
    };
    let gone = changes.iter().find(gone).expect("it is not in the file");
    assert_eq!(gone["what"], "property");
    assert_eq!(gone["was"], "Edm.Int64");
    assert_eq!(gone["inCallRecord"], true);
}

#[test]
fn drift_refuses_what_is_no_metadata_and_what_is_not_there() {
    let (status, out, errors) = program(&["schema", "drift", "Cargo.toml"]);
    assert_eq!((status, out.as_str()), (Some(2), ""));
    assert!(errors.starts_with("error: Cargo.toml: not XML"), "{errors}");
    assert!(errors.contains("v1.0-Prod.csdl"), "{errors}");
    let (status, _, errors) = program(&["schema", "drift", "no/such.csdl"]);
    assert_eq!(status, Some(3));
    assert!(errors.starts_with("error: cannot read no/such.csdl"));
    let (status, _, errors) = program(&["schema", "drift", NEWER, "--against", "v3"]);
    assert_eq!(status, Some(2));
    assert!(errors.contains("use v1.0 or beta"), "{errors}");
}

#[test]
fn the_metadata_that_the_schemas_were_made_of_is_no_drift() {
    let Some(folder) = support::shared("graph") else {
        return;
    };
    for api in ["v1.0", "beta"] {
        let file = folder.join(format!("callRecords-{api}.csdl.xml"));
        let file = file.to_str().expect("UTF-8");
        let (status, text, _) = program(&["schema", "drift", file, "--against", api]);
        assert_eq!(status, Some(0), "{text}");
        assert!(text.ends_with("\nthe same\n"), "{text}");
    }
    let beta = folder.join("callRecords-beta.csdl.xml");
    let (status, text, _) = program(&["schema", "drift", beta.to_str().expect("UTF-8")]);
    assert_eq!(status, Some(1));
    let came = "  + pstnCallLogRow.clientPublicIpV6Address       Edm.String, may be null\n";
    assert!(text.contains(came), "{text}");
}

#[test]
fn the_main_job_takes_either_api_but_not_with_a_schema_of_ones_own() {
    let record = "examples/records/microsoft-example-2-expanded.json";
    let judged = |api| program(&["--api", api, "--format", "json", record]);
    let (status, alerts, _) = judged("v1.0");
    assert_eq!(status, Some(0));
    // Alerts tell when they were raised, and that differs.
    assert_eq!(judged("beta").1.lines().count(), alerts.lines().count());
    let own = ["--api", "beta", "--schema", "a.json", record];
    assert_eq!(program(&own).0, Some(2));
}
