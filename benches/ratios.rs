//! How fast is each stage, as a share of the bare tape parse?
//!
//! Stage and baseline take turns at a few documents at a time, in CPU time, and the
//! median of the ratios is printed: on a machine that others use too, only pairs say
//! something. The counts of each pass are held against what was planted.
//!
//! `cargo bench --bench ratios`; with `-- --test` one pass, for the answers alone.
//! `-- --only STAGE` runs one stage, for a profiler.

mod feed;

use std::io::Write as _;

use feed::pairs::{Ratio, Side, compare};
use feed::{Bare, Depth, Feed, Stages, Tally, expected};
use xtask::generate::Mix;

/// Documents of a feed; at a mean of 24 kB about 10 MB, more than a core's own cache.
const DOCUMENTS: u64 = 400;
/// Passes over the feed behind each ratio.
const PASSES: usize = 25;

const STAGES: [(&str, Depth); 6] = [
    ("parse", Depth::Parse),
    ("parse + survey", Depth::Survey),
    ("parse + survey + validate", Depth::Validate),
    ("the same, notices described", Depth::Describe),
    ("engine: the same, and rules", Depth::Check),
    ("framer and engine", Depth::Frame),
];

/// The same feed, each document changed by `broken` into one that breaks the schema.
fn invalid(feed: &Feed, name: &'static str, broken: impl Fn(&str) -> String) -> Feed {
    let texts: Vec<String> = feed.texts.iter().map(|text| broken(text)).collect();
    let changed = feed
        .texts
        .iter()
        .zip(&texts)
        .filter(|(old, new)| old != new);
    Feed {
        name,
        planted: Tally {
            invalid: changed.count() as u64,
            ..feed.planted
        },
        texts,
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let test = arguments.iter().any(|argument| argument == "--test");
    let passes = if test { 1 } else { PASSES };
    let documents = if test { 60 } else { DOCUMENTS };

    let tenth = Feed::of("tenth", Mix::tenth_alerting(), documents);
    let mut bare = Bare::new();
    let mut stages = Stages::new();

    if let Some(at) = arguments.iter().position(|argument| argument == "--only") {
        let name = arguments.get(at + 1).map_or("", String::as_str);
        let depth = STAGES.iter().find(|(stage, _)| *stage == name);
        for _ in 0..3 {
            match depth {
                Some((_, depth)) => std::hint::black_box(stages.run(&tenth.texts, *depth)),
                None => std::hint::black_box(bare.run(&tenth.texts)),
            };
        }
        return;
    }

    let unknown = tenth.with_unknown_property("tenth, one unknown property each");
    let mix = Mix {
        invalid: 20,
        unknown_property: 30,
        ..Mix::tenth_alerting()
    };
    let mixed = Feed::of("invalid 2 %, notices 3 %", mix, documents);

    let mut out = std::io::stdout().lock();
    let mut line = |feed: &str, stage: &str, ratio: &Ratio| {
        let Ratio {
            low,
            median,
            high,
            speed,
        } = ratio;
        writeln!(
            out,
            "{feed:<34} {stage:<28} {median:>5.3} ({low:.3} to {high:.3}) {speed:>5.0} MB/s"
        )
        .expect("standard output is open");
    };
    for feed in [&tenth, &unknown, &mixed] {
        for (name, depth) in STAGES {
            let ratio = compare(
                passes,
                Side {
                    feed,
                    work: &mut |texts| bare.run(texts),
                    answer: Tally {
                        nodes: feed.planted.nodes,
                        ..Tally::default()
                    },
                },
                Side {
                    feed,
                    work: &mut |texts| stages.run(texts, depth),
                    answer: expected(feed.planted, depth),
                },
            );
            line(feed.name, name, &ratio);
        }
    }

    // What is left of the speed when each record carries one unknown property? In documents.
    let mut other = Stages::new();
    for (name, depth) in [STAGES[2], STAGES[3]] {
        let ratio = compare(
            passes,
            Side {
                feed: &tenth,
                work: &mut |texts| stages.run(texts, depth),
                answer: expected(tenth.planted, depth),
            },
            Side {
                feed: &unknown,
                work: &mut |texts| other.run(texts, depth),
                answer: expected(unknown.planted, depth),
            },
        );
        line("one unknown property against none", name, &ratio);
    }

    // What is left of the speed when every document is invalid?
    let one = invalid(&tenth, "invalid, all of them", |text| {
        text.replacen("\"version\":", "\"version\":1.5", 1)
    });
    let many = invalid(&tenth, "invalid, each stream of them", |text| {
        text.replace("\"averageJitter\":\"PT", "\"averageJitter\":\"")
    });
    assert_eq!(one.planted.invalid, documents, "each document was broken");
    for (feed, (name, depth)) in [(&one, STAGES[2]), (&one, STAGES[4]), (&many, STAGES[2])] {
        let ratio = compare(
            passes,
            Side {
                feed: &tenth,
                work: &mut |texts| stages.run(texts, depth),
                answer: expected(tenth.planted, depth),
            },
            Side {
                feed,
                work: &mut |texts| other.run(texts, depth),
                answer: expected(feed.planted, depth),
            },
        );
        line(feed.name, name, &ratio);
        // The promise to whoever sends nothing but broken documents; of one pass it says nothing.
        assert!(
            test || ratio.median >= 1.0 / 3.0,
            "{}: {name} is at {:.3} of a valid feed, and a third is promised",
            feed.name,
            ratio.median
        );
    }
}
