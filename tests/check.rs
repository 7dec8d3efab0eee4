//! `qualwatch check` as its user meets it: what it says, in each form, and what it never opens.
//!
//! The cases in `tests/cases/check` are whole messages: each alone must be enough to mend its
//! document. With `QUALWATCH_BLESS` set they are written anew, for a person to read the difference.

mod support;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

const EXAMPLE: &str = "examples/records/microsoft-example-2-expanded.json";

/// Runs `qualwatch check` in `folder`.
fn check(folder: &Path, arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_qualwatch"))
        .current_dir(folder)
        .arg("check")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut stdin = child.stdin.take().expect("piped");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        // A program that ends early does not read it all.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().expect("ends");
    writer.join().expect("written");
    output
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("in a folder")).expect("made");
        fs::write(path, text).expect("written");
    }
    folder
}

fn lines(case: &Value, name: &str) -> String {
    match &case[name] {
        Value::Array(lines) => lines
            .iter()
            .map(|line| format!("{}\n", line.as_str().expect("a line")))
            .collect(),
        Value::String(text) => text.clone(),
        other => panic!("{name} is {other}"),
    }
}

#[test]
fn each_message_alone_is_enough_to_mend_its_document() {
    let cases = support::root("tests/cases/check");
    let mut paths: Vec<_> = fs::read_dir(&cases)
        .expect("cases")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    assert!(paths.len() >= 25, "{} cases", paths.len());
    let example = fs::read_to_string(support::root(EXAMPLE)).expect("readable");
    for path in paths {
        let name = path.display();
        let mut case: Value =
            serde_json::from_str(&fs::read_to_string(&path).expect("readable")).expect("a case");
        let file = case["file"].as_str().unwrap_or("document.json").to_owned();
        let document = match case["example"].as_array() {
            // A record of Microsoft's with one text in it replaced.
            Some(pair) => {
                let part = |at: usize| pair[at].as_str().expect("text");
                assert!(example.contains(part(0)), "{name}");
                example.replacen(part(0), part(1), 1)
            }
            None => lines(&case, "document"),
        };
        let folder = folder(&[(&file, &document)]);
        let mut arguments: Vec<String> = Vec::new();
        if !case["schema"].is_null() {
            let text = match &case["schema"] {
                lines @ Value::Array(_) => self::lines(&json!({"schema": lines}), "schema"),
                schema => schema.to_string(),
            };
            fs::write(folder.path().join("schema.json"), text).expect("written");
            arguments.extend(["--schema".to_owned(), "schema.json".to_owned()]);
        }
        for argument in case["arguments"].as_array().into_iter().flatten() {
            arguments.push(argument.as_str().expect("text").to_owned());
        }
        arguments.push(file);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = check(folder.path(), &arguments, b"");
        let status = case["status"].as_i64().unwrap_or(1);
        // A broken schema is told on standard error, as nothing was checked.
        let shown = match status {
            2 => text(&output.stderr),
            _ => text(&output.stdout),
        };
        if std::env::var_os("QUALWATCH_BLESS").is_some() {
            case["want"] = shown.lines().map(Value::from).collect();
            let text = serde_json::to_string_pretty(&case).expect("text");
            fs::write(&path, format!("{text}\n")).expect("written");
        } else {
            assert_eq!(shown, lines(&case, "want"), "{name}");
        }
        assert_eq!(
            output.status.code(),
            Some(status as i32),
            "{name}: {}",
            text(&output.stderr)
        );
    }
}

/// Documents that are wrong in many ways, with text that a careless writer would let through.
fn wrong() -> tempfile::TempDir {
    folder(&[
        (
            "schema.json",
            r##"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "required": ["id"],
  "additionalProperties": false,
  "properties": {
    "id": {"type": "integer"},
    "who": {"$ref": "#/$defs/person"},
    "shape": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/person"}]},
    "list": {"items": {"$ref": "parts/number.json"}}
  },
  "$defs": {"person": {"required": ["name", "mail"], "properties": {"name": {"type": "string"}}}}
}"##,
        ),
        ("parts/number.json", r#"{"type": "number", "minimum": 0}"#),
        (
            "a b.ndjson",
            "{\"id\": 1}\n{\"id\": \"<]]>&amp;\\u001b\\u0000\\ufffe\\u202e'\\\"\"}\n{\"id\": \"\u{fffe}\u{85}é\"}\n{\"id\": 2,}\n",
        ),
        (
            "b.json",
            "{\n\t\"who\": {\"name\": 5}, \"shape\": {\"name\": 6},\n  \"list\": [1, -1, \"x\"], \"é\": 1, \"m~/n\": 2\n}",
        ),
        ("c.json", "{\"id\": 3}"),
    ])
}

