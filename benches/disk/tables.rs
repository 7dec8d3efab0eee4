//! The tables: which feeds, called how. Rows are printed in the form of `docs/performance.md`.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use xtask::generate::{Mix, Plan};

use super::{Call, Planted, Shape, Until, Written, turns};
use crate::feed::{many_rules, twenty_rules};

/// Sessions of a document of 10 MB, and of one that has 10 MB when it is pretty-printed.
const HUGE: u32 = 1_150;
const HUGE_PRETTY: u32 = 600;

/// How much is measured.
struct Scale {
    rounds: usize,
    bytes: u64,
    files: u64,
    /// bytes of feeds that grow
    growth: [u64; 3],
    samples: u64,
}

/// Enough that the 20 ms of a start are little of it.
const WHOLE: Scale = Scale {
    rounds: 5,
    bytes: 200_000_000,
    files: 10_000,
    growth: [100_000_000, 400_000_000, 1_600_000_000],
    samples: 1_000_000,
};

/// For the answers alone, also of a build that is not optimised.
const SMOKE: Scale = Scale {
    rounds: 1,
    bytes: 300_000,
    files: 20,
    growth: [100_000, 200_000, 400_000],
    samples: 2_000,
};

/// Name on the command line, what it answers, and its rows.
type Table = (&'static str, &'static str, fn(&Scale));

const TABLES: [Table; 7] = [
    ("kinds", "One document a line, by size and kind", kinds),
    ("sequence", "Pretty-printed, one after another", sequence),
    ("folder", "A folder of files, one document each", folder),
    (
        "state",
        "With a state folder, one in a hundred alerting",
        state,
    ),
    (
        "bytes",
        "More bytes, typical documents, one in ten alerting",
        bytes,
    ),
    ("rules", "More rules, typical documents", rules),
    (
        "keys",
        "More keys of a window, a session of 250 bytes a sample",
        keys,
    ),
];

/// Prints the tables that are named, or all.
pub(crate) fn print(arguments: &[OsString]) {
    let named = |name: &str| arguments.iter().any(|argument| argument == name);
    let scale = if named("--test") { &SMOKE } else { &WHOLE };
    let all = !TABLES.iter().any(|(name, _, _)| named(name));
    for (name, what, table) in TABLES {
        if all || named(name) {
            println!("\n{what}:\n");
            println!(
                "| Feed | baseline / qualwatch, CPU | cost | ns a byte | wall | baseline's wall | most memory |"
            );
            println!("|---|---|---|---|---|---|---|");
            table(scale);
        }
    }
}

/// Measures one row and prints it.
fn row(scale: &Scale, what: &str, feed: &Written, call: &Call) {
    let row = turns(scale.rounds, feed, call);
    let ratio = row.ratio;
    println!(
        "| {what} | {:.2} ({:.2} to {:.2}) | {:.2} | {:.2} | {:.2} s | {:.2} s | {:.0} MiB |",
        ratio.median,
        ratio.low,
        ratio.high,
        1.0 / ratio.median,
        row.cpu * 1e9 / feed.planted().bytes.max(1) as f64,
        row.wall,
        row.baseline_wall,
        row.memory,
    );
}

/// Sizes of documents.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Size {
    Small,
    Typical,
    Huge,
}

impl Size {
    fn name(self) -> &'static str {
        match self {
            Size::Small => "2 KB",
            Size::Typical => "24 KB",
            Size::Huge => "10 MB",
        }
    }

    /// Nothing planted.
    fn quiet(self) -> Mix {
        match self {
            Size::Small => Mix::small(),
            Size::Typical | Size::Huge => Mix::clean(),
        }
    }

    /// So many of a thousand alert, by one rule.
    fn alerting(self, share: u16) -> Mix {
        match self {
            Size::Small => Mix {
                poor_feedback: share,
                ..self.quiet()
            },
            Size::Typical | Size::Huge => Mix {
                poor_audio: share,
                ..self.quiet()
            },
        }
    }

    fn invalid(self) -> Mix {
        Mix {
            invalid: 1000,
            ..self.quiet()
        }
    }

    fn feed(self, mix: Mix, shape: Shape, until: Until) -> Written {
        let huge = if shape == Shape::Sequence {
            HUGE_PRETTY
        } else {
            HUGE
        };
        let plan = Plan {
            seed: 20_200_225,
            mix,
            sessions: match self {
                Size::Small => Some(1),
                Size::Typical => None,
                Size::Huge => Some(huge),
            },
            ..Plan::default()
        };
        Written::of(&plan, shape, until)
    }
}

const SIZES: [Size; 3] = [Size::Small, Size::Typical, Size::Huge];

/// By so many workers, with nothing else said.
fn by(workers: u16) -> Call {
    Call {
        workers,
        ..Call::default()
    }
}

fn kinds(scale: &Scale) {
    let until = Until::Bytes(scale.bytes);
    for size in SIZES {
        let name = size.name();
        let feed = size.feed(size.quiet(), Shape::Lines, until);
        row(scale, &format!("{name}, valid"), &feed, &by(1));
        row(scale, &format!("{name}, valid, two workers"), &feed, &by(2));
        for (kind, mix) in [
            ("one in ten alerting", size.alerting(100)),
            ("each alerting", size.alerting(1000)),
            ("each invalid", size.invalid()),
        ] {
            let feed = size.feed(mix, Shape::Lines, until);
            row(scale, &format!("{name}, {kind}"), &feed, &by(1));
        }
    }
}

