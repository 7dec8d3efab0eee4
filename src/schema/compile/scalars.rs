//! `type`, `enum`, `const`, and what is asked of strings and numbers.

use jsonschema::{Draft, Validator};
use serde_json::{Map, Value};

use super::{At, Compiler, Flat, size};
use crate::schema::names::Names;
use crate::schema::program::{Bound, End, NumberCheck, Site, TextCheck, Types};
use crate::schema::{OnTape, options};

/// Keywords of strings that draft 7 asserts, and later drafts only note.
const ASSERTED: [&str; 3] = ["format", "contentEncoding", "contentMediaType"];

impl<'s> Compiler<'s, '_> {
    pub(super) fn scalars(&mut self, flat: &Flat<'s>, site: &mut Site) {
        let mut text = TextCheck::default();
        let mut number = NumberCheck::default();
        for (at, schema) in &flat.objects {
            if let Some(types) = schema.get("type") {
                site.accepts = site.accepts.and(types_of(types));
            }
            if let Some(Value::Array(values)) = schema.get("enum") {
                one_of(values, site, &mut text, &mut number);
            }
            if let Some(value) = schema.get("const") {
                one_of(std::slice::from_ref(value), site, &mut text, &mut number);
            }
            for (keyword, end) in [
                ("minimum", End::Minimum),
                ("exclusiveMinimum", End::ExclusiveMinimum),
                ("maximum", End::Maximum),
                ("exclusiveMaximum", End::ExclusiveMaximum),
            ] {
                if let Some(Value::Number(limit)) = schema.get(keyword) {
                    let limit = limit.clone();
                    number.bounds.push(Bound { end, limit });
                }
            }
            if let Some(least) = schema.get("minLength").and_then(size) {
                text.least = text.least.max(least);
            }
            if let Some(most) = schema.get("maxLength").and_then(size) {
                text.most = Some(text.most.map_or(most, |known| known.min(most)));
            }
            if let Some(Value::String(pattern)) = schema.get("pattern") {
                match self.pattern(pattern) {
                    Some(pattern) => text.patterns.push(pattern),
                    None => self.give_up(at, "pattern", Types::STRING, site),
                }
            }
            match self.by_crate(schema, &["multipleOf"]) {
                Ok(validator) => number.by_crate.extend(validator),
                Err(keyword) => self.give_up(at, keyword, Types::NUMBER, site),
            }
            if self.draft == Draft::Draft7 {
                match self.by_crate(schema, &ASSERTED) {
                    Ok(validator) => text.by_crate.extend(validator),
                    Err(keyword) => self.give_up(at, keyword, Types::STRING, site),
                }
            }
        }
        if text.least > 0
            || text.most.is_some()
            || !(text.patterns.is_empty() && text.choices.is_empty() && text.by_crate.is_empty())
        {
            site.text = self.program.texts.len() as u32;
            self.program.texts.push(text);
        }
        if !(number.bounds.is_empty() && number.choices.is_empty() && number.by_crate.is_empty()) {
            site.number = self.program.numbers.len() as u32;
            self.program.numbers.push(number);
        }
    }

    fn give_up(&mut self, at: &At<'s>, keyword: &str, types: Types, site: &mut Site) {
        self.leave(at, keyword, "the crate does not take it by itself");
        site.unsure = site.unsure.with(types);
    }

    /// A validator of some keywords of a schema alone, where it has them.
    fn by_crate<'k>(
        &self,
        schema: &Map<String, Value>,
        keywords: &[&'k str],
    ) -> Result<Option<Validator<OnTape>>, &'k str> {
        let mut alone = Map::new();
        for keyword in keywords {
            if let Some(value) = schema.get(*keyword) {
                alone.insert((*keyword).to_owned(), value.clone());
            }
        }
        let Some(keyword) = keywords
            .iter()
            .find(|keyword| alone.contains_key(**keyword))
        else {
            return Ok(None);
        };
        let built = options()
            .with_draft(self.draft)
            .build(&Value::Object(alone));
        built.map(Some).map_err(|_| *keyword)
    }
}

/// The types of a `type`.
fn types_of(value: &Value) -> Types {
    match value {
        Value::Array(names) => names.iter().map(types_of).fold(Types::NONE, Types::with),
        Value::String(name) => match name.as_str() {
            "null" => Types::NULL,
            "boolean" => Types::BOOLEAN,
            "integer" => Types::INTEGER,
            "number" => Types::NUMBER,
            "string" => Types::STRING,
            "array" => Types::ARRAY,
            "object" => Types::OBJECT,
            _ => Types::NONE,
        },
        _ => Types::NONE,
    }
}

/// One of these values: by type first, then by value.
fn one_of(values: &[Value], site: &mut Site, text: &mut TextCheck, number: &mut NumberCheck) {
    let mut types = Types::NONE;
    let (mut texts, mut numbers) = (Vec::new(), Vec::new());
    for value in values {
        types = types.with(match value {
            Value::Null => Types::NULL,
            Value::Bool(true) => Types::TRUE,
            Value::Bool(false) => Types::FALSE,
            Value::Number(value) => {
                numbers.push(value.clone());
                Types::NUMBER
            }
            Value::String(value) => {
                texts.push(value.as_str());
                Types::STRING
            }
            Value::Array(_) => Types::ARRAY,
            Value::Object(_) => Types::OBJECT,
        });
    }
    site.accepts = site.accepts.and(types);
    // Whether a container is one of them, the program cannot tell.
    let containers = types.and(Types::ARRAY.with(Types::OBJECT));
    site.unsure = site.unsure.with(containers);
    if !texts.is_empty() {
        texts.sort_unstable();
        texts.dedup();
        text.choices.push(Names::of(texts));
    }
    if !numbers.is_empty() {
        number.choices.push(numbers);
    }
}
