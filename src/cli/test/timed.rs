//! Cases over time: records with times of their own, and every line that the windows tell of them.
//!
//! The clock is the case's. A record's times are laid over its pieces; `times` makes several of it,
//! each a call of its own, of so many people. Nothing is read here.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde_json::json;

use super::record::{self, Pieces};
use crate::alert::Transition;
use crate::clock::Clock;
use crate::engine::{Engine, Input, Report};
use crate::over_time::{Options, OverTime};

/// The day of all cases that name none.
const DAY: &str = "2026-01-13";

/// A record, several of it, or a look at the clock.
#[derive(Clone, Debug)]
pub(super) enum Moment {
    /// nothing comes but the time
    Tick(String),
    Records(Records),
}

/// Records of the same pieces.
#[derive(Clone, Debug)]
pub(super) struct Records {
    /// when their calls ended
    pub(super) at: String,
    /// how many
    pub(super) times: u32,
    /// of how many people, one after the other
    pub(super) users: u32,
    pub(super) pieces: Pieces,
}

/// A clock that a case sets.
#[derive(Debug, Default)]
pub(super) struct Hands(Mutex<Timestamp>);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hands {
    fn set(&self, time: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = time;
    }
}

/// A time as a case writes it, `09:00` on the day of all cases or a whole one.
pub(super) fn time(text: &str) -> Option<String> {
    let whole = match text.len() {
        5 => format!("{DAY}T{text}:00Z"),
        8 => format!("{DAY}T{text}Z"),
        _ => text.to_owned(),
    };
    whole.parse::<Timestamp>().ok().map(|_| whole)
}

/// What the windows tell of these moments; why a record says nothing about the rules, if it does.
pub(super) fn told(
    engine: &Arc<Engine>,
    clock: &Hands,
    moments: &[Moment],
    rule: Option<&str>,
    wrong: &mut dyn FnMut(&Report) -> bool,
) -> Option<Vec<String>> {
    let mut lines = Vec::new();
    let mut tell = |transitions: &[Transition]| {
        let wanted = |it: &&Transition| rule.is_none_or(|rule| it.rule == rule);
        lines.extend(transitions.iter().filter(wanted).map(line));
    };
    let begin = |moment: &Moment| match moment {
        Moment::Tick(at) => at.clone(),
        Moment::Records(records) => records.at.clone(),
    };
    let set = |at: &str| {
        if let Ok(time) = at.parse() {
            clock.set(time);
        }
    };
    set(&moments.first().map(begin).unwrap_or_default());
    let mut stage = OverTime::new(Arc::clone(engine), Options::default());
    let mut checker = engine.checker().contributing();
    let mut made = 0;
    for moment in moments {
        set(&begin(moment));
        let Moment::Records(records) = moment else {
            tell(&stage.tick().transitions);
            continue;
        };
        for number in 0..records.times {
            made += 1;
            let text = records.text(made, number);
            let mut report = checker.check(Input::new(text.as_bytes(), "case"));
            if wrong(&report) {
                return None;
            }
            tell(&stage.take(&mut report, engine.rules()).transitions);
        }
    }
    tell(&stage.finish().transitions);
    Some(lines)
}

impl Records {
    /// One of the records; `made` tells it from all others of its case.
    fn text(&self, made: u32, number: u32) -> String {
        let times = json!({"startDateTime": format!("{}T00:00:00Z", &self.at[..10]), "endDateTime": self.at});
        let mut pieces = Pieces::new();
        let user = json!({"user": {"id": format!("user-{}", number % self.users.max(1))}});
        let mut call = times.clone();
        call["id"] = format!("00000000-0000-0000-0000-{made:012}").into();
        pieces.insert("call".to_owned(), call);
        for piece in ["session", "segment"] {
            let mut piece_of = times.clone();
            piece_of["caller"] = json!({"identity": user});
            pieces.insert(piece.to_owned(), piece_of);
        }
        record::lay_all(&mut pieces, &self.pieces);
        record::whole(&pieces)
    }
}

/// `09:20 firing poor-site 10.1.0.0`
fn line(transition: &Transition) -> String {
    let at = transition.at.strip_prefix(DAY).unwrap_or(&transition.at);
    let at = at.trim_start_matches('T').trim_end_matches('Z');
    let at = at.strip_suffix(":00").unwrap_or(at);
    let mut line = format!("{at} {} {}", transition.state.name(), transition.rule);
    for part in transition.window.iter().flat_map(|window| &window.key) {
        line.push(' ');
        line.push_str(part);
    }
    line
}
