//! What one look at a name in a folder tells.
//!
//! No opening: a pipe would not let go, and a link may lead anywhere.

use std::ffi::OsStr;
use std::fs::{FileType, Metadata};
use std::time::{Duration, SystemTime};

use super::PassedOver;

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Symlink,
    Fifo,
    Socket,
    CharDevice,
    BlockDevice,
    Directory,
}

pub(crate) fn kind_of(kind: FileType) -> Kind {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            return Kind::Fifo;
        } else if kind.is_socket() {
            return Kind::Socket;
        } else if kind.is_char_device() {
            return Kind::CharDevice;
        } else if kind.is_block_device() {
            return Kind::BlockDevice;
        }
    }
    if kind.is_dir() {
        Kind::Directory
    } else if kind.is_symlink() {
        Kind::Symlink
    } else {
        Kind::File
    }
}

/// What tells one state of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) inode: u64,
    pub(crate) size: u64,
    pub(crate) modified: Option<SystemTime>,
}

impl Identity {
    pub(crate) fn of(metadata: &Metadata) -> Identity {
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(metadata);
        #[cfg(not(unix))]
        let inode = 0;
        Identity {
            inode,
            size: metadata.len(),
            modified: metadata.modified().ok(),
        }
    }

    /// Whether it is a file, and this one.
    pub(crate) fn is(&self, metadata: &Metadata) -> bool {
        kind_of(metadata.file_type()) == Kind::File && Identity::of(metadata) == *self
    }
}

/// Which file of a folder was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileId(pub(crate) Identity);

impl FileId {
    /// Whether these are the data of the same file, unchanged.
    pub fn is(&self, metadata: &Metadata) -> bool {
        self.0.is(metadata)
    }
}

/// One look at a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) kind: Kind,
    pub(crate) identity: Identity,
    /// Permissions: a file that was unreadable is tried again when they change.
    pub(crate) mode: u32,
    /// Time since it was last written, as far as the system's clock can be believed.
    pub(crate) age: Duration,
}

impl Look {
    pub(crate) fn of(metadata: &Metadata) -> Look {
        #[cfg(unix)]
        let mode = std::os::unix::fs::MetadataExt::mode(metadata);
        #[cfg(not(unix))]
        let mode = u32::from(metadata.permissions().readonly());
        let identity = Identity::of(metadata);
        Look {
            kind: kind_of(metadata.file_type()),
            identity,
            mode,
            age: identity
                .modified
                .and_then(|modified| modified.elapsed().ok())
                .unwrap_or_default(),
        }
    }
}

/// Why a name is not read, whatever the file holds.
pub(crate) fn passed_over(name: &OsStr, kind: Kind) -> Option<PassedOver> {
    match kind {
        Kind::Symlink => return Some(PassedOver::Symlink),
        Kind::Fifo => return Some(PassedOver::Fifo),
        Kind::Socket => return Some(PassedOver::Socket),
        Kind::CharDevice | Kind::BlockDevice => return Some(PassedOver::Device),
        Kind::Directory => return Some(PassedOver::Directory),
        Kind::File => {}
    }
    let name = name.as_encoded_bytes();
    let temporary = [".tmp", ".part", ".partial", ".crdownload", ".swp", "~"];
    if name.starts_with(b".") || temporary.iter().any(|it| without(name, it).is_some()) {
        return Some(PassedOver::TemporaryName);
    }
    let plain = without(name, ".gz")
        .or_else(|| without(name, ".zst"))
        .unwrap_or(name);
    let record = [".json", ".ndjson", ".jsonl", ".txt"];
    let known = record.iter().any(|it| without(plain, it).is_some());
    (!known).then_some(PassedOver::OtherName)
}

/// What stands before an ending, in whichever case that is written.
fn without<'n>(name: &'n [u8], ending: &str) -> Option<&'n [u8]> {
    let (name, end) = name.split_at_checked(name.len().checked_sub(ending.len())?)?;
    end.eq_ignore_ascii_case(ending.as_bytes()).then_some(name)
}
