//! What every rule made of every place of one document, with the places of what it read.
//!
//! Made only if an engine was built to explain. Where a reading stands is told by one pass over the
//! text, however many there are. It decides nothing: `rules` did.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value as Json;

use crate::alert::{self, CallRef, Client, What};
use crate::record::{NodeIndex, Spot, place};
use crate::rules::facts::{Facts, NO_NODE, ObjectId};
use crate::rules::fields::{FieldId, Unit};
use crate::rules::{Explainer, Op, OtherLimits, Said, Seen};

/// What is to be explained of each document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explain {
    /// the rules, by name; all of them if there are none
    pub rules: Vec<String>,
    /// only places above or below this JSON Pointer
    pub at: Option<String>,
    /// only what was read, and not where it stands
    pub bare: bool,
}

/// Why the rules said of a document what they said.
#[derive(Clone, Debug)]
pub struct Explained {
    /// the call
    pub call: CallRef,
    /// what was asked for, in the order of the engine's rules
    pub rules: Vec<ExplainedRule>,
}

/// What one rule made of a document.
#[derive(Clone, Debug)]
pub struct ExplainedRule {
    /// which of the engine's rules
    pub rule: usize,
    /// each place that it was asked about, in document order
    pub places: Vec<ExplainedPlace>,
}

/// What a rule said of one place, and why.
#[derive(Clone, Debug)]
pub struct ExplainedPlace {
    /// JSON Pointer of the place
    pub at: String,
    /// where it stands
    pub spot: Option<Spot>,
    /// what it is
    pub what: What,
    /// the end that is a person's
    pub client: Option<Client>,
    /// what the rule said
    pub said: Said,
    /// each condition that it asked
    pub conditions: Vec<ExplainedCondition>,
}

/// What one condition came to.
#[derive(Clone, Debug)]
pub struct ExplainedCondition {
    /// which of [`Rule::conditions`](crate::rules::Rule::conditions)
    pub condition: Option<usize>,
    /// whether it holds; `None` if that is unknown
    pub said: Option<bool>,
    /// whether what stands before it holds
    pub matters: Option<bool>,
    /// whether it is a reason for what the rule said
    pub decides: bool,
    /// what was compared, as it holds
    pub compared: Option<Compared>,
    /// the readings that took part, and where they stand; missing ones too
    pub readings: Vec<ExplainedReading>,
}

/// A comparison, as it holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Compared {
    /// what was compared: the reading, unless the rule calculated with it
    pub value: Json,
    /// how
    #[serde(serialize_with = "symbol")]
    pub op: Op,
    /// with what
    pub limit: Json,
    /// the limit's name
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_name: Option<String>,
    /// the unit of value and limit
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<&'static str>,
}

fn symbol<S: serde::Serializer>(op: &Op, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(op.symbol())
}

/// One reading, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct ExplainedReading {
    /// the field
    pub field: FieldId,
    /// its value; null where it is missing
    pub value: Json,
    /// JSON Pointer, if it is in the document
    pub at: Option<String>,
    /// where it stands, if it is in the document
    pub spot: Option<Spot>,
}

/// Explains a document as `wanted` asks for it.
pub(super) fn explain(
    context: &alert::Context<'_>,
    explainer: &Explainer,
    facts: &Arc<Facts>,
    wanted: &Explain,
) -> Explained {
    let mut places = Places {
        context,
        bare: wanted.bare,
        nodes: Vec::new(),
    };
    let none = OtherLimits::new();
    let mut explained = Vec::new();
    for (number, rule) in explainer.rules().rules().iter().enumerate() {
        if !wanted.rules.is_empty() && !wanted.rules.iter().any(|name| **name == **rule.name()) {
            continue;
        }
        let mut told = Vec::new();
        for object in facts.objects(rule.level()) {
            let at = places.pointer(facts.node(*object)).unwrap_or_default();
            if !wanted
                .at
                .as_deref()
                .is_none_or(|wanted| is_near(&at, wanted))
            {
                continue;
            }
            let explanation = explainer.explain(number, facts, *object, &none);
            told.push(places.place(at, *object, explanation.said, &explanation.seen));
        }
        explained.push(ExplainedRule {
            rule: number,
            places: told,
        });
    }
    places.fill(&mut explained);
    Explained {
        call: alert::call_ref(context),
        rules: explained,
    }
}

