//! Receivers at their worst: each way of failing alone, beside one that is well, and with kills.
//!
//! What a receiver took is its own matter: one that hangs up behind a request may have taken it. The
//! oracle counts that, and lets each alert come once more for it, and never not at all.

use std::collections::BTreeSet;
use std::net::TcpListener;

use serde_json::Value;

use super::kills::kills;
use super::oracle::{Records, Seen, Taken};
use super::place::{Place, hook, sink};
use super::support::receiver::{Answer, Receiver, reply};
use super::{number, side_by_side};

/// One way of failing.
#[derive(Clone)]
pub(crate) struct Mode {
    pub(crate) name: &'static str,
    /// the kind of sink that meets it
    kind: &'static str,
    fails: Fails,
}

#[derive(Clone)]
enum Fails {
    /// nobody listens there
    Down,
    /// it speaks HTTP, where TLS is wanted
    Plain,
    /// by an answer, or none
    Answers(Answer),
    /// by an answer that says never: what was sent is a dead letter
    Never(Answer),
}

/// The matrix's fourteen, and a reply that is cut off; Slack and Teams where the body decides.
pub(crate) fn modes() -> Vec<Mode> {
    let answers = |name, kind, answer| Mode {
        name,
        kind,
        fails: Fails::Answers(answer),
    };
    let never = |name, answer| Mode {
        name,
        kind: "webhook",
        fails: Fails::Never(answer),
    };
    let down = Mode {
        name: "refuses the connection",
        kind: "webhook",
        fails: Fails::Down,
    };
    let plain = Mode {
        name: "fails at TLS",
        kind: "webhook",
        fails: Fails::Plain,
    };
    let wait = Answer::Reply(429, "retry-after: 0.2\r\n", String::new());
    let moved = Answer::Reply(302, "location: http://127.0.0.1:9/\r\n", String::new());
    let failed = "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId x";
    vec![
        down,
        answers("answers 500", "webhook", reply(500, "boom")),
        answers("answers 429 and says when", "webhook", wait),
        never("answers 400", reply(400, "no")),
        answers(
            "Slack: 200 with an error",
            "slack",
            reply(200, "no_service"),
        ),
        answers("Teams: 200 with an error", "teams", reply(200, failed)),
        answers("a byte at a time", "slack", Answer::Drip),
        answers("never answers", "webhook", Answer::Silence),
        answers(
            "resets in the midst of the request",
            "webhook",
            Answer::Reset,
        ),
        answers("connected, and never reads", "webhook", Answer::Unread),
        plain,
        never("redirects", moved),
        answers("a reply of 1 GiB", "slack", Answer::Huge(1 << 30)),
        answers("hangs up without a word", "webhook", Answer::HangUp),
        answers("answers garbage", "webhook", Answer::Garbage),
        answers("cuts its answer off", "slack", Answer::BreakOff),
    ]
}

impl Mode {
    fn well(&self) -> Answer {
        reply(200, if self.kind == "slack" { "ok" } else { "1" })
    }

    fn table(&self, url: &str) -> String {
        sink("bad", self.kind, url, "deadline = \"200ms\"")
    }

    /// The address to send to, and who listens there.
    fn start(&self, script: impl FnOnce(Answer) -> (Vec<Answer>, Answer)) -> (String, Receiver) {
        match &self.fails {
            Fails::Down => {
                // The port was somebody's a moment ago.
                let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
                let address = listener.local_addr().expect("bound");
                (
                    format!("http://{address}/"),
                    Receiver::start(Vec::new(), self.well()),
                )
            }
            Fails::Plain => {
                let receiver = Receiver::start(Vec::new(), self.well());
                (format!("https://{}/", receiver.address), receiver)
            }
            Fails::Answers(answer) | Fails::Never(answer) => {
                let (script, rest) = script(answer.clone());
                let receiver = Receiver::start(script, rest);
                (receiver.url("/"), receiver)
            }
        }
    }
}

/// The dead letters of a place, by their alerts' ids.
fn dead(place: &Place) -> BTreeSet<String> {
    let listed = place.ask(&["outbox", "list", "--dead", "--format", "json"]);
    let rows = listed.printed.lines().map(|line| {
        let row: Value = serde_json::from_str(line).expect("JSON");
        row["alert"]["id"].as_str().expect("an id").to_owned()
    });
    rows.collect()
}

