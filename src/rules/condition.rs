//! The comparisons of a rule's `when`, one by one, as they stand there.
//!
//! A [`Condition`] says what is compared with what, where, and what stands before it: with `&&`,
//! what is on the left must hold before what is on the right matters; with `??`, it must be
//! missing. `explain` tells what each came to at one place; `test` and `tune` are told by them.
//!
//! They are listed in the order in which they are asked. Nothing is evaluated here.

use std::sync::Arc;

use super::compare::Op;
use super::diagnostic::Place;
use super::expr::Spot;
use super::fields::{FieldId, Kind, Link};
use super::typed::{Origin, Shape, Typed, TypedKind};
use super::value::Value;

/// One comparison of a rule.
#[derive(Clone, Debug)]
pub struct Condition {
    /// As the rule has it, without its parameter: `averageJitter > limits::jitter`.
    pub text: String,
    /// What is compared: `averageJitter`, or what is calculated of it.
    pub subject: String,
    /// What must hold before it matters, outermost first.
    pub before: Vec<String>,
    /// Where its operator or name stands.
    pub place: Place,
    /// The operator, with the reading on its left.
    pub op: Op,
    /// The only reading that is compared, and the way to it.
    pub reading: Option<ConditionReading>,
    /// The limit that it is compared with, as it is and not calculated with.
    pub limit: Option<Arc<str>>,
    /// Whether a missing reading can leave it unknown.
    pub may_be_unknown: bool,
    /// Whether it stands in a `guard(…)`.
    pub guards: bool,
}

/// The reading of a condition.
#[derive(Clone, Debug)]
pub struct ConditionReading {
    /// Which field.
    pub field: FieldId,
    /// As the rule has it, without its parameter: `session.duration`.
    pub path: String,
    /// Whether it is compared as it was read, and not calculated with.
    pub plain: bool,
}

/// The conditions of a rule's `when`; `place` finds the word at a spot.
pub(crate) fn conditions(when: &Typed, place: &dyn Fn(Spot) -> Place) -> Vec<Condition> {
    let mut finder = Finder {
        place,
        before: Vec::new(),
        guards: false,
        found: Vec::new(),
    };
    finder.asked(when, true);
    finder.found
}

/// How many conditions stand in a part; `asked` where the part itself is one of three values.
pub(crate) fn count(part: &Typed, asked: bool) -> usize {
    let own = usize::from(is_condition(part, asked));
    let within: usize = inner(part, asked)
        .iter()
        .map(|(part, asked)| count(part, *asked))
        .sum();
    own + within
}

/// Whether a part is a condition itself.
pub(crate) fn is_condition(part: &Typed, asked: bool) -> bool {
    use TypedKind as K;
    match &part.kind {
        K::Compare(..) | K::Contains(..) => true,
        K::Has(of) => !is_outcome(of),
        K::Reading(..) => asked,
        _ => false,
    }
}

/// Whether `has(…)` of it asks for an outcome, and not for a reading.
pub(crate) fn is_outcome(part: &Typed) -> bool {
    matches!(part.sort.shape, Shape::Truth | Shape::Condition)
}

/// The parts of a part in the order in which they are asked, and whether each is asked for one of
/// three values.
pub(crate) fn inner(part: &Typed, asked: bool) -> Vec<(&Typed, bool)> {
    use TypedKind as K;
    match &part.kind {
        K::And(a, b) | K::Or(a, b) => vec![(a, true), (b, true)],
        K::OrElse(a, b) => vec![(a, asked), (b, asked)],
        K::Not(a) | K::Guard(a) | K::Certain(a) => vec![(a, true)],
        K::Has(a) => vec![(a, is_outcome(a))],
        K::If(a, b, c) => vec![(a, true), (b, asked), (c, asked)],
        _ => part.parts().into_iter().map(|part| (part, false)).collect(),
    }
}

struct Finder<'f> {
    place: &'f dyn Fn(Spot) -> Place,
    before: Vec<String>,
    guards: bool,
    found: Vec<Condition>,
}

