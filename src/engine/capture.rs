//! Tape to readings: what the rules will ask of one document, read once.
//!
//! Only fields and links that some rule reads are captured. A reading under a
//! violation is set as missing, and so is one of the wrong type: no odd number
//! decides a rule. Objects are pushed in document order; a session that Graph
//! returns twice counts once.

mod site;

use super::seen::Seen;
use crate::record::call::{
    Call, End, Endpoint, EndpointKind, FailureInfo, Identity, Media, MediaParts, Segment, Session,
    Stream, client,
};
use crate::record::tape::span;
use crate::record::{Document, Item, NodeIndex, units};
use crate::rules::facts::{Facts, NO_NODE, ObjectId};
use crate::rules::fields::{FieldId, Kind, Level, Link};
use crate::rules::layout::Layout;
use crate::sites::Sites;

/// Stretches of the tape that a violation covers, ascending.
#[derive(Debug, Default)]
pub(super) struct Violated(Vec<(NodeIndex, NodeIndex)>);

impl Violated {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Covers the value at `node`.
    pub(super) fn cover(&mut self, document: &Document<'_>, node: NodeIndex) {
        let length = document.item(node).and_then(Item::head).map_or(1, span);
        self.0.push((node, node + length as NodeIndex));
    }

    pub(super) fn covers(&self, node: NodeIndex) -> bool {
        self.0.iter().any(|(from, to)| (*from..*to).contains(&node))
    }
}

/// What was seen besides readings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Captured {
    /// sessions in the document
    pub(super) sessions: u64,
    /// sessions left out, since one of their id came before
    pub(super) repeated_sessions: u64,
}

/// Fills `facts` with what `layout` wants of the call.
pub(super) fn capture(
    document: &Document<'_>,
    call: Call<'_>,
    violated: &Violated,
    sites: Option<&Sites>,
    layout: &Layout,
    facts: &mut Facts,
) -> Captured {
    facts.clear();
    let mut capture = Capture {
        document,
        violated,
        sites,
        layout,
        facts,
        captured: Captured::default(),
        described: [None; 2],
    };
    capture.call(call);
    capture.captured
}

struct Capture<'c> {
    document: &'c Document<'c>,
    violated: &'c Violated,
    sites: Option<&'c Sites>,
    layout: &'c Layout,
    facts: &'c mut Facts,
    captured: Captured,
    /// of each end, caller first, the endpoint that was read last
    described: [Option<ObjectId>; 2],
}

/// What a session's segments are captured with.
#[derive(Clone, Copy)]
struct Around<'t> {
    call: ObjectId,
    id: ObjectId,
    session: Session<'t>,
    /// what was said at each end, caller first
    said: [Option<ObjectId>; 2],
}

/// The ends of a segment, caller first, and whose they are; where somebody asks for them.
#[derive(Clone, Copy, Default)]
struct Sides<'t> {
    ends: [Option<Endpoint<'t>>; 2],
    kinds: [Option<EndpointKind>; 2],
}

