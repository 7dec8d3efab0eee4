//! What does a rule cost? Twenty shipped ones on generated records, and up to a thousand.
//!
//! Three questions, in the CPU time of one thread, over pairs that take turns: what share of the
//! bare tape parse is left with twenty rules; what one rule costs a stream; and whether a
//! thousand rules cost a thousand times one. Each pass's answers are held against the interpreter
//! or against what was planted.
//!
//! `cargo bench --bench rules`; with `-- --test` one pass, for the answers alone; with
//! `-- --profile rules` or `-- --profile windows` that job alone, over and over, for a profiler.

#[allow(dead_code, reason = "the other benches use the rest")]
mod feed;

use std::io::Write as _;
use std::sync::Arc;

use feed::day::{one_day, over_time};
use feed::pairs::{Side, compare, now};
use feed::{Bare, Feed, Tally};
use qualwatch::engine::{self, Checker, Directly};
use qualwatch::rules::facts::Facts;
use qualwatch::rules::{Evaluator, Outcome, Overrides, PackSource, RuleSet};
use qualwatch::{Engine, Input};
use xtask::generate::Mix;

const DOCUMENTS: u64 = 400;
const PASSES: usize = 25;

/// The same folder with ten window rules: the shipped eight, and two more like them.
fn and_windows(folder: &std::path::Path) {
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/rules/over-time.rhai");
    std::fs::copy(shipped, folder.join("over-time.rhai")).expect("copied");
    let more = r#"
window("slow-subnet", #{
    on: "stream",
    when: |s| s.media.label == "main-audio" && s.packetUtilization > limits::packets,
    by: |s| s.client.network.subnet,
    percentile: |s| s.averageRoundTripTime, rank: "95%", over: "4s", within: "60min",
    at_least: #{ samples: 50 },
});
window("poor-ratings", #{
    on: "feedback",
    share: |f| f.rating in ["bad", "poor"], over: "50%", within: "1day",
    at_least: #{ samples: 20, users: 5 },
});
"#;
    std::fs::write(folder.join("windows.rhai"), more).expect("written");
}

/// `count` rules on streams, each with a guard, five comparisons and limits of its own.
fn many(count: usize) -> RuleSet {
    let files = feed::many_rules(count);
    let named = files.iter().enumerate();
    let pack = PackSource {
        files: named
            .map(|(at, file)| (format!("many-{at}.rhai").into(), file.as_str().into()))
            .collect(),
        ..PackSource::default()
    };
    match RuleSet::from_sources(&[pack], &Overrides::none()) {
        Ok((set, _)) => set,
        Err(errors) => panic!("{errors}"),
    }
}

/// The readings of each document, as `set` wants them.
fn captured(set: &RuleSet, feed: &Feed) -> Vec<Arc<Facts>> {
    let everything = feed.texts.iter();
    everything
        .map(|text| engine::facts(set, text.as_bytes()).expect("a record"))
        .map(Arc::new)
        .collect()
}

/// How many times a rule is asked about a place, over all rules and documents.
fn places(set: &RuleSet, facts: &[Arc<Facts>]) -> usize {
    let each = set.rules().iter().map(|rule| {
        let of = |facts: &Arc<Facts>| facts.objects(rule.level()).len();
        facts.iter().map(of).sum::<usize>()
    });
    each.sum()
}

/// What all rules said of all documents: fired, quiet, unknown, failed.
fn judge(evaluator: &mut Evaluator, facts: &[Arc<Facts>], outcome: &mut Outcome) -> [u64; 4] {
    let mut said = [0; 4];
    for facts in facts {
        evaluator.run(facts, outcome);
        for rule in &outcome.rules {
            let fired = rule.findings.len() as u64;
            for (sum, count) in said
                .iter_mut()
                .zip([fired, rule.quiet, rule.unknown, rule.failed])
            {
                *sum += count;
            }
        }
    }
    said
}

