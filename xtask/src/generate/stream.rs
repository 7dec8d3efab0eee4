//! Writes streams, and plants poor ones.
//!
//! Healthy readings stay inside the default limits, at times exactly on them
//! (`PT0.03S`, `0.1`, 500 packets); planted ones lie beyond, at times by the last
//! digit. A gated stream is bad in everything and must stay quiet: too few packets,
//! or no count of them. No rule is decided here; `limits` knows the numbers.

use super::call::{Rule, Writer};
use super::limits::{
    AFTER_CORRECTION, CONCEALED, DEGRADATION, FRAME_LOSS, FRAME_RATE, Form, JITTER, LOSS,
    ROUND_TRIP, Reading, SHARING_RATE,
};
use super::recipe::Era;
use super::{PlantedFinding, PlantedReading};

/// What a media carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Medium {
    Audio,
    Video,
    Sharing,
    Data,
}

impl Medium {
    /// Graph's `media.label`.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Audio => "main-audio",
            Self::Video => "main-video",
            Self::Sharing => "applicationsharing-video",
            Self::Data => "data",
        }
    }

    /// The default rule that looks at it.
    fn rule(self) -> Option<Rule> {
        match self {
            Self::Audio => Some(Rule::PoorAudio),
            Self::Video => Some(Rule::PoorVideo),
            Self::Sharing => Some(Rule::PoorScreenSharing),
            Self::Data => None,
        }
    }
}

/// What is to be written for a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Quiet,
    /// Beyond the limit, and the reason of a finding.
    Planted,
    /// Beyond the limit, and no finding: the stream has too few packets.
    Gated,
    Null,
}

impl Writer {
    /// One stream of `medium` at `at`.
    pub(crate) fn stream(
        &mut self,
        at: &str,
        medium: Medium,
        back: bool,
        poor: bool,
        gated: bool,
        fault: Option<u64>,
    ) {
        let mut finding = PlantedFinding {
            pointer: at.to_owned(),
            fields: Vec::new(),
        };
        let full = self.recipe.era != Era::Early;
        let audio = medium == Medium::Audio;
        self.json.open('{');
        self.json.key("streamId");
        self.json.text.push('"');
        let id = self.random.within(1, u64::from(u32::MAX));
        self.json.digits(id, 1);
        self.json.text.push('"');
        if fault == Some(6) && back {
            self.json.string_field("streamDirection", "calleeToCaler");
            self.violation = Some(format!("{at}/streamDirection"));
        } else {
            let direction = if back {
                "calleeToCaller"
            } else {
                "callerToCallee"
            };
            self.json.string_field("streamDirection", direction);
        }
        if full {
            self.codecs(medium);
        }
        let states = self.audio_states(audio, poor, gated);
        self.reading(DEGRADATION, states[0], &mut finding);
        let jitter = self.reading(JITTER, states[1], &mut finding);
        if fault == Some(5) && back {
            self.json.string_field("maxJitter", "16 ms");
            self.violation = Some(format!("{at}/maxJitter"));
        } else {
            self.maximum("maxJitter", jitter, Form::Duration);
        }
        let loss = self.reading(LOSS, states[2], &mut finding);
        self.maximum("maxPacketLossRate", loss, Form::Number);
        let concealed = self.reading(CONCEALED, states[3], &mut finding);
        self.maximum("maxRatioOfConcealedSamples", concealed, Form::Number);
        let round_trip = self.reading(ROUND_TRIP, states[4], &mut finding);
        self.maximum("maxRoundTripTime", round_trip, Form::Duration);
        self.packets(poor, gated);
        let bandwidth = self.random.within(100_000, 20_000_000);
        self.json
            .integer_field("averageBandwidthEstimate", bandwidth as i64);
        self.json.raw_field("wasMediaBypassed", "false");
        let jitter = audio.then(|| self.random.within(1, 60));
        self.unread("averageAudioNetworkJitter", jitter);
        let jitter = jitter.map(|jitter| jitter + self.random.below(200));
        self.unread("maxAudioNetworkJitter", jitter);
        let video = matches!(medium, Medium::Video | Medium::Sharing);
        if video || full {
            self.video(medium, poor, gated, &mut finding);
        }
        if full {
            self.json.null_field("startDateTime");
            self.json.null_field("endDateTime");
            if audio {
                self.json
                    .raw_field("isAudioForwardErrorCorrectionUsed", "true");
            } else {
                self.json.null_field("isAudioForwardErrorCorrectionUsed");
            }
        }
        self.json.close('}');
        if let (true, Some(rule)) = (poor, medium.rule()) {
            self.found(rule, finding);
        }
    }

    fn codecs(&mut self, medium: Medium) {
        match medium {
            Medium::Audio => {
                let codec = self
                    .random
                    .pick(&["satin", "silkWide", "opus", "g722", "pcmu"]);
                self.json.string_field("audioCodec", codec);
                self.json.null_field("videoCodec");
            }
            Medium::Video | Medium::Sharing => {
                self.json.null_field("audioCodec");
                let codec = self.random.pick(&["h264", "av1", "h264uc"]);
                self.json.string_field("videoCodec", codec);
            }
            Medium::Data => {
                self.json.null_field("audioCodec");
                self.json.null_field("videoCodec");
            }
        }
    }

