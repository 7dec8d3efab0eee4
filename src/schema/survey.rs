//! What is no violation but worth knowing, and names that stand twice: one walk.
//!
//! A [`Plan`] is compiled from the schema's `properties`, `x-open`, `x-enum`
//! and `x-range`; [`Survey::run`] walks a tape along it. Known names are told
//! apart by a bit each, so a name that stands twice costs nothing to see.
//! Nothing is described here: a notice is a node until somebody reports it.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde_json::Value;
use simd_json::{Node, StaticNode};

use crate::record::{Item, NodeIndex, units};

/// What to expect of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    Anything,
    Object(u32),
    /// an array whose elements are what `Plan::elements[_]` says
    Array(u32),
    Member(u32),
    Range(u32),
}

#[derive(Debug)]
struct Shape {
    name: String,
    open: bool,
    names: Names,
}

#[derive(Debug)]
struct Range {
    low: f64,
    high: f64,
    duration: bool,
}

/// A schema, as far as a survey needs it.
#[derive(Debug)]
pub(super) struct Plan {
    root: Expect,
    shapes: Vec<Shape>,
    elements: Vec<Expect>,
    members: Vec<Names>,
    ranges: Vec<Range>,
}

impl Plan {
    /// The plan that knows no names.
    pub(super) fn any() -> &'static Plan {
        static ANY: OnceLock<Plan> = OnceLock::new();
        ANY.get_or_init(|| Plan {
            root: Expect::Anything,
            shapes: Vec::new(),
            elements: Vec::new(),
            members: Vec::new(),
            ranges: Vec::new(),
        })
    }

    pub(super) fn compile(schema: &Value) -> Plan {
        let mut compiler = Compiler {
            schema,
            plan: Plan {
                root: Expect::Anything,
                shapes: Vec::new(),
                elements: Vec::new(),
                members: Vec::new(),
                ranges: Vec::new(),
            },
            by_reference: HashMap::new(),
        };
        compiler.plan.root = compiler.expect(schema, "document", 0);
        compiler.plan
    }

    pub(super) fn shape_name(&self, shape: u32) -> &str {
        self.shapes
            .get(shape as usize)
            .map_or("", |shape| &shape.name)
    }

    pub(super) fn names(&self, shape: u32) -> impl Iterator<Item = &str> {
        self.shapes
            .get(shape as usize)
            .into_iter()
            .flat_map(|shape| shape.names.list.iter().map(String::as_str))
    }

    pub(super) fn members(&self, members: u32) -> &[String] {
        self.members
            .get(members as usize)
            .map_or(&[], |members| members.list.as_slice())
    }

    pub(super) fn range(&self, range: u32) -> (f64, f64, bool) {
        self.ranges
            .get(range as usize)
            .map_or((f64::NEG_INFINITY, f64::INFINITY, false), |range| {
                (range.low, range.high, range.duration)
            })
    }
}

struct Compiler<'s> {
    schema: &'s Value,
    plan: Plan,
    by_reference: HashMap<String, Expect>,
}

