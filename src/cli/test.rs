//! `qualwatch test`: do the rules say of records what their cases want?
//!
//! Cases stand beside the rules, in `*.test.toml`. Each is read with its places, written out to whole
//! records, judged by the whole engine with the limits of its folder, and compared. What no case
//! covers is told. The shipped rules and their cases are in the binary.

mod boundary;
mod cover;
mod judge;
mod junit;
mod names;
mod problem;
mod read;
mod record;
mod text;
mod timed;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::Exit;
use super::args::{Test as Args, TestForm};
use super::output::{Results, complain};
use super::reading;
use crate::text::Safe;
use cover::{Cover, Gap};
use judge::{Outcome, Pack};
use problem::{File, Problem};

/// Cases of the rules that are in the binary.
const SHIPPED: [(&str, &str); 5] = [
    (
        "rules/audio.test.toml",
        include_str!("../../rules/audio.test.toml"),
    ),
    (
        "rules/failure.test.toml",
        include_str!("../../rules/failure.test.toml"),
    ),
    (
        "rules/feedback.test.toml",
        include_str!("../../rules/feedback.test.toml"),
    ),
    (
        "rules/over-time.test.toml",
        include_str!("../../rules/over-time.test.toml"),
    ),
    (
        "rules/video.test.toml",
        include_str!("../../rules/video.test.toml"),
    ),
];

/// What is tested: rules, and the files of their cases.
struct Subject {
    /// the folder of the rules; `None` for the shipped ones
    folder: Option<PathBuf>,
    name: String,
    files: Vec<File>,
    /// whether all files of the folder are here, so that what they do not cover is worth telling
    whole: bool,
}

/// How a subject's cases ended.
struct Tested {
    name: String,
    outcomes: Vec<Outcome>,
    gaps: Vec<Gap>,
    rules: usize,
    windows: usize,
    conditions: usize,
}

/// Does the job.
pub(super) fn run(args: &Args) -> Exit {
    let (out_painter, painter) = reading::painters(args.color);
    let subjects = match subjects(&args.paths) {
        Ok(subjects) => subjects,
        Err(message) => {
            complain(&format!("error: {}\n", Safe(&message)));
            return Exit::Usage;
        }
    };
    let mut tested = Vec::new();
    let mut wrong = 0;
    for subject in subjects {
        let mut pack = Pack::new(subject.folder.clone());
        let engine = match pack.engine(&BTreeMap::new()) {
            Ok(engine) => engine,
            Err(error) => {
                complain(&reading::refused(&error, painter));
                return Exit::Usage;
            }
        };
        let mut cover = Cover::new(engine.rules().clone());
        let mut problems: Vec<Problem> = Vec::new();
        let mut outcomes = Vec::new();
        for file in &subject.files {
            let folder = Path::new(&*file.name).parent().unwrap_or(Path::new(""));
            for trial in read::read(file, folder, &mut pack, &mut problems) {
                outcomes.extend(judge::judge(trial, &mut pack, &mut cover, &mut problems));
            }
        }
        let mut shown = std::collections::BTreeSet::new();
        for problem in problems {
            let text = problem.render(painter.colour);
            if shown.insert(text.clone()) {
                complain(&format!("{text}\n"));
            }
        }
        wrong += shown.len();
        tested.push(Tested {
            name: subject.name,
            outcomes,
            gaps: if subject.whole && shown.is_empty() {
                cover.gaps()
            } else {
                Vec::new()
            },
            rules: engine.rules().rules().len(),
            windows: engine.rules().windows().len(),
            conditions: cover.conditions(),
        });
    }
    if wrong > 0 {
        let what = super::render::counted(wrong as u64, "problem");
        complain(&format!("error: {what} in the files of cases\n"));
        return Exit::Usage;
    }
    let failed = tested
        .iter()
        .flat_map(|tested| &tested.outcomes)
        .filter(|outcome| !outcome.differences.is_empty())
        .count();
    let mut results = Results::default();
    results.write(&match args.format {
        TestForm::Text => text::text(out_painter, &tested, args.verbose),
        TestForm::Json => json(&tested),
        TestForm::Junit => junit::junit(&tested),
    });
    results.exit(if failed > 0 {
        Exit::Findings
    } else {
        Exit::Done
    })
}

