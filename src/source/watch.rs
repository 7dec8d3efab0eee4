//! Events of one folder, boiled down to hints.
//!
//! Says which name to look at and why; what was lost, it says too. When the receiver is slow the
//! queue does not grow: the events are thrown away, and the folder must be listed instead.
//!
//! No decisions and no disk, but for the watch itself.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use notify::event::{AccessKind, AccessMode, ModifyKind, RenameMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::inbox::Hint;

/// Events that may wait.
const QUEUE: usize = 1 << 16;

/// What an event comes down to.
#[derive(Debug)]
pub(crate) enum Change {
    /// Look at this name.
    Name(OsString, Hint),
    /// Something happened to the folder itself, or a watch failed.
    Root,
    /// Events were lost.
    Overflow,
}

/// A running watch; it ends when this is dropped.
pub(crate) struct Watch {
    pub(crate) changes: Receiver<Change>,
    overflow: Arc<AtomicBool>,
    _watcher: RecommendedWatcher,
}

impl Watch {
    pub(crate) fn start(folder: &Path) -> Result<Watch, notify::Error> {
        let (send, changes) = bounded(QUEUE);
        let overflow = Arc::new(AtomicBool::new(false));
        let (lost, root) = (Arc::clone(&overflow), folder.to_owned());
        let mut watcher = notify::recommended_watcher(move |event| {
            translate(event, &root, &send, &lost);
        })?;
        watcher.watch(folder, RecursiveMode::NonRecursive)?;
        Ok(Watch {
            changes,
            overflow,
            _watcher: watcher,
        })
    }

    /// Whether the queue was full since the last call.
    pub(crate) fn overflowed(&self) -> bool {
        self.overflow.swap(false, Ordering::Relaxed)
    }
}

fn translate(
    event: notify::Result<Event>,
    root: &PathBuf,
    send: &Sender<Change>,
    lost: &AtomicBool,
) {
    let put = |change| {
        if let Err(TrySendError::Full(_)) = send.try_send(change) {
            lost.store(true, Ordering::Relaxed);
        }
    };
    let Ok(event) = event else {
        return put(Change::Root);
    };
    if event.need_rescan() {
        return put(Change::Overflow);
    }
    let hint = match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write))
        | EventKind::Modify(ModifyKind::Name(RenameMode::To)) => Hint::Complete,
        // Our own reading makes these.
        EventKind::Access(_) => return,
        // Both names come singly, too.
        EventKind::Modify(ModifyKind::Name(RenameMode::Both)) => return,
        _ => Hint::Touched,
    };
    for path in event.paths {
        if path == *root {
            put(Change::Root);
        } else if let Some(name) = path.file_name() {
            put(Change::Name(name.to_owned(), hint));
        }
    }
}
