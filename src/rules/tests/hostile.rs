//! Scripts that mean harm, or are merely wrong: each ends in time and stops no other rule.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::build::{Document, LIMITS, Set, pack};
use crate::rules::fields::Level;
use crate::rules::{FaultKind, MOST_RUNAWAYS, Outcome, Overrides, RuleSet};

const BODIES: &[&str] = &[
    "loop { }",
    "while true { let x = 1; }",
    "do { } while true",
    "for x in 0..9223372036854775807 { }",
    "try { loop { } } catch { loop { } }",
    "{ let a = \"x\"; loop { a += a; } }",
    "{ let a = \"x\"; for i in 0..99999 { a = `${a}${a}`; } }",
    "{ let a = [1]; loop { a += a; } }",
    "{ let a = [[1]]; loop { a = [a, a, a, a]; } }",
    "{ let m = #{}; for i in 0..99999 { m[i.to_string()] = i; } }",
    "{ let m = #{}; loop { m = #{ a: m, b: m }; } }",
    "again(s)",
    "{ let f = |f| f.call(f); f.call(f) }",
    "{ let f = |g, n| g.call(g, n + 1); f.call(f, 0) }",
    "Fn(\"again\").call(s)",
    "{ let t = true; for i in 0..99999 { t = t && s.averageJitter > i; } t }",
    "{ let x = s.averageJitter; loop { x = x + x; } }",
    "{ let x = s.averageJitter; loop { x = x + s.maxJitter; } }",
    "[1][1] > 2",
    "1 / 0 > 1",
    "9223372036854775807 + 1 > 1",
    "throw \"no\"",
    "(((((((((((((((((((1)))))))))))))))))))",
    "s.averageJitter = 3",
    "s = 3",
    "s.media.media.media",
    "contains([[1]], 1)",
    "type_of(s) == 3",
    "this > 3",
];

const FILES: &[&str] = &[
    "loop { }",
    "fn f() { f() } f();",
    "eval(\"1\")",
    "import \"x\" as y;",
    "export let x = 1;",
    "print(\"x\")",
    "debug(\"x\")",
    "sleep(5)",
    "exit(1)",
    "let x = timestamp();",
    "let s = \"x\"; s.pad(100000000000, \"y\");",
    "let s = \"aaaa\"; s.replace(\"a\", s);",
    "let b = blob(100000000000);",
    "let s = \"x\"; loop { s += s; }",
    "let a = []; loop { a += [a, a]; }",
    "let i = 0; loop { rule(\"r-\" + i.to_string(), #{}); i += 1; }",
    "rule(1, 2)",
    "rule()",
    "rule(\"a\")",
    "\"unfinished",
    "#{ a: #{ b: ",
    "}}}}",
    "let f = |x| x; rule(\"a\", #{ on: \"stream\", when: f.curry(1) }); f = 3; loop { }",
    "parse_json(\"{\")",
    "let x = 1; let f = || { x += 1; f.call() }; f.call();",
];

fn neighbour() -> String {
    "rule(\"neighbour\", #{ on: \"stream\", when: |s| s.averageJitter > limits::jitter });\n\
     fn again(s) { again(s) }\n"
        .to_owned()
}

