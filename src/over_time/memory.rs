//! A document as it is remembered across the end of the program, and put in again.
//!
//! What a state knows is a function of the documents that came, so documents are what is kept: the
//! same ones, in the same order, bring it back. Rules are named, not numbered; samples of a window
//! rule that asks something else now are left out.

use std::borrow::Cow;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::rules::RuleSet;
use crate::window::{Contribution, Keys, Raised, Sample};

/// A document that was read, as much of it as is wanted after a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remembered {
    /// when it was read, in seconds since 1970
    pub wall: i64,
    /// what it is known by
    pub body: Vec<u8>,
    /// what it put into windows; nothing once no window reaches it
    pub samples: Option<Vec<u8>>,
}

#[derive(Serialize, Deserialize)]
struct Body<'b> {
    #[serde(borrow)]
    call: Cow<'b, str>,
    version: Option<i64>,
    digest: u64,
    more: bool,
    end: Option<u32>,
    sessions: Cow<'b, [u64]>,
    #[serde(borrow)]
    raised: Vec<Alert<'b>>,
}

#[derive(Serialize, Deserialize)]
struct Alert<'b> {
    #[serde(borrow)]
    rule: Cow<'b, str>,
    #[serde(borrow)]
    key: Option<Cow<'b, str>>,
    digest: u64,
    cooldown: u32,
}

/// Samples with the fingerprints of their rules and their keys, each once.
#[derive(Default, Serialize, Deserialize)]
struct Samples<'b> {
    rules: Vec<u64>,
    #[serde(borrow)]
    keys: Vec<Cow<'b, str>>,
    all: Vec<One>,
}

#[derive(Serialize, Deserialize)]
struct One {
    session: u32,
    rule: u16,
    key: u32,
    at: u32,
    user: u32,
    value: i64,
}

/// The place of what is like that in a list, which gets it if it is not there.
fn place<T>(list: &mut Vec<T>, is: impl Fn(&T) -> bool, new: impl FnOnce() -> T) -> usize {
    list.iter().position(is).unwrap_or_else(|| {
        list.push(new());
        list.len() - 1
    })
}

impl Remembered {
    /// What is kept of a document that came at `wall`; its rules are numbered as in the set whose
    /// windows have these fingerprints.
    pub(super) fn of(own: &Contribution, windows: &[Option<u64>], wall: u32) -> Remembered {
        let raised = own.raised.iter().map(|raised| Alert {
            rule: Cow::Borrowed(&*raised.name),
            key: raised.key.as_deref().map(Cow::Borrowed),
            digest: raised.digest,
            cooldown: raised.cooldown,
        });
        let body = Body {
            call: Cow::Borrowed(&*own.call),
            version: own.version,
            digest: own.digest,
            more: own.more,
            end: own.end,
            sessions: Cow::Borrowed(&own.sessions),
            raised: raised.collect(),
        };
        let mut samples = Samples {
            all: Vec::with_capacity(own.samples.len()),
            ..Samples::default()
        };
        // By key of the document: its rule and its text among those that are written.
        let mut known: Vec<Option<(u16, u32)>> = vec![None; own.keys.len()];
        for sample in &own.samples {
            let Some((rule, text)) = own.keys.get(sample.key) else {
                continue;
            };
            let window = windows.get(usize::from(rule)).copied().flatten();
            let Some(window) = window else { continue };
            let (rule, key) = *known[sample.key as usize].get_or_insert_with(|| {
                let rule = place(&mut samples.rules, |it| *it == window, || window);
                let key = || Cow::Borrowed(text);
                let key = place(&mut samples.keys, |it| **it == *text, key);
                (rule as u16, key as u32)
            });
            samples.all.push(One {
                session: sample.session,
                rule,
                key,
                at: sample.at,
                user: sample.user,
                value: sample.value,
            });
        }
        // Neither has a map or a trait object in it, and memory is all that is written to.
        let bytes = |written: postcard::Result<Vec<u8>>| written.unwrap_or_default();
        Remembered {
            wall: wall.into(),
            body: bytes(postcard::to_allocvec(&body)),
            samples: (!samples.all.is_empty()).then(|| bytes(postcard::to_allocvec(&samples))),
        }
    }

    /// The document as it came, its rules numbered as in this set; nothing where it cannot be read.
    pub(super) fn contribution(
        &self,
        set: &RuleSet,
        windows: &[Option<u64>],
    ) -> Option<Contribution> {
        let body: Body<'_> = postcard::from_bytes(&self.body).ok()?;
        let (mut keys, mut all) = (Keys::default(), Vec::new());
        if let Some(bytes) = &self.samples {
            let samples: Samples<'_> = postcard::from_bytes(bytes).ok()?;
            let rules: Vec<Option<u16>> = samples
                .rules
                .iter()
                .map(|rule| {
                    let at = windows.iter().position(|window| *window == Some(*rule));
                    at.map(|at| at as u16)
                })
                .collect();
            // A key of this document for each rule and text that come together.
            let mut known: FxHashMap<(u16, u32), u32> = FxHashMap::default();
            for one in samples.all {
                let text = samples.keys.get(one.key as usize)?;
                if one.session as usize >= body.sessions.len() {
                    return None;
                }
                if let Some(rule) = rules.get(usize::from(one.rule)).copied()? {
                    let key = *known
                        .entry((rule, one.key))
                        .or_insert_with(|| keys.add(rule, text));
                    all.push(Sample {
                        session: one.session,
                        key,
                        at: one.at,
                        user: one.user,
                        value: one.value,
                    });
                }
            }
        }
        let raised = body.raised.iter().filter_map(|alert| {
            let number = set
                .rules()
                .iter()
                .position(|it| **it.name() == *alert.rule)?;
            Some(Raised {
                rule: number as u16,
                name: Arc::clone(set.rules()[number].name()),
                key: alert.key.as_deref().map(Into::into),
                digest: alert.digest,
                cooldown: alert.cooldown,
            })
        });
        Some(Contribution {
            call: (&*body.call).into(),
            version: body.version,
            digest: body.digest,
            more: body.more,
            end: body.end,
            raised: raised.collect(),
            sessions: body.sessions.into_owned(),
            keys,
            samples: all,
        })
    }
}
