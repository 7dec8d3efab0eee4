//! What an outcome means, and when to try again: decisions without a clock.
//!
//! The circuit of one sink is closed while it works. After some failures in a
//! row it opens: then nothing is sent but one probe at a time, and what waits
//! spends no attempts. Time and chance are given from outside.

use std::time::Duration;

use jiff::Timestamp;

use crate::sink::Outcome;

/// When a sink is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// most that the first repetition waits
    pub first: Duration,
    /// most that any repetition waits
    pub longest: Duration,
    /// how long after it was queued a delivery is given up
    pub give_up_after: Duration,
    /// failures in a row that open the circuit
    pub open_after: u32,
    /// how long an alert waits for others to share its message
    pub hold: Hold,
}

/// How long an alert waits for others to share its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// not at all
    No,
    /// so long from when it was put in
    For(Duration),
    /// until the clock shows a multiple of so long
    Until(Duration),
}

impl Hold {
    /// When an alert that is put in `now` may be sent.
    pub fn due(self, now: Timestamp) -> Timestamp {
        match self {
            Hold::No => now,
            Hold::For(time) => later(now, time),
            Hold::Until(period) => {
                let period = i64::try_from(period.as_secs()).unwrap_or(i64::MAX).max(1);
                let over = now.as_second().rem_euclid(period);
                later(now, Duration::from_secs((period - over).unsigned_abs()))
            }
        }
    }

    fn most(self) -> Duration {
        match self {
            Hold::No => Duration::ZERO,
            Hold::For(time) | Hold::Until(time) => time,
        }
    }
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(300),
            give_up_after: Duration::from_secs(3 * 86_400),
            open_after: 5,
            hold: Hold::No,
        }
    }
}

impl Policy {
    /// Most that the repetition after `attempts` failures waits; the wait is any time up to it.
    pub fn ceiling(&self, attempts: u32) -> Duration {
        let factor = 1u32
            .checked_shl(attempts.saturating_sub(1))
            .unwrap_or(u32::MAX);
        self.first.saturating_mul(factor).min(self.longest)
    }
}

/// Any time up to the one given: full jitter.
pub trait Jitter {
    /// Chooses.
    fn up_to(&mut self, most: Duration) -> Duration;
}

impl Jitter for fastrand::Rng {
    fn up_to(&mut self, most: Duration) -> Duration {
        most.mul_f64(self.f64())
    }
}

/// Whether something may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permit {
    /// now
    Go,
    /// not before
    Wait(Timestamp),
    /// not before the probe has come back
    Probing,
}

/// What becomes of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// it is done
    Ack,
    /// it is tried again
    Again {
        /// when
        at: Timestamp,
    },
    /// it is a dead letter
    Dead {
        /// what it died of
        why: String,
    },
}

/// The circuit of one sink.
#[derive(Clone, Debug)]
pub struct Gate {
    policy: Policy,
    failures: u32,
    /// when it was opened or asked to wait, and until when
    shut: Option<(Timestamp, Timestamp)>,
    probing: bool,
    /// when it was asked or told something last
    asked: Timestamp,
    /// when time leapt last, and by how much in all: nobody tried anything meanwhile
    leapt: (Timestamp, Duration),
}

/// It is asked every few seconds: between two askings no more time passes, unless the clock was set
/// forward, or the machine slept.
const LEAP: Duration = Duration::from_secs(600);

impl Gate {
    /// A circuit that is closed.
    pub fn new(policy: Policy) -> Gate {
        Gate {
            policy,
            failures: 0,
            shut: None,
            probing: false,
            asked: Timestamp::MAX,
            leapt: (Timestamp::MIN, Duration::ZERO),
        }
    }

    /// Whether the circuit is open: the sink failed several times in a row.
    pub fn is_open(&self) -> bool {
        self.failures >= self.policy.open_after
    }

