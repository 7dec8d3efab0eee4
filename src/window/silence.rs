//! Silence: nothing came for too long, by wall time, at an hour at which something should have.
//!
//! A key is silent when nothing came for the floor, and longer than at the same hours of earlier
//! weeks: if nothing came in these hours a week ago either, it is night or weekend. Without a
//! whole week of history that cannot be known, and the floor alone decides.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::report::{By, Change, ChangeState};

const HOUR: u32 = 3600;
const WEEK: u32 = 168;
/// So many weeks are looked at.
const WEEKS: u32 = 4;

/// One rule about silence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SilenceSpec {
    /// number of the rule, as changes have it
    pub rule: u16,
    /// its name
    pub name: Arc<str>,
    /// seconds of silence that are always allowed
    pub floor: u32,
}

/// One key's arrivals: the hours, since 1970, in which something came.
#[derive(Clone, Debug, Default)]
struct Heard {
    first: u32,
    last: u32,
    hours: std::collections::BTreeSet<u32>,
    firing: bool,
    /// It may have been told as silent before a restart.
    unsure: bool,
}

/// The arrivals of every key of one rule.
#[derive(Clone, Debug)]
pub struct Silence {
    spec: SilenceSpec,
    keys: BTreeMap<Arc<str>, Heard>,
    most: usize,
    /// Keys that were not taken at the limit.
    pub refused: u64,
}

impl Silence {
    /// Nothing heard yet; of `most` keys at most.
    pub fn new(spec: SilenceSpec, most: usize) -> Silence {
        Silence {
            spec,
            keys: BTreeMap::new(),
            most,
            refused: 0,
        }
    }

    /// Starts to listen for a key, which may stay silent from the first.
    pub fn expect(&mut self, key: &str, wall: u32) {
        if !self.keys.contains_key(key) {
            let heard = Heard {
                first: wall,
                last: wall,
                ..Heard::default()
            };
            self.keys.insert(key.into(), heard);
        }
    }

    /// Something came; a key that was silent is so no more.
    pub fn hear(&mut self, key: &str, wall: u32) -> Option<Change> {
        if !self.keys.contains_key(key) && self.keys.len() >= self.most {
            self.refused += 1;
            return None;
        }
        self.expect(key, wall);
        let heard = self.keys.get_mut(key)?;
        heard.last = heard.last.max(wall);
        heard.first = heard.first.min(wall);
        let hour = wall / HOUR;
        if heard.hours.insert(hour) {
            let oldest = hour.saturating_sub(WEEK * WEEKS + WEEK);
            heard.hours = heard.hours.split_off(&oldest);
        }
        let ended = std::mem::take(&mut heard.firing) | std::mem::take(&mut heard.unsure);
        ended.then(|| self.change(key.into(), ChangeState::Resolved, wall, wall))
    }

    /// Goes on after a time in which nobody listened: that was no silence. What was silent before
    /// may have been told, and is said to be over when it is heard again.
    pub fn resume(&mut self, wall: u32) {
        for heard in self.keys.values_mut() {
            heard.unsure |= wall.saturating_sub(heard.last) >= self.spec.floor;
            heard.last = heard.last.max(wall);
        }
    }

    /// What is silent at this time.
    pub fn tick(&mut self, wall: u32) -> Vec<Change> {
        let floor = self.spec.floor;
        let mut silent = Vec::new();
        for (key, heard) in &mut self.keys {
            let due = wall.saturating_sub(heard.last) >= floor;
            if due && !heard.firing && heard.is_unusual(wall) {
                (heard.firing, heard.unsure) = (true, false);
                silent.push((key.clone(), heard.last));
            }
        }
        silent
            .into_iter()
            .map(|(key, last)| self.change(key, ChangeState::Firing, wall, last))
            .collect()
    }

    fn change(&self, key: Arc<str>, state: ChangeState, at: u32, since: u32) -> Change {
        let name = self.spec.name.clone();
        let mut change = Change::new(By::Window(self.spec.rule), name, key, state, at);
        (change.since, change.wall) = (since, true);
        change
    }
}

impl Heard {
    /// Whether something came in an earlier week, in the hours that are silent now.
    fn is_unusual(&self, wall: u32) -> bool {
        let weeks = (wall.saturating_sub(self.first) / HOUR / WEEK).min(WEEKS);
        if weeks == 0 {
            return true;
        }
        let (from, to) = (self.last / HOUR + 1, wall / HOUR);
        (1..=weeks).any(|week| {
            let back = week * WEEK;
            let hours = from.saturating_sub(back)
                ..to.saturating_sub(back).max(from.saturating_sub(back) + 1);
            self.hours.range(hours).next().is_some()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silence() -> (Silence, Arc<str>) {
        let spec = SilenceSpec {
            rule: 0,
            name: "feed-silent".into(),
            floor: 4 * HOUR,
        };
        (Silence::new(spec, 10), "feed".into())
    }

    #[test]
    fn without_a_week_of_history_the_floor_decides() {
        let (mut silence, feed) = silence();
        silence.expect(&feed, 0);
        assert!(silence.tick(4 * HOUR - 1).is_empty());
        let said = silence.tick(4 * HOUR);
        assert_eq!(
            (said[0].state, said[0].since, said[0].wall),
            (ChangeState::Firing, 0, true)
        );
        assert!(silence.tick(5 * HOUR).is_empty());
        let said = silence.hear(&feed, 6 * HOUR).expect("it is over");
        assert_eq!(said.state, ChangeState::Resolved);
    }

    #[test]
    fn while_nobody_listens_nothing_is_silent() {
        let (mut silence, feed) = silence();
        silence.hear(&feed, HOUR);
        silence.resume(9 * HOUR);
        assert!(silence.tick(12 * HOUR).is_empty());
        let said = silence
            .hear(&feed, 12 * HOUR)
            .expect("it may have been told");
        assert_eq!(said.state, ChangeState::Resolved);
        silence.resume(13 * HOUR);
        assert!(silence.hear(&feed, 13 * HOUR).is_none());
        assert_eq!(silence.tick(17 * HOUR).len(), 1);
    }

    #[test]
    fn nights_are_quiet_and_a_working_day_is_not() {
        let (mut silence, feed) = silence();
        for day in 0..14 {
            for hour in 8..18 {
                silence.hear(&feed, (day * 24 + hour) * HOUR);
                silence.tick((day * 24 + hour) * HOUR);
            }
        }
        let day = 14 * 24 * HOUR;
        assert!(silence.tick(day + 7 * HOUR).is_empty());
        // Nothing came since yesterday evening, and at eight something came last week.
        assert_eq!(silence.tick(day + 9 * HOUR).len(), 1);
    }
}
