//! What must come, what came, and what may come twice.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::process::{Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex};

use serde_json::Value;
use xtask::generate::{Mix, Plan};

use super::place::{hook, program};
use super::support::receiver::{Answer, Receiver, Request, reply};

/// Records, and the alerts that they must raise.
pub(crate) struct Records {
    /// a document a line
    pub(crate) text: String,
    /// ids of the alerts that were planted in them
    pub(crate) ids: BTreeSet<String>,
    /// what a chat message says of an alert, and the alert's id
    short: BTreeMap<String, String>,
}

/// Letters of a key that a chat message shows.
const SHORT: usize = 12;

impl Records {
    /// Generated records. That the program's alerts are those that were planted is asked once,
    /// without any fault; from then on alerts are known by their ids.
    pub(crate) fn of(seed: u64, documents: u64) -> Arc<Records> {
        type Known = Mutex<HashMap<(u64, u64), Arc<Records>>>;
        static KNOWN: LazyLock<Known> = LazyLock::new(Mutex::default);
        let mut known = KNOWN.lock().expect("held");
        let records = known
            .entry((seed, documents))
            .or_insert_with(|| Arc::new(Records::make(seed, documents)));
        Arc::clone(records)
    }

    fn make(seed: u64, documents: u64) -> Records {
        let plan = Plan {
            seed,
            documents,
            sessions: Some(2),
            mix: Mix::tenth_alerting(),
        };
        let (mut text, mut planted) = (String::new(), BTreeSet::new());
        for document in xtask::generate::documents(&plan) {
            text.push_str(&document.text);
            text.push('\n');
            let call = document.planted.call_id.expect("a call");
            for alert in document.planted.alerts {
                planted.insert((alert.rule.to_owned(), call.clone()));
            }
        }
        assert!(planted.len() > 5, "{} alerts are too few", planted.len());
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("records.ndjson"), &text).expect("written");
        let receiver = Receiver::start(Vec::new(), reply(200, ""));
        let config = hook("hook", &receiver.url("/"));
        std::fs::write(folder.path().join("qualwatch.toml"), config).expect("written");
        let output = Command::new(program())
            .current_dir(folder.path())
            .args(["--once", "--format", "json", "records.ndjson"])
            .stdin(Stdio::null())
            .output()
            .expect("runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let (mut ids, mut found) = (BTreeSet::new(), BTreeSet::new());
        let mut short = BTreeMap::new();
        for request in receiver.requests() {
            let alert = request.json();
            let word = |value: &Value| value.as_str().expect("a text").to_owned();
            found.insert((word(&alert["rule"]), word(&alert["call"]["id"])));
            let key = &request.headers["idempotency-key"];
            short.insert(key[..SHORT].to_owned(), word(&alert["id"]));
            ids.insert(word(&alert["id"]));
        }
        assert_eq!(found, planted, "without any fault");
        Records { text, ids, short }
    }

    /// Everything that a receiver took. A chat message has no key, and names its alerts in its text.
    pub(crate) fn taken(&self, receiver: &Receiver) -> Vec<Taken> {
        let took = |request: Request| {
            let key = request.headers.get("idempotency-key").cloned();
            let chat = key.is_none();
            is_taken(&request.answer, chat).then(|| Taken {
                ids: match chat {
                    true => self.ids_in(&request.json()),
                    false => vec![request.json()["id"].as_str().expect("an id").to_owned()],
                },
                key,
                ambiguous: is_ambiguous(&request.answer, chat),
            })
        };
        receiver.requests().into_iter().filter_map(took).collect()
    }

    /// Alerts whose JSON is in bytes that were sent.
    pub(crate) fn named_in(&self, bytes: &[u8]) -> Vec<Taken> {
        let text = String::from_utf8_lossy(bytes);
        let sent = |id: &&String| text.contains(&format!("\"id\":\"{id}\""));
        let taken = |id: &String| Taken {
            key: None,
            ids: vec![id.clone()],
            ambiguous: false,
        };
        self.ids.iter().filter(sent).map(taken).collect()
    }

