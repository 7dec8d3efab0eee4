//! Sinks against the real receivers, started here on loopback: Alertmanager, a
//! mail server with STARTTLS and AUTH, rsyslog, an HTTPS endpoint.
//!
//! `tests/peers/install DIR` installs them. They are tried only where
//! `QUALWATCH_PEERS` names that folder; there, one that is missing is a failure.

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use jiff::Timestamp;
use qualwatch::sink::{Config, Outcome, Parcel, Sink, Told};
use serde_json::Value;
use support::receiver::{Receiver, reply};

/// The folder with the Python environment; `None` says that no peer is to be tried.
fn peers() -> Option<PathBuf> {
    let folder = std::env::var_os("QUALWATCH_PEERS").map(PathBuf::from);
    if folder.is_none() {
        // Past the harness, which keeps what a test that passes prints.
        let said = b"NOT TRIED: QUALWATCH_PEERS is not set, so no real receiver was started\n";
        std::io::stderr().write_all(said).expect("said");
    }
    folder.map(|folder| support::root("").join(folder))
}

/// A process that ends with the test.
struct Peer(Child);

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Peer {
    fn start(command: &mut Command) -> Peer {
        let name = format!("{command:?}");
        Peer(
            command
                .stdin(Stdio::null())
                .spawn()
                .unwrap_or_else(|error| panic!("{name}: {error}")),
        )
    }

    fn stdout(&mut self) -> BufReader<impl Read + use<>> {
        BufReader::new(self.0.stdout.take().expect("piped"))
    }
}

fn next_line(reader: &mut impl BufRead) -> String {
    let mut line = String::new();
    assert!(
        reader.read_line(&mut line).expect("readable") > 0,
        "it ended"
    );
    line.trim_end().to_owned()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("bound")
        .port()
}

fn sink(toml: &str, folder: &Path) -> Arc<dyn Sink> {
    let text = format!("[[sink]]\nname = \"s\"\n{toml}");
    let config = Config::read("test.toml", &text, folder).unwrap_or_else(|error| panic!("{error}"));
    config.sinks[0].sink.clone().expect("a sink")
}

fn send(sink: &Arc<dyn Sink>, told: &[Told]) -> Outcome {
    sink.send(&Parcel {
        key: told[0].event(),
        alerts: told,
        now: Timestamp::now(),
    })
}

/// An alert of now.
fn alert(rule: &str, state: &str, call: &str) -> Told {
    let now = Timestamp::now().to_string();
    let alert = serde_json::json!({
        "schema": "qualwatch.alert/1", "id": format!("{rule}-{call}"), "fingerprint": format!("{rule}-{call}"),
        "state": state, "rule": rule, "severity": "warning", "on": "stream", "raisedAt": now,
        "call": {"id": call, "type": "groupCall", "partial": false},
        "affected": {"fired": 1, "of": 2, "unknown": 0},
        "findings": [{"at": "/x", "line": 1, "what": {"media": "main-audio"},
            "client": {"end": "caller", "name": "Zoë <!channel> \r\nBcc: x@y.example"}, "evidence": []}],
        "labels": {"on-call": "voice"},
    });
    Told::read(alert.to_string()).expect("an alert")
}

