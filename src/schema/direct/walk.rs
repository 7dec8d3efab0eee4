//! The walk itself: grammar, schema and what is kept, in one pass over the text.
//!
//! All of it gives nothing where it gives up; nothing that was kept then counts.

use simd_json::{Node, StaticNode};

use super::{ALL, ANY, Course, NAMED, Shape, Step};
use crate::record::token::{byte, number, skip, stands, string_end, unescape};
use crate::record::{Number, units};
use crate::schema::program::{ANYTHING, NOTHING, Program, Shape as Known, Site, SiteId, Types};

/// Levels of nesting, whatever the caps say: each is a call.
const LEVELS: usize = 128;

/// Unknown names of one object that are compared with each other.
const FEW: usize = 16;

/// What a walk guesses by, and what it remembers while it lasts.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// by [`Known::guesses`]; a wrong guess costs a look-up and no more
    guesses: Vec<u32>,
    /// names of the objects under way that their shapes do not know: where they stand
    unknown: Vec<(usize, usize)>,
}

pub(super) struct Walk<'w, 't> {
    program: &'w Program,
    course: &'w Course,
    text: &'t str,
    nodes: Vec<Node<'t>>,
    /// for strings whose escapes are resolved
    room: &'t mut [u8],
    places: &'w mut Vec<u32>,
    scratch: &'w mut Scratch,
    /// nodes that the parser's tape would have up to here
    count: u32,
    /// levels that may still be opened
    levels: usize,
}

/// A member whose name was read.
struct Found<'w> {
    /// where its name begins and ends, without quotes
    name: (usize, usize),
    /// behind its colon
    behind: usize,
    known: Option<(usize, &'w Step)>,
}

impl<'w, 't> Walk<'w, 't> {
    pub(super) fn new(
        program: &'w Program,
        course: &'w Course,
        text: &'t str,
        nodes: Vec<Node<'t>>,
        room: &'t mut [u8],
        places: &'w mut Vec<u32>,
        scratch: &'w mut Scratch,
    ) -> Self {
        scratch.unknown.clear();
        if scratch.guesses.len() < program.guesses {
            scratch.guesses.resize(program.guesses, 0);
        }
        Walk {
            program,
            course,
            text,
            nodes,
            room,
            places,
            scratch,
            count: 0,
            levels: course.caps.depth.min(LEVELS),
        }
    }

    /// Walks all of it; gives the nodes, also where it gave up.
    pub(super) fn document(mut self) -> Result<Vec<Node<'t>>, Vec<Node<'t>>> {
        match self.whole() {
            Some(()) => Ok(self.nodes),
            None => Err(self.nodes),
        }
    }

    fn whole(&mut self) -> Option<()> {
        let bytes = self.text.as_bytes();
        let at = skip(bytes, 0);
        if byte(bytes, at) != b'{' {
            return None;
        }
        let end = self.value(self.course.site, at, ALL)?;
        (skip(bytes, end) == bytes.len()).then_some(())
    }

