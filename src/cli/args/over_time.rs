//! Flags of what is told over time.

use std::time::Duration;

use clap::Args;

use super::time;
use crate::over_time::{Options, Range};
use crate::window::Limits;

/// How much is remembered, how long is waited, and which records count.
#[derive(Clone, Copy, Debug, Args)]
pub struct OverTime {
    /// Only records whose call ended at this day or time (UTC) or later raise alerts
    #[arg(long, value_name = "TIME", value_parser = point, help_heading = "Over time")]
    pub since: Option<u32>,
    /// Only records whose call ended before this day or time (UTC) raise alerts
    #[arg(long, value_name = "TIME", value_parser = point, help_heading = "Over time")]
    pub until: Option<u32>,
    /// How late a record may come, by the clock of the calls, to count in windows
    #[arg(long, value_name = "TIME", default_value = "6h", value_parser = time, help_heading = "Over time")]
    pub lateness: Duration,
    /// How far ahead of all other calls a record's clock may be
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = time, help_heading = "Over time")]
    pub max_ahead: Duration,
    /// After how long a record that is still partial is reported
    #[arg(long, value_name = "TIME", default_value = "6h", value_parser = time, help_heading = "Over time")]
    pub partial_after: Duration,
    /// Most keys of windows, and most fingerprints of alerts, that are remembered
    #[arg(
        long,
        value_name = "COUNT",
        default_value_t = 1_000_000,
        help_heading = "Over time"
    )]
    pub max_keys: u32,
    /// Most calls that are remembered
    #[arg(
        long,
        value_name = "COUNT",
        default_value_t = 1_000_000,
        help_heading = "Over time"
    )]
    pub max_calls: u32,
    /// Most samples that one key of a window holds
    #[arg(
        long,
        value_name = "COUNT",
        default_value_t = 65_536,
        help_heading = "Over time"
    )]
    pub max_samples: u32,
}

impl OverTime {
    /// As the stage takes them.
    pub fn options(&self) -> Options {
        let seconds = |time: Duration| u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
        Options {
            limits: Limits {
                keys: self.max_keys.max(1),
                calls: self.max_calls.max(1),
                samples: self.max_samples.max(1),
                lateness: seconds(self.lateness),
                ahead: seconds(self.max_ahead),
                partial: seconds(self.partial_after),
            },
            range: Range {
                since: self.since,
                until: self.until,
            },
            remembers: false,
            contents: false,
        }
    }
}

fn point(text: &str) -> Result<u32, String> {
    Range::point(text).map_err(|why| why.to_string())
}
