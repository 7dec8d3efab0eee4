//! A clock that is set while the program runs, by hours and by years, in both directions.
//!
//! The program gets its wall time from `clock.c`, which adds an offset that the trial changes.

use std::fs::{self, OpenOptions};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::folder::{Watch, deliver};
use super::has;
use super::oracle::{Records, Seen};
use super::place::{Place, sink};
use super::side_by_side;
use super::support::receiver::{Receiver, reply};

const HOUR: i64 = 3600;
const YEAR: i64 = 365 * 24 * HOUR;

fn set(clock: &Path, seconds: i64) {
    use std::os::unix::fs::FileExt as _;
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(clock);
    let file = file.expect("a file");
    file.write_all_at(&seconds.to_ne_bytes(), 0)
        .expect("written");
}

/// The library, built beside the trial's files.
fn build(folder: &Path) -> std::path::PathBuf {
    let library = folder.join("clock.so");
    let source = super::support::root("tests/faults/clock.c");
    let status = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .args([&library, &source])
        .status();
    assert!(status.expect("cc runs").success());
    library
}

/// The clock goes from one offset to the next, each time while deliveries are being tried again.
fn trial(library: &Path, offsets: &[i64]) -> Result<Seen, String> {
    let records = Records::of(7, 60);
    // Refusals, so that waits are under way whenever it jumps.
    let script = (0..80).map(|at| reply(if at % 3 == 2 { 200 } else { 503 }, ""));
    let receiver = Receiver::start(script.collect(), reply(200, ""));
    let hook = sink("hook", "webhook", &receiver.url("/"), "");
    let reads = [
        "--settle",
        "50ms",
        "--scan-every",
        "300ms",
        "--after",
        "move",
        "drop",
    ];
    let mut place = Place::empty(&hook).reading(&reads);
    let drop = place.path().join("drop");
    fs::create_dir(&drop).expect("made");
    let clock = place.path().join("clock");
    set(&clock, offsets[0]);
    let command = || {
        let mut command = place.watching();
        command
            .env("LD_PRELOAD", library)
            .env("QUALWATCH_CLOCK", &clock);
        command
    };
    let end = || {
        let lines: Vec<&str> = records.text.lines().collect();
        // With dead letters it ends with 3.
        let watch = Watch::start(command())
            .patient_for(Duration::from_secs(60))
            .or_ends_with(3);
        let some = lines.len().div_ceil(offsets.len());
        let mut told = 0;
        for (at, lines) in lines.chunks(some).enumerate() {
            let name = format!("{at}.ndjson");
            deliver(&drop, &name, &lines.join("\n"));
            let moved = drop.join("processed").join(name);
            told += watch.until(|| moved.exists())?.len();
            // Something of it is on its way, or being tried again.
            told += watch
                .until(|| receiver.requests().len() >= told.div_ceil(2))?
                .len();
            set(&clock, offsets[(at + 1) % offsets.len()]);
        }
        watch.calls(records.ids.len() - told)?;
        watch.end()?;
        // What is kept was written at another time than that of the next start.
        set(&clock, 0);
        let ran = place.run();
        match ran.code {
            Some(0 | 3) => Ok(()),
            _ => ran.well().map(|_| ()),
        }
    };
    let ended = end();
    ended.map_err(|why| place.keep(format!("clock at {offsets:?}: {why}")))?;
    let mut seen = Seen::default();
    // What was queued by a clock that was years behind, and that no attempt saw, may be given up; so may
    // what waited across a start. It is kept, and a person asks again.
    let dead = place.ask(&["outbox", "list", "--dead", "--format", "json"]);
    seen.add("dead letter", dead.printed.lines().count());
    if !dead.printed.is_empty() {
        place.ask(&["outbox", "retry", "--dead"]);
    }
    let last = place.run().well().and_then(|_| {
        let copies = records.conserved(&records.taken(&receiver), 0)?;
        let refused = receiver.requests().len() - records.taken(&receiver).len();
        seen.add("refusal", refused);
        seen.add("copy", copies);
        seen.add("jump", offsets.len());
        match place.left() {
            0 => Ok(()),
            left => Err(format!("{left} files were read and stay")),
        }
    });
    last.map_err(|why| place.keep(format!("clock at {offsets:?}: {why}")))?;
    Ok(seen)
}

#[test]
fn a_clock_that_is_set_loses_nothing_and_tells_nobody_twice() {
    if !has("cc") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let library = build(folder.path());
    let offsets = [
        vec![0, HOUR, 0],
        vec![0, -HOUR, 0],
        vec![0, 10 * YEAR, 0],
        vec![0, -10 * YEAR, 0],
        vec![10 * YEAR, 0, -10 * YEAR, HOUR],
        vec![-10 * YEAR, 10 * YEAR],
    ];
    let mut seen = Seen::default();
    let mut complaints = Vec::new();
    for result in side_by_side(3, offsets.to_vec(), |offsets| trial(&library, &offsets)) {
        match result {
            Ok(one) => seen.join(one),
            Err(why) => complaints.push(why),
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    seen.must_have("clock", &["jump", "refusal"]);
}