    /// Degradation, jitter, loss, concealed samples, round trip.
    fn audio_states(&mut self, audio: bool, poor: bool, gated: bool) -> [State; 5] {
        if !audio {
            return [
                State::Null,
                State::Quiet,
                State::Quiet,
                State::Null,
                State::Quiet,
            ];
        }
        let mut states = [State::Quiet; 5];
        for state in &mut states {
            if gated {
                *state = State::Gated;
            } else if self.random.per_mille(100) {
                *state = State::Null;
            }
        }
        if poor {
            states[self.random.below(5) as usize] = State::Planted;
            while self.random.per_mille(300) {
                states[self.random.below(5) as usize] = State::Planted;
            }
        }
        states
    }

    fn packets(&mut self, poor: bool, gated: bool) {
        let count = match (poor, gated) {
            (true, _) if self.random.per_mille(200) => 501,
            (true, _) => self.random.within(501, 90_000),
            (false, true) => match self.random.below(4) {
                0 => return self.json.null_field("packetUtilization"),
                1 => self.random.below(500),
                _ => 500,
            },
            (false, false) => self.random.below(90_000),
        };
        self.json.integer_field("packetUtilization", count as i64);
    }

    fn video(&mut self, medium: Medium, poor: bool, gated: bool, finding: &mut PlantedFinding) {
        let names = [
            "averageVideoPacketLossRate",
            "averageReceivedFrameRate",
            "lowFrameRateRatio",
            "lowVideoProcessingCapabilityRatio",
            "averageFreezeDuration",
            "rmsFreezeDuration",
        ];
        let rate = if medium == Medium::Sharing {
            SHARING_RATE
        } else {
            FRAME_RATE
        };
        if !matches!(medium, Medium::Video | Medium::Sharing) {
            for reading in [FRAME_LOSS, rate, AFTER_CORRECTION] {
                self.json.null_field(reading.field);
            }
            for name in names {
                self.json.null_field(name);
            }
            return;
        }
        // The first of the three that is there decides.
        let decides = self.random.below(3) as usize;
        let mut states = [State::Null; 3];
        for (index, state) in states.iter_mut().enumerate().skip(decides) {
            *state = match (index == decides && poor, gated) {
                (true, _) => State::Planted,
                (false, true) => State::Gated,
                (false, false) => State::Quiet,
            };
        }
        for (reading, state) in [FRAME_LOSS, rate, AFTER_CORRECTION].into_iter().zip(states) {
            self.reading(reading, state, finding);
        }
        for (name, bound) in names
            .into_iter()
            .zip([900_000, 300_000_000, 3_000_000, 2_000_000])
        {
            let value = self.random.below(bound);
            self.json.decimal_field(name, value, 7);
        }
        if self.recipe.era != Era::Early {
            let freeze = self.random.within(1, 1200);
            self.unread(names[4], Some(freeze));
            let rms = freeze + self.random.below(400);
            self.unread(names[5], Some(rms));
        }
    }

    /// A duration that no rule reads, in milliseconds.
    fn unread(&mut self, name: &str, milliseconds: Option<u64>) {
        match milliseconds {
            Some(value) => self.json.duration_field(name, value, 3),
            None => self.json.null_field(name),
        }
    }

    /// The maximum beside an average, in units of 10^-7: never below it, and as
    /// a ratio never above 1.
    fn maximum(&mut self, name: &str, average: Option<u64>, form: Form) {
        let Some(average) = average else {
            return self.json.null_field(name);
        };
        if form == Form::Number {
            let maximum = (average + self.random.below(average + 1_000_000)).min(10_000_000);
            self.json.decimal_field(name, maximum, 7);
        } else {
            let maximum = average + self.random.below(100) * 10_000;
            self.json.key(name);
            self.duration(maximum);
        }
    }

    /// Writes a reading and says what was written, in units of 10^-7.
    fn reading(
        &mut self,
        reading: Reading,
        state: State,
        finding: &mut PlantedFinding,
    ) -> Option<u64> {
        let step = if reading.form == Form::Duration {
            10_000
        } else {
            1
        };
        let value = match state {
            State::Null => {
                self.json.null_field(reading.field);
                return None;
            }
            State::Quiet => match self.random.below(100) {
                0..3 => reading.limit,
                3..20 if reading.quiet.0 == 0 => 0,
                _ => {
                    self.random
                        .within(reading.quiet.0 / step, reading.quiet.1 / step)
                        * step
                }
            },
            State::Planted if self.random.per_mille(300) => match self.random.below(2) {
                0 => reading.edge,
                _ if reading.poor.1 < reading.limit => reading.poor.1,
                _ => reading.poor.0,
            },
            State::Planted | State::Gated => {
                self.random
                    .within(reading.poor.0 / step, reading.poor.1 / step)
                    * step
            }
        };
        self.json.key(reading.field);
        let from = self.json.text.len();
        match reading.form {
            Form::Number => self.json.decimal(value, 7),
            Form::Duration => self.duration(value),
        }
        if state == State::Planted {
            finding.fields.push(PlantedReading {
                field: reading.field,
                pointer: format!("{}/{}", finding.pointer, reading.field),
                literal: self.json.text[from..].to_owned(),
            });
        }
        Some(value)
    }

    /// A duration of `value` * 10^-7 seconds, with minutes where there are any.
    fn duration(&mut self, value: u64) {
        let minutes = value / 600_000_000;
        if minutes == 0 {
            return self.json.duration(value, 7);
        }
        self.json.text.push_str("\"PT");
        self.json.digits(minutes, 1);
        self.json.text.push('M');
        self.json.decimal(value % 600_000_000, 7);
        self.json.text.push_str("S\"");
    }
}
