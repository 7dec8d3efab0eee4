//! Is the tree as its own pages say? Paths, headers, sizes, and what must not stand in it.
//!
//! Reads files and nothing else; a rule that cannot be checked robustly is not here.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Files that may hold `unsafe`, each with the reason.
const UNSAFE: &[(&str, &str)] = &[(
    "src/lane.rs",
    "instructions of SSE2, on arrays: no pointer is followed",
)];

/// Largest source file, in bytes; a reader holds about this much in mind.
const LARGE: u64 = 16 << 10;

/// Source files that may be larger, each with the reason.
const LARGER: &[(&str, &str)] = &[
    (
        "src/schema/survey.rs",
        "one walk and its plan; a third of it is tests",
    ),
    (
        "src/engine/capture.rs",
        "one match arm for each field of the catalogue",
    ),
    (
        "src/cli/run.rs",
        "the main job, in the order in which it happens",
    ),
    ("src/cli/render.rs", "everything that people read"),
    (
        "src/rules/fields.rs",
        "the catalogue: one row for each field",
    ),
    ("src/cli/args.rs", "every flag, once"),
    (
        "src/rules/problem.rs",
        "the registry: one variant and one code for each problem",
    ),
    (
        "src/schema/compile.rs",
        "one arm for each keyword that is covered",
    ),
    (
        "src/window/mod.rs",
        "what the stage promises, and the order in which it does it",
    ),
    ("src/frame/tests/cases.rs", "a table of cases"),
    ("src/rules/tests/shipped.rs", "a table of cases"),
    ("src/rules/tests/language.rs", "a table of cases"),
];

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &str) -> String {
    fs::read_to_string(root(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Paths of all files below `folder`, relative to the root, sorted.
fn files(folder: &str) -> Vec<String> {
    fn walk(folder: &Path, out: &mut Vec<PathBuf>) {
        let Ok(entries) = fs::read_dir(folder) else {
            return;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            let name = entry.file_name();
            if path.is_dir() {
                if name != "target" && name != "corpus" && name != "artifacts" {
                    walk(&path, out);
                }
            } else {
                out.push(path);
            }
        }
    }
    let mut out = Vec::new();
    walk(&root(folder), &mut out);
    let base = root("");
    let mut names: Vec<String> = out
        .iter()
        .filter_map(|path| path.strip_prefix(&base).ok())
        .map(|path| path.to_string_lossy().replace('\\', "/"))
        .collect();
    names.sort();
    names
}

fn sources() -> Vec<String> {
    ["src", "xtask", "tests", "benches", "examples", "fuzz"]
        .into_iter()
        .flat_map(files)
        .filter(|path| path.ends_with(".rs"))
        .collect()
}

/// What stands between backquotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter(|line| !line.starts_with("```"))
        .flat_map(|line| line.split('`').skip(1).step_by(2))
}

#[test]
fn every_path_that_a_page_names_exists() {
    const TOPS: [&str; 10] = [
        "src", "xtask", "tests", "benches", "examples", "fuzz", "rules", "schemas", "docs", ".ci",
    ];
    let mut seen = 0;
    for page in [
        "docs/performance.md",
        "ARCHITECTURE.md",
        "docs/check.md",
        "docs/config.md",
        "docs/sites.md",
        "docs/rules.md",
        "docs/windows.md",
        "docs/json.md",
        "docs/sinks.md",
        "docs/state.md",
        "docs/reliability.md",
        "docs/conformance.md",
    ] {
        let text = read(page);
        for path in quoted(&text) {
            let top = path.split('/').next().unwrap_or_default();
            if TOPS.contains(&top) && path.contains('/') && !path.contains(['*', ' ', '<', '{']) {
                assert!(
                    root(path).exists(),
                    "{page} names {path}, which is not there"
                );
                seen += 1;
            }
        }
    }
    assert!(seen > 30, "only {seen} paths found: is the pattern right?");
}

#[test]
fn every_module_at_the_top_is_in_the_code_map() {
    let page = read("ARCHITECTURE.md");
    let named: BTreeSet<&str> = quoted(&page).collect();
    for entry in fs::read_dir(root("src")).expect("src").flatten() {
        let path = format!("src/{}", entry.file_name().to_string_lossy());
        assert!(
            named.contains(path.as_str()),
            "ARCHITECTURE.md does not name {path}"
        );
    }
}

#[test]
fn every_source_file_opens_with_its_promise() {
    for path in sources() {
        assert!(
            read(&path).starts_with("//!"),
            "{path} does not open with `//!`"
        );
    }
}

#[test]
fn no_source_file_is_large_without_a_reason() {
    for path in files("src").iter().chain(&files("xtask/src")) {
        let size = fs::metadata(root(path)).expect(path).len();
        let listed = LARGER.iter().any(|(known, _)| known == path);
        if path.starts_with("src/") && path.ends_with(".rs") {
            assert!(
                size <= LARGE || listed,
                "{path} has {size} bytes; split it, or say why not"
            );
        }
    }
    for (path, reason) in LARGER {
        assert!(
            root(path).exists(),
            "{path} is listed as large and is not there"
        );
        assert!(!reason.is_empty());
    }
}

#[test]
fn unsafe_stands_only_where_it_is_listed() {
    for path in sources() {
        let text = read(&path);
        let code = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        let used = code
            .flat_map(|line| line.split(|c: char| !(c.is_alphanumeric() || c == '_')))
            .any(|word| word == ["un", "safe"].concat());
        let listed = UNSAFE.iter().any(|(known, _)| *known == path);
        assert_eq!(used, listed, "{path}");
    }
    assert!(read("Cargo.toml").contains("unsafe_code = \"deny\""));
}

/// What stands between `before` and `after` in a text, each time.
fn between<'t>(text: &'t str, before: &str, after: &str) -> BTreeSet<&'t str> {
    let ends = text.split(before).skip(1);
    ends.filter_map(|rest| rest.split(after).next()).collect()
}

