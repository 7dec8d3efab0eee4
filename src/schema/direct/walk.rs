//! The walk itself: grammar, schema and what is kept, in one pass over the text.
//!
//! All of it gives nothing where it gives up; nothing that was kept then counts.

use simd_json::{Node, StaticNode};

use super::leaf::{is_accepted, literal};
use super::name::is_named;
use super::parts::{InsideAt, ValueAt, Whole};
use super::{ALL, Before, Closed, Course, NAMED, Purpose, Shape, Step, Stranger};
use crate::lane::{self, Look};
use crate::record::token::{
    Ignored, byte, few_digits_end, next, number, skip, stands, string_end, unescape,
};
use crate::record::{Placed, Tag};
use crate::schema::program::{NOTHING, Program, Site, SiteId, Types};

/// Levels of nesting, whatever the caps say: each is a call.
pub(super) const LEVELS: usize = 128;

pub(super) struct Walk<'w, 't> {
    pub(super) program: &'t Program,
    pub(super) course: &'t Course,
    pub(super) text: &'t str,
    pub(super) nodes: Vec<Node<'t>>,
    pub(super) places: &'w mut Vec<Placed>,
    /// for strings whose escapes are resolved
    pub(super) room: &'t mut [u8],
    pub(super) guesses: &'w mut [[u32; 2]],
    pub(super) unknown: &'w mut Vec<(usize, usize)>,
    pub(super) strangers: &'w mut Vec<Stranger>,
    pub(super) before: &'w mut Before,
    /// of a second reading, which need not go everywhere, the bytes that it passed over
    pub(super) again: Option<&'w mut usize>,
    /// nodes that the parser's tape would have up to here
    pub(super) count: u32,
    /// levels that may still be opened
    pub(super) levels: usize,
    pub(super) purpose: Purpose,
}

impl<'w, 't> Walk<'w, 't> {
    /// Walks all of it; gives the nodes, also where it gave up. For more than `most` nodes it
    /// does.
    pub(super) fn document(mut self, most: usize) -> Result<Vec<Node<'t>>, Vec<Node<'t>>> {
        // The parser counts an empty container twice, but not in so short a text.
        let short = self.text.len() / 2 <= most;
        let right =
            lane::go_over(Whole(&mut self)).is_some() && (short || self.count as usize <= most / 2);
        if right {
            Ok(self.nodes)
        } else {
            Err(self.nodes)
        }
    }

    #[inline(always)]
    pub(super) fn whole<L: Look>(&mut self) -> Option<()> {
        let bytes = self.text.as_bytes();
        let at = skip(bytes, 0);
        if byte(bytes, at) != b'{' {
            return None;
        }
        let end = self.value::<L>(self.course.site, at, ALL)?;
        (skip(bytes, end) == bytes.len()).then_some(())
    }

    pub(super) fn site(&self, site: SiteId) -> &'t Site {
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
    fn push(&mut self, node: Node<'t>, number: u32, at: usize) {
        self.push_tagged(node, number, at, 0);
    }

    #[inline(always)]
    pub(super) fn push_tagged(&mut self, node: Node<'t>, number: u32, at: usize, tag: Tag) {
        self.nodes.push(node);
        self.places.push(Placed {
            number,
            // A text is capped below 4 GiB.
            offset: at as u32,
            tag,
        });
    }

    /// The value at `at`; gives what is behind it.
    #[inline(always)]
    pub(super) fn value<L: Look>(&mut self, site: SiteId, at: usize, keep: u8) -> Option<usize> {
        let walk = self;
        L::again(ValueAt {
            walk,
            site,
            at,
            keep,
        })
    }

