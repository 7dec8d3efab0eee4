//! What a window rule asks, as numbers: no closures, no names of fields.
//!
//! [`Spec::new`] rounds every length up to whole steps, so that a window is made of steps and the
//! same records give the same steps on every machine.

use std::sync::Arc;

/// What is measured over a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measure {
    /// How many samples there are.
    Count,
    /// Which share of the samples is true: 0 to 1.
    Share,
    /// The mean of the samples' values.
    Mean,
    /// The value that this share of the samples does not exceed, exactly, by nearest rank.
    Percentile(f64),
    /// How many different values there are.
    Distinct,
    /// How often the samples of the window are what the key itself had on average, over windows
    /// of the same length in the `past` seconds before it; the average counts as one at least.
    Spike {
        /// how far back the key is compared with itself, in seconds
        past: u32,
    },
}

impl Measure {
    /// The word in a rule and in an alert.
    pub const fn name(self) -> &'static str {
        match self {
            Measure::Count => "count",
            Measure::Share => "share",
            Measure::Mean => "mean",
            Measure::Percentile(_) => "percentile",
            Measure::Distinct => "distinct",
            Measure::Spike { .. } => "spike",
        }
    }
}

/// What must be in a window before it says anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Minimum {
    /// samples
    pub samples: u32,
    /// different users; a sample without a user counts for none
    pub users: u32,
    /// different calls
    pub calls: u32,
}

impl Minimum {
    /// With fewer samples there cannot be enough of anything.
    pub(crate) fn least_samples(&self) -> u32 {
        self.samples.max(self.users).max(self.calls)
    }
}

/// Lengths of time in a rule, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lengths {
    /// of the window
    pub within: u32,
    /// how long it must hold before it fires
    pub hold: u32,
    /// how long it goes on firing once it holds no more
    pub keep: u32,
    /// how long the same key keeps quiet after it fired
    pub cooldown: u32,
    /// wall time without a sample after which it is said to be over; 0 is never
    pub idle: u32,
}

/// One window rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// the rule's name
    pub name: Arc<str>,
    /// what is measured
    pub measure: Measure,
    /// the value beyond which it is bad
    pub limit: f64,
    /// the value beyond which it stays bad once it fired: at most as strict as `limit`
    pub clear: f64,
    /// whether bad is below the limit, not above it
    pub below: bool,
    /// what must be in the window
    pub minimum: Minimum,
    /// lengths, in whole steps
    pub lengths: Lengths,
    /// seconds of a step
    pub step: u32,
}

/// A window has so many steps, unless a step were under a second.
const STEPS: u32 = 120;

impl Spec {
    /// A rule that fires beyond `limit`.
    pub fn new(name: &str, measure: Measure, limit: f64, lengths: Lengths) -> Spec {
        let step = (lengths.within / STEPS).max(1);
        let up = |length: u32| length.div_ceil(step).saturating_mul(step);
        let measure = match measure {
            Measure::Spike { past } => Measure::Spike {
                past: up(past.max(1)),
            },
            other => other,
        };
        Spec {
            name: name.into(),
            measure,
            limit,
            clear: limit,
            below: false,
            minimum: Minimum::default(),
            lengths: Lengths {
                within: up(lengths.within.max(1)),
                hold: up(lengths.hold),
                keep: up(lengths.keep),
                ..lengths
            },
            step,
        }
    }

    /// The step that a second belongs to.
    pub(crate) fn step_of(&self, second: u32) -> u32 {
        second - second % self.step
    }

    /// How far back a window and what it is compared with reach, in seconds.
    pub(crate) fn reach(&self) -> u32 {
        let past = match self.measure {
            Measure::Spike { past } => past,
            _ => 0,
        };
        self.lengths.within.saturating_add(past)
    }

    /// Whether a window can turn bad by what leaves it: of fewer good samples a share is worse.
    pub(crate) fn worsens_by_leaving(&self) -> bool {
        self.below || !matches!(self.measure, Measure::Count | Measure::Distinct)
    }

    /// Whether a share that is fine stays so whatever leaves, with so many that are true.
    pub(crate) fn stays_within(&self, hits: i64) -> bool {
        let least = f64::from(self.minimum.samples.max(1));
        !self.below && hits as f64 / least <= self.limit
    }

    /// Whether a value is beyond a limit; at it is not beyond.
    pub(crate) fn beyond(&self, value: f64, limit: f64) -> bool {
        if self.below {
            value < limit
        } else {
            value > limit
        }
    }
}
