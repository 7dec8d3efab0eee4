//! Is every place exact? Arbitrary JSON in every framing, against a slow parser of spans.
//!
//! A schema that no value keeps makes the program report all of them. The twin counts lines and
//! columns character by character over the whole source, and shares no code with us.

mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};

use proptest::prelude::*;
use qualwatch::Engine;
use qualwatch::frame::{Framing, Open};
use qualwatch::pipeline;
use qualwatch::source::{ReadOptions, SourceName};

/// Where one value stands, and its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    pointer: String,
    offset: u64,
    line: u64,
    column: u64,
    /// offset, line, column
    key: Option<(u64, u64, u64)>,
}

/// A schema that each value breaks, however deep.
fn engine() -> &'static Arc<Engine> {
    static ENGINE: OnceLock<Arc<Engine>> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("schema.json");
        let schema =
            r##"{"not": true, "items": {"$ref": "#"}, "additionalProperties": {"$ref": "#"}}"##;
        std::fs::write(&path, schema).expect("written");
        Engine::builder()
            .without_rules()
            .schema_file(path)
            .max_problems(1 << 20)
            .build()
            .expect("an engine")
    })
}

/// What the program says, over all documents of a source.
fn told(source: &[u8], framing: Framing, chunk: usize) -> Vec<Seen> {
    let read = ReadOptions {
        framing,
        open: Open::Never,
        chunk,
        ..ReadOptions::default()
    };
    let reader = std::io::Cursor::new(source.to_vec());
    let intake = pipeline::stream(reader, SourceName::Stdin, read);
    let outcome = support::run(engine(), vec![intake], 2);
    let mut all = Vec::new();
    for (_, judged) in &outcome.documents {
        assert!(judged.report.fault.is_none(), "{:?}", judged.report.fault);
        for problem in &judged.report.problems {
            assert_eq!(problem.keyword, "not");
            let key = problem.key.map(|key| (key.offset, key.line, key.column));
            all.push(Seen {
                pointer: problem.pointer.clone(),
                offset: problem.source_offset,
                line: problem.line,
                column: problem.column,
                key,
            });
        }
    }
    all
}

/// Reads JSON one character after the other, and remembers where each value began.
struct Slow<'s> {
    rest: std::iter::Peekable<std::str::CharIndices<'s>>,
    line: u64,
    column: u64,
    seen: Vec<Seen>,
}

impl<'s> Slow<'s> {
    /// Every value of every document in `source`.
    fn read(source: &'s str) -> Vec<Seen> {
        let mut slow = Slow {
            rest: source.char_indices().peekable(),
            line: 1,
            column: 1,
            seen: Vec::new(),
        };
        if source.starts_with('\u{feff}') {
            slow.rest.next();
        }
        loop {
            slow.blanks();
            if slow.rest.peek().is_none() {
                return slow.seen;
            }
            slow.value(String::new(), None);
        }
    }

    fn next(&mut self) -> char {
        let (_, character) = self.rest.next().expect("more text");
        if character == '\n' {
            self.line += 1;
            self.column = 1;
        } else {
            self.column += 1;
        }
        character
    }

    fn here(&mut self) -> (u64, u64, u64) {
        let offset = self.rest.peek().expect("more text").0 as u64;
        (offset, self.line, self.column)
    }

    fn blanks(&mut self) {
        while matches!(self.rest.peek(), Some((_, ' ' | '\t' | '\r' | '\n'))) {
            self.next();
        }
    }

    fn string(&mut self) -> String {
        let mut raw = String::from(self.next());
        loop {
            let character = self.next();
            raw.push(character);
            match character {
                '\\' => raw.push(self.next()),
                '"' => return serde_json::from_str(&raw).expect("a string"),
                _ => {}
            }
        }
    }

    fn value(&mut self, pointer: String, key: Option<(u64, u64, u64)>) {
        let (offset, line, column) = self.here();
        self.seen.push(Seen {
            pointer: pointer.clone(),
            offset,
            line,
            column,
            key,
        });
        match self.rest.peek().expect("a value").1 {
            '"' => {
                self.string();
            }
            '[' => {
                self.next();
                for position in 0.. {
                    self.blanks();
                    if self.rest.peek().expect("an element").1 == ']' {
                        break;
                    }
                    self.value(format!("{pointer}/{position}"), None);
                    self.blanks();
                    if self.rest.peek().expect("a comma").1 == ',' {
                        self.next();
                    }
                }
                self.next();
            }
            '{' => {
                self.next();
                loop {
                    self.blanks();
                    if self.rest.peek().expect("a member").1 == '}' {
                        break;
                    }
                    let key = self.here();
                    let name = self.string().replace('~', "~0").replace('/', "~1");
                    self.blanks();
                    assert_eq!(self.next(), ':');
                    self.blanks();
                    self.value(format!("{pointer}/{name}"), Some(key));
                    self.blanks();
                    if self.rest.peek().expect("a comma").1 == ',' {
                        self.next();
                    }
                }
                self.next();
            }
            _ => {
                let ends = |c: char| matches!(c, ',' | ']' | '}' | ' ' | '\t' | '\r' | '\n');
                while self.rest.peek().is_some_and(|(_, c)| !ends(*c)) {
                    self.next();
                }
            }
        }
    }
}

/// A value and how it is written: blanks and escapes.
#[derive(Clone, Debug)]
enum Written {
    Scalar(String),
    Array(Vec<Written>),
    Object(BTreeMap<String, Written>),
}

