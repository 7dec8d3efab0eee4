//! What the rules see of one document: objects, links and readings, by index.
//!
//! The record side fills a [`Facts`] once per document, in document order; every rule reads the
//! same one. It is an arena: [`Facts::clear`] keeps the memory, and a stream costs no map.
//! `node` is an opaque place that evidence hands back; rules never look behind it.
//!
//! It converts nothing: durations arrive as milliseconds and instants as milliseconds since
//! 1970. What is absent, null, under a violation or `"NaN"` arrives as missing, never as zero.

use std::sync::Arc;

use super::fields::{FieldId, Level, Link};
use super::layout::Layout;

/// The node of something that stands nowhere in the document.
pub const NO_NODE: u32 = u32::MAX;

const NO_OBJECT: u32 = u32::MAX;

/// One object of the document, valid until the next [`Facts::clear`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(u32);

impl ObjectId {
    /// Its place in the arena.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A stretch of the arena's text or items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    start: u32,
    end: u32,
}

impl Range {
    fn of(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A reading as it lies in the arena.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Stored {
    Missing,
    Number(f64),
    Integer(i64),
    Bool(bool),
    Text(Range),
    List(Range),
}

/// One captured reading, borrowed from the arena.
#[derive(Clone, Copy, Debug)]
pub enum Reading<'a> {
    /// Absent, null, under a violation, or no number.
    Missing,
    /// A number in the field's unit.
    Number(f64),
    /// A whole number in the field's unit.
    Integer(i64),
    /// True or false.
    Bool(bool),
    /// Text, or the name of an enum member.
    Text(&'a str),
    /// Several texts.
    List(Items<'a>),
}

/// Readings by their place in the arena, for whoever reads whole columns of them.
impl Facts {
    /// Where the object's readings begin; for no object, where there are none.
    #[inline]
    pub(crate) fn row(&self, object: usize) -> u32 {
        self.objects
            .get(object)
            .map_or(NO_OBJECT, |object| object.readings)
    }

    /// The object that a link of this slot leads to; no object, if nowhere.
    #[inline]
    pub(crate) fn linked(&self, object: u32, slot: usize) -> u32 {
        self.objects
            .get(object as usize)
            .and_then(|object| self.links.get(object.links as usize + slot))
            .map_or(NO_OBJECT, |to| *to)
    }

    /// The reading of this slot in a row.
    #[inline]
    pub(crate) fn stored(&self, row: u32, slot: u32) -> Stored {
        self.readings
            .get(row as usize + slot as usize)
            .map_or(Stored::Missing, |(stored, _)| *stored)
    }

    /// The text of the reading there; empty if it is none.
    #[inline]
    pub(crate) fn text_of(&self, at: u32) -> &str {
        match self.stored(at, 0) {
            Stored::Text(range) => &self.text[range.of()],
            _ => "",
        }
    }

    /// The items of the reading there; none if it is no list.
    pub(crate) fn items_of(&self, at: u32) -> impl Iterator<Item = &str> {
        let range = match self.stored(at, 0) {
            Stored::List(range) => range.of(),
            _ => 0..0,
        };
        self.items[range].iter().map(|item| &self.text[item.of()])
    }
}

/// The texts of a list reading.
#[derive(Clone, Copy, Debug)]
pub struct Items<'a> {
    ranges: &'a [Range],
    text: &'a str,
}

impl<'a> Items<'a> {
    /// The texts, in document order.
    pub fn iter(self) -> impl Iterator<Item = &'a str> {
        self.ranges.iter().map(move |range| &self.text[range.of()])
    }
}

#[derive(Clone, Copy, Debug)]
struct Object {
    level: Level,
    node: u32,
    links: u32,
    readings: u32,
}

/// The readings of one document. See the module's text.
#[derive(Debug)]
pub struct Facts {
    layout: Arc<Layout>,
    objects: Vec<Object>,
    links: Vec<u32>,
    readings: Vec<(Stored, u32)>,
    text: String,
    items: Vec<Range>,
    by_level: [Vec<ObjectId>; Level::COUNT],
}

impl Facts {
    /// An empty arena for what `layout` wants.
    pub fn new(layout: Arc<Layout>) -> Facts {
        Facts {
            layout,
            objects: Vec::new(),
            links: Vec::new(),
            readings: Vec::new(),
            text: String::new(),
            items: Vec::new(),
            by_level: Default::default(),
        }
    }

    /// What is captured here.
    pub fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// Forgets the document and keeps the memory.
    pub fn clear(&mut self) {
        self.objects.clear();
        self.links.clear();
        self.readings.clear();
        self.text.clear();
        self.items.clear();
        for ids in &mut self.by_level {
            ids.clear();
        }
    }

