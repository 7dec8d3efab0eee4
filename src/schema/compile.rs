//! JSON Schema to a [`Program`]: each kind of place once, with all that is asked of it.
//!
//! A place's schemas, with what their `$ref`s and `allOf`s lead to, become one site; sites are
//! known by these schemas, so recursion ends. What a keyword means is what the `jsonschema`
//! crate takes it for, by draft. What is not compiled makes the site unsure for the types that it
//! speaks of, and is told, with its reason: nothing is passed over in silence. The schema was
//! accepted by the crate before; nothing here checks it.

mod lists;
mod objects;
mod scalars;

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use jsonschema::Draft;
use serde_json::{Map, Number as Limit, Value};

use super::cover::Cover;
use super::expect::{Expect, Plan};
use super::names::Names;
use super::pattern::Pattern;
use super::program::{
    ANYTHING, Combined, End, Members, NOTHING, NumberCheck, Plain, Program, Range, Site, SiteId,
    Types,
};
use crate::record::place::push_token;

/// Sites of one program; combinations of schemas can make more than there are schemas.
const SITES: usize = 1 << 14;
/// Properties of all sites.
const PROPERTIES: usize = 1 << 17;
/// `$ref`s and `allOf`s that lead to one another at one place.
const LEVELS: usize = 64;

/// Compiles the schemas of one resource into a program.
pub(super) struct Compiler<'s, 'p> {
    root: &'s Value,
    draft: Draft,
    plan: &'p Plan,
    program: &'p mut Program,
    known: HashMap<Asked, SiteId>,
    pending: Vec<(SiteId, Flat<'s>, Expect)>,
    patterns: HashMap<&'s str, Option<Pattern>>,
    properties: usize,
    dont_know: SiteId,
    uncovered: BTreeMap<String, &'static str>,
    /// where this compiler's sites begin
    from: usize,
}

/// By what a site is known.
#[derive(PartialEq, Eq, Hash)]
struct Asked {
    /// addresses of the schemas, ascending
    schemas: Vec<usize>,
    accepts: Types,
    unsure: Types,
    expect: Expect,
}

/// A schema, and where it is.
#[derive(Clone)]
struct At<'s> {
    schema: &'s Value,
    pointer: Rc<str>,
}

impl<'s> At<'s> {
    fn below(&self, keyword: &str, schema: &'s Value) -> At<'s> {
        let mut pointer = String::with_capacity(self.pointer.len() + keyword.len() + 1);
        pointer.push_str(&self.pointer);
        push_token(&mut pointer, keyword);
        At {
            schema,
            pointer: pointer.into(),
        }
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self.schema) as usize
    }
}

/// All schemas that hold at one place, with no `$ref` and no `allOf` left to follow.
struct Flat<'s> {
    objects: Vec<(At<'s>, &'s Map<String, Value>)>,
    accepts: Types,
    unsure: Types,
}

impl<'s, 'p> Compiler<'s, 'p> {
    /// For the schemas of `root`; notices are looked for by `plan`.
    pub(super) fn new(root: &'s Value, plan: &'p Plan, program: &'p mut Program) -> Self {
        let mut compiler = Compiler {
            root,
            draft: Draft::default().detect(root),
            plan,
            program,
            known: HashMap::new(),
            pending: Vec::new(),
            patterns: HashMap::new(),
            properties: 0,
            dont_know: ANYTHING,
            uncovered: BTreeMap::new(),
            from: 0,
        };
        compiler.from = compiler.program.sites.len();
        compiler.dont_know = compiler.push(Site {
            plain: Plain::NOTHING,
            unsure: Types::ALL,
            ..Site::ANYTHING
        });
        compiler
    }

