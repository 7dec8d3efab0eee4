//! The text against the tape: what is told of a text is what the parser and its walk say of it.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::LazyLock;

use proptest::prelude::*;
use simd_json::Node;
use xtask::chance::{self, Chance};
use xtask::generate::{Mix, Plan, documents};

use super::*;
use crate::record::{Item, Kind, Origin, Parser, place};
use crate::schema::Survey;

/// Keeps all there is, or some names by chance.
fn keep(chance: u64) -> Arc<dyn Kept> {
    Arc::new(move |name: &str, purpose| {
        if chance == 0 {
            return Keep::All;
        }
        let mut hasher = DefaultHasher::new();
        (chance, name, purpose == Purpose::Tell).hash(&mut hasher);
        match hasher.finish() % 4 {
            0 | 1 => Keep::Nothing,
            2 => Keep::Named,
            _ => Keep::All,
        }
    })
}

/// What is to be kept below `item`, written out with the number of each node.
fn kept(
    item: Item<'_>,
    total: usize,
    how: Keep,
    keep: &dyn Fn(&str) -> Keep,
    out: &mut Vec<String>,
) {
    let own = out.len();
    out.push(String::new());
    let mut len = 0;
    for element in item.elements() {
        len += 1;
        kept(element, total, how.min(Keep::Named), keep, out);
    }
    for member in item.members() {
        let how = match how {
            Keep::All => keep(member.name).max(Keep::Named),
            _ => keep(member.name),
        };
        if how != Keep::Nothing {
            len += 1;
            let name = Node::String(member.name);
            out.push(format!("{} {name:?}", member.key.index(total)));
            kept(member.value, total, how, keep, out);
        }
    }
    let count = out.len() - own - 1;
    let node = match item.head() {
        Some(Node::Object { .. }) => Node::Object { len, count },
        Some(Node::Array { .. }) => Node::Array { len, count },
        Some(scalar) => *scalar,
        None => Node::Object { len: 0, count: 0 },
    };
    if let Some(place) = out.get_mut(own) {
        *place = format!("{} {node:?}", item.index(total));
    }
}

/// Whether `text` is told directly; if so, it must be as the tape has it.
fn told(direct: &mut Direct, schema: &Schema, keep: &dyn Kept, text: &[u8]) -> bool {
    let told = [Purpose::Tell, Purpose::Ask].map(|it| told_for(it, direct, schema, keep, text));
    assert_eq!(told[0], told[1]);
    told[0]
}

fn told_for(
    purpose: Purpose,
    direct: &mut Direct,
    schema: &Schema,
    keep: &dyn Kept,
    text: &[u8],
) -> bool {
    let Some(part) = direct.read(schema, text, purpose) else {
        return false;
    };
    let keep = |name: &str| keep.keep(name, purpose);
    let shown = String::from_utf8_lossy(text);
    let mut parser = Parser::new(direct_caps());
    let whole = parser
        .parse(text)
        .unwrap_or_else(|fault| panic!("{fault}: {shown}"));
    let numbers: Vec<u32> = part.places().iter().map(|placed| placed.number).collect();
    let origin = Origin::default();
    let there = place::spots(&whole, origin, &numbers);
    assert_eq!(place::spots(&part, origin, &numbers), there, "{shown}");
    let mut survey = Survey::default();
    schema.survey(&whole, Kind::CallRecord, &mut survey);
    assert_eq!(survey.verdict(), Some(true), "{shown}");
    assert_eq!(survey.notice_count(), 0, "{shown}");
    let mut wanted = Vec::new();
    kept(whole.root(), whole.len(), Keep::All, &keep, &mut wanted);
    let found: Vec<String> = (part.nodes().iter().zip(0..))
        .map(|(node, at)| format!("{} {node:?}", part.index(Item::new(&part.nodes()[at..]))))
        .collect();
    assert_eq!(found, wanted, "{shown}");
    true
}

fn direct_caps() -> Caps {
    Caps {
        depth: 24,
        ..Caps::default()
    }
}