impl Finder<'_> {
    fn asked(&mut self, part: &Typed, asked: bool) {
        use TypedKind as K;
        if is_condition(part, asked) {
            let condition = self.condition(part);
            self.found.push(condition);
        }
        match &part.kind {
            K::And(a, b) => {
                self.asked(a, true);
                let depth = self.before.len();
                conjuncts(a, &mut self.before);
                self.asked(b, true);
                self.before.truncate(depth);
            }
            K::OrElse(a, b) => {
                self.asked(a, asked);
                self.before.push(format!("{} is missing", missing(a)));
                self.asked(b, asked);
                self.before.pop();
            }
            K::If(condition, then, other) => {
                self.asked(condition, true);
                self.before.push(text(condition));
                self.asked(then, asked);
                self.before.pop();
                self.before.push(format!("!({})", text(condition)));
                self.asked(other, asked);
                self.before.pop();
            }
            K::Guard(a) => {
                let outer = std::mem::replace(&mut self.guards, true);
                self.asked(a, true);
                self.guards = outer;
            }
            _ => {
                for (part, asked) in inner(part, asked) {
                    self.asked(part, asked);
                }
            }
        }
    }

    fn condition(&self, part: &Typed) -> Condition {
        use TypedKind as K;
        let (op, sides): (Op, Vec<&Typed>) = match &part.kind {
            K::Compare(op, a, b) if measured(a) || !measured(b) => (*op, vec![a, b]),
            K::Compare(op, a, b) => (op.mirrored(), vec![b, a]),
            K::Contains(whole, part) if measured(whole) || !measured(part) => {
                (Op::Contains, vec![whole, part])
            }
            K::Contains(whole, part) => (Op::In, vec![part, whole]),
            K::Has(of) => (Op::Present, vec![of]),
            _ => (Op::Equal, vec![part]),
        };
        let limit = match sides.get(1).map(|side| &side.kind) {
            Some(K::Limit(limit)) => limit.name.clone(),
            _ => None,
        };
        let mut readings = Vec::new();
        find(&sides, &mut |part| {
            if let K::Reading(path, field) = &part.kind {
                readings.push((path.clone(), *field));
            }
        });
        readings.dedup();
        let reading = match readings.as_slice() {
            [(path, field)] => Some(ConditionReading {
                field: *field,
                path: way(path, Some(field.name())),
                plain: matches!(sides[0].kind, K::Reading(..)),
            }),
            _ => None,
        };
        Condition {
            text: text(part),
            subject: text(sides[0]),
            before: self.before.clone(),
            place: (self.place)(part.spot),
            op,
            reading,
            limit,
            may_be_unknown: !matches!(part.kind, K::Has(_)) && sides.iter().any(|side| lacks(side)),
            guards: self.guards,
        }
    }
}

fn measured(part: &Typed) -> bool {
    matches!(part.sort.origin, Origin::Measured | Origin::Either)
}

/// Whether a value can be missing.
fn lacks(part: &Typed) -> bool {
    use TypedKind as K;
    match &part.kind {
        // A list of our own is empty where there is nothing to list, on the object itself.
        K::Reading(path, field) => {
            let field = field.get();
            !(path.is_empty() && field.computed && field.kind == Kind::List)
        }
        K::OrElse(a, b) => lacks(a) && lacks(b),
        K::Arithmetic(_, a, b) => lacks(a) || lacks(b),
        K::Negate(a) => lacks(a),
        K::If(_, a, b) => lacks(a) || lacks(b),
        _ => false,
    }
}

/// Whether without a sites file a part has nothing to go by.
pub(crate) fn needs_site(part: &Typed) -> bool {
    match &part.kind {
        TypedKind::Object(way) | TypedKind::Reading(way, _) => way.contains(&Link::Site),
        TypedKind::OrElse(_, other) => needs_site(other),
        _ => part.parts().into_iter().any(needs_site),
    }
}

/// The limits that a part names, each once.
pub(crate) fn limits(part: &Typed) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    find(&[part], &mut |part| {
        if let TypedKind::Limit(limit) = &part.kind
            && let Some(name) = &limit.name
            && names.iter().all(|known| **known != **name)
        {
            names.push(name.to_string());
        }
    });
    names
}

fn find<'t>(parts: &[&'t Typed], see: &mut impl FnMut(&'t Typed)) {
    for part in parts {
        see(part);
        find(&part.parts(), see);
    }
}

/// The limits that a part names, with their values.
pub(crate) fn limit_values(part: &Typed) -> Vec<(String, Value)> {
    let mut values = Vec::new();
    find(&[part], &mut |part| {
        if let TypedKind::Limit(limit) = &part.kind
            && let Some(name) = &limit.name
        {
            values.push((name.to_string(), limit.value.clone()));
        }
    });
    values
}

