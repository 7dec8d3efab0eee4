//! The disk at its worst: a kill at each call that makes something durable, calls that fail, and a
//! disk that is full. By `strace`, which CI has.
//!
//! `strace` counts the calls of each thread for itself: at k is whichever comes first. Every k is tried
//! until a run needs fewer calls than that. A kill before each call of all threads is in `power`.

use std::process::{Command, Stdio};

use super::oracle::{Records, Seen};
use super::place::{Place, Ran, hook};
use super::support::receiver::{Receiver, reply};
use super::{has, side_by_side};

/// What happens at the k-th of some calls.
#[derive(Clone, Copy)]
pub(crate) struct Fault {
    pub(crate) calls: &'static str,
    pub(crate) happens: &'static str,
    /// from the k-th on, not at it alone
    pub(crate) on: bool,
    /// from a drop folder, whose files are moved away
    pub(crate) moves: bool,
    /// with a state folder that is there already, so that the first calls are not those that make it
    pub(crate) later: bool,
    /// how a run may end that met it
    pub(crate) ends: fn(&Ran) -> bool,
}

/// By a signal.
pub(crate) fn killed(ran: &Ran) -> bool {
    ran.code.is_none() || ran.code == Some(137)
}

/// With its exit status and a message.
pub(crate) fn told(ran: &Ran) -> bool {
    ran.code == Some(3) && ran.said.contains("error")
}

impl Fault {
    /// Runs the program once with the fault at the k-th call.
    fn inject(&self, place: &Place, k: usize) -> Ran {
        let program = place.command();
        let plus = if self.on { "+" } else { "" };
        let mut command = Command::new("strace");
        command
            .current_dir(place.path())
            .args(["-f", "-qq", "-o", "/dev/null"])
            .args(["-e", &format!("trace={}", self.calls)])
            .args([
                "-e",
                &format!("inject={}:{}:when={k}{plus}", self.calls, self.happens),
            ])
            .arg(program.get_program())
            .args(program.get_args())
            .stdin(Stdio::null());
        for (name, value) in program.get_envs() {
            command.env(name, value.unwrap_or_default());
        }
        Ran::of(&mut command)
    }

    /// A run with the fault at the k-th call, and one without that must bring what is missing; whether
    /// the first was harmed.
    pub(crate) fn trial(&self, k: usize, bug: Option<&'static str>) -> Result<bool, String> {
        let records = Records::of(7, 60);
        let receiver = Receiver::start(Vec::new(), reply(200, ""));
        let mut place = Place::new(&records, &hook("hook", &receiver.url("/"))).with(bug);
        // It sends nothing more where it cannot write down what came of it, and waits for that.
        place.configure(&hook("hook", &receiver.url("/")), "1s");
        if self.later {
            place.ask(&["--once", "/dev/null"]).well()?;
        }
        if self.moves {
            place = place.drop_folder(&records);
        }
        let ran = self.inject(&place, k);
        let unharmed = ran.code == Some(0);
        let code = ran.code;
        let end = || {
            if ran.hung || !unharmed && !(self.ends)(&ran) {
                return Err(format!("it ended otherwise\n{}", ran.said));
            }
            place.run().well()?;
            records.conserved(&records.taken(&receiver), usize::from(!unharmed))?;
            match place.left() {
                0 => Ok(!unharmed),
                left => Err(format!("{left} files were read and stay")),
            }
        };
        end().map_err(|complaint: String| {
            place.keep(format!(
                "{} {} at {k}, which ended with {code:?}: {complaint}",
                self.calls, self.happens
            ))
        })
    }

    /// Each k, until the run is over before it.
    fn each(&self, name: &str, most: usize) {
        if !has("strace") {
            return;
        }
        let mut seen = Seen::default();
        // Some at a time: the last of them find out that there are fewer calls.
        let mut over = false;
        for some in (1..=most).collect::<Vec<_>>().chunks(8) {
            for harmed in side_by_side(4, some.to_vec(), |k| self.trial(k, None)) {
                let harmed = harmed.unwrap_or_else(|complaint| panic!("{complaint}"));
                seen.add("fault that was met", usize::from(harmed));
                over |= !harmed && !self.on;
            }
            if over {
                break;
            }
        }
        assert!(over || self.on, "{name}: more calls than {most}");
        seen.must_have(name, &["fault that was met"]);
    }
}

const DURABLE: &str = "fsync,fdatasync,ftruncate,unlink,rename,renameat2";

const KILL: Fault = Fault {
    calls: DURABLE,
    happens: "signal=SIGKILL",
    on: false,
    moves: false,
    later: false,
    ends: killed,
};

const EIO: Fault = Fault {
    calls: "fsync,fdatasync",
    happens: "error=EIO",
    on: true,
    moves: false,
    later: false,
    ends: told,
};

pub(crate) const FULL: Fault = Fault {
    calls: "pwrite64",
    happens: "error=ENOSPC",
    ..EIO
};

#[test]
fn a_kill_at_each_call_that_makes_something_durable_loses_nothing() {
    KILL.each("kill at each durable call", 200);
}

#[test]
fn a_kill_at_each_durable_call_of_a_drop_folder_loses_nothing() {
    let fault = Fault {
        moves: true,
        ..KILL
    };
    fault.each("kill at each durable call, files moved", 300);
}

#[test]
fn a_sync_that_fails_is_told_and_loses_nothing() {
    EIO.each("EIO from each sync on", 12);
    let later = Fault {
        moves: true,
        later: true,
        ..EIO
    };
    later.each("EIO from each sync on, files moved", 16);
}

#[test]
fn a_full_disk_is_told_and_loses_nothing() {
    FULL.each("ENOSPC from each write on", 16);
    let later = Fault {
        moves: true,
        later: true,
        ..FULL
    };
    later.each("ENOSPC from each write on, files moved", 24);
}

/// Once, and then there is room again: what was asked for at that moment is not told to be done.
#[test]
fn a_write_that_fails_once_loses_nothing() {
    let fault = Fault { on: false, ..FULL };
    let moved = Fault {
        moves: true,
        ..fault
    };
    if !has("strace") {
        return;
    }
    let mut seen = Seen::default();
    let trials = (1..=24).map(|k| (k % 2 == 0, k)).collect();
    for harmed in side_by_side(4, trials, |(moves, k): (bool, usize)| {
        if moves { moved } else { fault }.trial(k, None)
    }) {
        let harmed = harmed.unwrap_or_else(|complaint| panic!("{complaint}"));
        seen.add("fault that was met", usize::from(harmed));
    }
    seen.must_have("ENOSPC once", &["fault that was met"]);
}