#[test]
fn each_planted_mistake_is_looked_for_and_told_of_and_none_is_in_a_release() {
    let sources: String = files("src").iter().map(|path| read(path)).collect();
    let made = between(&sources, "planted::bug(\"", "\"");
    let tests = read("tests/faults/planted.rs");
    let page = read("docs/reliability.md");
    assert!(made.len() >= 10, "{made:?}");
    assert_eq!(made, between(&tests, "name: \"", "\""));
    for mistake in made {
        assert!(page.contains(&format!("| `{mistake}`")), "{mistake}");
    }
    let module = read("src/planted.rs");
    assert!(module.contains("#[cfg(debug_assertions)]\npub(crate) fn bug("));
    assert!(module.contains("pub(crate) const fn bug(_: &str) -> bool {\n    false\n}"));
}

#[test]
fn no_path_of_somebodys_machine_is_in_the_tree() {
    // In pieces, so that this file does not find itself.
    let machines = [
        ["/ho", "me/"].concat(),
        ["/Us", "ers/"].concat(),
        ["/wo", "rk/"].concat(),
        ["/ro", "ot/"].concat(),
        [".lib", "rary"].concat(),
    ];
    let pages = [
        "README.md",
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "Cargo.toml",
        "deny.toml",
    ];
    let all = [
        "src", "xtask", "tests", "benches", "examples", "rules", "schemas", "docs", ".ci",
    ]
    .into_iter()
    .flat_map(files)
    .chain(pages.map(str::to_owned))
    .chain(
        files("fuzz")
            .into_iter()
            .filter(|path| !path.starts_with("fuzz/seeds")),
    );
    for path in all {
        let Ok(text) = fs::read_to_string(root(&path)) else {
            continue;
        };
        for machine in &machines {
            assert!(!text.contains(machine.as_str()), "{path} holds {machine}");
        }
    }
}

