//! Text from strangers, made safe for a terminal or a line of JSON.
//!
//! Display names, file names and parser excerpts come from anywhere. What could
//! move a cursor, colour a screen or turn a line around is escaped; nothing else
//! is changed. Destinations of later stages (HTML, chat, mail) escape for themselves.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

/// Whether `character` may harm a reader: controls (C0, DEL, C1), bidirectional
/// marks and overrides, line separators, and other invisible format characters.
/// The joiners of scripts and emoji stay.
pub fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The first character that may harm, and where it stands.
fn first_harmful(text: &str) -> Option<(usize, char)> {
    let mut at = 0;
    loop {
        // Only what is not plain is decoded.
        at += first_odd(&text.as_bytes()[at..])?;
        let character = text[at..].chars().next()?;
        if is_harmful(character) {
            return Some((at, character));
        }
        at += character.len_utf8();
    }
}

/// Where the first byte stands that is no printable one of ASCII.
fn first_odd(text: &[u8]) -> Option<usize> {
    let odd = |byte: &u8| !(b' '..=b'~').contains(byte);
    // The compiler looks at a piece at once.
    let (pieces, _) = text.as_chunks::<32>();
    let plain = |piece: &&[u8; 32]| !piece.iter().fold(false, |any, byte| any | odd(byte));
    let from = 32 * pieces.iter().take_while(plain).count();
    let first = text[from..].iter().position(odd)?;
    Some(from + first)
}

/// Characters of a text: bytes that continue none.
pub(crate) fn characters(text: &[u8]) -> u64 {
    // Pieces short enough for a sum in one byte: the compiler makes it SIMD.
    text.chunks(128)
        .map(|piece| {
            let begins = |&byte: &u8| u8::from(byte & 0xC0 != 0x80);
            u64::from(piece.iter().map(begins).sum::<u8>())
        })
        .sum()
}

/// Displays a text with its harmful characters as `\u{…}`.
#[derive(Clone, Copy, Debug)]
pub struct Safe<'t>(pub &'t str);

impl fmt::Display for Safe<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some((at, character)) = first_harmful(rest) {
            f.write_str(&rest[..at])?;
            write!(f, "\\u{{{:x}}}", character as u32)?;
            rest = &rest[at + character.len_utf8()..];
        }
        f.write_str(rest)
    }
}

/// The text with each harmful character as one `\u{fffd}`, so that columns keep their places.
/// Tabs become spaces.
pub fn same_width(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\t' => ' ',
            other if is_harmful(other) => '\u{fffd}',
            other => other,
        })
        .collect()
}

/// A JSON text with its harmful characters escaped, which in JSON stand in strings only.
pub fn safe_json(json: &str) -> Cow<'_, str> {
    let mut rest = json;
    let mut safe = String::new();
    while let Some((at, character)) = first_harmful(rest) {
        safe.push_str(&rest[..at]);
        let mut units = [0u16; 2];
        for unit in character.encode_utf16(&mut units) {
            let _ = write!(safe, "\\u{unit:04x}");
        }
        rest = &rest[at + character.len_utf8()..];
    }
    if safe.is_empty() {
        return Cow::Borrowed(json);
    }
    safe.push_str(rest);
    Cow::Owned(safe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_moves_a_cursor_or_turns_a_line_is_escaped_and_names_stay() {
        for (given, shown) in [
            ("Zoë 李 👩‍👧", "Zoë 李 👩‍👧"),
            ("\x1b]52;c;x\x07", "\\u{1b}]52;c;x\\u{7}"),
            ("a\u{9b}31mb", "a\\u{9b}31mb"),
            ("a\u{202e}b\u{2066}", "a\\u{202e}b\\u{2066}"),
            ("a\nb\u{2028}c\u{7f}", "a\\u{a}b\\u{2028}c\\u{7f}"),
        ] {
            assert_eq!(Safe(given).to_string(), shown);
            assert_eq!(same_width(given).chars().count(), given.chars().count());
        }
    }

    #[test]
    fn escaped_json_reads_as_the_same_value() {
        let value = serde_json::json!({"n": "a\u{9b}b\u{202e}c\u{7f}\u{e0041}\"\\ é"});
        let text = value.to_string();
        let safe = safe_json(&text);
        assert!(!safe.chars().any(is_harmful));
        let read: serde_json::Value = serde_json::from_str(&safe).expect("JSON");
        assert_eq!(read, value);
        assert!(matches!(safe_json("{\"a\": 1}"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn each_character_that_may_harm_is_escaped_and_no_other(text in any::<String>(), more in "[ -~\u{80}-\u{a0}\u{2020}-\u{2030}]{0,8}") {
            let text = format!("{text}{more}");
            let one = |character: char| match is_harmful(character) {
                true => format!("\\u{{{:x}}}", character as u32),
                false => character.to_string(),
            };
            prop_assert_eq!(Safe(&text).to_string(), text.chars().map(one).collect::<String>());
            let json = serde_json::to_string(&text).expect("JSON");
            let safe = safe_json(&json);
            prop_assert!(!safe.chars().any(is_harmful));
            prop_assert_eq!(&serde_json::from_str::<String>(&safe).expect("JSON"), &text);
            prop_assert_eq!(matches!(safe, Cow::Borrowed(_)), !json.chars().any(is_harmful));
        }
    }
}
