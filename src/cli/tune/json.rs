//! What limits do, for programs: one JSON object a limit, `qualwatch.tune/1`.

use serde_json::{Value, json};

use super::Seen;
use crate::cli::json::line;
use crate::rules::RuleSet;

/// An object a line.
pub(super) fn json(seen: &Seen, set: &RuleSet) -> String {
    let name = |rule: &usize| set.rules().get(*rule).map(|rule| rule.name().to_string());
    let limits = seen.tuned.iter().enumerate().map(|(number, limit)| {
        let readings = seen.compared.iter().filter(|(key, _)| key.0 == limit.name);
        let readings: Vec<Value> = readings
            .map(|(_, compared)| {
                let sorted = compared.spread.sorted();
                let some = compared.spread.read > 0;
                json!({
                    "comparison": compared.condition.text,
                    "where": compared.condition.before,
                    "rules": compared.rules.iter().filter_map(name).collect::<Vec<_>>(),
                    "unit": compared.condition.reading.as_ref().map(|it| it.field.get().unit.name()),
                    "read": compared.spread.read,
                    "holds": compared.spread.held,
                    "missing": compared.spread.missing,
                    "perhaps": compared.spread.perhaps,
                    "exact": sorted.is_exact(),
                    "least": some.then(|| sorted.least()),
                    "p50": sorted.quantile(0.5),
                    "p75": sorted.quantile(0.75),
                    "p90": sorted.quantile(0.9),
                    "p95": sorted.quantile(0.95),
                    "p99": sorted.quantile(0.99),
                    "most": some.then(|| sorted.most()),
                })
            })
            .collect();
        let values: Vec<Value> = limit
            .values
            .iter()
            .enumerate()
            .map(|(at, other)| {
                let change = seen.calls.change(number, limit.first + at, limit.now(), *other);
                let list = |calls: Vec<(String, Option<f64>)>| -> Vec<Value> {
                    calls
                        .into_iter()
                        .map(|(call, decides)| json!({"call": call, "value": decides}))
                        .collect()
                };
                json!({
                    "value": other,
                    "callsThatAlert": change.alert,
                    "come": list(change.come),
                    "go": list(change.go),
                })
            })
            .collect();
        line(&json!({
            "schema": "qualwatch.tune/1",
            "limit": limit.name,
            "value": limit.now(),
            "unit": limit.limit.unit.name(),
            "place": limit.place,
            "rules": limit.rules.iter().filter_map(name).collect::<Vec<_>>(),
            "records": seen.records,
            "readings": readings,
            "others": limit
                .others
                .iter()
                .map(|(text, rule)| json!({"comparison": text, "rule": name(rule)}))
                .collect::<Vec<_>>(),
            "callsThatAlert": seen.calls.now(number),
            "values": values,
            "notCounted": seen.calls.beyond,
        }))
    });
    limits.collect()
}
