//! Node to place: JSON Pointer, byte offset, line and column.
//!
//! Computed only for what is reported, from the structural indexes of the parse
//! and the original text; nothing is kept per node. A column counts characters
//! from 1, a tab is one character.

use simd_json::Node;

use super::parse::Document;
use super::tape::{NodeIndex, span};
use crate::text::characters;

/// Where a frame begins within its source, so that places can be told absolutely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// 1-based line of the document's first byte
    pub line: u64,
    /// 1-based column, in characters, of the document's first byte
    pub column: u64,
    /// byte offset of the document's first byte within the source
    pub offset: u64,
}

impl Default for Origin {
    fn default() -> Self {
        Origin {
            line: 1,
            column: 1,
            offset: 0,
        }
    }
}

/// A spot in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// 1-based line
    pub line: u64,
    /// 1-based column, in characters
    pub column: u64,
    /// byte offset within the document
    pub offset: usize,
}

/// The spot of byte `offset` of `text`, which begins at `origin`.
pub fn spot(text: &[u8], origin: Origin, offset: usize) -> Spot {
    let before = text.get(..offset).unwrap_or(text);
    let newlines = memchr::memchr_iter(b'\n', before).count() as u64;
    let start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
    let characters = characters(before.get(start..).unwrap_or_default());
    let mark = u64::from(start == 0 && text.starts_with(b"\xef\xbb\xbf") && offset >= 3);
    let column = if newlines == 0 {
        origin.column + characters - mark
    } else {
        characters + 1
    };
    Spot {
        line: origin.line + newlines,
        column,
        offset,
    }
}

/// The spots of several nodes, in ascending order, by one pass over the text.
pub fn spots(document: &Document<'_>, origin: Origin, nodes: &[NodeIndex]) -> Vec<Spot> {
    let text = document.text();
    let mut offset_of = offsets(document);
    let mut spots: Vec<Spot> = Vec::with_capacity(nodes.len());
    // The spot is told from the one before it, not from the beginning.
    let mut known = spot(text, origin, document.skipped());
    for node in nodes {
        let offset = offset_of(*node).unwrap_or(text.len()).max(known.offset);
        let between = text.get(known.offset..offset).unwrap_or_default();
        let newlines = memchr::memchr_iter(b'\n', between).count() as u64;
        known = match memchr::memrchr(b'\n', between) {
            None => Spot {
                line: known.line,
                column: known.column + characters(between),
                offset,
            },
            Some(last) => Spot {
                line: known.line + newlines,
                column: 1 + characters(between.get(last + 1..).unwrap_or_default()),
                offset,
            },
        };
        spots.push(known);
    }
    spots
}

/// Byte offset, within the document's text, of node `index`: of a value's first
/// byte, or of a name's quote.
pub fn offset(document: &Document<'_>, index: NodeIndex) -> Option<usize> {
    offsets(document)(index)
}

/// Tells the byte offset of one node after another, which are asked for in ascending order.
fn offsets<'d>(document: &'d Document<'_>) -> impl FnMut(NodeIndex) -> Option<usize> + 'd {
    // The k-th node is the k-th structural byte that opens a value or a name.
    let skipped = document.skipped();
    let body = document.text().get(skipped..).unwrap_or_default();
    let opens = move |at: &usize| {
        let byte = body.get(*at);
        byte.is_some_and(|byte| !matches!(byte, b',' | b':' | b'}' | b']'))
    };
    let structure = document.structure().iter().map(|at| *at as usize);
    let mut openers = structure.filter(opens).enumerate().peekable();
    move |node| {
        let places = document.places();
        if !places.is_empty() {
            let placed = places.get(document.position(node)?)?;
            return Some(placed.offset as usize + skipped);
        }
        while openers
            .next_if(|(number, _)| *number < node as usize)
            .is_some()
        {}
        openers.peek().map(|(_, at)| at + skipped)
    }
}

/// JSON Pointer (RFC 6901) of node `index`; of a name, that of its value.
pub fn pointer(document: &Document<'_>, index: NodeIndex) -> String {
    let nodes = document.nodes();
    let Some(target) = document.position(index) else {
        return String::new();
    };
    // Most are no longer.
    let mut path = String::with_capacity(96);
    let mut at = 0;
    while at < target {
        let Some(next) = step(nodes, at, target, &mut path) else {
            break;
        };
        if next == at {
            break;
        }
        at = next;
    }
    path
}

