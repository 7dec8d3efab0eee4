//! Why a text is no JSON, in words that help to mend it, and where.
//!
//! The slow second look at a text that the parser refused, at its pristine bytes.
//! It never accepts anything: what it cannot fault is still refused.

use super::parse::Malformed;

/// Says where and why `body` is no JSON, by a slow parse of the pristine bytes.
pub(super) fn explain(body: &[u8], skipped: usize, depth: usize) -> Malformed {
    if let Some(offset) = first_too_deep(body, depth) {
        return Malformed::TooDeep {
            offset: skipped + offset,
            limit: depth,
        };
    }
    let text = match std::str::from_utf8(body) {
        Ok(text) => text,
        Err(error) => {
            return Malformed::Syntax {
                offset: skipped + error.valid_up_to(),
                message: "not UTF-8 from here on".to_owned(),
            };
        }
    };
    // A whole tree, since only that reads every escape and every number; this is the cold path,
    // and depth and size were bounded above.
    match serde_json::from_str::<serde_json::Value>(text) {
        Err(error) => {
            let mut offset = offset_of(text, error.line(), error.column());
            if error.to_string().starts_with("number out of range") {
                // serde_json stands behind the digits; the number begins before them.
                offset = number_start(body, offset);
            }
            let shown = error.to_string();
            if shown.starts_with("invalid number") {
                offset = number_start(body, offset);
            }
            if shown.starts_with("control character")
                && let Some(open) = unclosed_on_its_line(body, offset)
            {
                return Malformed::Syntax {
                    offset: skipped + open,
                    message: "this text is not closed on its line; a closing quote is missing, or a line break that should be written as \\n".to_owned(),
                };
            }
            // serde_json ends its message with a place of its own; ours is absolute.
            let message = shown
                .rsplit_once(" at line ")
                .map_or(shown.as_str(), |(message, _)| message);
            Malformed::Syntax {
                offset: skipped + offset,
                message: in_words(message, body, offset),
            }
        }
        // What simd-json refuses and serde_json reads: integers beyond 64 bits.
        Ok(_) => Malformed::Syntax {
            offset: skipped + long_integer(text).unwrap_or(0),
            message: "an integer of more than 64 bits, which cannot be kept as it is written"
                .to_owned(),
        },
    }
}

/// Where the number begins in which, or behind which, `offset` stands.
fn number_start(body: &[u8], mut offset: usize) -> usize {
    while offset > 0
        && matches!(
            body.get(offset - 1),
            Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')
        )
    {
        offset -= 1;
    }
    offset
}

/// The quote that opens the text in which a line ends at or before `offset`.
fn unclosed_on_its_line(body: &[u8], offset: usize) -> Option<usize> {
    let mut open = None;
    let mut escaped = false;
    for (at, &byte) in body.iter().enumerate().take(offset + 2) {
        match (open, byte) {
            (Some(from), b'\n' | b'\r') => return Some(from),
            _ if escaped => escaped = false,
            (Some(_), b'\\') => escaped = true,
            (Some(_), b'"') => open = None,
            (None, b'"') => open = Some(at),
            _ => {}
        }
    }
    None
}

/// The bracket that is still open at the end of `text`, or the quote of a text that is.
pub(crate) fn still_open(text: &[u8]) -> Option<usize> {
    let mut open = Vec::new();
    let mut quote = None;
    let mut escaped = false;
    for (at, &byte) in text.iter().enumerate() {
        match (quote, byte) {
            _ if escaped => escaped = false,
            (Some(_), b'\\') => escaped = true,
            (Some(_), b'"') => quote = None,
            (Some(_), _) => {}
            (None, b'"') => quote = Some(at),
            (None, b'{' | b'[') => open.push(at),
            (None, b'}' | b']') => {
                open.pop();
            }
            _ => {}
        }
    }
    quote.or_else(|| open.pop())
}

