//! Rule files that mean harm, with the real program: each ends in time and in little memory, is
//! told with its reason, and takes no alert from the rule beside it.
//!
//! `tests/cases/hostile/<sentence>.rhai` begins with what must become of it:
//!
//! - `// load: WORDS`: it does not load, and the problem has these words;
//! - `// run: WORDS`: it loads, breaks with these words, is told once and counted;
//! - `// calm`: it loads, and nothing breaks.
//!
//! Lines like `// MORE = "1," * 1000` behind that stand for long texts: wherever `MORE` stands in
//! the script, the text stands so many times; `{i}` in it is the number of the repetition.
//!
//! Time is the process's own, less what it needs with the good rule alone: a busy machine fails
//! nothing here. Memory is its greatest resident set.

#![cfg(unix)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use wait4::Wait4 as _;

/// Time of the process's own that a hostile file may take.
const TIME: Duration = Duration::from_millis(250);
/// Its greatest resident set.
const MEMORY: u64 = 200 << 20;
/// What a process of ours may say about a file at the most.
const SAID: usize = 64 << 10;

const GOOD: &str = "rule(\"good\", #{ on: \"stream\", when: |s| s.averageAudioDegradation > \
                    limits::audio_degradation });\n";
const LIMITS: &str = "audio_degradation = 1.0\n";

struct Ran {
    code: Option<i32>,
    time: Duration,
    memory: u64,
    alerts: Vec<Value>,
    said: String,
}

impl Ran {
    /// How many alerts a rule gave.
    fn alerts_of(&self, rule: &str) -> usize {
        let of = |alert: &&Value| alert["rule"] == rule;
        self.alerts.iter().filter(of).count()
    }

    /// What was said under a schema.
    fn lines(&self, schema: &str) -> Vec<Value> {
        let lines = self.said.lines();
        lines
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|line| line["schema"] == schema)
            .collect()
    }
}

/// Runs the program over a file of documents with the rules of a folder.
fn run(rules: &Path, documents: &Path) -> Ran {
    // What goes wrong here must not take the machine with it.
    let limited = "ulimit -v 4194304; ulimit -t 60; exec \"$0\" \"$@\"";
    let folder = tempfile::tempdir().expect("a folder");
    let (out, err) = (folder.path().join("out"), folder.path().join("err"));
    let child = Command::new("sh")
        .args(["-c", limited, env!("CARGO_BIN_EXE_qualwatch"), "--rules"])
        .arg(rules)
        .args(["--once", "--format", "json", "--workers", "1"])
        .arg(documents)
        .stdin(Stdio::null())
        .stdout(fs::File::create(&out).expect("a file"))
        .stderr(fs::File::create(&err).expect("a file"))
        .spawn()
        .expect("starts");
    let used = child.wait4().expect("ends");
    let text = |path: &Path| String::from_utf8(fs::read(path).expect("a file")).expect("UTF-8");
    let alerts = text(&out);
    Ran {
        code: used.status.code(),
        time: used.rusage.utime + used.rusage.stime,
        memory: used.rusage.maxrss,
        alerts: alerts
            .lines()
            .map(|line| serde_json::from_str(line).expect("an alert"))
            .collect(),
        said: text(&err),
    }
}

fn rules(hostile: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    fs::write(at("thresholds.toml"), LIMITS).expect("a file");
    fs::write(at("good.rhai"), GOOD).expect("a file");
    if !hostile.is_empty() {
        fs::write(at("hostile.rhai"), hostile).expect("a file");
    }
    folder
}

/// A real record with two streams, one of them bad.
fn record() -> PathBuf {
    support::root("examples/records/microsoft-example-2-expanded.json")
}

/// What must become of a case, and its script.
fn read(text: &str) -> (&str, String) {
    let (head, mut rest) = text.split_once('\n').expect("a first line");
    let mut names = Vec::new();
    while let Some((line, after)) = rest.split_once('\n') {
        let Some((name, what)) = line
            .strip_prefix("// ")
            .and_then(|line| line.split_once(" = "))
        else {
            break;
        };
        let (piece, count) = what.rsplit_once(" * ").expect("a count");
        let piece: String = serde_json::from_str(piece).expect("a text");
        let count: usize = count.parse().expect("a count");
        names.push((name, piece, count));
        rest = after;
    }
    let mut script = rest.to_owned();
    // The last first: what stands for a text may stand in another.
    for (name, piece, count) in names.iter().rev() {
        let repeated = (0..*count)
            .map(|number| piece.replace("{i}", &number.to_string()))
            .collect::<String>();
        script = script.replace(name, &repeated);
    }
    (head.strip_prefix("// ").expect("a first line"), script)
}

