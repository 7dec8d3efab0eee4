//! Random readings: the objects of a small call, each field there or not.
//!
//! Values are those that rules are compared with, and a few that no record should have: whole
//! numbers beyond what a double holds, negative ones, empty texts.

use super::Choices;
use super::words::{Dimension, FIELDS, Kind, LINKS, pool, texts};

/// One object of a document.
#[derive(Debug)]
pub struct Object {
    /// Its level.
    pub level: &'static str,
    /// Each link, and the object it leads to, by its place among the objects.
    pub links: Vec<(&'static str, usize)>,
    /// What is there.
    pub readings: Vec<(&'static str, Drawn)>,
}

/// A value that was drawn.
#[derive(Debug, Clone, PartialEq)]
pub enum Drawn {
    /// Said to be missing.
    Missing,
    /// A number.
    Number(f64),
    /// A whole number.
    Integer(i64),
    /// True or false.
    Bool(bool),
    /// A text.
    Text(&'static str),
    /// Several texts.
    List(Vec<&'static str>),
}

/// The objects of one document, parents before children.
pub fn readings(choices: &mut Choices<'_>) -> Vec<Object> {
    let mut objects = Vec::new();
    // How many of each level, the levels in an order in which links lead backwards.
    let many = if choices.one_in(6) {
        67
    } else {
        1 + choices.below(5)
    };
    for (level, count) in [
        ("call", 1),
        ("network", choices.below(3)),
        ("device", choices.below(2)),
        ("userAgent", choices.below(2)),
        ("endpoint", choices.below(4)),
        ("session", 1 + choices.below(2)),
        ("feedback", choices.below(3)),
        ("segment", 1 + choices.below(2)),
        ("media", 1 + choices.below(3)),
        ("stream", many),
    ] {
        for _ in 0..count {
            let object = object(level, &objects, choices);
            objects.push(object);
        }
    }
    objects
}

fn object(level: &'static str, before: &[Object], choices: &mut Choices<'_>) -> Object {
    let mut links = Vec::new();
    for (_, link, to) in LINKS.iter().filter(|(from, ..)| *from == level) {
        let targets: Vec<usize> = (0..before.len())
            .filter(|at| before[*at].level == *to)
            .collect();
        if !targets.is_empty() && !choices.one_in(8) {
            links.push((*link, targets[choices.below(targets.len())]));
        }
    }
    let mut readings = Vec::new();
    for (_, name, kind) in FIELDS.iter().filter(|(on, ..)| *on == level) {
        match choices.below(6) {
            0 => {}
            1 => readings.push((*name, Drawn::Missing)),
            _ => readings.push((*name, value(name, *kind, choices))),
        }
    }
    Object {
        level,
        links,
        readings,
    }
}

fn value(name: &str, kind: Kind, choices: &mut Choices<'_>) -> Drawn {
    match kind {
        Kind::Text | Kind::Enum if choices.one_in(10) => Drawn::Text(""),
        Kind::Text | Kind::Enum => Drawn::Text(choices.of(texts(name))),
        Kind::Bool => Drawn::Bool(choices.below(2) == 0),
        Kind::List => {
            let count = choices.below(4);
            Drawn::List((0..count).map(|_| choices.of(texts(name))).collect())
        }
        Kind::Number(dimension) => number(name, dimension, choices),
    }
}

/// Fields that hold whole numbers, unless a record has it otherwise.
const WHOLE: [&str; 3] = ["packetUtilization", "wifiChannel", "wifiSignalStrength"];

fn number(name: &str, dimension: Dimension, choices: &mut Choices<'_>) -> Drawn {
    const ODD: [i64; 6] = [
        1 << 53,
        (1 << 53) + 1,
        (1 << 60) + 1,
        i64::MAX,
        i64::MIN,
        -1,
    ];
    let written = choices.of(pool(dimension));
    let double = written.parse().unwrap_or_default();
    if !WHOLE.contains(&name) {
        return Drawn::Number(if choices.one_in(30) { -0.0 } else { double });
    }
    if choices.one_in(20) {
        return Drawn::Integer(choices.of(&ODD));
    }
    match written.parse() {
        Ok(whole) => Drawn::Integer(whole),
        Err(_) => Drawn::Number(double),
    }
}
