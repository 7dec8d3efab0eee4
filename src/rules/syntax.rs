//! What may have been meant where Rhai cannot read on.
//!
//! Rhai says what it expected; people write what other languages have: `and`, `null`, `30ms`.
//!
//! It guesses from the error and the text around it, and says nothing where it has no guess.

use rhai::{ParseErrorType, Position};

use super::diagnostic::did_you_mean;
use super::engine::{SWITCH, WORDLESS};
use super::fields::Level;
use super::severity::Severity;

/// What to write instead, if there is a guess.
pub(crate) fn help(error: &ParseErrorType, source: &str, position: Position) -> Option<String> {
    let around = Around::new(source, position);
    match error {
        ParseErrorType::ExprTooDeep => {
            return Some("move parts of it into functions: `fn part(s) { … }`".to_owned());
        }
        ParseErrorType::VariableUndefined(name) => return undefined(name, &around),
        _ => {}
    }
    around.guess(error)
}

/// The text around the place of an error.
struct Around<'s> {
    source: &'s str,
    before: &'s str,
    at: &'s str,
}

impl<'s> Around<'s> {
    fn new(source: &'s str, position: Position) -> Around<'s> {
        let lines = position.line().unwrap_or(1) - 1;
        let start: usize = source.split_inclusive('\n').take(lines).map(str::len).sum();
        let line = source[start.min(source.len())..]
            .lines()
            .next()
            .unwrap_or_default();
        let column = position.position().unwrap_or(1).saturating_sub(1);
        let column = line
            .char_indices()
            .nth(column)
            .map_or(line.len(), |(at, _)| at);
        let at = (start + column).min(source.len());
        Around {
            source,
            before: &source[..at],
            at: &source[at..],
        }
    }

    /// The word that stands there.
    fn word(&self) -> &'s str {
        let end = self.at.find(|c: char| !c.is_alphanumeric() && c != '_');
        &self.at[..end.unwrap_or(self.at.len())]
    }

    /// Names that the file gives to values.
    fn constants(&self) -> impl Iterator<Item = &'s str> {
        self.source.lines().filter_map(|line| {
            let rest = line.trim_start().strip_prefix("const ")?;
            rest.split(|c: char| !c.is_alphanumeric() && c != '_')
                .find(|word| !word.is_empty())
        })
    }

    fn guess(&self, error: &ParseErrorType) -> Option<String> {
        let trimmed = self.before.trim_end();
        let word = self.word();
        let digit = |c: char| c.is_ascii_digit();
        if let Some(sign) = spelled(word) {
            return Some(format!("`{word}` is written `{sign}`"));
        }
        if matches!(word, "null" | "nil" | "None" | "undefined") {
            return Some("what is missing is asked with `!has(x)`".to_owned());
        }
        if word == SWITCH {
            return Some(
                "a `switch` cannot look into a reading, which may be missing; write \
                 `if certain(x == …) { … } else { … }`, or conditions joined by `||`"
                    .to_owned(),
            );
        }
        if WORDLESS.contains(&word) {
            return Some(format!(
                "rules have no `{word}`: they register rules and do nothing else"
            ));
        }
        if self.before.ends_with(digit) && word.starts_with(char::is_alphabetic) {
            return Some(format!(
                "a number here has no unit, and durations are milliseconds; a number with its \
                 unit is a limit in thresholds.toml, as in `name = \"30{word}\"`"
            ));
        }
        if trimmed.ends_with('%') {
            return Some(
                "a percentage is a limit in thresholds.toml, as in `name = \"10%\"`; as a ratio \
                 it is `0.1`"
                    .to_owned(),
            );
        }
        let comma = trimmed
            .strip_suffix(',')
            .is_some_and(|number| number.ends_with(digit));
        if comma && self.at.starts_with(digit) {
            return Some("a fraction has a point: `0.1`".to_owned());
        }
        if trimmed.ends_with('<') && self.at.starts_with('>') {
            return Some("write `!=`".to_owned());
        }
        for (wrong, right) in [
            ("=>", ">="),
            ("=<", "<="),
            ("<>", "!="),
            ("===", "=="),
            ("!==", "!="),
        ] {
            if self.at.starts_with(wrong) {
                return Some(format!("write `{right}`"));
            }
        }
        if self.at.starts_with('?') {
            let text = "there is no `? :`; join conditions with `&&` and `||`";
            return Some(text.to_owned());
        }
        if self
            .at
            .starts_with(|c: char| c.is_whitespace() && !c.is_ascii())
        {
            return Some("a blank of another kind stands here; put a plain one".to_owned());
        }
        if self.at.starts_with(['“', '”', '„', '‘', '’', '«', '»']) {
            return Some("texts have straight quotes: `\"main-audio\"`".to_owned());
        }
        if self.at.starts_with('#') {
            return Some("a remark begins with `//`".to_owned());
        }
        if self.at.starts_with('\'') {
            return Some("texts have double quotes: `\"main-audio\"`".to_owned());
        }
        if self.at.starts_with("||") && trimmed.ends_with(':') {
            return Some("a closure names the object it is given: `|s| …`".to_owned());
        }
        match error {
            ParseErrorType::MissingToken(token, what) => self.missing(token, what),
            _ => None,
        }
    }

    /// What to do where a sign is missing, by the sign and what Rhai says of it.
    fn missing(&self, token: &str, what: &str) -> Option<String> {
        let trimmed = self.before.trim_end();
        let word = self.word();
        if trimmed.ends_with('`') && !word.is_empty() {
            let begun = trimmed[..trimmed.len() - 1].rfind('`')?;
            let line = 1 + trimmed[..begun].matches('\n').count();
            return Some(format!(
                "a text that began with a backtick in line {line} ends here: was its own second \
                 backtick forgotten?"
            ));
        }
        let key = self.at[word.len()..].trim_start().starts_with(':');
        let opened = what.split('\'').nth(1).unwrap_or_default();
        match token {
            "," | ")" if what.contains("function call") && (key || trimmed.ends_with(',')) => Some(
                format!("the `(` of `{opened}` is still open: put its `)` before this"),
            ),
            "," => Some("put a comma behind what stands before it".to_owned()),
            ":" => Some(format!(
                "a key and its value are joined by a colon: `{}: …`",
                trimmed
                    .rsplit(|c: char| !c.is_alphanumeric() && c != '_')
                    .next()?
            )),
            ";" if word == "rule" => {
                Some("the rule before this one lacks its end: `});`".to_owned())
            }
            "}" | ")" if self.at.trim().is_empty() => {
                let begun = trimmed.rfind("rule(")?;
                let line = 1 + trimmed[..begun].matches('\n').count();
                Some(format!(
                    "the rule that begins in line {line} ends with `}});`"
                ))
            }
            _ => None,
        }
    }

    /// What stands between the key of a rule that is being read and here.
    fn since_key(&self) -> Option<&'s str> {
        let rule = self.before.rfind("rule(")?;
        let keys = ["when:", "by:", "title:", "message:"];
        let from = keys.iter().filter_map(|key| {
            let at = self.before[rule..].rfind(key)?;
            Some(rule + at + key.len())
        });
        Some(&self.before[from.max()?..])
    }
}

