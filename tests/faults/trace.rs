//! What a run asked of the disk, in its order, and a disk on which only some of it arrived.
//!
//! `strace` writes down every call that changes a file or makes it durable, with its bytes. [`Disk`]
//! follows them, and keeps apart what was synced: a write is on the disk for sure after an fsync of its
//! file, a name after one of its folder. When the power goes, of the rest any part may be there, in any
//! order, and a write only by some of its sectors.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::place::{Place, Ran};

/// Bytes that a disk writes as one.
const SECTOR: usize = 512;

/// One call, as far as it matters here.
pub(crate) enum Call {
    /// a file or folder came to be, or was emptied
    Open {
        path: PathBuf,
        empties: bool,
    },
    Folder(PathBuf),
    Write {
        path: PathBuf,
        at: usize,
        bytes: Vec<u8>,
    },
    Truncate {
        path: PathBuf,
        length: usize,
    },
    Sync(PathBuf),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
    /// bytes for a receiver
    Send(Vec<u8>),
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Call::Open { path, .. } => write!(f, "open {}", path.display()),
            Call::Folder(path) => write!(f, "mkdir {}", path.display()),
            Call::Write { path, at, bytes } => {
                write!(f, "write {} at {at}, {} bytes", path.display(), bytes.len())
            }
            Call::Truncate { path, length } => write!(f, "truncate {} to {length}", path.display()),
            Call::Sync(path) => write!(f, "sync {}", path.display()),
            Call::Rename(from, to) => write!(f, "rename {} {}", from.display(), to.display()),
            Call::Remove(path) => write!(f, "unlink {}", path.display()),
            Call::Send(bytes) => write!(f, "send {} bytes", bytes.len()),
        }
    }
}

/// Runs the program to its end, and tells what it did.
pub(crate) fn record(place: &Place) -> Result<Vec<Call>, String> {
    let out = place.path().join("trace");
    let program = place.command();
    let mut command = Command::new("strace");
    command
        .current_dir(place.path())
        .args([
            "-f",
            "-qq",
            "-y",
            "-xx",
            "-s",
            "1000000",
            "-e",
            "signal=none",
        ])
        .args([
            "-e",
            "trace=openat,mkdir,write,writev,pwrite64,pwritev,ftruncate,fsync,fdatasync,rename,\
             renameat,renameat2,unlink,unlinkat,link,linkat,fallocate,sendto,sendmsg",
        ])
        .arg("-o")
        .arg(&out)
        .arg(program.get_program())
        .args(program.get_args())
        .stdin(Stdio::null());
    for (name, value) in program.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    Ran::of(&mut command).well()?;
    let text = fs::read_to_string(&out).expect("a trace");
    fs::remove_file(out).expect("removed");
    let root = fs::canonicalize(place.path()).expect("a folder");
    Ok(parse(&text, &root))
}

/// The calls on files within `root`, with paths relative to it, and what was sent.
fn parse(text: &str, root: &Path) -> Vec<Call> {
    let mut calls = Vec::new();
    let mut unfinished: BTreeMap<&str, &str> = BTreeMap::new();
    for line in text.lines() {
        let (process, line) = line.split_once(' ').unwrap_or_default();
        let line = line.trim_start();
        let call = if let Some(begun) = line.strip_suffix(" <unfinished ...>") {
            unfinished.insert(process, begun);
            // What is written may be there at once, what is synced only when that has ended.
            begins_with_effect(begun).then(|| format!("{begun}) = 1"))
        } else if line.starts_with("<... ") {
            let begun = unfinished.remove(process).unwrap_or_default();
            let rest = line.split_once(" resumed>").unwrap_or_default().1;
            (!begins_with_effect(begun)).then(|| format!("{begun}{rest}"))
        } else {
            Some(line.to_owned())
        };
        calls.extend(call.and_then(|call| one(&call, root)));
    }
    calls
}

fn begins_with_effect(call: &str) -> bool {
    ["write", "pwrite", "send"]
        .iter()
        .any(|it| call.starts_with(it))
}

