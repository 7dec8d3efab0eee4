//! The drop folder: events are hints, and the listing is the truth.
//!
//! A file is read when it is whole: renamed into the folder, closed by its writer, or unchanged
//! for a while. It is read into memory and looked at again before anything of it is delivered,
//! so that a file that changes meanwhile, or whose last document has no end yet, waits and is
//! read again. Only a file larger than the document limit is delivered while it is read.
//!
//! Never follows a link, waits for a pipe or goes into a folder; never changes anything. Decisions
//! are in `inbox`; here is the disk.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crossbeam_channel::{Receiver, TryRecvError, never, select};

use super::clock::{Clock, SystemClock};
use super::counts::FolderCounts;
use super::entry::{fill, metadata_of, open};
use super::error::SourceError;
use super::file::not_opened;
use super::hold::Hold;
use super::inbox::{Hint, Inbox, Job, Outcome};
use super::look::{FileId, Look};
use super::read::{offer_text, read_text, read_with};
use super::watch::{Change, Watch};
use super::{Delivery, Note, ReadOptions, Recipient, SourceName};
use crate::frame::Batch;
use crate::planted;

/// While the folder is not there, it is looked for this often.
const ABSENT: Duration = Duration::from_millis(500);

/// How a folder is read.
#[derive(Clone)]
pub struct FolderOptions {
    /// How each of its files is read.
    pub read: ReadOptions,
    /// How long a file that came without a telling event must be unchanged. Default 1 s.
    pub settle: Duration,
    /// How long an empty file, or one without an end, is waited for. Default 60 s.
    pub patience: Duration,
    /// How often the folder is listed, whatever the events say. Default 15 s.
    pub scan_every: Duration,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

impl Default for FolderOptions {
    fn default() -> FolderOptions {
        FolderOptions {
            read: ReadOptions::default(),
            settle: Duration::from_secs(1),
            patience: Duration::from_secs(60),
            scan_every: Duration::from_secs(15),
            clock: Arc::new(SystemClock::new()),
        }
    }
}

/// Whoever takes what is found, told at the end which file it was.
struct FromFile<'t> {
    file: FileId,
    to: &'t mut dyn Recipient,
}

impl Recipient for FromFile<'_> {
    fn take(&mut self, mut delivery: Delivery) -> ControlFlow<()> {
        if let Delivery::End { outcome, .. } = &mut delivery {
            outcome.file = Some(self.file);
        }
        self.to.take(delivery)
    }

    fn take_unframed(
        &mut self,
        source: &Arc<SourceName>,
        batch: Batch,
    ) -> ControlFlow<(), Option<Batch>> {
        self.to.take_unframed(source, batch)
    }
}

/// A folder into which records are dropped.
pub struct Folder {
    path: PathBuf,
    options: FolderOptions,
    inbox: Inbox,
    chunk: Vec<u8>,
}

impl Folder {
    /// The folder at `path`, which is not touched yet.
    pub fn new(path: impl Into<PathBuf>, options: FolderOptions) -> Folder {
        Folder {
            path: path.into(),
            inbox: Inbox::new(options.settle, options.patience),
            options,
            chunk: Vec::new(),
        }
    }

    /// What became of the files so far.
    pub fn counts(&self) -> &FolderCounts {
        &self.inbox.counts
    }

    /// Reads what is there now, and waits for nothing: a document without an end is delivered
    /// as the fault that it is.
    pub fn scan_once(&mut self, to: &mut dyn Recipient) -> Result<FolderCounts, SourceError> {
        self.inbox = Inbox::new(Duration::ZERO, Duration::ZERO);
        if self.scan(Hint::FirstScan, to)?.is_break() {
            return Ok(self.inbox.counts.clone());
        }
        while let ControlFlow::Continue(true) = self.read_next(to) {
            // A file that is written without end stays pending, and the counts say so.
            if self.inbox.counts.requeued > 8 * self.inbox.counts.seen {
                break;
            }
        }
        Ok(self.inbox.counts.clone())
    }

    /// Reads what is there and what comes, until `stop` has a message or loses its sender, or
    /// the receiver answers `Break`.
    ///
    /// Fails only when the folder cannot be listed at the beginning.
    pub fn watch(
        &mut self,
        stop: &Receiver<()>,
        to: &mut dyn Recipient,
    ) -> Result<FolderCounts, SourceError> {
        fs::read_dir(&self.path).map_err(|error| self.failed(error))?;
        // `Break` is an order, not a failure.
        let _ = self.run(stop, to);
        Ok(self.inbox.counts.clone())
    }

