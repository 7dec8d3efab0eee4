//! Rules about silence, each with what was heard of its keys, on wall time.

use std::sync::Arc;

use crate::rules::WindowRule;
use crate::window::{Change, Silence, SilenceSpec};

/// One rule, by the number that the stage knows it by.
#[derive(Debug)]
struct Listening {
    number: usize,
    silence: Silence,
    /// whether it listens to the whole feed
    feed: bool,
}

/// The key of what has none.
const FEED: &str = "";

/// See the module's text.
#[derive(Debug)]
pub(super) struct Silences {
    all: Vec<Listening>,
    most: usize,
    /// keys that were not listened for at the limit, of rules that are gone
    refused: u64,
}

impl Silences {
    pub(super) fn new(most: usize) -> Silences {
        Silences {
            all: Vec::new(),
            most,
            refused: 0,
        }
    }

    pub(super) fn add(&mut self, number: usize, rule: &WindowRule, floor: u32, wall: u32) {
        let spec = SilenceSpec {
            rule: 0,
            name: Arc::clone(rule.name()),
            floor,
        };
        let mut silence = Silence::new(spec, self.most);
        let feed = rule.level().is_none();
        if !rule.has_key() {
            // It may be silent from the first.
            silence.expect(FEED, wall);
        }
        self.all.push(Listening {
            number,
            silence,
            feed,
        });
    }

    pub(super) fn retire(&mut self, number: usize) {
        let refused = &mut self.refused;
        self.all.retain(|listening| {
            let stays = listening.number != number;
            *refused += if stays { 0 } else { listening.silence.refused };
            stays
        });
    }

    /// Keys that were not listened for at the limit.
    pub(super) fn refused(&self) -> u64 {
        self.refused + self.all.iter().map(|it| it.silence.refused).sum::<u64>()
    }

    /// A record came, whatever is in it.
    pub(super) fn hear_feed(&mut self, wall: u32) -> Vec<(usize, Change)> {
        let listening = self.all.iter_mut().filter(|listening| listening.feed);
        listening
            .filter_map(|it| Some((it.number, it.silence.hear(FEED, wall)?)))
            .collect()
    }

    /// Something of a key came.
    pub(super) fn hear(&mut self, number: usize, key: &str, wall: u32) -> Option<(usize, Change)> {
        let mut all = self.all.iter_mut();
        let listening = all.find(|listening| listening.number == number)?;
        Some((number, listening.silence.hear(key, wall)?))
    }

    /// Goes on after a time in which nobody listened.
    pub(super) fn resume(&mut self, wall: u32) {
        for listening in &mut self.all {
            listening.silence.resume(wall);
        }
    }

    /// What is silent now.
    pub(super) fn tick(&mut self, wall: u32) -> Vec<(usize, Change)> {
        let mut changes = Vec::new();
        for listening in &mut self.all {
            let number = listening.number;
            let silent = listening.silence.tick(wall).into_iter();
            changes.extend(silent.map(|change| (number, change)));
        }
        changes
    }
}
