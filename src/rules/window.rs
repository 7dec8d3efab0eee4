//! Rules over windows: what a sample is, whose it is, and what is measured over time.
//!
//! `read` turns the map of a `window("name", #{ … })` call into a [`WindowRule`]; a
//! [`Sampler`](sample::Sampler) asks it of one document after another. What becomes of the samples
//! is for [`crate::window`], which is given numbers: a [`Spec`].
//!
//! It knows no clock and no state.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use rhai::{AST, FnPtr};

use super::condition;
use super::diagnostic::Place;
use super::expr::Unfollowed;
use super::fields::{FieldId, Level, Unit};
use super::lower::{Key, Operand, Truth};
use super::rule::Body;
use super::severity::Severity;
use super::typed::{Typed, TypedKind};
use crate::window::Spec;

mod lengths;
mod read;
pub(crate) mod sample;

pub(super) use lengths::seconds;
pub(crate) use read::read;

/// A closure, and its compiled form or why there is none.
#[derive(Clone, Debug)]
pub(crate) struct Closure<N> {
    pub(crate) pointer: FnPtr,
    pub(crate) native: Result<N, Unfollowed>,
}

/// What makes a sample of a place.
#[derive(Clone, Debug)]
pub(crate) enum Of {
    /// Each place is one.
    Place,
    /// A place where it is true.
    True(Closure<Truth>),
    /// A place where it is true or false, and which.
    Share(Closure<Truth>),
    /// A place with a number.
    Number(Closure<Operand>),
    /// A place with a value that is told from others.
    Value(Closure<Key>),
}

/// What is measured of the samples.
#[derive(Clone, Debug, PartialEq)]
pub enum Measured {
    /// A window on event time.
    Over(Spec),
    /// Silence, on wall time, of at least so many seconds.
    Silence(u32),
}

/// One rule over windows.
#[derive(Clone, Debug)]
pub struct WindowRule {
    pub(crate) name: Arc<str>,
    pub(crate) level: Option<Level>,
    pub(crate) severity: Severity,
    pub(crate) title: Option<String>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) place: Place,
    pub(crate) ast: Arc<AST>,
    pub(crate) pack: usize,
    pub(crate) when: Option<Closure<Truth>>,
    pub(crate) by: Option<Closure<Key>>,
    pub(crate) of: Of,
    /// Whether the samples of a key in one session are one, which is true if any of them is.
    pub(crate) per_session: bool,
    pub(crate) measured: Measured,
    /// The limit's name and unit.
    pub(crate) limit_name: Option<Arc<str>>,
    pub(crate) unit: Unit,
    pub(crate) bodies: Vec<Body>,
    /// Limits that its other keys name.
    pub(crate) named: Vec<String>,
}

impl WindowRule {
    /// Its name, unique in the set.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The level that its samples are on; none of a feed's silence.
    pub fn level(&self) -> Option<Level> {
        self.level
    }

    /// How much it matters.
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// Its title.
    pub fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// Its own labels.
    pub fn labels(&self) -> &BTreeMap<String, String> {
        &self.labels
    }

    /// Where its name stands.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// What is measured.
    pub fn measured(&self) -> &Measured {
        &self.measured
    }

