//! Documents that are right, and of which nothing is to be said: told from their text, with no tape.
//!
//! [`Direct::read`] walks a text along the [`Program`], checks grammar and schema as it goes, and
//! keeps what somebody will ask for: a tape of those members alone, which is what the parser's
//! would be with all others left out. It gives up at the first thing that is not plainly right:
//! a violation, a notice, a name that stands twice, a keyword of which it does not know. Whoever
//! asked then parses the text, as if nothing had been tried. So it never says what is wrong, nor
//! where.
//!
//! What is kept, and where the walk goes by itself, is put together once ([`Course`]).

mod leaf;
mod name;
mod parts;
mod walk;

use std::cell::Cell;
use std::sync::Arc;

use simd_json::Tape;

use super::Schema;
use super::program::{self, NOTHING, Program, Site, SiteId, Types};
use crate::record::tape::NodeIndex;
use crate::record::token::{FEW, WRITTEN};
use crate::record::{Caps, Document, Placed, Tag};
use walk::Walk;

/// What is kept of a member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Keep {
    /// nothing
    #[default]
    Nothing,
    /// it, and of what is in it what is kept by its name
    Named,
    /// it, and all its members, of which the same holds
    All,
}

impl Keep {
    const fn bits(self) -> u8 {
        match self {
            Keep::Nothing => 0,
            Keep::Named => NAMED,
            Keep::All => ALL,
        }
    }
}

/// [`Keep`] as the walk has it: a bit for the member itself, and one for all its members.
const NAMED: u8 = 1;
const ALL: u8 = 3;

/// What is kept by a name.
pub(crate) trait Kept: Send + Sync {
    /// How it is kept.
    fn keep(&self, name: &str, purpose: Purpose) -> Keep;

    /// What whoever reads what is kept knows the name by; 0 if by nothing but its text.
    fn tag(&self, name: &str) -> Tag {
        let _ = name;
        0
    }
}

impl<F: Fn(&str, Purpose) -> Keep + Send + Sync> Kept for F {
    fn keep(&self, name: &str, purpose: Purpose) -> Keep {
        self(name, purpose)
    }
}

/// What a document is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// to ask the rules
    Ask,
    /// to tell of alerts, too: for that more is kept
    Tell,
}

impl Purpose {
    /// Which bits of [`Step::keep`] are its own.
    const fn shift(self) -> u32 {
        match self {
            Purpose::Ask => 0,
            Purpose::Tell => 2,
        }
    }
}

/// A way for the walk, made of a schema's program and of what is to be kept; one thread's, for it
/// guesses by what it saw.
struct Course {
    shapes: Vec<Shape>,
    /// of numbers, by [`Step::range`]
    ranges: Vec<(f64, f64)>,
    keep: Arc<dyn Kept>,
    site: SiteId,
    caps: Caps,
}

/// An object of the program, as this walk needs it.
#[derive(Debug)]
struct Shape {
    /// one for each known property
    steps: Box<[Step]>,
    /// the names, in the same order
    names: Box<[Box<str>]>,
    /// the first step
    first: Guess,
    /// whether the walk can tell of such an object
    known: bool,
}

/// A step that is likely next: the last that was, and the one before it. A wrong guess costs a
/// look-up and no more.
#[derive(Debug, Default)]
struct Guess {
    likely: Cell<u8>,
    before: Cell<u8>,
}

/// A name that an object's shape does not know, as it was met before.
#[derive(Debug)]
struct Stranger {
    shape: u32,
    name: Box<str>,
    site: SiteId,
    /// as of a [`Step`]
    keep: u8,
    tag: Tag,
}

/// So many strangers are remembered, of names that are no longer than that.
const STRANGERS: usize = 64;

/// A known property, in one line of a processor's cache.
#[derive(Debug)]
#[repr(align(64))]
struct Step {
    /// the name as it mostly stands in a text: behind a comma, in quotes, with its colon
    written: [u8; WRITTEN],
    /// of `written`
    len: u8,
    /// [`super::program::Plain`] of its site
    types: Types,
    /// whether each natural number of few digits is one
    few: bool,
    /// what is kept of it, for [`Purpose::Ask`] and above that for [`Purpose::Tell`]
    keep: u8,
    /// of its name
    tag: Tag,
    /// the step that follows
    next: Guess,
    site: SiteId,
    range: u32,
}

