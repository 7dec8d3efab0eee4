//! Faults, from outside: the program is killed at any moment, and afterwards nothing is missing,
//! nothing is invented, and what came twice carries the same key.
//!
//! The oracle is this process: it has the receiver, knows from a run without faults what must come,
//! and draws the faults from a seed that each failure names. `QUALWATCH_KILLS` sets how many kills
//! there are (40), `QUALWATCH_SEED` where the drawing begins.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver as Channel, channel};
use std::time::Duration;

use serde_json::Value;
use support::receiver::{Answer, Receiver, reply};
use xtask::generate::Mix;

/// Extra copies that one kill can cost: the sink's threads, each with one delivery under way.
const UNDER_WAY: usize = 2;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().expect("a number"))
}

/// A folder with records, a configuration, and room for a state.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new(receiver: &Receiver, records: &str) -> Place {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("records.ndjson"), records).expect("written");
        let config = format!(
            "[[sink]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{}\"\n\
             retry_first = \"10ms\"\nretry_longest = \"50ms\"\n[delivery]\ndrain = \"20s\"\n",
            receiver.url("/")
        );
        fs::write(folder.path().join("qualwatch.toml"), config).expect("written");
        Place { folder }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_qualwatch"));
        command
            .current_dir(self.folder.path())
            .args([
                "--once",
                "--format",
                "json",
                "--state",
                "state",
                "records.ndjson",
            ])
            .stdin(Stdio::null());
        command
    }

    fn whole_run(&self) -> std::process::Output {
        self.command().output().expect("runs")
    }
}

/// When a kill comes.
#[derive(Clone, Copy, Debug)]
enum When {
    /// so long after the start
    After(Duration),
    /// when so many further requests came
    Requests(usize),
    /// when so many alerts were printed
    Alerts(usize),
}

fn draw(random: &mut fastrand::Rng) -> When {
    match random.u8(0..4) {
        0 => When::Requests(random.usize(1..12)),
        1 => When::Alerts(random.usize(1..30)),
        // A start takes most of that time, and is to be killed as well.
        _ => When::After(Duration::from_micros(random.u64(0..700_000))),
    }
}

/// Kills it at that moment; whether it was still there.
fn kill(child: &mut Child, when: When, receiver: &Receiver) -> bool {
    let ended = lines(child);
    let gone = match when {
        When::After(time) => {
            let until = std::time::Instant::now() + time;
            let mut left = time;
            loop {
                match ended.recv_timeout(left) {
                    Ok(()) => left = until.saturating_duration_since(std::time::Instant::now()),
                    Err(std::sync::mpsc::RecvTimeoutError::Timeout) => break false,
                    Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break true,
                }
            }
        }
        When::Alerts(count) => (0..count).any(|_| ended.recv().is_err()),
        When::Requests(count) => {
            let before = receiver.requests().len();
            // Its end is seen by what it prints; meanwhile requests are counted.
            loop {
                if receiver.requests().len() >= before + count {
                    break false;
                }
                match ended.recv_timeout(Duration::from_millis(1)) {
                    Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break true,
                    _ => continue,
                }
            }
        }
    };
    child.kill().expect("killed");
    child.wait().expect("waited for");
    !gone
}

/// Tells of each line that it prints, and of the end.
fn lines(child: &mut Child) -> Channel<()> {
    let (told, tells) = channel();
    let out = BufReader::new(child.stdout.take().expect("a pipe"));
    std::thread::spawn(move || {
        for _ in out.lines().map_while(Result::ok) {
            if told.send(()).is_err() {
                return;
            }
        }
    });
    tells
}

/// What came, by key: how often, and the alert.
fn came(receiver: &Receiver) -> BTreeMap<String, (usize, Value)> {
    let mut came: BTreeMap<String, (usize, Value)> = BTreeMap::new();
    for request in receiver.requests() {
        let key = request.headers["idempotency-key"].clone();
        let alert = request.json();
        let entry = came.entry(key).or_insert((0, alert.clone()));
        assert_eq!(entry.1, alert, "one key, two alerts");
        entry.0 += 1;
    }
    came
}

fn records(seed: u64) -> String {
    let plan = xtask::generate::Plan {
        seed,
        documents: 200,
        sessions: Some(2),
        mix: Mix::tenth_alerting(),
    };
    let mut text = String::new();
    for document in xtask::generate::documents(&plan) {
        text.push_str(&document.text);
        text.push('\n');
    }
    text
}

/// The alerts of a run without faults and without a state, by their ids.
fn expected(records: &str) -> BTreeSet<String> {
    let receiver = Receiver::start(Vec::new(), reply(200, ""));
    let place = Place::new(&receiver, records);
    let out = place.whole_run();
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    let ids: BTreeSet<String> = came(&receiver)
        .values()
        .map(|(_, alert)| alert["id"].as_str().expect("an id").to_owned())
        .collect();
    assert!(
        ids.len() > 5,
        "{} alerts are too few to lose any",
        ids.len()
    );
    ids
}

#[test]
fn after_any_number_of_kills_each_alert_has_come_and_none_that_is_not_one() {
    let (mut left, first) = (number("QUALWATCH_KILLS", 40), number("QUALWATCH_SEED", 1));
    let (mut killed, mut twice, mut trial) = (0_u64, 0, first);
    while left > 0 {
        let mut random = fastrand::Rng::with_seed(trial);
        let records = records(trial);
        let want = expected(&records);
        let script = (0..random.usize(0..30))
            .map(|_| match random.u8(0..4) {
                0 => Answer::HangUp,
                1 => reply(503, ""),
                _ => reply(200, ""),
            })
            .collect::<Vec<_>>();
        let ambiguous = script
            .iter()
            .filter(|answer| matches!(answer, Answer::HangUp))
            .count();
        let refused = script
            .iter()
            .filter(|it| matches!(it, Answer::Reply(503, ..)))
            .count();
        let receiver = Receiver::start(script, reply(200, ""));
        let place = Place::new(&receiver, &records);
        let mut kills = 0;
        for _ in 0..random.u64(1..5).min(left) {
            let mut command = place.command();
            let mut child = command
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .expect("started");
            let when = draw(&mut random);
            kills += usize::from(kill(&mut child, when, &receiver));
            left -= 1;
        }
        let out = place.whole_run();
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        let about = format!("QUALWATCH_SEED={trial} QUALWATCH_KILLS=1; {kills} kills\n{said}");
        assert!(out.status.success(), "{about}");
        let came = came(&receiver);
        let got: BTreeSet<String> = came
            .values()
            .map(|(_, alert)| alert["id"].as_str().expect("an id").to_owned())
            .collect();
        let lost: Vec<_> = want.difference(&got).collect();
        let invented: Vec<_> = got.difference(&want).collect();
        assert!(lost.is_empty(), "lost {lost:?}: {about}");
        assert!(invented.is_empty(), "invented {invented:?}: {about}");
        let copies: usize = came.values().map(|(times, _)| times - 1).sum();
        let most = kills * UNDER_WAY + ambiguous + refused;
        assert!(copies <= most, "{copies} copies: {about}");
        killed += kills as u64;
        twice += copies.saturating_sub(refused);
        trial += 1;
    }
    // Without these the trials have shown nothing.
    assert!(killed > 0, "no kill met a process that ran");
    assert!(
        twice > 0 || first != 1,
        "no delivery was ever under way when a kill came"
    );
}
