//! What was worked off, in the order in which it was taken in: one thread's work.

use std::collections::BTreeMap;

use crossbeam_channel::{Receiver, Sender, never, select, tick};

use super::Event;
use super::parcel::{Done, Gate};
use super::stage::{Stage, TICK};

/// Puts results back into the order of their numbers.
pub(super) fn collect(
    gate: &Gate,
    stop: &Receiver<()>,
    over: &Receiver<()>,
    done: &Receiver<Vec<Done>>,
    tickets: &Receiver<()>,
    events: &Sender<Vec<Event>>,
    stage: &mut Option<Stage>,
) {
    let ticks = stage.as_ref().map_or_else(never, |_| tick(TICK));
    let mut waiting: BTreeMap<u64, Vec<Event>> = BTreeMap::new();
    let mut next = 0u64;
    // Once the gate is closed its number is final, and nobody needs to tell us again.
    let (mut stop, mut over) = (stop.clone(), over.clone());
    loop {
        let (closed, taken) = gate.state();
        if closed && next == taken {
            return;
        }
        select! {
            recv(done) -> result => {
                let Ok(results) = result else { return };
                waiting.extend(results.into_iter().map(|it| (it.number, it.events)));
                let mut told = Vec::new();
                while let Some(mut several) = waiting.remove(&next) {
                    next += 1;
                    let _ = tickets.try_recv();
                    if let Some(stage) = stage {
                        stage.take(&mut several);
                    }
                    match told.is_empty() {
                        true => told = several,
                        false => told.append(&mut several),
                    }
                }
                // Nobody listens: stop taking in, and finish what is in flight.
                if !told.is_empty() && events.send(told).is_err() {
                    gate.close();
                }
            }
            recv(stop) -> _ => {
                gate.close();
                stop = never();
            }
            recv(over) -> _ => over = never(),
            recv(ticks) -> _ => {
                if let Some(event) = stage.as_mut().and_then(Stage::tick)
                    && events.send(vec![event]).is_err()
                {
                    gate.close();
                }
            }
        }
    }
}
