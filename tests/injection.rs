//! Hostile text in every string of an alert, through every sink, and what
//! arrives read by readers that share no code with us.
//!
//! The payloads are `tests/cases/injection/payloads.jsonl`, a JSON string a
//! line. Each is sent for real, over loopback.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::net::UdpSocket;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use qualwatch::sink::{Config, Outcome, Parcel, Sink, Told};
use serde_json::{Value, json};
use support::receiver::{Receiver, reply};
use support::smtp::MailServer;

/// Judged anew here, from the Unicode tables, not by the code under test.
fn harmful(character: char) -> bool {
    let code = character as u32;
    code < 0x20
        || (0x7f..0xa0).contains(&code)
        || matches!(
            code,
            0xad | 0x61c | 0x180e | 0x200b | 0x200e | 0x200f | 0xfeff
        )
        || (0x2028..=0x202e).contains(&code)
        || (0x2060..=0x206f).contains(&code)
        || (0xfff9..=0xfffb).contains(&code)
        || (0xe0000..=0xe007f).contains(&code)
}

fn payloads() -> Vec<String> {
    let text =
        fs::read_to_string(support::root("tests/cases/injection/payloads.jsonl")).expect("there");
    let payloads: Vec<String> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("a string"))
        .collect();
    assert!(payloads.len() >= 200, "only {}", payloads.len());
    payloads
}

/// An alert with all members, and the payload in each string but the schema's name.
fn alert(payload: &str) -> Told {
    let mut alert = json!({
        "schema": "x", "id": "x", "fingerprint": "x", "state": "x", "rule": "x", "severity": "x",
        "on": "x", "title": "x", "summary": "x", "raisedAt": "x",
        "call": {"id": "x", "type": "x", "partial": false, "start": "x", "end": "x"},
        "source": {"name": "x", "line": 1},
        "affected": {"fired": 1, "of": 2, "unknown": 1},
        "findings": [{
            "at": "x", "line": 1, "message": "x",
            "what": {"session": "x", "segment": "x", "media": "x", "stream": "x", "direction": "x",
                "path": "x", "rating": "x", "tokens": ["x", "x"], "stage": "x", "reason": "x"},
            "client": {"end": "x", "name": "x", "platform": "x", "connection": "x", "subnet": "x", "device": "x"},
            "evidence": [{"pointer": "x", "field": "x", "value": "x", "reading": "x", "op": "x",
                "limit": "x", "limitName": "x", "unit": "x"}],
        }],
        "labels": {"team": "x"},
    });
    fn put(value: &mut Value, payload: &str) {
        match value {
            Value::String(text) => payload.clone_into(text),
            Value::Array(items) => items.iter_mut().for_each(|item| put(item, payload)),
            Value::Object(members) => members.values_mut().for_each(|member| put(member, payload)),
            _ => {}
        }
    }
    put(&mut alert, payload);
    alert["schema"] = "qualwatch.alert/1".into();
    alert["labels"][payload] = payload.into();
    // As it comes out of the engine: safe to print.
    Told::read(qualwatch::text::safe_json(&alert.to_string()).into_owned()).expect("an alert")
}

fn sink(toml: &str) -> Arc<dyn Sink> {
    let text = format!("[[sink]]\nname = \"s\"\n{toml}");
    let config =
        Config::read("test.toml", &text, Path::new(".")).unwrap_or_else(|error| panic!("{error}"));
    config.sinks[0].sink.clone().expect("a sink")
}

/// Sends an alert with each payload; `look` sees payload and alert after each.
fn send_all(sink: &Arc<dyn Sink>, mut look: impl FnMut(&str, &Told)) {
    for payload in payloads() {
        let told = [alert(&payload)];
        let outcome = sink.send(&Parcel {
            key: told[0].event(),
            alerts: &told,
            now: "2026-01-13T09:00:00Z".parse().expect("a time"),
        });
        assert_eq!(outcome, Outcome::Delivered, "{payload:?}");
        look(&payload, &told[0]);
    }
}

const ALL: &str = "show = [\"addresses\", \"feedback\", \"links\", \"macs\", \"phones\"]";

