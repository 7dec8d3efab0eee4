//! The numbers of a folder, which add up at every moment.

use std::collections::BTreeMap;

use super::PassedOver;

/// What became of a folder's files.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct FolderCounts {
    /// Files with the name of a record; one that was replaced counts again.
    pub seen: u64,
    /// Read to the end.
    pub read: u64,
    /// Waiting: not yet whole, or not yet their turn.
    pub pending: u64,
    /// Unreadable, empty, or broken off by an error; tried again when they change.
    pub failed: u64,
    /// Taken away before they could be read.
    pub gone: u64,
    /// Readings given up because the file changed meanwhile.
    pub requeued: u64,
    /// Of `seen`: first met by an event.
    pub hinted: u64,
    /// Of `seen`: first met in a listing.
    pub scanned: u64,
    /// Of `scanned`: arrived while the folder was watched, without an event.
    pub recovered: u64,
    /// Times that events were lost.
    pub overflows: u64,
    /// What was passed over, by reason.
    pub passed_over: BTreeMap<PassedOver, u64>,
}

impl FolderCounts {
    /// Whether each file seen is accounted for.
    pub fn add_up(&self) -> bool {
        self.seen == self.read + self.pending + self.failed + self.gone
    }
}
