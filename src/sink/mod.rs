//! Where do alerts go? One file for each kind of sink a user can name.
//!
//! A [`Sink`] makes one attempt and says what came of it; when to try again is
//! [`crate::deliver`]'s. Text from records is escaped here for where it goes,
//! addresses come from the configuration alone, and no secret is ever shown.
//! Nothing here queues, waits between attempts, or starts a thread.

pub mod config;
pub mod private;
pub mod route;
pub mod secret;

mod alertmanager;
mod chat;
mod command;
mod file;
mod http;
mod sample;
mod slack;
mod smtp;
mod syslog;
mod teams;
mod told;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

pub use config::{Config, SinkConfig};
pub use told::{Brief, NoAlert, Told};

/// Makes one attempt to deliver.
pub trait Sink: Send + Sync {
    /// Sends the parcel, and waits for an answer no longer than the sink's deadline.
    fn send(&self, parcel: &Parcel<'_>) -> Outcome;

    /// Which alerts may share one message.
    fn gather(&self) -> Gather {
        Gather::One
    }

    /// How often an alert that lasts must be told again until it is resolved.
    fn repeat(&self) -> Option<Duration> {
        None
    }

    /// Most attempts at the same time.
    fn threads(&self) -> usize {
        1
    }

    /// Where it leads, with nothing secret in it.
    fn shown(&self) -> String;
}

/// What is sent in one attempt.
#[derive(Clone, Copy, Debug)]
pub struct Parcel<'p> {
    /// the same parcel sent again has the same key
    pub key: &'p str,
    /// the alerts, never none
    pub alerts: &'p [Told],
    /// when this attempt is made
    pub now: Timestamp,
}

/// Which alerts may share one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gather {
    /// each has its own
    One,
    /// those of one call
    Call,
    /// any that are due, up to so many
    Any(usize),
}

/// What came of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// the receiver has it
    Delivered,
    /// the receiver does not have it, and may take it later
    Retry {
        /// what happened
        why: String,
        /// how long the receiver asks to wait
        after: Option<Duration>,
    },
    /// the receiver will never take it
    Refused {
        /// what happened, and what to do
        why: String,
    },
    /// it was sent and nobody knows whether it arrived
    Ambiguous {
        /// what happened
        why: String,
    },
}

impl Outcome {
    /// An outcome that invites another attempt.
    pub(crate) fn retry(why: impl Into<String>) -> Outcome {
        Outcome::Retry {
            why: why.into(),
            after: None,
        }
    }

    /// An outcome that ends the attempts.
    pub(crate) fn refused(why: impl Into<String>) -> Outcome {
        Outcome::Refused { why: why.into() }
    }

    /// An outcome that nobody knows.
    pub(crate) fn ambiguous(why: impl Into<String>) -> Outcome {
        Outcome::Ambiguous { why: why.into() }
    }

    /// Whether the receiver has it.
    pub fn is_delivered(&self) -> bool {
        *self == Outcome::Delivered
    }

    /// What happened, for people.
    pub fn why(&self) -> &str {
        match self {
            Outcome::Delivered => "delivered",
            Outcome::Retry { why, .. } | Outcome::Refused { why } | Outcome::Ambiguous { why } => {
                why
            }
        }
    }
}

/// The alert that a test of a sink sends.
pub fn test_alert(now: Timestamp) -> Option<Told> {
    let raised = now.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
    Told::read(sample::test_json(&raised)).ok()
}

/// Sends a test to one sink.
pub fn test(sink: &Arc<dyn Sink>, now: Timestamp) -> Outcome {
    let Some(told) = test_alert(now) else {
        return Outcome::refused("the alert of the test is broken");
    };
    // A test may be repeated, and each is one of its own.
    let key = format!("{}-{}", told.event(), now.as_millisecond());
    sink.send(&Parcel {
        key: &key,
        alerts: &[told],
        now,
    })
}
