//! What the benches run on: seeded documents, the bare parse, and our stages on top of it.
//!
//! Each stage goes over the whole feed once and answers with a [`Tally`]; a bench
//! compares it with what the generator planted before it believes any time. No
//! stage allocates per document beyond what the product does.

#[allow(dead_code, reason = "not every bench has windows")]
pub(crate) mod day;
#[allow(dead_code, reason = "not every bench compares pairs")]
pub(crate) mod pairs;

use std::fmt::Write as _;

use qualwatch::engine::{Checker, Verdict as Said};
use qualwatch::frame::{Batch, FrameLimits, Framer, Framing, Open};
use qualwatch::record::kind::{self, Taken};
use qualwatch::record::{Caps, Origin, Parser};
use qualwatch::schema::{Schema, Survey};
use qualwatch::{Engine, Input, Report};
use simd_json::{Buffers, INPUT_PADDING, Tape, fill_tape_padded};
use xtask::generate::{Mix, Plan, Verdict, documents};

/// Documents of one kind, and what must be found in them.
pub(crate) struct Feed {
    /// The feed's name in the output.
    pub(crate) name: &'static str,
    /// The JSON texts.
    pub(crate) texts: Vec<String>,
    /// What every stage that looks must find.
    pub(crate) planted: Tally,
}

/// What a stage saw of a feed. Stages that do not look leave a count at zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Values and names on all tapes.
    pub(crate) nodes: u64,
    /// Documents that break the schema.
    pub(crate) invalid: u64,
    /// Documents with at least one notice.
    pub(crate) noticed: u64,
    /// Documents in which a name stands twice with differing values.
    pub(crate) contradictory: u64,
    /// Alerts of the shipped rules.
    pub(crate) alerts: u64,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.nodes += other.nodes;
        self.invalid += other.invalid;
        self.noticed += other.noticed;
        self.contradictory += other.contradictory;
        self.alerts += other.alerts;
    }
}

impl Feed {
    /// `count` documents of a mix; the same ones on every machine.
    pub(crate) fn of(name: &'static str, mix: Mix, count: u64) -> Feed {
        let plan = Plan {
            seed: 20_200_225,
            documents: count,
            mix,
            sessions: None,
        };
        let mut texts = Vec::new();
        let mut planted = Tally::default();
        for document in documents(&plan) {
            planted.invalid += u64::from(document.planted.verdict == Verdict::Invalid);
            planted.noticed += u64::from(document.planted.notices);
            planted.alerts += document.planted.alerts.len() as u64;
            texts.push(document.text);
        }
        let mut feed = Feed {
            name,
            texts,
            planted,
        };
        feed.planted.nodes = Bare::new().run(&feed.texts).nodes;
        feed
    }

    /// The same feed, each document with one property at its root that nobody declared.
    pub(crate) fn with_unknown_property(&self, name: &'static str) -> Feed {
        let texts: Vec<String> = self
            .texts
            .iter()
            .map(|text| text.replacen('{', "{\"propertyOfNextYear\":1,", 1))
            .collect();
        let planted = Tally {
            noticed: texts.len() as u64,
            nodes: self.planted.nodes + 2 * texts.len() as u64,
            ..self.planted
        };
        Feed {
            name,
            texts,
            planted,
        }
    }
}

/// `count` rules on streams, a hundred a file, each with a guard, five comparisons and limits of its
/// own that no healthy stream exceeds.
#[allow(dead_code, reason = "not every bench has so many rules")]
pub(crate) fn many_rules(count: usize) -> Vec<String> {
    let mut files = vec![String::new(); count.div_ceil(100)];
    for number in 0..count {
        let file = &mut files[number / 100];
        let (label, over) = (["audio", "video"][number % 2], number + 1);
        let _ = writeln!(
            file,
            "rule(\"r-{number}\", #{{ on: \"stream\", when: |s| guard(s.media.label == \"main-{label}\"\n\
             && s.packetUtilization > {over}) && (s.averagePacketLossRate > 0.5{over:04}\n\
             || s.averageJitter > 50{over:04} || s.averageRoundTripTime > 50{over:04}\n\
             || s.averageAudioDegradation > 4.5{over:04}\n\
             || s.averageRatioOfConcealedSamples > 0.5{over:04}) }});"
        );
    }
    files
}

