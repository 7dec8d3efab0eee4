//! Single-call alerts over time: new, known, updated, retracted, or kept back by a cool-down.
//!
//! An alert whose key is its call is known by the call; one with a key of its own has a
//! fingerprint that several calls may support, with a cool-down of its own.

use std::sync::Arc;

use super::call::{Call, Kept};
use super::contribution::Contribution;
use super::hash;
use super::key::Cool;
use super::report::{By, Change, ChangeState, Said};
use super::table::Table;

/// One alert that a document raised.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Raised {
    /// number of the rule
    pub rule: u16,
    /// the rule's name
    pub name: Arc<str>,
    /// the rule's own key; nothing where the call is the key
    pub key: Option<Arc<str>>,
    /// a hash of what it says
    pub digest: u64,
    /// the rule's cool-down in seconds
    pub cooldown: u32,
}

/// What becomes of an alert.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// it is told; so many came since the one before it, in these calls
    Tell {
        /// how many
        more: u32,
        /// their calls
        calls: Vec<String>,
    },
    /// it was told, and says something else now
    Updated,
    /// it was told as it is
    Known,
    /// its key keeps quiet
    Suppressed,
}

/// One fingerprint that is not a call's own.
#[derive(Debug)]
struct Fingerprint {
    rule: u16,
    name: Arc<str>,
    key: Arc<str>,
    cooldown: u32,
    cool: Option<Cool>,
    /// calls that support it
    support: u32,
}

/// See the module's text.
#[derive(Debug, Default)]
pub(crate) struct Events {
    table: Table<Fingerprint>,
    pub(crate) evicted: u64,
}

fn key_hash(raised: &Raised) -> u64 {
    raised.key.as_ref().map_or(0, |key| {
        hash(&[&raised.rule.to_le_bytes(), key.as_bytes()]) | 1
    })
}

impl Events {
    /// Decides on each alert of a document; which cool-downs began, as due time, row and turn.
    pub(crate) fn decide(
        &mut self,
        call: &mut Call,
        contribution: &Contribution,
        now: u32,
        said: &mut Said,
    ) -> Vec<(u32, u32, u32)> {
        let mut timers = Vec::new();
        let page = contribution.version.is_none();
        if !said.arrival.counts() || (page && !call.takes_pages()) {
            said.decisions = vec![Decision::Known; contribution.raised.len()];
            return timers;
        }
        let at = contribution.end.unwrap_or(now);
        let old = call.kept().to_vec();
        let mut kept: Vec<Kept> = Vec::new();
        for raised in &contribution.raised {
            let own = Kept {
                rule: raised.rule,
                page,
                key: key_hash(raised),
                digest: raised.digest,
            };
            let known = old
                .iter()
                .find(|known| (known.rule, known.key) == (own.rule, own.key));
            let decision = match known {
                Some(known) if known.digest == own.digest => Decision::Known,
                Some(_) => Decision::Updated,
                None => self.raise(raised, &own, &contribution.call, at, &mut timers),
            };
            said.suppressed += u32::from(decision == Decision::Suppressed);
            said.decisions.push(decision);
            kept.push(own);
        }
        for known in old {
            if kept
                .iter()
                .any(|own| (own.rule, own.key) == (known.rule, known.key))
            {
                continue;
            }
            // A page takes nothing back; a whole record replaces what pages said.
            if page || (known.page && call.takes_pages()) {
                kept.push(known);
            } else if let Some(change) = self.withdraw(&known, &contribution.call, at) {
                said.changes.push(change);
            }
        }
        call.set_kept(kept);
        timers
    }

