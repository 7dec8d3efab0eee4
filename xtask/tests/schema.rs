//! The committed schema: is it the one its sources give, and does it keep its contract?
//!
//! What needs Microsoft's metadata or published records looks for them beside the repository and
//! says so when they are absent; a clone has neither.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use xtask::schema;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn committed() -> Value {
    let text = std::fs::read_to_string(repository().join("schemas/callRecord.schema.json"));
    serde_json::from_str(&text.expect("the schema is committed")).expect("the schema is JSON")
}

/// Says so past the test harness, which keeps the prints of a test that passes. With
/// `QUALWATCH_SHARED` set, as in CI, what is missing is an error.
fn skipped(path: &Path) {
    let asked = std::env::var_os("QUALWATCH_SHARED");
    assert!(asked.is_none(), "{} is not here", path.display());
    let _ = writeln!(std::io::stderr(), "skipped: {} is not here", path.display());
}

/// A validator for one definition.
fn validator(def: &str) -> jsonschema::Validator {
    let defs = &committed()["$defs"];
    let root = json!({"$defs": defs, "type": "object", "$ref": format!("#/$defs/{def}")});
    jsonschema::validator_for(&root).expect("the schema compiles")
}

/// Pointers of all violations.
fn violations(def: &str, document: &Value) -> Vec<String> {
    let errors = validator(def);
    errors
        .iter_errors(document)
        .map(|e| e.instance_path().to_string())
        .collect()
}

/// Calls `see` with each schema of a property, and its pointer.
fn each_property(schema: &Value, see: &mut dyn FnMut(&str, &Value)) {
    for (def, body) in schema["$defs"].as_object().expect("$defs") {
        for (name, property) in body["properties"].as_object().into_iter().flatten() {
            see(&format!("{def}.{name}"), property);
        }
    }
}

fn each_object(value: &Value, see: &mut dyn FnMut(&serde_json::Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            see(object);
            object.values().for_each(|value| each_object(value, see));
        }
        Value::Array(items) => items.iter().for_each(|value| each_object(value, see)),
        _ => {}
    }
}

#[test]
fn the_committed_schema_is_the_one_its_sources_give() {
    let csdl = schema::default_csdl();
    if !csdl.exists() {
        return skipped(&csdl);
    }
    if let Err(errors) = schema::run(&schema::Args {
        check: true,
        ..Default::default()
    }) {
        panic!("{errors}");
    }
    let args = schema::Args::default();
    let (one, two) = (
        schema::generate(&args, schema::Api::Beta),
        schema::generate(&args, schema::Api::Beta),
    );
    assert_eq!(
        one.expect("generated"),
        two.expect("generated"),
        "the same sources, the same bytes"
    );
}

#[test]
fn metadata_that_is_not_here_is_explained() {
    let csdl = Some(PathBuf::from("no/such.csdl"));
    let args = schema::Args {
        csdl,
        ..Default::default()
    };
    let errors = schema::generate(&args, schema::Api::V1);
    let text = errors.expect_err("no such file").to_string();
    assert!(text.starts_with("no/such.csdl: "), "{text}");
    assert!(
        text.contains("github.com/microsoftgraph/msgraph-metadata"),
        "{text}"
    );
}

#[test]
fn nothing_is_required_and_no_key_is_forbidden() {
    let schema = committed();
    let banned = [
        "required",
        "additionalProperties",
        "unevaluatedProperties",
        "anyOf",
        "oneOf",
        "minimum",
    ];
    for (def, body) in schema["$defs"].as_object().expect("$defs") {
        each_object(body, &mut |object| {
            for key in banned {
                // A property may have such a name; its value is then a schema with a description.
                let keyword = object
                    .get(key)
                    .is_some_and(|value| value.get("description").is_none());
                assert!(!keyword, "{def} uses {key}");
            }
        });
    }
}

