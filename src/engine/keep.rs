//! Which members of a record somebody asks for: what [`super::capture`] and `contribute` read, and what
//! alerts tell besides.
//!
//! By name alone, so that it is a little too much; never too little, which the fuzz target
//! `direct` holds. At the root all is kept, for what tells a document's kind.

use std::collections::HashMap;
use std::sync::Arc;

use crate::record::Tag;
use crate::rules::fields::{Level, Link};
use crate::rules::layout::Layout;
use crate::schema::direct::{Keep, Kept, Purpose};

/// What an alert says of a place, whatever its rule reads.
const ALERTS: [&str; 21] = [
    "caller",
    "callee",
    "callerNetwork",
    "calleeNetwork",
    "callerDevice",
    "calleeDevice",
    "captureDeviceName",
    "renderDeviceName",
    "connectionType",
    "subnet",
    "displayName",
    "failureInfo",
    "stage",
    "reason",
    "feedback",
    "rating",
    "label",
    "streamDirection",
    "streamId",
    "platform",
    "userAgent",
];

/// What is kept for rules that read what `layout` says, with a sites file or without, and for their
/// alerts.
pub(super) fn keep(layout: &Arc<Layout>, sites: bool) -> Arc<dyn Kept> {
    Arc::new(ByName {
        names: [false, true].map(|alerts| names(layout, sites, alerts)),
        layout: Arc::clone(layout),
    })
}

struct ByName {
    /// to ask, and to tell
    names: [HashMap<Box<str>, Keep>; 2],
    layout: Arc<Layout>,
}

impl Kept for ByName {
    fn keep(&self, name: &str, purpose: Purpose) -> Keep {
        let names = &self.names[usize::from(purpose == Purpose::Tell)];
        names.get(name).copied().unwrap_or_default()
    }

    fn tag(&self, name: &str) -> Tag {
        self.layout.tag(name)
    }
}

