//! An entry of a folder: looked at, opened, read.
//!
//! No link is followed and no pipe waited for. It decides nothing: that is `inbox`'s.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use crate::planted;

/// What stands under a name; a link is itself.
pub(super) fn metadata_of(path: impl AsRef<Path>) -> io::Result<fs::Metadata> {
    if planted::bug("follow-links") {
        return fs::metadata(path);
    }
    fs::symlink_metadata(path)
}

/// Opens what stands under a path by now: no link, and a pipe is not waited for. Whether it is what was
/// looked at, only a look at what is open can tell; `None` where it cannot be.
pub(super) fn open(path: &Path) -> io::Result<Option<File>> {
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use rustix::io::Errno;
        use std::os::unix::fs::OpenOptionsExt;

        let mut flags = OFlags::NONBLOCK;
        if !planted::bug("follow-links") {
            flags |= OFlags::NOFOLLOW;
        }
        let flags = flags.bits().cast_signed();
        let opened = File::options().read(true).custom_flags(flags).open(path);
        // What is said of links and of sockets.
        let other = [Errno::LOOP, Errno::NXIO].map(|it| Some(it.raw_os_error()));
        match opened {
            Err(error) if other.contains(&error.raw_os_error()) => Ok(None),
            opened => opened.map(Some),
        }
    }
    #[cfg(not(unix))]
    {
        if metadata_of(path)?.file_type().is_symlink() {
            return Ok(None);
        }
        File::open(path).map(Some)
    }
}

/// Reads until `room` is full or the file ends: how many bytes came.
///
/// The room is a byte more than the file is to have: a read that fell short of it has met the end, and
/// a file that grew is caught without reading on.
pub(super) fn fill(room: &mut [u8], file: &mut File) -> io::Result<usize> {
    let size = room.len() - 1;
    let mut filled = 0;
    while filled < size {
        match file.read(&mut room[filled..]) {
            Ok(0) => break,
            Ok(more) => filled += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