    /// The site of a whole document.
    pub(super) fn document(&mut self, expect: Expect) -> SiteId {
        let root = At {
            schema: self.root,
            pointer: "".into(),
        };
        let site = self.site(vec![root], expect);
        while let Some((site, flat, expect)) = self.pending.pop() {
            let filled = self.fill(flat, expect);
            if let Some(place) = self.program.sites.get_mut(site as usize) {
                *place = filled;
            }
        }
        site
    }

    /// Ends the compilation; tells what of `part` is left to the crate.
    pub(super) fn finish(self, part: &'static str) -> Cover {
        let mut uncovered = self.uncovered;
        if super::cycles::cut(self.program) {
            uncovered.insert(
                String::new(),
                "combinations of schemas lead back to themselves at one value",
            );
        }
        let Program {
            sites,
            shapes,
            ranges,
            numbers,
            ..
        } = &mut *self.program;
        for site in sites.iter_mut() {
            let range = ranges.get(site.range as usize);
            let number = numbers.get(site.number as usize);
            site.plain = plain(site, range.copied(), number);
        }
        for property in shapes.iter_mut().flat_map(|shape| &mut shape.properties) {
            let site = sites.get(property.site as usize);
            if let Some(site) = site.filter(|_| !property.odd) {
                let Plain { types, low, high } = site.plain;
                (property.types, property.low, property.high) = (types, low, high);
            }
        }
        Cover::new(part, self.program, self.from, uncovered)
    }

    fn push(&mut self, site: Site) -> SiteId {
        self.program.sites.push(site);
        self.program.sites.len() as SiteId - 1
    }

    /// Takes note of what is not compiled.
    fn leave(&mut self, at: &At<'_>, keyword: &str, why: &'static str) {
        let mut pointer = at.pointer.to_string();
        if !keyword.is_empty() {
            pointer.push('/');
            pointer.push_str(keyword);
        }
        self.uncovered.insert(pointer, why);
    }

    /// The site where all of `schemas` hold.
    fn site(&mut self, schemas: Vec<At<'s>>, expect: Expect) -> SiteId {
        let mut flat = Flat {
            objects: Vec::new(),
            accepts: Types::ALL,
            unsure: Types::NONE,
        };
        for at in &schemas {
            self.flatten(at, &mut Vec::new(), &mut flat);
        }
        let mut addresses: Vec<usize> = flat.objects.iter().map(|(at, _)| at.address()).collect();
        addresses.sort_unstable();
        let asked = Asked {
            schemas: addresses,
            accepts: flat.accepts,
            unsure: flat.unsure,
            expect,
        };
        let nothing = asked.schemas.is_empty() && expect == Expect::Anything;
        if nothing && flat.accepts == Types::ALL && flat.unsure == Types::NONE {
            return ANYTHING;
        }
        if let Some(known) = self.known.get(&asked) {
            return *known;
        }
        if self.program.sites.len() >= SITES || self.properties >= PROPERTIES {
            if let Some(at) = schemas.first() {
                self.leave(at, "", "the schema combines into too many kinds of places");
            }
            return self.dont_know;
        }
        let site = self.push(Site::ANYTHING);
        self.known.insert(asked, site);
        self.pending.push((site, flat, expect));
        site
    }

