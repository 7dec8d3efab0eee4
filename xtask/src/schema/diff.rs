//! What has changed between two JSON texts, for a person who has to decide.
//!
//! [`summary`] names JSON Pointers, the first `SHOWN` of them. It compares values; that only
//! the layout differs is said in one sentence.

use serde_json::Value;

/// Differences that are spelled out.
const SHOWN: usize = 20;
/// Columns after which a shown value is cut.
const WIDTH: usize = 80;

/// One line per difference from `old` to `new`; empty if the texts are the same.
pub fn summary(old: &str, new: &str) -> Vec<String> {
    if old == new {
        return Vec::new();
    }
    let (old, new) = match (serde_json::from_str(old), serde_json::from_str(new)) {
        (Ok(old), Ok(new)) => (old, new),
        (Err(e), _) => return vec![format!("the file is not JSON: {e}")],
        (_, Err(e)) => return vec![format!("the new text is not JSON: {e}")],
    };
    let mut lines = Vec::new();
    compare("", &old, &new, &mut lines);
    if lines.is_empty() {
        lines.push("only layout or order differs".to_owned());
    }
    let more = lines.len().saturating_sub(SHOWN);
    lines.truncate(SHOWN);
    if more > 0 {
        lines.push(format!("... and {more} more"));
    }
    lines
}

fn compare(at: &str, old: &Value, new: &Value, lines: &mut Vec<String>) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let below = |key: &str| format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
            for (key, value) in old {
                match new.get(key) {
                    Some(other) => compare(&below(key), value, other, lines),
                    None => lines.push(format!("- {}: {}", below(key), cut(value))),
                }
            }
            for (key, value) in new.iter().filter(|(key, _)| !old.contains_key(*key)) {
                lines.push(format!("+ {}: {}", below(key), cut(value)));
            }
        }
        _ if old == new => {}
        _ => lines.push(format!("~ {at}: {} -> {}", cut(old), cut(new))),
    }
}

fn cut(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn added_removed_and_changed_are_told_apart() {
        let old = r#"{"a": {"x/y": 1}, "b": [1]}"#;
        let new = r#"{"a": {"x/y": 2}, "c": null}"#;
        assert_eq!(
            summary(old, new),
            ["~ /a/x~1y: 1 -> 2", "- /b: [1]", "+ /c: null"]
        );
    }

    #[test]
    fn the_same_is_silent_and_layout_is_a_sentence() {
        assert!(summary("{}", "{}").is_empty());
        assert_eq!(summary("{}", "{ }"), ["only layout or order differs"]);
        assert!(summary("{", "{}")[0].starts_with("the file is not JSON"));
    }

    #[test]
    fn long_lists_and_values_are_cut() {
        let many: Vec<_> = (0..30)
            .map(|n| format!("\"{n}\": \"{}\"", "x".repeat(200)))
            .collect();
        let lines = summary(&format!("{{{}}}", many.join(",")), "{}");
        assert_eq!(lines.len(), SHOWN + 1);
        assert_eq!(lines[SHOWN], "... and 10 more");
        assert!(lines.iter().all(|line| line.len() < 100));
    }
}
