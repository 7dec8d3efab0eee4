//! Spoils a sound record as the fuzzer's bytes say: structure first, so that the
//! mutations reach deep fields and not only the grammar.

use crate::tree::Tree;

/// The fuzzer's bytes, one decision after another; zeros when they are used up.
pub struct Choices<'a>(pub &'a [u8]);

impl Choices<'_> {
    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    /// A number below `limit`, which is not zero.
    pub fn below(&mut self, limit: usize) -> usize {
        (usize::from(self.byte()) << 8 | usize::from(self.byte())) % limit
    }
}

/// A call record by the repository's own generator, and up to eight mutations of it.
pub fn record(choices: &mut Choices<'_>) -> Tree {
    let plan = xtask::generate::Plan {
        seed: u64::from(choices.byte()),
        documents: 1,
        sessions: Some(1 + u32::from(choices.byte() & 1)),
        ..Default::default()
    };
    let text = xtask::generate::documents(&plan)
        .at(u64::from(choices.byte()))
        .text;
    let mut tree = serde_json::from_str(&text).unwrap_or(Tree::Null);
    for _ in 0..choices.byte() % 9 {
        spoil(&mut tree, choices);
    }
    tree
}

/// Changes one place.
fn spoil(tree: &mut Tree, choices: &mut Choices<'_>) {
    // Down to a place; the deeper the likelier, for records are deep.
    let at = descend(tree, choices);
    match (choices.byte() % 9, &mut *at) {
        (0, Tree::Object(members)) if !members.is_empty() => {
            members.remove(choices.below(members.len()));
        }
        (1, Tree::Object(members)) if !members.is_empty() => {
            let twin = members[choices.below(members.len())].clone();
            members.insert(choices.below(members.len() + 1), twin);
        }
        (2, Tree::Object(members)) if !members.is_empty() => {
            let index = choices.below(members.len());
            members[index].0 = name(choices);
        }
        (3, Tree::Object(members)) => members.push((name(choices), value(choices))),
        (4, Tree::Array(items)) => items.push(value(choices)),
        (5, any) => {
            let inner = std::mem::replace(any, Tree::Null);
            *any = deep(inner, 1 + choices.byte() % 70, choices.byte() & 1 == 0);
        }
        (6, Tree::Array(items)) if !items.is_empty() => {
            let twin = items[choices.below(items.len())].clone();
            items.extend(std::iter::repeat_n(twin, 1 + choices.below(40)));
        }
        (7, Tree::Object(members)) => {
            // Wide: a run of strangers beside what is known.
            let (stem, fill) = (name(choices), value(choices));
            let more = 1 + choices.below(300);
            members.extend((0..more).map(|at| (format!("{stem}{at}"), fill.clone())));
        }
        (8, any) => {
            // Retyped, and nothing lost: the value in an array, or an object's values alone.
            *any = match std::mem::replace(any, Tree::Null) {
                Tree::Object(members) => {
                    Tree::Array(members.into_iter().map(|(_, value)| value).collect())
                }
                other => Tree::Array(vec![other]),
            };
        }
        (_, any) => *any = value(choices),
    }
}

fn descend<'t>(tree: &'t mut Tree, choices: &mut Choices<'_>) -> &'t mut Tree {
    let children = match tree {
        Tree::Array(items) => items.len(),
        Tree::Object(members) => members.len(),
        _ => 0,
    };
    if choices.byte() % 8 == 0 || children == 0 {
        return tree;
    }
    let index = choices.below(children);
    match tree {
        Tree::Array(items) => descend(&mut items[index], choices),
        Tree::Object(members) => descend(&mut members[index].1, choices),
        scalar => scalar,
    }
}

fn deep(mut tree: Tree, levels: u8, array: bool) -> Tree {
    for _ in 0..levels {
        tree = if array {
            Tree::Array(vec![tree])
        } else {
            Tree::Object(vec![("sessions".to_owned(), tree)])
        };
    }
    tree
}

fn name(choices: &mut Choices<'_>) -> String {
    const NAMES: &[&str] = &[
        "",
        "id",
        "ID",
        "sessions",
        "segments",
        "caller",
        "averageJitter",
        "averagejitter",
        "sessions@odata.nextLink",
        "@odata.type",
        "a/b~c",
        "näïve\u{0}",
        "\u{202e}id",
        "postForwardErrorCorrectionPacketLossRate",
        "postForwardErrorCorrectionPacketLossRatio",
    ];
    NAMES[choices.below(NAMES.len())].to_owned()
}

fn value(choices: &mut Choices<'_>) -> Tree {
    const LITERALS: &[&str] = &[
        "0",
        "-0",
        "-0.0",
        "0.0",
        "1",
        "1.0",
        "1e0",
        "-1",
        "0.1",
        "1e308",
        "-1e308",
        "5e-324",
        "1e-400",
        "2147483647",
        "2147483648",
        "-2147483649",
        "9007199254740993",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "18446744073709551615",
        "1.5",
        "123456789012345678e-17",
        "1.7976931348623157e308",
        "2.2250738585072014e-308",
        "0.30000000000000004",
    ];
    const STRINGS: &[&str] = &[
        "",
        "NaN",
        "INF",
        "-INF",
        "Infinity",
        "PT0S",
        "PT0.016S",
        "-PT1S",
        "P1D",
        "P1DT2H3M4.5S",
        "PT",
        "P",
        "P1DT",
        "PT1M2H",
        "PT1.S",
        "0001-01-01T00:00:00Z",
        "2020-02-25T18:52:21.2169889Z",
        "2020-02-25T18:52:21+05:30",
        "2020-02-25T24:00:00Z",
        "2020-02-25T18:52:21.0000000000000Z",
        "2020-02-30T18:52Z",
        "2020-02-25T18:52:21.Z",
        "peerToPeer",
        "PeerToPeer",
        "unknownFutureValue",
        "\u{0}",
        "\u{1f600}",
        "٣",
        "e\u{301}",
        "\u{10ffff}",
        "\u{fffd}",
        "\u{7f}\u{85}",
        "PT٣S",
        "\u{feff}",
        "line\nbreak",
    ];
    match choices.byte() % 6 {
        0 => Tree::Null,
        1 => Tree::Bool(choices.byte() & 1 == 0),
        2 => Tree::Literal(LITERALS[choices.below(LITERALS.len())]),
        3 => Tree::Array(Vec::new()),
        4 => Tree::Object(vec![(name(choices), Tree::Null)]),
        _ => Tree::String(STRINGS[choices.below(STRINGS.len())].to_owned()),
    }
}
