//! Whose is a sample? Keys and users of a document's places, each made once.
//!
//! A key is put together in one buffer, and kept with the document's: rules that are asked by the same
//! `by` share what they made of a place. What cannot be read off as it stands is made as any rule's
//! `by`.

use std::fmt::Write as _;

use hashbrown::HashTable;

use crate::rules::facts::{Facts, ObjectId, Reading};
use crate::rules::fields::{FieldId, Level, Link};
use crate::rules::lower::{self, Key, Operand, Place};
use crate::rules::outcome;
use crate::rules::strangers;
use crate::rules::value::Value;
use crate::rules::window::WindowRule;
use crate::window;

/// Not known yet.
const UNKNOWN: u32 = u32::MAX;
/// Known to be none.
const NONE: u32 = u32::MAX - 1;
/// So many texts are looked through one by one.
const FEW: usize = 8;

/// The keys and users of one document after another.
#[derive(Debug)]
pub(super) struct Keys {
    /// those of the document at hand
    all: window::Keys,
    buffer: String,
    /// by rule, the first one with the same key on the same level
    same: Vec<usize>,
    /// by rule that others have the key of
    groups: Vec<Group>,
    /// by rule, its keys by the texts of its group
    of_rule: Vec<Vec<u32>>,
    /// by place of the document, who it is of, as far as known
    users: Vec<Option<u32>>,
    user_id: Option<FieldId>,
    /// the address that was asked for last, and whether many homes have it: mostly the next one too
    common: (String, bool),
}

/// What rules with the same key have in common.
#[derive(Debug, Default)]
struct Group {
    /// by place of the document, the number of its text
    places: Vec<u32>,
    /// by number, a key with that text
    texts: Vec<u32>,
    /// numbers by text, once there are more than a few
    index: HashTable<u32>,
    /// the number that was asked for last: mostly it is the next one too
    last: usize,
}

impl Group {
    fn clear(&mut self) {
        self.places.clear();
        self.texts.clear();
        self.index.clear();
    }

    /// The number of a text that is there.
    fn find(&self, all: &window::Keys, text: &str) -> Option<usize> {
        let is = |key: &u32| all.get(*key).is_some_and(|(_, own)| own == text);
        if self.texts.get(self.last).is_some_and(is) {
            return Some(self.last);
        }
        if self.texts.len() <= FEW {
            return self.texts.iter().position(is);
        }
        let same = |number: &u32| self.texts.get(*number as usize).is_some_and(is);
        let number = self.index.find(hash(text), same)?;
        Some(*number as usize)
    }

    /// Adds a key with a text that is not there; its number.
    fn add(&mut self, all: &window::Keys, key: u32) -> usize {
        let number = self.texts.len();
        self.texts.push(key);
        let texts = &self.texts;
        let text_of = |number: &u32| {
            let key = texts.get(*number as usize).and_then(|key| all.get(*key));
            key.map_or(0, |(_, text)| hash(text))
        };
        // The few that were looked through go in with the first one too many.
        let from = match number {
            FEW => 0,
            _ if number > FEW => number,
            _ => number + 1,
        };
        for number in from as u32..=number as u32 {
            self.index.insert_unique(text_of(&number), number, text_of);
        }
        number
    }
}

fn hash(text: &str) -> u64 {
    window::hash(&[text.as_bytes()])
}

impl Keys {
    pub(super) fn new(rules: &[WindowRule]) -> Keys {
        let same = |(number, rule): (usize, &WindowRule)| {
            let first = rules[..number].iter().position(|it| it.has_key_of(rule));
            first.unwrap_or(number)
        };
        Keys {
            all: window::Keys::default(),
            buffer: String::new(),
            same: rules.iter().enumerate().map(same).collect(),
            groups: rules.iter().map(|_| Group::default()).collect(),
            of_rule: vec![Vec::new(); rules.len()],
            users: Vec::new(),
            user_id: Level::Endpoint.field("userId"),
            common: (String::new(), crate::sites::is_common("")),
        }
    }

    /// Forgets the document before.
    pub(super) fn clear(&mut self) {
        self.all.clear();
        self.groups.iter_mut().for_each(Group::clear);
        self.of_rule.iter_mut().for_each(Vec::clear);
        self.users.clear();
    }

