//! `--redact` by canaries: tokens in every text of a record, its name and the
//! configuration, and everything that comes out searched for them.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::net::UdpSocket;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::{Value, json};
use support::receiver::{Receiver, reply};
use support::smtp::MailServer;

const EXAMPLE: &str = "examples/records/microsoft-example-2-expanded.json";

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_qualwatch"))
        .current_dir(support::root(""))
        .args(arguments)
        .output()
        .expect("runs")
}

#[cfg(unix)]
fn own(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("set");
}

#[cfg(not(unix))]
fn own(_: &Path) {}

/// Puts a canary of its kind wherever a text is nobody's enum, time or duration.
fn plant(name: &str, value: &mut Value, planted: &mut usize) {
    match value {
        Value::Object(members) => members
            .iter_mut()
            .for_each(|(name, value)| plant(name, value, planted)),
        Value::Array(items) => items.iter_mut().for_each(|item| plant(name, item, planted)),
        Value::String(text) => {
            let canary = match name {
                "ipAddress" | "subnet" | "reflexiveIPAddress" | "relayIPAddress" => {
                    Some("198.51.100.77")
                }
                "macAddress" | "basicServiceSetIdentifier" => Some("ca-fe-ca-fe-ca-fe"),
                "id"
                | "streamId"
                | "displayName"
                | "tenantId"
                | "headerValue"
                | "applicationVersion"
                | "captureDeviceName"
                | "renderDeviceName"
                | "captureDeviceDriver"
                | "renderDeviceDriver"
                | "text"
                | "joinWebUrl"
                | "dnsSuffix"
                | "reason"
                | "userPrincipalName"
                | "name" => Some("CANARY"),
                _ => None,
            };
            if let Some(canary) = canary {
                *planted += 1;
                *text = if canary == "CANARY" {
                    format!("CANARY{planted} de la Cruz")
                } else {
                    canary.to_owned()
                };
            }
        }
        _ => {}
    }
}

/// Where a canary is.
fn found(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    ["canary", "198.51.100", "ca-fe-ca", "de la cruz"]
        .iter()
        .find_map(|token| {
            let at = lower.find(token)?;
            let from = lower.floor_char_boundary(at.saturating_sub(120));
            Some(lower[from..lower.ceil_char_boundary((at + 60).min(lower.len()))].to_owned())
        })
}

/// Everything a folder holds, names too.
fn all_of(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        text.push_str(&entry.file_name().to_string_lossy());
        text.push('\n');
        text.push_str(&fs::read_to_string(entry.path()).unwrap_or_default());
    }
    text
}

#[test]
fn no_canary_comes_out_anywhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let records = folder.path().join("in");
    fs::create_dir(&records).expect("made");
    let mut record: Value =
        serde_json::from_slice(&fs::read(support::root(EXAMPLE)).expect("there")).expect("JSON");
    let mut planted = 0;
    plant("", &mut record, &mut planted);
    assert!(planted > 20, "only {planted} canaries");
    fs::write(records.join("call-CANARY-1.json"), record.to_string()).expect("written");
    // Invalid, with a value, a name and an enum's member that are canaries.
    let mut invalid = record.clone();
    let stream = invalid
        .pointer_mut("/sessions/0/segments/0/media/0/streams/0")
        .expect("a stream");
    stream["averageJitter"] = "CANARY is no duration".into();
    stream["CANARYname"] = json!({"CANARYinner": 1});
    stream["streamDirection"] = "CANARYdirection".into();
    invalid["version"] = "CANARYversion".into();
    fs::write(records.join("call-CANARY-2.json"), invalid.to_string()).expect("written");
    fs::write(
        records.join("call-CANARY-3.json"),
        "{\"id\": \"CANARY\", \"displayName\": CANARY}",
    )
    .expect("written");
    fs::write(
        records.join("call-CANARY-4.json"),
        "{\"CANARY\": \"CANARY\"}",
    )
    .expect("written");
    fs::write(records.join("call-CANARY-5.json"), "").expect("written");
    fs::write(
        records.join("call-CANARY-6.json"),
        "{\"id\": 1, \"CANARY\": 1, \"CANARY\": 2, \"id\": \"CANARY\"}",
    )
    .expect("written");

    // Rules that say what they read, compare it, and break with it.
    let rules = folder.path().join("rules");
    fs::create_dir(&rules).expect("made");
    fs::write(
        rules.join("own.rhai"),
        r#"
rule("says", #{ on: "stream", severity: "critical", title: |s| `bad for ${s.client.identity.displayName}`,
    message: |s| `heard by ${s.client.identity.displayName}`,
    by: |s| s.client.network.subnet, labels: #{ team: "voice" },
    when: |s| s.client.network.ipAddress != "nobody" || s.client.identity.displayName != "nobody" });
