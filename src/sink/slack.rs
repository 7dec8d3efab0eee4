//! Slack, by an incoming webhook.
//!
//! Text from records stands in `plain_text` alone, with `&`, `<` and `>`
//! escaped, so that no record mentions a channel or makes a link. Slack has
//! taken a message only when it answers `ok`.

use serde_json::{Value, json};

use super::http::Client;
use super::private::Shown;
use super::{Brief, Gather, Outcome, Parcel, Sink, chat};
use crate::config::table::Table;
use crate::planted;

/// A Slack channel.
pub(super) struct Slack {
    client: Client,
    shown: Shown,
}

impl Slack {
    pub(super) fn read(table: &Table<'_, '_>) -> Option<Slack> {
        let shown = chat::shown(table);
        let client = Client::read(table, "https://hooks.slack.com/services/…");
        Some(Slack {
            client: client?,
            shown,
        })
    }
}

impl Sink for Slack {
    fn send(&self, parcel: &Parcel<'_>) -> Outcome {
        let body = message(&chat::briefs(parcel, self.shown)).to_string();
        let headers = [(
            "content-type".to_owned(),
            "application/json; charset=utf-8".to_owned(),
        )];
        let reply = match self.client.post(&headers, body.as_bytes(), parcel.now) {
            Ok(reply) => reply,
            Err(outcome) => return outcome,
        };
        match (self.client.classify(&reply), &reply.body) {
            (Outcome::Delivered, Ok(body)) if body.trim_ascii() == b"ok" => Outcome::Delivered,
            (Outcome::Delivered, Ok(_)) if planted::bug("any-200-is-success") => Outcome::Delivered,
            (Outcome::Delivered, Ok(_)) => Outcome::retry(format!(
                "Slack answered {} but not `ok`{}",
                reply.status,
                self.client.excerpt(&reply)
            )),
            (Outcome::Delivered, Err(why)) => {
                Outcome::ambiguous(format!("Slack's answer broke off: {why}"))
            }
            (other, _) => other,
        }
    }

    fn gather(&self) -> Gather {
        Gather::Call
    }

    fn shown(&self) -> String {
        self.client.shown()
    }
}

/// The message. Slack takes at most 50 blocks, and 3,000 characters in a text.
pub(super) fn message(briefs: &[Brief]) -> Value {
    let mut blocks = Vec::new();
    for brief in briefs.iter().take(8) {
        blocks.push(json!({"type": "header", "text": plain(&brief.headline, 150)}));
        if let Some(paragraph) = &brief.paragraph {
            blocks.push(section(&plain(paragraph, 3000)));
        }
        let fields: Vec<Value> = brief
            .facts
            .iter()
            .take(10)
            .map(|(name, text)| plain(&format!("{name}: {text}"), 2000))
            .collect();
        if !fields.is_empty() {
            blocks.push(json!({"type": "section", "fields": fields}));
        }
        let mut places = brief.places.join("\n");
        if brief.more > 0 {
            places.push_str(&format!("\nand {} more", brief.more));
        }
        if !places.is_empty() {
            let lines: Vec<String> = places.lines().map(|line| chat::cut(line, 600)).collect();
            blocks.push(section(&plain_lines(&lines, 3000)));
        }
        let buttons: Vec<Value> = brief
            .links
            .iter()
            .filter(|(_, url)| url.starts_with("https://") && url.len() <= 3000)
            .take(5)
            .map(|(name, url)| json!({"type": "button", "text": plain(name, 75), "url": url}))
            .collect();
        if !buttons.is_empty() {
            blocks.push(json!({"type": "actions", "elements": buttons}));
        }
        let id = plain(&format!("id {}", brief.id), 100);
        blocks.push(json!({"type": "context", "elements": [id]}));
    }
    if briefs.len() > 8 {
        let text = format!("and {} more alerts of this call", briefs.len() - 8);
        blocks.push(section(&plain(&text, 200)));
    }
    json!({
        // What a notification shows; this one is read as markup.
        "text": escape(&chat::cut(&chat::headline(briefs), 300)),
        "blocks": blocks,
        "unfurl_links": false,
        "unfurl_media": false,
    })
}

fn section(text: &Value) -> Value {
    json!({"type": "section", "text": text})
}

fn plain(text: &str, most: usize) -> Value {
    json!({"type": "plain_text", "text": fit(&chat::cut(text, most), most), "emoji": false})
}

fn plain_lines(lines: &[String], most: usize) -> Value {
    json!({"type": "plain_text", "text": fit(&lines.join("\n"), most), "emoji": false})
}

/// Escaped, and at most so many characters afterwards.
fn fit(text: &str, most: usize) -> String {
    let mut fitted = String::with_capacity(text.len());
    let mut length = 0;
    for character in text.chars() {
        let mut buffer = [0; 4];
        let escaped = escaped(character, &mut buffer);
        let next = length + escaped.chars().count();
        if next >= most {
            fitted.push('…');
            break;
        }
        length = next;
        fitted.push_str(escaped);
    }
    fitted
}

fn escape(text: &str) -> String {
    let mut buffer = [0; 4];
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        out.push_str(escaped(character, &mut buffer));
    }
    out
}

fn escaped(character: char, buffer: &mut [u8; 4]) -> &str {
    match character {
        '&' => "&amp;",
        '<' => "&lt;",
        '>' => "&gt;",
        other => other.encode_utf8(buffer),
    }
}
