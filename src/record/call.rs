//! The levels of a call, read where they lie: call, session, segment, media, stream.
//!
//! Each view is one [`Item`] with Graph's names for its parts; none copies, and
//! a part of the wrong type reads as absent. Which end sends, and which end is
//! a person's, is decided here and nowhere else.

use super::kind::{Kind, call_id_of_context};
use super::tape::{Item, JsonType};
use super::units::{self, Instant, Millis};

/// A call: a callRecord, or a sessions page of one.
#[derive(Clone, Copy, Debug)]
pub struct Call<'t> {
    item: Item<'t>,
    kind: Kind,
}

impl<'t> Call<'t> {
    /// The view of a document that was told to be of `kind`.
    pub fn new(item: Item<'t>, kind: Kind) -> Self {
        Call { item, kind }
    }

    /// The object itself.
    pub fn item(self) -> Item<'t> {
        self.item
    }

    /// The call's id; of a sessions page, the one that its `@odata.context` names.
    pub fn id(self) -> Option<&'t str> {
        match self.kind {
            Kind::SessionsPage => call_id_of_context(text(self.item, "@odata.context")?),
            _ => text(self.item, "id"),
        }
    }

    /// The record's version; higher ones hold more.
    pub fn version(self) -> Option<i64> {
        self.item.get("version")?.as_number()?.as_i64()
    }

    /// `groupCall`, `peerToPeer`, …
    pub fn call_type(self) -> Option<&'t str> {
        text(self.item, "type")
    }

    /// When the first user joined, as written.
    pub fn start(self) -> Option<&'t str> {
        text(self.item, "startDateTime")
    }

    /// When the last user left, as written.
    pub fn end(self) -> Option<&'t str> {
        text(self.item, "endDateTime")
    }

    /// The array of sessions, if it is there: `sessions`, or a page's `value`.
    pub fn sessions_item(self) -> Option<Item<'t>> {
        let name = match self.kind {
            Kind::SessionsPage => "value",
            _ => "sessions",
        };
        self.item
            .get(name)
            .filter(|item| item.json_type() == JsonType::Array)
    }

    /// The sessions, in document order.
    pub fn sessions(self) -> impl Iterator<Item = Session<'t>> {
        self.sessions_item()
            .into_iter()
            .flat_map(Item::elements)
            .filter(|item| item.json_type() == JsonType::Object)
            .map(Session)
    }

    /// Where its sessions go on. Both spellings occur.
    pub fn next_link(self) -> Option<&'t str> {
        let names: [&str; 2] = match self.kind {
            Kind::SessionsPage => ["@odata.nextLink", "@odata.nextlink"],
            _ => ["sessions@odata.nextLink", "sessions@odata.nextlink"],
        };
        names.iter().find_map(|name| text(self.item, name))
    }

    /// Who organised the call.
    pub fn organizer(self) -> Option<Identity<'t>> {
        object(self.item, "organizer_v2")
            .and_then(|organizer| object(organizer, "identity"))
            .or_else(|| object(self.item, "organizer"))
            .and_then(Identity::of_set)
    }
}

/// One session; in a group call, one participant's leg.
#[derive(Clone, Copy, Debug)]
pub struct Session<'t>(pub Item<'t>);

