//! Sinks against receivers on loopback: what is sent, and what each answer means.
//!
//! The receiver is the test's own; real ones are in `tests/peers.rs`. Nothing
//! sleeps: a test waits for what comes.

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use base64::Engine as _;
use hmac::Mac as _;
use qualwatch::sink::{Config, Outcome, Parcel, Sink, Told};
use serde_json::Value;
use support::receiver::{Answer, Receiver, reply};
use support::smtp::MailServer;

const EXAMPLE: &str = "examples/records/microsoft-example-2-expanded.json";

/// Two alerts of one call, as the program writes them.
fn alerts() -> Vec<Told> {
    let output = program()
        .args(["--once", "--format", "json", EXAMPLE])
        .output()
        .expect("runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let alerts: Vec<Told> = text
        .lines()
        .map(|line| Told::read(line).expect("an alert"))
        .collect();
    assert_eq!(alerts.len(), 2);
    alerts
}

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_qualwatch"));
    command.current_dir(support::root(""));
    command
}

fn sink(toml: &str) -> Arc<dyn Sink> {
    let text = format!("[[sink]]\nname = \"s\"\n{toml}");
    let config = Config::read("test.toml", &text, Path::new(".")).unwrap_or_else(|e| panic!("{e}"));
    config.sinks[0].sink.clone().expect("a sink")
}

fn send(sink: &Arc<dyn Sink>, alerts: &[Told]) -> Outcome {
    sink.send(&Parcel {
        key: alerts[0].event(),
        alerts,
        now: "2026-01-13T09:00:00Z".parse().expect("a time"),
    })
}

fn kind(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Delivered => "delivered",
        Outcome::Retry { .. } => "retry",
        Outcome::Refused { .. } => "refused",
        Outcome::Ambiguous { .. } => "ambiguous",
    }
}