#[test]
fn the_gate_runs_the_tests_every_fuzz_target_and_every_bench() {
    let gate = read(".ci/run");
    assert!(gate.contains("cargo test"));
    let loop_line = gate
        .lines()
        .find(|line| line.starts_with("for target in"))
        .expect("the gate runs fuzz targets");
    let named: BTreeSet<&str> = loop_line
        .trim_start_matches("for target in")
        .trim_end_matches("; do")
        .split_whitespace()
        .collect();
    for path in files("fuzz/fuzz_targets") {
        let target = Path::new(&path)
            .file_stem()
            .expect("a name")
            .to_string_lossy();
        assert!(named.contains(&*target), ".ci/run does not fuzz {target}");
        assert!(
            !files(&format!("fuzz/seeds/{target}")).is_empty(),
            "{target} has no seeds"
        );
    }
    for path in files("benches")
        .iter()
        .filter(|path| path.matches('/').count() == 1)
    {
        let bench = Path::new(path)
            .file_stem()
            .expect("a name")
            .to_string_lossy();
        // In the loop of those that are run for their answers, or by itself.
        let alone = format!("--bench {bench}");
        assert!(
            gate.lines().any(
                |line| line.starts_with("for bench in ") && line.contains(&*bench)
                    || line.ends_with(&alone)
            ),
            ".ci/run does not run {bench}"
        );
    }
}

#[test]
fn every_shipped_limit_cites_its_source() {
    for path in files("rules")
        .iter()
        .filter(|path| path.ends_with("thresholds.toml"))
    {
        let table: toml::Table = read(path).parse().expect(path);
        for (name, limit) in &table {
            let source = limit.get("source").and_then(toml::Value::as_str);
            assert!(
                source.is_some_and(|source| !source.is_empty()),
                "{path}: {name} has no source"
            );
        }
    }
}

#[test]
fn every_flag_that_a_page_names_is_one_of_ours() {
    /// Flags of other programs that the pages show.
    const OTHERS: [&str; 17] = [
        "--release",
        "--bench",
        "--profile",
        "--example",
        "--test",
        "--locked",
        "--path",
        "--package",
        "--only",
        "--git",
        "--version",
        "--help",
        "--workspace",
        "--mix",
        "--documents",
        "--bytes",
        "--ndjson",
    ];
    let ours: String = files("src/cli")
        .iter()
        .filter(|path| path.starts_with("src/cli/args"))
        .map(|path| read(path))
        .collect();
    for page in [
        "docs/performance.md",
        "README.md",
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "docs/check.md",
        "docs/config.md",
        "docs/sites.md",
        "docs/rules.md",
        "docs/json.md",
        "docs/sinks.md",
        "docs/reliability.md",
    ] {
        let text = read(page);
        for flag in text.split(|c: char| !(c.is_ascii_lowercase() || c == '-')) {
            let Some(name) = flag.strip_prefix("--") else {
                continue;
            };
            if !name.starts_with(|c: char| c.is_ascii_lowercase()) || OTHERS.contains(&flag) {
                continue;
            }
            let field = format!("pub {}:", name.trim_end_matches('-').replace('-', "_"));
            assert!(
                ours.contains(&field),
                "{page} names {flag}, which is no flag"
            );
        }
    }
}

#[test]
fn the_readmes_commands_are_run_by_the_gate_or_can_be() {
    let gate = read(".ci/run");
    let page = read("README.md");
    for command in page
        .lines()
        .filter_map(|line| line.strip_prefix("$ cargo "))
    {
        if let Some((_, arguments)) = command.split_once(" -- ") {
            for path in arguments.split(' ').filter(|word| word.ends_with('/')) {
                assert!(
                    root(path).exists(),
                    "README runs on {path}, which is not there"
                );
            }
        } else {
            assert!(
                gate.contains(&format!("cargo {command}")),
                ".ci/run does not run `{command}`"
            );
        }
    }
}