fn feed(count: u64) -> impl Iterator<Item = String> {
    let plan = Plan {
        seed: 11,
        documents: count,
        mix: Mix::default(),
        sessions: None,
    };
    let all: Vec<String> = documents(&plan).map(|document| document.text).collect();
    all.into_iter()
}

#[test]
fn records_are_told_and_kept_as_the_tape_has_them() {
    let schema = Schema::call_record().expect("the schema");
    for chance in 0..4 {
        let keep = keep(chance);
        let mut direct = Direct::new(&schema, direct_caps(), Arc::clone(&keep));
        let mut directly = 0;
        for text in feed(60) {
            directly += u32::from(told(&mut direct, &schema, &*keep, text.as_bytes()));
        }
        assert!(directly > 40, "{directly} of 60");
    }
}

#[test]
fn what_is_worth_a_word_is_not_told() {
    let schema = Schema::call_record().expect("the schema");
    let mut direct = Direct::new(&schema, direct_caps(), keep(0));
    let mut read = |text: &str| {
        direct
            .read(&schema, text.as_bytes(), Purpose::Ask)
            .is_some()
    };
    let deep = |levels: usize| {
        let (open, close) = ("[".repeat(levels), "]".repeat(levels));
        format!(r#"{{"a@b": {open}{close}}}"#)
    };
    for right in [
        "{}",
        " {\n} \r\t",
        "\u{feff}{}",
        r#"{"id": "x"}"#,
        r#"{"id" : "x" , "version":1}"#,
        r#"{"id": "\u00e9\n"}"#,
        r#"{"a@b": [1, {"c": []}, true], "c@d": {}}"#,
        &deep(23),
    ] {
        assert!(read(right), "{right}");
    }
    for wrong in [
        "",
        "[]",
        "1",
        "{",
        "{}}",
        "{} x",
        "{\u{b}}",
        r#"{"id": 1}"#,
        r#"{"id": "x",}"#,
        r#"{"id": "x" "version": 1}"#,
        r#"{"id" "x"}"#,
        r#"{id: "x"}"#,
        r#"{"id": "x", "id": "x"}"#,
        r#"{"id": "x", "\u0069d": "x"}"#,
        r#"{"a@b": 1, "a@b": 1}"#,
        r#"{"nobody": 1}"#,
        r#"{"type": "nobody"}"#,
        r#"{"id": "\x"}"#,
        r#"{"id": "\ud800"}"#,
        "{\"id\": \"\n\"}",
        r#"{"version": 01}"#,
        r#"{"version": 1.5}"#,
        r#"{"a@b": nul}"#,
        r#"{"a@b": [1,]}"#,
        r#"{"a@b": [1 2]}"#,
        r#"{"a@b": tru}"#,
        &deep(24),
    ] {
        assert!(!read(wrong), "{wrong}");
    }
    assert!(
        direct
            .read(&schema, b"{\"id\": \"\xff\"}", Purpose::Ask)
            .is_none()
    );
    let caps = Caps {
        depth: 24,
        document: 20,
        nodes: 4,
    };
    let mut small = Direct::new(&schema, caps, keep(0));
    assert!(small.read(&schema, b"{}", Purpose::Ask).is_some());
    assert!(
        small
            .read(&schema, b"{\"id\": \"x\"}", Purpose::Ask)
            .is_none(),
        "nodes"
    );
    assert!(
        small
            .read(&schema, b"{\"a@b\": []}", Purpose::Ask)
            .is_none(),
        "nodes"
    );
    assert!(
        small.read(&schema, &[b' '; 21], Purpose::Ask).is_none(),
        "bytes"
    );
}

#[test]
fn buffers_serve_one_document_after_another() {
    let schema = Schema::call_record().expect("the schema");
    let keep = keep(0);
    let mut direct = Direct::new(&schema, direct_caps(), Arc::clone(&keep));
    let long = format!(r#"{{"id": "\n{}"}}"#, "x".repeat(9 << 20));
    for text in [r#"{"id": "a"}"#, &long, r#"{"id": "\t"}"#, "{", "{}"] {
        let right = told(&mut direct, &schema, &*keep, text.as_bytes());
        assert_eq!(right, text != "{");
    }
    assert!(
        direct.room.len() < KEPT,
        "what a long one took is given back"
    );
}

#[test]
fn a_name_that_was_guessed_wrong_is_found() {
    let schema = Schema::call_record().expect("the schema");
    let keep = keep(0);
    let mut direct = Direct::new(&schema, direct_caps(), Arc::clone(&keep));
    let names = [
        "\"id\": \"x\"",
        "\"version\": 1",
        "\"type\": \"groupCall\"",
        "\"modalities\": []",
    ];
    for turn in 0..24 {
        let mut order = names.to_vec();
        order.rotate_left(turn % 4);
        order.swap(0, turn % 3);
        order.truncate(1 + turn % 4);
        let text = format!("{{{}}}{}", order.join(","), " ".repeat(turn));
        assert!(
            told(&mut direct, &schema, &*keep, text.as_bytes()),
            "{text}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_the_schema_the_text_says_what_the_tape_says(
        schema in proptest::collection::vec(any::<u8>(), 0..150),
        documents in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 6),
        chance in 0u64..4,
    ) {
        let text = chance::schema(&mut Chance(&schema));
        let Ok(schema) = Schema::compile(&text.to_string()) else { return Ok(()) };
        let keep = keep(chance);
        let mut direct = Direct::new(&schema, direct_caps(), Arc::clone(&keep));
        for document in documents {
            let document = chance::document(&mut Chance(&document));
            told(&mut direct, &schema, &*keep, document.as_bytes());
            told(&mut direct, &schema, &*keep, format!("{{\"a\": {document}}}").as_bytes());
        }
    }

    #[test]
    fn a_spoiled_record_is_told_only_where_the_tape_tells_it(
        from in 0u64..20,
        spoiled in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0usize..4), 1..4),
        chance in 0u64..3,
    ) {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::call_record().expect("the schema"));
        static FEED: LazyLock<Vec<String>> = LazyLock::new(|| feed(20).collect());
        let schema = &*SCHEMA;
        let mut bytes = FEED[from as usize].clone().into_bytes();
        for (at, other, how) in spoiled {
            let (at, other) = (at.index(bytes.len()), other.index(bytes.len()));
            match how {
                0 => bytes[at] = bytes[other],
                1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, bytes[other]),
                _ => {
                    // A stretch between two commas goes, so that what is left is mostly JSON.
                    let comma = |from: usize| bytes[from..].iter().position(|byte| *byte == b',').map(|far| from + far);
                    if let Some(first) = comma(at)
                        && let Some(next) = comma(first + 1)
                    {
                        bytes.drain(first..next);
                    }
                }
            }
        }
        let keep = keep(chance);
        let mut direct = Direct::new(schema, direct_caps(), Arc::clone(&keep));
        told(&mut direct, schema, &*keep, &bytes);
    }
}

#[test]
fn schemas_by_chance_are_told_too() {
    let mut state = 1u64;
    let mut bytes = |count: usize| -> Vec<u8> {
        let mut next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1);
            (state >> 56) as u8
        };
        (0..count).map(|_| next()).collect()
    };
    let (mut directly, mut all) = (0, 0);
    for _ in 0..300 {
        let text = chance::schema(&mut Chance(&bytes(150)));
        let Ok(schema) = Schema::compile(&text.to_string()) else {
            continue;
        };
        let keep = keep(0);
        let mut direct = Direct::new(&schema, direct_caps(), Arc::clone(&keep));
        for _ in 0..5 {
            let document = format!("{{\"a\": {}}}", chance::document(&mut Chance(&bytes(60))));
            directly += u32::from(told(&mut direct, &schema, &*keep, document.as_bytes()));
            all += 1;
        }
    }
    assert!(directly > 50, "{directly} of {all}");
}