fn string(text: &str, style: u8) -> String {
    let mut out = String::from("\"");
    for (at, character) in text.chars().enumerate() {
        match character {
            '"' | '\\' => {
                out.push('\\');
                out.push(character);
            }
            '/' if style & 1 == 1 => out.push_str("\\/"),
            c if c.is_control() || (style & 2 == 2 && at % 2 == 0) => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    let _ = write!(out, "\\u{unit:04X}");
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

impl Written {
    fn write(&self, gap: &str, style: u8, depth: usize, out: &mut String) {
        let blank = |out: &mut String, depth: usize| {
            out.push_str(gap);
            if gap.contains('\n') {
                out.push_str(&"\t".repeat(depth));
            }
        };
        match self {
            Written::Scalar(text) => out.push_str(text),
            Written::Array(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    out.push_str(if at == 0 { "" } else { "," });
                    blank(out, depth + 1);
                    item.write(gap, style, depth + 1, out);
                }
                blank(out, depth);
                out.push(']');
            }
            Written::Object(members) => {
                out.push('{');
                for (at, (name, value)) in members.iter().enumerate() {
                    out.push_str(if at == 0 { "" } else { "," });
                    blank(out, depth + 1);
                    out.push_str(&string(name, style));
                    out.push_str(if style & 4 == 4 { " :\t" } else { ":" });
                    value.write(gap, style, depth + 1, out);
                }
                blank(out, depth);
                out.push('}');
            }
        }
    }
}

fn json() -> impl Strategy<Value = Written> {
    let word = "[a-zé李😀~/\"\\\\\\t\\n {}\\[\\],:]{0,6}";
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("-0.5e+3".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        any::<i64>().prop_map(|value| value.to_string()),
        (word, any::<u8>()).prop_map(|(text, style)| string(&text, style)),
    ]
    .prop_map(Written::Scalar);
    let value = leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Written::Array),
            prop::collection::btree_map(word, inner, 0..6).prop_map(Written::Object),
        ]
    });
    // A document is a container; scalars at the top are no documents in most framings.
    prop_oneof![
        prop::collection::vec(value.clone(), 0..4).prop_map(Written::Array),
        prop::collection::btree_map(word, value, 0..4).prop_map(Written::Object),
    ]
}

/// The documents as a source of this framing.
fn source(documents: &[Written], framing: Framing, style: u8) -> String {
    let gap = match (framing, style % 4) {
        (_, 0) => "",
        (Framing::Lines, _) => " \t",
        (_, 1) => "\n",
        (_, 2) => "\r\n  ",
        _ => " ",
    };
    let newline = if style & 8 == 8 { "\r\n" } else { "\n" };
    let mut text = String::new();
    if style & 16 == 16 {
        text.push('\u{feff}');
    }
    let (open, between, close) = match framing {
        Framing::Array => ("[ \n", [",", " ,\r\n\t"][usize::from(style & 1)], "\n]\n"),
        Framing::Lines => ("", newline, newline),
        Framing::Document => ("", "", " \n"),
        _ => ("", ["", " \n"][usize::from(style & 1)], newline),
    };
    text.push_str(open);
    for (at, document) in documents.iter().enumerate() {
        text.push_str(if at == 0 { "" } else { between });
        document.write(gap, style, 0, &mut text);
    }
    text.push_str(close);
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn every_value_and_name_is_placed_exactly_in_every_framing(
        documents in prop::collection::vec(json(), 1..5),
        style in any::<u8>(),
        chunk in 1usize..80,
    ) {
        for framing in [Framing::Document, Framing::Lines, Framing::Sequence, Framing::Array] {
            let documents = match framing {
                Framing::Document => &documents[..1],
                _ => &documents[..],
            };
            let source = source(documents, framing, style);
            let mut wanted = if framing == Framing::Array {
                elements(&source)
            } else {
                Slow::read(&source)
            };
            let mut found = told(source.as_bytes(), framing, chunk);
            wanted.sort();
            found.sort();
            prop_assert_eq!(&found, &wanted, "{:?} {:?}", framing, source);
        }
    }
}

/// Every value below the elements of the array that the source is.
fn elements(source: &str) -> Vec<Seen> {
    let all = Slow::read(source);
    all.into_iter()
        .filter(|seen| !seen.pointer.is_empty())
        .map(|seen| {
            // The element's own position is no part of a pointer into it.
            let inner = seen.pointer.get(1..).unwrap_or_default();
            let pointer = inner.find('/').map_or("", |at| &inner[at..]).to_owned();
            Seen { pointer, ..seen }
        })
        .collect()
}

#[test]
fn the_elements_of_a_collection_are_placed_in_its_file() {
    let source = "\u{feff}{\r\n \"@odata.context\": \"x\",\r\n\t\"value\": [{\"é\": [1,\r\n2]}, {\"a/b\\u0041\":\t7}]\r\n}";
    let found = told(source.as_bytes(), Framing::Array, 7);
    let told: Vec<(&str, u64, u64)> = found
        .iter()
        .map(|seen| (seen.pointer.as_str(), seen.line, seen.column))
        .collect();
    assert_eq!(
        told,
        [
            ("", 3, 12),
            ("/é", 3, 18),
            ("/é/0", 3, 19),
            ("/é/1", 4, 1),
            ("", 4, 6),
            ("/a~1bA", 4, 20),
        ]
    );
    let seven = source.find('7').expect("there") as u64;
    assert_eq!(found[5].offset, seven);
    assert_eq!(found[5].key.map(|key| (key.1, key.2)), Some((4, 7)));
}
