//! Which files load: a folder's own, a single file, or the set inside the binary.
//!
//! A folder means the `*.rhai` directly in it; sub-folders load only when they are named. Its
//! `thresholds.toml` counts first, then its parent's, so `rules/cqd-2018` needs only what differs.
//!
//! It opens regular files of bounded size, and nothing that a rule names: rules name no files.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::diagnostic::Problem;
use super::problem::ProblemKind;

/// No rule file is longer than this.
pub(crate) const LONGEST: u64 = 256 << 10;

/// `--set name=value`, in the order given.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    set: Vec<(String, String)>,
}

impl Overrides {
    /// No overrides.
    pub fn none() -> Overrides {
        Overrides::default()
    }

    /// Adds one, `name=value`; false if there is no `=`.
    pub fn add(&mut self, written: &str) -> bool {
        let Some((name, value)) = written.split_once('=') else {
            return false;
        };
        self.set
            .push((name.trim().to_owned(), value.trim().to_owned()));
        true
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.set
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// The texts of the rules that share limits.
#[derive(Clone, Debug, Default)]
pub struct PackSource {
    /// `thresholds.toml` files by name and text, the one that counts first in front.
    pub thresholds: Vec<(Arc<str>, Arc<str>)>,
    /// Rule files by name and text.
    pub files: Vec<(Arc<str>, Arc<str>)>,
    /// Whether the first of `thresholds` belongs to these files alone, so that a limit in it
    /// that none of them reads is worth a notice.
    pub whole: bool,
    /// Whether a `thresholds.toml` is there that could not be read: nobody knows what it holds.
    pub unread: bool,
}

impl PackSource {
    /// The rules that are on by default, as they are inside the binary.
    pub(crate) fn builtin() -> PackSource {
        let text = |(name, text): &(&str, &str)| (Arc::from(*name), Arc::from(*text));
        PackSource {
            thresholds: vec![text(&THRESHOLDS)],
            files: FILES.iter().map(text).collect(),
            whole: true,
            unread: false,
        }
    }
}

const THRESHOLDS: (&str, &str) = (
    "rules/thresholds.toml",
    include_str!("../../rules/thresholds.toml"),
);

const FILES: [(&str, &str); 5] = [
    ("rules/audio.rhai", include_str!("../../rules/audio.rhai")),
    (
        "rules/failure.rhai",
        include_str!("../../rules/failure.rhai"),
    ),
    (
        "rules/feedback.rhai",
        include_str!("../../rules/feedback.rhai"),
    ),
    (
        "rules/over-time.rhai",
        include_str!("../../rules/over-time.rhai"),
    ),
    ("rules/video.rhai", include_str!("../../rules/video.rhai")),
];

/// Finds the packs that paths name. A file that is named twice loads once.
pub(crate) fn find(paths: &[PathBuf], problems: &mut Vec<Problem>) -> Vec<PackSource> {
    let mut seen = BTreeSet::new();
    let mut packs = Vec::new();
    for path in paths {
        match pack(path, &mut seen, problems) {
            Ok(Some(pack)) => packs.push(pack),
            Ok(None) => {}
            Err(error) => problems.push(unreadable(path, &error)),
        }
    }
    packs
}

fn pack(
    path: &Path,
    seen: &mut BTreeSet<PathBuf>,
    problems: &mut Vec<Problem>,
) -> std::io::Result<Option<PackSource>> {
    let whole = fs::metadata(path)?.is_dir();
    let (folder, mut files) = if whole {
        let mut files = Vec::new();
        for entry in fs::read_dir(path)? {
            let file = entry?.path();
            if file
                .extension()
                .is_some_and(|extension| extension == "rhai")
                && file.is_file()
            {
                files.push(file);
            }
        }
        (path.to_path_buf(), files)
    } else {
        let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
        (folder, vec![path.to_path_buf()])
    };
    if files.is_empty() {
        let kind = ProblemKind::NoRules(path.display().to_string());
        let help = "a rule folder has *.rhai files directly in it; name sub-folders one by one";
        problems.push(Problem::new(kind, None).help(help));
        return Ok(None);
    }
    files.sort();
    let mut pack = PackSource {
        whole,
        ..PackSource::default()
    };
    for file in files {
        if seen.insert(fs::canonicalize(&file)?) {
            match text(&file) {
                Ok(text) => pack.files.push((name(&file), text)),
                Err(error) => problems.push(unreadable(&file, &error)),
            }
        }
    }
    for (candidate, own) in thresholds(&folder) {
        match text(&candidate) {
            Ok(text) => pack.thresholds.push((name(&candidate), text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => pack.whole &= !own,
            Err(error) => {
                pack.unread = true;
                problems.push(unreadable(&candidate, &error));
            }
        }
    }
    Ok((!pack.files.is_empty()).then_some(pack))
}

/// The folder's own thresholds, then its parent's; true for its own.
fn thresholds(folder: &Path) -> Vec<(PathBuf, bool)> {
    let own = folder.join("thresholds.toml");
    let parent = fs::canonicalize(if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    })
    .ok()
    .and_then(|real| Some(real.parent()?.to_path_buf()));
    let named = folder
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let above = named.map(Path::to_path_buf).or(parent);
    let above = above.map(|above| (above.join("thresholds.toml"), false));
    std::iter::once((own, true)).chain(above).collect()
}

fn text(path: &Path) -> std::io::Result<Arc<str>> {
    use std::io::{Error, ErrorKind};
    let file = fs::File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(Error::new(ErrorKind::InvalidInput, "not a regular file"));
    }
    let mut text = String::new();
    file.take(LONGEST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LONGEST {
        return Err(Error::new(
            ErrorKind::InvalidData,
            "longer than 256 KiB; make several files of it, or folders with limits of their own",
        ));
    }
    // Editors of Windows put a mark in front, which is no part of the text.
    Ok(text.strip_prefix('\u{feff}').unwrap_or(&text).into())
}

fn name(path: &Path) -> Arc<str> {
    path.display().to_string().into()
}

fn unreadable(path: &Path, error: &std::io::Error) -> Problem {
    let kind = ProblemKind::Unreadable {
        path: path.display().to_string(),
        why: error.to_string(),
    };
    Problem::new(kind, None)
}
