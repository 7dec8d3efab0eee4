//! `--redact`: names, ids and addresses as keyed hashes, by a list of what may stay.
//!
//! A report keeps numbers, times, what the rules' authors wrote, and words that
//! the callRecord schema itself has; every other text becomes the hash of its
//! kind and canonical form under a key that only the site has, so that the same
//! person is the same mark everywhere and cannot be found by trying names.
//! Each member is named here, so a new one does not compile until it is decided.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::Path;

use hmac::{Hmac, Mac as _};
use serde_json::Value as Json;
use sha2::Sha256;

use crate::alert::{
    Alert, CallId, CallRef, Client, Evidence, Finding, OtherEnd, Site, SourceRef, Transition, What,
};
use crate::engine::Report;
use crate::schema::{Api, Notice, Problem};
use crate::sink::secret::Secret;
use crate::sites::OUTSIDE;

/// Labels of media in Teams, and a stream's ways.
const MEDIA: [&str; 8] = [
    "main-audio",
    "main-video",
    "applicationsharing-video",
    "data",
    "panoramic-video",
    "video",
    "uplink",
    "downlink",
];

/// Says what may be said.
pub struct Redactor {
    key: Secret,
    names: BTreeSet<String>,
    words: BTreeSet<String>,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor")
    }
}

impl Redactor {
    /// Takes the key from a file that not everybody may read.
    ///
    /// # Errors
    /// If the file cannot be read, or holds fewer than 16 bytes.
    pub fn from_file(path: &Path) -> Result<Redactor, String> {
        let key = Secret::from_file(path)?;
        if key.reveal().len() < 16 {
            return Err(
                "it holds fewer than 16 bytes; make one with `openssl rand -hex 32`".to_owned(),
            );
        }
        Ok(Redactor::new(key))
    }

    /// Marks under this key.
    pub fn new(key: Secret) -> Redactor {
        let (mut names, mut words) = (BTreeSet::new(), BTreeSet::new());
        for api in [Api::V1, Api::Beta] {
            if let Ok(schema) = serde_json::from_str::<Json>(api.schema()) {
                vocabulary(&schema, &mut names, &mut words);
            }
        }
        words.extend(MEDIA.map(str::to_owned));
        Redactor { key, names, words }
    }

