//! Documents that are right, and of which nothing is to be said: told from their text, with no tape.
//!
//! [`Direct::read`] walks a text along the [`Program`], checks grammar and schema as it goes, and
//! keeps what somebody will ask for: a tape of those members alone, which is what the parser's
//! would be with all others left out. It gives up at the first thing that is not plainly right:
//! an escape, a violation, a notice, a name that stands twice, a keyword of which it does not
//! know. Whoever asked then parses the text, as if nothing had been tried. So it never says what
//! is wrong, nor where.
//!
//! What is kept, and where the walk goes by itself, is put together once ([`Course`]).

mod walk;

use std::collections::HashMap;

use simd_json::Tape;

use super::Schema;
use super::program::{NOTHING, Program, SiteId, Types};
use crate::record::token::WRITTEN;
use crate::record::{Caps, Document};
use walk::{Scratch, Walk};

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

/// A way for the walk, made of a schema's program and of what is to be kept.
#[derive(Debug)]
pub(crate) struct Course {
    shapes: Vec<Shape>,
    /// of numbers, by [`Step::range`]
    ranges: Vec<(f64, f64)>,
    keep: HashMap<Box<str>, Keep>,
    site: SiteId,
    caps: Caps,
}

/// An object of the program, as this walk needs it.
#[derive(Debug)]
struct Shape {
    /// one for each known property
    steps: Box<[Step]>,
    /// whether the walk can tell of such an object
    known: bool,
}

/// A known property, in one line of a processor's cache.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Step {
    /// the name as it mostly stands in a text: in quotes, with its colon
    written: [u8; WRITTEN],
    /// of `written`; nothing of a name that is too long for it
    len: u8,
    /// [`super::program::Plain`] of its site
    types: Types,
    keep: u8,
    odd: bool,
    site: SiteId,
    range: u32,
}

const _: () = assert!(size_of::<Step>() == 64);

/// No limits to a number.
const ANY: u32 = 0;

impl Course {
    /// For call records, by `schema`; `keep` says what is kept by a name.
    pub(crate) fn new(schema: &Schema, caps: Caps, keep: HashMap<Box<str>, Keep>) -> Course {
        let mut course = Course {
            shapes: Vec::new(),
            ranges: vec![(f64::NEG_INFINITY, f64::INFINITY)],
            keep,
            site: schema.sites.record,
            caps,
        };
        for shape in &schema.program.shapes {
            let names = shape.names.iter().zip(&shape.properties);
            let steps = names.map(|(name, property)| {
                let mut written = [0; WRITTEN];
                let text = format!("\"{name}\":");
                let plain = text.len() <= WRITTEN && !name.contains(['"', '\\']);
                let len = if plain { text.len() } else { 0 };
                written[..len].copy_from_slice(&text.as_bytes()[..len]);
                Step {
                    written,
                    len: len as u8,
                    types: property.types,
                    keep: course.keep(name).bits(),
                    odd: property.odd,
                    site: property.site,
                    range: course.range(property.low, property.high),
                }
            });
            let steps = steps.collect();
            course.shapes.push(Shape {
                steps,
                // Each name is one bit of a word.
                known: shape.rare.is_none() && shape.properties.len() <= 64,
            });
        }
        course
    }

    fn keep(&self, name: &str) -> Keep {
        self.keep.get(name).copied().unwrap_or_default()
    }

    fn range(&mut self, low: f64, high: f64) -> u32 {
        let wanted = (low, high);
        if let Some(at) = self.ranges.iter().position(|range| *range == wanted) {
            return at as u32;
        }
        self.ranges.push(wanted);
        self.ranges.len() as u32 - 1
    }
}

/// Why a schema's documents are not all read without a tape: what of it the walk gives up at.
pub(super) fn stops(program: &Program, from: usize) -> usize {
    let sites = program.sites.iter().skip(from + 1);
    let stop = sites.filter(|site| {
        let shape = program.shapes.get(site.shape as usize);
        let list = program.lists.get(site.list as usize);
        site.unsure != Types::NONE
            || site.combined != NOTHING
            || shape.is_some_and(|shape| shape.rare.is_some() || shape.properties.len() > 64)
            || list.is_some_and(|list| list.unique || !list.contains.is_empty())
    });
    stop.count()
}

/// One thread's buffers for such walks.
#[derive(Debug)]
pub(crate) struct Direct {
    scratch: Scratch,
    /// numbers of the kept nodes, as the parser's tape would have them
    places: Vec<u32>,
    /// strings whose escapes were resolved
    room: Vec<u8>,
    tape: Tape<'static>,
}

impl Default for Direct {
    fn default() -> Self {
        Direct {
            scratch: Scratch::default(),
            places: Vec::new(),
            room: Vec::new(),
            tape: Tape(Vec::new()),
        }
    }
}

impl Direct {
    /// Reads `text`, a call record, along `course`, which was made of `schema`; gives what is kept
    /// of a document that is valid and worth no notice, and nothing of any other.
    pub(crate) fn read<'p>(
        &'p mut self,
        schema: &Schema,
        course: &Course,
        text: &'p [u8],
    ) -> Option<Document<'p>> {
        let body = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        // So long a text cannot have too many nodes.
        if body.len() > course.caps.document || body.len() / 2 > course.caps.nodes {
            return None;
        }
        let body = simdutf8::basic::from_utf8(body).ok()?;
        self.places.clear();
        // What is said is no longer than how it is written.
        if self.room.len() < body.len() {
            self.room.resize(body.len(), 0);
        }
        let tape = std::mem::replace(&mut self.tape, Tape(Vec::new())).reset::<'p>();
        let walk = Walk::new(
            &schema.program,
            course,
            body,
            tape.0,
            &mut self.room,
            &mut self.places,
            &mut self.scratch,
        );
        match walk.document() {
            Ok(nodes) => {
                let skipped = text.len() - body.len();
                Some(Document::partial(
                    text,
                    skipped,
                    Tape(nodes),
                    &self.places,
                    &mut self.tape,
                ))
            }
            Err(nodes) => {
                self.tape = Tape(nodes).reset();
                None
            }
        }
    }
}
