//! Frames do not depend on where reads are cut.

use proptest::prelude::*;

use super::*;

/// Pieces of documents and of what breaks them.
const PIECES: &[&str] = &[
    "{\"a\":1}",
    "{\"b\":\"x\\\"}{\\\\\"}",
    "{\n  \"c\": [1, 2],\n  \"d\": {}\n}",
    "[{},{}]",
    "[1,2]",
    "[\n  {\n    \"e\": 1\n  },\n  {}\n]",
    "{\"value\":[{\"version\":1},{}]}",
    "{\"@odata.context\":\"c\",\"value\":[{}],\"x\":0}",
    "{\"value\":[{\"caller\":{}}]}",
    "{\"value\":[",
    "\"value\"",
    ":",
    "{\"version\":1}",
    "]}",
    "\"\u{e9}\u{1f600}\"",
    "\"\\u00e9",
    "\n",
    "\n",
    "\r\n",
    "\n\n",
    " ",
    "\t",
    "{",
    "}",
    "[",
    "]",
    ",",
    "\"",
    "\\",
    "\\\n",
    "null",
    "-1.5e3",
    "junk",
    "\u{1e}",
    "\u{feff}",
    "\0",
    "{\"a\":[1}",
    "{\"a\":\"x\n",
    "                    ",
    "\n{",
    "\n[",
    "\n  {",
    ",\n",
];

fn text() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        20 => prop::sample::select(PIECES).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 1..4),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// Pieces of documents of many lines, with room between the places where something is decided.
const LINES: &[&str] = &[
    "{\n",
    "  {\n",
    "      {\n",
    "  },\n",
    "    }\n",
    "  \"sessions\": [\n",
    "    \"value\": [\n",
    "    ],\n",
    "  ]\n",
    "  \"caller\": {\n",
    "    \"displayName\": \"a name that is a little longer than the others, with a { in it\",\n",
    "        \"averageJitter\": \"PT0.031S\", \"x\": 1.5, \"y\": null,\n",
    "    \"escaped\": \"\\\"\\\\\",\r\n",
    "\t\"tab\": true,\n",
    "    \"late\":                                                                        \n",
    "                                                                        ",
];

/// Long texts: a few of their pieces break them.
fn long() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        30 => prop::sample::select(LINES),
        1 => prop::sample::select(PIECES),
    ];
    prop::collection::vec(piece, 0..80).prop_map(|pieces| pieces.concat().into_bytes())
}

