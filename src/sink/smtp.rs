//! Mail, by SMTP with STARTTLS and AUTH.
//!
//! Sender and recipients come from the configuration alone; a record reaches
//! the subject, encoded, and the plain text, and no other header. The message's
//! id is the telling's key, so a mail server that sees it twice can tell.

use std::path::Path;
use std::time::Duration;

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Message, SmtpTransport, Transport as _};

use super::private::Shown;
use super::{Brief, Gather, Outcome, Parcel, Sink, chat};
use crate::config::table::Table;

/// Recipients by mail.
pub(super) struct Mail {
    transport: SmtpTransport,
    server: String,
    from: Mailbox,
    to: Vec<Mailbox>,
    shown: Shown,
    digest: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Security {
    StartTls,
    Tls,
    None,
}

impl Mail {
    pub(super) fn read(table: &Table<'_, '_>) -> Option<Mail> {
        let shown = chat::shown(table);
        let server = table.needed_text("host", "smtp.example.com");
        let words = [
            ("starttls", Security::StartTls),
            ("tls", Security::Tls),
            ("none", Security::None),
        ];
        let security = table.word("security", &words).unwrap_or(Security::StartTls);
        let standard = match security {
            Security::StartTls => 587,
            Security::Tls => 465,
            Security::None => 25,
        };
        let port = table.count("port", 1, 65_535).unwrap_or(standard);
        let from = table.needed_text("from", "qualwatch@example.com");
        let from = from.and_then(|text| mailbox(table, "from", &text));
        if !table.has("to") {
            table.fault(
                "to",
                "a mail has no `to`",
                Some("add `to = [\"voice@example.com\"]`".to_owned()),
            );
        }
        let to: Vec<Mailbox> = table
            .texts("to")
            .unwrap_or_default()
            .iter()
            .filter_map(|text| mailbox(table, "to", text))
            .collect();
        let user = table.text("user");
        let password = table.secret(["password", "password_file", "password_env"], false);
        let names_one = ["password", "password_file", "password_env"]
            .iter()
            .any(|key| table.has(key));
        if user.is_some() != names_one {
            let help = "give both `user` and `password_file` or `password_env`".to_owned();
            table.fault("user", "user and password go together", Some(help));
        }
        if password.is_some() && security == Security::None {
            let help = "use `security = \"starttls\"`".to_owned();
            table.fault(
                "security",
                "a password is never sent without TLS",
                Some(help),
            );
            return None;
        }
        let deadline = table.time("deadline").unwrap_or(Duration::from_secs(30));
        let ca = table.path("ca_file");
        let digest = table.has("digest");
        let server = server?;
        let tls = match security {
            Security::None => Tls::None,
            Security::StartTls | Security::Tls => {
                let parameters = match tls(&server, ca.as_deref()) {
                    Ok(parameters) => parameters,
                    Err(why) => {
                        table.fault("ca_file", why, None);
                        return None;
                    }
                };
                if security == Security::Tls {
                    Tls::Wrapper(parameters)
                } else {
                    Tls::Required(parameters)
                }
            }
        };
        let from = from?;
        let mut builder = SmtpTransport::builder_dangerous(&server)
            .port(u16::try_from(port).unwrap_or(587))
            .tls(tls)
            .hello_name(ClientId::Domain(domain(&from)))
            .timeout(Some(deadline));
        if let (Some(user), Some(password)) = (user, password) {
            builder = builder.credentials(Credentials::new(user, password.reveal().to_owned()));
        }
        if to.is_empty() {
            return None;
        }
        Some(Mail {
            transport: builder.build(),
            server: format!("smtp://{server}:{port}"),
            from,
            to,
            shown,
            digest,
        })
    }

