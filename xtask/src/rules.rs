//! Random rules that load, and random readings for them to judge.
//!
//! Every choice comes from bytes, so that a fuzzer and a property test draw from the same rules:
//! all that a rule may say, with readings, limits and constants from small pools, so that they
//! meet at their edges.
//!
//! It knows names and nothing else: what a rule means, and what it must say of a document, is for
//! two evaluators to agree on.

use std::fmt::Write as _;

mod readings;
mod words;

pub use readings::{Drawn, Object, readings};
use words::{Dimension, FIELDS, Kind, LINKS, pool, texts};

/// Limits for the rules, as `thresholds.toml` has them.
pub const LIMITS: &str = "\
    jitter = \"30ms\"\nwait = \"0.1s\"\nloss = \"10%\"\nshare = \"50%\"\nscore = \"1.0 MOS\"\n\
    packets = \"500 packets\"\nfew = 500\nnothing = 0\nframes = \"7fps\"\nrate = 1e3\n";

/// Bytes, one decision after another; zeros when they are used up.
#[derive(Debug)]
pub struct Choices<'a>(pub &'a [u8]);

impl Choices<'_> {
    /// A number below `limit`, which is not zero.
    pub fn below(&mut self, limit: usize) -> usize {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        usize::from(*first) % limit
    }

    fn of<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 1
    }
}

/// A rule file with one rule, told apart from others by its number.
pub fn rule(choices: &mut Choices<'_>, number: usize) -> String {
    let mut file = String::from("const LEAST = 30;\nconst CODECS = [\"satin\", \"silk\"];\n");
    let level = choices.of(&["stream", "stream", "media", "session", "feedback", "call"]);
    let mut writer = Writer {
        choices,
        level,
        fuel: 40,
        helper: None,
    };
    let helper = writer.truth(2);
    writer.helper = Some(number);
    let when = writer.truth(5);
    let by = writer.key();
    let name = format!("helper_{number}");
    let _ = writeln!(
        file,
        "fn {name}(x) {{ let y = x; {} }}",
        helper.replace("x.", "y.")
    );
    let _ = write!(
        file,
        "rule(\"r-{number}\", #{{ on: \"{level}\", when: |x| {when}"
    );
    if let Some(by) = by {
        let _ = write!(file, ", by: |x| {by}");
    }
    if writer.choices.one_in(8) {
        let _ = write!(file, ", title: \"always the same\"");
    }
    if writer.choices.one_in(8) {
        let words = writer.number(None, 1);
        let _ = write!(file, ", message: |x| `it is ${{{words}}}`");
    }
    file.push_str(" });\n");
    file
}

struct Writer<'c, 'b> {
    choices: &'c mut Choices<'b>,
    level: &'static str,
    fuel: usize,
    /// The number of a helper that may be called.
    helper: Option<usize>,
}

impl Writer<'_, '_> {
    /// `x`, or what a few links from it lead to, and its level.
    fn object(&mut self) -> (String, &'static str) {
        let (mut path, mut level) = (String::from("x"), self.level);
        for _ in 0..self.choices.of(&[0, 0, 0, 1, 1, 2, 3]) {
            let links: Vec<_> = LINKS.iter().filter(|(from, ..)| *from == level).collect();
            if links.is_empty() {
                break;
            }
            let (_, link, to) = links[self.choices.below(links.len())];
            path = format!("{path}.{link}");
            level = to;
        }
        (path, level)
    }

    /// A field of some object that `fits`; one is found sooner or later, or there is none.
    fn field(&mut self, fits: impl Fn(Kind) -> bool) -> Option<(String, &'static str, Kind)> {
        for _ in 0..4 {
            let (path, level) = self.object();
            let fields: Vec<_> = FIELDS
                .iter()
                .filter(|(on, _, kind)| *on == level && fits(*kind))
                .collect();
            if !fields.is_empty() {
                let (_, name, kind) = fields[self.choices.below(fields.len())];
                return Some((format!("{path}.{name}"), name, *kind));
            }
        }
        None
    }

    fn truth(&mut self, depth: usize) -> String {
        self.fuel = self.fuel.saturating_sub(1);
        if depth == 0 || self.fuel == 0 {
            return self.leaf();
        }
        let inner = depth - 1;
        match self.choices.below(16) {
            0..=2 => format!("({} && {})", self.truth(inner), self.truth(inner)),
            3..=5 => format!("({} || {})", self.truth(inner), self.truth(inner)),
            6 => format!("!({})", self.truth(inner)),
            7 => format!("(({}) ?? ({}))", self.truth(inner), self.truth(inner)),
            8 => format!("guard({})", self.truth(inner)),
            9 => format!("has({})", self.comparison()),
            10 => {
                let (a, b, c) = (self.truth(inner), self.truth(inner), self.truth(inner));
                format!("(if certain({a}) {{ {b} }} else {{ {c} }})")
            }
            11 => match self.helper {
                Some(number) => format!("helper_{number}(x)"),
                None => self.leaf(),
            },
            12 => format!("certain({})", self.truth(inner)),
            _ => self.leaf(),
        }
    }

    fn leaf(&mut self) -> String {
        match self.choices.below(12) {
            0 => self
                .choices
                .of(&["true", "false", "limits::nothing == 0"])
                .to_owned(),
            1 => {
                let field = self.field(|kind| kind == Kind::Bool);
                field.map_or("false".to_owned(), |(field, ..)| field)
            }
            2 => {
                let field = self.field(|kind| kind == Kind::Bool);
                let value = self.choices.of(&["true", "false"]);
                let sign = self.choices.of(&["==", "!="]);
                field.map_or("true".to_owned(), |(field, ..)| {
                    format!("({field} {sign} {value})")
                })
            }
            3 => {
                let word = self.choices.of(&["has", "has", "note"]);
                let object = self.object();
                let field = self.field(|_| true);
                match field.filter(|_| !self.choices.one_in(4)) {
                    Some((field, ..)) => format!("{word}({field})"),
                    None => format!("{word}({})", object.0),
                }
            }
            _ => self.comparison(),
        }
    }

