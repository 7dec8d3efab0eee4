//! The compiled rules and the interpreter say the same, to the letter, of anything.
//!
//! Rules and readings are drawn by `xtask::rules`; the fuzz target `rules` draws from the same.

use std::sync::Arc;

use proptest::prelude::*;
use xtask::rules::{Choices, Drawn, LIMITS, Object, readings, rule};

use super::build::pack;
use crate::rules::facts::{Facts, ObjectId};
use crate::rules::fields::{Level, Link};
use crate::rules::{Outcome, Overrides, RuleSet};

/// Fills `facts` with what was drawn; each object and value has a place of its own.
fn fill(facts: &mut Facts, objects: &[Object]) {
    facts.clear();
    let mut ids: Vec<ObjectId> = Vec::new();
    let mut node = 0;
    for object in objects {
        let level = Level::ALL
            .into_iter()
            .find(|level| level.name() == object.level);
        let level = level.expect("a level");
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

/// Holds the two against each other on one document.
fn agree(set: &RuleSet, objects: &[Object], file: &str) {
    let mut facts = set.facts();
    fill(&mut facts, objects);
    let facts = Arc::new(facts);
    let (mut native, mut interpreted) = (Outcome::default(), Outcome::default());
    set.evaluator().run(&facts, &mut native);
    set.interpreter().run(&facts, &mut interpreted);
    for (rule, (a, b)) in set
        .rules()
        .iter()
        .zip(native.rules.iter().zip(&interpreted.rules))
    {
        let about = || format!("{}\n{file}\n{objects:#?}", rule.name());
        let counts = |said: &crate::rules::RuleOutcome| {
            (said.findings.len(), said.quiet, said.unknown, said.failed)
        };
        assert_eq!(counts(a), counts(b), "{}", about());
        assert_eq!(a.missing, b.missing, "{}", about());
        assert_eq!(a.fault, b.fault, "{}", about());
        for (a, b) in a.findings.iter().zip(&b.findings) {
            assert_eq!(a.object, b.object, "{}", about());
            assert_eq!(a.evidence, b.evidence, "{}", about());
            assert_eq!(a.key, b.key, "{}", about());
            assert_eq!(
                (&a.title, &a.message),
                (&b.title, &b.message),
                "{}",
                about()
            );
        }
    }
}

/// Rules that load, of some that are drawn. Typing refuses what could never or would always be
/// true, which chance makes too.
fn loaded(choices: &mut Choices<'_>) -> Option<(RuleSet, String)> {
    let mut sound = pack(LIMITS, "");
    sound.files.clear();
    for number in 0..3 {
        let file = rule(choices, number);
        let name = format!("r{number}.rhai");
        let alone = pack(LIMITS, &file);
        if RuleSet::from_sources(&[alone], &Overrides::none()).is_ok() {
            sound.files.push((name.into(), file.into()));
        }
    }
    let files: Vec<&str> = sound.files.iter().map(|(_, file)| &**file).collect();
    let shown = files.join("\n");
    let (set, _) = RuleSet::from_sources(&[sound], &Overrides::none()).ok()?;
    Some((set, shown))
}

fn check(bytes: &[u8]) -> (usize, usize) {
    let mut choices = Choices(bytes);
    let Some((set, shown)) = loaded(&mut choices) else {
        return (0, 0);
    };
    for _ in 0..3 {
        agree(&set, &readings(&mut choices), &shown);
    }
    let compiled = set.rules().iter().filter(|rule| rule.native.when.is_ok());
    (compiled.count(), set.rules().len())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_compiled_rule_says_what_the_interpreter_says(
        bytes in prop::collection::vec(any::<u8>(), 0..2000),
    ) {
        check(&bytes);
    }
}

#[test]
fn most_rules_that_are_drawn_are_compiled() {
    let (mut compiled, mut all) = (0, 0);
    let mut seed = 1_u64;
    for _ in 0..50 {
        let bytes: Vec<u8> = (0..1000)
            .map(|_| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (seed >> 56) as u8
            })
            .collect();
        let (some, of) = check(&bytes);
        compiled += some;
        all += of;
    }
    assert!(compiled * 10 >= all * 8, "{compiled} of {all}");
}
