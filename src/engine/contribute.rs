//! What a document contributes over time: its call, version and sessions, and the alerts it raised.
//!
//! Made for the records and pages of calls alone, and only where somebody asks for it. It decides
//! nothing: that is [`crate::over_time`]'s.

use std::hash::{Hash as _, Hasher as _};
use std::ops::Range;
use std::sync::Arc;

use rustc_hash::FxHasher;

use super::seen::Seen;
use crate::alert::{self, Alert, Finding};
use crate::engine::{Report, RuleCount};
use crate::record::call::{Call, text};
use crate::record::{Document, Item, Kind, units};
use crate::rules::facts::Facts;
use crate::rules::fields::{Level, Link};
use crate::rules::{Evaluator, Outcome, Rule, WindowRule};
use crate::window::{self, Contribution, Raised, Sample};

/// What is so of the document itself, in place of what `own` was.
pub(super) fn contribution(
    document: &Document<'_>,
    call: Call<'_>,
    kind: Kind,
    partial: bool,
    own: &mut Contribution,
) {
    // A page of an unknown call is a call by itself: nothing can join it.
    let page = kind == Kind::SessionsPage && call.id().is_some();
    let digest = outline(document.text());
    own.clear();
    let sessions = &mut own.sessions;
    let mut seen = Seen::default();
    let mut end = second(call.item());
    for session in call.sessions() {
        if page {
            end = end.max(second(session.0));
        }
        let id = match session.id() {
            Some(id) => window::hash(&[id.as_bytes()]),
            // One without an id is no other's.
            None => window::hash(&[&digest.to_le_bytes(), &sessions.len().to_le_bytes()]),
        };
        if seen.insert(id) {
            sessions.push(id);
        }
    }
    // Of two records with one version that with more sessions counts, then the longer one: the
    // same record was fetched with more expanded.
    let weight = (sessions.len() as u64).min(0x3fff) << 50
        | (document.text().len() as u64).min(0x3ff_ffff) << 24;
    own.digest = weight | digest >> 40;
    own.call.push_str(&alert::call_key(call, document));
    own.version = (!page).then(|| call.version().unwrap_or(0));
    own.more = partial;
    own.end = end;
}

/// A hash of a text's length and of stretches all over it: two records of one call and version differ
/// in many places or in none.
fn outline(text: &[u8]) -> u64 {
    const STRETCH: usize = 64;
    const STRETCHES: usize = 48;
    if text.len() <= 2 * STRETCH * STRETCHES {
        return window::hash(&[text]);
    }
    let mut hasher = FxHasher::default();
    hasher.write_usize(text.len());
    let apart = text.len() / STRETCHES;
    for at in (0..STRETCHES).map(|number| number * apart) {
        hasher.write(text.get(at..at + STRETCH).unwrap_or_default());
    }
    hasher.write(&text[text.len() - STRETCH..]);
    hasher.finish()
}

/// The second at which a call or session ended, since 1970; nothing where that is missing or absurd.
pub(super) fn second(item: Item<'_>) -> Option<u32> {
    let instant = units::instant(text(item, "endDateTime")?)?;
    u32::try_from(instant.0.div_euclid(1_000_000_000)).ok()
}

impl super::judge::Sampling {
    /// Asks the rules, and takes the samples of a document.
    pub(super) fn take(
        &mut self,
        windows: &[WindowRule],
        evaluator: &mut Evaluator,
        facts: &Arc<Facts>,
        outcome: &mut Outcome,
    ) {
        let super::judge::Sampling {
            sampler,
            tallies,
            samples,
            ..
        } = self;
        samples.clear();
        sampler.begin(tallies);
        evaluator.run_beside(facts, outcome, |question, answer| {
            sampler.answer(windows, question, answer, facts, tallies, samples);
        });
        sampler.finish(windows, facts, tallies, samples);
    }

