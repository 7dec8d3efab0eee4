//! A `window("name", #{ … })` call to a [`WindowRule`], and everything that is wrong with it.

use rhai::{Dynamic, FnPtr, Map};

use super::lengths::{self, Given};
use super::{Closure, Measured, Of, WindowRule};
use crate::rules::diagnostic::did_you_mean;
use crate::rules::expr::Unfollowed;
use crate::rules::fields::Unit;
use crate::rules::lower;
use crate::rules::problem::ProblemKind;
use crate::rules::reader::{Findings, Reader, ticked};
use crate::rules::rule::{File, Registration};
use crate::rules::typed::{Dimension, Shape, Typed};
use crate::rules::typing::Purpose;
use crate::rules::value::Limit;
use crate::window::{Lengths, Measure, Minimum, Spec};

/// What a window measures; each rule has one of these keys.
const MEASURES: [&str; 7] = [
    "count",
    "share",
    "mean",
    "percentile",
    "distinct",
    "spike",
    "silence",
];

const KEYS: [&str; 25] = [
    "on",
    "by",
    "when",
    "count",
    "share",
    "mean",
    "percentile",
    "distinct",
    "spike",
    "silence",
    "rank",
    "past",
    "per",
    "over",
    "under",
    "clear",
    "within",
    "at_least",
    "pending_for",
    "keep_firing_for",
    "cooldown",
    "idle",
    "severity",
    "title",
    "labels",
];

/// Keys that say nothing where silence is measured.
const NOT_OF_SILENCE: [&str; 12] = [
    "rank",
    "past",
    "per",
    "over",
    "under",
    "clear",
    "within",
    "at_least",
    "pending_for",
    "keep_firing_for",
    "cooldown",
    "idle",
];

const LEAST: [&str; 3] = ["samples", "users", "calls"];

/// The window rule that a registration describes, and what there is to say about it.
pub(crate) fn read(
    file: &File<'_>,
    registration: &Registration,
    findings: &mut Findings,
) -> Option<WindowRule> {
    let mut reader = Reader::new(file, registration, findings);
    let rule = reader.window();
    rule.filter(|_| reader.sound)
}

