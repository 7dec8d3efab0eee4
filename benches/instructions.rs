//! How many instructions does each job take, for each byte of its input? As many as are pinned?
//!
//! Callgrind counts them. The count of one program on one input is the same each time, whatever else
//! the machine does, so a loss is seen in the change that makes it. It is no time: instructions
//! differ, and memory is not in it.
//!
//! `cargo bench --profile pinned --bench instructions` compares with `benches/instructions.toml`, and
//! fails where a count is off by more than the tolerance, to either side. With `QUALWATCH_BLESS=1`
//! it writes that file anew. Built with another profile it prints the counts and compares nothing.
//! Needs valgrind.

#![allow(clippy::print_stdout, reason = "a bench prints its figures")]

#[allow(dead_code, reason = "the other benches use the rest")]
mod feed;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Arc;

use feed::day::{one_day, over_time};
use feed::{Bare, Feed, Tally, count};
use qualwatch::Engine;
use qualwatch::engine::Directly;
use qualwatch::frame::{Batch, FrameLimits, Framer, Framing, Open};
use xtask::generate::{Mix, pretty};

/// Documents of a feed, about 24 kB each: enough that one more alert is no matter.
const DOCUMENTS: u64 = 200;
/// Bytes that the framer gets at once, about as from a file.
const READ: usize = 1 << 16;
/// The first argument of the process that is counted; the second is the job's name.
const COUNTED: &str = "--counted";
/// Where a function of that name begins and ends, callgrind begins and ends to count.
const COUNTED_FUNCTION: &str = "*instructions*::the_job_that_is_counted*";
const PINNED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions.toml");
const COMMAND: &str = "cargo bench --profile pinned --bench instructions";

/// Name in the file of pinned counts, and what it is.
const JOBS: [(&str, &str); 11] = [
    ("tape", "bare tape parse, for comparison"),
    ("no-rules", "whole engine, no rules, none alerting"),
    ("quiet", "shipped rules, none alerting"),
    ("one-in-ten", "shipped rules, one in ten alerting"),
    ("each", "shipped rules, each alerting"),
    ("by-tape", "shipped rules, one in ten alerting, by the tape"),
    ("invalid", "shipped rules, each invalid"),
    ("windows", "shipped rules and windows, one in ten alerting"),
    ("frame-lines", "framing alone, one document a line"),
    (
        "frame-sequence",
        "framing alone, pretty-printed, one after another",
    ),
    ("frame-files", "framing alone, files of one document each"),
];

/// What is counted: its input's size, the work, and what the work must answer.
struct Job {
    bytes: usize,
    work: Box<dyn FnMut() -> Tally>,
    answer: Tally,
}

/// The engine, with the shipped rules or none. Valgrind translates code when it first runs, which may
/// take longer than a file of rules is given to load: then it loads the next time.
fn loaded(rules: bool) -> Arc<Engine> {
    let build = || {
        let builder = Engine::builder();
        if rules {
            builder.build()
        } else {
            builder.without_rules().build()
        }
    };
    let tries = (0..4).find_map(|_| build().ok());
    tries.unwrap_or_else(|| build().unwrap_or_else(|error| panic!("{error}")))
}

/// The engine over a feed, from the text where it can, or by the tape.
fn engine(feed: Feed, rules: bool, which: Directly) -> Job {
    let mut checker = loaded(rules).checker().directly(which);
    Job {
        bytes: feed.texts.iter().map(String::len).sum(),
        answer: Tally {
            nodes: 0,
            ..feed.planted
        },
        work: Box::new(move || {
            let mut tally = Tally::default();
            for text in &feed.texts {
                count(&mut checker, text.as_bytes(), &mut tally);
            }
            tally
        }),
    }
}

/// The engine and the windows, which begin with nothing remembered.
fn windows(feed: &Feed) -> Job {
    let day = one_day(feed);
    let engine = loaded(true);
    let mut checker = engine.checker().contributing();
    let mut stages = Vec::new();
    Job {
        bytes: day.texts.iter().map(String::len).sum(),
        answer: Tally {
            nodes: 0,
            ..day.planted
        },
        work: Box::new(move || {
            let first = &day.texts[0];
            over_time(&engine, &mut checker, &mut stages, &day.texts, first)
        }),
    }
}

