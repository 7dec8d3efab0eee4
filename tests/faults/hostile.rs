//! A folder full of things that are no records: pipes, sockets, devices, links that lead out, loops,
//! names that mean harm, files that nobody may read, holes as large as a disk.
//!
//! Each is passed over with its reason, the records among them are told, nothing waits, and nothing
//! outside of the folder is opened, which `strace` watches.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::folder::{Watch, deliver, record};
use super::has;
use super::oracle::Seen;
use super::place::Place;

/// What is outside, and must not be told.
pub(crate) const SECRET: &str = "outside-secret";

/// What nobody may read.
const DENIED: &str = "denied";

/// What was put into a folder.
#[derive(Default)]
struct Filled {
    /// calls of records that must be told
    calls: Vec<String>,
    /// entries by the reason for which they are passed over
    passed: BTreeMap<&'static str, u64>,
    /// a socket goes with its listener
    _sockets: Vec<UnixListener>,
}

fn mknod(path: &Path, kind: &[&str]) -> bool {
    let made = Command::new("mknod").arg(path).args(kind).output();
    made.is_ok_and(|output| output.status.success())
}

/// Fills the folder with so many rounds of everything.
fn fill(folder: &Path, outside: &Path, rounds: usize) -> Filled {
    let mut filled = Filled::default();
    let secret = outside.join("secret.json");
    for round in 0..rounds {
        let at = |name: &str| folder.join(format!("{round}{name}"));
        let mut good = |name: PathBuf| {
            let call = format!("good-{}", filled.calls.len());
            fs::write(name, record(&call, 1)).expect("written");
            filled.calls.push(call);
        };
        good(at("plain.json"));
        good(at("\u{1b}[31m\u{202e}red.json"));
        good(at("%s%n$(id)`id`;&|.json"));
        good(at("new\nline\r.json"));
        good(at(" <script>.json"));
        good(folder.join(format!("-rf{round}.json")));
        let mut raw = format!("{round}").into_bytes();
        raw.extend(b"\xff\xfe\x80.json");
        good(folder.join(OsStr::from_bytes(&raw)));
        let long = "n".repeat(255 - ".json".len() - round.to_string().len());
        good(at(&format!("{long}.json")));
        let linked = outside.join(format!("linked{round}"));
        good(linked.clone());
        fs::hard_link(&linked, at("linked.json")).expect("linked");

        let mut passed = |reason, made: bool| {
            *filled.passed.entry(reason).or_default() += u64::from(made);
        };
        passed("fifo", mknod(&at("pipe.json"), &["p"]));
        // Only root makes these.
        passed("device", mknod(&at("zero.json"), &["c", "1", "5"]));
        passed("device", mknod(&at("disk.json"), &["b", "7", "200"]));
        let socket = at("socket.json");
        // A path to a socket is short.
        if let Ok(listener) = UnixListener::bind(&socket) {
            filled._sockets.push(listener);
            passed("socket", true);
        }
        for (name, target) in [
            ("out.json", secret.as_path()),
            ("folder.json", outside),
            ("up.json", Path::new("..")),
            ("nowhere.json", Path::new("/no/such/file")),
            ("endless.json", Path::new("/dev/zero")),
            ("self.json", Path::new("/proc/self/environ")),
        ] {
            symlink(target, at(name)).expect("linked");
            passed("symlink", true);
        }
        symlink(at("loop.json"), at("loop.json")).expect("linked");
        passed("symlink", true);
        fs::create_dir(at("dir.json")).expect("made");
        deliver(&at("dir.json"), "inner.json", &record(SECRET, 1));
        passed("directory", true);
        fs::write(at("empty.json"), "").expect("written");
        passed("empty", true);
        fs::write(at("denied.json"), record(DENIED, 1)).expect("written");
        let nobody = fs::Permissions::from_mode(0o000);
        fs::set_permissions(at("denied.json"), nobody).expect("set");
        passed("unreadable", true);
        let hidden = folder.join(format!(".{round}.json"));
        fs::write(hidden, record(SECRET, 1)).expect("written");
        fs::write(at("half.json.part"), record(SECRET, 1)).expect("written");
        passed("temporary-name", true);
        passed("temporary-name", true);
        fs::write(at("picture.png"), record(SECRET, 1)).expect("written");
        passed("other-name", true);
    }
    filled.passed.retain(|_, count| *count > 0);
    filled
}

/// Root may read everything; this takes the right away.
const WITHOUT: [&str; 5] = [
    "setpriv",
    "--bounding-set",
    "-dac_override,-dac_read_search",
    "--inh-caps",
    "-dac_override,-dac_read_search",
];

/// Who is not root has no right that could be taken away.
fn can_go_without() -> bool {
    let tried = Command::new(WITHOUT[0])
        .args(&WITHOUT[1..])
        .arg("true")
        .status();
    tried.is_ok_and(|status| status.success())
}