    /// Adds an object with every reading missing and every link leading nowhere.
    pub fn push_object(&mut self, level: Level, node: u32) -> ObjectId {
        let id = ObjectId(self.objects.len() as u32);
        self.objects.push(Object {
            level,
            node,
            links: self.links.len() as u32,
            readings: self.readings.len() as u32,
        });
        self.links
            .resize(self.links.len() + level.links().len(), NO_OBJECT);
        let readings = self.readings.len() + self.layout.wanted(level).len();
        self.readings.resize(readings, (Stored::Missing, NO_NODE));
        self.by_level[level as usize].push(id);
        id
    }

    /// Adds an object with the readings of one that is there, and its links of these kinds.
    pub fn push_like(&mut self, like: ObjectId, links: &[Link]) -> ObjectId {
        let Object {
            level,
            node,
            links: from_links,
            readings: from,
        } = self.objects[like.index()];
        let id = self.push_object(level, node);
        let Object {
            links: own_links,
            readings: own,
            ..
        } = self.objects[id.index()];
        let (from, own) = (from as usize, own as usize);
        let count = self.readings.len() - own;
        self.readings.copy_within(from..from + count, own);
        for (slot, _) in links.iter().filter_map(|link| link.on(level)) {
            self.links[own_links as usize + slot] = self.links[from_links as usize + slot];
        }
        id
    }

    /// Joins two objects. A link that `from`'s level does not have is ignored.
    pub fn link(&mut self, from: ObjectId, link: Link, to: ObjectId) {
        let object = self.objects[from.index()];
        let slot = link.on(object.level);
        debug_assert!(slot.is_some(), "{:?} has no link {link:?}", object.level);
        if let Some((slot, level)) = slot {
            debug_assert_eq!(self.level(to), level);
            self.links[object.links as usize + slot] = to.0;
        }
    }

    fn store(&mut self, id: ObjectId, field: FieldId, stored: Stored, node: u32) {
        let object = self.objects[id.index()];
        debug_assert_eq!(object.level, field.get().level, "{}", field.name());
        if let Some(slot) = self.layout.slot(field) {
            self.readings[object.readings as usize + slot] = (stored, node);
        }
    }

    /// Says where a reading stands that is null, refused or no number.
    pub fn set_missing(&mut self, id: ObjectId, field: FieldId, node: u32) {
        self.store(id, field, Stored::Missing, node);
    }

    /// Sets a number; one that is not finite counts as missing.
    pub fn set_number(&mut self, id: ObjectId, field: FieldId, value: f64, node: u32) {
        let stored = if value.is_finite() {
            Stored::Number(value)
        } else {
            Stored::Missing
        };
        self.store(id, field, stored, node);
    }

    /// Sets a whole number.
    pub fn set_integer(&mut self, id: ObjectId, field: FieldId, value: i64, node: u32) {
        self.store(id, field, Stored::Integer(value), node);
    }

    /// Sets true or false.
    pub fn set_bool(&mut self, id: ObjectId, field: FieldId, value: bool, node: u32) {
        self.store(id, field, Stored::Bool(value), node);
    }

    /// Sets a text, which is copied only if some rule reads the field.
    pub fn set_text(&mut self, id: ObjectId, field: FieldId, value: &str, node: u32) {
        if self.layout.slot(field).is_some() {
            let range = self.keep(value);
            self.store(id, field, Stored::Text(range), node);
        }
    }

    /// Sets a list of texts, which are copied only if some rule reads the field.
    pub fn set_list<'t>(
        &mut self,
        id: ObjectId,
        field: FieldId,
        values: impl IntoIterator<Item = &'t str>,
        node: u32,
    ) {
        if self.layout.slot(field).is_some() {
            let start = self.items.len() as u32;
            for value in values {
                let range = self.keep(value);
                self.items.push(range);
            }
            let end = self.items.len() as u32;
            self.store(id, field, Stored::List(Range { start, end }), node);
        }
    }

    fn keep(&mut self, value: &str) -> Range {
        let start = self.text.len() as u32;
        self.text.push_str(value);
        Range {
            start,
            end: self.text.len() as u32,
        }
    }

    /// The objects of a level, in the order they were pushed.
    pub fn objects(&self, level: Level) -> &[ObjectId] {
        &self.by_level[level as usize]
    }

    /// The object's level.
    pub fn level(&self, id: ObjectId) -> Level {
        self.objects[id.index()].level
    }

