//! One walk over a document along a [`Program`]: is it valid, and what else is worth knowing?
//!
//! The walk goes on behind a violation, for notices and repeated names are told of invalid
//! documents too; it never describes one. Combinations of schemas are asked in walks of their
//! own that end at the first no. Where the program does not know, or the walk would become too
//! long, it says so, and the `jsonschema` crate decides. Nothing is allocated for a document
//! that has no notice.

mod leaf;
mod repeats;

use super::program::{
    ANYTHING, Combined, List, NOTHING, Program, Rare, Shape, Site, SiteId, Types,
};
use super::survey::{Raw, Survey};
use crate::record::cursor::{Cursor, Member, Value};

/// Levels of combinations within combinations; real schemas have two or three.
const LEVELS: usize = 32;

/// Walks the document under `cursor`, which is what `site` says, and leaves in `survey` what it
/// found.
pub(super) fn run<'t, C: Cursor<'t>>(
    program: &Program,
    site: SiteId,
    cursor: C,
    survey: &mut Survey,
) {
    let guesses = survey.begin(program.guesses);
    let mut walk = Walk {
        program,
        cursor,
        survey,
        guesses,
        failed: false,
        unsure: false,
        levels: 0,
        // Combinations may look at a value several times; the crate keeps books on that.
        steps: cursor.len().saturating_mul(16).saturating_add(1000),
        of: std::marker::PhantomData,
    };
    walk.value::<true>(site, 0);
    let valid = (!walk.unsure).then_some(!walk.failed);
    let guesses = walk.guesses;
    survey.end(valid, guesses);
}

struct Walk<'w, 't, C> {
    program: &'w Program,
    cursor: C,
    survey: &'w mut Survey,
    /// the survey's, while the walk lasts
    guesses: Vec<u32>,
    /// there is a violation
    failed: bool,
    /// the program cannot tell
    unsure: bool,
    /// combinations under way
    levels: usize,
    /// values that combinations may still look at
    steps: usize,
    of: std::marker::PhantomData<&'t ()>,
}