#[test]
fn every_answer_means_what_it_means_for_its_receiver() {
    let told = alerts();
    let failed =
        "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error";
    let cases: Vec<(&str, Answer, &str, &str)> = vec![
        ("webhook", reply(200, ""), "delivered", ""),
        ("webhook", reply(204, ""), "delivered", ""),
        ("webhook", reply(202, "whatever"), "delivered", ""),
        ("webhook", reply(500, "boom"), "retry", "boom"),
        ("webhook", reply(503, ""), "retry", "503"),
        ("webhook", reply(408, ""), "retry", ""),
        ("webhook", reply(425, ""), "retry", ""),
        (
            "webhook",
            Answer::Reply(429, "retry-after: 1.5\r\n", String::new()),
            "retry",
            "",
        ),
        ("webhook", reply(400, "bad"), "refused", "bad"),
        ("webhook", reply(401, ""), "refused", "401"),
        ("webhook", reply(404, ""), "refused", ""),
        ("webhook", reply(410, ""), "refused", ""),
        (
            "webhook",
            Answer::Reply(302, "location: http://169.254.169.254/\r\n", String::new()),
            "refused",
            "never followed",
        ),
        (
            "webhook",
            Answer::Reply(307, "location: /other\r\n", String::new()),
            "refused",
            "never followed",
        ),
        ("webhook", Answer::HangUp, "ambiguous", ""),
        ("webhook", Answer::Silence, "ambiguous", "deadline"),
        ("webhook", Answer::Garbage, "ambiguous", ""),
        // The status has said it; what follows is nobody's business.
        ("webhook", Answer::BreakOff, "delivered", ""),
        ("webhook", Answer::Drip, "delivered", ""),
        ("webhook", Answer::Huge(1 << 30), "delivered", ""),
        ("slack", reply(200, "ok"), "delivered", ""),
        ("slack", reply(200, "ok\n"), "delivered", ""),
        ("slack", reply(200, "no_service"), "retry", "not `ok`"),
        ("slack", reply(200, "<html>ok</html>"), "retry", "not `ok`"),
        ("slack", reply(200, ""), "retry", "not `ok`"),
        ("slack", Answer::Huge(1 << 30), "retry", "not `ok`"),
        ("slack", Answer::BreakOff, "ambiguous", "broke off"),
        ("slack", Answer::Drip, "ambiguous", "broke off"),
        (
            "slack",
            reply(403, "action_prohibited"),
            "refused",
            "action_prohibited",
        ),
        (
            "slack",
            Answer::Reply(429, "retry-after: 30\r\n", String::new()),
            "retry",
            "",
        ),
        ("teams", reply(202, ""), "delivered", ""),
        ("teams", reply(200, "1"), "delivered", ""),
        (
            "teams",
            Answer::Reply(200, "", format!("{failed} 429 with ContextId x")),
            "retry",
            "failure",
        ),
        (
            "teams",
            Answer::Reply(200, "", format!("{failed} 413 with ContextId x")),
            "refused",
            "failure",
        ),
        (
            "teams",
            Answer::Reply(200, "", format!("{failed} 503 with ContextId x")),
            "retry",
            "failure",
        ),
        (
            "teams",
            reply(200, "{\"error\": {\"code\": \"x\"}}"),
            "retry",
            "failure",
        ),
        ("teams", Answer::BreakOff, "ambiguous", "broke off"),
        ("alertmanager", reply(200, ""), "delivered", ""),
        (
            "alertmanager",
            reply(400, "bad label"),
            "refused",
            "bad label",
        ),
        ("alertmanager", reply(500, ""), "retry", ""),
    ];
    for (name, answer, wanted, said) in cases {
        let receiver = Receiver::start(vec![answer.clone()], reply(500, "asked twice"));
        let url = receiver.url("/hook/s3cr3t-path");
        let sink = sink(&format!(
            "type = \"{name}\"\nurl = \"{url}\"\ndeadline = \"1s\""
        ));
        let outcome = send(&sink, &told[..1]);
        assert_eq!(kind(&outcome), wanted, "{name} {answer:?}: {outcome:?}");
        assert!(
            outcome.why().contains(said),
            "{name} {answer:?}: {outcome:?}"
        );
        assert!(!outcome.why().contains("s3cr3t"), "{outcome:?}");
        assert_eq!(receiver.requests().len(), 1, "{name} {answer:?}");
        if let Outcome::Retry { after, .. } = &outcome
            && format!("{answer:?}").contains("retry-after: 1.5")
        {
            assert_eq!(after.map(|after| after.as_secs_f64()), Some(1.5));
        }
    }
    // Nobody listens there: the port was somebody's a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    drop(listener);
    let nobody = sink(&format!(
        "type = \"webhook\"\nurl = \"http://{address}/s3cr3t\""
    ));
    let outcome = send(&nobody, &told[..1]);
    assert_eq!(kind(&outcome), "retry", "{outcome:?}");
    let unknown = sink("type = \"webhook\"\nurl = \"http://no-such-host.invalid/s3cr3t\"");
    let outcome = send(&unknown, &told[..1]);
    assert_eq!(kind(&outcome), "retry", "{outcome:?}");
    assert!(!outcome.why().contains("s3cr3t"));
}

#[test]
fn what_a_mail_server_says_at_the_end_of_a_mail_decides() {
    let told = alerts();
    for (answer, wanted) in [
        ("250 taken", "delivered"),
        ("451 4.3.0 later", "retry"),
        ("452 4.2.2 full", "retry"),
        ("550 5.7.1 never", "refused"),
        // It hung up behind the mail, and may have it.
        ("", "ambiguous"),
    ] {
        let server = MailServer::start(vec![answer]);
        let sink = sink(&format!(
            "type = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\nfrom = \"q@example.com\"\nto = \"o@example.com\"",
            server.port
        ));
        let outcome = send(&sink, &told);
        assert_eq!(kind(&outcome), wanted, "{answer}: {outcome:?}");
        // Both alerts of the call are in one mail.
        let mails = server.mails();
        assert_eq!(mails.len(), 1);
        assert!(mails[0].data.contains("poor-audio") && mails[0].data.contains("poor-feedback"));
    }
}

#[test]
fn syslog_over_tcp_counts_octets_and_connects_again_when_the_peer_hung_up() {
    use std::io::Read as _;
    let told = alerts();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    let sink = sink(&format!(
        "type = \"syslog\"\naddress = \"{address}\"\ntransport = \"tcp\""
    ));
    for round in 0..2 {
        assert_eq!(send(&sink, &told[..1]), Outcome::Delivered);
        let (mut stream, _) = listener.accept().expect("it connects");
        let mut count = String::new();
        loop {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("a count");
            if byte[0] == b' ' {
                break;
            }
            count.push(byte[0] as char);
        }
        let mut message = vec![0; count.parse().expect("a number")];
        stream.read_exact(&mut message).expect("a message");
        let message = String::from_utf8(message).expect("UTF-8");
        assert!(
            message.starts_with("<132>1 ") && message.contains("rule=\"poor-audio\""),
            "{round}: {message}"
        );
    }
    drop(listener);
    // The second connection was closed as well, and nobody listens any more.
    let outcome = send(&sink, &told[..1]);
    assert_eq!(kind(&outcome), "retry", "{outcome:?}");
}

