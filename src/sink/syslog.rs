//! Syslog, RFC 5424: over UDP, or over TCP with counted octets (RFC 6587).
//!
//! Nobody acknowledges a syslog message: over UDP it is delivered when it is
//! sent, over TCP when the system took it and the peer had not hung up. The
//! alert is structured data for machines and one line for people.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _, UdpSocket};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::private::Shown;
use super::{Outcome, Parcel, Sink, Told, chat};
use crate::config::table::Table;
use crate::text::Safe;

/// A syslog receiver.
pub(super) struct Syslog {
    transport: Transport,
    address: String,
    form: Form,
    deadline: Duration,
    stream: Mutex<Option<TcpStream>>,
}

#[derive(Clone, Copy)]
enum Transport {
    Udp,
    Tcp,
}

/// What every message says alike.
pub(super) struct Form {
    facility: u8,
    host: String,
    app: String,
    enterprise: u64,
    largest: usize,
    shown: Shown,
}

const FACILITIES: [(&str, u8); 12] = [
    ("user", 1),
    ("daemon", 3),
    ("syslog", 5),
    ("local0", 16),
    ("local1", 17),
    ("local2", 18),
    ("local3", 19),
    ("local4", 20),
    ("local5", 21),
    ("local6", 22),
    ("local7", 23),
    ("mail", 2),
];

impl Syslog {
    pub(super) fn read(table: &Table<'_, '_>) -> Option<Syslog> {
        let address = table.needed_text("address", "127.0.0.1:514");
        let words = [("udp", Transport::Udp), ("tcp", Transport::Tcp)];
        let transport = table.word("transport", &words).unwrap_or(Transport::Udp);
        let shown = if table.has("show") {
            chat::shown(table)
        } else {
            Shown::ALL
        };
        let form = Form {
            facility: table.word("facility", &FACILITIES).unwrap_or(16),
            host: header(&table.text("host").unwrap_or_else(host), 255),
            app: header(
                &table.text("app").unwrap_or_else(|| "qualwatch".to_owned()),
                48,
            ),
            // The number that is reserved for examples, until its owner has one.
            enterprise: table
                .count("enterprise", 1, u64::from(u32::MAX))
                .unwrap_or(32_473),
            largest: match transport {
                Transport::Udp => 2048,
                Transport::Tcp => 8192,
            },
            shown,
        };
        let deadline = table.time("deadline").unwrap_or(Duration::from_secs(10));
        let address = address?;
        let has_port = address
            .rsplit_once(':')
            .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        if !has_port {
            let what = format!("`{address}` is no address");
            table.fault("address", what, Some("write it as host:514".to_owned()));
            return None;
        }
        Some(Syslog {
            transport,
            address,
            form,
            deadline,
            stream: Mutex::new(None),
        })
    }

    fn peer(&self) -> std::io::Result<SocketAddr> {
        let mut found = self.address.to_socket_addrs()?;
        found
            .next()
            .ok_or_else(|| std::io::Error::other("no such host"))
    }

    fn udp(&self, message: &[u8]) -> std::io::Result<()> {
        let peer = self.peer()?;
        let any: SocketAddr = if peer.is_ipv4() {
            ([0, 0, 0, 0], 0).into()
        } else {
            ([0u16; 8], 0).into()
        };
        let socket = UdpSocket::bind(any)?;
        socket.connect(peer)?;
        socket.send(message)?;
        Ok(())
    }

    /// Sends over the connection; true in the error if a part may have arrived.
    fn tcp(&self, message: &[u8]) -> Result<(), (std::io::Error, bool)> {
        let mut guard = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        if guard.as_ref().is_some_and(hung_up) {
            *guard = None;
        }
        if guard.is_none() {
            let open = || {
                let stream = TcpStream::connect_timeout(&self.peer()?, self.deadline)?;
                stream.set_write_timeout(Some(self.deadline))?;
                Ok(stream)
            };
            *guard = Some(open().map_err(|error| (error, false))?);
        }
        let Some(stream) = guard.as_mut() else {
            return Ok(());
        };
        let mut frame = format!("{} ", message.len()).into_bytes();
        frame.extend_from_slice(message);
        stream.write_all(&frame).map_err(|error| {
            // Half a frame would be the beginning of the next one.
            *guard = None;
            (error, true)
        })
    }
}

