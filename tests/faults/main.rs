//! Faults, from outside: the program is killed, its disk refuses or loses what was not synced, its
//! receivers misbehave, and its folder is hostile, at any moment; afterwards nothing is missing,
//! nothing is invented, and what came twice carries the same key.
//!
//! The oracle is this process. It has the receivers, and knows from the generator, which shares no
//! code with the program, what must come. Each trial is drawn from a seed that its failure names, and
//! the folder of one that fails is kept. A run in which nothing happened (no copy was seen, no
//! recovery ran, no event was lost) is void, and fails too.
//!
//! `QUALWATCH_KILLS`, `QUALWATCH_CUTS` and `QUALWATCH_RACES` set how many trials there are,
//! `QUALWATCH_SEED` where the drawing begins, `QUALWATCH_PROGRAM` another binary to try.

// `strace`, `kill` and limits of processes are what this is made of.
#![cfg(target_os = "linux")]

mod clock;
mod disk;
mod folder;
mod hostile;
mod kills;
mod limits;
mod oracle;
mod place;
mod planted;
mod power;
mod races;
mod sinks;
#[path = "../support/mod.rs"]
mod support;
mod trace;

/// Threads of a webhook: so many deliveries can be under way when a kill comes, and be made again.
const UNDER_WAY: usize = 2;

/// A number that the environment may set.
fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().expect("a number"))
}

/// Whether a tool of the system is there; in CI it must be.
fn has(tool: &str) -> bool {
    if std::process::Command::new(tool)
        .arg("--version")
        .output()
        .is_ok()
    {
        return true;
    }
    assert!(
        std::env::var_os("QUALWATCH_SHARED").is_none(),
        "{tool} is not installed, and CI needs it"
    );
    say(&format!("NOT TRIED: {tool} is not installed (it is in CI)"));
    false
}

/// Past the harness, which keeps what a test that passes prints.
fn say(line: &str) {
    use std::io::Write as _;
    let line = format!("{line}\n");
    std::io::stderr().write_all(line.as_bytes()).expect("said");
}

/// Runs trials on some threads, for most of their time is waiting; the first complaint of each.
fn side_by_side<T: Send, R: Send>(
    threads: usize,
    trials: Vec<T>,
    run: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let count = trials.len();
    let trials = std::sync::Mutex::new(trials.into_iter().enumerate());
    let results = std::sync::Mutex::new(Vec::with_capacity(count));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let next = trials.lock().expect("held").next();
                    let Some((at, trial)) = next else { return };
                    let result = run(trial);
                    results.lock().expect("held").push((at, result));
                }
            });
        }
    });
    let mut results = results.into_inner().expect("held");
    results.sort_by_key(|(at, _)| *at);
    assert_eq!(results.len(), count, "a trial panicked");
    results.into_iter().map(|(_, result)| result).collect()
}
