//! A schema as a table of sites: what [`super::compile`] writes and [`super::run`] reads.
//!
//! A [`Site`] is a kind of place in a document: everything that the schema asks of a value
//! there, whatever `$ref`s and `allOf`s it was written in, and what a survey looks for. It is
//! immutable, knows no JSON Schema text, and judges nothing by itself.

use jsonschema::Validator;
use serde_json::Number as Limit;

use super::OnTape;
use super::names::{Key, Names};
use super::pattern::Pattern;
pub(super) use crate::record::cursor::Types;

/// A place in [`Program::sites`].
pub(super) type SiteId = u32;

/// What is asked of a value at one kind of place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Site {
    pub(super) plain: Plain,
    /// types that are accepted
    pub(super) accepts: Types,
    /// types of which the program cannot tell
    pub(super) unsure: Types,
    /// more that is asked of strings, in [`Program::texts`]; [`NOTHING`] is nothing, as elsewhere
    pub(super) text: u32,
    /// more that is asked of numbers, in [`Program::numbers`]
    pub(super) number: u32,
    /// what an object there is, in [`Program::shapes`]
    pub(super) shape: u32,
    /// what an array there is, in [`Program::lists`]
    pub(super) list: u32,
    /// combinations of schemas, in [`Program::combined`]
    pub(super) combined: u32,
    /// a survey's range, in [`Program::ranges`]
    pub(super) range: u32,
    /// a survey's list of members, in [`Program::members`]
    pub(super) members: u32,
}

/// Nothing is asked.
pub(super) const NOTHING: u32 = u32::MAX;

/// The site of which nothing is asked.
pub(super) const ANYTHING: SiteId = 0;

impl Site {
    pub(super) const ANYTHING: Site = Site {
        plain: Plain {
            types: Types(!(64 | 128)),
            ..Plain::NOTHING
        },
        accepts: Types::ALL,
        unsure: Types::NONE,
        text: NOTHING,
        number: NOTHING,
        shape: 0,
        list: 0,
        combined: NOTHING,
        range: NOTHING,
        members: NOTHING,
    };
}

/// Scalars of which nothing is asked but what is said here; most are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Plain {
    pub(super) types: Types,
    /// numbers from here
    pub(super) low: f64,
    /// to here
    pub(super) high: f64,
}

impl Plain {
    pub(super) const NOTHING: Plain = Plain {
        types: Types::NONE,
        low: f64::NEG_INFINITY,
        high: f64::INFINITY,
    };
}

/// What is asked of a string.
#[derive(Debug, Default)]
pub(super) struct TextCheck {
    /// in characters
    pub(super) least: u64,
    pub(super) most: Option<u64>,
    pub(super) patterns: Vec<Pattern>,
    /// it is in each of these sets
    pub(super) choices: Vec<Names>,
    /// keywords that the crate answers for by itself
    pub(super) by_crate: Vec<Validator<OnTape>>,
}

/// What is asked of a number.
#[derive(Debug, Default)]
pub(super) struct NumberCheck {
    pub(super) bounds: Vec<Bound>,
    /// it is in each of these sets
    pub(super) choices: Vec<Vec<Limit>>,
    /// keywords that the crate answers for by itself
    pub(super) by_crate: Vec<Validator<OnTape>>,
}

/// One end of a range.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) end: End,
    pub(super) limit: Limit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Minimum,
    ExclusiveMinimum,
    Maximum,
    ExclusiveMaximum,
}

/// What an object is.
#[derive(Debug, Default)]
pub(super) struct Shape {
    pub(super) names: Names,
    /// one for each of `names`, in their order
    pub(super) properties: Vec<Property>,
    /// where this shape's guesses begin: one for the first name, one behind each name
    pub(super) guesses: usize,
    /// names that must be there, by bit; of a shape of more than 64 names see [`Rare`]
    pub(super) required: u64,
    /// what a survey calls it, in [`super::expect::Plan`]
    pub(super) surveyed: u32,
    /// whether a name that it does not know is worth a notice
    pub(super) closed: bool,
    pub(super) others: Others,
    pub(super) rare: Option<Box<Rare>>,
}

/// A known property: all that most of them need, in one line of a processor's cache.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Property {
    /// its name
    pub(super) key: Key,
    /// as [`Plain`] of its site
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) types: Types,
    pub(super) site: SiteId,
    /// whether it is worth a notice: the schema names it, but a survey does not expect it
    pub(super) odd: bool,
}

/// What is asked of properties that are not known by name.
#[derive(Debug)]
pub(super) struct Others {
    pub(super) patterns: Vec<Pattern>,
    /// by the set of patterns that a name matches: pattern `n` is bit `n`
    pub(super) sites: Vec<SiteId>,
}

impl Default for Others {
    fn default() -> Self {
        Others {
            patterns: Vec::new(),
            sites: vec![ANYTHING],
        }
    }
}

/// What few schemas ask of an object.
#[derive(Debug, Default)]
pub(super) struct Rare {
    pub(super) least: u64,
    pub(super) most: Option<u64>,
    /// names that must be there, by place
    pub(super) required: Vec<u32>,
    /// each name is a string that is right there
    pub(super) names: Option<SiteId>,
    /// where the first stands, the others must
    pub(super) dependent: Vec<(u32, Vec<u32>)>,
    /// where the name stands, the object is right there too
    pub(super) dependent_sites: Vec<(u32, SiteId)>,
}

/// What an array is.
#[derive(Debug, Default)]
pub(super) struct List {
    /// the first elements, one by one
    pub(super) prefix: Vec<SiteId>,
    /// and those behind
    pub(super) rest: SiteId,
    pub(super) least: u64,
    pub(super) most: Option<u64>,
    pub(super) unique: bool,
    pub(super) contains: Vec<Contains>,
}

/// So many elements are right there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Contains {
    pub(super) site: SiteId,
    pub(super) least: u64,
    pub(super) most: Option<u64>,
}

/// Schemas that are asked one by one, of the same value.
#[derive(Debug)]
pub(super) enum Combined {
    Any(Vec<SiteId>),
    One(Vec<SiteId>),
    Not(SiteId),
    If {
        condition: SiteId,
        then: SiteId,
        otherwise: SiteId,
    },
}

/// A survey's range of a number, or of a duration in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) duration: bool,
}

/// The table.
#[derive(Debug, Default)]
pub(super) struct Program {
    pub(super) sites: Vec<Site>,
    pub(super) texts: Vec<TextCheck>,
    pub(super) numbers: Vec<NumberCheck>,
    pub(super) shapes: Vec<Shape>,
    pub(super) lists: Vec<List>,
    pub(super) combined: Vec<Vec<Combined>>,
    pub(super) ranges: Vec<Range>,
    pub(super) members: Vec<Members>,
    /// how many guesses a walk keeps
    pub(super) guesses: usize,
}

/// The members of an enum that may grow.
#[derive(Debug)]
pub(super) struct Members {
    pub(super) names: Names,
    /// where the guess of the next one is kept
    pub(super) guess: usize,
}

const _: () = assert!(size_of::<Property>() == 64);

impl Program {
    /// The table of which nothing is asked.
    pub(super) fn empty() -> Program {
        Program {
            sites: vec![Site::ANYTHING],
            shapes: vec![Shape {
                guesses: 0,
                ..Shape::default()
            }],
            lists: vec![List::default()],
            guesses: 1,
            ..Program::default()
        }
    }
}