    /// Words of a rule's author, which may stay.
    pub(crate) fn allow<'w>(&mut self, words: impl Iterator<Item = &'w str>) {
        self.words.extend(words.map(str::to_owned));
    }

    /// The mark of a text: its kind and the hash of its canonical form.
    pub fn mark(&self, kind: &str, text: &str) -> String {
        format!("{kind}-{}", self.hash(kind, &canonical(kind, text), 8))
    }

    fn hash(&self, domain: &str, text: &str, bytes: usize) -> String {
        // HMAC takes a key of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.key.reveal().as_bytes()) else {
            return String::new();
        };
        mac.update(b"qualwatch.redact\0");
        mac.update(domain.as_bytes());
        mac.update(b"\0");
        mac.update(text.as_bytes());
        let hash = mac.finalize().into_bytes();
        hash.iter()
            .take(bytes)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// A text that may be a word of Graph's, and stays then.
    fn word(&self, kind: &str, text: &str) -> String {
        if text.is_empty() || self.words.contains(text) {
            text.to_owned()
        } else {
            self.mark(kind, text)
        }
    }

    /// A JSON Pointer; names that the schema does not have are marked.
    fn pointer(&self, pointer: &str) -> String {
        let parts: Vec<String> = pointer
            .split('/')
            .map(|part| {
                let number = part.bytes().all(|byte| byte.is_ascii_digit());
                if number || self.names.contains(part) {
                    part.to_owned()
                } else {
                    self.mark("name", part)
                }
            })
            .collect();
        parts.join("/")
    }

    /// The name of a source: folders are the operator's, the file's own name may hold an id.
    pub fn source(&self, name: &str) -> String {
        if name.starts_with('<') || name == "-" {
            return name.to_owned();
        }
        let (folder, file) = name
            .rsplit_once('/')
            .map_or(("", name), |(folder, file)| (folder, file));
        let gap = if folder.is_empty() && !name.starts_with('/') {
            ""
        } else {
            "/"
        };
        format!("{folder}{gap}{}", self.mark("file", file))
    }

    /// A message about a source, without the names of it.
    pub fn message(&self, source: &str, message: &str) -> String {
        let file = source.rsplit('/').next().unwrap_or(source);
        if file.is_empty() {
            return message.to_owned();
        }
        message
            .replace(source, &self.source(source))
            .replace(file, &self.mark("file", file))
    }

    /// Everything that a report says.
    pub fn report(&self, report: &mut Report) {
        if let Some(id) = &mut report.call_id {
            *id = self.mark("call", id);
        }
        if let Some(fault) = &mut report.fault {
            // A message about broken text may quote it.
            fault.message = format!("{}; the text is not shown, as --redact asks", fault.code);
        }
        for problem in &mut report.problems {
            self.problem(problem);
        }
        for notice in &mut report.notices {
            self.notice(notice);
        }
        let faults = report.rule_faults.iter_mut();
        for (_, fault) in faults.chain(&mut report.window_faults) {
            // A rule may throw what it read.
            "it broke; the message is not shown, as --redact asks".clone_into(&mut fault.message);
        }
        for alert in &mut report.alerts {
            self.alert(alert);
        }
        // Explanations are of readings, one by one; nobody asks for both.
        report.explained = None;
    }

    fn problem(&self, problem: &mut Problem) {
        problem.pointer = self.pointer(&problem.pointer);
        problem.found = self.mark("value", &problem.found);
        problem.hint = None;
        for branch in &mut problem.branches {
            branch.iter_mut().for_each(|problem| self.problem(problem));
        }
    }

    fn notice(&self, notice: &mut Notice) {
        notice.pointer = self.pointer(&notice.pointer);
        notice.found = self.mark("value", &notice.found);
        notice.subject = self.mark("value", &notice.subject);
    }

    /// Everything that an alert says.
    pub fn alert(&self, alert: &mut Alert) {
        let Alert {
            schema: _,
            id,
            fingerprint,
            state: _,
            rule: _,
            severity: _,
            on: _,
            title,
            summary,
            links,
            raised_at: _,
            call,
            source,
            affected: _,
            missing: _,
            findings,
            more: _,
            labels: _,
        } = alert;
        *id = self.hash("alert", id, 16);
        *fingerprint = self.hash("fingerprint", fingerprint, 16);
        self.words_of_rule(title);
        // Made of what the alert says besides, and once more when it says less.
        summary.clear();
        links.clear();
        let CallRef {
            id,
            version: _,
            call_type,
            partial: _,
            sessions_seen: _,
            invalid: _,
            start: _,
            end: _,
        } = call;
        self.each(id, "call");
        self.maybe(call_type);
        let SourceRef { name, line: _ } = source;
        *name = self.source(name);
        for finding in findings {
            let Finding {
                at,
                line: _,
                what,
                client,
                message,
                evidence,
            } = finding;
            *at = self.pointer(at);
            self.what(what);
            if let Some(client) = client {
                self.client(client);
            }
            self.words_of_rule(message);
            for evidence in evidence {
                self.evidence(evidence);
            }
        }
    }

    /// Everything that a transition says.
    pub fn transition(&self, transition: &mut Transition) {
        let Transition {
            schema: _,
            id,
            fingerprint,
            state: _,
            rule: _,
            severity: _,
            on: _,
            title,
            summary,
            raised_at: _,
            at: _,
            clock: _,
            evicted: _,
            call,
            window,
            calls,
            more,
            labels: _,
        } = transition;
        *id = self.hash("alert", id, 16);
        *fingerprint = self.hash("fingerprint", fingerprint, 16);
        self.words_of_rule(title);
        summary.clear();
        let call = call.iter_mut().map(|CallId { id }| id);
        let more = more.iter_mut().flat_map(|more| &mut more.calls);
        for id in call.chain(calls).chain(more) {
            *id = self.mark("call", id);
        }
        if let Some(window) = window {
            let kinds = window.kinds.iter().copied().chain(std::iter::repeat(None));
            for (part, kind) in window.key.iter_mut().zip(kinds) {
                *part = match kind {
                    Some("place") if part == OUTSIDE => continue,
                    Some(kind) => self.mark(kind, part),
                    None => self.word("value", part),
                };
            }
        }
    }

    fn what(&self, what: &mut What) {
        let What {
            session,
            segment,
            media,
            stream,
            direction,
            path: _,
            rating,
            tokens,
            stage,
            reason,
        } = what;
        for id in [session, segment, stream] {
            self.each(id, "id");
        }
        for word in [media, direction, rating, stage, reason] {
            self.maybe(word);
        }
        for token in tokens {
            *token = self.word("value", token);
        }
    }

    fn client(&self, client: &mut Client) {
        let Client {
            end: _,
            name,
            user_id,
            platform,
            connection,
            subnet,
            device,
            site,
        } = client;
        self.each(name, "name");
        self.each(user_id, "id");
        self.maybe(platform);
        self.maybe(connection);
        self.each(subnet, "address");
        self.each(device, "device");
        if let Some(site) = site {
            self.site(site);
        }
    }

    fn site(&self, site: &mut Site) {
        let Site {
            cidr,
            network_name,
            building,
            city,
            country,
            state,
            region,
            inside_corp: _,
            vpn: _,
        } = site;
        self.each(cidr, "address");
        for place in [network_name, building, city, country, state, region] {
            if place.as_deref() != Some(OUTSIDE) {
                self.each(place, "place");
            }
        }
    }

    fn evidence(&self, evidence: &mut Evidence) {
        let Evidence {
            pointer,
            line: _,
            column: _,
            field: _,
            value,
            reading,
            op: _,
            limit,
            limit_name: _,
            unit: _,
            other,
        } = evidence;
        if let Some(pointer) = pointer {
            *pointer = self.pointer(pointer);
        }
        self.value(value);
        self.value(limit);
        if let Some(reading) = reading {
            self.value(reading);
        }
        if let Some(OtherEnd {
            of: _,
            count: _,
            value,
        }) = other
        {
            self.value(value);
        }
    }

    fn value(&self, value: &mut Json) {
        match value {
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
            Json::String(text) => *text = self.word("value", text),
            Json::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
            Json::Object(_) => *value = Json::Null,
        }
    }

    fn each(&self, text: &mut Option<String>, kind: &str) {
        if let Some(text) = text {
            *text = self.mark(kind, text);
        }
    }

    fn maybe(&self, text: &mut Option<String>) {
        if let Some(text) = text {
            *text = self.word("value", text);
        }
    }

    fn words_of_rule(&self, text: &mut Option<String>) {
        if let Some(text) = text {
            *text = self.word("text", text);
        }
    }
}

