//! The power goes at a random moment: what was not synced is gone, or there in part, in any order.
//!
//! A run is recorded ([`super::trace`]), and the disk made anew as it may be after any of its calls;
//! on that the program starts again, and the power may go once more. `QUALWATCH_CUTS` sets how many
//! cuts there are (80), `QUALWATCH_SEED` where the drawing begins.

use super::oracle::{Records, Seen, Taken};
use super::place::{Place, hook};
use super::support::receiver::{Receiver, reply};
use super::trace::{Call, Disk, record};
use super::{UNDER_WAY, has, number, side_by_side};

/// A run that was recorded, on the disk with which it began.
struct Recorded {
    disk: Disk,
    calls: Vec<Call>,
}

impl Recorded {
    fn of(place: &Place) -> Result<Recorded, String> {
        let disk = Disk::of(place.path());
        let calls = record(place)?;
        Ok(Recorded { disk, calls })
    }

    /// A run from a drop folder, to a receiver that takes all: what was sent until a cut was taken then.
    fn whole(records: &Records, bug: Option<&'static str>) -> Result<Recorded, String> {
        let receiver = Receiver::start(Vec::new(), reply(200, ""));
        let place = Place::new(records, &hook("hook", &receiver.url("/")))
            .with(bug)
            .drop_folder(records);
        Recorded::of(&place)
    }

    fn begin<'r>(&self, records: &'r Records) -> Replay<'r> {
        Replay {
            records,
            disk: self.disk.clone(),
            sent: Vec::new(),
        }
    }

    /// As it was before the call at this place.
    fn until<'r>(&self, records: &'r Records, end: usize) -> Replay<'r> {
        let mut replay = self.begin(records);
        self.calls[..end]
            .iter()
            .for_each(|call| replay.follow(call));
        replay
    }

    /// As it was when the power went, after some call.
    fn cut<'r>(&self, records: &'r Records, random: &mut fastrand::Rng) -> Replay<'r> {
        let mut replay = self.begin(records);
        // Mostly where something is under way, for most of a run is not.
        let least = random.usize(0..self.calls.len());
        for (at, call) in self.calls.iter().enumerate() {
            replay.follow(call);
            if at >= least && (replay.disk.is_behind() || random.u8(0..20) == 0) {
                break;
            }
        }
        replay
    }
}

/// The disk at some moment of a recorded run, and the alerts that were sent until then.
struct Replay<'r> {
    records: &'r Records,
    disk: Disk,
    sent: Vec<Taken>,
}

impl Replay<'_> {
    fn follow(&mut self, call: &Call) {
        self.disk.follow(call);
        if let Call::Send(bytes) = call {
            self.sent.extend(self.records.named_in(bytes));
        }
    }
}

/// One recorded run, and some cuts of it.
pub(crate) fn trial(seed: u64, cuts: u64, bug: Option<&'static str>) -> Result<Seen, String> {
    let mut random = fastrand::Rng::with_seed(seed);
    let records = Records::of(7, 60);
    let recorded = Recorded::whole(&records, bug)?;
    let mut seen = Seen::default();
    for cut in 0..cuts {
        let Replay { disk, sent, .. } = recorded.cut(&records, &mut random);
        seen.add("unsynced change at a cut", usize::from(disk.is_behind()));
        let again = random.u8(0..4) == 0;
        let (copies, cuts) = after(&records, &disk, sent, &mut random, again, bug)
            .map_err(|why| format!("QUALWATCH_SEED={seed}, cut {cut}: {why}"))?;
        seen.add("cut", cuts);
        seen.add("copy", copies);
        seen.add("cut in a recovery", cuts - 1);
    }
    Ok(seen)
}