/// Descends from the container at `at` to the child that holds `target`.
fn step(nodes: &[Node<'_>], at: usize, target: usize, path: &mut String) -> Option<usize> {
    use std::fmt::Write as _;
    let mut child = at + 1;
    match nodes.get(at)? {
        Node::Array { len, .. } => {
            for position in 0..*len {
                let end = child + span(nodes.get(child)?);
                if target < end {
                    let _ = write!(path, "/{position}");
                    return Some(child);
                }
                child = end;
            }
            None
        }
        Node::Object { len, .. } => {
            for _ in 0..*len {
                let Node::String(name) = nodes.get(child)? else {
                    return None;
                };
                let value = child + 1;
                let end = value + span(nodes.get(value)?);
                if target < end {
                    push_token(path, name);
                    return Some(value);
                }
                child = end;
            }
            None
        }
        _ => None,
    }
}

/// Appends `/name`, escaped as RFC 6901 asks.
pub fn push_token(path: &mut String, name: &str) {
    path.push('/');
    if !name.bytes().any(|byte| matches!(byte, b'~' | b'/')) {
        path.push_str(name);
        return;
    }
    for character in name.chars() {
        match character {
            '~' => path.push_str("~0"),
            '/' => path.push_str("~1"),
            other => path.push(other),
        }
    }
}

/// The node that `pointer` names, if there is one.
pub fn resolve(document: &Document<'_>, pointer: &str) -> Option<NodeIndex> {
    let mut item = document.root();
    if !pointer.is_empty() {
        for token in pointer.strip_prefix('/')?.split('/') {
            let name = token.replace("~1", "/").replace("~0", "~");
            item = match item.json_type() {
                super::tape::JsonType::Array => item.elements().nth(name.parse().ok()?)?,
                _ => item.get(&name)?,
            };
        }
    }
    Some(item.index(document.len()))
}

/// The JSON text of the value at `index` as it was written, at most `limit` bytes of it.
pub fn literal<'d>(document: &'d Document<'_>, index: NodeIndex, limit: usize) -> Option<&'d [u8]> {
    let text = document.text();
    let start = offset(document, index)?;
    let end = value_end(text, start);
    text.get(start..end.min(start.saturating_add(limit)))
}

/// End of the JSON value that starts at `start` of a well-formed text.
pub fn value_end(text: &[u8], start: usize) -> usize {
    let mut depth = 0usize;
    let mut at = start;
    while at < text.len() {
        match text[at] {
            b'"' => {
                at += 1;
                while at < text.len() && text[at] != b'"' {
                    at += if text[at] == b'\\' { 2 } else { 1 };
                }
                if depth == 0 {
                    return (at + 1).min(text.len());
                }
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                if depth == 0 {
                    return at;
                }
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            b',' | b' ' | b'\t' | b'\r' | b'\n' if depth == 0 => return at,
            _ => {}
        }
        at += 1;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::super::parse::{Caps, Parser};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_node_is_found_by_pointer_and_line_and_column() {
        let text = "{\r\n  \"ä\\u0062\": [10, {\"x/y\": \"z\\\"\"}],\n\t\"e\": {}}".as_bytes();
        let mut parser = Parser::new(Caps::default());
        let document = parser.parse(text).expect("JSON");
        let node = resolve(&document, "/äb/1/x~1y").expect("found");
        assert_eq!(pointer(&document, node), "/äb/1/x~1y");
        let at = offset(&document, node).expect("offset");
        assert_eq!(
            spot(text, Origin::default(), at),
            Spot {
                line: 2,
                column: 27,
                offset: at
            }
        );
        assert_eq!(literal(&document, node, 99), Some(&b"\"z\\\"\""[..]));
        let empty = resolve(&document, "/e").expect("found");
        assert_eq!(literal(&document, empty, 99), Some(&b"{}"[..]));
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(serde_json::Value::from),
            any::<i64>().prop_map(serde_json::Value::from),
            (-1e9..1e9f64).prop_map(serde_json::Value::from),
            "[\\PC\\t\\n\"\\\\]{0,8}".prop_map(serde_json::Value::from),
        ];
        leaf.prop_recursive(5, 64, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::from),
                prop::collection::hash_map("[\\PC~/\"\\\\]{0,6}", inner, 0..6)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }

    /// Pointers of every value, in document order, by serde_json's tree.
    fn walk(value: &serde_json::Value, path: &str, out: &mut Vec<(String, serde_json::Value)>) {
        out.push((path.to_owned(), value.clone()));
        match value {
            serde_json::Value::Array(items) => {
                for (position, item) in items.iter().enumerate() {
                    walk(item, &format!("{path}/{position}"), out);
                }
            }
            serde_json::Value::Object(members) => {
                for (name, item) in members {
                    let mut inner = path.to_owned();
                    push_token(&mut inner, name);
                    walk(item, &inner, out);
                }
            }
            _ => {}
        }
    }

    proptest! {
        #[test]
        fn every_value_is_read_back_from_the_text_at_its_place(value in json(), pretty in any::<bool>()) {
            let text = if pretty {
                serde_json::to_string_pretty(&value).expect("text")
            } else {
                value.to_string()
            };
            let mut parser = Parser::new(Caps::default());
            let document = parser.parse(text.as_bytes()).expect("JSON");
            let mut all = Vec::new();
            walk(&value, "", &mut all);
            for (path, expected) in all {
                let node = resolve(&document, &path).expect("resolves");
                prop_assert_eq!(pointer(&document, node), path.clone());
                let literal = literal(&document, node, usize::MAX).expect("text");
                let read: serde_json::Value = serde_json::from_slice(literal).expect("JSON again");
                prop_assert_eq!(read, expected);
                // A member's name stands right before its value, on the tape and in the text.
                let name = path.rsplit('/').next().unwrap_or_default();
                let name = name.replace("~1", "/").replace("~0", "~");
                let parent = path.rsplit_once('/').and_then(|(parent, _)| resolve(&document, parent));
                let parent = parent.and_then(|parent| document.item(parent));
                if parent.is_some_and(|parent| parent.json_type() == super::super::tape::JsonType::Object) {
                    prop_assert_eq!(pointer(&document, node - 1), path);
                    let literal = super::literal(&document, node - 1, usize::MAX).expect("text");
                    let read: String = serde_json::from_slice(literal).expect("a name");
                    prop_assert_eq!(read, name);
                }
            }
            // All at once is as one by one.
            let nodes: Vec<NodeIndex> = (0..document.len() as NodeIndex).collect();
            let origin = Origin { line: 7, column: 5, offset: 99 };
            for (node, spot) in nodes.iter().zip(spots(&document, origin, &nodes)) {
                let offset = offset(&document, *node).expect("a place");
                prop_assert_eq!(spot, super::spot(text.as_bytes(), origin, offset));
            }
        }
    }
}