const WRONG: [&str; 5] = ["--schema", "schema.json", "a b.ndjson", "b.json", "c.json"];

fn validator(path: &str) -> jsonschema::Validator {
    let text = fs::read_to_string(support::root(path)).expect("readable");
    let schema: Value = serde_json::from_str(&text).expect("JSON");
    jsonschema::draft202012::new(&schema).expect("a schema")
}

/// Each violation of the documents by an independent reader of the schema: pointer and keyword.
fn violations(folder: &Path, text: &str) -> Vec<(String, String)> {
    struct Files(std::path::PathBuf);
    impl jsonschema::Retrieve for Files {
        fn retrieve(
            &self,
            uri: &jsonschema::Uri<String>,
        ) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
            let name = uri
                .as_str()
                .strip_prefix("file:///here/")
                .ok_or("elsewhere")?;
            Ok(serde_json::from_str(&fs::read_to_string(
                self.0.join(name),
            )?)?)
        }
    }
    let schema = fs::read_to_string(folder.join("schema.json")).expect("readable");
    let validator = jsonschema::options()
        .with_retriever(Files(folder.to_owned()))
        .with_base_uri("file:///here/schema.json")
        .build(&serde_json::from_str(&schema).expect("JSON"))
        .expect("a schema");
    let value: Value = serde_json::from_str(text).expect("JSON");
    let mut all: Vec<(String, String)> = validator
        .iter_errors(&value)
        .map(|error| {
            let path = error.evaluation_path().as_str().to_owned();
            (error.instance_path().as_str().to_owned(), path)
        })
        .collect();
    all.sort();
    all.dedup();
    all
}

/// The leaves of an output: what was wrong, by instance and keyword location.
fn leaves(unit: &Value, depth: usize, out: &mut Vec<(String, String)>) {
    let place = |name: &str| unit[name].as_str().unwrap_or_default().to_owned();
    if unit["error"].is_string() {
        if unit["code"].is_null() {
            out.push((place("instanceLocation"), place("keywordLocation")));
        }
        // What is inside an error explains it.
        return;
    }
    assert!(depth < 20);
    for inner in unit["errors"].as_array().into_iter().flatten() {
        leaves(inner, depth + 1, out);
    }
}

#[test]
fn json_is_the_standards_output_in_each_of_its_forms() {
    let folder = wrong();
    let output_schema = validator("tests/cases/formats/output.schema.json");
    for form in ["flag", "list", "hierarchical"] {
        let mut arguments = vec!["--format", "json", "--output", form];
        arguments.extend(WRONG);
        let output = check(folder.path(), &arguments, b"");
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
        let shown = text(&output.stdout);
        assert!(
            !shown
                .chars()
                .any(|c| c != '\n' && qualwatch::text::is_harmful(c))
        );
        let units: Vec<Value> = shown
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        let verdicts: Vec<&Value> = units.iter().map(|unit| &unit["valid"]).collect();
        assert_eq!(verdicts, [true, false, false, false, false, true], "{form}");
        for unit in &units {
            let errors: Vec<String> = output_schema
                .iter_errors(unit)
                .map(|error| error.to_string())
                .collect();
            assert!(errors.is_empty(), "{form}: {errors:?} in {unit}");
        }
        if form == "flag" {
            assert!(units.iter().all(|unit| unit["errors"].is_null()));
            continue;
        }
        let whole = fs::read_to_string(folder.path().join("b.json")).expect("readable");
        let mut found = Vec::new();
        leaves(&units[4], 0, &mut found);
        if form == "list" {
            // A list names what is below an `anyOf` too.
            found.retain(|(_, keyword)| !keyword.contains("/anyOf/"));
        }
        found.sort();
        found.dedup();
        assert_eq!(found, violations(folder.path(), &whole), "{form}");
    }
}

