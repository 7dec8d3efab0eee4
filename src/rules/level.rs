//! The levels of a call record, and the links from one to another.
//!
//! A rule is `on` a level and reaches its parents and ends by links: `s.media`, `s.client`.
//!
//! It knows no field and no unit: those are the catalogue's, in `fields`.

/// A type of object in a call record. A rule may be written `on` the first six.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Level {
    /// The call record itself.
    Call,
    /// One session: in group calls, one participant's leg.
    Session,
    /// One segment of a session.
    Segment,
    /// One media of a segment: audio, video, screen sharing.
    Media,
    /// One direction of one media.
    Stream,
    /// What a user said about a session.
    Feedback,
    /// One end of a session, a segment or, with its network and device, of a media.
    Endpoint,
    /// The software at an end.
    UserAgent,
    /// The network at one end of a media.
    Network,
    /// The audio devices at one end of a media.
    Device,
    /// Why a session or segment failed.
    FailureInfo,
    /// A user, guest, phone or application.
    Identity,
    /// Where a network is, as the sites file says.
    Site,
}

impl Level {
    /// How many levels there are.
    pub const COUNT: usize = 13;

    /// Every level, parents before children.
    pub const ALL: [Level; Level::COUNT] = [
        Level::Call,
        Level::Session,
        Level::Segment,
        Level::Media,
        Level::Stream,
        Level::Feedback,
        Level::Endpoint,
        Level::UserAgent,
        Level::Network,
        Level::Device,
        Level::FailureInfo,
        Level::Identity,
        Level::Site,
    ];

    /// The levels a rule may be written `on`.
    pub const RULE_LEVELS: [Level; 6] = [
        Level::Call,
        Level::Session,
        Level::Segment,
        Level::Media,
        Level::Stream,
        Level::Feedback,
    ];

    /// The word for this level in a rule and in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Level::Call => "call",
            Level::Session => "session",
            Level::Segment => "segment",
            Level::Media => "media",
            Level::Stream => "stream",
            Level::Feedback => "feedback",
            Level::Endpoint => "endpoint",
            Level::UserAgent => "userAgent",
            Level::Network => "network",
            Level::Device => "device",
            Level::FailureInfo => "failureInfo",
            Level::Identity => "identity",
            Level::Site => "site",
        }
    }

    /// The rule level that `on: "…"` names.
    pub fn parse_rule_level(name: &str) -> Option<Level> {
        Level::RULE_LEVELS
            .into_iter()
            .find(|level| level.name() == name)
    }

    /// The links that leave an object of this level, each with the level it leads to. The order
    /// is the one in which a way to a property is suggested.
    pub const fn links(self) -> &'static [(Link, Level)] {
        use Link as L;
        match self {
            Level::Call => &[(L::Organizer, Level::Identity)],
            Level::Session => &[
                (L::Call, Level::Call),
                (L::Caller, Level::Endpoint),
                (L::Callee, Level::Endpoint),
                (L::FailureInfo, Level::FailureInfo),
                (L::Failure, Level::FailureInfo),
            ],
            Level::Segment => &[
                (L::Call, Level::Call),
                (L::Session, Level::Session),
                (L::Caller, Level::Endpoint),
                (L::Callee, Level::Endpoint),
                (L::FailureInfo, Level::FailureInfo),
            ],
            Level::Media => &[
                (L::Call, Level::Call),
                (L::Session, Level::Session),
                (L::Segment, Level::Segment),
                (L::CallerNetwork, Level::Network),
                (L::CalleeNetwork, Level::Network),
                (L::CallerDevice, Level::Device),
                (L::CalleeDevice, Level::Device),
            ],
            Level::Stream => &[
                (L::Client, Level::Endpoint),
                (L::Sender, Level::Endpoint),
                (L::Receiver, Level::Endpoint),
                (L::Media, Level::Media),
                (L::Segment, Level::Segment),
                (L::Session, Level::Session),
                (L::Call, Level::Call),
            ],
            Level::Feedback => &[
                (L::Call, Level::Call),
                (L::Session, Level::Session),
                (L::Endpoint, Level::Endpoint),
            ],
            Level::Endpoint => &[
                (L::UserAgent, Level::UserAgent),
                (L::Network, Level::Network),
                (L::Site, Level::Site),
                (L::Device, Level::Device),
                (L::Feedback, Level::Feedback),
                (L::Identity, Level::Identity),
            ],
            Level::Network => &[(L::Site, Level::Site)],
            Level::UserAgent
            | Level::Device
            | Level::FailureInfo
            | Level::Identity
            | Level::Site => &[],
        }
    }
}

