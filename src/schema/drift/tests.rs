//! Each kind of change, from a small metadata file and the schema's own words.

use serde_json::json;

use super::*;

const OLD: &str = include_str!("tests/old.xml");

fn schema() -> Value {
    json!({"$defs": {
        "callRecord": {"x-edm": ROOT, "x-open": false, "properties": {
            "id": {"type": "string", "x-edm": "Edm.String"},
            "who": {"type": ["object", "null"], "$ref": "#/$defs/who", "x-edm": "who"},
            "kinds": {"type": ["array", "null"], "x-edm": "Collection(kind)",
                "items": {"type": ["string", "null"], "x-edm": "kind"}},
            "stage": {"type": ["string", "null"], "x-null-source": "s", "x-edm": "Edm.String"},
            "old": {"type": ["string", "null"], "x-edm": "Edm.String", "deprecated": true,
                "x-deprecated": {"since": "2023-11-06", "removal": "2026-11-06"}},
            "more": {"type": ["array", "null"], "x-navigation": true, "x-edm": "Collection(part)",
                "items": {"type": "object", "x-edm": "part"}}
        }},
        "part": {"x-edm": "microsoft.graph.callRecords.part", "x-open": false, "properties": {}},
        "who": {"x-edm": "microsoft.graph.who", "x-open": true, "properties": {
            "what": {"x-edm": "detailsInfo"},
            "n": {"type": ["integer", "null"], "x-edm": "Edm.Int32", "x-from": ["caller"]}
        }},
        "caller": {"x-edm": "microsoft.graph.caller", "x-base": "who", "x-open": true,
            "properties": {
                "what": {"x-edm": "detailsInfo"},
                "n": {"type": ["integer", "null"], "x-edm": "Edm.Int32"}}},
        "row": {"x-edm": "microsoft.graph.callRecords.row", "x-open": false, "properties": {}},
        "kind": {"x-edm": "microsoft.graph.callRecords.kind", "type": "string",
            "x-enum": ["a", "unknownFutureValue"]}
    }})
}

/// Changes after one replacement in the metadata, a line each.
fn after(from: &str, to: &str) -> Vec<String> {
    assert!(OLD.contains(from), "the fixture has no {from}");
    let model = Model::parse(&OLD.replacen(from, to, 1)).expect("CSDL");
    let drift = Drift::between(&schema(), &model);
    let line = |change: &Change| {
        let Change { how, what, of, .. } = change;
        let or_none = |text: &Option<String>| text.clone().unwrap_or_default();
        let (name, was, now) = (
            or_none(&change.name),
            or_none(&change.was),
            or_none(&change.now),
        );
        let place = if change.in_record { "record" } else { "report" };
        format!("{how:?} {what:?} {of}.{name}: {was} -> {now} ({place})")
    };
    let untold = drift.untold.iter().map(|why| format!("untold: {why}"));
    drift.changes.iter().map(line).chain(untold).collect()
}

#[test]
fn the_same_metadata_is_silent() {
    assert_eq!(after("", ""), [""; 0]);
}

#[test]
fn what_came_and_went_is_told() {
    assert_eq!(
        after(
            "<!-- more properties -->",
            r#"<Property Name="x" Type="Edm.Single"/>"#
        ),
        ["Came Property callRecord.x:  -> Edm.Single, may be null (record)"]
    );
    assert_eq!(
        after(r#"<Property Name="who" Type="graph.who"/>"#, ""),
        ["Went Property callRecord.who: who, may be null ->  (record)"]
    );
    assert_eq!(
        after(
            "<!-- more types -->",
            r#"<ComplexType Name="sms"><Property Name="x" Type="Edm.String"/></ComplexType>"#
        ),
        ["Came Type sms.:  -> x (report)"]
    );
    assert_eq!(
        after(r#"<ComplexType Name="row"/>"#, ""),
        ["Went Type row.:  ->  (report)"]
    );
    assert_eq!(
        after(r#"<Member Name="a"/>"#, r#"<Member Name="b"/>"#),
        [
            "Went Member kind.a:  ->  (record)",
            "Came Member kind.b:  ->  (record)"
        ]
    );
}

#[test]
fn what_is_other_than_it_was_is_told() {
    let told = |from, to, want: &str| assert_eq!(after(from, to), [want]);
    told(
        r#"Name="id" Type="Edm.String" Nullable="false""#,
        r#"Name="id" Type="Edm.Guid" Nullable="false""#,
        "Changed TypeOfProperty callRecord.id: Edm.String -> Edm.Guid (record)",
    );
    told(
        r#"Name="id" Type="Edm.String" Nullable="false""#,
        r#"Name="id" Type="Edm.String""#,
        "Changed Nullability callRecord.id: never null -> may be null (record)",
    );
    told(
        r#"Name="stage" Type="Edm.String" Nullable="false""#,
        r#"Name="stage" Type="Edm.String""#,
        "Changed Nullability callRecord.stage: never null -> may be null (record)",
    );
    told(
        r#"<ComplexType Name="part"/>"#,
        r#"<ComplexType Name="part" OpenType="true"/>"#,
        "Changed Openness part.: closed -> open (record)",
    );
    assert_eq!(
        after(r#"<Member Name="unknownFutureValue"/>"#, ""),
        [
            "Went Member kind.unknownFutureValue:  ->  (record)",
            "Changed Growth kind.: may grow -> closed (record)"
        ]
    );
    told(
        "2026-11-06",
        "2027-11-06",
        "Changed Deprecation callRecord.old: deprecated since 2023-11-06, to be removed on \
         2026-11-06 -> deprecated since 2023-11-06, to be removed on 2027-11-06 (record)",
    );
    told(
        r#"<NavigationProperty Name="more""#,
        r#"<Property Name="more""#,
        "Changed Navigation callRecord.more: only under $expand -> always (record)",
    );
}

#[test]
fn what_a_file_leaves_out_is_no_change() {
    let got = after(
        r#"<ComplexType Name="who" OpenType="true"><Property Name="what" Type="graph.detailsInfo"/></ComplexType>"#,
        "",
    );
    assert!(
        got.contains(&"untold: the file names who and does not declare it".to_owned()),
        "{got:?}"
    );
    let annotations = OLD.find("<Annotations").expect("annotations");
    let end = OLD.find("</Annotations>").expect("their end") + "</Annotations>".len();
    assert_eq!(
        after(&OLD[annotations..end], ""),
        ["untold: the file annotates nothing, so deprecations were not compared"]
    );
}
