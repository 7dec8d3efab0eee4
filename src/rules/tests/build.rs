//! Small documents by hand, and rules from text.

use std::sync::Arc;

use crate::rules::facts::{Facts, ObjectId};
use crate::rules::fields::{Kind, Level, Link};
use crate::rules::{Outcome, Overrides, PackSource, RuleSet};

/// A value for a field.
#[derive(Clone, Copy)]
pub(crate) enum Set<'a> {
    N(f64),
    I(i64),
    B(bool),
    T(&'a str),
    L(&'a [&'a str]),
}

/// One call with one session, segment, media and, where wanted, streams.
pub(crate) struct Document {
    pub(crate) facts: Facts,
    pub(crate) session: ObjectId,
    pub(crate) media: ObjectId,
    next: u32,
}

impl Document {
    pub(crate) fn new(set: &RuleSet, label: &str) -> Document {
        let mut facts = set.facts();
        let call = facts.push_object(Level::Call, 0);
        let session = facts.push_object(Level::Session, 1);
        let segment = facts.push_object(Level::Segment, 2);
        let media = facts.push_object(Level::Media, 3);
        facts.link(session, Link::Call, call);
        facts.link(segment, Link::Session, session);
        facts.link(media, Link::Segment, segment);
        facts.link(media, Link::Session, session);
        let mut document = Document {
            facts,
            session,
            media,
            next: 10,
        };
        document.set(session, "duration", Set::N(25_547.0));
        document.set(media, "label", Set::T(label));
        document
    }

    pub(crate) fn stream(&mut self, fields: &[(&str, Set<'_>)]) -> ObjectId {
        let stream = self.object(Level::Stream, fields);
        self.facts.link(stream, Link::Media, self.media);
        self.facts.link(stream, Link::Session, self.session);
        stream
    }

    pub(crate) fn object(&mut self, level: Level, fields: &[(&str, Set<'_>)]) -> ObjectId {
        let node = self.node();
        let object = self.facts.push_object(level, node);
        for (name, value) in fields {
            self.set(object, name, *value);
        }
        object
    }

    fn node(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    pub(crate) fn set(&mut self, object: ObjectId, name: &str, value: Set<'_>) -> u32 {
        let field = self.facts.level(object).field(name).expect(name);
        let node = self.node();
        let facts = &mut self.facts;
        match value {
            Set::N(value) => facts.set_number(object, field, value, node),
            Set::I(value) if field.get().kind == Kind::Integer => {
                facts.set_integer(object, field, value, node);
            }
            Set::I(_) => panic!("{name} is no integer"),
            Set::B(value) => facts.set_bool(object, field, value, node),
            Set::T(value) => facts.set_text(object, field, value, node),
            Set::L(values) => facts.set_list(object, field, values.iter().copied(), node),
        }
        node
    }

    pub(crate) fn run(self, set: &RuleSet) -> Outcome {
        self.said(set, true)
    }

    /// What the compiled rules say, or the interpreter by itself.
    pub(crate) fn said(self, set: &RuleSet, native: bool) -> Outcome {
        let mut outcome = Outcome::default();
        let facts = Arc::new(self.facts);
        let mut evaluator = if native {
            set.evaluator()
        } else {
            set.interpreter()
        };
        evaluator.run(&facts, &mut outcome);
        assert!(Arc::try_unwrap(facts).is_ok(), "a rule kept the document");
        outcome
    }
}

/// Texts as one pack.
pub(crate) fn pack(thresholds: &str, rules: &str) -> PackSource {
    PackSource {
        thresholds: vec![("rules/thresholds.toml".into(), thresholds.into())],
        files: vec![("rules/test.rhai".into(), rules.into())],
        whole: true,
        unread: false,
    }
}

pub(crate) const LIMITS: &str =
    "loss = \"10%\"\njitter = \"30ms\"\npackets = 500\nframes = \"50%\"\n";

/// A set with one rule `r` on streams.
pub(crate) fn stream_rule(when: &str) -> RuleSet {
    let rule = format!("rule(\"r\", #{{ on: \"stream\", when: |s| {when} }});");
    match RuleSet::from_sources(&[pack(LIMITS, &rule)], &Overrides::none()) {
        Ok((set, _)) => set,
        Err(errors) => panic!("{when}\n{errors}"),
    }
}

/// A rule's outcome on a single stream, in short: `fired`, `quiet`, `unknown`, or the fault.
pub(crate) fn verdict(when: &str, fields: &[(&str, Set<'_>)]) -> (String, Outcome) {
    let set = stream_rule(when);
    let mut document = Document::new(&set, "main-audio");
    document.stream(fields);
    let outcome = document.run(&set);
    let rule = &outcome.rules[0];
    let said = match (&rule.fault, rule.findings.len(), rule.quiet, rule.unknown) {
        (Some(fault), ..) => fault.message.clone(),
        (None, 1, 0, 0) => "fired".to_owned(),
        (None, 0, 1, 0) => "quiet".to_owned(),
        (None, 0, 0, 1) => "unknown".to_owned(),
        other => panic!("{other:?}"),
    };
    (said, outcome)
}

/// The evidence of the only finding, one comparison a line.
pub(crate) fn evidence(outcome: &Outcome) -> Vec<String> {
    outcome.rules[0].findings[0]
        .evidence
        .iter()
        .map(|comparison| {
            let limit = match &comparison.limit_name {
                Some(name) => format!("{} ({name})", comparison.limit),
                None => comparison.limit.to_string(),
            };
            format!(
                "{} {} {} {limit} {}",
                comparison.reading.source.field.name(),
                comparison.value,
                comparison.op.symbol(),
                comparison.unit.name()
            )
            .trim_end()
            .to_owned()
        })
        .collect()
}