    fn comparison(&mut self) -> String {
        match self.choices.below(8) {
            0 | 1 => self.text_comparison(),
            2 => self.list_comparison(),
            3 => {
                let (number, dimension) = self.measured(1);
                let list: Vec<String> = (0..self.choices.below(12))
                    .map(|_| self.constant(dimension))
                    .collect();
                let word = self.choices.of(&["in", "!in"]);
                format!("({number} {word} [{}])", list.join(", "))
            }
            _ => {
                let (number, dimension) = self.measured(2);
                let other = self.number(Some(dimension), 2);
                let sign = self.choices.of(&[">", ">=", "<", "<=", "==", "!="]);
                if self.choices.one_in(3) {
                    format!("({other} {sign} {number})")
                } else {
                    format!("({number} {sign} {other})")
                }
            }
        }
    }

    fn text_comparison(&mut self) -> String {
        let Some((field, name, kind)) = self.field(|kind| matches!(kind, Kind::Text | Kind::Enum))
        else {
            return "true".to_owned();
        };
        let known = texts(name);
        let text = format!("\"{}\"", self.choices.of(known));
        match self.choices.below(7) {
            0 => format!("({field} != {text})"),
            1 => {
                let count = self.choices.below(11);
                let list: Vec<String> = (0..count)
                    .map(|_| format!("\"{}\"", self.choices.of(known)))
                    .collect();
                let word = self.choices.of(&["in", "!in"]);
                format!("({field} {word} [{}])", list.join(", "))
            }
            2 if kind == Kind::Text => format!("contains({field}, \"a\")"),
            3 => format!("(({field} ?? {text}) == {text})"),
            4 => match self.field(|other| other == kind) {
                Some((other, also, _)) if kind == Kind::Text || also == name => {
                    format!("({field} == {other})")
                }
                _ => format!("({text} == {field})"),
            },
            5 if name == "audioCodec" && self.helper.is_some() => format!("({field} in CODECS)"),
            _ => format!("({field} == {text})"),
        }
    }

    fn list_comparison(&mut self) -> String {
        let Some((field, name, _)) = self.field(|kind| kind == Kind::List) else {
            return self.text_comparison();
        };
        let text = self.choices.of(texts(name));
        match self.choices.below(3) {
            0 => format!("(\"{text}\" in {field})"),
            1 => format!("(\"{text}\" !in {field})"),
            _ => format!("contains({field}, \"{text}\")"),
        }
    }

    /// A number that comes from the record, and its dimension.
    fn measured(&mut self, depth: usize) -> (String, Dimension) {
        let field = self.field(|kind| matches!(kind, Kind::Number(_)));
        let Some((field, _, Kind::Number(dimension))) = field else {
            return ("limits::few".to_owned(), Dimension::Bare);
        };
        if depth == 0 || self.fuel == 0 {
            return (field, dimension);
        }
        self.fuel -= 1;
        let number = match self.choices.below(10) {
            0 => format!("({field} + {})", self.number(Some(dimension), depth - 1)),
            1 => format!("({} - {field})", self.number(Some(dimension), depth - 1)),
            2 => format!(
                "({field} * {})",
                self.choices.of(&["2", "0.5", "0", "3037000500"])
            ),
            3 => format!(
                "({field} / {})",
                self.choices.of(&["2", "0.1", "0", "1000"])
            ),
            4 => format!("({field} % {})", self.choices.of(&["7", "0.3", "0"])),
            5 => format!("(-{field})"),
            6 => format!("({field} ?? {})", self.number(Some(dimension), depth - 1)),
            _ => field,
        };
        (number, dimension)
    }

    /// A number of a dimension, from wherever.
    fn number(&mut self, dimension: Option<Dimension>, depth: usize) -> String {
        let dimension = dimension.unwrap_or_else(|| {
            let all = [
                Dimension::Milliseconds,
                Dimension::Ratio,
                Dimension::Packets,
            ];
            self.choices.of(&all)
        });
        match self.choices.below(6) {
            0 | 1 => dimension.limit(self.choices.below(2)).to_owned(),
            2 => {
                let limit = dimension.limit(0);
                let by = self.choices.of(&["* 2", "/ 2", "* 0.5", "- 1", "+ 1"]);
                format!("({limit} {by})")
            }
            3 if depth > 0 => {
                let fits = |kind| kind == Kind::Number(dimension);
                match self.field(fits) {
                    Some((field, ..)) => field,
                    None => self.constant(dimension),
                }
            }
            // A function sees no constant of the file's.
            4 if dimension == Dimension::Milliseconds && self.helper.is_some() => {
                "LEAST".to_owned()
            }
            _ => self.constant(dimension),
        }
    }

    fn constant(&mut self, dimension: Dimension) -> String {
        self.choices.of(pool(dimension)).to_owned()
    }

    fn key(&mut self) -> Option<String> {
        let part = |this: &mut Self| match this.choices.below(6) {
            0 => this.number(None, 1),
            1 => this.measured(1).0,
            2 => "\"fixed\"".to_owned(),
            _ => {
                let field = this.field(|_| true);
                field.map_or("7".to_owned(), |(field, ..)| field)
            }
        };
        match self.choices.below(5) {
            0 => Some(part(self)),
            1 => {
                let count = self.choices.below(4);
                let parts: Vec<String> = (0..count).map(|_| part(self)).collect();
                Some(format!("[{}]", parts.join(", ")))
            }
            _ => None,
        }
    }
}
