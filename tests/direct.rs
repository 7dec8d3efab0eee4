//! What a text alone tells, and what its tape tells: the same report.

use qualwatch::{Engine, Input};
use xtask::generate::{Mix, Plan, documents};

#[test]
fn most_of_the_feed_needs_no_tape() {
    let engine = Engine::builder().build().expect("an engine");
    let plan = Plan {
        seed: 7,
        documents: 200,
        mix: Mix::tenth_alerting(),
        sessions: None,
    };
    let (mut text, mut tape) = (engine.checker(), engine.checker().on_tape());
    for document in documents(&plan) {
        let input = Input::new(document.text.as_bytes(), "feed");
        let (a, b) = (text.check(input), tape.check(input));
        assert_eq!(a.verdict, b.verdict);
        assert_eq!(a.alerts.len(), b.alerts.len());
    }
    assert_eq!((text.read_directly(), tape.read_directly()), (200, 0));
}
