//! Whose is a sample? Keys and users of a document's places, each made once.
//!
//! A key is put together in one buffer, and kept: the same few come again and again, over documents
//! too. What cannot be read off as it stands is made as any rule's `by`.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::rules::facts::{Facts, ObjectId, Reading};
use crate::rules::fields::{FieldId, Level, Link};
use crate::rules::lower::{self, Key, Operand, Place};
use crate::rules::outcome;
use crate::rules::strangers;
use crate::rules::value::Value;
use crate::rules::window::WindowRule;
use crate::window;

/// So many keys are kept; then they are made anew.
const KEPT: usize = 1 << 16;

/// The keys and users of one document after another.
#[derive(Debug)]
pub(super) struct Keys {
    kept: FxHashSet<Arc<str>>,
    /// by rule, the key that was made last
    last: Vec<Arc<str>>,
    buffer: String,
    /// by rule, the first one with the same key on the same level
    same: Vec<usize>,
    /// by rule that others have the key of, the keys of this document's places, as far as known
    cache: Vec<Vec<Option<Option<Arc<str>>>>>,
    /// by place of the document, who it is of, as far as known
    users: Vec<Option<u32>>,
    user_id: Option<FieldId>,
}

impl Keys {
    pub(super) fn new(rules: &[WindowRule]) -> Keys {
        let same = |(number, rule): (usize, &WindowRule)| {
            let first = rules[..number].iter().position(|it| it.has_key_of(rule));
            first.unwrap_or(number)
        };
        Keys {
            kept: FxHashSet::default(),
            last: vec!["".into(); rules.len()],
            buffer: String::new(),
            same: rules.iter().enumerate().map(same).collect(),
            cache: vec![Vec::new(); rules.len()],
            users: Vec::new(),
            user_id: Level::Endpoint.field("userId"),
        }
    }

    /// Forgets the places of the document before.
    pub(super) fn clear(&mut self) {
        self.cache.iter_mut().for_each(Vec::clear);
        self.users.clear();
    }

    /// The key that these parts are.
    pub(super) fn of_parts(&mut self, rule: usize, parts: &str) -> Arc<str> {
        self.buffer.clear();
        self.buffer.push_str(parts);
        self.kept(rule)
    }

    /// A key that rules share is made once for each place.
    pub(super) fn of_place(
        &mut self,
        rule: usize,
        place: Place<'_>,
        at: usize,
        key: &Key,
    ) -> Option<Arc<str>> {
        let rule = self.same[rule];
        if let Some(Some(known)) = self.cache[rule].get(at) {
            return known.clone();
        }
        let made = self.key(rule, place, key);
        let cache = &mut self.cache[rule];
        if cache.len() <= at {
            cache.resize(at + 1, None);
        }
        cache[at] = Some(made.clone());
        made
    }

    pub(super) fn user_of(&mut self, place: Place<'_>) -> u32 {
        let at = place.object.index();
        if let Some(Some(known)) = self.users.get(at) {
            return *known;
        }
        let user = self.user(place.facts, place.object);
        if self.users.len() <= at {
            self.users.resize(at + 1, None);
        }
        self.users[at] = Some(user);
        user
    }

    /// The key in the buffer, shared with those that were the same; the last one of a rule is mostly
    /// the next one too.
    fn kept(&mut self, rule: usize) -> Arc<str> {
        if let Some(last) = self.last.get(rule).filter(|last| ***last == *self.buffer) {
            return Arc::clone(last);
        }
        let key = match self.kept.get(self.buffer.as_str()) {
            Some(known) => Arc::clone(known),
            None => {
                if self.kept.len() >= KEPT {
                    self.kept.clear();
                }
                let key: Arc<str> = self.buffer.as_str().into();
                self.kept.insert(Arc::clone(&key));
                key
            }
        };
        if let Some(last) = self.last.get_mut(rule) {
            last.clone_from(&key);
        }
        key
    }

    /// A compiled key at a place; nothing where a part is missing, or strangers would share it.
    fn key(&mut self, rule: usize, place: Place<'_>, key: &Key) -> Option<Arc<str>> {
        self.buffer.clear();
        let operands = match key {
            Key::One(one) => std::slice::from_ref(one),
            Key::Several(several) => several.as_slice(),
        };
        let plain = operands.iter().all(|operand| self.text(place, operand));
        if plain {
            return Some(self.kept(rule));
        }
        self.buffer.clear();
        match (place.key(key), key) {
            (outcome::Key::Own(text), Key::One(_)) => push_part(&mut self.buffer, &text),
            (outcome::Key::Own(text), Key::Several(_)) => self.buffer.push_str(&text),
            _ => return None,
        }
        Some(self.kept(rule))
    }

    /// Adds a part that is a text as it was read, if it is one that no strangers share.
    fn text(&mut self, place: Place<'_>, operand: &Operand) -> bool {
        match operand {
            Operand::Reading(reading) => {
                let Some(Reading::Text(text)) = read(place, reading) else {
                    return false;
                };
                // Whether something beside it tells strangers apart is looked at elsewhere.
                if strangers::is_local(reading.field) && crate::sites::is_common(text) {
                    return false;
                }
                push_part(&mut self.buffer, text);
                true
            }
            Operand::OrElse(first, second) => {
                let Operand::Reading(reading) = &**first else {
                    return false;
                };
                match read(place, reading) {
                    None | Some(Reading::Missing) => self.text(place, second),
                    Some(_) => self.text(place, first),
                }
            }
            Operand::Constant(constant) => match &constant.value {
                Value::Text(text) => {
                    push_part(&mut self.buffer, text);
                    true
                }
                _ => false,
            },
            Operand::Arithmetic(..) => false,
        }
    }

    /// A hash of the user that a sample is from.
    fn user(&self, facts: &Facts, object: ObjectId) -> u32 {
        use Link as L;
        let follow = |way: &[Link]| {
            let first = Some(object);
            let mut links = way.iter();
            links.try_fold(first?, |object, link| facts.follow(object, *link))
        };
        let ways: &[&[Link]] = match facts.level(object) {
            Level::Stream => &[&[L::Client]],
            Level::Feedback => &[&[L::Endpoint]],
            Level::Session => &[&[L::Caller], &[L::Callee]],
            Level::Call => &[],
            _ => &[&[L::Session, L::Caller], &[L::Session, L::Callee]],
        };
        let Some(field) = self.user_id else { return 0 };
        let id = ways
            .iter()
            .find_map(|way| match facts.reading(follow(way)?, field).0 {
                Reading::Text(text) => Some(text),
                _ => None,
            });
        window::user_of(id)
    }
}

/// The reading behind its way.
pub(super) fn read<'f>(place: Place<'f>, reading: &lower::Reading) -> Option<Reading<'f>> {
    let mut object = place.object;
    for link in reading.way.iter() {
        object = place.facts.follow(object, *link)?;
    }
    Some(place.facts.reading(object, reading.field).0)
}

pub(super) fn push_part(buffer: &mut String, text: &str) {
    use std::fmt::Write as _;
    let _ = write!(buffer, "{}:{text};", text.len());
}