    /// Alerts that the texts `id …` of a message name.
    fn ids_in(&self, message: &Value) -> Vec<String> {
        match message {
            Value::String(text) => {
                let short = text.strip_prefix("id ").into_iter();
                short
                    .map(|short| self.short.get(short).cloned().unwrap_or(short.to_owned()))
                    .collect()
            }
            Value::Array(parts) => parts.iter().flat_map(|part| self.ids_in(part)).collect(),
            Value::Object(parts) => parts.values().flat_map(|part| self.ids_in(part)).collect(),
            _ => Vec::new(),
        }
    }

    /// Holds what was taken against what must be: nothing lost, nothing invented, one key for each
    /// alert, and of each no more copies than there were kills and ambiguous answers for it. How many
    /// copies there were.
    pub(crate) fn conserved(&self, taken: &[Taken], kills: usize) -> Result<usize, String> {
        conserved(&self.ids, taken, kills)
    }
}

/// What a receiver took, as it has it.
pub(crate) struct Taken {
    /// the key it came with, if this kind of sink has one
    key: Option<String>,
    ids: Vec<String>,
    /// the answer did not tell the sender whether it was taken
    ambiguous: bool,
}

/// Whether a receiver that gives this answer has taken what came. One that says nothing may have.
fn is_taken(answer: &Answer, chat: bool) -> bool {
    match answer {
        Answer::Reply(status, _, body) if chat => {
            *status == 202 || *status == 200 && ["ok", "1"].contains(&body.trim())
        }
        Answer::Reply(status, ..) => (200..300).contains(status),
        Answer::Reset | Answer::Unread => false,
        Answer::Huge(_) => !chat,
        Answer::BreakOff | Answer::HangUp | Answer::Silence | Answer::Drip | Answer::Garbage => {
            true
        }
    }
}

fn is_ambiguous(answer: &Answer, chat: bool) -> bool {
    match answer {
        Answer::HangUp | Answer::Silence | Answer::Garbage => true,
        Answer::BreakOff | Answer::Drip => chat,
        _ => false,
    }
}

fn conserved(want: &BTreeSet<String>, taken: &[Taken], kills: usize) -> Result<usize, String> {
    let mut times: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut keys: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for one in taken {
        for id in &one.ids {
            let (came, ambiguous) = times.entry(id).or_default();
            *came += 1;
            *ambiguous += usize::from(one.ambiguous);
            keys.entry(id).or_default().extend(one.key.as_deref());
        }
    }
    let lost: Vec<&String> = want
        .iter()
        .filter(|id| !times.contains_key(id.as_str()))
        .collect();
    if !lost.is_empty() {
        return Err(format!("lost {} of {}: {lost:?}", lost.len(), want.len()));
    }
    let invented: Vec<&&str> = times.keys().filter(|id| !want.contains(**id)).collect();
    if !invented.is_empty() {
        return Err(format!("invented {invented:?}"));
    }
    if let Some((id, keys)) = keys.iter().find(|(_, keys)| keys.len() > 1) {
        return Err(format!("{id} came with {} keys: {keys:?}", keys.len()));
    }
    let mut copies = 0;
    for (id, (came, ambiguous)) in &times {
        copies += came - 1;
        if came - 1 > kills + ambiguous {
            return Err(format!(
                "copies: {id} came {came} times, with {kills} kills and {ambiguous} ambiguous answers"
            ));
        }
    }
    let may = kills * super::UNDER_WAY + taken.iter().filter(|one| one.ambiguous).count();
    let keyed = taken.iter().all(|one| one.key.is_some());
    if keyed && copies > may {
        return Err(format!("copies: {copies}, and {may} may be"));
    }
    Ok(copies)
}

/// What happened in trials, by name. A run in which something never happened has shown nothing.
#[derive(Debug, Default)]
pub(crate) struct Seen(BTreeMap<&'static str, usize>);

impl Seen {
    pub(crate) fn add(&mut self, what: &'static str, times: usize) {
        *self.0.entry(what).or_default() += times;
    }

    pub(crate) fn join(&mut self, other: Seen) {
        for (what, times) in other.0 {
            self.add(what, times);
        }
    }

    /// Ends a run: says what was seen, and fails if something of it never was.
    pub(crate) fn must_have(&self, name: &str, all: &[&str]) {
        super::say(&format!("{name}: {:?}", self.0));
        for what in all {
            let times = self.0.get(what).copied().unwrap_or(0);
            assert!(
                times > 0,
                "{name} is void: no {what} was seen: {:?}",
                self.0
            );
        }
    }
}