/// What failed once is kept beside the other cases, and tried first.
fn config() -> ProptestConfig {
    use proptest::test_runner::FileFailurePersistence;
    ProptestConfig {
        cases: cases(),
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
            "tests/cases/frame/found-by-properties.txt",
        ))),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn frames_do_not_depend_on_cuts(
        text in prop_oneof![text(), long()],
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        framing in prop::sample::select(&Framing::ALL[..]),
        never in any::<bool>(),
        limit in prop::sample::select(&[1, 5, 12, 30, 1 << 20][..]),
    ) {
        let open = if never { Open::Never } else { Open::CallRecords };
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
        cuts.sort_unstable();
        let at_once = frames(framing, open, limit, &text, &[]);
        prop_assert_eq!(&frames(framing, open, limit, &text, &cuts), &at_once, "{}", text.escape_ascii());
        let everywhere: Vec<usize> = (0..text.len()).collect();
        prop_assert_eq!(&frames(framing, open, limit, &text, &everywhere), &at_once, "{}", text.escape_ascii());
        for most in [1, 7, 90, 1 << 20] {
            let read = read(framing, open, limit, &text, most);
            prop_assert_eq!(&read, &at_once, "{} by {}", text.escape_ascii(), most);
        }
        if let Some(alone) = alone(framing, open, limit, &text) {
            prop_assert_eq!(&alone, &at_once, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn one_document_is_told_where_it_lies_and_anything_more_is_not(
        document in document(),
        spread in any::<bool>(),
        around in prop::collection::vec(
            prop::sample::select(&["", " ", "\n", "\r\n\t", "\u{FEFF}"][..]), 2),
        more in prop::sample::select(&["{", "}", "]", "1", ",", "\"", "\\", "\n{}", "\u{1e}", "\0"][..]),
        at in any::<prop::sample::Index>(),
    ) {
        let text = match spread {
            true => serde_json::to_string_pretty(&document).unwrap(),
            false => document.to_string(),
        };
        let text = format!("{}{text}{}", around[0], around[1].trim_start_matches('\u{FEFF}'));
        let framed = |text: &[u8]| frames(Framing::Auto, Open::CallRecords, 1 << 20, text, &[]);
        let alone = |text: &[u8]| alone(Framing::Auto, Open::CallRecords, 1 << 20, text);
        let likely = |text: &[u8]| likely(Framing::Auto, Open::CallRecords, 1 << 20, text);
        if !document["value"].is_array() {
            prop_assert_eq!(alone(text.as_bytes()), Some(framed(text.as_bytes())), "{}", text);
            prop_assert_eq!(likely(text.as_bytes()), Some(framed(text.as_bytes())), "{}", text);
        }
        let mut broken = text.into_bytes();
        let at = at.index(broken.len() + 1);
        broken.splice(at..at, more.bytes());
        if let Some(alone) = alone(&broken) {
            prop_assert_eq!(alone, framed(&broken), "{}", broken.escape_ascii());
        }
        // What is likely is so where it is JSON, and no collection.
        let json = serde_json::from_slice::<serde_json::Value>(without_mark(&broken));
        if let (Ok(json), Some(likely)) = (json, likely(&broken))
            && !json["value"].is_array()
        {
            prop_assert_eq!(likely, framed(&broken), "{}", broken.escape_ascii());
        }
    }

    #[test]
    fn nothing_of_the_text_is_lost(
        text in text(),
        framing in prop::sample::select(&[Framing::Auto, Framing::Lines, Framing::Sequence][..]),
    ) {
        let mut framer = Framer::new(framing, FrameLimits::default(), Open::Never);
        let mut batch = Batch::new();
        framer.push(&text, &mut batch);
        framer.finish(&mut batch);
        let utf16 = batch.get(0).is_some_and(|first| first.fault == Some(FrameFault::Utf16));
        prop_assume!(!utf16);
        let solid = |bytes: &[u8]| -> Vec<u8> {
            let blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x1E;
            bytes.iter().copied().filter(|byte| !blank(byte)).collect()
        };
        let framed: Vec<u8> = batch.iter().flat_map(|frame| solid(frame.bytes)).collect();
        let given = solid(text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&text));
        prop_assert_eq!(framed, given, "{}", text.escape_ascii());
    }

    #[test]
    fn documents_come_back_as_they_went_in(
        documents in prop::collection::vec(document(), 1..12),
        between in prop::sample::select(&["\n", "\r\n", "\n\n", " ", "", "\n\u{1e}"][..]),
        pretty in any::<bool>(),
    ) {
        let documents: Vec<String> = documents
            .iter()
            .map(|value| match pretty {
                true => serde_json::to_string_pretty(value).unwrap(),
                false => value.to_string(),
            })
            .collect();
        let mut array = Batch::new();
        for (framing, text) in [
            (Framing::Auto, documents.join(between)),
            (Framing::Sequence, documents.join(between)),
            (Framing::Auto, format!("[{}]", documents.join(","))),
            (Framing::Array, format!("{{\"x\":[1],\"value\":[{}]}}", documents.join(" ,\n"))),
        ] {
            let mut framer = Framer::new(framing, FrameLimits::default(), Open::CallRecords);
            array.clear();
            framer.push(text.as_bytes(), &mut array);
            framer.finish(&mut array);
            let mut found = Batch::new();
            for frame in array.iter() {
                prop_assert_eq!(frame.fault, None);
                if !frame.split(&mut found) {
                    found.push(frame.bytes, Place::START, None, None);
                }
            }
            let found: Vec<&[u8]> = found.iter().map(|frame| frame.bytes).collect();
            let want: Vec<&[u8]> = documents.iter().map(|text| text.as_bytes()).collect();
            prop_assert_eq!(found, want, "{}", text);
        }
    }
}

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(512)
}

fn document() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(serde_json::Value::from),
        "[ -~\\n\u{e9}\u{1f600}]{0,8}".prop_map(serde_json::Value::from),
        Just(serde_json::Value::Null),
    ];
    let value = leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            object(inner),
        ]
    });
    object(value)
}

fn object(
    value: impl Strategy<Value = serde_json::Value> + 'static,
) -> impl Strategy<Value = serde_json::Value> {
    prop::collection::btree_map("[a-z\"\\\\]{0,5}", value, 0..4)
        .prop_map(|members| serde_json::Value::Object(members.into_iter().collect()))
}
