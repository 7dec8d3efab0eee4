//! Findings as SARIF 2.1.0, for code scanning: one run, one result a finding.
//!
//! Results are written as they come; the rules, which are the keywords that were broken, follow
//! them. Columns count code points. Memory is that of the rules.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Writer, findings};
use crate::pipeline::Judged;
use crate::source::SourceName;
use crate::text::safe_json;

/// Writes one SARIF log.
#[derive(Default)]
pub(super) struct Sarif {
    begun: bool,
    any: bool,
    rules: BTreeMap<String, bool>,
    failures: Vec<String>,
}

impl Sarif {
    fn begin(&mut self, out: &mut String) {
        if !std::mem::replace(&mut self.begun, true) {
            out.push_str("{\"$schema\":\"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":[{\"columnKind\":\"unicodeCodePoints\",\"results\":[");
        }
    }
}

impl Writer for Sarif {
    fn document(&mut self, source: &SourceName, judged: &Judged, out: &mut String) {
        self.begin(out);
        let uri = uri(source);
        for finding in findings(judged) {
            let known = self.rules.entry(finding.code.to_owned()).or_default();
            *known |= finding.refused;
            let mut region = json!({"startLine": finding.line, "startColumn": finding.column});
            if let (Some(end), Some(region)) = (finding.end_column, region.as_object_mut()) {
                region.insert("endColumn".into(), end.into());
            }
            let schema = finding
                .problem
                .map_or("", |problem| &problem.schema_pointer);
            let result = json!({
                "ruleId": finding.code,
                "level": if finding.refused { "error" } else { "note" },
                "message": {"text": finding.message},
                "locations": [{
                    "physicalLocation": {
                        "artifactLocation": {"uri": uri},
                        "region": region,
                    },
                    "logicalLocations": [{"fullyQualifiedName": finding.pointer, "kind": "value"}],
                }],
                "partialFingerprints": {
                    "qualwatch/v1": fingerprint(&[&uri, finding.code, finding.pointer, schema]),
                },
            });
            if std::mem::replace(&mut self.any, true) {
                out.push(',');
            }
            out.push_str(&safe_json(&result.to_string()));
        }
    }

    fn source_end(&mut self, source: &SourceName, error: Option<&str>, out: &mut String) {
        self.begin(out);
        if let Some(error) = error {
            self.failures.push(format!("{source}: {error}"));
        }
    }

    fn end(&mut self, complete: bool, out: &mut String) {
        self.begin(out);
        let rules: Vec<Value> = self
            .rules
            .iter()
            .map(|(code, refused)| {
                json!({
                    "id": code,
                    "shortDescription": {"text": format!("what `{code}` says of the value does not hold")},
                    "defaultConfiguration": {"level": if *refused { "error" } else { "note" }},
                })
            })
            .collect();
        let notifications: Vec<Value> = self
            .failures
            .iter()
            .map(|text| json!({"level": "error", "message": {"text": text}}))
            .collect();
        let tool = json!({"driver": {
            "name": "qualwatch",
            "version": env!("CARGO_PKG_VERSION"),
            "rules": rules,
        }});
        let invocations = json!([{
            "executionSuccessful": complete,
            "toolExecutionNotifications": notifications,
        }]);
        let _ = writeln!(
            out,
            "],\"tool\":{},\"invocations\":{}}}]}}",
            safe_json(&tool.to_string()),
            safe_json(&invocations.to_string())
        );
    }

    fn wants_every_document(&self) -> bool {
        false
    }
}

/// The source as a relative reference, or as a `file:` URI where its path is absolute.
fn uri(source: &SourceName) -> String {
    let Some(path) = source.path() else {
        return "stdin".to_owned();
    };
    let mut text = String::new();
    if path.is_absolute() {
        text.push_str("file://");
    }
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                text.push(char::from(*byte));
            }
            other => {
                let _ = write!(text, "%{other:02X}");
            }
        }
    }
    text
}

/// The same finding in the same place, whatever line it moved to.
fn fingerprint(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut text = String::new();
    for byte in hash.finalize().iter().take(16) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
