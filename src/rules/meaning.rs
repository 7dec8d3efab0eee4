//! What a field means: its range, its members, whether it may be null, in the schema's words.
//!
//! Graph's fields are described by `schemas/callRecord.schema.json`, whose text is in the binary
//! and is read here once, when the first rules load. The few that we compute are described below.
//!
//! It judges no rule. Kinds and units stand in the catalogue, which a test holds to the schema.

use std::sync::OnceLock;

use serde_json::Value;

use super::fields::{FieldId, Level, Link};
use crate::schema::Api;

/// What is known of a field beyond its kind and unit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Meaning {
    /// One sentence.
    pub description: String,
    /// The type in Graph's metadata; `None` if it is computed here.
    pub graph_type: Option<String>,
    /// Plausible values, in the field's unit.
    pub range: Option<Range>,
    /// The names it can hold, or that each item of a list can; empty if there is no list of them.
    pub members: Vec<String>,
    /// Whether Graph may add members.
    pub grows: bool,
    /// Whether it may be null; every field may be absent.
    pub nullable: bool,
}

/// Plausible values, both ends included.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    /// The least.
    pub least: Option<f64>,
    /// The greatest.
    pub most: Option<f64>,
    /// Who says so: `ours`, or a key of the overlay's sources.
    pub source: String,
}

impl FieldId {
    /// What the field means.
    pub fn meaning(self) -> &'static Meaning {
        static ALL: OnceLock<Vec<Meaning>> = OnceLock::new();
        const NONE: &Meaning = &Meaning {
            description: String::new(),
            graph_type: None,
            range: None,
            members: Vec::new(),
            grows: false,
            nullable: false,
        };
        ALL.get_or_init(read).get(self.index()).unwrap_or(NONE)
    }
}

impl Level {
    /// The schema's definitions that describe it, the first that has a property counts.
    pub(crate) const fn definitions(self) -> &'static [&'static str] {
        match self {
            Level::Call => &["callRecord"],
            Level::Session => &["session"],
            Level::Segment => &["segment"],
            Level::Media => &["media"],
            Level::Stream => &["mediaStream"],
            Level::Feedback => &["userFeedback"],
            Level::Endpoint => &["endpoint"],
            Level::UserAgent => &["userAgent"],
            Level::Network => &["networkInfo"],
            Level::Device => &["deviceInfo"],
            Level::FailureInfo => &["failureInfo"],
            Level::Identity => &["identity", "userIdentity"],
            // It stands in no record.
            Level::Site => &[],
        }
    }

    /// One sentence about objects of this level.
    pub const fn description(self) -> &'static str {
        match self {
            Level::Call => "The call record itself: one call or meeting.",
            Level::Session => "Communication between two endpoints; in a meeting, one user's leg.",
            Level::Segment => "A stretch of a session between two fixed endpoints.",
            Level::Media => "One medium of a segment, such as its main audio.",
            Level::Stream => "Media flowing one way, with its measurements.",
            Level::Feedback => "What a user said after the call.",
            Level::Endpoint => "One end: a person's device or a service.",
            Level::UserAgent => "The software at an end.",
            Level::Network => "The network at one end of a medium.",
            Level::Device => "The audio devices at one end of a medium.",
            Level::FailureInfo => "Why a session or segment failed.",
            Level::Identity => "A user, guest, phone or application.",
            Level::Site => "Where a network is, as the sites file says.",
        }
    }
}

impl Link {
    /// Where it leads.
    pub const fn description(self) -> &'static str {
        match self {
            Link::Call => "The call it belongs to.",
            Link::Session => "The session it belongs to.",
            Link::Segment => "The segment it belongs to.",
            Link::Media => "The media it belongs to.",
            Link::Sender => "The end that sends the stream.",
            Link::Receiver => "The end that receives the stream.",
            Link::Client => "The end that is a person's; where both are, the receiver.",
            Link::Caller => "The calling end.",
            Link::Callee => "The called end.",
            Link::CallerNetwork => "The network at the caller.",
            Link::CalleeNetwork => "The network at the callee.",
            Link::CallerDevice => "The audio devices at the caller.",
            Link::CalleeDevice => "The audio devices at the callee.",
            Link::UserAgent => "The software at this end.",
            Link::Network => "The network at this end; only of a stream's ends.",
            Link::Device => "The audio devices at this end; only of a stream's ends.",
            Link::Feedback => "What the user at this end said.",
            Link::Endpoint => "The end that gave the feedback.",
            Link::FailureInfo => "The object's own failure.",
            Link::Failure => {
                "The session's failure, else the first of its segments': each fault once."
            }
            Link::Identity => "Who is at this end.",
            Link::Organizer => "Who organised the call.",
            Link::Site => "Where the network is; of an end, that of its network.",
        }
    }
}