fn one_stream(set: &RuleSet, fields: &[(&str, Set<'_>)]) -> Arc<crate::rules::facts::Facts> {
    let mut document = Document::new(set, "main-audio");
    document.stream(fields);
    Arc::new(document.facts)
}

#[test]
fn each_hostile_body_is_a_fault_of_its_own_rule_alone() {
    for body in BODIES {
        let rule = format!("rule(\"hostile\", #{{ on: \"stream\", when: |s| {body} }});");
        let text = format!("{}{rule}", neighbour());
        let start = Instant::now();
        let (set, _) = match RuleSet::from_sources(&[pack(LIMITS, &text)], &Overrides::none()) {
            Ok(loaded) => loaded,
            Err(_) => continue,
        };
        let facts = one_stream(&set, &[("averageJitter", Set::N(31.0))]);
        let mut outcome = Outcome::default();
        set.evaluator().run(&facts, &mut outcome);
        let took = start.elapsed();
        assert!(took < Duration::from_millis(1_000), "{body}: {took:?}");
        assert_eq!(outcome.rules[0].findings.len(), 1, "{body}");
        let hostile = &outcome.rules[1];
        assert_eq!(hostile.findings.len(), 0, "{body}");
        assert_eq!(
            hostile.failed + hostile.unknown + hostile.quiet,
            1,
            "{body}"
        );
    }
}

#[test]
fn each_hostile_file_does_not_load_and_says_why() {
    let deep = format!("let x = {}1{};", "(".repeat(5_000), ")".repeat(5_000));
    let wide = format!("let x = [{}];", "1,".repeat(200_000));
    let long = format!("let x = \"{}\";", "x".repeat(500_000));
    let many = (0..2_000)
        .map(|i| format!("fn f{i}() {{ {i} }}\n"))
        .collect::<String>();
    let built = [deep.as_str(), &wide, &long, &many];
    for text in FILES.iter().copied().chain(built) {
        let start = Instant::now();
        let loaded = RuleSet::from_sources(&[pack(LIMITS, text)], &Overrides::none());
        let took = start.elapsed();
        let shown: String = text.chars().take(60).collect();
        let errors = loaded.err().unwrap_or_else(|| panic!("it loads: {shown}"));
        assert!(!errors.problems.is_empty(), "{shown}");
        assert!(took < Duration::from_millis(1_500), "{shown}: {took:?}");
    }
}

/// The deepest script that still loads, on the smallest stack a thread of ours may have.
#[test]
fn the_deepest_recursion_that_loads_fits_the_stack() {
    let mut loaded = 0;
    for depth in [4, 8, 16, 24, 28, 30, 31, 32, 40, 48, 60, 61, 62, 63, 64] {
        for (open, close) in [
            ("1 + (", ")"),
            ("-(", ")"),
            ("if true { ", " } else { 1 }"),
            ("[", "][0]"),
            ("`${", "}`"),
        ] {
            let body = format!("{}again(s){}", open.repeat(depth), close.repeat(depth));
            let text = format!(
                "fn again(s) {{ {body} }}\n\
                 rule(\"r\", #{{ on: \"stream\", when: |s| {body} > 3 }});"
            );
            let pack = pack(LIMITS, &text);
            let Ok((set, _)) = RuleSet::from_sources(&[pack], &Overrides::none()) else {
                continue;
            };
            loaded += 1;
            let facts = one_stream(&set, &[]);
            let mut outcome = Outcome::default();
            set.evaluator().run(&facts, &mut outcome);
            assert_eq!(outcome.rules[0].failed, 1, "{body}");
        }
    }
    assert!(loaded > 10, "{loaded}");
}

#[test]
fn a_rule_that_keeps_running_away_is_disabled_and_the_others_go_on() {
    let text = neighbour() + "rule(\"hostile\", #{ on: \"stream\", when: |s| again(s) });";
    let (set, _) =
        RuleSet::from_sources(&[pack(LIMITS, &text)], &Overrides::none()).expect("rules");
    let mut evaluator = set.evaluator();
    let mut outcome = Outcome::default();
    let mut document = Document::new(&set, "main-audio");
    for _ in 0..3 {
        document.stream(&[("averageJitter", Set::N(31.0))]);
    }
    assert_eq!(document.facts.objects(Level::Stream).len(), 3);
    let facts = Arc::new(document.facts);
    for _ in 0..MOST_RUNAWAYS {
        evaluator.run(&facts, &mut outcome);
        let fault = outcome.rules[1].fault.as_ref().expect("a fault");
        assert_eq!(fault.kind, FaultKind::Runaway, "{fault}");
        assert_eq!(outcome.rules[1].failed, 3);
        assert_eq!(outcome.rules[0].findings.len(), 3);
    }
    set.evaluator().run(&facts, &mut outcome);
    let fault = outcome.rules[1].fault.as_ref().expect("a fault");
    assert_eq!(
        (fault.kind, outcome.rules[1].failed),
        (FaultKind::Disabled, 3)
    );
    assert_eq!(outcome.rules[0].findings.len(), 3);
}

#[test]
fn deep_nesting_of_any_kind_is_refused_before_it_costs_the_stack() {
    for (open, middle, close) in [
        ("(", "1", ")"),
        ("[", "1", "]"),
        ("#{ a: ", "1", "}"),
        ("{", "1", "}"),
        ("!", "true", ""),
        ("- ", "1", ""),
        ("|a| ", "1", ""),
        ("|| ", "1", ""),
        ("if true { ", "1", " }"),
        ("if true { 1 } else ", "{ 1 }", ""),
        ("while true { ", "1", " }"),
        ("for i in [1] { ", "1", " }"),
        ("try { ", "1", " } catch { }"),
        ("switch 1 { 1 => ", "1", " }"),
        ("`${", "1", "}`"),
        ("s.media", "", ""),
        ("a.", "a", ""),
        ("a[", "0", "]"),
        ("has(", "1", ")"),
        ("1 + ", "1", ""),
        ("1 ?? ", "1", ""),
        ("1 in ", "1", ""),
        ("2 ** ", "1", ""),
        ("return ", "1", ""),
        ("throw ", "1", ""),
        ("let a = ", "1", ""),
        ("/* ", "", "*/ "),
        ("fn f() { ", "1", " }"),
        ("rule(\"a\", #{ on: ", "1", " })"),
        ("limits::", "a", ""),
        ("a?.", "a", ""),
        ("a().", "a()", ""),
    ] {
        for depth in [100, 1_000, 20_000] {
            let body = format!("{}{middle}{}", open.repeat(depth), close.repeat(depth));
            let start = Instant::now();
            for text in [
                format!("let x = {body};"),
                format!("rule(\"a\", #{{ on: \"stream\", when: |s| {body} }});"),
            ] {
                let loaded = RuleSet::from_sources(&[pack(LIMITS, &text)], &Overrides::none());
                drop(loaded);
            }
            let took = start.elapsed();
            assert!(
                took < Duration::from_millis(3_000),
                "{open} x {depth}: {took:?}"
            );
        }
    }
}

const TOKENS: &[&str] = &[
    "s",
    ".",
    "media",
    "label",
    "averageJitter",
    "limits::",
    "jitter",
    ">",
    "<",
    "==",
    "&&",
    "||",
    "!",
    "??",
    "in",
    "has(",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "#{",
    ":",
    ",",
    ";",
    "|s|",
    "||",
    "let",
    "const",
    "x",
    "=",
    "+=",
    "+",
    "-",
    "*",
    "/",
    "%",
    "1",
    "0.5",
    "\"a\"",
    "`${",
    "}`",
    "if",
    "else",
    "while",
    "loop",
    "for",
    "true",
    "false",
    "()",
    "fn",
    "f",
    "again(",
    "return",
    "throw",
    "try",
    "catch",
    "switch",
    "=>",
    "_",
    "rule(",
    "\"r\"",
    "on",
    "when",
    "\"stream\"",
    "?.",
    "..",
    "this",
    "contains(",
    "certain(",
    "note(",
    "Fn(",
    "call(",
    "curry(",
    "type_of(",
    "\n",
    "//",
    "/*",
    "ü",
];

/// Words in any order: whatever they say, loading and asking end, and nothing panics.
#[test]
fn scripts_made_of_random_words_end() {
    let rounds: u32 = std::env::var("QUALWATCH_ROUNDS")
        .ok()
        .map_or(150, |n| n.parse().expect("n"));
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut asked = 0;
    for _ in 0..rounds {
        let words: Vec<&str> = (0..1 + next(14))
            .map(|_| TOKENS[next(TOKENS.len())])
            .collect();
        let body = words.join(" ");
        let rule = format!("rule(\"r\", #{{ on: \"stream\", when: |s| {{ {body} }} }});");
        for text in [rule, body] {
            let pack = pack(LIMITS, &text);
            let start = Instant::now();
            if let Ok((set, _)) = RuleSet::from_sources(&[pack], &Overrides::none()) {
                let facts = one_stream(&set, &[("averageJitter", Set::N(31.0))]);
                let mut outcome = Outcome::default();
                set.evaluator().run(&facts, &mut outcome);
                for rule in &outcome.rules {
                    let panicked = rule
                        .fault
                        .as_ref()
                        .is_some_and(|fault| fault.kind == FaultKind::Panic);
                    assert!(!panicked, "{text}");
                    asked += 1;
                }
            }
            assert!(start.elapsed() < Duration::from_millis(2_000), "{text}");
        }
    }
    assert!(asked > 0);
}
