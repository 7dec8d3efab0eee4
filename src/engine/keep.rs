//! Which members of a record somebody asks for: what [`super::capture`] and `contribute` read.
//!
//! By name alone, so that it is a little too much; never too little, which the fuzz target
//! `direct` holds. At the root all is kept, for what tells a document's kind.

use std::collections::HashMap;
use std::sync::Arc;

use crate::rules::fields::{Level, Link};
use crate::rules::layout::Layout;
use crate::schema::direct::{Keep, Kept};

/// What is kept for rules that read what `layout` says, with a sites file or without.
pub(super) fn keep(layout: &Layout, sites: bool) -> Arc<Kept> {
    let mut kept: HashMap<Box<str>, Keep> = HashMap::new();
    let mut named = |names: &[&str], how: Keep| {
        for name in names {
            let known = kept.entry(Box::from(*name)).or_insert(how);
            *known = how.max(*known);
        }
    };
    let wants = |links: &[Link]| links.iter().any(|link| layout.wants_link(*link));
    let computes = |level: Level, name: &str| {
        let mut fields = layout.wanted(level).iter();
        fields.any(|field| field.get().computed && field.name() == name)
    };
    // The levels themselves, which session it is, and when it ended.
    named(
        &[
            "sessions",
            "segments",
            "media",
            "streams",
            "id",
            "endDateTime",
        ],
        Keep::Named,
    );
    for level in Level::ALL {
        for field in layout.wanted(level) {
            named(&[field.name()], Keep::Named);
        }
        if computes(level, "duration") {
            named(&["startDateTime"], Keep::Named);
        }
    }
    if wants(&[Link::FailureInfo, Link::Failure]) {
        named(&["failureInfo", "stage", "reason"], Keep::Named);
    }
    if wants(&[Link::Organizer]) {
        named(&["organizer", "organizer_v2", "identity"], Keep::All);
    }
    let path = computes(Level::Stream, "path");
    let media_ends = wants(&[Link::Sender, Link::Receiver, Link::Client]);
    if media_ends || path {
        named(&["streamDirection"], Keep::Named);
    }
    let ends = wants(&[Link::Caller, Link::Callee]) || media_ends;
    let feedback = layout.wants_level(Level::Feedback);
    if ends || path || feedback {
        named(&["caller", "callee"], Keep::Named);
    }
    if feedback {
        named(&["feedback"], Keep::Named);
        named(&["tokens"], Keep::All);
    }
    // Whether an end is a person's is told by many a name.
    if wants(&[Link::Client]) || path || computes(Level::Endpoint, "kind") {
        named(
            &["@odata.type", "userAgent", "cpuName", "role", "platform"],
            Keep::Named,
        );
        named(&["feedback", "identity", "associatedIdentity"], Keep::Named);
    }
    if wants(&[Link::UserAgent]) {
        named(&["userAgent"], Keep::Named);
    }
    if wants(&[Link::Identity])
        || computes(Level::Endpoint, "displayName")
        || computes(Level::Endpoint, "userId")
        || layout.wants_level(Level::Identity)
    {
        named(&["identity", "associatedIdentity"], Keep::All);
        named(&["@odata.type", "displayName"], Keep::Named);
    }
    let site = sites && wants(&[Link::Site]);
    if site {
        named(&["subnet", "ipAddress", "reflexiveIPAddress"], Keep::Named);
    }
    if site || wants(&[Link::CallerNetwork, Link::CalleeNetwork, Link::Network]) {
        named(&["callerNetwork", "calleeNetwork"], Keep::Named);
    }
    if wants(&[Link::CallerDevice, Link::CalleeDevice, Link::Device]) {
        named(&["callerDevice", "calleeDevice"], Keep::Named);
    }
    Arc::new(move |name| kept.get(name).copied().unwrap_or_default())
}
