//! How fast is each stage, as a share of the bare tape parse?
//!
//! Stage and baseline alternate within one process, round by round, and the median
//! of the ratios is printed: on a machine that others use too, only pairs say
//! something. Each run's counts are held against what was planted.
//!
//! `cargo bench --bench ratios`; with `-- --test` one round, for the answers alone.
//! `-- --only STAGE` runs one stage in a loop, for a profiler.

mod feed;

use std::io::Write as _;
use std::time::{Duration, Instant};

use feed::{Bare, Depth, Feed, Stages, expected};
use xtask::generate::Mix;

/// Documents of a feed; at a mean of 24 kB about 10 MB, more than any core's cache.
const DOCUMENTS: u64 = 400;
/// Pairs behind each ratio.
const ROUNDS: usize = 61;

const STAGES: [(&str, Depth); 4] = [
    ("parse", Depth::Parse),
    ("parse + survey", Depth::Survey),
    ("parse + survey + validate", Depth::Validate),
    ("the same, notices described", Depth::Describe),
];

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let answer = work();
    (start.elapsed(), answer)
}

/// Nearest-rank quantile, of `values` in any order.
fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share).round() as usize]
}

/// Median and quartiles of `base / ours`, and the median speed of `ours` in MB/s.
fn pairs(
    rounds: usize,
    bytes: u64,
    mut base: impl FnMut(),
    mut ours: impl FnMut(),
) -> (f64, f64, f64, f64) {
    let mut ratios = Vec::with_capacity(rounds);
    let mut speeds = Vec::with_capacity(rounds);
    for round in 0..rounds {
        // Whoever goes second has the warmer machine: take turns.
        let (b, o) = if round % 2 == 0 {
            let b = timed(&mut base).0;
            (b, timed(&mut ours).0)
        } else {
            let o = timed(&mut ours).0;
            (timed(&mut base).0, o)
        };
        ratios.push(b.as_secs_f64() / o.as_secs_f64());
        speeds.push(bytes as f64 / 1e6 / o.as_secs_f64());
    }
    (
        quantile(&mut ratios, 0.5),
        quantile(&mut ratios, 0.25),
        quantile(&mut ratios, 0.75),
        quantile(&mut speeds, 0.5),
    )
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let test = arguments.iter().any(|argument| argument == "--test");
    let rounds = if test { 1 } else { ROUNDS };
    let documents = if test { 60 } else { DOCUMENTS };

    let tenth = Feed::of("tenth", Mix::tenth_alerting(), documents);
    let unknown = tenth.with_unknown_property("tenth, one unknown property each");
    let mixed = Feed::of(
        "invalid 2 %, notices 3 %",
        Mix {
            invalid: 20,
            unknown_property: 30,
            ..Mix::tenth_alerting()
        },
        documents,
    );
    let mut bare = Bare::new();
    let mut stages = Stages::new();

    if let Some(at) = arguments.iter().position(|argument| argument == "--only") {
        let name = arguments.get(at + 1).map_or("", String::as_str);
        let depth = STAGES.iter().find(|(stage, _)| *stage == name);
        for _ in 0..3 {
            match depth {
                Some((_, depth)) => std::hint::black_box(stages.run(&tenth, *depth)),
                None => std::hint::black_box(bare.run(&tenth)),
            };
        }
        return;
    }

    let mut out = std::io::stdout().lock();
    let mut line = |text: std::fmt::Arguments<'_>| {
        writeln!(out, "{text}").expect("standard output is open");
    };
    line(format_args!(
        "{:<36} {:<28} {:>6}  {:>13}  {:>7}",
        "feed", "stage", "ratio", "quartiles", "MB/s"
    ));
    for feed in [&tenth, &unknown, &mixed] {
        assert_eq!(bare.run(feed).nodes, feed.planted.nodes, "{}", feed.name);
        for (name, depth) in STAGES {
            let want = expected(feed.planted, depth);
            assert_eq!(stages.run(feed, depth), want, "{}: {name}", feed.name);
            let (median, low, high, speed) = pairs(
                rounds,
                feed.bytes(),
                || assert_eq!(bare.run(feed).nodes, want.nodes),
                || assert_eq!(stages.run(feed, depth), want),
            );
            line(format_args!(
                "{:<36} {name:<28} {median:>6.3}  {low:.3} - {high:.3}  {speed:>7.0}",
                feed.name
            ));
        }
    }

    // The issue's own question: what is left of the speed when each record carries
    // one unknown property? Per byte, for the feeds differ by it.
    let mut other = Stages::new();
    for (name, depth) in [STAGES[2], STAGES[3]] {
        let per_byte = unknown.bytes() as f64 / tenth.bytes() as f64;
        let (median, low, high, _) = pairs(
            rounds,
            unknown.bytes(),
            || {
                std::hint::black_box(stages.run(&tenth, depth));
            },
            || {
                std::hint::black_box(other.run(&unknown, depth));
            },
        );
        line(format_args!(
            "{:<36} {name:<28} {:>6.3}  {:.3} - {:.3}  of the speed without it",
            "one unknown property each",
            median * per_byte,
            low * per_byte,
            high * per_byte
        ));
    }
}
