//! JSON as we write it: objects keep the order in which they were built.
//!
//! [`Json::pretty`] puts on one line what fits on one and breaks the rest, so a property of the
//! schema reads as one entry.
//!
//! [`Json::parse`] reads back what was written, in its order: `serde_json`'s own order-keeping
//! feature stays off, because feature unification would turn it on for the engine too.
//!
//! For our own files alone: repeated keys are kept, and nothing is bounded.

use std::fmt::{self, Write as _};

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// Width in columns that a line aims for.
const WIDTH: usize = 100;

/// One JSON value; an object is a list of pairs in the writer's order.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction; never NaN or infinite.
    Float(f64),
    /// A string, unescaped.
    Text(String),
    /// An array.
    List(Vec<Json>),
    /// An object, in order; keys are unique by construction.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// A string.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// An array of strings.
    pub fn texts<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::List(texts.into_iter().map(Self::text).collect())
    }

    /// Reads a text, keeping the order of objects.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|e| e.to_string())
    }

    /// The member of an object.
    pub fn get(&self, key: &str) -> Option<&Json> {
        self.pairs()
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value)
    }

    /// The pairs of an object; of anything else none.
    pub fn pairs(&self) -> &[(String, Json)] {
        match self {
            Self::Object(pairs) => pairs,
            _ => &[],
        }
    }

    /// The elements of an array; of anything else none.
    pub fn items(&self) -> &[Json] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// The string.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a file: broken into lines, with a final newline.
    pub fn pretty(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0, 0);
        out.push('\n');
        out
    }

    /// Writes the value at `indent`, with `taken` columns of the line already used.
    fn write(&self, out: &mut String, indent: usize, taken: usize) {
        let line = self.inline();
        // One column is kept for the comma.
        if taken + line.chars().count() < WIDTH {
            out.push_str(&line);
            return;
        }
        let inner = indent + 2;
        match self {
            Self::List(items) => {
                out.push_str("[\n");
                for (at, item) in items.iter().enumerate() {
                    out.extend(std::iter::repeat_n(' ', inner));
                    item.write(out, inner, inner);
                    out.push_str(if at + 1 < items.len() { ",\n" } else { "\n" });
                }
                out.extend(std::iter::repeat_n(' ', indent));
                out.push(']');
            }
            Self::Object(pairs) => {
                out.push_str("{\n");
                for (at, (key, value)) in pairs.iter().enumerate() {
                    out.extend(std::iter::repeat_n(' ', inner));
                    let key = quoted(key);
                    let _ = write!(out, "{key}: ");
                    value.write(out, inner, inner + key.chars().count() + 2);
                    out.push_str(if at + 1 < pairs.len() { ",\n" } else { "\n" });
                }
                out.extend(std::iter::repeat_n(' ', indent));
                out.push('}');
            }
            _ => out.push_str(&line),
        }
    }

    /// The value on one line.
    pub fn inline(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Float(value) => value.to_string(),
            Self::Text(text) => quoted(text),
            Self::List(items) => {
                let items: Vec<_> = items.iter().map(Self::inline).collect();
                format!("[{}]", items.join(", "))
            }
            Self::Object(pairs) => {
                let pairs: Vec<_> = pairs
                    .iter()
                    .map(|(key, value)| format!("{}: {}", quoted(key), value.inline()))
                    .collect();
                format!("{{{}}}", pairs.join(", "))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Int(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Json, E> {
        i64::try_from(value).map(Json::Int).map_err(E::custom)
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = access.next_entry()? {
            pairs.push(pair);
        }
        Ok(Json::Object(pairs))
    }
}

/// An object built key by key, in the order of the calls.
#[derive(Debug, Default)]
pub struct Object(Vec<(String, Json)>);

impl Object {
    /// An empty object.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends one pair.
    pub fn put(&mut self, key: &str, value: Json) -> &mut Self {
        self.0.push((key.to_owned(), value));
        self
    }

    /// What has been put so far.
    pub fn pairs(&self) -> &[(String, Json)] {
        &self.0
    }

    /// The finished object.
    pub fn done(self) -> Json {
        Json::Object(self.0)
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_stays_on_one_line_and_the_rest_breaks_in_order() {
        let mut small = Object::new();
        small
            .put("z", Json::Int(1))
            .put("a", Json::List(vec![Json::Null, Json::Float(0.5)]));
        let small = small.done();
        assert_eq!(small.pretty(), "{\"z\": 1, \"a\": [null, 0.5]}\n");

        let mut big = Object::new();
        big.put("second", Json::text("x".repeat(90)))
            .put("first", small);
        let want = format!(
            "{{\n  \"second\": \"{}\",\n  \"first\": {{\"z\": 1, \"a\": [null, 0.5]}}\n}}\n",
            "x".repeat(90)
        );
        assert_eq!(big.done().pretty(), want);
    }

    #[test]
    fn strings_are_escaped() {
        assert_eq!(Json::text("a\"\\\n").pretty(), "\"a\\\"\\\\\\n\"\n");
    }

    #[test]
    fn what_is_written_reads_back_equal() {
        let mut object = Object::new();
        object
            .put("long", Json::texts(vec!["word"; 40]))
            .put("flag", Json::Bool(true));
        let text = object.done().pretty();
        let read = Json::parse(&text).expect("our own JSON");
        assert_eq!(read.get("long").map(|long| long.items().len()), Some(40));
        assert_eq!(read.get("flag"), Some(&Json::Bool(true)));
        assert_eq!(read.pretty(), text);
        assert!(text.lines().all(|line| line.len() <= WIDTH));
    }
}