fn one(line: &str, root: &Path) -> Option<Call> {
    let (call, result) = line.rsplit_once(") = ").or_else(|| {
        // Short lines are filled up with blanks.
        let (call, result) = line.rsplit_once(" = ")?;
        Some((call.trim_end().strip_suffix(')')?, result))
    })?;
    if result.starts_with('-') || result.starts_with('?') {
        return None;
    }
    let (name, rest) = call.split_once('(')?;
    let arguments: Vec<&str> = rest.split(", ").collect();
    let inside = |path: PathBuf| {
        let path = if path.is_absolute() {
            path
        } else {
            root.join(path)
        };
        path.strip_prefix(root).ok().map(Path::to_owned)
    };
    let named = |at: usize| inside(path_of(arguments.get(at)?.trim_matches('"')));
    let opened = |text: &str| {
        let path = path_of(text.split_once('<')?.1.strip_suffix('>')?);
        // Sockets and pipes have a name as well, which is no path.
        path.is_absolute().then(|| inside(path)).flatten()
    };
    let of_first = || opened(arguments[0]);
    let number = |at: usize| arguments.get(at)?.parse::<usize>().ok();
    Some(match name {
        "openat" if call.contains("O_CREAT") => Call::Open {
            path: opened(result)?,
            empties: call.contains("O_TRUNC"),
        },
        "mkdir" => Call::Folder(named(0)?),
        "pwrite64" => Call::Write {
            path: of_first()?,
            at: number(3)?,
            bytes: unhex(arguments[1]),
        },
        "ftruncate" => Call::Truncate {
            path: of_first()?,
            length: number(1)?,
        },
        "fsync" | "fdatasync" => Call::Sync(of_first()?),
        "rename" => Call::Rename(named(0)?, named(1)?),
        "renameat2" | "renameat" => Call::Rename(named(1)?, named(3)?),
        "unlink" => Call::Remove(named(0)?),
        "unlinkat" => Call::Remove(named(1)?),
        "sendto" => Call::Send(unhex(arguments[1])),
        "write" | "writev" | "pwritev" | "sendmsg" | "link" | "linkat" | "fallocate" => {
            // A way to a file that is not followed here would make all of this worthless.
            let path = of_first();
            assert!(path.is_none(), "{name} on {path:?} is not followed");
            return None;
        }
        _ => return None,
    })
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| (byte as char).to_digit(16).expect("a digit") as u8;
    let text = text.trim_matches('"').as_bytes();
    text.chunks_exact(4)
        .map(|byte| digit(byte[2]) << 4 | digit(byte[3]))
        .collect()
}

fn path_of(text: &str) -> PathBuf {
    PathBuf::from(String::from_utf8(unhex(text)).expect("UTF-8"))
}

/// Bytes of a file: those that were synced, and what was asked for since.
#[derive(Clone, Debug, Default)]
struct Data {
    synced: Vec<u8>,
    since: Vec<Change>,
}