#[test]
fn every_property_is_described_and_typed() {
    let schema = committed();
    each_property(&schema, &mut |place, property| {
        assert!(
            property["description"]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{place}"
        );
        if !place.contains("@odata") {
            assert!(property["x-edm"].is_string(), "{place} has no x-edm");
        }
        assert_eq!(
            property.get("x-range").is_some(),
            property.get("x-range-source").is_some()
        );
        let edm = property["x-edm"].as_str().unwrap_or_default();
        assert_eq!(property["x-unit"] == "ms", edm == "Edm.Duration", "{place}");
        if let Some(unit) = property["x-unit"].as_str() {
            assert!(schema::overlay::UNITS.contains(&unit), "{place}: {unit}");
        }
    });
    for (def, body) in schema["$defs"].as_object().expect("$defs") {
        assert_eq!(
            body.get("properties").is_some(),
            body.get("x-open").is_some(),
            "{def}"
        );
    }
}

#[test]
fn every_reference_and_derived_name_resolves() {
    let schema = committed();
    let defs = &schema["$defs"];
    each_object(&schema, &mut |object| {
        if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
            let name = reference
                .strip_prefix("#/$defs/")
                .expect("a local reference");
            assert!(defs.get(name).is_some(), "{reference}");
        }
        for name in object
            .get("x-derived")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            assert!(
                defs.get(name.as_str().unwrap_or_default()).is_some(),
                "{name}"
            );
        }
    });
}

/// Whether the value passes as `property` of `def`.
fn passes(def: &str, property: &str, value: Value) -> bool {
    violations(def, &json!({property: value})).is_empty()
}

#[test]
fn durations_are_odata_durations() {
    let validator = validator("mediaStream");
    let passes = |text: &str| validator.is_valid(&json!({"averageJitter": text}));
    for good in [
        "PT0.016S",
        "PT0S",
        "P1D",
        "P1DT2H",
        "PT1H2M3.5S",
        "-PT1S",
        "PT1H3S",
        "PT90M",
    ] {
        assert!(passes(good), "{good}");
    }
    let bad = [
        "", "P", "PT", "-P", "P1DT", "PT1", "1S", "PT.5S", "PT1.S", "P1Y", "P1M", "P1W", "PT1S1M",
        "PT1,5S", "pt1s", " PT1S", "PT1S\n", "PT1SPT1S",
    ];
    for bad in bad {
        assert!(!passes(bad), "{bad:?}");
    }
}

#[test]
fn dates_have_an_offset_and_at_most_twelve_fraction_digits() {
    let validator = validator("callRecord");
    let passes = |text: &str| validator.is_valid(&json!({"startDateTime": text}));
    let good = [
        "2020-02-25T18:52:21Z",
        "2020-02-25T18:52:21.2169889Z",
        "0001-01-01T00:00:00Z",
        "2016-12-31T23:58:38.9820934+03:00",
        "2020-01-01T00:00:00.123456789012Z",
    ];
    for good in good {
        assert!(passes(good), "{good}");
    }
    let bad = [
        "2020-02-25",
        "2020-02-25T18:52:21",
        "2020-13-01T00:00:00Z",
        "2020-01-32T00:00:00Z",
        "2020-01-01T24:00:00Z",
        "2020-01-01 00:00:00Z",
        "2020-01-01T00:00:00.Z",
        "datetime-value",
        "2020-01-01T00:00:00.1234567890123Z",
        "2020-01-01T00:00:00Z ",
        "/Date(1582656741000)/",
    ];
    for bad in bad {
        assert!(!passes(bad), "{bad:?}");
    }
}

#[test]
fn a_reading_is_a_number_null_or_odatas_word_for_no_number() {
    for good in [
        json!(0.1),
        json!(4),
        json!(null),
        json!("NaN"),
        json!("INF"),
        json!("-INF"),
    ] {
        assert!(
            passes("mediaStream", "averagePacketLossRate", good.clone()),
            "{good}"
        );
    }
    for bad in [
        json!("0.1"),
        json!("+INF"),
        json!(true),
        json!([0.1]),
        json!("nan"),
    ] {
        assert!(
            !passes("mediaStream", "averagePacketLossRate", bad.clone()),
            "{bad}"
        );
    }
    assert!(
        passes("mediaStream", "averagePacketLossRate", json!(7)),
        "beyond the range: a notice"
    );
    assert!(passes("networkInfo", "linkSpeed", json!(4_294_967_295_u64)));
    assert!(!passes("networkInfo", "linkSpeed", json!(1.5)));
    assert!(!passes("networkInfo", "linkSpeed", json!("1")));
}