    /// Adds a schema, and those that it leads to for the same value.
    fn flatten(&mut self, at: &At<'s>, above: &mut Vec<usize>, flat: &mut Flat<'s>) {
        let schema = match at.schema {
            Value::Bool(true) => return,
            Value::Object(schema) => schema,
            _ => {
                flat.accepts = Types::NONE;
                return;
            }
        };
        let address = at.address();
        if above.contains(&address) || above.len() == LEVELS {
            self.leave(at, "", "it leads back to itself at one value");
            flat.unsure = Types::ALL;
            return;
        }
        if flat
            .objects
            .iter()
            .any(|(known, _)| known.address() == address)
        {
            return;
        }
        if !matches!(
            self.draft,
            Draft::Draft7 | Draft::Draft201909 | Draft::Draft202012
        ) {
            self.leave(at, "", "only drafts 7, 2019-09 and 2020-12 are compiled");
            flat.unsure = Types::ALL;
            return;
        }
        if !std::ptr::eq(at.schema, self.root)
            && ["$id", "$schema"]
                .iter()
                .any(|key| schema.contains_key(*key))
        {
            self.leave(at, "", "it is a resource of its own");
            flat.unsure = Types::ALL;
            return;
        }
        above.push(address);
        let reference = schema.get("$ref").and_then(Value::as_str);
        if self.draft != Draft::Draft7 || reference.is_none() {
            flat.objects.push((at.clone(), schema));
            for (keyword, why) in [
                ("$dynamicRef", "what it leads to depends on the document"),
                ("$recursiveRef", "what it leads to depends on the document"),
            ] {
                if schema.contains_key(keyword) {
                    self.leave(at, keyword, why);
                    flat.unsure = Types::ALL;
                }
            }
            let all = schema.get("allOf").and_then(Value::as_array);
            let below = at.below("allOf", at.schema);
            for (index, schema) in all.into_iter().flatten().enumerate() {
                let at = below.below(&index.to_string(), schema);
                self.flatten(&at, above, flat);
            }
        }
        // In draft 7 nothing beside a `$ref` counts.
        if let Some(reference) = reference {
            match self.follow(reference) {
                Ok(target) => self.flatten(&target, above, flat),
                Err(why) => {
                    self.leave(at, "$ref", why);
                    flat.unsure = Types::ALL;
                }
            }
        }
        above.pop();
    }

    /// Where a `$ref` leads.
    fn follow(&self, reference: &str) -> Result<At<'s>, &'static str> {
        let pointer = match reference.strip_prefix('#') {
            Some(pointer) if pointer.is_empty() || pointer.starts_with('/') => pointer,
            Some(_) => return Err("it names an anchor"),
            None => return Err("it leads out of this text"),
        };
        if pointer.contains('%') {
            return Err("its pointer is written with percent signs");
        }
        let mut at = At {
            schema: self.root,
            pointer: "".into(),
        };
        for token in pointer.split('/').skip(1) {
            let name = token.replace("~1", "/").replace("~0", "~");
            let next = match at.schema {
                Value::Object(members) => members.get(&name),
                Value::Array(items) => name.parse().ok().and_then(|at: usize| items.get(at)),
                _ => None,
            };
            let next = next.ok_or("it leads nowhere that this program can follow")?;
            let own = at.schema.get("$id").is_some_and(Value::is_string);
            if own && !std::ptr::eq(at.schema, self.root) {
                return Err("it leads through a resource of its own");
            }
            at = at.below(&name, next);
        }
        Ok(at)
    }

    /// Says what is asked at a place.
    fn fill(&mut self, flat: Flat<'s>, expect: Expect) -> Site {
        let mut site = Site {
            accepts: flat.accepts,
            unsure: flat.unsure,
            ..Site::ANYTHING
        };
        self.scalars(&flat, &mut site);
        self.lists(&flat, expect, &mut site);
        self.objects(&flat, expect, &mut site);
        self.combinations(&flat, &mut site);
        match expect {
            Expect::Member(members) => site.members = self.members(members),
            Expect::Range(range) => site.range = self.range(range),
            _ => {}
        }
        site
    }

    /// The program's own list of a plan's members; both count alike.
    fn members(&mut self, members: u32) -> u32 {
        while self.program.members.len() < self.plan.members.len() {
            let mut names = self
                .plan
                .members(self.program.members.len() as u32)
                .to_vec();
            names.sort_unstable();
            names.dedup();
            self.program.members.push(Members {
                names: Names::of(names.iter().map(String::as_str)),
                guess: self.program.guesses,
            });
            self.program.guesses += 1;
        }
        members
    }

    fn range(&mut self, range: u32) -> u32 {
        self.program.ranges.clone_from(&self.plan.ranges);
        range
    }

