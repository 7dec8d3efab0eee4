//! Documents and summaries as JSON lines, for programs.
//!
//! One object a line, `qualwatch.document/1` and `qualwatch.summary/1`; alerts
//! have a schema of their own. Text that could harm a terminal is escaped.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::json;

use crate::diagnostic::{Faults, Place, Tone};
use crate::engine::Verdict;
use crate::pipeline::Judged;
use crate::rules::RuleSet;
use crate::schema::{Notice, Problem};
use crate::stats::{ByRule, Summary};
use crate::text::safe_json;

/// One line of JSON, its end included.
pub(super) fn line(value: &impl Serialize) -> String {
    let mut line = Vec::new();
    line_into(value, &mut line);
    String::from_utf8_lossy(&line).into_owned()
}

/// The same, in place of what was in `line`.
pub(super) fn line_into(value: &impl Serialize, line: &mut Vec<u8>) {
    line.clear();
    let written = serde_json::to_writer(&mut *line, value);
    let safe = match (written, std::str::from_utf8(line)) {
        (Ok(()), Ok(json)) => safe_json(json),
        _ => Cow::Owned("null".to_owned()),
    };
    if let Cow::Owned(safe) = safe {
        *line = safe.into_bytes();
    }
    line.push(b'\n');
}

/// One thing that is wrong with the rules, or worth knowing about them.
pub(super) fn about_rules(problem: &crate::rules::Problem) -> String {
    let also = problem.also.as_ref().map(also);
    line(&json!({
        "schema": "qualwatch.rules/1",
        "code": problem.kind.code(),
        "severity": if problem.kind.is_notice() { "notice" } else { "error" },
        "message": crate::rules::shortened(&problem.kind.to_string()),
        "place": problem.place.as_ref().map(place),
        "also": also,
        "help": problem.help,
    }))
}

/// What is wrong with another file of the user's, or worth knowing of it, a line each.
pub(super) fn about_file(schema: &str, faults: &Faults) -> String {
    let severity = match faults.tone {
        Tone::Error => "error",
        Tone::Note => "notice",
    };
    let mut lines: String = faults
        .faults
        .iter()
        .map(|fault| {
            line(&json!({
                "schema": schema,
                "severity": severity,
                "message": fault.what,
                "place": fault.place.as_ref().map(place),
                "also": fault.also.as_ref().map(also),
                "help": fault.help,
            }))
        })
        .collect();
    if faults.more > 0 {
        let message = format!("and {} more like these", faults.more);
        lines.push_str(&line(
            &json!({"schema": schema, "severity": severity, "message": message, "place": null}),
        ));
    }
    lines
}

fn place(place: &Place) -> serde_json::Value {
    json!({"file": &*place.file, "line": place.line, "column": place.column})
}

fn also((other, said): &(Place, String)) -> serde_json::Value {
    let mut other = place(other);
    other["message"] = json!(said);
    other
}

#[derive(Serialize)]
struct Source<'a> {
    name: &'a str,
    line: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fault<'a> {
    code: &'static str,
    line: u64,
    column: u64,
    message: &'a str,
    /// whether only the beginning of the document was kept
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    beginning_only: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    schema: &'static str,
    verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    source: Source<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<Fault<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    problems: &'a [Problem],
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    more_problems: bool,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    notices: &'a [Notice],
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unexpanded: bool,
    #[serde(skip_serializing_if = "is_zero")]
    repeated_sessions: u64,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// What is to be said of a document besides its alerts, as one line.
pub(super) fn document(source: &str, judged: &Judged) -> String {
    let report = &judged.report;
    line(&Document {
        schema: "qualwatch.document/1",
        verdict: report.verdict,
        kind: (report.verdict != Verdict::Malformed).then(|| report.kind.name()),
        source: Source {
            name: source,
            line: judged.origin.line,
        },
        call: report.call_id.as_deref(),
        fault: report.fault.as_ref().map(|fault| Fault {
            code: fault.code,
            line: fault.spot.line,
            column: fault.spot.column,
            message: &fault.message,
            beginning_only: fault.code == "too-large",
        }),
        advice: report.hint.or((report.verdict == Verdict::Partial)
            .then_some("its sessions go on behind the nextLink; fetch that page too")),
        problems: &report.problems,
        more_problems: report.more_problems,
        notices: &report.notices,
        unexpanded: report.unexpanded,
        repeated_sessions: report.repeated_sessions,
    })
}

/// Everything that a run came to.
pub(super) struct Totals<'a> {
    pub(super) summary: &'a Summary,
    pub(super) rules: &'a RuleSet,
    pub(super) by_rule: &'a ByRule,
    pub(super) by_window: &'a ByRule,
    pub(super) reloads: super::reload::Reloads,
    pub(super) files: &'a super::run::Files,
    pub(super) over_time: &'a crate::over_time::Counts,
    pub(super) delivery: Option<serde_json::Value>,
}

/// The summary as one line. Every count has its unit in its place.
pub(super) fn summary(totals: Totals<'_>) -> String {
    let Totals {
        summary,
        rules,
        by_rule,
        by_window,
        reloads,
        files,
        over_time,
        delivery,
    } = totals;
    use serde_json::{Map, Value, json};
    let mut verdicts = Map::new();
    for verdict in Verdict::ALL {
        verdicts.insert(verdict.name().to_owned(), summary.of(verdict).into());
    }
    let kinds: Map<String, Value> = summary
        .kinds
        .iter()
        .map(|(kind, count)| (kind.name().to_owned(), count.into()))
        .collect();
    let malformed: Map<String, Value> = summary
        .malformed
        .iter()
        .map(|(code, count)| (code.to_owned(), count.into()))
        .collect();
    let alerts: Map<String, Value> = summary
        .alerts
        .iter()
        .map(|(severity, count)| (severity.name().to_owned(), count.into()))
        .collect();
    let per_rule: Map<String, Value> = by_rule
        .rows(rules)
        .map(|(name, count, _)| (name.to_string(), json!(count)))
        .collect();
    let per_window: Map<String, Value> = by_window
        .window_rows(rules)
        .map(|(name, count, _)| {
            let count = json!({
                "samples": count.fired, "others": count.quiet, "unknown": count.unknown,
                "failed": count.failed,
            });
            (name.to_string(), count)
        })
        .collect();
    let mut value = json!({
        "schema": "qualwatch.summary/1",
        "documents": {
            "seen": summary.seen,
            "bytes": summary.bytes,
            "verdicts": verdicts,
            "kinds": kinds,
            "malformed": malformed,
            "unexpanded": summary.unexpanded,
            "problems": summary.problems,
            "notices": summary.notices,
            "sessions": summary.sessions,
            "repeatedSessions": summary.repeated_sessions,
        },
        "files": files.json(),
        "alerts": alerts,
        "overTime": over_time.named().into_iter().collect::<std::collections::BTreeMap<_, _>>(),
        "rules": per_rule,
        "windows": per_window,
        "reloads": {"loaded": reloads.loaded, "refused": reloads.refused},
    });
    if let Some(delivery) = delivery {
        value["delivery"] = delivery;
    }
    line(&value)
}
