//! What the folder promises: rows by a definition, after any end of the process, for one process
//! at a time. Kills are tried on the whole program.

mod model;

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;

use self::model::Model;
use super::{FILE, LetGo, Room, State, StateError};
use crate::clock::Clock;
use crate::deliver::{NewRow, Outbox, OutboxError};
use crate::over_time::Remembered;
use crate::sink::Gather;

/// A clock that is set by hand.
#[derive(Debug)]
struct Hand(Mutex<Timestamp>);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        *self.0.lock().expect("held")
    }
}

fn clock() -> Arc<Hand> {
    let begin = "2026-01-13T09:00:00Z".parse().expect("a time");
    Arc::new(Hand(Mutex::new(begin)))
}

const ROOM: Room = Room {
    rows: 12,
    bytes: 400,
};

fn open(folder: &Path, clock: &Arc<Hand>) -> State {
    let clock: Arc<dyn Clock> = clock.clone();
    State::open(folder, ROOM, clock).expect("a state folder")
}

/// A folder in memory where there is one: a property commits thousands of times.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    match memory.is_dir() {
        true => tempfile::tempdir_in(memory).expect("a folder"),
        false => tempfile::tempdir().expect("a folder"),
    }
}

#[derive(Clone, Debug)]
enum Act {
    Put {
        sink: u8,
        event: u8,
        order: u8,
        call: Option<u8>,
        hold: u16,
        length: u8,
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
    Pass(u16),
    /// The process ends, and another one begins.
    Anew,
}

fn act() -> impl Strategy<Value = Act> {
    let some = 0usize..4;
    prop_oneof![
        6 => (0u8..2, 0u8..30, 0u8..3, prop::option::of(0u8..2), 0u16..300, 0u8..90).prop_map(
            |(sink, event, order, call, hold, length)| Act::Put { sink, event, order, call, hold, length }
        ),
        6 => (0u8..2, 0u8..3, 100u16..2000)
            .prop_map(|(sink, gather, horizon)| Act::Claim { sink, gather, horizon }),
        2 => some.clone().prop_map(Act::Ack),
        2 => (some.clone(), 0u16..3000).prop_map(|(at, next)| Act::Stand(at, next)),
        2 => (some.clone(), 0u16..3000).prop_map(|(at, next)| Act::Nack(at, next)),
        1 => some.clone().prop_map(Act::Bury),
        1 => (0usize..12).prop_map(Act::Retry),
        1 => (0usize..12).prop_map(Act::Drop),
        3 => (0u16..1000).prop_map(Act::Pass),
        1 => Just(Act::Anew),
    ]
}

fn later(time: Timestamp, millis: u16) -> Timestamp {
    time + Duration::from_millis(millis.into())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Whatever is asked, and wherever the process ends: the rows are those of the definition.
    #[test]
    fn rows_are_those_of_the_definition(acts in prop::collection::vec(act(), 0..60)) {
        let (folder, clock) = (folder(), clock());
        let mut state = Some(open(folder.path(), &clock));
        let mut model = Model::default();
        for act in acts {
            let outbox = state.as_ref().expect("open");
            let now = clock.now();
            let claimed = |model: &Model, at: usize| {
                let count = model.claimed.len();
                (count > 0).then(|| *model.claimed.iter().nth(at % count).expect("one"))
            };
            let any = |model: &Model, at: usize| model.rows.get(at).map(|row| row.id);
            match act.clone() {
                Act::Put { sink, event, order, call, hold, length } => {
                    let new = NewRow {
                        sink: format!("s{sink}").into(),
                        event: format!("e{event}").into(),
                        call: call.map(|call| format!("c{call}").into()),
                        order: format!("o{order}").into(),
                        payload: "ä".repeat(usize::from(length) / 2).into(),
                        due: later(now, hold),
                    };
                    let got = outbox.enqueue(std::slice::from_ref(&new), now);
                    let room = model.put(&new, now);
                    prop_assert_eq!(matches!(got, Err(OutboxError::Full)), !room);
                    prop_assert!(room == got.is_ok());
                }
                Act::Claim { sink, gather, horizon } => {
                    let sink = format!("s{sink}");
                    let gather = [Gather::One, Gather::Call, Gather::Any(2)][usize::from(gather)];
                    let horizon = later(now, horizon);
                    let got = outbox.claim(&sink, now, horizon, gather).expect("rows");
                    prop_assert_eq!(got, model.claim(&sink, now, horizon, gather));
                }
                Act::Ack(at) => if let Some(id) = claimed(&model, at) {
                    outbox.ack(id).expect("written");
                    model.deliver(id);
                    model.remove(id);
                },
                Act::Stand(at, next) => if let Some(id) = claimed(&model, at) {
                    outbox.stand(id, later(now, next)).expect("written");
                    model.deliver(id);
                    if model.followed(id) {
                        model.remove(id);
                    } else if let Some(row) = model.row(id) {
                        (row.standing, row.due) = (true, later(now, next));
                        (row.attempts, row.last) = (0, None);
                        model.claimed.remove(&id);
                    }
                },
                Act::Nack(at, next) => if let Some(id) = claimed(&model, at) {
                    outbox.nack(id, later(now, next), "503").expect("written");
                    let standing = model.row(id).is_some_and(|row| row.standing);
                    if standing && model.followed(id) {
                        model.remove(id);
                    } else if let Some(row) = model.row(id) {
                        row.attempts += 1;
                        (row.due, row.last) = (later(now, next), Some("503".to_owned()));
                        model.claimed.remove(&id);
                    }
                },
                Act::Bury(at) => if let Some(id) = claimed(&model, at) {
                    outbox.bury(id, "400").expect("written");
                    if let Some(row) = model.row(id) {
                        row.attempts += 1;
                        (row.dead, row.standing) = (true, false);
                        row.last = Some("400".to_owned());
                        model.claimed.remove(&id);
                    }
                },
                Act::Retry(at) => if let Some(id) = any(&model, at) {
                    prop_assert!(outbox.retry(id, now).expect("written"));
                    let sending = model.claimed.contains(&id);
                    if let Some(row) = model.row(id).filter(|row| row.dead || !sending) {
                        (row.dead, row.due, row.queued, row.attempts) = (false, now, now, 0);
                    }
                },
                Act::Drop(at) => if let Some(id) = any(&model, at) {
                    prop_assert!(outbox.drop_row(id).expect("written"));
                    model.remove(id);
                    prop_assert!(!outbox.drop_row(id).expect("written"));
                },
                Act::Pass(millis) => *clock.0.lock().expect("held") = later(now, millis),
                Act::Anew => {
                    drop(state.take());
                    state = Some(open(folder.path(), &clock));
                    model.claimed.clear();
                }
            }
            let outbox = state.as_ref().expect("open");
            prop_assert_eq!(outbox.list(None).expect("rows"), model.rows.clone(), "{:?}", act);
            for sink in ["s0", "s1"] {
                prop_assert_eq!(outbox.totals(sink).expect("totals"), model.totals(sink));
                let due = model.free(sink).first().map(|row| row.due);
                prop_assert_eq!(outbox.next_due(sink).expect("a time"), due);
            }
        }
    }
}

fn row(event: &str) -> NewRow {
    NewRow {
        sink: "s".into(),
        event: event.into(),
        call: None,
        order: event.into(),
        payload: "{}".into(),
        due: Timestamp::UNIX_EPOCH,
    }
}

#[test]
fn a_folder_has_one_owner_and_any_number_of_visitors() {
    let (folder, clock) = (folder(), clock());
    let visit = || State::visit(folder.path(), clock.clone());
    assert!(matches!(visit(), Err(StateError::Nothing(_))));
    let owner = open(folder.path(), &clock);
    owner
        .enqueue(&[row("a"), row("b")], clock.now())
        .expect("room");
    let second = State::open(folder.path(), ROOM, clock.clone());
    assert!(matches!(second, Err(StateError::Taken(_))));
    let visitor = visit().expect("a look");
    let rows = visitor.list(None).expect("rows");
    assert_eq!(rows.len(), 2);
    assert!(visitor.drop_row(rows[0].id).expect("written"));
    assert_eq!(owner.list(None).expect("rows").len(), 1);
    // The room that a visitor made is there at once.
    let many: Vec<NewRow> = (0..11).map(|at| row(&format!("n{at}"))).collect();
    owner.enqueue(&many, clock.now()).expect("room for twelve");
    drop(owner);
    open(folder.path(), &clock);
}

#[test]
fn what_a_sink_has_is_not_told_again_until_it_is_forgotten() {
    let (folder, clock) = (folder(), clock());
    let tell = |state: &State| {
        state
            .enqueue(&[row("a"), row("a")], clock.now())
            .expect("room");
        let horizon = later(clock.now(), 1000);
        let rows = state
            .claim("s", clock.now(), horizon, Gather::One)
            .expect("rows");
        rows.iter()
            .for_each(|row| state.ack(row.id).expect("written"));
        rows.len()
    };
    let state = open(folder.path(), &clock);
    assert_eq!((tell(&state), tell(&state)), (1, 0));
    drop(state);
    let state = open(folder.path(), &clock);
    assert_eq!(tell(&state), 0);
    let holdings = state.holdings().expect("counts");
    assert_eq!((holdings.delivered, holdings.since), (1, Some(clock.now())));
    assert_eq!(state.prune(clock.now()).expect("written"), 0);
    assert_eq!(state.prune(later(clock.now(), 1)).expect("written"), 1);
    assert_eq!(tell(&state), 1);
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let (outer, clock) = (folder(), clock());
    let folder = outer.path().join("deep/state");
    let state = open(&folder, &clock);
    state.enqueue(&[row("a")], clock.now()).expect("room");
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for entry in fs::read_dir(&folder).expect("a folder") {
        let path = entry.expect("a file").path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn what_is_no_state_of_ours_is_refused_and_left_as_it_is() {
    let (folder, clock) = (folder(), clock());
    let path = folder.path().join(FILE);
    let refused = |want: &str| {
        let before = fs::read(&path).expect("a file");
        let error = State::open(folder.path(), ROOM, clock.clone()).expect_err("a refusal");
        let error = error.to_string();
        assert!(error.contains(want), "{error}");
        assert_eq!(fs::read(&path).expect("a file"), before, "{want}");
    };
    fs::write(
        &path,
        "no database at all, whatever its name says".repeat(40),
    )
    .expect("written");
    refused("damaged");
    fs::remove_file(&path).expect("removed");
    let other = rusqlite::Connection::open(&path).expect("a database");
    other
        .execute_batch("CREATE TABLE a (b); PRAGMA user_version = 3")
        .expect("a table");
    drop(other);
    refused("no state of qualwatch's");
    fs::remove_file(&path).expect("removed");
    drop(open(folder.path(), &clock));
    let newer = rusqlite::Connection::open(&path).expect("a database");
    newer
        .execute_batch("PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)")
        .expect("set");
    drop(newer);
    refused("format 99");
}

#[test]
fn a_question_that_fails_spoils_no_other() {
    let (folder, clock) = (folder(), clock());
    let state = open(folder.path(), &clock);
    let failed = state.writer.ask(|book, connection| {
        super::outbox::enqueue(book, connection, &[row("half")], Timestamp::UNIX_EPOCH)?;
        connection.execute("INSERT INTO nowhere VALUES (1)", [])
    });
    assert!(failed.is_err());
    state.enqueue(&[row("whole")], clock.now()).expect("room");
    let rows = state.list(None).expect("rows");
    assert_eq!(rows.len(), 1);
    assert_eq!(&*rows[0].new.event, "whole");
}

#[test]
fn documents_come_back_in_their_order_and_the_old_ones_go() {
    let (folder, clock) = (folder(), clock());
    let document = |number: u8| Remembered {
        wall: i64::from(number) * 10,
        body: vec![number],
        samples: Some(vec![number; 3]),
    };
    let state = open(folder.path(), &clock);
    let five: Vec<Remembered> = (1..=5).map(document).collect();
    state
        .keep(&[row("a")], &five[..2], clock.now())
        .expect("room");
    state.keep(&[], &five[2..], clock.now()).expect("room");
    drop(state);
    let state = open(folder.path(), &clock);
    let read = |state: &State| {
        let mut all = Vec::new();
        state
            .documents(|document| all.push(document))
            .expect("rows");
        all
    };
    assert_eq!(read(&state), five);
    let what = LetGo {
        samples_before: 40,
        before: 20,
        most: 3,
    };
    assert_eq!(state.let_go(what).expect("written"), 2);
    let mut want = five[2..].to_vec();
    want[0].samples = None;
    assert_eq!(read(&state), want);
    // With an outbox that has no room nothing is remembered either.
    let many: Vec<NewRow> = (0..20).map(|at| row(&format!("n{at}"))).collect();
    assert!(matches!(
        state.keep(&many, &five, clock.now()),
        Err(OutboxError::Full)
    ));
    assert_eq!(read(&state), want);
}
