//! What becomes of a file of a drop folder once all that it held is kept.
//!
//! A file is taken away only after the transaction that holds its documents and their alerts, and only if
//! it is still the file that was read: another one may have come under its name meanwhile. Both
//! folders are synced, so that a power cut does not bring it back.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::source::FileId;

/// What becomes of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum After {
    /// it stays
    #[default]
    Keep,
    /// it goes to `processed` or `rejected` within its folder
    Move,
    /// it is deleted; a rejected one goes to `rejected`
    Delete,
}

/// How a file that was read ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Disposition {
    /// something of it is new
    Processed,
    /// every document in it was refused, or there is none
    Rejected,
    /// all of it was known
    Duplicate,
    /// all of it was known, or older than what is known
    Superseded,
}

impl Disposition {
    pub(super) const ALL: [Disposition; 4] = [
        Disposition::Processed,
        Disposition::Rejected,
        Disposition::Duplicate,
        Disposition::Superseded,
    ];

    /// The word in counts.
    pub(super) fn name(self) -> &'static str {
        match self {
            Disposition::Processed => "processed",
            Disposition::Rejected => "rejected",
            Disposition::Duplicate => "duplicate",
            Disposition::Superseded => "superseded",
        }
    }
}

/// What the documents of a file came to so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) documents: u64,
    pub(super) refused: u64,
    pub(super) repeated: u64,
    pub(super) superseded: u64,
}

impl Tally {
    fn disposition(self) -> Disposition {
        let accepted = self.documents - self.refused.min(self.documents);
        if accepted == 0 {
            Disposition::Rejected
        } else if self.repeated >= accepted {
            Disposition::Duplicate
        } else if self.repeated + self.superseded >= accepted {
            Disposition::Superseded
        } else {
            Disposition::Processed
        }
    }
}

/// Tallies of the files that are being read; several may be, of several folders.
#[derive(Debug, Default)]
pub(super) struct Tallies(HashMap<PathBuf, Tally>);

impl Tallies {
    /// The tally of a file.
    pub(super) fn of(&mut self, path: &Path) -> &mut Tally {
        self.0.entry(path.to_owned()).or_default()
    }

    /// How a file ended.
    pub(super) fn end(&mut self, path: &Path) -> Disposition {
        self.0.remove(path).unwrap_or_default().disposition()
    }
}

/// A file that is to be taken away.
#[derive(Debug)]
pub(super) struct Away {
    path: PathBuf,
    id: FileId,
    /// the folder beside it; nothing: it is deleted
    to: Option<&'static str>,
}

impl Away {
    /// What is to be done with a file, if anything.
    pub(super) fn of(after: After, path: &Path, id: FileId, how: Disposition) -> Option<Away> {
        let to = match (after, how) {
            (After::Keep, _) => return None,
            (_, Disposition::Rejected) => Some("rejected"),
            (After::Move, _) => Some("processed"),
            (After::Delete, _) => None,
        };
        let path = path.to_owned();
        Some(Away { path, id, to })
    }

    /// Whether a folder is one that files are moved to.
    pub(super) fn is_destination(path: &Path) -> bool {
        let name = path.file_name().and_then(|name| name.to_str());
        matches!(name, Some("processed" | "rejected"))
    }

    /// Does it; what went wrong, in words. A file that is not the one that was read stays.
    pub(super) fn take(&self) -> Result<(), String> {
        self.try_take()
            .map_err(|error| format!("{} was read and stays: {error}", self.path.display()))
    }

    fn try_take(&self) -> io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let name = self.path.file_name().unwrap_or_default();
        // Out of the way first, and only then looked at: a name may stand for another file any time.
        let (target, beside) = match self.to {
            Some(beside) => {
                let beside = folder.join(beside);
                fs::create_dir_all(&beside)?;
                (beside.join(name), Some(beside))
            }
            None => {
                let mut hidden = std::ffi::OsString::from(".");
                hidden.push(name);
                hidden.push(".deleted");
                (folder.join(hidden), None)
            }
        };
        let target = rename_beside(&self.path, &target)?;
        if !self.id.is(&fs::symlink_metadata(&target)?) {
            rename(&target, &self.path)?;
            return Err(io::Error::other("another file has its name now"));
        }
        if beside.is_none() {
            fs::remove_file(&target)?;
        }
        if let Some(beside) = beside {
            File::open(beside)?.sync_all()?;
        }
        File::open(folder)?.sync_all()
    }
}

/// Renames without taking another file's place: a name that is taken gets a number.
fn rename_beside(from: &Path, to: &Path) -> io::Result<PathBuf> {
    let mut target = to.to_owned();
    for number in 1..10_000 {
        match rename(from, &target) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let mut name = to.file_name().unwrap_or_default().to_owned();
                name.push(format!(".{number}"));
                target = to.with_file_name(name);
            }
            result => return result.map(|()| target),
        }
    }
    Err(io::Error::from(io::ErrorKind::AlreadyExists))
}

/// Renames, but never over another file.
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            // Not every file system knows it.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {}
            result => return Ok(result?),
        }
    }
    if to.symlink_metadata().is_ok() {
        return Err(io::Error::from(io::ErrorKind::AlreadyExists));
    }
    fs::rename(from, to)
}