/// It fails the whole time of a run, whose other sink must not notice; then it is mended.
pub(crate) fn alone(mode: &Mode, bug: Option<&'static str>) -> Result<Seen, String> {
    let records = Records::of(7, 60);
    let (url, bad) = mode.start(|answer| (Vec::new(), answer));
    let good = Receiver::start(Vec::new(), reply(200, ""));
    let both = |url: &str| hook("good", &good.url("/")) + mode.table(url).as_str();
    let mut place = Place::new(&records, "").with(bug);
    // Long enough for the good one on a machine that is busy.
    place.configure(&both(&url), "4s");
    let mut seen = Seen::default();
    let mut end = || {
        let ran = place.run();
        // The exit status tells of dead letters.
        let letters = matches!(mode.fails, Fails::Never(_));
        if ran.code != Some(if letters { 3 } else { 0 }) {
            return Err(format!("it ended with {:?}\n{}", ran.code, ran.said));
        }
        records
            .conserved(&records.taken(&good), 0)
            .map_err(|why| format!("the good one: {why}"))?;
        let told = &ran.summary()["delivery"]["sinks"]["bad"];
        let counted = |name: &str| told[name].as_u64().unwrap_or(0) as usize;
        if letters {
            let dead = dead(&place);
            if dead != records.ids {
                return Err(format!("dead letters are {dead:?}\n{}", ran.said));
            }
            place.ask(&["outbox", "retry", "--dead"]).well()?;
        }
        seen.add("dead letter", counted("deadLetters"));
        seen.add("refusal or failure", counted("retried"));
        seen.add("ambiguous answer", counted("ambiguous"));
        let mended = Receiver::start(Vec::new(), mode.well());
        place.configure(&both(&mended.url("/")), "20s");
        place.run().well()?;
        let took: Vec<Taken> = [&bad, &mended]
            .into_iter()
            .flat_map(|it| records.taken(it))
            .collect();
        let copies = records.conserved(&took, 0)?;
        seen.add("copy", copies);
        records
            .conserved(&records.taken(&good), 0)
            .map_err(|why| format!("the good one: {why}"))?;
        Ok(())
    };
    let ended = end();
    ended.map_err(|complaint: String| place.keep(format!("{}: {complaint}", mode.name)))?;
    Ok(seen)
}

/// It fails now and then, while the program is killed; then it is mended.
pub(crate) fn with_kills(
    mode: &Mode,
    seed: u64,
    bug: Option<&'static str>,
) -> Result<Seen, String> {
    let mut random = fastrand::Rng::with_seed(seed);
    let records = Records::of(seed % 8, 200);
    let (url, bad) = mode.start(|answer| {
        let well = mode.well();
        let script = (0..60).map(|_| match random.bool() {
            true => answer.clone(),
            false => well.clone(),
        });
        (script.collect(), well.clone())
    });
    let mut place = Place::new(&records, "").with(bug);
    place.configure(&mode.table(&url), "1s");
    let mut seen = Seen::default();
    let times = random.u64(1..4);
    let met = kills(&place, &bad, &mut random, times);
    let mut end = || {
        // Whatever was refused for good is asked for again by a person.
        let mended = Receiver::start(Vec::new(), mode.well());
        place.configure(&mode.table(&mended.url("/")), "20s");
        let ran = place.run();
        let letters = dead(&place);
        seen.add("dead letter", letters.len());
        if letters.is_empty() {
            ran.well()?;
        } else {
            place.ask(&["outbox", "retry", "--dead"]).well()?;
            place.run().well()?;
        }
        let took: Vec<Taken> = [&bad, &mended]
            .into_iter()
            .flat_map(|it| records.taken(it))
            .collect();
        seen.add("copy", records.conserved(&took, met)?);
        seen.add("kill", met);
        Ok(())
    };
    let ended = end();
    ended.map_err(|complaint: String| {
        place.keep(format!("QUALWATCH_SEED={seed}, {}: {complaint}", mode.name))
    })?;
    Ok(seen)
}

#[test]
fn each_way_of_failing_loses_nothing_and_no_other_sink_notices() {
    let mut seen = Seen::default();
    for result in side_by_side(6, modes(), |mode| alone(&mode, None)) {
        seen.join(result.unwrap_or_else(|complaint| panic!("{complaint}")));
    }
    seen.must_have(
        "sinks alone",
        &[
            "dead letter",
            "refusal or failure",
            "ambiguous answer",
            "copy",
        ],
    );
}

#[test]
fn each_way_of_failing_with_kills_loses_nothing() {
    let (rounds, first) = (number("QUALWATCH_ROUNDS", 1), number("QUALWATCH_SEED", 1));
    let trials = (0..rounds).flat_map(|round| {
        let seeds = modes().into_iter().enumerate();
        seeds.map(move |(at, mode)| (mode, first + round * 100 + at as u64))
    });
    let mut seen = Seen::default();
    let trials = trials.collect();
    for result in side_by_side(3, trials, |(mode, seed)| with_kills(&mode, seed, None)) {
        seen.join(result.unwrap_or_else(|complaint| panic!("{complaint}")));
    }
    seen.must_have("sinks with kills", &["kill", "copy", "dead letter"]);
}