/// The program without the right to read whatever it likes, watched by `strace`.
fn without_rights(place: &Place, opened: &Path, once: bool) -> Command {
    let program = if once {
        place.command()
    } else {
        place.watching()
    };
    let mut command = Command::new("strace");
    command
        .current_dir(place.path())
        .args(["-f", "-qq", "-o"])
        .arg(opened)
        .args(["-e", "trace=open,openat,openat2", "-e", "signal=none"])
        // The signal that ends it is for the program, not for who watches it.
        .args(["--interruptible=never"])
        .args(WITHOUT.iter().filter(|_| can_go_without()))
        .arg(program.get_program())
        .args(program.get_args())
        .stdin(std::process::Stdio::null());
    for (name, value) in program.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    command
}

/// A hostile folder, read once.
pub(crate) fn trial(rounds: usize, bug: Option<&'static str>) -> Result<Seen, String> {
    let outside = tempfile::tempdir().expect("a folder");
    deliver(outside.path(), "secret.json", &record(SECRET, 1));
    let mut place = Place::empty("").with(bug).reading(&["drop"]);
    let drop = place.path().join("drop");
    fs::create_dir(&drop).expect("made");
    let filled = fill(&drop, outside.path(), rounds);
    let opened = outside.path().join("opened");
    let watch = Watch::start(without_rights(&place, &opened, true));
    let end = || {
        let watch = watch.patient_for(Duration::from_secs(60));
        let mut calls = watch.calls(filled.calls.len())?;
        let (summary, more) = watch.wait()?;
        calls.extend(more);
        calls.sort();
        let mut want = filled.calls.clone();
        want.sort();
        if calls != want {
            return Err(format!("told {calls:?}, wanted {want:?}"));
        }
        let passed = &summary["files"]["passedOver"];
        if *passed != serde_json::json!(filled.passed) {
            return Err(format!("passed over {passed}, wanted {:?}", filled.passed));
        }
        let opened = fs::read(&opened).expect("a trace");
        let opened = String::from_utf8_lossy(&opened);
        let wrong = [
            "secret.json",
            "/dev/zero",
            "environ",
            "inner.json",
            "pipe.json",
            "zero.json",
        ];
        match wrong.iter().find(|name| opened.contains(**name)) {
            Some(name) => Err(format!("{name} was opened")),
            None => Ok(()),
        }
    };
    let ended = end();
    // What nobody may read, nobody could remove.
    ended.map_err(|why| place.keep(why))?;
    let mut seen = Seen::default();
    for (reason, count) in filled.passed {
        seen.add(reason, count as usize);
    }
    Ok(seen)
}

#[test]
fn a_hostile_folder_is_passed_over_and_its_records_are_told() {
    if !has("strace") || !has("setpriv") {
        return;
    }
    let seen = trial(3, None).unwrap_or_else(|why| panic!("{why}"));
    let all = [
        "fifo",
        "socket",
        "symlink",
        "directory",
        "unreadable",
        "empty",
    ];
    seen.must_have("hostile folder", &all);
}

/// What comes while it watches is met by events, not by a listing.
#[test]
fn hostile_things_that_come_while_it_watches_stop_nothing() {
    let outside = tempfile::tempdir().expect("a folder");
    deliver(outside.path(), "secret.json", &record(SECRET, 1));
    let more = [
        "--settle",
        "50ms",
        "--patience",
        "100ms",
        "--scan-every",
        "300ms",
    ];
    let place = Place::empty("").reading(&[&more[..], &["drop"]].concat());
    let drop = place.path().join("drop");
    fs::create_dir(&drop).expect("made");
    let watch = Watch::start(place.watching());
    deliver(&drop, "first.json", &record("first", 1));
    assert_eq!(watch.calls(1).expect("told"), ["first"]);
    let filled = fill(&drop, outside.path(), 2);
    // Root reads what nobody may; of what is told once of a call that is one alert more.
    let all_rights = fs::read(drop.join("0denied.json")).is_ok();
    let mut want = filled.calls.clone();
    want.extend(all_rights.then(|| DENIED.to_owned()));
    let mut calls = watch.calls(want.len()).expect("told");
    deliver(&drop, "last.json", &record("last", 1));
    assert_eq!(watch.calls(1).expect("told"), ["last"]);
    let (summary, more) = watch.end().expect("ends");
    assert!(more.is_empty(), "{more:?}");
    calls.sort();
    want.sort();
    assert_eq!(calls, want);
    let passed = &summary["files"]["passedOver"];
    for reason in ["fifo", "socket", "symlink", "directory"] {
        assert_eq!(passed[reason], filled.passed[reason], "{reason}: {passed}");
    }
}
