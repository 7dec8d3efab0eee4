//! One POST, and an honest answer about what came of it.
//!
//! Addresses are the configuration's; a redirect is never followed, a proxy
//! never taken from the environment, a reply never read beyond [`REPLY`]
//! bytes. What is said of a failure holds no address but its host.

use std::io::Read as _;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Error, Timeout};

use super::Outcome;
use super::secret::{Secret, host_of};
use crate::config::table::Table;

/// Most bytes that are read of a reply.
pub(super) const REPLY: u64 = 64 << 10;

/// Longest wait that a receiver may ask for.
const LONGEST_WAIT: f64 = 3600.0;

/// The certificates of this machine; read once, and only if something is sent over TLS.
static ROOTS: LazyLock<Vec<CertificateDer<'static>>> =
    LazyLock::new(|| rustls_native_certs::load_native_certs().certs);

/// One receiver.
pub(super) struct Client {
    agent: Agent,
    url: Secret,
    host: String,
}

/// What a receiver answered.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) retry_after: Option<Duration>,
    /// the beginning of the body, or why it could not be read to its end
    pub(super) body: Result<Vec<u8>, String>,
}

impl Client {
    /// Reads `url`, `ca_file` and `deadline` from a sink's table.
    pub(super) fn read(table: &Table<'_, '_>, example: &str) -> Option<Client> {
        let deadline = table.time("deadline").unwrap_or(Duration::from_secs(15));
        let ca = table.path("ca_file");
        if !["url", "url_file", "url_env"]
            .iter()
            .any(|key| table.has(key))
        {
            let _ = table.needed_text("url", example);
            return None;
        }
        let url = table.secret(["url", "url_file", "url_env"], true)?;
        if let Err(why) = check_url(url.reveal()) {
            let key = ["url", "url_file", "url_env"]
                .into_iter()
                .find(|key| table.has(key));
            table.fault(key.unwrap_or("url"), format!("the address {why}"), None);
            return None;
        }
        match Client::new(url, ca.as_deref(), deadline) {
            Ok(client) => Some(client),
            Err(why) => {
                table.fault("ca_file", why, None);
                None
            }
        }
    }

    fn new(url: Secret, ca: Option<&Path>, deadline: Duration) -> Result<Client, String> {
        let own = ca.map(read_certificates).transpose()?;
        let secure = url.reveal().to_ascii_lowercase().starts_with("https:");
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .user_agent(concat!("qualwatch/", env!("CARGO_PKG_VERSION")))
            .timeout_global(Some(deadline))
            .timeout_connect(Some(deadline.min(Duration::from_secs(5))))
            .max_response_header_size(REPLY as usize)
            .max_idle_age(Duration::from_secs(10));
        if secure {
            let roots = own.as_ref().unwrap_or(&ROOTS);
            let roots: Vec<Certificate<'static>> = roots
                .iter()
                .map(|certificate| Certificate::from_der(certificate).to_owned())
                .collect();
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            config = config.tls_config(
                TlsConfig::builder()
                    .root_certs(RootCerts::new_with_certs(&roots))
                    .unversioned_rustls_crypto_provider(provider)
                    .build(),
            );
        }
        let host = host_of(url.reveal());
        Ok(Client {
            agent: config.build().new_agent(),
            url,
            host,
        })
    }

    /// The same receiver, at a path behind the address.
    pub(super) fn at(mut self, path: &str) -> Client {
        let base = self.url.reveal().trim_end_matches('/').to_owned();
        if !base.ends_with(path) {
            self.url = Secret::new(format!("{base}{path}"));
        }
        self
    }

    /// Where it leads, for people.
    pub(super) fn shown(&self) -> String {
        self.host.clone()
    }

