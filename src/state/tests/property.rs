//! Rows and documents, held against their definition, wherever the process ends and the power goes.
//!
//! An end is a clean one, a kill, or a power cut in the midst of an act: then some of what the act wrote
//! is on the disk, sector by sector, and it must have happened wholly or not at all, outbox and documents
//! alike. That what was answered is on the disk is tried from outside, in `tests/faults`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::model::Model;
use super::{FILE, Hand, LetGo, State, clock, folder, later, open};
use crate::clock::Clock as _;
use crate::deliver::{NewRow, Outbox as _, OutboxError};
use crate::over_time::Remembered;
use crate::sink::Gather;

#[derive(Clone, Debug)]
enum Act {
    Put {
        sink: u8,
        event: u8,
        order: u8,
        call: Option<u8>,
        hold: u16,
        length: u8,
        document: Option<u8>,
    },
    Claim {
        sink: u8,
        gather: u8,
        horizon: u16,
    },
    Ack(usize),
    Stand(usize, u16),
    Nack(usize, u16),
    Bury(usize),
    Retry(usize),
    Drop(usize),
    LetGo(u8, u8, u8),
    Pass(u16),
    /// The clock is set, by so many hours.
    Jump(i16),
    End(End),
}

/// How the process ends; another one begins.
#[derive(Clone, Debug)]
enum End {
    Clean,
    Crash,
    /// in the midst of an act, and so much of what it wrote arrives
    PowerLoss(Box<Act>, Share, u64),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Share {
    Nothing,
    Some,
    Most,
    Everything,
}

/// What is asked of the folder.
fn asked() -> impl Strategy<Value = Act> {
    let some = 0usize..4;
    prop_oneof![
        6 => (0u8..2, 0u8..30, 0u8..3, prop::option::of(0u8..2), 0u16..300, 0u8..90, prop::option::of(any::<u8>())).prop_map(
            |(sink, event, order, call, hold, length, document)| {
                Act::Put { sink, event, order, call, hold, length, document }
            }
        ),
        6 => (0u8..2, 0u8..3, 100u16..2000)
            .prop_map(|(sink, gather, horizon)| Act::Claim { sink, gather, horizon }),
        2 => some.clone().prop_map(Act::Ack),
        2 => (some.clone(), 0u16..3000).prop_map(|(at, next)| Act::Stand(at, next)),
        2 => (some.clone(), 0u16..3000).prop_map(|(at, next)| Act::Nack(at, next)),
        1 => some.clone().prop_map(Act::Bury),
        1 => (0usize..12).prop_map(Act::Retry),
        1 => (0usize..12).prop_map(Act::Drop),
        1 => (0u8..20, 0u8..20, 1u8..8).prop_map(|(samples, before, most)| Act::LetGo(samples, before, most)),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let share = prop_oneof![
        Just(Share::Nothing),
        Just(Share::Some),
        Just(Share::Most),
        Just(Share::Everything)
    ];
    prop_oneof![
        24 => asked(),
        3 => (0u16..1000).prop_map(Act::Pass),
        1 => (-1000i16..1000).prop_map(Act::Jump),
        2 => Just(Act::End(End::Clean)),
        2 => Just(Act::End(End::Crash)),
        4 => (asked(), share, any::<u64>())
            .prop_map(|(act, share, seed)| Act::End(End::PowerLoss(Box::new(act), share, seed))),
    ]
}

type Tried = Result<(), TestCaseError>;

/// Does it, with the folder and by the definition.
fn apply(act: &Act, outbox: &State, model: &mut Model, clock: &Hand) -> Tried {
    let now = clock.now();
    let claimed = |model: &Model, at: usize| {
        let count = model.claimed.len();
        (count > 0).then(|| *model.claimed.iter().nth(at % count).expect("one"))
    };
    let any = |model: &Model, at: usize| model.rows.get(at).map(|row| row.id);
    match *act {
        Act::Put {
            sink,
            event,
            order,
            call,
            hold,
            length,
            document,
        } => {
            let new = NewRow {
                sink: format!("s{sink}").into(),
                event: format!("e{event}").into(),
                call: call.map(|call| format!("c{call}").into()),
                order: format!("o{order}").into(),
                payload: "ä".repeat(usize::from(length) / 2).into(),
                due: later(now, hold),
            };
            let document = document.map(|number| Remembered {
                wall: now.as_second(),
                body: vec![number],
                samples: Some(vec![number; usize::from(number)]),
            });
            let documents: Vec<Remembered> = document.into_iter().collect();
            let got = outbox.keep(std::slice::from_ref(&new), &documents, now);
            let room = model.put(&new, now);
            if room {
                model.documents.extend(documents);
            }
            prop_assert_eq!(matches!(got, Err(OutboxError::Full)), !room);
            prop_assert!(room == got.is_ok());
        }
        Act::Claim {
            sink,
            gather,
            horizon,
        } => {
            let sink = format!("s{sink}");
            let gather = [Gather::One, Gather::Call, Gather::Any(2)][usize::from(gather)];
            let horizon = later(now, horizon);
            let got = outbox.claim(&sink, now, horizon, gather).expect("rows");
            prop_assert_eq!(got, model.claim(&sink, now, horizon, gather));
        }
        Act::Ack(at) => {
            if let Some(id) = claimed(model, at) {
                outbox.ack(id).expect("written");
                model.deliver(id, now);
                model.remove(id);
            }
        }
        Act::Stand(at, next) => {
            if let Some(id) = claimed(model, at) {
                outbox.stand(id, later(now, next)).expect("written");
                model.deliver(id, now);
                if model.followed(id) {
                    model.remove(id);
                } else if let Some(row) = model.row(id) {
                    (row.standing, row.due) = (true, later(now, next));
                    (row.attempts, row.last) = (0, None);
                    model.claimed.remove(&id);
                }
            }
        }
        Act::Nack(at, next) => {
            if let Some(id) = claimed(model, at) {
                outbox.nack(id, later(now, next), "503").expect("written");
                let standing = model.row(id).is_some_and(|row| row.standing);
                if standing && model.followed(id) {
                    model.remove(id);
                } else if let Some(row) = model.row(id) {
                    row.attempts += 1;
                    (row.due, row.last) = (later(now, next), Some("503".to_owned()));
                    model.claimed.remove(&id);
                }
            }
        }
        Act::Bury(at) => {
            if let Some(id) = claimed(model, at) {
                outbox.bury(id, "400").expect("written");
                if let Some(row) = model.row(id) {
                    row.attempts += 1;
                    (row.dead, row.standing) = (true, false);
                    row.last = Some("400".to_owned());
                    model.claimed.remove(&id);
                }
            }
        }
        Act::Retry(at) => {
            if let Some(id) = any(model, at) {
                prop_assert!(outbox.retry(id, now).expect("written"));
                let sending = model.claimed.contains(&id);
                if let Some(row) = model.row(id).filter(|row| row.dead || !sending) {
                    (row.dead, row.due, row.queued, row.attempts) = (false, now, now, 0);
                }
            }
        }
        Act::Drop(at) => {
            if let Some(id) = any(model, at) {
                prop_assert!(outbox.drop_row(id).expect("written"));
                model.remove(id);
                prop_assert!(!outbox.drop_row(id).expect("written"));
            }
        }
        Act::LetGo(samples, before, most) => {
            let ago = |seconds: u8| now.as_second() - i64::from(seconds);
            let what = LetGo {
                samples_before: ago(samples),
                before: ago(before),
                most: most.into(),
            };
            let went = outbox.let_go(what).expect("written");
            prop_assert_eq!(went as usize, model.let_go(what));
        }
        Act::Pass(millis) => clock.set(later(now, millis)),
        Act::Jump(hours) => {
            let hours = jiff::Span::new().hours(i64::from(hours));
            let then = now.checked_add(hours).expect("a time");
            clock.set(then);
            if then < now {
                model.wake(then);
            }
        }
        Act::End(_) => unreachable!("not within another"),
    }
    Ok(())
}

fn documents(state: &State) -> Vec<Remembered> {
    let mut all = Vec::new();
    state
        .documents(|document| all.push(document))
        .expect("rows");
    all
}

fn is_as(state: &State, model: &Model) -> bool {
    state.list(None).expect("rows") == model.rows && documents(state) == model.documents
}

/// What is in the files now; the index beside the log is made anew by whoever opens them.
type Image = BTreeMap<String, Vec<u8>>;

fn image(folder: &Path) -> Image {
    let names = [FILE.to_owned(), format!("{FILE}-wal")];
    let read = |name: String| Some((fs::read(folder.join(&name)).ok()?, name));
    let files = names.into_iter().filter_map(read);
    files.map(|(bytes, name)| (name, bytes)).collect()
}

fn put_down(image: &Image) -> tempfile::TempDir {
    let folder = folder();
    for (name, bytes) in image {
        fs::write(folder.path().join(name), bytes).expect("written");
    }
    folder
}

/// The files after some of the sectors arrived that tell them from what they were.
fn cut(before: &Image, after: &Image, share: Share, seed: u64) -> Image {
    const SECTOR: usize = 512;
    let mut random = fastrand::Rng::with_seed(seed);
    let mut mixed = before.clone();
    for (name, after) in after {
        let bytes = mixed.entry(name.clone()).or_default();
        for (at, new) in after.chunks(SECTOR).enumerate() {
            let from = at * SECTOR;
            let arrives = match share {
                Share::Nothing => false,
                Share::Some => random.bool(),
                Share::Most => random.u8(0..10) > 0,
                Share::Everything => true,
            };
            if arrives && bytes.get(from..from + new.len()) != Some(new) {
                bytes.resize(bytes.len().max(from + new.len()), 0);
                bytes[from..from + new.len()].copy_from_slice(new);
            }
        }
    }
    mixed
}

/// Cases; a run by hand may ask for more.
fn cases() -> u32 {
    std::env::var("QUALWATCH_CASES").map_or(200, |cases| cases.parse().expect("a number"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    /// Whatever is asked, and however the process ends: rows and documents are those of the definition.
    #[test]
    fn rows_are_those_of_the_definition(acts in prop::collection::vec(act(), 0..60)) {
        let (mut place, clock) = (folder(), clock());
        let mut state = open(place.path(), &clock);
        let mut model = Model::default();
        for act in acts {
            match &act {
                Act::End(End::Clean) => {
                    drop(state);
                    state = open(place.path(), &clock);
                    model.restart(clock.now());
                }
                Act::End(End::Crash) => {
                    let next = put_down(&image(place.path()));
                    drop(state);
                    state = open(next.path(), &clock);
                    place = next;
                    model.restart(clock.now());
                }
                Act::End(End::PowerLoss(within, share, seed)) => {
                    let (before, mut then) = (image(place.path()), model.clone());
                    apply(within, &state, &mut then, &clock)?;
                    let after = image(place.path());
                    drop(state);
                    // Moved into the database itself, the log is another matter, and its order too.
                    prop_assert_eq!(&before[FILE], &after[FILE]);
                    let next = put_down(&cut(&before, &after, *share, *seed));
                    state = open(next.path(), &clock);
                    place = next;
                    then.restart(clock.now());
                    model.restart(clock.now());
                    let happened = is_as(&state, &then);
                    prop_assert!(happened || is_as(&state, &model), "half of it: {:?}", act);
                    prop_assert!(happened || *share != Share::Everything, "gone: {:?}", act);
                    // What left no trace may be a delivery that is remembered.
                    let same = then.rows == model.rows && then.documents == model.documents;
                    if happened && !(same && *share == Share::Nothing) {
                        model = then;
                    }
                }
                plain => apply(plain, &state, &mut model, &clock)?,
            }
            prop_assert_eq!(state.list(None).expect("rows"), model.rows.clone(), "{:?}", act);
            prop_assert_eq!(documents(&state), model.documents.clone(), "{:?}", act);
            for sink in ["s0", "s1"] {
                prop_assert_eq!(state.totals(sink).expect("totals"), model.totals(sink));
                let due = model.free(sink).first().map(|row| row.due);
                prop_assert_eq!(state.next_due(sink).expect("a time"), due);
            }
        }
    }
}
