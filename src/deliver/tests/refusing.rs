//! An outbox that takes no outcome for a while, as one on a full disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;

use super::super::courier::{Courier, Next};
use super::super::gate::Policy;
use super::super::{MemoryOutbox, NewRow, Outbox, OutboxError, Row, RowId, Totals};
use super::{Hand, Longest, Scripted, row, told};
use crate::clock::Clock;
use crate::over_time::Remembered;
use crate::sink::{Gather, Sink};

type Done = Result<(), OutboxError>;

struct Refusing {
    inner: MemoryOutbox,
    refuses: AtomicBool,
}

impl Refusing {
    fn unless(&self, done: impl FnOnce(&MemoryOutbox) -> Done) -> Done {
        match self.refuses.load(Ordering::Relaxed) {
            true => Err(OutboxError::Failed("no space left".to_owned())),
            false => done(&self.inner),
        }
    }
}

impl Outbox for Refusing {
    fn keep(&self, rows: &[NewRow], documents: &[Remembered], now: Timestamp) -> Done {
        self.unless(|inner| inner.keep(rows, documents, now))
    }

    fn claim(
        &self,
        sink: &str,
        now: Timestamp,
        horizon: Timestamp,
        gather: Gather,
    ) -> Result<Vec<Row>, OutboxError> {
        self.inner.claim(sink, now, horizon, gather)
    }

    fn next_due(&self, sink: &str) -> Result<Option<Timestamp>, OutboxError> {
        self.inner.next_due(sink)
    }

    fn ack(&self, id: RowId) -> Done {
        self.unless(|inner| inner.ack(id))
    }

    fn stand(&self, id: RowId, next: Timestamp) -> Done {
        self.unless(|inner| inner.stand(id, next))
    }

    fn nack(&self, id: RowId, next: Timestamp, why: &str) -> Done {
        self.unless(|inner| inner.nack(id, next, why))
    }

    fn bury(&self, id: RowId, why: &str) -> Done {
        self.unless(|inner| inner.bury(id, why))
    }

    fn list(&self, sink: Option<&str>) -> Result<Vec<Row>, OutboxError> {
        self.inner.list(sink)
    }

    fn retry(&self, id: RowId, now: Timestamp) -> Result<bool, OutboxError> {
        self.inner.retry(id, now)
    }

    fn drop_row(&self, id: RowId) -> Result<bool, OutboxError> {
        self.inner.drop_row(id)
    }

    fn totals(&self, sink: &str) -> Result<Totals, OutboxError> {
        self.inner.totals(sink)
    }

    fn survives(&self) -> bool {
        false
    }
}

#[test]
fn nothing_more_is_sent_while_outcomes_cannot_be_written_down() {
    let (sink, _) = Scripted::new(Vec::new(), Gather::Any(2));
    let clock = Hand::new();
    let outbox = Arc::new(Refusing {
        inner: MemoryOutbox::new(1000, 1 << 20),
        refuses: AtomicBool::new(false),
    });
    let courier = Courier::new(
        "s".into(),
        Arc::clone(&sink) as Arc<dyn Sink>,
        Policy::default(),
        Arc::clone(&outbox) as Arc<dyn Outbox>,
        Arc::clone(&clock) as Arc<dyn Clock>,
        Box::new(Longest),
    );
    for rule in ["a", "b", "c", "d", "e"] {
        let new = row("s", &told(rule, "event", rule));
        outbox.enqueue(&[new], clock.now()).expect("room");
    }
    outbox.refuses.store(true, Ordering::Relaxed);
    for _ in 0..3 {
        assert!(courier.step(&mut |_| {}).is_err());
        assert_eq!(sink.sent().len(), 1);
    }
    outbox.refuses.store(false, Ordering::Relaxed);
    while courier.step(&mut |_| {}).expect("written") == Next::Again {}
    // Two, two and one, and none of them twice.
    assert_eq!(sink.sent().len(), 3);
    assert_eq!(outbox.totals("s").expect("totals"), Totals::default());
}