const _: () = assert!(size_of::<Step>() == 64);

/// No limits to a number.
const ANY: u32 = 0;

impl Course {
    fn new(schema: &Schema, caps: Caps, keep: Arc<dyn Kept>) -> Course {
        let mut course = Course {
            shapes: Vec::new(),
            ranges: vec![(f64::NEG_INFINITY, f64::INFINITY)],
            keep,
            site: schema.sites.record,
            caps,
        };
        for shape in &schema.program.shapes {
            let names = shape.names.iter().zip(&shape.properties);
            let steps = names.map(|(name, property)| course.step(name, property));
            let steps = steps.collect();
            course.shapes.push(Shape {
                steps,
                names: shape.names.iter().map(Box::from).collect(),
                first: Guess::default(),
                known: !asks_more(shape),
            });
        }
        course
    }

    fn step(&mut self, name: &str, property: &program::Property) -> Step {
        let mut step = Step {
            // Stands nowhere: no text has such a byte.
            written: [0xff; WRITTEN],
            len: 1,
            types: property.types,
            few: property.types.has(Types::INTEGER)
                && property.low <= 0.0
                && property.high >= 10_f64.powi(FEW as i32),
            keep: self.kept(name),
            tag: self.keep.tag(name),
            next: Guess::default(),
            site: property.site,
            range: 0,
        };
        let text = format!(",\"{name}\":");
        let plain = text.len() <= WRITTEN && !name.contains(['"', '\\']);
        if plain && !property.odd {
            step.written[..text.len()].copy_from_slice(text.as_bytes());
            step.len = text.len() as u8;
        }
        let wanted = (property.low, property.high);
        let known = self.ranges.iter().position(|range| *range == wanted);
        step.range = known.unwrap_or_else(|| {
            self.ranges.push(wanted);
            self.ranges.len() - 1
        }) as u32;
        step
    }

    /// What is kept of a member of that name, for each purpose.
    fn kept(&self, name: &str) -> u8 {
        [Purpose::Ask, Purpose::Tell]
            .map(|purpose| self.keep.keep(name, purpose).bits() << purpose.shift())
            .into_iter()
            .sum()
    }
}

/// Whether more is asked of an object than the walk looks for.
fn asks_more(shape: &program::Shape) -> bool {
    // Each name is one bit of a word.
    shape.rare.is_some() || shape.properties.len() > 64
}

/// How many kinds of places the walk gives up at, of those from `from` on.
pub(super) fn stops(program: &Program, from: usize) -> usize {
    let stops = |site: &&Site| {
        let shape = program.shapes.get(site.shape as usize);
        let list = program.lists.get(site.list as usize);
        site.unsure != Types::NONE
            || site.combined != NOTHING
            || shape.is_some_and(asks_more)
            || list.is_some_and(|list| list.unique || !list.contains.is_empty())
    };
    program.sites.iter().skip(from + 1).filter(stops).count()
}

/// An object of which something was kept: which it is, and where the walk was behind it.
#[derive(Clone, Copy, Debug)]
struct Closed {
    number: NodeIndex,
    /// behind its brace
    at: u32,
    /// nodes up to there, on the tape of all of it
    count: u32,
}

/// What the last walk found and is not to be gone over again.
#[derive(Debug, Default)]
struct Before {
    /// objects, by number once they are asked for
    closed: Vec<Closed>,
    /// nodes of interest, from the first to behind the last, ascending
    wanted: Vec<(NodeIndex, NodeIndex)>,
}

impl Before {
    /// Makes ready to be asked of a text that was just walked over: `nodes` are of interest, each with
    /// all that is in it.
    fn want(&mut self, nodes: &[NodeIndex]) {
        self.closed.sort_unstable_by_key(|closed| closed.number);
        self.wanted.clear();
        for node in nodes {
            let behind = self.find(*node).map_or(node + 1, |closed| closed.count);
            self.wanted.push((*node, behind));
        }
        self.wanted.sort_unstable();
    }

    fn find(&self, number: NodeIndex) -> Option<Closed> {
        let by_number = |closed: &Closed| closed.number;
        let at = self.closed.binary_search_by_key(&number, by_number).ok()?;
        self.closed.get(at).copied()
    }