/// One form for what is the same: an address however it is written, a name in any case.
fn canonical(kind: &str, text: &str) -> String {
    let text = text.trim();
    if kind == "address" {
        let (address, bits) = text.split_once('/').unwrap_or((text, ""));
        if let Ok(address) = address.parse::<IpAddr>() {
            return format!("{}/{bits}", address.to_canonical());
        }
        let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
        if digits.len() == 12
            && text
                .chars()
                .all(|c| c.is_ascii_hexdigit() || ":-.".contains(c))
        {
            return digits.to_ascii_lowercase();
        }
    }
    text.to_lowercase()
}

/// The names of properties that a schema has, and the members of its enums.
fn vocabulary(schema: &Json, names: &mut BTreeSet<String>, words: &mut BTreeSet<String>) {
    match schema {
        Json::Array(items) => items.iter().for_each(|item| vocabulary(item, names, words)),
        Json::Object(members) => {
            for (key, value) in members {
                match (key.as_str(), value) {
                    ("properties", Json::Object(properties)) => {
                        names.extend(properties.keys().cloned())
                    }
                    ("enum" | "x-enum", Json::Array(items)) => {
                        words.extend(items.iter().filter_map(Json::as_str).map(str::to_owned));
                    }
                    _ => {}
                }
                vocabulary(value, names, words);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor(key: &str) -> Redactor {
        Redactor::new(Secret::new(key))
    }

    #[test]
    fn the_same_is_the_same_mark_however_it_is_written_and_only_under_one_key() {
        let one = redactor("0123456789abcdef");
        for (kind, a, b) in [
            ("address", "10.0.0.7", "::ffff:10.0.0.7"),
            ("address", "2001:db8::1", "2001:DB8:0:0:0:0:0:1"),
            ("address", "00-1B-44-11-3A-B7", "001b.4411.3ab7"),
            ("name", "Adele@Contoso.com", " adele@contoso.com"),
        ] {
            assert_eq!(one.mark(kind, a), one.mark(kind, b));
        }
        assert_ne!(
            one.mark("name", "adele"),
            one.mark("device", "adele"),
            "kinds are apart"
        );
        assert_ne!(
            one.mark("name", "adele"),
            redactor("another key, longer").mark("name", "adele")
        );
        assert_eq!(format!("{one:?}"), "Redactor");
    }

    #[test]
    fn words_of_the_schema_stay_and_all_others_go() {
        let one = redactor("0123456789abcdef");
        for word in ["callerToCallee", "wifi", "poor", "main-audio"] {
            assert_eq!(one.word("value", word), word);
        }
        assert!(one.word("value", "CANARY").starts_with("value-"));
        assert_eq!(
            one.pointer("/sessions/0/segments/12"),
            "/sessions/0/segments/12"
        );
        assert!(!one.pointer("/sessions/0/CANARY/x").contains("CANARY"));
        assert_eq!(one.source("<stdin>"), "<stdin>");
        let named = one.source("dir/call-CANARY.json");
        assert!(named.starts_with("dir/file-") && !named.contains("CANARY"));
        let said = one.message(
            "dir/CANARY.json",
            "dir/CANARY.json: permission denied (CANARY.json)",
        );
        assert!(!said.contains("CANARY"));
    }
}