#[test]
fn enums_that_may_grow_accept_any_name_and_closed_ones_do_not() {
    assert!(passes("callRecord", "type", json!("Webinar")));
    assert!(!passes("callRecord", "type", json!(1)));
    assert!(passes(
        "mediaStream",
        "streamDirection",
        json!("callerToCallee")
    ));
    assert!(!passes(
        "mediaStream",
        "streamDirection",
        json!("CallerToCallee")
    ));
    assert!(passes("pstnCallLogRow", "callDurationSource", json!(null)));
    assert!(!passes(
        "pstnCallLogRow",
        "callDurationSource",
        json!("guess")
    ));
}

#[test]
fn a_record_may_be_partial_and_hold_what_nobody_declared() {
    let record = json!({
        "@odata.context": "…", "sessions@odata.nextlink": "…", "brandNew": [1],
        "sessions": [{"caller": {"platform": 1, "cpuCoresCount": null,
            "feedback": {"tokens": {"@odata.type": "#x", "NoSound": true}},
            "identity": {"acsUser": 5, "user": {"tenantId": "t", "other": {}}}},
            "failureInfo": {"stage": null}}],
    });
    assert_eq!(violations("callRecord", &record), Vec::<String>::new());
    assert_eq!(violations("callRecord", &json!({})), Vec::<String>::new());
}

#[test]
fn violations_are_found_where_they_are() {
    let record = json!({
        "id": null, "modalities": null, "participants": null, "sessions": null,
        "organizer": {"user": {"id": 5}},
    });
    let mut got = violations("callRecord", &record);
    got.sort();
    assert_eq!(got, ["/id", "/modalities", "/organizer/user/id"]);

    let page = json!({"value": [{"segments": [{"media": [{"streams": [{"packetUtilization": "67"}]},
        null]}, null], "caller": {"feedback": {"tokens": {"Echo": "yes"}}}}]});
    let mut got = violations("sessionsPage", &page);
    got.sort();
    assert_eq!(
        got,
        [
            "/value/0/caller/feedback/tokens/Echo",
            "/value/0/segments/0/media/0/streams/0/packetUtilization",
            "/value/0/segments/1",
        ]
    );
    assert_eq!(
        violations("sessionsPage", &json!({"value": {}})),
        ["/value"]
    );
    assert_eq!(violations("callRecord", &json!([])), [""]);
}

#[test]
fn published_records_are_valid() {
    let folder = repository().join("../shared/data/real");
    if !folder.exists() {
        return skipped(&folder);
    }
    let mut seen = 0;
    for (kind, def) in [
        ("callRecord", "callRecord"),
        ("sessions-page", "sessionsPage"),
    ] {
        let validator = validator(def);
        for entry in std::fs::read_dir(folder.join(kind)).expect("a folder") {
            let path = entry.expect("an entry").path();
            let text = std::fs::read_to_string(&path).expect("text");
            let document: Value = serde_json::from_str(&text).expect("JSON");
            let errors: Vec<_> = validator
                .iter_errors(&document)
                .map(|e| e.to_string())
                .collect();
            assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
            seen += 1;
        }
    }
    assert!(seen >= 15, "{seen} documents");
    let text = folder.join("placeholder/docs-2020-02-beta-placeholder-basic.json");
    let text = std::fs::read_to_string(text).expect("text");
    let mut got = violations("callRecord", &serde_json::from_str(&text).expect("JSON"));
    got.sort();
    assert_eq!(
        got,
        ["/endDateTime", "/lastModifiedDateTime", "/startDateTime"]
    );
}