fn json(tested: &[Tested]) -> String {
    let folders = tested.iter().map(|tested| {
        let cases = tested.outcomes.iter().map(|outcome| {
            let trial = &outcome.trial;
            let differences = outcome.differences.iter().map(|difference| {
                json!({"rule": difference.rule, "wanted": difference.wanted, "got": difference.got})
            });
            json!({
                "file": &*trial.file.name,
                "line": trial.file.line(trial.span.start),
                "case": trial.name,
                "with": trial.with,
                "passed": outcome.differences.is_empty(),
                "differences": differences.collect::<Vec<_>>(),
            })
        });
        let gaps = tested.gaps.iter().map(|gap| {
            json!({
                "rule": gap.rule,
                "condition": gap.condition.as_ref().map(|(text, _)| text),
                "place": gap.condition.as_ref().map(|(_, place)| place),
                "lacks": gap.lacks,
            })
        });
        json!({
            "rules": tested.name,
            "ruleCount": tested.rules,
            "windowCount": tested.windows,
            "conditions": tested.conditions,
            "cases": cases.collect::<Vec<_>>(),
            "notCovered": gaps.collect::<Vec<_>>(),
        })
    });
    super::json::line(&json!({
        "schema": "qualwatch.test/1",
        "tested": folders.collect::<Vec<_>>(),
    }))
}

/// What the paths name: each folder with rules, and the folders in it.
fn subjects(paths: &[PathBuf]) -> Result<Vec<Subject>, String> {
    if paths.is_empty() {
        let file = |(name, text): &(&str, &str)| File {
            name: (*name).into(),
            text: (*text).into(),
        };
        return Ok(vec![Subject {
            folder: None,
            name: "the shipped rules".to_owned(),
            files: SHIPPED.iter().map(file).collect(),
            whole: true,
        }]);
    }
    let mut subjects = Vec::new();
    for path in paths {
        if path.is_dir() {
            let before = subjects.len();
            folder(path, &mut subjects, 0)?;
            if subjects.len() == before {
                let why =
                    "no rules there: a folder of rules has *.rhai, and *.test.toml beside them";
                return Err(format!("{}: {why}", path.display()));
            }
        } else if is_cases(path) {
            let folder = match path.parent() {
                Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
                _ => PathBuf::from("."),
            };
            subjects.push(Subject {
                name: path.display().to_string(),
                folder: Some(folder),
                files: vec![file(path)?],
                whole: false,
            });
        } else if path.exists() {
            let why = "no file of cases; name a folder of rules, or a *.test.toml";
            return Err(format!("{}: {why}", path.display()));
        } else {
            return Err(format!(
                "{}: there is no such file or folder",
                path.display()
            ));
        }
    }
    Ok(subjects)
}

fn is_cases(path: &Path) -> bool {
    path.file_name()
        .and_then(|name| name.to_str())
        .is_some_and(|name| name.ends_with(".test.toml"))
}

fn file(path: &Path) -> Result<File, String> {
    const LONGEST: u64 = 4 << 20;
    let unreadable = |why: String| format!("cannot read {}: {why}", path.display());
    let length = std::fs::metadata(path).map(|it| it.len());
    if length.is_ok_and(|length| length > LONGEST) {
        return Err(unreadable("longer than 4 MiB".to_owned()));
    }
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    Ok(File {
        name: path.display().to_string().into(),
        text: text.into(),
    })
}

/// Adds a folder, if it has rules, and those in it.
fn folder(path: &Path, subjects: &mut Vec<Subject>, depth: usize) -> Result<(), String> {
    const DEEPEST: usize = 8;
    let entries = std::fs::read_dir(path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let mut entries: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    let has_rules = entries
        .iter()
        .any(|entry| entry.extension().is_some_and(|it| it == "rhai") && entry.is_file());
    let cases = entries
        .iter()
        .filter(|entry| is_cases(entry) && entry.is_file());
    let files: Vec<File> = cases.map(|path| file(path)).collect::<Result<_, _>>()?;
    if has_rules || !files.is_empty() {
        subjects.push(Subject {
            folder: Some(path.to_path_buf()),
            name: path.display().to_string(),
            files,
            whole: true,
        });
    }
    let inner = entries
        .iter()
        .filter(|entry| entry.is_dir() && !entry.is_symlink());
    for entry in inner.filter(|_| depth < DEEPEST) {
        let hidden = entry
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if !hidden {
            folder(entry, subjects, depth + 1)?;
        }
    }
    Ok(())
}
