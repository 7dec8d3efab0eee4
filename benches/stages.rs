//! How long does each stage take? Criterion, with its history of earlier runs.
//!
//! Behind criterion's times each stage's ratio to the bare tape parse is printed, from
//! pairs in the same run; `ratios` has more feeds and quartiles. Each run's counts are held
//! against what was planted.
//!
//! `cargo bench --bench stages`; with `-- --test` once each, for the answers alone.

#![allow(clippy::print_stdout, reason = "a bench prints its figures")]

mod feed;

use std::time::Instant;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use feed::{Bare, Depth, Feed, Stages, Tally, expected};
use xtask::generate::Mix;

const DOCUMENTS: u64 = 100;

const DEPTHS: [(&str, Depth); 5] = [
    ("parse", Depth::Parse),
    ("survey", Depth::Survey),
    ("validate", Depth::Validate),
    ("check", Depth::Check),
    ("frame", Depth::Frame),
];

fn stages(criterion: &mut Criterion) {
    let feed = Feed::of("tenth", Mix::tenth_alerting(), DOCUMENTS);
    let bytes: usize = feed.texts.iter().map(String::len).sum();
    let mut group = criterion.benchmark_group("stages");
    group.throughput(Throughput::Bytes(bytes as u64));
    let mut bare = Bare::new();
    let nodes = Tally {
        nodes: feed.planted.nodes,
        ..Tally::default()
    };
    group.bench_function("bare", |bencher| {
        bencher.iter(|| assert_eq!(bare.run(&feed.texts), nodes));
    });
    let mut stages = Stages::new();
    for (name, depth) in DEPTHS {
        let want = expected(feed.planted, depth);
        group.bench_function(name, |bencher| {
            bencher.iter(|| assert_eq!(stages.run(&feed.texts, depth), want));
        });
    }
    group.finish();
    // One pair is enough where only the answers count.
    let pairs = if std::env::args().any(|argument| argument == "--test") {
        1
    } else {
        21
    };
    for (name, depth) in DEPTHS {
        let mut ratios: Vec<f64> = (0..pairs)
            .map(|_| {
                let begin = Instant::now();
                bare.run(&feed.texts);
                let middle = Instant::now();
                stages.run(&feed.texts, depth);
                (middle - begin).as_secs_f64() / middle.elapsed().as_secs_f64()
            })
            .collect();
        ratios.sort_by(f64::total_cmp);
        println!("{name}: {:.3} of the bare tape parse", ratios[pairs / 2]);
    }
}

/// The same records with and without a property that nobody declared.
fn notices(criterion: &mut Criterion) {
    let none = Feed::of("tenth", Mix::tenth_alerting(), DOCUMENTS);
    let each = none.with_unknown_property("tenth, one unknown property each");
    let mut group = criterion.benchmark_group("notices");
    let mut stages = Stages::new();
    for feed in [&none, &each] {
        let want = expected(feed.planted, Depth::Describe);
        group.throughput(Throughput::Elements(feed.texts.len() as u64));
        group.bench_function(feed.name, |bencher| {
            bencher.iter(|| assert_eq!(stages.run(&feed.texts, Depth::Describe), want));
        });
    }
    group.finish();
}

criterion_group!(benches, stages, notices);
criterion_main!(benches);