    fn run(&mut self, stop: &Receiver<()>, to: &mut dyn Recipient) -> ControlFlow<()> {
        let clock = Arc::clone(&self.options.clock);
        let mut root = self.root();
        let mut watch = self.start_watch(to)?;
        let mut next_scan = self.scan_or_note(Hint::FirstScan, to)?;
        loop {
            let mut scan = false;
            if let Some(watch) = &watch {
                for change in watch.changes.try_iter() {
                    scan |= self.change(change, to)?;
                }
                if watch.overflowed() {
                    scan |= self.change(Change::Overflow, to)?;
                }
            }
            if scan || clock.now() >= next_scan {
                let present = self.root();
                if present.is_some() && (present != root || watch.is_none()) {
                    // First the watch, then the listing: nothing can come between them.
                    watch = self.start_watch(to)?;
                    if root.is_none() {
                        to.take(Delivery::Note(Note::FolderBack(self.path.clone())))?;
                    }
                } else if present.is_none() && root.is_some() {
                    watch = None;
                    to.take(Delivery::Note(Note::FolderGone(self.path.clone())))?;
                }
                root = present;
                next_scan = self.scan_or_note(Hint::Scan, to)?;
            }
            while let Some(name) = self.inbox.due(clock.now()) {
                self.look(&name, Hint::Again, to)?;
            }
            if !matches!(stop.try_recv(), Err(TryRecvError::Empty)) {
                return ControlFlow::Break(());
            }
            if self.read_next(to)? {
                continue;
            }
            to.take(Delivery::Waits)?;
            let due = self
                .inbox
                .next_look()
                .map_or(next_scan, |look| look.min(next_scan));
            let wait = due.saturating_sub(clock.now());
            let none = never();
            let changes = watch.as_ref().map_or(&none, |watch| &watch.changes);
            let change = select! {
                recv(stop) -> _ => return ControlFlow::Break(()),
                recv(changes) -> change => Some(change),
                default(wait) => None,
            };
            match change {
                None => {}
                Some(Ok(change)) => {
                    let list = self.change(change, to)?;
                    next_scan = if list { clock.now() } else { next_scan };
                }
                // The watcher is dead; the next listing starts another.
                Some(Err(_)) => watch = None,
            }
        }
    }

    /// Follows a hint. `true`: the folder must be listed.
    fn change(&mut self, change: Change, to: &mut dyn Recipient) -> ControlFlow<(), bool> {
        match change {
            Change::Name(name, hint) => {
                self.look(&name, hint, to)?;
                ControlFlow::Continue(false)
            }
            Change::Root => ControlFlow::Continue(true),
            Change::Overflow => {
                self.inbox.counts.overflows += 1;
                to.take(Delivery::Note(Note::Overflow))?;
                ControlFlow::Continue(!planted::bug("ignore-overflow"))
            }
        }
    }

    fn look(&mut self, name: &OsStr, hint: Hint, to: &mut dyn Recipient) -> ControlFlow<()> {
        let path = self.path.join(name);
        let look = metadata_of(&path).ok().map(|meta| Look::of(&meta));
        let told = self.inbox.look(name, look, hint, self.options.clock.now());
        match told {
            Some(reason) => to.take(Delivery::PassedOver { path, reason }),
            None => ControlFlow::Continue(()),
        }
    }

    fn scan_or_note(&mut self, hint: Hint, to: &mut dyn Recipient) -> ControlFlow<(), Duration> {
        let wait = match self.scan(hint, to) {
            Ok(ControlFlow::Break(())) => return ControlFlow::Break(()),
            Ok(ControlFlow::Continue(())) => self.options.scan_every,
            Err(_) => self.options.scan_every.min(ABSENT),
        };
        ControlFlow::Continue(self.options.clock.now() + wait)
    }

