//! Findings as JSON Schema's own output, one line a document.
//!
//! Draft 2020-12, section 12: `flag`, `list` (the draft's "basic") and `hierarchical`
//! ("detailed"), with its names for locations; beside them the place in the source, which the
//! draft does not know. No annotations.

use serde_json::{Map, Value, json};

use super::{Finding, Writer, findings};
use crate::cli::args::OutputForm;
use crate::cli::json::line;
use crate::pipeline::Judged;
use crate::schema::Problem;
use crate::source::SourceName;

/// Writes JSON lines.
pub(super) struct Json {
    form: OutputForm,
}

impl Json {
    pub(super) fn new(form: OutputForm) -> Json {
        Json { form }
    }
}

impl Writer for Json {
    fn document(&mut self, source: &SourceName, judged: &Judged, out: &mut String) {
        let all = findings(judged);
        let (errors, notices): (Vec<_>, Vec<_>) = all.iter().partition(|finding| finding.refused);
        let mut unit = Map::new();
        unit.insert("valid".into(), errors.is_empty().into());
        if self.form != OutputForm::Flag {
            unit.insert("keywordLocation".into(), "".into());
            unit.insert("instanceLocation".into(), "".into());
        }
        unit.insert(
            "source".into(),
            json!({
                "name": source.to_string(),
                "line": judged.origin.line,
                "column": judged.origin.column,
                "offset": judged.origin.offset,
            }),
        );
        unit.insert("verdict".into(), judged.report.verdict.name().into());
        if self.form != OutputForm::Flag {
            if !errors.is_empty() {
                unit.insert("errors".into(), self.errors(&errors).into());
            }
            if judged.report.more_problems {
                unit.insert("more".into(), true.into());
            }
            if !notices.is_empty() {
                let notices: Vec<Value> = notices.iter().map(|notice| plain(notice)).collect();
                unit.insert("notices".into(), notices.into());
            }
        }
        out.push_str(&line(&unit));
    }
}

impl Json {
    fn errors(&self, errors: &[&Finding<'_>]) -> Vec<Value> {
        let plain = errors.iter().filter(|finding| finding.problem.is_none());
        let mut units: Vec<Value> = plain.map(|finding| self::plain(finding)).collect();
        let problems: Vec<&Problem> = errors
            .iter()
            .filter_map(|finding| finding.problem)
            .collect();
        if self.form == OutputForm::Hierarchical {
            units.extend(nest(&problems, 0));
        } else {
            for problem in problems {
                flat(problem, &mut units);
            }
        }
        units
    }
}

/// A finding that is of no keyword.
fn plain(finding: &Finding<'_>) -> Value {
    json!({
        "valid": !finding.refused,
        "keywordLocation": "",
        "instanceLocation": finding.pointer,
        "code": finding.code,
        "line": finding.line,
        "column": finding.column,
        (if finding.refused { "error" } else { "notice" }): finding.message,
    })
}

/// One violation, without what is below it.
fn unit(problem: &Problem) -> Map<String, Value> {
    let mut unit = match serde_json::to_value(problem) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    };
    for ours in ["pointer", "schemaPointer", "branches"] {
        unit.remove(ours);
    }
    unit.insert("valid".into(), false.into());
    unit.insert(
        "keywordLocation".into(),
        problem.keyword_location.clone().into(),
    );
    if let Some(location) = &problem.absolute_keyword_location {
        unit.insert("absoluteKeywordLocation".into(), location.clone().into());
    }
    unit.insert("instanceLocation".into(), problem.pointer.clone().into());
    unit.insert("error".into(), problem.message().into());
    unit
}

/// A violation and those below it, one after the other.
fn flat(problem: &Problem, out: &mut Vec<Value>) {
    out.push(unit(problem).into());
    for inner in problem.branches.iter().flatten() {
        flat(inner, out);
    }
}

/// A violation with those below it inside.
fn leaf(problem: &Problem) -> Value {
    let mut unit = unit(problem);
    let inner: Vec<&Problem> = problem.branches.iter().flatten().collect();
    if !inner.is_empty() {
        let depth = problem.keyword_location.matches('/').count();
        unit.insert("errors".into(), nest(&inner, depth).into());
    }
    unit.into()
}

fn tokens(pointer: &str) -> Vec<&str> {
    pointer.split('/').skip(1).collect()
}

/// Violations as a tree of the schema's keywords; what has one part only is left out.
fn nest(problems: &[&Problem], depth: usize) -> Vec<Value> {
    let mut groups: Vec<(Option<&str>, Vec<&Problem>)> = Vec::new();
    for problem in problems {
        let token = problem.keyword_location.split('/').nth(depth + 1);
        match groups.iter_mut().find(|(known, _)| *known == token) {
            Some((_, group)) if token.is_some() => group.push(problem),
            _ => groups.push((token, vec![problem])),
        }
    }
    let mut units = Vec::new();
    for (_, group) in groups {
        let first = group
            .first()
            .map(|problem| tokens(&problem.keyword_location));
        let first = first.unwrap_or_default();
        let common = group.iter().fold(first.len(), |common, problem| {
            let other = tokens(&problem.keyword_location);
            let same = first.iter().zip(&other).take_while(|(a, b)| a == b).count();
            common.min(same)
        });
        let alike = group
            .iter()
            .all(|problem| tokens(&problem.keyword_location).len() == common);
        if group.len() == 1 || alike {
            units.extend(group.into_iter().map(leaf));
            continue;
        }
        let inner = nest(&group, common);
        match node(&group, &first, common) {
            Some(mut node) => {
                node.insert("errors".into(), inner.into());
                units.push(node.into());
            }
            None => units.extend(inner),
        }
    }
    units
}

/// The node above several violations: the first `common` steps of their path.
fn node(group: &[&Problem], path: &[&str], common: usize) -> Option<Map<String, Value>> {
    let mut location = String::new();
    for token in path.get(..common)? {
        location.push('/');
        location.push_str(token);
    }
    let mut node = Map::new();
    let refers = |token: &&&str| matches!(**token, "$ref" | "$dynamicRef" | "$recursiveRef");
    let above = path.get(..common)?.iter().any(|token| refers(&token));
    if above {
        // A location behind a reference needs its absolute form, known where none follows.
        let below = path.get(common..)?;
        if below.iter().any(|token| refers(&token)) {
            return None;
        }
        let absolute = group.first()?.absolute_keyword_location.as_deref()?;
        let (absolute, _) = absolute.rsplit_once(&format!("/{}", below.first()?))?;
        node.insert("absoluteKeywordLocation".into(), absolute.into());
    }
    let mut instance = group.first()?.pointer.as_str();
    for problem in group {
        while !within(instance, &problem.pointer) {
            instance = instance.rsplit_once('/')?.0;
        }
    }
    node.insert("valid".into(), false.into());
    node.insert("keywordLocation".into(), location.into());
    node.insert("instanceLocation".into(), instance.into());
    Some(node)
}

/// Whether `pointer` is `above` or below it.
fn within(above: &str, pointer: &str) -> bool {
    pointer
        .strip_prefix(above)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
