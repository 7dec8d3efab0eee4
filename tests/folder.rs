//! A watched folder, with the real program, the real file system and real events.
//!
//! Nothing here measures time and nothing sleeps: each test waits for the output
//! that must come.

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

struct Watch {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Watch {
    fn start(folder: &Path, arguments: &[&str]) -> Watch {
        let mut child = Command::new(env!("CARGO_BIN_EXE_qualwatch"))
            .arg("--rules")
            .arg(support::root("rules"))
            .args(arguments)
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("starts");
        let out = BufReader::new(child.stdout.take().expect("piped"));
        Watch { child, out }
    }

    fn alert(&mut self) -> Value {
        let mut line = String::new();
        self.out.read_line(&mut line).expect("a line");
        serde_json::from_str(&line).expect("an alert")
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
        self.child
            .stderr
            .take()
            .expect("piped")
            .read_to_string(&mut err)
            .expect("read");
        assert_eq!(self.child.wait().expect("ends").code(), Some(0), "{err}");
        serde_json::from_str(err.lines().last().expect("a summary")).expect("JSON")
    }
}

/// A small record that raises `poor-feedback`.
fn record(id: usize) -> String {
    format!(
        r#"{{"id":"{id}","version":1,"type":"peerToPeer","modalities":["audio"],"startDateTime":"2026-01-13T09:00:00Z","endDateTime":"2026-01-13T09:30:00Z","sessions":[{{"id":"s{id}","caller":{{"feedback":{{"rating":"bad"}}}}}}]}}"#
    )
}

/// Writes under a temporary name, then renames, as an export job should.
fn deliver(folder: &Path, name: &str, text: &str) {
    let temporary = folder.join(format!("{name}.tmp"));
    fs::write(&temporary, text).expect("written");
    fs::rename(temporary, folder.join(name)).expect("renamed");
}

#[test]
fn files_are_judged_however_they_arrive() {
    let folder = tempfile::tempdir().expect("a folder");
    let elsewhere = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    deliver(here, "before.json", &record(0));
    let mut watch = Watch::start(here, &["--settle", "100ms", "--scan-every", "300ms"]);
    assert_eq!(watch.alert()["call"]["id"], "0");
    deliver(here, "renamed.json", &record(1));
    assert_eq!(watch.alert()["call"]["id"], "1");
    fs::write(here.join("written.json"), record(2)).expect("written");
    assert_eq!(watch.alert()["call"]["id"], "2");
    fs::write(elsewhere.path().join("x.json"), record(3)).expect("written");
    fs::hard_link(elsewhere.path().join("x.json"), here.join("linked.json")).expect("linked");
    assert_eq!(watch.alert()["call"]["id"], "3");
    // The same name again is another file.
    deliver(here, "renamed.json", &record(4));
    assert_eq!(watch.alert()["call"]["id"], "4");
    // The folder goes away and comes back.
    fs::remove_dir_all(here).expect("removed");
    fs::create_dir(here).expect("made again");
    deliver(here, "after.json", &record(5));
    assert_eq!(watch.alert()["call"]["id"], "5");
    let summary = watch.end();
    assert_eq!(summary["documents"]["seen"], 6);
    assert_eq!(summary["files"]["failed"], 0);
}

#[test]
fn a_half_written_file_waits_until_it_is_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    let mut watch = Watch::start(here, &["--settle", "50ms", "--scan-every", "100ms"]);
    deliver(here, "ready.json", &record(0));
    assert_eq!(watch.alert()["call"]["id"], "0");
    let text = record(1);
    let (head, tail) = text.split_at(text.len() / 2);
    // Closed after each part, as a writer does that opens the file again.
    fs::write(here.join("slow.json"), head).expect("written");
    deliver(here, "other.json", &record(2));
    assert_eq!(watch.alert()["call"]["id"], "2");
    let mut file = fs::OpenOptions::new()
        .append(true)
        .open(here.join("slow.json"))
        .expect("there");
    std::io::Write::write_all(&mut file, tail.as_bytes()).expect("written");
    drop(file);
    assert_eq!(watch.alert()["call"]["id"], "1");
    let summary = watch.end();
    assert_eq!(summary["documents"]["verdicts"]["malformed"], 0);
    assert_eq!(summary["documents"]["seen"], 3);
}

#[test]
fn twenty_thousand_files_dropped_while_stopped_are_all_accounted_for() {
    const FILES: usize = 20_000;
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    let mut watch = Watch::start(here, &["--settle", "100ms"]);
    deliver(here, "first.json", &record(FILES));
    assert_eq!(watch.alert()["call"]["id"], FILES.to_string());
    watch.signal("STOP");
    for id in 0..FILES {
        deliver(here, &format!("{id}.json"), &record(id));
    }
    watch.signal("CONT");
    let mut seen = vec![false; FILES];
    for _ in 0..FILES {
        let alert = watch.alert();
        let id: usize = alert["call"]["id"]
            .as_str()
            .and_then(|id| id.parse().ok())
            .expect("an id");
        assert!(!std::mem::replace(&mut seen[id], true), "{id} came twice");
    }
    assert!(seen.iter().all(|seen| *seen));
    let summary = watch.end();
    assert_eq!(summary["documents"]["seen"], FILES + 1);
    let folders = &summary["files"]["folders"];
    assert_eq!(folders["seen"], FILES + 1, "{folders}");
    assert_eq!(folders["read"], FILES + 1, "{folders}");
}
