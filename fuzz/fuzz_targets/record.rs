//! Does the tape say what serde_json says?
//!
//! The twin is a tree read by serde_json that keeps repeated names. Both accept the
//! same texts and give equal values, but for the differences that docs/json.md
//! lists; each is recognised here by code of its own.

#![no_main]

use libfuzzer_sys::fuzz_target;
use qualwatch::record::tape::JsonType;
use qualwatch::record::{Caps, Item, Malformed, Number, Parser};
use qualwatch_fuzz::tree::Tree;

const DEPTH: usize = 64;

fuzz_target!(|text: &[u8]| {
    let caps = Caps {
        depth: DEPTH,
        ..Caps::default()
    };
    let mut parser = Parser::new(caps);
    let body = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let twin = serde_json::from_slice::<Tree>(body);
    match (parser.parse(text), twin) {
        (Ok(document), Ok(twin)) => {
            assert!(twin.depth() <= DEPTH);
            same(document.root(), &twin);
        }
        (Ok(_), Err(error)) => panic!("only we accept: {error}"),
        (Err(fault), Ok(twin)) => match fault {
            Malformed::TooDeep { limit, offset } => {
                assert_eq!(limit, DEPTH);
                assert!(twin.depth() > DEPTH);
                assert!(matches!(text[offset], b'{' | b'['));
            }
            Malformed::Syntax { offset, message } => {
                let skipped = text.len() - body.len();
                assert_eq!(
                    Some(offset),
                    long_integer(body).map(|at| at + skipped),
                    "{message}"
                );
            }
            other => panic!("{other}"),
        },
        (Err(fault), Err(_)) => assert!(fault.offset() <= text.len()),
    }
});

fn same(item: Item<'_>, twin: &Tree) {
    match (item.json_type(), twin) {
        (JsonType::Null, Tree::Null) => {}
        (JsonType::Boolean, Tree::Bool(value)) => assert_eq!(item.as_bool(), Some(*value)),
        (JsonType::String, Tree::String(text)) => assert_eq!(item.as_str(), Some(text.as_str())),
        (JsonType::Number, twin) => match (item.as_number(), twin) {
            (Some(Number::I64(ours)), Tree::Negative(value)) => assert_eq!(ours, *value),
            (Some(Number::U64(ours)), Tree::Integer(value)) => assert_eq!(ours, *value),
            (Some(Number::I64(ours)), Tree::Integer(value)) => {
                assert_eq!(u64::try_from(ours), Ok(*value));
            }
            (Some(Number::F64(ours)), Tree::Float(value)) => {
                assert_eq!(ours.to_bits(), value.to_bits(), "{ours:e} {value:e}");
            }
            // `-0`: an integer for us, minus nought for serde_json.
            (Some(Number::I64(0) | Number::U64(0)), Tree::Float(value)) => {
                assert_eq!(value.to_bits(), (-0.0f64).to_bits());
            }
            (ours, twin) => panic!("{ours:?} is not {twin:?}"),
        },
        (JsonType::Array, Tree::Array(items)) => {
            assert_eq!(item.len(), items.len());
            assert_eq!(item.elements().count(), items.len());
            item.elements()
                .zip(items)
                .for_each(|(ours, twin)| same(ours, twin));
        }
        (JsonType::Object, Tree::Object(members)) => {
            assert_eq!(item.len(), members.len());
            assert_eq!(item.members().count(), members.len());
            for (ours, (name, twin)) in item.members().zip(members) {
                assert_eq!(ours.name, name);
                same(ours.value, twin);
            }
        }
        (ours, twin) => panic!("{ours:?} is not {twin:?}"),
    }
}

/// Where a text that is JSON has its first integer literal beyond 64 bits.
fn long_integer(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    while at < text.len() {
        let start = at;
        match text[at] {
            b'"' => {
                at += 1;
                while text[at] != b'"' {
                    at += 1 + usize::from(text[at] == b'\\');
                }
                at += 1;
            }
            b'-' | b'0'..=b'9' => {
                let inside = |byte: &u8| b"+-.eE0123456789".contains(byte);
                at += text[at..].iter().take_while(|byte| inside(byte)).count();
                let literal = std::str::from_utf8(&text[start..at]).expect("ASCII");
                let whole = !literal.contains(['.', 'e', 'E']);
                let fits = literal
                    .parse::<i128>()
                    .is_ok_and(|value| (i64::MIN.into()..=u64::MAX.into()).contains(&value));
                if whole && !fits {
                    return Some(start);
                }
            }
            _ => at += 1,
        }
    }
    None
}