#[test]
fn a_webhook_gets_the_alert_signed_with_its_key_and_the_headers_of_its_user() {
    let receiver = Receiver::start(Vec::new(), reply(200, ""));
    let folder = tempfile::tempdir().expect("a folder");
    let secret = folder.path().join("secret");
    fs::write(&secret, "hush-hush\n").expect("written");
    own(&secret);
    let sink = sink(&format!(
        "type = \"webhook\"\nurl = \"{}\"\nsecret_file = \"{}\"\nheaders = {{ X-Team = \"voice\" }}",
        receiver.url("/alerts?a=b"),
        secret.display()
    ));
    let told = alerts();
    assert_eq!(send(&sink, &told[..1]), Outcome::Delivered);
    assert_eq!(send(&sink, &told[..1]), Outcome::Delivered);
    let requests = receiver.requests();
    let request = &requests[0];
    assert_eq!(request.path, "/alerts?a=b");
    assert_eq!(request.body, **told[0].json());
    assert_eq!(request.headers["x-team"], "voice");
    assert_eq!(request.headers["content-type"], "application/json");
    // The same telling has the same key, so the receiver can tell.
    assert_eq!(request.headers["idempotency-key"], told[0].event());
    assert_eq!(requests[1].headers["idempotency-key"], told[0].event());
    assert_ne!(told[0].event(), told[1].event());
    let signed = format!(
        "{}.{}.{}",
        request.headers["webhook-id"], request.headers["webhook-timestamp"], request.body
    );
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(b"hush-hush").expect("a key");
    mac.update(signed.as_bytes());
    let signature = base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes());
    assert_eq!(
        request.headers["webhook-signature"],
        format!("v1,{signature}")
    );
}

#[cfg(unix)]
fn own(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("set");
}

#[cfg(not(unix))]
fn own(_: &Path) {}

