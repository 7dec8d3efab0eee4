//! Bytes in, verdict and alerts out, without threads.
//!
//! `cargo run --example check -- FILE…`

use std::error::Error;
use std::io::Write as _;

fn main() -> Result<(), Box<dyn Error>> {
    let engine = qualwatch::Engine::builder().set("jitter=40ms").build()?;
    // One checker a thread: its buffers serve one document after another.
    let mut checker = engine.checker();
    let mut out = std::io::stdout().lock();
    for path in std::env::args().skip(1) {
        let bytes = std::fs::read(&path)?;
        let report = checker.check(qualwatch::Input::new(&bytes, &path));
        writeln!(out, "{path}: {}", report.verdict.name())?;
        for problem in &report.problems {
            writeln!(
                out,
                "  line {}: {} must be {}",
                problem.line, problem.found, problem.wanted
            )?;
        }
        for alert in &report.alerts {
            writeln!(out, "  {}", serde_json::to_string(alert)?)?;
        }
    }
    Ok(())
}