/// What went wrong in the words of somebody who has to mend it.
fn in_words(message: &str, body: &[u8], offset: usize) -> String {
    let there = body.get(offset).copied();
    let closes = matches!(there, Some(b'}' | b']'));
    let behind = body.get(offset..).unwrap_or_default();
    let starts = |word: &str| behind.starts_with(word.as_bytes());
    let words = match message {
        _ if body.first() == Some(&b'<') => {
            "this is HTML or XML, perhaps an error page, and no JSON; fetch the record again"
        }
        "key must be a string" | "expected value" if there == Some(b',') => {
            "a comma too many; take it away"
        }
        _ if starts("//") || starts("/*") => "a comment, and JSON has none; take it away",
        "expected value" if ["True", "False", "None"].iter().any(|word| starts(word)) => {
            "a value as Python writes it; JSON has true, false and null"
        }
        "expected value"
            if ["NaN", "Infinity", "-Infinity", "undefined"]
                .iter()
                .any(|word| starts(word)) =>
        {
            "JSON has no such value; write null"
        }
        "expected value" if matches!(there, Some(b'\'')) => {
            "a text stands in double quotes, not in single ones"
        }
        "expected value" if matches!(there, Some(b'+' | b'.')) => {
            "a number begins with a digit or a minus; write 0.5 for .5, and no plus"
        }
        "invalid number" if behind.first() == Some(&b'0') || starts("-0") => {
            "a number has no leading nought; write 123 for 0123"
        }
        "invalid number" => "a number that breaks off; digits belong behind its minus, point or e",
        "key must be a string" | "trailing comma" if closes => {
            "a comma with nothing behind it; take it away"
        }
        "expected value" if closes => "a value is missing here, or there is a comma too many",
        "key must be a string" => {
            "a name in double quotes was expected; single quotes and bare names are no JSON"
        }
        "expected value" => {
            "a value was expected: an object, array, number, true, false, null, or a text in double quotes"
        }
        "expected ident" => "only true, false and null stand without quotes",
        "trailing characters" => {
            "the document has ended before this; take it away, or read with --framing sequence if a second document begins here"
        }
        "expected `,` or `}`" => "a comma or the end of the object was expected",
        "expected `,` or `]`" => "a comma or the end of the array was expected",
        "expected `:`" => "a colon was expected behind the name",
        "EOF while parsing a string" => {
            "the document ends inside a text; it was cut off, or a closing quote is missing"
        }
        "EOF while parsing an object"
        | "EOF while parsing a list"
        | "EOF while parsing a value" => {
            "the document ends before it is whole; it was cut off, or a closing bracket is missing"
        }
        "control character (\\u0000-\\u001F) found while parsing a string" => {
            "a control character stands in a text; write it as \\n, \\t or \\u00XX"
        }
        "invalid escape" => "a backslash with nothing to escape; write \\\\ for a backslash",
        "lone leading surrogate in hex escape" | "unexpected end of hex escape" => {
            "half of a character: a \\u escape of a surrogate pair without its other half"
        }
        "number out of range" => "a number beyond what a double can hold",
        other => other,
    };
    words.to_owned()
}

/// Byte offset of serde_json's 1-based line and column (in bytes; 0 is the line's start).
fn offset_of(text: &str, line: usize, column: usize) -> usize {
    let start = if line <= 1 {
        0
    } else {
        memchr::memchr_iter(b'\n', text.as_bytes())
            .nth(line - 2)
            .map_or(text.len(), |at| at + 1)
    };
    let mut at = (start + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn first_too_deep(body: &[u8], depth: usize) -> Option<usize> {
    let mut open = 0usize;
    let mut in_string = false;
    let mut escaped = false;
    for (at, &byte) in body.iter().enumerate() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                open += 1;
                if open > depth {
                    return Some(at);
                }
            }
            b'}' | b']' => open = open.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// Start of the first integer that fits neither `i64` nor `u64`.
fn long_integer(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                at += 1;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
            }
            b'-' | b'0'..=b'9' => {
                let start = at;
                while at < bytes.len()
                    && matches!(bytes[at], b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')
                {
                    at += 1;
                }
                let number = &text[start..at];
                if number.parse::<i64>().is_err()
                    && number.parse::<u64>().is_err()
                    && !number.contains(['.', 'e', 'E'])
                {
                    return Some(start);
                }
            }
            _ => at += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::parse::{Caps, Parser};

    fn refuse(text: &[u8], caps: Caps) -> super::Malformed {
        match Parser::new(caps).parse(text) {
            Err(malformed) => malformed,
            Ok(_) => panic!("accepted: {}", String::from_utf8_lossy(text)),
        }
    }

    #[test]
    fn a_fault_is_told_in_words_that_mend_it() {
        for (text, word) in [
            (&b"<html></html>"[..], "HTML"),
            (b"{\"a\": 1,}", "comma with nothing behind"),
            (b"{'a': 1}", "double quotes"),
            (b"{\"a\": \"b", "ends inside a text"),
            (b"{\"a\": [1", "ends before it is whole"),
            (b"[\"\\ud83d\"]", "surrogate"),
            (b"[1e999]", "double"),
            (b"[18446744073709551616]", "64 bits"),
            (b"{} {}", "has ended before"),
            (b"[\"a\tb\"]", "control character"),
            (b"[nul]", "true, false and null"),
            (b"[True]", "Python"),
            (b"[NaN]", "null"),
            (b"[.5]", "0.5"),
            (b"[0123]", "leading nought"),
            (b"[1e]", "breaks off"),
            (b"[1] // x", "comment"),
            (b"{\"a\": \"b\n}", "not closed on its line"),
        ] {
            let told = refuse(text, Caps::default()).to_string();
            assert!(
                told.contains(word),
                "{}: {told}",
                String::from_utf8_lossy(text)
            );
        }
    }
}
