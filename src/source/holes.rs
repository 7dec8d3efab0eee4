//! A file whose holes are not read to their end.
//!
//! A hole reads as zeros, as many as somebody asked for with one call: a terabyte of them costs its
//! maker nothing. No document goes on over more of them than it may be long, so the rest of such a hole
//! is left out. Places behind it are told as if it were so short.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt as _;

use rustix::fs::{SeekFrom, seek};

/// See the module's text.
pub(super) struct Holes {
    file: File,
    at: u64,
    size: u64,
    /// zeros that are read of a hole at most
    most: u64,
    /// the next hole: where it begins, from where on it is left out, and where it ends
    next: Option<(u64, u64, u64)>,
}

impl Holes {
    /// A file of a size; file systems that know no holes have none.
    pub(super) fn new(file: File, size: u64, most: u64) -> Holes {
        let mut holes = Holes {
            file,
            at: 0,
            size,
            most,
            next: None,
        };
        holes.look();
        holes
    }

    /// Looks for a hole that is too long to be read.
    fn look(&mut self) {
        self.next = None;
        let mut from = self.at;
        while let Ok(begin) = seek(&self.file, SeekFrom::Hole(from)) {
            if begin >= self.size {
                return;
            }
            // Behind the last data there is no other.
            let end = seek(&self.file, SeekFrom::Data(begin)).unwrap_or(self.size);
            if end - begin > self.most {
                self.next = Some((begin, begin + self.most, end));
                return;
            }
            from = end;
        }
    }
}

impl Read for Holes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some((_, rest, end)) = self.next
            && self.at >= rest
        {
            self.at = end;
            self.look();
        }
        let until = self.next.map_or(u64::MAX, |(_, rest, _)| rest);
        let most = usize::try_from(until - self.at).unwrap_or(usize::MAX);
        let most = most.min(buffer.len());
        let read = self.file.read_at(&mut buffer[..most], self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_hole_is_cut_short_and_a_short_one_is_read() {
        let file = tempfile::tempfile().expect("a file");
        let (block, huge) = (1 << 16, 1 << 36);
        file.write_all_at(b"a", 0).expect("written");
        file.write_all_at(b"b", 3 * block).expect("written");
        file.write_all_at(b"c", huge).expect("written");
        file.set_len(2 * huge).expect("set");
        let mut read = Vec::new();
        let most = 5 * block;
        let mut holes = Holes::new(file, 2 * huge, most);
        holes.read_to_end(&mut read).expect("read");
        let letters: Vec<(usize, u8)> = read
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte != 0)
            .map(|(at, byte)| (at, *byte))
            .collect();
        assert_eq!(letters[..2], [(0, b'a'), (3 * block as usize, b'b')]);
        assert_eq!(letters[2].1, b'c');
        // At most a block of data lies around each letter.
        assert!((read.len() as u64) < 2 * most + 8 * block, "{}", read.len());
    }
}