    /// The object with this number, if nothing in it is of interest.
    fn of_no_interest(&self, number: NodeIndex) -> Option<Closed> {
        let closed = self.find(number)?;
        let meets =
            |&(from, behind): &(NodeIndex, NodeIndex)| from < closed.count && behind > number;
        (!self.wanted.iter().any(meets)).then_some(closed)
    }
}

/// One thread's buffers for such walks, and what it guesses by.
pub(crate) struct Direct {
    course: Course,
    /// guesses of members of enums: the last that was, and the one before it
    guesses: Vec<[u32; 2]>,
    /// names of the objects under way that their shapes do not know: where they stand
    unknown: Vec<(usize, usize)>,
    strangers: Vec<Stranger>,
    before: Before,
    /// where the kept nodes stand
    places: Vec<Placed>,
    /// strings whose escapes were resolved
    room: Vec<u8>,
    tape: Tape<'static>,
}

/// Buffers above this are given back after the document that needed them.
const KEPT: usize = 1 << 20;

impl Direct {
    /// For call records, by `schema`; `keep` says what is kept by a name.
    pub(crate) fn new(schema: &Schema, caps: Caps, keep: Arc<dyn Kept>) -> Direct {
        Direct {
            course: Course::new(schema, caps, keep),
            guesses: vec![[0; 2]; schema.program.guesses],
            unknown: Vec::new(),
            strangers: Vec::new(),
            before: Before::default(),
            places: Vec::new(),
            room: Vec::new(),
            tape: Tape(Vec::new()),
        }
    }

    /// Reads `text`, a call record, by the schema of [`Direct::new`]; gives what is kept of a document
    /// that is valid and worth no notice, and nothing of any other.
    pub(crate) fn read<'p>(
        &'p mut self,
        schema: &'p Schema,
        text: &'p [u8],
        purpose: Purpose,
    ) -> Option<Document<'p>> {
        self.before.closed.clear();
        self.walk(schema, text, purpose, None)
    }

    /// Reads the text again that was read last, to tell of alerts, as far as `nodes` of it are of
    /// interest, each with all that is in it. Of elements of lists that have none of them nothing is kept
    /// but that they are there. Gives also how many bytes were passed over so.
    pub(crate) fn read_again<'p>(
        &'p mut self,
        schema: &'p Schema,
        text: &'p [u8],
        nodes: &[NodeIndex],
    ) -> Option<(Document<'p>, usize)> {
        self.before.want(nodes);
        let mut passed = 0;
        let document = self.walk(schema, text, Purpose::Tell, Some(&mut passed))?;
        Some((document, passed))
    }

    fn walk<'p>(
        &'p mut self,
        schema: &'p Schema,
        text: &'p [u8],
        purpose: Purpose,
        again: Option<&mut usize>,
    ) -> Option<Document<'p>> {
        let body = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let caps = self.course.caps;
        if body.len() > caps.document.min(u32::MAX as usize) {
            return None;
        }
        let body = simdutf8::basic::from_utf8(body).ok()?;
        if self.room.len() > KEPT && body.len() < KEPT / 4 {
            self.room = Vec::new();
            self.places = Vec::new();
            self.tape = Tape(Vec::new());
        }
        self.places.clear();
        // What is said is no longer than how it is written.
        if self.room.len() < body.len() {
            self.room.resize(body.len(), 0);
        }
        let tape = std::mem::replace(&mut self.tape, Tape(Vec::new())).reset::<'p>();
        self.unknown.clear();
        let walk = Walk {
            program: &schema.program,
            course: &self.course,
            text: body,
            nodes: tape.0,
            places: &mut self.places,
            room: &mut self.room,
            guesses: &mut self.guesses,
            unknown: &mut self.unknown,
            strangers: &mut self.strangers,
            before: &mut self.before,
            again,
            count: 0,
            levels: caps.depth.min(walk::LEVELS),
            purpose,
        };
        let most = caps.nodes;
        match walk.document(most) {
            Ok(nodes) => Some(Document::partial(
                text,
                text.len() - body.len(),
                Tape(nodes),
                &self.places,
                &mut self.tape,
            )),
            Err(nodes) => {
                self.tape = Tape(nodes).reset();
                None
            }
        }
    }
}

#[cfg(test)]
mod tests;
