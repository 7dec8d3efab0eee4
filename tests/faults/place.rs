//! A folder with records, a configuration, and room for a state, in which the program runs.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crossbeam_channel::RecvTimeoutError;
use serde_json::Value;

use super::oracle::Records;

/// A run takes seconds, on a machine that has other work; one that takes longer waits for nothing.
const HANGS: Duration = Duration::from_secs(300);

/// The program that is tried: the one that Cargo built, or a copy that no build changes.
pub(crate) fn program() -> PathBuf {
    std::env::var_os("QUALWATCH_PROGRAM")
        .map_or_else(|| env!("CARGO_BIN_EXE_qualwatch").into(), PathBuf::from)
}

/// See the module's text.
pub(crate) struct Place {
    folder: tempfile::TempDir,
    /// what it is told to read
    reads: Vec<&'static str>,
    bug: Option<&'static str>,
}

/// What came of a run.
pub(crate) struct Ran {
    /// its exit status, if no signal ended it
    pub(crate) code: Option<i32>,
    /// whether it came to no end by itself
    pub(crate) hung: bool,
    /// what it said on standard error
    pub(crate) said: String,
    /// what it printed
    pub(crate) printed: String,
}

impl Ran {
    /// Runs a program to its end. One that has none is ended, with all that it started, and says so.
    pub(crate) fn of(command: &mut Command) -> Ran {
        let child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("starts");
        let group = format!("-{}", child.id());
        let (ended, end) = crossbeam_channel::bounded::<()>(0);
        let watch = std::thread::spawn(move || {
            let hangs = end.recv_timeout(HANGS) == Err(RecvTimeoutError::Timeout);
            if hangs {
                let kill = Command::new("kill").args(["-KILL", "--", &group]).status();
                assert!(kill.is_ok_and(|status| status.success()), "killed");
            }
            hangs
        });
        let output = child.wait_with_output().expect("waited for");
        std::mem::drop(ended);
        let mut said = String::from_utf8_lossy(&output.stderr).into_owned();
        let hung = watch.join().expect("it watches");
        if hung {
            said.push_str("\nit hung, and was killed");
        }
        Ran {
            code: output.status.code(),
            hung,
            said,
            printed: String::from_utf8_lossy(&output.stdout).into_owned(),
        }
    }

    /// Its last message; nothing, if it came to none.
    pub(crate) fn summary(&self) -> Value {
        self.about("qualwatch.summary/1")
    }

    /// Its last message of a schema.
    pub(crate) fn about(&self, schema: &str) -> Value {
        let lines = self.said.lines().rev();
        let mut values = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
        values
            .find(|line| line["schema"] == schema)
            .unwrap_or_default()
    }

    /// An error unless it ended well, and quietly.
    pub(crate) fn well(self) -> Result<Ran, String> {
        if self.code == Some(0) && !self.said.contains("panicked") {
            return Ok(self);
        }
        Err(format!("it ended with {:?}\n{}", self.code, self.said))
    }
}

/// A webhook's table.
pub(crate) fn hook(name: &str, url: &str) -> String {
    sink(name, "webhook", url, "")
}

/// A sink's table, that tries again soon.
pub(crate) fn sink(name: &str, kind: &str, url: &str, more: &str) -> String {
    format!(
        "[[sink]]\nname = \"{name}\"\ntype = \"{kind}\"\nurl = \"{url}\"\n\
         retry_first = \"10ms\"\nretry_longest = \"50ms\"\n{more}\n"
    )
}

impl Place {
    /// With `records.ndjson` to read.
    pub(crate) fn new(records: &Records, sinks: &str) -> Place {
        let place = Place::empty(sinks);
        fs::write(place.path().join("records.ndjson"), &records.text).expect("written");
        place
    }

    /// With nothing to read yet.
    pub(crate) fn empty(sinks: &str) -> Place {
        let place = Place {
            folder: tempfile::Builder::new()
                .prefix("qualwatch-")
                .tempdir()
                .expect("a folder"),
            reads: vec!["records.ndjson"],
            bug: None,
        };
        place.configure(sinks, "20s");
        place
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Changes the sinks, and how long the end waits for them.
    pub(crate) fn configure(&self, sinks: &str, drain: &str) {
        let config = format!("{sinks}\n[delivery]\ndrain = \"{drain}\"\n");
        fs::write(self.path().join("qualwatch.toml"), config).expect("written");
    }

    /// Has it read something else.
    pub(crate) fn reading(mut self, reads: &[&'static str]) -> Place {
        self.reads = reads.to_vec();
        self
    }

    /// With a mistake in it, which the oracle must find.
    pub(crate) fn with(mut self, bug: Option<&'static str>) -> Place {
        self.bug = bug;
        self
    }

    /// Puts the records into a drop folder, some to a file; what is read is moved away.
    pub(crate) fn drop_folder(self, records: &Records) -> Place {
        let drop = self.path().join("drop");
        fs::create_dir(&drop).expect("made");
        let lines: Vec<&str> = records.text.lines().collect();
        for (number, some) in lines.chunks(9).enumerate() {
            let name = format!("{number:03}.ndjson");
            fs::write(drop.join(name), some.join("\n")).expect("written");
        }
        self.reading(&["--after", "move", "drop"])
    }

    /// Files that are in the drop folder still, hidden ones too.
    pub(crate) fn left(&self) -> usize {
        let entries = fs::read_dir(self.path().join("drop"));
        let files = entries.into_iter().flatten().flatten();
        files.filter(|entry| entry.path().is_file()).count()
    }

    /// The main job, to its end with `--once`.
    pub(crate) fn command(&self) -> Command {
        let mut command = self.watching();
        command.arg("--once");
        command
    }

    /// The main job, which goes on.
    pub(crate) fn watching(&self) -> Command {
        let mut command = Command::new(program());
        command
            .current_dir(self.path())
            .args(["--format", "json", "--state", "state"])
            .args(&self.reads)
            .stdin(Stdio::null());
        if let Some(bug) = self.bug {
            command.env("QUALWATCH_PLANTED", bug);
        }
        command
    }

    pub(crate) fn run(&self) -> Ran {
        Ran::of(&mut self.command())
    }

    /// Another of its commands.
    pub(crate) fn ask(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::new(program());
        command
            .current_dir(self.path())
            .args(arguments)
            .args(["--state", "state"])
            .stdin(Stdio::null());
        Ran::of(&mut command)
    }

    /// Keeps the folder of a trial that failed, and says where it is; but not of one that had to fail.
    pub(crate) fn keep(&mut self, complaint: String) -> String {
        if self.bug.is_some() {
            return complaint;
        }
        self.folder.disable_cleanup(true);
        format!("{complaint}\nkept in {}", self.path().display())
    }
}
