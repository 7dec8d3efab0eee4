//! Seeded call records, each with what must be found in it.
//!
//! [`documents`] yields documents as Graph sends them, whole, partial, invalid,
//! foreign and broken, and beside each a [`Planted`]: its verdict and the exact
//! findings of the default rules. The same [`Plan`] gives the same bytes on every
//! machine; document `n` needs none of those before it ([`Documents::at`]).
//!
//! It shares nothing with qualwatch: no schema, no rule, no parser is consulted,
//! for this is the oracle these are held against. No clock, no entropy, no tree of
//! values; memory is that of one document.

mod broken;
mod call;
mod cli;
mod endpoint;
mod foreign;
mod json;
mod limits;
mod media;
mod network;
mod pretty;
mod random;
mod recipe;
mod session;
mod stream;
#[cfg(test)]
mod tests;
mod words;

pub use cli::{Args, MixName, parse_bytes, run};
pub use pretty::pretty;

use recipe::Outcome;

/// Sessions of the largest record: beyond the 60 of a page of Graph, for documents of any
/// size up to 16 MB and more.
pub const MOST_SESSIONS: u32 = 4_000;

/// Everything about a run: the same plan gives the same bytes.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Where chance begins.
    pub seed: u64,
    /// How many documents the run has.
    pub documents: u64,
    /// Which kinds of document, and how many of each.
    pub mix: Mix,
    /// Sessions of every record, 1 to [`MOST_SESSIONS`]. `None`: skewed small, at most
    /// 60, a mean document of about 24 kB.
    pub sessions: Option<u32>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            seed: 1,
            documents: 1000,
            mix: Mix::default(),
            sessions: None,
        }
    }
}

/// Shares per mille.
///
/// The first group are shares of all documents and exclude each other; what is
/// left over is valid records. The second group are shares of the documents that
/// hold sessions and can be read, and exclude each other too; `second_rule` of
/// those then get one more rule.
#[derive(Debug, Clone)]
pub struct Mix {
    /// No JSON: cut off, trailing comma, bare key, control character and the like.
    pub malformed: u16,
    /// JSON, yet a key is there twice with differing values. Verdict: malformed.
    pub duplicate_key_differs: u16,
    /// JSON that is no call record: PSTN and Direct Routing rows, notifications, others.
    pub foreign: u16,
    /// One value breaks the schema, away from every planted reading.
    pub invalid: u16,
    /// Sessions go on behind a next link.
    pub partial: u16,
    /// A page of sessions in place of a record.
    pub sessions_page: u16,
    /// An entry of the list of call records: no context, no sessions. Alone it is
    /// told as a `callRecord`; that it came from a list, only its array would say.
    pub list_entry: u16,
    /// A record fetched without `$expand`: a context, no sessions.
    pub unexpanded: u16,

    /// Rule `poor-audio` is planted.
    pub poor_audio: u16,
    /// Rule `poor-video` is planted.
    pub poor_video: u16,
    /// Rule `poor-screen-sharing` is planted.
    pub poor_screen_sharing: u16,
    /// Rule `poor-feedback` is planted.
    pub poor_feedback: u16,
    /// Rule `call-failed` is planted.
    pub failed: u16,
    /// Of the documents above: a further rule, drawn evenly.
    pub second_rule: u16,

    /// Of the documents with sessions: a property or enum member nobody declared.
    pub unknown_property: u16,
    /// Of the documents with sessions: bad readings that must stay quiet, for the
    /// stream has 500 packets or fewer, or does not say.
    pub gated: u16,
    /// Of the records: fetched with `odata.metadata=none`, so no `@odata.type`.
    pub without_metadata: u16,
    /// Of the documents with sessions in whose media nothing is planted: no media, in
    /// the form of 2020 and without `@odata.type`, so that one with one session has about 2 kB.
    pub without_media: u16,
}

impl Default for Mix {
    /// A little of everything; most documents are valid and quiet.
    fn default() -> Self {
        Self {
            malformed: 10,
            duplicate_key_differs: 5,
            foreign: 20,
            invalid: 20,
            partial: 30,
            sessions_page: 30,
            list_entry: 10,
            unexpanded: 10,
            poor_audio: 60,
            poor_video: 30,
            poor_screen_sharing: 20,
            poor_feedback: 30,
            failed: 20,
            second_rule: 250,
            unknown_property: 30,
            gated: 100,
            without_metadata: 20,
            without_media: 0,
        }
    }
}

impl Mix {
    /// All documents are valid records, and nothing is planted in them.
    #[must_use]
    pub fn clean() -> Self {
        Self {
            malformed: 0,
            duplicate_key_differs: 0,
            foreign: 0,
            invalid: 0,
            partial: 0,
            sessions_page: 0,
            list_entry: 0,
            unexpanded: 0,
            poor_audio: 0,
            poor_video: 0,
            poor_screen_sharing: 0,
            poor_feedback: 0,
            failed: 0,
            second_rule: 0,
            unknown_property: 0,
            gated: 100,
            without_metadata: 0,
            without_media: 0,
        }
    }

