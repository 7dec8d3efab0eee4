//! Which fields and links some rule reads: the shape of what is captured.
//!
//! A [`Layout`] is made once per rule set from the property names in its syntax trees. The
//! record side asks it what to capture; [`Facts`](super::facts::Facts) uses it to find slots.
//!
//! It never guesses types: a name that several levels share is wanted on each of them that some
//! rule can reach. A field that no rule reads has no slot and costs nothing.

use super::fields::{FieldId, Level, Link};
use super::names::Names;

/// No slot: no rule reads the field.
const UNREAD: u16 = u16::MAX;

/// What the rules of one set read.
#[derive(Debug)]
pub struct Layout {
    slots: Box<[u16]>,
    wanted: [Vec<FieldId>; Level::COUNT],
    named: [Names; Level::COUNT],
    computed: [Vec<FieldId>; Level::COUNT],
    /// names of all levels, sorted; one's tag is its place from 1 on
    tags: Vec<&'static str>,
    /// by level and tag
    tagged: [Box<[Option<FieldId>]>; Level::COUNT],
    links: u32,
    levels: u16,
}

impl Layout {
    /// The layout for rules on `levels` that mention the properties `names`.
    pub fn new<'a>(
        levels: impl IntoIterator<Item = Level>,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Layout {
        let mut layout = Layout {
            slots: vec![UNREAD; FieldId::COUNT].into(),
            wanted: Default::default(),
            named: Default::default(),
            computed: Default::default(),
            tags: Vec::new(),
            tagged: Default::default(),
            links: 0,
            levels: 0,
        };
        for level in levels {
            layout.levels |= 1 << level as u16;
        }
        let names: Vec<&str> = names.into_iter().collect();
        for link in names.iter().copied().filter_map(Link::parse) {
            layout.links |= 1 << link as u32;
        }
        layout.reach();
        for level in Level::ALL {
            for field in names.iter().filter_map(|name| level.field(name)) {
                if layout.wants_level(level) {
                    layout.want(field);
                }
            }
        }
        for level in Level::ALL {
            let wanted = layout.wanted(level).iter().copied();
            let (computed, sent): (Vec<FieldId>, Vec<FieldId>) =
                wanted.partition(|field| field.get().computed);
            layout.computed[level as usize] = computed;
            layout.named[level as usize] = Names::new(&sent);
            layout.tags.extend(sent.iter().map(|field| field.name()));
        }
        layout.tags.sort_unstable();
        layout.tags.dedup();
        for level in Level::ALL {
            let named = &layout.named[level as usize];
            let by_tag = layout.tags.iter().map(|name| named.find(name));
            layout.tagged[level as usize] = std::iter::once(None).chain(by_tag).collect();
        }
        layout
    }

    /// A number for a name that some level's wanted fields have; 0 for any other.
    pub(crate) fn tag(&self, name: &str) -> u16 {
        let at = self.tags.binary_search(&name);
        at.map_or(0, |at| at as u16 + 1)
    }

    /// The wanted field of `level` that Graph sends by the name with this tag.
    #[inline]
    pub(crate) fn tagged(&self, level: Level, tag: u16) -> Option<FieldId> {
        let fields = &self.tagged[level as usize];
        fields.get(usize::from(tag)).copied().flatten()
    }

    /// The layout that captures everything there is.
    pub fn everything() -> Layout {
        Layout::new(Level::ALL, super::fields::property_names())
    }

    fn want(&mut self, field: FieldId) {
        let wanted = &mut self.wanted[field.get().level as usize];
        if !wanted.contains(&field) {
            self.slots[field.index()] = wanted.len() as u16;
            wanted.push(field);
        }
    }

    /// Levels that a wanted link leads to from a wanted level, until nothing is added.
    fn reach(&mut self) {
        loop {
            let before = self.levels;
            for level in Level::ALL {
                if !self.wants_level(level) {
                    continue;
                }
                for (link, to) in level.links() {
                    if self.wants_link(*link) {
                        self.levels |= 1 << *to as u16;
                    }
                }
            }
            if self.levels == before {
                return;
            }
        }
    }

    /// The fields of `level` that some rule reads; each is also its own slot's order.
    pub fn wanted(&self, level: Level) -> &[FieldId] {
        &self.wanted[level as usize]
    }

    /// The wanted field of `level` of that name that Graph does not send.
    pub(crate) fn computed(&self, level: Level, name: &str) -> Option<FieldId> {
        let mut computed = self.computed[level as usize].iter().copied();
        computed.find(|field| field.name() == name)
    }

    /// The wanted fields of `level` that Graph sends, by name.
    pub fn named(&self, level: Level) -> &Names {
        &self.named[level as usize]
    }

    /// Whether some rule follows `link`.
    pub fn wants_link(&self, link: Link) -> bool {
        self.links & (1 << link as u32) != 0
    }

    /// Whether objects of `level` can matter: a rule is on it, or a link leads to it.
    pub fn wants_level(&self, level: Level) -> bool {
        self.levels & (1 << level as u16) != 0
    }

    /// Where the field stands among its object's readings.
    pub(crate) fn slot(&self, field: FieldId) -> Option<usize> {
        let slot = self.slots[field.index()];
        (slot != UNREAD).then_some(slot as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_name_is_wanted_on_each_level_in_reach_and_an_unread_one_nowhere() {
        let layout = Layout::new([Level::Stream], ["startDateTime", "media", "label", "call"]);
        assert_eq!(layout.wanted(Level::Stream).len(), 1);
        assert_eq!(layout.wanted(Level::Call).len(), 1);
        assert!(layout.wanted(Level::Session).is_empty(), "out of reach");
        assert_eq!(layout.wanted(Level::Media)[0].name(), "label");
        assert!(layout.wanted(Level::Device).is_empty());
        assert!(layout.wants_link(Link::Media) && !layout.wants_link(Link::Sender));
        assert!(layout.wants_level(Level::Media));
        assert!(!layout.wants_level(Level::Endpoint) && layout.wants_level(Level::Call));
    }

    #[test]
    fn a_tag_leads_to_what_its_name_leads_to() {
        let layout = Layout::everything();
        for level in Level::ALL {
            for field in FieldId::all() {
                let tag = layout.tag(field.name());
                let found = layout.named(level).find(field.name());
                assert_eq!(layout.tagged(level, tag), found, "{}", field.name());
            }
            assert_eq!(layout.tagged(level, layout.tag("x")), None);
        }
    }
}
