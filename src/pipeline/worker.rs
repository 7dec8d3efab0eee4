//! One thread's buffers for judging, and what it works off with them.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::{Receiver, Sender};

use super::judge::{judge, judge_unframed};
use super::parcel::{Done, Parcel, Work, Workers};
use super::turns::{Turns, UNTOLD};
use super::{Event, Options};
use crate::engine::{Checker, Current, Engine, Report};
use crate::frame::Batch;
use crate::source::SourceName;

/// Works parcels off, by the newest engine there is.
pub(super) struct Worker {
    checker: Checker,
    /// whether reports bring what windows ask for
    contributes: bool,
    current: Arc<Current>,
    seen: u64,
    options: Options,
    done: Sender<Vec<Done>>,
    /// reports that nobody needs any more, as they come back
    spares: Receiver<Vec<Report>>,
    /// those that are here, to be used again
    spare: Vec<Report>,
}

impl Worker {
    pub(super) fn new(
        engine: &Arc<Engine>,
        contributes: bool,
        current: Arc<Current>,
        options: Options,
        done: Sender<Vec<Done>>,
        spares: Receiver<Vec<Report>>,
    ) -> Worker {
        Worker {
            checker: checker_of(engine, contributes),
            contributes,
            current,
            seen: 0,
            options,
            done,
            spares,
            spare: Vec::new(),
        }
    }

    /// Takes turns at reading, and judges what it has read itself. Several turns are told together, while
    /// there is more to read.
    pub(super) fn take_turns(mut self, turns: &Turns) {
        let mut untold = Vec::new();
        // Where nobody wants it, the next turn is refused.
        let done = self.done.clone();
        let tell = |untold: &mut Vec<Done>| {
            if !untold.is_empty() {
                let _ = done.send(std::mem::take(untold));
            }
        };
        loop {
            if !turns.has_ticket() {
                // Others may wait for what is told here before there is one.
                tell(&mut untold);
                if !turns.wait_for_ticket() {
                    return;
                }
            }
            let Some(turn) = turns.next(&self.options.pool, || tell(&mut untold)) else {
                break;
            };
            let Parcel { number, work } = turn.parcel;
            let events = work.into_iter().map(|work| self.event(work)).collect();
            untold.push(Done { number, events });
            if turn.at_once || untold.len() >= UNTOLD {
                tell(&mut untold);
            }
        }
        tell(&mut untold);
    }

    /// Judges what is in the parcel, and hands on what came of it; `Break` where nobody wants it.
    pub(super) fn work_off(&mut self, parcel: Parcel) -> ControlFlow<()> {
        let Parcel { number, work } = parcel;
        let events = work.into_iter().map(|work| self.event(work)).collect();
        // There is room for as many as have a ticket.
        match self.done.send(vec![Done { number, events }]) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }

    fn event(&mut self, work: Work) -> Event {
        let (source, batch) = match work {
            Work::Batch(source, batch) => (source, batch),
            Work::Event(event) => return *event,
        };
        self.get_ready();
        let (options, spare) = (&self.options, &mut self.spare);
        let event = judge(&mut self.checker, source, &batch, options, spare);
        self.options.pool.give(batch);
        event
    }

    fn unframed(&mut self, source: &Arc<SourceName>, batch: Batch) -> Result<Event, Batch> {
        self.get_ready();
        let (options, spare) = (&self.options, &mut self.spare);
        match judge_unframed(&mut self.checker, source, &batch, options, spare) {
            Some(event) => {
                self.options.pool.give(batch);
                Ok(event)
            }
            None => Err(batch),
        }
    }

    /// Takes the newest engine, and reports to be used again.
    fn get_ready(&mut self) {
        if let Some(engine) = self.current.newer(&mut self.seen) {
            self.checker = checker_of(&engine, self.contributes);
        }
        if self.spare.is_empty()
            && let Ok(more) = self.spares.try_recv()
        {
            self.spare = more;
        }
    }
}

/// The workers, as a thread sees them that reads: it is one of them. Several that read share that one.
pub(super) struct FromReader {
    /// what the others take from
    pub(super) others: Sender<Parcel>,
    pub(super) own: Arc<Mutex<Worker>>,
    pub(super) done: Sender<Vec<Done>>,
}

impl Workers for FromReader {
    fn are_busy(&self) -> bool {
        self.others.is_full()
    }

    fn give(&mut self, parcel: Parcel) {
        // Workers that are gone need nothing: nobody wants what would come of it.
        let _ = self.others.send(parcel);
    }

    fn work_off(&mut self, work: Work) -> Event {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        own.event(work)
    }

    fn work_off_unframed(
        &mut self,
        source: &Arc<SourceName>,
        batch: Batch,
    ) -> Result<Event, Batch> {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        own.unframed(source, batch)
    }

    fn done(&mut self, done: Done) {
        // As in `Worker::work_off`; where nobody wants it, the next that is read is refused.
        let _ = self.done.send(vec![done]);
    }
}

fn checker_of(engine: &Arc<Engine>, contributes: bool) -> Checker {
    match contributes {
        true => engine.checker().contributing(),
        false => engine.checker(),
    }
}
