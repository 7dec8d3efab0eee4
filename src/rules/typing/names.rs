//! Names that are not there, and those that may have been meant.
//!
//! A property of another level is shown with the way to it; any other name with the nearest ones.
//!
//! It knows names alone: no sort, no unit.

use super::{Checker, describe};
use crate::rules::diagnostic::did_you_mean;
use crate::rules::expr::Spot;
use crate::rules::fields::{Level, Link, property_names};
use crate::rules::limits::Limits;
use crate::rules::problem::ProblemKind;
use crate::rules::typed::Sort;

/// What people call what Graph calls otherwise.
const CALLED: &[(&str, &[&str])] = &[
    ("rtt", &["averageRoundTripTime", "maxRoundTripTime"]),
    ("latency", &["averageRoundTripTime", "maxRoundTripTime"]),
    ("delay", &["averageRoundTripTime"]),
    ("mos", &["averageAudioDegradation"]),
    ("plr", &["averagePacketLossRate"]),
    ("fps", &["averageVideoFrameRate"]),
    ("codec", &["audioCodec", "videoCodec"]),
    ("direction", &["path", "streamDirection"]),
    ("packets", &["packetUtilization"]),
    ("os", &["platform"]),
    ("user", &["displayName", "userId"]),
    ("username", &["displayName"]),
    ("ip", &["ipAddress"]),
    ("mac", &["macAddress"]),
    ("bssid", &["basicServiceSetIdentifier"]),
    (
        "wifi",
        &["connectionType", "wifiBand", "wifiSignalStrength"],
    ),
    ("start", &["startDateTime"]),
    ("end", &["endDateTime"]),
    ("score", &["rating"]),
    ("stars", &["rating"]),
    ("comment", &["text"]),
    ("app", &["productFamily"]),
];

/// Where a name was asked of.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// The level that the closure is on, and the name of its parameter.
    pub(crate) root: (Level, &'a str),
    /// The level that was asked, and how it was reached: `s.client`.
    pub(crate) of: (Level, &'a str),
}

impl Checker<'_> {
    pub(super) fn no_such_property(
        &mut self,
        path: &[Link],
        level: Level,
        name: &str,
        spot: Spot,
    ) -> Sort {
        let reached = self.written(path);
        let asked = Asked {
            root: (self.scope.level, self.parameter()),
            of: (level, &reached),
        };
        let (kind, help) = unknown_property(asked, name);
        self.refuse(kind, spot, help)
    }
}

impl Checker<'_> {
    /// Network and devices are a media's: only a stream's ends are joined with them.
    pub(super) fn never_there(&mut self, path: &[Link], link: Link, spot: Spot) {
        let of_stream = |link: &Link| matches!(link, Link::Sender | Link::Receiver | Link::Client);
        let kept_elsewhere = matches!(link, Link::Network | Link::Device);
        if !kept_elsewhere || path.last().is_none_or(of_stream) {
            return;
        }
        let kind = ProblemKind::NeverThere {
            from: self.written(path),
            link: link.name(),
        };
        let name = match link {
            Link::Network => "Network",
            _ => "Device",
        };
        let ends = format!("`.caller{name}` and `.callee{name}`");
        let help = match self.scope.level {
            Level::Stream => format!("write `{}.client.{}`", self.parameter(), link.name()),
            Level::Media => format!("a media has {ends}"),
            _ => format!("put the rule on a stream, whose `.client` has it, or on a media: {ends}"),
        };
        self.report(kind, spot, help);
    }
}

/// A property that an object of that level does not have.
pub(crate) fn unknown_property(asked: Asked<'_>, name: &str) -> (ProblemKind, Option<String>) {
    let level = asked.of.0;
    if let Some(help) = downwards(level, name) {
        return (ProblemKind::UnknownProperty(name.to_owned()), Some(help));
    }
    if property_names().binary_search(&name).is_ok() {
        let kind = ProblemKind::WrongLevel {
            name: name.to_owned(),
            level: describe::object(level),
        };
        let help =
            ends(asked.of, name).or_else(|| way(asked, name).map(|way| format!("write `{way}`")));
        return (
            kind,
            help.or_else(|| below(level, name))
                .or_else(|| listed(level)),
        );
    }
    let mut near = near(level, name);
    if near.is_empty() {
        let known = property_names();
        near = ranked(name, known.into_iter())
            .into_iter()
            .filter_map(|found| way(asked, found))
            .take(2)
            .collect();
    }
    let help = match &near[..] {
        [] => listed(level),
        names => {
            // A name of their own for it says little of what it is.
            let named = CALLED
                .iter()
                .any(|(word, _)| name.eq_ignore_ascii_case(word));
            let field = match names {
                [only] if named => level.field(only),
                _ => None,
            };
            let said = field.map(|field| format!(" {}", field.meaning().description));
            let names = names.iter().map(|name| format!("`{name}`"));
            let names = one_of(names.collect());
            Some(format!("did you mean {names}?{}", said.unwrap_or_default()))
        }
    };
    (ProblemKind::UnknownProperty(name.to_owned()), help)
}

/// The ends of a stream are not named as those of a session.
fn ends((level, reached): (Level, &str), name: &str) -> Option<String> {
    let is_end = matches!(name, "caller" | "callee");
    (level == Level::Stream && is_end).then(|| {
        format!(
            "a stream has `{reached}.client`, `{reached}.sender` and `{reached}.receiver`, with \
             network and device; the {name} of its session is `{reached}.session.{name}`"
        )
    })
}

/// Who has a property further down, where a rule cannot look from here.
fn below(level: Level, name: &str) -> Option<String> {
    let has = |to: &&Level| **to > level && to.field(name).is_some();
    let to = Level::RULE_LEVELS.iter().find(has)?;
    Some(format!(
        "{} has it, and rules look up, not down: put the rule `on: \"{}\"`",
        describe::object(*to),
        to.name()
    ))
}

