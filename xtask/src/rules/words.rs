//! Names, and small pools of values for them: what rules and readings are drawn from.
//!
//! A part of the names that rules may use, with at least one of each kind and dimension.

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Number(Dimension),
    Text,
    Enum,
    Bool,
    List,
}

/// What a number measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dimension {
    Milliseconds,
    Ratio,
    Percent,
    Mos,
    Packets,
    Frames,
    Bare,
}

impl Dimension {
    /// One of two limits of this dimension.
    pub(super) fn limit(self, which: usize) -> &'static str {
        let pair = match self {
            Dimension::Milliseconds => ["limits::jitter", "limits::wait"],
            Dimension::Ratio | Dimension::Percent => ["limits::loss", "limits::share"],
            Dimension::Mos => ["limits::score", "limits::score"],
            Dimension::Packets => ["limits::packets", "limits::few"],
            Dimension::Frames => ["limits::frames", "limits::frames"],
            Dimension::Bare => ["limits::few", "limits::rate"],
        };
        pair[which]
    }
}

/// Constants of a dimension, and readings too.
pub(super) fn pool(dimension: Dimension) -> &'static [&'static str] {
    match dimension {
        Dimension::Milliseconds => &["0", "10", "30", "30.0", "30.000000000000004", "100", "500"],
        Dimension::Ratio => &["0", "0.05", "0.1", "0.10000000000000002", "0.5", "1.0"],
        Dimension::Percent => &["0", "5", "10", "50", "50.5", "100.0"],
        Dimension::Mos => &["0", "0.5", "1", "1.0", "1.1", "3.5"],
        Dimension::Packets => &["0", "1", "499", "500", "501", "709.0"],
        Dimension::Frames => &["0", "2", "6.9", "7", "30"],
        Dimension::Bare => &["0", "1", "2", "500", "501", "1000.0"],
    }
}

/// What texts of a field are drawn from.
pub(super) fn texts(field: &str) -> &'static [&'static str] {
    match field {
        "audioCodec" => &["satin", "silk", "pcma", "unknown"],
        "connectionType" => &["wifi", "wired", "mobile", "unknown"],
        "rating" => &["bad", "poor", "good", "notRated"],
        "type" => &["groupCall", "peerToPeer"],
        "platform" => &["windows", "macOS", "android", "iOS", "web"],
        "tokens" => &["NoSound", "Echo", "Noisy"],
        "modalities" => &["audio", "video", "data"],
        "label" => &["main-audio", "main-video", "applicationsharing-video", "ä"],
        _ => &["a", "ab", "bc", "10.0.0.0", "ä", "\u{1f4de}"],
    }
}

use Kind::{Bool, Enum, List, Number, Text};

/// Level, name, and what it holds.
pub(super) const FIELDS: &[(&str, &str, Kind)] = &[
    ("call", "id", Text),
    ("call", "type", Enum),
    ("call", "modalities", List),
    ("call", "duration", Number(Dimension::Milliseconds)),
    ("session", "id", Text),
    ("session", "isTest", Bool),
    ("session", "modalities", List),
    ("session", "duration", Number(Dimension::Milliseconds)),
    ("segment", "duration", Number(Dimension::Milliseconds)),
    ("media", "label", Text),
    ("stream", "streamId", Text),
    ("stream", "audioCodec", Enum),
    ("stream", "packetUtilization", Number(Dimension::Packets)),
    ("stream", "averagePacketLossRate", Number(Dimension::Ratio)),
    ("stream", "maxPacketLossRate", Number(Dimension::Ratio)),
    ("stream", "averageJitter", Number(Dimension::Milliseconds)),
    ("stream", "maxJitter", Number(Dimension::Milliseconds)),
    (
        "stream",
        "averageRoundTripTime",
        Number(Dimension::Milliseconds),
    ),
    ("stream", "averageAudioDegradation", Number(Dimension::Mos)),
    (
        "stream",
        "averageVideoFrameLossPercentage",
        Number(Dimension::Percent),
    ),
    ("stream", "averageVideoFrameRate", Number(Dimension::Frames)),
    ("stream", "wasMediaBypassed", Bool),
    ("stream", "isAudioForwardErrorCorrectionUsed", Bool),
    ("feedback", "rating", Enum),
    ("feedback", "text", Text),
    ("feedback", "tokens", List),
    ("endpoint", "name", Text),
    ("endpoint", "displayName", Text),
    ("userAgent", "platform", Enum),
    ("network", "connectionType", Enum),
    ("network", "subnet", Text),
    ("network", "wifiChannel", Number(Dimension::Bare)),
    ("network", "wifiSignalStrength", Number(Dimension::Percent)),
    (
        "network",
        "bandwidthLowEventRatio",
        Number(Dimension::Ratio),
    ),
    ("device", "captureDeviceName", Text),
    ("device", "micGlitchRate", Number(Dimension::Bare)),
];

/// Level, link, and the level it leads to.
pub(super) const LINKS: &[(&str, &str, &str)] = &[
    ("session", "call", "call"),
    ("session", "caller", "endpoint"),
    ("segment", "session", "session"),
    ("media", "segment", "segment"),
    ("media", "session", "session"),
    ("media", "callerNetwork", "network"),
    ("media", "calleeDevice", "device"),
    ("stream", "media", "media"),
    ("stream", "session", "session"),
    ("stream", "call", "call"),
    ("stream", "client", "endpoint"),
    ("stream", "sender", "endpoint"),
    ("feedback", "session", "session"),
    ("feedback", "endpoint", "endpoint"),
    ("endpoint", "network", "network"),
    ("endpoint", "device", "device"),
    ("endpoint", "userAgent", "userAgent"),
];
