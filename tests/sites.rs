//! Where clients are: from the building file to rules, keys and alerts.

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use qualwatch::engine::BuildError;
use qualwatch::sites::Sites;
use qualwatch::{Engine, Input, Report};
use serde_json::{Value, json};
use support::program::{run_in, text};

const SITES: &str = "\
10.1.0.0,Campus/1,22,SEA-1,Contoso,IT,Office,Seattle,98001,US,WA,MSUS,1,1,0
172.16.18.0,,24,VPN,,,,,,,,,1,0,1
192.168.1.0,,24,SHOP,,,,,,,,,1,0,0
203.0.113.7,,32,SHOP-LINE,,,,,,,,,1,0,0
";

/// An engine with these rules, all of which may read `limits::one`.
fn engine(rules: &str, sites: bool) -> Arc<Engine> {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.rhai"), rules).expect("written");
    let mut builder = Engine::builder().rules(folder.path());
    if sites {
        builder = builder.sites(Sites::parse("sites.csv", SITES.as_bytes(), false).expect("sites"));
    }
    builder.build().unwrap_or_else(|error| panic!("{error}"))
}

/// A session of one person with such a network, and a stream each way.
fn session(id: &str, network: Value) -> Value {
    let stream = |id: &str, direction: &str| json!({"streamId": id, "streamDirection": direction});
    json!({
        "id": id,
        "caller": {"@odata.type": "#microsoft.graph.callRecords.participantEndpoint",
            "feedback": {"rating": "bad"}},
        "callee": {"@odata.type": "#microsoft.graph.callRecords.serviceEndpoint"},
        "segments": [{"id": id, "media": [{"label": "main-audio", "callerNetwork": network,
            "streams": [stream("1", "callerToCallee"), stream("2", "calleeToCaller")]}]}],
    })
}

fn judge(engine: &Arc<Engine>, call: &str, networks: &[Value]) -> Report {
    let sessions: Vec<Value> = networks
        .iter()
        .enumerate()
        .map(|(at, network)| session(&format!("s{at}"), network.clone()))
        .collect();
    let record = json!({"id": call, "version": 1, "type": "groupCall", "modalities": [],
        "startDateTime": "2026-11-02T09:00:00Z", "endDateTime": "2026-11-02T09:31:07Z",
        "lastModifiedDateTime": "2026-11-02T09:31:07Z", "sessions": sessions});
    engine
        .checker()
        .check(Input::new(record.to_string().as_bytes(), "a.json"))
}

/// Fired, quiet, could not tell.
fn counts(report: &Report) -> Vec<[u64; 3]> {
    let counts = report.rules.iter();
    counts
        .map(|rule| [rule.fired, rule.quiet, rule.unknown])
        .collect()
}