fn run(arguments: &[&str]) -> Output {
    program().args(arguments).output().expect("runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[test]
fn the_program_hands_each_alert_to_its_sinks_and_one_message_of_a_call_to_chat() {
    let slack = Receiver::start(
        vec![reply(200, "no_team"), reply(500, "")],
        reply(200, "ok"),
    );
    let teams = Receiver::start(Vec::new(), reply(202, ""));
    let hook = Receiver::start(vec![reply(503, "")], reply(200, ""));
    let manager = Receiver::start(Vec::new(), reply(200, ""));
    let dead = Receiver::start(Vec::new(), reply(404, "gone"));
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("alerts.ndjson");
    let config = folder.path().join("qualwatch.toml");
    let toml = format!(
        r#"
[delivery]
drain = "60s"
[[sink]]
name = "chat"
type = "slack"
url = "{}"
retry_first = "10ms"
[[sink]]
name = "team"
type = "teams"
url = "{}"
[[sink]]
name = "hook"
type = "webhook"
url = "{}"
retry_first = "10ms"
[[sink]]
name = "am"
type = "alertmanager"
url = "{}"
[[sink]]
name = "log"
type = "file"
path = "alerts.ndjson"
[[sink]]
name = "gone"
type = "webhook"
url = "{}"
[[sink]]
name = "off"
type = "webhook"
url = "http://127.0.0.1:9/"
enabled = false
"#,
        slack.url("/services/T0/B0/s3cr3t"),
        teams.url("/workflows/s3cr3t"),
        hook.url("/hook"),
        manager.url(""),
        dead.url("/s3cr3t"),
    );
    fs::write(&config, toml).expect("written");
    let output = run(&[
        "--once",
        "--format",
        "json",
        "--config",
        config.to_str().expect("UTF-8"),
        EXAMPLE,
    ]);
    let (out, messages) = (text(&output.stdout), text(&output.stderr));
    // A dead letter is no success.
    assert_eq!(output.status.code(), Some(3), "{messages}");
    assert_eq!(
        out.lines().count(),
        2,
        "standard output is as without sinks"
    );
    assert!(!messages.contains("s3cr3t"), "{messages}");
    assert!(
        messages.contains("dead letter") && messages.contains("gone"),
        "{messages}"
    );

    // Two failures, then one message with both alerts.
    let requests = slack.requests();
    assert_eq!(requests.len(), 3);
    let body = &requests[2].body;
    assert!(
        body.contains("poor-audio") && body.contains("poor-feedback"),
        "{body}"
    );
    assert!(
        !body.contains("10.150"),
        "addresses stay out of chat: {body}"
    );
    assert_eq!(teams.requests().len(), 1);
    let card = &teams.requests()[0].json()["attachments"][0]["content"];
    assert_eq!(card["type"], "AdaptiveCard");
    let keys: Vec<String> = hook
        .requests()
        .iter()
        .map(|r| r.headers["idempotency-key"].clone())
        .collect();
    assert_eq!(keys.len(), 3);
    let distinct: std::collections::BTreeSet<&String> = keys.iter().collect();
    assert_eq!(distinct.len(), 2, "what is sent again has the same key");
    let posted: Vec<Value> = manager
        .requests()
        .iter()
        .flat_map(|r| r.json().as_array().cloned().expect("a list"))
        .collect();
    assert_eq!(manager.requests()[0].path, "/api/v2/alerts");
    assert_eq!(posted.len(), 2);
    let kept = fs::read_to_string(&file).expect("a file");
    assert_eq!(
        kept.lines().collect::<Vec<_>>(),
        out.lines().collect::<Vec<_>>()
    );

    let summary: Value =
        serde_json::from_str(messages.lines().last().expect("a summary")).expect("JSON");
    let sinks = &summary["delivery"]["sinks"];
    assert_eq!(
        (&sinks["hook"]["delivered"], &sinks["hook"]["retried"]),
        (&2.into(), &1.into())
    );
    assert_eq!(
        (&sinks["chat"]["delivered"], &sinks["chat"]["retried"]),
        (&2.into(), &4.into())
    );
    assert_eq!(
        (&sinks["gone"]["dead"], &sinks["gone"]["deadLetters"]),
        (&2.into(), &2.into())
    );
    assert!(sinks.get("off").is_none());
}

#[test]
fn a_sink_of_type_stdout_decides_what_is_printed() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("c.toml");
    let path = config.to_str().expect("UTF-8");
    fs::write(
        &config,
        "[[sink]]\nname = \"out\"\ntype = \"stdout\"\nenabled = false\n",
    )
    .expect("written");
    let output = run(&["--once", "--format", "json", "--config", path, EXAMPLE]);
    assert_eq!(
        (output.status.code(), text(&output.stdout).as_str()),
        (Some(0), "")
    );
    fs::write(
        &config,
        "[[sink]]\nname = \"out\"\ntype = \"stdout\"\n[[route]]\nrule = \"*feedback\"\nsinks = [\"out\"]\n",
    )
    .expect("written");
    let output = run(&["--once", "--format", "json", "--config", path, EXAMPLE]);
    let out = text(&output.stdout);
    assert!(
        out.lines().count() == 1 && out.contains("poor-feedback"),
        "{out}"
    );
}

#[test]
fn what_cannot_be_delivered_before_the_end_is_told_and_fails_the_run() {
    let down = Receiver::start(Vec::new(), reply(503, ""));
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("c.toml");
    fs::write(
        &config,
        format!("[delivery]\ndrain = \"100ms\"\n[[sink]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{}\"\n", down.url("/")),
    )
    .expect("written");
    let output = run(&[
        "--once",
        "--format",
        "text",
        "--config",
        config.to_str().expect("UTF-8"),
        EXAMPLE,
    ]);
    let messages = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3));
    assert!(
        messages.contains("2 alerts not delivered and lost"),
        "{messages}"
    );
    assert!(messages.contains("kept in memory"), "{messages}");
}