/// The fields that we compute, and what they mean.
const COMPUTED: &[(Level, &str, &str, &[&str])] = &[
    (
        Level::Call,
        "duration",
        "From start to end of the call.",
        &[],
    ),
    (
        Level::Session,
        "duration",
        "From start to end of the session.",
        &[],
    ),
    (
        Level::Segment,
        "duration",
        "From start to end of the segment.",
        &[],
    ),
    (
        Level::Stream,
        "path",
        "Which way the stream runs, seen from `client`.",
        &["uplink", "downlink"],
    ),
    (
        Level::Feedback,
        "tokens",
        "Names of the complaints that the user ticked; Graph changes them at will.",
        &[],
    ),
    (
        Level::Endpoint,
        "role",
        "Which end of the session it is.",
        &["caller", "callee"],
    ),
    (
        Level::Endpoint,
        "kind",
        "Whether a person or a service is there.",
        &["participant", "service"],
    ),
    (Level::Endpoint, "displayName", "Name of who is there.", &[]),
    (
        Level::Endpoint,
        "userId",
        "Id of who is there: of a user a UUID, of a phone its number.",
        &[],
    ),
    (
        Level::Identity,
        "kind",
        "What sort of actor it is: `user`, `guest`, `phone`, `application` and more.",
        &[],
    ),
    (
        Level::Site,
        "cidr",
        "The network's row in the sites file, such as `10.1.2.0/24`.",
        &[],
    ),
    (
        Level::Site,
        "network_name",
        "`NetworkName` of the sites file.",
        &[],
    ),
    (
        Level::Site,
        "building",
        "`BuildingName` of the sites file.",
        &[],
    ),
    (
        Level::Site,
        "ownership_type",
        "`OwnershipType` of the sites file.",
        &[],
    ),
    (
        Level::Site,
        "building_type",
        "`BuildingType` of the sites file.",
        &[],
    ),
    (
        Level::Site,
        "building_office_type",
        "`BuildingOfficeType` of the sites file.",
        &[],
    ),
    (Level::Site, "city", "`City` of the sites file.", &[]),
    (Level::Site, "zip_code", "`ZipCode` of the sites file.", &[]),
    (Level::Site, "country", "`Country` of the sites file.", &[]),
    (Level::Site, "state", "`State` of the sites file.", &[]),
    (Level::Site, "region", "`Region` of the sites file.", &[]),
    (
        Level::Site,
        "inside_corp",
        "`InsideCorp` of the sites file: whether the network is the company's own.",
        &[],
    ),
    (
        Level::Site,
        "express_route",
        "`ExpressRoute` of the sites file.",
        &[],
    ),
    (Level::Site, "vpn", "`VPN` of the sites file.", &[]),
];

fn read() -> Vec<Meaning> {
    let schema: Value = serde_json::from_str(Api::V1.schema()).unwrap_or_default();
    FieldId::all()
        .map(|field| of(field, &schema["$defs"]))
        .collect()
}

fn of(field: FieldId, definitions: &Value) -> Meaning {
    let (level, name) = (field.get().level, field.name());
    if field.get().computed {
        let row = COMPUTED.iter().find(|row| (row.0, row.1) == (level, name));
        return row.map_or_else(Meaning::default, |(_, _, description, members)| Meaning {
            description: (*description).to_owned(),
            members: members.iter().map(|member| (*member).to_owned()).collect(),
            ..Meaning::default()
        });
    }
    let properties = level.definitions().iter();
    let property = properties
        .map(|definition| &definitions[*definition]["properties"][name])
        .find(|property| !property.is_null());
    property.map(described).unwrap_or_default()
}