/// Writes twenty rules to a folder: the shipped six, and fourteen of their size that other limits
/// keep as quiet as the shipped ones are on most records.
#[allow(dead_code, reason = "not every bench has rules of its own")]
pub(crate) fn twenty_rules(folder: &std::path::Path) {
    let at = |name: &str| folder.join(name);
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/rules");
    for file in [
        "audio.rhai",
        "failure.rhai",
        "feedback.rhai",
        "video.rhai",
        "thresholds.toml",
    ] {
        std::fs::copy(format!("{shipped}/{file}"), at(file)).expect("copied");
    }
    let mut more = String::new();
    for number in 0..7 {
        // As `poor-audio` and `poor-video`, each with limits of its own.
        let (times, over) = (2 + number, 100 + number);
        let _ = write!(
            more,
            r#"
rule("bad-audio-{number}", #{{
    on: "stream",
    when: |s| guard(s.media.label == "main-audio"
            && s.packetUtilization > limits::packets
            && (limits::session_length == 0 || s.session.duration >= limits::session_length))
        && (s.averagePacketLossRate > 0.99{over}
            || s.averageJitter > limits::jitter * 9{over}
            || s.averageRoundTripTime > limits::round_trip * 9{over}
            || s.averageAudioDegradation > 4.9{over}
            || s.averageRatioOfConcealedSamples > 0.99{over}),
}});
rule("bad-video-{number}", #{{
    on: "stream",
    when: |s| guard(s.media.label == "main-video"
            && s.packetUtilization > limits::packets * {times}
            && (limits::session_length == 0 || s.session.duration >= limits::session_length))
        && ((s.averageVideoFrameLossPercentage > 99.{over})
            ?? (s.averageVideoFrameRate > 1000.{over})
            ?? (s.postForwardErrorCorrectionPacketLossRate > 0.99{over})),
}});
"#
        );
    }
    std::fs::write(at("more.rhai"), more).expect("written");
}

/// The baseline: copy into a padded buffer, then simd-json's tape, all buffers reused.
pub(crate) struct Bare {
    padded: Vec<u8>,
    buffers: Buffers,
    tape: Tape<'static>,
}

impl Bare {
    /// Empty buffers.
    pub(crate) fn new() -> Bare {
        Bare {
            padded: Vec::new(),
            buffers: Buffers::with_max_depth(0, 64),
            tape: Tape(Vec::new()),
        }
    }

    /// Parses one text; answers with the length of its tape.
    #[inline(never)]
    pub(crate) fn parse(&mut self, text: &[u8]) -> usize {
        self.padded.clear();
        self.padded.extend_from_slice(text);
        self.padded.resize(text.len() + INPUT_PADDING, 0);
        self.fill(text.len())
    }

    /// Parses what is next in a source, `length` bytes of it, which are copied once.
    #[allow(dead_code, reason = "not every bench reads files")]
    pub(crate) fn parse_next(&mut self, from: &mut impl std::io::Read, length: usize) -> usize {
        self.padded.resize(length + INPUT_PADDING, 0);
        let (text, padding) = self.padded.split_at_mut(length);
        from.read_exact(text).expect("as long as it was said to be");
        padding.fill(0);
        self.fill(length)
    }

    /// Parses the first `length` bytes of the padded buffer.
    fn fill(&mut self, length: usize) -> usize {
        let mut tape = std::mem::replace(&mut self.tape, Tape(Vec::new())).reset();
        let parsed = fill_tape_padded(&mut self.padded, length, &mut self.buffers, &mut tape);
        assert!(parsed.is_ok(), "the feed is JSON");
        let nodes = tape.0.len();
        self.tape = tape.reset();
        nodes
    }

    /// Parses each text once.
    pub(crate) fn run(&mut self, texts: &[String]) -> Tally {
        let texts = texts.iter();
        Tally {
            nodes: texts.map(|text| self.parse(text.as_bytes()) as u64).sum(),
            ..Tally::default()
        }
    }
}

