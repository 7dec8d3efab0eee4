//! Links that an alert takes along, from templates such as `https://wiki.example/{rule}`.
//!
//! A template is checked when it is added: where it leads is its own word alone, and a placeholder
//! is one of [`PLACEHOLDERS`]. What comes from a record is percent-encoded, so it can end neither
//! a path nor a query. A link with a placeholder that the alert has nothing for is left out.
//!
//! Nothing is fetched here.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Alert, Client, Finding, Site};
use crate::diagnostic::did_you_mean;

/// What stands in a value as it is; all else is percent-encoded (RFC 3986, section 2.3).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The placeholder of a label begins so.
const LABEL: &str = "labels.";

type Value<'a> = Option<Cow<'a, str>>;

/// A placeholder: its name, what it gives, and how to get it from an alert and the finding that is
/// worst in it.
type Placeholder = (
    &'static str,
    &'static str,
    for<'a> fn(&'a Alert, &'a Finding) -> Value<'a>,
);

/// Every placeholder but the labels, with what it gives.
pub const PLACEHOLDERS: &[Placeholder] = &[
    ("call.id", "the call's id", |a, _| text(&a.call.id)),
    ("call.type", "`groupCall`, `peerToPeer`, …", |a, _| {
        text(&a.call.call_type)
    }),
    ("call.version", "the record's version", |a, _| {
        a.call.version.map(|version| version.to_string().into())
    }),
    ("call.start", "when it began, as Graph wrote it", |a, _| {
        text(&a.call.start)
    }),
    ("call.end", "when it ended, as Graph wrote it", |a, _| {
        text(&a.call.end)
    }),
    (
        "call.start.ms",
        "when it began, in milliseconds since 1970",
        |a, _| millis(&a.call.start),
    ),
    (
        "call.end.ms",
        "when it ended, in milliseconds since 1970",
        |a, _| millis(&a.call.end),
    ),
    ("rule", "the rule's name", |a, _| known(&a.rule)),
    ("severity", "`info`, `warning` or `critical`", |a, _| {
        known(a.severity.name())
    }),
    ("on", "the level that the rule is on", |a, _| known(a.on)),
    ("id", "the alert's id", |a, _| known(&a.id)),
    ("fingerprint", "the alert's fingerprint", |a, _| {
        known(&a.fingerprint)
    }),
    ("source.name", "the file, or `<stdin>`", |a, _| {
        known(&a.source.name)
    }),
    ("source.line", "the document's first line there", |a, _| {
        Some(a.source.line.to_string().into())
    }),
    ("session", "the session's id", |_, f| text(&f.what.session)),
    ("segment", "the segment's id", |_, f| text(&f.what.segment)),
    ("media", "`media.label`", |_, f| text(&f.what.media)),
    ("stream", "the stream's id", |_, f| text(&f.what.stream)),
    ("client.end", "`caller` or `callee`", |_, f| {
        client(f).and_then(|c| known(c.end))
    }),
    ("client.name", "who is there", |_, f| {
        client(f).and_then(|c| text(&c.name))
    }),
    ("client.userId", "the user's id", |_, f| {
        client(f).and_then(|c| text(&c.user_id))
    }),
    ("client.platform", "`windows`, `android`, …", |_, f| {
        client(f).and_then(|c| text(&c.platform))
    }),
    ("client.connection", "`wired`, `wifi`, …", |_, f| {
        client(f).and_then(|c| text(&c.connection))
    }),
    ("client.subnet", "the client's subnet", |_, f| {
        client(f).and_then(|c| text(&c.subnet))
    }),
    ("client.device", "the audio device", |_, f| {
        client(f).and_then(|c| text(&c.device))
    }),
    ("client.site.building", "by the sites file", |_, f| {
        site(f).and_then(|s| text(&s.building))
    }),
    ("client.site.networkName", "by the sites file", |_, f| {
        site(f).and_then(|s| text(&s.network_name))
    }),
    ("client.site.city", "by the sites file", |_, f| {
        site(f).and_then(|s| text(&s.city))
    }),
    ("client.site.country", "by the sites file", |_, f| {
        site(f).and_then(|s| text(&s.country))
    }),
    ("client.site.state", "by the sites file", |_, f| {
        site(f).and_then(|s| text(&s.state))
    }),
    ("client.site.region", "by the sites file", |_, f| {
        site(f).and_then(|s| text(&s.region))
    }),
];

fn known(value: &str) -> Value<'_> {
    Some(value.into())
}

fn text(value: &Option<String>) -> Value<'_> {
    value
        .as_deref()
        .filter(|value| !value.is_empty())
        .map(Cow::from)
}

fn millis(time: &Option<String>) -> Value<'_> {
    let time: Timestamp = time.as_deref()?.parse().ok()?;
    Some(time.as_millisecond().to_string().into())
}

fn client(finding: &Finding) -> Option<&Client> {
    finding.client.as_ref()
}

fn site(finding: &Finding) -> Option<&Site> {
    client(finding)?.site.as_ref()
}

/// Templates, by name.
#[derive(Clone, Debug, Default)]
pub struct Links {
    templates: BTreeMap<String, Vec<Part>>,
}

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Field(usize),
    Label(String),
}

