//! Reads the map of a `rule(…)` or `window(…)` call, key by key, and names what is wrong with each.
//!
//! What the keys come to is for [`rule`](super::rule) and [`window`](super::window) to say.

use std::collections::BTreeMap;

use rhai::{Dynamic, FnPtr, ImmutableString, Map};

use super::ast::RuleOutline;
use super::check;
use super::diagnostic::{Place, Problem, did_you_mean};
use super::fields::Level;
use super::problem::ProblemKind;
use super::rule::{Body, File, Registration, Words};
use super::severity::Severity;
use super::typing::{self, Purpose, Scope, Use};

/// What reading rules finds, beside the rules.
#[derive(Default)]
pub(crate) struct Findings {
    pub(crate) problems: Vec<Problem>,
    /// Limits without a unit, with what they were compared with.
    pub(crate) uses: Vec<(Use, Place)>,
}

pub(super) struct Reader<'r> {
    pub(super) file: &'r File<'r>,
    pub(super) registration: &'r Registration,
    pub(super) site: Option<&'r RuleOutline>,
    pub(super) findings: &'r mut Findings,
    pub(super) level: Option<Level>,
    pub(super) sound: bool,
    pub(super) bodies: Vec<Body>,
}

impl<'r> Reader<'r> {
    pub(super) fn new(
        file: &'r File<'r>,
        registration: &'r Registration,
        findings: &'r mut Findings,
    ) -> Reader<'r> {
        let mut sites = file.outline.rules.iter();
        Reader {
            site: sites.find(|site| site.call == registration.call),
            file,
            registration,
            findings,
            level: None,
            sound: true,
            bodies: Vec::new(),
        }
    }
}

impl Reader<'_> {
    /// The place of the name, which is checked.
    pub(super) fn name(&mut self) -> Place {
        let name = &self.registration.name;
        let spot = self.site.map_or(self.registration.call, |site| site.name);
        let place = self.file.place(spot);
        if !is_rule_name(name) {
            self.report(
                ProblemKind::BadName(name.clone()),
                place.clone(),
                Some("use lower-case words joined by dashes, as in `poor-audio`".to_owned()),
            );
        }
        place
    }

    /// Where the name stands.
    pub(super) fn name_place(&self) -> Place {
        let spot = self.site.map_or(self.registration.call, |site| site.name);
        self.file.place(spot)
    }

    /// Reports each key that is none of these.
    ///
    /// `for` is Prometheus's name for one that windows have.
    pub(super) fn known_keys(&mut self, what: &str, keys: &[&'static str]) {
        if self.registration.map.contains_key("for") {
            let help = match keys.contains(&"pending_for") {
                true => "`for` is a word of Rhai's; the key is `pending_for`",
                false => "a rule on single calls has no `for`; a `window(…)` has `pending_for`",
            };
            let kind = ProblemKind::UnknownKey("for".to_owned());
            self.report(kind, self.key("for"), Some(help.to_owned()));
        }
        for key in self.registration.map.keys() {
            if keys.contains(&key.as_str()) || key == "for" {
                continue;
            }
            let all = || {
                let all: Vec<String> = keys.iter().map(|key| ticked(key)).collect();
                Some(format!("{what} has {}", all.join(", ")))
            };
            let help = did_you_mean(key, keys.iter().copied()).or_else(all);
            let kind = ProblemKind::UnknownKey(key.to_string());
            self.report(kind, self.key(key), help);
        }
    }

    /// A length of time, in seconds.
    pub(super) fn length(&mut self, key: &'static str) -> Option<u32> {
        let value = self.registration.map.get(key)?;
        match super::window::seconds(value) {
            Ok(seconds) => Some(seconds),
            Err((why, help)) => {
                self.odd(key, "a length of time", why, help);
                None
            }
        }
    }

    pub(super) fn odd(&mut self, key: &str, want: &'static str, why: String, help: Option<String>) {
        let kind = ProblemKind::OddQuantity {
            key: key.to_owned(),
            want,
            why,
        };
        let place = self.value(key);
        self.report(kind, place, help);
    }

    pub(super) fn report(&mut self, kind: ProblemKind, place: Place, help: Option<String>) {
        self.add(Problem::new(kind, Some(place)).maybe_help(help));
    }

    pub(super) fn add(&mut self, problem: Problem) {
        self.sound &= problem.kind.is_notice();
        self.findings.problems.push(problem);
    }

    pub(super) fn missing(&mut self, key: &'static str, help: &str) {
        let rule = self.registration.name.clone();
        let spot = self.site.map_or(self.registration.call, |site| site.name);
        let place = self.file.place(spot);
        self.report(
            ProblemKind::MissingKey { rule, key },
            place,
            Some(format!("add {help}")),
        );
    }

    pub(super) fn key(&self, key: &str) -> Place {
        let spot = self
            .site
            .and_then(|site| site.keys.get(key))
            .map(|key| key.spot);
        self.file.place(spot.unwrap_or(self.registration.call))
    }

    pub(super) fn value(&self, key: &str) -> Place {
        let spot = self
            .site
            .and_then(|site| site.keys.get(key))
            .map(|key| key.value);
        self.file.place(spot.unwrap_or(self.registration.call))
    }

    pub(super) fn wrong(&mut self, key: &str, want: &'static str) {
        let kind = ProblemKind::WrongValue {
            key: key.to_owned(),
            want,
        };
        let place = self.value(key);
        self.report(kind, place, None);
    }

    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        let value = self.registration.map.get(key)?;
        match as_text(value) {
            Some(text) => Some(text),
            None => {
                self.wrong(key, "a text");
                None
            }
        }
    }

    pub(super) fn level(&mut self) -> Option<Level> {
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
    pub(super) fn severity(&mut self) -> Option<Severity> {
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

    pub(super) fn closure(&mut self, key: &'static str, purpose: Purpose) -> Option<FnPtr> {
        let value = self.registration.map.get(key)?;
        match value.clone().try_cast::<FnPtr>() {
            Some(pointer) => {
                self.captures(key, &pointer);
                self.body(key, purpose, &pointer);
                Some(pointer)
            }
            None => {
                let want = match purpose {
                    Purpose::Key => "a closure, as in `|s| s.client.network.subnet`",
                    Purpose::Words => "a text, or a closure that makes one",
                    Purpose::Number(_) => "a closure, as in `|s| s.averageJitter`",
                    Purpose::Condition | Purpose::Sample(_) => {
                        "a closure, as in `|s| s.averageJitter > limits::jitter`"
                    }
                };
                self.wrong(key, want);
                None
            }
        }
    }

    /// Follows a closure and checks what it says.
    pub(super) fn body(&mut self, key: &'static str, purpose: Purpose, pointer: &FnPtr) {
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
    pub(super) fn captures(&mut self, key: &str, pointer: &FnPtr) {
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

    pub(super) fn words(&mut self, key: &'static str) -> Option<Words> {
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

    pub(super) fn labels(&mut self) -> BTreeMap<String, String> {
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

pub(super) fn as_text(value: &Dynamic) -> Option<String> {
    value
        .read_lock::<ImmutableString>()
        .map(|text| text.to_string())
}

pub(super) fn ticked(name: &str) -> String {
    format!("`{name}`")
}

pub(super) fn is_rule_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 100
        && name.split('-').all(|word| {
            !word.is_empty()
                && word
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        })
}