/// Nanoseconds that one rule takes for one stream, the median of some passes.
fn cost(set: &RuleSet, feed: &Feed, passes: usize) -> f64 {
    let facts = captured(set, feed);
    let places = places(set, &facts) as f64;
    let mut outcome = Outcome::default();
    let want = judge(
        &mut set.interpreter(),
        &facts[..8.min(facts.len())],
        &mut outcome,
    );
    let mut evaluator = set.evaluator();
    let got = judge(&mut evaluator, &facts[..8.min(facts.len())], &mut outcome);
    assert_eq!(
        got, want,
        "the compiled rules say what the interpreter says"
    );
    let all = judge(&mut evaluator, &facts, &mut outcome);
    assert_eq!(
        all.iter().sum::<u64>() as f64,
        places,
        "each rule, each place"
    );
    let mut times: Vec<f64> = (0..passes)
        .map(|_| {
            let begun = now();
            assert_eq!(judge(&mut evaluator, &facts, &mut outcome), all);
            (now() - begun).as_secs_f64() * 1e9 / places
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Takes each text through the engine.
fn check(checker: &mut Checker, texts: &[String]) -> Tally {
    let mut tally = Tally::default();
    for text in texts {
        feed::count(checker, text.as_bytes(), &mut tally);
    }
    tally
}

/// One of the two jobs alone, over and over; what it takes.
fn profile(what: &str, rules: &Arc<Engine>, folder: &std::path::Path, day: &Feed) -> String {
    let mut stages = Vec::new();
    let mut work: Box<dyn FnMut()> = match what {
        "windows" => {
            and_windows(folder);
            let engine = Engine::builder().rules(folder).build();
            let engine = engine.unwrap_or_else(|error| panic!("{error}"));
            let mut checker = engine.checker().contributing();
            Box::new(move || {
                let first = &day.texts[0];
                over_time(&engine, &mut checker, &mut stages, &day.texts, first);
            })
        }
        _ => {
            let mut checker = rules.checker();
            Box::new(move || {
                check(&mut checker, &day.texts);
            })
        }
    };
    let begun = now();
    (0..4 * PASSES).for_each(|_| work());
    let documents = (4 * PASSES * day.texts.len()) as f64;
    let each = (now() - begun).as_secs_f64() * 1e6 / documents;
    format!("{what}: {each:.2} µs a document")
}

fn main() {
    let test = std::env::args().any(|argument| argument == "--test");
    let passes = if test { 1 } else { PASSES };
    let documents = if test { 60 } else { DOCUMENTS };
    let tenth = Feed::of("tenth", Mix::tenth_alerting(), documents);
    let mut out = std::io::stdout().lock();
    let mut line = |text: String| writeln!(out, "{text}").expect("standard output is open");

    let folder = tempfile::tempdir().expect("a folder");
    feed::twenty_rules(folder.path());
    let engine = Engine::builder().rules(folder.path()).build();
    let engine = engine.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(engine.rules().rules().len(), 20);
    for rule in engine.rules().rules() {
        let ways = engine.rules().ways(rule);
        assert!(ways.iter().all(|way| way.interpreted.is_none()), "{ways:?}");
    }
    if let Some(what) = std::env::args().skip_while(|it| it != "--profile").nth(1) {
        line(profile(&what, &engine, folder.path(), &one_day(&tenth)));
        return;
    }
    let six = Engine::builder().build().expect("the shipped rules load");
    let none = Engine::builder()
        .without_rules()
        .build()
        .expect("an engine");
    let mut bare = Bare::new();
    let quiet = Feed::of("none alerting", Mix::clean(), documents);
    let mix = Mix {
        poor_audio: 1000,
        ..Mix::clean()
    };
    let loud = Feed::of("each alerting", mix, documents / 4);
    use Directly::{Likely, Never};
    for (name, engine, feed, which, ruled) in [
        ("no rules", &none, &tenth, Likely, false),
        ("no rules, by the tape", &none, &tenth, Never, false),
        ("six shipped rules", &six, &tenth, Likely, true),
        ("twenty rules", &engine, &tenth, Likely, true),
        ("twenty, by the tape", &engine, &tenth, Never, true),
        ("twenty, none alerting", &engine, &quiet, Likely, true),
        ("twenty, each alerting", &engine, &loud, Likely, true),
        ("the same, by the tape", &engine, &loud, Never, true),
    ] {
        let mut checker = engine.checker().directly(which);
        // Buffers are warm, and the first document's answer is what it will be.
        std::hint::black_box(checker.check(Input::new(feed.texts[0].as_bytes(), "feed")));
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
                work: &mut |texts| check(&mut checker, texts),
                answer: Tally {
                    nodes: 0,
                    alerts: if ruled { feed.planted.alerts } else { 0 },
                    ..feed.planted
                },
            },
        );
        let told = checker.read_directly();
        assert_eq!(told > 0, which == Likely, "{told} without a tape");
        line(format!(
            "whole engine, {name:<21} {:.3} ({:.3} to {:.3}) of the bare tape parse, {:.0} MB/s",
            ratio.median, ratio.low, ratio.high, ratio.speed
        ));
    }
    let day = one_day(&tenth);
    and_windows(folder.path());
    let windows = Engine::builder().rules(folder.path()).build();
    let windows = windows.unwrap_or_else(|error| panic!("{error}"));
    let rules = windows.rules();
    assert_eq!((rules.rules().len(), rules.windows().len()), (20, 10));
    for rule in rules.windows() {
        let ways = rules.window_ways(rule);
        assert!(ways.is_empty(), "{}: {ways:?}", rule.name());
    }
    for (name, engine) in [
        ("six and the shipped windows", &six),
        ("twenty and ten windows", &windows),
    ] {
        let mut checker = engine.checker().contributing();
        let mut stages = Vec::new();
        let first = &day.texts[0];
        let ratio = compare(
            passes,
            Side {
                feed: &day,
                work: &mut |texts| bare.run(texts),
                answer: Tally {
                    nodes: day.planted.nodes,
                    ..Tally::default()
                },
            },
            Side {
                feed: &day,
                work: &mut |texts| over_time(engine, &mut checker, &mut stages, texts, first),
                answer: Tally {
                    nodes: 0,
                    ..day.planted
                },
            },
        );
        let counts = stages.last().expect("there is one").counts().windows;
        assert_eq!(counts.records + counts.pages, day.texts.len() as u64);
        line(format!(
            "whole job, {name:<28} {:.3} ({:.3} to {:.3}) of the bare tape parse, {:.0} MB/s, {} keys",
            ratio.median, ratio.low, ratio.high, ratio.speed, counts.keys
        ));
    }
    let shipped = cost(engine.rules(), &tenth, passes);
    line(format!("twenty rules: {shipped:.2} ns a rule and place"));
    for count in [1, 10, 100, 1_000] {
        let set = many(count);
        let passes = if count == 1_000 {
            passes.min(9)
        } else {
            passes
        };
        let each = cost(&set, &tenth, passes);
        let all = each * count as f64;
        line(format!(
            "{count:>5} rules: {each:>6.2} ns a rule and stream, {all:>8.1} ns a stream"
        ));
    }
}