impl Compiler<'_> {
    fn expect(&mut self, schema: &Value, name: &str, hops: usize) -> Expect {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            if let Some(known) = self.by_reference.get(reference) {
                return *known;
            }
            let target = reference
                .strip_prefix('#')
                .and_then(|pointer| self.schema.pointer(pointer));
            let Some(target) = target.filter(|_| hops < 64) else {
                return Expect::Anything;
            };
            let target = target.clone();
            let name = reference.rsplit('/').next().unwrap_or(reference).to_owned();
            return self.object_or_other(&target, &name, Some(reference), hops + 1);
        }
        self.object_or_other(schema, name, None, hops)
    }

    fn object_or_other(
        &mut self,
        schema: &Value,
        name: &str,
        reference: Option<&str>,
        hops: usize,
    ) -> Expect {
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            let index = self.plan.shapes.len() as u32;
            let expect = Expect::Object(index);
            if let Some(reference) = reference {
                self.by_reference.insert(reference.to_owned(), expect);
            }
            self.plan.shapes.push(Shape {
                name: name.to_owned(),
                // Only a type that the schema marks as closed has unknown properties.
                open: schema.get("x-open").and_then(Value::as_bool) != Some(false),
                names: Names::of(properties.keys().map(String::as_str)),
            });
            let expects: Vec<Expect> = properties
                .iter()
                .map(|(name, property)| self.expect(property, name, hops + 1))
                .collect();
            if let Some(shape) = self.plan.shapes.get_mut(index as usize) {
                shape.names.expect(&expects);
            }
            return expect;
        }
        if let Some(items) = schema.get("items") {
            let inner = self.expect(items, name, hops + 1);
            if inner == Expect::Anything {
                return Expect::Anything;
            }
            self.plan.elements.push(inner);
            return Expect::Array(self.plan.elements.len() as u32 - 1);
        }
        if let Some(members) = schema.get("x-enum").and_then(Value::as_array) {
            let members = members.iter().filter_map(Value::as_str);
            self.plan.members.push(Names::of(members));
            return Expect::Member(self.plan.members.len() as u32 - 1);
        }
        if let Some(range) = schema.get("x-range").and_then(Value::as_array) {
            let bound =
                |at: usize, open: f64| range.get(at).and_then(Value::as_f64).unwrap_or(open);
            self.plan.ranges.push(Range {
                low: bound(0, f64::NEG_INFINITY),
                high: bound(1, f64::INFINITY),
                duration: schema.get("x-edm").and_then(Value::as_str) == Some("Edm.Duration"),
            });
            return Expect::Range(self.plan.ranges.len() as u32 - 1);
        }
        if let Some(reference) = schema.get("$ref") {
            // A reference that leads to a reference.
            let next = serde_json::json!({ "$ref": reference });
            return self.expect(&next, name, hops + 1);
        }
        Expect::Anything
    }
}

/// A set of names, and what to expect of the value of each; one probe for most look-ups.
#[derive(Debug)]
struct Names {
    list: Vec<String>,
    /// a power of two long, at least twice the names
    table: Vec<Slot>,
    mask: usize,
}

/// A name in the table, or, where `place` is [`EMPTY`], none.
#[derive(Clone, Copy, Debug)]
struct Slot {
    head: Head,
    /// one of 64, for the place in the list; all of them for the places behind
    bit: u64,
    /// place in the list
    place: u32,
    expect: Expect,
}

const EMPTY: u32 = u32::MAX;

impl Names {
    fn of<'n>(names: impl Iterator<Item = &'n str>) -> Names {
        let list: Vec<String> = names.map(str::to_owned).collect();
        let size = (list.len() * 4).next_power_of_two().max(4);
        let empty = Slot {
            head: Head::of(""),
            bit: 0,
            place: EMPTY,
            expect: Expect::Anything,
        };
        let mut table = vec![empty; size];
        let mask = size - 1;
        for (place, name) in list.iter().enumerate() {
            let head = Head::of(name);
            let mut slot = head.hash() & mask;
            while table[slot].place != EMPTY {
                slot = (slot + 1) & mask;
            }
            table[slot] = Slot {
                head,
                bit: if place < 64 { 1 << place } else { u64::MAX },
                place: place as u32,
                expect: Expect::Anything,
            };
        }
        Names { list, table, mask }
    }

    /// Says what to expect of each name, in the order of the list.
    fn expect(&mut self, expects: &[Expect]) {
        for slot in &mut self.table {
            if let Some(expect) = expects.get(slot.place as usize) {
                slot.expect = *expect;
            }
        }
    }

    // Twice in the hottest loop; the call costs as much as the look.
    #[inline(always)]
    fn find(&self, name: &str) -> Option<&Slot> {
        let head = Head::of(name);
        let mut at = head.hash() & self.mask;
        loop {
            let slot = self.table.get(at)?;
            if slot.place == EMPTY {
                return None;
            }
            if slot.head.is(head)
                && (head.decides()
                    || self
                        .list
                        .get(slot.place as usize)
                        .is_some_and(|n| n == name))
            {
                return Some(slot);
            }
            at = (at + 1) & self.mask;
        }
    }
}

/// A name's length, its first sixteen bytes and its last eight.
#[derive(Clone, Copy, Debug)]
struct Head {
    len: usize,
    first: u64,
    second: u64,
    last: u64,
}