/// What comes of it when the program starts on what a cut left; how many copies came, and how often the
/// power went in all.
fn after(
    records: &Records,
    disk: &Disk,
    mut sent: Vec<Taken>,
    random: &mut fastrand::Rng,
    again: bool,
    bug: Option<&'static str>,
) -> Result<(usize, usize), String> {
    let (mut place, receiver) = start(bug);
    disk.cut(place.path(), random);
    if !again {
        return Ok((end(records, place, &receiver, sent, 1)?, 1));
    }
    let recorded = Recorded::of(&place).map_err(|why| place.keep(why))?;
    let Replay {
        disk, sent: more, ..
    } = recorded.cut(records, random);
    sent.extend(more);
    let (place, receiver) = start(bug);
    disk.cut(place.path(), random);
    Ok((end(records, place, &receiver, sent, 2)?, 2))
}

/// A place for what is left of a disk.
fn start(bug: Option<&'static str>) -> (Place, Receiver) {
    let receiver = Receiver::start(Vec::new(), reply(200, ""));
    let place = Place::empty(&hook("hook", &receiver.url("/")))
        .with(bug)
        .reading(&["--after", "move", "drop"]);
    (place, receiver)
}

/// Runs to the end on what was left, and holds all that was sent, before and now, against what must be.
fn end(
    records: &Records,
    mut place: Place,
    receiver: &Receiver,
    mut sent: Vec<Taken>,
    ends: usize,
) -> Result<usize, String> {
    let mut run = || {
        place.run().well()?;
        sent.extend(records.taken(receiver));
        let copies = records.conserved(&sent, ends)?;
        if copies > ends * UNDER_WAY {
            return Err(format!("copies: {copies} after {ends} cuts"));
        }
        let processed = place.path().join("drop/processed");
        let files = records.text.lines().count().div_ceil(9);
        // One may have come back, and be there twice.
        let gone = (0..files).find(|it| !processed.join(format!("{it:03}.ndjson")).is_file());
        if place.left() > 0 || gone.is_some() {
            let left = place.left();
            return Err(format!("lost file {gone:?} of {files}, and {left} stay"));
        }
        Ok(copies)
    };
    run().map_err(|why: String| place.keep(why))
}

/// A kill before each of the calls of a recorded run that change the disk, whichever thread makes it: what
/// was written is there, all of it.
pub(crate) fn each_kill(every: usize, bug: Option<&'static str>) -> Result<Seen, String> {
    let records = Records::of(7, 60);
    let recorded = Recorded::whole(&records, bug)?;
    let calls = recorded.calls.iter().enumerate();
    let durable = calls.filter(|(_, call)| every == 1 || !matches!(call, Call::Write { .. }));
    let kills: Vec<usize> = durable.map(|(at, _)| at).collect();
    let mut seen = Seen::default();
    for copies in side_by_side(2, kills, |at| {
        let Replay { disk, sent, .. } = recorded.until(&records, at);
        let (place, receiver) = start(bug);
        disk.kill(place.path());
        let copies = end(&records, place, &receiver, sent, 1);
        copies.map_err(|why| format!("before {}: {why}", recorded.calls[at]))
    }) {
        seen.add("kill", 1);
        seen.add("copy", copies?);
    }
    Ok(seen)
}

#[test]
fn a_power_cut_at_any_moment_loses_nothing() {
    if !has("strace") {
        return;
    }
    let (cuts, first) = (number("QUALWATCH_CUTS", 80), number("QUALWATCH_SEED", 1));
    let each = 20;
    let trials = (0..cuts.div_ceil(each)).map(|at| first + at).collect();
    let mut seen = Seen::default();
    for result in side_by_side(2, trials, |seed| trial(seed, each.min(cuts), None)) {
        seen.join(result.unwrap_or_else(|complaint| panic!("{complaint}")));
    }
    let all = [
        "unsynced change at a cut",
        "cut",
        "copy",
        "cut in a recovery",
    ];
    seen.must_have("power cuts", &all);
}

/// `QUALWATCH_EVERY=1`: before each write as well.
#[test]
fn a_kill_before_each_call_that_changes_the_disk_loses_nothing() {
    if !has("strace") {
        return;
    }
    let every = number("QUALWATCH_EVERY", 0) as usize;
    let seen = each_kill(every, None).unwrap_or_else(|why| panic!("{why}"));
    seen.must_have("kill before each call", &["kill", "copy"]);
}