#[derive(Clone, Debug)]
enum Change {
    Write(usize, Vec<u8>),
    Length(usize),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>, sectors: &mut dyn FnMut() -> bool) {
        match self {
            Change::Length(length) => bytes.resize(*length, 0),
            Change::Write(at, new) => {
                let mut from = 0;
                while from < new.len() {
                    let sector = SECTOR - (at + from) % SECTOR;
                    let to = new.len().min(from + sector);
                    if sectors() {
                        if bytes.len() < at + to {
                            bytes.resize(at + to, 0);
                        }
                        bytes[at + from..at + to].copy_from_slice(&new[from..to]);
                    }
                    from = to;
                }
            }
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Entry {
    Folder,
    File(usize),
}

/// A name that comes or goes; a rename is both. Each is durable once its folder is synced, and a name
/// that goes never without the one that comes for it.
#[derive(Clone, Debug)]
struct Naming(Vec<(PathBuf, Option<Entry>)>);

fn apply(names: &mut BTreeMap<PathBuf, Entry>, (path, entry): &(PathBuf, Option<Entry>)) {
    match entry {
        Some(entry) => drop(names.insert(path.clone(), entry.clone())),
        None => drop(names.remove(path)),
    }
}

/// See the module's text.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    files: Vec<Data>,
    names: BTreeMap<PathBuf, Entry>,
    synced: BTreeMap<PathBuf, Entry>,
    since: Vec<Naming>,
}

fn folder_of(path: &Path) -> PathBuf {
    path.parent().unwrap_or(Path::new("")).to_owned()
}

/// Locks, and an index that is made anew, hold nothing.
fn holds_nothing(path: &Path) -> bool {
    path.to_string_lossy().ends_with("-shm")
}

impl Disk {
    /// The folders in a place as they are, all of it durable; files beside them are its user's.
    pub(crate) fn of(root: &Path) -> Disk {
        let mut disk = Disk {
            files: Vec::new(),
            names: BTreeMap::new(),
            synced: BTreeMap::new(),
            since: Vec::new(),
        };
        disk.names.insert(PathBuf::new(), Entry::Folder);
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).expect("a folder").flatten() {
                let path = entry.path();
                let name = path.strip_prefix(root).expect("within").to_owned();
                if path.is_dir() {
                    disk.names.insert(name, Entry::Folder);
                    folders.push(path);
                } else if folder != root && !holds_nothing(&name) {
                    let synced = fs::read(&path).expect("a file");
                    let since = Vec::new();
                    disk.names.insert(name, Entry::File(disk.files.len()));
                    disk.files.push(Data { synced, since });
                }
            }
        }
        disk.synced = disk.names.clone();
        disk
    }

    fn name(&mut self, changes: Vec<(PathBuf, Option<Entry>)>) {
        changes.iter().for_each(|it| apply(&mut self.names, it));
        self.since.push(Naming(changes));
    }

    fn sync_folder(&mut self, folder: &Path) {
        let synced = &mut self.synced;
        for Naming(changes) in &mut self.since {
            let here = |path: &Path| folder_of(path) == folder;
            let goes = changes
                .iter()
                .any(|(path, entry)| entry.is_none() && here(path));
            changes.retain(|change| {
                let now = goes || here(&change.0);
                if now {
                    apply(synced, change);
                }
                !now
            });
        }
        self.since.retain(|Naming(changes)| !changes.is_empty());
    }

    fn data(&mut self, path: &Path) -> Option<&mut Data> {
        match self.names.get(path) {
            Some(Entry::File(at)) => self.files.get_mut(*at),
            _ => None,
        }
    }

    /// Follows one call.
    pub(crate) fn follow(&mut self, call: &Call) {
        match call {
            Call::Open { path, empties } => {
                if holds_nothing(path) {
                    return;
                }
                if !self.names.contains_key(path) {
                    let entry = Entry::File(self.files.len());
                    self.files.push(Data::default());
                    self.name(vec![(path.clone(), Some(entry))]);
                } else if *empties && let Some(data) = self.data(path) {
                    data.since.push(Change::Length(0));
                }
            }
            Call::Folder(path) => self.name(vec![(path.clone(), Some(Entry::Folder))]),
            Call::Write { path, at, bytes } => {
                if let Some(data) = self.data(path) {
                    data.since.push(Change::Write(*at, bytes.clone()));
                }
            }
            Call::Truncate { path, length } => {
                if let Some(data) = self.data(path) {
                    data.since.push(Change::Length(*length));
                }
            }
            Call::Rename(from, to) => {
                if let Some(entry) = self.names.get(from).cloned() {
                    self.name(vec![(to.clone(), Some(entry)), (from.clone(), None)]);
                }
            }
            Call::Remove(path) => self.name(vec![(path.clone(), None)]),
            Call::Sync(path) => match self.names.get(path) {
                Some(Entry::Folder) => self.sync_folder(path),
                Some(Entry::File(_)) => {
                    if let Some(data) = self.data(path) {
                        let Data { synced, since } = data;
                        since
                            .drain(..)
                            .for_each(|it| it.apply(synced, &mut || true));
                    }
                }
                None => {}
            },
            Call::Send(_) => {}
        }
    }

    /// Whether something would be lost now, if nothing but what is synced survived.
    pub(crate) fn is_behind(&self) -> bool {
        !self.since.is_empty() || self.files.iter().any(|data| !data.since.is_empty())
    }

    /// Writes into a folder what is left when the power goes: all that was synced, and of the rest some,
    /// none or all.
    pub(crate) fn cut(&self, root: &Path, random: &mut fastrand::Rng) {
        let share = [0.0, 0.3, 0.5, 0.9, 1.0][random.usize(0..5)];
        self.leave(root, share, random);
    }

    /// Writes into a folder what is left after a kill: everything.
    pub(crate) fn kill(&self, root: &Path) {
        self.leave(root, 1.0, &mut fastrand::Rng::with_seed(0));
    }

    fn leave(&self, root: &Path, share: f64, random: &mut fastrand::Rng) {
        let mut names = self.synced.clone();
        let in_order = random.bool();
        let first = (self.since.len() as f64 * share) as usize;
        for (at, Naming(changes)) in self.since.iter().enumerate() {
            let there = match in_order {
                true => at < first,
                false => random.f64() < share,
            };
            if there {
                changes.iter().for_each(|it| apply(&mut names, it));
            }
        }
        let mut folders = BTreeSet::from([PathBuf::new()]);
        for (path, entry) in &names {
            if !folders.contains(&folder_of(path)) {
                continue;
            }
            match entry {
                Entry::Folder => {
                    fs::create_dir_all(root.join(path)).expect("made");
                    folders.insert(path.clone());
                }
                Entry::File(at) => {
                    let data = &self.files[*at];
                    let mut bytes = data.synced.clone();
                    for change in &data.since {
                        if random.f64() < share {
                            let torn = share < 1.0 && random.u8(0..4) == 0;
                            change.apply(&mut bytes, &mut || !torn || random.bool());
                        }
                    }
                    fs::write(root.join(path), bytes).expect("written");
                }
            }
        }
    }
}