/// Why a template is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongTemplate {
    /// the bytes of the template that are meant
    pub span: Range<usize>,
    /// what is wrong
    pub what: String,
    /// what to write instead
    pub help: Option<String>,
}

impl Links {
    /// Adds a link, or replaces that of the same name.
    ///
    /// # Errors
    /// The template is none.
    pub fn add(&mut self, name: &str, template: &str) -> Result<(), WrongTemplate> {
        let parts = parse(template)?;
        self.templates.insert(name.to_owned(), parts);
        Ok(())
    }

    /// Whether there is no link.
    pub fn is_empty(&self) -> bool {
        self.templates.is_empty()
    }

    /// The links of an alert, in which `worst` is the finding that placeholders ask.
    pub(super) fn of(&self, alert: &Alert, worst: &Finding) -> BTreeMap<String, String> {
        let fill = |parts: &[Part]| {
            let mut link = String::new();
            for part in parts {
                let value = match part {
                    Part::Text(text) => {
                        link.push_str(text);
                        continue;
                    }
                    Part::Field(index) => PLACEHOLDERS[*index].2(alert, worst),
                    Part::Label(label) => alert.labels.get(label).map(|value| known(value))?,
                };
                link.extend(utf8_percent_encode(&value?, ENCODED));
            }
            Some(link)
        };
        self.templates
            .iter()
            .filter_map(|(name, parts)| Some((name.clone(), fill(parts)?)))
            .collect()
    }
}

fn wrong(span: Range<usize>, what: impl Into<String>, help: impl Into<String>) -> WrongTemplate {
    WrongTemplate {
        span,
        what: what.into(),
        help: Some(help.into()),
    }
}

fn parse(template: &str) -> Result<Vec<Part>, WrongTemplate> {
    let host = ["https://", "http://"]
        .iter()
        .find_map(|scheme| template.strip_prefix(scheme));
    let Some(host) = host else {
        let help = "for instance \"https://wiki.example.com/{rule}\"";
        let scheme = template.find(':').map_or(template.len(), |at| at + 1);
        return Err(wrong(
            0..scheme,
            "a link begins with https:// or http://",
            help,
        ));
    };
    let host_start = template.len() - host.len();
    let host_end = host_start + host.find(['/', '?', '#']).unwrap_or(host.len());
    if host_end == host_start {
        let help = "for instance \"https://wiki.example.com/{rule}\"";
        return Err(wrong(0..host_start, "a link without a host", help));
    }
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut rest = template.char_indices().peekable();
    while let Some((at, sign)) = rest.next() {
        let doubled = rest.peek().is_some_and(|(_, next)| *next == sign);
        match sign {
            '{' | '}' if doubled => {
                rest.next();
                text.extend(utf8_percent_encode(&sign.to_string(), ENCODED));
            }
            '{' => {
                let inside = &template[at + 1..];
                let Some(length) = inside
                    .find(['{', '}'])
                    .filter(|end| inside.as_bytes()[*end] == b'}')
                else {
                    let help = "close it with `}`, or write `{{` for the sign itself";
                    return Err(wrong(at..at + 1, "a placeholder that does not end", help));
                };
                let span = at..at + length + 2;
                if at < host_end {
                    let help = "put placeholders behind the host, into the path or the query";
                    return Err(wrong(span, "the host cannot come from an alert", help));
                }
                if !text.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut text)));
                }
                parts.push(placeholder(&inside[..length], at + 1)?);
                while rest.next_if(|(next, _)| *next < span.end).is_some() {}
            }
            '}' => {
                let help = "write `}}` for the sign itself";
                return Err(wrong(at..at + 1, "a `}` that closes nothing", help));
            }
            sign if sign.is_ascii_graphic() && !"\"<>\\^`|".contains(sign) => text.push(sign),
            sign => {
                let encoded = utf8_percent_encode(&sign.to_string(), ENCODED).to_string();
                let what = format!("`{}` cannot stand in a link", sign.escape_default());
                let span = at..at + sign.len_utf8();
                return Err(wrong(span, what, format!("write {encoded}")));
            }
        }
    }
    if !text.is_empty() {
        parts.push(Part::Text(text));
    }
    Ok(parts)
}

/// The placeholder of a name that stands at `at`.
fn placeholder(name: &str, at: usize) -> Result<Part, WrongTemplate> {
    if let Some(index) = PLACEHOLDERS.iter().position(|(known, ..)| *known == name) {
        return Ok(Part::Field(index));
    }
    if let Some(label) = name.strip_prefix(LABEL).filter(|label| !label.is_empty()) {
        return Ok(Part::Label(label.to_owned()));
    }
    let names = PLACEHOLDERS.iter().map(|(known, ..)| *known);
    let help = did_you_mean(name, names.clone().chain([LABEL])).unwrap_or_else(|| {
        let names: Vec<&str> = names.chain(["labels.NAME"]).collect();
        format!("there are {}", names.join(", "))
    });
    Err(wrong(
        at..at + name.len(),
        format!("there is no placeholder `{{{name}}}`"),
        help,
    ))
}
