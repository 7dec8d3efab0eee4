//! The catalogue: what a rule may name, on which level, of what kind, in which unit.
//!
//! Names are Microsoft Graph's own; the few that we compute are marked so. One static
//! table serves the loader (is this a name at all?), the layout (what must be captured?)
//! and the evidence (in which unit?).
//!
//! It holds no values, reads no document, and states no limit: limits live in
//! `rules/thresholds.toml`, beside their source.

pub use super::level::{Level, Link};

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

impl Kind {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Number => "number",
            Kind::Integer => "integer",
            Kind::Text => "text",
            Kind::Enum => "enum",
            Kind::Bool => "boolean",
            Kind::Instant => "time",
            Kind::List => "list",
        }
    }
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
    /// Megahertz.
    Megahertz,
    /// A root mean square of samples.
    Rms,
    /// Glitches in five minutes.
    Glitches,
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
            Unit::Megahertz => "MHz",
            Unit::Rms => "rms",
            Unit::Glitches => "glitches/5min",
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

impl Level {
    /// The fields of this level, in table order.
    pub fn fields(self) -> impl Iterator<Item = FieldId> {
        let (start, end) = RANGES[self as usize];
        (start..end).map(FieldId)
    }

    /// The field of this level with that name.
    pub fn field(self, name: &str) -> Option<FieldId> {
        self.fields().find(|id| id.name() == name)
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
        whole(Call, "version", Unit::None),
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
        whole(Endpoint, "cpuProcessorSpeedInMhz", Unit::Megahertz),
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
            Unit::Rms,
        ),
        given(Device, "micGlitchRate", Kind::Number, Unit::Glitches),
        given(Device, "speakerGlitchRate", Kind::Number, Unit::Glitches),
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
        ours(text(Identity, "kind")),
        ours(text(Site, "cidr")),
        ours(text(Site, "network_name")),
        ours(text(Site, "building")),
        ours(text(Site, "ownership_type")),
        ours(text(Site, "building_type")),
        ours(text(Site, "building_office_type")),
        ours(text(Site, "city")),
        ours(text(Site, "zip_code")),
        ours(text(Site, "country")),
        ours(text(Site, "state")),
        ours(text(Site, "region")),
        ours(given(Site, "inside_corp", Kind::Bool, Unit::None)),
        ours(given(Site, "express_route", Kind::Bool, Unit::None)),
        ours(given(Site, "vpn", Kind::Bool, Unit::None)),
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