    /// The policy.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Asks to send; a permit that is used must be followed by [`Gate::settle`], or by
    /// [`Gate::unused`].
    pub fn ask(&mut self, now: Timestamp) -> Permit {
        self.pass(now);
        if let Some((since, until)) = self.shut {
            // Before it was shut: the clock was set back, and the wait is over.
            if now < until && now >= since {
                return Permit::Wait(until);
            }
            self.shut = None;
        }
        if self.is_open() {
            if self.probing {
                return Permit::Probing;
            }
            self.probing = true;
        }
        Permit::Go
    }

    fn pass(&mut self, now: Timestamp) {
        if let Ok(passed) = Duration::try_from(now.duration_since(self.asked))
            && passed > LEAP
        {
            self.leapt = (now, self.leapt.1 + passed);
        }
        self.asked = now;
    }

    /// Gives a permit back: there was nothing to send.
    pub fn unused(&mut self) {
        self.probing = false;
    }

    /// What an outcome means for the circuit; true if it opened or closed by it.
    pub fn settle(&mut self, outcome: &Outcome, now: Timestamp, jitter: &mut dyn Jitter) -> bool {
        self.pass(now);
        let was_open = self.is_open();
        self.probing = false;
        match outcome {
            // Who refuses is there.
            Outcome::Delivered | Outcome::Refused { .. } => {
                self.failures = 0;
                if !was_open {
                    return false;
                }
                self.shut = None;
            }
            Outcome::Retry { after, .. } => {
                self.fail(now, *after, jitter);
            }
            Outcome::Ambiguous { .. } => self.fail(now, None, jitter),
        }
        was_open != self.is_open()
    }

    fn fail(&mut self, now: Timestamp, after: Option<Duration>, jitter: &mut dyn Jitter) {
        self.failures = self.failures.saturating_add(1);
        let own = if self.is_open() {
            let ceiling = self
                .policy
                .ceiling(self.failures - self.policy.open_after + 1);
            jitter.up_to(ceiling)
        } else {
            Duration::ZERO
        };
        // Who asks to wait means all that is sent to it, and gets no herd at the end of it.
        let asked = after.map(|after| after + jitter.up_to(self.policy.first));
        let wait = asked.unwrap_or_default().max(own);
        if !wait.is_zero() {
            let until = later(now, wait);
            let until = self.shut.map_or(until, |(_, other)| other.max(until));
            self.shut = Some((now, until));
        }
    }

    /// What becomes of a delivery that has failed `attempts` times before.
    pub fn decide(
        &self,
        outcome: &Outcome,
        attempts: u32,
        queued: Timestamp,
        now: Timestamp,
        jitter: &mut dyn Jitter,
    ) -> Verdict {
        let (why, after) = match outcome {
            Outcome::Delivered => return Verdict::Ack,
            Outcome::Refused { why } => return Verdict::Dead { why: why.clone() },
            Outcome::Retry { why, after } => (why, *after),
            Outcome::Ambiguous { why } => (why, None),
        };
        let mut age = now.duration_since(queued).unsigned_abs();
        if queued < self.leapt.0 {
            age = age.saturating_sub(self.leapt.1);
        }
        if now > queued && age >= self.policy.give_up_after {
            let hours = self.policy.give_up_after.as_secs_f64() / 3600.0;
            let times = attempts.saturating_add(1);
            return Verdict::Dead {
                why: format!("given up after {hours:.3} h and {times} attempts: {why}"),
            };
        }
        let wait = jitter.up_to(self.policy.ceiling(attempts.saturating_add(1)));
        Verdict::Again {
            at: later(now, after.unwrap_or_default().max(wait)),
        }
    }

    /// Waits beyond this were set by another clock.
    pub fn horizon(&self, now: Timestamp) -> Timestamp {
        let longest = self.policy.longest.max(self.policy.hold.most());
        later(now, longest.max(Duration::from_secs(3600)) * 2)
    }
}

/// The moment `wait` after `now`.
pub(crate) fn later(now: Timestamp, wait: Duration) -> Timestamp {
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}
