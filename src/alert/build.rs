//! Outcome of a rule to an alert that explains itself.
//!
//! Runs only for rules that fired, so it may allocate. Every place is read back
//! from the document: pointer, line and column come from the node that the
//! reading was captured from.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::identity::{alert_id, content_key, fingerprint};
use super::other::{Around, other};
use super::{
    Affected, Alert, CallRef, Client, Evidence, Finding, SCHEMA, Site, SourceRef, State, What,
};
use crate::clock::Clock;
use crate::record::call::{Call, End, Endpoint, Feedback, Media, Segment, Session, Stream, text};
use crate::record::{Document, Item, NodeIndex, Origin, call, place};
use crate::rules::facts::{Facts, NO_NODE, ObjectId};
use crate::rules::fields::{Level, Link, Unit};
use crate::rules::{self, Comparison, Key, Rule, RuleOutcome, Value};
use crate::sites::{Addresses, Sites, Whereabouts};

/// What an alert is made from, besides the rule's own outcome.
pub(crate) struct Context<'d> {
    pub(crate) document: &'d Document<'d>,
    pub(crate) call: Call<'d>,
    pub(crate) facts: &'d Facts,
    pub(crate) origin: Origin,
    pub(crate) source: &'d str,
    pub(crate) partial: bool,
    pub(crate) invalid: bool,
    pub(crate) clock: &'d dyn Clock,
    pub(crate) sites: Option<&'d Sites>,
    /// whether a node is under a violation
    pub(crate) violated: &'d dyn Fn(NodeIndex) -> bool,
}

/// Where everything stands that the findings of one document tell of.
///
/// Found in one pass over the text, for all rules together.
pub(crate) struct Spots {
    nodes: Vec<NodeIndex>,
    spots: Vec<place::Spot>,
}

impl Spots {
    /// The spots for what the rules said.
    pub(crate) fn of(context: &Context<'_>, said: &[RuleOutcome]) -> Spots {
        let mut nodes: Vec<NodeIndex> = Vec::new();
        for finding in said.iter().flat_map(|said| &said.findings) {
            nodes.push(context.facts.node(finding.object));
            let readings = finding.evidence.iter();
            nodes.extend(readings.map(|comparison| comparison.reading.source.node));
        }
        nodes.retain(|node| *node != NO_NODE);
        nodes.sort_unstable();
        nodes.dedup();
        Spots {
            spots: place::spots(context.document, context.origin, &nodes),
            nodes,
        }
    }

    fn get(&self, node: NodeIndex) -> Option<place::Spot> {
        let at = self.nodes.binary_search(&node).ok()?;
        self.spots.get(at).copied()
    }
}

/// The alerts of one rule: one for each key that its findings have, mostly one.
pub(crate) fn build(
    context: &Context<'_>,
    spots: &Spots,
    rule: &Rule,
    outcome: &RuleOutcome,
    out: &mut Vec<Alert>,
) {
    let mut groups: Vec<(&Key, Vec<&rules::Finding>)> = Vec::new();
    for finding in &outcome.findings {
        match groups.iter_mut().find(|(key, _)| *key == &finding.key) {
            Some((_, findings)) => findings.push(finding),
            None => groups.push((&finding.key, vec![finding])),
        }
    }
    let call = call_key(context.call, context.document);
    let raised_at = super::raised_at(context.clock.now());
    for (key, findings) in groups {
        // Several keys on one call are several alerts; a missing key stays with its call.
        let (subject, key): (Vec<&str>, Vec<&str>) = match key {
            Key::Call => (vec![&call], vec![&call]),
            Key::Own(own) => (vec![&call, own], vec![own]),
            Key::Missing => (vec![&call, "", "missing"], vec![&call, "", "missing"]),
        };
        let affected = Affected {
            fired: findings.len() as u64,
            of: outcome.findings.len() as u64 + outcome.quiet + outcome.unknown + outcome.failed,
            unknown: outcome.unknown,
        };
        out.push(Alert {
            schema: SCHEMA,
            id: alert_id(rule.name(), &subject, State::Event),
            fingerprint: fingerprint(rule.name(), &key),
            state: State::Event,
            rule: rule.name().to_string(),
            severity: rule.severity(),
            on: rule.level().name(),
            title: findings.iter().find_map(|finding| finding.title.clone()),
            summary: String::new(),
            links: BTreeMap::new(),
            raised_at: raised_at.clone(),
            call: call_ref(context),
            source: SourceRef {
                name: context.source.to_owned(),
                line: context.origin.line,
            },
            affected,
            missing: outcome.missing.iter().map(|field| field.name()).collect(),
            findings: findings
                .into_iter()
                .map(|finding| describe(context, spots, finding))
                .collect(),
            more: None,
            labels: rule.labels().clone(),
        });
    }
}

