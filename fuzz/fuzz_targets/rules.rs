//! Do the compiled rules say what the interpreter says, to the letter?
//!
//! The bytes decide on rules and on readings for them, by `xtask::rules`. Verdicts, evidence,
//! missing readings, keys and words of both evaluators must be equal.

#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use qualwatch::rules::facts::{Facts, ObjectId};
use qualwatch::rules::fields::{Level, Link};
use qualwatch::rules::{Outcome, Overrides, PackSource, RuleSet};
use xtask::rules::{Choices, Drawn, LIMITS, Object, readings, rule};

/// Documents for each set of rules: loading costs more than judging.
const DOCUMENTS: usize = 8;

fn fill(facts: &mut Facts, objects: &[Object]) {
    facts.clear();
    let mut ids: Vec<ObjectId> = Vec::new();
    let mut node = 0;
    for object in objects {
        let named = |level: &Level| level.name() == object.level;
        let level = Level::ALL.into_iter().find(named).expect("a level");
        node += 1;
        let id = facts.push_object(level, node);
        for (link, to) in &object.links {
            facts.link(id, Link::parse(link).expect("a link"), ids[*to]);
        }
        for (name, value) in &object.readings {
            let field = level.field(name).expect("a field");
            node += 1;
            match value {
                Drawn::Missing => facts.set_missing(id, field, node),
                Drawn::Number(value) => facts.set_number(id, field, *value, node),
                Drawn::Integer(value) => facts.set_integer(id, field, *value, node),
                Drawn::Bool(value) => facts.set_bool(id, field, *value, node),
                Drawn::Text(value) => facts.set_text(id, field, value, node),
                Drawn::List(values) => facts.set_list(id, field, values.iter().copied(), node),
            }
        }
        ids.push(id);
    }
}

fuzz_target!(|data: &[u8]| {
    let mut choices = Choices(data);
    let pack = PackSource {
        thresholds: vec![("thresholds.toml".into(), LIMITS.into())],
        files: vec![("r.rhai".into(), rule(&mut choices, 0).as_str().into())],
        ..PackSource::default()
    };
    // Typing refuses what could never or would always be true, which chance makes too.
    let Ok((set, _)) = RuleSet::from_sources(&[pack], &Overrides::none()) else {
        return;
    };
    let (mut native, mut interpreter) = (set.evaluator(), set.interpreter());
    let (mut ours, mut theirs) = (Outcome::default(), Outcome::default());
    for _ in 0..DOCUMENTS {
        let mut facts = set.facts();
        fill(&mut facts, &readings(&mut choices));
        let facts = Arc::new(facts);
        native.run(&facts, &mut ours);
        interpreter.run(&facts, &mut theirs);
        for (ours, theirs) in ours.rules.iter().zip(&theirs.rules) {
            assert_eq!(
                (ours.findings.len(), ours.quiet, ours.unknown, ours.failed),
                (
                    theirs.findings.len(),
                    theirs.quiet,
                    theirs.unknown,
                    theirs.failed
                )
            );
            assert_eq!(ours.missing, theirs.missing);
            assert_eq!(ours.fault, theirs.fault);
            for (ours, theirs) in ours.findings.iter().zip(&theirs.findings) {
                assert_eq!(ours.object, theirs.object);
                assert_eq!(ours.evidence, theirs.evidence);
                assert_eq!(ours.key, theirs.key);
                assert_eq!(
                    (&ours.title, &ours.message),
                    (&theirs.title, &theirs.message)
                );
            }
        }
    }
});
