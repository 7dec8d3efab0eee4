//! Explanations for programs: one JSON object a document, `qualwatch.explain/1`.

use serde_json::{Value, json};

use crate::cli::json::line;
use crate::engine::{Explained, ExplainedCondition, ExplainedPlace};
use crate::record::{Origin, Spot};
use crate::rules::{Condition, RuleSet, Said};

/// One document, as one line.
pub(super) fn document(
    source: &str,
    origin: Origin,
    explained: &Explained,
    rules: &RuleSet,
) -> String {
    let told: Vec<Value> = explained
        .rules
        .iter()
        .filter_map(|explained| {
            let rule = rules.rules().get(explained.rule)?;
            let conditions = rule.conditions(rules);
            let places = explained.places.iter();
            let known = conditions.as_deref().unwrap_or_default();
            Some(json!({
                "rule": &**rule.name(),
                "severity": rule.severity().name(),
                "on": rule.level().name(),
                "notFollowed": conditions.as_ref().err(),
                "places": places.map(|it| place(it, known)).collect::<Vec<_>>(),
            }))
        })
        .collect();
    line(&json!({
        "schema": "qualwatch.explain/1",
        "source": {"name": source, "line": origin.line},
        "call": explained.call,
        "rules": told,
    }))
}

fn place(place: &ExplainedPlace, known: &[Condition]) -> Value {
    let conditions = place.conditions.iter().map(|it| condition(it, known));
    let mut told = json!({
        "at": place.at,
        "what": place.what,
        "said": match place.said {
            Said::Fired => "fired",
            Said::Quiet => "quiet",
            Said::Unknown => "unknown",
            Said::Broke(_) => "failed",
        },
        "conditions": conditions.collect::<Vec<_>>(),
    });
    put(&mut told, place.spot);
    if let Some(client) = &place.client {
        told["client"] = json!(client);
    }
    if let Said::Broke(fault) = &place.said {
        told["fault"] = fault.message.as_str().into();
    }
    told
}

fn condition(condition: &ExplainedCondition, known: &[Condition]) -> Value {
    let readings: Vec<Value> = condition
        .readings
        .iter()
        .map(|reading| {
            let mut told = json!({"field": reading.field.name(), "value": reading.value});
            if let Some(at) = &reading.at {
                told["pointer"] = at.as_str().into();
            }
            put(&mut told, reading.spot);
            told
        })
        .collect();
    let asked = condition.condition.and_then(|at| known.get(at));
    let mut told = json!({
        "said": condition.said,
        "matters": condition.matters,
        "decides": condition.decides,
        "readings": readings,
    });
    if let Some(asked) = asked {
        told["text"] = asked.text.as_str().into();
        told["rulePlace"] = asked.place.to_string().into();
    }
    if let Some(compared) = &condition.compared {
        told["compared"] = json!(compared);
    }
    told
}

fn put(told: &mut Value, spot: Option<Spot>) {
    if let Some(spot) = spot {
        told["line"] = spot.line.into();
        told["column"] = spot.column.into();
    }
}
