//! Standard input, or any other stream.
//!
//! Reads as much as is there, and delivers it before it waits for more.

use std::io::Read;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::pull::push;
use super::read::Reading;
use super::{ReadOptions, Recipient, SourceName};

/// Reads `reader` to its end, and delivers batches and then the end.
///
/// For standard input give [`std::io::stdin`] itself: its lock would outlive the wait.
pub fn read(
    reader: impl Read,
    name: SourceName,
    options: &ReadOptions,
    to: &mut dyn Recipient,
) -> ControlFlow<()> {
    let mut reading = Reading::new(reader, Arc::new(name), options.clone(), true);
    push(&mut reading, &options.pool, to)
}
