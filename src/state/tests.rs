//! What the folder promises: rows by a definition, after any end of the process, for one process
//! at a time. Kills are tried on the whole program.

mod model;
mod property;

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;

use super::{FILE, LOCK, LetGo, REMEMBERED, Room, State, StateError};
use crate::clock::Clock;
use crate::deliver::{NewRow, Outbox, OutboxError};
use crate::over_time::Remembered;
use crate::sink::Gather;

/// A clock that is set by hand.
#[derive(Debug)]
struct Hand(Mutex<Timestamp>);

impl Hand {
    fn set(&self, time: Timestamp) {
        *self.0.lock().expect("held") = time;
    }
}

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

fn later(time: Timestamp, millis: u16) -> Timestamp {
    time + Duration::from_millis(millis.into())
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
fn after_an_end_that_was_none_all_of_it_is_looked_through() {
    let (folder, clock) = (folder(), clock());
    let state = open(folder.path(), &clock);
    let mark = || fs::read(folder.path().join(LOCK)).expect("a lock").len();
    assert_eq!(mark(), 1);
    drop(state);
    assert_eq!(mark(), 0);
    // An index that a start does not read.
    let path = folder.path().join(FILE);
    let database = rusqlite::Connection::open(&path).expect("a database");
    let index = "SELECT rootpage FROM sqlite_schema WHERE name = 'outbox_state'";
    let page: i64 = database
        .query_row(index, [], |row| row.get(0))
        .expect("an index");
    drop(database);
    let mut bytes = fs::read(&path).expect("a file");
    bytes[(page as usize - 1) * 16_384..][..64].fill(0xff);
    fs::write(&path, bytes).expect("written");
    drop(open(folder.path(), &clock));
    fs::write(folder.path().join(LOCK), "x").expect("written");
    let refused = State::open(folder.path(), ROOM, clock.clone());
    assert!(
        matches!(refused, Err(StateError::Damaged { .. })),
        "{refused:?}"
    );
    // Nothing was mended, and so it is refused again.
    assert_eq!(mark(), 1);
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