impl Head {
    #[inline(always)]
    fn of(name: &str) -> Head {
        let bytes = name.as_bytes();
        let len = bytes.len();
        let (first, second, last) = match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
            (Some(first), Some(last)) => {
                let second = bytes.get(8..16).and_then(|half| half.first_chunk::<8>());
                (
                    u64::from_le_bytes(*first),
                    second.map_or(0, |second| u64::from_le_bytes(*second)),
                    u64::from_le_bytes(*last),
                )
            }
            _ => match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
                (Some(first), Some(last)) => (
                    u64::from(u32::from_le_bytes(*first)),
                    0,
                    u64::from(u32::from_le_bytes(*last)),
                ),
                _ => {
                    let byte = |at: usize| bytes.get(at).copied().unwrap_or_default();
                    (
                        u64::from_le_bytes([byte(0), byte(1), byte(2), 0, 0, 0, 0, 0]),
                        0,
                        0,
                    )
                }
            },
        };
        Head {
            len,
            first,
            second,
            last,
        }
    }

    /// Equality without a branch for each part.
    #[inline(always)]
    fn is(self, other: Head) -> bool {
        let differs = (self.first ^ other.first)
            | (self.second ^ other.second)
            | (self.last ^ other.last)
            | (self.len ^ other.len) as u64;
        differs == 0
    }

    /// Whether two names with this head are surely equal.
    #[inline]
    fn decides(self) -> bool {
        self.len <= 24
    }

    #[inline]
    fn hash(self) -> usize {
        let mixed = (self.first ^ self.last.rotate_left(25) ^ self.len as u64)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 40) as usize
    }
}

/// A name that stands twice in one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeated {
    /// node of the name that stands first
    pub first: NodeIndex,
    /// node of a name further on
    pub again: NodeIndex,
    /// whether the values are equal as JSON
    pub equal: bool,
}

/// A notice, as the walk leaves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Raw {
    /// name node, shape
    UnknownProperty(NodeIndex, u32),
    /// value node, list of members
    UnknownMember(NodeIndex, u32),
    /// value node, range
    OutOfRange(NodeIndex, u32),
    /// name node of the second
    RepeatedName(NodeIndex),
}

/// At most this many notices of one document are kept; the rest is counted.
const NOTICES: usize = 64;
/// Repeated names kept of one document.
const REPEATED: usize = 64;

/// The result of a walk; reused from one document to the next.
#[derive(Debug, Default)]
pub struct Survey {
    notices: Vec<Raw>,
    more: u64,
    repeated: Vec<Repeated>,
    /// names of the objects under way that their shapes do not know
    unknown: Vec<NodeIndex>,
    sorted: Vec<NodeIndex>,
}

impl Survey {
    pub(super) fn notices(&self) -> &[Raw] {
        &self.notices
    }

    /// Notices in all, those beyond the kept ones included.
    pub fn notice_count(&self) -> u64 {
        self.notices.len() as u64 + self.more
    }

    /// Names that stand twice.
    pub fn repeated(&self) -> &[Repeated] {
        &self.repeated
    }

    /// The first name that stands twice with differing values, if any.
    pub fn contradiction(&self) -> Option<Repeated> {
        self.repeated
            .iter()
            .copied()
            .find(|repeated| !repeated.equal)
    }

    fn notice(&mut self, raw: Raw) {
        if self.notices.len() < NOTICES {
            self.notices.push(raw);
        } else {
            self.more += 1;
        }
    }

    pub(super) fn run(&mut self, root: Item<'_>, plan: &Plan) {
        self.notices.clear();
        self.repeated.clear();
        self.unknown.clear();
        self.more = 0;
        self.value(root.nodes(), 0, plan.root, plan);
    }

