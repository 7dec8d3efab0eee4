//! What does the whole process cost its user? Latency of a rename, memory of a long stream.
//!
//! `cargo bench --bench process` prints both and checks that every alert came; with
//! `-- --bytes 10GB` only memory, over so many bytes.
//! Run it on an otherwise idle machine; the figures are of that machine.

#![allow(clippy::print_stdout, reason = "a bench prints its figures")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use xtask::generate::{Mix, Plan, documents, parse_bytes};

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_qualwatch"));
    command
        .arg("--rules")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("rules"))
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command
}

/// The largest resident memory so far, in MiB.
fn peak(child: &Child) -> f64 {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| {
            rest.trim()
                .trim_end_matches("kB")
                .trim()
                .parse::<f64>()
                .ok()
        })
        .unwrap_or(f64::NAN)
        / 1024.0
}

fn record(id: usize) -> String {
    format!(
        r#"{{"id":"{id}","version":1,"type":"peerToPeer","modalities":["audio"],"startDateTime":"2026-01-13T09:00:00Z","endDateTime":"2026-01-13T09:30:00Z","sessions":[{{"id":"s{id}","caller":{{"feedback":{{"rating":"bad"}}}}}}]}}"#
    )
}

/// From the rename of a file into an idle folder to its alert on standard output.
fn latency(rounds: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    let mut child = program(&[&here.display().to_string()])
        .stdin(Stdio::null())
        .spawn()
        .expect("starts");
    let mut out = BufReader::new(child.stdout.take().expect("piped"));
    let mut times: Vec<Duration> = Vec::new();
    for id in 0..=rounds {
        let temporary = here.join(format!("{id}.json.tmp"));
        fs::write(&temporary, record(id)).expect("written");
        let begin = Instant::now();
        fs::rename(temporary, here.join(format!("{id}.json"))).expect("renamed");
        let mut line = String::new();
        out.read_line(&mut line).expect("an alert");
        times.push(begin.elapsed());
        assert!(line.contains(&format!("\"id\":\"{id}\"")), "{line}");
    }
    child.kill().expect("killed");
    child.wait().expect("ended");
    // The first waited for the start.
    let mut times = times.split_off(1);
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!(
        "latency of a rename, {rounds} rounds: median {:.2?}, 99 % {:.2?}, worst {:.2?}",
        at(0.5),
        at(0.99),
        at(1.0)
    );
}

/// Resident memory over a long stream of standard input.
fn memory(bytes: u64, workers: u32) {
    let mut child = program(&["--workers", &workers.to_string()])
        .stdin(Stdio::piped())
        .spawn()
        .expect("starts");
    let out = BufReader::new(child.stdout.take().expect("piped"));
    let alerts = std::thread::spawn(move || out.lines().count());
    let mut stdin = child.stdin.take().expect("piped");
    let plan = Plan {
        seed: 1,
        documents: u64::MAX,
        mix: Mix::tenth_alerting(),
        ..Plan::default()
    };
    let mut all = documents(&plan);
    let mut text = String::new();
    let (mut written, mut planted, mut tenth) = (0u64, 0usize, f64::NAN);
    let begin = Instant::now();
    while written < bytes {
        let document = all.next_into(text).expect("endless");
        planted += document.planted.alerts.len();
        text = document.text;
        text.push('\n');
        stdin.write_all(text.as_bytes()).expect("written");
        written += text.len() as u64;
        if tenth.is_nan() && written > bytes / 10 {
            tenth = peak(&child);
        }
    }
    let whole = peak(&child);
    drop(stdin);
    assert!(child.wait().expect("ends").success());
    assert_eq!(alerts.join().expect("counted"), planted, "every alert came");
    println!(
        "memory over {:.1} GB, {workers} workers: {tenth:.1} MiB after a tenth, {whole:.1} MiB at the end, {:.1} MiB a worker; {planted} alerts; {:.0} MB/s",
        written as f64 / 1e9,
        whole / f64::from(workers),
        written as f64 / 1e6 / begin.elapsed().as_secs_f64(),
    );
}

fn main() {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--bytes");
    if let (Some(_), Some(bytes)) = (arguments.next(), arguments.next()) {
        let bytes = parse_bytes(&bytes).unwrap_or_else(|error| panic!("{error}"));
        memory(bytes, 1);
        memory(bytes, 2);
        return;
    }
    let smoke = std::env::args().any(|argument| argument == "--test");
    latency(if smoke { 20 } else { 1000 });
    let bytes = if smoke { 20_000_000 } else { 2_000_000_000 };
    memory(bytes, 1);
    memory(bytes, 2);
}