/// Every object of a document, with the name it has in its parent.
fn objects<'v>(
    name: &'v str,
    value: &'v Value,
    out: &mut Vec<(&'v str, &'v serde_json::Map<String, Value>)>,
) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| objects(name, item, out)),
        Value::Object(members) => {
            out.push((name, members));
            members
                .iter()
                .for_each(|(name, member)| objects(name, member, out));
        }
        _ => {}
    }
}

#[test]
fn slack_gets_no_markup_and_nothing_longer_than_it_takes() {
    let receiver = Receiver::start(Vec::new(), reply(200, "ok"));
    let sink = sink(&format!(
        "type = \"slack\"\nurl = \"{}\"\n{ALL}",
        receiver.url("/")
    ));
    send_all(&sink, |payload, _| {
        let request = receiver.requests().pop().expect("sent");
        assert!(!request.body.contains(['<', '>']), "{payload:?}");
        let message = request.json();
        let mut all = Vec::new();
        objects("", &message, &mut all);
        let mut texts = vec![message["text"].as_str().expect("a text")];
        for (_, object) in &all {
            let kind = object.get("type").and_then(Value::as_str);
            let known = ["header", "section", "context", "plain_text"];
            assert!(
                kind.is_none_or(|kind| known.contains(&kind)),
                "{payload:?}: {kind:?}"
            );
            if kind == Some("plain_text") {
                assert_eq!(object["emoji"], false);
                texts.push(object["text"].as_str().expect("a text"));
            }
            if kind == Some("header") {
                assert!(
                    object["text"]["text"]
                        .as_str()
                        .is_some_and(|text| text.chars().count() <= 150)
                );
            }
        }
        for text in texts {
            assert!(text.chars().count() <= 3000);
            assert!(
                !text.chars().any(|c| harmful(c) && c != '\n'),
                "{payload:?}: {text:?}"
            );
            for part in text.split('&').skip(1) {
                let entity = ["amp;", "lt;", "gt;"]
                    .iter()
                    .any(|entity| part.starts_with(entity));
                assert!(entity, "{payload:?}: a bare & in {text:?}");
            }
        }
        assert!(
            message["blocks"]
                .as_array()
                .is_some_and(|blocks| !blocks.is_empty() && blocks.len() <= 50)
        );
    });
}

#[test]
fn teams_gets_text_runs_alone_and_no_mention_or_function() {
    let receiver = Receiver::start(Vec::new(), reply(202, ""));
    let sink = sink(&format!(
        "type = \"teams\"\nurl = \"{}\"\n{ALL}",
        receiver.url("/")
    ));
    send_all(&sink, |payload, _| {
        let request = receiver.requests().pop().expect("sent");
        assert!(
            request.body.len() <= 28 << 10,
            "{payload:?}: {}",
            request.body.len()
        );
        let message = request.json();
        let mut all = Vec::new();
        objects("", &message, &mut all);
        for (name, object) in all {
            assert!(!object.contains_key("entities"), "{payload:?}");
            match object.get("type").and_then(Value::as_str) {
                Some("TextRun") => {
                    let text = object["text"].as_str().expect("a text");
                    assert!(!text.contains("{{"), "{payload:?}");
                    assert!(!text.chars().any(harmful), "{payload:?}: {text:?}");
                    assert!(!object.contains_key("selectAction"), "{payload:?}");
                }
                Some(kind) => {
                    assert!(
                        ["message", "AdaptiveCard", "RichTextBlock"].contains(&kind),
                        "{payload:?}: {kind}"
                    );
                    assert!(!object.contains_key("text"), "{payload:?}: {kind} has text");
                }
                None => assert!(
                    ["attachments", "msteams"].contains(&name),
                    "{payload:?}: {name}"
                ),
            }
        }
    });
}

#[test]
fn alertmanager_gets_labels_of_its_alphabet_and_one_alert() {
    let receiver = Receiver::start(Vec::new(), reply(200, ""));
    let sink = sink(&format!(
        "type = \"alertmanager\"\nurl = \"{}\"\n{ALL}",
        receiver.url("")
    ));
    send_all(&sink, |payload, _| {
        let posted = receiver.requests().pop().expect("sent").json();
        let alerts = posted.as_array().expect("a list");
        assert_eq!(alerts.len(), 1);
        for kind in ["labels", "annotations"] {
            for (name, value) in alerts[0][kind].as_object().expect("a table") {
                let mut characters = name.chars();
                let first = characters.next().expect("a name");
                assert!(
                    first.is_ascii_alphabetic() || first == '_',
                    "{payload:?}: {name:?}"
                );
                assert!(
                    characters.all(|c| c.is_ascii_alphanumeric() || c == '_'),
                    "{payload:?}: {name:?}"
                );
                let value = value.as_str().expect("a text");
                assert!(
                    !value.chars().any(|c| harmful(c) && c != '\n'),
                    "{payload:?}: {value:?}"
                );
            }
        }
    });
}

