//! What a document is to be, drawn before a byte of it is written.
//!
//! Which sessions carry which rule is decided here and nowhere else, so that the
//! writers only obey. Nothing here writes JSON.

use super::random::Random;
use super::{Mix, Plan};

/// What becomes of one document of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// No JSON, or a key twice.
    Broken { differing_key: bool },
    /// No call record.
    Foreign,
    /// A record without its sessions.
    Unexpanded { listed: bool },
    /// A document with sessions.
    Call(Shape),
}

/// The form of a document with sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A record, complete.
    Whole,
    /// A record with one value against the schema.
    Invalid,
    /// A record with a next link.
    Partial,
    /// A page of sessions.
    Page,
}

/// Draws a document's outcome by the shares of `mix`.
pub(crate) fn outcome(mix: &Mix, random: &mut Random) -> Outcome {
    let shares = [
        (
            mix.malformed,
            Outcome::Broken {
                differing_key: false,
            },
        ),
        (
            mix.duplicate_key_differs,
            Outcome::Broken {
                differing_key: true,
            },
        ),
        (mix.foreign, Outcome::Foreign),
        (mix.list_entry, Outcome::Unexpanded { listed: true }),
        (mix.unexpanded, Outcome::Unexpanded { listed: false }),
        (mix.invalid, Outcome::Call(Shape::Invalid)),
        (mix.partial, Outcome::Call(Shape::Partial)),
        (mix.sessions_page, Outcome::Call(Shape::Page)),
    ];
    draw(shares, random).unwrap_or(Outcome::Call(Shape::Whole))
}

fn draw<T, const N: usize>(shares: [(u16, T); N], random: &mut Random) -> Option<T> {
    let mut roll = random.below(1000);
    for (share, item) in shares {
        match roll.checked_sub(u64::from(share)) {
            None => return Some(item),
            Some(rest) => roll = rest,
        }
    }
    None
}

/// Which generation of Graph wrote the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Era {
    /// 2020: `identity`, `organizer`; few fields.
    Early,
    /// 2023: both spellings of who, all fields.
    Between,
    /// 2026: `associatedIdentity`, `organizer_v2` alone.
    Late,
}

/// A set of at most three sessions, by index.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sessions([Option<u32>; 3]);

impl Sessions {
    /// Whether `session` is in the set.
    pub(crate) fn has(self, session: u32) -> bool {
        self.0.contains(&Some(session))
    }

    fn one(count: u32, random: &mut Random) -> Self {
        Self([Some(random.below(u64::from(count)) as u32), None, None])
    }

    fn one_to_three(count: u32, random: &mut Random) -> Self {
        let mut set = [None; 3];
        let drawn = random.within(1, 3) as usize;
        for place in &mut set[..drawn] {
            *place = Some(random.below(u64::from(count)) as u32);
        }
        Self(set)
    }
}

/// The decisions about one document with sessions.
#[derive(Debug, Clone)]
pub(crate) struct Recipe {
    pub(crate) shape: Shape,
    pub(crate) era: Era,
    /// Whether `@odata.*` is written.
    pub(crate) metadata: bool,
    /// Whether nulls are written.
    pub(crate) nulls: bool,
    pub(crate) group: bool,
    /// One end is the telephone network.
    pub(crate) pstn: bool,
    pub(crate) sessions: u32,
    /// No session has media.
    pub(crate) silent: bool,
    pub(crate) poor_audio: Sessions,
    pub(crate) poor_video: Sessions,
    pub(crate) poor_screen_sharing: Sessions,
    pub(crate) poor_feedback: Sessions,
    pub(crate) failed: Sessions,
    /// Bad readings below the packet limit.
    pub(crate) gated: Sessions,
    /// The session with the undeclared name.
    pub(crate) notice: Sessions,
    /// The session with the value against the schema.
    pub(crate) fault: Sessions,
}

impl Recipe {
    /// Draws the decisions of a document of this `shape`.
    pub(crate) fn draw(plan: &Plan, shape: Shape, random: &mut Random) -> Self {
        let mix = &plan.mix;
        let group = random.per_mille(550);
        let sessions = match plan.sessions {
            Some(count) => count.clamp(1, super::MOST_SESSIONS),
            None if group => group_size(random),
            None => 1,
        };
        let group = group || sessions > 1;
        let mut recipe = Self {
            shape,
            era: match random.below(10) {
                0..=2 => Era::Early,
                3..=5 => Era::Between,
                _ => Era::Late,
            },
            metadata: shape == Shape::Page || !random.per_mille(mix.without_metadata),
            nulls: !random.per_mille(150),
            group,
            pstn: !group && random.per_mille(250),
            sessions,
            silent: false,
            poor_audio: Sessions::default(),
            poor_video: Sessions::default(),
            poor_screen_sharing: Sessions::default(),
            poor_feedback: Sessions::default(),
            failed: Sessions::default(),
            gated: Sessions::default(),
            notice: Sessions::default(),
            fault: Sessions::default(),
        };
        let rules = [
            (mix.poor_audio, 0),
            (mix.poor_video, 1),
            (mix.poor_screen_sharing, 2),
            (mix.poor_feedback, 3),
            (mix.failed, 4),
        ];
        if let Some(rule) = draw(rules, random) {
            recipe.plant(rule, random);
            if random.per_mille(mix.second_rule) {
                recipe.plant((rule + random.within(1, 4)) % 5, random);
            }
        }
        let any = |random: &mut Random| Sessions::one(sessions, random);
        if random.per_mille(mix.gated) {
            recipe.gated = any(random);
        }
        if random.per_mille(mix.unknown_property) {
            recipe.notice = any(random);
        }
        if shape == Shape::Invalid {
            recipe.fault = any(random);
        }
        // A mix without such records draws nothing: its bytes are what they were.
        if mix.without_media > 0 && random.per_mille(mix.without_media) {
            recipe.silence();
        }
        recipe
    }

    /// Takes the media away, unless something is planted in them.
    fn silence(&mut self) {
        let planted = [self.poor_audio, self.poor_video, self.poor_screen_sharing];
        self.silent = planted.iter().all(|set| *set == Sessions::default());
        if self.silent {
            self.era = Era::Early;
            self.metadata = self.shape == Shape::Page;
            self.gated = Sessions::default();
        }
    }

    fn plant(&mut self, rule: u64, random: &mut Random) {
        let set = Sessions::one_to_three(self.sessions, random);
        match rule {
            0 => self.poor_audio = set,
            1 => self.poor_video = set,
            2 => self.poor_screen_sharing = set,
            3 => self.poor_feedback = set,
            _ => self.failed = set,
        }
        // Nobody shows a picture on a telephone, and nobody asks it how it was.
        self.pstn = self.pstn && matches!(rule, 0 | 4);
    }
}

/// Sessions of a meeting: half have two, one in a thousand has sixty.
fn group_size(random: &mut Random) -> u32 {
    let (low, high) = match random.below(1000) {
        0..450 => (2, 2),
        450..700 => (3, 3),
        700..880 => (4, 5),
        880..975 => (6, 9),
        975..996 => (10, 24),
        996..999 => (25, 59),
        _ => (60, 60),
    };
    random.within(low, high) as u32
}
