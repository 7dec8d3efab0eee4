//! Names that are not the likely ones: looked up, or met as strangers.

use simd_json::Node;

use super::walk::Walk;
use super::{Guess, STRANGERS, Step, Stranger};
use crate::lane::{Look, Narrow};
use crate::record::Tag;
use crate::record::token::{Ignored, byte, skip, stands, string_end};
use crate::schema::program::{ANYTHING, Shape as Known, SiteId};

/// Unknown names of one object that are compared with each other.
const FEW: usize = 16;

/// A member whose name was read.
pub(super) struct Found<'t> {
    /// where its name begins and ends, without quotes
    name: (usize, usize),
    /// behind its colon
    pub(super) behind: usize,
    pub(super) known: Option<(usize, &'t Step)>,
}

impl<'t> Walk<'_, 't> {
    /// The name at `at`, which is not the likely one.
    #[inline(never)]
    pub(super) fn look_up(
        &self,
        known: &Known,
        steps: &'t [Step],
        guess: &Guess,
        at: usize,
    ) -> Option<Found<'t>> {
        let bytes = self.text.as_bytes();
        let before = guess.before.get();
        if let Some(step) = steps.get(usize::from(before))
            && is_named::<Narrow>(bytes, at, step)
        {
            guess.before.set(guess.likely.replace(before));
            let behind = at - 1 + usize::from(step.len);
            return Some(Found {
                name: (at + 1, behind - 2),
                behind,
                known: Some((usize::from(before), step)),
            });
        }
        if byte(bytes, at) != b'"' {
            return None;
        }
        let (end, escaped) = string_end::<Narrow>(bytes, at + 1)?;
        if escaped {
            return None;
        }
        let colon = skip(bytes, end + 1);
        if byte(bytes, colon) != b':' {
            return None;
        }
        let place = known.names.look_up(self.text.get(at + 1..end)?);
        if place.is_some_and(|place| known.properties.get(place).is_none_or(|it| it.odd)) {
            return None;
        }
        if let Some(place) = place {
            guess.before.set(guess.likely.replace(place as u8));
        }
        Some(Found {
            name: (at + 1, end),
            behind: colon + 1,
            known: place.and_then(|place| Some((place, steps.get(place)?))),
        })
    }

    /// A member that the shape does not know by name; gives what is behind it.
    #[inline(never)]
    pub(super) fn other<L: Look>(
        &mut self,
        shape: u32,
        found: &Found<'_>,
        mask: u8,
        all: u8,
        kept: &mut usize,
    ) -> Option<usize> {
        let name = self.text.get(found.name.0..found.name.1)?;
        let mut known = self.strangers.iter();
        let place = known.position(|it| it.shape == shape && *it.name == *name);
        let (site, keep, tag) = match place.and_then(|place| self.strangers.get(place)) {
            Some(known) => (known.site, known.keep, known.tag),
            None => self.meet(shape, name)?,
        };
        self.unknown.push(found.name);
        let keep = keep >> self.purpose.shift() & mask | all;
        let place = self.count;
        self.count += 1;
        if keep != 0 {
            *kept += 1;
            self.push_tagged(Node::String(name), place, found.name.0 - 1, tag);
        }
        let at = skip(self.text.as_bytes(), found.behind);
        self.value::<L>(site, at, keep)
    }

    /// What is to be known of a name that the shape does not know: the site of its value, what is kept
    /// of it, and its tag.
    #[cold]
    fn meet(&mut self, shape: u32, name: &str) -> Option<(SiteId, u8, Tag)> {
        let known = self.program.shapes.get(shape as usize)?;
        if known.closed && !name.contains('@') {
            return None;
        }
        let mut matched = 0;
        for (bit, pattern) in known.others.patterns.iter().enumerate() {
            matched |= usize::from(pattern.is_match(name)) << bit;
        }
        let site = known.others.sites.get(matched).copied();
        let site = site.unwrap_or(ANYTHING);
        let (keep, tag) = (self.course.kept(name), self.course.keep.tag(name));
        if self.strangers.len() < STRANGERS && name.len() <= STRANGERS {
            self.strangers.push(Stranger {
                shape,
                name: name.into(),
                site,
                keep,
                tag,
            });
        }
        Some((site, keep, tag))
    }

    /// Whether the unknown names from `from` on differ, where there are few.
    #[cold]
    pub(super) fn are_different(&mut self, from: usize) -> Option<()> {
        let names = self.unknown.get(from..).unwrap_or_default();
        let name = |(from, to): (usize, usize)| self.text.get(from..to);
        let twice = |(at, one): (usize, &(usize, usize))| {
            let mut before = names.iter().take(at);
            before.any(|other| name(*other) == name(*one))
        };
        if names.len() > FEW || names.iter().enumerate().any(twice) {
            return None;
        }
        self.unknown.truncate(from);
        Some(())
    }
}

/// Whether the name at `at`, whatever stands before it, is that of a step.
#[inline(always)]
pub(super) fn is_named<L: Look>(bytes: &[u8], at: usize, step: &Step) -> bool {
    let len = u32::from(step.len);
    stands::<L>(bytes, at - 1, &step.written, len, Ignored::Comma)
}
