//! One rule, as it was registered: what to ask, of which objects, and in whose words.
//!
//! [`read`] turns the map of a `rule("name", #{ … })` call into a [`Rule`] and names everything
//! that is wrong with it at once.
//!
//! It asks nothing of a document: that is the interpreter's.

use std::collections::BTreeMap;
use std::sync::Arc;

use rhai::{AST, FnPtr, Map};

use super::ast::{Functions, Outline};
use super::diagnostic::Place;
use super::expr::{Spot, Unfollowed};
use super::fields::Level;
use super::limits::Limits;
use super::lower::Native;
use super::problem::ProblemKind;
use super::reader::{Findings, Reader};
use super::severity::Severity;
use super::typed::Typed;
use super::typing::Purpose;

/// A title or message: fixed, or made from the object.
#[derive(Clone, Debug)]
pub(crate) enum Words {
    Fixed(String),
    Made(FnPtr),
}

/// One closure of a rule, with every name resolved, or why it could not be followed.
#[derive(Clone, Debug)]
pub(crate) struct Body {
    /// The key it stands at: `when`, `by`, …
    pub(crate) key: &'static str,
    pub(crate) typed: Result<Typed, Unfollowed>,
}

/// One rule.
#[derive(Clone, Debug)]
pub struct Rule {
    pub(crate) name: Arc<str>,
    pub(crate) level: Level,
    pub(crate) severity: Severity,
    pub(crate) when: FnPtr,
    pub(crate) by: Option<FnPtr>,
    /// How long the same key keeps quiet, in seconds.
    pub(crate) cooldown: u32,
    pub(crate) title: Option<Words>,
    pub(crate) message: Option<Words>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) place: Place,
    pub(crate) ast: Arc<AST>,
    pub(crate) pack: usize,
    pub(crate) native: Native,
    /// Its closures, in the order in which their keys are read; explained from these.
    pub(crate) bodies: Vec<Body>,
}

impl Rule {
    /// Its name, unique in the set.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The level it is on.
    pub fn level(&self) -> Level {
        self.level
    }

    /// How much it matters.
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// Its own labels.
    pub fn labels(&self) -> &BTreeMap<String, String> {
        &self.labels
    }

    /// Where its name stands.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Whether it has a `by` of its own.
    pub fn has_key(&self) -> bool {
        self.by.is_some()
    }

    /// How long the same key keeps quiet after an alert, in seconds; 0 is not at all.
    pub fn cooldown(&self) -> u32 {
        self.cooldown
    }

    /// Whether the interpreter has something to say where it fired.
    pub(crate) fn asks_interpreter(&self) -> bool {
        let made = |words: &Option<Words>| matches!(words, Some(Words::Made(_)));
        matches!(self.native.by, Some(Err(_))) || made(&self.title) || made(&self.message)
    }
}

/// A `rule(…)` or `window(…)` call as it came, to be read once the file has run.
#[derive(Clone, Debug)]
pub(crate) struct Registration {
    pub(crate) name: String,
    pub(crate) map: Map,
    pub(crate) call: Spot,
    /// Whether it is a `window(…)`.
    pub(crate) window: bool,
}

/// A file that was compiled and run.
pub(crate) struct File<'f> {
    pub(crate) name: &'f Arc<str>,
    pub(crate) source: &'f str,
    pub(crate) outline: &'f Outline,
    pub(crate) functions: &'f Functions,
    pub(crate) limits: &'f Limits,
    pub(crate) ast: &'f Arc<AST>,
    pub(crate) pack: usize,
}

impl File<'_> {
    /// The place of the word at a spot.
    pub(crate) fn place(&self, spot: Spot) -> Place {
        Place::of_word(self.name, self.source, spot.0, spot.1)
    }
}

const KEYS: [&str; 8] = [
    "on", "severity", "when", "by", "cooldown", "title", "message", "labels",
];

/// The rule that a registration describes, and what there is to say about it.
pub(crate) fn read(
    file: &File<'_>,
    registration: &Registration,
    findings: &mut Findings,
) -> Option<Rule> {
    let mut reader = Reader::new(file, registration, findings);
    let rule = reader.rule();
    rule.filter(|_| reader.sound)
}

impl Reader<'_> {
    fn rule(&mut self) -> Option<Rule> {
        let name = &self.registration.name;
        let place = self.name();
        self.known_keys("a rule", &KEYS);
        self.level = self.level();
        let severity = self.severity();
        let when = self.closure("when", Purpose::Condition);
        if when.is_none() && !self.registration.map.contains_key("when") {
            self.missing(
                "when",
                "a closure, as in `when: |s| s.averageJitter > limits::jitter`",
            );
        }
        let by = self.closure("by", Purpose::Key);
        let cooldown = self.length("cooldown").unwrap_or(0);
        if cooldown > 0 && by.is_none() {
            self.report(
                ProblemKind::CooldownAlone,
                self.key("cooldown"),
                Some("say with `by` what is the same problem in other calls".to_owned()),
            );
        }
        let (title, message) = (self.words("title"), self.words("message"));
        let labels = self.labels();
        Some(Rule {
            name: name.as_str().into(),
            level: self.level?,
            severity: severity?,
            when: when?,
            by,
            cooldown,
            title,
            message,
            labels,
            place,
            ast: self.file.ast.clone(),
            pack: self.file.pack,
            native: Native::of(&self.bodies, self.registration.call),
            bodies: std::mem::take(&mut self.bodies),
        })
    }
}
