//! Is the language as `docs/rules.md` says? Each example there is loaded, and asked.
//!
//! A block `rhai` is a rule file; comments at its end say what it does on a stream:
//! `// fires: averageJitter = "PT0.031S", caller.feedback.rating = "bad"`. A block `rhai when` is a
//! table: below `// given: …`, each line is a `when` and what it comes to. The blocks `toml limits`
//! are the limits of all.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use qualwatch::rules::fields::Level;
use qualwatch::{Engine, Input, Report};
use serde_json::{Map, Value, json};

const PAGE: &str = include_str!("../docs/rules.md");
const WINDOWS: &str = include_str!("../docs/windows.md");

/// A fenced block, and the line it begins on.
struct Block {
    kind: String,
    line: usize,
    text: String,
}

fn blocks() -> Vec<Block> {
    blocks_of(PAGE)
}

fn blocks_of(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (at, line) in page.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(kind)) => {
                open = Some(Block {
                    kind: kind.to_owned(),
                    line: at + 1,
                    text: String::new(),
                });
            }
            (Some(_), Some("")) => blocks.extend(open.take()),
            (Some(block), _) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "the last block is not closed");
    blocks
}

fn of_kind(kind: &str) -> Vec<Block> {
    let found: Vec<Block> = blocks()
        .into_iter()
        .filter(|block| block.kind == kind)
        .collect();
    assert!(!found.is_empty(), "no block `{kind}`");
    found
}

/// An engine with one rule file beside the page's limits, and the shipped ones above them.
fn engine(folder: &Path, line: usize, rules: &str) -> Arc<Engine> {
    let own = folder.join(format!("own-{line}"));
    fs::create_dir_all(&own).expect("a folder");
    // In one file, limits without a source come before the tables.
    let (mut plain, mut tables) = (String::new(), String::new());
    for block in of_kind("toml limits") {
        let table = block.text.find("\n[").map_or(block.text.len(), |at| at + 1);
        let table = if block.text.starts_with('[') {
            0
        } else {
            table
        };
        plain.push_str(&block.text[..table]);
        tables.push_str(&block.text[table..]);
    }
    let limits = [plain, tables].concat();
    fs::write(own.join("thresholds.toml"), limits).expect("limits");
    fs::write(
        folder.join("thresholds.toml"),
        include_str!("../rules/thresholds.toml"),
    )
    .expect("limits");
    fs::write(own.join("rules.rhai"), rules).expect("rules");
    match Engine::builder().rules(&own).build() {
        Ok(engine) => engine,
        Err(error) => panic!("docs/rules.md:{line}: {error}"),
    }
}

/// A record of one call with one of each thing; `given` sets members: those of the stream by their
/// name, others behind what they belong to.
fn record(given: &str) -> String {
    let mut call = json!({
        "@odata.type": "#microsoft.graph.callRecords.callRecord",
        "id": "c", "version": 1, "type": "groupCall", "modalities": ["audio"],
        "startDateTime": "2026-01-13T09:00:00Z", "endDateTime": "2026-01-13T10:00:00Z",
    });
    let mut session = json!({
        "id": "s", "modalities": ["audio"],
        "startDateTime": "2026-01-13T09:00:00Z", "endDateTime": "2026-01-13T09:30:00Z",
    });
    let mut segment = json!({"id": "g"});
    let mut media = json!({"label": "main-audio"});
    let mut stream = json!({"streamId": "1", "streamDirection": "callerToCallee"});
    let mut caller = json!({"@odata.type": "#microsoft.graph.callRecords.participantEndpoint"});
    let callee = json!({"@odata.type": "#microsoft.graph.callRecords.serviceEndpoint"});
    for assignment in assignments(given) {
        let (path, value) = assignment
            .split_once(" = ")
            .unwrap_or_else(|| panic!("`{assignment}` is no `name = value`"));
        let value: Value = serde_json::from_str(value).unwrap_or_else(|_| panic!("{assignment}"));
        let mut names = path.trim().split('.');
        let mut name = names.next().unwrap_or_default();
        let mut object = match name {
            "call" => &mut call,
            "session" => &mut session,
            "segment" => &mut segment,
            "media" => &mut media,
            "caller" => &mut caller,
            "callerNetwork" | "calleeNetwork" | "callerDevice" | "calleeDevice" => &mut media[name],
            _ => {
                stream[name] = value;
                continue;
            }
        };
        name = names.next().expect("a member");
        for inner in names {
            object = &mut object[name];
            name = inner;
        }
        object[name] = value;
    }
    media["streams"] = json!([stream]);
    segment["media"] = json!([media]);
    for holder in [&mut session, &mut segment] {
        holder["caller"].clone_from(&caller);
        holder["callee"].clone_from(&callee);
    }
    session["segments"] = json!([segment]);
    call["sessions"] = json!([session]);
    call.to_string()
}

