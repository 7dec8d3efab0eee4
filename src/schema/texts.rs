//! The schema's own texts, asked for what they say of a keyword: the schema around it, the names
//! that it lists.
//!
//! What is not found there is simply not told; no verdict depends on it.

use jsonschema::ValidationError;
use serde_json::Value;

/// The schema's texts: its own, and those of the files that it refers to.
pub(super) struct Texts<'s> {
    pub(super) root: &'s Value,
    pub(super) files: &'s [(String, Value)],
}

impl<'s> Texts<'s> {
    /// The schema that holds the keyword which an error speaks of.
    pub(super) fn parent(&self, error: &ValidationError<'_>) -> Option<&'s Value> {
        let path = error.schema_path().as_str();
        if let Some(location) = error.absolute_keyword_location() {
            let location = location.as_str();
            let (base, fragment) = location.split_once('#').unwrap_or((location, ""));
            if let Some((_, file)) = self.files.iter().find(|(uri, _)| uri == base) {
                // A fragment is percent-encoded; of the names that schemas use, few need it.
                return above(file, fragment).or_else(|| above(file, path));
            }
        }
        above(self.root, path)
    }

    /// What a local reference of `from` names.
    fn follow(&self, reference: &str) -> Option<&'s Value> {
        self.root.pointer(reference.strip_prefix('#')?)
    }

    /// Names that the schema lists, in `$ref` and combinations too, each with its schema.
    pub(super) fn properties(
        &self,
        schema: &'s Value,
        depth: usize,
        out: &mut Vec<(&'s str, &'s Value)>,
    ) {
        if depth > 8 || out.len() > 2000 {
            return;
        }
        let listed = schema.get("properties").and_then(Value::as_object);
        out.extend(
            listed
                .into_iter()
                .flatten()
                .map(|(name, schema)| (name.as_str(), schema)),
        );
        for keyword in ["$ref", "$dynamicRef"] {
            let reference = schema.get(keyword).and_then(Value::as_str);
            if let Some(target) = reference.and_then(|reference| self.follow(reference)) {
                self.properties(target, depth + 1, out);
            }
        }
        for keyword in ["allOf", "anyOf", "oneOf"] {
            for part in schema
                .get(keyword)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                self.properties(part, depth + 1, out);
            }
        }
        for keyword in ["if", "then", "else"] {
            if let Some(part) = schema.get(keyword) {
                self.properties(part, depth + 1, out);
            }
        }
    }
}

fn above<'s>(schema: &'s Value, pointer: &str) -> Option<&'s Value> {
    let (parent, _) = pointer.rsplit_once('/')?;
    schema.pointer(parent)
}
