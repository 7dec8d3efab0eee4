//! Faults, from outside: the program is killed, and its disk refuses, at any moment; afterwards
//! nothing is missing, nothing is invented, and what came twice carries the same key.
//!
//! The oracle is this process: it has the receiver, and knows from a run without faults what must
//! come. `kills` draws moments from a seed that each failure names, `disk` takes each call that
//! makes something durable in turn.

mod disk;
mod kills;
#[path = "../support/mod.rs"]
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use support::receiver::{Receiver, reply};
use xtask::generate::{Mix, Plan};

/// Extra copies that one kill can cost: the sink's threads, each with one delivery under way.
const UNDER_WAY: usize = 2;

/// A folder with records, a configuration, and room for a state.
struct Place {
    folder: tempfile::TempDir,
    /// what it is told to read
    reads: &'static [&'static str],
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
        Place {
            folder,
            reads: &["records.ndjson"],
        }
    }

    /// Puts the records into a drop folder as well, some to a file; what is read is moved away.
    fn drop_folder(mut self, records: &str) -> Place {
        let drop = self.folder.path().join("drop");
        fs::create_dir(&drop).expect("made");
        let lines: Vec<&str> = records.lines().collect();
        for (number, some) in lines.chunks(9).enumerate() {
            let name = format!("{number:03}.ndjson");
            fs::write(drop.join(name), some.join("\n")).expect("written");
        }
        self.reads = &["--after", "move", "drop"];
        self
    }

    /// Files that are in the drop folder still.
    fn left(&self) -> usize {
        let entries = fs::read_dir(self.folder.path().join("drop"));
        let files = entries.into_iter().flatten().flatten();
        files.filter(|entry| entry.path().is_file()).count()
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_qualwatch"));
        command
            .current_dir(self.folder.path())
            .args(["--once", "--format", "json", "--state", "state"])
            .args(self.reads)
            .stdin(Stdio::null());
        command
    }

    fn whole_run(&self) -> Output {
        self.command().output().expect("runs")
    }
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

fn records(seed: u64, documents: u64) -> String {
    let plan = Plan {
        seed,
        documents,
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

/// Holds what came against what must: nothing lost, nothing invented, and at most so many copies.
/// How many there were.
fn conserved(want: &BTreeSet<String>, receiver: &Receiver, most: usize, about: &str) -> usize {
    let came = came(receiver);
    let got: BTreeSet<String> = came
        .values()
        .map(|(_, alert)| alert["id"].as_str().expect("an id").to_owned())
        .collect();
    let lost: Vec<_> = want.difference(&got).collect();
    let invented: Vec<_> = got.difference(want).collect();
    assert!(lost.is_empty(), "lost {lost:?}: {about}");
    assert!(invented.is_empty(), "invented {invented:?}: {about}");
    let copies: usize = came.values().map(|(times, _)| times - 1).sum();
    assert!(
        copies <= most,
        "{copies} copies, and {most} may be: {about}"
    );
    copies
}