#[test]
fn a_mail_has_its_headers_and_its_recipients_and_no_others() {
    let server = MailServer::start(Vec::new());
    let sink = sink(&format!(
        "type = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\nfrom = \"q@example.com\"\nto = [\"ops@example.com\"]\n{ALL}",
        server.port
    ));
    let wanted: BTreeSet<&str> = [
        "From",
        "To",
        "Subject",
        "Message-ID",
        "Date",
        "Auto-Submitted",
        "Content-Type",
        "Content-Transfer-Encoding",
    ]
    .into();
    send_all(&sink, |payload, told| {
        let mail = server.mails().pop().expect("sent");
        assert_eq!(
            (mail.from.as_str(), &mail.to[..]),
            ("q@example.com", &["ops@example.com".to_owned()][..])
        );
        let parsed = mailparse::parse_mail(mail.data.as_bytes()).expect("a mail");
        let mut names: Vec<String> = parsed
            .headers
            .iter()
            .map(mailparse::MailHeader::get_key)
            .collect();
        names.retain(|name| name != "MIME-Version");
        assert_eq!(names.len(), wanted.len(), "{payload:?}: {names:?}");
        assert_eq!(
            names.iter().map(String::as_str).collect::<BTreeSet<_>>(),
            wanted,
            "{payload:?}"
        );
        for header in &parsed.headers {
            let value = header.get_value();
            assert!(!value.chars().any(harmful), "{payload:?}: {value:?}");
        }
        let id = parsed
            .headers
            .iter()
            .find(|header| header.get_key() == "Message-ID")
            .expect("an id");
        assert_eq!(id.get_value(), format!("<{}@example.com>", told.event()));
        assert!(parsed.subparts.is_empty());
        assert_eq!(parsed.ctype.mimetype, "text/plain");
        let body = parsed.get_body().expect("a body");
        assert!(
            !body
                .replace("\r\n", "\n")
                .chars()
                .any(|c| harmful(c) && c != '\n'),
            "{payload:?}: {body:?}"
        );
    });
}

/// A strict reader of RFC 5424: header fields, parameters by name, message.
fn read_syslog(bytes: &[u8]) -> (Vec<String>, Vec<(String, String)>, String) {
    let text = std::str::from_utf8(bytes).expect("UTF-8");
    let mut rest = text.strip_prefix('<').expect("a priority");
    let (priority, after) = rest.split_once('>').expect("a priority");
    assert!(priority.parse::<u8>().is_ok_and(|priority| priority <= 191));
    rest = after.strip_prefix("1 ").expect("version 1");
    let mut fields = Vec::new();
    for most in [32, 255, 48, 128, 32] {
        let (field, after) = rest.split_once(' ').expect("a field");
        assert!(
            !field.is_empty()
                && field.len() <= most
                && field.bytes().all(|b| (33..127).contains(&b)),
            "{field:?}"
        );
        fields.push(field.to_owned());
        rest = after;
    }
    let mut characters = rest.strip_prefix('[').expect("structured data").chars();
    let mut name = String::new();
    let mut parameters = Vec::new();
    loop {
        match characters.next().expect("structured data ends") {
            ']' => break,
            ' ' => name.clear(),
            '=' => {
                assert_eq!(characters.next(), Some('"'));
                let mut value = String::new();
                loop {
                    match characters.next().expect("a value ends") {
                        '"' => break,
                        ']' => panic!("a bare ] in {value:?}"),
                        '\\' => value.push(characters.next().expect("escaped")),
                        other => value.push(other),
                    }
                }
                parameters.push((name.clone(), value));
            }
            other => name.push(other),
        }
    }
    let message = characters
        .as_str()
        .strip_prefix(" \u{feff}")
        .expect("a message in UTF-8");
    (fields, parameters, message.to_owned())
}