/// What a framer answers of these: their number and bytes.
fn framed(documents: &[String]) -> Tally {
    let bytes: usize = documents.iter().map(|text| text.trim_end().len()).sum();
    Tally {
        alerts: documents.len() as u64,
        nodes: bytes as u64,
        ..Tally::default()
    }
}

/// The framer over a text of these documents.
fn framing(text: String, documents: &[String]) -> Job {
    let mut framer = Framer::new(Framing::Auto, FrameLimits::default(), Open::default());
    let mut batch = Batch::new();
    Job {
        bytes: text.len(),
        answer: framed(documents),
        work: Box::new(move || {
            let mut tally = Tally::default();
            let mut take = |batch: &mut Batch| {
                for frame in batch.iter() {
                    tally.alerts += 1;
                    tally.nodes += frame.bytes.len() as u64;
                }
                batch.clear();
            };
            for read in text.as_bytes().chunks(READ) {
                framer.push(read, &mut batch);
                take(&mut batch);
            }
            framer.finish(&mut batch);
            take(&mut batch);
            tally
        }),
    }
}

/// The framer over whole files, each of which is one document.
fn framing_files(documents: Vec<String>) -> Job {
    let framer = Framer::new(Framing::Auto, FrameLimits::default(), Open::default());
    let mut batch = Batch::new();
    Job {
        bytes: documents.iter().map(String::len).sum(),
        answer: framed(&documents),
        work: Box::new(move || {
            let mut tally = Tally::default();
            for text in &documents {
                let read = |room: &mut [u8]| std::io::Read::read(&mut text.as_bytes(), room);
                batch.fill(text.len(), read).expect("in memory");
                tally.alerts += u64::from(framer.alone(&mut batch));
                tally.nodes += batch
                    .iter()
                    .map(|frame| frame.bytes.len() as u64)
                    .sum::<u64>();
            }
            tally
        }),
    }
}

fn job(name: &str) -> Job {
    let quiet = |name| Feed::of(name, Mix::clean(), DOCUMENTS);
    let tenth = |name| Feed::of(name, Mix::tenth_alerting(), DOCUMENTS);
    let all = |mix: Mix| Feed::of("all of them", mix, DOCUMENTS);
    match name {
        "tape" => {
            let feed = quiet("tape");
            let mut bare = Bare::new();
            Job {
                bytes: feed.texts.iter().map(String::len).sum(),
                answer: Tally {
                    nodes: feed.planted.nodes,
                    ..Tally::default()
                },
                work: Box::new(move || bare.run(&feed.texts)),
            }
        }
        "no-rules" => engine(quiet("no rules"), false, Directly::Likely),
        "quiet" => engine(quiet("quiet"), true, Directly::Likely),
        "one-in-ten" => engine(tenth("tenth"), true, Directly::Likely),
        "by-tape" => engine(tenth("tenth"), true, Directly::Never),
        "each" => {
            let mix = Mix {
                poor_audio: 1000,
                ..Mix::clean()
            };
            engine(all(mix), true, Directly::Likely)
        }
        "invalid" => {
            let mix = Mix {
                invalid: 1000,
                ..Mix::clean()
            };
            engine(all(mix), true, Directly::Likely)
        }
        "windows" => windows(&tenth("windows")),
        "frame-lines" => {
            let texts = quiet("lines").texts;
            let text = texts.iter().map(|text| format!("{text}\n")).collect();
            framing(text, &texts)
        }
        "frame-sequence" => {
            let texts = quiet("sequence").texts;
            let texts: Vec<String> = texts.iter().map(|text| pretty(text)).collect();
            framing(texts.concat(), &texts)
        }
        "frame-files" => framing_files(quiet("files").texts),
        other => panic!("no job {other}"),
    }
}

