//! The JSON Schema test suite, through our tape: does each verdict come out as the suite says?
//!
//! Each instance is cut out of the suite's file as it is written there and read by our parser, so
//! that no number has been through another reader. All required tests must pass. Of the optional
//! ones, those that do not are in the table of docs/conformance.md, and the table must be exact: a
//! listed test that passes fails here, as does an unlisted one that does not pass.
//!
//! Nothing is fetched: what the suite refers to comes from its own folder of remotes.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::{Draft, PatternOptions, Registry, Retrieve, Uri};
use qualwatch::record::{Caps, Kind, Parser};
use qualwatch::schema::{OnTape, Schema, Survey};
use serde_json::Value;

const DRAFTS: [(&str, Draft); 3] = [
    ("draft2020-12", Draft::Draft202012),
    ("draft2019-09", Draft::Draft201909),
    ("draft7", Draft::Draft7),
];

/// Where the suite pretends that its remotes are served.
const SERVED: &str = "http://localhost:1234/";

/// The page whose table is held to what is found here.
const PAGE: &str = include_str!("../docs/conformance.md");

/// What a schema says of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Valid,
    Invalid,
}

impl Verdict {
    fn of(valid: bool) -> Verdict {
        if valid {
            Verdict::Valid
        } else {
            Verdict::Invalid
        }
    }
}

/// What came of one test.
#[derive(Debug)]
struct Outcome {
    wanted: Verdict,
    found: Found,
}

/// What we made of an instance.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Verdict(Verdict),
    /// The instance is no document for our parser.
    Refused(String),
    /// The schema does not compile.
    Unusable(String),
}

/// Serves the suite's remotes.
struct Remotes(PathBuf);

impl Retrieve for Remotes {
    fn retrieve(
        &self,
        uri: &Uri<String>,
    ) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        let path = uri
            .as_str()
            .strip_prefix(SERVED)
            .ok_or_else(|| format!("{uri} is none of the suite's remotes"))?;
        Ok(serde_json::from_str(&fs::read_to_string(
            self.0.join(path),
        )?)?)
    }
}

/// A key of the table: draft, file, case, test.
type Name = [String; 4];

