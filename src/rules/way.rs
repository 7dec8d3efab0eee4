//! Which way each closure of a rule went: compiled, or interpreted and why.
//!
//! For people who want to know what a rule costs, and what to change where it costs too much.
//! `title` and `message` are interpreted always, where a rule fired and nowhere else.
//!
//! It decides nothing: rules were compiled when they were loaded.

use super::diagnostic::Place;
use super::expr::Unfollowed;
use super::rule::Rule;
use super::window::WindowRule;

/// One closure of a rule, and how it is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// The key it stands at: `when` or `by`.
    pub key: &'static str,
    /// `None` where it is compiled.
    pub interpreted: Option<Interpreted>,
}

/// Why the interpreter runs a closure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interpreted {
    /// Where that stands which could not be compiled.
    pub place: Place,
    /// What stands there, in words: `a loop`.
    pub reason: String,
}

pub(super) fn ways(rule: &Rule, source: &str) -> Vec<Way> {
    let way = |key, why: Option<&Unfollowed>| Way {
        key,
        interpreted: why.map(|why| Interpreted {
            place: Place::of_word(&rule.place.file, source, why.spot.0, why.spot.1),
            reason: why.reason.clone(),
        }),
    };
    let when = way("when", rule.native.when.as_ref().err());
    let by = rule.native.by.as_ref();
    std::iter::once(when)
        .chain(by.map(|by| way("by", by.as_ref().err())))
        .collect()
}

/// The closures of a window rule that are interpreted.
pub(super) fn window_ways(rule: &WindowRule, source: &str) -> Vec<Way> {
    let way = |(key, why): (&'static str, &Unfollowed)| Way {
        key,
        interpreted: Some(Interpreted {
            place: Place::of_word(&rule.place().file, source, why.spot.0, why.spot.1),
            reason: why.reason.clone(),
        }),
    };
    rule.unfollowed().into_iter().map(way).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::rules::tests::build::{Document, pack};
    use crate::rules::{Overrides, RuleSet};

    #[test]
    fn each_closure_says_which_way_it_went_and_where_it_could_not() {
        let rules = "rule(\"r\", #{\n  on: \"stream\",\n  when: |s| s.averageJitter > 30,\n  \
                     by: |s| `${s.streamId}`,\n});";
        let (set, _) =
            RuleSet::from_sources(&[pack("", rules)], &Overrides::none()).expect("rules");
        let ways = set.ways(&set.rules()[0]);
        let [when, by] = ways.as_slice() else {
            panic!("{ways:?}")
        };
        assert_eq!((when.key, &when.interpreted), ("when", &None));
        let why = by.interpreted.as_ref().expect("a reason");
        assert_eq!((why.place.line, why.place.column), (4, 11), "{why:?}");
        assert_eq!(why.reason, "a text that is put together");

        let mut document = Document::new(&set, "main-audio");
        let facts = Arc::new(set.facts());
        assert_eq!(set.evaluator().cost(0, &facts), None, "no stream");
        document.stream(&[]);
        let facts = Arc::new(document.facts);
        for evaluator in [set.evaluator(), set.interpreter()] {
            assert!(evaluator.cost(0, &facts).is_some_and(|cost| cost > 0.0));
        }
    }
}
