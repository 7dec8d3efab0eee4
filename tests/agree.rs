//! Does a violation stand where its pointer says, and is it the one that `jsonschema` finds on a tree?
//!
//! Every schema and every value of the JSON Schema Test Suite beside the repository, judged by the
//! tape and by `serde_json::Value`: the same sets of pointer and keyword, and each found text is
//! what stands at the pointer. Verdicts against the suite's own are another test's.

mod support;

use std::collections::BTreeSet;
use std::fs;

use jsonschema::PatternOptions;
use qualwatch::record::{Caps, Kind, Origin, Parser, place};
use qualwatch::schema::{Schema, Survey};
use serde_json::Value;

#[test]
fn the_tape_finds_what_a_tree_finds_and_where() {
    let Some(suite) = support::shared("suites/json-schema/tests") else {
        return;
    };
    let (mut compared, mut violations) = (0, 0);
    for draft in ["draft2020-12", "draft2019-09", "draft7"] {
        for entry in fs::read_dir(suite.join(draft)).expect("a folder").flatten() {
            let Ok(text) = fs::read_to_string(entry.path()) else {
                continue;
            };
            let groups: Value = serde_json::from_str(&text).expect("JSON");
            for group in groups.as_array().expect("groups") {
                let mut schema = group["schema"].clone();
                if draft == "draft7"
                    && let Some(members) = schema.as_object_mut()
                {
                    members
                        .entry("$schema")
                        .or_insert("http://json-schema.org/draft-07/schema#".into());
                }
                // Those that need other files are another test's.
                let Ok(ours) = Schema::compile(&schema.to_string()) else {
                    continue;
                };
                let theirs = jsonschema::options()
                    .offline()
                    .with_pattern_options(PatternOptions::regex())
                    .build(&schema)
                    .expect("what we compile, they compile");
                for test in group["tests"].as_array().expect("tests") {
                    let text = test["data"].to_string();
                    let mut parser = Parser::new(Caps::default());
                    let Ok(document) = parser.parse(text.as_bytes()) else {
                        continue;
                    };
                    let value: Value = serde_json::from_str(&text).expect("JSON");
                    let wanted: BTreeSet<(String, String)> = theirs
                        .iter_errors(&value)
                        .map(|error| {
                            let keyword = error.kind().keyword().to_owned();
                            (error.instance_path().as_str().to_owned(), keyword)
                        })
                        .collect();
                    let mut survey = Survey::default();
                    ours.survey(&document, Kind::Foreign, &mut survey);
                    let (problems, more) =
                        ours.validate(&document, Kind::Foreign, Origin::default(), 1000, &survey);
                    let found: BTreeSet<(String, String)> = problems
                        .iter()
                        .map(|problem| (problem.pointer.clone(), problem.keyword.clone()))
                        .collect();
                    assert!(!more);
                    assert_eq!(found, wanted, "{schema} on {text}");
                    for problem in &problems {
                        assert_eq!(place::pointer(&document, problem.node), problem.pointer);
                        assert!(
                            text.get(problem.offset..)
                                .is_some_and(|text| !text.is_empty())
                        );
                        assert!(!problem.found.is_empty() && !problem.wanted.is_empty());
                    }
                    compared += 1;
                    violations += problems.len();
                }
            }
        }
    }
    assert!(
        compared > 3000 && violations > 1000,
        "{compared} {violations}"
    );
}