    /// The word for what is measured.
    pub fn measure(&self) -> &'static str {
        match &self.measured {
            Measured::Over(spec) => spec.measure.name(),
            Measured::Silence(_) => "silence",
        }
    }

    /// The limit's name, where it is one of `thresholds.toml`.
    pub fn limit_name(&self) -> Option<&Arc<str>> {
        self.limit_name.as_ref()
    }

    /// The unit of what is measured.
    pub fn unit(&self) -> Unit {
        self.unit
    }

    /// Whether it has keys, or takes everything as one.
    pub fn has_key(&self) -> bool {
        self.by.is_some()
    }

    /// Whether the samples of a key in one session are one.
    pub fn is_per_session(&self) -> bool {
        self.per_session
    }

    /// The key as the rule has it, without its parameter; nothing without `by`.
    pub fn key_text(&self) -> Option<String> {
        let body = self.bodies.iter().find(|body| body.key == "by")?;
        match &body.typed {
            Ok(typed) => Some(condition::text(typed)),
            Err(_) => Some("a key".to_owned()),
        }
    }

    /// What each part of the key is read from, where that is a field by itself.
    pub fn key_fields(&self) -> Vec<Option<FieldId>> {
        let body = self.bodies.iter().find(|body| body.key == "by");
        let Some(Ok(typed)) = body.map(|body| &body.typed) else {
            return Vec::new();
        };
        let field = |part: &Typed| match part.kind {
            TypedKind::Reading(_, field) => Some(field),
            _ => None,
        };
        match &typed.kind {
            TypedKind::List(items) => items.iter().map(field).collect(),
            _ => vec![field(typed)],
        }
    }

    /// Whether its samples and what is made of them are the same as of another: then it may have
    /// what the other held.
    pub fn asks_the_same(&self, other: &WindowRule) -> bool {
        let mut pairs = self.bodies.iter().zip(&other.bodies);
        self.name == other.name
            && self.level == other.level
            && self.measured == other.measured
            && self.per_session == other.per_session
            && self.bodies.len() == other.bodies.len()
            && pairs.all(|(a, b)| same_body(a, b))
    }

    /// Whether its keys are made like those of another, of the same places.
    pub(crate) fn has_key_of(&self, other: &WindowRule) -> bool {
        let by = |rule: &'_ WindowRule| rule.bodies.iter().position(|body| body.key == "by");
        let (Some(own), Some(others)) = (by(self), by(other)) else {
            return false;
        };
        self.level == other.level && same_body(&self.bodies[own], &other.bodies[others])
    }

    /// A number for what it asks, the same after a restart; nothing where a closure is interpreted,
    /// of which nobody can say whether it is the same.
    pub fn fingerprint(&self) -> Option<u64> {
        let level = self.level.map(Level::name);
        let mut asked = format!(
            "{} {level:?} {:?} {}",
            self.name, self.measured, self.per_session
        );
        for body in &self.bodies {
            let typed = body.typed.as_ref().ok()?;
            let _ = write!(asked, " {} {}", body.key, condition::text(typed));
            for (name, value) in condition::limit_values(typed) {
                let _ = write!(asked, " {name}={value}");
            }
        }
        Some(crate::window::hash(&[asked.as_bytes()]))
    }

    /// The limits that it names, in the order of its keys.
    pub fn limit_names(&self) -> Vec<String> {
        let bodies = self.bodies.iter();
        let asked = bodies.filter_map(|body| body.typed.as_ref().ok());
        let mut names: Vec<String> = asked.flat_map(condition::limits).collect();
        names.extend(self.named.iter().cloned());
        let mut seen = std::collections::BTreeSet::new();
        names.retain(|name| seen.insert(name.clone()));
        names
    }

    /// Its closures that are interpreted, and why.
    pub(crate) fn unfollowed(&self) -> Vec<(&'static str, &Unfollowed)> {
        let mut all = Vec::new();
        all.extend(
            self.when
                .iter()
                .filter_map(|it| Some(("when", it.native.as_ref().err()?))),
        );
        all.extend(
            self.by
                .iter()
                .filter_map(|it| Some(("by", it.native.as_ref().err()?))),
        );
        let of = match &self.of {
            Of::Place => None,
            Of::True(it) | Of::Share(it) => it.native.as_ref().err(),
            Of::Number(it) => it.native.as_ref().err(),
            Of::Value(it) => it.native.as_ref().err(),
        };
        all.extend(of.map(|why| (self.measure(), why)));
        all
    }
}

/// Whether two closures say the same; of one that cannot be followed nobody knows.
fn same_body(a: &Body, b: &Body) -> bool {
    match (&a.typed, &b.typed) {
        (Ok(x), Ok(y)) => a.key == b.key && x.says_the_same(y),
        _ => false,
    }
}