/// Splits at the commas that stand in no string, list or object.
fn assignments(given: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut quoted) = (Vec::new(), 0, 0, false);
    for (at, byte) in given.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => depth += 1,
            b']' | b'}' if !quoted => depth -= 1,
            b',' if !quoted && depth == 0 => {
                parts.push(given[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(given[start..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

fn ask(engine: &Arc<Engine>, record: &str) -> Report {
    let report = engine
        .checker()
        .check(Input::new(record.as_bytes(), "record.json"));
    assert!(
        report.problems.is_empty() && report.fault.is_none(),
        "{record}: {:?}",
        report.problems
    );
    assert!(report.notices.is_empty(), "{record}: {:?}", report.notices);
    report
}

/// What a rule came to on the only stream, or, of a rule on another level, anywhere.
fn outcome(report: &Report) -> &'static str {
    let count = report.rules[0];
    match (count.failed, count.fired, count.unknown) {
        (1.., _, _) => "broke",
        (0, 1.., _) => "fires",
        (0, 0, 1..) => "could not tell",
        (0, 0, 0) => "quiet",
    }
}

#[test]
fn each_rule_on_the_page_loads_and_does_what_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut asked = 0;
    for block in of_kind("rhai") {
        let engine = engine(folder.path(), block.line, &block.text);
        for line in block.text.lines() {
            let Some((said, given)) = line
                .strip_prefix("// ")
                .and_then(|comment| comment.split_once(": "))
                .filter(|(said, _)| ["fires", "quiet", "could not tell"].contains(said))
            else {
                continue;
            };
            let report = ask(&engine, &record(given));
            assert_eq!(
                outcome(&report),
                said,
                "docs/rules.md:{}: {line}: {:?}",
                block.line,
                report.rule_faults
            );
            asked += 1;
        }
    }
    assert!(asked > 25, "{asked} outcomes: is the pattern right?");
}

#[test]
fn each_line_of_the_tables_comes_to_what_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut asked = 0;
    for block in of_kind("rhai when") {
        let mut given = "";
        for (at, line) in block.text.lines().enumerate() {
            if let Some(stated) = line.strip_prefix("// given: ") {
                given = stated;
                continue;
            }
            let (when, said) = line.rsplit_once("// ").expect("an outcome");
            let rule = format!("rule(\"r\", #{{ on: \"stream\", when: |s| {when} }});");
            let engine = engine(folder.path(), block.line + 1 + at, &rule);
            let report = ask(&engine, &record(given));
            assert_eq!(
                outcome(&report),
                said.trim(),
                "{when}: {:?}",
                report.rule_faults
            );
            asked += 1;
        }
    }
    assert!(asked > 20, "{asked} lines: is the pattern right?");
}

/// The cells of the rows below a header that begins so.
fn table(header: &str) -> Vec<Vec<String>> {
    let rows: Vec<Vec<String>> = PAGE
        .lines()
        .skip_while(|line| !line.starts_with(header))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let line = line.replace("\\|", "\u{1}");
            let cells = line.trim_matches('|').split('|');
            cells
                .map(|cell| cell.trim().replace('\u{1}', "|"))
                .collect()
        })
        .collect();
    assert!(!rows.is_empty(), "no table `{header}`");
    rows
}

#[test]
fn the_levels_and_their_ways_are_those_of_the_program() {
    let said: Vec<(String, String)> = table("| Level |")
        .into_iter()
        .map(|cells| (cells[0].clone(), cells[2].clone()))
        .collect();
    let ours: Vec<(String, String)> = Level::ALL
        .into_iter()
        .map(|level| {
            let ways: Vec<String> = level
                .links()
                .iter()
                .map(|(link, _)| format!("`{}`", link.name()))
                .collect();
            (format!("`{}`", level.name()), ways.join(", "))
        })
        .collect();
    assert_eq!(said, ours);
}