    #[inline(always)]
    pub(super) fn value_here<L: Look>(
        &mut self,
        site: SiteId,
        at: usize,
        keep: u8,
    ) -> Option<usize> {
        let site = self.site(site);
        if site.combined != NOTHING {
            return None;
        }
        let bytes = self.text.as_bytes();
        let place = self.count;
        self.count += 1;
        match byte(bytes, at) {
            b'{' => self.container::<L>(site, Types::OBJECT, at, keep, place),
            b'[' => self.container::<L>(site, Types::ARRAY, at, keep, place),
            b'"' => {
                let (end, escaped) = string_end::<L>(bytes, at + 1)?;
                let text = self.said(at + 1, end, escaped)?;
                self.is_text_right(site, text)?;
                if keep != 0 {
                    self.push(Node::String(text), place, at);
                }
                Some(end + 1)
            }
            b'-' | b'0'..=b'9' => {
                let figure = number(bytes, at);
                self.is_number_right(site, figure)?;
                if keep != 0 {
                    self.push(Node::Static(figure.node()), place, at);
                }
                Some(figure.end())
            }
            _ => {
                let (value, types, behind) = literal(bytes, at)?;
                is_accepted(site, types)?;
                if keep != 0 {
                    self.push(Node::Static(value), place, at);
                }
                Some(behind)
            }
        }
    }

