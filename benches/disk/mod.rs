//! Feeds on disk, and what a process takes to go through one: the program, and in turns with it one
//! that only reads the same bytes and parses each document to a tape.
//!
//! CPU time is the process's own, user and system, as the kernel tells it when the process ends.

mod baseline;
mod tables;
mod written;

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Instant;

use serde_json::Value;
use wait4::Wait4 as _;

use baseline::BASELINE;
pub(crate) use baseline::baseline;
pub(crate) use tables::print;
use written::{Planted, Shape, Until, Written};

/// What a process took.
#[derive(Clone, Copy, Debug)]
struct Used {
    /// seconds, user and system
    cpu: f64,
    /// seconds
    wall: f64,
    /// the most that was resident, in MiB
    memory: f64,
}

/// How the program is called.
#[derive(Clone, Debug, Default)]
pub(crate) struct Call {
    pub(crate) workers: u16,
    /// whether there is a state folder
    pub(crate) state: bool,
    /// rules in place of the shipped ones, and other flags
    pub(crate) flags: Vec<OsString>,
}

/// The middle of a few values, and the outer ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    pub(crate) low: f64,
    pub(crate) median: f64,
    pub(crate) high: f64,
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Spread {
        values.sort_by(f64::total_cmp);
        Spread {
            low: values[0],
            median: values[values.len() / 2],
            high: values[values.len() - 1],
        }
    }
}

/// Medians of a few turns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// the baseline's CPU time over the program's: 1 is as fast
    pub(crate) ratio: Spread,
    /// seconds of CPU time
    pub(crate) cpu: f64,
    /// seconds
    pub(crate) wall: f64,
    /// the same of the baseline
    pub(crate) baseline_wall: f64,
    /// the most that was resident in any turn, in MiB
    pub(crate) memory: f64,
}

fn used(command: &mut Command, what: &Path) -> (Used, ExitStatus) {
    // The kernel counts this process's peak as one of the child's; from here on it is what is held now.
    let _ = fs::write("/proc/self/clear_refs", "5");
    let begun = Instant::now();
    let child = command.stdin(Stdio::null()).spawn().expect("starts");
    let ended = child.wait4().expect("ends");
    let wall = begun.elapsed().as_secs_f64();
    assert!(ended.status.code().is_some(), "{}: killed", what.display());
    let used = Used {
        cpu: (ended.rusage.utime + ended.rusage.stime).as_secs_f64(),
        wall,
        memory: ended.rusage.maxrss as f64 / 1_048_576.0,
    };
    (used, ended.status)
}

/// The program over a feed; its answers are held against what was planted.
fn program(feed: &Written, call: &Call) -> Used {
    // Where the feed is, so that a state folder is on the same disk.
    let own = tempfile::tempdir_in(feed.home()).expect("a folder");
    let at = |name: &str| own.path().join(name);
    let file = |name: &str| File::create(at(name)).expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_qualwatch"));
    command
        .current_dir(own.path())
        .args(["--once", "--format", "json", "--workers"])
        .arg(call.workers.to_string())
        .args(&call.flags)
        .arg(feed.path())
        .stdout(file("out"))
        .stderr(file("err"));
    if call.state {
        command.arg("--state").arg(at("state"));
    }
    let (used, status) = used(&mut command, feed.path());
    let told = fs::read_to_string(at("err")).expect("UTF-8");
    assert!(status.success(), "{status}: {told}");
    let alerts = fs::read(at("out")).expect("a file");
    let alerts = memchr::memchr_iter(b'\n', &alerts).count() as u64;
    let summary = told
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find(|line| line["schema"] == "qualwatch.summary/1");
    let summary = summary.unwrap_or_else(|| panic!("no summary: {told}"));
    let documents = &summary["documents"];
    let count = |value: &Value| value.as_u64().unwrap_or(0);
    let planted = feed.planted();
    assert_eq!(
        [
            alerts,
            count(&documents["seen"]),
            count(&documents["verdicts"]["valid"]),
            count(&documents["verdicts"]["invalid"]),
            count(&summary["files"]["failed"]),
        ],
        [
            planted.alerts,
            planted.documents,
            planted.documents - planted.invalid,
            planted.invalid,
            0,
        ],
        "alerts, documents, valid, invalid and files that failed of {}: {summary}",
        feed.path().display(),
    );
    used
}

/// A process of ours that reads and parses, and nothing else.
fn other(feed: &Written) -> Used {
    let own = std::env::current_exe().expect("a path");
    let mut command = Command::new(own);
    command.arg(BASELINE).args(feed.for_baseline());
    let (used, status) = used(&mut command, feed.path());
    assert!(status.success(), "the baseline: {status}");
    used
}

/// Both over a feed, `rounds` times in turns.
pub(crate) fn turns(rounds: usize, feed: &Written, call: &Call) -> Row {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        // Whoever goes second finds what the first left behind: alternate.
        if round % 2 == 0 {
            theirs.push(other(feed));
            ours.push(program(feed, call));
        } else {
            ours.push(program(feed, call));
            theirs.push(other(feed));
        }
    }
    let of = |all: &[Used], what: fn(&Used) -> f64| Spread::of(all.iter().map(what).collect());
    let pairs = theirs.iter().zip(&ours);
    Row {
        ratio: Spread::of(pairs.map(|(theirs, ours)| theirs.cpu / ours.cpu).collect()),
        cpu: of(&ours, |used| used.cpu).median,
        wall: of(&ours, |used| used.wall).median,
        baseline_wall: of(&theirs, |used| used.wall).median,
        memory: of(&ours, |used| used.memory).high,
    }
}
