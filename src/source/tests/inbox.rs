//! Timed cases: what is seen of one folder, and what is to be read when.
//!
//! A step is `seconds: what happens`; its answer is what the inbox wants, and the counts at the
//! end. The settle time is 1 s, the patience 60 s.

use std::ffi::OsStr;
use std::time::{Duration, SystemTime};

use super::super::inbox::{Hint, Inbox, Outcome};
use super::super::look::{Identity, Kind, Look};
struct Case {
    name: &'static str,
    /// `at | what | wanted`, where what is `hint name state` or `outcome name`; a state is a
    /// digit (the file's content), `-` (absent), `0` (empty) or a kind; `old` means written
    /// long ago.
    steps: &'static [(&'static str, &'static str, &'static str)],
    counts: &'static str,
}

const CASES: &[Case] = &[
    Case {
        name: "a renamed file is read at once, and again when it is replaced",
        steps: &[
            ("0", "complete a.json 1", "read a.json"),
            ("0", "done read a.json", ""),
            ("1", "complete a.json 1", ""),
            ("2", "scan a.json 1", ""),
            ("3", "complete a.json 2", "read a.json"),
            ("3", "done read a.json", ""),
        ],
        counts: "seen 2 read 2 pending 0 failed 0 gone 0, hinted 2 scanned 0 recovered 0",
    },
    Case {
        name: "a hard link makes no telling event, and settles",
        steps: &[
            ("0", "touched a.json 1", "look at 1"),
            ("1", "again a.json 1", "read a.json"),
            ("1", "done read a.json", ""),
        ],
        counts: "seen 1 read 1 pending 0 failed 0 gone 0, hinted 1 scanned 0 recovered 0",
    },
    Case {
        name: "a file being written waits until it is quiet",
        steps: &[
            ("0", "touched a.json 1", "look at 1"),
            ("0.5", "touched a.json 2", "look at 1.5"),
            ("1.5", "again a.json 3", "look at 2.5"),
            ("2.5", "again a.json 3", "read a.json"),
            ("2.5", "done changed a.json 4", "look at 3.5"),
            ("3", "complete a.json 4", "read a.json"),
            ("3", "done read a.json", ""),
        ],
        counts: "seen 1 read 1 pending 0 failed 0 gone 0, hinted 1 scanned 0 recovered 0",
    },
    Case {
        name: "an old file in the first listing is read at once, a young one settles",
        steps: &[
            ("0", "first a.json old 1", "read a.json"),
            ("0", "first b.json 1", "look at 1"),
            ("0", "done read a.json", "look at 1"),
            ("1", "again b.json 1", "read b.json"),
            ("1", "done read b.json", ""),
        ],
        counts: "seen 2 read 2 pending 0 failed 0 gone 0, hinted 0 scanned 2 recovered 0",
    },
    Case {
        name: "what a later listing finds was missed by the events",
        steps: &[
            ("9", "scan a.json old 1", "read a.json"),
            ("9", "done read a.json", ""),
        ],
        counts: "seen 1 read 1 pending 0 failed 0 gone 0, hinted 0 scanned 1 recovered 1",
    },
    Case {
        name: "a document without an end is waited for, and then taken as it is",
        steps: &[
            ("0", "complete a.json 1", "read a.json"),
            ("0", "done unfinished a.json", "look at 60"),
            ("5", "touched a.json 1", "look at 60"),
            ("6", "complete a.json 1", "look at 60"),
            ("60", "again a.json 1", "read a.json as it is"),
            ("60", "done read a.json", ""),
        ],
        counts: "seen 1 read 1 pending 0 failed 0 gone 0, hinted 1 scanned 0 recovered 0",
    },
    Case {
        name: "a document without an end that is finished is read whole",
        steps: &[
            ("0", "complete a.json 1", "read a.json"),
            ("0", "done unfinished a.json", "look at 60"),
            ("5", "touched a.json 2", "look at 6"),
            ("5.5", "complete a.json 2", "read a.json"),
            ("5.5", "done read a.json", ""),
        ],
        counts: "seen 1 read 1 pending 0 failed 0 gone 0, hinted 1 scanned 0 recovered 0",
    },
    Case {
        name: "an old document without an end is not waited for",
        steps: &[
            ("0", "first a.json old 1", "read a.json"),
            ("0", "done unfinished a.json", "read a.json as it is"),
            ("0", "done read a.json", ""),
        ],
        counts: "seen 1 read 1 pending 0 failed 0 gone 0, hinted 0 scanned 1 recovered 0",
    },
    Case {
        name: "an empty file is waited for, told once, and read when it is written",
        steps: &[
            ("0", "complete a.json 0", "look at 60"),
            ("60", "again a.json 0", "told empty"),
            ("75", "scan a.json 0", ""),
            ("80", "complete a.json 1", "read a.json"),
            ("80", "done read a.json", ""),
        ],
        counts: "seen 1 read 1 pending 0 failed 0 gone 0, hinted 1 scanned 0 recovered 0, empty 1",
    },
    Case {
        name: "an unreadable file is told once, and tried again when it changes",
        steps: &[
            ("0", "complete a.json 1", "read a.json"),
            ("0", "done denied a.json", "told unreadable"),
            ("5", "scan a.json 1", ""),
            ("6", "touched a.json old 1", "read a.json"),
            ("6", "done denied a.json", ""),
            ("7", "complete a.json 2", "read a.json"),
            ("7", "done read a.json", ""),
        ],
        counts: "seen 1 read 1 pending 0 failed 0 gone 0, hinted 1 scanned 0 recovered 0, unreadable 1",
    },
    Case {
        name: "a file that broke off is not tried again until it changes",
        steps: &[
            ("0", "complete a.json 1", "read a.json"),
            ("0", "done failed a.json", ""),
            ("1", "touched a.json 1", ""),
        ],
        counts: "seen 1 read 0 pending 0 failed 1 gone 0, hinted 1 scanned 0 recovered 0",
    },
    Case {
        name: "a file taken away is gone, whatever it was waiting for",
        steps: &[
            ("0", "touched a.json 1", "look at 1"),
            ("0", "touched a.json -", ""),
            ("1", "complete b.json 1", "read b.json"),
            ("1", "done gone b.json", ""),
            ("2", "touched c.json 1", "look at 3"),
            ("2", "listing of nothing", ""),
        ],
        counts: "seen 3 read 0 pending 0 failed 0 gone 3, hinted 3 scanned 0 recovered 0",
    },
    Case {
        name: "what is no record is told once, and a rename makes it one",
        steps: &[
            ("0", "complete .a.json 1", "told temporary-name"),
            ("0", "complete a.json.tmp 1", "told temporary-name"),
            ("1", "complete a.json.tmp 2", ""),
            ("1", "scan a.json.tmp 2", ""),
            ("1", "complete b.json~ 1", "told temporary-name"),
            ("1", "complete B.CSV 1", "told other-name"),
            ("1", "complete c.json link", "told symlink"),
            ("1", "complete d.json fifo", "told fifo"),
            ("1", "complete e.json socket", "told socket"),
            ("1", "complete f.json device", "told device"),
            ("1", "complete g.json folder", "told directory"),
            ("2", "complete c.json 1", "read c.json"),
            ("2", "done read c.json", ""),
            ("2", "complete A.JSON.GZ 1", "read A.JSON.GZ"),
            ("2", "done read A.JSON.GZ", ""),
            ("2", "complete x.ndjson.zst 1", "read x.ndjson.zst"),
            ("2", "done read x.ndjson.zst", ""),
        ],
        counts: "seen 3 read 3 pending 0 failed 0 gone 0, hinted 3 scanned 0 recovered 0, \
                 temporary-name 3, other-name 1, symlink 1, fifo 1, socket 1, device 1, directory 1",
    },
];

