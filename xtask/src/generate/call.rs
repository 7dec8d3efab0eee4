//! Writes a record, or a page of sessions, as far as its sessions.
//!
//! Every planted finding is noted at the moment its value is written, with the
//! text as it stands there; nothing is looked up afterwards. Sessions and what
//! is in them are written by their own files.

use super::endpoint::Cast;
use super::json::Json;
use super::random::Random;
use super::recipe::{Era, Recipe, Shape};
use super::{Document, Planted, PlantedAlert, PlantedFinding, Verdict};

/// 2020-02-01T00:00:00Z in ticks of 100 ns since 1970.
const FIRST_CALL: u64 = 1_580_515_200 * SECOND;
/// Six years and nine months, in seconds.
const SPAN: u64 = 213_000_000;
/// Ticks a second.
pub(crate) const SECOND: u64 = 10_000_000;
const ROOT: &str = "https://graph.microsoft.com/v1.0/$metadata#communications/callRecords";

/// The rules, in the order of their names.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rule {
    CallFailed,
    PoorAudio,
    PoorFeedback,
    PoorScreenSharing,
    PoorVideo,
}

const RULES: [&str; 5] = [
    "call-failed",
    "poor-audio",
    "poor-feedback",
    "poor-screen-sharing",
    "poor-video",
];

/// Writes one document with sessions.
pub(crate) struct Writer {
    pub(crate) json: Json,
    pub(crate) random: Random,
    pub(crate) recipe: Recipe,
    pub(crate) cast: Cast,
    /// The offset of every time in the document, in minutes.
    pub(crate) offset: u64,
    pub(crate) violation: Option<String>,
    /// The call.
    pub(crate) id: String,
    findings: [Vec<PlantedFinding>; 5],
}

impl Writer {
    /// A writer into `text`, which is empty.
    pub(crate) fn new(mut random: Random, text: String, recipe: Recipe) -> Self {
        let cast = Cast::draw(&recipe, &mut random);
        let offset = if random.per_mille(50) {
            random.pick(&[60, 120, 330])
        } else {
            0
        };
        let json = Json {
            text,
            nulls: recipe.nulls,
        };
        let findings = Default::default();
        let (violation, id) = (None, String::new());
        Self {
            json,
            random,
            recipe,
            cast,
            offset,
            violation,
            id,
            findings,
        }
    }

    /// Writes the document.
    pub(crate) fn document(mut self) -> Document {
        let call = (self.random.next(), self.random.next());
        let start = FIRST_CALL + self.random.below(SPAN * SECOND);
        let length = self.random.within(5, 5400) * SECOND + self.random.below(SECOND);
        let id = text_of(call);
        self.id.clone_from(&id);
        self.json.open('{');
        if self.recipe.shape == Shape::Page {
            self.context("@odata.context", &["('", &id, "')/sessions(segments())"]);
            self.sessions("value", "/value", call, start, length);
        } else {
            self.context("@odata.context", &["(sessions(segments()))/$entity"]);
            self.head(call, start, length);
            self.people(&id);
            self.context(
                "sessions@odata.context",
                &["('", &id, "')/sessions(segments())"],
            );
            // The link stands on either side of what it continues.
            let goes_on = self.recipe.shape == Shape::Partial;
            let early = goes_on && self.random.per_mille(250);
            if early {
                self.next_link(&id);
            }
            self.sessions("sessions", "/sessions", call, start, length);
            if goes_on && !early {
                self.next_link(&id);
            }
        }
        self.json.close('}');
        let planted = Planted {
            verdict: match self.recipe.shape {
                Shape::Whole | Shape::Page => Verdict::Valid,
                Shape::Invalid => Verdict::Invalid,
                Shape::Partial => Verdict::Partial,
            },
            kind: if self.recipe.shape == Shape::Page {
                "sessions page"
            } else {
                "callRecord"
            },
            call_id: Some(id),
            unexpanded: false,
            notices: (0..self.recipe.sessions).any(|session| self.recipe.notice.has(session)),
            violation: self.violation,
            alerts: RULES
                .into_iter()
                .zip(self.findings)
                .filter(|(_, findings)| !findings.is_empty())
                .map(|(rule, findings)| PlantedAlert { rule, findings })
                .collect(),
        };
        Document {
            text: self.json.text,
            planted,
        }
    }

