//! What do windows hold? A million keys and a million remembered calls, in resident memory.
//!
//! Each call brings one session with one sample of a key of its own, which is the dearest way to
//! have a million of both. What further samples take is told by itself.
//!
//! `cargo bench --bench windows`; with `-- --test` a thousandth of it, for the counts alone. The
//! bench fails where a million of each take more than 512 MiB.

use std::io::Write as _;
use std::time::Instant;

use qualwatch::window::{Contribution, Lengths, Limits, Measure, Sample, Spec, Windows};

const MANY: u32 = 1_000_000;
const MOST_MIB: f64 = 512.0;
const ALONE: &str = "--alone";
/// 2020-02-25 18:00:00 UTC
const BEGIN: u32 = 1_582_653_600;

/// Resident memory in MiB, as Linux tells it.
fn resident() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib / 1024.0)
}

fn windows() -> Windows {
    let hour = Lengths {
        within: 3600,
        ..Lengths::default()
    };
    Windows::new(
        vec![Spec::new("poor-share", Measure::Share, 0.2, hour)],
        Limits::default(),
    )
}

/// Call `number` with a sample of each of these keys, within half an hour of all others.
fn contribution(number: u32, keys: impl Iterator<Item = u32>) -> Contribution {
    let at = BEGIN + number % 1800;
    let mut own = Contribution {
        call: format!("{number:08x}-9d2c-4f3a-8d1b-{number:012x}"),
        version: Some(1),
        digest: u64::from(number),
        end: Some(at),
        sessions: vec![u64::from(number)],
        ..Contribution::default()
    };
    for key in keys {
        let text = format!("10.{}.{}.{}/24", key >> 16, key >> 8 & 255, key & 255);
        own.samples.push(Sample {
            session: 0,
            key: own.keys.add(0, &text),
            at,
            user: number | 1,
            value: i64::from(number.is_multiple_of(7)),
        });
    }
    own
}

/// Takes `calls` calls with `samples` samples each of `keys` keys; MiB held and seconds spent.
fn held(calls: u32, samples: u32, keys: u32) -> Option<(f64, f64)> {
    let mut windows = windows();
    let before = resident()?;
    let begun = Instant::now();
    for number in 0..calls {
        let keys = (0..samples).map(|sample| (number + sample * 7919) % keys);
        windows.take(&contribution(number, keys), BEGIN);
    }
    let spent = begun.elapsed().as_secs_f64();
    let held = resident()? - before;
    let counts = windows.counts();
    assert_eq!(
        (counts.keys, counts.calls, counts.given_up),
        (u64::from(keys), u64::from(calls), 0)
    );
    Some((held, spent))
}

/// The same in a process of its own: memory that was given back is not seen again.
fn alone(calls: u32, samples: u32, keys: u32) -> Option<(f64, f64)> {
    let own = std::env::current_exe().expect("a path");
    let numbers = [calls, samples, keys].map(|number| number.to_string());
    let said = std::process::Command::new(own)
        .arg(ALONE)
        .args(numbers)
        .output()
        .expect("a process");
    assert!(
        said.status.success(),
        "{}",
        String::from_utf8_lossy(&said.stderr)
    );
    let said = String::from_utf8(said.stdout).expect("text");
    let (held, spent) = said.trim().split_once(' ')?;
    Some((held.parse().ok()?, spent.parse().ok()?))
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let mut out = std::io::stdout().lock();
    if args.first().is_some_and(|arg| arg == ALONE) {
        let number = |at: usize| args[at].parse().expect("a number");
        if let Some((held, spent)) = held(number(1), number(2), number(3)) {
            let _ = writeln!(out, "{held} {spent}");
        }
        return;
    }
    let many = if args.iter().any(|arg| arg == "--test") {
        MANY / 1000
    } else {
        MANY
    };
    let (each, more) = (alone(many, 1, many), alone(many / 10, 40, many / 100));
    let (Some(each), Some(more)) = (each, more) else {
        let _ = writeln!(out, "resident memory is not told on this system");
        return;
    };
    let bytes = |held: f64, of: u32| held * 1_048_576.0 / f64::from(of);
    let _ = writeln!(
        out,
        "{many} keys and {many} calls: {:.0} MiB, {:.0} bytes for one of each, {:.2} µs a call",
        each.0,
        bytes(each.0, many),
        each.1 * 1e6 / f64::from(many),
    );
    let _ = writeln!(
        out,
        "{} samples of {} keys: {:.0} MiB, {:.0} bytes a sample, {:.2} µs a sample",
        many * 4,
        many / 100,
        more.0,
        bytes(more.0, many * 4),
        more.1 * 1e6 / f64::from(many * 4),
    );
    assert!(each.0 <= MOST_MIB, "more than {MOST_MIB} MiB");
}
