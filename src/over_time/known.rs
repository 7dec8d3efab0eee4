//! Rules by their names: what a transition says of the rule that it is of.
//!
//! The windows know rules by number, and a set that is loaded anew numbers them anew. A rule keeps
//! the number that it got first, for as long as the program runs; a window rule, as long as it asks
//! the same. What it held before it changed is given up, and said to be over.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::silences::Silences;
use crate::alert::{CallId, More, Severity, State, Transition, WindowRef};
use crate::rules::fields::{Field, FieldId, Kind, Level};
use crate::rules::{RuleSet, WindowMeasured, WindowRule, key_parts};
use crate::window::{By, Change, Contribution, Spec, Windows};

/// What is told of a rule.
#[derive(Clone, Debug)]
struct Rule {
    name: Arc<str>,
    severity: Severity,
    on: &'static str,
    title: Option<String>,
    labels: BTreeMap<String, String>,
}

/// A window rule, and the number by which the windows know it.
#[derive(Debug)]
struct Window {
    rule: WindowRule,
    spec: Option<u16>,
    here: bool,
}

/// See the module's text.
#[derive(Debug, Default)]
pub(super) struct Known {
    rules: Vec<Rule>,
    /// the numbers of the rules of the set in force, in its order
    of_set: Vec<u16>,
    windows: Vec<Window>,
    /// the windows of the set in force, in its order
    windows_of_set: Vec<usize>,
    /// by the number that the windows know
    of_spec: Vec<usize>,
}

impl Known {
    /// Learns the rules of a set that is in force from now on; what ends with the one before.
    pub(super) fn adopt(
        &mut self,
        set: &RuleSet,
        windows: &mut Windows,
        silences: &mut Silences,
        wall: u32,
    ) -> Vec<Change> {
        self.of_set.clear();
        for rule in set.rules() {
            let own = Rule {
                name: Arc::clone(rule.name()),
                severity: rule.severity(),
                on: rule.level().name(),
                title: rule.fixed_title().map(str::to_owned),
                labels: rule.labels().clone(),
            };
            let known = self.rules.iter().position(|known| known.name == own.name);
            let number = known.unwrap_or(self.rules.len());
            match known {
                Some(known) => self.rules[known] = own,
                None => self.rules.push(own),
            }
            self.of_set.push(number as u16);
        }
        let mut kept = vec![false; self.windows.len()];
        let mut of_set = Vec::new();
        for rule in set.windows() {
            let same = |known: &Window| known.here && known.rule.asks_the_same(rule);
            let number = match self.windows.iter().position(same) {
                Some(known) => {
                    kept[known] = true;
                    self.windows[known].rule = rule.clone();
                    known
                }
                None => self.learn(rule, windows, silences, wall),
            };
            of_set.push(number);
        }
        self.windows_of_set = of_set;
        let mut changes = Vec::new();
        for (number, _) in kept.iter().enumerate().filter(|(_, kept)| !**kept) {
            let window = &mut self.windows[number];
            if std::mem::take(&mut window.here) {
                silences.retire(number);
                changes.extend(
                    window
                        .spec
                        .into_iter()
                        .flat_map(|spec| windows.retire(spec)),
                );
            }
        }
        changes
    }

    fn learn(
        &mut self,
        rule: &WindowRule,
        windows: &mut Windows,
        silences: &mut Silences,
        wall: u32,
    ) -> usize {
        let number = self.windows.len();
        let spec = match rule.measured() {
            WindowMeasured::Over(spec) => {
                self.of_spec.push(number);
                Some(windows.add(spec.clone()))
            }
            WindowMeasured::Silence(floor) => {
                silences.add(number, rule, *floor, wall);
                None
            }
        };
        self.windows.push(Window {
            rule: rule.clone(),
            spec,
            here: true,
        });
        number
    }

    /// Turns the numbers of the set in force into those that rules keep; samples of silence are
    /// heard, and go no further.
    pub(super) fn renumber(
        &self,
        contribution: &mut Contribution,
        silences: &mut Silences,
        wall: u32,
    ) -> Vec<(usize, Change)> {
        for raised in &mut contribution.raised {
            if let Some(number) = self.of_set.get(usize::from(raised.rule)) {
                raised.rule = *number;
            }
        }
        let mut changes = Vec::new();
        contribution.renumber(|rule, key| {
            let number = *self.windows_of_set.get(usize::from(rule))?;
            let spec = self.windows[number].spec;
            if spec.is_none() {
                changes.extend(silences.hear(number, key, wall));
            }
            spec
        });
        changes
    }

    /// The window rules of the set in force, each with the number by which the windows know it.
    pub(super) fn windows(&self) -> impl Iterator<Item = (&WindowRule, Option<u16>)> {
        let windows = self
            .windows_of_set
            .iter()
            .map(|number| &self.windows[*number]);
        windows.map(|window| (&window.rule, window.spec))
    }