rule("breaks", #{ on: "session", severity: "info", when: |s| { throw `${s.id}`; } });
"#,
    )
    .expect("written");
    let receiver = Receiver::start(Vec::new(), reply(200, "ok"));
    let refusing = Receiver::start(Vec::new(), reply(403, "no"));
    let mails = MailServer::start(Vec::new());
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let config = folder.path().join("c.toml");
    let show = "show = [\"addresses\", \"feedback\", \"links\", \"macs\", \"phones\"]";
    fs::write(
        &config,
        format!(
            "[[sink]]\nname = \"a\"\ntype = \"webhook\"\nurl = \"{0}\"\n\
             [[sink]]\nname = \"b\"\ntype = \"slack\"\n{show}\nurl = \"{0}\"\n\
             [[sink]]\nname = \"c\"\ntype = \"teams\"\n{show}\nurl = \"{0}\"\n\
             [[sink]]\nname = \"d\"\ntype = \"alertmanager\"\n{show}\nurl = \"{0}\"\n\
             [[sink]]\nname = \"e\"\ntype = \"webhook\"\nurl = \"{1}\"\n\
             [[sink]]\nname = \"f\"\ntype = \"file\"\npath = \"out/alerts.ndjson\"\n\
             [[sink]]\nname = \"g\"\ntype = \"syslog\"\naddress = \"{2}\"\n\
             [[sink]]\nname = \"h\"\ntype = \"smtp\"\n{show}\nhost = \"127.0.0.1\"\nport = {3}\nsecurity = \"none\"\n\
             from = \"q@example.com\"\nto = [\"o@example.com\"]\n",
            receiver.url("/CANARY-of-the-address"),
            refusing.url("/CANARY-of-the-address"),
            socket.local_addr().expect("bound"),
            mails.port,
        ),
    )
    .expect("written");
    let key = folder.path().join("key");
    fs::write(&key, "CANARY key of the site, 32 bytes").expect("written");
    own(&key);
    let path = |path: &Path| path.to_str().expect("UTF-8").to_owned();
    // Without it they come out, so the search finds what there is to be found.
    let plain = run(&[
        "--once",
        "--format",
        "json",
        "--rules",
        &path(&rules),
        &path(&records),
    ]);
    assert!(found(&String::from_utf8_lossy(&plain.stdout)).is_some());
    assert!(found(&String::from_utf8_lossy(&plain.stderr)).is_some());
    let mut alerts = String::new();
    for form in ["json", "text"] {
        let rejects = folder.path().join(format!("rejects-{form}"));
        let output = run(&[
            "--once",
            "--format",
            form,
            "--redact",
            &path(&key),
            "--config",
            &path(&config),
            "--rules",
            &path(&rules),
            "--rejects",
            &path(&rejects),
            "--patience",
            "0ms",
            &path(&records),
        ]);
        let (out, messages) = (
            String::from_utf8(output.stdout).expect("UTF-8"),
            String::from_utf8(output.stderr).expect("UTF-8"),
        );
        assert!(out.contains("says"), "{form}: {out}\n{messages}");
        assert!(
            messages.contains("breaks") && messages.contains("dead letter"),
            "{form}: {messages}"
        );
        for text in [&out, &messages] {
            assert_eq!(found(text), None, "{form}");
        }
        // What is rejected is kept byte for byte; its name and its reasons say nothing of it.
        let mut reasons = 0;
        for entry in fs::read_dir(&rejects).expect("a folder").flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            assert_eq!(found(&name), None);
            if name.ends_with(".reasons.json") {
                reasons += 1;
                assert_eq!(
                    found(&fs::read_to_string(entry.path()).expect("readable")),
                    None,
                    "{name}"
                );
            }
        }
        assert!(reasons >= 4, "{form}: {reasons}");
        if form == "json" {
            alerts = out;
        }
    }
    assert_eq!(found(&all_of(&folder.path().join("out"))), None);
    let requests = receiver.requests();
    assert!(requests.len() > 4);
    for request in &requests {
        assert_eq!(found(&request.body), None);
        // The address is the configuration's, and goes there alone.
        assert!(request.path.contains("CANARY"));
    }
    assert!(!mails.mails().is_empty());
    for mail in mails.mails() {
        assert_eq!(found(&mail.data), None);
    }
    socket
        .set_read_timeout(Some(Duration::from_secs(30)))
        .expect("set");
    let mut buffer = vec![0; 70_000];
    let length = socket.recv(&mut buffer).expect("a message");
    assert_eq!(found(&String::from_utf8_lossy(&buffer[..length])), None);

    // And it still says what happened, to the same person under the same mark.
    let mut names = BTreeSet::new();
    for line in alerts.lines() {
        let alert: Value = serde_json::from_str(line).expect("JSON");
        assert!(
            alert["call"]["id"]
                .as_str()
                .is_some_and(|id| id.starts_with("call-")),
            "{line}"
        );
        for finding in alert["findings"].as_array().expect("findings") {
            assert!(
                finding["at"]
                    .as_str()
                    .is_some_and(|at| at.starts_with("/sessions/0/segments/")),
                "{line}"
            );
            names.extend(finding["client"]["name"].as_str().map(str::to_owned));
        }
    }
    assert!(
        !names.is_empty() && names.iter().all(|name| name.starts_with("name-")),
        "{names:?}"
    );
}

