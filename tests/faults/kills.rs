//! Kills at random moments, while the receiver hangs up and refuses in between.
//!
//! `QUALWATCH_KILLS` sets how many there are (40), `QUALWATCH_SEED` where the drawing begins.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver as Channel, channel};
use std::time::Duration;

use super::support::receiver::{Answer, Receiver, reply};
use super::{Place, UNDER_WAY, conserved, expected, records};

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().expect("a number"))
}

/// When a kill comes.
#[derive(Clone, Copy, Debug)]
enum When {
    /// so long after the start
    After(Duration),
    /// when so many further requests came
    Requests(usize),
    /// when so many alerts were printed
    Alerts(usize),
}

fn draw(random: &mut fastrand::Rng) -> When {
    match random.u8(0..4) {
        0 => When::Requests(random.usize(1..12)),
        1 => When::Alerts(random.usize(1..30)),
        // A start takes most of that time, and is to be killed as well.
        _ => When::After(Duration::from_micros(random.u64(0..700_000))),
    }
}

/// Kills it at that moment; whether it was still there.
fn kill(child: &mut Child, when: When, receiver: &Receiver) -> bool {
    let ended = lines(child);
    let gone = match when {
        When::After(time) => {
            let until = std::time::Instant::now() + time;
            let mut left = time;
            loop {
                match ended.recv_timeout(left) {
                    Ok(()) => left = until.saturating_duration_since(std::time::Instant::now()),
                    Err(std::sync::mpsc::RecvTimeoutError::Timeout) => break false,
                    Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break true,
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
                    Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break true,
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

#[test]
fn after_any_number_of_kills_each_alert_has_come_and_none_that_is_not_one() {
    let (mut left, first) = (number("QUALWATCH_KILLS", 40), number("QUALWATCH_SEED", 1));
    let (mut killed, mut twice, mut trial) = (0_u64, 0, first);
    while left > 0 {
        let mut random = fastrand::Rng::with_seed(trial);
        let records = records(trial, 200);
        let want = expected(&records);
        let script = (0..random.usize(0..30))
            .map(|_| match random.u8(0..4) {
                0 => Answer::HangUp,
                1 => reply(503, ""),
                _ => reply(200, ""),
            })
            .collect::<Vec<_>>();
        let ambiguous = script
            .iter()
            .filter(|answer| matches!(answer, Answer::HangUp))
            .count();
        let refused = script
            .iter()
            .filter(|it| matches!(it, Answer::Reply(503, ..)))
            .count();
        let receiver = Receiver::start(script, reply(200, ""));
        let mut place = Place::new(&receiver, &records);
        // Every other time from a drop folder, whose files are moved away.
        if trial % 2 == 0 {
            place = place.drop_folder(&records);
        }
        let mut kills = 0;
        for _ in 0..random.u64(1..5).min(left) {
            let mut command = place.command();
            let mut child = command
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .expect("started");
            let when = draw(&mut random);
            kills += usize::from(kill(&mut child, when, &receiver));
            left -= 1;
        }
        let out = place.whole_run();
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        let about = format!("QUALWATCH_SEED={trial} QUALWATCH_KILLS=1; {kills} kills\n{said}");
        assert!(out.status.success(), "{about}");
        let most = kills * UNDER_WAY + ambiguous + refused;
        let copies = conserved(&want, &receiver, most, &about);
        assert_eq!(place.left(), 0, "files that were read and stay: {about}");
        killed += kills as u64;
        twice += copies.saturating_sub(refused);
        trial += 1;
    }
    // Without these the trials have shown nothing.
    assert!(killed > 0, "no kill met a process that ran");
    assert!(
        twice > 0 || first != 1,
        "no delivery was ever under way when a kill came"
    );
}