#[test]
fn cases() {
    for case in CASES {
        let mut inbox = Inbox::new(Duration::from_secs(1), Duration::from_secs(60));
        for (at, what, want) in case.steps {
            let now = Duration::from_secs_f64(at.parse().unwrap());
            let got = step(&mut inbox, now, what);
            assert_eq!(got, *want, "{}: at {at} {what}", case.name);
            assert!(inbox.counts.add_up(), "{}: {:?}", case.name, inbox.counts);
        }
        assert_eq!(counts(&inbox), case.counts, "{}", case.name);
    }
}

fn step(inbox: &mut Inbox, now: Duration, what: &str) -> String {
    let words: Vec<&str> = what.split(' ').collect();
    let mut told = None;
    match words[..] {
        ["listing", ..] => {
            inbox.begin_scan();
            inbox.end_scan();
        }
        ["done", outcome, name, ref state @ ..] => {
            let outcome = match outcome {
                "read" => Outcome::Read,
                "changed" => Outcome::Changed,
                "unfinished" => Outcome::Unfinished,
                "denied" => Outcome::Denied,
                "failed" => Outcome::Failed,
                _ => Outcome::Gone,
            };
            told = inbox.finish(OsStr::new(name), outcome, look(state), now);
        }
        [hint, name, ref state @ ..] => {
            let hint = match hint {
                "first" => Hint::FirstScan,
                "scan" => Hint::Scan,
                "complete" => Hint::Complete,
                "touched" => Hint::Touched,
                "again" => {
                    assert_eq!(inbox.due(now).as_deref(), Some(OsStr::new(name)));
                    Hint::Again
                }
                _ => panic!("{hint}"),
            };
            told = inbox.look(OsStr::new(name), look(state), hint, now);
        }
        _ => panic!("{what}"),
    }
    if let Some(told) = told {
        return format!("told {}", told.code());
    }
    if let Some(job) = inbox.next() {
        let how = if job.as_it_is { " as it is" } else { "" };
        return format!("read {}{how}", job.name.display());
    }
    match inbox.next_look() {
        Some(at) => format!("look at {}", at.as_secs_f64()),
        None => String::new(),
    }
}

fn look(state: &[&str]) -> Option<Look> {
    let (age, state) = match state {
        ["old", state] => (3600, *state),
        [state] => (0, *state),
        _ => return None,
    };
    let (kind, size) = match state {
        "-" => return None,
        "link" => (Kind::Symlink, 1),
        "fifo" => (Kind::Fifo, 0),
        "socket" => (Kind::Socket, 0),
        "device" => (Kind::CharDevice, 0),
        "folder" => (Kind::Directory, 1),
        size => (Kind::File, size.parse().unwrap()),
    };
    Some(Look {
        kind,
        identity: Identity {
            inode: 1,
            size,
            modified: Some(SystemTime::UNIX_EPOCH),
        },
        mode: 0,
        age: Duration::from_secs(age),
    })
}

fn counts(inbox: &Inbox) -> String {
    let c = &inbox.counts;
    let mut text = format!(
        "seen {} read {} pending {} failed {} gone {}, hinted {} scanned {} recovered {}",
        c.seen, c.read, c.pending, c.failed, c.gone, c.hinted, c.scanned, c.recovered
    );
    for (reason, count) in &c.passed_over {
        text += &format!(", {} {count}", reason.code());
    }
    text
}
