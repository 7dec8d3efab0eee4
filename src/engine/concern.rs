//! Of what do a document's alerts tell? Where they stand, and whatever speaks for that.

use crate::record::NodeIndex;
use crate::rules::Outcome;
use crate::rules::facts::{Facts, NO_NODE, ObjectId};
use crate::rules::fields::{Level, Link};

/// The nodes that the alerts of an outcome tell of, each with all that is in it.
pub(super) fn concerned(facts: &Facts, outcome: &Outcome, into: &mut Vec<NodeIndex>) {
    into.clear();
    for finding in outcome.rules.iter().flat_map(|said| &said.findings) {
        let session = concern(facts, finding.object, into);
        for comparison in &finding.evidence {
            let readings = std::iter::once(&comparison.reading).chain(&comparison.others);
            for reading in readings {
                into.push(reading.source.node);
                // What is said of a session may stand in any of its segments.
                let level = reading.source.field.get().level;
                if matches!(level, Level::Feedback | Level::FailureInfo) {
                    into.extend(session);
                }
            }
        }
    }
    into.retain(|node| *node != NO_NODE);
}

/// Adds what tells of an object, with all that is in it; gives its session.
pub(super) fn concern(
    facts: &Facts,
    object: ObjectId,
    concerned: &mut Vec<NodeIndex>,
) -> Option<NodeIndex> {
    let up = |level, link| match facts.level(object) == level {
        true => Some(facts.node(object)),
        false => Some(facts.node(facts.follow(object, link)?)),
    };
    let session = up(Level::Session, Link::Session);
    // Without a media of its own all of the session speaks for it.
    concerned.extend(up(Level::Media, Link::Media).or(session));
    session
}
