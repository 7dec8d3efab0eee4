//! What does the whole program cost on each kind of feed, beside reading it and parsing it to a tape?
//!
//! Small, typical and huge documents; valid, invalid, alerting; lines, pretty-printed, a folder of
//! files; with a state folder; and whether cost grows with bytes, rules, keys and workers. The real
//! program runs on generated files, in turns with a process that only reads the same files and parses
//! each document to a tape. Start and end of both are in their times. Each answer is checked.
//!
//! `cargo bench --bench feeds` prints rows in the form of `docs/performance.md`; with the names of
//! tables behind `--` only those; with `-- --test` one round on small feeds, for the answers alone.
//! It writes up to 2 GB to the target folder, and takes them away.

#![allow(clippy::print_stdout, reason = "a bench prints its figures")]

#[cfg(unix)]
mod disk;
#[cfg(unix)]
#[allow(dead_code, reason = "the other benches use the rest")]
mod feed;

#[cfg(unix)]
fn main() {
    let arguments: Vec<std::ffi::OsString> = std::env::args_os().skip(1).collect();
    if let Some(nodes) = disk::baseline(&arguments) {
        std::hint::black_box(nodes);
        return;
    }
    disk::print(&arguments);
}

#[cfg(not(unix))]
fn main() {
    println!("nothing is measured: CPU time of a process is told by wait4 alone");
}