    fn site(&self, site: SiteId) -> &'w Site {
        self.program
            .sites
            .get(site as usize)
            .unwrap_or(&Site::ANYTHING)
    }

    /// What a string says that is written from `from` to `to`.
    #[inline(always)]
    fn said(&mut self, from: usize, to: usize, escaped: bool) -> Option<&'t str> {
        let written = self.text.get(from..to)?;
        if escaped {
            return unescape(written, &mut self.room);
        }
        Some(written)
    }

    #[inline(always)]
    fn push(&mut self, node: Node<'t>, place: u32) {
        self.nodes.push(node);
        self.places.push(place);
    }

    /// The value at `at`; gives what is behind it.
    #[inline(never)]
    fn value(&mut self, site: SiteId, at: usize, keep: u8) -> Option<usize> {
        let site = self.site(site);
        if site.combined != NOTHING {
            return None;
        }
        let bytes = self.text.as_bytes();
        let place = self.count;
        self.count += 1;
        let (node, behind) = match byte(bytes, at) {
            b'{' => return self.container(site, Types::OBJECT, at, keep, place),
            b'[' => return self.container(site, Types::ARRAY, at, keep, place),
            b'"' => {
                let (end, escaped) = string_end(bytes, at + 1)?;
                let text = self.said(at + 1, end, escaped)?;
                self.is_text_right(site, text)?;
                (Node::String(text), end + 1)
            }
            b'-' | b'0'..=b'9' => {
                let (number, behind) = number(bytes, at)?;
                self.is_number_right(site, number)?;
                (Node::Static(number), behind)
            }
            _ => {
                let (value, types, behind) = literal(bytes, at)?;
                is_accepted(site, types)?;
                (Node::Static(value), behind)
            }
        };
        if keep != 0 {
            self.push(node, place);
        }
        Some(behind)
    }

    fn container(
        &mut self,
        site: &'w Site,
        types: Types,
        at: usize,
        keep: u8,
        place: u32,
    ) -> Option<usize> {
        is_accepted(site, types)?;
        self.levels = self.levels.checked_sub(1)?;
        let own = self.nodes.len();
        if keep != 0 {
            // What it holds is told behind it.
            self.push(Node::Object { len: 0, count: 0 }, place);
        }
        let (len, behind) = if types == Types::OBJECT {
            self.object(site, at + 1, keep)?
        } else {
            self.array(site, at + 1, keep)?
        };
        self.levels += 1;
        if keep != 0 {
            let count = self.nodes.len() - own - 1;
            *self.nodes.get_mut(own)? = if types == Types::OBJECT {
                Node::Object { len, count }
            } else {
                Node::Array { len, count }
            };
        }
        Some(behind)
    }

    /// The members behind the brace before `at`; how many are kept, and what is behind them.
    #[inline(never)]
    fn object(&mut self, site: &'w Site, at: usize, keep: u8) -> Option<(usize, usize)> {
        let known = self.program.shapes.get(site.shape as usize)?;
        let shape = self.course.shapes.get(site.shape as usize)?;
        if !shape.known {
            return None;
        }
        let bytes = self.text.as_bytes();
        // Of what is not kept itself nothing is kept; where all is kept, so is each member.
        let (mask, all) = match keep {
            0 => (0, 0),
            ALL => (ALL, NAMED),
            _ => (ALL, 0),
        };
        let unknown_from = self.scratch.unknown.len();
        let mut seen = 0u64;
        let mut kept = 0;
        let mut guess = known.guesses;
        let mut at = skip(bytes, at);
        if byte(bytes, at) == b'}' {
            return (known.required == 0).then_some((0, at + 1));
        }
        loop {
            // Mostly the name is the one that came next last time.
            let likely = self.scratch.guesses.get(guess).map_or(0, |place| *place);
            let likely = likely as usize;
            let (place, step, name) = match shape.steps.get(likely) {
                Some(step)
                    if stands(bytes, at, &step.written, u32::from(step.len)) && step.len > 0 =>
                {
                    let name = (at + 1, at + usize::from(step.len) - 2);
                    at += usize::from(step.len);
                    (likely, step, name)
                }
                _ => {
                    let found = self.look_up(known, shape, guess, at)?;
                    let Some((place, step)) = found.known else {
                        at = self.other(known, &found, mask, all, &mut kept)?;
                        if !next_member(bytes, &mut at)? {
                            break;
                        }
                        continue;
                    };
                    at = found.behind;
                    (place, step, found.name)
                }
            };
            guess = known.guesses + 1 + place;
            let bit = 1u64.wrapping_shl(place as u32);
            if step.odd || seen & bit != 0 {
                return None;
            }
            seen |= bit;
            let keep = step.keep & mask | all;
            let mut first = byte(bytes, at);
            if first <= b' ' {
                at = skip(bytes, at);
                first = byte(bytes, at);
            }
            let name_place = self.count;
            self.count += 1;
            if keep != 0 {
                kept += 1;
                let name = self.text.get(name.0..name.1)?;
                self.push(Node::String(name), name_place);
            }
            // And mostly little is asked of its value.
            let plain = step.types;
            let (node, behind) = match first {
                b'"' if plain.has(Types::STRING) => {
                    let (end, escaped) = string_end(bytes, at + 1)?;
                    if keep == 0 {
                        (Node::Static(StaticNode::Null), end + 1)
                    } else {
                        (Node::String(self.said(at + 1, end, escaped)?), end + 1)
                    }
                }
                b'n' if plain.has(Types::NULL) => {
                    if bytes.get(at..at + 4) != Some(b"null") {
                        return None;
                    }
                    (Node::Static(StaticNode::Null), at + 4)
                }
                b'-' | b'0'..=b'9' if plain.meets(Types::NUMBER) => {
                    let (number, behind) = number(bytes, at)?;
                    self.is_within(step, number)?;
                    (Node::Static(number), behind)
                }
                _ => {
                    at = self.value(step.site, at, keep)?;
                    if !next_member(bytes, &mut at)? {
                        break;
                    }
                    continue;
                }
            };
            self.count += 1;
            if keep != 0 {
                self.push(node, name_place + 1);
            }
            at = behind;
            if !next_member(bytes, &mut at)? {
                break;
            }
        }
        if seen & known.required != known.required {
            return None;
        }
        if self.scratch.unknown.len() > unknown_from {
            self.are_different(unknown_from)?;
        }
        Some((kept, at))
    }

    /// The name at `at`, which is not the likely one; next time it is.
    #[inline(never)]
    fn look_up(
        &mut self,
        known: &Known,
        shape: &'w Shape,
        guess: usize,
        at: usize,
    ) -> Option<Found<'w>> {
        let bytes = self.text.as_bytes();
        if byte(bytes, at) != b'"' {
            return None;
        }
        let (end, escaped) = string_end(bytes, at + 1)?;
        if escaped {
            return None;
        }
        let colon = skip(bytes, end + 1);
        if byte(bytes, colon) != b':' {
            return None;
        }
        let place = known.names.look_up(self.text.get(at + 1..end)?);
        if let (Some(place), Some(guess)) = (place, self.scratch.guesses.get_mut(guess)) {
            *guess = place as u32;
        }
        Some(Found {
            name: (at + 1, end),
            behind: colon + 1,
            known: place.and_then(|place| Some((place, shape.steps.get(place)?))),
        })
    }

    /// A member that the shape does not know by name; gives what is behind it.
    #[inline(never)]
    fn other(
        &mut self,
        known: &Known,
        found: &Found<'_>,
        mask: u8,
        all: u8,
        kept: &mut usize,
    ) -> Option<usize> {
        let name = self.text.get(found.name.0..found.name.1)?;
        if known.closed && !name.contains('@') {
            return None;
        }
        let mut matched = 0;
        for (bit, pattern) in known.others.patterns.iter().enumerate() {
            matched |= usize::from(pattern.is_match(name)) << bit;
        }
        let site = known.others.sites.get(matched).copied();
        self.scratch.unknown.push(found.name);
        let keep = self.course.keep(name).bits() & mask | all;
        let place = self.count;
        self.count += 1;
        if keep != 0 {
            *kept += 1;
            self.push(Node::String(name), place);
        }
        let at = skip(self.text.as_bytes(), found.behind);
        self.value(site.unwrap_or(ANYTHING), at, keep)
    }

    /// Whether the unknown names from `from` on differ, where there are few.
    #[cold]
    fn are_different(&mut self, from: usize) -> Option<()> {
        let names = self.scratch.unknown.get(from..).unwrap_or_default();
        let name = |(from, to): (usize, usize)| self.text.get(from..to);
        let twice = |(at, one): (usize, &(usize, usize))| {
            let mut before = names.iter().take(at);
            before.any(|other| name(*other) == name(*one))
        };
        if names.len() > FEW || names.iter().enumerate().any(twice) {
            return None;
        }
        self.scratch.unknown.truncate(from);
        Some(())
    }

    /// The elements behind the bracket before `at`; how many, and what is behind them.
    #[inline(never)]
    fn array(&mut self, site: &'w Site, at: usize, keep: u8) -> Option<(usize, usize)> {
        let list = self.program.lists.get(site.list as usize)?;
        if list.unique || !list.contains.is_empty() {
            return None;
        }
        let bytes = self.text.as_bytes();
        // An element has no name, and is what its array is.
        let keep = keep & NAMED;
        let mut count = 0;
        let mut at = skip(bytes, at);
        if byte(bytes, at) == b']' {
            at += 1;
        } else {
            loop {
                let site = list.prefix.get(count).copied().unwrap_or(list.rest);
                count += 1;
                at = skip(bytes, self.value(site, at, keep)?);
                match byte(bytes, at) {
                    b',' => at = skip(bytes, at + 1),
                    b']' => break,
                    _ => return None,
                }
            }
            at += 1;
        }
        let long = count as u64;
        let right = long >= list.least && list.most.is_none_or(|most| long <= most);
        right.then_some((count, at))
    }

    /// Whether a number of which little is asked is that.
    #[inline(always)]
    fn is_within(&self, step: &Step, number: StaticNode) -> Option<()> {
        let wanted = match number {
            StaticNode::F64(_) => Types::NUMBER,
            _ => Types::INTEGER,
        };
        let within = step.range == ANY || {
            let (low, high) = *self.course.ranges.get(step.range as usize)?;
            let float = match number {
                StaticNode::F64(value) => value,
                StaticNode::I64(value) => value as f64,
                StaticNode::U64(value) => value as f64,
                StaticNode::Null | StaticNode::Bool(_) => return None,
            };
            float >= low && float <= high
        };
        if step.types.has(wanted) && within {
            return Some(());
        }
        self.is_number_right(self.site(step.site), number)
    }

    #[inline(never)]
    fn is_number_right(&self, site: &Site, number: StaticNode) -> Option<()> {
        let (number, types) = match number {
            StaticNode::F64(value) => (Number::F64(value), Types::NUMBER),
            StaticNode::I64(value) => (Number::I64(value), Types::INTEGER),
            StaticNode::U64(value) => (Number::U64(value), Types::INTEGER),
            StaticNode::Null | StaticNode::Bool(_) => return None,
        };
        let exactly = match number {
            Number::F64(value) if value.fract() != 0.0 => Types::FRACTION,
            _ => Types::INTEGER,
        };
        let accepted =
            site.combined == NOTHING && site.accepts.has(exactly) && !site.unsure.meets(types);
        let right = match self.program.numbers.get(site.number as usize) {
            Some(check) if site.number != NOTHING => check.is_right(number),
            _ => true,
        };
        let expected = match self.program.ranges.get(site.range as usize) {
            Some(range) if !range.duration => {
                let float = number.as_f64();
                float >= range.low && float <= range.high
            }
            _ => true,
        };
        (accepted && right && expected).then_some(())
    }

    #[inline(always)]
    fn is_text_right(&mut self, site: &Site, text: &str) -> Option<()> {
        is_accepted(site, Types::STRING)?;
        if site.text != NOTHING
            && let Some(check) = self.program.texts.get(site.text as usize)
            && !check.is_right(text)
        {
            return None;
        }
        if site.members != NOTHING
            && let Some(members) = self.program.members.get(site.members as usize)
        {
            let guess = self.scratch.guesses.get_mut(members.guess);
            let likely = guess.as_ref().map_or(0, |guess| **guess);
            let place = members.names.find(text, likely as usize)?;
            if let Some(guess) = guess {
                *guess = place as u32;
            }
        }
        if site.range != NOTHING
            && let Some(range) = self.program.ranges.get(site.range as usize)
            && range.duration
            && (text.starts_with('-') || range.high.is_finite() || range.low > 0.0)
            && units::duration(text)
                .is_some_and(|millis| millis.0 < range.low || millis.0 > range.high)
        {
            return None;
        }
        Some(())
    }
}

/// Goes past a comma, to the next name, and says so; or past the brace that ends the object.
#[inline(always)]
fn next_member(bytes: &[u8], at: &mut usize) -> Option<bool> {
    *at = skip(bytes, *at);
    match byte(bytes, *at) {
        b',' => {
            *at = skip(bytes, *at + 1);
            Some(true)
        }
        b'}' => {
            *at += 1;
            Some(false)
        }
        _ => None,
    }
}

#[inline(always)]
fn is_accepted(site: &Site, types: Types) -> Option<()> {
    (site.accepts.has(types) && !site.unsure.meets(types)).then_some(())
}

#[inline]
fn literal(bytes: &[u8], at: usize) -> Option<(StaticNode, Types, usize)> {
    let left = bytes.get(at..)?;
    if left.starts_with(b"null") {
        Some((StaticNode::Null, Types::NULL, at + 4))
    } else if left.starts_with(b"true") {
        Some((StaticNode::Bool(true), Types::TRUE, at + 4))
    } else if left.starts_with(b"false") {
        Some((StaticNode::Bool(false), Types::FALSE, at + 5))
    } else {
        None
    }
}
