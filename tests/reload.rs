//! Rules that change under the running program: the real program, files and signals.
//!
//! Nothing here sleeps: each step waits for the line that must come.

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

struct Program {
    child: Child,
    out: BufReader<ChildStdout>,
    err: BufReader<ChildStderr>,
    before: Vec<Value>,
}

impl Program {
    /// Watches `records`; without a hint it looks at the rules once an hour, so that what is seen
    /// is seen by events.
    fn start(rules: &Path, records: &Path) -> Program {
        let mut child = Command::new(env!("CARGO_BIN_EXE_qualwatch"))
            .arg("--rules")
            .arg(rules)
            .args(["--scan-every", "1h"])
            .arg(records)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("starts");
        let out = BufReader::new(child.stdout.take().expect("piped"));
        let err = BufReader::new(child.stderr.take().expect("piped"));
        Program {
            child,
            out,
            err,
            before: Vec::new(),
        }
    }

    fn alert(&mut self) -> Value {
        let mut line = String::new();
        self.out.read_line(&mut line).expect("a line");
        serde_json::from_str(&line).expect("an alert")
    }

    /// The next message about a reload; what stands before it goes to `before`.
    fn reload(&mut self) -> Value {
        self.before.clear();
        loop {
            let mut line = String::new();
            assert_ne!(
                self.err.read_line(&mut line).expect("a line"),
                0,
                "it ended"
            );
            let message: Value = serde_json::from_str(&line).expect("JSON");
            if message["schema"] == "qualwatch.reload/1" {
                return message;
            }
            self.before.push(message);
        }
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status()
            .expect("kill runs");
        assert!(status.success());
    }

    /// Ends it, and gives its last message.
    fn end(mut self) -> Value {
        self.signal("TERM");
        let mut err = String::new();
        self.err.read_to_string(&mut err).expect("read");
        assert_eq!(self.child.wait().expect("ends").code(), Some(0), "{err}");
        serde_json::from_str(err.lines().last().expect("a summary")).expect("JSON")
    }
}

/// Writes under another name, then renames, as editors do.
fn write(folder: &Path, name: &str, text: &str) {
    let temporary = folder.join(format!(".{name}.tmp"));
    fs::write(&temporary, text).expect("written");
    fs::rename(temporary, folder.join(name)).expect("renamed");
}

/// A call with one session of so many minutes.
fn record(folder: &Path, id: &str, minutes: u32) {
    let text = json!({
        "id": id, "version": 1, "type": "groupCall", "modalities": [],
        "startDateTime": "2026-01-13T09:00:00Z", "endDateTime": "2026-01-13T10:00:00Z",
        "sessions": [{
            "id": "s",
            "startDateTime": "2026-01-13T09:00:00Z",
            "endDateTime": format!("2026-01-13T09:{minutes:02}:00Z"),
        }],
    });
    write(folder, &format!("{id}.json"), &text.to_string());
}

fn rule(name: &str) -> String {
    format!("rule(\"{name}\", #{{ on: \"session\", when: |s| s.duration > limits::length }});\n")
}

#[test]
fn a_change_replaces_the_set_a_broken_one_does_not_and_counts_stay_with_their_rules() {
    let (rules, records) = (
        tempfile::tempdir().expect("a folder"),
        tempfile::tempdir().expect("a folder"),
    );
    let (rules, records) = (rules.path(), records.path());
    write(rules, "thresholds.toml", "length = \"10min\"\n");
    write(rules, "long.rhai", &rule("long"));
    let mut program = Program::start(rules, records);
    record(records, "a", 11);
    assert_eq!(program.alert()["call"]["id"], "a");

    write(rules, "thresholds.toml", "length = \"20min\"\n");
    let told = program.reload();
    assert_eq!(told["outcome"], "loaded", "{told}");
    assert_eq!(
        told["limits"],
        json!([{"name": "length", "was": "10min", "is": "20min"}])
    );
    record(records, "b", 20);
    record(records, "c", 21);
    assert_eq!(program.alert()["call"]["id"], "c");

    write(rules, "long.rhai", "rule(\"long\", #{ on: \"sess");
    let told = program.reload();
    assert_eq!(told["outcome"], "refused", "{told}");
    let mut before = program.before.iter();
    let why = before.find(|line| line["schema"] == "qualwatch.rules/1");
    let why = why.expect("what is wrong");
    assert_eq!(why["place"]["line"], 1, "{why}");
    record(records, "d", 21);
    assert_eq!(program.alert()["call"]["id"], "d");

    write(rules, "long.rhai", &rule("longer"));
    let told = program.reload();
    assert_eq!(
        (&told["came"], &told["went"]),
        (&json!(["longer"]), &json!(["long"]))
    );
    record(records, "e", 21);
    assert_eq!(program.alert()["rule"], "longer");

    // Asked for, it loads what did not change, and it does not end.
    program.signal("HUP");
    assert_eq!(program.reload()["outcome"], "loaded");
    record(records, "f", 22);
    assert_eq!(program.alert()["call"]["id"], "f");

    let summary = program.end();
    assert_eq!(summary["reloads"], json!({"loaded": 3, "refused": 1}));
    assert_eq!(summary["documents"]["seen"], 6);
    assert_eq!(summary["rules"]["long"]["fired"], 3);
    assert_eq!(summary["rules"]["long"]["quiet"], 1);
    assert_eq!(summary["rules"]["longer"]["fired"], 2);
}

#[test]
fn a_folder_that_a_link_points_to_may_be_swapped_as_a_whole() {
    let (top, records) = (
        tempfile::tempdir().expect("a folder"),
        tempfile::tempdir().expect("a folder"),
    );
    let (top, records) = (top.path(), records.path());
    for (version, length) in [("one", "10min"), ("two", "20min")] {
        let folder = top.join(version);
        fs::create_dir(&folder).expect("a folder");
        write(
            &folder,
            "thresholds.toml",
            &format!("length = \"{length}\"\n"),
        );
        write(&folder, "long.rhai", &rule("long"));
    }
    let current = top.join("current");
    std::os::unix::fs::symlink("one", &current).expect("a link");
    let mut program = Program::start(&current, records);
    record(records, "a", 11);
    assert_eq!(program.alert()["call"]["id"], "a");
    let swapped = top.join("swapped");
    std::os::unix::fs::symlink("two", &swapped).expect("a link");
    fs::rename(&swapped, &current).expect("renamed");
    assert_eq!(program.reload()["limits"][0]["is"], "20min");
    // The new folder is watched, not only the link.
    write(&top.join("two"), "thresholds.toml", "length = \"30min\"\n");
    assert_eq!(program.reload()["limits"][0]["is"], "30min");
    program.end();
}
