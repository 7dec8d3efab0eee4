//! Each case is a sentence, a text and the frames it must give, whole and byte by byte.

use super::*;

struct Case {
    name: &'static str,
    framing: Framing,
    open: Open,
    limit: usize,
    text: &'static [u8],
    want: &'static [&'static str],
}

const fn auto(name: &'static str, text: &'static str, want: &'static [&'static str]) -> Case {
    with(Framing::Auto, name, text, want)
}

const fn with(
    framing: Framing,
    name: &'static str,
    text: &'static str,
    want: &'static [&'static str],
) -> Case {
    Case {
        name,
        framing,
        open: Open::CallRecords,
        limit: 1 << 20,
        text: text.as_bytes(),
        want,
    }
}

const fn limited(
    limit: usize,
    framing: Framing,
    name: &'static str,
    text: &'static str,
    want: &'static [&'static str],
) -> Case {
    Case {
        limit,
        ..with(framing, name, text, want)
    }
}

use Framing::{Array, Auto, Document, Lines, Sequence};

const CASES: &[Case] = &[
    // What a source may be.
    auto("an empty input gives nothing", "", &[]),
    auto("a blank input gives nothing", " \r\n\t\n", &[]),
    auto(
        "a document without a final newline",
        "{\"a\":1}",
        &["1:1 {\"a\":1}"],
    ),
    auto("a byte order mark is skipped", "\u{feff}{}", &["1:1 {}"]),
    auto(
        "a pretty document",
        "\n  {\n  \"a\": [1,\n 2]\n}\n",
        &["2:3 {\\n  \"a\": [1,\\n 2]\\n}"],
    ),
    auto(
        "lines, with blank ones and carriage returns",
        "{\"a\":1}\r\n\r\n\t{\"b\":\"\u{e9}\"}\r\n{}",
        &["1:1 {\"a\":1}", "3:2 {\"b\":\"\\xc3\\xa9\"}", "4:1 {}"],
    ),
    auto(
        "pretty documents one after the other",
        "{\n}{\n}\n{\n\"a\":[\n]\n}",
        &["1:1 {\\n}", "2:2 {\\n}", "4:1 {\\n\"a\":[\\n]\\n}"],
    ),
    auto(
        "two documents on the first line mean that each line is looked at",
        "{}{}\n{} {}\n{} x\n",
        &["1:1 {}", "1:3 {}", "2:1 {}", "2:4 {}", "3:1 {} x"],
    ),
    auto(
        "commas between documents are frames, and the documents are read",
        "{},\n{},{}\n",
        &["1:1 {}", "1:3 ,", "2:1 {}", "2:3 ,", "2:4 {}"],
    ),
    auto(
        "RFC 7464 record separators",
        "\u{1e}{}\n\u{1e}{\"a\":1}\n",
        &["1:2 {}", "2:2 {\"a\":1}"],
    ),
    // Arrays and collections.
    auto(
        "an array of documents",
        "[{}, {\"a\":[1]} ]\n",
        &["1:2 {}", "1:6 {\"a\":[1]}"],
    ),
    auto(
        "a pretty array of documents",
        "[\n  {\n    \"a\": 1\n  },\n  {\n  }\n]\n",
        &["2:3 {\\n    \"a\": 1\\n  }", "5:3 {\\n  }"],
    ),
    auto("an empty array", "[ ]", &[]),
    auto(
        "an array of numbers is one document",
        "[1, {}]",
        &["1:1 [1, {}]"],
    ),
    auto(
        "an array of arrays is one document",
        "[[{}]]",
        &["1:1 [[{}]]"],
    ),
    auto(
        "arrays on lines",
        "[{}]\n[{},{}]\n",
        &["1:2 {}", "2:2 {}", "2:5 {}"],
    ),
    auto(
        "a collection, its context behind the elements",
        "{\"value\": [ {\"version\":1},\n{}], \"@odata.nextLink\":\"n\", \"@odata.context\": \"c\"}",
        &["1:13 {\"version\":1} @c +", "2:1 {} @c +"],
    ),
    auto("an empty collection", "{\"value\": [ ]}", &[]),
    auto(
        "collections on lines",
        "{\"value\":[{}]}\n{\"@odata.context\":\"c\",\"value\":[{}]}\n{\"a\":\"value\"}\n",
        &["1:11 {}", "2:32 {} @c", "3:1 {\"a\":\"value\"}"],
    ),
    auto(
        "a sessions page stays one document",
        "{\"@odata.context\":\"x/sessions(segments())\",\"value\":[{\"id\":1}]}",
        &["1:1 {\"@odata.context\":\"x/sessions(segments())\",\"value\":[{\"id\":1}]}"],
    ),
    auto(
        "a participants page stays one document",
        "{\"value\":[{}], \"@odata.context\":\"x/participants_v2\"}",
        &["1:1 {\"value\":[{}], \"@odata.context\":\"x/participants_v2\"}"],
    ),
    auto(
        "a sessions page is known by shape",
        "{\"value\":[{\"id\":1,\"caller\":{}}]}",
        &["1:1 {\"value\":[{\"id\":1,\"caller\":{}}]}"],
    ),
    auto(
        "a list with expanded sessions is opened",
        "{\"@odata.context\":\"#callRecords(sessions(segments()))\",\"value\":[{\"version\":1}]}",
        &["1:65 {\"version\":1} @#callRecords(sessions(segments()))"],
    ),
    auto(
        "a record is never opened",
        "{\"id\":1,\"version\":2,\"value\":[{}]}",
        &["1:1 {\"id\":1,\"version\":2,\"value\":[{}]}"],
    ),
    auto(
        "a value deeper down is no collection",
        "{\"a\":{\"value\":[{}]},\"b\":\"value\"}",
        &["1:1 {\"a\":{\"value\":[{}]},\"b\":\"value\"}"],
    ),
    auto(
        "two values would lose one",
        "{\"value\":[{}],\"value\":[{}]}",
        &["1:1 {\"value\":[{}],\"value\":[{}]}"],
    ),
    Case {
        open: Open::Never,
        ..auto("never opened", "[{},\n{}]\n", &["1:1 [{},\\n{}]"])
    },
    Case {
        open: Open::Never,
        ..auto(
            "never opened, but lines are",
            "[{}]\n{\"value\":[{}]}\n",
            &["1:1 [{}]", "2:1 {\"value\":[{}]}"],
        )
    },
    // Broken input costs one document.
    auto(
        "a broken line does not touch the next",
        "{\"a\":1}\n{\"a\":[1\n{\"a\":\"x\n{\"b\":2}\n",
        &[
            "1:1 {\"a\":1}",
            "2:1 {\"a\":[1",
            "3:1 {\"a\":\"x",
            "4:1 {\"b\":2}",
        ],
    ),
    auto(
        "a broken first line does not touch the next",
        "{\"a\":[1\n{\"b\":2}\n{\"c\":[\n{}\n",
        &["1:1 {\"a\":[1", "2:1 {\"b\":2}", "3:1 {\"c\":[", "4:1 {}"],
    ),
    auto(
        "a newline in a string ends the document",
        "{\n \"a\": \"x\n y\"\n}\n{\n \"b\": 1\n}\n",
        &["1:1 {\\n \"a\": \"x\\n y\"\\n}", "5:1 {\\n \"b\": 1\\n}"],
    ),
    auto(
        "a closer of the wrong kind ends the document",
        "{\n \"a\": [1}\n}\n{\n}\n",
        &["1:1 {\\n \"a\": [1}\\n}", "4:1 {\\n}"],
    ),
    auto(
        "a missing closer ends before the next document",
        "{\n \"a\": {\n \"b\": 1\n}\n{\n}\n",
        &["1:1 {\\n \"a\": {\\n \"b\": 1\\n}", "5:1 {\\n}"],
    ),
    auto(
        "an indented opener is taken for a value",
        "{\n \"a\"\n {}\n}\n",
        &["1:1 {\\n \"a\"\\n {}\\n}"],
    ),
    auto(
        "words between documents",
        "{\n}\nlog: x\n more\n{\n}\n",
        &["1:1 {\\n}", "3:1 log: x\\n more", "5:1 {\\n}"],
    ),
    auto(
        "an extra closer",
        "{\n}}\n{\n}",
        &["1:1 {\\n}", "2:2 }", "3:1 {\\n}"],
    ),
    auto(
        "words first",
        "<html>\n{\"a\":1}\n{\n",
        &["1:1 <html>", "2:1 {\"a\":1}", "3:1 { <cut-off>"],
    ),
    auto(
        "a pretty document among lines",
        "{\"a\":1}\n{\n \"b\": 2\n}\n{\"c\":3}\n",
        &["1:1 {\"a\":1}", "2:1 {\\n \"b\": 2\\n}", "5:1 {\"c\":3}"],
    ),
    auto(
        "a broken element costs one element",
        "[\n  {\n    \"a\": \"x\n  },\n  {\n    \"b\": 1\n  }\n]\n",
        &[
            "2:3 {\\n    \"a\": \"x\\n  },",
            "5:3 {\\n    \"b\": 1\\n  }",
        ],
    ),
    auto(
        "a broken element of a collection costs one element",
        "{\"value\": [\n{\"a\":1},\n{\"a\":[1},\n{\"b\":1}\n]}\n",
        &["2:1 {\"a\":1}", "3:1 {\"a\":[1},", "4:1 {\"b\":1}"],
    ),
    auto(
        "a comma too many",
        "[{},,{},]\n",
        &["1:2 {}", "1:5  <separator>", "1:6 {}", "1:9  <separator>"],
    ),
    auto("a comma too few on a line", "[{} {}]\n", &["1:2 {} {}"]),
    auto(
        "a comma too few between lines",
        "[\n{}\n{}\n]\n",
        &["2:1 {}", "3:1  <separator>", "3:1 {}"],
    ),
    auto(
        "an array that never ends does not swallow what follows",
        "[\n {},\n {}\n{\n}\n",
        &["2:2 {}", "3:2 {}", "4:1  <separator>", "4:1 {\\n}"],
    ),
    auto(
        "a broken envelope is told, and its elements are read",
        "{\"value\": [{\"version\":1}], oops}",
        &["1:12 {\"version\":1}", "1:33  <envelope>"],
    ),
    // The end comes too early.
    auto(
        "cut off in a string",
        "{\"a\":\"x",
        &["1:1 {\"a\":\"x <cut-off>"],
    ),
    auto(
        "cut off behind a document",
        "{\"a\":1}\n{\"b\":",
        &["1:1 {\"a\":1}", "2:1 {\"b\": <cut-off>"],
    ),
    auto(
        "an array cut off behind an element",
        "[{}\n",
        &["1:2 {}", "2:1  <cut-off>"],
    ),
    auto(
        "an array cut off behind a comma",
        "[{},",
        &["1:2 {}", "1:5  <cut-off>"],
    ),
    auto(
        "an array cut off in an element",
        "[{},{\"a\"",
        &["1:2 {}", "1:5 {\"a\" <cut-off>"],
    ),
    auto("a lone bracket is cut off", "[", &["1:1 [ <cut-off>"]),
    auto(
        "a collection cut off in an element",
        "{\"@odata.context\":\"c\",\"value\":[{\"version\":1},{\"a\":1",
        &["1:32 {\"version\":1} @c", "1:46 {\"a\":1 @c <cut-off>"],
    ),
    auto(
        "a collection cut off behind its elements",
        "{\"value\":[{\"version\":1}],\"@odata",
        &["1:11 {\"version\":1}", "1:33  <cut-off>"],
    ),
    auto(
        "a sessions page cut off is one document",
        "{\"value\":[{\"segments\":[",
        &["1:1 {\"value\":[{\"segments\":[ <cut-off>"],
    ),
    // The ways the user may name.
    with(
        Document,
        "a document, blanks around it",
        "\u{feff}\n {} {}\n ",
        &["2:2 {} {}"],
    ),
    with(Document, "a document cut off", "{\n", &["1:1 { <cut-off>"]),
    with(
        Lines,
        "lines are lines",
        "{\n[{}]\n 5 \n{}{}",
        &["1:1 {", "2:1 [{}]", "3:2 5", "4:1 {}{}"],
    ),
    with(
        Lines,
        "the last line cut off",
        "{}\n{\"a\"",
        &["1:1 {}", "2:1 {\"a\" <cut-off>"],
    ),
    with(
        Sequence,
        "a sequence opens nothing",
        "[{}]\n{\"value\":[{}]}",
        &["1:1 [{}]", "2:1 {\"value\":[{}]}"],
    ),
    with(
        Array,
        "an array of anything",
        "[1, \"a,]\", null]",
        &["1:2 1", "1:5 \"a,]\"", "1:12 null"],
    ),
    with(
        Array,
        "a value array of anything",
        "{\"id\":1,\"@odata.context\":\"/sessions\",\"value\":[1, {}]}",
        &["1:47 1 @/sessions", "1:50 {} @/sessions"],
    ),
    with(
        Array,
        "no array",
        "{\"a\":[1]}\n7",
        &["1:1 {\"a\":[1]} <no-array>", "2:1 7 <no-array>"],
    ),
    // Limits.
    limited(
        8,
        Auto,
        "a document of just the limit",
        "{\"a\":12}\n{}\n",
        &["1:1 {\"a\":12}", "2:1 {}"],
    ),
    limited(
        8,
        Auto,
        "one byte more is too large",
        "{\"a\":123}\n{}\n",
        &["1:1 {\"a\":123 <too-large>", "2:1 {}"],
    ),
    limited(
        8,
        Auto,
        "a later line that is too large",
        "{}\n{\"a\":123}\n{\"a\":12}\r\n",
        &["1:1 {}", "2:1 {\"a\":123 <too-large>", "3:1 {\"a\":12}"],
    ),
    limited(
        8,
        Lines,
        "a line that is too large",
        "{\"a\":12}\r\n{\"a\":123}\r\n{}",
        &["1:1 {\"a\":12}", "2:1 {\"a\":123 <too-large>", "3:1 {}"],
    ),
    limited(
        8,
        Document,
        "a document that is too large",
        "{\"a\":123}\n",
        &["1:1 {\"a\":123 <too-large>"],
    ),
    limited(
        8,
        Document,
        "blanks behind a document do not count",
        "{\"a\":12}      \n",
        &["1:1 {\"a\":12}"],
    ),
    limited(
        8,
        Auto,
        "an element that is too large",
        "[{},{\"a\":123},{\"a\":12}]",
        &["1:2 {}", "1:5 {\"a\":123 <too-large>", "1:15 {\"a\":12}"],
    ),
    limited(
        16,
        Auto,
        "a collection over the limit",
        "{\"value\":[{},{},{\"a\":12}],\"a\":[1]}\n{}",
        &["1:11 {}", "1:14 {}", "1:17 {\"a\":12}", "2:1 {}"],
    ),
    limited(
        8,
        Auto,
        "a later line over the limit is opened",
        "{}\n[{},{},{}]\n{}\n",
        &["1:1 {}", "2:2 {}", "2:5 {}", "2:8 {}", "3:1 {}"],
    ),
    limited(
        8,
        Auto,
        "a later line over the limit is broken",
        "{}\n[{},{},{}\n{}\n",
        &[
            "1:1 {}",
            "2:2 {}",
            "2:5 {}",
            "2:8 {}",
            "2:10  <envelope>",
            "3:1 {}",
        ],
    ),
    limited(
        8,
        Auto,
        "words over the limit",
        "abcdefghijkl\n{}",
        &["1:1 abcdefgh <too-large>", "2:1 {}"],
    ),
];