/// A named way from one object to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Link {
    /// To the call, from anything below it.
    Call,
    /// To the session.
    Session,
    /// To the segment.
    Segment,
    /// To the media a stream belongs to.
    Media,
    /// The end that sends a stream.
    Sender,
    /// The end that receives a stream.
    Receiver,
    /// The end of a stream that is a person's.
    Client,
    /// The calling end of a session or segment.
    Caller,
    /// The called end of a session or segment.
    Callee,
    /// The caller's network, of a media.
    CallerNetwork,
    /// The callee's network, of a media.
    CalleeNetwork,
    /// The caller's devices, of a media.
    CallerDevice,
    /// The callee's devices, of a media.
    CalleeDevice,
    /// The software at an end.
    UserAgent,
    /// The network of a stream's end.
    Network,
    /// The devices of a stream's end.
    Device,
    /// What the user at this end said.
    Feedback,
    /// The end that gave a feedback.
    Endpoint,
    /// The object's own `failureInfo`.
    FailureInfo,
    /// Computed: the session's `failureInfo` if it has a stage or reason, else that of its
    /// first segment that has one. The same fault is reported at both levels; this counts it once.
    Failure,
    /// Who is at this end.
    Identity,
    /// Who organised the call.
    Organizer,
    /// Computed: where the network is, or that of an end.
    Site,
}

impl Link {
    /// Every link.
    pub const ALL: [Link; 23] = [
        Link::Call,
        Link::Session,
        Link::Segment,
        Link::Media,
        Link::Sender,
        Link::Receiver,
        Link::Client,
        Link::Caller,
        Link::Callee,
        Link::CallerNetwork,
        Link::CalleeNetwork,
        Link::CallerDevice,
        Link::CalleeDevice,
        Link::UserAgent,
        Link::Network,
        Link::Device,
        Link::Feedback,
        Link::Endpoint,
        Link::FailureInfo,
        Link::Failure,
        Link::Identity,
        Link::Organizer,
        Link::Site,
    ];

    /// The property name in a rule.
    pub const fn name(self) -> &'static str {
        match self {
            Link::Call => "call",
            Link::Session => "session",
            Link::Segment => "segment",
            Link::Media => "media",
            Link::Sender => "sender",
            Link::Receiver => "receiver",
            Link::Client => "client",
            Link::Caller => "caller",
            Link::Callee => "callee",
            Link::CallerNetwork => "callerNetwork",
            Link::CalleeNetwork => "calleeNetwork",
            Link::CallerDevice => "callerDevice",
            Link::CalleeDevice => "calleeDevice",
            Link::UserAgent => "userAgent",
            Link::Network => "network",
            Link::Device => "device",
            Link::Feedback => "feedback",
            Link::Endpoint => "endpoint",
            Link::FailureInfo => "failureInfo",
            Link::Failure => "failure",
            Link::Identity => "identity",
            Link::Organizer => "organizer",
            Link::Site => "site",
        }
    }

    /// Whether we compute where it leads; else Graph has a property of that name.
    pub const fn is_computed(self) -> bool {
        !matches!(
            self,
            Link::Caller
                | Link::Callee
                | Link::CallerNetwork
                | Link::CalleeNetwork
                | Link::CallerDevice
                | Link::CalleeDevice
                | Link::UserAgent
                | Link::Feedback
                | Link::FailureInfo
                | Link::Organizer
        )
    }

    /// The link with that property name.
    pub fn parse(name: &str) -> Option<Link> {
        Link::ALL.into_iter().find(|link| link.name() == name)
    }

    /// Its place among the links of `level`, and the level it leads to.
    pub fn on(self, level: Level) -> Option<(usize, Level)> {
        let links = level.links();
        let slot = links.iter().position(|(link, _)| *link == self)?;
        Some((slot, links[slot].1))
    }
}