    /// Notes a finding of `rule`.
    pub(crate) fn found(&mut self, rule: Rule, finding: PlantedFinding) {
        self.findings[rule as usize].push(finding);
    }

    /// A time, in this document's offset.
    pub(crate) fn time(&mut self, name: &str, ticks: u64) {
        self.json.time_field(name, ticks, self.offset);
    }

    pub(crate) fn context(&mut self, name: &str, parts: &[&str]) {
        if self.recipe.metadata {
            self.link(name, parts);
        }
    }

    fn link(&mut self, name: &str, parts: &[&str]) {
        self.json.string_field(name, ROOT);
        self.json.text.pop();
        for part in parts {
            self.json.text.push_str(part);
        }
        self.json.text.push('"');
    }

    fn next_link(&mut self, id: &str) {
        let names = ["sessions@odata.nextLink", "sessions@odata.nextlink"];
        let name = self.random.pick(&names);
        self.link(
            name,
            &["('", id, "')/sessions?$expand=segments&$skiptoken=abc"],
        );
    }

    fn head(&mut self, call: (u64, u64), start: u64, length: u64) {
        let version = self.random.within(1, 4);
        self.json.integer_field("version", version as i64);
        let kind = if self.recipe.group {
            "groupCall"
        } else {
            "peerToPeer"
        };
        self.json.string_field("type", kind);
        self.modalities();
        let delay = self.random.within(60, 1800) * SECOND + 5_827_570;
        self.time("lastModifiedDateTime", start + length + delay);
        self.time("startDateTime", start);
        self.time("endDateTime", start + length);
        self.json.guid_field("id", call);
        if self.recipe.group {
            let link = "https://teams.microsoft.com/l/meetup-join/19%3ameeting_\
                NTM0ZGJiNzktYTM2Ni00OTVmLTk4MWItMmRkOWE5M2M4MzVm%40thread.v2/0?context=%7b%22Tid%22\
                %3a%22dc368399-474c-4d40-900c-6265431fd81f%22%2c%22Oid%22%3a%22821809f5-0000%22%7d";
            self.json.string_field("joinWebUrl", link);
        } else {
            self.json.null_field("joinWebUrl");
        }
    }

    pub(crate) fn modalities(&mut self) {
        let names = ["audio", "video", "videoBasedScreenSharing", "data"];
        let count = self.random.within(1, 4) as usize;
        self.json.field_open("modalities", '[');
        for name in &names[..count] {
            self.json.string(name);
        }
        self.json.close(']');
    }

    fn people(&mut self, id: &str) {
        let early = self.recipe.era != Era::Late;
        let late = self.recipe.era != Era::Early;
        let count = self.cast.len().min(130);
        if early {
            let organizer = self.cast.person(0);
            self.json.key("organizer");
            self.identity_set(&organizer);
            self.json.field_open("participants", '[');
            for index in 0..count {
                let person = self.cast.person(index);
                self.identity_set(&person);
            }
            self.json.close(']');
        } else {
            self.json.null_field("organizer");
        }
        if late {
            let organizer = self.cast.person(0);
            let path = ["('", id, "')/organizer_v2/$entity"];
            self.context("organizer_v2@odata.context", &path);
            self.json.key("organizer_v2");
            self.participant(&organizer);
            if self.recipe.era == Era::Late {
                self.json.field_open("participants_v2", '[');
                for index in 0..count {
                    let person = self.cast.person(index);
                    self.participant(&person);
                }
                self.json.close(']');
            }
        }
    }

    fn sessions(&mut self, name: &str, at: &str, call: (u64, u64), start: u64, length: u64) {
        self.json.field_open(name, '[');
        for index in 0..self.recipe.sessions {
            let id = if index == 0 {
                call
            } else {
                (self.random.next(), self.random.next())
            };
            // A participant comes late and leaves early.
            let late = if index == 0 {
                0
            } else {
                self.random.below(length / 2)
            };
            let at = format!("{at}/{index}");
            self.session(index, &at, id, start + late, length - late);
        }
        self.json.close(']');
    }
}

/// A GUID's text.
pub(crate) fn text_of(guid: (u64, u64)) -> String {
    let mut json = Json::default();
    json.guid(guid);
    json.text
}