#[test]
fn a_row_is_what_it_says_an_unmapped_network_is_outside_and_no_address_is_missing() {
    let rules = r#"
rule("inside", #{ on: "stream", when: |s| s.client.site.inside_corp });
rule("outside", #{ on: "stream", when: |s| s.client.site.building == "outside" && !s.client.site.vpn });
rule("all-columns", #{ on: "stream", when: |s| s.client.site.cidr == "10.1.0.0/22"
    && s.client.site.network_name == "Campus/1" && s.client.site.building == "SEA-1"
    && s.client.site.ownership_type == "Contoso" && s.client.site.building_type == "IT"
    && s.client.site.building_office_type == "Office" && s.client.site.city == "Seattle"
    && s.client.site.zip_code == "98001" && s.client.site.country == "US"
    && s.client.site.state == "WA" && s.client.site.region == "MSUS"
    && s.client.site.express_route });
rule("empty-column", #{ on: "stream", when: |s| s.client.site.vpn && s.client.site.city == "x" });
rule("network", #{ on: "media", when: |m| m.callerNetwork.site.building == "SEA-1" });
rule("session", #{ on: "session", when: |s| s.caller.site.building == "SEA-1" });
rule("segment", #{ on: "segment", when: |s| s.caller.site.building == "SEA-1" });
rule("feedback", #{ on: "feedback", when: |f| f.endpoint.site.building == "SEA-1" });
"#;
    let networks = [
        json!({"subnet": "10.1.2.0"}),
        json!({"subnet": "11.0.0.0"}),
        json!({"subnet": null}),
        json!({"subnet": "172.16.18.9"}),
    ];
    let with = judge(&engine(rules, true), "c", &networks);
    assert_eq!(
        counts(&with),
        [
            [4, 2, 2],
            [2, 4, 2],
            [2, 4, 2],
            [0, 4, 4],
            [1, 2, 1],
            [1, 2, 1],
            [1, 2, 1],
            [1, 2, 1],
        ]
    );
    let evidence = &with.alerts[0].findings[0].evidence[0];
    assert_eq!(
        evidence.pointer.as_deref(),
        Some("/sessions/0/segments/0/media/0/callerNetwork/subnet")
    );
    let without = judge(&engine(rules, false), "c", &networks);
    for [fired, quiet, unknown] in counts(&without) {
        assert_eq!((fired, quiet), (0, 0));
        assert!(unknown > 0);
    }
}

#[test]
fn the_alert_says_where_its_client_is() {
    let rules = r#"rule("any", #{ on: "stream", when: |s| guard(s.path == "uplink") });"#;
    let networks = [
        json!({"subnet": "10.1.2.0"}),
        json!({"subnet": "11.0.0.0"}),
        json!({}),
        json!({"subnet": "192.168.1.0"}),
        json!({"subnet": "192.168.1.0", "reflexiveIPAddress": "203.0.113.7"}),
    ];
    let report = judge(&engine(rules, true), "c", &networks);
    let alert = serde_json::to_value(&report.alerts[0]).expect("JSON");
    let site = |at: usize| &alert["findings"][at]["client"]["site"];
    assert_eq!(
        site(0),
        &json!({"cidr": "10.1.0.0/22", "networkName": "Campus/1", "building": "SEA-1",
            "city": "Seattle", "country": "US", "state": "WA", "region": "MSUS",
            "insideCorp": true, "vpn": false})
    );
    assert_eq!(
        site(1),
        &json!({"building": "outside", "insideCorp": false, "vpn": false})
    );
    assert_eq!(site(2), &Value::Null);
    assert_eq!(site(3)["building"], "outside", "a home router's subnet");
    assert_eq!(site(4)["building"], "SHOP-LINE");
}

#[test]
fn a_subnet_that_home_routers_give_out_is_no_key_by_itself() {
    let rules = r#"
rule("subnet", #{ on: "stream", when: |s| guard(s.path == "uplink"), by: |s| s.client.network.subnet });
rule("list", #{ on: "stream", when: |s| guard(s.path == "uplink"),
    by: |s| [s.client.network.subnet, s.client.network.connectionType] });
rule("computed", #{ on: "stream", when: |s| guard(s.path == "uplink"),
    by: |s| s.client.network.ipAddress ?? s.client.network.subnet });
rule("line", #{ on: "stream", when: |s| guard(s.path == "uplink"),
    by: |s| [s.client.network.subnet, s.client.network.reflexiveIPAddress] });
rule("loop", #{ on: "stream", when: |s| guard(s.path == "uplink"),
    by: |s| { let key = s.client.network.subnet; key } });
"#;
    let engine = engine(rules, false);
    let network = |subnet: &str| json!({"subnet": subnet, "connectionType": "wifi", "reflexiveIPAddress": "203.0.113.7"});
    let prints = |call: &str, subnet: &str| -> Vec<String> {
        let report = judge(&engine, call, &[network(subnet)]);
        let alerts = report.alerts.into_iter();
        alerts.map(|alert| alert.fingerprint).collect()
    };
    for home in ["192.168.1.0", "10.0.0.0/24", "172.20.10.0", "fe80::"] {
        let (one, other) = (prints("one", home), prints("other", home));
        assert_eq!(one.len(), 5);
        for at in [0, 1, 2, 4] {
            assert_ne!(one[at], other[at], "{home}, rule {at}");
        }
        assert_eq!(one[3], other[3], "a public address tells the line");
    }
    let (one, other) = (prints("one", "10.150.0.0"), prints("other", "10.150.0.0"));
    assert_eq!(one, other);
}

#[test]
fn a_reading_under_a_violation_places_nobody() {
    let rules = r#"rule("any", #{ on: "stream", when: |s| s.client.site.inside_corp });"#;
    let report = judge(
        &engine(rules, true),
        "c",
        &[json!({"subnet": 7, "ipAddress": "10.1.2.3"})],
    );
    assert_eq!(counts(&report), [[2, 0, 0]], "the address decides");
    let report = judge(&engine(rules, true), "c", &[json!({"subnet": 7})]);
    assert_eq!(counts(&report), [[0, 0, 2]]);
}

#[test]
fn who_reads_site_without_a_sites_file_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let rule = "rule(\"a\", #{ on: \"stream\", when: |s| s.client.site.vpn });";
    fs::write(folder.path().join("a.rhai"), rule).expect("written");
    let build = |sites: Option<Sites>| -> Result<Vec<String>, BuildError> {
        let mut builder = Engine::builder().rules(folder.path());
        if let Some(sites) = sites {
            builder = builder.sites(sites);
        }
        let (_, notices) = builder.build_with_notices()?;
        Ok(notices.iter().map(ToString::to_string).collect())
    };
    let told = build(None).expect("rules");
    assert_eq!(told.len(), 1);
    assert!(
        told[0].contains("name the building file with --sites"),
        "{told:?}"
    );
    let sites = Sites::parse("s", SITES.as_bytes(), false).expect("sites");
    assert!(build(Some(sites)).expect("rules").is_empty());
}

fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = run_in(folder, arguments);
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[test]
fn the_program_reads_the_file_says_what_is_odd_and_refuses_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("sites.csv"), SITES).expect("written");
    let check = ["--sites", "sites.csv", "--check", "--format", "text"];
    let (code, out, err) = run(folder.path(), &check);
    assert_eq!(code, Some(0));
    assert!(out.contains("4 networks in sites.csv"), "{out}");
    assert!(err.contains("192.168.1.0/24 is what home routers"), "{err}");
    let (_, _, err) = run(
        folder.path(),
        &[&check[..], &["--trust-home-subnets"]].concat(),
    );
    assert_eq!(err, "");
    let twice = format!("{SITES}10.1.2.0,,24,X,,,,,,,,,1,0,0\n");
    fs::write(folder.path().join("sites.csv"), twice).expect("written");
    let (code, _, err) = run(folder.path(), &check);
    assert_eq!(code, Some(2));
    assert!(err.contains("10.1.2.0/24 lies in 10.1.0.0/22"), "{err}");
    assert!(
        err.contains("sites.csv:5:1") && err.contains("sites.csv:1:1"),
        "{err}"
    );
    let (code, _, err) = run(
        folder.path(),
        &["--sites", "sites.csv", "--check", "--format", "json"],
    );
    assert_eq!(code, Some(2));
    let line: Value = serde_json::from_str(err.lines().next().expect("a line")).expect("JSON");
    assert_eq!(line["schema"], "qualwatch.sites/1");
    assert_eq!(
        (&line["place"]["line"], &line["also"]["line"]),
        (&json!(5), &json!(1))
    );
    let (code, _, err) = run(folder.path(), &["--sites", "none.csv", "--check"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("cannot read the sites file none.csv"), "{err}");
}