fn names(layout: &Layout, sites: bool, alerts: bool) -> HashMap<Box<str>, Keep> {
    let mut kept: HashMap<Box<str>, Keep> = HashMap::new();
    let mut named = |names: &[&str], how: Keep| {
        for name in names {
            let known = kept.entry(Box::from(*name)).or_insert(how);
            *known = how.max(*known);
        }
    };
    let wants = |links: &[Link]| links.iter().any(|link| layout.wants_link(*link));
    let computes = |level: Level, name: &str| layout.computed(level, name).is_some();
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
    if alerts || media_ends || path || computes(Level::Endpoint, "kind") {
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
    let site = sites && (alerts || wants(&[Link::Site]));
    if site {
        named(&["subnet", "ipAddress", "reflexiveIPAddress"], Keep::Named);
    }
    if site || wants(&[Link::CallerNetwork, Link::CalleeNetwork, Link::Network]) {
        named(&["callerNetwork", "calleeNetwork"], Keep::Named);
    }
    if wants(&[Link::CallerDevice, Link::CalleeDevice, Link::Device]) {
        named(&["callerDevice", "calleeDevice"], Keep::Named);
    }
    if alerts {
        named(&["identity", "associatedIdentity", "tokens"], Keep::All);
        named(&ALERTS, Keep::Named);
    }
    kept
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;
    use serde_json::Value;
    use xtask::generate::{Mix, Plan, documents};

    use super::*;
    use crate::alert;
    use crate::clock::FixedClock;
    use crate::engine::capture::{Violated, capture};
    use crate::engine::concern::concern;
    use crate::engine::contribute::contribution;
    use crate::record::call::Call;
    use crate::record::kind::{self, Taken};
    use crate::record::{Caps, Document, Kind, Origin, Parser, place};
    use crate::rules::facts::{Facts, NO_NODE, ObjectId};
    use crate::rules::fields::property_names;
    use crate::schema::Schema;
    use crate::schema::direct::Direct;
    use crate::sites::Sites;
    use crate::window::Contribution;

    const SITES: &str = "10.0.0.0,Net,8,B1,Own,Office,Desk,City,1000,CH,ZH,EU,1,0,0\n";

    /// What is read of a record, and what alerts tell of one of its objects: where it is, what it is and
    /// whose.
    fn told(
        document: &Document<'_>,
        facts: &Facts,
        object: ObjectId,
        sites: Option<&Sites>,
    ) -> String {
        let clock = FixedClock("2026-11-29T12:00:00Z".parse().expect("a time"));
        let context = alert::Context {
            document,
            call: Call::new(document.root(), Kind::CallRecord),
            facts,
            origin: Origin::default(),
            source: "-",
            partial: false,
            invalid: false,
            clock: &clock,
            sites,
            violated: &|_| false,
        };
        let node = facts.node(object);
        let pointer = place::pointer(document, node);
        let spots = place::spots(document, context.origin, &[node]);
        let told = alert::tell(&context, object);
        let call = alert::call_ref(&context);
        format!("{pointer} {spots:?} {told:?} {call:?}")
    }

    /// Kind, readings, contribution and what alerts would tell, written out.
    fn said(document: &Document<'_>, layout: &Arc<Layout>, sites: Option<&Sites>) -> String {
        let told = kind::tell(document.root(), Taken::default());
        let call = Call::new(document.root(), told.kind);
        let mut facts = Facts::new(Arc::clone(layout));
        let captured = capture(
            document,
            call,
            &Violated::default(),
            sites,
            layout,
            &mut facts,
        );
        let mut own = Contribution::default();
        contribution(
            document,
            call,
            told.kind,
            call.next_link().is_some(),
            &mut own,
        );
        let item = (document.item(0)).map(|item| document.index(item));
        let mut said = format!("{told:?} {captured:?} {facts:?} {own:?} {item:?}");
        for level in Level::ALL {
            for object in facts.objects(level) {
                said.push_str(&self::told(document, &facts, *object, sites));
            }
        }
        said
    }

    /// Takes members away, makes them null, and puts them elsewhere.
    fn change(value: &mut Value, ways: &mut impl Iterator<Item = u16>) {
        let way = usize::from(ways.next().unwrap_or(0));
        match value {
            Value::Array(items) if !items.is_empty() => {
                let at = way % items.len();
                if way % 7 == 0 {
                    let twin = items[at].clone();
                    items.push(twin);
                }
                change(&mut items[at], ways);
            }
            Value::Object(members) if !members.is_empty() => {
                let at = way % members.len();
                let Some(name) = members.keys().nth(at).cloned() else {
                    return;
                };
                match way / members.len() % 5 {
                    0 => drop(members.remove(&name)),
                    1 => drop(members.insert(name, Value::Null)),
                    _ => change(&mut members[&name], ways),
                }
            }
            _ => {}
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn what_is_kept_is_enough(
            levels in proptest::collection::vec(proptest::sample::select(Level::ALL.to_vec()), 1..4),
            names in prop_oneof![
                Just(property_names()),
                proptest::sample::subsequence(property_names(), 0..20),
                proptest::sample::subsequence(Link::ALL.map(Link::name).to_vec(), 0..6),
            ],
            sites in any::<bool>(),
            seed in 0u64..1000,
            changes in proptest::collection::vec(proptest::collection::vec(any::<u16>(), 1..12), 0..8),
            objects in proptest::collection::vec(any::<proptest::sample::Index>(), 4),
        ) {
            let layout = Arc::new(Layout::new(levels, names));
            let mut faults = None;
            let parsed = Sites::parse("sites.csv", SITES.as_bytes(), false).map_err(|fault| faults = Some(fault)).ok();
            prop_assert!(parsed.is_some(), "{:?}", faults);
            let sites = parsed.as_ref().filter(|_| sites);
            static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::call_record().expect("the schema"));
            let schema = &*SCHEMA;
            let kept = keep(&layout, sites.is_some());
            let mut direct = Direct::new(schema, Caps::default(), kept);
            let plan = Plan { seed, documents: 1, sessions: Some(2), mix: Mix::default() };
            let text = documents(&plan).at(0).text;
            let mut texts = vec![text.clone()];
            if let Ok(mut value) = serde_json::from_str::<Value>(&text) {
                for ways in changes {
                    change(&mut value, &mut ways.into_iter());
                    texts.push(value.to_string());
                }
            }
            for text in texts {
                let Some(part) = direct.read(schema, text.as_bytes(), Purpose::Tell) else { continue };
                let mut parser = Parser::new(Caps::default());
                let whole = parser.parse(text.as_bytes()).expect("JSON");
                let found = said(&part, &layout, sites);
                // Of others the schema may say something else; they are not taken this way.
                if kind::tell(part.root(), Taken::default()).kind != Kind::CallRecord {
                    continue;
                }
                prop_assert_eq!(found, said(&whole, &layout, sites), "{}", text);
                drop(part);
                // And what is read again to tell of one object is enough for that.
                let part = direct.read(schema, text.as_bytes(), Purpose::Ask).expect("as before");
                let mut facts = Facts::new(Arc::clone(&layout));
                let call = Call::new(part.root(), Kind::CallRecord);
                capture(&part, call, &Violated::default(), sites, &layout, &mut facts);
                drop(part);
                for chosen in &objects {
                    let all: Vec<ObjectId> = Level::ALL.iter().flat_map(|level| facts.objects(*level)).copied().collect();
                    let object = *chosen.get(&all);
                    if facts.node(object) == NO_NODE {
                        continue;
                    }
                    direct.read(schema, text.as_bytes(), Purpose::Ask).expect("as before");
                    let mut concerned = vec![facts.node(object)];
                    concern(&facts, object, &mut concerned);
                    let (part, passed) = direct.read_again(schema, text.as_bytes(), &concerned).expect("as before");
                    prop_assert!(passed < text.len());
                    prop_assert_eq!(told(&part, &facts, object, sites), told(&whole, &facts, object, sites), "{}", text);
                }
            }
        }
    }
}