#[test]
fn sarif_keeps_to_the_standard_and_marks_the_very_characters() {
    let folder = wrong();
    let mut arguments = vec!["--format", "sarif"];
    arguments.extend(WRONG);
    arguments.push("gone.json");
    let output = check(folder.path(), &arguments, b"");
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    let log: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let errors: Vec<String> = validator("tests/cases/formats/sarif.schema.json")
        .iter_errors(&log)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
    // And a reader that others publish reads it.
    let read: serde_sarif::sarif::Sarif =
        serde_json::from_slice(&output.stdout).expect("SARIF by its published model");
    let told = read.runs[0].results.as_ref().map_or(0, Vec::len);
    assert_eq!(
        Some(told),
        log["runs"][0]["results"].as_array().map(Vec::len)
    );
    let run = &log["runs"][0];
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
    let results = run["results"].as_array().expect("results");
    let rules: Vec<&Value> = run["tool"]["driver"]["rules"]
        .as_array()
        .expect("rules")
        .iter()
        .map(|rule| &rule["id"])
        .collect();
    let mut marked = Vec::new();
    for result in results {
        assert!(rules.contains(&&result["ruleId"]), "{result}");
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().expect("a URI");
        let source = fs::read_to_string(folder.path().join(uri.replace("%20", " ")));
        let source = source.expect("readable");
        let number = |name: &str| place["region"][name].as_u64().map(|n| n as usize - 1);
        let line = source
            .split('\n')
            .nth(number("startLine").expect("a line"))
            .expect("there");
        if let (Some(start), Some(end)) = (number("startColumn"), number("endColumn")) {
            let text: String = line.chars().skip(start).take(end - start).collect();
            marked.push((result["ruleId"].as_str().expect("text").to_owned(), text));
        }
    }
    for (rule, text) in [
        ("type", "5"),
        ("minimum", "-1"),
        ("type", "\"x\""),
        ("additionalProperties", "\"é\""),
        ("additionalProperties", "\"m~/n\""),
        ("anyOf", "{"),
        ("required", "{"),
    ] {
        assert!(
            marked.contains(&(rule.to_owned(), text.to_owned())),
            "{rule} {text}: {marked:?}"
        );
    }
    // The same run again gives the same fingerprints, and no two of a file share one.
    let prints = |results: &[Value]| -> Vec<String> {
        results
            .iter()
            .map(|r| r["partialFingerprints"].to_string())
            .collect()
    };
    let again: Value =
        serde_json::from_slice(&check(folder.path(), &arguments, b"").stdout).expect("JSON");
    assert_eq!(
        prints(results),
        prints(again["runs"][0]["results"].as_array().expect("results"))
    );
    let clean = check(
        folder.path(),
        &["--schema", "schema.json", "--format", "sarif", "c.json"],
        b"",
    );
    assert_eq!(clean.status.code(), Some(0));
    let log: Value = serde_json::from_slice(&clean.stdout).expect("JSON");
    assert_eq!(log["runs"][0]["results"], json!([]));
}

