//! A state folder as its user meets it: what waits survives, what was delivered is not told again,
//! and people look into it beside the main job.

mod support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use support::program::{run_in, text};
use support::receiver::{Answer, Receiver, reply};

/// A folder with the example that alerts twice, and a sink.
fn place(url: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::copy(
        support::root("examples/records/microsoft-example-2-expanded.json"),
        folder.path().join("record.json"),
    )
    .expect("copied");
    configure(folder.path(), url);
    folder
}

fn configure(folder: &Path, url: &str) {
    let config = format!(
        "state = \"kept\"\n[[sink]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{url}\"\n\
         retry_first = \"10ms\"\nretry_longest = \"20ms\"\n[delivery]\ndrain = \"300ms\"\n"
    );
    fs::write(folder.join("qualwatch.toml"), config).expect("written");
}

fn job(folder: &Path, arguments: &[&str]) -> Output {
    run_in(folder, arguments)
}

const ONCE: &[&str] = &["--once", "--format", "json", "record.json"];

/// The lines of JSON that it printed.
fn lines(output: &Output) -> Vec<Value> {
    let printed = text(&output.stdout);
    printed
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

fn exit(output: &Output) -> i32 {
    output.status.code().expect("an exit status")
}

#[test]
fn what_waits_at_the_end_is_delivered_by_the_next_start_and_never_twice() {
    let down = Receiver::start(Vec::new(), reply(503, ""));
    let folder = place(&down.url("/"));
    let first = job(folder.path(), ONCE);
    let said = text(&first.stderr);
    assert_eq!(exit(&first), 0, "{said}");
    assert!(said.contains("\"survives\":true"), "{said}");

    let waiting = lines(&job(folder.path(), &["outbox", "list", "--format", "json"]));
    assert_eq!(waiting.len(), 2);
    assert!(
        waiting.iter().all(|row| row["attempts"].as_u64() > Some(0)),
        "{waiting:?}"
    );
    assert!(waiting[0]["why"].as_str().expect("why").contains("503"));
    let shown = text(&job(folder.path(), &["outbox", "list"]).stdout);
    assert!(shown.contains("waiting  hook  poor-audio"), "{shown}");
    assert!(
        shown.ends_with("2 waiting, 0 told again until they are over, 0 dead\n"),
        "{shown}"
    );

    let up = Receiver::start(Vec::new(), reply(200, ""));
    configure(folder.path(), &up.url("/"));
    for _ in 0..2 {
        // The record is read again, and its alerts are known.
        let again = job(folder.path(), ONCE);
        assert_eq!(exit(&again), 0, "{}", text(&again.stderr));
        assert_eq!(up.wait_for(2).len(), 2);
    }
    let keys: Vec<String> = up
        .requests()
        .iter()
        .map(|request| request.headers["idempotency-key"].clone())
        .collect();
    let events: Vec<&str> = waiting
        .iter()
        .map(|row| row["event"].as_str().expect("a key"))
        .collect();
    assert!(
        keys.iter().all(|key| events.contains(&key.as_str())),
        "{keys:?} {events:?}"
    );
    let held = lines(&job(folder.path(), &["state", "--format", "json"]));
    assert_eq!(
        (&held[0]["delivered"], &held[0]["sinks"]),
        (&2.into(), &serde_json::json!({}))
    );
    let pruned = job(folder.path(), &["state", "--prune", "0s"]);
    assert!(
        text(&pruned.stdout).contains("2 forgotten"),
        "{}",
        text(&pruned.stdout)
    );
}

#[test]
fn dead_letters_are_kept_with_their_reason_until_somebody_decides() {
    let refusing = Receiver::start(Vec::new(), reply(400, "no such <channel>"));
    let folder = place(&refusing.url("/"));
    assert_eq!(exit(&job(folder.path(), ONCE)), 3);
    let dead = lines(&job(
        folder.path(),
        &["outbox", "list", "--dead", "--format", "json"],
    ));
    assert_eq!(dead.len(), 2);
    assert!(
        dead[0]["why"]
            .as_str()
            .expect("why")
            .contains("no such <channel>")
    );
    assert_eq!(dead[0]["alert"]["schema"], "qualwatch.alert/1");

    let row = dead[0]["row"].to_string();
    let dropped = job(folder.path(), &["outbox", "drop", &row, "9999"]);
    assert_eq!(exit(&dropped), 1);
    let said = text(&dropped.stdout);
    assert_eq!(
        said,
        format!("{row}  given up\n9999  there is no such row\n")
    );

    let up = Receiver::start(Vec::new(), reply(200, ""));
    configure(folder.path(), &up.url("/"));
    let retried = job(folder.path(), &["outbox", "retry", "--dead"]);
    assert_eq!(exit(&retried), 0, "{}", text(&retried.stdout));
    fs::write(folder.path().join("record.json"), "\n").expect("written");
    assert_eq!(exit(&job(folder.path(), ONCE)), 0);
    assert_eq!(up.wait_for(1).len(), 1);
    let left = text(&job(folder.path(), &["state"]).stdout);
    assert!(left.contains("nothing waits for a sink"), "{left}");
}

#[test]
fn a_folder_that_cannot_be_used_is_told_before_the_first_record() {
    let up = Receiver::start(Vec::new(), Answer::Silence);
    let folder = place(&up.url("/"));
    let none = job(folder.path(), &["outbox", "list"]);
    assert_eq!(exit(&none), 2);
    assert!(
        text(&none.stderr).contains("there is no state in"),
        "{}",
        text(&none.stderr)
    );
    let nowhere = job(folder.path(), &["outbox", "list", "--config", "empty.toml"]);
    assert_eq!(exit(&nowhere), 2);
    fs::write(folder.path().join("empty.toml"), "").expect("written");
    let nowhere = job(folder.path(), &["state", "--config", "empty.toml"]);
    assert!(
        text(&nowhere.stderr).contains("no state folder"),
        "{}",
        text(&nowhere.stderr)
    );

    fs::create_dir(folder.path().join("kept")).expect("made");
    fs::write(
        folder.path().join("kept/qualwatch.sqlite"),
        "something else".repeat(99),
    )
    .expect("written");
    let damaged = job(folder.path(), ONCE);
    assert_eq!(exit(&damaged), 3);
    assert!(
        text(&damaged.stderr).contains("is damaged"),
        "{}",
        text(&damaged.stderr)
    );
    assert!(damaged.stdout.is_empty());
    assert!(up.requests().is_empty());
}

#[test]
fn two_main_jobs_do_not_share_a_folder() {
    let up = Receiver::start(Vec::new(), reply(200, ""));
    let folder = place(&up.url("/"));
    fs::create_dir(folder.path().join("drop")).expect("made");
    let mut first = Command::new(env!("CARGO_BIN_EXE_qualwatch"))
        .current_dir(folder.path())
        .args(["--format", "json", "drop"])
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut said = BufReader::new(first.stderr.take().expect("piped")).lines();
    let ready = said.any(|line| line.expect("a line").contains("\"survives\":true"));
    assert!(ready, "it ended");
    let second = job(folder.path(), ONCE);
    assert_eq!(exit(&second), 2);
    assert!(
        text(&second.stderr).contains("belongs to another qualwatch"),
        "{}",
        text(&second.stderr)
    );
    first.kill().expect("killed");
    first.wait().expect("waited for");
    // With its owner the lock goes, however it ended.
    assert_eq!(exit(&job(folder.path(), ONCE)), 0);
}

/// A record of a call whose only stream was bad, or good.
fn record(call: u32, minute: u32, jitter: &str) -> String {
    let id = format!("{call:08x}-9d2c-4f3a-8d1b-2966a8033cc5");
    let (start, end) = (
        "2026-01-13T09:00:00Z",
        format!("2026-01-13T09:{minute:02}:00Z"),
    );
    let end_of =
        |kind: &str| json!({"@odata.type": format!("#microsoft.graph.callRecords.{kind}Endpoint")});
    let (caller, callee) = (end_of("participant"), end_of("service"));
    let stream =
        json!({"streamId": "1", "streamDirection": "callerToCallee", "averageJitter": jitter});
    let media = json!({"label": "main-audio", "streams": [stream]});
    json!({
        "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#communications/callRecords/$entity",
        "id": id, "version": 1, "type": "groupCall", "modalities": ["audio"],
        "lastModifiedDateTime": end, "startDateTime": start, "endDateTime": end,
        "sessions": [{
            "id": id, "modalities": ["audio"], "startDateTime": start, "endDateTime": end,
            "caller": caller, "callee": callee,
            "segments": [{"id": id, "startDateTime": start, "endDateTime": end,
                "caller": caller, "callee": callee, "media": [media]}],
        }],
    })
    .to_string()
}

#[test]
fn windows_and_known_calls_outlive_the_program() {
    let folder = tempfile::tempdir().expect("a folder");
    let rules = "rule(\"bad\", #{ on: \"stream\", when: |s| s.averageJitter > 30 });\n\
        window(\"many\", #{ on: \"stream\", count: |s| s.averageJitter > 30, over: 2, within: \"1h\" });\n";
    fs::write(folder.path().join("r.rhai"), rules).expect("written");
    let run = |records: &[String]| {
        fs::write(folder.path().join("records.ndjson"), records.join("\n")).expect("written");
        let arguments = [
            "--once",
            "--format",
            "json",
            "--rules",
            "r.rhai",
            "--state",
            "kept",
            "records.ndjson",
        ];
        let output = job(folder.path(), &arguments);
        assert_eq!(exit(&output), 0, "{}", text(&output.stderr));
        let told = lines(&output).into_iter();
        let told = told.map(|it| {
            format!(
                "{} {}",
                it["state"].as_str().expect("a state"),
                it["rule"].as_str().expect("a rule")
            )
        });
        (told.collect::<Vec<_>>(), text(&output.stderr))
    };
    let bad = |call, minute| record(call, minute, "PT0.045S");
    let (told, _) = run(&[bad(1, 10), bad(2, 11)]);
    assert_eq!(told, ["event bad", "event bad"]);
    // The third makes three, with those from before; the first comes again and is known.
    let (told, said) = run(&[bad(1, 10), bad(3, 12)]);
    assert_eq!(told, ["event bad", "firing many"], "{said}");
    assert!(said.contains("\"documents\":2,"), "{said}");
    let held = lines(&job(
        folder.path(),
        &["state", "--state", "kept", "--format", "json"],
    ));
    assert_eq!(held[0]["documents"], 3);
    // The window's rule asks something else: it begins anew, the calls are known all the same.
    fs::write(
        folder.path().join("r.rhai"),
        rules.replace("\"1h\"", "\"2h\""),
    )
    .expect("written");
    let (told, _) = run(&[bad(2, 11), bad(4, 13)]);
    assert_eq!(told, ["event bad"]);
}

/// The names of files in a folder.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .map(|entries| {
            let files = entries.flatten().filter(|entry| entry.path().is_file());
            files
                .map(|entry| entry.file_name().into_string().expect("UTF-8"))
                .collect()
        })
        .unwrap_or_default();
    names.sort();
    names
}

