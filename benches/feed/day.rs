//! A feed as windows see it: the calls of a few days in the order in which they ended, through the
//! engine and into the windows.

use std::sync::Arc;

use qualwatch::engine::Checker;
use qualwatch::{Engine, Input, OverTime, over_time};

use super::{Feed, Tally, add};

/// The feed on one day, in the order in which its calls ended: so windows have something in them.
pub(crate) fn one_day(feed: &Feed) -> Feed {
    let date = regex::Regex::new("20[0-9]{2}-[0-9]{2}-[0-9]{2}T").expect("a pattern");
    let day = |text: &String| {
        let mut days: Vec<&str> = date.find_iter(text).map(|found| found.as_str()).collect();
        days.sort_unstable();
        days.dedup();
        let mut text = text.clone();
        for (at, day) in days.iter().enumerate() {
            text = text.replace(day, &format!("2026-01-{:02}T", 13 + at));
        }
        text
    };
    let mut texts: Vec<String> = feed.texts.iter().map(day).collect();
    texts.sort_by_key(|text| {
        text.find("endDateTime")
            .map(|at| text[at..at + 40].to_owned())
    });
    Feed {
        name: feed.name,
        texts,
        planted: feed.planted,
    }
}

/// Takes each text through the engine and the windows; a pass begins with nothing remembered.
pub(crate) fn over_time(
    engine: &Arc<Engine>,
    checker: &mut Checker,
    stages: &mut Vec<OverTime>,
    texts: &[String],
    first: &str,
) -> Tally {
    // What was remembered goes when all is measured: no job of a user's forgets everything at once.
    if stages.is_empty() || texts.first().is_some_and(|text| text == first) {
        let options = over_time::Options::default();
        stages.push(OverTime::new(Arc::clone(engine), options));
    }
    let stage = stages.last_mut().expect("there is one");
    let mut tally = Tally::default();
    for text in texts {
        let mut report = checker.check(Input::new(text.as_bytes(), "feed"));
        add(&report, &mut tally);
        std::hint::black_box(stage.take(&mut report, engine.rules()));
    }
    tally
}
