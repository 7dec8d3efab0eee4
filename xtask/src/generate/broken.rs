//! Breaks a sound record, as exports, disks and people do.
//!
//! One fault a document, and no line break in it. Of the two kinds the first is no
//! JSON for anybody; the second parses, and says two things under one name.

use super::random::Random;
use super::{Document, Planted, Verdict};

/// `text`, broken.
pub(crate) fn document(mut text: String, differing_key: bool, mut random: Random) -> Document {
    if differing_key {
        repeat_key(&mut text, &mut random);
    } else {
        spoil(&mut text, &mut random);
    }
    let planted = Planted {
        verdict: Verdict::Malformed,
        kind: "malformed",
        call_id: None,
        unexpanded: false,
        notices: false,
        violation: None,
        alerts: Vec::new(),
    };
    Document { text, planted }
}

fn spoil(text: &mut String, random: &mut Random) {
    let end = text.len().saturating_sub(1);
    match random.below(8) {
        0 => cut(text, random),
        1 => text.insert(end, ','),
        2 => replace(text, "\"version\":", "version:"),
        3 => replace(text, "\"startDateTime\":\"", "\"startDateTime\":\"\u{1}"),
        4 => replace(text, "\"type\":\"", "\"type\":'"),
        5 => replace(
            text,
            "\"startDateTime\":",
            "\"averageJitter\":NaN,\"startDateTime\":",
        ),
        6 => replace(text, ",\"startDateTime\":", " \"startDateTime\":"),
        _ => replace(text, "\"modalities\":[", "\"modalities\":[...,"),
    }
}

/// Cuts the text somewhere behind its first quarter, as a full disk does.
fn cut(text: &mut String, random: &mut Random) {
    let length = text.len() as u64;
    let mut at = random.within(length / 4, length.saturating_sub(1)) as usize;
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    text.truncate(at);
}

fn repeat_key(text: &mut String, random: &mut Random) {
    let (before, extra) = random.pick(&[
        ("\"version\":", "\"version\":99,"),
        ("\"version\":", "\"\\u0076ersion\":99,"),
        ("\"platform\":", "\"platform\":\"holoLens\","),
        ("\"streamDirection\":", "\"streamDirection\":null,"),
    ]);
    // A telephone leg may lack a client, a failed call its streams; each has a version.
    if text.contains(before) {
        replace(text, before, &[extra, before].concat());
    } else {
        replace(text, "\"version\":", "\"version\":99,\"version\":");
    }
}

/// Replaces the first `old`.
fn replace(text: &mut String, old: &str, new: &str) {
    if let Some(at) = text.find(old) {
        text.replace_range(at..at + old.len(), new);
    } else {
        text.pop();
    }
}
