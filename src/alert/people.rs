//! Whom an alert is about, whom it hits worst, and where they are.
//!
//! People are told apart by their user's id, else by their name, else by the end and session that
//! they have. It counts and compares; words are `summary`'s.

use rustc_hash::FxHashMap;

use super::{Alert, Client, Evidence, Finding};
use crate::sites::OUTSIDE;

/// How far over its limit a comparison is, as a multiple; `None` where there is no such thing.
pub(super) fn excess(evidence: &Evidence) -> Option<f64> {
    let (value, limit) = (evidence.value.as_f64()?, evidence.limit.as_f64()?);
    let multiple = match evidence.op {
        ">" | ">=" => value / limit,
        "<" | "<=" => limit / value,
        _ => return None,
    };
    // Over a limit of nothing everything is far.
    Some(if multiple.is_finite() && multiple > 0.0 {
        multiple
    } else {
        f64::MAX
    })
}

/// How bad a finding is beside others of its alert.
fn badness(finding: &Finding) -> f64 {
    let far = finding.evidence.iter().filter_map(excess);
    let rated = match finding.what.rating.as_deref() {
        Some("bad") => 2.0,
        Some("poor") => 1.0,
        _ => 0.0,
    };
    far.fold(rated, f64::max)
}

/// The worst finding; of several that are equally bad, the first.
pub(super) fn worst(alert: &Alert) -> Option<&Finding> {
    let mut findings = alert.findings.iter();
    let first = findings.next()?;
    Some(findings.fold(first, |worst, finding| {
        if badness(finding) > badness(worst) {
            finding
        } else {
            worst
        }
    }))
}

/// The findings, the worst first.
pub(crate) fn by_badness(alert: &Alert) -> Vec<&Finding> {
    let mut findings: Vec<&Finding> = alert.findings.iter().collect();
    findings.sort_by(|a, b| badness(b).total_cmp(&badness(a)));
    findings
}

/// The people of an alert, each with the worst of their findings.
pub(super) struct People<'a> {
    all: Vec<(&'a Client, &'a Finding)>,
}

#[derive(PartialEq, Eq, Hash)]
enum Who<'a> {
    Id(&'a str),
    Name(&'a str),
    End(&'static str, Option<&'a str>),
}

fn who<'a>(client: &'a Client, finding: &'a Finding) -> Who<'a> {
    match (&client.user_id, &client.name) {
        (Some(id), _) => Who::Id(id),
        (None, Some(name)) => Who::Name(name),
        (None, None) => Who::End(client.end, finding.what.session.as_deref()),
    }
}

impl<'a> People<'a> {
    /// Those that an alert's findings name.
    pub(super) fn of(alert: &'a Alert) -> People<'a> {
        let mut all: Vec<(&Client, &Finding)> = Vec::new();
        let mut known: FxHashMap<Who<'_>, usize> = FxHashMap::default();
        for finding in &alert.findings {
            let Some(client) = &finding.client else {
                continue;
            };
            let at = *known.entry(who(client, finding)).or_insert(all.len());
            match all.get_mut(at) {
                Some(known) if badness(finding) > badness(known.1) => *known = (client, finding),
                Some(_) => {}
                None => all.push((client, finding)),
            }
        }
        all.sort_by(|a, b| badness(b.1).total_cmp(&badness(a.1)));
        People { all }
    }

    /// How many they are.
    pub(super) fn number(&self) -> usize {
        self.all.len()
    }

    /// All but the one of the worst finding, the worst first.
    pub(super) fn next(&self, worst: &Finding) -> Vec<(&'a Client, &'a Finding)> {
        let first = worst.client.as_ref().map(|client| who(client, worst));
        let others = self.all.iter().copied();
        others
            .filter(|(client, finding)| first.as_ref() != Some(&who(client, finding)))
            .collect()
    }

    /// Where they are, if most of several are at one place.
    pub(super) fn place(&self) -> Option<String> {
        if self.number() < 2 {
            return None;
        }
        let by_site = |client: &&'a Client| {
            let site = client.site.as_ref()?;
            site.building.as_deref().or(site.cidr.as_deref())
        };
        if let Some((place, here)) = self.most(by_site) {
            let at = if place == OUTSIDE {
                OUTSIDE.to_owned()
            } else {
                format!("at {place}")
            };
            return Some(self.say(here, &at));
        }
        let by_subnet = |client: &&'a Client| {
            let subnet = client.subnet.as_deref()?;
            (!crate::sites::is_common(subnet)).then_some(subnet)
        };
        let (subnet, here) = self.most(by_subnet)?;
        Some(self.say(here, &format!("in the subnet {subnet}")))
    }

    fn say(&self, here: usize, place: &str) -> String {
        let all = self.number();
        match (here == all, all) {
            (true, 2) => format!("both are {place}"),
            (true, _) => format!("all {all} are {place}"),
            (false, _) => format!("{here} of the {all} are {place}"),
        }
    }

    /// The place of more than half of them.
    fn most(&self, place: impl Fn(&&'a Client) -> Option<&'a str>) -> Option<(&'a str, usize)> {
        let mut counts: FxHashMap<&str, usize> = FxHashMap::default();
        for place in self.all.iter().filter_map(|(client, _)| place(client)) {
            *counts.entry(place).or_default() += 1;
        }
        let (most, here) = counts.into_iter().max_by_key(|(_, count)| *count)?;
        (here * 2 > self.number()).then_some((most, here))
    }
}
