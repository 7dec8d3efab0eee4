//! The baseline: reads a feed and parses each document to a tape, with buffers that are reused.
//!
//! It is told where documents end, so it looks for nothing: of a file by their lengths, of a folder
//! by its files.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufReader, Read as _};
use std::path::Path;

use crate::feed::Bare;

/// The first argument of that process; the next are the feed's path, and the lengths if it is a file.
pub(crate) const BASELINE: &str = "--baseline";

/// Bytes of a read.
const READ: usize = 1 << 18;

/// Goes through the feed of those arguments; `None` where they are no baseline's.
pub(crate) fn baseline(arguments: &[OsString]) -> Option<usize> {
    match arguments {
        [first, path] if first == BASELINE => Some(files(path.as_ref())),
        [first, path, lengths] if first == BASELINE => {
            Some(documents(path.as_ref(), lengths.as_ref()))
        }
        _ => None,
    }
}

fn documents(path: &Path, lengths: &Path) -> usize {
    let lengths = fs::read(lengths).expect("the lengths");
    let mut file = BufReader::with_capacity(READ, File::open(path).expect("the feed"));
    let mut bare = Bare::new();
    let lengths = lengths.as_chunks::<4>().0.iter();
    let lengths = lengths.map(|length| u32::from_le_bytes(*length) as usize);
    lengths
        .map(|length| bare.parse_next(&mut file, length))
        .sum()
}

fn files(folder: &Path) -> usize {
    let (mut bare, mut text, mut nodes) = (Bare::new(), vec![0; READ], 0);
    for entry in fs::read_dir(folder).expect("a folder") {
        let mut file = File::open(entry.expect("an entry").path()).expect("a file");
        let mut filled = 0;
        // Neither its size nor anything else is asked of the file.
        loop {
            match file.read(&mut text[filled..]).expect("readable") {
                0 => break,
                more => filled += more,
            }
            if filled == text.len() {
                text.resize(2 * filled, 0);
            }
        }
        nodes += bare.parse(&text[..filled]);
    }
    nodes
}
