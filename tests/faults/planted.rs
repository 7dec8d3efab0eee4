//! The harness is tried as well: mistakes that somebody might make are made in the program on purpose
//! (`src/planted.rs`), and the oracle must find each, by what it does and not by a crash.

use std::time::Duration;

use super::disk::{FULL, Fault};
use super::oracle::{Records, Seen};
use super::place::{Place, hook};
use super::support::receiver::{Receiver, reply};
use super::{folder, has, hostile, power, races, side_by_side, sinks};

/// A mistake, how it is looked for, and what the oracle says of it.
struct Mistake {
    name: &'static str,
    tried: fn(&'static str) -> Result<Seen, String>,
    said: &'static str,
}

fn alone(mode: &str, bug: &'static str) -> Result<Seen, String> {
    let modes = sinks::modes();
    let mode = modes.iter().find(|it| it.name == mode).expect("a mode");
    sinks::alone(mode, Some(bug))
}

/// From a drop folder, at every third call.
fn at_some(fault: Fault, most: usize, bug: &'static str) -> Result<Seen, String> {
    let moved = Fault {
        moves: true,
        ..fault
    };
    let mut all = (1..most).step_by(3);
    all.try_for_each(|k| moved.trial(k, Some(bug)).map(drop))?;
    Ok(Seen::default())
}

/// The same records again, when what is known of them was let go; a copy would be one too many.
fn again(bug: Option<&'static str>) -> Result<Seen, String> {
    let records = Records::of(7, 60);
    let receiver = Receiver::start(Vec::new(), reply(200, ""));
    let place = Place::new(&records, &hook("hook", &receiver.url("/"))).with(bug);
    place.run().well()?;
    let mut place = place.reading(&["--max-calls", "1", "records.ndjson"]);
    let ended = place.run().well().and_then(|ran| {
        let known = ran.about("qualwatch.state/1")["documents"].clone();
        let copies = records.conserved(&records.taken(&receiver), 0)?;
        let mut seen = Seen::default();
        seen.add("copy", copies);
        seen.add("document that was forgotten", usize::from(known == 1));
        Ok(seen)
    });
    ended.map_err(|why| place.keep(why))
}

/// A run that says it was well has delivered all.
fn once(bug: Option<&'static str>) -> Result<Seen, String> {
    let records = Records::of(7, 60);
    let receiver = Receiver::start(Vec::new(), reply(200, ""));
    let hook = hook("hook", &receiver.url("/"));
    let mut place = Place::new(&records, &hook).with(bug);
    let ended = place.run().well();
    let ended = ended.and_then(|_| records.conserved(&records.taken(&receiver), 0));
    ended.map_err(|why| place.keep(why))?;
    Ok(Seen::default())
}

fn repeatedly(times: u64, one: impl Fn(u64) -> Result<Seen, String>) -> Result<Seen, String> {
    for seed in 1..=times {
        one(seed)?;
    }
    Ok(Seen::default())
}

const MISTAKES: &[Mistake] = &[
    Mistake {
        name: "ack-before-send",
        tried: |bug| alone("answers 500", bug),
        said: "lost",
    },
    Mistake {
        name: "any-200-is-success",
        tried: |bug| alone("Slack: 200 with an error", bug),
        said: "lost",
    },
    Mistake {
        name: "drop-dead-letters",
        tried: |bug| alone("answers 400", bug),
        said: "it ended with Some(0)",
    },
    Mistake {
        name: "keys-anew",
        tried: |bug| alone("hangs up without a word", bug),
        said: "keys",
    },
    Mistake {
        name: "move-before-commit",
        tried: |bug| power::each_kill(0, Some(bug)),
        said: "lost",
    },
    Mistake {
        name: "answer-before-commit",
        tried: |bug| power::each_kill(0, Some(bug)),
        said: "lost",
    },
    Mistake {
        name: "two-transactions",
        tried: |bug| power::each_kill(0, Some(bug)),
        said: "lost",
    },
    Mistake {
        name: "deaf-to-failures",
        tried: |bug| at_some(FULL, 60, bug),
        said: "lost",
    },
    Mistake {
        name: "no-sync",
        tried: |bug| repeatedly(3, |seed| power::trial(seed, 20, Some(bug))),
        said: "lost",
    },
    Mistake {
        name: "unsynced-folder",
        tried: |bug| repeatedly(6, |seed| power::trial(seed, 20, Some(bug))),
        said: "lost",
    },
    Mistake {
        name: "lose-the-last-batch",
        tried: |bug| repeatedly(20, |_| once(Some(bug))),
        said: "lost",
    },
    Mistake {
        name: "forget-delivered",
        tried: |bug| again(Some(bug)),
        said: "copies",
    },
    Mistake {
        name: "ignore-overflow",
        tried: |bug| folder::overflow(Some(bug), Duration::from_secs(8)),
        said: "lost",
    },
    Mistake {
        name: "half-documents",
        tried: |bug| repeatedly(3, |seed| races::trial(seed, 60, Some(bug))),
        said: "half of a document",
    },
    Mistake {
        name: "follow-links",
        tried: |bug| hostile::trial(1, Some(bug)),
        said: hostile::SECRET,
    },
];

#[test]
fn each_planted_mistake_is_found() {
    if !has("strace") || !has("setpriv") {
        return;
    }
    let mistakes = MISTAKES.iter().collect();
    let found = side_by_side(3, mistakes, |mistake: &Mistake| {
        (mistake, (mistake.tried)(mistake.name))
    });
    let mut missed = Vec::new();
    for (mistake, result) in found {
        match result {
            Err(why) if why.contains(mistake.said) => {
                let first = why.lines().find(|line| line.contains(mistake.said));
                let first: String = first.unwrap_or_default().chars().take(160).collect();
                super::say(&format!("{}: {first}", mistake.name));
            }
            other => missed.push(format!("{}: {other:?}", mistake.name)),
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn what_was_forgotten_is_not_told_twice() {
    let seen = again(None).unwrap_or_else(|why| panic!("{why}"));
    seen.must_have("again", &["document that was forgotten"]);
}

#[test]
fn a_run_that_ends_well_has_delivered_all() {
    once(None).unwrap_or_else(|why| panic!("{why}"));
}