/// Everything that is wrong with how a case went.
fn faults(want: &str, ran: &Ran, alone: &Ran) -> Vec<String> {
    let mut faults = Vec::new();
    let mut must = |holds: bool, what: String| {
        if !holds {
            faults.push(what);
        }
    };
    let time = ran.time.saturating_sub(alone.time);
    must(time <= TIME, format!("it took {time:?}"));
    let memory = ran.memory;
    must(memory <= MEMORY, format!("it took {} MiB", memory >> 20));
    must(
        ran.said.len() <= SAID,
        format!("it said {} bytes", ran.said.len()),
    );
    let control = |c: char| c.is_control() && c != '\n' || ('\u{202a}'..='\u{202e}').contains(&c);
    must(
        !ran.said.contains(control),
        "it said more than text".to_owned(),
    );
    must(!ran.said.contains("panicked"), "it panicked".to_owned());
    if let Some(words) = want.strip_prefix("load: ") {
        must(ran.code == Some(2), format!("it ended with {:?}", ran.code));
        must(
            ran.said.contains(words),
            "it said something else".to_owned(),
        );
        let problems = ran.lines("qualwatch.rules/1");
        let placed = problems.iter().any(|problem| problem["code"].is_string());
        must(placed, "it told no problem".to_owned());
        return faults;
    }
    must(ran.code == Some(0), format!("it ended with {:?}", ran.code));
    must(
        ran.alerts_of("good") == 1,
        "the good rule's alert is missing".to_owned(),
    );
    let broke = ran.lines("qualwatch.rule/1");
    let broke: Vec<&Value> = broke
        .iter()
        .filter(|line| line["fault"].is_string())
        .collect();
    let summary = ran.lines("qualwatch.summary/1");
    let failed = summary
        .first()
        .map(|line| &line["rules"]["hostile"]["failed"]);
    match want.strip_prefix("run: ") {
        Some(words) => {
            must(broke.len() == 1, format!("it broke {} times", broke.len()));
            let said = broke.iter().filter_map(|line| line["fault"].as_str());
            must(
                said.clone().any(|said| said.contains(words)),
                "it broke otherwise".to_owned(),
            );
            must(
                said.clone().all(|said| said.len() < 1_000),
                "it said too much".to_owned(),
            );
            let counted =
                failed.and_then(Value::as_u64).unwrap_or(0) + ran.alerts_of("hostile") as u64;
            must(counted > 0, "it is not counted".to_owned());
        }
        None => {
            must(want == "calm", format!("`{want}` is no outcome"));
            must(broke.is_empty(), format!("it broke: {broke:?}"));
        }
    }
    faults
}

#[test]
fn each_hostile_file_ends_in_time_and_takes_nothing_from_the_others() {
    let folder = support::root("tests/cases/hostile");
    let only = std::env::var("QUALWATCH_CASE").unwrap_or_default();
    let mut cases: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the cases")
        .map(|entry| entry.expect("a case").path())
        .filter(|path| path.display().to_string().contains(&only))
        .collect();
    cases.sort();
    assert!(
        cases.len() >= 60 || !only.is_empty(),
        "{} cases",
        cases.len()
    );
    let good = rules("");
    let alone = run(good.path(), &record());
    assert_eq!(
        (alone.code, alone.alerts_of("good")),
        (Some(0), 1),
        "{}",
        alone.said
    );
    let mut failed = Vec::new();
    for path in cases {
        let text = fs::read_to_string(&path).expect("a case");
        let (want, script) = read(&text);
        let folder = rules(&script);
        let ran = run(folder.path(), &record());
        let faults = faults(want, &ran, &alone);
        if !faults.is_empty() {
            let said: String = ran.said.chars().take(1_500).collect();
            failed.push(format!("{}: {}\n{said}", path.display(), faults.join(", ")));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// A rule that runs away on each of a thousand documents is asked no more after a few, and none
/// of the other rule's alerts is missing.
#[test]
fn a_rule_that_runs_away_on_every_document_does_not_stall_the_feed() {
    let text = fs::read_to_string(support::root(
        "tests/cases/hostile/copying-a-great-list-again-and-again-is-stopped.rhai",
    ));
    let text = text.expect("a case");
    let (_, script) = read(&text);
    let line = fs::read_to_string(record()).expect("a record");
    let line: Value = serde_json::from_str(&line).expect("JSON");
    let folder = tempfile::tempdir().expect("a folder");
    let feed = folder.path().join("feed.ndjson");
    let each = |at: usize| {
        let mut line = line.clone();
        line["id"] = format!("call-{at}").into();
        format!("{line}\n")
    };
    fs::write(&feed, (0..1_000).map(each).collect::<String>()).expect("a feed");
    let (good, hostile) = (rules(""), rules(&script));
    let alone = run(good.path(), &feed);
    let ran = run(hostile.path(), &feed);
    assert_eq!(ran.code, Some(0), "{}", ran.said);
    assert_eq!(
        (alone.alerts_of("good"), ran.alerts_of("good")),
        (1_000, 1_000)
    );
    // Twenty documents of at most twice 50 ms.
    let more = ran.time.saturating_sub(alone.time);
    assert!(more < Duration::from_secs(4), "{more:?}");
    let summary = ran.lines("qualwatch.summary/1");
    assert_eq!(summary[0]["rules"]["hostile"]["failed"], 2_000);
    let told = ran.lines("qualwatch.rule/1");
    let told: Vec<&str> = told
        .iter()
        .filter_map(|line| line["fault"].as_str())
        .collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told[0].contains("too long") && told[1].contains("disabled"),
        "{told:?}"
    );
}