#[test]
fn the_truth_tables_are_the_programs() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut rules, mut wanted) = (String::new(), Vec::new());
    let side = |value: &str| match value {
        "true" => "(s.averageJitter > 30)",
        "false" => "(s.averageJitter < 30)",
        _ => "(s.averageRoundTripTime > 500)",
    };
    for (at, cells) in table("| `a` |").into_iter().enumerate() {
        let (a, b) = (side(&cells[0]), side(&cells[1]));
        for (name, when, want) in [
            ("and", format!("{a} && {b}"), &cells[2]),
            ("or", format!("{a} || {b}"), &cells[3]),
            ("not", format!("!{a}"), &cells[4]),
            ("else", format!("{a} ?? {b}"), &cells[5]),
        ] {
            rules.push_str(&format!(
                "rule(\"{name}-{at}\", #{{ on: \"stream\", when: |s| {when} }});\n"
            ));
            wanted.push((when, want.clone()));
        }
    }
    assert_eq!(wanted.len(), 36);
    let engine = engine(folder.path(), 0, &rules);
    let report = ask(&engine, &record("averageJitter = \"PT0.031S\""));
    for ((when, want), count) in wanted.iter().zip(&report.rules) {
        let said = match (count.fired, count.quiet, count.unknown) {
            (1, 0, 0) => "true",
            (0, 1, 0) => "false",
            (0, 0, 1) => "unknown",
            other => panic!("{when}: {other:?}"),
        };
        assert_eq!(said, want, "{when}");
    }
}

#[test]
fn each_window_on_its_page_loads_with_the_shipped_limits() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut loaded = 0;
    for block in blocks_of(WINDOWS) {
        if block.kind != "rhai" {
            continue;
        }
        let engine = engine(folder.path(), block.line, &block.text);
        for window in engine.rules().windows() {
            let ways = engine.rules().window_ways(window);
            assert!(ways.is_empty(), "docs/windows.md:{}: {ways:?}", block.line);
            loaded += 1;
        }
    }
    assert!(loaded >= 7, "{loaded} windows");
}

#[test]
fn the_keys_of_the_windows_page_are_those_that_a_window_takes() {
    let mut keys = std::collections::BTreeSet::new();
    for line in WINDOWS.lines().filter(|line| line.starts_with("| ")) {
        let cell = line.split('|').nth(1).unwrap_or_default();
        keys.extend(cell.split('`').skip(1).step_by(2).map(str::to_owned));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let rules = "window(\"w\", #{ zzzzzz: 1 });";
    fs::write(folder.path().join("rules.rhai"), rules).expect("rules");
    let error = Engine::builder().rules(folder.path()).build();
    let error = error.err().expect("an unknown key").to_string();
    let listed = error.lines().find(|line| line.contains("a window has "));
    for key in listed.expect("the keys").split('`').skip(1).step_by(2) {
        assert!(
            keys.contains(key),
            "docs/windows.md does not explain `{key}`"
        );
    }
}

#[test]
fn the_units_of_the_page_are_read_as_limits() {
    let folder = tempfile::tempdir().expect("a folder");
    for cells in table("| Written | Unit |") {
        for written in cells[0].split(", ") {
            let written = written.trim_matches('`');
            fs::write(
                folder.path().join("thresholds.toml"),
                format!("x = \"{written}\"\n"),
            )
            .expect("limits");
            let rules = "rule(\"r\", #{ on: \"stream\", when: |s| limits::x == limits::x });";
            fs::write(folder.path().join("rules.rhai"), rules).expect("rules");
            if let Err(error) = Engine::builder().rules(folder.path()).build() {
                panic!("{written}: {error}");
            }
        }
    }
}

#[test]
fn the_keys_of_the_page_are_those_that_a_rule_takes() {
    let mut keys: Map<String, Value> = Map::new();
    for cells in table("| Key |") {
        for key in cells[0].split(", ") {
            keys.insert(key.trim_matches('`').to_owned(), Value::Null);
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(
        folder.path().join("rules.rhai"),
        "rule(\"r\", #{ other: 1 });",
    )
    .expect("rules");
    let error = Engine::builder()
        .rules(folder.path())
        .build()
        .err()
        .expect("an unknown key")
        .to_string();
    // The message about an unknown key lists those that there are.
    let listed = error
        .lines()
        .find(|line| line.contains("a rule has "))
        .expect("the keys");
    let listed: Vec<&str> = listed.split('`').skip(1).step_by(2).collect();
    for key in &listed {
        assert!(
            keys.contains_key(*key),
            "docs/rules.md does not explain `{key}`"
        );
    }
    assert_eq!(listed.len(), keys.len(), "{listed:?}");
}
