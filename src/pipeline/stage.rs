//! What is told over time, of results that are back in the order of their input: one thread's work,
//! between the workers and whoever listens.
//!
//! It decides nothing itself: that is [`OverTime`]'s.

use std::time::Duration;

use crossbeam_channel::Sender;

use super::{Event, Judged};
use crate::alert::{State, Transition};
use crate::engine::Report;
use crate::over_time::OverTime;
use crate::stats::{Counts, Summary};
use crate::window::Arrival;

/// Wall time is looked at so often, for what nobody sends.
pub(super) const TICK: Duration = Duration::from_secs(1);

/// What is told over time, of results that are back in their order.
pub(super) struct Stage {
    over_time: OverTime,
    every_document: bool,
    /// whether samples that came too late were told
    late_told: bool,
    /// reports that nobody needs any more, for the workers
    spares: Sender<Vec<Report>>,
}

impl Stage {
    pub(super) fn new(
        over_time: OverTime,
        every_document: bool,
        spares: Sender<Vec<Report>>,
    ) -> Stage {
        Stage {
            over_time,
            every_document,
            late_told: false,
            spares,
        }
    }

    /// Decides what of each run of documents is told, and counts that and no more.
    pub(super) fn take(&mut self, several: &mut [Event]) {
        let mut spare = Vec::new();
        for event in several {
            self.take_one(event, &mut spare);
        }
        if !spare.is_empty() {
            // Where no worker waits for them they are memory and no more.
            let _ = self.spares.try_send(spare);
        }
    }

    fn take_one(&mut self, event: &mut Event, spare: &mut Vec<Report>) {
        let Event::Judged {
            rules,
            counts,
            documents,
            remembered,
            arrivals,
            ..
        } = event
        else {
            return;
        };
        let count = |counts: &mut Summary, severity| {
            counts.alerts.add(severity, 1);
        };
        counts.alerts = Counts::default();
        for judged in documents.iter_mut() {
            judged.told = self.over_time.take(&mut judged.report, rules);
            remembered.extend(self.over_time.take_remembered());
            match self.over_time.take_arrival() {
                Some(Arrival::Repeated) => arrivals.repeated += 1,
                Some(Arrival::Superseded) => arrivals.superseded += 1,
                _ => {}
            }
            for alert in &judged.report.alerts {
                count(counts, alert.severity);
            }
            let firing = |transition: &&Transition| transition.state == State::Firing;
            for transition in judged.told.transitions.iter().filter(firing) {
                count(counts, transition.severity);
            }
        }
        if self.every_document {
            return;
        }
        let late_told = &mut self.late_told;
        let quiet = |judged: &mut Judged| {
            let Judged { report, told, .. } = judged;
            // Of a feed that is not in order nearly each document is late: their number is told at the end.
            let late = told.late > 0 && !std::mem::replace(late_told, true);
            !report.has_something_to_say() && told.is_empty() && !late
        };
        let quiet = documents.extract_if(.., quiet);
        spare.extend(quiet.map(|judged| judged.report));
    }

    /// What wall time brought, if anything.
    pub(super) fn tick(&mut self) -> Option<Event> {
        let told = self.over_time.tick();
        (!told.is_empty()).then_some(Event::OverTime(told))
    }

    /// The end of everything.
    pub(super) fn end(&mut self) -> Event {
        let contents = self.over_time.shows().then(|| self.over_time.contents());
        Event::OverTimeEnd {
            told: self.over_time.finish(),
            counts: Box::new(self.over_time.counts()),
            contents: contents.unwrap_or_default(),
        }
    }
}