    #[inline(always)]
    fn container<L: Look>(
        &mut self,
        site: &'t Site,
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
            self.push(Node::Object { len: 0, count: 0 }, place, at);
        }
        let (len, behind) = if types == Types::OBJECT {
            self.object::<L>(site, at + 1, keep)?
        } else {
            self.array::<L>(site, at + 1, keep)?
        };
        self.levels += 1;
        if keep != 0 {
            let count = self.nodes.len() - own - 1;
            if self.again.is_none() {
                self.before.closed.push(Closed {
                    number: place,
                    at: behind as u32,
                    count: self.count,
                });
            }
            *self.nodes.get_mut(own)? = if types == Types::OBJECT {
                Node::Object { len, count }
            } else {
                Node::Array { len, count }
            };
        }
        Some(behind)
    }

    /// The members behind the brace before `at`; how many are kept, and what is behind them.
    #[inline(always)]
    fn object<L: Look>(&mut self, site: &'t Site, at: usize, keep: u8) -> Option<(usize, usize)> {
        let walk = self;
        L::again(InsideAt::<true> {
            walk,
            site,
            at,
            keep,
        })
    }

    #[inline(always)]
    pub(super) fn object_here<L: Look>(
        &mut self,
        site: &'t Site,
        at: usize,
        keep: u8,
    ) -> Option<(usize, usize)> {
        let known = self.program.shapes.get(site.shape as usize)?;
        let shape = self.course.shapes.get(site.shape as usize)?;
        if !shape.known {
            return None;
        }
        let bytes = self.text.as_bytes();
        let steps: &'t [Step] = &shape.steps;
        // Of what is not kept itself nothing is kept; where all is kept, so is each member.
        let (mask, all) = match keep {
            0 => (0, 0),
            ALL => (ALL, NAMED),
            _ => (ALL, 0),
        };
        let shift = self.purpose.shift();
        let unknown_from = self.unknown.len();
        let mut seen = 0u64;
        let mut kept = 0;
        let mut count = self.count;
        let mut guess = &shape.first;
        // From here on mostly where a comma stands, and first where the brace does.
        let mut at = at - 1;
        let mut sign = Ignored::Comma;
        loop {
            // Mostly the name is the one that came next last time, right behind its comma.
            let mut place = usize::from(guess.likely.get());
            let mut name_at = at + 1;
            let step = match steps.get(place) {
                Some(step) if stands::<L>(bytes, at, &step.written, u32::from(step.len), sign) => {
                    at += usize::from(step.len);
                    step
                }
                likely => {
                    if matches!(sign, Ignored::Nothing) {
                        at = skip(bytes, at);
                        match byte(bytes, at) {
                            b',' => {}
                            b'}' => break,
                            _ => return None,
                        }
                    }
                    name_at = skip(bytes, at + 1);
                    if matches!(sign, Ignored::Comma) && byte(bytes, name_at) == b'}' {
                        at = name_at;
                        break;
                    }
                    match likely
                        .filter(|step| name_at > at + 1 && is_named::<L>(bytes, name_at, step))
                    {
                        Some(step) => {
                            at = name_at - 1 + usize::from(step.len);
                            step
                        }
                        None => {
                            let found = self.look_up(known, steps, guess, name_at)?;
                            let Some((found_at, step)) = found.known else {
                                self.count = count;
                                at = self.other::<L>(site.shape, &found, mask, all, &mut kept)?;
                                count = self.count;
                                sign = Ignored::Nothing;
                                continue;
                            };
                            place = found_at;
                            at = found.behind;
                            step
                        }
                    }
                }
            };
            sign = Ignored::Nothing;
            guess = &step.next;
            let bit = 1u64.wrapping_shl(place as u32);
            if seen & bit != 0 {
                return None;
            }
            seen |= bit;
            let keep = step.keep >> shift & mask | all;
            let mut first = byte(bytes, at);
            if first <= b' ' {
                at = skip(bytes, at);
                first = byte(bytes, at);
            }
            if keep != 0 {
                kept += 1;
                let name = Node::String(name_of(shape, place)?);
                self.push_tagged(name, count, name_at, step.tag);
            }
            // And mostly little is asked of its value.
            let plain = step.types;
            match first {
                b'"' => {
                    let (end, escaped) = string_end::<L>(bytes, at + 1)?;
                    let plain = plain.has(Types::STRING);
                    if !plain || keep != 0 {
                        let text = self.said(at + 1, end, escaped)?;
                        if !plain {
                            self.is_text_right(self.site(step.site), text)?;
                        }
                        if keep != 0 {
                            self.push(Node::String(text), count + 1, at);
                        }
                    }
                    at = end + 1;
                    count += 2;
                }
                b'n' if plain.has(Types::NULL) => {
                    if next::<4>(bytes, at) != Some(b"null") {
                        return None;
                    }
                    if keep != 0 {
                        self.push(Node::Static(StaticNode::Null), count + 1, at);
                    }
                    at += 4;
                    count += 2;
                }
                b'0'..=b'9'
                    if keep == 0
                        && step.few
                        && let Some(end) = few_digits_end(bytes, at) =>
                {
                    at = end;
                    count += 2;
                }
                b'-' | b'0'..=b'9' if plain.meets(Types::NUMBER) => {
                    let figure = number(bytes, at);
                    self.is_within(step, figure)?;
                    if keep != 0 {
                        self.push(Node::Static(figure.node()), count + 1, at);
                    }
                    at = figure.end();
                    count += 2;
                }
                _ => {
                    self.count = count + 1;
                    at = self.value::<L>(step.site, at, keep)?;
                    count = self.count;
                }
            }
        }
        at += 1;
        self.count = count;
        if seen & known.required != known.required {
            return None;
        }
        if self.unknown.len() > unknown_from {
            self.are_different(unknown_from)?;
        }
        Some((kept, at))
    }

    /// Passes an element of which nobody asks for more this time; gives what is behind it.
    #[inline(always)]
    fn passed(&mut self, at: usize, keep: u8) -> Option<usize> {
        let passed = self.again.as_mut().filter(|_| keep != 0)?;
        let closed = self.before.of_no_interest(self.count)?;
        let behind = closed.at as usize;
        **passed += behind - at;
        self.push(Node::Object { len: 0, count: 0 }, self.count, at);
        self.count = closed.count;
        Some(behind)
    }

    /// The elements behind the bracket before `at`; how many, and what is behind them.
    #[inline(always)]
    fn array<L: Look>(&mut self, site: &'t Site, at: usize, keep: u8) -> Option<(usize, usize)> {
        let walk = self;
        L::again(InsideAt::<false> {
            walk,
            site,
            at,
            keep,
        })
    }

    #[inline(always)]
    pub(super) fn array_here<L: Look>(
        &mut self,
        site: &'t Site,
        at: usize,
        keep: u8,
    ) -> Option<(usize, usize)> {
        let list = self.program.lists.get(site.list as usize)?;
        if list.unique || !list.contains.is_empty() {
            return None;
        }
        let bytes = self.text.as_bytes();
        // An element has no name, and is kept where its array is.
        let keep = keep & NAMED;
        let mut count = 0;
        let mut at = skip(bytes, at);
        if byte(bytes, at) == b']' {
            at += 1;
        } else {
            loop {
                let site = list.prefix.get(count).copied().unwrap_or(list.rest);
                count += 1;
                at = match self.passed(at, keep) {
                    Some(behind) => behind,
                    None => self.value::<L>(site, at, keep)?,
                };
                at = skip(bytes, at);
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
}

#[inline(always)]
fn name_of(shape: &Shape, place: usize) -> Option<&str> {
    shape.names.get(place).map(|name| &**name)
}