impl<'w, 't, C: Cursor<'t>> Walk<'w, 't, C> {
    fn site(&self, site: SiteId) -> &'w Site {
        self.program
            .sites
            .get(site as usize)
            .unwrap_or(&Site::ANYTHING)
    }

    /// Walks the value at `at`; gives what is behind it. Depth is capped by the parser.
    ///
    /// `MAIN` is the walk of the whole document; others end early, and then what they give
    /// means nothing.
    fn value<const MAIN: bool>(&mut self, site: SiteId, at: usize) -> usize {
        match self.cursor.read(at) {
            Some(value) => self.valued::<MAIN>(site, value, at),
            None => at + 1,
        }
    }

    /// As [`Walk::value`], where the value was read.
    #[inline(never)]
    fn valued<const MAIN: bool>(&mut self, site: SiteId, value: C::Value, at: usize) -> usize {
        if !MAIN {
            if site == ANYTHING {
                return self.cursor.behind(at);
            }
            match self.steps.checked_sub(1) {
                Some(left) => self.steps = left,
                None => self.unsure = true,
            }
            if self.failed || self.unsure {
                return at + 1;
            }
        }
        let site = self.site(site);
        let behind = match value.types() {
            Types::OBJECT => {
                self.accept(site, Types::OBJECT);
                self.object::<MAIN>(site, at)
            }
            Types::ARRAY => {
                self.accept(site, Types::ARRAY);
                self.array::<MAIN>(site, at)
            }
            types => {
                self.scalar::<MAIN>(site, value, types, at);
                self.cursor.behind_scalar(at, value)
            }
        };
        if site.combined != NOTHING {
            self.combined(site, at);
        }
        behind
    }

    #[inline(always)]
    fn accept(&mut self, site: &Site, types: Types) {
        self.failed |= !site.accepts.has(types);
        self.unsure |= site.unsure.meets(types);
    }

    #[inline(never)]
    fn object<const MAIN: bool>(&mut self, site: &'w Site, at: usize) -> usize {
        let Some(shape) = self.program.shapes.get(site.shape as usize) else {
            return self.cursor.behind(at);
        };
        let cursor = self.cursor;
        let properties = shape.properties.as_slice();
        let unknown_from = self.survey.scratch.unknown.len();
        // A bit for each name that was seen; beyond 64 names, for several of them.
        let mut seen = 0u64;
        let mut known = 0u32;
        let mut guess = shape.guesses;
        let mut run = cursor.enter(at);
        while let Some(member) = cursor.member(&mut run) {
            // Mostly the name is the one that came next last time.
            let mut place = self.guesses.get(guess).map_or(0, |place| *place as usize);
            let property = match properties.get(place) {
                Some(property) if shape.names.is_at(place, &property.key, member.name) => property,
                _ => {
                    place = self.look_up(shape, guess, member.name);
                    let Some(property) = properties.get(place) else {
                        let behind = self.other::<MAIN>(shape, member, run);
                        cursor.leave(&mut run, behind);
                        if !MAIN && (self.failed || self.unsure) {
                            return behind;
                        }
                        continue;
                    };
                    property
                }
            };
            guess = shape.guesses + 1 + place;
            seen |= 1u64.wrapping_shl(place as u32);
            known += 1;
            // And mostly little is asked of its value.
            let value = member.value;
            if value.is_within(property.types, property.low, property.high) {
                cursor.pass(&mut run, value);
                continue;
            }
            if MAIN && property.odd {
                self.unknown(shape, cursor.name_place(run));
            }
            let behind = self.valued::<MAIN>(property.site, value, cursor.place(run));
            cursor.leave(&mut run, behind);
            if !MAIN && (self.failed || self.unsure) {
                return behind;
            }
        }
        if seen & shape.required != shape.required {
            self.failed = true;
        }
        if let Some(rare) = &shape.rare {
            self.rare(shape, rare, at);
        }
        if MAIN {
            let mut twice = known != seen.count_ones();
            if twice && properties.len() > 64 {
                twice = self.names(shape, at);
            }
            self.repeats(at, unknown_from, twice);
        }
        cursor.end(run)
    }

    /// The place of a name that is not the likely one; next time it is.
    #[inline(never)]
    fn look_up(&mut self, shape: &Shape, guess: usize, name: &str) -> usize {
        let place = shape.names.look_up(name);
        if let (Some(place), Some(guess)) = (place, self.guesses.get_mut(guess)) {
            *guess = place as u32;
        }
        place.unwrap_or(usize::MAX)
    }

    /// A property that is not known by name.
    #[inline(never)]
    fn other<const MAIN: bool>(
        &mut self,
        shape: &Shape,
        member: Member<'t, C::Value>,
        run: C::Run,
    ) -> usize {
        if MAIN {
            let at = self.cursor.name_place(run);
            self.survey.scratch.unknown.push(at);
            if shape.closed && !member.name.contains('@') {
                self.unknown(shape, at);
            }
        }
        let mut matched = 0;
        for (bit, pattern) in shape.others.patterns.iter().enumerate() {
            matched |= usize::from(pattern.is_match(member.name)) << bit;
        }
        let site = shape.others.sites.get(matched).copied();
        let at = self.cursor.place(run);
        self.valued::<MAIN>(site.unwrap_or(ANYTHING), member.value, at)
    }

    #[cold]
    fn unknown(&mut self, shape: &Shape, at: usize) {
        let raw = Raw::UnknownProperty(self.cursor.node(at), shape.surveyed);
        self.survey.notice(raw);
    }

    /// Which of the shape's names the object at `at` has; whether it has one twice.
    #[cold]
    fn names(&mut self, shape: &Shape, at: usize) -> bool {
        let mut seen = std::mem::take(&mut self.survey.scratch.seen);
        seen.clear();
        seen.resize(shape.names.len(), false);
        let mut twice = false;
        let mut run = self.cursor.enter(at);
        while let Some(member) = self.cursor.member(&mut run) {
            let place = shape.names.look_up(member.name);
            if let Some(seen) = place.and_then(|place| seen.get_mut(place)) {
                twice |= *seen;
                *seen = true;
            }
            let behind = self.cursor.behind(self.cursor.place(run));
            self.cursor.leave(&mut run, behind);
        }
        self.survey.scratch.seen = seen;
        twice
    }

    /// What few schemas ask of an object.
    #[cold]
    fn rare(&mut self, shape: &Shape, rare: &'w Rare, at: usize) {
        if rare.least > 0 || rare.most.is_some() {
            let mut members = 0;
            let mut run = self.cursor.enter(at);
            while self.cursor.member(&mut run).is_some() {
                members += 1;
                let behind = self.cursor.behind(self.cursor.place(run));
                self.cursor.leave(&mut run, behind);
            }
            self.failed |= members < rare.least || rare.most.is_some_and(|most| members > most);
        }
        let named = &rare.required;
        if !(named.is_empty() && rare.dependent.is_empty() && rare.dependent_sites.is_empty()) {
            self.names(shape, at);
            let seen = std::mem::take(&mut self.survey.scratch.seen);
            let saw = |place: &u32| seen.get(*place as usize).copied().unwrap_or(false);
            self.failed |= !named.iter().all(saw);
            for (place, needed) in &rare.dependent {
                self.failed |= saw(place) && !needed.iter().all(saw);
            }
            for (place, site) in &rare.dependent_sites {
                if saw(place) {
                    self.failed |= !self.holds(*site, at);
                }
            }
            self.survey.scratch.seen = seen;
        }
        if let Some(site) = rare.names {
            let mut run = self.cursor.enter(at);
            while self.cursor.member(&mut run).is_some() {
                self.failed |= !self.holds(site, self.cursor.name_place(run));
                let behind = self.cursor.behind(self.cursor.place(run));
                self.cursor.leave(&mut run, behind);
                if self.failed || self.unsure {
                    break;
                }
            }
        }
    }

    #[inline(never)]
    fn array<const MAIN: bool>(&mut self, site: &'w Site, at: usize) -> usize {
        let Some(list) = self.program.lists.get(site.list as usize) else {
            return self.cursor.behind(at);
        };
        let mut run = self.cursor.enter(at);
        let mut count = 0;
        while let Some(value) = self.cursor.element(&mut run) {
            let site = list.prefix.get(count).copied().unwrap_or(list.rest);
            count += 1;
            let behind = self.valued::<MAIN>(site, value, self.cursor.place(run));
            self.cursor.leave(&mut run, behind);
            if !MAIN && (self.failed || self.unsure) {
                return behind;
            }
        }
        let count = count as u64;
        if count < list.least || list.most.is_some_and(|most| count > most) {
            self.failed = true;
        }
        if list.unique && count > 1 {
            self.unique(at);
        }
        if !list.contains.is_empty() {
            self.contains(list, at);
        }
        self.cursor.end(run)
    }

    #[cold]
    fn contains(&mut self, list: &List, at: usize) {
        for contains in &list.contains {
            let mut found = 0;
            let mut run = self.cursor.enter(at);
            while self.cursor.element(&mut run).is_some() {
                let at = self.cursor.place(run);
                found += u64::from(self.holds(contains.site, at));
                self.cursor.leave(&mut run, self.cursor.behind(at));
                if self.unsure {
                    return;
                }
            }
            self.failed |= found < contains.least || contains.most.is_some_and(|most| found > most);
        }
    }

    /// Whether the elements differ, where all are strings and there are few of them.
    #[cold]
    fn unique(&mut self, at: usize) {
        /// Each is compared with each.
        const FEW: usize = 16;
        let mut texts = [""; FEW];
        let mut run = self.cursor.enter(at);
        let mut count = 0;
        while let Some(value) = self.cursor.element(&mut run) {
            let (Some(text), Some(place)) = (value.text(), texts.get_mut(count)) else {
                self.unsure = true;
                return;
            };
            *place = text;
            count += 1;
            self.cursor.pass(&mut run, value);
        }
        let texts = texts.get(..count).unwrap_or_default();
        let twice = |(at, text): (usize, &&str)| texts.iter().take(at).any(|other| other == text);
        self.failed |= texts.iter().enumerate().any(twice);
    }

    /// Asks the schemas of a combination, one by one, of the value at `at`.
    #[inline(never)]
    fn combined(&mut self, site: &'w Site, at: usize) {
        let combined = self.program.combined.get(site.combined as usize);
        for combination in combined.into_iter().flatten() {
            if self.failed || self.unsure {
                return;
            }
            let right = match combination {
                Combined::Any(sites) => sites.iter().any(|site| self.holds(*site, at)),
                Combined::One(sites) => {
                    let right = sites.iter().filter(|site| self.holds(**site, at));
                    right.take(2).count() == 1
                }
                Combined::Not(site) => !self.holds(*site, at),
                Combined::If {
                    condition,
                    then,
                    otherwise,
                } => {
                    let next = if self.holds(*condition, at) {
                        *then
                    } else {
                        *otherwise
                    };
                    self.holds(next, at)
                }
            };
            self.failed |= !right;
        }
    }

    /// Whether the value at `at` is what `site` says, in a walk of its own.
    fn holds(&mut self, site: SiteId, at: usize) -> bool {
        if site == ANYTHING {
            return true;
        }
        if self.levels == LEVELS {
            self.unsure = true;
        }
        if self.unsure {
            return true;
        }
        self.levels += 1;
        let before = std::mem::replace(&mut self.failed, false);
        let unknown = self.survey.scratch.unknown.len();
        self.value::<false>(site, at);
        self.survey.scratch.unknown.truncate(unknown);
        self.levels -= 1;
        !std::mem::replace(&mut self.failed, before)
    }
}
