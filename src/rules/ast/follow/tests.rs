//! Closures and what is made of them, as text.

use std::sync::{Arc, Mutex};

use rhai::{FnPtr, ImmutableString, Map};

use crate::rules::ast::Functions;
use crate::rules::engine::{LOADING, Sandbox};
use crate::rules::expr::{Expr, ExprKind as K, Followed};
use crate::rules::limits::Limits;
use crate::rules::tests::build::LIMITS;

/// The tree in a notation of its own, every operation in parentheses.
fn show(expr: &Expr) -> String {
    let list = |items: &[Expr]| items.iter().map(show).collect::<Vec<_>>().join(" ");
    let op = |name: &str| {
        let parts: Vec<String> = expr.parts().into_iter().map(show).collect();
        format!("({name} {})", parts.join(" "))
    };
    match &expr.kind {
        K::Parameter => "it".to_owned(),
        K::Property(of, name) => format!("{}.{name}", show(of)),
        K::Limit(name) => format!("limits::{name}"),
        K::Integer(value) => value.to_string(),
        K::Float(value) => format!("{value:?}"),
        K::Bool(value) => value.to_string(),
        K::Text(text) => format!("{text:?}"),
        K::Nothing => "nothing".to_owned(),
        K::List(items) => format!("[{}]", list(items)),
        K::Words(items) => format!("(words {})", list(items)),
        K::Compare(symbol, ..) => op(symbol.symbol()),
        K::Arithmetic(symbol, ..) => op(symbol.symbol()),
        K::And(..) => op("&&"),
        K::Or(..) => op("||"),
        K::Not(_) => op("!"),
        K::Negate(_) => op("neg"),
        K::Has(_) => op("has"),
        K::Note(_) => op("note"),
        K::Guard(_) => op("guard"),
        K::Certain(_) => op("certain"),
        K::OrElse(..) => op("??"),
        K::Contains(..) => op("contains"),
        K::If(..) => op("if"),
        K::InWords(_) => op("text"),
        K::Plain(name, _) => op(name),
    }
}

/// The tree of the `when` of a file's only rule.
fn tree(rules: &str) -> Followed {
    let mut sandbox = Sandbox::new(&Limits::parse(&"limits".into(), LIMITS, &mut Vec::new()));
    let registered: Arc<Mutex<Option<FnPtr>>> = Arc::default();
    let kept = registered.clone();
    sandbox
        .engine
        .register_fn("rule", move |_: ImmutableString, map: Map| {
            let when = map.get("when").cloned().and_then(|when| when.try_cast());
            *kept.lock().expect("a lock") = when;
        });
    let ast = sandbox.engine.compile(rules);
    let ast = ast.unwrap_or_else(|error| panic!("{rules}\n{error}"));
    sandbox.deadline.allow(LOADING);
    sandbox
        .engine
        .run_ast(&ast)
        .unwrap_or_else(|error| panic!("{rules}\n{error}"));
    let when = registered
        .lock()
        .expect("a lock")
        .take()
        .expect("a closure");
    Functions::of(&ast).follow(&when, (1, 1))
}

/// What is made of `when` in a file that begins with `head`.
fn followed(head: &str, when: &str) -> String {
    match tree(&format!(
        "{head} rule(\"r\", #{{ on: \"stream\", when: {when} }});"
    )) {
        Ok(expr) => show(&expr),
        Err(unfollowed) => format!("{:?}: {}", unfollowed.spot, unfollowed.reason),
    }
}

#[test]
fn operators_and_properties_keep_their_shape() {
    for (when, want) in [
        (
            "|s| s.averageJitter > limits::jitter",
            "(> it.averageJitter limits::jitter)",
        ),
        (
            "|s| s.media.label == \"x\" && !(s.maxJitter >= 1.5) || true",
            "(|| (&& (== it.media.label \"x\") (! (>= it.maxJitter 1.5))) true)",
        ),
        (
            "|s| (s.averageJitter < 1) ?? (s.maxJitter < -2) ?? false",
            "(?? (?? (< it.averageJitter 1) (< it.maxJitter -2)) false)",
        ),
        (
            "|s| s.media.label in [\"a\", \"b\"] || s.path !in [\"c\"]",
            "(|| (contains [\"a\" \"b\"] it.media.label) (! (contains [\"c\"] it.path)))",
        ),
        (
            "|s| s.client.feedback.tokens.contains(\"a\") && contains(s.media.label, \"b\")",
            "(&& (contains it.client.feedback.tokens \"a\") (contains it.media.label \"b\"))",
        ),
        (
            "|s| -(s.averageJitter + 1) * 2 / 3 % 4 - 5 > 0",
            "(> (- (% (/ (* (neg (+ it.averageJitter 1)) 2) 3) 4) 5) 0)",
        ),
        (
            "|s| has(s.path) && note(s.path) && guard(has(s.media)) && certain(has(s.call))",
            "(&& (&& (&& (has it.path) (note it.path)) (guard (has it.media))) (certain (has it.call)))",
        ),
        (
            "|s| (s.client).network.subnet == `a${s.path}b`",
            "(== it.client.network.subnet (words \"a\" it.path \"b\"))",
        ),
        (
            "|s| s.averageJitter.to_string() == \"3\"",
            "(== (text it.averageJitter) \"3\")",
        ),
    ] {
        assert_eq!(followed("", when), want, "{when}");
    }
}