/// What stands for a call: its id, or a hash of the document, where it has none.
pub(crate) fn call_key<'d>(call: Call<'d>, document: &Document<'_>) -> Cow<'d, str> {
    match call.id().filter(|id| !id.is_empty()) {
        Some(id) => Cow::Borrowed(id),
        None => Cow::Owned(content_key(document.text())),
    }
}

/// Which call it is.
pub(crate) fn call_ref(context: &Context<'_>) -> CallRef {
    let call = context.call;
    CallRef {
        id: call.id().map(str::to_owned),
        version: call.version(),
        call_type: call.call_type().map(str::to_owned),
        partial: context.partial,
        sessions_seen: None,
        invalid: context.invalid,
        start: call.start().map(str::to_owned),
        end: call.end().map(str::to_owned),
    }
}

fn describe(context: &Context<'_>, spots: &Spots, finding: &rules::Finding) -> Finding {
    let node = context.facts.node(finding.object);
    let at = place::pointer(context.document, node);
    let place = Place::of(context, finding.object);
    let (what, client) = place.tell(context);
    let around = Around {
        session: place.session,
        media: place.media,
    };
    Finding {
        line: spots
            .get(node)
            .map_or(context.origin.line, |spot| spot.line),
        what,
        client,
        message: finding.message.clone(),
        evidence: finding
            .evidence
            .iter()
            .map(|comparison| evidence(context, spots, (node, &at), around, comparison))
            .collect(),
        at,
    }
}

/// What a place is, and whose.
pub(crate) fn tell(context: &Context<'_>, object: ObjectId) -> (What, Option<Client>) {
    Place::of(context, object).tell(context)
}

fn evidence(
    context: &Context<'_>,
    spots: &Spots,
    here: (NodeIndex, &str),
    around: Around<'_>,
    comparison: &Comparison,
) -> Evidence {
    let source = &comparison.reading.source;
    let node = (source.node != NO_NODE).then_some(source.node);
    let at = spots.get(source.node);
    Evidence {
        pointer: node.map(|node| pointer(context.document, here, node, source.field.name())),
        line: at.map(|spot| spot.line),
        column: at.map(|spot| spot.column),
        field: source.field.name(),
        value: json(&comparison.value),
        reading: (comparison.value != comparison.reading.value)
            .then(|| json(&comparison.reading.value)),
        op: comparison.op.symbol(),
        limit: json(&comparison.limit),
        limit_name: comparison.limit_name.as_deref().map(str::to_owned),
        unit: match comparison.unit {
            Unit::None => None,
            unit => Some(unit.name()),
        },
        other: other(context, around, comparison),
    }
}

/// The pointer of a reading, which mostly is a member, of its field's name, of the place that is told of.
fn pointer(
    document: &Document<'_>,
    (place, at): (NodeIndex, &str),
    node: NodeIndex,
    field: &str,
) -> String {
    let own = document.item(place).and_then(|item| item.get(field));
    if own.is_none_or(|own| document.index(own) != node) {
        return place::pointer(document, node);
    }
    let mut pointer = String::with_capacity(at.len() + 1 + field.len());
    pointer.push_str(at);
    place::push_token(&mut pointer, field);
    pointer
}

/// A value as evidence has it.
pub(crate) fn json(value: &Value) -> Json {
    match value {
        Value::Missing => Json::Null,
        Value::Number(value) => Json::from(*value),
        Value::Integer(value) => Json::from(*value),
        Value::Bool(value) => Json::from(*value),
        Value::Text(text) => Json::from(&**text),
        Value::List(values) => Json::Array(values.iter().map(json).collect()),
    }
}

/// The views above a finding, found again by the links of its object.
#[derive(Default)]
struct Place<'d> {
    session: Option<Session<'d>>,
    segment: Option<Segment<'d>>,
    media: Option<Media<'d>>,
    stream: Option<Stream<'d>>,
    feedback: Option<Item<'d>>,
}