/// What to do about a property that would lead to the parts of an object.
fn downwards(level: Level, name: &str) -> Option<String> {
    let to = match name {
        "sessions" => Level::Session,
        "segments" => Level::Segment,
        "streams" => Level::Stream,
        "media" if level < Level::Media => Level::Media,
        _ => return None,
    };
    let up = to.links().iter().find(|(_, above)| *above == level);
    let up = up.map(|(link, _)| format!(", and ask `.{}` there", link.name()));
    Some(format!(
        "rules look up, not down: put the rule `on: \"{}\"`{}",
        to.name(),
        up.unwrap_or_default()
    ))
}

/// A property that no level has, asked of who knows what.
pub(crate) fn unknown_anywhere(name: &str) -> (ProblemKind, Option<String>) {
    let names = ranked(name, property_names().into_iter());
    let names: Vec<String> = names
        .iter()
        .take(2)
        .map(|name| format!("`{name}`"))
        .collect();
    let help = match names.is_empty() {
        true => "`qualwatch fields` lists what there is".to_owned(),
        false => format!("did you mean {}?", one_of(names)),
    };
    (ProblemKind::UnknownProperty(name.to_owned()), Some(help))
}

/// `a`, `b` or `c`.
fn one_of(mut names: Vec<String>) -> String {
    let last = names.pop().unwrap_or_default();
    match names.is_empty() {
        true => last,
        false => format!("{} or {last}", names.join(", ")),
    }
}

pub(crate) fn unknown_limit(limits: &Limits, name: &str) -> (ProblemKind, Option<String>) {
    let help = did_you_mean(name, limits.names()).unwrap_or_else(|| {
        if limits.are_none() {
            "there is no thresholds.toml beside this file, or it has no limits".to_owned()
        } else {
            format!("add `{name} = …` to thresholds.toml")
        }
    });
    (ProblemKind::UnknownLimit(name.to_owned()), Some(help))
}

/// Names of the level itself that may have been meant, the likeliest first.
fn near(level: Level, name: &str) -> Vec<String> {
    let names = level.fields().map(|field| field.name());
    let names = names.chain(level.links().iter().map(|(link, _)| link.name()));
    let found = ranked(name, names);
    found.into_iter().take(3).map(str::to_owned).collect()
}

/// The names that `wrong` may stand for, the likeliest first.
fn ranked<'n>(wrong: &str, names: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    // Nobody mistypes a word of that length, and comparing takes time.
    if wrong.len() > 100 {
        return Vec::new();
    }
    let folded = wrong.to_lowercase().replace('_', "");
    let folded = match folded.strip_prefix("avg") {
        Some(rest) => format!("average{rest}"),
        None => folded,
    };
    let called = CALLED.iter().find(|(word, _)| *word == folded);
    let mut found: Vec<(f64, &str)> = names
        .filter_map(|name| {
            let other = name.to_lowercase();
            let likeness = strsim::jaro_winkler(&folded, &other);
            let within = folded.len() > 3 && other.contains(&folded);
            let without = other.len() > 4 && folded.contains(&other);
            let known = called.is_some_and(|(_, names)| names.contains(&name));
            let weight = match () {
                () if folded == other => 3.0,
                () if known => 2.0,
                // The shorter a name that holds the word, the more of it is the word; means come first.
                () if within || without => {
                    let mean = if other.starts_with("average") {
                        0.1
                    } else {
                        0.0
                    };
                    0.8 - other.len().abs_diff(folded.len()) as f64 / 100.0 + mean
                }
                () if likeness > 0.9 => likeness,
                () if likeness > 0.8 => likeness - 0.3,
                () => return None,
            };
            Some((weight, name))
        })
        .collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    let best = found.first().map_or(0.0, |(weight, _)| *weight);
    // Beside a name that is nearly right others only confuse.
    found.retain(|(weight, _)| {
        best <= 0.9 || *weight > best - 0.05 || best == 2.0 && *weight == 2.0
    });
    found.into_iter().map(|(_, name)| name).collect()
}

/// The shortest way to a property of that name, written from the parameter on.
fn way(asked: Asked<'_>, name: &str) -> Option<String> {
    let from = |(level, text): (Level, &str)| {
        let path = path_to(level, name)?;
        Some(format!("{text}.{path}"))
    };
    let (near, root) = (from(asked.of), from(asked.root));
    let dots = |way: &String| way.matches('.').count();
    match (near, root) {
        (Some(near), Some(root)) => Some(if dots(&root) < dots(&near) {
            root
        } else {
            near
        }),
        (near, root) => near.or(root),
    }
}

/// The shortest way from a level to a property of that name.
fn path_to(start: Level, name: &str) -> Option<String> {
    let mut ways = vec![(start, String::new())];
    let mut next = 0;
    while next < ways.len() {
        let (level, path) = ways[next].clone();
        next += 1;
        let links = level.links();
        if level.field(name).is_some() || links.iter().any(|(link, _)| link.name() == name) {
            return Some(format!("{path}{name}"));
        }
        for (link, to) in links {
            if ways.iter().all(|(seen, _)| seen != to) {
                ways.push((*to, format!("{path}{}.", link.name())));
            }
        }
    }
    None
}

/// What a level has, if that is little.
fn listed(level: Level) -> Option<String> {
    let fields = level.fields().map(|field| field.name());
    let names: Vec<String> = fields
        .chain(level.links().iter().map(|(link, _)| link.name()))
        .map(|name| format!("`{name}`"))
        .collect();
    if names.len() > 14 {
        return Some("`qualwatch fields` lists what there is".to_owned());
    }
    Some(format!("it has {}", names.join(", ")))
}