    /// All documents are valid records without media, and nothing is planted in them; of
    /// about 2 kB where each has one session.
    #[must_use]
    pub fn small() -> Self {
        Self {
            gated: 0,
            without_media: 1000,
            ..Self::clean()
        }
    }

    /// All documents are valid records, and one in ten raises at least one alert.
    #[must_use]
    pub fn tenth_alerting() -> Self {
        Self {
            poor_audio: 40,
            poor_video: 20,
            poor_screen_sharing: 10,
            poor_feedback: 15,
            failed: 15,
            second_rule: 250,
            ..Self::clean()
        }
    }
}

/// What must be said of a document as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// A record, complete and by the schema.
    Valid,
    /// A record whose sessions go on behind a next link.
    Partial,
    /// A record with a value against the schema.
    Invalid,
    /// JSON, and no record.
    Foreign,
    /// No JSON, or a key twice with differing values.
    Malformed,
}

impl Verdict {
    /// The verdict's name, in lower case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Partial => "partial",
            Self::Invalid => "invalid",
            Self::Foreign => "foreign",
            Self::Malformed => "malformed",
        }
    }
}

/// What must be found in a document, no more and no less.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planted {
    /// The document as a whole.
    pub verdict: Verdict,
    /// `callRecord`, `sessions page`, `PSTN row`, `Direct Routing row`,
    /// `change notification`, `foreign`, `malformed`; of the text standing alone.
    pub kind: &'static str,
    /// The call; `None` for foreign and malformed documents.
    pub call_id: Option<String>,
    /// A record whose sessions were never fetched: it can raise nothing.
    pub unexpanded: bool,
    /// Whether there is a property or enum member that nobody declared.
    pub notices: bool,
    /// JSON Pointer of the one value against the schema.
    pub violation: Option<String>,
    /// Sorted by rule; one a rule.
    pub alerts: Vec<PlantedAlert>,
}

/// One rule on one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlantedAlert {
    /// The rule's name.
    pub rule: &'static str,
    /// Where it fires, in document order.
    pub findings: Vec<PlantedFinding>,
}

/// One place where a rule fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlantedFinding {
    /// JSON Pointer of the stream, the feedback, the session or the segment.
    pub pointer: String,
    /// The readings over their limit, in document order. The conditions that let a
    /// rule look at all, `media.label` and `packetUtilization`, are not among them.
    pub fields: Vec<PlantedReading>,
}

/// One reading over its limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlantedReading {
    /// Graph's name, from the finding's place: `averageJitter`, `failureInfo.stage`.
    pub field: &'static str,
    /// JSON Pointer of the value.
    pub pointer: String,
    /// The value's JSON text as written.
    pub literal: String,
}

/// A document and what must be found in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Minified JSON, or what is left of it; no line break.
    pub text: String,
    /// What must be found.
    pub planted: Planted,
}

/// The documents of a plan, made as they are asked for.
#[must_use]
pub fn documents(plan: &Plan) -> Documents {
    Documents {
        plan: plan.clone(),
        next: 0,
    }
}

/// The documents of a plan; see [`documents`].
#[derive(Debug, Clone)]
pub struct Documents {
    plan: Plan,
    next: u64,
}

impl Documents {
    /// The document at `index`, whatever has been asked for before.
    #[must_use]
    pub fn at(&self, index: u64) -> Document {
        self.write(index, String::new())
    }

    /// The next document, written into `buffer`, whose old content is dropped.
    pub fn next_into(&mut self, buffer: String) -> Option<Document> {
        if self.next >= self.plan.documents {
            return None;
        }
        let index = self.next;
        self.next += 1;
        Some(self.write(index, buffer))
    }

    fn write(&self, index: u64, mut buffer: String) -> Document {
        buffer.clear();
        let mut random = random::Random::of_document(self.plan.seed, index);
        match recipe::outcome(&self.plan.mix, &mut random) {
            Outcome::Foreign => foreign::document(random, buffer),
            Outcome::Unexpanded { listed } => foreign::unexpanded(random, buffer, listed),
            Outcome::Call(shape) => {
                let recipe = recipe::Recipe::draw(&self.plan, shape, &mut random);
                call::Writer::new(random, buffer, recipe).document()
            }
            Outcome::Broken { differing_key } => {
                let quiet = Plan {
                    mix: Mix::default(),
                    ..self.plan
                };
                let recipe = recipe::Recipe::draw(&quiet, recipe::Shape::Whole, &mut random);
                let breaking = random.next();
                let whole = call::Writer::new(random, buffer, recipe).document();
                broken::document(whole.text, differing_key, random::Random::new(breaking))
            }
        }
    }
}

impl Iterator for Documents {
    type Item = Document;

    fn next(&mut self) -> Option<Document> {
        self.next_into(String::with_capacity(32 * 1024))
    }
}
