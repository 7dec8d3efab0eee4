//! More events than the kernel keeps: the program is stopped, files come by the thousand, and it goes on.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver as Channel, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::oracle::Seen;
use super::place::Place;

/// A small record that raises `poor-feedback`.
pub(crate) fn record(id: &str, version: u32) -> String {
    format!(
        r#"{{"id":"{id}","version":{version},"type":"peerToPeer","modalities":["audio"],"startDateTime":"2026-01-13T09:00:00Z","endDateTime":"2026-01-13T09:30:00Z","sessions":[{{"id":"s{id}","caller":{{"feedback":{{"rating":"bad"}}}}}}]}}"#
    )
}

/// Writes under a temporary name, then renames, as an export job should.
pub(crate) fn deliver(folder: &Path, name: &str, text: &str) {
    let temporary = folder.join(format!("{name}.tmp"));
    fs::write(&temporary, text).expect("written");
    fs::rename(temporary, folder.join(name)).expect("renamed");
}

/// The program, watching, and the calls of the alerts that it prints.
pub(crate) struct Watch {
    child: Child,
    calls: Channel<String>,
    /// nothing for so long means that nothing more comes
    patience: Duration,
    /// exit statuses that are in order
    ends: Vec<i32>,
}

impl Watch {
    pub(crate) fn start(mut command: Command) -> Watch {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("starts");
        let out = BufReader::new(child.stdout.take().expect("piped"));
        let (tell, calls) = channel();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let alert: Value = serde_json::from_str(&line).expect("an alert");
                let call = alert["call"]["id"].as_str().expect("a call").to_owned();
                if tell.send(call).is_err() {
                    return;
                }
            }
        });
        Watch {
            child,
            calls,
            patience: Duration::from_secs(30),
            ends: vec![0],
        }
    }

    /// It may end with this status as well.
    pub(crate) fn or_ends_with(mut self, code: i32) -> Watch {
        self.ends.push(code);
        self
    }

    /// Waits no longer than that for what must come.
    pub(crate) fn patient_for(mut self, patience: Duration) -> Watch {
        self.patience = patience;
        self
    }

    /// The calls of the next alerts, as many as are wanted; an error where they do not come.
    pub(crate) fn calls(&self, count: usize) -> Result<Vec<String>, String> {
        let mut calls = Vec::new();
        while calls.len() < count {
            match self.calls.recv_timeout(self.patience) {
                Ok(call) => calls.push(call),
                Err(RecvTimeoutError::Timeout) => {
                    return Err(format!("lost: {} of {count} alerts came", calls.len()));
                }
                Err(RecvTimeoutError::Disconnected) => return Err("it ended".to_owned()),
            }
        }
        Ok(calls)
    }

    /// The calls of all alerts that come until something is so.
    pub(crate) fn until(&self, is_so: impl Fn() -> bool) -> Result<Vec<String>, String> {
        let begun = Instant::now();
        let mut calls = Vec::new();
        while !is_so() {
            match self.calls.recv_timeout(Duration::from_millis(5)) {
                Ok(call) => calls.push(call),
                Err(RecvTimeoutError::Timeout) if begun.elapsed() < self.patience => {}
                Err(why) => return Err(format!("{why}, after {} alerts", calls.len())),
            }
        }
        Ok(calls)
    }

    /// Alerts that came since, if any.
    pub(crate) fn more(&self) -> Vec<String> {
        self.calls.try_iter().collect()
    }

    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status()
            .expect("kill runs");
        assert!(status.success());
    }

    /// Ends it, and gives its last message, and calls that came until then.
    pub(crate) fn end(self) -> Result<(Value, Vec<String>), String> {
        self.signal("TERM");
        self.wait()
    }

    /// Like [`Watch::end`], of a run that ends by itself.
    pub(crate) fn wait(mut self) -> Result<(Value, Vec<String>), String> {
        let mut said = String::new();
        let mut err = self.child.stderr.take().expect("piped");
        err.read_to_string(&mut said).expect("read");
        let status = self.child.wait().expect("ends");
        let ends = status.code().is_some_and(|code| self.ends.contains(&code));
        if !ends || said.contains("panicked") {
            return Err(format!("it ended with {status}\n{said}"));
        }
        let summary = said.lines().last().unwrap_or_default();
        let summary = serde_json::from_str(summary).map_err(|_| said.clone())?;
        Ok((summary, self.calls.iter().collect()))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // One that has ended cannot be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// So many events wait in the kernel before it drops them.
fn kept_events() -> usize {
    let kept = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events");
    kept.ok()
        .and_then(|kept| kept.trim().parse().ok())
        .unwrap_or(16_384)
}

/// Files that come while it is stopped are found all the same, and each is read once.
pub(crate) fn overflow(bug: Option<&'static str>, patience: Duration) -> Result<Seen, String> {
    // No listing but the first one and that which follows the loss.
    let more = ["--settle", "100ms", "--scan-every", "1h"];
    let reads = [&more[..], &["--after", "move", "drop"]].concat();
    let mut place = Place::empty("").with(bug).reading(&reads);
    let drop = place.path().join("drop");
    fs::create_dir(&drop).expect("made");
    deliver(&drop, "first.json", &record("first", 1));
    // Four events for a file that is written and renamed, at the least.
    let files = kept_events() / 4 + 600;
    let watch = Watch::start(place.watching()).patient_for(patience);
    let end = || {
        watch.calls(1)?;
        watch.signal("STOP");
        for file in 0..files {
            deliver(
                &drop,
                &format!("{file}.json"),
                &record(&file.to_string(), 1),
            );
        }
        watch.signal("CONT");
        let calls = watch.calls(files)?;
        let different: BTreeSet<&String> = calls.iter().collect();
        match different.len() == files {
            true => Ok(()),
            false => Err("invented: a file was read twice".to_owned()),
        }
    };
    let ended = end().and_then(|()| watch.end());
    let (summary, more) = ended.map_err(|why| place.keep(why))?;
    let counts = &summary["files"]["folders"];
    let count = |name: &str| counts[name].as_u64().unwrap_or(0) as usize;
    let adds_up = count("seen") == files + 1 && count("processed") == files + 1;
    if !more.is_empty() || !adds_up || place.left() > 0 {
        return Err(place.keep(format!("{more:?} {counts}")));
    }
    let mut seen = Seen::default();
    seen.add("overflow", count("overflows"));
    seen.add("recovered file", count("recovered"));
    seen.add("hinted file", count("hinted"));
    Ok(seen)
}

#[test]
fn more_events_than_are_kept_lose_no_file() {
    let seen = overflow(None, Duration::from_secs(60));
    let seen = seen.unwrap_or_else(|complaint| panic!("{complaint}"));
    seen.must_have("overflow", &["overflow", "recovered file"]);
}
