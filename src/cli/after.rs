//! What becomes of a file of a drop folder once all that it held is kept.
//!
//! A file is taken away only after the transaction that holds its documents and their alerts, and only if
//! it is still the file that was read: another one may have come under its name meanwhile. On its way it
//! has a hidden name, from which the next start puts it back. Both folders are synced, so that a power
//! cut does not bring it back.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
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
pub(super) struct Tallies {
    /// the file that was told of last: mostly it is the next one too
    last: PathBuf,
    tally: Option<Tally>,
    others: HashMap<PathBuf, Tally>,
}

impl Tallies {
    /// The tally of a file.
    pub(super) fn of(&mut self, path: &Path) -> &mut Tally {
        if self.last.as_os_str() != path.as_os_str() {
            if let Some(open) = self.tally.take() {
                self.others.insert(std::mem::take(&mut self.last), open);
            }
            self.tally = self.others.remove(path);
            self.last.as_mut_os_string().clear();
            self.last.push(path);
        }
        self.tally.get_or_insert_default()
    }

    /// How a file ended.
    pub(super) fn end(&mut self, path: &Path) -> Disposition {
        let tally = match self.last.as_os_str() == path.as_os_str() {
            true => self.tally.take(),
            false => self.others.remove(path),
        };
        tally.unwrap_or_default().disposition()
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

    /// Whether a folder is one that files are moved to, or a file is on its way there.
    pub(super) fn is_destination(path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default();
        name == "processed" || name == "rejected" || shown(name).is_some()
    }

    /// Does it; what went wrong, in words. A file that is not the one that was read stays.
    pub(super) fn take(&self) -> Result<(), String> {
        self.try_take()
            .map_err(|error| format!("{} was read and stays: {error}", self.path.display()))
    }

    fn try_take(&self) -> io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let name = self.path.file_name().unwrap_or_default();
        if let Some(beside) = self.to.map(|beside| folder.join(beside))
            && !beside.is_dir()
        {
            fs::create_dir_all(beside)?;
            // There for sure before something goes there.
            File::open(folder)?.sync_all()?;
        }
        // Out of the way first, and only then looked at: a name may stand for another file any time.
        let hidden = rename_beside(&self.path, &folder.join(hidden(name)), number_behind)?;
        if !self.id.is(&fs::symlink_metadata(&hidden)?) {
            rename(&hidden, &self.path)?;
            return Err(io::Error::other("another file has its name now"));
        }
        match self.to {
            Some(beside) => {
                let beside = folder.join(beside);
                rename_beside(&hidden, &beside.join(name), number_behind)?;
                File::open(beside)?.sync_all()?;
            }
            None => fs::remove_file(&hidden)?,
        }
        File::open(folder)?.sync_all()
    }
}

/// Ends the name of a file that is on its way; behind it a number may stand.
const TAKEN: &str = ".qualwatch-taken";

/// So much of a name's end is kept in the hidden one, which has its length as well.
const KEPT: usize = 200;

fn hidden(name: &OsStr) -> OsString {
    let bytes = name.as_encoded_bytes();
    let mut hidden = OsString::from(".");
    match bytes.len() > KEPT {
        true => hidden.push(String::from_utf8_lossy(&bytes[bytes.len() - KEPT..]).as_ref()),
        false => hidden.push(name),
    }
    hidden.push(TAKEN);
    hidden
}

/// The name that a hidden file had, if it is one of ours.
fn shown(name: &OsStr) -> Option<&OsStr> {
    let bytes = name.as_encoded_bytes().strip_prefix(b".")?;
    let end = bytes
        .windows(TAKEN.len())
        .rposition(|some| some == TAKEN.as_bytes())?;
    #[cfg(unix)]
    return Some(std::os::unix::ffi::OsStrExt::from_bytes(&bytes[..end]));
    #[cfg(not(unix))]
    return std::str::from_utf8(&bytes[..end]).ok().map(OsStr::new);
}

/// Puts back what was on its way out of a folder when the process ended: whether all of it was kept is
/// seen when it is read again. How many files there were.
pub(super) fn put_back(folder: &Path) -> io::Result<u64> {
    let mut files = 0;
    for entry in fs::read_dir(folder)? {
        let hidden = entry?.file_name();
        let Some(name) = shown(&hidden) else { continue };
        // A number stands in front, for the end of a name says what the file is.
        rename_beside(&folder.join(&hidden), &folder.join(name), |name, number| {
            let mut beside = OsString::from(format!("{number}-"));
            beside.push(name);
            beside
        })?;
        files += 1;
    }
    // Also for what was made there just before the end.
    File::open(folder)?.sync_all()?;
    Ok(files)
}

/// Renames without taking another file's place: a name that is taken gets a number.
fn rename_beside(
    from: &Path,
    to: &Path,
    numbered: fn(&OsStr, u32) -> OsString,
) -> io::Result<PathBuf> {
    let mut target = to.to_owned();
    for number in 1..10_000 {
        match rename(from, &target) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let name = numbered(to.file_name().unwrap_or_default(), number);
                target = to.with_file_name(name);
            }
            result => return result.map(|()| target),
        }
    }
    Err(io::Error::from(io::ErrorKind::AlreadyExists))
}

fn number_behind(name: &OsStr, number: u32) -> OsString {
    let mut name = name.to_owned();
    name.push(format!(".{number}"));
    name
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_read_side_by_side_are_tallied_each_for_itself() {
        let mut tallies = Tallies::default();
        let (a, b) = (Path::new("a"), Path::new("b"));
        tallies.of(a).documents += 1;
        tallies.of(b).documents += 2;
        tallies.of(b).refused += 2;
        tallies.of(a).documents += 1;
        assert_eq!(tallies.of(a).documents, 2);
        assert_eq!(tallies.end(b), Disposition::Rejected);
        assert_eq!(tallies.end(a), Disposition::Processed);
        // A file that comes again begins anew, and so does one of which nothing was told.
        assert_eq!(tallies.of(a).documents, 0);
        assert_eq!(tallies.end(b), Disposition::Rejected);
        assert_eq!(tallies.of(b).documents, 0);
    }

    #[test]
    fn what_was_on_its_way_is_put_back_beside_what_took_its_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let long = format!("{}.json", "n".repeat(250));
        for name in ["a.json", long.as_str()] {
            assert!(hidden(OsStr::new(name)).len() < 240);
            fs::write(at(name), name).expect("written");
            rename(&at(name), &folder.path().join(hidden(OsStr::new(name)))).expect("renamed");
        }
        fs::write(at(".a.json.qualwatch-taken.1"), "first").expect("written");
        fs::write(at(".other.json"), "hidden").expect("written");
        fs::write(at("a.json"), "second").expect("written");
        assert_eq!(put_back(folder.path()).expect("put back"), 3);
        assert_eq!(put_back(folder.path()).expect("nothing more"), 0);
        let read = |name: &str| fs::read_to_string(at(name)).expect(name);
        assert_eq!(read("a.json"), "second");
        let mut both = [read("1-a.json"), read("2-a.json")];
        both.sort();
        assert_eq!(both, ["a.json", "first"]);
        assert_eq!(read(".other.json"), "hidden");
        let short = &long[long.len() - KEPT..];
        assert_eq!(read(short), long);
    }
}
