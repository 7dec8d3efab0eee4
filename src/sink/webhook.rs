//! An HTTP endpoint of anybody's: JSON, signed if it has a secret.
//!
//! The signature is that of Standard Webhooks: HMAC-SHA256 over id, timestamp
//! and body. The alert's own JSON is the body unless there is a template, whose
//! values are written as JSON, so a record cannot break out of its string.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use sha2::Sha256;

use super::http::Client;
use super::secret::Secret;
use super::{Outcome, Parcel, Sink, Told, sample};
use crate::config::table::Table;

/// A webhook.
pub(super) struct Webhook {
    client: Client,
    headers: Vec<(String, String)>,
    token: Option<Secret>,
    key: Option<Vec<u8>>,
    template: Option<Environment<'static>>,
    threads: usize,
}

/// Headers that the sink itself sends.
const OWN: [&str; 9] = [
    "content-length",
    "host",
    "connection",
    "transfer-encoding",
    "authorization",
    "idempotency-key",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
];

const BODY: &str = "body.json";

impl Webhook {
    pub(super) fn read(table: &Table<'_, '_>) -> Option<Webhook> {
        let client = Client::read(table, "https://example.com/alerts");
        let token = table.secret(["token", "token_file", "token_env"], false);
        let secret = table.secret(["secret", "secret_file", "secret_env"], false);
        let threads = table.count("threads", 1, 16).unwrap_or(2) as usize;
        let mut headers = Vec::new();
        for (name, value) in table.map("headers").unwrap_or_default() {
            let valid = ureq::http::HeaderName::try_from(&name).is_ok()
                && ureq::http::HeaderValue::try_from(&value).is_ok();
            if !valid {
                table.fault(
                    "headers",
                    format!("`{name}` is no header that can be sent"),
                    None,
                );
            } else if OWN.contains(&name.to_ascii_lowercase().as_str()) {
                let help = (name.eq_ignore_ascii_case("authorization"))
                    .then(|| "give the token with `token_file` or `token_env`".to_owned());
                table.fault(
                    "headers",
                    format!("`{name}` is set by qualwatch itself"),
                    help,
                );
            } else {
                headers.push((name, value));
            }
        }
        let template = table.text("template").map(|text| compile(&text));
        let template = match template {
            Some(Err(why)) => {
                table.fault(
                    "template",
                    format!("the template does not work: {why}"),
                    None,
                );
                return None;
            }
            Some(Ok(template)) => Some(template),
            None => None,
        };
        Some(Webhook {
            client: client?,
            headers,
            token,
            key: secret.map(|secret| key_of(&secret)),
            template,
            threads,
        })
    }

    fn body(&self, told: &Told) -> Result<String, String> {
        match &self.template {
            None => Ok(told.json().to_string()),
            Some(template) => render(template, told),
        }
    }
}

impl Sink for Webhook {
    fn send(&self, parcel: &Parcel<'_>) -> Outcome {
        let Some(told) = parcel.alerts.first() else {
            return Outcome::Delivered;
        };
        let body = match self.body(told) {
            Ok(body) => body,
            Err(why) => {
                return Outcome::refused(format!(
                    "the template does not work for this alert: {why}"
                ));
            }
        };
        let mut headers = self.headers.clone();
        headers.push(("content-type".into(), "application/json".into()));
        headers.push(("idempotency-key".into(), parcel.key.to_owned()));
        headers.push(("webhook-id".into(), parcel.key.to_owned()));
        let timestamp = parcel.now.as_second().to_string();
        if let Some(key) = &self.key {
            let signature = sign(key, parcel.key, &timestamp, body.as_bytes());
            headers.push(("webhook-signature".into(), signature));
        }
        headers.push(("webhook-timestamp".into(), timestamp));
        if let Some(token) = &self.token {
            headers.push(("authorization".into(), format!("Bearer {}", token.reveal())));
        }
        match self.client.post(&headers, body.as_bytes(), parcel.now) {
            Ok(reply) => self.client.classify(&reply),
            Err(outcome) => outcome,
        }
    }

    fn threads(&self) -> usize {
        self.threads
    }

    fn shown(&self) -> String {
        self.client.shown()
    }
}

/// A secret as Standard Webhooks writes it, `whsec_` and base64, or as it is.
fn key_of(secret: &Secret) -> Vec<u8> {
    secret
        .reveal()
        .strip_prefix("whsec_")
        .and_then(|encoded| STANDARD.decode(encoded).ok())
        .unwrap_or_else(|| secret.reveal().as_bytes().to_vec())
}

/// `v1,` and the base64 of the HMAC over `id.timestamp.body`.
fn sign(key: &[u8], id: &str, timestamp: &str, body: &[u8]) -> String {
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return String::new();
    };
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

/// Compiles a template, and tries it on an alert: what it makes must be JSON.
fn compile(text: &str) -> Result<Environment<'static>, String> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Json);
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    environment.set_fuel(Some(1_000_000));
    environment
        .add_template_owned(BODY, text.to_owned())
        .map_err(|error| one_line(&error))?;
    let sample = Told::read(sample::alert_json()).map_err(|error| error.to_string())?;
    render(&environment, &sample)?;
    Ok(environment)
}

fn render(environment: &Environment<'static>, told: &Told) -> Result<String, String> {
    let template = environment
        .get_template(BODY)
        .map_err(|error| one_line(&error))?;
    let text = template
        .render(minijinja::context! {
            alert => minijinja::Value::from(minijinja::value::Serde(told.value())),
            event => told.event(),
        })
        .map_err(|error| one_line(&error))?;
    serde_json::from_str::<serde::de::IgnoredAny>(&text)
        .map_err(|error| format!("what it makes is no JSON: {error}"))?;
    Ok(crate::text::safe_json(&text).into_owned())
}

fn one_line(error: &minijinja::Error) -> String {
    let line = error
        .line()
        .map(|line| format!(", in its line {line}"))
        .unwrap_or_default();
    format!(
        "{}{line}",
        error
            .detail()
            .map_or_else(|| error.kind().to_string(), str::to_owned)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_standard_webhooks() {
        // The example of the specification's reference libraries.
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let body = br#"{"test": 2432232314}"#;
        let signature = sign(
            &key_of(&secret),
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "1614265330",
            body,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_template_writes_values_as_json_and_is_tried_when_it_is_read() {
        let made =
            compile(r#"{"text": {{ "call " ~ alert.call.id }}, "n": {{ alert.affected.fired }}}"#);
        let environment = made.expect("a template");
        let hostile = sample::alert_json().replace(
            "00000000-0000-4000-8000-000000000000",
            r#"a\", \"n\": 0, \"x\": \""#,
        );
        let told = Told::read(hostile).expect("an alert");
        let text = render(&environment, &told).expect("rendered");
        let read: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(read["n"], 1);
        assert_eq!(read["text"], r#"call a", "n": 0, "x": ""#);
        for (wrong, said) in [
            ("{{ alert.", "line 1"),
            ("{\"a\": {{ alert.rule }}", "no JSON"),
            ("{% for x in range(100000000) %}{{ x }}{% endfor %}", ""),
        ] {
            let error = compile(wrong).expect_err(wrong);
            assert!(error.contains(said), "{error}");
        }
    }
}
