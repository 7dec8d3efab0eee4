//! What can go wrong with a source.
//!
//! Errors are of the world: a file, a pipe, a folder. Each says what happened, where, and what
//! to do next.
//!
//! Never about a document: that a text is no JSON is found behind the frame.

use std::io;
use std::path::PathBuf;

/// Why a source could not be read, or not to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The source cannot be opened.
    #[error("cannot open {}: {error}; check the path and its permissions", path.display())]
    Open {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Neither a file nor a pipe.
    #[error("{} is {what}, which cannot be read as records; {hint}", path.display())]
    NotReadable {
        /// What was given.
        path: PathBuf,
        /// What it is, with its article.
        what: &'static str,
        /// What to give instead.
        hint: &'static str,
    },
    /// Reading failed in the middle.
    #[error(
        "reading failed behind byte {offset}: {error}; the documents before it were read, give \
         the source again for the rest"
    )]
    Read {
        /// Decompressed bytes read before.
        offset: u64,
        /// What the system says.
        error: io::Error,
    },
    /// The compressed stream is broken or cut off.
    #[error(
        "the {format} stream is broken behind decompressed byte {offset}: {error}; the documents \
         before it were read, fetch or copy the file again"
    )]
    Corrupt {
        /// `gzip` or `zstd`.
        format: &'static str,
        /// Decompressed bytes read before.
        offset: u64,
        /// What the decoder says.
        error: io::Error,
    },
    /// More comes out of a compressed stream than is allowed.
    #[error(
        "the {format} stream holds more than the limit of {limit} decompressed bytes; the \
         documents before it were read; raise --max-decompressed if the source is to be trusted"
    )]
    Expands {
        /// `gzip` or `zstd`.
        format: &'static str,
        /// The limit, in bytes.
        limit: u64,
    },
    /// The folder cannot be watched or listed.
    #[error("cannot watch {}: {error}; check the path and its permissions", path.display())]
    Watch {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}