#[test]
fn cases() {
    let mut names = std::collections::HashSet::new();
    for case in CASES {
        assert!(names.insert(case.name), "twice: {}", case.name);
        let run = |cuts: &[usize]| frames(case.framing, case.open, case.limit, case.text, cuts);
        assert_eq!(run(&[]), case.want, "{}", case.name);
        let everywhere: Vec<usize> = (0..case.text.len()).collect();
        assert_eq!(run(&everywhere), case.want, "byte by byte: {}", case.name);
        for cut in everywhere {
            assert_eq!(run(&[cut]), case.want, "cut at {cut}: {}", case.name);
        }
        if let Some(alone) = alone(case.framing, case.open, case.limit, case.text) {
            assert_eq!(alone, case.want, "alone: {}", case.name);
        }
    }
}

#[test]
fn utf16_is_named_whatever_its_order() {
    for text in [
        &b"\xFF\xFE{\0}\0"[..],
        b"\xFE\xFF\0{\0}",
        b"{\0}\0",
        b"\0{\0}",
        b"{\0",
        b"\xFF\xFE",
    ] {
        for framing in Framing::ALL {
            let mut framer = Framer::new(framing, FrameLimits::default(), Open::CallRecords);
            let mut batch = Batch::new();
            framer.push(text, &mut batch);
            framer.finish(&mut batch);
            assert_eq!(batch.len(), 1);
            assert_eq!(batch.get(0).unwrap().fault, Some(FrameFault::Utf16));
        }
    }
}
