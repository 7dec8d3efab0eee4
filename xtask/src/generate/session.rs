//! Writes sessions and their segments, and plants failures.
//!
//! A failure is told at the session, mostly again at its first segment, at times
//! there alone; it is one finding all the same. Plants belong to the first segment.

use super::call::{Rule, Writer, text_of};
use super::endpoint::Person;
use super::recipe::Era;
use super::words::{FAILURES, PSTN_ROLES};
use super::{PlantedFinding, PlantedReading};

impl Writer {
    /// One session, at `at`.
    pub(crate) fn session(
        &mut self,
        index: u32,
        at: &str,
        id: (u64, u64),
        start: u64,
        length: u64,
    ) {
        // The first two of each are those that need no media.
        let (faults, notices) = if self.recipe.silent { (2, 2) } else { (7, 4) };
        let fault = self.recipe.fault.has(index);
        let fault = fault.then(|| self.random.below(faults));
        let notice = self.recipe.notice.has(index);
        let notice = notice.then(|| self.random.below(notices));
        let failure = self
            .recipe
            .failed
            .has(index)
            .then(|| self.random.pick(FAILURES));
        // Of failures most are told twice, some at one level alone.
        let told = self.random.below(4);
        self.json.open('{');
        self.modalities();
        self.time("startDateTime", start);
        self.time("endDateTime", start + length);
        self.json.guid_field("id", id);
        if fault == Some(0) {
            self.json.string_field("isTest", "false");
            self.violation = Some(format!("{at}/isTest"));
        } else if self.recipe.era != Era::Early {
            self.json
                .raw_field("isTest", if told == 0 { "null" } else { "false" });
        }
        if notice == Some(0) {
            self.json.string_field("meetingRegion", "emea");
        }
        self.failure(failure.filter(|_| told != 3), at);
        let (caller, callee) = (self.cast.person(index as usize), self.callee());
        self.caller(&caller, notice == Some(1), Some(at), index);
        self.other_end(callee.as_ref(), Some(at), index);
        let own = text_of(id);
        let record = self.id.clone();
        let path = ["('", &record, "')/sessions('", &own, "')/segments"];
        self.context("segments@odata.context", &path);
        self.json.field_open("segments", '[');
        let segments = if self.random.per_mille(80) { 2 } else { 1 };
        for segment in 0..segments {
            let first = segment == 0;
            let at = format!("{at}/segments/{segment}");
            self.json.open('{');
            let (from, span) = (start + segment * (length / 2), length / segments);
            self.time("startDateTime", from);
            if first && fault == Some(1) {
                self.json.integer_field("endDateTime", 1_582_656_766);
                self.violation = Some(format!("{at}/endDateTime"));
            } else {
                self.time("endDateTime", from + span);
            }
            let own = if first {
                id
            } else {
                (self.random.next(), self.random.next())
            };
            self.json.guid_field("id", own);
            if first && told == 3 {
                self.failure(failure, &at);
            } else if first && told != 2 {
                self.repeated_failure(failure);
            }
            self.caller(&caller, false, None, index);
            self.other_end(callee.as_ref(), None, index);
            let plants = first.then_some(index);
            self.all_media(&at, plants, (&caller, callee.as_ref()), fault, notice);
            self.json.close('}');
        }
        self.json.close(']');
        self.json.close('}');
    }

    /// The person who answered; `None` for a service.
    pub(crate) fn callee(&self) -> Option<Person> {
        (!self.recipe.group && !self.recipe.pstn).then(|| self.cast.person(1))
    }

    fn other_end(&mut self, person: Option<&Person>, at: Option<&str>, session: u32) {
        if let Some(person) = person {
            self.callee_of(person, at, session);
        } else {
            let role = if self.recipe.pstn {
                PSTN_ROLES[(self.cast.person(0).seed % PSTN_ROLES.len() as u64) as usize]
            } else {
                "mediaController"
            };
            self.service("callee", role);
        }
    }

    fn failure(&mut self, failure: Option<(&str, &str)>, at: &str) {
        self.repeated_failure(failure);
        let Some((stage, reason)) = failure else {
            return;
        };
        let mut fields = vec![PlantedReading {
            field: "failureInfo.stage",
            pointer: format!("{at}/failureInfo/stage"),
            literal: format!("\"{stage}\""),
        }];
        if reason != "null" {
            fields.push(PlantedReading {
                field: "failureInfo.reason",
                pointer: format!("{at}/failureInfo/reason"),
                literal: reason.to_owned(),
            });
        }
        self.found(
            Rule::CallFailed,
            PlantedFinding {
                pointer: at.to_owned(),
                fields,
            },
        );
    }

    fn repeated_failure(&mut self, failure: Option<(&str, &str)>) {
        match failure {
            Some((stage, reason)) => {
                self.json.field_open("failureInfo", '{');
                self.json.string_field("stage", stage);
                self.json.raw_field("reason", reason);
                self.json.close('}');
            }
            None if self.recipe.era != Era::Early => self.json.null_field("failureInfo"),
            None => {}
        }
    }
}