/// Whether the peer has closed the connection: it never sends anything else.
fn hung_up(stream: &TcpStream) -> bool {
    let mut byte = [0];
    if stream.set_nonblocking(true).is_err() {
        return true;
    }
    let closed = match stream.peek(&mut byte) {
        Ok(0) => true,
        Ok(_) => false,
        Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
    };
    closed || stream.set_nonblocking(false).is_err()
}

impl Sink for Syslog {
    fn send(&self, parcel: &Parcel<'_>) -> Outcome {
        let Some(told) = parcel.alerts.first() else {
            return Outcome::Delivered;
        };
        let message = message(&self.form, told, parcel.key, parcel.now);
        let sent = match self.transport {
            Transport::Udp => self.udp(&message).map_err(|error| (error, false)),
            Transport::Tcp => self.tcp(&message),
        };
        match sent {
            Ok(()) => Outcome::Delivered,
            Err((error, maybe)) => {
                let why = format!("{}: {error}", self.address);
                if maybe {
                    Outcome::ambiguous(why)
                } else {
                    Outcome::retry(why)
                }
            }
        }
    }

    fn shown(&self) -> String {
        self.address.clone()
    }
}

/// One message, without a frame.
pub(super) fn message(form: &Form, told: &Told, key: &str, now: Timestamp) -> Vec<u8> {
    let severity = match told.severity() {
        "critical" => 2,
        "warning" => 4,
        _ => 6,
    };
    let raised = told
        .text("/raisedAt")
        .and_then(|text| text.parse::<Timestamp>().ok())
        .unwrap_or(now);
    let mut text = format!(
        "<{}>1 {} {} {} {} {} ",
        u16::from(form.facility) * 8 + severity,
        raised.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"),
        form.host,
        form.app,
        std::process::id(),
        header(told.rule(), 32),
    );
    text.push_str(&format!("[alert@{}", form.enterprise));
    let parameters = [
        ("event", Some(key)),
        ("id", told.text("/id")),
        ("fingerprint", Some(told.fingerprint())),
        ("state", Some(told.state())),
        ("rule", Some(told.rule())),
        ("severity", Some(told.severity())),
        ("call", told.call()),
        ("callType", told.text("/call/type")),
    ];
    for (name, value) in parameters {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            text.push_str(&format!(
                " {name}=\"{}\"",
                parameter(&form.shown.scrub(value))
            ));
        }
    }
    text.push_str("] \u{feff}");
    let brief = told.brief(form.shown);
    let mut line = Safe(&brief.lines().join("; ")).to_string();
    let room = form.largest.saturating_sub(text.len());
    if line.len() > room {
        line.truncate(line.floor_char_boundary(room.saturating_sub(3)));
        line.push('…');
    }
    text.push_str(&line);
    text.into_bytes()
}

/// Text for a field of the header: printable ASCII, no space, `-` if there is nothing.
fn header(text: &str, most: usize) -> String {
    let field: String = text
        .chars()
        .map(|character| {
            if character.is_ascii_graphic() {
                character
            } else {
                '_'
            }
        })
        .take(most)
        .collect();
    if field.is_empty() {
        "-".to_owned()
    } else {
        field
    }
}

/// The value of a parameter: `"`, `\` and `]` escaped, nothing harmful, not without end.
fn parameter(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    for character in chat::cut(text, 128).chars() {
        // Six such values must leave room for the message in one datagram.
        if value.len() + character.len_utf8() > 160 {
            value.push('…');
            break;
        }
        if matches!(character, '"' | '\\' | ']') {
            value.push('\\');
        }
        value.push(character);
    }
    value
}

fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .or_else(|_| std::env::var("HOSTNAME"))
        .or_else(|_| std::env::var("COMPUTERNAME"))
        .map(|name| name.trim().to_owned())
        .unwrap_or_default()
}
