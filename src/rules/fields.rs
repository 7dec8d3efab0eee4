//! The catalogue: what a rule may name, on which level, of what kind, in which unit.
//!
//! Names are Microsoft Graph's own; the few that we compute are marked so. One static
//! table serves the loader (is this a name at all?), the layout (what must be captured?)
//! and the evidence (in which unit?).
//!
//! It holds no values, reads no document, and states no limit: limits live in
//! `rules/thresholds.toml`, beside their source.

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
}

impl Level {
    /// How many levels there are.
    pub const COUNT: usize = 12;

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
        }
    }

    /// The rule level that `on: "…"` names.
    pub fn parse_rule_level(name: &str) -> Option<Level> {
        Level::RULE_LEVELS
            .into_iter()
            .find(|level| level.name() == name)
    }

    /// The fields of this level, in table order.
    pub fn fields(self) -> impl Iterator<Item = FieldId> {
        let (start, end) = RANGES[self as usize];
        (start..end).map(FieldId)
    }

    /// The field of this level with that name.
    pub fn field(self, name: &str) -> Option<FieldId> {
        self.fields().find(|id| id.name() == name)
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
                (L::Device, Level::Device),
                (L::Feedback, Level::Feedback),
                (L::Identity, Level::Identity),
            ],
            Level::UserAgent
            | Level::Network
            | Level::Device
            | Level::FailureInfo
            | Level::Identity => &[],
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
}

impl Link {
    /// Every link.
    pub const ALL: [Link; 22] = [
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
        }
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

/// What a field holds once it is captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number; durations are milliseconds.
    Number,
    /// A whole number.
    Integer,
    /// Free text.
    Text,
    /// One name out of a set.
    Enum,
    /// True or false.
    Bool,
    /// A point in time: milliseconds since 1970-01-01T00:00:00Z, a number.
    Instant,
    /// Several texts.
    List,
}

/// The unit of a field or limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// No unit.
    None,
    /// Milliseconds.
    Milliseconds,
    /// A fraction of one; 0.1 is 10 %.
    Ratio,
    /// Hundredths; 10 is 10 %.
    Percent,
    /// Points of the mean opinion score.
    Mos,
    /// Packets.
    Packets,
    /// Frames per second.
    FramesPerSecond,
    /// Bits per second.
    BitsPerSecond,
    /// Decibels.
    Decibels,
    /// A plain count.
    Count,
}

impl Unit {
    /// The unit as evidence names it; empty when there is none.
    pub const fn name(self) -> &'static str {
        match self {
            Unit::None => "",
            Unit::Milliseconds => "ms",
            Unit::Ratio => "ratio",
            Unit::Percent => "percent",
            Unit::Mos => "MOS",
            Unit::Packets => "packets",
            Unit::FramesPerSecond => "fps",
            Unit::BitsPerSecond => "bit/s",
            Unit::Decibels => "dB",
            Unit::Count => "count",
        }
    }
}

/// One property of one level.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The level it belongs to.
    pub level: Level,
    /// Graph's name, or ours where it is computed.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// In which unit.
    pub unit: Unit,
    /// True if the record side computes it; false if Graph sends it.
    pub computed: bool,
}

/// A field, as an index into the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldId(u16);

impl FieldId {
    /// How many fields the catalogue has.
    pub const COUNT: usize = FIELDS.len();

    /// Its place in the catalogue.
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// What the catalogue says about it.
    pub fn get(self) -> &'static Field {
        &FIELDS[self.index()]
    }

    /// Its property name.
    pub fn name(self) -> &'static str {
        self.get().name
    }

    /// Every field, level by level.
    pub fn all() -> impl Iterator<Item = FieldId> {
        (0..FIELDS.len() as u16).map(FieldId)
    }
}

/// Every property name a rule may use, fields and links, each once.
pub fn property_names() -> Vec<&'static str> {
    let mut names: Vec<&'static str> = FIELDS
        .iter()
        .map(|field| field.name)
        .chain(Link::ALL.map(Link::name))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

const fn given(level: Level, name: &'static str, kind: Kind, unit: Unit) -> Field {
    Field {
        level,
        name,
        kind,
        unit,
        computed: false,
    }
}

const fn text(level: Level, name: &'static str) -> Field {
    given(level, name, Kind::Text, Unit::None)
}

const fn one_of(level: Level, name: &'static str) -> Field {
    given(level, name, Kind::Enum, Unit::None)
}

const fn ms(level: Level, name: &'static str) -> Field {
    given(level, name, Kind::Number, Unit::Milliseconds)
}