fn sequence(scale: &Scale) {
    for size in SIZES {
        let feed = size.feed(size.quiet(), Shape::Sequence, Until::Bytes(scale.bytes));
        for (workers, said) in [(1, ""), (2, ", two workers")] {
            let what = format!("{}, valid{said}", size.name());
            row(scale, &what, &feed, &by(workers));
        }
    }
}

fn folder(scale: &Scale) {
    let files = scale.files;
    for size in [Size::Small, Size::Typical] {
        for (kind, mix) in [
            ("valid", size.quiet()),
            ("one in ten alerting", size.alerting(100)),
        ] {
            let feed = size.feed(mix, Shape::Folder, Until::Documents(files));
            for (workers, said) in [(1, ""), (2, ", two workers")] {
                let what = format!("{files} files of {}, {kind}{said}", size.name());
                row(scale, &what, &feed, &by(workers));
            }
            let what = format!("{files} files of {}, {kind}, twenty rules", size.name());
            row(scale, &what, &feed, &twenty(feed.home()));
        }
    }
}

/// Twenty rules in place of the shipped ones, and no windows.
fn twenty(home: &Path) -> Call {
    let rules = home.join("twenty");
    fs::create_dir_all(&rules).expect("a folder");
    twenty_rules(&rules);
    Call {
        flags: vec!["--rules".into(), rules.into()],
        ..by(1)
    }
}

fn state(scale: &Scale) {
    for size in [Size::Small, Size::Typical] {
        let feed = size.feed(size.alerting(10), Shape::Lines, Until::Bytes(scale.bytes));
        for (state, said) in [(false, "without"), (true, "with")] {
            let call = Call { state, ..by(1) };
            row(scale, &format!("{}, {said}", size.name()), &feed, &call);
        }
    }
}

fn bytes(scale: &Scale) {
    for bytes in scale.growth {
        let size = Size::Typical;
        let feed = size.feed(size.alerting(100), Shape::Lines, Until::Bytes(bytes));
        for (workers, said) in [(1, ""), (2, ", two workers")] {
            let what = format!("{} MB{said}", bytes / 1_000_000);
            row(scale, &what, &feed, &by(workers));
        }
    }
}

/// A call with the rules in a file of that text in place of the shipped ones.
fn ruled(folder: &Path, rules: &str) -> Call {
    let file = folder.join("own.rhai");
    fs::write(&file, rules).expect("written");
    Call {
        flags: vec!["--rules".into(), file.into()],
        ..by(1)
    }
}

fn rules(scale: &Scale) {
    // Readings that must stay quiet for the shipped rules would not for these.
    let mix = Mix {
        gated: 0,
        ..Mix::clean()
    };
    let feed = Size::Typical.feed(mix, Shape::Lines, Until::Bytes(scale.bytes));
    for count in [0, 20, 100] {
        let mut text = many_rules(count).concat();
        text.push_str("// nothing else\n");
        let call = ruled(feed.home(), &text);
        row(scale, &format!("{count} rules on streams"), &feed, &call);
    }
}

/// Sessions of a document of the feed with keys.
const TOGETHER: u64 = 8;

/// Records whose sessions' callers have `keys` names, a name after the other, within ten hours.
fn keyed(keys: u64, samples: u64) -> Written {
    let (mut at, records) = (0_u64, samples / TOGETHER);
    Written::from(Shape::Lines, Until::Documents(records), |text| {
        use std::fmt::Write as _;
        let time = |second: u64| {
            let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
            format!("2026-01-13T{hour:02}:{minute:02}:{second:02}Z")
        };
        let second = 3600 + at * 36_000 / records;
        let (begun, ended) = (time(second - 60), time(second));
        let _ = write!(
            text,
            r#"{{"id":"{at:08x}-9d2c-4f3a-8d1b-{at:012x}","version":1,"type":"groupCall","modalities":["audio"],"startDateTime":"{begun}","endDateTime":"{ended}","sessions":["#
        );
        for session in 0..TOGETHER {
            let sample = at * TOGETHER + session;
            let (key, comma) = (sample % keys, if session == 0 { "" } else { "," });
            let _ = write!(
                text,
                r##"{comma}{{"id":"{sample:08x}-2d9c-4f3a-8d1b-{session:012x}","modalities":["audio"],"startDateTime":"{begun}","endDateTime":"{ended}","caller":{{"@odata.type":"#microsoft.graph.callRecords.participantEndpoint","name":"machine-{key:07}"}}}}"##
            );
        }
        text.push_str("]}\n");
        at += 1;
        Planted {
            bytes: text.len() as u64,
            documents: 1,
            ..Planted::default()
        }
    })
}

fn keys(scale: &Scale) {
    let window = r#"
window("long-by-machine", #{
    on: "session",
    by: |s| s.caller.name,
    share: |s| s.duration > 36000000,
    over: "50%",
    within: "1day",
    at_least: #{ samples: 10 },
});
"#;
    for keys in [10, scale.samples / 100, scale.samples] {
        let feed = keyed(keys, scale.samples);
        let mut call = ruled(feed.home(), window);
        call.flags
            .extend(["--max-samples", "1000000"].map(OsString::from));
        row(scale, &format!("{keys} keys"), &feed, &call);
    }
}
