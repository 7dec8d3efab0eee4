//! Flags of the jobs that look into a state folder.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::{Form, time};

const OUTBOX: &str = "\
Examples:
  qualwatch outbox list --state state/            what waits, and what is dead, and why
  qualwatch outbox list --state state/ --dead     dead letters alone
  qualwatch outbox retry --state state/ 17 18     try these again now
  qualwatch outbox retry --state state/ --dead    try every dead letter again
  qualwatch outbox drop --state state/ 17         give one up

The main job may run meanwhile; it notices within five seconds.

Exit status:
  0 done   1 no such row   2 usage, configuration, or no state there   3 it cannot be read or written";
const STATE: &str = "\
Examples:
  qualwatch state --state state/                  what it holds, in numbers
  qualwatch state --state state/ --prune 35d      forget deliveries older than that

What was delivered is remembered, so that a record which is read again alerts nobody twice; the main job
forgets it after 35 days by itself.";

/// Jobs about what waits for sinks.
#[derive(Debug, Subcommand)]
#[command(after_help = OUTBOX)]
pub enum OutboxJob {
    /// List what waits, and dead letters
    #[command(after_help = OUTBOX)]
    List(OutboxList),
    /// Try rows again now, dead letters too
    #[command(after_help = OUTBOX)]
    Retry(OutboxRows),
    /// Give rows up undelivered
    #[command(after_help = OUTBOX)]
    Drop(OutboxRows),
}

/// Which folder.
#[derive(Debug, Args)]
pub struct WhichState {
    /// The state folder [default: that of qualwatch.toml]
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// The configuration [default: qualwatch.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// What to list.
#[derive(Debug, Args)]
pub struct OutboxList {
    /// which folder
    #[command(flatten)]
    pub which: WhichState,
    /// Of this sink alone
    #[arg(long, value_name = "NAME")]
    pub sink: Option<String>,
    /// Dead letters alone
    #[arg(long)]
    pub dead: bool,
    /// Form of the list; json has the whole alert of each
    #[arg(long, value_enum, value_name = "FORM", default_value = "text")]
    pub format: Form,
}

/// Which rows.
#[derive(Debug, Args)]
pub struct OutboxRows {
    /// which folder
    #[command(flatten)]
    pub which: WhichState,
    /// Their numbers, as `outbox list` shows them
    #[arg(value_name = "ROW", required_unless_present = "dead")]
    pub rows: Vec<u64>,
    /// Every dead letter
    #[arg(long, conflicts_with = "rows")]
    pub dead: bool,
    /// With --dead, of this sink alone
    #[arg(long, value_name = "NAME", requires = "dead")]
    pub sink: Option<String>,
}

/// What to tell of a state folder.
#[derive(Debug, Args)]
#[command(after_help = STATE)]
pub struct StateJob {
    /// which folder
    #[command(flatten)]
    pub which: WhichState,
    /// Forget deliveries older than this
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub prune: Option<Duration>,
    /// Form of the numbers
    #[arg(long, value_enum, value_name = "FORM", default_value = "text")]
    pub format: Form,
}