    /// Sends a body; anything but an answer is an outcome.
    pub(super) fn post(
        &self,
        headers: &[(String, String)],
        body: &[u8],
        now: Timestamp,
    ) -> Result<Reply, Outcome> {
        let mut request = self.agent.post(self.url.reveal());
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let mut response = request.send(body).map_err(|error| self.failed(&error))?;
        let retry_after = response
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok())
            .and_then(|value| retry_after(value, now));
        let mut read = Vec::new();
        let body = response
            .body_mut()
            .as_reader()
            .take(REPLY)
            .read_to_end(&mut read)
            .map(|_| read)
            .map_err(|error| self.url.hide(&error.to_string()));
        Ok(Reply {
            status: response.status().as_u16(),
            retry_after,
            body,
        })
    }

    fn failed(&self, error: &Error) -> Outcome {
        let host = &self.host;
        match error {
            Error::HostNotFound => Outcome::retry(format!("{host}: no such host")),
            Error::Timeout(Timeout::Resolve | Timeout::Connect) | Error::ConnectionFailed => {
                Outcome::retry(format!("{host}: no connection within the deadline"))
            }
            Error::Timeout(_) => {
                Outcome::ambiguous(format!("{host}: no answer within the deadline"))
            }
            Error::Io(error) => {
                use std::io::ErrorKind::{
                    AddrNotAvailable, ConnectionRefused, HostUnreachable, NetworkDown,
                    NetworkUnreachable,
                };
                let never_sent = matches!(
                    error.kind(),
                    ConnectionRefused
                        | HostUnreachable
                        | NetworkUnreachable
                        | NetworkDown
                        | AddrNotAvailable
                ) || is_out_of_descriptors(error);
                // A handshake that fails comes as an error of the socket.
                let unknown_host = error.to_string().starts_with("failed to lookup address");
                let handshake = error
                    .get_ref()
                    .is_some_and(|inner| inner.is::<rustls::Error>());
                let why = format!("{host}: {}", self.url.hide(&error.to_string()));
                if never_sent || handshake || unknown_host {
                    Outcome::retry(why)
                } else {
                    Outcome::ambiguous(why)
                }
            }
            Error::Tls(why) => Outcome::retry(format!("{host}: TLS: {why}")),
            Error::Rustls(error) => Outcome::retry(format!("{host}: TLS: {error}")),
            Error::BadUri(_) | Error::Http(_) => {
                Outcome::refused(format!("{host}: the address or a header cannot be sent"))
            }
            other => Outcome::ambiguous(format!("{host}: {}", self.url.hide(&other.to_string()))),
        }
    }

    /// What a status means, before anything is known of the body.
    pub(super) fn classify(&self, reply: &Reply) -> Outcome {
        let (host, status) = (&self.host, reply.status);
        match status {
            200..=299 => Outcome::Delivered,
            408 | 425 | 429 | 500..=599 => Outcome::Retry {
                why: format!("{host} answered {status}{}", self.excerpt(reply)),
                after: reply.retry_after,
            },
            300..=399 => Outcome::refused(format!(
                "{host} answered {status}, a redirect, which is never followed; put the final address into the configuration"
            )),
            _ => Outcome::refused(format!("{host} answered {status}{}", self.excerpt(reply))),
        }
    }

    /// The beginning of the body, fit for one line, without anything of the address.
    pub(super) fn excerpt(&self, reply: &Reply) -> String {
        let Ok(body) = &reply.body else {
            return String::new();
        };
        let text = String::from_utf8_lossy(&body[..body.len().min(1024)]);
        let words: Vec<&str> = text.split_whitespace().collect();
        let text: String = self.url.hide(&words.join(" ")).chars().take(160).collect();
        if text.is_empty() {
            return String::new();
        }
        format!(": {}", crate::text::Safe(&text))
    }
}

/// Then there was no socket to send with.
fn is_out_of_descriptors(error: &std::io::Error) -> bool {
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        matches!(
            Errno::from_io_error(error),
            Some(Errno::MFILE | Errno::NFILE)
        )
    }
    #[cfg(not(unix))]
    false
}

fn check_url(url: &str) -> Result<(), &'static str> {
    let scheme = url
        .split_once("://")
        .map(|(scheme, _)| scheme.to_ascii_lowercase());
    if !matches!(scheme.as_deref(), Some("http" | "https")) {
        return Err("does not begin with http:// or https://");
    }
    let uri: ureq::http::Uri = url.parse().map_err(|_| "cannot be read")?;
    if uri.host().is_some_and(|host| !host.is_empty()) {
        Ok(())
    } else {
        Err("has no host")
    }
}

/// The certificates of a PEM file.
pub(super) fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let shown = path.display();
    let pem = std::fs::read(path).map_err(|error| format!("{shown} cannot be read: {error}"))?;
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|error| format!("{shown} is no PEM file: {error:?}"))?;
    if certificates.is_empty() {
        return Err(format!("{shown} holds no certificate"));
    }
    Ok(certificates)
}

/// Reads `Retry-After`: seconds, which may have a fraction, or a date.
pub(super) fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    let seconds = match value.parse::<f64>() {
        Ok(seconds) => seconds,
        Err(_) => {
            let date = httpdate::parse_http_date(value).ok()?;
            let at = Timestamp::try_from(date).ok()?;
            at.duration_since(now).as_secs_f64()
        }
    };
    if seconds.is_nan() {
        return None;
    }
    Duration::try_from_secs_f64(seconds.clamp(0.0, LONGEST_WAIT)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_with_fractions_or_a_date_and_has_an_end() {
        let now: Timestamp = "2026-01-13T09:00:00Z".parse().expect("a time");
        for (written, read) in [
            ("30", Some(30.0)),
            ("0.5", Some(0.5)),
            (" 2.25 ", Some(2.25)),
            ("-4", Some(0.0)),
            ("1e99", Some(LONGEST_WAIT)),
            ("Tue, 13 Jan 2026 09:00:30 GMT", Some(30.0)),
            ("Tue, 13 Jan 2026 08:00:00 GMT", Some(0.0)),
            ("soon", None),
            ("NaN", None),
        ] {
            let wait = retry_after(written, now).map(|wait| wait.as_secs_f64());
            assert_eq!(wait, read, "{written}");
        }
    }

    #[test]
    fn an_address_is_of_http_and_has_a_host() {
        assert!(check_url("https://hooks.example/a").is_ok());
        for wrong in [
            "file:///etc/passwd",
            "hooks.example/a",
            "https://",
            "ftp://a/",
            "a b",
        ] {
            assert!(check_url(wrong).is_err(), "{wrong}");
        }
    }
}
