//! Writes who took part: endpoints, identities of every form, feedback.
//!
//! A person is the same in every place of a document: name, machine, client and
//! network all come from the person's own seed. Only a session's endpoints carry
//! feedback, as in Graph.

use super::call::{Rule, Writer};
use super::json::Json;
use super::random::Random;
use super::recipe::{Era, Recipe};
use super::words::{CLIENTS, COMMENTS, MACHINES, NAMES, TOKENS, UPNS, VERSIONS};
use super::{PlantedFinding, PlantedReading};

/// How Graph names somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    User,
    Guest,
    Phone,
    Encrypted,
    Application,
    ApplicationInstance,
    CommunicationServices,
}

impl Form {
    /// The property of an identity set.
    fn key(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Guest => "guest",
            Self::Phone => "phone",
            Self::Encrypted => "encrypted",
            Self::Application => "application",
            Self::ApplicationInstance => "applicationInstance",
            Self::CommunicationServices => "azureCommunicationServicesUser",
        }
    }

    /// The type of an associated identity.
    fn odata_type(self) -> &'static str {
        match self {
            Self::User => "#microsoft.graph.callRecords.userIdentity",
            Self::Guest => "#microsoft.graph.communicationsGuestIdentity",
            Self::Phone => "#microsoft.graph.communicationsPhoneIdentity",
            Self::Encrypted => "#microsoft.graph.communicationsEncryptedIdentity",
            Self::Application => "#microsoft.graph.communicationsApplicationIdentity",
            Self::ApplicationInstance => {
                "#microsoft.graph.communicationsApplicationInstanceIdentity"
            }
            Self::CommunicationServices => {
                "#microsoft.graph.azureCommunicationServicesUserIdentity"
            }
        }
    }
}

/// Somebody in the call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Person {
    pub(crate) form: Form,
    /// Machine, client and network are drawn from it.
    pub(crate) seed: u64,
    name: &'static str,
}

/// Everybody in the call.
#[derive(Debug)]
pub(crate) struct Cast {
    people: Vec<Person>,
    tenant: (u64, u64),
}

impl Cast {
    /// Draws two people, or one a session.
    pub(crate) fn draw(recipe: &Recipe, random: &mut Random) -> Self {
        let count = recipe.sessions.max(2);
        let tenant = (random.next(), random.next());
        let people = (0..count).map(|index| Person {
            form: match random.below(100) {
                _ if index == 1 && recipe.pstn => Form::Phone,
                0..82 => Form::User,
                82..88 => Form::Guest,
                88..91 => Form::Phone,
                91..93 => Form::Encrypted,
                93..95 => Form::Application,
                95..97 => Form::ApplicationInstance,
                _ => Form::CommunicationServices,
            },
            seed: random.next(),
            name: random.pick(NAMES),
        });
        Self {
            people: people.collect(),
            tenant,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.people.len()
    }

    /// The person at `index`, counted round.
    pub(crate) fn person(&self, index: usize) -> Person {
        self.people[index % self.people.len()]
    }
}

impl Writer {
    fn identity_id(json: &mut Json, person: &Person) {
        let (high, low) = (person.seed, person.seed.rotate_left(29));
        match person.form {
            Form::Phone => {
                json.key("id");
                json.text.push_str("\"+1425555");
                json.digits(person.seed % 10_000, 4);
                json.text.push('"');
            }
            Form::CommunicationServices => {
                json.key("id");
                json.text.push_str("\"8:acs:");
                json.guid((high, low));
                json.text.push('"');
            }
            _ => json.guid_field("id", (high, low)),
        }
    }

    fn identity_fields(&mut self, person: &Person) {
        Self::identity_id(&mut self.json, person);
        if person.form == Form::Phone {
            self.json.null_field("displayName");
        } else {
            self.json.string_field("displayName", person.name);
        }
        if matches!(person.form, Form::User | Form::ApplicationInstance) {
            self.json.guid_field("tenantId", self.cast.tenant);
        }
    }

    /// An `identitySet` with one member, and at times the nulls of all others.
    pub(crate) fn identity_set(&mut self, person: &Person) {
        self.json.open('{');
        if self.recipe.era == Era::Early {
            self.odata_type("#microsoft.graph.identitySet");
        } else {
            self.odata_type("#microsoft.graph.communicationsIdentitySet");
        }
        if person.seed.is_multiple_of(8) {
            for name in ["acsUser", "spoolUser", "encrypted", "onPremises", "guest"] {
                if name != person.form.key() {
                    self.json.null_field(name);
                }
            }
        }
        self.json.field_open(person.form.key(), '{');
        self.identity_fields(person);
        self.json.close('}');
        self.json.close('}');
    }

    /// An `organizer_v2` or an entry of `participants_v2`.
    pub(crate) fn participant(&mut self, person: &Person) {
        self.json.open('{');
        Self::identity_id(&mut self.json, person);
        self.json.key("identity");
        self.identity_set(person);
        self.json.close('}');
    }

