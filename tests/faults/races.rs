//! Writers that do all that one should not: write slowly, open twice, append, replace, truncate.
//!
//! A sequence is drawn for each file. What stands in it at the end must be told; what stood there
//! whole in between may be; half of a document never, and none twice. `QUALWATCH_RACES` sets how many
//! files there are (500).

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::Condvar;
use std::sync::Mutex;
use std::time::Duration;

use super::folder::{Watch, deliver, record};
use super::number;
use super::oracle::Seen;
use super::place::Place;

/// What a writer does to its file.
#[derive(Clone, Copy, Debug)]
enum Act {
    /// writes a document anew, in so many parts
    Write(usize),
    /// the same, closed and opened again between the parts
    Reopen(usize),
    /// another document behind what is there
    Append,
    /// another file under its name
    Replace,
    /// nothing in it, then a document
    Empty,
}

/// A writer's slowness: it is the fault, and nobody waits for it.
fn dawdle(random: &mut fastrand::Rng) {
    let (lock, never) = (Mutex::new(()), Condvar::new());
    let time = Duration::from_micros(random.u64(0..20_000));
    let guard = lock.lock().expect("held");
    drop(never.wait_timeout(guard, time).expect("held"));
}

/// One file's story: calls that must be told, and those that may be.
#[derive(Default)]
struct Story {
    must: BTreeSet<String>,
    may: BTreeSet<String>,
}

fn write(folder: &Path, file: usize, seed: u64) -> Story {
    let mut random = fastrand::Rng::with_seed(seed);
    let name = format!("{file}.json");
    let path = folder.join(&name);
    let mut story = Story::default();
    let mut next = 0;
    let acts = random.usize(1..4);
    for _ in 0..acts {
        next += 1;
        let call = format!("{file}-{next}");
        let text = record(&call, 1);
        let act = match random.u8(0..6) {
            0 | 1 => Act::Write(random.usize(1..4)),
            2 => Act::Reopen(random.usize(2..4)),
            3 => Act::Append,
            4 => Act::Replace,
            _ => Act::Empty,
        };
        // What was there must still be told by an append alone.
        if !matches!(act, Act::Append) {
            let before = std::mem::take(&mut story.must);
            story.may.extend(before);
        }
        story.must.insert(call);
        let parts = match act {
            Act::Write(parts) | Act::Reopen(parts) => parts,
            _ => 2,
        };
        let size = text.len().div_ceil(parts);
        let open = |empties: bool| {
            let mut options = OpenOptions::new();
            options.create(true).write(true);
            if empties {
                options.truncate(true)
            } else {
                options.append(true)
            };
            options.open(&path).expect("opened")
        };
        match act {
            Act::Write(_) | Act::Empty => {
                let mut file = open(true);
                for part in text.as_bytes().chunks(size) {
                    dawdle(&mut random);
                    file.write_all(part).expect("written");
                }
            }
            Act::Reopen(_) => {
                drop(open(true));
                for part in text.as_bytes().chunks(size) {
                    open(false).write_all(part).expect("written");
                    dawdle(&mut random);
                }
            }
            Act::Append => {
                let mut file = open(false);
                dawdle(&mut random);
                file.write_all(format!("\n{text}").as_bytes())
                    .expect("written");
            }
            Act::Replace => deliver(folder, &name, &text),
        }
        dawdle(&mut random);
    }
    story
}

/// Writers at work on so many files, while the program watches.
pub(crate) fn trial(seed: u64, files: usize, bug: Option<&'static str>) -> Result<Seen, String> {
    let more = ["--settle", "60ms", "--scan-every", "200ms"];
    let reads = [&more[..], &["drop"]].concat();
    let mut place = Place::empty("").with(bug).reading(&reads);
    let drop = place.path().join("drop");
    fs::create_dir(&drop).expect("made");
    deliver(&drop, "first.json", &record("first", 1));
    let watch = Watch::start(place.watching());
    let end = || {
        watch.calls(1)?;
        let stories: Vec<Story> = super::side_by_side(8, (0..files).collect(), |file| {
            write(&drop, file, seed.wrapping_mul(1_000_003) + file as u64)
        });
        let must: BTreeSet<String> = stories.iter().flat_map(|it| it.must.clone()).collect();
        let may: BTreeSet<String> = stories.iter().flat_map(|it| it.may.clone()).collect();
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        while must.iter().any(|call| !times.contains_key(call)) {
            let next = watch.calls(1).map_err(|why| {
                let lost: Vec<_> = must.iter().filter(|it| !times.contains_key(*it)).collect();
                format!("{why}, lost {lost:?}")
            })?;
            for call in next {
                *times.entry(call).or_default() += 1;
            }
        }
        for call in watch.more() {
            *times.entry(call).or_default() += 1;
        }
        Ok((must, may, times))
    };
    let told = end();
    let (must, may, mut times) = told.map_err(|why| place.keep(why))?;
    let (summary, more) = watch.end().map_err(|why| place.keep(why))?;
    for call in more {
        *times.entry(call).or_default() += 1;
    }
    let invented: Vec<_> = times
        .keys()
        .filter(|call| !must.contains(*call) && !may.contains(*call))
        .collect();
    let twice: Vec<_> = times.iter().filter(|(_, times)| **times > 1).collect();
    if !invented.is_empty() || !twice.is_empty() {
        return Err(place.keep(format!("invented {invented:?}, twice {twice:?}")));
    }
    let verdicts = &summary["documents"]["verdicts"];
    if verdicts["malformed"] != 0 || verdicts["foreign"] != 0 || verdicts["invalid"] != 0 {
        return Err(place.keep(format!("half of a document was judged: {verdicts}")));
    }
    let counts = &summary["files"]["folders"];
    let count = |name: &str| counts[name].as_u64().unwrap_or(0) as usize;
    if count("seen") != count("read") + count("pending") + count("failed") + count("gone") {
        return Err(place.keep(format!("it does not add up: {counts}")));
    }
    let mut seen = Seen::default();
    seen.add("file", files);
    seen.add(
        "read in between",
        may.iter().filter(|it| times.contains_key(*it)).count(),
    );
    seen.add("changed while it was read", count("requeued"));
    Ok(seen)
}

#[test]
fn whatever_writers_do_all_that_they_wrote_is_told_and_no_half_of_it() {
    let (files, first) = (number("QUALWATCH_RACES", 500), number("QUALWATCH_SEED", 1));
    let mut seen = Seen::default();
    for at in 0..files.div_ceil(500) {
        let some = (files - at * 500).min(500) as usize;
        let seed = first + at;
        let one = trial(seed, some, None);
        seen.join(one.unwrap_or_else(|why| panic!("QUALWATCH_SEED={seed}: {why}")));
    }
    seen.must_have("writer races", &["file", "read in between"]);
}