/// What the schema says of one property.
fn described(property: &Value) -> Meaning {
    let text = |key: &str| property[key].as_str().map(str::to_owned);
    let items = &property["items"];
    let holder = if items.is_null() { property } else { items };
    let members = |key: &str| {
        let names = holder[key].as_array()?;
        let name = |name: &Value| name.as_str().map(str::to_owned);
        Some(names.iter().filter_map(name).collect::<Vec<String>>())
    };
    let (open, closed) = (members("x-enum"), members("enum"));
    let range = property["x-range"].as_array().map(|ends| Range {
        least: ends.first().and_then(Value::as_f64),
        most: ends.get(1).and_then(Value::as_f64),
        source: text("x-range-source").unwrap_or_default(),
    });
    let types = &property["type"];
    Meaning {
        description: text("description").unwrap_or_default(),
        graph_type: text("x-edm"),
        range,
        grows: open.is_some(),
        members: open.or(closed).unwrap_or_default(),
        nullable: types
            .as_array()
            .is_some_and(|types| types.iter().any(|name| name == "null")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::fields::{Kind, Unit};

    fn schema() -> Value {
        serde_json::from_str(Api::V1.schema()).expect("JSON")
    }

    /// What the schema says of a field that is not computed.
    fn property(schema: &Value, field: FieldId) -> Option<Value> {
        let level = field.get().level;
        let found = level
            .definitions()
            .iter()
            .map(|definition| schema["$defs"][*definition]["properties"][field.name()].clone());
        found.into_iter().find(|property| !property.is_null())
    }

    #[test]
    fn kinds_and_units_of_the_catalogue_are_the_schema_s() {
        let schema = schema();
        for field in FieldId::all().filter(|field| !field.get().computed) {
            let name = format!("{}.{}", field.get().level.name(), field.name());
            let property = property(&schema, field).unwrap_or_else(|| panic!("{name}"));
            let graph_type = property["x-edm"].as_str().expect("a type");
            let want = match graph_type {
                "Edm.Single" | "Edm.Double" | "Edm.Duration" => Kind::Number,
                "Edm.Int32" | "Edm.Int64" => Kind::Integer,
                "Edm.String" => Kind::Text,
                "Edm.Boolean" => Kind::Bool,
                "Edm.DateTimeOffset" => Kind::Instant,
                other if other.starts_with("Collection(") => Kind::List,
                _ => Kind::Enum,
            };
            assert_eq!(field.get().kind, want, "{name}: {graph_type}");
            let unit = property["x-unit"].as_str().unwrap_or_default();
            assert_eq!(field.get().unit.name(), unit, "{name}");
        }
    }

    #[test]
    fn every_field_says_what_it_means_and_every_enum_has_members() {
        for field in FieldId::all() {
            let name = format!("{}.{}", field.get().level.name(), field.name());
            let meaning = field.meaning();
            assert!(meaning.description.ends_with('.'), "{name}: {meaning:?}");
            assert_eq!(meaning.graph_type.is_none(), field.get().computed, "{name}");
            if field.get().kind == Kind::Enum {
                assert!(!meaning.members.is_empty(), "{name}");
            }
            let bounded = matches!(field.get().unit, Unit::Ratio | Unit::Percent | Unit::Mos);
            assert!(!bounded || meaning.range.is_some(), "{name}");
        }
        for (level, name, ..) in COMPUTED {
            let field = level.field(name).unwrap_or_else(|| panic!("{name}"));
            assert!(field.get().computed, "{name}");
        }
    }

    #[test]
    fn every_reading_of_the_schema_is_in_the_catalogue() {
        let schema = schema();
        // An identity has many forms, of which rules read what they share; a site has none.
        let levels = Level::ALL.into_iter();
        for level in levels.filter(|level| *level != Level::Identity) {
            let Some(definition) = level.definitions().first() else {
                continue;
            };
            let properties = schema["$defs"][*definition]["properties"].as_object();
            for (name, property) in properties.expect("properties") {
                let known = level.field(name).is_some();
                let nested = property["$ref"].is_string() || property["items"]["$ref"].is_string();
                assert!(known || nested, "no rule can read {definition}.{name}");
            }
        }
    }

    #[test]
    fn ranges_members_and_nulls_come_from_the_schema() {
        let of = |level: Level, name: &str| level.field(name).expect("a field").meaning();
        let loss = of(Level::Stream, "averagePacketLossRate");
        let range = loss.range.as_ref().expect("a range");
        assert_eq!((range.least, range.most), (Some(0.0), Some(1.0)));
        assert!(loss.nullable && loss.members.is_empty());
        let rating = of(Level::Feedback, "rating");
        assert!(rating.grows && rating.members.contains(&"poor".to_owned()));
        let direction = of(Level::Stream, "streamDirection");
        assert!(!direction.grows && direction.members.len() == 2);
        assert!(
            of(Level::Call, "modalities")
                .members
                .contains(&"video".to_owned())
        );
    }
}