    /// `caller`; `at` is the session when feedback belongs here.
    pub(crate) fn caller(&mut self, person: &Person, notice: bool, at: Option<&str>, session: u32) {
        self.endpoint("caller", person, notice, at, session);
    }

    /// `callee`, where a person answered.
    pub(crate) fn callee_of(&mut self, person: &Person, at: Option<&str>, session: u32) {
        self.endpoint("callee", person, false, at, session);
    }

    fn odata_type(&mut self, name: &str) {
        if self.recipe.metadata {
            self.json.string_field("@odata.type", name);
        }
    }

    fn endpoint(
        &mut self,
        name: &'static str,
        person: &Person,
        notice: bool,
        at: Option<&str>,
        session: u32,
    ) {
        let mut own = Random::new(person.seed);
        let (machine, cpu) = own.pick(MACHINES);
        let (mut platform, family, header) = own.pick(CLIENTS);
        if notice {
            platform = "visionOS";
        }
        self.json.field_open(name, '{');
        self.odata_type("#microsoft.graph.callRecords.participantEndpoint");
        if self.recipe.era != Era::Early {
            self.json.string_field("name", machine);
            self.json.string_field("cpuName", cpu);
            self.json
                .integer_field("cpuCoresCount", own.within(2, 16) as i64);
            self.json
                .integer_field("cpuProcessorSpeedInMhz", own.within(1800, 4200) as i64);
        }
        self.json.field_open("userAgent", '{');
        self.odata_type("#microsoft.graph.callRecords.clientUserAgent");
        self.json.string_field("headerValue", header);
        if self.recipe.era != Era::Early {
            self.json
                .string_field("applicationVersion", own.pick(VERSIONS));
            if own.per_mille(700) {
                self.json
                    .string_field("azureADAppId", "1fec8e78-bce4-4aaf-ab1b-5451cc387264");
            } else {
                self.json.null_field("azureADAppId");
            }
            self.json.null_field("communicationServiceId");
        }
        self.json.string_field("platform", platform);
        self.json.string_field("productFamily", family);
        self.json.close('}');
        if self.recipe.era == Era::Late {
            self.json.null_field("identity");
        } else {
            self.json.key("identity");
            self.identity_set(person);
        }
        if self.recipe.era != Era::Early {
            self.json.field_open("associatedIdentity", '{');
            self.odata_type(person.form.odata_type());
            self.identity_fields(person);
            if person.form == Form::User {
                self.json.string_field("userPrincipalName", own.pick(UPNS));
            }
            self.json.close('}');
        }
        match at {
            Some(at) => self.feedback(name, at, session),
            None if self.recipe.era != Era::Early => self.json.null_field("feedback"),
            None => {}
        }
        self.json.close('}');
    }

    /// `callee`, where a service answered.
    pub(crate) fn service(&mut self, name: &str, role: &str) {
        self.json.field_open(name, '{');
        self.odata_type("#microsoft.graph.callRecords.serviceEndpoint");
        self.json.field_open("userAgent", '{');
        self.odata_type("#microsoft.graph.callRecords.serviceUserAgent");
        let header = "Microsoft Teams Media Processor/2024.3.1.5 (Linux; Release; emea-04)";
        self.json.string_field("headerValue", header);
        self.json.string_field("role", role);
        self.json.close('}');
        self.json.close('}');
    }

    /// The planted feedback is given by one end: the caller's, or the callee's
    /// where a person answered.
    fn feedback(&mut self, end: &'static str, at: &str, session: u32) {
        let callee = self.callee().is_some() && self.cast.person(0).seed.is_multiple_of(2);
        let unhappy = if callee { "callee" } else { "caller" };
        let poor = end == unhappy && self.recipe.poor_feedback.has(session);
        let rating = match self.random.below(10) {
            _ if poor => self.random.pick(&["poor", "bad"]),
            0..7 => return self.json.null_field("feedback"),
            7 => "notRated",
            _ => self.random.pick(&["good", "excellent", "fair"]),
        };
        self.json.field_open("feedback", '{');
        self.json.string_field("rating", rating);
        if self.recipe.era != Era::Early {
            let text = self.random.pick(COMMENTS);
            self.json.raw_field("text", text);
        }
        if rating == "notRated" {
            self.json.null_field("tokens");
        } else {
            self.json.field_open("tokens", '{');
            for (index, token) in TOKENS.iter().enumerate() {
                let said = index > 0 && poor && self.random.per_mille(300);
                self.json
                    .raw_field(token, if said { "true" } else { "false" });
            }
            self.json.close('}');
        }
        self.json.close('}');
        if poor {
            let pointer = format!("{at}/{end}/feedback");
            let reading = PlantedReading {
                field: "rating",
                pointer: format!("{pointer}/rating"),
                literal: format!("\"{rating}\""),
            };
            self.found(
                Rule::PoorFeedback,
                PlantedFinding {
                    pointer,
                    fields: vec![reading],
                },
            );
        }
    }
}
