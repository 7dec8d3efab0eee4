//! What survives the end of the process? A folder, with a database that people can look into.
//!
//! SQLite in WAL mode with `synchronous=FULL`: what was committed is on the disk, after a kill and
//! after a power cut. It is chosen over a store of our own, or a younger one, because nothing that
//! embeds is tested harder against crashes, and because `sqlite3` opens it.
//!
//! One thread writes. What callers ask of it at the same time shares one commit, for
//! an fsync takes longer than a thousand rows. Nothing is told to be done before it is committed.
//!
//! The folder belongs to one process at a time; those who only look need no lock.

mod delivered;
mod documents;
mod error;
mod format;
mod holdings;
mod outbox;
mod writer;

#[cfg(test)]
mod tests;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags};

pub use documents::LetGo;
pub use error::StateError;
use writer::Writer;

use crate::clock::Clock;
use crate::deliver::OutboxError;
use crate::planted;

/// The database in the folder.
const FILE: &str = "qualwatch.sqlite";
/// Whoever holds it has the folder.
const LOCK: &str = "lock";
/// Another process may be looking, or `outbox drop` writing.
const PATIENCE: Duration = Duration::from_secs(5);
/// Statements that are parsed once.
const STATEMENTS: usize = 64;
/// Deliveries and documents are remembered for so long: a record lives thirty days in Graph, and comes again.
pub const REMEMBERED: Duration = Duration::from_secs(35 * 24 * 3600);

/// How much may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// alerts for sinks
    pub rows: u64,
    /// bytes of their JSON
    pub bytes: u64,
}

/// A state folder that this process has to itself.
#[derive(Debug)]
pub struct State {
    folder: PathBuf,
    writer: Writer,
    /// held until this goes, after the writer
    _lock: Option<Lock>,
}

/// Who works with the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// looks, beside its owner
    Visitor,
    Owner,
    /// owner after one that did not end well, or of whom nothing is known: all of it is looked through
    Successor,
}

/// The folder's lock, which holds a mark for as long as somebody works in it.
#[derive(Debug)]
struct Lock {
    file: File,
    /// the mark of somebody who did not end well is there, or there is nothing
    left: bool,
    /// the mark is ours
    ours: bool,
}

impl Lock {
    fn take(folder: &Path) -> Result<Lock, StateError> {
        let path = folder.join(LOCK);
        let new = !path.exists();
        let file = open_private(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StateError::Taken(folder.to_owned())),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let left = new || file.metadata()?.len() > 0;
        if left {
            // If what is found is refused, it is looked through at the next start as well.
            file.set_len(1)?;
        }
        let ours = false;
        Ok(Lock { file, left, ours })
    }

    fn mark(&mut self) -> std::io::Result<()> {
        self.ours = true;
        self.file.set_len(1)?;
        self.file.sync_all()
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if self.ours {
            // A mark that stays costs the next start a longer look.
            let _ = self.file.set_len(0);
        }
    }
}

/// What the folder holds, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holdings {
    /// for each sink its name, and what waits, stands and is dead
    pub sinks: Vec<(String, crate::deliver::Totals)>,
    /// deliveries that are remembered, so that they are not made again
    pub delivered: u64,
    /// the oldest of them
    pub since: Option<Timestamp>,
    /// documents that are remembered
    pub documents: u64,
    /// bytes of the database
    pub bytes: u64,
}

impl State {
    /// Takes a folder, and makes it if it is not there.
    ///
    /// # Errors
    /// If another process has it, if it is of a newer format or damaged, or if it cannot be
    /// written.
    pub fn open(folder: &Path, room: Room, clock: Arc<dyn Clock>) -> Result<State, StateError> {
        make(folder)?;
        let lock = Lock::take(folder)?;
        State::with(folder, room, clock, Some(lock))
    }

    /// Looks into a folder, and changes single rows, beside whoever has it.
    ///
    /// # Errors
    /// If there is no state in it, or it is of another format.
    pub fn visit(folder: &Path, clock: Arc<dyn Clock>) -> Result<State, StateError> {
        if !folder.join(FILE).is_file() {
            return Err(StateError::Nothing(folder.to_owned()));
        }
        let room = Room {
            rows: u64::MAX,
            bytes: u64::MAX,
        };
        State::with(folder, room, clock, None)
    }

    fn with(
        folder: &Path,
        room: Room,
        clock: Arc<dyn Clock>,
        mut lock: Option<Lock>,
    ) -> Result<State, StateError> {
        let path = folder.join(FILE);
        // Created before SQLite does, so that it is never readable by others.
        drop(open_private(&path)?);
        let mut connection = Connection::open(&path)?;
        connection.busy_timeout(PATIENCE)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        let role = match &lock {
            None => Role::Visitor,
            Some(lock) if lock.left => Role::Successor,
            Some(_) => Role::Owner,
        };
        format::prepare(&mut connection, folder, role)?;
        if let Some(lock) = &mut lock {
            lock.mark()?;
            // The names of new files are on the disk only with their folder.
            File::open(folder)?.sync_all()?;
            outbox::wake_if_set_back(&connection, clock.now())?;
        }
        Ok(State {
            folder: folder.to_owned(),
            writer: Writer::start(connection, room, clock)?,
            _lock: lock,
        })
    }

    /// A connection that only looks, and holds up nobody.
    fn reader(&self) -> Result<Connection, StateError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(self.folder.join(FILE), flags)?;
        connection.busy_timeout(PATIENCE)?;
        Ok(connection)
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What it holds.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn holdings(&self) -> Result<Holdings, StateError> {
        let mut holdings = self
            .writer
            .ask(|_, connection| holdings::holdings(connection))?;
        holdings.bytes = fs::metadata(self.folder.join(FILE))?.len();
        Ok(holdings)
    }

    /// Forgets deliveries made before `before`, and the room they took; how many there were.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn prune(&self, before: Timestamp) -> Result<u64, StateError> {
        self.writer
            .ask(move |_, connection| delivered::forget(connection, before))
    }
}

impl From<StateError> for OutboxError {
    fn from(error: StateError) -> OutboxError {
        OutboxError::Failed(error.to_string())
    }
}

/// Makes a folder that nobody else can look into.
fn make(folder: &Path) -> Result<(), StateError> {
    let missing: Vec<&Path> = folder.ancestors().take_while(|it| !it.is_dir()).collect();
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    if planted::bug("unsynced-folder") {
        return Ok(());
    }
    // Names of folders, too, are on the disk only with the folder that they are in. The last one may be
    // of a process that was killed before it came to this.
    for made in missing.iter().copied().rev().chain([folder]) {
        let within = match made.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        match File::open(within) {
            Ok(within) => within.sync_all()?,
            // Who may not look into it cannot sync it either.
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Opens a file that nobody else can read, and makes it if it is not there.
fn open_private(path: &Path) -> Result<File, StateError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    Ok(options.open(path)?)
}
