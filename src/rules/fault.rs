//! An engine's error in words that a rule's author can act on, with its place.
//!
//! Rhai speaks of types and functions; a rule's author wrote readings and comparisons.
//!
//! It decides nothing: what becomes of a rule that broke is the interpreter's business.

use rhai::{EvalAltResult, ImmutableString, Position};

use super::diagnostic::{Place, shortened};
use super::engine::{TOO_DEEP, TOO_LONG, TRUTH_NAME};
use super::outcome::{FaultKind, RuleFault};
use super::rule::Rule;
use super::truth::Truth;

/// The innermost error, in our words, with its place.
pub(crate) fn fault(rule: &Rule, source: &str, error: &EvalAltResult) -> RuleFault {
    fault_at(&rule.place, source, error)
}

/// The same of a rule that stands at `own`.
pub(crate) fn fault_at(own: &Place, source: &str, error: &EvalAltResult) -> RuleFault {
    let (error, position) = innermost(error, Position::NONE);
    let (kind, message) = describe(error);
    let place = match (position.line(), position.position()) {
        (Some(line), Some(column)) => Place::of_word(&own.file, source, line, column),
        _ => own.clone(),
    };
    RuleFault {
        kind,
        message,
        place: Some(place),
    }
}

/// Follows an error through the calls it came through.
pub(crate) fn innermost(error: &EvalAltResult, outer: Position) -> (&EvalAltResult, Position) {
    let position = error.position();
    let position = if position.is_none() { outer } else { position };
    match error {
        EvalAltResult::ErrorInFunctionCall(_, _, inner, _)
        | EvalAltResult::ErrorInModule(_, inner, _) => innermost(inner, position),
        _ => (error, position),
    }
}

/// What an engine's error means to a rule's author.
pub(crate) fn describe(error: &EvalAltResult) -> (FaultKind, String) {
    use EvalAltResult as E;
    let message = match error {
        E::ErrorTerminated(why, _) => {
            let why = why.clone().into_string().unwrap_or_default();
            let why = if why.is_empty() {
                TOO_LONG.to_owned()
            } else {
                why
            };
            return (FaultKind::Runaway, why);
        }
        E::ErrorTooManyOperations(..) => {
            return (FaultKind::Runaway, "it took too many steps".to_owned());
        }
        E::ErrorStackOverflow(..) => {
            return (FaultKind::Runaway, TOO_DEEP.to_owned());
        }
        E::ErrorDataTooLarge(what, _) => format!("{what} grew too large"),
        E::ErrorRuntime(value, _) => match value.read_lock::<ImmutableString>() {
            Some(text) => text.to_string(),
            None => format!("it threw {}", plain(value.type_name())),
        },
        E::ErrorMismatchDataType(want, got, _) if want == "bool" && is_outcome(got) => {
            "a comparison with a reading may be unknown, so `if` and `while` cannot take it; \
             join comparisons with `&&`, `||`, `!`, or ask `certain(x)`"
                .to_owned()
        }
        E::ErrorMismatchDataType(want, got, _) => {
            format!("{} where {} is needed", plain(got), plain(want))
        }
        E::ErrorFunctionNotFound(signature, _) => format!("there is no {signature}"),
        E::ErrorVariableNotFound(name, _) => format!("there is no variable `{name}`"),
        other => without_place(other.to_string()),
    };
    (FaultKind::Error, shortened(&message))
}

/// Rhai ends its messages with a place, which we show ourselves.
fn without_place(mut message: String) -> String {
    if let Some(at) = message.rfind(" (line ") {
        message.truncate(at);
    }
    message
}

fn is_outcome(name: &str) -> bool {
    name == TRUTH_NAME || name == std::any::type_name::<Truth>()
}

/// A type's name without the path that only we know.
fn plain(name: &str) -> &str {
    match name.rsplit("::").next() {
        Some("Truth") => TRUTH_NAME,
        Some("Measured") => "reading",
        Some("Handle") => "object",
        Some("Limit") => "limit",
        _ => name,
    }
}
