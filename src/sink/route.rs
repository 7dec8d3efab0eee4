//! Which sinks get an alert, and why.
//!
//! Routes are tried in their order; the first that fits decides, unless it says
//! `continue`. Without routes every sink gets every alert. Pure: it is asked
//! the same by the program at work and by `qualwatch routes`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Told;
use crate::rules::Severity;

/// One `[[route]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// the line in its file, to name it by
    pub line: usize,
    /// names of rules, with `*` for anything; empty: any
    pub rules: Vec<String>,
    /// this severity or worse
    pub severity: Option<Severity>,
    /// labels that the rule must have, with `*` for anything
    pub labels: BTreeMap<String, String>,
    /// the names of the sinks
    pub sinks: Vec<Arc<str>>,
    /// whether later routes are tried too
    pub goes_on: bool,
}

/// Why one route did or did not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// the route's line
    pub line: usize,
    /// what did not fit; `None`: all did
    pub misfit: Option<String>,
}

/// Who gets an alert.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routed {
    /// the sinks, each once, in the order of the routes
    pub sinks: Vec<Arc<str>>,
    /// the routes that were tried
    pub tried: Vec<Tried>,
}

impl Route {
    /// What does not fit.
    fn misfit(&self, told: &Told) -> Option<String> {
        let rule = told.rule();
        if !self.rules.is_empty() && !self.rules.iter().any(|pattern| fits(pattern, rule)) {
            return Some(format!(
                "the rule is {rule}, not {}",
                self.rules.join(" or ")
            ));
        }
        if let Some(least) = self.severity {
            let severity = severity_of(told.severity());
            if severity.is_none_or(|severity| severity < least) {
                return Some(format!(
                    "the severity is {}, below {}",
                    told.severity(),
                    least.name()
                ));
            }
        }
        for (name, pattern) in &self.labels {
            let value = told.labels().find(|(label, _)| label == name);
            match value {
                None => return Some(format!("it has no label {name}")),
                Some((_, value)) if !fits(pattern, value) => {
                    return Some(format!("its label {name} is {value}, not {pattern}"));
                }
                Some(_) => {}
            }
        }
        None
    }
}

/// A severity by its name.
pub(crate) fn severity_of(name: &str) -> Option<Severity> {
    [Severity::Info, Severity::Warning, Severity::Critical]
        .into_iter()
        .find(|severity| severity.name() == name)
}

/// The sinks of an alert; `all` are those that get it where there are no routes.
pub fn route(routes: &[Route], all: &[Arc<str>], told: &Told) -> Routed {
    let mut routed = Routed::default();
    if routes.is_empty() {
        routed.sinks = all.to_vec();
        return routed;
    }
    for route in routes {
        let misfit = route.misfit(told);
        let fitted = misfit.is_none();
        routed.tried.push(Tried {
            line: route.line,
            misfit,
        });
        if fitted {
            for sink in &route.sinks {
                if !routed.sinks.contains(sink) {
                    routed.sinks.push(Arc::clone(sink));
                }
            }
            if !route.goes_on {
                break;
            }
        }
    }
    routed
}

/// Whether `text` is `pattern`, in which `*` stands for anything.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(rest) = text.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    let mut rest = rest;
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::sample;

    fn told() -> Told {
        Told::read(sample::alert_json()).expect("an alert")
    }

    fn to(sink: &str) -> Route {
        Route {
            line: 1,
            rules: Vec::new(),
            severity: None,
            labels: BTreeMap::new(),
            sinks: vec![sink.into()],
            goes_on: false,
        }
    }

    #[test]
    fn patterns_have_stars_and_nothing_else() {
        for (pattern, text, fit) in [
            ("poor-*", "poor-audio", true),
            ("*", "", true),
            ("*audio", "poor-audio", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c", false),
            ("poor-audio", "poor-audio-2", false),
            ("ab*ba", "aba", false),
            ("", "x", false),
        ] {
            assert_eq!(fits(pattern, text), fit, "{pattern} {text}");
        }
    }

    #[test]
    fn the_first_route_that_fits_decides_unless_it_goes_on() {
        let critical = Route {
            severity: Some(Severity::Critical),
            ..to("pager")
        };
        let audio = Route {
            rules: vec!["poor-*".into()],
            goes_on: true,
            ..to("chat")
        };
        let team = Route {
            labels: [("team".to_owned(), "voice".to_owned())].into(),
            ..to("mail")
        };
        let other = Route {
            labels: [("team".to_owned(), "video".to_owned())].into(),
            ..to("mail")
        };
        let routes = [critical, other, audio, team, to("rest")];
        let routed = route(&routes, &[], &told());
        assert_eq!(routed.sinks, ["chat".into(), "mail".into()]);
        let misfits: Vec<_> = routed
            .tried
            .iter()
            .map(|tried| tried.misfit.as_deref())
            .collect();
        assert_eq!(
            misfits,
            [
                Some("the severity is warning, below critical"),
                Some("its label team is voice, not video"),
                None,
                None,
            ]
        );
    }

    #[test]
    fn without_routes_every_sink_gets_every_alert() {
        let all = ["a".into(), "b".into()];
        assert_eq!(route(&[], &all, &told()).sinks, all);
    }
}
