//! One case: its rules and records, and what came of them on a clock of its own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use qualwatch::alert::{Alert, State, Transition};
use qualwatch::clock::Clock;
use qualwatch::over_time::{Counts, Options, Overdue, Range, Told};
use qualwatch::window::Limits;
use qualwatch::{Engine, Input, OverTime};
use serde::Deserialize;
use serde_json::{Value, json};

const DAY: &str = "2026-01-13";

/// What a file holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// the rule file
    pub(crate) rules: String,
    /// a rule file that takes its place before the record of this number, from 1
    #[serde(default)]
    then: Option<(usize, String)>,
    #[serde(default)]
    limits: Given,
    pub(crate) given: Vec<Record>,
    pub(crate) want: Vec<String>,
    /// what stands at the end, in whatever order the records come
    #[serde(default)]
    pub(crate) any_order: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) counts: BTreeMap<String, u64>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    keys: Option<u32>,
    calls: Option<u32>,
    samples: Option<u32>,
    /// seconds
    lateness: Option<u32>,
    /// seconds
    partial: Option<u32>,
    since: Option<String>,
    until: Option<String>,
}

/// A record, a page, or a look at the wall clock.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    /// when the call ended, `09:00` on the day of all cases, or a whole time
    #[serde(default)]
    at: String,
    /// wall time at which it came; the call's end, if it is not said
    wall: Option<String>,
    /// nothing comes but the wall clock's time
    tick: Option<String>,
    #[serde(default)]
    call: String,
    version: Option<i64>,
    /// whether its sessions go on elsewhere
    #[serde(default)]
    more: bool,
    /// whether it is a page of sessions
    #[serde(default)]
    page: bool,
    #[serde(default)]
    streams: Vec<Stream>,
}

/// A session of one person with one stream.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stream {
    session: Option<String>,
    user: Option<String>,
    /// when the session ended, where that is not the call's end
    ended: Option<String>,
    jitter: Option<u32>,
    /// the jitter of a second stream of the same session
    also: Option<u32>,
    subnet: Option<String>,
    device: Option<String>,
    rating: Option<String>,
    failed: Option<String>,
}

struct Hands(Mutex<Timestamp>);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        *self.0.lock().expect("no panic")
    }
}

fn time(text: &str) -> String {
    match text.len() {
        5 => format!("{DAY}T{text}:00Z"),
        8 => format!("{DAY}T{text}Z"),
        _ => text.to_owned(),
    }
}

fn stamp(text: &str) -> Timestamp {
    time(text)
        .parse()
        .unwrap_or_else(|_| panic!("`{text}` is no time"))
}

impl Record {
    pub(crate) fn document(&self) -> String {
        let end = time(&self.at);
        let sessions: Vec<Value> = self
            .streams
            .iter()
            .enumerate()
            .map(|(at, it)| it.session(at, &end))
            .collect();
        let context = "https://graph.microsoft.com/v1.0/$metadata#communications/callRecords";
        if self.page {
            let mut page = json!({
                "@odata.context": format!("{context}('{}')/sessions", self.call),
                "value": sessions,
            });
            if self.more {
                page["@odata.nextLink"] = "https://graph.microsoft.com/v1.0/next".into();
            }
            return page.to_string();
        }
        let mut record = json!({
            "@odata.context": format!("{context}/$entity"),
            "id": self.call, "version": self.version.unwrap_or(1), "type": "groupCall",
            "modalities": ["audio"], "lastModifiedDateTime": end,
            "startDateTime": format!("{DAY}T00:00:00Z"), "endDateTime": end,
            "sessions": sessions,
        });
        if self.more {
            record["sessions@odata.nextLink"] = "https://graph.microsoft.com/v1.0/next".into();
        }
        record.to_string()
    }
}

