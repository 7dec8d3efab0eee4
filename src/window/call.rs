//! One remembered call: its highest version, its pages, and what they put into the windows.
//!
//! What counts is a function of the documents that came, not of their order: the record with the
//! highest version, and, while that one is partial, the sessions of pages that it has not itself.
//! A page does not name its version, so of two pages with the same session one wins by its digest.

use super::contribution::{Contribution, Sample as Given};
use super::fold::Sample;
use super::report::Arrival;

/// A sample as its call remembers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) key: u32,
    pub(crate) turn: u32,
    pub(crate) step: u32,
    pub(crate) user: u32,
    pub(crate) value: i64,
}

impl Item {
    pub(crate) fn sample(&self, call: u32) -> Sample {
        Sample {
            step: self.step,
            call,
            user: self.user,
            value: self.value,
        }
    }
}

/// An id; most are UUIDs, and a million of them are to be small.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Id {
    Uuid([u8; 16]),
    Text(Box<str>),
}

impl Id {
    fn new(text: &str) -> Id {
        uuid(text).map_or_else(|| Id::Text(text.into()), Id::Uuid)
    }
}

/// A UUID in its usual lower-case form, and no other: it must come back as it was.
fn uuid(text: &str) -> Option<[u8; 16]> {
    let bytes = text.as_bytes();
    if bytes.len() != 36 {
        return None;
    }
    let (mut out, mut digits) = ([0; 16], 0);
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 8 | 13 | 18 | 23) {
            if *byte != b'-' {
                return None;
            }
            continue;
        }
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            _ => return None,
        };
        out[digits / 2] = out[digits / 2] << 4 | digit;
        digits += 1;
    }
    Some(out)
}

/// What one session contributes, while its call is partial.
#[derive(Clone, Debug)]
struct Part {
    session: u64,
    digest: u64,
    items: Vec<Item>,
}

/// The sessions of a call that comes in parts.
#[derive(Clone, Debug, Default)]
struct Parts {
    record: Vec<Part>,
    pages: Vec<Part>,
    last_page: bool,
}

impl Parts {
    /// Whether the record has not the page's session itself.
    fn needs(&self, page: &Part) -> bool {
        self.record.iter().all(|part| part.session != page.session)
    }
}

/// An alert that a call supports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) rule: u16,
    /// whether a page raised it, and no record
    pub(crate) page: bool,
    /// the key's hash; 0 where the call itself is the key
    pub(crate) key: u64,
    pub(crate) digest: u64,
}

/// See the module's text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Call {
    id: Option<Id>,
    version: Option<i64>,
    digest: u64,
    more: bool,
    count: u32,
    items: Box<[Item]>,
    parts: Option<Box<Parts>>,
    #[allow(
        clippy::box_collection,
        reason = "most calls keep nothing: a pointer less in each of a million"
    )]
    kept: Option<Box<Vec<Kept>>>,
    /// Whether a timer looks whether it is still partial.
    pub(crate) timed: bool,
    /// Whether it was reported as still partial.
    pub(crate) overdue: bool,
}

impl Call {
    pub(crate) fn new(id: &str) -> Call {
        Call {
            id: Some(Id::new(id)),
            ..Call::default()
        }
    }

    pub(crate) fn is(&self, id: &str) -> bool {
        match (&self.id, uuid(id)) {
            (Some(Id::Uuid(own)), Some(other)) => *own == other,
            (Some(Id::Text(own)), None) => **own == *id,
            _ => false,
        }
    }

    pub(crate) fn id(&self) -> String {
        match &self.id {
            None => String::new(),
            Some(Id::Text(text)) => text.to_string(),
            Some(Id::Uuid(bytes)) => {
                let mut text = String::with_capacity(36);
                for (at, byte) in bytes.iter().enumerate() {
                    if matches!(at, 4 | 6 | 8 | 10) {
                        text.push('-');
                    }
                    text.push_str(&format!("{byte:02x}"));
                }
                text
            }
        }
    }

    /// Whether sessions are still to come.
    pub(crate) fn is_partial(&self) -> bool {
        match self.version {
            None => true,
            Some(_) => self.more && self.parts.as_ref().is_none_or(|parts| !parts.last_page),
        }
    }

    /// How many different sessions count.
    pub(crate) fn sessions(&self) -> u32 {
        self.count
    }

    /// Whether pages count.
    pub(crate) fn takes_pages(&self) -> bool {
        self.version.is_none() || self.more
    }

    /// The alerts that it supports.
    pub(crate) fn kept(&self) -> &[Kept] {
        self.kept.as_ref().map_or(&[], |kept| kept.as_slice())
    }

    pub(crate) fn set_kept(&mut self, kept: Vec<Kept>) {
        self.kept = (!kept.is_empty()).then(|| Box::new(kept));
    }

