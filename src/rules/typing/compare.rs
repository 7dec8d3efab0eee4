//! What may be compared with what, and which names a text can be.
//!
//! Numbers are `numbers`' business. Nothing is compared here.

use super::{Checker, describe};
use crate::record::units;
use crate::rules::compare::Op;
use crate::rules::diagnostic::nearest;
use crate::rules::expr::Spot;
use crate::rules::fields::{FieldId, Kind};
use crate::rules::problem::ProblemKind;
use crate::rules::typed::{Dimension, Shape, Sort, Typed, TypedKind};
use crate::rules::value::Value;

/// So many members are all shown beside the likeliest.
const FEW_MEMBERS: usize = 12;

impl Checker<'_> {
    /// Whether it is a value, which can be compared; reports what is none.
    pub(super) fn value(&mut self, typed: &Typed) -> bool {
        let help = match typed.sort.shape {
            Shape::Object(_) => "name one of its properties".to_owned(),
            Shape::Truth | Shape::Condition => {
                let chained = matches!(typed.kind, TypedKind::Compare(..));
                let both = "; `a < b < c` is written `a < b && b < c`";
                format!(
                    "join conditions with `&&`, `||` and `!`{}",
                    if chained { both } else { "" }
                )
            }
            Shape::Nothing => "ask `has(x)` or `!has(x)`".to_owned(),
            _ => return typed.sort != Sort::ANY,
        };
        let kind = ProblemKind::NoValue {
            what: self.describe(typed),
            sort: describe::sort(typed),
        };
        self.report(kind, typed.spot, help);
        false
    }

    pub(super) fn compare(&mut self, op: Op, a: &Typed, b: &Typed, spot: Spot) -> Sort {
        let outcome = Sort::outcome([a.sort.origin, b.sort.origin]);
        // Both, so that both are reported.
        if !(self.value(a) & self.value(b)) {
            return outcome;
        }
        let same = matches!(op, Op::Equal | Op::NotEqual);
        match (a.sort.shape, b.sort.shape) {
            (Shape::Number(_), Shape::Number(_)) => self.numbers(op, a, b, spot),
            (Shape::Text, Shape::Text) if same => {
                self.member(a, b);
                self.member(b, a);
            }
            (Shape::Bool, Shape::Bool) if same => {}
            (x, y) => {
                let (x_sort, y_sort) = (describe::sort(a), describe::sort(b));
                let said = format!("`{}` cannot compare {x_sort} with {y_sort}", op.symbol());
                let help = match (x, y) {
                    (Shape::List, _) | (_, Shape::List) => {
                        Some("use `x in [\"…\"]` or `contains(list, \"…\")`".to_owned())
                    }
                    (Shape::Text, Shape::Text) => {
                        Some("texts know only `==`, `!=`, `in` and `contains`".to_owned())
                    }
                    (Shape::Bool, Shape::Bool) => {
                        Some("true and false know only `==`, `!=`, `&&`, `||` and `!`".to_owned())
                    }
                    _ => self.how_to_write(a, b).or_else(|| self.how_to_write(b, a)),
                };
                self.report(ProblemKind::Mismatch(said), spot, help);
            }
        }
        outcome
    }

    /// How to write `constant` so that it can be compared with `other`.
    fn how_to_write(&self, other: &Typed, constant: &Typed) -> Option<String> {
        let TypedKind::Constant(value) = &constant.kind else {
            return None;
        };
        match (other.sort.shape, value) {
            (Shape::Number(Dimension::Instant), Value::Text(text)) => {
                let instant = units::instant(text)
                    .or_else(|| units::instant(&format!("{text}T00:00:00Z")))
                    .map(|instant| format!(": write `{}`", instant.millis()));
                Some(format!(
                    "a point in time is a number of milliseconds since 1970{}",
                    instant.unwrap_or_default()
                ))
            }
            (_, Value::Text(text)) if text.starts_with("limits::") => {
                Some(format!("a limit has no quotes: write `{text}`"))
            }
            (Shape::Number(dimension), Value::Text(text)) => {
                let trimmed = text.trim();
                if !trimmed.starts_with(|c: char| c.is_ascii_digit() || c == '.' || c == '-') {
                    return Some(format!(
                        "{} is {}, and numbers have no quotes",
                        self.describe(other),
                        describe::dimension(dimension)
                    ));
                }
                if trimmed.parse::<f64>().is_ok() {
                    return Some(format!("numbers have no quotes: write `{trimmed}`"));
                }
                Some(format!(
                    "a number with a unit is a limit: write `name = \"{trimmed}\"` in \
                     thresholds.toml, and `limits::name` here"
                ))
            }
            (Shape::Bool, Value::Text(text)) if matches!(&**text, "true" | "false") => {
                Some(format!("true and false have no quotes: write `{text}`"))
            }
            (Shape::Bool, _) => Some(format!(
                "{} is true or false by itself",
                self.describe(other)
            )),
            (Shape::Text, Value::Number(_) | Value::Integer(_)) => match members_of(other) {
                (Some(field), _) if !field.meaning().members.is_empty() => {
                    let members = field.meaning().members.iter();
                    let quoted: Vec<String> = members.map(|name| format!("`\"{name}\"`")).collect();
                    let names = quoted.join(", ");
                    Some(format!(
                        "it is one of {names}; several are asked for with `in [\"…\"]`"
                    ))
                }
                _ => Some(format!("a text has quotes: write `\"{value}\"`")),
            },
            _ => None,
        }
    }

    /// `contains(whole, part)`, and `part in whole`.
    pub(super) fn contains(&mut self, whole: &Typed, part: &Typed, spot: Spot) -> Sort {
        let outcome = Sort::outcome([whole.sort.origin, part.sort.origin]);
        if !(self.value(whole) & self.value(part)) {
            return outcome;
        }
        match (&whole.kind, whole.sort.shape, part.sort.shape) {
            (_, _, Shape::List) => {
                let kind = ProblemKind::Mismatch("a list is in no list".to_owned());
                let help =
                    "ask for each item, as in `contains(list, \"a\") || contains(list, \"b\")`";
                self.report(kind, part.spot, help.to_owned());
            }
            (TypedKind::List(items), ..) => {
                for item in items.iter().filter(|item| item.sort.shape != Shape::List) {
                    self.item(part, item);
                }
            }
            (_, Shape::List, Shape::Text) => self.member(whole, part),
            (_, Shape::Text, Shape::Text) => self.member_of_a_text(whole, part, spot),
            (_, Shape::List, _) => {
                let (what, part) = (self.describe(whole), describe::sort(part));
                let said = format!("the items of {what} are texts, and {part} is never one");
                self.report(ProblemKind::Mismatch(said), spot, None);
            }
            (_, x, _) => {
                let (x_sort, y_sort) = (describe::sort(whole), describe::sort(part));
                let kind = ProblemKind::Mismatch(format!("{x_sort} cannot contain {y_sort}"));
                let help = match x {
                    Shape::Number(_) => Some("compare numbers with `==`, `<` or `>`".to_owned()),
                    _ => None,
                };
                self.report(kind, spot, help);
            }
        }
        outcome
    }

    /// `x.rating in "bad"`: part of a text is asked for, and a name that Graph lists is whole.
    fn member_of_a_text(&mut self, whole: &Typed, part: &Typed, spot: Spot) {
        let TypedKind::Constant(Value::Text(text)) = &whole.kind else {
            return;
        };
        if members_of(part).0.is_none() {
            return;
        }
        let said = format!("{} is never part of a name: it is one", self.describe(part));
        let help = format!("write `in [\"{text}\"]`, or `== \"{text}\"`");
        self.report(ProblemKind::Mismatch(said), spot, help);
    }

    /// One item of a list that the rule has written, against what is looked for in it.
    fn item(&mut self, part: &Typed, item: &Typed) {
        match (part.sort.shape, item.sort.shape) {
            (Shape::Any, _) | (_, Shape::Any) | (Shape::Bool, Shape::Bool) => {}
            (Shape::Number(_), Shape::Number(_)) => self.numbers(Op::Equal, part, item, item.spot),
            (Shape::Text, Shape::Text) => {
                self.member(part, item);
                self.member(item, part);
            }
            (Shape::Object(_) | Shape::Truth | Shape::Condition | Shape::Nothing, _)
            | (_, Shape::Object(_) | Shape::Truth | Shape::Condition | Shape::Nothing) => {}
            _ => {
                let (x, y) = (describe::sort(part), describe::sort(item));
                let kind = ProblemKind::Mismatch(format!("{x} is never {y}"));
                let help = self.how_to_write(part, item);
                self.report(kind, item.spot, help);
            }
        }
    }

    /// Reports a text that is no member of what `holder` can be.
    fn member(&mut self, holder: &Typed, text: &Typed) {
        let TypedKind::Constant(Value::Text(got)) = &text.kind else {
            return;
        };
        let (Some(field), others) = members_of(holder) else {
            return;
        };
        let members = &field.meaning().members;
        if members.is_empty()
            || members.iter().any(|member| **member == **got)
            || others.contains(&&**got)
        {
            return;
        }
        let kind = ProblemKind::NoMember {
            field: field.name(),
            got: got.to_string(),
        };
        let names = || members.iter().map(String::as_str);
        let near = names()
            .find(|name| name.eq_ignore_ascii_case(got))
            .or_else(|| nearest(got, names()));
        let all = || {
            let quoted: Vec<String> = names().map(|name| format!("`\"{name}\"`")).collect();
            quoted.join(", ")
        };
        let mut help = match near {
            // A near one may be the opposite: a few are all shown.
            Some(name) if members.len() <= FEW_MEMBERS && !name.eq_ignore_ascii_case(got) => {
                format!("did you mean `\"{name}\"`? It is one of {}", all())
            }
            Some(name) => format!("did you mean `\"{name}\"`?"),
            None => format!("it is one of {}", all()),
        };
        if let TypedKind::Reading(path, field) = &holder.kind
            && field.meaning().grows
        {
            let text = match field.get().kind {
                Kind::List => ".to_string()",
                _ => "",
            };
            let whole = format!("{}.{}{text}", self.written(path), field.name());
            let dot = if help.ends_with('?') { "" } else { "." };
            help.push_str(&format!(
                "{dot} Should Graph have a new member, `contains({whole}, \"{got}\")` asks for \
                 it unchecked"
            ));
        }
        self.report(kind, text.spot, help);
    }
}

/// The field whose members a text is compared with, and what else it can be then.
fn members_of(typed: &Typed) -> (Option<FieldId>, Vec<&str>) {
    match &typed.kind {
        TypedKind::Reading(_, field) if matches!(field.get().kind, Kind::Enum | Kind::List) => {
            (Some(*field), Vec::new())
        }
        TypedKind::OrElse(a, b) => match (members_of(a), &b.kind) {
            ((Some(field), mut others), TypedKind::Constant(Value::Text(text))) => {
                others.push(text);
                (Some(field), others)
            }
            _ => (None, Vec::new()),
        },
        _ => (None, Vec::new()),
    }
}