    /// Walks the value at `at`; gives the index behind it. Depth is capped by the parser.
    fn value(&mut self, nodes: &[Node<'_>], at: usize, expect: Expect, plan: &Plan) -> usize {
        match nodes.get(at) {
            Some(Node::Object { len, .. }) => match expect {
                Expect::Object(shape) => self.object(nodes, at, *len, shape, plan),
                _ => self.open_object(nodes, at, *len, plan),
            },
            Some(Node::Array { len, .. }) => {
                let inner = match expect {
                    Expect::Array(inner) => plan
                        .elements
                        .get(inner as usize)
                        .copied()
                        .unwrap_or(Expect::Anything),
                    _ => Expect::Anything,
                };
                let mut next = at + 1;
                for _ in 0..*len {
                    next = self.value(nodes, next, inner, plan);
                }
                next
            }
            Some(scalar) => {
                self.scalar(scalar, at, expect, plan);
                at + 1
            }
            None => at + 1,
        }
    }

    /// Looks at a string, number, boolean or null.
    #[inline]
    fn scalar(&mut self, node: &Node<'_>, at: usize, expect: Expect, plan: &Plan) {
        match (expect, node) {
            (Expect::Member(members), Node::String(text)) => {
                let known = plan.members.get(members as usize);
                if known.is_none_or(|known| known.find(text).is_none()) {
                    self.notice(Raw::UnknownMember(at as NodeIndex, members));
                }
            }
            (Expect::Range(range), Node::String(text)) => {
                let (low, high, duration) = plan.range(range);
                // Only a minus makes a duration negative; most need no parsing.
                let suspect = duration && (text.starts_with('-') || high.is_finite() || low > 0.0);
                if suspect
                    && units::duration(text).is_some_and(|millis| millis.0 < low || millis.0 > high)
                {
                    self.notice(Raw::OutOfRange(at as NodeIndex, range));
                }
            }
            (Expect::Range(range), Node::Static(value)) => {
                let number = match *value {
                    StaticNode::I64(value) => value as f64,
                    StaticNode::U64(value) => value as f64,
                    StaticNode::F64(value) => value,
                    _ => return,
                };
                let (low, high, duration) = plan.range(range);
                if !duration && (number < low || number > high) {
                    self.notice(Raw::OutOfRange(at as NodeIndex, range));
                }
            }
            _ => {}
        }
    }

    fn object(
        &mut self,
        nodes: &[Node<'_>],
        at: usize,
        len: usize,
        shape: u32,
        plan: &Plan,
    ) -> usize {
        let Some(known) = plan.shapes.get(shape as usize) else {
            return self.open_object(nodes, at, len, plan);
        };
        // Names beyond the 64th have no bit; none of Graph's types has so many.
        let mut seen = 0u64;
        let mut repeats = false;
        let unknown_from = self.unknown.len();
        let mut next = at + 1;
        for _ in 0..len {
            let Some(Node::String(name)) = nodes.get(next) else {
                return next + 1;
            };
            match known.names.find(name) {
                Some(slot) => {
                    let bit = slot.bit;
                    repeats |= seen & bit != 0;
                    seen |= bit;
                    next = match nodes.get(next + 1) {
                        Some(scalar @ (Node::String(_) | Node::Static(_))) => {
                            if matches!(slot.expect, Expect::Member(_) | Expect::Range(_)) {
                                self.scalar(scalar, next + 1, slot.expect, plan);
                            }
                            next + 2
                        }
                        _ => self.value(nodes, next + 1, slot.expect, plan),
                    };
                }
                None => {
                    self.unknown.push(next as NodeIndex);
                    if !known.open && !name.contains('@') {
                        self.notice(Raw::UnknownProperty(next as NodeIndex, shape));
                    }
                    next = self.value(nodes, next + 1, Expect::Anything, plan);
                }
            }
        }
        if repeats {
            // Rare: now all names of this object are compared.
            self.unknown.truncate(unknown_from);
            let names = Item::new(nodes.get(at..).unwrap_or_default()).members();
            self.unknown
                .extend(names.map(|member| member.key.index(nodes.len())));
        }
        self.compare_unknown(nodes, unknown_from);
        next
    }

    fn open_object(&mut self, nodes: &[Node<'_>], at: usize, len: usize, plan: &Plan) -> usize {
        let unknown_from = self.unknown.len();
        let mut next = at + 1;
        for _ in 0..len {
            self.unknown.push(next as NodeIndex);
            next = self.value(nodes, next + 1, Expect::Anything, plan);
        }
        self.compare_unknown(nodes, unknown_from);
        next
    }

    /// Looks for equal names among those of one object that are kept from `from` on.
    fn compare_unknown(&mut self, nodes: &[Node<'_>], from: usize) {
        let name = |at: NodeIndex| match nodes.get(at as usize) {
            Some(Node::String(name)) => *name,
            _ => "",
        };
        let names = self.unknown.get(from..).unwrap_or_default();
        let suspect = match names.len() {
            0 | 1 => false,
            2..=8 => names.iter().enumerate().any(|(position, a)| {
                let earlier = names.get(..position).unwrap_or_default();
                earlier.iter().any(|b| name(*a) == name(*b))
            }),
            _ => true,
        };
        let mut pairs = Vec::new();
        if suspect {
            // Sorting by text, so that no choice of names makes it quadratic.
            self.sorted.clear();
            self.sorted.extend_from_slice(names);
            self.sorted
                .sort_unstable_by(|a, b| name(*a).cmp(name(*b)).then(a.cmp(b)));
            for pair in self.sorted.windows(2) {
                if let [a, b] = pair
                    && name(*a) == name(*b)
                {
                    pairs.push((*a, *b));
                }
            }
        }
        self.unknown.truncate(from);
        for (first, again) in pairs {
            self.repeat(nodes, first, again);
        }
    }

    /// Records that the names at `first` and `again` of one object are equal.
    #[cold]
    fn repeat(&mut self, nodes: &[Node<'_>], first: NodeIndex, again: NodeIndex) {
        let value = |at: NodeIndex| Item::new(nodes.get(at as usize + 1..).unwrap_or_default());
        let equal = value(first).same_value(value(again));
        if self.repeated.len() < REPEATED || (!equal && self.contradiction().is_none()) {
            self.repeated.push(Repeated {
                first,
                again,
                equal,
            });
        }
        if equal {
            self.notice(Raw::RepeatedName(again));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Caps, Parser};

    fn survey(schema: &Value, text: &str) -> Survey {
        let plan = Plan::compile(schema);
        let mut parser = Parser::new(Caps::default());
        let document = parser.parse(text.as_bytes()).expect("JSON");
        let mut survey = Survey::default();
        survey.run(document.root(), &plan);
        survey
    }

    fn schema() -> Value {
        serde_json::json!({
            "x-open": false,
            "properties": {
                "loss": {"type": "number", "x-range": [0, 1]},
                "jitter": {"type": "string", "x-edm": "Edm.Duration", "x-range": [0, null]},
                "platform": {"x-enum": ["windows", "macOS"]},
                "open": {"x-open": true, "properties": {"a": {}}},
                "list": {"type": "array", "items": {"$ref": "#"}},
            }
        })
    }

    #[test]
    fn notices_are_unknown_names_unknown_members_and_odd_readings() {
        let found = survey(
            &schema(),
            r#"{"loss": 1.5, "jitter": "-PT1S", "platform": "Windows", "los": 1, "@odata.type": "x",
                "open": {"z": 1}, "list": [{"lost": 0}, {"loss": 1}]}"#,
        );
        let kinds: Vec<_> = found
            .notices()
            .iter()
            .map(|raw| match raw {
                Raw::UnknownProperty(..) => "property",
                Raw::UnknownMember(..) => "member",
                Raw::OutOfRange(..) => "range",
                Raw::RepeatedName(_) => "repeated",
            })
            .collect();
        assert_eq!(kinds, ["range", "range", "member", "property", "property"]);
        assert!(found.repeated().is_empty());
    }

    #[test]
    fn a_repeated_name_is_found_known_or_not_and_its_values_compared() {
        for (text, equal) in [
            (r#"{"loss": 1, "loss": 1.0}"#, Some(true)),
            (r#"{"loss": 1, "loss": 2}"#, Some(false)),
            (r#"{"loss": 1, "l\u006fss": 2}"#, Some(false)),
            (
                r#"{"open": {"q": {"x": 1, "y": [2]}, "q": {"y": [2], "x": 1}}}"#,
                Some(true),
            ),
            (r#"{"@a": 1, "b": 2, "c": 3, "@a": null}"#, Some(false)),
            (r#"{"list": [{"loss": 1}, {"loss": 2}]}"#, None),
        ] {
            let found = survey(&schema(), text);
            assert_eq!(found.repeated().first().map(|r| r.equal), equal, "{text}");
        }
    }

    #[test]
    fn a_wide_object_is_compared_by_sorting() {
        let mut text = String::from("{");
        for number in 0..5000 {
            text.push_str(&format!("\"k{number}\": 0, "));
        }
        text.push_str("\"k17\": 1, \"k18\": 0}");
        let found = survey(&Value::Bool(true), &text);
        let equal: Vec<_> = found.repeated().iter().map(|r| r.equal).collect();
        assert_eq!(equal, [false, true]);
        assert!(found.contradiction().is_some());
    }
}