#[test]
fn each_file_ends_once_and_goes_where_it_should() {
    let folder = tempfile::tempdir().expect("a folder");
    let drop = folder.path().join("drop");
    let record = |version: u32| {
        record(1, 10, "PT0.045S").replace("\"version\":1", &format!("\"version\":{version}"))
    };
    let put = |files: &[(&str, String)]| {
        fs::create_dir_all(&drop).expect("made");
        for (name, text) in files {
            fs::write(drop.join(name), text).expect("written");
        }
    };
    let run = |after: &str| {
        let arguments = [
            "--once", "--format", "json", "--state", "kept", "--after", after, "drop",
        ];
        let output = job(folder.path(), &arguments);
        let said = text(&output.stderr);
        assert_eq!(exit(&output), 0, "{said}");
        let summary: Value =
            serde_json::from_str(said.lines().last().expect("a summary")).expect("JSON");
        let ended = summary["files"]["folders"].clone();
        ["processed", "rejected", "duplicate", "superseded"]
            .map(|how| ended[how].as_u64().expect("a count"))
    };
    put(&[
        ("a.json", record(2)),
        ("b.json", record(1)),
        ("c.json", record(2)),
        (
            "half.ndjson",
            format!("{}\n{{\"cut\": ", record(2).replace("00000001", "00000002")),
        ),
        ("none.json", "{\"no\": \"record\"}".to_owned()),
    ]);
    assert_eq!(run("keep"), [2, 1, 1, 1]);
    assert_eq!(names(&drop).len(), 5);
    // What is known from before is not new, and what is moved is not read again.
    assert_eq!(run("move"), [0, 1, 3, 1]);
    assert_eq!(names(&drop), [""; 0]);
    assert_eq!(
        names(&drop.join("processed")),
        ["a.json", "b.json", "c.json", "half.ndjson"]
    );
    assert_eq!(names(&drop.join("rejected")), ["none.json"]);
    put(&[("a.json", record(3)), ("none.json", "[".to_owned())]);
    assert_eq!(run("move"), [1, 1, 0, 0]);
    let moved = fs::read_to_string(drop.join("processed/a.json.1")).expect("beside the first");
    assert!(moved.contains("\"version\":3"));
    put(&[("a.json", record(4)), ("bad.json", "[".to_owned())]);
    assert_eq!(run("delete"), [1, 1, 0, 0]);
    assert_eq!(names(&drop), [""; 0]);
    assert_eq!(
        names(&drop.join("rejected")),
        ["bad.json", "none.json", "none.json.1"]
    );
    let alone = job(folder.path(), &["--once", "--after", "move", "drop"]);
    assert_eq!(exit(&alone), 2);
    assert!(
        text(&alone.stderr).contains("--after needs --state"),
        "{}",
        text(&alone.stderr)
    );
}
