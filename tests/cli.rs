//! The program as its user meets it: arguments, pipes, files, exit status.
//!
//! Each test runs the real binary. Nothing sleeps: a test waits for output.

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

const EXAMPLE: &str = "examples/records/microsoft-example-2-expanded.json";

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_qualwatch"));
    command.current_dir(support::root(""));
    command
}

fn run(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = program()
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

fn lines(bytes: &[u8]) -> Vec<Value> {
    std::str::from_utf8(bytes)
        .expect("UTF-8")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

fn summary(output: &Output) -> Value {
    let last = lines(&output.stderr).pop().expect("a summary");
    assert_eq!(last["schema"], "qualwatch.summary/1");
    last
}

fn example() -> Vec<u8> {
    fs::read(support::root(EXAMPLE)).expect("readable")
}

#[test]
fn a_pipe_gives_one_alert_a_line_and_a_summary_that_adds_up() {
    let output = run(&["--rules", "rules/"], &example());
    assert_eq!(output.status.code(), Some(0));
    let alerts = lines(&output.stdout);
    let rules: Vec<&str> = alerts.iter().filter_map(|a| a["rule"].as_str()).collect();
    assert_eq!(rules, ["poor-audio", "poor-feedback"]);
    let evidence = &alerts[0]["findings"][0]["evidence"];
    assert_eq!(evidence.as_array().map(Vec::len), Some(1), "{evidence}");
    assert_eq!(evidence[0]["field"], "averageAudioDegradation");
    assert_eq!(evidence[0]["limitName"], "audio_degradation");
    assert_eq!(
        (&evidence[0]["line"], &evidence[0]["column"]),
        (&207.into(), &64.into())
    );
    let documents = &summary(&output)["documents"];
    assert_eq!(documents["seen"], 1);
    assert_eq!(documents["verdicts"]["partial"], 1);
}

#[test]
fn every_alert_keeps_to_its_schema() {
    let schema: Value = serde_json::from_str(qualwatch::alert::ALERT_SCHEMA).expect("JSON");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    let plan = xtask::generate::Plan {
        documents: 300,
        ..Default::default()
    };
    let mut input = example();
    for document in xtask::generate::documents(&plan) {
        input.extend_from_slice(document.text.as_bytes());
        input.push(b'\n');
    }
    let output = run(&[], &input);
    let alerts = lines(&output.stdout);
    assert!(alerts.len() > 20);
    for alert in alerts {
        let errors: Vec<String> = validator
            .iter_errors(&alert)
            .map(|e| e.to_string())
            .collect();
        assert!(errors.is_empty(), "{errors:?} in {alert}");
    }
}

#[test]
fn a_terminal_form_is_readable_and_safe() {
    let hostile =
        text(&example()).replace("Abbie Wilkins", "Abbie\\u001b]0;x\\u0007\\u202eWilkins");
    let output = run(&["--format", "text"], hostile.as_bytes());
    let shown = text(&output.stdout);
    assert!(
        shown.contains("warning  poor-audio  call e523d2ed-2966-4b6b-925b-754a88034cc5"),
        "{shown}"
    );
    assert!(
        shown.contains("averageAudioDegradation 1.161 MOS > 1 MOS (audio_degradation)"),
        "{shown}"
    );
    assert!(
        shown.contains("Abbie\\u{1b}]0;x\\u{7}\\u{202e}Wilkins"),
        "{shown}"
    );
    assert!(
        !shown
            .chars()
            .any(|c| c != '\n' && qualwatch::text::is_harmful(c))
    );
    let json = run(&[], hostile.as_bytes());
    let raw = text(&json.stdout);
    assert!(
        !raw.chars()
            .any(|c| c != '\n' && qualwatch::text::is_harmful(c))
    );
    assert_eq!(
        lines(&json.stdout)[0]["findings"][0]["client"]["name"],
        "Abbie\u{1b}]0;x\u{7}\u{202e}Wilkins"
    );
}

#[test]
fn the_readme_shows_what_is_really_printed() {
    let readme = fs::read_to_string(support::root("README.md")).expect("readable");
    let block = readme
        .split("```console\n$ cargo run --release -- ")
        .nth(1)
        .and_then(|rest| rest.split("\n```").next())
        .expect("a first block");
    let (command, shown) = block.split_once('\n').expect("its output");
    let mut arguments: Vec<&str> = command.split(' ').collect();
    arguments.extend(["--format", "text", "--color", "never"]);
    let output = run(&arguments, b"");
    let printed = format!("{}{}", text(&output.stderr), text(&output.stdout));
    for line in shown.lines().filter(|line| *line != "…") {
        assert!(
            printed.lines().any(|there| there == line),
            "README shows: {line}\n{printed}"
        );
    }
}

#[test]
fn exit_statuses_tell_what_happened() {
    let fine = example();
    for (arguments, status) in [
        (vec!["--fail-on", "warning"], 1),
        (vec!["--fail-on", "critical"], 0),
        (vec!["--fail-on", "refused"], 0),
        (vec!["--set", "jitter"], 2),
        (vec!["--set", "jiter=40ms"], 2),
        (vec!["--set", "jitter=40%"], 2),
        (vec!["--framing", "odd"], 2),
        (vec!["--rules", "no/such/folder"], 2),
        (vec!["--schema", "no/such/file"], 2),
        (vec!["no/such/file.json"], 3),
        (vec!["--version"], 0),
        (vec!["--check"], 0),
    ] {
        let output = run(&arguments, &fine);
        assert_eq!(
            output.status.code(),
            Some(status),
            "{arguments:?}: {}",
            text(&output.stderr)
        );
    }
    let output = run(&["--fail-on", "refused"], b"{\"a\": }");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_limit_that_is_set_changes_the_verdict() {
    let output = run(&["--set", "audio_degradation=1.2"], &example());
    let rules: Vec<Value> = lines(&output.stdout)
        .iter()
        .map(|a| a["rule"].clone())
        .collect();
    assert_eq!(rules, ["poor-feedback"]);
    let output = run(&["--set", "jitre=40ms"], &example());
    assert!(
        text(&output.stderr).contains("jitter"),
        "did you mean: {}",
        text(&output.stderr)
    );
}

#[test]
fn rules_that_do_not_load_are_shown_with_their_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let rule =
        r#"rule("r", #{ on: "stream", severity: "warning", when: |s| s.averageJiter > 5 });"#;
    fs::write(folder.path().join("bad.rhai"), rule).expect("written");
    let output = run(&["--rules", &folder.path().display().to_string()], b"");
    assert_eq!(output.status.code(), Some(2));
    let shown = text(&output.stderr);
    assert!(
        shown.contains("bad.rhai:1:") && shown.contains("averageJitter"),
        "{shown}"
    );
    assert!(output.stdout.is_empty());
}

#[test]
fn what_is_wrong_with_rules_is_data_for_programs() {
    let folder = tempfile::tempdir().expect("a folder");
    let rule = r#"rule("r", #{ on: "stream", when: |s| s.averageJitter > limits::loss });"#;
    fs::write(folder.path().join("bad.rhai"), rule).expect("written");
    fs::write(
        folder.path().join("thresholds.toml"),
        "loss = \"10%\"\nidle = 1",
    )
    .expect("written");
    let rules = folder.path().display().to_string();
    let output = run(&["--rules", &rules, "--check", "--format", "json"], b"");
    assert_eq!(output.status.code(), Some(2));
    let found = lines(&output.stderr);
    assert_eq!(found.len(), 1);
    let told = &found[0];
    assert_eq!(
        (&told["schema"], &told["code"]),
        (&json!("qualwatch.rules/1"), &json!("QR041"))
    );
    assert_eq!(told["severity"], "error");
    assert_eq!(
        (&told["place"]["line"], &told["place"]["column"]),
        (&json!(1), &json!(54))
    );
    assert_eq!(told["also"]["line"], 1);
    let mended = rule.replace("averageJitter", "averagePacketLossRate");
    fs::write(folder.path().join("bad.rhai"), mended).expect("written");
    let output = run(&["--rules", &rules, "--check", "--format", "json"], b"");
    assert_eq!(output.status.code(), Some(0));
    let told = &lines(&output.stderr)[0];
    assert_eq!(
        (&told["code"], &told["severity"]),
        (&json!("QR034"), &json!("notice"))
    );
}

#[test]
fn a_rule_that_breaks_is_named_and_stops_no_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let rules = r#"
rule("breaks", #{ on: "stream", severity: "info", when: |s| { let most = 5; most += 1; if s.packetUtilization > most { true } else { false } } });
rule("runs-away", #{ on: "stream", severity: "info", when: |s| { loop {} } });
rule("works", #{ on: "stream", severity: "info", when: |s| s.packetUtilization > 500 });
"#;
    fs::write(folder.path().join("rules.rhai"), rules).expect("written");
    let output = run(
        &["--rules", &folder.path().display().to_string()],
        &example(),
    );
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(lines(&output.stdout).len(), 1);
    let summary = summary(&output);
    assert_eq!(summary["rules"]["breaks"]["failed"], 2);
    assert_eq!(summary["rules"]["runs-away"]["failed"], 2);
    assert_eq!(summary["rules"]["works"]["fired"], 1);
    let shown = text(&output.stderr);
    assert_eq!(shown.matches("\"rule\":\"breaks\"").count(), 1, "{shown}");
    let rules = folder.path().display().to_string();
    let output = run(&["--rules", &rules, "--fail-on", "broken"], &example());
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn bad_input_of_every_kind_is_told_and_reading_goes_on_behind_it() {
    let good = serde_json::from_slice::<Value>(&example())
        .expect("JSON")
        .to_string();
    let doubled = good.replacen("\"version\":1", "\"version\":1,\"v\\u0065rsion\":2", 1);
    let wrong = good.replacen("\"PT0.016S\"", "16", 1);
    let deep = format!("{}1{}", "[".repeat(70), "]".repeat(70));
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(300_000));
    let bad: Vec<(&str, String)> = vec![
        ("\"code\":\"syntax\"", good.replacen(":1,", ":1,,", 1)),
        ("\"code\":\"syntax\"", good[..good.len() / 2].to_owned()),
        ("\"code\":\"repeated-name\"", doubled),
        ("\"keyword\":\"type\"", wrong),
        ("levels", format!("{{\"a\":{deep}}}")),
        ("\"code\":\"too-large\"", long),
        (
            "PSTN row",
            "{\"callId\":\"x\",\"callType\":\"user_in\"}".to_owned(),
        ),
        (
            "change notification",
            "{\"subscriptionId\":\"s\",\"changeType\":\"created\",\"resource\":\"r\"}".to_owned(),
        ),
        (
            "PascalCase",
            "{\"Id\":\"x\",\"StartDateTime\":\"y\"}".to_owned(),
        ),
        ("no callRecord", "{\"some\":\"thing\"}".to_owned()),
    ];
    let mut input = String::new();
    for (at, (_, line)) in bad.iter().enumerate() {
        input.push_str(line);
        input.push('\n');
        // The same record again would alert once.
        input.push_str(&good.replace("754a88034cc5", &format!("{at:012}")));
        input.push('\n');
    }
    let output = run(&["--max-document", "200kB"], input.as_bytes());
    assert_eq!(output.status.code(), Some(0));
    let seen = &summary(&output)["documents"]["seen"];
    assert_eq!(*seen, 2 * bad.len(), "{}", text(&output.stderr));
    // Each good record is judged, and the invalid one too.
    let audio = lines(&output.stdout)
        .iter()
        .filter(|a| a["rule"] == "poor-audio")
        .count();
    assert_eq!(audio, bad.len() + 1);
    let messages = lines(&output.stderr);
    for (index, (word, _)) in bad.iter().enumerate() {
        let line = 2 * index + 1;
        let message = messages
            .iter()
            .find(|m| m["source"]["line"] == line)
            .unwrap_or_else(|| panic!("nothing about line {line}"));
        assert!(message.to_string().contains(word), "{word}: {message}");
    }
}

#[test]
fn an_invalid_record_still_runs_its_rules_and_its_alerts_say_so() {
    let odd = text(&example()).replacen("\"PT0.007S\"", "7", 1);
    let output = run(&[], odd.as_bytes());
    let alerts = lines(&output.stdout);
    assert_eq!(alerts.len(), 2);
    assert!(alerts.iter().all(|alert| alert["call"]["invalid"] == true));
    let problem = &lines(&output.stderr)[0]["problems"][0];
    assert_eq!(
        problem["pointer"],
        "/sessions/0/segments/0/media/0/streams/1/averageJitter"
    );
    assert_eq!(problem["found"], "7");
    assert!(
        problem["wanted"]
            .as_str()
            .is_some_and(|w| w.contains("ISO 8601 duration"))
    );
    assert_eq!(problem["line"], 208);
}

#[test]
fn rejects_are_kept_byte_for_byte_beside_their_reasons() {
    let folder = tempfile::tempdir().expect("a folder");
    let rejects = folder.path().join("rejects");
    let input = b"{\"a\": 1,  }\n{\"b\":   2}\n";
    let output = run(&["--rejects", &rejects.display().to_string()], input);
    assert_eq!(output.status.code(), Some(0));
    let mut names: Vec<String> = fs::read_dir(&rejects)
        .expect("made")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("UTF-8")
        })
        .collect();
    names.sort();
    assert_eq!(names.len(), 4, "{names:?}");
    let kept = fs::read(
        rejects.join(
            names
                .iter()
                .find(|n| n.contains(".L1.") && !n.contains("reasons"))
                .expect("there"),
        ),
    )
    .expect("readable");
    assert_eq!(kept, b"{\"a\": 1,  }");
    let reasons = fs::read(
        rejects.join(
            names
                .iter()
                .find(|n| n.contains(".L1.") && n.contains("reasons"))
                .expect("there"),
        ),
    )
    .expect("readable");
    assert_eq!(lines(&reasons)[0]["verdict"], "malformed");
}

fn compressed(bytes: &[u8], how: &str) -> Vec<u8> {
    match how {
        "gz" => {
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(bytes).expect("written");
            encoder.finish().expect("finished")
        }
        _ => zstd::encode_all(bytes, 1).expect("compressed"),
    }
}

#[test]
fn every_framing_and_compression_gives_the_same_alerts() {
    let pretty = text(&example());
    let one: Value = serde_json::from_str(&pretty).expect("JSON");
    let line = one.to_string();
    let ids = |output: &Output| -> Vec<String> {
        lines(&output.stdout)
            .iter()
            .filter_map(|a| a["id"].as_str().map(str::to_owned))
            .collect()
    };
    let once = ids(&run(&[], pretty.as_bytes()));
    assert_eq!(once.len(), 2);
    // The same record again would alert once.
    let other = |text: &str| text.replace("754a88034cc5", "754a88034cc6");
    let (second, pretty_second) = (other(&line), other(&pretty));
    let twice = [once.clone(), ids(&run(&[], second.as_bytes()))].concat();
    assert_ne!(twice[0], twice[2]);
    let forms: Vec<(&str, Vec<u8>)> = vec![
        ("NDJSON", format!("{line}\n{second}").into_bytes()),
        ("CRLF", format!("{line}\r\n{second}\r\n").into_bytes()),
        ("concatenated", format!("{line}{second}").into_bytes()),
        ("pretty", format!("{pretty}\n{pretty_second}").into_bytes()),
        ("array", format!("[{line},\n {second}]").into_bytes()),
        ("collection", format!("{{\"@odata.context\": \"https://graph.microsoft.com/v1.0/$metadata#communications/callRecords\", \"value\": [{line}, {second}]}}").into_bytes()),
        ("mark", format!("\u{feff}{line}\n{second}\n").into_bytes()),
    ];
    for (name, bytes) in &forms {
        assert_eq!(ids(&run(&[], bytes)), twice, "{name}");
        for how in ["gz", "zst"] {
            assert_eq!(
                ids(&run(&[], &compressed(bytes, how))),
                twice,
                "{name} {how}"
            );
        }
    }
    let both = [
        compressed(forms[0].1.as_slice(), "gz"),
        compressed(b"\n", "gz"),
    ]
    .concat();
    assert_eq!(ids(&run(&[], &both)), twice, "two members");
}

#[test]
fn a_compressed_source_that_grows_beyond_its_cap_is_an_error_of_that_source() {
    let bomb = compressed(&vec![b' '; 1 << 20], "gz");
    let output = run(&["--max-decompressed", "100kB"], &bomb);
    assert_eq!(output.status.code(), Some(3));
    assert!(
        text(&output.stderr).contains("decompressed"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn a_reader_that_goes_away_ends_the_run_quietly() {
    let line = serde_json::from_slice::<Value>(&example())
        .expect("JSON")
        .to_string();
    let mut child = program()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut stdin = child.stdin.take().expect("piped");
    let writer = std::thread::spawn(move || {
        for _ in 0..3000 {
            if writeln!(stdin, "{line}").is_err() {
                return;
            }
        }
    });
    let mut out = BufReader::new(child.stdout.take().expect("piped"));
    let mut first = String::new();
    out.read_line(&mut first).expect("an alert");
    drop(out);
    let output = child.wait_with_output().expect("ends");
    writer.join().expect("written");
    assert_eq!(output.status.code(), Some(0));
    assert!(
        !text(&output.stderr).contains("panicked"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn sigterm_finishes_what_is_in_flight() {
    let line = serde_json::from_slice::<Value>(&example())
        .expect("JSON")
        .to_string();
    let mut child = program()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut stdin = child.stdin.take().expect("piped");
    writeln!(stdin, "{line}").expect("written");
    let mut out = BufReader::new(child.stdout.take().expect("piped"));
    let mut first = String::new();
    out.read_line(&mut first).expect("an alert");
    // The pipe stays open: only the signal can end the run.
    let status = Command::new("kill")
        .arg(child.id().to_string())
        .status()
        .expect("kill");
    assert!(status.success());
    let mut rest = String::new();
    out.read_to_string(&mut rest).expect("the rest");
    let mut err = String::new();
    child
        .stderr
        .take()
        .expect("piped")
        .read_to_string(&mut err)
        .expect("read");
    assert_eq!(child.wait().expect("ends").code(), Some(0));
    assert_eq!(rest.lines().count(), 1, "the second alert");
    let last = lines(err.as_bytes()).pop().expect("a summary");
    assert_eq!(last["documents"]["seen"], 1);
    drop(stdin);
}

#[test]
fn once_reads_a_folder_and_counts_what_it_passes_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let put =
        |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).expect("written");
    put("a.json", &example());
    let other = text(&example()).replace("754a88034cc5", "754a88034cc6");
    put("b.json.gz", &compressed(other.as_bytes(), "gz"));
    put(".c.json.tmp", &example());
    put("notes.md", b"no record");
    std::os::unix::fs::symlink(Path::new("a.json"), folder.path().join("link.json"))
        .expect("linked");
    let output = run(&["--once", &folder.path().display().to_string()], b"");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(lines(&output.stdout).len(), 4);
    let files = &summary(&output)["files"];
    assert_eq!(files["read"], 2);
    assert_eq!(files["passedOver"]["symlink"], 1);
    assert_eq!(files["passedOver"]["temporary-name"], 1);
    assert_eq!(files["passedOver"]["other-name"], 1);
}

#[test]
fn rejects_never_go_where_they_would_be_read_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path().display().to_string();
    let output = run(&["--once", "--rejects", &here, &here], b"");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("read again"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn a_source_without_a_document_is_told() {
    for nothing in ["", " \n", "[]", "{\"value\": []}", "\u{feff}"] {
        let output = run(&[], nothing.as_bytes());
        let files = &summary(&output)["files"];
        assert_eq!(files["withoutDocuments"], 1, "{nothing:?}");
        assert!(
            text(&output.stderr).contains("it holds no document"),
            "{nothing:?}"
        );
    }
}

#[test]
fn with_framing_document_two_documents_are_none() {
    let output = run(&["--framing", "document"], b"{\"a\":1}{\"b\":2}");
    assert_eq!(summary(&output)["documents"]["verdicts"]["malformed"], 1);
    let output = run(&[], b"{\"a\":1}{\"b\":2}\n{\"c\":3}");
    assert_eq!(summary(&output)["documents"]["verdicts"]["foreign"], 3);
}

#[test]
fn utf_16_is_named_and_kept_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let wide: Vec<u8> = std::iter::once(0xfeff)
        .chain(text(&example()).encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let rejects = folder.path().display().to_string();
    let output = run(&["--rejects", &rejects], &wide);
    assert!(
        text(&output.stderr).contains("Out-File"),
        "{}",
        text(&output.stderr)
    );
    let kept = fs::read_dir(folder.path())
        .expect("there")
        .map(|entry| fs::read(entry.expect("an entry").path()).expect("readable"))
        .any(|bytes| bytes == wide);
    assert!(kept);
}

#[test]
fn a_calculation_shows_what_was_read_and_what_was_compared() {
    let folder = tempfile::tempdir().expect("a folder");
    let rule = r#"rule("r", #{ on: "stream", when: |s| s.averageJitter * 2 > 30 && s.call.type == "peerToPeer" });"#;
    fs::write(folder.path().join("r.rhai"), rule).expect("written");
    let rules = folder.path().display().to_string();
    let output = run(&["--rules", &rules, "--fail-on", "broken"], &example());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let evidence = &lines(&output.stdout)[0]["findings"][0]["evidence"][0];
    assert_eq!(
        (&evidence["value"], &evidence["reading"]),
        (&32.0.into(), &16.0.into())
    );
    let output = run(&["--rules", &rules, "--format", "text"], &example());
    let shown = text(&output.stdout);
    assert!(
        shown.contains("averageJitter 16 ms, calculated 32 ms > 30 ms"),
        "{shown}"
    );
}

#[test]
fn other_schemas_validate_other_documents() {
    let folder = tempfile::tempdir().expect("a folder");
    let schema = folder.path().join("schema.json");
    fs::write(
        &schema,
        r#"{"type": "object", "required": ["a"], "properties": {"a": {"maximum": 5}}}"#,
    )
    .expect("written");
    let output = run(
        &["--schema", &schema.display().to_string()],
        b"{\"a\": 3}\n{\"a\": 7}\n{}\n",
    );
    let verdicts = &summary(&output)["documents"]["verdicts"];
    assert_eq!(
        (&verdicts["valid"], &verdicts["invalid"]),
        (&1.into(), &2.into())
    );
    fs::write(&schema, r#"{"$ref": "http://127.0.0.1:9/x.json"}"#).expect("written");
    let output = run(&["--schema", &schema.display().to_string()], b"{}");
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
}
