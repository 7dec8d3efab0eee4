//! Patterns that are a row of simple steps, or a set of words.
//!
//! A step is a set of ASCII characters and how often one of them stands there. Steps are only
//! taken where each takes all it can and never has to give back: a step that may stop early is
//! followed by others that begin differently. Everything else is not recognised, and no pattern
//! is judged here.

/// A row of steps, from the beginning of a text on.
#[derive(Debug)]
pub(in crate::schema) struct Steps {
    steps: Vec<Step>,
    /// whether the text ends behind the last one
    whole: bool,
}

/// So many characters of a set.
#[derive(Clone, Copy, Debug)]
struct Step {
    set: Set,
    least: usize,
    most: Option<usize>,
}

/// Characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Set {
    /// a bit for each ASCII character
    ascii: u128,
    /// whether all others are in it
    others: bool,
}

impl Set {
    fn of(ascii: u128) -> Set {
        Set {
            ascii,
            others: false,
        }
    }

    #[inline]
    fn has(self, byte: u8) -> bool {
        if byte.is_ascii() {
            self.ascii >> byte & 1 == 1
        } else {
            self.others
        }
    }

    fn meets(self, other: Set) -> bool {
        self.ascii & other.ascii != 0 || self.others && other.others
    }
}

impl Steps {
    pub(super) fn of(pattern: &str) -> Option<Steps> {
        let (row, whole) = row(pattern)?;
        let mut rest = row;
        let mut steps: Vec<Step> = Vec::new();
        while let Some((set, behind)) = set(rest) {
            let (least, most, behind) = times(behind)?;
            rest = behind;
            // Bytes are counted, and those of one character are several.
            if set.others && (least > 1 || most.is_some()) {
                return None;
            }
            steps.push(Step { set, least, most });
        }
        let mut left = steps.as_slice();
        while let [step, behind @ ..] = left {
            left = behind;
            if step.most == Some(step.least) {
                continue;
            }
            for next in behind {
                if next.set.meets(step.set) {
                    return None;
                }
                if next.least > 0 {
                    break;
                }
            }
        }
        rest.is_empty().then_some(Steps { steps, whole })
    }

    #[inline]
    pub(super) fn is_match(&self, text: &str) -> bool {
        let mut rest = text.as_bytes();
        for step in &self.steps {
            let within = rest
                .iter()
                .take(step.most.unwrap_or(usize::MAX))
                .take_while(|byte| step.set.has(**byte))
                .count();
            if within < step.least {
                return false;
            }
            rest = rest.get(within..).unwrap_or_default();
        }
        rest.is_empty() || !self.whole
    }
}

/// The words that a pattern such as `^(NaN|-?INF)$` stands for; few, and told in the pattern.
pub(super) fn words(pattern: &str) -> Option<Vec<String>> {
    /// Behind this many the engine serves as well.
    const MOST: usize = 64;
    let (row, whole) = row(pattern)?;
    let inside = row.strip_prefix("(?:").or_else(|| row.strip_prefix('('));
    let inside = inside?.strip_suffix(')').filter(|_| whole)?;
    let mut words: Vec<String> = Vec::new();
    for alternative in inside.split('|') {
        let mut variants = vec![String::new()];
        let mut rest = alternative;
        while let Some((set, behind)) = set(rest) {
            if set.others || set.ascii.count_ones() != 1 {
                return None;
            }
            let letter = char::from(u8::try_from(set.ascii.trailing_zeros()).ok()?);
            let with = variants.iter().map(|variant| format!("{variant}{letter}"));
            if let Some(behind) = behind.strip_prefix('?') {
                rest = behind;
                variants = variants.iter().cloned().chain(with).collect();
            } else {
                rest = behind;
                variants = with.collect();
            }
            if variants.len() > MOST {
                return None;
            }
        }
        if !rest.is_empty() {
            return None;
        }
        words.append(&mut variants);
    }
    words.sort_unstable();
    words.dedup();
    (words.len() <= MOST).then_some(words)
}

/// What stands behind `^`, and whether it ends with `$`.
fn row(pattern: &str) -> Option<(&str, bool)> {
    let row = pattern.strip_prefix('^')?;
    match row.strip_suffix('$') {
        // `\$` is a dollar.
        Some(body) if !body.ends_with('\\') => Some((body, true)),
        Some(_) => None,
        None => Some((row, false)),
    }
}

