//! What does the state folder cost, and how long does a start with a long queue take?
//!
//! `cargo bench --bench state`; with `-- --test` with a hundredth of the rows, for the answers alone. The
//! folder is made in the current one, so on the disk that is to be measured.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use qualwatch::clock::SystemClock;
use qualwatch::deliver::{NewRow, Outbox as _};
use qualwatch::sink::Gather;
use qualwatch::state::{Room, State};

/// As many documents share a commit as the program shows between two.
const TOGETHER: usize = 256;
/// Bytes of a document, on average, and one in a hundred alerts.
const INPUT: f64 = 24_000.0 * 100.0;
const ROOM: Room = Room {
    rows: 10_000_000,
    bytes: 1 << 40,
};

fn row(number: usize) -> NewRow {
    let call = format!("{number:08x}-9d2c-4f3a-8d1b-{number:012x}");
    NewRow {
        sink: "hook".into(),
        event: format!("{number:064x}").into(),
        call: Some(call.as_str().into()),
        order: format!("poor-audio {call}").into(),
        // About what the alert of two streams is.
        payload: "x".repeat(2_400).into(),
        due: Timestamp::UNIX_EPOCH,
    }
}

fn main() {
    let few = std::env::args().any(|arg| arg == "--test");
    let many = if few { 1_000 } else { 100_000 };
    let folder = tempfile::tempdir_in(".").expect("a folder");
    let path = folder.path().join("state");
    let open = || State::open(&path, ROOM, Arc::new(SystemClock)).expect("a state folder");
    let now = Timestamp::now();
    let mut out = std::io::stdout().lock();

    let state = open();
    let rows: Vec<NewRow> = (0..many).map(row).collect();
    let begun = Instant::now();
    for some in rows.chunks(TOGETHER) {
        state.enqueue(some, now).expect("room");
    }
    let each = begun.elapsed().as_secs_f64() * 1e9 / many as f64;
    let _ = writeln!(
        out,
        "{:.1} µs an alert, {TOGETHER} in a commit: {:.3} ns a byte of input, one document of 24 kB in a hundred alerting",
        each / 1e3,
        each / INPUT,
    );
    let single = 200.min(many);
    let begun = Instant::now();
    for number in 0..single {
        state.enqueue(&[row(many + number)], now).expect("room");
    }
    let each = begun.elapsed().as_secs_f64() * 1e3 / single as f64;
    let _ = writeln!(out, "{each:.2} ms an alert that comes alone");
    let rows = many + single;
    drop(state);

    let begun = Instant::now();
    let state = open();
    let first = state
        .claim("hook", now, Timestamp::MAX, Gather::Call)
        .expect("rows");
    let spent = begun.elapsed().as_secs_f64();
    assert_eq!(first.len(), 1);
    let waiting = state.totals("hook").expect("totals").waiting;
    assert_eq!(waiting, rows as u64);
    let _ = writeln!(
        out,
        "a start with {rows} rows: {spent:.2} s to the first that is sent"
    );
    assert!(spent < 5.0, "a start takes five seconds or more");

    let begun = Instant::now();
    let mut sent = 0;
    while sent < single {
        for row in state
            .claim("hook", now, Timestamp::MAX, Gather::One)
            .expect("rows")
        {
            state.ack(row.id).expect("written");
            sent += 1;
        }
    }
    let each = begun.elapsed().as_secs_f64() * 1e3 / sent as f64;
    let _ = writeln!(out, "{each:.2} ms a delivery by one thread");
}