/// What an `&&` asks for, part by part.
fn conjuncts(part: &Typed, into: &mut Vec<String>) {
    match &part.kind {
        TypedKind::And(a, b) => {
            conjuncts(a, into);
            conjuncts(b, into);
        }
        TypedKind::Guard(a) => conjuncts(a, into),
        _ => into.push(text(part)),
    }
}

/// What is missing where `a ?? b` asks for `b`.
fn missing(part: &Typed) -> String {
    match &part.kind {
        TypedKind::Compare(_, a, b) if !measured(b) => missing(a),
        _ => text(part),
    }
}

/// A way along links to a field, as a rule has it.
fn way(links: &[Link], field: Option<&str>) -> String {
    let names = links.iter().map(|link| link.name()).chain(field);
    names.collect::<Vec<_>>().join(".")
}

/// A part as a rule has it, without its parameter.
pub(crate) fn text(part: &Typed) -> String {
    let mut out = String::new();
    write(part, 0, &mut out);
    out
}

/// Writes a part; in brackets, where it binds less than `least`.
fn write(part: &Typed, least: u8, out: &mut String) {
    use TypedKind as K;
    let binds = match &part.kind {
        K::Or(..) => 1,
        K::And(..) => 2,
        K::Compare(..) | K::Contains(..) => 3,
        K::OrElse(..) => 4,
        K::Arithmetic(..) => 5,
        K::Not(_) | K::Negate(_) => 6,
        _ => 7,
    };
    if binds < least {
        out.push('(');
        write(part, 0, out);
        out.push(')');
        return;
    }
    let mut infix = |a: &Typed, sign: &str, b: &Typed| {
        write(a, binds, out);
        out.push(' ');
        out.push_str(sign);
        out.push(' ');
        write(b, binds + 1, out);
    };
    let call = |name: &str, args: &[&Typed], out: &mut String| {
        out.push_str(name);
        out.push('(');
        list(args.iter().copied(), out);
        out.push(')');
    };
    match &part.kind {
        K::Object(links) if links.is_empty() => out.push_str("it"),
        K::Object(links) => out.push_str(&way(links, None)),
        K::Reading(links, field) => out.push_str(&way(links, Some(field.name()))),
        K::Limit(limit) => match &limit.name {
            Some(name) => {
                out.push_str("limits::");
                out.push_str(name);
            }
            None => out.push_str(&limit.value.to_string()),
        },
        K::Constant(value) => constant(value, out),
        K::List(items) => {
            out.push('[');
            list(items, out);
            out.push(']');
        }
        K::Compare(op, a, b) => infix(a, op.symbol(), b),
        K::Contains(whole, part) if matches!(whole.kind, K::List(_)) => infix(part, "in", whole),
        K::Contains(whole, part) => call("contains", &[whole, part], out),
        K::And(a, b) => infix(a, "&&", b),
        K::Or(a, b) => infix(a, "||", b),
        K::OrElse(a, b) => infix(a, "??", b),
        K::Arithmetic(op, a, b) => infix(a, op.symbol(), b),
        K::Not(a) => {
            out.push('!');
            write(a, 6, out);
        }
        K::Negate(a) => {
            out.push('-');
            write(a, 6, out);
        }
        K::Has(a) => call("has", &[a], out),
        K::Note(a) => call("note", &[a], out),
        K::Guard(a) => call("guard", &[a], out),
        K::Certain(a) => call("certain", &[a], out),
        K::InWords(a) => call("to_string", &[a], out),
        K::If(condition, then, other) => {
            out.push_str("if ");
            write(condition, 0, out);
            out.push_str(" { ");
            write(then, 0, out);
            out.push_str(" } else { ");
            write(other, 0, out);
            out.push_str(" }");
        }
        K::Words(items) => {
            out.push('`');
            for item in items {
                match &item.kind {
                    K::Constant(Value::Text(text)) => out.push_str(text),
                    _ => {
                        out.push_str("${");
                        write(item, 0, out);
                        out.push('}');
                    }
                }
            }
            out.push('`');
        }
    }
}

fn list<'t>(items: impl IntoIterator<Item = &'t Typed>, out: &mut String) {
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        write(item, 0, out);
    }
}

fn constant(value: &Value, out: &mut String) {
    match value {
        Value::Missing => out.push_str("()"),
        Value::Text(text) => out.push_str(&format!("{text:?}")),
        Value::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                constant(item, out);
            }
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
}
