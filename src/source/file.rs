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
use super::{Delivery, ReadOptions, Recipient, SourceEnd, SourceName};

/// Reads the file to its end; `-` is standard input.
///
/// Delivers batches and then the end, which tells also that the file could not be opened.
pub fn read(path: &Path, options: &ReadOptions, to: &mut dyn Recipient) -> ControlFlow<()> {
    if path.as_os_str() == "-" {
        let name = Arc::new(SourceName::Stdin);
        return super::read::read(std::io::stdin(), &name, options, to);
    }
    let source = Arc::new(SourceName::File(path.to_owned()));
    let opened = look(path).and_then(|metadata| {
        let waits = !metadata.is_file();
        if waits && to.take(Delivery::Waits).is_break() {
            return Ok(None);
        }
        Ok(Some((waits, open(path)?)))
    });
    match opened {
        Ok(Some((true, file))) => super::read::read(file, &source, options, to),
        Ok(Some((false, file))) => {
            super::read::read_with(&mut Vec::new(), file, &source, options, to)
        }
        Ok(None) => ControlFlow::Break(()),
        Err(error) => not_opened(&source, error, to),
    }
}

/// Delivers the end of a source that never began.
pub(super) fn not_opened(
    source: &Arc<SourceName>,
    error: SourceError,
    to: &mut dyn Recipient,
) -> ControlFlow<()> {
    let outcome = SourceEnd {
        error: Some(error),
        ..SourceEnd::default()
    };
    to.take(Delivery::End {
        source: Arc::clone(source),
        outcome,
    })
}

fn open(path: &Path) -> Result<File, SourceError> {
    File::open(path).map_err(|error| not_there(path, error))
}

fn not_there(path: &Path, error: io::Error) -> SourceError {
    SourceError::Open {
        path: path.to_owned(),
        error,
    }
}

/// Looks at what is to be opened: opening a pipe waits for its writer.
fn look(path: &Path) -> Result<Metadata, SourceError> {
    let metadata = fs::metadata(path).map_err(|error| not_there(path, error))?;
    if let Some((what, hint)) = refused(&metadata) {
        return Err(SourceError::NotReadable {
            path: path.to_owned(),
            what,
            hint,
        });
    }
    Ok(metadata)
}

fn refused(metadata: &Metadata) -> Option<(&'static str, &'static str)> {
    match kind_of(metadata.file_type()) {
        Kind::Directory => Some(("a folder", "give the folder itself to watch it")),
        Kind::Socket => Some(("a socket", "pipe its data in, and give `-`")),
        Kind::BlockDevice => Some(("a disk", "give a file on it")),
        Kind::File | Kind::Symlink | Kind::Fifo | Kind::CharDevice => None,
    }
}