/// How far a document is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Depth {
    /// Tape, caps, original kept.
    Parse,
    /// And its kind, notices and repeated names.
    Survey,
    /// And the schema's violations.
    Validate,
    /// And each notice described with pointer, line and column.
    Describe,
    /// And the shipped rules with their alerts: the whole engine.
    Check,
    /// And the framer before it: bytes of NDJSON to reports.
    Frame,
}

/// Our stages, with one thread's buffers.
pub(crate) struct Stages {
    parser: Parser,
    schema: Schema,
    survey: Survey,
    checker: Checker,
    framer: Framer,
    batch: Batch,
}

impl Stages {
    /// The embedded schema and the default caps.
    pub(crate) fn new() -> Stages {
        Stages {
            parser: Parser::new(Caps::default()),
            schema: Schema::call_record().expect("the embedded schema compiles"),
            survey: Survey::default(),
            checker: Engine::builder()
                .build()
                .expect("the shipped rules load")
                .checker(),
            framer: Framer::new(Framing::Auto, FrameLimits::default(), Open::default()),
            batch: Batch::new(),
        }
    }

    /// Takes each text through the engine.
    fn check(&mut self, texts: &[String]) -> Tally {
        let mut tally = Tally::default();
        for text in texts {
            count(&mut self.checker, text.as_bytes(), &mut tally);
        }
        tally
    }

    /// Takes the texts, a line each, through framer and engine.
    fn frame(&mut self, texts: &[String]) -> Tally {
        let mut tally = Tally::default();
        for text in texts {
            self.framer.push(text.as_bytes(), &mut self.batch);
            self.framer.push(b"\n", &mut self.batch);
            for frame in self.batch.iter() {
                count(&mut self.checker, frame.bytes, &mut tally);
            }
            self.batch.clear();
        }
        self.framer.finish(&mut self.batch);
        for frame in self.batch.iter() {
            count(&mut self.checker, frame.bytes, &mut tally);
        }
        self.batch.clear();
        tally
    }

    /// Takes each text as far as `depth`.
    pub(crate) fn run(&mut self, texts: &[String], depth: Depth) -> Tally {
        match depth {
            Depth::Check => return self.check(texts),
            Depth::Frame => return self.frame(texts),
            _ => {}
        }
        let mut tally = Tally::default();
        for text in texts {
            let document = self
                .parser
                .parse(text.as_bytes())
                .expect("the feed is JSON");
            tally.nodes += document.len() as u64;
            if depth < Depth::Survey {
                continue;
            }
            let kind = kind::tell(document.root(), Taken::default()).kind;
            self.schema.survey(&document, kind, &mut self.survey);
            tally.contradictory += u64::from(self.survey.contradiction().is_some());
            tally.noticed += u64::from(self.survey.notice_count() > 0);
            if depth < Depth::Validate {
                continue;
            }
            let (problems, _) =
                self.schema
                    .validate(&document, kind, Origin::default(), 100, &self.survey);
            tally.invalid += u64::from(!problems.is_empty());
            if depth < Depth::Describe || self.survey.notice_count() == 0 {
                continue;
            }
            let notices = self
                .schema
                .notices(&document, Origin::default(), &self.survey, |_| true);
            std::hint::black_box(&notices);
        }
        tally
    }
}

pub(crate) fn count(checker: &mut Checker, text: &[u8], tally: &mut Tally) {
    let report = checker.check(Input::new(text, "feed"));
    add(&report, tally);
}

/// Counts one report.
pub(crate) fn add(report: &Report, tally: &mut Tally) {
    tally.invalid += u64::from(report.verdict == Said::Invalid);
    tally.contradictory += u64::from(report.verdict == Said::Malformed);
    tally.noticed += u64::from(report.notice_count > 0);
    tally.alerts += report.alerts.len() as u64;
}

/// What of `planted` a run to `depth` can have seen.
pub(crate) fn expected(planted: Tally, depth: Depth) -> Tally {
    let from = |least: Depth, count: u64| if depth >= least { count } else { 0 };
    Tally {
        // The engine does not say how long its tapes were.
        nodes: if depth < Depth::Check {
            planted.nodes
        } else {
            0
        },
        invalid: from(Depth::Validate, planted.invalid),
        noticed: from(Depth::Survey, planted.noticed),
        contradictory: from(Depth::Survey, planted.contradictory),
        alerts: from(Depth::Check, planted.alerts),
    }
}
