//! JSONTestSuite at the parser: what does it take for JSON, before any policy of ours?
//!
//! Caps are raised out of the way. Each `y_` text is accepted, each `n_` text refused; for the
//! `i_` texts, which JSON leaves to the reader, docs/json.md says what we do, and its table must be
//! exact. `tests/backends` runs this same file on the parser's other CPU back-ends; hence nothing
//! here uses more of qualwatch than its parser.

#[path = "support/shared.rs"]
mod shared;

use std::collections::BTreeMap;
use std::fs;

use qualwatch::record::{Caps, Item, Malformed, Parser};

/// The page that has the decisions.
const PAGE: &str = include_str!("../docs/json.md");

const CAPS: Caps = Caps {
    depth: 1024,
    document: 1 << 30,
    nodes: usize::MAX,
};

/// The suite's texts by name, or nothing where the suite is absent.
fn texts() -> Option<BTreeMap<String, Vec<u8>>> {
    let folder = shared::shared("suites/json-parsing/test_parsing")?;
    let texts: BTreeMap<_, _> = fs::read_dir(folder)
        .expect("the suite's folder")
        .flatten()
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            let text = fs::read(entry.path()).expect("a readable file");
            (name.trim_end_matches(".json").to_owned(), text)
        })
        .collect();
    Some(texts)
}

/// Parses, and walks what came out; the same parser again must say the same.
fn judge(parser: &mut Parser, text: &[u8]) -> Result<usize, Malformed> {
    let mut ask = || parser.parse(text).map(|document| count(document.root()));
    let first = ask();
    assert_eq!(first, ask());
    first
}

/// Values below and including `item`.
fn count(item: Item<'_>) -> usize {
    1 + item.elements().map(count).sum::<usize>()
        + item
            .members()
            .map(|member| count(member.value))
            .sum::<usize>()
}

#[test]
fn what_is_json_is_accepted_and_what_is_not_is_refused() {
    let Some(texts) = texts() else { return };
    let mut parser = Parser::new(CAPS);
    let (mut accepted, mut refused) = (0, 0);
    for (name, text) in &texts {
        match (judge(&mut parser, text), name.get(..2)) {
            (Ok(_), Some("y_")) => accepted += 1,
            (Err(fault), Some("n_")) => {
                refused += 1;
                assert!(fault.offset() <= text.len(), "{name}: {fault}");
                // Two texts open 50,000 levels or more; they alone are refused for it.
                let deep = text.len() > 50_000;
                assert_eq!(fault.code() == "too-deep", deep, "{name}: {fault}");
            }
            (_, Some("i_")) => {}
            (found, _) => panic!("{name}: {found:?}"),
        }
    }
    assert_eq!((accepted, refused), (95, 188));
}

/// Decisions of the page: name of a text, and whether it is accepted.
fn decisions() -> BTreeMap<&'static str, bool> {
    let mut decisions = BTreeMap::new();
    let rows = PAGE
        .lines()
        .skip_while(|line| !line.starts_with("| Left to the reader |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    for row in rows {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let accepted = match cells[2] {
            cell if cell.starts_with("accepted") => true,
            cell if cell.starts_with("malformed") => false,
            cell => panic!("neither accepted nor malformed: {cell}"),
        };
        for name in cells[3].split('`').skip(1).step_by(2) {
            assert_eq!(decisions.insert(name, accepted), None, "{name} twice");
        }
    }
    decisions
}

#[test]
fn what_json_leaves_to_the_reader_is_decided_as_the_page_says() {
    let Some(texts) = texts() else { return };
    let decisions = decisions();
    let mut parser = Parser::new(CAPS);
    let open = texts.iter().filter(|(name, _)| name.starts_with("i_"));
    let found: BTreeMap<&str, bool> = open
        .map(|(name, text)| (name.as_str(), judge(&mut parser, text).is_ok()))
        .collect();
    assert_eq!(found, decisions, "found, and in docs/json.md");
}

#[test]
fn each_decision_stands_wherever_the_fault_falls_in_a_block() {
    // Back-ends read 32 or 64 bytes at a time: the same text at each offset of a block.
    let cases: [(&[u8], bool); 12] = [
        (br#""\ud800""#, false),
        (br#""\ud834\udd1e""#, true),
        (b"\"\xed\xa0\x80\"", false),
        (b"\"\xf0\x9f\x98\x80\"", true),
        (b"\"\xc0\xaf\"", false),
        (b"\"\x1f\"", false),
        (br#""\u00""#, false),
        (br#""\\\"""#, true),
        (b"18446744073709551615", true),
        (b"18446744073709551616", false),
        (b"-9223372036854775809", false),
        (b"1e400", false),
    ];
    let mut parser = Parser::new(CAPS);
    for (value, accepted) in cases {
        for blanks in 0..130 {
            for (open, close) in [("[", "]"), ("{\"name\":", "}")] {
                let mut text = " ".repeat(blanks).into_bytes();
                text.extend_from_slice(open.as_bytes());
                text.extend_from_slice(value);
                text.extend_from_slice(close.as_bytes());
                let found = judge(&mut parser, &text);
                let shown = String::from_utf8_lossy(&text);
                assert_eq!(found.is_ok(), accepted, "{shown}: {found:?}");
            }
        }
    }
}