    fn failed(&self, error: &lettre::transport::smtp::Error) -> Outcome {
        use std::error::Error as _;
        let mut why = format!("{}: {error}", self.server);
        let mut source = error.source();
        let mut never_sent = false;
        while let Some(inner) = source {
            if let Some(io) = inner.downcast_ref::<std::io::Error>() {
                never_sent |= io.kind() == std::io::ErrorKind::ConnectionRefused
                    // A certificate that is not believed comes before everything else.
                    || io.get_ref().is_some_and(|inner| inner.is::<rustls::Error>());
            }
            let text = inner.to_string();
            if !why.contains(&text) {
                why.push_str(": ");
                why.push_str(&text);
            }
            source = inner.source();
        }
        let why = chat::cut(&why, 400);
        if error.is_permanent() {
            Outcome::refused(why)
        } else if error.is_transient() || error.is_tls() || error.is_client() || never_sent {
            Outcome::retry(why)
        } else {
            // The connection broke, or the answer was none: perhaps behind the message.
            Outcome::ambiguous(why)
        }
    }
}

impl Sink for Mail {
    fn send(&self, parcel: &Parcel<'_>) -> Outcome {
        let briefs = chat::briefs(parcel, self.shown);
        let message = match message(&self.from, &self.to, parcel.key, parcel.now, &briefs) {
            Ok(message) => message,
            Err(why) => return Outcome::refused(format!("no mail can be made of it: {why}")),
        };
        match self.transport.send(&message) {
            Ok(_) => Outcome::Delivered,
            Err(error) => self.failed(&error),
        }
    }

    fn gather(&self) -> Gather {
        if self.digest {
            Gather::Any(200)
        } else {
            Gather::Call
        }
    }

    fn shown(&self) -> String {
        self.server.clone()
    }
}

fn mailbox(table: &Table<'_, '_>, key: &'static str, text: &str) -> Option<Mailbox> {
    let mailbox = text.parse();
    if mailbox.is_err() {
        let what = format!("`{}` is no mail address", crate::text::Safe(text));
        table.fault(key, what, Some("write it as name@example.com".to_owned()));
    }
    mailbox.ok()
}

fn tls(server: &str, ca: Option<&Path>) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(server.to_owned());
    if let Some(path) = ca {
        builder = builder.certificate_store(CertificateStore::None);
        for certificate in super::http::read_certificates(path)? {
            let certificate = Certificate::from_der(certificate.to_vec())
                .map_err(|error| format!("{}: {error}", path.display()))?;
            builder = builder.add_root_certificate(certificate);
        }
    }
    builder.build().map_err(|error| error.to_string())
}

fn domain(from: &Mailbox) -> String {
    from.email.domain().to_owned()
}

/// The mail of some alerts.
pub(super) fn message(
    from: &Mailbox,
    to: &[Mailbox],
    key: &str,
    now: jiff::Timestamp,
    briefs: &[Brief],
) -> Result<Message, String> {
    // What looks like an encoded word would be decoded by whoever reads it, line ends and all.
    let headline = chat::headline(briefs).replace("=?", "= ?");
    let subject = chat::cut(&format!("[qualwatch] {headline}"), 200);
    let mut text = String::new();
    for (index, brief) in briefs.iter().enumerate() {
        if index > 0 {
            text.push_str("\n----------------------------------------\n\n");
        }
        for line in brief.lines() {
            text.push_str(&chat::cut(&line, 2000));
            text.push('\n');
        }
    }
    let since = Duration::from_secs(u64::try_from(now.as_second()).unwrap_or_default());
    let date = std::time::UNIX_EPOCH + since;
    let mut builder = Message::builder()
        .from(from.clone())
        .subject(subject)
        .message_id(Some(format!("<{key}@{}>", domain(from))))
        .date(date);
    for mailbox in to {
        builder = builder.to(mailbox.clone());
    }
    let mut message = builder
        .singlepart(SinglePart::plain(text))
        .map_err(|error| error.to_string())?;
    // Nobody's holiday notice is to answer it.
    let name = HeaderName::new_from_ascii_str("Auto-Submitted");
    let value = HeaderValue::new(name, "auto-generated".to_owned());
    message.headers_mut().insert_raw(value);
    Ok(message)
}
