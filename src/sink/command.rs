//! A program of the user's: the alert on its standard input, no shell.
//!
//! What is run is a list of words from the configuration; a record reaches it
//! as JSON on its input and by nothing else. It has a deadline, after which it
//! and what it started are ended. Its environment holds no secret of ours.

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::{Outcome, Parcel, Sink};
use crate::config::table::Table;
use crate::text::Safe;

/// A program that is run for each alert.
pub(super) struct Program {
    words: Vec<String>,
    environment: Vec<(String, String)>,
    deadline: Duration,
    threads: usize,
}

/// Variables that every program needs to find its way.
const PASSED_ON: [&str; 8] = [
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "SystemRoot",
    "PATHEXT",
];

/// The exit status by which a program says that it will never take this alert.
const NEVER: i32 = 100;

/// Most bytes of its complaints that are shown.
const COMPLAINT: u64 = 4096;

impl Program {
    pub(super) fn read(table: &Table<'_, '_>) -> Option<Program> {
        if !table.has("run") {
            let help = "add `run = [\"/path/to/program\", \"argument\"]`".to_owned();
            table.fault("run", "a command has no `run`", Some(help));
        }
        let words = table.texts("run").unwrap_or_default();
        let deadline = table.time("deadline").unwrap_or(Duration::from_secs(30));
        let threads = table.count("threads", 1, 16).unwrap_or(1) as usize;
        let environment = table
            .map("environment")
            .unwrap_or_default()
            .into_iter()
            .collect();
        if words.first().is_none_or(String::is_empty) {
            if table.has("run") {
                table.fault("run", "`run` names no program", None);
            }
            return None;
        }
        Some(Program {
            words,
            environment,
            deadline,
            threads,
        })
    }

    fn start(&self, parcel: &Parcel<'_>) -> std::io::Result<Child> {
        let mut command = Command::new(&self.words[0]);
        command
            .args(&self.words[1..])
            .env_clear()
            .envs(
                PASSED_ON
                    .iter()
                    .filter_map(|name| Some((name, std::env::var_os(name)?))),
            )
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("QUALWATCH_EVENT", parcel.key)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        #[cfg(unix)]
        {
            use std::os::unix::process::CommandExt as _;
            // A group of its own, so that it ends with all that it started.
            command.process_group(0);
        }
        command.spawn()
    }
}

impl Sink for Program {
    fn send(&self, parcel: &Parcel<'_>) -> Outcome {
        let name = Safe(&self.words[0]).to_string();
        let mut child = match self.start(parcel) {
            Ok(child) => child,
            Err(error) => return Outcome::retry(format!("{name} does not start: {error}")),
        };
        let mut text = String::new();
        for told in parcel.alerts {
            text.push_str(told.json());
            text.push('\n');
        }
        // A program that reads late, or never, must not hold us beyond the deadline.
        if let Some(mut input) = child.stdin.take() {
            std::thread::spawn(move || {
                // Who ends without reading has its reasons, and its exit status.
                let _ = input.write_all(text.as_bytes());
            });
        }
        let (complained, complaint) = mpsc::channel();
        if let Some(errors) = child.stderr.take() {
            std::thread::spawn(move || {
                let mut text = Vec::new();
                let mut errors = errors;
                let _ = errors.by_ref().take(COMPLAINT).read_to_end(&mut text);
                let _ = complained.send(text);
                // What it says beyond is thrown away, or it would wait for a reader.
                let _ = std::io::copy(&mut errors, &mut std::io::sink());
            });
        }
        let ended = wait(&mut child, self.deadline);
        let complaint = complaint
            .recv_timeout(Duration::from_millis(200))
            .unwrap_or_default();
        let complaint = String::from_utf8_lossy(&complaint);
        let complaint: Vec<&str> = complaint.split_whitespace().collect();
        let complaint: String = complaint.join(" ").chars().take(200).collect();
        let said = if complaint.is_empty() {
            String::new()
        } else {
            format!(": {}", Safe(&complaint))
        };
        match ended {
            Ok(Some(status)) if status.success() => Outcome::Delivered,
            Ok(Some(status)) if status.code() == Some(NEVER) => {
                Outcome::refused(format!("{name} ended with {NEVER}, never{said}"))
            }
            Ok(Some(status)) => Outcome::retry(format!("{name} ended with {status}{said}")),
            Ok(None) => Outcome::ambiguous(format!(
                "{name} was ended at its deadline of {:?}{said}",
                self.deadline
            )),
            Err(error) => Outcome::ambiguous(format!("{name}: {error}")),
        }
    }

    fn threads(&self) -> usize {
        self.threads
    }

    fn shown(&self) -> String {
        Safe(&self.words[0]).to_string()
    }
}

/// Waits for its end; `None` if it had to be ended.
fn wait(child: &mut Child, deadline: Duration) -> std::io::Result<Option<ExitStatus>> {
    let until = Instant::now() + deadline;
    let mut nap = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= until {
            end(child);
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(nap);
        nap = (nap * 2).min(Duration::from_millis(50));
    }
}

fn end(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id())
        .ok()
        .and_then(rustix::process::Pid::from_raw)
    {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::sink::{Told, sample};

    fn run(script: &str, deadline: Duration) -> Outcome {
        let program = Program {
            words: vec!["/bin/sh".into(), "-c".into(), script.into()],
            environment: Vec::new(),
            deadline,
            threads: 1,
        };
        let told = Told::read(sample::alert_json()).expect("an alert");
        program.send(&Parcel {
            key: "the-key",
            alerts: &[told],
            now: jiff::Timestamp::UNIX_EPOCH,
        })
    }

    #[test]
    fn its_exit_status_says_what_came_of_it() {
        let long = Duration::from_secs(30);
        assert_eq!(
            run(
                "grep -q poor-audio && test $QUALWATCH_EVENT = the-key",
                long
            ),
            Outcome::Delivered
        );
        let later = run("echo 'not now' >&2; exit 75", long);
        assert!(
            matches!(&later, Outcome::Retry { why, .. } if why.contains("not now")),
            "{later:?}"
        );
        assert!(matches!(run("exit 100", long), Outcome::Refused { .. }));
        // Whoever hangs is ended with its children.
        let hung = run("sleep 1000 & sleep 1000", Duration::from_millis(100));
        assert!(matches!(hung, Outcome::Ambiguous { .. }), "{hung:?}");
    }

    #[test]
    fn nothing_of_the_environment_is_passed_on_but_what_it_needs() {
        let outcome = run(
            "test -z \"$CARGO_MANIFEST_DIR\" && test -n \"$PATH\"",
            Duration::from_secs(30),
        );
        assert_eq!(outcome, Outcome::Delivered);
    }
}