    /// The object's own place.
    pub fn node(&self, id: ObjectId) -> u32 {
        self.objects[id.index()].node
    }

    /// Where a link leads; `None` if nowhere, or if the level has no such link.
    pub fn follow(&self, id: ObjectId, link: Link) -> Option<ObjectId> {
        let object = self.objects[id.index()];
        let (slot, _) = link.on(object.level)?;
        let to = self.links[object.links as usize + slot];
        (to != NO_OBJECT).then_some(ObjectId(to))
    }

    /// A reading and its place. A field that is not captured, or of another level, is missing.
    pub fn reading(&self, id: ObjectId, field: FieldId) -> (Reading<'_>, u32) {
        let object = self.objects[id.index()];
        if object.level != field.get().level {
            return (Reading::Missing, NO_NODE);
        }
        let Some(slot) = self.layout.slot(field) else {
            return (Reading::Missing, NO_NODE);
        };
        let (stored, node) = self.readings[object.readings as usize + slot];
        let reading = match stored {
            Stored::Missing => Reading::Missing,
            Stored::Number(value) => Reading::Number(value),
            Stored::Integer(value) => Reading::Integer(value),
            Stored::Bool(value) => Reading::Bool(value),
            Stored::Text(range) => Reading::Text(&self.text[range.of()]),
            Stored::List(range) => Reading::List(Items {
                ranges: &self.items[range.of()],
                text: &self.text,
            }),
        };
        (reading, node)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_is_like_another_has_its_readings_and_the_links_that_were_asked_for() {
        let mut facts = Facts::new(Arc::new(Layout::everything()));
        let field = Level::Endpoint.field("userId").expect("a field");
        let agent = facts.push_object(Level::UserAgent, 3);
        let network = facts.push_object(Level::Network, 4);
        let first = facts.push_object(Level::Endpoint, 7);
        facts.set_text(first, field, "ada", 8);
        facts.link(first, Link::UserAgent, agent);
        facts.link(first, Link::Network, network);
        let second = facts.push_like(first, &[Link::UserAgent]);
        assert_eq!(facts.node(second), 7);
        assert!(matches!(
            facts.reading(second, field),
            (Reading::Text("ada"), 8)
        ));
        assert_eq!(facts.follow(second, Link::UserAgent), Some(agent));
        assert_eq!(facts.follow(second, Link::Network), None);
    }

    #[test]
    fn readings_come_back_by_object_and_an_unread_field_is_not_kept() {
        let names = ["label", "tokens", "media", "packetUtilization"];
        let layout = Arc::new(Layout::new([Level::Stream, Level::Feedback], names));
        let mut facts = Facts::new(layout);
        for _ in 0..2 {
            facts.clear();
            let media = facts.push_object(Level::Media, 1);
            let stream = facts.push_object(Level::Stream, 2);
            facts.link(stream, Link::Media, media);
            let field = |level: Level, name: &str| level.field(name).expect("a field");
            facts.set_text(media, field(Level::Media, "label"), "main-audio", 7);
            facts.set_integer(stream, field(Level::Stream, "packetUtilization"), 709, 8);
            facts.set_text(stream, field(Level::Stream, "streamId"), "not kept", 9);
            assert_eq!(facts.follow(stream, Link::Media), Some(media));
            assert_eq!(facts.follow(stream, Link::Sender), None);
            let (reading, node) = facts.reading(media, field(Level::Media, "label"));
            assert!(matches!(reading, Reading::Text("main-audio")) && node == 7);
            let (reading, _) = facts.reading(stream, field(Level::Stream, "streamId"));
            assert!(matches!(reading, Reading::Missing));
            assert_eq!(facts.text, "main-audio");
        }
        let feedback = facts.push_object(Level::Feedback, 3);
        let tokens = Level::Feedback.field("tokens").expect("a field");
        facts.set_list(feedback, tokens, ["NoSound", "Echo"], 4);
        let (Reading::List(items), 4) = facts.reading(feedback, tokens) else {
            panic!()
        };
        assert_eq!(items.iter().collect::<Vec<_>>(), ["NoSound", "Echo"]);
    }

    #[test]
    fn what_is_no_number_is_missing() {
        let mut facts = Facts::new(Arc::new(Layout::everything()));
        let stream = facts.push_object(Level::Stream, 0);
        let jitter = Level::Stream.field("averageJitter").expect("a field");
        facts.set_number(stream, jitter, f64::NAN, 5);
        assert!(matches!(
            facts.reading(stream, jitter),
            (Reading::Missing, 5)
        ));
    }
}
