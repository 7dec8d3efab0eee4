//! Each token against the parser: what is read here is what `simd-json` reads.

use proptest::prelude::*;
use simd_json::Node;

use super::*;
use crate::lane::{Narrow, OverBlocks, go_over};
use crate::record::{Caps, Parser};

/// Where a string ends, by the best look that there is.
struct StringEnd<'t>(&'t [u8], usize);

impl OverBlocks for StringEnd<'_> {
    type Found = Option<(usize, bool)>;

    #[inline(always)]
    fn go<L: Look>(self) -> Self::Found {
        string_end::<L>(self.0, self.1)
    }
}

/// Whether a name stands somewhere, by the best look that there is.
struct Stands<'t>(&'t [u8], usize, &'t [u8; WRITTEN], u32, Ignored);

impl OverBlocks for Stands<'_> {
    type Found = bool;

    #[inline(always)]
    fn go<L: Look>(self) -> bool {
        stands::<L>(self.0, self.1, self.2, self.3, self.4)
    }
}

/// The value of `{"a": VALUE}` by the parser, exactly.
fn parsed(value: &str) -> Option<String> {
    let mut parser = Parser::new(Caps::default());
    let text = format!("{{\"a\": {value}}}");
    let document = parser.parse(text.as_bytes()).ok()?;
    match document.nodes() {
        // Written out, so that nought and minus nought differ.
        [_, _, value] => Some(format!("{value:?}")),
        _ => None,
    }
}

/// The same by its token, at some place of a text, and where the text then goes on.
fn read(value: &str, behind: &str) -> Option<String> {
    let text = format!("[ {value}{behind}");
    let figure = number(text.as_bytes(), 2);
    let ended = !figure.is_none() && figure.end() == 2 + value.len();
    ended.then(|| format!("{:?}", Node::Static(figure.node())))
}

#[test]
fn numbers_of_records_are_read_and_those_that_are_none_are_not() {
    for value in [
        "0",
        "-0",
        "7",
        "42",
        "-41",
        "1234567",
        "12345678",
        "123456789012",
        "-123456789012345678",
        "0.0",
        "-0.0",
        "0.031",
        "4.25",
        "-1.5",
        "12.1234567",
        "12.12345678",
        "0.000000000000001",
        "0.016666666666666666",
        "0.30000000000000004",
        "1e5",
        "1E-05",
        "3.2E-05",
        "1.7976931348623157e308",
        "5e-324",
        "9007199254740993.5",
    ] {
        for behind in [",", "}", " ", ", \"a\": 1, \"b\": [1, 2, 3, 4, 5]"] {
            assert_eq!(read(value, behind), parsed(value), "{value}{behind}");
            assert!(read(value, behind).is_some(), "{value}{behind}");
        }
    }
    for value in [
        "", "-", "+1", "01", "-01", "00", "1.", ".5", "1.e5", "1e", "1e+", "--1", "1e999", "0x1",
        "NaN",
    ] {
        assert_eq!(read(value, ","), None, "{value}");
        assert_eq!(parsed(value), None, "{value}");
    }
    let text = "[12";
    assert_eq!(number(text.as_bytes(), 1).end(), 3, "at the text's end");
}

fn any_number() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?[0-9]{1,20}",
        "-?(0|[1-9][0-9]{0,19})[.][0-9]{1,20}",
        "-?(0|[1-9][0-9]{0,17})([.][0-9]{1,19})?[eE][-+]?[0-9]{1,4}",
        "-?0[.]0{0,12}[0-9]{1,17}",
        "[-+.eE0-9]{1,12}",
        any::<f64>().prop_filter_map("JSON has none", |value| value
            .is_finite()
            .then(|| format!("{value:?}"))),
        any::<f64>().prop_filter_map("JSON has none", |value| value
            .is_finite()
            .then(|| format!("{value:e}"))),
        (any::<u64>(), 0u32..40).prop_map(|(value, tens)| format!("{value}e-{tens}")),
    ]
}

fn any_string() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-zA-Z0-9 /:.-]{0,40}",
        "\\PC{0,4}",
        r#"\\["\\/bfnrtux]"#,
        r"\\u[0-9a-fA-F]{4}",
        r"\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}",
        r"\\u[dD][0-9a-fA-F]{3}",
        "[\\x00-\\x20\"\\\\]",
    ];
    proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn a_number_is_what_the_parser_reads(value in any_number(), behind in "[,}\\] ][a-z0-9.]{0,9}") {
        if let Some(value_read) = read(&value, &behind) {
            prop_assert_eq!(Some(value_read), parsed(&value), "{}", value);
        }
    }

    #[test]
    fn a_string_is_what_the_parser_reads(string in any_string(), behind in "[,}] {0,40}") {
        let text = format!("\"{string}\"{behind}");
        let found = string_end::<Narrow>(text.as_bytes(), 1);
        prop_assert_eq!(go_over(StringEnd(text.as_bytes(), 1)), found, "{}", string);
        // Where the text has a quote of its own, the string ends there.
        let (end, escaped) = match found {
            None => {
                // Halves of pairs are left to the parser, which refuses them.
                prop_assert_eq!(parsed(&format!("\"{string}\"")), None, "{}", string);
                return Ok(());
            }
            Some(found) => found,
        };
        let written = &text[1..end];
        let mut room = vec![0; written.len()];
        let mut left = room.as_mut_slice();
        let said = if escaped { unescape(written, &mut left) } else { Some(written) };
        let said = said.map(|said| format!("{:?}", Node::String(said)));
        prop_assert!(said.is_some());
        prop_assert_eq!(said, parsed(&format!("\"{written}\"")), "{}", written);
    }

    #[test]
    fn blanks_are_passed_and_nothing_else(
        blanks in "[ \t\n\r]{0,70}",
        odd in "[\\x00-\\x20\u{a0}\u{2003}]{0,2}",
        behind in "[a-z\"]{0,20}",
    ) {
        let text = format!("{blanks}{odd}{behind}");
        let wanted = text.bytes().position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
        prop_assert_eq!(skip(text.as_bytes(), 0), wanted.unwrap_or(text.len()));
    }

    #[test]
    fn a_name_stands_where_it_is_written(
        name in "[a-zA-Z@.]{0,44}",
        other in "[a-zA-Z@.]{0,44}",
        sign in "[,{ ]",
        far in 0usize..70,
    ) {
        let quoted = format!(",\"{name}\":");
        let mut written = [0; WRITTEN];
        written[..quoted.len()].copy_from_slice(quoted.as_bytes());
        let len = quoted.len() as u32;
        let stands = |text: &str, ignored| {
            let found = stands::<Narrow>(text.as_bytes(), 1, &written, len, ignored);
            prop_assert_eq!(go_over(Stands(text.as_bytes(), 1, &written, len, ignored)), found);
            Ok(found)
        };
        let text = format!("0{sign}{}{}", &quoted[1..], "x".repeat(far));
        let room = text.len() > WRITTEN;
        prop_assert_eq!(stands(&text, Ignored::Nothing)?, room && sign == ",");
        prop_assert_eq!(stands(&text, Ignored::Comma)?, room);
        let text = format!("0,\"{other}\":{}", "x".repeat(70));
        prop_assert_eq!(stands(&text, Ignored::Nothing)?, name == other);
        prop_assert_eq!(stands(&text, Ignored::Comma)?, name == other);
    }
}
