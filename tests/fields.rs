//! `qualwatch fields`, as its user and an editor meet it.

mod support;

use std::collections::BTreeSet;
use std::process::{Command, Output};

use qualwatch::rules::fields::{FieldId, Level, Link};
use serde_json::{Value, json};

fn program(arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(env!("CARGO_BIN_EXE_qualwatch"))
        .arg("fields")
        .args(arguments)
        .current_dir(support::root(""))
        .output()
        .expect("the program runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status.code(), text(stdout), text(stderr))
}

fn dump(arguments: &[&str]) -> Value {
    let (status, text, errors) = program(&[arguments, &["--format", "json"]].concat());
    assert_eq!((status, errors.as_str()), (Some(0), ""));
    serde_json::from_str(&text).expect("JSON")
}

fn level<'d>(dump: &'d Value, name: &str) -> &'d Value {
    let levels = dump["levels"].as_array().expect("levels");
    levels
        .iter()
        .find(|level| level["name"] == name)
        .unwrap_or_else(|| panic!("{name}"))
}

fn field<'d>(level: &'d Value, name: &str) -> &'d Value {
    let fields = level["fields"].as_array().expect("fields");
    fields
        .iter()
        .find(|field| field["name"] == name)
        .unwrap_or_else(|| panic!("{name}"))
}

#[test]
fn the_dump_has_every_level_link_and_field_and_no_other() {
    let dump = dump(&[]);
    assert_eq!(dump["schema"], "qualwatch.fields/1");
    let named = |key: &str| -> BTreeSet<String> {
        let levels = dump["levels"].as_array().expect("levels").iter();
        let names = levels.flat_map(|level| {
            let inner = level[key].as_array().expect("a list").iter();
            inner.map(|it| format!("{}.{}", level["name"], it["name"]))
        });
        names.collect()
    };
    let fields = FieldId::all().map(|field| {
        format!(
            "{}.{}",
            json!(field.get().level.name()),
            json!(field.name())
        )
    });
    assert_eq!(named("fields"), fields.collect());
    let links = Level::ALL.into_iter().flat_map(|level| {
        let name = level.name();
        let links = level.links().iter();
        links.map(move |(link, _)| format!("{}.{}", json!(name), json!(link.name())))
    });
    assert_eq!(named("links"), links.collect());
}

#[test]
fn a_field_of_the_dump_says_all_that_the_checker_knows() {
    let dump = dump(&[]);
    let stream = level(&dump, "stream");
    assert_eq!(stream["ruleLevel"], true);
    assert_eq!(level(&dump, "network")["ruleLevel"], false);
    assert_eq!(
        *field(stream, "averagePacketLossRate"),
        json!({
            "name": "averagePacketLossRate", "type": "number", "graphType": "Edm.Single",
            "unit": "ratio", "range": {"least": 0.0, "most": 1.0, "source": "ours"},
            "members": null, "membersMayGrow": false, "nullable": true, "computed": false,
            "description": "Mean share of packets lost; 0.1 is 10 %.",
        })
    );
    assert_eq!(
        *field(stream, "path"),
        json!({
            "name": "path", "type": "enum", "graphType": null, "unit": null, "range": null,
            "members": ["uplink", "downlink"], "membersMayGrow": false, "nullable": false,
            "computed": true, "description": "Which way the stream runs, seen from `client`.",
        })
    );
    assert_eq!(
        field(level(&dump, "feedback"), "rating")["membersMayGrow"],
        true
    );
    let links = stream["links"].as_array().expect("links");
    let client = links
        .iter()
        .find(|link| link["name"] == "client")
        .expect("a link");
    assert_eq!(
        (&client["to"], &client["computed"]),
        (&json!("endpoint"), &json!(true))
    );
}

#[test]
fn the_schema_has_the_links_that_are_graph_s() {
    let schema: Value =
        serde_json::from_str(qualwatch::schema::Api::V1.schema()).expect("the schema");
    for (definition, name) in [
        ("callRecord", Link::Organizer),
        ("session", Link::Caller),
        ("session", Link::Callee),
        ("session", Link::FailureInfo),
        ("media", Link::CallerNetwork),
        ("media", Link::CalleeNetwork),
        ("media", Link::CallerDevice),
        ("media", Link::CalleeDevice),
        ("endpoint", Link::UserAgent),
        ("endpoint", Link::Feedback),
    ] {
        assert!(!name.is_computed(), "{name:?}");
        let property = &schema["$defs"][definition]["properties"][name.name()];
        assert!(!property.is_null(), "{definition}.{}", name.name());
    }
    assert_eq!(
        Link::ALL
            .into_iter()
            .filter(|link| !link.is_computed())
            .count(),
        10
    );
}

#[test]
fn a_word_asks_for_a_level_or_for_part_of_a_name() {
    let (status, text, _) = program(&["jitter"]);
    assert_eq!(status, Some(0));
    let names: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("  number"))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let want = [
        "averageJitter",
        "maxJitter",
        "averageAudioNetworkJitter",
        "maxAudioNetworkJitter",
    ];
    assert_eq!(names, want, "{text}");
    let feedback = dump(&["Feedback"]);
    let levels = feedback["levels"].as_array().expect("levels");
    assert_eq!(levels.len(), 1, "the level and no field of that name");
    let (status, text, errors) = program(&["jittre"]);
    assert_eq!((status, text.as_str()), (Some(2), ""));
    assert!(
        errors.contains("`jittre`") && errors.contains("qualwatch fields"),
        "{errors}"
    );
}

#[test]
fn people_read_units_ranges_and_members() {
    let (status, text, errors) = program(&[]);
    assert_eq!((status, errors.as_str()), (Some(0), ""));
    for part in [
        "\nstream\n  Media flowing one way, with its measurements.\n",
        "  .client is the end that is a person's",
        "\n      notRated bad poor fair good excellent unknownFutureValue\n",
        "percent",
        "0 to 100",
        "1 or more",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert!(text.lines().all(|line| line.trim_end() == line));
}
