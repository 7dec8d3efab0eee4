//! References and patterns of a schema: where they stand, and what was probably meant.
//!
//! For messages alone; whether a reference leads somewhere the validator says.

use serde_json::Value;

use super::problem::closest;
use crate::record::place;

/// Why the linear engine does not run a pattern.
pub(super) fn why_not_linear(pattern: &str) -> &'static str {
    let look = ["(?=", "(?!", "(?<=", "(?<!"];
    let backs = (1..=9).any(|number| pattern.contains(&format!("\\{number}")));
    if look.iter().any(|part| pattern.contains(part)) {
        "look-around (?=…), (?!…), (?<=…) has no bound on its time; say it without, or with `not` and a second pattern"
    } else if backs || pattern.contains("\\k<") {
        "a back-reference has no bound on its time; list the alternatives instead"
    } else if pattern.matches('{').count() > 1 {
        "it is no regular expression that is understood, or its repeats multiply to something too large; look for brackets that do not close and for {n} within {m}"
    } else {
        "it is no regular expression that is understood; look for brackets that do not close and escapes that do not exist"
    }
}

/// Each `$ref` and its like, with its pointer.
pub(super) fn collect(schema: &Value, path: &mut String, out: &mut Vec<(String, String)>) {
    match schema {
        Value::Object(members) => {
            for (name, value) in members {
                let length = path.len();
                place::push_token(path, name);
                match (name.as_str(), value) {
                    (
                        "$ref" | "$dynamicRef" | "$recursiveRef" | "$schema" | "$id",
                        Value::String(text),
                    ) => {
                        out.push((path.clone(), text.clone()));
                    }
                    ("enum" | "const" | "default" | "examples", _) => {}
                    _ => collect(value, path, out),
                }
                path.truncate(length);
            }
        }
        Value::Array(items) => {
            for (position, item) in items.iter().enumerate() {
                let length = path.len();
                path.push_str(&format!("/{position}"));
                collect(item, path, out);
                path.truncate(length);
            }
        }
        _ => {}
    }
}

/// The anchors of a schema.
pub(super) fn named(schema: &Value, out: &mut Vec<String>) {
    match schema {
        Value::Object(members) => {
            for (name, value) in members {
                match (name.as_str(), value) {
                    ("$anchor" | "$dynamicAnchor", Value::String(anchor)) => {
                        out.push(anchor.clone())
                    }
                    _ => named(value, out),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| named(item, out)),
        _ => {}
    }
}

/// A pointer that exists and is much like the one that does not.
pub(super) fn near_reference(
    reference: &str,
    schema: &Value,
    all: &[(String, Vec<u8>, Value)],
) -> Option<String> {
    let (base, fragment) = reference.split_once('#')?;
    let target = if base.is_empty() {
        schema
    } else {
        let tail = base.rsplit('/').next()?;
        &all.iter().find(|(file, ..)| file.ends_with(tail))?.2
    };
    for (from, to) in [("/definitions/", "/$defs/"), ("/$defs/", "/definitions/")] {
        let other = fragment.replacen(from, to, 1);
        if other != fragment && target.pointer(&other).is_some() {
            return Some(format!("did you mean \"{base}#{other}\"?"));
        }
    }
    let mut known = String::new();
    let mut at = target;
    let mut tokens = fragment.strip_prefix('/')?.split('/').peekable();
    while let Some(token) = tokens.next() {
        let name = token.replace("~1", "/").replace("~0", "~");
        let members = at.as_object()?;
        match members.get(&name) {
            Some(next) => {
                place::push_token(&mut known, &name);
                at = next;
            }
            None => {
                let near = closest(&name, members.keys().map(String::as_str))?;
                place::push_token(&mut known, near);
                for rest in tokens {
                    known.push('/');
                    known.push_str(rest);
                }
                return target
                    .pointer(&known)
                    .map(|_| format!("did you mean \"{base}#{known}\"?"));
            }
        }
    }
    None
}