impl Stream {
    fn session(&self, at: usize, end: &str) -> Value {
        let end = self.ended.as_deref().map_or_else(|| end.to_owned(), time);
        let mut stream = json!({"streamId": "1", "streamDirection": "callerToCallee"});
        if let Some(jitter) = self.jitter {
            stream["averageJitter"] = format!("PT{}S", f64::from(jitter) / 1000.0).into();
        }
        let mut media = json!({"label": "main-audio", "streams": [stream]});
        if let Some(also) = self.also {
            let mut second = stream.clone();
            second["streamId"] = "2".into();
            second["averageJitter"] = format!("PT{}S", f64::from(also) / 1000.0).into();
            media["streams"] = json!([stream, second]);
        }
        if let Some(subnet) = &self.subnet {
            media["callerNetwork"] = json!({"subnet": subnet});
        }
        if let Some(device) = &self.device {
            media["callerDevice"] = json!({"captureDeviceName": device});
        }
        let mut caller = json!({"@odata.type": "#microsoft.graph.callRecords.participantEndpoint"});
        if let Some(user) = &self.user {
            caller["identity"] = json!({"user": {"id": user}});
        }
        if let Some(rating) = &self.rating {
            caller["feedback"] = json!({"rating": rating});
        }
        let callee = json!({"@odata.type": "#microsoft.graph.callRecords.serviceEndpoint"});
        let mut session = json!({
            "id": self.session.clone().unwrap_or_else(|| format!("s{at}")),
            "modalities": ["audio"], "startDateTime": format!("{DAY}T00:00:00Z"), "endDateTime": end,
            "caller": caller, "callee": callee,
            "segments": [{"id": "g", "startDateTime": format!("{DAY}T00:00:00Z"), "endDateTime": end,
                "caller": caller, "callee": callee, "media": [media]}],
        });
        if let Some(stage) = &self.failed {
            session["failureInfo"] = json!({"stage": stage, "reason": "it broke"});
        }
        session
    }
}

/// What came of a case.
pub(crate) struct Run {
    pub(crate) told: Vec<String>,
    pub(crate) standing: Vec<String>,
    pub(crate) counts: Counts,
}

impl Run {
    /// Takes the records in this order.
    pub(crate) fn of(case: &Case, order: &[usize]) -> Run {
        Run::with(case, order, false)
    }

    /// Takes the records as they are given; after each the program ends, and another one begins with
    /// what was remembered.
    pub(crate) fn with_restarts(case: &Case) -> Run {
        Run::with(case, &(0..case.given.len()).collect::<Vec<_>>(), true)
    }

    fn with(case: &Case, order: &[usize], restarts: bool) -> Run {
        let clock = Arc::new(Hands(Mutex::new(stamp("00:00"))));
        let engine = |rules: &str| {
            let folder = tempfile::tempdir().expect("a folder");
            std::fs::write(folder.path().join("r.rhai"), rules).expect("written");
            let builder = Engine::builder().clock(clock.clone()).rules(folder.path());
            builder.build().unwrap_or_else(|error| panic!("{error}"))
        };
        let mut first = engine(&case.rules);
        let given = &case.limits;
        let plain = Limits::default();
        let point = |text: &Option<String>| {
            text.as_ref()
                .map(|it| Range::point(&time(it)).expect("a time"))
        };
        let options = Options {
            remembers: true,
            limits: Limits {
                keys: given.keys.unwrap_or(plain.keys),
                calls: given.calls.unwrap_or(plain.calls),
                samples: given.samples.unwrap_or(plain.samples),
                lateness: given.lateness.unwrap_or(plain.lateness),
                partial: given.partial.unwrap_or(plain.partial),
                ..plain
            },
            contents: true,
            range: Range {
                since: point(&given.since),
                until: point(&given.until),
            },
        };
        let mut stage = OverTime::new(Arc::clone(&first), options);
        let mut memory = Vec::new();
        let mut told = Lines {
            engine: Some(Arc::clone(&first)),
            ..Lines::default()
        };
        for number in order {
            let record = &case.given[*number];
            let name = (number + 1).to_string();
            if let Some((before, rules)) = &case.then
                && number + 1 == *before
            {
                first = engine(rules);
            }
            let wall = record
                .tick
                .as_ref()
                .or(record.wall.as_ref())
                .unwrap_or(&record.at);
            *clock.0.lock().expect("no panic") = stamp(wall);
            if record.tick.is_some() {
                told.over_time(&name, &stage.tick());
                continue;
            }
            let text = record.document();
            let mut report = first
                .checker()
                .contributing()
                .check(Input::new(text.as_bytes(), "r.json"));
            assert!(
                report.problems.is_empty() && report.fault.is_none(),
                "{:?} {text}",
                report.problems
            );
            assert!(report.rule_faults.is_empty(), "{:?}", report.rule_faults);
            let changes = stage.take(&mut report, first.rules());
            for alert in &report.alerts {
                told.alert(&name, alert);
            }
            told.over_time(&name, &changes);
            memory.extend(stage.take_remembered());
            if restarts {
                stage = OverTime::new(Arc::clone(&first), options);
                for document in &memory {
                    assert!(stage.recall(document), "{name}");
                }
                stage.resume();
            }
        }
        let counts = stage.counts();
        told.over_time("end", &stage.finish());
        let standing = told
            .standing
            .iter()
            .map(|((rule, key), state)| format!("{state} {rule} {key}"));
        Run {
            standing: standing.collect(),
            told: told.lines,
            counts,
        }
    }
}