#[test]
fn sinks_are_tried_and_routes_asked_by_hand() {
    let hook = Receiver::start(Vec::new(), reply(200, ""));
    let slack = Receiver::start(Vec::new(), reply(404, "no_service"));
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("c.toml");
    let path = config.to_str().expect("UTF-8");
    fs::write(
        &config,
        format!(
            "[[sink]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{}\"\n[[sink]]\nname = \"chat\"\ntype = \"slack\"\nurl = \"{}\"\n\
             [[route]]\nseverity = \"critical\"\nsinks = [\"chat\"]\n[[route]]\nrule = \"poor-audio\"\nsinks = [\"hook\"]\n",
            hook.url("/"),
            slack.url("/s3cr3t")
        ),
    )
    .expect("written");
    let all = run(&["sinks", "test", "--config", path]);
    assert_eq!(all.status.code(), Some(1));
    let out = text(&all.stdout);
    assert!(
        out.contains("ok      hook") && out.contains("failed  chat") && out.contains("no_service"),
        "{out}"
    );
    assert!(!out.contains("s3cr3t"), "{out}");
    assert!(
        hook.requests()[0].json()["title"]
            .as_str()
            .is_some_and(|title| title.contains("a test"))
    );
    assert_eq!(
        run(&["sinks", "test", "hook", "--config", path])
            .status
            .code(),
        Some(0)
    );
    let wrong = run(&["sinks", "test", "hok", "--config", path]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong.stderr).contains("did you mean `hook`?"));

    let alerts = folder.path().join("alerts.ndjson");
    let written = run(&["--once", "--format", "json", EXAMPLE]);
    fs::write(&alerts, &written.stdout).expect("written");
    let asked = run(&["routes", alerts.to_str().expect("UTF-8"), "--config", path]);
    let out = text(&asked.stdout);
    assert_eq!(
        asked.status.code(),
        Some(1),
        "one alert goes nowhere: {out}"
    );
    assert!(out.contains("  hook  webhook\n"), "{out}");
    assert!(
        out.contains("route of line 9 does not fit: the severity is warning, below critical"),
        "{out}"
    );
    assert!(out.contains("route of line 12 fits"), "{out}");
    assert!(out.contains("goes to no sink"), "{out}");
    let nothing = run(&["routes", EXAMPLE, "--config", path]);
    assert_eq!(nothing.status.code(), Some(2));
}

#[test]
fn every_block_of_the_page_is_a_working_configuration() {
    let folder = tempfile::tempdir().expect("a folder");
    let secrets = folder.path().join("secrets");
    fs::create_dir(&secrets).expect("made");
    for (name, text) in [
        ("url", "https://hooks.example.com/services/a/b"),
        ("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        ("token", "a-token"),
        ("password", "a-password"),
        ("ca.pem", CERTIFICATE),
    ] {
        fs::write(secrets.join(name), text).expect("written");
        own(&secrets.join(name));
    }
    let page = fs::read_to_string(support::root("docs/sinks.md")).expect("readable");
    let mut kinds = std::collections::BTreeSet::new();
    for block in page.split("```toml\n").skip(1) {
        let block = block.split("```").next().unwrap_or_default();
        match Config::read("docs/sinks.md", block, folder.path()) {
            Ok(config) => kinds.extend(config.sinks.iter().map(|sink| sink.kind)),
            Err(error) => panic!("{error}\n{block}"),
        }
    }
    assert_eq!(
        kinds.into_iter().collect::<Vec<_>>(),
        qualwatch::sink::config::KINDS
    );
}

/// A certificate of nobody's, for a file that must hold one.
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\n\
MIIBgjCCASmgAwIBAgIUaou9pzeq6kX9Hwi1szelKMP82fYwCgYIKoZIzj0EAwIw\n\
FjEUMBIGA1UEAwwLZXhhbXBsZS5jb20wIBcNMjYxMTI0MTIxOTEyWhgPMjEyNjEw\n\
MzExMjE5MTJaMBYxFDASBgNVBAMMC2V4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYI\n\
KoZIzj0DAQcDQgAEL5rD1xpAZHHvOrcLquGogGmPw5LjAsnACTHAubwV8IIZf2iM\n\
OEtqj2HRzaq0SrP6lbf1Qc81odzyf+nUXFR5cKNTMFEwHQYDVR0OBBYEFAdPOBN+\n\
ehulFJz9BspTHBJE8LAVMB8GA1UdIwQYMBaAFAdPOBN+ehulFJz9BspTHBJE8LAV\n\
MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDRwAwRAIgDPvhT8FZ7XHGqN/8\n\
d+c42WiI8Q07gNhcDs8IjBcMjHoCIELLBIBvmTe6Ad9W/MBoDaK9CbS+jpazs91k\n\
avBUer65\n\
-----END CERTIFICATE-----\n";