/// Whether one of two pointers is the other's, or leads to it.
fn is_near(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    long.strip_prefix(short)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Collects the nodes whose spots are wanted.
struct Places<'c> {
    context: &'c alert::Context<'c>,
    bare: bool,
    nodes: Vec<NodeIndex>,
}

impl Places<'_> {
    fn pointer(&self, node: NodeIndex) -> Option<String> {
        let wanted = !self.bare && node != NO_NODE;
        wanted.then(|| place::pointer(self.context.document, node))
    }

    /// A spot that `fill` replaces by that of the node: until then its offset is the node.
    fn later(&mut self, node: NodeIndex) -> Option<Spot> {
        if node == NO_NODE || self.bare {
            return None;
        }
        self.nodes.push(node);
        Some(Spot {
            line: 0,
            column: 0,
            offset: node as usize,
        })
    }

    fn place(&mut self, at: String, object: ObjectId, said: Said, seen: &[Seen]) -> ExplainedPlace {
        let (what, client) = match self.bare {
            true => (What::default(), None),
            false => alert::tell(self.context, object),
        };
        ExplainedPlace {
            at,
            spot: self.later(self.context.facts.node(object)),
            what,
            client,
            said,
            conditions: seen.iter().map(|seen| self.condition(seen)).collect(),
        }
    }

    fn condition(&mut self, seen: &Seen) -> ExplainedCondition {
        let mut readings = Vec::new();
        if let Some(comparison) = &seen.comparison {
            for witness in std::iter::once(&comparison.reading).chain(&comparison.others) {
                let node = witness.source.node;
                readings.push(self.reading(
                    witness.source.field,
                    alert::json(&witness.value),
                    node,
                ));
            }
        }
        for source in &seen.missing {
            readings.push(self.reading(source.field, Json::Null, source.node));
        }
        ExplainedCondition {
            condition: seen.condition,
            said: seen.said,
            matters: seen.matters,
            decides: seen.decides,
            compared: seen.comparison.as_ref().map(|comparison| Compared {
                value: alert::json(&comparison.value),
                op: comparison.op,
                limit: alert::json(&comparison.limit),
                limit_name: comparison.limit_name.as_deref().map(str::to_owned),
                unit: match comparison.unit {
                    Unit::None => None,
                    unit => Some(unit.name()),
                },
            }),
            readings,
        }
    }

    fn reading(&mut self, field: FieldId, value: Json, node: NodeIndex) -> ExplainedReading {
        ExplainedReading {
            field,
            value,
            at: self.pointer(node),
            spot: self.later(node),
        }
    }

    /// Puts the spots in.
    fn fill(mut self, explained: &mut [ExplainedRule]) {
        self.nodes.sort_unstable();
        self.nodes.dedup();
        let spots = place::spots(self.context.document, self.context.origin, &self.nodes);
        let put = |spot: &mut Option<Spot>| {
            let Some(later) = spot else { return };
            let node = NodeIndex::try_from(later.offset).unwrap_or(NO_NODE);
            *spot = self
                .nodes
                .binary_search(&node)
                .ok()
                .and_then(|at| spots.get(at).copied());
        };
        for place in explained.iter_mut().flat_map(|rule| &mut rule.places) {
            put(&mut place.spot);
            for condition in &mut place.conditions {
                condition
                    .readings
                    .iter_mut()
                    .for_each(|reading| put(&mut reading.spot));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_near;

    #[test]
    fn a_place_is_near_what_is_above_and_below_it() {
        assert!(is_near("/sessions/1", "/sessions/1/segments/0"));
        assert!(is_near("/sessions/1/segments/0", "/sessions/1"));
        assert!(is_near("/sessions/1", ""));
        assert!(!is_near("/sessions/1", "/sessions/10"));
        assert!(!is_near("/sessions/1/segments/0", "/sessions/1/segments/1"));
    }
}