#[derive(Default)]
struct Lines {
    engine: Option<Arc<Engine>>,
    lines: Vec<String>,
    standing: BTreeMap<(String, String), &'static str>,
}

impl Lines {
    fn alert(&mut self, name: &str, alert: &Alert) {
        let call = alert.call.id.clone().unwrap_or_default();
        let mut line = format!("{name} event {} call {call}", alert.rule);
        if alert.call.partial {
            line.push_str(&format!(
                ", partial, {} seen",
                alert.call.sessions_seen.unwrap_or(0)
            ));
        }
        if let Some(more) = &alert.more {
            line.push_str(&format!(", {} more: {}", more.count, more.calls.join(" ")));
        }
        assert_schema(alert);
        self.lines.push(line);
        let mut rules = self.engine.iter().flat_map(|engine| engine.rules().rules());
        let shared = rules.any(|rule| **rule.name() == *alert.rule && rule.has_key());
        let whose = if shared {
            "shared".to_owned()
        } else {
            format!("call {call}")
        };
        self.standing.insert((alert.rule.clone(), whose), "event");
    }

    fn over_time(&mut self, name: &str, told: &Told) {
        for transition in &told.transitions {
            self.transition(name, transition);
        }
        for Overdue { call, sessions } in &told.overdue {
            self.lines
                .push(format!("{name} overdue call {call}, {sessions} seen"));
        }
        if told.late > 0 {
            self.lines.push(format!("{name} late {}", told.late));
        }
    }

    fn transition(&mut self, name: &str, transition: &Transition) {
        assert_schema(transition);
        let whose = match (&transition.call, &transition.window) {
            (Some(call), _) => format!("call {}", call.id),
            (None, Some(window)) if window.key.is_empty() => "all".to_owned(),
            (None, Some(window)) => window.key.join(","),
            (None, None) => "shared".to_owned(),
        };
        let at = transition
            .at
            .trim_start_matches(&format!("{DAY}T"))
            .trim_end_matches('Z');
        let at = at.strip_suffix(":00").unwrap_or(at);
        let mut line = format!(
            "{name} {} {} {whose} at {at}",
            transition.state.name(),
            transition.rule
        );
        if let Some(window) = &transition.window
            && let Some(value) = window.value
            && matches!(transition.state, State::Firing | State::Repeated)
        {
            line.push_str(&format!(", {}", (value * 1000.0).round() / 1000.0));
        }
        if let Some(more) = &transition.more {
            line.push_str(&format!(", {} more: {}", more.count, more.calls.join(" ")));
        }
        if transition.evicted {
            line.push_str(", evicted");
        }
        if transition.clock.is_some() {
            line.push_str(", wall");
        }
        self.lines.push(line);
        let key = (transition.rule.clone(), whose);
        match transition.state {
            State::Firing => {
                self.standing.insert(key, "firing");
            }
            State::Pending | State::Repeated | State::Event => {}
            _ => {
                self.standing.remove(&key);
            }
        }
    }
}

/// Every line that is told keeps to the alert's schema.
fn assert_schema(alert: &impl serde::Serialize) {
    thread_local! {
        static VALIDATOR: jsonschema::Validator = {
            let schema: Value = serde_json::from_str(qualwatch::alert::ALERT_SCHEMA).expect("JSON");
            jsonschema::draft202012::new(&schema).expect("a schema")
        };
    }
    let alert = serde_json::to_value(alert).expect("JSON");
    VALIDATOR.with(|validator| {
        let errors: Vec<String> = validator
            .iter_errors(&alert)
            .map(|it| it.to_string())
            .collect();
        assert!(errors.is_empty(), "{errors:?} in {alert}");
    });
}