    /// What a document is to this call.
    pub(crate) fn arrive(&self, contribution: &Contribution) -> Arrival {
        let Some(version) = contribution.version else {
            return self.arrive_page(contribution);
        };
        let Some(own) = self.version else {
            return Arrival::First;
        };
        match (version, contribution.digest).cmp(&(own, self.digest)) {
            std::cmp::Ordering::Less => Arrival::Superseded,
            std::cmp::Ordering::Equal => Arrival::Repeated,
            std::cmp::Ordering::Greater => Arrival::NewVersion,
        }
    }

    fn arrive_page(&self, page: &Contribution) -> Arrival {
        let Some(parts) = &self.parts else {
            return Arrival::Page;
        };
        let known = page.sessions.iter().all(|session| {
            let same = |part: &&Part| part.session == *session && part.digest >= page.digest;
            parts.pages.iter().any(|part| same(&part))
        });
        if known && (page.more || parts.last_page) {
            Arrival::Repeated
        } else {
            Arrival::Page
        }
    }

    /// Sessions of a page that were known before it, by their ids.
    pub(crate) fn known(&self, page: &Contribution) -> Vec<u64> {
        let Some(parts) = self.parts.as_ref().filter(|_| page.version.is_none()) else {
            return Vec::new();
        };
        let known = |id: u64| {
            let mut all = parts.record.iter().chain(&parts.pages);
            all.any(|part| part.session == id)
        };
        let ids = page.sessions.iter().copied();
        ids.filter(|id| known(*id)).collect()
    }

    /// Remembers what a document contributes; how many of its samples came too late. `item` is
    /// nothing for those.
    pub(crate) fn keep(
        &mut self,
        contribution: &Contribution,
        mut item: impl FnMut(&Given) -> Option<Item>,
    ) -> u32 {
        let mut late = 0;
        if let Some(version) = contribution.version
            && !contribution.more
            && self.parts.is_none()
        {
            let mut items = Vec::with_capacity(contribution.samples.len());
            for sample in &contribution.samples {
                match item(sample) {
                    Some(item) => items.push(item),
                    None => late += 1,
                }
            }
            (self.version, self.digest) = (Some(version), contribution.digest);
            self.more = false;
            self.count = contribution.sessions.len() as u32;
            self.items = items.into();
            return late;
        }
        let sessions = contribution.sessions.iter();
        let mut parts: Vec<Part> = sessions
            .map(|session| Part {
                session: *session,
                digest: contribution.digest,
                items: Vec::new(),
            })
            .collect();
        for sample in &contribution.samples {
            match (item(sample), parts.get_mut(sample.session as usize)) {
                (Some(item), Some(part)) => part.items.push(item),
                (Some(_), None) => {}
                (None, _) => late += 1,
            }
        }
        if let Some(version) = contribution.version {
            (self.version, self.digest) = (Some(version), contribution.digest);
            self.more = contribution.more;
            self.count = parts.len() as u32;
            self.parts.get_or_insert_default().record = parts;
            return late;
        }
        let own = self.parts.get_or_insert_with(|| {
            // A whole record keeps its samples without their sessions; pages do not count beside it.
            let record = self.version.is_some().then(|| Part {
                session: 0,
                digest: self.digest,
                items: self.items.to_vec(),
            });
            Box::new(Parts {
                record: record.into_iter().collect(),
                ..Parts::default()
            })
        });
        own.last_page |= !contribution.more;
        for part in parts {
            match own
                .pages
                .iter_mut()
                .find(|other| other.session == part.session)
            {
                Some(other) if other.digest < part.digest => *other = part,
                Some(_) => {}
                None => own.pages.push(part),
            }
        }
        late
    }

    /// What pages hold that does not count, but may again with another version.
    pub(crate) fn waiting(&self) -> Vec<Item> {
        let takes_pages = self.takes_pages();
        let Some(parts) = &self.parts else {
            return Vec::new();
        };
        let pages = parts.pages.iter();
        let waiting = pages.filter(|page| !(takes_pages && parts.needs(page)));
        waiting
            .flat_map(|page| page.items.iter().copied())
            .collect()
    }

    /// Works out what counts now.
    pub(crate) fn apply(&mut self) {
        let takes_pages = self.takes_pages();
        if let Some(parts) = &self.parts {
            let pages = parts.pages.iter();
            let pages = pages.filter(|page| takes_pages && parts.needs(page));
            let counting: Vec<&Part> = parts.record.iter().chain(pages).collect();
            if takes_pages {
                self.count = counting.len() as u32;
            }
            self.items = counting
                .iter()
                .flat_map(|part| part.items.iter().copied())
                .collect();
        }
    }

    /// What counts by now.
    pub(crate) fn applied(&self) -> &[Item] {
        &self.items
    }
}