impl Reader<'_> {
    fn window(&mut self) -> Option<WindowRule> {
        let place = self.name();
        self.known_keys("a window", &KEYS);
        let measure = self.measure();
        let severity = self.severity();
        let silent = measure == Some("silence");
        let wants_level = !silent || self.has("by") || self.has("when");
        if wants_level || self.has("on") {
            self.level = self.level();
        }
        let when = self.asked("when", Purpose::Sample("`when`"), lower::truth);
        let by = self.asked("by", Purpose::Key, lower::key);
        let title = self.title();
        let labels = self.labels();
        let measure = measure?;
        for key in NOT_OF_SILENCE.into_iter().filter(|_| silent) {
            self.pointless(key, measure);
        }
        if measure != "percentile" && !silent {
            self.pointless("rank", measure);
        }
        if measure != "spike" && !silent {
            self.pointless("past", measure);
        }
        let per_session = self.per(measure, silent);
        let of = self.of(measure)?;
        let unit = self.unit(measure);
        let mut limit_name = None;
        let measured = if silent {
            Measured::Silence(self.length("silence").filter(|seconds| *seconds > 0)?)
        } else {
            let (spec, name) = self.spec(measure, unit)?;
            limit_name = name;
            Measured::Over(spec)
        };
        Some(WindowRule {
            name: self.registration.name.as_str().into(),
            level: self.level,
            severity: severity?,
            title,
            labels,
            place,
            ast: self.file.ast.clone(),
            pack: self.file.pack,
            when,
            by,
            of,
            per_session,
            measured,
            limit_name,
            unit,
            named: self.named(),
            bodies: std::mem::take(&mut self.bodies),
        })
    }

    fn has(&self, key: &str) -> bool {
        self.registration.map.contains_key(key)
    }

    /// The one thing that is measured.
    fn measure(&mut self) -> Option<&'static str> {
        let found: Vec<&'static str> = MEASURES.into_iter().filter(|key| self.has(key)).collect();
        match found.as_slice() {
            [one] => Some(one),
            [] => {
                let rule = self.registration.name.clone();
                let all = MEASURES.map(ticked).join(", ");
                let help = format!(
                    "add one of {all}, as in `share: |s| s.averageJitter > limits::jitter`"
                );
                let place = self.name_place();
                self.report(ProblemKind::NoMeasure(rule), place, Some(help));
                None
            }
            [first, second, ..] => {
                let kind = ProblemKind::TwoMeasures {
                    one: (*first).to_owned(),
                    other: (*second).to_owned(),
                };
                let help = "make two rules of it".to_owned();
                self.report(kind, self.key(second), Some(help));
                None
            }
        }
    }

    fn pointless(&mut self, key: &'static str, measure: &str) {
        if self.has(key) {
            let kind = ProblemKind::PointlessKey {
                key,
                measure: measure.to_owned(),
            };
            self.report(kind, self.key(key), Some("leave it out".to_owned()));
        }
    }

    /// Whether the samples of a key in one session are one.
    fn per(&mut self, measure: &str, silent: bool) -> bool {
        if !self.has("per") || silent {
            return false;
        }
        if !matches!(measure, "count" | "share" | "spike") {
            self.pointless("per", measure);
            return false;
        }
        let per = self.text("per");
        if per.as_deref().is_some_and(|per| per != "session") {
            self.wrong(
                "per",
                "`\"session\"`: the samples of a key in one session are one",
            );
        }
        per.is_some()
    }

    /// A closure in its compiled form, if it is there and sound.
    fn asked<N>(
        &mut self,
        key: &'static str,
        purpose: Purpose,
        lower: impl Fn(&Typed) -> Result<N, Unfollowed>,
    ) -> Option<Closure<N>> {
        let pointer: FnPtr = self.closure(key, purpose)?;
        let call = self.registration.call;
        let body = self.bodies.iter().find(|body| body.key == key);
        let native = match body.map(|body| &body.typed) {
            Some(Ok(typed)) => lower(typed),
            Some(Err(unfollowed)) => Err(unfollowed.clone()),
            None => Err(Unfollowed {
                spot: call,
                reason: "a closure out of sight".to_owned(),
            }),
        };
        Some(Closure { pointer, native })
    }

    fn of(&mut self, measure: &'static str) -> Option<Of> {
        Some(match measure {
            "count" | "spike" => {
                let taker = if measure == "count" {
                    "`count`"
                } else {
                    "`spike`"
                };
                Of::True(self.asked(measure, Purpose::Sample(taker), lower::truth)?)
            }
            "share" => Of::Share(self.asked(measure, Purpose::Sample("`share`"), lower::truth)?),
            "mean" | "percentile" => {
                let taker = if measure == "mean" {
                    "mean"
                } else {
                    "percentile"
                };
                Of::Number(self.asked(measure, Purpose::Number(taker), lower::number)?)
            }
            "distinct" => Of::Value(self.asked(measure, Purpose::Key, lower::key)?),
            _ => Of::Place,
        })
    }

    /// The unit of what is measured.
    fn unit(&self, measure: &str) -> Unit {
        match measure {
            "share" => Unit::Ratio,
            "mean" | "percentile" => {
                let body = self.bodies.iter().find(|body| body.key == measure);
                match body.map(|body| body.typed.as_ref().map(|typed| typed.sort.shape)) {
                    Some(Ok(Shape::Number(Dimension::Of(unit)))) => unit,
                    _ => Unit::None,
                }
            }
            _ => Unit::Count,
        }
    }

    fn title(&mut self) -> Option<String> {
        self.text("title")
    }

    fn threshold(&mut self, key: &'static str, unit: Unit) -> Option<Given> {
        let value = self.registration.map.get(key)?;
        match lengths::threshold(value, unit) {
            Ok(given) => Some(given),
            Err((why, help)) => {
                self.odd(key, "a threshold of what is measured", why, help);
                None
            }
        }
    }

    fn needs(&mut self, key: &'static str, help: &str) {
        if !self.has(key) {
            let rule = self.registration.name.clone();
            let place = self.name_place();
            let help = Some(format!("add {help}"));
            self.report(ProblemKind::WindowWithout { rule, key }, place, help);
        }
    }

    /// The numbers of a window on event time.
    fn spec(&mut self, measure: &str, unit: Unit) -> Option<(Spec, Option<std::sync::Arc<str>>)> {
        self.needs("within", "its length, as in `within: \"60min\"`");
        let within = self.length("within");
        if within == Some(0) {
            let why = "nothing".to_owned();
            self.odd("within", "a length of time", why, None);
        }
        if measure == "spike" {
            self.needs(
                "past",
                "how far back a key is compared with itself, as in `past: \"7days\"`",
            );
        }
        if measure == "percentile" {
            self.needs("rank", "which one, as in `rank: \"95%\"`");
        }
        let below = self.has("under");
        if !below {
            self.needs(
                "over",
                "what is too much, as in `over: limits::poor_share`, or `under`",
            );
        } else if self.has("over") {
            let kind = ProblemKind::TwoMeasures {
                one: "over".to_owned(),
                other: "under".to_owned(),
            };
            self.report(
                kind,
                self.key("under"),
                Some("make two rules of it".to_owned()),
            );
        }
        let key = if below { "under" } else { "over" };
        let limit = self.threshold(key, unit);
        if let Some(limit) = &limit
            && unit == Unit::Ratio
            && limit.value == if below { 0.0 } else { 1.0 }
        {
            let why = "reached by no share".to_owned();
            self.odd(key, "a threshold of what is measured", why, None);
        }
        let clear = self.threshold("clear", unit);
        if let (Some(limit), Some(clear)) = (&limit, &clear)
            && (clear.value > limit.value) != below
            && clear.value != limit.value
        {
            let why = format!("beyond `{key}`: once it fired it would be over at once");
            let help = "what fires goes on until it is better than `clear`".to_owned();
            self.odd("clear", "a threshold of what is measured", why, Some(help));
        }
        let mut lengths = [0; 4];
        let keys = ["pending_for", "keep_firing_for", "cooldown", "idle"];
        for (length, key) in lengths.iter_mut().zip(keys) {
            *length = self.length(key).unwrap_or(0);
        }
        let past = self.length("past");
        if let (Some(past), Some(within)) = (past, within)
            && past < within
        {
            let why = "shorter than the window itself".to_owned();
            self.odd("past", "a length of time", why, None);
        }
        let rank = self.threshold("rank", Unit::Ratio).map(|given| given.value);
        if rank == Some(0.0) {
            self.odd(
                "rank",
                "a share of the samples",
                "none of them".to_owned(),
                None,
            );
        }
        let minimum = self.minimum();
        let measure = match measure {
            "count" => Measure::Count,
            "share" => Measure::Share,
            "mean" => Measure::Mean,
            "percentile" => Measure::Percentile(rank?),
            "distinct" => Measure::Distinct,
            _ => Measure::Spike { past: past? },
        };
        let [hold, keep, cooldown, idle] = lengths;
        let lengths = Lengths {
            within: within?,
            hold,
            keep,
            cooldown,
            idle,
        };
        let limit = limit?;
        let mut spec = Spec::new(&self.registration.name, measure, limit.value, lengths);
        spec.below = below;
        spec.minimum = minimum;
        if let Some(clear) = clear {
            spec.clear = clear.value;
        }
        Some((spec, limit.name))
    }

    fn minimum(&mut self) -> Minimum {
        let mut minimum = Minimum::default();
        let Some(value) = self.registration.map.get("at_least") else {
            return minimum;
        };
        let Some(map) = value.clone().try_cast::<Map>() else {
            self.wrong(
                "at_least",
                "a map of numbers, as in `#{ samples: 50, users: 5 }`",
            );
            return minimum;
        };
        for (key, value) in &map {
            let field = match key.as_str() {
                "samples" => &mut minimum.samples,
                "users" => &mut minimum.users,
                "calls" => &mut minimum.calls,
                other => {
                    let help = did_you_mean(other, LEAST)
                        .unwrap_or_else(|| format!("it has {}", LEAST.map(ticked).join(", ")));
                    let kind = ProblemKind::UnknownKey(format!("at_least.{other}"));
                    let place = self.value("at_least");
                    self.report(kind, place, Some(help));
                    continue;
                }
            };
            match lengths::least(value) {
                Ok(least) => *field = least,
                Err((why, help)) => {
                    let key = format!("at_least.{key}");
                    let place = self.value("at_least");
                    let want = "a least number";
                    self.report(ProblemKind::OddQuantity { key, want, why }, place, help);
                }
            }
        }
        minimum
    }

    /// Limits that keys name which are no closures.
    fn named(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut see = |value: &Dynamic| {
            if let Some(limit) = value.read_lock::<Limit>() {
                names.extend(limit.name.as_deref().map(str::to_owned));
            }
        };
        let map = &self.registration.map;
        for key in KEYS {
            match map.get(key) {
                Some(value) if key == "at_least" => {
                    if let Some(map) = value.read_lock::<Map>() {
                        map.values().for_each(&mut see);
                    }
                }
                Some(value) => see(value),
                None => {}
            }
        }
        names
    }
}