impl Capture<'_> {
    fn node(&self, item: Item<'_>) -> NodeIndex {
        self.document.index(item)
    }

    fn link(&mut self, from: ObjectId, link: Link, to: Option<ObjectId>) {
        if let Some(to) = to {
            self.facts.link(from, link, to);
        }
    }

    /// Pushes an object of `level` and reads its own members into it.
    fn object(&mut self, level: Level, item: Item<'_>) -> ObjectId {
        let id = self.facts.push_object(level, self.node(item));
        let named = self.layout.named(level);
        if !named.is_empty() {
            // The rest is not looked at once each was there; one that stands twice counts once.
            let (mut seen, mut left) = (0_u64, named.len());
            for member in item.members() {
                let field = match self.document.tag(member.key) {
                    Some(tag) => self.layout.tagged(level, tag),
                    None => named.find(member.name),
                };
                let Some(field) = field else { continue };
                self.read(id, field, member.value);
                let bit = 1 << (self.layout.slot(field).unwrap_or(0) & 63);
                left -= usize::from(seen & bit == 0);
                seen |= bit;
                if left == 0 {
                    break;
                }
            }
        }
        id
    }

    /// Reads one value as what its field holds.
    fn read(&mut self, id: ObjectId, field: FieldId, value: Item<'_>) {
        let node = self.node(value);
        if self.violated.covers(node) {
            self.facts.set_missing(id, field, node);
            return;
        }
        let facts = &mut *self.facts;
        match field.get().kind {
            Kind::Number => match (value.as_number(), value.as_str()) {
                (Some(number), _) => facts.set_number(id, field, number.as_f64(), node),
                (None, Some(text)) => match units::duration(text) {
                    Some(millis) => facts.set_number(id, field, millis.0, node),
                    None => facts.set_missing(id, field, node),
                },
                _ => facts.set_missing(id, field, node),
            },
            Kind::Integer => match value.as_number() {
                Some(number) => match number.as_i64() {
                    Some(whole) => facts.set_integer(id, field, whole, node),
                    None => facts.set_number(id, field, number.as_f64(), node),
                },
                None => facts.set_missing(id, field, node),
            },
            Kind::Text | Kind::Enum => match value.as_str() {
                Some(text) => facts.set_text(id, field, text, node),
                None => facts.set_missing(id, field, node),
            },
            Kind::Bool => match value.as_bool() {
                Some(value) => facts.set_bool(id, field, value, node),
                None => facts.set_missing(id, field, node),
            },
            Kind::Instant => match value.as_str().and_then(units::instant) {
                Some(instant) => facts.set_number(id, field, instant.millis(), node),
                None => facts.set_missing(id, field, node),
            },
            Kind::List => match value.json_type() {
                crate::record::tape::JsonType::Array => {
                    facts.set_list(id, field, value.elements().filter_map(Item::as_str), node);
                }
                _ => facts.set_missing(id, field, node),
            },
        }
    }

    /// A computed field, if some rule reads it.
    fn computed(&self, level: Level, name: &str) -> Option<FieldId> {
        self.layout.computed(level, name)
    }

    /// Sets a computed field, if some rule reads it.
    fn compute(&mut self, level: Level, name: &str, set: impl FnOnce(&mut Facts, FieldId)) {
        if let Some(field) = self.computed(level, name) {
            set(self.facts, field);
        }
    }

    fn duration(&mut self, id: ObjectId, level: Level, item: Item<'_>) {
        if self.computed(level, "duration").is_none() {
            return;
        }
        let node = self.node(item);
        let under_violation = ["startDateTime", "endDateTime"].iter().any(|name| {
            item.get(name)
                .is_some_and(|value| self.violated.covers(self.node(value)))
        });
        self.compute(
            level,
            "duration",
            |facts, field| match crate::record::call::duration(item).filter(|_| !under_violation) {
                Some(millis) => facts.set_number(id, field, millis.0, node),
                None => facts.set_missing(id, field, node),
            },
        );
    }

    fn call(&mut self, call: Call<'_>) {
        let id = self.object(Level::Call, call.item());
        self.duration(id, Level::Call, call.item());
        if self.layout.wants_link(Link::Organizer)
            && let Some(organizer) = call.organizer()
        {
            let organizer = self.identity(organizer);
            self.facts.link(id, Link::Organizer, organizer);
        }
        let mut seen = Seen::default();
        for session in call.sessions() {
            self.captured.sessions += 1;
            if let Some(session_id) = session.id()
                && !seen.insert(session_id)
            {
                self.captured.repeated_sessions += 1;
                continue;
            }
            self.session(id, session);
        }
    }

    fn session(&mut self, call: ObjectId, session: Session<'_>) {
        let id = self.object(Level::Session, session.0);
        self.duration(id, Level::Session, session.0);
        self.facts.link(id, Link::Call, call);
        if self.layout.wants_link(Link::FailureInfo) {
            let own = session.failure_info().map(|failure| self.failure(failure));
            self.link(id, Link::FailureInfo, own);
        }
        if self.layout.wants_link(Link::Failure) {
            let failure = session.failure().map(|failure| self.failure(failure));
            self.link(id, Link::Failure, failure);
        }
        let wants_feedback = self.layout.wants_level(Level::Feedback);
        let mut said_at = [None, None];
        for (end, said_here) in End::BOTH.into_iter().zip(&mut said_at) {
            let link = match end {
                End::Caller => Link::Caller,
                End::Callee => Link::Callee,
            };
            let feedback = session.feedback(end).filter(|_| wants_feedback);
            if !self.layout.wants_link(link) && feedback.is_none() {
                continue;
            }
            let endpoint = session
                .end(end)
                .map(|endpoint| self.endpoint(end, endpoint));
            if let Some(endpoint) = endpoint {
                self.link_first_site(endpoint, end, session.segments().flat_map(Segment::media));
            }
            if self.layout.wants_link(link) {
                self.link(id, link, endpoint);
            }
            if let Some(feedback) = feedback {
                let node = self.node(feedback.0);
                let said = self.object(Level::Feedback, feedback.0);
                *said_here = Some(said);
                self.compute(Level::Feedback, "tokens", |facts, field| {
                    facts.set_list(said, field, feedback.true_tokens(), node);
                });
                self.facts.link(said, Link::Call, call);
                self.facts.link(said, Link::Session, id);
                self.link(said, Link::Endpoint, endpoint);
                if let Some(endpoint) = endpoint {
                    self.facts.link(endpoint, Link::Feedback, said);
                }
            }
        }
        let around = Around {
            call,
            id,
            session,
            said: said_at,
        };
        for segment in session.segments() {
            self.segment(around, segment);
        }
    }

    fn segment(&mut self, around: Around<'_>, segment: Segment<'_>) {
        let id = self.object(Level::Segment, segment.0);
        self.duration(id, Level::Segment, segment.0);
        self.facts.link(id, Link::Call, around.call);
        self.facts.link(id, Link::Session, around.id);
        // Links from a segment are of use to those alone who come by one.
        let wanted = self.layout.wants_level(Level::Segment);
        if wanted && self.layout.wants_link(Link::FailureInfo) {
            let own = segment.failure_info().map(|failure| self.failure(failure));
            self.link(id, Link::FailureInfo, own);
        }
        for (end, link) in [(End::Caller, Link::Caller), (End::Callee, Link::Callee)] {
            if wanted && self.layout.wants_link(link) {
                let endpoint = end_of(around.session, segment, end);
                let endpoint = endpoint.map(|endpoint| self.endpoint(end, endpoint));
                if let Some(endpoint) = endpoint {
                    self.link(endpoint, Link::Feedback, end.of(around.said));
                    self.link_first_site(endpoint, end, segment.media());
                }
                self.link(id, link, endpoint);
            }
        }
        let wants_ends = [Link::Sender, Link::Receiver, Link::Client]
            .into_iter()
            .any(|link| self.layout.wants_link(link));
        let wants_side = wants_ends || self.computed(Level::Stream, "path").is_some();
        let sides = wants_side.then(|| {
            let ends = End::BOTH.map(|end| end_of(around.session, segment, end));
            let kinds = ends.map(|end| end.and_then(Endpoint::kind));
            Sides { ends, kinds }
        });
        for media in segment.media() {
            self.media(around, id, (sides, wants_ends), media);
        }
    }

    fn media(
        &mut self,
        around: Around<'_>,
        segment: ObjectId,
        (sides, wants_ends): (Option<Sides<'_>>, bool),
        media: Media<'_>,
    ) {
        let parts = media.parts();
        let id = self.object(Level::Media, media.0);
        self.facts.link(id, Link::Call, around.call);
        self.facts.link(id, Link::Session, around.id);
        self.facts.link(id, Link::Segment, segment);
        for (end, network, device) in [
            (End::Caller, Link::CallerNetwork, Link::CallerDevice),
            (End::Callee, Link::CalleeNetwork, Link::CalleeDevice),
        ] {
            if self.layout.wants_link(network) {
                let object = parts.network(end).map(|item| self.network(item));
                self.link(id, network, object);
            }
            if self.layout.wants_link(device) {
                let object = parts
                    .device(end)
                    .map(|item| self.object(Level::Device, item));
                self.link(id, device, object);
            }
        }
        let mut ends = [None; 2];
        if let Some(sides) = sides.filter(|_| wants_ends) {
            ends = End::BOTH.map(|end| self.media_end(around, end.of(sides.ends), &parts, end));
        }
        for stream in parts.streams() {
            let stream_id = self.object(Level::Stream, stream.0);
            self.facts.link(stream_id, Link::Call, around.call);
            self.facts.link(stream_id, Link::Session, around.id);
            self.facts.link(stream_id, Link::Segment, segment);
            self.facts.link(stream_id, Link::Media, id);
            if let Some(sides) = sides {
                self.stream(stream_id, sides, stream, ends);
            }
        }
    }

    fn stream(
        &mut self,
        id: ObjectId,
        sides: Sides<'_>,
        stream: Stream<'_>,
        ends: [Option<ObjectId>; 2],
    ) {
        let Some(sender) = stream.sender() else {
            return;
        };
        self.link(id, Link::Sender, sender.of(ends));
        self.link(id, Link::Receiver, sender.other().of(ends));
        if let Some((end, path)) = client(sender, |end| end.of(sides.kinds)) {
            self.link(id, Link::Client, end.of(ends));
            let node = self.node(stream.0);
            self.compute(Level::Stream, "path", |facts, field| {
                facts.set_text(id, field, path, node);
            });
        }
    }

    /// One end of a media: the endpoint with this media's network and devices.
    fn media_end(
        &mut self,
        around: Around<'_>,
        endpoint: Option<Endpoint<'_>>,
        parts: &MediaParts<'_>,
        end: End,
    ) -> Option<ObjectId> {
        let id = match endpoint {
            Some(endpoint) => self.endpoint(end, endpoint),
            // The end is not described, but its network or devices may be.
            None => self.facts.push_object(Level::Endpoint, NO_NODE),
        };
        let network = parts.network(end);
        if self.layout.wants_link(Link::Network) {
            let object = network.map(|item| self.network(item));
            self.link(id, Link::Network, object);
        }
        if let Some(network) = network.filter(|_| self.wants_site()) {
            self.link_site(id, network);
        }
        if self.layout.wants_link(Link::Device) {
            let object = parts
                .device(end)
                .map(|item| self.object(Level::Device, item));
            self.link(id, Link::Device, object);
        }
        self.link(id, Link::Feedback, end.of(around.said));
        Some(id)
    }

    fn network(&mut self, item: Item<'_>) -> ObjectId {
        let id = self.object(Level::Network, item);
        if self.wants_site() {
            self.link_site(id, item);
        }
        id
    }

    fn endpoint(&mut self, end: End, endpoint: Endpoint<'_>) -> ObjectId {
        let node = self.node(endpoint.0);
        // Each media has its ends, and mostly they are those of its segment or session.
        let slot = end as usize;
        if let Some(known) = self.described[slot].filter(|it| self.facts.node(*it) == node) {
            return self
                .facts
                .push_like(known, &[Link::UserAgent, Link::Identity]);
        }
        let id = self.object(Level::Endpoint, endpoint.0);
        self.described[slot] = Some(id);
        self.compute(Level::Endpoint, "role", |facts, field| {
            facts.set_text(id, field, end.name(), node);
        });
        if let Some(kind) = endpoint.kind() {
            self.compute(Level::Endpoint, "kind", |facts, field| {
                facts.set_text(id, field, kind.name(), node);
            });
        }
        if self.layout.wants_link(Link::UserAgent) {
            let agent = endpoint
                .user_agent()
                .map(|item| self.object(Level::UserAgent, item));
            self.link(id, Link::UserAgent, agent);
        }
        if let Some(identity) = endpoint.identity() {
            let node = self.node(identity.item);
            if let Some(name) = identity.display_name() {
                self.compute(Level::Endpoint, "displayName", |facts, field| {
                    facts.set_text(id, field, name, node);
                });
            }
            if let Some(user) = identity.id() {
                self.compute(Level::Endpoint, "userId", |facts, field| {
                    facts.set_text(id, field, user, node);
                });
            }
            if self.layout.wants_link(Link::Identity) {
                let object = self.identity(identity);
                self.facts.link(id, Link::Identity, object);
            }
        }
        id
    }

    fn identity(&mut self, identity: Identity<'_>) -> ObjectId {
        let id = self.object(Level::Identity, identity.item);
        let node = self.node(identity.item);
        self.compute(Level::Identity, "kind", |facts, field| {
            facts.set_text(id, field, identity.kind, node);
        });
        id
    }

    fn failure(&mut self, failure: FailureInfo<'_>) -> ObjectId {
        self.object(Level::FailureInfo, failure.0)
    }
}

/// An end of a segment; where the segment does not describe it, of its session.
pub(super) fn end_of<'t>(
    session: Session<'t>,
    segment: Segment<'t>,
    end: End,
) -> Option<Endpoint<'t>> {
    segment.end(end).or_else(|| session.end(end))
}