impl<'t> Session<'t> {
    /// Its id.
    pub fn id(self) -> Option<&'t str> {
        text(self.0, "id")
    }

    /// Its length.
    pub fn duration(self) -> Option<Millis> {
        duration(self.0)
    }

    /// One of its ends.
    pub fn end(self, end: End) -> Option<Endpoint<'t>> {
        object(self.0, end.name()).map(Endpoint)
    }

    /// Why it failed, if the key is there and no null.
    pub fn failure_info(self) -> Option<FailureInfo<'t>> {
        object(self.0, "failureInfo").map(FailureInfo)
    }

    /// Its segments, in document order.
    pub fn segments(self) -> impl Iterator<Item = Segment<'t>> {
        objects(self.0, "segments").map(Segment)
    }

    /// What the person at `end` said: at the session's end, or else at that of its first
    /// segment which has it.
    pub fn feedback(self, end: End) -> Option<Feedback<'t>> {
        self.end(end).and_then(Endpoint::feedback).or_else(|| {
            self.segments().find_map(|segment| {
                object(segment.0, end.name()).and_then(|e| Endpoint(e).feedback())
            })
        })
    }

    /// The failure, counted once: its own if that has a stage or reason, else that of the
    /// first segment that has one.
    pub fn failure(self) -> Option<FailureInfo<'t>> {
        self.failure_info()
            .filter(|failure| failure.says_something())
            .or_else(|| {
                self.segments()
                    .filter_map(Segment::failure_info)
                    .find(|failure| failure.says_something())
            })
    }
}

/// One segment of a session.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'t>(pub Item<'t>);

impl<'t> Segment<'t> {
    /// Its id.
    pub fn id(self) -> Option<&'t str> {
        text(self.0, "id")
    }

    /// Its length.
    pub fn duration(self) -> Option<Millis> {
        duration(self.0)
    }

    /// One of its ends.
    pub fn end(self, end: End) -> Option<Endpoint<'t>> {
        object(self.0, end.name()).map(Endpoint)
    }

    /// Why it failed, if the key is there and no null.
    pub fn failure_info(self) -> Option<FailureInfo<'t>> {
        object(self.0, "failureInfo").map(FailureInfo)
    }

    /// Its media, in document order.
    pub fn media(self) -> impl Iterator<Item = Media<'t>> {
        objects(self.0, "media").map(Media)
    }
}

/// One medium of a segment: audio, video, screen sharing.
#[derive(Clone, Copy, Debug)]
pub struct Media<'t>(pub Item<'t>);

impl<'t> Media<'t> {
    /// `main-audio`, `main-video`, `applicationsharing-video`, …
    pub fn label(self) -> Option<&'t str> {
        text(self.0, "label")
    }

    /// The network at one end.
    pub fn network(self, end: End) -> Option<Item<'t>> {
        object(
            self.0,
            match end {
                End::Caller => "callerNetwork",
                End::Callee => "calleeNetwork",
            },
        )
    }

    /// The audio devices at one end.
    pub fn device(self, end: End) -> Option<Item<'t>> {
        object(
            self.0,
            match end {
                End::Caller => "callerDevice",
                End::Callee => "calleeDevice",
            },
        )
    }

    /// Its streams, in document order.
    pub fn streams(self) -> impl Iterator<Item = Stream<'t>> {
        objects(self.0, "streams").map(Stream)
    }

    /// All of its parts, for whoever asks for most of them.
    pub(crate) fn parts(self) -> MediaParts<'t> {
        let mut parts = MediaParts::default();
        for member in self.0.members() {
            let part = match member.name {
                "callerNetwork" => &mut parts.networks[0],
                "calleeNetwork" => &mut parts.networks[1],
                "callerDevice" => &mut parts.devices[0],
                "calleeDevice" => &mut parts.devices[1],
                "streams" => &mut parts.streams,
                _ => continue,
            };
            // As everywhere, a name that stands twice counts where it stands first.
            part.get_or_insert(member.value);
        }
        parts
    }
}

/// The parts of a medium, found in one pass.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MediaParts<'t> {
    networks: [Option<Item<'t>>; 2],
    devices: [Option<Item<'t>>; 2],
    streams: Option<Item<'t>>,
}

impl<'t> MediaParts<'t> {
    /// As [`Media::network`].
    pub(crate) fn network(&self, end: End) -> Option<Item<'t>> {
        end.of(self.networks).filter(is_object)
    }

    /// As [`Media::device`].
    pub(crate) fn device(&self, end: End) -> Option<Item<'t>> {
        end.of(self.devices).filter(is_object)
    }

    /// As [`Media::streams`].
    pub(crate) fn streams(&self) -> impl Iterator<Item = Stream<'t>> {
        let streams = self.streams.into_iter().flat_map(Item::elements);
        streams.filter(is_object).map(Stream)
    }
}