    /// Puts the keys of the document in the place of others.
    pub(super) fn give(&mut self, to: &mut window::Keys) {
        std::mem::swap(&mut self.all, to);
        self.all.clear();
    }

    /// The key that these parts are.
    pub(super) fn of_parts(&mut self, rule: usize, parts: &str) -> u32 {
        self.buffer.clear();
        self.buffer.push_str(parts);
        let number = self.number(rule);
        self.of_number(rule, number)
    }

    /// A key that rules share is made once for each place.
    pub(super) fn of_place(
        &mut self,
        rule: usize,
        place: Place<'_>,
        at: usize,
        key: &Key,
    ) -> Option<u32> {
        let group = self.same[rule];
        let known = self.groups[group].places.get(at).copied();
        let number = match known.unwrap_or(UNKNOWN) {
            NONE => return None,
            UNKNOWN => {
                let made = self.make(place, key).then(|| self.number(rule));
                let places = &mut self.groups[group].places;
                if places.len() <= at {
                    places.resize(at + 1, UNKNOWN);
                }
                places[at] = made.map_or(NONE, |number| number as u32);
                made?
            }
            known => known as usize,
        };
        Some(self.of_number(rule, number))
    }

    /// The number of the text in the buffer, in the rule's group.
    fn number(&mut self, rule: usize) -> usize {
        let group = &mut self.groups[self.same[rule]];
        group.last = match group.find(&self.all, &self.buffer) {
            Some(number) => number,
            None => {
                let key = self.all.add(rule as u16, &self.buffer);
                let number = group.add(&self.all, key);
                let own = &mut self.of_rule[rule];
                own.resize(number, UNKNOWN);
                own.push(key);
                number
            }
        };
        group.last
    }

    /// The rule's key with a text of its group.
    fn of_number(&mut self, rule: usize, number: usize) -> u32 {
        let own = &mut self.of_rule[rule];
        if own.len() <= number {
            own.resize(number + 1, UNKNOWN);
        }
        if own[number] == UNKNOWN {
            let like = self.groups[self.same[rule]].texts[number];
            own[number] = self.all.add_like(rule as u16, like);
        }
        own[number]
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

    /// Makes a compiled key at a place, in the buffer; not where a part is missing, or strangers would
    /// share it.
    fn make(&mut self, place: Place<'_>, key: &Key) -> bool {
        self.buffer.clear();
        let operands = match key {
            Key::One(one) => std::slice::from_ref(one),
            Key::Several(several) => several.as_slice(),
        };
        let plain = operands.iter().all(|operand| self.text(place, operand));
        if plain {
            return true;
        }
        let is_missing = |operand: &Operand| match operand {
            Operand::Reading(reading) => {
                matches!(read(place, reading), None | Some(Reading::Missing))
            }
            _ => false,
        };
        if operands.iter().any(is_missing) {
            return false;
        }
        self.buffer.clear();
        match (place.key(key), key) {
            (outcome::Key::Own(text), Key::One(_)) => push_part(&mut self.buffer, &text),
            (outcome::Key::Own(text), Key::Several(_)) => self.buffer.push_str(&text),
            _ => return false,
        }
        true
    }

    /// Adds a part that is a text as it was read, if it is one that no strangers share.
    fn text(&mut self, place: Place<'_>, operand: &Operand) -> bool {
        match operand {
            Operand::Reading(reading) => {
                let Some(Reading::Text(text)) = read(place, reading) else {
                    return false;
                };
                // Whether something beside it tells strangers apart is looked at elsewhere.
                if strangers::is_local(reading.field) && self.is_common(text) {
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

    fn is_common(&mut self, address: &str) -> bool {
        let (last, common) = &mut self.common;
        if last != address {
            last.clear();
            last.push_str(address);
            *common = crate::sites::is_common(address);
        }
        *common
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
    // Most parts have a length of one or two digits.
    match text.len() {
        length @ 0..10 => buffer.push(char::from(b'0' + length as u8)),
        length @ 10..100 => {
            buffer.push(char::from(b'0' + (length / 10) as u8));
            buffer.push(char::from(b'0' + (length % 10) as u8));
        }
        length => {
            let _ = write!(buffer, "{length}");
        }
    }
    buffer.push(':');
    buffer.push_str(text);
    buffer.push(';');
}