/// Signs that other languages spell.
fn spelled(word: &str) -> Option<&'static str> {
    Some(match word {
        "and" | "AND" => "&&",
        "or" | "OR" => "||",
        "not" | "NOT" => "!",
        "True" | "TRUE" => "true",
        "False" | "FALSE" => "false",
        "elif" | "elsif" => "else if",
        _ => return None,
    })
}

/// A name that nobody declared.
fn undefined(name: &str, around: &Around<'_>) -> Option<String> {
    let levels = Level::RULE_LEVELS.map(Level::name);
    let severities = Severity::ALL.map(Severity::name);
    let is_word = levels.contains(&name) || severities.contains(&name);
    let behind = around.at[around.word().len()..].trim_start();
    if let Some(sign) = spelled(name) {
        return Some(format!("`{name}` is written `{sign}`"));
    }
    if name == "limits" && behind.starts_with('.') {
        return Some("a limit has two colons: `limits::name`".to_owned());
    }
    if is_word && !behind.starts_with('.') {
        return Some(format!("texts have quotes: `\"{name}\"`"));
    }
    if behind.starts_with(':') && !behind.starts_with("::") {
        return Some("the keys of a rule stand in `#{ … }`: put a `#` before the brace".to_owned());
    }
    if let Some(since) = around.since_key() {
        let head = format!("|{name}|");
        if since.trim_start().starts_with(&head) {
            return Some(format!(
                "the closure ends before this: put all of it in braces, `{head} {{ … }}`, and an \
                 `if … else …` that goes on in parentheses"
            ));
        }
        if behind.starts_with('.') && !since.contains('|') {
            return Some(format!(
                "a closure names the object that it is given: `{head} {name}.…`"
            ));
        }
    }
    if let Some(known) = did_you_mean(name, around.constants()) {
        return Some(known);
    }
    if behind.starts_with('.') {
        return Some("name the closure's own parameter, as in `|s| s.…`".to_owned());
    }
    Some(format!(
        "a limit is `limits::{name}`, a property `s.{name}`, a text `\"{name}\"`"
    ))
}