const DIGITS: u128 = range(b'0', b'9');
const WORD: u128 = DIGITS | range(b'a', b'z') | range(b'A', b'Z') | 1 << b'_';

const fn range(from: u8, to: u8) -> u128 {
    let mut set = 0;
    let mut at = from;
    while at <= to {
        set |= 1 << at;
        at += 1;
    }
    set
}

/// Characters that stand for themselves wherever they stand outside of brackets.
fn is_literal(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b" !\"#%&',-/:;<=>@_`~".contains(&byte)
}

/// Characters that a backslash makes stand for themselves.
fn is_escaped_literal(byte: u8) -> bool {
    b"^$\\.*+?()[]{}|/-".contains(&byte)
}

/// The set at the head of `text`, and what is behind it.
fn set(text: &str) -> Option<(Set, &str)> {
    let first = *text.as_bytes().first()?;
    if let Some(inside) = text.strip_prefix("[^") {
        let (set, behind) = class(inside)?;
        let negated = Set {
            ascii: !set,
            others: true,
        };
        return Some((negated, behind));
    }
    let (set, behind) = match first {
        b'\\' => escaped(text)?,
        b'[' => class(text.get(1..)?)?,
        _ if is_literal(first) => (1 << first, text.get(1..)?),
        _ => return None,
    };
    Some((Set::of(set), behind))
}

/// What a backslash and the character behind it stand for.
fn escaped(text: &str) -> Option<(u128, &str)> {
    let set = match *text.as_bytes().get(1)? {
        b'd' => DIGITS,
        b'w' => WORD,
        byte if is_escaped_literal(byte) => 1 << byte,
        _ => return None,
    };
    Some((set, text.get(2..)?))
}

/// The set of `…]`, without its opening bracket.
fn class(text: &str) -> Option<(u128, &str)> {
    let mut set = 0u128;
    let mut rest = text;
    loop {
        let first = *rest.as_bytes().first()?;
        if first == b']' {
            // An empty class is told differently by different engines.
            return Some((set, rest.get(1..)?)).filter(|_| set != 0);
        }
        if first == b'\\' {
            let (more, behind) = escaped(rest)?;
            set |= more;
            rest = behind;
            continue;
        }
        // A minus is one where it is first or last only.
        let minus =
            first == b'-' && (rest.len() == text.len() || rest.as_bytes().get(1) == Some(&b']'));
        if !(minus || first != b'-' && (is_literal(first) || b".*+?(){}|".contains(&first))) {
            return None;
        }
        // In some engines these are operators where they stand twice.
        if b"&~-".contains(&first) && rest.as_bytes().get(1) == Some(&first) {
            return None;
        }
        match rest.as_bytes() {
            [from, b'-', to, ..] if *to != b']' => {
                if !(from.is_ascii_alphanumeric() && to.is_ascii_alphanumeric() && from <= to) {
                    return None;
                }
                set |= range(*from, *to);
                rest = rest.get(3..)?;
            }
            _ => {
                set |= 1 << first;
                rest = rest.get(1..)?;
            }
        }
    }
}

/// How often the step before `text` stands, and what is behind that.
fn times(text: &str) -> Option<(usize, Option<usize>, &str)> {
    /// Beyond this the engine may refuse the pattern.
    const MOST: usize = 1000;
    let (least, most, rest) = match text.as_bytes().first() {
        Some(b'?') => (0, Some(1), text.get(1..)?),
        Some(b'*') => (0, None, text.get(1..)?),
        Some(b'+') => (1, None, text.get(1..)?),
        Some(b'{') => {
            let (inside, rest) = text.get(1..)?.split_once('}')?;
            let number = |text: &str| {
                let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                text.parse().ok().filter(|number| digits && *number <= MOST)
            };
            match inside.split_once(',') {
                None => (number(inside)?, Some(number(inside)?), rest),
                Some((least, "")) => (number(least)?, None, rest),
                Some((least, most)) => (number(least)?, Some(number(most)?), rest),
            }
        }
        _ => return Some((1, Some(1), text)),
    };
    // A second quantifier, such as that of a lazy one, is not a step.
    let next = rest.as_bytes().first();
    let single = next.is_none_or(|next| !b"?*+{".contains(next));
    let ordered = most.is_none_or(|most| least <= most);
    (single && ordered).then_some((least, most, rest))
}