    fn raise(
        &mut self,
        raised: &Raised,
        own: &Kept,
        call: &str,
        at: u32,
        timers: &mut Vec<(u32, u32, u32)>,
    ) -> Decision {
        let tell = |cool: Option<Cool>| {
            let cool = cool.unwrap_or_default();
            let calls = cool.calls.into_iter().map(String::from).collect();
            Decision::Tell {
                more: cool.more,
                calls,
            }
        };
        let Some(key) = &raised.key else {
            return tell(None);
        };
        let is = |other: &Fingerprint| other.rule == raised.rule && other.key == *key;
        let row = self.table.find(own.key, is).unwrap_or_else(|| {
            let fingerprint = Fingerprint {
                rule: raised.rule,
                name: raised.name.clone(),
                key: key.clone(),
                cooldown: raised.cooldown,
                cool: None,
                support: 0,
            };
            self.table.insert(own.key, fingerprint)
        });
        self.table.touch(row);
        let turn = self.table.turn(row);
        let Some(fingerprint) = self.table.get_mut(row) else {
            return tell(None);
        };
        fingerprint.support += 1;
        if let Some(cool) = fingerprint.cool.as_mut().filter(|cool| at < cool.until) {
            cool.again([call]);
            return Decision::Suppressed;
        }
        let before = fingerprint.cool.take();
        if raised.cooldown > 0 {
            let until = at.saturating_add(raised.cooldown);
            fingerprint.cool = Some(Cool {
                until,
                ..Cool::default()
            });
            timers.push((until, row, turn));
        }
        tell(before)
    }

    /// A call supports an alert no more: a key of its own is over with its last call.
    fn withdraw(&mut self, known: &Kept, call: &str, at: u32) -> Option<Change> {
        let by = By::Rule(known.rule);
        if known.key == 0 {
            let (name, key) = (Arc::from(""), Arc::from(call));
            return Some(Change::new(by, name, key, ChangeState::Retracted, at));
        }
        let row = self
            .table
            .find(known.key, |other| other.rule == known.rule)?;
        let fingerprint = self.table.get_mut(row)?;
        fingerprint.support = fingerprint.support.saturating_sub(1);
        if fingerprint.support > 0 {
            return None;
        }
        let fingerprint = self.table.remove(row)?;
        let mut change = Change::new(
            by,
            fingerprint.name,
            fingerprint.key,
            ChangeState::Resolved,
            at,
        );
        change.calls = vec![call.to_string()];
        Some(change)
    }

    /// A cool-down is over: what it kept back is told, and the next one begins, if there was any.
    pub(crate) fn warm(&mut self, row: u32, turn: u32, due: u32) -> (Option<Change>, Option<u32>) {
        if self.table.turn(row) != turn {
            return (None, None);
        }
        let Some(fingerprint) = self.table.get_mut(row) else {
            return (None, None);
        };
        let Some(cool) = fingerprint.cool.take_if(|cool| cool.until == due) else {
            return (None, None);
        };
        if cool.more == 0 {
            return (None, None);
        }
        let next = due.saturating_add(fingerprint.cooldown);
        let change = fingerprint.repeated(cool);
        fingerprint.cool = Some(Cool {
            until: next,
            ..Cool::default()
        });
        (Some(change), Some(next))
    }

    /// What cool-downs keep back.
    pub(crate) fn finish(&mut self) -> Vec<Change> {
        let rows: Vec<u32> = self.table.rows().map(|(row, _)| row).collect();
        let mut changes = Vec::new();
        for row in rows {
            if let Some(fingerprint) = self.table.get_mut(row)
                && let Some(cool) = fingerprint.cool.take().filter(|cool| cool.more > 0)
            {
                changes.push(fingerprint.repeated(cool));
            }
        }
        changes
    }

    /// A call is forgotten; its alerts stand, and nothing can take them back.
    pub(crate) fn forget(&mut self, call: &Call) {
        for known in call.kept().iter().filter(|known| known.key != 0) {
            let row = self.table.find(known.key, |other| other.rule == known.rule);
            if let Some(fingerprint) = row.and_then(|row| self.table.get_mut(row)) {
                fingerprint.support = fingerprint.support.saturating_sub(1);
                if fingerprint.support == 0
                    && fingerprint.cool.is_none()
                    && let Some(row) = row
                {
                    self.table.remove(row);
                }
            }
        }
    }

    pub(crate) fn hold_limit(&mut self, most: usize) {
        while self.table.len() > most {
            let Some(row) = self.table.oldest() else {
                return;
            };
            self.table.remove(row);
            self.evicted += 1;
        }
    }
}

impl Fingerprint {
    fn repeated(&self, cool: Cool) -> Change {
        let (name, key) = (self.name.clone(), self.key.clone());
        let mut change = Change::new(
            By::Rule(self.rule),
            name,
            key,
            ChangeState::Repeated,
            cool.until,
        );
        change.more(cool);
        change
    }
}
