//! Two that take turns at a few documents at a time, in CPU time: on a machine that others use
//! too, only pairs say something.
//!
//! The answers of both are held against what they must be, pass by pass.

use std::time::Duration;

use super::{Feed, Tally};

/// Documents of one turn: about half a millisecond, so that few turns are disturbed.
const TURN: usize = 20;

/// CPU time of this thread: what others do on the machine is not ours.
#[cfg(unix)]
pub(crate) fn now() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        time.tv_nsec.unsigned_abs() as u32,
    )
}

/// Wall time, where there is no other.
#[cfg(not(unix))]
pub(crate) fn now() -> Duration {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    START.get_or_init(std::time::Instant::now).elapsed()
}

/// Time and answer of one turn.
fn timed(work: &mut dyn FnMut(&[String]) -> Tally, texts: &[String]) -> (f64, Tally) {
    let start = now();
    let answer = work(texts);
    ((now() - start).as_secs_f64(), answer)
}

/// One of two that are compared: what runs, over which feed, and what it must answer.
pub(crate) struct Side<'a> {
    pub(crate) feed: &'a Feed,
    pub(crate) work: &'a mut dyn FnMut(&[String]) -> Tally,
    pub(crate) answer: Tally,
}

/// Quartiles of `base / ours` in time, and the median speed of `ours` in MB/s.
pub(crate) struct Ratio {
    pub(crate) low: f64,
    pub(crate) median: f64,
    pub(crate) high: f64,
    pub(crate) speed: f64,
}

pub(crate) fn compare(passes: usize, base: Side<'_>, ours: Side<'_>) -> Ratio {
    let (mut ratios, mut speeds) = (Vec::new(), Vec::new());
    for pass in 0..passes {
        let (mut said_base, mut said_ours) = (Tally::default(), Tally::default());
        let turns = base
            .feed
            .texts
            .chunks(TURN)
            .zip(ours.feed.texts.chunks(TURN));
        for (turn, (theirs, mine)) in turns.enumerate() {
            // Whoever goes second finds the texts in the cache: alternate.
            let (first, second);
            if (pass + turn) % 2 == 0 {
                first = timed(base.work, theirs);
                second = timed(ours.work, mine);
            } else {
                second = timed(ours.work, mine);
                first = timed(base.work, theirs);
            }
            said_base += first.1;
            said_ours += second.1;
            ratios.push(first.0 / second.0);
            let bytes: usize = mine.iter().map(String::len).sum();
            speeds.push(bytes as f64 / 1e6 / second.0);
        }
        assert_eq!(said_base, base.answer, "{}", base.feed.name);
        assert_eq!(said_ours, ours.answer, "{}", ours.feed.name);
    }
    ratios.sort_by(f64::total_cmp);
    speeds.sort_by(f64::total_cmp);
    let quantile =
        |values: &[f64], share: f64| values[((values.len() - 1) as f64 * share) as usize];
    Ratio {
        low: quantile(&ratios, 0.25),
        median: quantile(&ratios, 0.5),
        high: quantile(&ratios, 0.75),
        speed: quantile(&speeds, 0.5),
    }
}