/// One direction of one medium.
#[derive(Clone, Copy, Debug)]
pub struct Stream<'t>(pub Item<'t>);

impl<'t> Stream<'t> {
    /// Its id.
    pub fn id(self) -> Option<&'t str> {
        text(self.0, "streamId")
    }

    /// The end that sends.
    pub fn sender(self) -> Option<End> {
        match text(self.0, "streamDirection")? {
            "callerToCallee" => Some(End::Caller),
            "calleeToCaller" => Some(End::Callee),
            _ => None,
        }
    }
}

/// One of the two ends of a session, a segment or a medium.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// the end that called
    Caller,
    /// the end that answered
    Callee,
}

impl End {
    /// Both.
    pub const BOTH: [End; 2] = [End::Caller, End::Callee];

    /// `caller` or `callee`.
    pub fn name(self) -> &'static str {
        match self {
            End::Caller => "caller",
            End::Callee => "callee",
        }
    }

    /// What is of this end, of what is of caller and callee.
    pub(crate) fn of<T>(self, [caller, callee]: [T; 2]) -> T {
        match self {
            End::Caller => caller,
            End::Callee => callee,
        }
    }

    /// The opposite end.
    pub fn other(self) -> End {
        match self {
            End::Caller => End::Callee,
            End::Callee => End::Caller,
        }
    }
}

/// Whose end: a person's or a service's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EndpointKind {
    /// a person's (a participantEndpoint)
    Participant,
    /// a service's: media controller, gateway, voicemail, …
    Service,
}

impl EndpointKind {
    /// `participant` or `service`.
    pub fn name(self) -> &'static str {
        match self {
            EndpointKind::Participant => "participant",
            EndpointKind::Service => "service",
        }
    }
}

/// What is at one end.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint<'t>(pub Item<'t>);

impl<'t> Endpoint<'t> {
    /// By `@odata.type`, or where that is absent by what only one of the two has.
    pub fn kind(self) -> Option<EndpointKind> {
        if let Some(name) = text(self.0, "@odata.type") {
            if name.ends_with("participantEndpoint") {
                return Some(EndpointKind::Participant);
            }
            if name.ends_with("serviceEndpoint") {
                return Some(EndpointKind::Service);
            }
        }
        let has = |name| self.0.get(name).is_some_and(|item| !item.is_null());
        if has("associatedIdentity") || has("identity") || has("feedback") || has("cpuName") {
            return Some(EndpointKind::Participant);
        }
        let agent = self.user_agent()?;
        if text(agent, "role").is_some() {
            Some(EndpointKind::Service)
        } else if text(agent, "platform").is_some() {
            Some(EndpointKind::Participant)
        } else {
            None
        }
    }

    /// Its software.
    pub fn user_agent(self) -> Option<Item<'t>> {
        object(self.0, "userAgent")
    }

    /// What its user said.
    pub fn feedback(self) -> Option<Feedback<'t>> {
        object(self.0, "feedback").map(Feedback)
    }

    /// Who is there, in the old form or the new.
    pub fn identity(self) -> Option<Identity<'t>> {
        object(self.0, "associatedIdentity")
            .map(|item| Identity {
                item,
                kind: kind_of_type(text(item, "@odata.type")),
            })
            .or_else(|| object(self.0, "identity").and_then(Identity::of_set))
    }
}

/// A user's opinion of a session.
#[derive(Clone, Copy, Debug)]
pub struct Feedback<'t>(pub Item<'t>);

impl<'t> Feedback<'t> {
    /// The names of the tokens that are true.
    pub fn true_tokens(self) -> impl Iterator<Item = &'t str> {
        object(self.0, "tokens")
            .into_iter()
            .flat_map(Item::members)
            .filter(|member| member.value.as_bool() == Some(true) && !member.name.contains('@'))
            .map(|member| member.name)
    }
}

