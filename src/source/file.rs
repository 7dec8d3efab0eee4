//! One file that the user named.
//!
//! A pipe with a name, or a terminal, is read as the stream that it is: the user asked for it.
//! A folder, a socket or a disk is refused with an error that says what to give instead.
//!
//! What a folder holds is looked at more sternly, in [`folder`](super::folder).

use std::fs::{self, File, Metadata};
use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use super::error::SourceError;
use super::look::{Kind, kind_of};
use super::pull::{Files, push};
use super::{Delivery, ReadOptions, Recipient, SourceEnd, SourceName};

/// Reads the file to its end; `-` is standard input.
///
/// Delivers batches and then the end, which tells also that the file could not be opened.
pub fn read(path: &Path, options: &ReadOptions, to: &mut dyn Recipient) -> ControlFlow<()> {
    let pool = options.pool.clone();
    let mut files = Files::new([path.to_owned()], options.clone());
    push(&mut files, &pool, to)
}

/// What stands under a path that the user gave: opening a pipe waits for its writer.
pub(super) enum Looked {
    Stdin,
    File,
    /// a pipe with a name, or a terminal
    Waits,
    Refused(SourceError),
}

impl Looked {
    pub(super) fn waits(&self) -> bool {
        matches!(self, Looked::Stdin | Looked::Waits)
    }
}

/// Looks at what is to be opened.
pub(super) fn look(path: &Path) -> Looked {
    if path.as_os_str() == "-" {
        return Looked::Stdin;
    }
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => return Looked::Refused(not_there(path, error)),
    };
    if let Some((what, hint)) = refused(&metadata) {
        return Looked::Refused(SourceError::NotReadable {
            path: path.to_owned(),
            what,
            hint,
        });
    }
    match metadata.is_file() {
        true => Looked::File,
        false => Looked::Waits,
    }
}

/// Opens what was looked at; whether reading it may wait.
pub(super) fn open(path: &Path, looked: Looked) -> Result<(File, bool), SourceError> {
    let waits = looked.waits();
    if let Looked::Refused(error) = looked {
        return Err(error);
    }
    let file = File::open(path).map_err(|error| not_there(path, error))?;
    Ok((file, waits))
}

/// The end of a source that never began.
pub(super) fn not_opened(source: &Arc<SourceName>, error: SourceError) -> Delivery {
    let outcome = SourceEnd {
        error: Some(error),
        ..SourceEnd::default()
    };
    Delivery::End {
        source: Arc::clone(source),
        outcome,
    }
}

fn not_there(path: &Path, error: io::Error) -> SourceError {
    SourceError::Open {
        path: path.to_owned(),
        error,
    }
}

fn refused(metadata: &Metadata) -> Option<(&'static str, &'static str)> {
    match kind_of(metadata.file_type()) {
        Kind::Directory => Some(("a folder", "give the folder itself to watch it")),
        Kind::Socket => Some(("a socket", "pipe its data in, and give `-`")),
        Kind::BlockDevice => Some(("a disk", "give a file on it")),
        Kind::File | Kind::Symlink | Kind::Fifo | Kind::CharDevice => None,
    }
}
