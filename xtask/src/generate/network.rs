//! Writes the networks and devices of media.
//!
//! A service has a network and no device. No default rule reads any of this, so
//! faults and notices sit here safely. What identifies a person's network comes
//! from the person's seed and is the same throughout a document.

use super::call::Writer;
use super::endpoint::Person;
use super::media::Oddities;
use super::random::Random;
use super::recipe::Era;
use super::words::{DEVICES, SUFFIXES};

impl Writer {
    fn ratio(&mut self, name: &str) {
        let value = match self.random.below(10) {
            0..5 => 0,
            5..7 => self.random.below(100) * 1_000_000,
            _ => self.random.below(100_000_000),
        };
        self.json.decimal_field(name, value, 8);
    }

    fn address(&mut self, name: &str, [a, b, c, d]: [u64; 4]) {
        self.json.key(name);
        self.json.text.push('"');
        for (index, part) in [a, b, c, d].into_iter().enumerate() {
            if index > 0 {
                self.json.text.push('.');
            }
            self.json.digits(part, 1);
        }
        self.json.text.push('"');
    }

    /// One end's network; `person` is `None` for a service, whose network is Microsoft's.
    pub(crate) fn network(&mut self, name: &str, person: Option<&Person>, at: &str, odd: Oddities) {
        let seed = person.map_or(0x5eed, |person| person.seed);
        let mut own = Random::new(seed ^ 0xae7);
        let (b, c, host) = (own.within(100, 180), own.below(255), own.within(2, 250));
        let connection = match person {
            Some(_) => own.pick(&[
                "wired", "wired", "wifi", "wifi", "mobile", "tunnel", "unknown",
            ]),
            None => "wired",
        };
        let wifi = connection == "wifi";
        let full = self.recipe.era != Era::Early;
        self.json.field_open(name, '{');
        if own.per_mille(40) {
            self.json.string_field("ipAddress", "fd00:10:150::2");
            self.json.null_field("subnet");
        } else {
            self.address(
                "ipAddress",
                [if person.is_some() { 10 } else { 52 }, b, c, host],
            );
            self.address("subnet", [if person.is_some() { 10 } else { 52 }, b, c, 0]);
        }
        let speed = own.pick(&[54_000_000, 1_000_000_000, 866_700_000, 4_294_967_295]);
        self.json.integer_field("linkSpeed", speed);
        self.json.string_field("connectionType", connection);
        if odd.fault == Some(2) {
            self.json.string_field("port", "50011");
            self.violation = Some(format!("{at}/{name}/port"));
        } else {
            self.json
                .integer_field("port", own.within(1024, 65_535) as i64);
        }
        self.address("reflexiveIPAddress", [198, 51, 100, host]);
        self.address("relayIPAddress", [52, 114, 188, host]);
        self.json
            .integer_field("relayPort", own.within(50_000, 59_999) as i64);
        let mac = own.pick(&[
            "00-00-00-00-00-00",
            "02:00:00:00:00:00",
            "00-00-00-00-00-00-00-00",
        ]);
        self.json.string_field("macAddress", mac);
        self.json.raw_field("dnsSuffix", own.pick(SUFFIXES));
        for name in [
            "sentQualityEventRatio",
            "receivedQualityEventRatio",
            "delayEventRatio",
            "bandwidthLowEventRatio",
        ] {
            self.ratio(name);
        }
        if odd.notice == Some(2) {
            self.json.integer_field("wifiChannelWidth", 80);
        }
        if odd.notice == Some(3) {
            self.json.string_field("wifiRadioType", "wifi80211be");
        }
        if full {
            let transport = own.pick(&["udp", "udp", "tcp", "unknown"]);
            self.json
                .string_field("networkTransportProtocol", transport);
            self.wifi(wifi, &mut own, odd.notice != Some(3));
            self.trace_route(at, name, odd);
        } else if odd.fault == Some(3) {
            self.trace_route(at, name, odd);
        }
        self.json.close('}');
    }

