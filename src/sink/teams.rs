//! Microsoft Teams, by a workflow's webhook: one adaptive card a message.
//!
//! Text from records stands in `TextRun`s, which know no markup. Teams, and the
//! connectors before it, answer 200 to messages that they did not deliver, so
//! the body is read.

use serde_json::{Value, json};

use super::http::Client;
use super::private::Shown;
use super::{Brief, Gather, Outcome, Parcel, Sink, chat};
use crate::config::table::Table;

/// Teams takes no larger message; a card that is larger loses its places first.
const LARGEST: usize = 27_000;

/// A Teams channel.
pub(super) struct Teams {
    client: Client,
    shown: Shown,
}

impl Teams {
    pub(super) fn read(table: &Table<'_, '_>) -> Option<Teams> {
        let shown = chat::shown(table);
        let client = Client::read(table, "https://….logic.azure.com/workflows/…");
        Some(Teams {
            client: client?,
            shown,
        })
    }
}

impl Sink for Teams {
    fn send(&self, parcel: &Parcel<'_>) -> Outcome {
        let body = message(&chat::briefs(parcel, self.shown));
        let headers = [("content-type".to_owned(), "application/json".to_owned())];
        let reply = match self.client.post(&headers, body.as_bytes(), parcel.now) {
            Ok(reply) => reply,
            Err(outcome) => return outcome,
        };
        match (self.client.classify(&reply), &reply.body) {
            (Outcome::Delivered, Ok(body)) => self.judge(body, &reply),
            // A workflow answers 202 before it has run, with nothing that could be lost.
            (Outcome::Delivered, Err(_)) if reply.status == 202 => Outcome::Delivered,
            (Outcome::Delivered, Err(why)) => {
                Outcome::ambiguous(format!("Teams' answer broke off: {why}"))
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

impl Teams {
    fn judge(&self, body: &[u8], reply: &super::http::Reply) -> Outcome {
        let text = String::from_utf8_lossy(body).to_ascii_lowercase();
        let failed = [
            "delivery failed",
            "returned http error",
            "error code",
            "\"error\"",
        ]
        .iter()
        .any(|sign| text.contains(sign));
        if !failed {
            return Outcome::Delivered;
        }
        let why = format!(
            "Teams answered {} for a failure{}",
            reply.status,
            self.client.excerpt(reply)
        );
        // The status that Teams itself was given stands in the text.
        if text.contains("http error 429") || text.contains("too many requests") {
            return Outcome::Retry {
                why,
                after: reply.retry_after,
            };
        }
        let permanent = [
            "http error 400",
            "http error 401",
            "http error 403",
            "http error 404",
            "http error 413",
        ];
        if permanent.iter().any(|status| text.contains(status)) {
            Outcome::refused(why)
        } else {
            Outcome::retry(why)
        }
    }
}

/// The message as JSON, no larger than Teams takes.
pub(super) fn message(briefs: &[Brief]) -> String {
    for (alerts, places, width) in [(8, 8, 500), (8, 3, 300), (4, 1, 200), (1, 0, 200)] {
        let text =
            crate::text::safe_json(&card(briefs, alerts, places, width).to_string()).into_owned();
        if text.len() <= LARGEST {
            return text;
        }
    }
    card(&[], 0, 0, 0).to_string()
}

fn card(briefs: &[Brief], alerts: usize, places: usize, width: usize) -> Value {
    let mut body = Vec::new();
    let mut actions = Vec::new();
    for brief in briefs.iter().take(alerts) {
        body.push(line(&brief.headline, width, "bolder"));
        if let Some(paragraph) = &brief.paragraph {
            body.push(line(paragraph, width * 2, "default"));
        }
        for (name, text) in &brief.facts {
            body.push(line(&format!("{name}: {text}"), width, "default"));
        }
        for place in brief.places.iter().take(places) {
            body.push(line(place, width, "default"));
        }
        let more = brief.more + brief.places.len().saturating_sub(places);
        if more > 0 {
            body.push(line(&format!("and {more} more"), width, "default"));
        }
        body.push(line(&format!("id {}", brief.id), width, "lighter"));
        for (name, url) in brief
            .links
            .iter()
            .filter(|(_, url)| url.starts_with("https://"))
        {
            let action =
                json!({"type": "Action.OpenUrl", "title": chat::cut(name, 60), "url": url});
            if actions.len() < 4 && url.len() < 2000 && !actions.contains(&action) {
                actions.push(action);
            }
        }
    }
    if briefs.len() > alerts {
        let text = format!("and {} more alerts of this call", briefs.len() - alerts);
        body.push(line(&text, 200, "default"));
    }
    let mut content = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": body,
    });
    if !actions.is_empty() {
        content["actions"] = Value::Array(actions);
    }
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": content,
        }],
    })
}

/// One line: a `RichTextBlock` of one `TextRun`.
fn line(text: &str, most: usize, weight: &str) -> Value {
    // `{{DATE(…)}}` is a function wherever a card has text.
    let text = chat::cut(text, most).replace("{{", "{ {");
    let mut run = json!({"type": "TextRun", "text": text, "weight": "default"});
    match weight {
        "bolder" => run["weight"] = "bolder".into(),
        "lighter" => run["isSubtle"] = true.into(),
        _ => {}
    }
    json!({"type": "RichTextBlock", "inlines": [run]})
}