/// A certificate authority, and certificates for 127.0.0.1 and for somebody else.
fn certificates(folder: &Path) {
    let run = |arguments: &[&str]| {
        let output = Command::new("openssl")
            .args(arguments)
            .current_dir(folder)
            .output()
            .expect("openssl");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    let key = [
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
    ];
    run(&[
        &[
            "req",
            "-x509",
            "-subj",
            "/CN=test CA",
            "-days",
            "2",
            "-keyout",
            "ca.key",
            "-out",
            "ca.pem",
        ],
        &key[..],
    ]
    .concat());
    for (name, subject) in [("good", "IP:127.0.0.1"), ("other", "DNS:other.example")] {
        run(&[
            &[
                "req",
                "-subj",
                "/CN=peer",
                "-keyout",
                &format!("{name}.key"),
                "-out",
                &format!("{name}.csr"),
            ],
            &key[..],
        ]
        .concat());
        fs::write(
            folder.join("extensions"),
            format!("subjectAltName={subject}\n"),
        )
        .expect("written");
        run(&[
            "x509",
            "-req",
            "-in",
            &format!("{name}.csr"),
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-days",
            "2",
            "-extfile",
            "extensions",
            "-out",
            &format!("{name}.pem"),
        ]);
    }
}

#[test]
fn alertmanager_notifies_groups_and_resolves() {
    if peers().is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let receiver = Receiver::start(Vec::new(), reply(200, ""));
    let config = format!(
        "route:\n  receiver: r\n  group_by: [alertname]\n  group_wait: 1s\n  group_interval: 1s\n  repeat_interval: 1h\n\
         receivers:\n- name: r\n  webhook_configs:\n  - url: {}\n    send_resolved: true\n",
        receiver.url("/notify")
    );
    fs::write(folder.path().join("am.yml"), config).expect("written");
    let port = free_port();
    let mut peer = Peer::start(
        Command::new("prometheus-alertmanager")
            .arg(format!(
                "--config.file={}",
                folder.path().join("am.yml").display()
            ))
            .arg(format!("--storage.path={}", folder.path().display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--cluster.listen-address=")
            .stderr(Stdio::piped()),
    );
    let mut log = BufReader::new(peer.0.stderr.take().expect("piped"));
    while !next_line(&mut log).contains("Listening on") {}
    std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));

    let sink = sink(
        &format!("type = \"alertmanager\"\nurl = \"http://127.0.0.1:{port}\""),
        folder.path(),
    );
    let sent = [
        alert("poor-audio", "event", "call-1"),
        alert("poor-audio", "event", "call-2"),
        alert("site-bad", "firing", "site-7"),
    ];
    assert_eq!(send(&sink, &sent), Outcome::Delivered);
    let ask = || -> Vec<Value> {
        let output = Command::new("amtool")
            .args([
                "alert",
                "query",
                "-o",
                "json",
                &format!("--alertmanager.url=http://127.0.0.1:{port}"),
            ])
            .output()
            .expect("amtool");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_slice(&output.stdout).expect("JSON")
    };
    let seen = ask();
    assert_eq!(seen.len(), 3, "{seen:?}");
    assert!(
        seen.iter()
            .all(|alert| alert["labels"]["on_call"] == "voice")
    );
    assert!(
        seen.iter()
            .all(|alert| alert["status"]["state"] == "active")
    );

    // Two calls of one rule are one group, and one notification.
    let notified: Vec<Value> = receiver
        .wait_for(2)
        .iter()
        .map(|request| request.json())
        .collect();
    let group = |rule: &str| {
        notified
            .iter()
            .find(|n| n["groupLabels"]["alertname"] == rule)
            .expect("notified")
    };
    assert_eq!(
        group("poor-audio")["alerts"].as_array().map(Vec::len),
        Some(2)
    );
    assert_eq!(group("poor-audio")["status"], "firing");
    assert_eq!(group("site-bad")["status"], "firing");

    // The same event again is the same alert, and no news.
    assert_eq!(send(&sink, &sent[..1]), Outcome::Delivered);
    assert_eq!(ask().len(), 3);
    assert_eq!(
        send(&sink, &[alert("site-bad", "resolved", "site-7")]),
        Outcome::Delivered
    );
    let resolved = receiver.wait_for(3)[2].json();
    assert_eq!(
        (&resolved["status"], &resolved["groupLabels"]["alertname"]),
        (&"resolved".into(), &"site-bad".into())
    );
    assert_eq!(ask().len(), 2);
}

#[test]
fn a_mail_server_takes_mail_over_tls_with_a_password_and_from_nobody_else() {
    let Some(environment) = peers() else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    certificates(folder.path());
    let port = free_port();
    let mut server = Peer::start(
        Command::new(environment.join("bin/python"))
            .arg(support::root("tests/peers/mail_server.py"))
            .args([
                port.to_string().as_str(),
                "good.pem",
                "good.key",
                "qualwatch",
                "a-password",
            ])
            .current_dir(folder.path())
            .stdout(Stdio::piped()),
    );
    let mut mails = server.stdout();
    assert_eq!(next_line(&mut mails), "ready");
    for (name, password) in [("right", "a-password"), ("wrong", "another")] {
        fs::write(folder.path().join(name), password).expect("written");
        own(&folder.path().join(name));
    }
    let with = |password: &str, more: &str| {
        let toml = format!(
            "type = \"smtp\"\nhost = \"127.0.0.1\"\nport = {port}\nfrom = \"q@example.com\"\nto = [\"ops@example.com\", \"voice@example.com\"]\n\
             user = \"qualwatch\"\npassword_file = \"{password}\"\n{more}"
        );
        sink(&toml, folder.path())
    };
    let told = [alert("poor-audio", "event", "call-1")];
    assert_eq!(
        send(&with("right", "ca_file = \"ca.pem\""), &told),
        Outcome::Delivered
    );
    let mail: Value = serde_json::from_str(&next_line(&mut mails)).expect("JSON");
    assert_eq!(mail["tls"], true);
    assert_eq!(
        mail["to"],
        serde_json::json!(["ops@example.com", "voice@example.com"])
    );
    let parsed = mail["data"].as_str().expect("a mail").to_owned();
    let parsed = mailparse::parse_mail(parsed.as_bytes()).expect("a mail");
    let header = |name: &str| {
        let found = parsed
            .headers
            .iter()
            .find(|header| header.get_key() == name);
        found.map(mailparse::MailHeader::get_value)
    };
    assert_eq!(
        header("Message-ID"),
        Some(format!("<{}@example.com>", told[0].event()))
    );
    assert_eq!(
        header("Subject"),
        Some("[qualwatch] warning: poor-audio".to_owned())
    );
    assert_eq!(header("Bcc"), None);
    assert!(
        parsed
            .get_body()
            .expect("a body")
            .contains("Zoë <!channel>")
    );

    let wrong = send(&with("wrong", "ca_file = \"ca.pem\""), &told);
    assert!(
        matches!(&wrong, Outcome::Refused { why } if why.contains("535") && !why.contains("another")),
        "{wrong:?}"
    );
    // Nobody on this machine vouches for the test's authority.
    let strangers = send(&with("right", ""), &told);
    assert!(matches!(strangers, Outcome::Retry { .. }), "{strangers:?}");
}

#[test]
fn rsyslog_reads_what_is_sent_over_udp_and_tcp() {
    if peers().is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let back = listener.local_addr().expect("bound").port();
    let (udp, tcp) = (free_port(), free_port());
    let config = format!(
        "global(workDirectory=\"{}\")\nmodule(load=\"imudp\")\nmodule(load=\"imtcp\")\n\
         input(type=\"imudp\" address=\"127.0.0.1\" port=\"{udp}\")\ninput(type=\"imtcp\" address=\"127.0.0.1\" port=\"{tcp}\")\n\
         template(name=\"t\" type=\"string\" string=\"%inputname%|%syslogseverity-text%|%syslogfacility-text%|%app-name%|%msgid%|%structured-data%|%msg%\\n\")\n\
         *.* action(type=\"omfwd\" target=\"127.0.0.1\" port=\"{back}\" protocol=\"tcp\" template=\"t\")\n",
        folder.path().display()
    );
    let path = folder.path().join("rsyslog.conf");
    fs::write(&path, config).expect("written");
    let program = if Path::new("/usr/sbin/rsyslogd").exists() {
        "/usr/sbin/rsyslogd"
    } else {
        "rsyslogd"
    };
    let _peer = Peer::start(
        Command::new(program)
            .args(["-n", "-f"])
            .arg(&path)
            .arg("-i")
            .arg(folder.path().join("pid"))
            .stderr(Stdio::inherit()),
    );
    let told = [alert("poor-audio", "event", "call]\"1\\")];
    let over_tcp = sink(
        &format!(
            "type = \"syslog\"\naddress = \"127.0.0.1:{tcp}\"\ntransport = \"tcp\"\nfacility = \"local3\""
        ),
        folder.path(),
    );
    // It is up when it listens.
    while !send(&over_tcp, &told).is_delivered() {
        std::thread::yield_now();
    }
    let mut lines = BufReader::new(listener.accept().expect("it connects").0);
    let mut line = || loop {
        let line = next_line(&mut lines);
        // What it says of itself is no message of ours.
        if !line.contains("|rsyslogd|") {
            return line;
        }
    };
    let check = |line: String, input: &str| {
        let fields: Vec<&str> = line.splitn(7, '|').collect();
        assert_eq!(
            &fields[..5],
            [input, "warning", "local3", "qualwatch", "poor-audio"],
            "{line}"
        );
        assert!(
            fields[5].starts_with("[alert@32473 event=\"")
                && fields[5].contains("call=\"call\\]\\\"1\\\\\""),
            "{line}"
        );
        assert!(
            fields[6].contains("warning: poor-audio; ") && fields[6].contains("Zoë <!channel>"),
            "{line}"
        );
    };
    check(line(), "imtcp");
    // A second one over the same connection: the octets were counted right.
    assert_eq!(send(&over_tcp, &told), Outcome::Delivered);
    check(line(), "imtcp");
    let over_udp = sink(
        &format!("type = \"syslog\"\naddress = \"127.0.0.1:{udp}\"\nfacility = \"local3\""),
        folder.path(),
    );
    assert_eq!(send(&over_udp, &told), Outcome::Delivered);
    check(line(), "imudp");
}

#[test]
fn an_https_endpoint_is_believed_only_with_a_certificate_of_its_own() {
    let Some(environment) = peers() else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    certificates(folder.path());
    let start = |name: &str| {
        let mut server = Peer::start(
            Command::new(environment.join("bin/python"))
                .arg(support::root("tests/peers/https_server.py"))
                .args([format!("{name}.pem"), format!("{name}.key")])
                .current_dir(folder.path())
                .stdout(Stdio::piped())
                .stderr(Stdio::null()),
        );
        let mut lines = server.stdout();
        let port = next_line(&mut lines);
        (server, lines, port)
    };
    let (_good, mut requests, port) = start("good");
    let (_other, _, other) = start("other");
    fs::write(
        folder.path().join("secret"),
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    )
    .expect("written");
    own(&folder.path().join("secret"));
    let to = |port: &str, more: &str| {
        let toml = format!(
            "type = \"webhook\"\nurl = \"https://127.0.0.1:{port}/s3cr3t\"\nsecret_file = \"secret\"\ndeadline = \"5s\"\n{more}"
        );
        sink(&toml, folder.path())
    };
    let told = [alert("poor-audio", "event", "call-1")];
    assert_eq!(
        send(&to(&port, "ca_file = \"ca.pem\""), &told),
        Outcome::Delivered
    );
    let request: Value = serde_json::from_str(&next_line(&mut requests)).expect("JSON");
    assert_eq!(request["path"], "/s3cr3t");
    assert_eq!(request["body"], **told[0].json());
    for (port, more) in [(&port, ""), (&other, "ca_file = \"ca.pem\"")] {
        let outcome = send(&to(port, more), &told);
        assert!(
            matches!(&outcome, Outcome::Retry { why, .. } if !why.contains("s3cr3t")),
            "{outcome:?}"
        );
    }
}

#[cfg(unix)]
fn own(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("set");
}

#[cfg(not(unix))]
fn own(_: &Path) {}