    /// Brings the samples of a document into what it contributes.
    pub(super) fn bring(
        &mut self,
        facts: &Arc<Facts>,
        document: &Document<'_>,
        own: &mut Contribution,
        rules: &[WindowRule],
        report: &mut Report,
    ) {
        report.windows.reserve_exact(self.tallies.len());
        for (number, tally) in self.tallies.iter_mut().enumerate() {
            report.windows.push(RuleCount {
                fired: tally.samples,
                quiet: tally.others,
                unknown: tally.unknown,
                failed: tally.failed,
            });
            let fault = tally.fault.take();
            report
                .window_faults
                .extend(fault.map(|fault| (number, fault)));
        }
        let sessions = facts.objects(Level::Session);
        let ends = &mut self.ends;
        ends.clear();
        ends.resize(sessions.len(), None);
        own.samples.reserve_exact(self.samples.len());
        // By rule, the session that was met last, and where its samples begin.
        let begins = &mut self.begins;
        begins.clear();
        begins.resize(rules.len(), (0, usize::MAX));
        for sampled in self.samples.drain(..) {
            let session = match facts.level(sampled.object) {
                Level::Session => Some(sampled.object),
                _ => facts.follow(sampled.object, Link::Session),
            };
            let at = session.and_then(|session| sessions.binary_search(&session).ok());
            let end = match at {
                // What is of the call itself stands in the record, not in a page of it.
                None if own.version.is_none() => continue,
                None => own.end,
                Some(at) => *ends[at].get_or_insert_with(|| {
                    let item = document.item(facts.node(sessions[at]));
                    item.and_then(second).or(own.end)
                }),
            };
            let window = usize::from(sampled.window);
            let (Some(end), true) = (end, at.is_none_or(|at| at < own.sessions.len())) else {
                if let Some(count) = report.windows.get_mut(window) {
                    // A sample without a time belongs to no window.
                    (count.fired, count.unknown) = (count.fired - 1, count.unknown + 1);
                }
                continue;
            };
            if own.sessions.is_empty() {
                own.sessions.push(0);
            }
            let session = at.unwrap_or(0) as u32;
            if rules[window].is_per_session() {
                let (last, begin) = &mut begins[window];
                if *begin == usize::MAX || session > *last {
                    (*last, *begin) = (session, own.samples.len());
                }
                // Sessions come in their order; one that did not would be looked for in all.
                let from = if session == *last { *begin } else { 0 };
                let before = own.samples[from..].iter_mut();
                let same = |it: &&mut Sample| it.key == sampled.key && it.session == session;
                if let Some(known) = before.rev().find(same) {
                    known.value |= sampled.value;
                    continue;
                }
            }
            own.samples.push(Sample {
                session,
                key: sampled.key,
                at: end,
                user: sampled.user,
                value: sampled.value,
            });
        }
        self.sampler.give_keys(&mut own.keys);
    }
}

/// The alerts of one rule, as they are told apart over time.
pub(super) fn raised(
    rule: &Rule,
    number: usize,
    alerts: &[Alert],
    new: Range<usize>,
    out: &mut Vec<Raised>,
) {
    for alert in &alerts[new] {
        out.push(Raised {
            rule: number as u16,
            name: Arc::clone(rule.name()),
            key: rule.has_key().then(|| alert.fingerprint.as_str().into()),
            digest: digest(alert),
            cooldown: rule.cooldown(),
        });
    }
}

/// A hash of what an alert says, wherever it says it.
fn digest(alert: &Alert) -> u64 {
    let mut hasher = FxHasher::default();
    alert.severity.hash(&mut hasher);
    alert.title.hash(&mut hasher);
    for finding in &alert.findings {
        let Finding { what, message, .. } = finding;
        for part in [&what.session, &what.segment, &what.media, &what.stream] {
            part.hash(&mut hasher);
        }
        message.hash(&mut hasher);
        for evidence in &finding.evidence {
            evidence.field.hash(&mut hasher);
            evidence.op.hash(&mut hasher);
            evidence.value.to_string().hash(&mut hasher);
            evidence.limit.to_string().hash(&mut hasher);
        }
    }
    hasher.finish()
}
