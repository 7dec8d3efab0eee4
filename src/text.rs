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

/// Displays a text with its harmful characters as `\u{…}`.
#[derive(Clone, Copy, Debug)]
pub struct Safe<'t>(pub &'t str);

impl fmt::Display for Safe<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            if is_harmful(character) {
                write!(f, "\\u{{{:x}}}", character as u32)?;
            } else {
                f.write_char(character)?;
            }
        }
        Ok(())
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
    // All of a piece is looked at, so that the compiler looks at many bytes at once.
    let plain = |piece: &[u8]| {
        let shown = piece.iter().map(|byte| (b' '..=b'~').contains(byte));
        shown.fold(true, |all, one| all & one)
    };
    if json.as_bytes().chunks(64).all(plain) {
        return Cow::Borrowed(json);
    }
    let mut safe = String::with_capacity(json.len() + 16);
    for character in json.chars() {
        if is_harmful(character) {
            let mut units = [0u16; 2];
            for unit in character.encode_utf16(&mut units) {
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(character);
        }
    }
    Cow::Owned(safe)
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