    /// A change of a rule on calls, or of a window on event time, as an alert tells it.
    pub(super) fn transition(&self, change: &Change, now: Timestamp) -> Option<Transition> {
        Some(match change.by {
            By::Rule(number) => {
                let rule = self.rules.get(usize::from(number))?;
                finished(of_rule(rule, change), change, now)
            }
            By::Window(spec) => {
                let number = self.of_spec.get(usize::from(spec))?;
                self.of_window(*number, change, now)?
            }
        })
    }

    /// A change of a window rule, by the number that it has here.
    pub(super) fn of_window(
        &self,
        number: usize,
        change: &Change,
        now: Timestamp,
    ) -> Option<Transition> {
        let rule = &self.windows.get(number)?.rule;
        Some(finished(window(rule, change), change, now))
    }
}

fn finished(mut transition: Transition, change: &Change, now: Timestamp) -> Transition {
    transition.at = crate::alert::second(change.at);
    transition.raised_at = crate::alert::raised_at(now);
    transition.clock = change.wall.then_some("wall");
    transition.evicted = change.evicted;
    transition.more = (change.more > 0).then(|| More {
        count: change.more,
        calls: change.calls.clone(),
    });
    if transition.more.is_none() && transition.call.is_none() {
        transition.calls.clone_from(&change.calls);
    }
    transition
}

/// Of a rule on single calls: its key is the call, or a fingerprint that calls share.
fn of_rule(rule: &Rule, change: &Change) -> Transition {
    // A change whose key is its call names no rule.
    let own_key = !change.rule.is_empty();
    let key: &str = &change.key;
    let fingerprint = match own_key {
        true => key.to_owned(),
        false => crate::alert::fingerprint(&rule.name, &[key]),
    };
    let state = State::from(change.state);
    Transition {
        id: transition_id(&rule.name, key, state, change),
        fingerprint,
        state,
        rule: rule.name.to_string(),
        severity: rule.severity,
        on: Some(rule.on),
        title: rule.title.clone(),
        call: (!own_key).then(|| CallId { id: key.to_owned() }),
        labels: rule.labels.clone(),
        ..Transition::default()
    }
}

fn window(rule: &WindowRule, change: &Change) -> Transition {
    let parts = key_parts(&change.key);
    let key: Vec<&str> = parts.iter().map(String::as_str).collect();
    let state = State::from(change.state);
    let content = change.content;
    let mut window = WindowRef {
        measure: rule.measure(),
        kinds: rule
            .key_fields()
            .into_iter()
            .map(|field| field.and_then(kind))
            .collect(),
        limit_name: rule.limit_name().map(ToString::to_string),
        value: content.value,
        samples: content.samples,
        hits: content.hits,
        users: content.users,
        calls: content.calls,
        since: crate::alert::second(change.since),
        ..WindowRef::default()
    };
    match rule.measured() {
        WindowMeasured::Over(spec) => against(spec, rule, &mut window),
        WindowMeasured::Silence(floor) => window.within_seconds = *floor,
    }
    let fingerprint = crate::alert::fingerprint(rule.name(), &key);
    let id = transition_id(rule.name(), &change.key, state, change);
    window.key = parts;
    Transition {
        id,
        fingerprint,
        state,
        rule: rule.name().to_string(),
        severity: rule.severity(),
        on: rule.level().map(Level::name),
        title: rule.title().map(str::to_owned),
        window: Some(window),
        labels: rule.labels().clone(),
        ..Transition::default()
    }
}

/// What a window is held against.
fn against(spec: &Spec, rule: &WindowRule, window: &mut WindowRef) {
    window.within_seconds = spec.lengths.within;
    window.op = Some(if spec.below { "<" } else { ">" });
    window.limit = Some(spec.limit);
    window.clear = (spec.clear != spec.limit).then_some(spec.clear);
    window.unit = crate::alert::unit_of(rule);
}

fn transition_id(rule: &str, key: &str, state: State, change: &Change) -> String {
    let (at, since) = (change.at.to_string(), change.since.to_string());
    crate::alert::alert_id(rule, &[key, &at, &since], state)
}

/// How a part of a key is marked where names and addresses are taken out; nothing for words.
fn kind(field: FieldId) -> Option<&'static str> {
    let Field {
        level, name, kind, ..
    } = field.get();
    if *kind != Kind::Text {
        return None;
    }
    Some(match (level, *name) {
        (Level::Network, _) | (Level::Site, "cidr") => "address",
        (Level::Site, _) => "place",
        (Level::Device, _) => "device",
        (Level::Endpoint, "userId") | (Level::Identity, "id") => "id",
        (Level::Endpoint | Level::Identity, _) => "name",
        (Level::Call, "id") => "call",
        (_, "id" | "streamId") => "id",
        _ => "value",
    })
}