/// Callgrind knows it by its name: it is no closure's, and it is called once.
#[inline(never)]
fn the_job_that_is_counted(work: &mut dyn FnMut() -> Tally) -> Tally {
    work()
}

/// In the process that is counted: once for the buffers, once for the count.
fn counted(name: &str) {
    let mut job = job(name);
    assert_eq!((job.work)(), job.answer, "{name}, unwatched");
    let said = the_job_that_is_counted(&mut *job.work);
    assert_eq!(said, job.answer, "{name}");
    println!("{}", job.bytes);
}

/// Instructions for each byte of the input of a job, counted in a process of its own.
fn instructions(name: &str, folder: &Path) -> Result<f64, String> {
    let own = std::env::current_exe().map_err(|error| format!("no path of its own: {error}"))?;
    let file = folder.join(name);
    let run = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--toggle-collect={COUNTED_FUNCTION}"))
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(own)
        .args([COUNTED, name])
        .output()
        .map_err(|error| format!("valgrind does not start ({error}): install it"))?;
    let said = String::from_utf8_lossy(&run.stdout);
    let bytes: Option<f64> = said.trim().parse().ok();
    let (Some(bytes), true) = (bytes, run.status.success()) else {
        let errors = String::from_utf8_lossy(&run.stderr);
        return Err(format!("{name} under valgrind: {}\n{errors}", run.status));
    };
    let counts = std::fs::read_to_string(&file).map_err(|error| format!("{name}: {error}"))?;
    let total = counts
        .lines()
        .find_map(|line| line.strip_prefix("totals: "));
    match total.and_then(|total| total.trim().parse::<f64>().ok()) {
        Some(total) if total > 0.0 => Ok(total / bytes),
        _ => Err(format!(
            "{name}: callgrind counted nothing in {COUNTED_FUNCTION}"
        )),
    }
}

/// What is pinned: with which compiler, how exactly, and instructions for each byte.
struct Pinned {
    compiler: String,
    tolerance: f64,
    counts: BTreeMap<String, f64>,
}

impl Pinned {
    fn read() -> Result<Pinned, String> {
        let text = std::fs::read_to_string(PINNED).map_err(|error| format!("{PINNED}: {error}"))?;
        let table: toml::Table = text.parse().map_err(|error| format!("{PINNED}: {error}"))?;
        let counts = table.get("instructions").and_then(toml::Value::as_table);
        let counts = counts.into_iter().flatten();
        Ok(Pinned {
            compiler: (table.get("compiler").and_then(toml::Value::as_str))
                .unwrap_or_default()
                .to_owned(),
            tolerance: (table.get("tolerance").and_then(toml::Value::as_float))
                .ok_or(format!("{PINNED} states no tolerance"))?,
            counts: counts
                .filter_map(|(name, count)| Some((name.clone(), count.as_float()?)))
                .collect(),
        })
    }

    fn write(&self) -> std::io::Result<()> {
        let mut text = format!(
            "# Instructions for each byte of input, job by job: benches/instructions.rs says what they are.\n\
             # Written by: QUALWATCH_BLESS=1 {COMMAND}\n\n\
             compiler = \"{}\"\n\
             # A share, to either side. Another x86-64 with AVX2, another libc: both stay well within it.\n\
             tolerance = {}\n\n[instructions]\n",
            self.compiler, self.tolerance
        );
        for (name, _) in JOBS {
            if let Some(count) = self.counts.get(name) {
                text.push_str(&format!("{name} = {count:.3}\n"));
            }
        }
        std::fs::write(PINNED, text)
    }
}

/// The compiler, as cargo would call it; its counts are its own.
fn compiler() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let said = Command::new(rustc).arg("--version").output();
    let said = said.map(|said| String::from_utf8_lossy(&said.stdout).into_owned());
    let said = said.unwrap_or_default();
    said.split(" (")
        .next()
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// Whether this is the build whose counts are pinned; cargo names the folder after the profile.
fn is_pinned_build() -> bool {
    let own = std::env::current_exe().unwrap_or_default();
    own.ancestors()
        .nth(2)
        .is_some_and(|folder| folder.ends_with("pinned"))
}