#[test]
fn the_same_is_marked_the_same_in_each_run_and_otherwise_under_another_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys: Vec<String> = ["one", "two"]
        .iter()
        .map(|name| {
            let path = folder.path().join(name);
            fs::write(&path, format!("key {name} of the site, long enough")).expect("written");
            own(&path);
            path.to_str().expect("UTF-8").to_owned()
        })
        .collect();
    let ids = |arguments: &[&str]| -> Vec<String> {
        let mut all = vec!["--once", "--format", "json"];
        all.extend(arguments);
        all.push(EXAMPLE);
        let output = run(&all);
        assert_eq!(output.status.code(), Some(0));
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let alerts = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        alerts
            .flat_map(|a| {
                [
                    a["id"].to_string(),
                    a["fingerprint"].to_string(),
                    a["call"]["id"].to_string(),
                ]
            })
            .collect()
    };
    let (one, again, two, plain) = (
        ids(&["--redact", &keys[0]]),
        ids(&["--redact", &keys[0]]),
        ids(&["--redact", &keys[1]]),
        ids(&[]),
    );
    assert_eq!(one, again);
    for (a, b) in one.iter().zip(&two).chain(one.iter().zip(&plain)) {
        assert_ne!(a, b, "identities are keyed too");
    }
    let short = folder.path().join("short");
    fs::write(&short, "short").expect("written");
    own(&short);
    let refused = run(&[
        "--redact",
        short.to_str().expect("UTF-8"),
        "--once",
        EXAMPLE,
    ]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("openssl rand -hex 32"));
}
