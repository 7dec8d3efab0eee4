//! What one document contributes: plain data, in few allocations.

use super::event::Raised;

/// One sample for one window rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// place of its session in [`Contribution::sessions`]
    pub session: u32,
    /// its key, as [`Keys::add`] numbered it
    pub key: u32,
    /// event time, in seconds since 1970
    pub at: u32,
    /// who it is from; 0 is nobody
    pub user: u32,
    /// 0 or 1 of a share, 1 of a count, millionths of a reading, or what stands for a value
    pub value: i64,
}

/// The keys of a document's samples, each of one rule: all in one text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    text: String,
    all: Vec<Key>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key {
    /// nothing for a rule that is gone
    rule: Option<u16>,
    from: u32,
    to: u32,
}

impl Keys {
    /// Adds a key of rule number `rule`, as people read it; its number. Keys that are the same may
    /// be added twice: they are one to the windows.
    pub fn add(&mut self, rule: u16, text: &str) -> u32 {
        let from = self.text.len() as u32;
        self.text.push_str(text);
        let to = self.text.len() as u32;
        let rule = Some(rule);
        self.push(Key { rule, from, to })
    }

    /// Adds a key of another rule with the text of one that is there.
    pub(crate) fn add_like(&mut self, rule: u16, key: u32) -> u32 {
        let Some(Key { from, to, .. }) = self.all.get(key as usize).copied() else {
            return self.add(rule, "");
        };
        let rule = Some(rule);
        self.push(Key { rule, from, to })
    }

    fn push(&mut self, key: Key) -> u32 {
        self.all.push(key);
        self.all.len() as u32 - 1
    }

    /// Number of its rule, and its text; nothing where its rule is gone.
    pub fn get(&self, key: u32) -> Option<(u16, &str)> {
        let Key { rule, from, to } = self.all.get(key as usize)?;
        Some(((*rule)?, self.text.get(*from as usize..*to as usize)?))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Gives rules other numbers, or none; whether one has none.
    pub(crate) fn renumber(&mut self, mut number: impl FnMut(u16, &str) -> Option<u16>) -> bool {
        let Keys { text, all } = self;
        let mut gone = false;
        for Key { rule, from, to } in all {
            let text = text.get(*from as usize..*to as usize).unwrap_or_default();
            *rule = rule.and_then(|rule| number(rule, text));
            gone |= rule.is_none();
        }
        gone
    }

    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.all.clear();
    }
}

/// What one document contributes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contribution {
    /// the call's id, or what stands for it
    pub call: String,
    /// the record's version; nothing for a sessions page
    pub version: Option<i64>,
    /// a hash of the document
    pub digest: u64,
    /// whether its sessions go on behind a link
    pub more: bool,
    /// the latest end in it, in seconds since 1970
    pub end: Option<u32>,
    /// hashes of the ids of its sessions, each once
    pub sessions: Vec<u64>,
    /// the keys of its samples
    pub keys: Keys,
    /// what it puts into the windows
    pub samples: Vec<Sample>,
    /// the single-call alerts that it raised
    pub raised: Vec<Raised>,
}

impl Contribution {
    /// Forgets what it is, and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.call.clear();
        self.sessions.clear();
        self.keys.clear();
        self.samples.clear();
        self.raised.clear();
        self.version = None;
        self.end = None;
    }

    /// Gives rules other numbers, or none, and drops the samples of those that have none.
    pub(crate) fn renumber(&mut self, number: impl FnMut(u16, &str) -> Option<u16>) {
        if self.keys.renumber(number) {
            let keys = &self.keys;
            self.samples.retain(|sample| keys.get(sample.key).is_some());
        }
    }
}