const fn ratio(level: Level, name: &'static str) -> Field {
    given(level, name, Kind::Number, Unit::Ratio)
}

const fn whole(level: Level, name: &'static str, unit: Unit) -> Field {
    given(level, name, Kind::Integer, unit)
}

const fn instant(level: Level, name: &'static str) -> Field {
    given(level, name, Kind::Instant, Unit::None)
}

const fn ours(mut field: Field) -> Field {
    field.computed = true;
    field
}

/// The first field of each level and the first behind it.
const RANGES: [(u16, u16); Level::COUNT] = {
    let mut ranges = [(0, 0); Level::COUNT];
    let mut at = 0;
    while at < FIELDS.len() {
        let level = FIELDS[at].level as usize;
        if ranges[level].1 == 0 {
            ranges[level].0 = at as u16;
        }
        ranges[level].1 = at as u16 + 1;
        at += 1;
    }
    ranges
};

/// The catalogue, each level in one run.
/// Source: Graph metadata `microsoft.graph.callRecords` v1.0 and the resource pages beside it;
/// units as the Call Quality Dashboard's list of dimensions gives them.
const FIELDS: &[Field] = &{
    use Level::*;
    [
        text(Call, "id"),
        one_of(Call, "type"),
        whole(Call, "version", Unit::Count),
        given(Call, "modalities", Kind::List, Unit::None),
        text(Call, "joinWebUrl"),
        instant(Call, "startDateTime"),
        instant(Call, "endDateTime"),
        instant(Call, "lastModifiedDateTime"),
        ours(ms(Call, "duration")),
        text(Session, "id"),
        given(Session, "isTest", Kind::Bool, Unit::None),
        given(Session, "modalities", Kind::List, Unit::None),
        instant(Session, "startDateTime"),
        instant(Session, "endDateTime"),
        ours(ms(Session, "duration")),
        text(Segment, "id"),
        instant(Segment, "startDateTime"),
        instant(Segment, "endDateTime"),
        ours(ms(Segment, "duration")),
        text(Media, "label"),
        text(Stream, "streamId"),
        one_of(Stream, "streamDirection"),
        ours(one_of(Stream, "path")),
        one_of(Stream, "audioCodec"),
        one_of(Stream, "videoCodec"),
        instant(Stream, "startDateTime"),
        instant(Stream, "endDateTime"),
        whole(Stream, "packetUtilization", Unit::Packets),
        whole(Stream, "averageBandwidthEstimate", Unit::BitsPerSecond),
        ratio(Stream, "averagePacketLossRate"),
        ratio(Stream, "maxPacketLossRate"),
        ms(Stream, "averageJitter"),
        ms(Stream, "maxJitter"),
        ms(Stream, "averageRoundTripTime"),
        ms(Stream, "maxRoundTripTime"),
        ms(Stream, "averageAudioNetworkJitter"),
        ms(Stream, "maxAudioNetworkJitter"),
        given(Stream, "averageAudioDegradation", Kind::Number, Unit::Mos),
        ratio(Stream, "averageRatioOfConcealedSamples"),
        ratio(Stream, "maxRatioOfConcealedSamples"),
        given(
            Stream,
            "averageVideoFrameLossPercentage",
            Kind::Number,
            Unit::Percent,
        ),
        given(
            Stream,
            "averageVideoFrameRate",
            Kind::Number,
            Unit::FramesPerSecond,
        ),
        given(
            Stream,
            "averageReceivedFrameRate",
            Kind::Number,
            Unit::FramesPerSecond,
        ),
        ratio(Stream, "averageVideoPacketLossRate"),
        ratio(Stream, "postForwardErrorCorrectionPacketLossRate"),
        ratio(Stream, "lowFrameRateRatio"),
        ratio(Stream, "lowVideoProcessingCapabilityRatio"),
        ms(Stream, "averageFreezeDuration"),
        ms(Stream, "rmsFreezeDuration"),
        given(
            Stream,
            "isAudioForwardErrorCorrectionUsed",
            Kind::Bool,
            Unit::None,
        ),
        given(Stream, "wasMediaBypassed", Kind::Bool, Unit::None),
        one_of(Feedback, "rating"),
        text(Feedback, "text"),
        ours(given(Feedback, "tokens", Kind::List, Unit::None)),
        ours(one_of(Endpoint, "role")),
        ours(one_of(Endpoint, "kind")),
        ours(text(Endpoint, "displayName")),
        ours(text(Endpoint, "userId")),
        text(Endpoint, "name"),
        text(Endpoint, "cpuName"),
        whole(Endpoint, "cpuCoresCount", Unit::Count),
        whole(Endpoint, "cpuProcessorSpeedInMhz", Unit::None),
        text(UserAgent, "applicationVersion"),
        text(UserAgent, "headerValue"),
        text(UserAgent, "azureADAppId"),
        text(UserAgent, "communicationServiceId"),
        one_of(UserAgent, "platform"),
        one_of(UserAgent, "productFamily"),
        one_of(UserAgent, "role"),
        one_of(Network, "connectionType"),
        one_of(Network, "networkTransportProtocol"),
        text(Network, "ipAddress"),
        text(Network, "subnet"),
        whole(Network, "port", Unit::None),
        text(Network, "reflexiveIPAddress"),
        text(Network, "relayIPAddress"),
        whole(Network, "relayPort", Unit::None),
        text(Network, "macAddress"),
        text(Network, "dnsSuffix"),
        whole(Network, "linkSpeed", Unit::BitsPerSecond),
        text(Network, "basicServiceSetIdentifier"),
        one_of(Network, "wifiBand"),
        one_of(Network, "wifiRadioType"),
        whole(Network, "wifiChannel", Unit::None),
        whole(Network, "wifiSignalStrength", Unit::Percent),
        whole(Network, "wifiBatteryCharge", Unit::Percent),
        text(Network, "wifiMicrosoftDriver"),
        text(Network, "wifiMicrosoftDriverVersion"),
        text(Network, "wifiVendorDriver"),
        text(Network, "wifiVendorDriverVersion"),
        ratio(Network, "bandwidthLowEventRatio"),
        ratio(Network, "delayEventRatio"),
        ratio(Network, "receivedQualityEventRatio"),
        ratio(Network, "sentQualityEventRatio"),
        text(Device, "captureDeviceName"),
        text(Device, "captureDeviceDriver"),
        text(Device, "renderDeviceName"),
        text(Device, "renderDeviceDriver"),
        ratio(Device, "captureNotFunctioningEventRatio"),
        ratio(Device, "renderNotFunctioningEventRatio"),
        ratio(Device, "renderMuteEventRatio"),
        ratio(Device, "renderZeroVolumeEventRatio"),
        ratio(Device, "cpuInsufficentEventRatio"),
        ratio(Device, "deviceClippingEventRatio"),
        ratio(Device, "deviceGlitchEventRatio"),
        ratio(Device, "lowSpeechLevelEventRatio"),
        ratio(Device, "lowSpeechToNoiseEventRatio"),
        whole(Device, "howlingEventCount", Unit::Count),
        given(
            Device,
            "initialSignalLevelRootMeanSquare",
            Kind::Number,
            Unit::None,
        ),
        given(Device, "micGlitchRate", Kind::Number, Unit::None),
        given(Device, "speakerGlitchRate", Kind::Number, Unit::None),
        whole(Device, "receivedNoiseLevel", Unit::Decibels),
        whole(Device, "receivedSignalLevel", Unit::Decibels),
        whole(Device, "sentNoiseLevel", Unit::Decibels),
        whole(Device, "sentSignalLevel", Unit::Decibels),
        text(FailureInfo, "reason"),
        one_of(FailureInfo, "stage"),
        text(Identity, "id"),
        text(Identity, "displayName"),
        text(Identity, "userPrincipalName"),
        text(Identity, "tenantId"),
        ours(one_of(Identity, "kind")),
    ]
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_level_is_one_run_of_the_table_with_distinct_names() {
        let mut seen = 0;
        for level in Level::ALL {
            let fields: Vec<FieldId> = level.fields().collect();
            seen += fields.len();
            for id in &fields {
                assert_eq!(id.get().level, level);
                assert_eq!(
                    level.field(id.name()),
                    Some(*id),
                    "{} stands twice",
                    id.name()
                );
                assert!(
                    level
                        .links()
                        .iter()
                        .all(|(link, _)| link.name() != id.name()),
                    "{} is a field and a link of {}",
                    id.name(),
                    level.name()
                );
            }
        }
        assert_eq!(seen, FieldId::COUNT);
    }

    #[test]
    fn every_link_leaves_some_level_and_parses_back() {
        for link in Link::ALL {
            assert_eq!(Link::parse(link.name()), Some(link));
            assert!(
                Level::ALL.iter().any(|level| link.on(*level).is_some()),
                "{link:?}"
            );
        }
    }
}