    /// Lists the folder, oldest file first.
    fn scan(&mut self, hint: Hint, to: &mut dyn Recipient) -> Result<ControlFlow<()>, SourceError> {
        // Of many files that takes its time.
        if to.take(Delivery::Waits).is_break() {
            return Ok(ControlFlow::Break(()));
        }
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(|error| self.failed(error))? {
            let entry = entry.map_err(|error| self.failed(error))?;
            let meta = match planted::bug("follow-links") {
                true => metadata_of(entry.path()),
                false => entry.metadata(),
            };
            if let Ok(meta) = meta {
                let modified = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                found.push((modified, entry.file_name(), Look::of(&meta)));
            }
        }
        found.sort_unstable_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        let now = self.options.clock.now();
        self.inbox.begin_scan();
        for (_, name, look) in found {
            if let Some(reason) = self.inbox.look(&name, Some(look), hint, now) {
                let path = self.path.join(&name);
                if to.take(Delivery::PassedOver { path, reason }).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        self.inbox.end_scan();
        Ok(ControlFlow::Continue(()))
    }

    /// Reads the next file that is ready. `false`: there is none.
    fn read_next(&mut self, to: &mut dyn Recipient) -> ControlFlow<(), bool> {
        let Some(job) = self.inbox.next() else {
            return ControlFlow::Continue(false);
        };
        let mut path = PathBuf::with_capacity(self.path.as_os_str().len() + 1 + job.name.len());
        path.push(&self.path);
        path.push(&*job.name);
        let source = Arc::new(SourceName::File(path));
        let path = source.path().unwrap_or(Path::new(""));
        let outcome = self.read(path, &source, &job, to)?;
        let look = match outcome {
            Outcome::Changed => metadata_of(path).ok().map(|meta| Look::of(&meta)),
            _ => None,
        };
        let now = self.options.clock.now();
        if let Some(reason) = self.inbox.finish(&job.name, outcome, look, now) {
            let path = path.to_owned();
            to.take(Delivery::PassedOver { path, reason })?;
        }
        ControlFlow::Continue(true)
    }

    fn read(
        &mut self,
        path: &Path,
        source: &Arc<SourceName>,
        job: &Job,
        to: &mut dyn Recipient,
    ) -> ControlFlow<(), Outcome> {
        let to = &mut FromFile {
            file: FileId(job.identity),
            to,
        };
        let mut file = match open(path) {
            Ok(Some(file)) => file,
            Ok(None) => return ControlFlow::Continue(Outcome::Changed),
            Err(error) => {
                return ControlFlow::Continue(match error.kind() {
                    io::ErrorKind::NotFound => Outcome::Gone,
                    io::ErrorKind::PermissionDenied => Outcome::Denied,
                    _ => {
                        let path = path.to_owned();
                        to.take(not_opened(source, SourceError::Open { path, error }))?;
                        Outcome::Failed
                    }
                });
            }
        };
        let options = &self.options.read;
        if job.identity.size > options.limits.document as u64 {
            // It is delivered while it is read.
            if !file.metadata().is_ok_and(|meta| job.identity.is(&meta)) {
                return ControlFlow::Continue(Outcome::Changed);
            }
            let mut hold = Hold::new(0, true);
            let to = &mut |one| hold.take(one, to);
            #[cfg(target_os = "linux")]
            let file = {
                let most = options.limits.document as u64 + 1;
                super::holes::Holes::new(file, job.identity.size, most)
            };
            read_with(&mut self.chunk, file, source, options, to)?;
            return ControlFlow::Continue(hold.outcome());
        }
        let size = job.identity.size as usize;
        let mut whole = options.pool.take();
        let read = whole.fill(size + 1, |room| fill(room, &mut file));
        // What is open is what was looked at, and nothing was done to it while it was read. Whatever
        // stands under its name by now has a look of its own.
        let same = file.metadata().map(|meta| job.identity.is(&meta));
        match (read, same) {
            (Ok(read), Ok(true)) if read == size => {}
            (_, Ok(false)) | (Ok(_), _) => {
                options.pool.give(whole);
                return ControlFlow::Continue(Outcome::Changed);
            }
            (Err(error), _) => {
                options.pool.give(whole);
                let error = SourceError::Read { offset: 0, error };
                to.take(not_opened(source, error))?;
                return ControlFlow::Continue(Outcome::Failed);
            }
        }
        let Some(whole) = offer_text(whole, source, options, to)? else {
            return ControlFlow::Continue(Outcome::Read);
        };
        let as_it_is = job.as_it_is || planted::bug("half-documents");
        let mut hold = Hold::new(options.limits.document.saturating_mul(2), as_it_is);
        let take = &mut |one| hold.take(one, to);
        read_text(&mut self.chunk, whole, source, options, take)?;
        if hold.waits() {
            return ControlFlow::Continue(Outcome::Unfinished);
        }
        hold.release(to)?;
        ControlFlow::Continue(hold.outcome())
    }

    fn start_watch(&self, to: &mut dyn Recipient) -> ControlFlow<(), Option<Watch>> {
        match Watch::start(&self.path) {
            Ok(watch) => ControlFlow::Continue(Some(watch)),
            Err(error) => {
                let error = self.failed(io::Error::other(error));
                to.take(Delivery::Note(Note::WatchFailed(error)))?;
                ControlFlow::Continue(None)
            }
        }
    }

    /// Which folder stands under the path.
    fn root(&self) -> Option<(u64, u64)> {
        let meta = fs::metadata(&self.path).ok()?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            meta.is_dir().then(|| (meta.dev(), meta.ino()))
        }
        #[cfg(not(unix))]
        meta.is_dir().then_some((0, 0))
    }

    fn failed(&self, error: io::Error) -> SourceError {
        SourceError::Watch {
            path: self.path.clone(),
            error,
        }
    }
}
