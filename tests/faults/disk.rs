//! The disk at its worst: a kill at each call that makes something durable, calls that fail, and a
//! disk that is full. By `strace`, which CI has.
//!
//! Every k is tried until a run needs fewer calls than that; so nothing is left out, whatever the
//! program comes to write.

use std::process::{Command, Stdio};

use super::support::receiver::{Receiver, reply};
use super::{Place, UNDER_WAY, conserved, expected, records};

/// Whether faults can be injected here; in CI they must be.
#[allow(clippy::print_stderr, reason = "a test that was skipped says so")]
fn can_inject() -> bool {
    if Command::new("strace").arg("--version").output().is_ok() {
        return true;
    }
    assert!(
        std::env::var_os("QUALWATCH_SHARED").is_none(),
        "strace is not installed, and CI needs it"
    );
    eprintln!("skipped: strace is not installed (it is in CI)");
    false
}

/// What happens at the k-th of some calls.
struct Fault {
    calls: &'static str,
    happens: &'static str,
    /// from the k-th on, not at it alone
    on: bool,
}

impl Fault {
    /// Runs the program once with the fault at the k-th call; its exit status, if it had one.
    fn run(&self, place: &Place, k: usize) -> (Option<i32>, String) {
        let program = place.command();
        let plus = if self.on { "+" } else { "" };
        let output = Command::new("strace")
            .current_dir(place.folder.path())
            .args(["-f", "-qq", "-o", "/dev/null"])
            .args(["-e", &format!("trace={}", self.calls)])
            .args([
                "-e",
                &format!("inject={}:{}:when={k}{plus}", self.calls, self.happens),
            ])
            .arg(program.get_program())
            .args(program.get_args())
            .stdin(Stdio::null())
            .output()
            .expect("strace runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), said)
    }
}

/// For each k a run with the fault, and one without that must bring what is missing. With `ends` the
/// fault must show: the run is killed, or says with its exit status that it failed.
fn each(fault: &Fault, documents: u64, most: usize, ends: impl Fn(Option<i32>, &str) -> bool) {
    if !can_inject() {
        return;
    }
    let records = records(7, documents);
    let want = expected(&records);
    let mut met = 0;
    for k in 1..=most {
        let receiver = Receiver::start(Vec::new(), reply(200, ""));
        let place = Place::new(&receiver, &records);
        let (status, said) = fault.run(&place, k);
        let about = format!(
            "{} {} at {k}: {status:?}\n{said}",
            fault.calls, fault.happens
        );
        let unharmed = status == Some(0);
        assert!(unharmed || ends(status, &said), "{about}");
        let out = place.whole_run();
        let then = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "{about}\nand then\n{then}");
        conserved(&want, &receiver, UNDER_WAY, &about);
        if unharmed && !fault.on {
            break;
        }
        met += usize::from(!unharmed);
    }
    assert!(met > 2, "{} met {met} times", fault.calls);
}

const DURABLE: &str = "fsync,fdatasync,ftruncate,unlink,rename,renameat2";

#[test]
fn a_kill_at_each_call_that_makes_something_durable_loses_nothing() {
    let fault = Fault {
        calls: DURABLE,
        happens: "signal=SIGKILL",
        on: false,
    };
    each(&fault, 60, 200, |status, _| {
        status.is_none() || status == Some(137)
    });
}

#[test]
fn a_sync_that_fails_is_told_and_loses_nothing() {
    let fault = Fault {
        calls: "fsync,fdatasync",
        happens: "error=EIO",
        on: true,
    };
    each(&fault, 60, 12, |status, said| {
        status == Some(3) && said.contains("error")
    });
}

#[test]
fn a_full_disk_is_told_and_loses_nothing() {
    let fault = Fault {
        calls: "pwrite64",
        happens: "error=ENOSPC",
        on: true,
    };
    each(&fault, 60, 16, |status, said| {
        status == Some(3) && said.contains("error")
    });
}
