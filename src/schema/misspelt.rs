//! Keywords of a schema that are nearly, but not quite, ones that the drafts know.
//!
//! A validator ignores a keyword that it does not know, so `requird` makes a schema that accepts
//! too much and says nothing. Only what is close to a known keyword is told: an extension's own
//! keywords are nobody's business.

use serde_json::Value;

use super::problem::closest;
use crate::record::place;

/// Keywords with one schema.
const SCHEMA: [&str; 13] = [
    "not",
    "if",
    "then",
    "else",
    "items",
    "contains",
    "propertyNames",
    "additionalItems",
    "additionalProperties",
    "unevaluatedItems",
    "unevaluatedProperties",
    "contentSchema",
    "extends",
];
/// Keywords with a list of schemas.
const LIST: [&str; 5] = ["allOf", "anyOf", "oneOf", "prefixItems", "items"];
/// Keywords whose members are schemas, under names that are no keywords.
const NAMED: [&str; 6] = [
    "properties",
    "patternProperties",
    "$defs",
    "definitions",
    "dependentSchemas",
    "dependencies",
];
/// Keywords with anything else.
const OTHER: [&str; 47] = [
    "type",
    "enum",
    "const",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minContains",
    "maxContains",
    "minProperties",
    "maxProperties",
    "required",
    "dependentRequired",
    "format",
    "contentEncoding",
    "contentMediaType",
    "title",
    "description",
    "default",
    "deprecated",
    "readOnly",
    "writeOnly",
    "examples",
    "example",
    "id",
    "name",
    "nullable",
    "discriminator",
    "externalDocs",
    "xml",
    "comment",
    "$id",
    "$schema",
    "$ref",
    "$anchor",
    "$dynamicRef",
    "$dynamicAnchor",
    "$recursiveRef",
    "$comment",
    "$vocabulary",
];

/// Each odd keyword's pointer, and the one that was probably meant.
pub(super) fn find(schema: &Value) -> Vec<(String, &'static str)> {
    let mut found = Vec::new();
    walk(schema, &mut String::new(), &mut found, 0);
    found
}

fn walk(schema: &Value, path: &mut String, found: &mut Vec<(String, &'static str)>, depth: usize) {
    /// Told of one schema.
    const MOST: usize = 20;
    let Some(members) = schema
        .as_object()
        .filter(|_| depth < 120 && found.len() < MOST)
    else {
        return;
    };
    for (name, value) in members {
        let length = path.len();
        place::push_token(path, name);
        let keyword = name.as_str();
        if NAMED.contains(&keyword) {
            for (inner, schema) in value.as_object().into_iter().flatten() {
                let length = path.len();
                place::push_token(path, inner);
                walk(schema, path, found, depth + 1);
                path.truncate(length);
            }
        } else if let (true, Some(list)) = (LIST.contains(&keyword), value.as_array()) {
            for (position, schema) in list.iter().enumerate() {
                let length = path.len();
                place::push_token(path, &position.to_string());
                walk(schema, path, found, depth + 1);
                path.truncate(length);
            }
        } else if SCHEMA.contains(&keyword) {
            walk(value, path, found, depth + 1);
        } else if !OTHER.contains(&keyword)
            && !LIST.contains(&keyword)
            && !keyword.starts_with("x-")
        {
            let known = [&SCHEMA[..], &LIST, &NAMED, &OTHER].concat();
            if let Some(near) = closest(keyword, known.into_iter().filter(|known| known.len() > 3))
            {
                found.push((path.clone(), near));
            }
        }
        path.truncate(length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nearly_a_keyword_is_found_and_names_and_extensions_are_not() {
        let schema = serde_json::json!({
            "requird": ["a"],
            "x-requird": 1,
            "kind": "own",
            "properties": {"requird": {"minimun": 1}, "tpye": {}},
            "allOf": [{"propertes": {}}],
            "enum": [{"requird": 1}],
        });
        let mut found = find(&schema);
        found.sort();
        let found: Vec<(&str, &str)> = found
            .iter()
            .map(|(at, near)| (at.as_str(), *near))
            .collect();
        assert_eq!(
            found,
            [
                ("/allOf/0/propertes", "properties"),
                ("/properties/requird/minimun", "minimum"),
                ("/requird", "required"),
            ]
        );
        let ours: Value = serde_json::from_str(super::super::CALL_RECORD).expect("JSON");
        assert_eq!(find(&ours), []);
    }
}