#[test]
fn syslog_gets_one_message_with_the_parameters_it_should_have() {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    socket
        .set_read_timeout(Some(Duration::from_secs(30)))
        .expect("set");
    let address = socket.local_addr().expect("bound");
    let sink = sink(&format!(
        "type = \"syslog\"\naddress = \"{address}\"\nhost = \"h\""
    ));
    let known = [
        "event",
        "id",
        "fingerprint",
        "state",
        "rule",
        "severity",
        "call",
        "callType",
    ];
    send_all(&sink, |payload, told| {
        let mut buffer = vec![0; 70_000];
        let length = socket.recv(&mut buffer).expect("a datagram");
        assert!(length <= 2048, "{payload:?}: {length}");
        let (_, parameters, message) = read_syslog(&buffer[..length]);
        for (name, value) in &parameters {
            assert!(known.contains(&name.as_str()), "{payload:?}: {name:?}");
            assert!(!value.chars().any(harmful), "{payload:?}: {value:?}");
        }
        let names: BTreeSet<&String> = parameters.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), parameters.len(), "{payload:?}: twice the same");
        assert!(
            parameters
                .iter()
                .any(|(name, value)| name == "event" && value == told.event())
        );
        assert!(!message.chars().any(harmful), "{payload:?}: {message:?}");
    });
}

#[test]
fn machines_get_one_line_that_says_the_same_and_harms_no_terminal() {
    let receiver = Receiver::start(Vec::new(), reply(200, ""));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.ndjson");
    let hook = sink(&format!(
        "type = \"webhook\"\nurl = \"{}\"",
        receiver.url("/")
    ));
    let file = sink(&format!("type = \"file\"\npath = \"{}\"", path.display()));
    let templated = sink(&format!(
        "type = \"webhook\"\nurl = \"{}\"\ntemplate = '{{\"rule\": {{{{ alert.rule }}}}, \"n\": 1, \"who\": {{{{ alert.findings[0].client.name ~ \"!\" }}}}}}'",
        receiver.url("/")
    ));
    let line = |text: &str, payload: &str| -> Value {
        assert!(!text.chars().any(harmful), "{payload:?}: {text:?}");
        serde_json::from_str(text).expect("JSON")
    };
    send_all(&hook, |payload, told| {
        let body = receiver.requests().pop().expect("sent").body;
        let read = line(&body, payload);
        assert_eq!(&read, told.value());
        assert_eq!(read["findings"][0]["client"]["name"], payload);
    });
    send_all(&templated, |payload, _| {
        let body = receiver.requests().pop().expect("sent").body;
        let wanted = json!({"rule": payload, "n": 1, "who": format!("{payload}!")});
        assert_eq!(line(body.trim(), payload), wanted, "{payload:?}");
    });
    send_all(&file, |payload, told| {
        let text = fs::read_to_string(&path).expect("written");
        assert!(text.ends_with('\n'));
        let last = text
            .trim_end_matches('\n')
            .rsplit('\n')
            .next()
            .expect("a line");
        assert_eq!(&line(last, payload), told.value());
    });
    let text = fs::read_to_string(&path).expect("written");
    assert_eq!(text.lines().count(), payloads().len());
}

#[cfg(unix)]
#[test]
fn a_command_gets_the_record_on_its_input_and_nowhere_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let (out, arguments) = (folder.path().join("in"), folder.path().join("arguments"));
    let script = folder.path().join("take");
    fs::write(
        &script,
        format!(
            "#!/bin/sh\ncat > '{}'\n(printf '%s\\n' \"$#\" \"$@\"; env) > '{}'\n",
            out.display(),
            arguments.display()
        ),
    )
    .expect("written");
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).expect("set");
    let sink = sink(&format!(
        "type = \"command\"\nrun = [\"{}\", \"one\"]",
        script.display()
    ));
    let mut shown: Option<usize> = None;
    send_all(&sink, |payload, told| {
        let text = fs::read_to_string(&out).expect("written");
        assert_eq!(text, format!("{}\n", told.json()), "{payload:?}");
        let seen = fs::read_to_string(&arguments).expect("written");
        assert!(seen.starts_with("1\none\n"), "{payload:?}: {seen}");
        // The key alone differs, so nothing of the record is in the environment.
        assert_eq!(
            *shown.get_or_insert(seen.len()),
            seen.len(),
            "{payload:?}: {seen}"
        );
    });
}