/// Why a session or segment failed.
#[derive(Clone, Copy, Debug)]
pub struct FailureInfo<'t>(pub Item<'t>);

impl FailureInfo<'_> {
    /// Whether it has a stage or a reason; Microsoft's own samples hold one with neither.
    pub fn says_something(self) -> bool {
        ["stage", "reason"]
            .iter()
            .any(|name| text(self.0, name).is_some_and(|value| !value.is_empty()))
    }
}

/// A user, guest, phone or application.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'t> {
    /// the identity's object
    pub item: Item<'t>,
    /// `user`, `guest`, `phone`, `application`, …
    pub kind: &'t str,
}

/// The order in which an identity set is asked; its other members come after these.
const PREFERRED: [&str; 4] = ["user", "guest", "phone", "onPremises"];

impl<'t> Identity<'t> {
    /// The first member of an identity set that is there.
    pub fn of_set(set: Item<'t>) -> Option<Identity<'t>> {
        let present = |name: &str, value: Item<'t>| {
            value.json_type() == JsonType::Object && !name.contains('@')
        };
        PREFERRED
            .iter()
            .find_map(|name| {
                set.members()
                    .find(|member| member.name == *name && present(name, member.value))
            })
            .or_else(|| {
                set.members()
                    .find(|member| present(member.name, member.value))
            })
            .map(|member| Identity {
                item: member.value,
                kind: member.name,
            })
    }

    /// The name people know it by.
    pub fn display_name(self) -> Option<&'t str> {
        text(self.item, "displayName").filter(|name| !name.is_empty())
    }

    /// Its id: of a user a UUID, of a phone its number.
    pub fn id(self) -> Option<&'t str> {
        text(self.item, "id").filter(|id| !id.is_empty())
    }
}

/// `#microsoft.graph.communicationsGuestIdentity` is a guest.
fn kind_of_type(odata_type: Option<&str>) -> &'static str {
    let name = odata_type
        .and_then(|name| name.rsplit('.').next())
        .unwrap_or_default();
    match name {
        "userIdentity" | "communicationsUserIdentity" | "teamworkUserIdentity" => "user",
        "communicationsGuestIdentity" => "guest",
        "communicationsPhoneIdentity" => "phone",
        "communicationsEncryptedIdentity" => "encrypted",
        "communicationsApplicationIdentity" => "application",
        "communicationsApplicationInstanceIdentity" => "applicationInstance",
        "azureCommunicationServicesUserIdentity" => "azureCommunicationServicesUser",
        _ => "identity",
    }
}

/// Which end of a stream is a person's, and which way the stream runs from there.
///
/// Where both are (a peer-to-peer call), it is the receiver: the readings are
/// those of what arrived. Where neither is known to be, there is none.
pub fn client(
    sender: End,
    kinds: impl Fn(End) -> Option<EndpointKind>,
) -> Option<(End, &'static str)> {
    let person = |end| kinds(end) == Some(EndpointKind::Participant);
    if person(sender.other()) {
        Some((sender.other(), "downlink"))
    } else if person(sender) {
        Some((sender, "uplink"))
    } else {
        None
    }
}

/// A string member.
pub fn text<'t>(item: Item<'t>, name: &str) -> Option<&'t str> {
    item.get(name)?.as_str()
}

/// A time member.
pub fn time(item: Item<'_>, name: &str) -> Option<Instant> {
    units::instant(text(item, name)?)
}

/// From `startDateTime` to `endDateTime`.
pub fn duration(item: Item<'_>) -> Option<Millis> {
    Some(time(item, "endDateTime")?.since(time(item, "startDateTime")?))
}

fn is_object(item: &Item<'_>) -> bool {
    item.json_type() == JsonType::Object
}

fn object<'t>(item: Item<'t>, name: &str) -> Option<Item<'t>> {
    item.get(name).filter(is_object)
}

fn objects<'t>(item: Item<'t>, name: &str) -> impl Iterator<Item = Item<'t>> {
    item.get(name)
        .into_iter()
        .flat_map(Item::elements)
        .filter(is_object)
}
