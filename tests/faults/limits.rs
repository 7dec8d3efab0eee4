//! Too few descriptors and too little memory: it says so, or does without; then it has what it needs,
//! and nothing is missing.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use wait4::Wait4 as _;

use super::disk::Fault;
use super::oracle::{Records, Seen};
use super::place::{Place, Ran, hook};
use super::support::receiver::{Receiver, reply};
use super::{has, side_by_side};

/// Runs it under a limit of the shell's, in its unit.
fn limited(place: &Place, limit: &str, value: usize) -> Ran {
    let program = place.command();
    let mut command = Command::new("sh");
    command
        .current_dir(place.path())
        .args([
            "-c",
            &format!("ulimit {limit} {value} && exec \"$0\" \"$@\""),
        ])
        .arg(program.get_program())
        .args(program.get_args())
        .stdin(Stdio::null());
    Ran::of(&mut command)
}

/// With too little of something, and then with enough; whether it was too little.
fn trial(limit: &str, value: usize) -> Result<bool, String> {
    let records = Records::of(7, 60);
    let receiver = Receiver::start(Vec::new(), reply(200, ""));
    let hook = hook("hook", &receiver.url("/"));
    let mut place = Place::new(&records, &hook).drop_folder(&records);
    place.configure(&hook, "1s");
    let ran = limited(&place, limit, value);
    let end = || {
        if ran.hung {
            return Err("it came to no end".to_owned());
        }
        // What it said is what a person goes by.
        if ran.code != Some(0) && ran.said.is_empty() {
            return Err("it ended without a word".to_owned());
        }
        place.run().well()?;
        let harmed = ran.code != Some(0);
        // What was delivered and could not be written down is delivered again.
        let unwritten = ran.said.matches("\"outbox failed\"").count();
        let most = usize::from(harmed) + unwritten;
        records.conserved(&records.taken(&receiver), most)?;
        match place.left() {
            0 => Ok(harmed),
            left => Err(format!("{left} files were read and stay")),
        }
    };
    end().map_err(|why: String| {
        let code = ran.code;
        place.keep(format!(
            "ulimit {limit} {value}, {code:?}: {why}\n{}",
            ran.said
        ))
    })
}

fn all(name: &str, limit: &str, values: Vec<usize>) {
    let mut seen = Seen::default();
    for harmed in side_by_side(3, values, |value| trial(limit, value)) {
        let harmed = harmed.unwrap_or_else(|why| panic!("{why}"));
        seen.add(if harmed { "too little" } else { "enough" }, 1);
    }
    seen.must_have(name, &["too little", "enough"]);
}

#[test]
fn too_few_descriptors_lose_nothing() {
    let values = (4..24).chain([32, 48]).collect();
    all("descriptors", "-n", values);
}

#[test]
fn too_little_memory_loses_nothing() {
    // Kilobytes of address space; a thread asks for 2 MiB of it, and more for its heap.
    let values = (1..=16).map(|at| at * 40_000).chain([4_000_000]).collect();
    all("memory", "-v", values);
}

#[test]
fn an_open_that_fails_is_told_or_made_again_and_loses_nothing() {
    if !has("strace") {
        return;
    }
    let mut seen = Seen::default();
    let mut trials = Vec::new();
    for k in (1..120).step_by(6) {
        for (on, happens) in [(true, "error=EMFILE"), (false, "error=ENFILE")] {
            trials.push((k, on, happens));
        }
    }
    let harmed = side_by_side(4, trials, |(k, on, happens)| {
        let fault = Fault {
            calls: "openat,socket,accept4",
            happens,
            on,
            moves: true,
            later: false,
            ends: |ran| !ran.said.is_empty(),
        };
        fault.trial(k, None)
    });
    for harmed in harmed {
        let harmed = harmed.unwrap_or_else(|why| panic!("{why}"));
        seen.add(if harmed { "harmed" } else { "unharmed" }, 1);
    }
    seen.must_have("descriptors that fail", &["harmed", "unharmed"]);
}

/// Bombs and giants beside records: memory stays bounded, and the records are told.
#[test]
fn giants_and_bombs_are_refused_within_bounds() {
    const MOST: u64 = 512 << 20;
    let records = Records::of(7, 60);
    let receiver = Receiver::start(Vec::new(), reply(200, ""));
    let place = Place::new(&records, &hook("hook", &receiver.url("/"))).drop_folder(&records);
    let drop = place.path().join("drop");
    let bomb = fs::File::create(drop.join("bomb.json.gz")).expect("made");
    let mut bomb = flate2::write::GzEncoder::new(bomb, flate2::Compression::best());
    let zeros = vec![b' '; 1 << 20];
    for _ in 0..256 {
        bomb.write_all(&zeros).expect("written");
    }
    bomb.finish().expect("written");
    let wide: String = (0..200_000).map(|at| format!("\"k{at}\":{at},")).collect();
    fs::write(drop.join("wide.json"), format!("{{{wide}\"z\":0}}")).expect("written");
    fs::write(drop.join("deep.json"), "[".repeat(1 << 20)).expect("written");
    let text = format!("{{\"id\":\"{}\"}}", "x".repeat(70 << 20));
    fs::write(drop.join("long.json"), text).expect("written");
    fs::File::create(drop.join("hole.json"))
        .and_then(|file| file.set_len(1 << 40).or_else(|_| file.set_len(1 << 32)))
        .expect("made");
    let mut child = place
        .command()
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut said = String::new();
    let mut err = child.stderr.take().expect("piped");
    std::io::Read::read_to_string(&mut err, &mut said).expect("read");
    let ended = child.wait4().expect("waited for");
    let memory = ended.rusage.maxrss;
    assert!(memory <= MOST, "{} MiB", memory >> 20);
    assert!(!said.contains("panicked"), "{said}");
    let copies = records.conserved(&records.taken(&receiver), 0);
    assert_eq!(copies, Ok(0), "{said}");
    let mut seen = Seen::default();
    let refused = said
        .lines()
        .filter(|line| line.contains("qualwatch.document/1"))
        .count();
    seen.add("refusal", refused);
    seen.add("MiB at the most", (memory >> 20) as usize);
    seen.must_have("giants", &["refusal"]);
}
