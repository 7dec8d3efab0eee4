//! One rule, as it was registered: what to ask, of which objects, and in whose words.
//!
//! [`read`] turns the map of a `rule("name", #{ … })` call into a [`Rule`] and names everything
//! that is wrong with it at once.
//!
//! It asks nothing of a document: that is the interpreter's.

use std::collections::BTreeMap;
use std::sync::Arc;

use rhai::{AST, Dynamic, FnPtr, ImmutableString, Map};

use super::ast::{Functions, Outline, RuleOutline};
use super::check;
use super::diagnostic::{Place, Problem, did_you_mean};
use super::expr::{Spot, Unfollowed};
use super::fields::Level;
use super::limits::Limits;
use super::lower::Native;
use super::problem::ProblemKind;
use super::severity::Severity;
use super::typed::Typed;
use super::typing::{self, Purpose, Scope, Use};

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

    /// Whether the interpreter has something to say where it fired.
    pub(crate) fn asks_interpreter(&self) -> bool {
        let made = |words: &Option<Words>| matches!(words, Some(Words::Made(_)));
        matches!(self.native.by, Some(Err(_))) || made(&self.title) || made(&self.message)
    }
}

/// A `rule(…)` call as it came, to be read once the file has run.
#[derive(Clone, Debug)]
pub(crate) struct Registration {
    pub(crate) name: String,
    pub(crate) map: Map,
    pub(crate) call: Spot,
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

const KEYS: [&str; 7] = ["on", "severity", "when", "by", "title", "message", "labels"];

/// What reading rules finds, beside the rules.
#[derive(Default)]
pub(crate) struct Findings {
    pub(crate) problems: Vec<Problem>,
    /// Limits without a unit, with what they were compared with.
    pub(crate) uses: Vec<(Use, Place)>,
}

/// The rule that a registration describes, and what there is to say about it.
pub(crate) fn read(
    file: &File<'_>,
    registration: &Registration,
    findings: &mut Findings,
) -> Option<Rule> {
    let site = file
        .outline
        .rules
        .iter()
        .find(|site| site.call == registration.call);
    let mut reader = Reader {
        file,
        registration,
        site,
        findings,
        level: None,
        sound: true,
        bodies: Vec::new(),
    };
    let rule = reader.rule();
    rule.filter(|_| reader.sound)
}

struct Reader<'r> {
    file: &'r File<'r>,
    registration: &'r Registration,
    site: Option<&'r RuleOutline>,
    findings: &'r mut Findings,
    level: Option<Level>,
    sound: bool,
    bodies: Vec<Body>,
}