    fn wifi(&mut self, wifi: bool, own: &mut Random, radio: bool) {
        let (band, kind) = if wifi {
            own.pick(&[
                ("frequency50GHz", "wifi80211ac"),
                ("frequency24GHz", "wifi80211n"),
                ("frequency50GHz", "wifi80211ax"),
            ])
        } else {
            ("unknown", "unknown")
        };
        self.json.string_field("wifiBand", band);
        if radio {
            self.json.string_field("wifiRadioType", kind);
        }
        if wifi {
            self.json
                .string_field("basicServiceSetIdentifier", "00:11:22:33:44:55");
            self.json
                .integer_field("wifiBatteryCharge", own.below(100) as i64);
            self.json
                .integer_field("wifiChannel", own.within(1, 165) as i64);
            self.json
                .integer_field("wifiSignalStrength", own.within(20, 99) as i64);
            self.json
                .string_field("wifiVendorDriver", "Intel(R) Wi-Fi 6 AX201 160MHz");
            self.json
                .string_field("wifiVendorDriverVersion", "22.80.1.1");
        } else {
            for name in ["basicServiceSetIdentifier", "wifiMicrosoftDriverVersion"] {
                self.json.null_field(name);
            }
        }
    }

    fn trace_route(&mut self, at: &str, name: &str, odd: Oddities) {
        if odd.fault == Some(3) {
            self.json.raw_field("traceRouteHops", "{}");
            self.violation = Some(format!("{at}/{name}/traceRouteHops"));
            return;
        }
        self.json.field_open("traceRouteHops", '[');
        let hops = self.random.below(40).saturating_sub(36);
        for hop in 1..=hops {
            self.json.open('{');
            self.json.integer_field("hopCount", hop as i64);
            self.address("ipAddress", [10, 150, hop, 1]);
            let time = self.random.within(1, 90);
            self.json.duration_field("roundTripTime", time, 3);
            self.json.close('}');
        }
        self.json.close(']');
    }

    /// One end's microphone and loudspeaker.
    pub(crate) fn device(&mut self, name: &str, person: &Person, at: &str, odd: Oddities) {
        let mut own = Random::new(person.seed ^ 0xde7);
        let (capture, render, driver) = own.pick(DEVICES);
        self.json.field_open(name, '{');
        self.json.string_field("captureDeviceName", capture);
        self.json.string_field("captureDeviceDriver", driver);
        self.json.string_field("renderDeviceName", render);
        self.json.string_field("renderDeviceDriver", driver);
        let levels = ["receivedSignalLevel", "receivedNoiseLevel"];
        let sent = ["sentSignalLevel", "sentNoiseLevel"];
        for (signal, noise) in [levels, sent].map(|[signal, noise]| (signal, noise)) {
            self.json
                .integer_field(signal, -(self.random.within(8, 34) as i64));
            self.json
                .integer_field(noise, -(self.random.within(50, 90) as i64));
        }
        let level = self.random.within(100_000, 20_000_000);
        self.json
            .decimal_field("initialSignalLevelRootMeanSquare", level, 5);
        if odd.fault == Some(4) {
            self.json.string_field("micGlitchRate", "23");
            self.violation = Some(format!("{at}/{name}/micGlitchRate"));
        } else {
            self.json
                .integer_field("micGlitchRate", self.random.below(200) as i64);
        }
        self.json
            .integer_field("speakerGlitchRate", self.random.below(4000) as i64);
        self.ratio("renderZeroVolumeEventRatio");
        self.ratio("renderMuteEventRatio");
        if self.recipe.era != Era::Early {
            for name in [
                "captureNotFunctioningEventRatio",
                "cpuInsufficentEventRatio",
                "deviceClippingEventRatio",
                "deviceGlitchEventRatio",
                "lowSpeechLevelEventRatio",
                "lowSpeechToNoiseEventRatio",
                "renderNotFunctioningEventRatio",
            ] {
                self.ratio(name);
            }
            self.json
                .integer_field("howlingEventCount", self.random.below(3) as i64);
        }
        self.json.close('}');
    }
}
