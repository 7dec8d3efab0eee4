//! The state folder of the main job: opened, read back at the start, and kept from growing.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::{Clock as _, SystemClock};
use crate::engine::Engine;
use crate::over_time::{Options, OverTime};
use crate::sink::Config;
use crate::state::{LetGo, REMEMBERED, Room, State, StateError};

/// A feed may be so far behind, and its windows with it.
const DELAYED: i64 = 24 * 3600;
/// How often what is too old is let go.
const SWEEP: Duration = Duration::from_secs(3600);

/// The state folder at work.
pub(super) struct Kept {
    pub(super) state: Arc<State>,
    /// samples reach so far into windows, in seconds
    reach: u32,
    /// documents that are known at most
    most: u64,
    swept: Mutex<Timestamp>,
}

/// What was read back.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Recalled {
    /// documents that are known from before
    pub(super) documents: u64,
    /// documents that could not be read, and are not known
    pub(super) unreadable: u64,
}

impl Kept {
    /// Opens the folder, and puts what it remembers into what is known over time.
    pub(super) fn open(
        folder: &Path,
        sinks: &Config,
        engine: &Arc<Engine>,
        options: Options,
    ) -> Result<(Kept, OverTime, Recalled), StateError> {
        let room = Room {
            rows: sinks.delivery.queue,
            bytes: sinks.delivery.memory,
        };
        let state = Arc::new(State::open(folder, room, Arc::new(SystemClock))?);
        let options = Options {
            remembers: true,
            ..options
        };
        let mut over_time = OverTime::new(Arc::clone(engine), options);
        let kept = Kept {
            state,
            reach: over_time.reach(),
            most: options.limits.calls.into(),
            swept: Mutex::new(SystemClock.now()),
        };
        kept.let_go(SystemClock.now())?;
        let mut recalled = Recalled::default();
        kept.state.documents(|document| {
            let known = over_time.recall(&document);
            recalled.documents += u64::from(known);
            recalled.unreadable += u64::from(!known);
        })?;
        over_time.resume();
        Ok((kept, over_time, recalled))
    }

    /// Lets go of what is too old, now and then.
    pub(super) fn sweep(&self) -> Result<(), StateError> {
        let now = SystemClock.now();
        let mut swept = self.swept.lock().unwrap_or_else(PoisonError::into_inner);
        if now < swept.checked_add(SWEEP).unwrap_or(Timestamp::MAX) {
            return Ok(());
        }
        *swept = now;
        drop(swept);
        self.let_go(now)
    }

    fn let_go(&self, now: Timestamp) -> Result<(), StateError> {
        let now = now.as_second();
        let what = LetGo {
            samples_before: now - i64::from(self.reach) - DELAYED,
            before: now - REMEMBERED.as_secs() as i64,
            most: self.most,
        };
        self.state.let_go(what).map(drop)
    }
}