impl Reader<'_> {
    fn rule(&mut self) -> Option<Rule> {
        let name = &self.registration.name;
        let place = self
            .file
            .place(self.site.map_or(self.registration.call, |site| site.name));
        if !is_rule_name(name) {
            self.report(
                ProblemKind::BadName(name.clone()),
                place.clone(),
                Some("use lower-case words joined by dashes, as in `poor-audio`".to_owned()),
            );
        }
        for key in self.registration.map.keys() {
            if !KEYS.contains(&key.as_str()) {
                let help = did_you_mean(key, KEYS)
                    .or_else(|| Some(format!("a rule has {}", KEYS.map(ticked).join(", "))));
                self.report(
                    ProblemKind::UnknownKey(key.to_string()),
                    self.key(key),
                    help,
                );
            }
        }
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
        let (title, message) = (self.words("title"), self.words("message"));
        let labels = self.labels();
        Some(Rule {
            name: name.as_str().into(),
            level: self.level?,
            severity: severity?,
            when: when?,
            by,
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

    fn report(&mut self, kind: ProblemKind, place: Place, help: Option<String>) {
        self.add(Problem::new(kind, Some(place)).maybe_help(help));
    }

    fn add(&mut self, problem: Problem) {
        self.sound &= problem.kind.is_notice();
        self.findings.problems.push(problem);
    }

    fn missing(&mut self, key: &'static str, help: &str) {
        let rule = self.registration.name.clone();
        let spot = self.site.map_or(self.registration.call, |site| site.name);
        let place = self.file.place(spot);
        self.report(
            ProblemKind::MissingKey { rule, key },
            place,
            Some(format!("add {help}")),
        );
    }

    fn key(&self, key: &str) -> Place {
        let spot = self
            .site
            .and_then(|site| site.keys.get(key))
            .map(|key| key.spot);
        self.file.place(spot.unwrap_or(self.registration.call))
    }

    fn value(&self, key: &str) -> Place {
        let spot = self
            .site
            .and_then(|site| site.keys.get(key))
            .map(|key| key.value);
        self.file.place(spot.unwrap_or(self.registration.call))
    }

    fn wrong(&mut self, key: &str, want: &'static str) {
        let kind = ProblemKind::WrongValue {
            key: key.to_owned(),
            want,
        };
        let place = self.value(key);
        self.report(kind, place, None);
    }

    fn text(&mut self, key: &str) -> Option<String> {
        let value = self.registration.map.get(key)?;
        match as_text(value) {
            Some(text) => Some(text),
            None => {
                self.wrong(key, "a text");
                None
            }
        }
    }

    fn level(&mut self) -> Option<Level> {
        let names = Level::RULE_LEVELS.map(Level::name);
        if !self.registration.map.contains_key("on") {
            self.missing(
                "on",
                &format!("`on:` with one of {}", names.map(ticked).join(", ")),
            );
            return None;
        }
        let name = self.text("on")?;
        let level = Level::parse_rule_level(&name);
        if level.is_none() {
            let help = did_you_mean(&name, names).or_else(|| {
                Some(format!(
                    "a rule is on one of {}",
                    names.map(ticked).join(", ")
                ))
            });
            let place = self.value("on");
            self.report(ProblemKind::UnknownLevel(name), place, help);
        }
        level
    }

    /// A rule without a severity is a warning.
    fn severity(&mut self) -> Option<Severity> {
        if !self.registration.map.contains_key("severity") {
            return Some(Severity::Warning);
        }
        let name = self.text("severity")?;
        let severity = Severity::parse(&name);
        if severity.is_none() {
            let names = Severity::ALL.map(Severity::name);
            let help = did_you_mean(&name, names).or_else(|| {
                Some(format!(
                    "a severity is one of {}",
                    names.map(ticked).join(", ")
                ))
            });
            let place = self.value("severity");
            self.report(ProblemKind::UnknownSeverity(name), place, help);
        }
        severity
    }

    fn closure(&mut self, key: &'static str, purpose: Purpose) -> Option<FnPtr> {
        let value = self.registration.map.get(key)?;
        match value.clone().try_cast::<FnPtr>() {
            Some(pointer) => {
                self.captures(key, &pointer);
                self.body(key, purpose, &pointer);
                Some(pointer)
            }
            None => {
                let want = match purpose {
                    Purpose::Condition => "a closure, as in `|s| s.averageJitter > limits::jitter`",
                    _ => "a closure, as in `|s| s.client.network.subnet`",
                };
                self.wrong(key, want);
                None
            }
        }
    }

    /// Follows a closure and checks what it says.
    fn body(&mut self, key: &'static str, purpose: Purpose, pointer: &FnPtr) {
        let file = self.file;
        let got = file.functions.parameters(pointer);
        if let Some(got) = got.filter(|got| *got != 1) {
            let kind = ProblemKind::WrongParameters {
                key: key.to_owned(),
                got,
            };
            let help = "it is given the object that the rule is on, as in `|s| …`";
            self.report(kind, self.value(key), Some(help.to_owned()));
            return;
        }
        let Some(level) = self.level else { return };
        let at = self.site.and_then(|site| site.keys.get(key));
        let at = at.map_or(self.registration.call, |key| key.value);
        let typed = file.functions.follow(pointer, at).and_then(|expr| {
            let scope = Scope {
                level,
                limits: file.limits,
                purpose,
                source: file.source,
            };
            let checked = typing::check(&expr, &scope);
            for found in checked.found {
                // What stands above the closure stands in a function that it calls.
                let called = || {
                    let by = format!("`{key}` of rule `{}` asks it", self.registration.name);
                    (found.spot < at).then(|| (file.place(at), by))
                };
                self.add(Problem {
                    kind: found.kind,
                    place: Some(file.place(found.spot)),
                    also: found.also.or_else(called),
                    help: found.help,
                });
            }
            let uses = checked.uses.into_iter();
            let placed = uses.map(|found| (found.clone(), file.place(found.spot)));
            self.findings.uses.extend(placed);
            checked.typed
        });
        if let Err(unfollowed) = &typed {
            let chains = file.functions.chains(pointer);
            for problem in chains.iter().filter_map(|it| check::chain(file, level, it)) {
                self.add(problem);
            }
            let kind = ProblemKind::NotFollowed {
                rule: self.registration.name.clone(),
                key,
                reason: unfollowed.reason.clone(),
            };
            self.report(kind, file.place(unfollowed.spot), None);
        }
        self.bodies.push(Body { key, typed });
    }

    /// A captured variable could change, and then the verdict would depend on the past.
    fn captures(&mut self, key: &str, pointer: &FnPtr) {
        if !pointer.is_curried() {
            return;
        }
        let closure = self
            .site
            .and_then(|site| site.keys.get(key))
            .and_then(|outline| outline.closure.as_ref());
        let changeable: Vec<(String, Place)> = match closure {
            Some(closure) => closure
                .captures
                .iter()
                .filter(|named| !self.file.outline.constants.contains(&named.name))
                .map(|named| (named.name.clone(), self.file.place(named.spot)))
                .collect(),
            // Built out of sight: what it captured must be constant itself.
            None => pointer
                .iter_curry()
                .filter(|value| !value.is_read_only())
                .map(|_| ("?".to_owned(), self.value(key)))
                .collect(),
        };
        for (name, place) in changeable {
            let rule = self.registration.name.clone();
            let kind = ProblemKind::CapturedVariable {
                rule,
                key: key.to_owned(),
                name,
            };
            let help = "declare it with `const`, or make it a limit in thresholds.toml";
            self.report(kind, place, Some(help.to_owned()));
        }
    }

    fn words(&mut self, key: &'static str) -> Option<Words> {
        let value = self.registration.map.get(key)?;
        if let Some(text) = as_text(value) {
            return Some(Words::Fixed(text));
        }
        if value.clone().try_cast::<FnPtr>().is_none() {
            self.wrong(key, "a text, or a closure that makes one");
            return None;
        }
        self.closure(key, Purpose::Words).map(Words::Made)
    }

    fn labels(&mut self) -> BTreeMap<String, String> {
        let Some(value) = self.registration.map.get("labels") else {
            return BTreeMap::new();
        };
        let labels = value.clone().try_cast::<Map>().and_then(|map| {
            map.iter()
                .map(|(key, value)| Some((key.to_string(), as_text(value)?)))
                .collect::<Option<BTreeMap<_, _>>>()
        });
        if labels.is_none() {
            self.wrong("labels", "a map of texts, as in `#{ team: \"voice\" }`");
        }
        labels.unwrap_or_default()
    }
}

fn as_text(value: &Dynamic) -> Option<String> {
    value
        .read_lock::<ImmutableString>()
        .map(|text| text.to_string())
}

fn ticked(name: &str) -> String {
    format!("`{name}`")
}

fn is_rule_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 100
        && name.split('-').all(|word| {
            !word.is_empty()
                && word
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        })
}
