//! Kills at random moments, while the receiver hangs up and refuses in between.
//!
//! `QUALWATCH_KILLS` sets how many there are (100), `QUALWATCH_SEED` where the drawing begins.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver as Channel, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::oracle::{Records, Seen};
use super::place::{Place, hook};
use super::support::receiver::{Answer, Receiver, reply};
use super::{number, side_by_side};

/// When a kill comes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum When {
    /// so long after the start
    After(Duration),
    /// when so many further requests came
    Requests(usize),
    /// when so many alerts were printed
    Alerts(usize),
}

pub(crate) fn draw(random: &mut fastrand::Rng) -> When {
    match random.u8(0..4) {
        0 => When::Requests(random.usize(1..12)),
        1 => When::Alerts(random.usize(1..30)),
        // A start takes most of that time, and is to be killed as well.
        _ => When::After(Duration::from_micros(random.u64(0..700_000))),
    }
}

/// Kills it at that moment; whether it was still there.
pub(crate) fn kill(child: &mut Child, when: When, receiver: &Receiver) -> bool {
    let ended = lines(child);
    let gone = match when {
        When::After(time) => {
            let until = Instant::now() + time;
            loop {
                match ended.recv_timeout(until.saturating_duration_since(Instant::now())) {
                    Ok(()) => {}
                    Err(RecvTimeoutError::Timeout) => break false,
                    Err(RecvTimeoutError::Disconnected) => break true,
                }
            }
        }
        When::Alerts(count) => (0..count).any(|_| ended.recv().is_err()),
        When::Requests(count) => {
            let before = receiver.requests().len();
            // Its end is seen by what it prints; meanwhile requests are counted.
            loop {
                if receiver.requests().len() >= before + count {
                    break false;
                }
                match ended.recv_timeout(Duration::from_millis(1)) {
                    Err(RecvTimeoutError::Disconnected) => break true,
                    _ => continue,
                }
            }
        }
    };
    child.kill().expect("killed");
    child.wait().expect("waited for");
    !gone
}

/// Tells of each line that it prints, and of the end.
fn lines(child: &mut Child) -> Channel<()> {
    let (told, tells) = channel();
    let out = BufReader::new(child.stdout.take().expect("a pipe"));
    std::thread::spawn(move || {
        for _ in out.lines().map_while(Result::ok) {
            if told.send(()).is_err() {
                return;
            }
        }
    });
    tells
}

/// Starts it and kills it, so many times; how often it was still there.
pub(crate) fn kills(
    place: &Place,
    receiver: &Receiver,
    random: &mut fastrand::Rng,
    times: u64,
) -> usize {
    let mut met = 0;
    for _ in 0..times {
        let mut child = place
            .command()
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("started");
        met += usize::from(kill(&mut child, draw(random), receiver));
    }
    met
}

/// Kills a few times, then lets it go on to its end.
pub(crate) fn trial(seed: u64, times: u64, bug: Option<&'static str>) -> Result<Seen, String> {
    let mut random = fastrand::Rng::with_seed(seed);
    let records = Records::of(seed % 8, 200);
    let script = (0..random.usize(0..30))
        .map(|_| match random.u8(0..4) {
            0 => Answer::HangUp,
            1 => reply(503, ""),
            _ => reply(200, ""),
        })
        .collect::<Vec<_>>();
    let receiver = Receiver::start(script, reply(200, ""));
    let mut place = Place::new(&records, &hook("hook", &receiver.url("/"))).with(bug);
    // Every other time from a drop folder, whose files are moved away.
    if seed.is_multiple_of(2) {
        place = place.drop_folder(&records);
    }
    let met = kills(&place, &receiver, &mut random, times);
    let end = || {
        let ran = place.run().well()?;
        let took = records.taken(&receiver);
        let copies = records.conserved(&took, met)?;
        if place.left() > 0 {
            return Err(format!("{} files were read and stay", place.left()));
        }
        let answered = receiver.requests();
        let count =
            |wanted: fn(&Answer) -> bool| answered.iter().filter(|it| wanted(&it.answer)).count();
        let known = ran.about("qualwatch.state/1")["documents"].as_u64();
        let mut seen = Seen::default();
        seen.add("trial", 1);
        seen.add("kill", met);
        seen.add("copy", copies);
        seen.add("recovery", usize::from(known > Some(0)));
        seen.add("ambiguous answer", count(|it| matches!(it, Answer::HangUp)));
        seen.add("refusal", count(|it| matches!(it, Answer::Reply(503, ..))));
        Ok(seen)
    };
    end().map_err(|complaint: String| {
        place.keep(format!(
            "QUALWATCH_SEED={seed} QUALWATCH_KILLS={times}, {met} met: {complaint}"
        ))
    })
}

#[test]
fn after_any_number_of_kills_each_alert_has_come_and_none_that_is_not_one() {
    let (kills, first) = (number("QUALWATCH_KILLS", 100), number("QUALWATCH_SEED", 1));
    let mut trials = Vec::new();
    let (mut left, mut seed) = (kills, first);
    while left > 0 {
        let times = fastrand::Rng::with_seed(!seed).u64(1..5).min(left);
        trials.push((seed, times));
        (left, seed) = (left - times, seed + 1);
    }
    let mut seen = Seen::default();
    for result in side_by_side(2, trials, |(seed, times)| trial(seed, times, None)) {
        seen.join(result.unwrap_or_else(|complaint| panic!("{complaint}")));
    }
    // One that is repeated is not asked for what chance may leave out.
    if kills >= 40 {
        let all = ["kill", "copy", "recovery", "ambiguous answer", "refusal"];
        seen.must_have("kills", &all);
    }
}