    /// `anyOf`, `oneOf`, `not` and `if`.
    fn combinations(&mut self, flat: &Flat<'s>, site: &mut Site) {
        let mut combined = Vec::new();
        for (at, schema) in &flat.objects {
            for keyword in ["anyOf", "oneOf"] {
                let Some(schemas) = schema.get(keyword).and_then(Value::as_array) else {
                    continue;
                };
                let below = at.below(keyword, at.schema);
                let sites: Vec<SiteId> = schemas
                    .iter()
                    .enumerate()
                    .map(|(index, schema)| {
                        let at = below.below(&index.to_string(), schema);
                        self.site(vec![at], Expect::Anything)
                    })
                    .collect();
                combined.push(if keyword == "anyOf" {
                    Combined::Any(sites)
                } else {
                    Combined::One(sites)
                });
            }
            let mut alone = |keyword: &str| {
                let schema = schema.get(keyword)?;
                let site = self.site(vec![at.below(keyword, schema)], Expect::Anything);
                Some(site)
            };
            if let Some(site) = alone("not") {
                combined.push(Combined::Not(site));
            }
            let (then, otherwise) = (alone("then"), alone("else"));
            if (then, otherwise) != (None, None)
                && let Some(condition) = alone("if")
            {
                combined.push(Combined::If {
                    condition,
                    then: then.unwrap_or(ANYTHING),
                    otherwise: otherwise.unwrap_or(ANYTHING),
                });
            }
        }
        if !combined.is_empty() {
            site.combined = self.program.combined.len() as u32;
            self.program.combined.push(combined);
        }
    }

    fn pattern(&mut self, pattern: &'s str) -> Option<Pattern> {
        let draft = self.draft;
        let known = self.patterns.entry(pattern);
        known.or_insert_with(|| Pattern::of(pattern, draft)).clone()
    }
}

/// Scalars of which nothing is asked but their type, and that numbers are in a range.
fn plain(site: &Site, range: Option<Range>, number: Option<&NumberCheck>) -> Plain {
    if site.combined != NOTHING {
        return Plain::NOTHING;
    }
    let mut plain = Plain {
        types: site.accepts.without(site.unsure),
        ..Plain::NOTHING
    };
    plain.types = plain.types.without(Types::OBJECT.with(Types::ARRAY));
    let duration = range.is_some_and(|range| range.duration);
    if site.text != NOTHING || site.members != NOTHING || duration {
        plain.types = plain.types.without(Types::STRING);
    }
    if let Some(range) = range.filter(|range| !range.duration) {
        (plain.low, plain.high) = (range.low, range.high);
    }
    if let Some(number) = number {
        let others = !(number.choices.is_empty() && number.by_crate.is_empty());
        let bounds: Option<Vec<(End, f64)>> = (number.bounds.iter())
            .map(|bound| Some((bound.end, exact(&bound.limit)?)))
            .collect();
        match bounds.filter(|_| !others) {
            None => plain.types = plain.types.without(Types::NUMBER),
            Some(bounds) => {
                for (end, limit) in bounds {
                    match end {
                        End::Minimum => plain.low = plain.low.max(limit),
                        End::ExclusiveMinimum => plain.low = plain.low.max(limit.next_up()),
                        End::Maximum => plain.high = plain.high.min(limit),
                        End::ExclusiveMaximum => plain.high = plain.high.min(limit.next_down()),
                    }
                }
            }
        }
    }
    plain
}

/// A limit that tells the same of doubles and of the integers that are rounded to them.
fn exact(limit: &Limit) -> Option<f64> {
    /// Far below 2^53, where neighbouring integers become one double.
    const FAR: f64 = 1e15;
    limit.as_f64().filter(|limit| limit.abs() < FAR)
}

/// A size; as the crate reads it.
fn size(value: &Value) -> Option<u64> {
    let float = || value.as_f64().map(|size| size as u64);
    value.as_u64().or_else(float)
}
