//! Where bytes come from: a pipe, a file, or a drop folder.
//!
//! Each source reads, decompresses, frames, and hands what it found to one [`Recipient`], in order.
//! One that blocks holds the reading back; one that answers `Break` ends it. Before a source
//! waits it says so, with [`Delivery::Waits`].
//!
//! No document is judged here, and no thread is started but the folder watcher's own. Nothing
//! is passed over without a [`Delivery`] that says so.

mod clock;
mod compressed;
mod counts;
mod entry;
mod error;
pub mod file;
pub mod folder;
mod hold;
#[cfg(target_os = "linux")]
mod holes;
mod inbox;
mod look;
mod pool;
pub(crate) mod pull;
pub(crate) mod read;
pub mod stdin;
#[cfg(test)]
mod tests;
mod watch;

use std::borrow::Cow;
use std::fmt;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::frame::{Batch, FrameLimits, Framing, Open};

pub use clock::{Clock, SystemClock};
pub use counts::FolderCounts;
pub use error::SourceError;
pub use folder::{Folder, FolderOptions};
pub use look::FileId;
pub use pool::BatchPool;

/// How a source is read.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    /// How the source holds its documents.
    pub framing: Framing,
    /// What a document may cost.
    pub limits: FrameLimits,
    /// Whether arrays and collections are opened.
    pub open: Open,
    /// Most bytes that may come out of one compressed source. Default 4 GiB.
    pub max_decompressed: u64,
    /// Bytes of one read. Default 128 KiB.
    pub chunk: usize,
    /// Where batches come from, and where the receiver may give them back.
    pub pool: BatchPool,
}

impl Default for ReadOptions {
    fn default() -> ReadOptions {
        ReadOptions {
            framing: Framing::default(),
            limits: FrameLimits::default(),
            open: Open::default(),
            max_decompressed: 4 << 30,
            chunk: 128 << 10,
            pool: BatchPool::default(),
        }
    }
}

/// What a source is called in messages.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SourceName {
    /// Standard input.
    Stdin,
    /// A file, a pipe with a name, or a file in a folder.
    File(PathBuf),
}

impl SourceName {
    /// The path, for what has one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            SourceName::Stdin => None,
            SourceName::File(path) => Some(path),
        }
    }
}

impl SourceName {
    /// The name in messages: that of the file, with a sign in place of what is no UTF-8.
    pub fn name(&self) -> Cow<'_, str> {
        match self {
            SourceName::Stdin => "<stdin>".into(),
            SourceName::File(path) => path.to_string_lossy(),
        }
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name().fmt(f)
    }
}

/// What a source hands over.
#[derive(Debug)]
#[non_exhaustive]
pub enum Delivery {
    /// Frames, in the order of the source.
    Batch {
        /// Whose frames these are.
        source: Arc<SourceName>,
        /// The frames; never none. Give it back to [`ReadOptions::pool`].
        batch: Batch,
    },
    /// All of the source's frames were handed over.
    End {
        /// Which source ended.
        source: Arc<SourceName>,
        /// How it ended.
        outcome: SourceEnd,
    },
    /// Something in the folder that is not read; told once.
    PassedOver {
        /// What is passed over.
        path: PathBuf,
        /// Why.
        reason: PassedOver,
    },
    /// Something worth a line in the log.
    Note(Note),
    /// Nothing more for now: the source is about to wait, and what came before should not.
    Waits,
}

/// How a source ended.
#[derive(Debug, Default)]
pub struct SourceEnd {
    /// Decompressed bytes.
    pub bytes: u64,
    /// Frames, those with a fault included.
    pub frames: u64,
    /// Why it ended before its end.
    pub error: Option<SourceError>,
    /// Which file it was, of a folder.
    pub file: Option<FileId>,
}

/// Why something in a folder is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum PassedOver {
    /// Its name says that it is still being written.
    TemporaryName,
    /// Its name does not end like that of a record.
    OtherName,
    /// A symbolic link.
    Symlink,
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
    /// A device.
    Device,
    /// A folder in the folder.
    Directory,
    /// A file that must not be read; tried again when it changes.
    Unreadable,
    /// A file that has stayed empty; read when it changes.
    Empty,
}

impl PassedOver {
    /// A stable name for counters.
    pub fn code(self) -> &'static str {
        match self {
            PassedOver::TemporaryName => "temporary-name",
            PassedOver::OtherName => "other-name",
            PassedOver::Symlink => "symlink",
            PassedOver::Fifo => "fifo",
            PassedOver::Socket => "socket",
            PassedOver::Device => "device",
            PassedOver::Directory => "directory",
            PassedOver::Unreadable => "unreadable",
            PassedOver::Empty => "empty",
        }
    }
}

impl fmt::Display for PassedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PassedOver::TemporaryName => {
                "its name begins with a dot, or says that it is still being written; rename it \
                 when it is whole"
            }
            PassedOver::OtherName => {
                "its name is none of a record; let it end in .json, .ndjson, .jsonl or .txt, \
                 or one of them with .gz or .zst"
            }
            PassedOver::Symlink => "a symbolic link is not followed; put the file itself here",
            PassedOver::Fifo => "a named pipe is not read in a folder; give its path by itself",
            PassedOver::Socket => "a socket cannot be read",
            PassedOver::Device => "a device is not read in a folder",
            PassedOver::Directory => "a folder in the folder is not read; give its path as well",
            PassedOver::Unreadable => {
                "its permissions forbid reading; allow it, and it is read at once"
            }
            PassedOver::Empty => "it is empty; write the document again",
        })
    }
}

/// Something worth a line in the log.
#[derive(Debug)]
#[non_exhaustive]
pub enum Note {
    /// Events of the folder were lost, so it is listed anew; nothing is missing.
    Overflow,
    /// The folder is not there; it is waited for.
    FolderGone(PathBuf),
    /// The folder is there again, and watched.
    FolderBack(PathBuf),
    /// Watching does not work; the folder is listed from time to time instead.
    WatchFailed(SourceError),
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Note::Overflow => f.write_str(
                "events of the folder were lost, so it is listed anew; no file is missed",
            ),
            Note::FolderGone(path) => write!(
                f,
                "the folder {} is not there; it is waited for",
                path.display()
            ),
            Note::FolderBack(path) => {
                write!(
                    f,
                    "the folder {} is there again, and watched",
                    path.display()
                )
            }
            Note::WatchFailed(error) => write!(
                f,
                "{error}; the folder is listed from time to time instead, so alerts come later"
            ),
        }
    }
}

/// Takes what a source found. `Break` ends the source without another call.
///
/// Every closure that takes a [`Delivery`] is one.
pub trait Recipient {
    /// Takes what is next.
    fn take(&mut self, delivery: Delivery) -> ControlFlow<()>;

    /// Takes a whole source in which nobody has looked for documents, if it turns out to be one document;
    /// else gives it back, to be framed. What is marked in `batch` as its frame is only likely to be one
    /// ([`Framer::likely`](crate::frame::Framer::likely)).
    ///
    /// Whoever judges a document meets its end anyway, and saves the search for it.
    fn take_unframed(
        &mut self,
        source: &Arc<SourceName>,
        batch: Batch,
    ) -> ControlFlow<(), Option<Batch>> {
        let _ = source;
        ControlFlow::Continue(Some(batch))
    }
}

impl<F: FnMut(Delivery) -> ControlFlow<()>> Recipient for F {
    fn take(&mut self, delivery: Delivery) -> ControlFlow<()> {
        self(delivery)
    }
}