#[test]
fn helpers_and_constants_are_put_in() {
    let helpers = "const LEAST = 3; const NAMES = [\"a\"]; const J = limits::jitter;
        fn over(x, most) { x > most }
        fn bad(s) { let j = s.averageJitter; const M = 7; over(j, M) && over(s.media.session.duration, 2) }
        fn early(s) { if certain(has(s.path)) { return true; } s.wasMediaBypassed }
        fn choice(s) { if certain(has(s.path)) { 1 } else if true { 2 } else { 3 } }
        fn always(s) { true }
        fn contains(whole, part) { whole == [part] }
        fn twice(s) { let s = s.media; s.label }";
    for (when, want) in [
        (
            "|s| bad(s)",
            "(&& (> it.averageJitter 7) (> it.media.session.duration 2))",
        ),
        ("|s| s.averageJitter > LEAST", "(> it.averageJitter 3)"),
        ("|s| s.path in NAMES", "(== [\"a\"] [it.path])"),
        (
            "|s| s.averageJitter > J",
            "(> it.averageJitter limits::jitter)",
        ),
        (
            "Fn(\"bad\")",
            "(&& (> it.averageJitter 7) (> it.media.session.duration 2))",
        ),
        (
            "|s| early(s)",
            "(if (certain (has it.path)) true it.wasMediaBypassed)",
        ),
        (
            "|s| choice(s) == 1",
            "(== (if (certain (has it.path)) 1 (if true 2 3)) 1)",
        ),
        ("|s| always(s)", "true"),
        ("|s| twice(s) == \"x\"", "(== it.media.label \"x\")"),
        ("|s| { return s.wasMediaBypassed; }", "it.wasMediaBypassed"),
        ("|s| s.wasMediaBypassed", "it.wasMediaBypassed"),
    ] {
        assert_eq!(followed(helpers, when), want, "{when}");
    }
}

#[test]
fn what_cannot_be_followed_says_where_and_why() {
    let deep = (0..20)
        .map(|n| format!("let x{} = !(!(!(!(!(!(!x{n}))))));", n + 1))
        .collect::<String>();
    let deep = format!("|s| {{ let x0 = s.wasMediaBypassed; {deep} x20 }}");
    let doubling = (0..20)
        .map(|n| format!("let x{} = x{n} && x{n};", n + 1))
        .collect::<String>();
    let doubling = format!("|s| {{ let x0 = s.wasMediaBypassed; {doubling} x20 }}");
    let too_large = "more than can be followed, once its functions are put in";
    for (head, when, want) in [
        ("", "|s| { for x in [1] { } true }", "a loop"),
        ("", "|s| { let x = 1; x += 1; x == 2 }", "an assignment"),
        (
            "",
            "|s| { s.wasMediaBypassed; true }",
            "a value that is not used",
        ),
        (
            "",
            "|s| { let x = s.averageJitter > \"x\"; true }",
            "`x`, which is never read",
        ),
        (
            "fn f(s, x) { has(s.path) }",
            "|s| f(s, s.path > 3)",
            "`f`, which never reads `x`",
        ),
        ("fn f(s) { f(s) }", "|s| f(s)", "`f`, which calls itself"),
        ("", "|s| #{ a: 1 }.a == 1", "a map"),
        ("", "|s| { let f = |x| x; true }", "a closure in a closure"),
        ("", "|s| { throw \"x\" }", "a `throw`"),
        (
            "fn f() { true }",
            "|s| s.f()",
            "`.f(…)`, a function called with `this`",
        ),
        ("", "|s| type_of(s) == \"x\"", "a call of `type_of`"),
        ("", &deep, too_large),
        ("", &doubling, too_large),
    ] {
        let said = followed(head, when);
        assert!(said.ends_with(&format!(": {want}")), "{when}\n{said}");
    }
    assert_eq!(
        followed("", "|s| { for x in [1] { } true }"),
        "(1, 41): a loop"
    );
}

#[test]
fn spots_are_those_of_names_signs_and_constants() {
    let rules = "const C = 3;\nfn f(s) {\n  s.maxJitter\n}\nrule(\"r\", #{ on: \"stream\",\n when: |s| f(s) > C });";
    let expr = tree(rules).expect("followed");
    let spots: Vec<_> = expr.parts().iter().map(|part| part.spot).collect();
    assert_eq!((expr.spot, spots), ((6, 17), vec![(3, 5), (6, 19)]));
}
