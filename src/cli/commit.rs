//! What was told and read, on its way to the outbox: gathered while the disk is busy, and handed over
//! all at once by a thread of its own.
//!
//! A disk takes as long for a thousand documents as for one; meanwhile reading goes on, up to a bound.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::after::Away;
use super::render::counted;
use crate::deliver::Deliveries;
use crate::over_time::Remembered;
use crate::planted;
use crate::sink::Told;

/// So many alerts and documents are gathered before reading waits.
const MOST: usize = 4096;

/// With so many a commit waits for no more company.
const ENOUGH: usize = MOST / 2;

/// A commit of so many is followed by as many more: then the next one waits for company. Each costs
/// the kernel about a millisecond, whatever is in it.
const BULK: usize = 32;

/// For so long at most.
const GATHER: Duration = Duration::from_millis(20);

#[derive(Default)]
struct Gathered {
    alerts: Vec<Told>,
    documents: Vec<Remembered>,
    away: Vec<Away>,
    failures: Vec<String>,
    ended: bool,
}

impl Gathered {
    fn count(&self) -> usize {
        self.alerts.len() + self.documents.len() + self.away.len()
    }
}

#[derive(Default)]
struct Shared {
    gathered: Mutex<Gathered>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Gathered> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for company, not for long, and not for more than enough.
    fn gather<'s>(&'s self, gathered: MutexGuard<'s, Gathered>) -> MutexGuard<'s, Gathered> {
        let few = |gathered: &mut Gathered| !gathered.ended && gathered.count() < ENOUGH;
        let waited = self.changed.wait_timeout_while(gathered, GATHER, few);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn wait<'s>(&'s self, gathered: MutexGuard<'s, Gathered>) -> MutexGuard<'s, Gathered> {
        self.changed
            .wait(gathered)
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// See the module's text.
pub(super) struct Committer {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

impl Committer {
    pub(super) fn start(deliveries: Arc<Deliveries>) -> std::io::Result<Committer> {
        let shared = Arc::new(Shared::default());
        let own = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("outbox".to_owned())
            .spawn(move || work(&own, &deliveries))?;
        Ok(Committer { shared, thread })
    }

    /// Takes more; waits where too much is gathered.
    /// Files are taken away once that, and what came before it, is kept.
    pub(super) fn put(&self, alerts: Vec<Told>, documents: Vec<Remembered>, away: Vec<Away>) {
        let mut gathered = self.shared.lock();
        let first = gathered.count() == 0;
        gathered.alerts.extend(alerts);
        gathered.documents.extend(documents);
        gathered.away.extend(away);
        // Whoever gathers waits for no more than the first, or for enough.
        if first || gathered.count() >= ENOUGH {
            self.shared.changed.notify_all();
        }
        while gathered.count() > MOST {
            gathered = self.shared.wait(gathered);
        }
    }

    /// What could not be kept since this was asked last, in words.
    pub(super) fn failures(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.lock().failures)
    }

    /// Hands over what is left; what could not be kept.
    pub(super) fn end(self) -> Vec<String> {
        self.shared.lock().ended = true;
        self.shared.changed.notify_all();
        // It ends with the last of what was gathered.
        let _ = self.thread.join();
        std::mem::take(&mut self.shared.lock().failures)
    }
}

fn work(shared: &Shared, deliveries: &Deliveries) {
    let mut gathered = shared.lock();
    // From the first failure on files stay: the next start reads them again.
    let mut sound = true;
    let mut bulk = false;
    loop {
        let lost = gathered.ended && planted::bug("lose-the-last-batch");
        if gathered.count() == 0 || lost {
            if gathered.ended {
                return;
            }
            gathered = shared.wait(gathered);
            continue;
        }
        if bulk {
            gathered = shared.gather(gathered);
        }
        bulk = gathered.count() >= BULK;
        let alerts = std::mem::take(&mut gathered.alerts);
        let documents = std::mem::take(&mut gathered.documents);
        let mut away = std::mem::take(&mut gathered.away);
        shared.changed.notify_all();
        drop(gathered);
        if planted::bug("move-before-commit") {
            away.drain(..).for_each(|file| drop(file.take()));
        }
        let failures: Vec<String> = match deliveries.keep(&alerts, &documents) {
            // Of a file whose documents came in two of these the first may have failed.
            Ok(()) if sound => away.iter().filter_map(|file| file.take().err()).collect(),
            Ok(()) => Vec::new(),
            Err(_) if planted::bug("deaf-to-failures") => {
                away.iter().filter_map(|file| file.take().err()).collect()
            }
            Err(error) => {
                sound = false;
                vec![format!(
                    "{} could not be queued, and {} not be remembered: {error}",
                    counted(alerts.len() as u64, "alert"),
                    counted(documents.len() as u64, "document")
                )]
            }
        };
        gathered = shared.lock();
        gathered.failures.extend(failures);
    }
}