#[test]
fn junit_is_xml_that_a_reader_reads_and_its_counts_add_up() {
    let folder = wrong();
    let mut arguments = vec!["--format", "junit"];
    arguments.extend(WRONG);
    arguments.push("gone.json");
    let output = check(folder.path(), &arguments, b"");
    assert_eq!(output.status.code(), Some(3));
    let shown = text(&output.stdout);
    // A reader that others publish, and then the XML itself.
    let read = junit_parser::from_reader(shown.as_bytes()).expect("JUnit by a published reader");
    let document = roxmltree::Document::parse(&shown).expect("XML");
    let root = document.root_element();
    assert_eq!(root.tag_name().name(), "testsuites");
    let by_reader: Vec<_> = read
        .suites
        .iter()
        .map(|suite| [Some(suite.tests), Some(suite.failures)])
        .collect();
    let by_us: Vec<_> = root
        .children()
        .filter(roxmltree::Node::is_element)
        .map(|suite| ["tests", "failures"].map(|name| suite.attribute(name)?.parse().ok()))
        .collect();
    assert_eq!(by_reader, by_us);
    let suites: Vec<_> = root
        .children()
        .filter(roxmltree::Node::is_element)
        .collect();
    let names: Vec<_> = suites.iter().map(|suite| suite.attribute("name")).collect();
    assert_eq!(
        names,
        [
            Some("a b.ndjson"),
            Some("b.json"),
            Some("c.json"),
            Some("gone.json")
        ]
    );
    let mut counts = Vec::new();
    for suite in &suites {
        let count = |name: &str| -> usize {
            suite
                .attribute(name)
                .expect(name)
                .parse()
                .expect("a number")
        };
        let having = |tag: &str| {
            suite
                .children()
                .filter(|case| case.children().any(|inner| inner.has_tag_name(tag)))
                .count()
        };
        let cases = suite
            .children()
            .filter(|case| case.has_tag_name("testcase"))
            .count();
        assert_eq!(count("tests"), cases);
        assert_eq!(count("failures"), having("failure"));
        assert_eq!(count("errors"), having("error"));
        counts.push((cases, count("failures"), count("errors")));
    }
    assert_eq!(counts, [(4, 3, 0), (1, 1, 0), (1, 0, 0), (1, 0, 1)]);
    let failure = document
        .descendants()
        .find(|node| node.has_tag_name("failure"))
        .and_then(|node| node.text())
        .expect("a failure");
    // The text comes back as it stands in the document.
    assert!(
        failure.contains(r#""<]]>&amp;\u001b\u0000\ufffe\u202e'\"""#),
        "{failure}"
    );
    let allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert!(shown.chars().all(allowed));
}

#[test]
fn exit_statuses_tell_what_happened() {
    let folder = wrong();
    let input = b"{\"id\": 1}\n{\"id\": 2}\n";
    for (arguments, status) in [
        (vec!["--schema", "schema.json", "c.json"], 0),
        (vec!["--schema", "schema.json", "-"], 0),
        (vec!["--schema", "schema.json"], 0),
        (vec!["--schema", "schema.json", "b.json"], 1),
        (vec!["--schema", "schema.json", "c.json", "a b.ndjson"], 1),
        (vec!["--schema", "schema.json", "."], 1),
        (vec!["c.json"], 1),
        (vec!["--schema", "no.json", "c.json"], 2),
        (vec!["--format", "odd", "c.json"], 2),
        (vec!["--schema", "schema.json", "no.json"], 3),
        (vec!["--schema", "schema.json", "no.json", "b.json"], 3),
        (vec!["--help"], 0),
    ] {
        let output = check(folder.path(), &arguments, input);
        let shown = text(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {shown}");
    }
    let example = support::root(EXAMPLE).display().to_string();
    let output = check(folder.path(), &[&example], b"");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    assert!(output.stdout.is_empty());
    let help = text(&check(folder.path(), &["--help"], b"").stdout);
    assert!(
        help.contains("Examples:") && help.contains("Exit status:"),
        "{help}"
    );
}

#[test]
fn with_a_schema_an_array_in_a_json_file_is_one_document() {
    let folder = folder(&[
        ("schema.json", r#"{"type": "array"}"#),
        ("a.json", "[{\"a\": 1}, {\"a\": 2}]"),
        ("b.ndjson", "[1]\n{}\n"),
    ]);
    let of = |arguments: &[&str]| text(&check(folder.path(), arguments, b"").stderr);
    assert!(
        of(&["--schema", "schema.json", "a.json"]).starts_with("1 document from 1 source: 1 valid")
    );
    let lines = of(&["--schema", "schema.json", "b.ndjson"]);
    assert!(
        lines.starts_with("2 documents from 1 source: 1 valid, 1 invalid"),
        "{lines}"
    );
    let array = of(&["--schema", "schema.json", "--framing", "array", "a.json"]);
    assert!(
        array.starts_with("2 documents from 1 source: 2 invalid"),
        "{array}"
    );
}

#[test]
fn no_schema_makes_it_knock_at_the_network() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("set");
    let there = format!("http://{}", listener.local_addr().expect("an address"));
    for schema in [
        json!({"$ref": format!("{there}/a.json")}),
        json!({"$ref": format!("{there}/a.json#/$defs/x")}),
        json!({"$defs": {"unused": {"$ref": format!("{there}/a.json")}}}),
        json!({"$dynamicRef": format!("{there}/a.json")}),
        json!({"$id": format!("{there}/s/a.json"), "$ref": "b.json"}),
        json!({"$id": format!("{there}/s/a.json"), "$ref": "../b.json"}),
        json!({"$schema": format!("{there}/meta.json")}),
        json!({"properties": {"a": {"$id": format!("{there}/x/"), "$ref": "y.json"}}}),
    ] {
        let folder = folder(&[
            ("schema.json", &schema.to_string()),
            ("a.json", "{\"a\": 1}"),
        ]);
        let output = check(folder.path(), &["--schema", "schema.json", "a.json"], b"");
        let shown = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{schema}: {shown}");
        assert!(shown.contains("schema.json:1:"), "{shown}");
        let knocked = listener.accept().map(|_| ());
        let quiet = std::io::ErrorKind::WouldBlock;
        assert_eq!(knocked.expect_err("nobody came").kind(), quiet, "{schema}");
    }
}

#[test]
fn references_to_files_of_the_schemas_folder_are_followed() {
    let folder = folder(&[
        (
            "s/schema.json",
            r##"{"items": {"$ref": "parts/one%20two.json#/$defs/n"}}"##,
        ),
        (
            "s/parts/one two.json",
            r##"{"$defs": {"n": {"$ref": "../three.json"}}}"##,
        ),
        (
            "s/three.json",
            r#"{"$id": "https://example.org/three.json", "type": "number", "description": "A number."}"#,
        ),
        (
            "s/named.json",
            r#"{"$id": "https://example.org/s/named.json", "$ref": "three.json"}"#,
        ),
        ("s/broken.json", r#"{"$ref": "parts/bad.json"}"#),
        ("s/parts/bad.json", "{\n  \"type\": \"nmber\"\n}"),
        ("d.json", "[1, \"x\"]"),
    ]);
    let output = check(folder.path(), &["--schema", "s/schema.json", "d.json"], b"");
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(
        shown.starts_with("d.json:1:5  type  /1\n  found \"x\", wanted number\n"),
        "{shown}"
    );
    let named = check(folder.path(), &["--schema", "s/named.json", "-"], b"7");
    assert_eq!(named.status.code(), Some(0), "{}", text(&named.stderr));
    // What is wrong with a file that is referred to is told with its own place.
    let broken = check(folder.path(), &["--schema", "s/broken.json", "d.json"], b"");
    let shown = text(&broken.stderr);
    assert_eq!(broken.status.code(), Some(2));
    assert!(
        shown.starts_with("s/parts/bad.json:2:11  anyOf  /type\n"),
        "{shown}"
    );
    assert!(shown.contains("did you mean \"number\"?"), "{shown}");
}

#[test]
fn a_keyword_that_is_nearly_one_is_told_and_changes_no_verdict() {
    let folder = folder(&[
        ("schema.json", "{\n  \"requird\": [\"a\"]\n}"),
        ("d.json", "{}"),
    ]);
    let output = check(folder.path(), &["--schema", "schema.json", "d.json"], b"");
    let shown = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0));
    assert!(
        shown.starts_with("schema.json:2:3  notice (unknown-keyword)  /requird\n"),
        "{shown}"
    );
    assert!(shown.contains("did you mean \"required\"?"), "{shown}");
}

/// What the program opens: by `strace`, which CI has.
#[cfg(target_os = "linux")]
#[test]
#[allow(clippy::print_stderr, reason = "a test that was skipped says so")]
fn nothing_outside_the_schemas_folder_is_opened() {
    if Command::new("strace").arg("--version").output().is_err() {
        assert!(
            std::env::var_os("QUALWATCH_SHARED").is_none(),
            "strace is not installed, and CI needs it"
        );
        eprintln!("skipped: strace is not installed (it is in CI)");
        return;
    }
    let folder = folder(&[
        ("in/ok.json", r#"{"$ref": "parts/inner.json"}"#),
        ("in/parts/inner.json", r#"{"type": "object"}"#),
        ("in/up.json", r#"{"$ref": "../out/secret.json"}"#),
        ("in/link.json", r#"{"$ref": "linked.json"}"#),
        ("in/folder.json", r#"{"$ref": "away/secret.json"}"#),
        ("in/coded.json", r#"{"$ref": "%2e%2e/out/secret.json"}"#),
        ("in/absolute.json", "{}"),
        ("out/secret.json", r#"{"type": "object"}"#),
        ("d.json", "{}"),
    ]);
    let at = fs::canonicalize(folder.path()).expect("there");
    fs::write(
        at.join("in/absolute.json"),
        json!({"$ref": format!("file://{}/out/secret.json", at.display())}).to_string(),
    )
    .expect("written");
    std::os::unix::fs::symlink("../out/secret.json", at.join("in/linked.json")).expect("linked");
    std::os::unix::fs::symlink("../out", at.join("in/away")).expect("linked");
    for (schema, status) in [
        ("ok", 0),
        ("up", 2),
        ("link", 2),
        ("folder", 2),
        ("coded", 2),
        ("absolute", 2),
    ] {
        let log = at.join("trace");
        let output = Command::new("strace")
            .current_dir(&at)
            .args([
                "-f",
                "-qq",
                "-e",
                "trace=open,openat,openat2,connect,socket",
                "-o",
            ])
            .arg(&log)
            .arg(env!("CARGO_BIN_EXE_qualwatch"))
            .args(["check", "--schema", &format!("in/{schema}.json"), "d.json"])
            .output()
            .expect("starts");
        let shown = text(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{schema}: {shown}");
        let trace = fs::read_to_string(&log).expect("a trace");
        // The trace sees what is opened: the schema itself, and what it may refer to.
        assert!(trace.contains(&format!("in/{schema}.json")), "{trace}");
        assert_eq!(trace.contains("inner.json"), schema == "ok", "{trace}");
        assert!(
            !trace.contains("out/secret.json") && !trace.contains("AF_INET"),
            "{trace}"
        );
        let link = trace
            .lines()
            .find(|line| line.contains("linked.json") || line.contains("away"));
        assert_eq!(link, None, "{schema}");
        if status == 2 {
            assert!(shown.contains("out of that folder"), "{schema}: {shown}");
        }
    }
}

#[test]
fn a_reader_that_goes_away_ends_the_check_quietly() {
    let folder = folder(&[("schema.json", r#"{"type": "string"}"#)]);
    let input = "{\"a\": 1}\n".repeat(20_000);
    fs::write(folder.path().join("d.ndjson"), input).expect("written");
    let mut child = Command::new(env!("CARGO_BIN_EXE_qualwatch"))
        .current_dir(folder.path())
        .args([
            "check",
            "--schema",
            "schema.json",
            "--format",
            "json",
            "d.ndjson",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("ends");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
}

#[test]
fn the_pages_show_what_the_program_says() {
    for page in ["README.md", "docs/check.md"] {
        let path = support::root(page);
        let text = fs::read_to_string(&path).expect("readable");
        let mut written = String::new();
        let mut shown = 0;
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            written.push_str(line);
            written.push('\n');
            let Some(arguments) = line.strip_prefix("$ qualwatch check ") else {
                continue;
            };
            let arguments: Vec<&str> = arguments.split(' ').collect();
            let output = check(&support::root(""), &arguments, b"");
            written.push_str(&self::text(&output.stdout));
            written.push_str(&self::text(&output.stderr));
            shown += 1;
            if lines.by_ref().any(|line| line == "```") {
                written.push_str("```\n");
            }
        }
        assert!(shown > 0, "{page} shows nothing of check");
        if std::env::var_os("QUALWATCH_BLESS").is_some() {
            fs::write(&path, &written).expect("written");
        }
        let text = fs::read_to_string(&path).expect("readable");
        assert_eq!(
            text, written,
            "{page}: write it anew with QUALWATCH_BLESS=1"
        );
    }
}