/// Whether what looks for the best instructions finds the same ones here as where it was pinned.
/// Valgrind hides what is beyond AVX2.
fn is_comparable_machine() -> bool {
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    return std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("bmi2");
    #[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
    return false;
}

/// Counts every job, two at a time.
fn count_all() -> Result<BTreeMap<String, f64>, String> {
    let folder = tempfile::tempdir().map_err(|error| format!("no folder: {error}"))?;
    let path = folder.path();
    let left = std::sync::Mutex::new(JOBS.iter());
    let next = || left.lock().ok()?.next();
    let some = || {
        let mut counts = Vec::new();
        while let Some((name, _)) = next() {
            counts.push((name.to_string(), instructions(name, path)?));
        }
        Ok::<_, String>(counts)
    };
    let both = std::thread::scope(|scope| {
        [scope.spawn(some), scope.spawn(some)].map(|thread| {
            thread
                .join()
                .unwrap_or_else(|_| Err("a thread broke".into()))
        })
    });
    let mut counts = BTreeMap::new();
    for some in both {
        counts.extend(some?);
    }
    Ok(counts)
}

fn run() -> Result<(), String> {
    if !is_comparable_machine() {
        println!("nothing to compare: counts are pinned for Linux on x86-64 with AVX2 and BMI2");
        return Ok(());
    }
    let counts = count_all()?;
    let tape = counts["tape"];
    if std::env::var_os("QUALWATCH_BLESS").is_some_and(|set| set == "1") {
        if !is_pinned_build() {
            return Err(format!("only {COMMAND} counts what is pinned"));
        }
        let tolerance = Pinned::read().map_or(0.03, |pinned| pinned.tolerance);
        let compiler = compiler();
        let pinned = Pinned {
            compiler,
            tolerance,
            counts: counts.clone(),
        };
        pinned
            .write()
            .map_err(|error| format!("{PINNED}: {error}"))?;
    }
    let pinned = is_pinned_build().then(Pinned::read).transpose()?;
    println!("| Job | instructions a byte | of the bare tape parse | pinned | differs by |");
    println!("|---|---|---|---|---|");
    let mut wrong = String::new();
    for (name, what) in JOBS {
        let count = counts[name];
        let of = pinned.as_ref().map(|pinned| pinned.counts.get(name));
        let (was, by) = match of {
            Some(Some(was)) => (
                format!("{was:.3}"),
                format!("{:+.2} %", (count / was - 1.0) * 100.0),
            ),
            Some(None) => ("none".to_owned(), "all".to_owned()),
            None => ("not for this profile".to_owned(), String::new()),
        };
        println!(
            "| {what} | {count:.3} | {:.2} | {was} | {by} |",
            count / tape
        );
        let tolerance = pinned.as_ref().map_or(0.0, |pinned| pinned.tolerance);
        let fits = |was: &f64| (count / was - 1.0).abs() <= tolerance;
        if of.is_some_and(|was| !was.is_some_and(fits)) {
            wrong.push_str(&format!(
                "{name} ({what}): {count:.3} instructions a byte, {was} are pinned, which differs by {by}\n"
            ));
        }
    }
    let Some(pinned) = pinned.filter(|_| !wrong.is_empty()) else {
        return Ok(());
    };
    let (here, there) = (compiler(), &pinned.compiler);
    if here != *there {
        wrong.push_str(&format!("pinned with {there}; this is {here}\n"));
    }
    Err(format!(
        "{wrong}{:.1} % are tolerated. Where the change is meant to do this, and says so in its commit:\n\
         QUALWATCH_BLESS=1 {COMMAND}",
        pinned.tolerance * 100.0
    ))
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, name, ..] = &arguments[..]
        && first == COUNTED
    {
        counted(name);
        return ExitCode::SUCCESS;
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            println!("{why}");
            ExitCode::FAILURE
        }
    }
}
