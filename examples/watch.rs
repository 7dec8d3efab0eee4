//! Watches a drop folder and receives alerts on a channel.
//!
//! `cargo run --example watch -- DIR`

use std::error::Error;
use std::io::Write as _;

use qualwatch::pipeline::{self, Event};
use qualwatch::source::FolderOptions;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("give a folder")?;
    let engine = qualwatch::Engine::builder().build()?;
    let intake = pipeline::folder(folder.into(), FolderOptions::default(), false);
    let running = pipeline::run(engine, vec![intake], pipeline::Options::default());
    let mut out = std::io::stdout().lock();
    // `running.stopper()` ends this loop from another thread.
    for event in &running.events {
        let Event::Judged { documents, .. } = event else {
            continue;
        };
        for alert in documents.iter().flat_map(|judged| &judged.report.alerts) {
            let call = alert.call.id.as_deref().unwrap_or("unknown");
            let fired = alert.affected.fired;
            writeln!(
                out,
                "{} on call {call}: {fired} of {}",
                alert.rule, alert.affected.of
            )?;
        }
    }
    running.join();
    Ok(())
}