/// Runs one file of the suite.
fn run(
    suite: &Path,
    (folder, draft): (&str, Draft),
    file: &str,
    outcomes: &mut BTreeMap<Name, Outcome>,
) {
    let path = suite.join("tests").join(folder).join(file);
    let text = fs::read_to_string(&path).expect(file);
    let optional = file.starts_with("optional/");
    let mut parser = Parser::new(Caps {
        depth: 1024,
        ..Caps::default()
    });
    for case in slice::elements(&text) {
        let case = slice::members(case);
        let schema: Value = serde_json::from_str(case["schema"]).expect("the suite is JSON");
        let base = schema.get("$id").and_then(Value::as_str);
        let registry = Registry::new()
            .retriever(Remotes(suite.join("remotes")))
            .draft(draft)
            .add(base.unwrap_or("json-schema:///"), &schema)
            .and_then(|registry| registry.prepare());
        let validator = match &registry {
            Ok(registry) => jsonschema::options_for::<OnTape>()
                .with_draft(draft)
                .with_registry(registry)
                .with_pattern_options(PatternOptions::regex())
                .should_validate_formats(optional)
                .build(&schema)
                .map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        for test in slice::elements(case["tests"]) {
            let test = slice::members(test);
            let wanted = Verdict::of(test["valid"] == "true");
            let found = match (&validator, parser.parse(test["data"].as_bytes())) {
                (Err(error), _) => Found::Unusable(error.clone()),
                (_, Err(fault)) => Found::Refused(fault.to_string()),
                (Ok(validator), Ok(document)) => {
                    let root = document.root();
                    let valid = validator.is_valid(root);
                    assert_eq!(
                        validator.iter_errors(root).next().is_none(),
                        valid,
                        "two ways to ask, two answers: {folder}/{file}: {}",
                        test["data"]
                    );
                    Found::Verdict(Verdict::of(valid))
                }
            };
            let outcome = Outcome { wanted, found };
            let text = |raw: &str| serde_json::from_str::<String>(raw).expect("a string");
            let name = [
                folder.to_owned(),
                file.trim_end_matches(".json").to_owned(),
                text(case["description"]),
                text(test["description"]),
            ];
            let before = outcomes.insert(name.clone(), outcome);
            assert!(before.is_none(), "two tests are named {name:?}");
        }
    }
}

/// Names of the JSON files in a folder and below, sorted.
fn files(folder: &Path, under: &str, out: &mut Vec<String>) {
    let mut entries: Vec<_> = fs::read_dir(folder.join(under))
        .expect("the suite's folder")
        .flatten()
        .map(|entry| (entry.path().is_dir(), entry.file_name()))
        .collect();
    entries.sort();
    for (is_folder, name) in entries {
        let path = format!("{under}{}", name.to_string_lossy());
        if is_folder {
            files(folder, &format!("{path}/"), out);
        } else if path.ends_with(".json") {
            out.push(path);
        }
    }
}

/// Every test of the suite and what came of it, or nothing where the suite is absent.
fn outcomes() -> Option<BTreeMap<Name, Outcome>> {
    let suite = support::shared("suites/json-schema")?;
    let mut outcomes = BTreeMap::new();
    for draft in DRAFTS {
        let mut names = Vec::new();
        files(&suite.join("tests").join(draft.0), "", &mut names);
        assert!(names.len() > 50, "{} files of {}", names.len(), draft.0);
        for file in names {
            run(&suite, draft, &file, &mut outcomes);
        }
    }
    Some(outcomes)
}

/// The rows of the page's table: drafts, file, case, test, and why.
fn table() -> Vec<[&'static str; 5]> {
    let rows: Vec<[&str; 5]> = PAGE
        .lines()
        .skip_while(|line| !line.starts_with("| Drafts |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let row = cells[1..cells.len() - 1].try_into();
            row.unwrap_or_else(|_| panic!("a row has five cells: {line}"))
        })
        .collect();
    assert!(!rows.is_empty(), "docs/conformance.md has no table");
    rows
}

/// The tests that the table excuses. A row that excuses a whole file says that nothing of it is
/// asserted, so each of its tests that wants a refusal must be among those that did not pass.
fn excused(outcomes: &BTreeMap<Name, Outcome>) -> BTreeSet<Name> {
    let mut excused = BTreeSet::new();
    for row @ [drafts, file, case, test, why] in table() {
        assert!(!why.is_empty(), "{row:?} has no reason");
        let file = file.trim_matches('`');
        let mut found = 0;
        for (name, outcome) in outcomes {
            let of_draft = drafts == "all" || drafts.split(", ").any(|draft| name[0] == draft);
            if !of_draft || name[1] != file {
                continue;
            }
            let named = if test == "every refusal" {
                outcome.wanted == Verdict::Invalid
            } else {
                name[2] == case && name[3] == test
            };
            if named {
                found += 1;
                excused.insert(name.clone());
            }
        }
        assert!(found > 0, "{row:?} matches no test of the suite");
    }
    excused
}

#[test]
fn every_test_of_the_suite_passes_on_the_tape_but_those_that_the_page_lists() {
    let Some(outcomes) = outcomes() else { return };
    let excused = excused(&outcomes);
    let mut complaints = Vec::new();
    for (name, outcome) in &outcomes {
        let passed = outcome.found == Found::Verdict(outcome.wanted);
        match (passed, excused.contains(name)) {
            (false, false) => complaints.push(format!("{name:?}: {outcome:?}")),
            (true, true) => complaints.push(format!("{name:?} is listed, and passes")),
            _ => {}
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    let required = |name: &&Name| !name[1].starts_with("optional/");
    assert!(
        excused.iter().all(|name| !required(&name)),
        "a required test is excused"
    );
    let total = outcomes.len();
    let summary = format!(
        "{total} tests, {} of them required, {} not claimed",
        outcomes.keys().filter(required).count(),
        excused.len()
    );
    assert!(PAGE.contains(&summary), "docs/conformance.md: {summary}");
}

#[test]
fn the_compiled_program_says_what_the_suite_says_wherever_it_knows() {
    let Some(suite) = support::shared("suites/json-schema") else {
        return;
    };
    let (mut told, mut left, mut without) = (0, 0, 0);
    for (folder, _) in DRAFTS {
        let mut names = Vec::new();
        files(&suite.join("tests").join(folder), "", &mut names);
        names.retain(|name| !name.starts_with("optional/"));
        for file in names {
            let path = suite.join("tests").join(folder).join(&file);
            let text = fs::read_to_string(&path).expect("a file of the suite");
            for case in slice::elements(&text) {
                let case = slice::members(case);
                let tests = slice::elements(case["tests"]);
                let mut schema: Value =
                    serde_json::from_str(case["schema"]).expect("the suite is JSON");
                if folder == "draft7"
                    && let Some(members) = schema.as_object_mut()
                {
                    let draft = "http://json-schema.org/draft-07/schema#";
                    members.entry("$schema").or_insert(draft.into());
                }
                // Those that need the remotes do not compile here.
                let Ok(schema) = Schema::compile(&schema.to_string()) else {
                    without += tests.len();
                    continue;
                };
                let mut parser = Parser::new(Caps {
                    depth: 1024,
                    ..Caps::default()
                });
                let mut survey = Survey::default();
                for test in tests {
                    let test = slice::members(test);
                    let Ok(document) = parser.parse(test["data"].as_bytes()) else {
                        continue;
                    };
                    schema.survey(&document, Kind::Foreign, &mut survey);
                    let Some(found) = survey.verdict() else {
                        left += 1;
                        continue;
                    };
                    told += 1;
                    let wanted = test["valid"] == "true";
                    assert_eq!(
                        found, wanted,
                        "{folder}/{file}: {} {test:?}",
                        case["schema"]
                    );
                }
            }
        }
    }
    let summary = format!(
        "{told} of the required tests are told by the program alone, {left} are left to the crate, {without} need"
    );
    assert!(PAGE.contains(&summary), "docs/conformance.md: {summary}");
}

#[test]
fn the_page_names_each_format_of_the_suite() {
    let Some(suite) = support::shared("suites/json-schema") else {
        return;
    };
    for (draft, _) in DRAFTS {
        let mut names = Vec::new();
        let folder = suite.join("tests").join(draft).join("optional/format");
        files(&folder, "", &mut names);
        for name in names {
            let name = name.trim_end_matches(".json");
            // Not formats: tests of unknown ones, and of patterns in the dialect of ECMA 262.
            if !["unknown", "ecmascript-regex"].contains(&name) {
                assert!(PAGE.contains(&format!("`{name}`")), "{draft}: {name}");
            }
        }
    }
}

/// Cuts JSON that is known to be JSON, without reading it.
mod slice {
    use std::collections::BTreeMap;

    /// The elements of an array, as they are written.
    pub(crate) fn elements(array: &str) -> Vec<&str> {
        inside(array)
    }

    /// The members of an object by their name, which here holds no escapes.
    pub(crate) fn members(object: &str) -> BTreeMap<&str, &str> {
        inside(object)
            .into_iter()
            .map(|member| {
                let (name, value) = member[1..].split_once('"').expect("a name");
                let (_, value) = value.split_once(':').expect("a colon");
                (name, value.trim())
            })
            .collect()
    }

    /// What stands between the outermost brackets, cut at the commas there.
    fn inside(text: &str) -> Vec<&str> {
        let text = text.trim();
        let text = &text[1..text.len() - 1];
        let (mut depth, mut string, mut escaped, mut start) = (0u32, false, false, 0);
        let mut parts = Vec::new();
        for (at, byte) in text.bytes().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if string => escaped = true,
                b'"' => string = !string,
                _ if string => {}
                b'[' | b'{' => depth += 1,
                b']' | b'}' => depth -= 1,
                b',' if depth == 0 => {
                    parts.push(text[start..at].trim());
                    start = at + 1;
                }
                _ => {}
            }
        }
        let last = text[start..].trim();
        if !last.is_empty() {
            parts.push(last);
        }
        parts
    }
}