impl<'d> Place<'d> {
    fn of(context: &Context<'d>, object: ObjectId) -> Place<'d> {
        let facts = context.facts;
        let item = |object: ObjectId| context.document.item(facts.node(object));
        let up = |link| facts.follow(object, link).and_then(item);
        let mut place = Place {
            session: up(Link::Session).map(Session),
            segment: up(Link::Segment).map(Segment),
            media: up(Link::Media).map(Media),
            stream: None,
            feedback: None,
        };
        let own = item(object);
        match facts.level(object) {
            Level::Session => place.session = own.map(Session),
            Level::Segment => place.segment = own.map(Segment),
            Level::Media => place.media = own.map(Media),
            Level::Stream => place.stream = own.map(Stream),
            Level::Feedback => place.feedback = own,
            _ => {}
        }
        place
    }

    fn tell(&self, context: &Context<'_>) -> (What, Option<Client>) {
        let owned = |value: Option<&str>| value.map(str::to_owned);
        let mut what = What {
            session: owned(self.session.and_then(Session::id)),
            segment: owned(self.segment.and_then(Segment::id)),
            media: owned(self.media.and_then(Media::label)),
            stream: owned(self.stream.and_then(Stream::id)),
            ..What::default()
        };
        if let Some(stream) = self.stream {
            what.direction = owned(text(stream.0, "streamDirection"));
            let side = stream
                .sender()
                .and_then(|sender| call::client(sender, |end| self.endpoint(end)?.kind()));
            what.path = side.map(|(_, path)| path);
            let client = side.map(|(end, path)| self.client(context, end, path));
            return (what, client);
        }
        if let (Some(item), Some(session)) = (self.feedback, self.session) {
            what.rating = owned(text(item, "rating"));
            what.tokens = Feedback(item).true_tokens().map(str::to_owned).collect();
            let index = |item| context.document.index(item);
            let end = End::BOTH.into_iter().find(|end| {
                session
                    .feedback(*end)
                    .is_some_and(|feedback| index(feedback.0) == index(item))
            });
            let client = end.map(|end| self.client(context, end, "downlink"));
            return (what, client);
        }
        let failure = match (self.segment, self.session) {
            (Some(segment), _) => segment.failure_info(),
            (None, Some(session)) => session.failure(),
            (None, None) => None,
        };
        if let Some(failure) = failure {
            what.stage = owned(text(failure.0, "stage"));
            what.reason = owned(text(failure.0, "reason"));
        }
        let person = End::BOTH.into_iter().find(|end| {
            self.endpoint(*end).and_then(Endpoint::kind) == Some(call::EndpointKind::Participant)
        });
        let client = person
            .filter(|_| self.session.is_some())
            .map(|end| self.client(context, end, "uplink"));
        (what, client)
    }

    fn endpoint(&self, end: End) -> Option<Endpoint<'d>> {
        self.segment
            .and_then(|segment| segment.end(end))
            .or_else(|| self.session.and_then(|session| session.end(end)))
    }

    fn client(&self, context: &Context<'_>, end: End, path: &str) -> Client {
        let endpoint = self.endpoint(end);
        // Without a media of its own (feedback, failure) the first audio's ends speak for it.
        let media = self.media.or_else(|| {
            self.session
                .and_then(|session| session.segments().flat_map(Segment::media).next())
        });
        let network = media.and_then(|media| media.network(end));
        let device = media.and_then(|media| media.device(end));
        let owned = |item: Option<Item<'_>>, name: &str| {
            item.and_then(|item| text(item, name))
                .filter(|value| !value.is_empty())
                .map(str::to_owned)
        };
        let audio = media
            .and_then(Media::label)
            .is_none_or(|label| label.ends_with("audio"));
        let device_name = if path == "uplink" {
            "captureDeviceName"
        } else {
            "renderDeviceName"
        };
        let identity = endpoint.and_then(Endpoint::identity);
        Client {
            end: end.name(),
            name: identity
                .and_then(|identity| identity.display_name().or_else(|| identity.id()))
                .map(str::to_owned),
            user_id: identity
                .filter(|identity| identity.kind == "user")
                .and_then(|identity| identity.id())
                .map(str::to_owned),
            platform: owned(endpoint.and_then(Endpoint::user_agent), "platform"),
            connection: owned(network, "connectionType"),
            subnet: owned(network, "subnet"),
            device: audio.then(|| owned(device, device_name)).flatten(),
            site: network.and_then(|network| site(context, network)),
        }
    }
}

/// Where a network is, if there is a sites file and the record says an address.
fn site(context: &Context<'_>, network: Item<'_>) -> Option<Site> {
    let address = |name| {
        let value = network.get(name)?;
        let violated = (context.violated)(context.document.index(value));
        value.as_str().filter(|_| !violated)
    };
    let (whereabouts, _) = context.sites?.place(Addresses {
        subnet: address("subnet"),
        own: address("ipAddress"),
        reflexive: address("reflexiveIPAddress"),
    })?;
    Some(match whereabouts {
        Whereabouts::At(site) => Site::of(site),
        Whereabouts::Outside => Site::outside(),
    })
}
