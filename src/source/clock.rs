//! Time that a test can own.
//!
//! Only differences matter, so a clock may begin anywhere; it never goes back.
//!
//! Not wall time: nothing here can say what day it is.

use std::time::{Duration, Instant};

/// Time since some fixed moment.
pub trait Clock: Send + Sync {
    /// The time now; never less than before.
    fn now(&self) -> Duration;
}

/// The machine's monotonic clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock that begins at zero now.
    pub fn new() -> SystemClock {
        SystemClock {
            start: Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> SystemClock {
        SystemClock::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }
}
