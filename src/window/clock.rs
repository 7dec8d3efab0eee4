//! The event clock: how far the calls' own time has come.
//!
//! It is the latest end of a call, unless that is far ahead of all but two calls: then it is a
//! wrong clock until a third call says the same. So two devices that live in another year neither
//! freeze the windows nor flush them, and a gap in the feed is crossed by the third call behind
//! it. It depends on which calls came, not on their order, and never on wall time.

/// So many calls must agree that time has come far.
const AGREE: usize = 3;

/// See the module's text.
#[derive(Clone, Debug, Default)]
pub(crate) struct EventClock {
    /// The latest ends of different calls, latest first.
    latest: Vec<(u32, u64)>,
}

impl EventClock {
    /// Notes the end of a call.
    pub(crate) fn note(&mut self, second: u32, call: u64) {
        if let Some(own) = self.latest.iter_mut().find(|(_, other)| *other == call) {
            own.0 = own.0.max(second);
        } else {
            self.latest.push((second, call));
        }
        self.latest.sort_unstable_by(|a, b| b.cmp(a));
        self.latest.truncate(AGREE);
    }

    /// The time; nothing before the first call. `ahead` seconds are not far.
    pub(crate) fn now(&self, ahead: u32) -> Option<u32> {
        let sure = self.latest.last()?.0;
        let near = |(second, _): &&(u32, u64)| *second <= sure.saturating_add(ahead);
        self.latest.iter().find(near).map(|(second, _)| *second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_wrong_clocks_move_nothing_and_a_third_call_crosses_a_gap() {
        let mut clock = EventClock::default();
        assert_eq!(clock.now(60), None);
        clock.note(4_000_000_000, 1);
        assert_eq!(clock.now(60), Some(4_000_000_000));
        clock.note(1000, 2);
        assert_eq!(clock.now(60), Some(1000));
        clock.note(3_999_999_999, 3);
        clock.note(1050, 4);
        assert_eq!(clock.now(60), Some(1050));
        clock.note(1020, 5);
        assert_eq!(clock.now(60), Some(1050));
    }

    #[test]
    fn versions_of_one_call_agree_with_nobody() {
        let mut clock = EventClock::default();
        for (second, call) in [(10, 1), (20, 2), (30, 3), (9000, 4), (9001, 4), (9002, 4)] {
            clock.note(second, call);
        }
        assert_eq!(clock.now(60), Some(30));
    }
}
