//! Findings as JUnit XML, for continuous integration: a suite a source, a case a document.
//!
//! A suite is written once its source has ended, as its counts come first. Text from documents is
//! escaped, and what XML cannot hold is shown as `\u{…}`. Notices are the output of their case.

use std::fmt::Write as _;

use super::{Writer, findings};
use crate::pipeline::Judged;
use crate::source::SourceName;
use crate::text::Safe;

/// Writes one XML document.
#[derive(Default)]
pub(super) struct Junit {
    begun: bool,
    cases: String,
    tests: u64,
    failures: u64,
}

impl Junit {
    fn begin(&mut self, out: &mut String) {
        if !std::mem::replace(&mut self.begun, true) {
            out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"qualwatch check\">\n");
        }
    }
}

impl Writer for Junit {
    fn document(&mut self, source: &SourceName, judged: &Judged, out: &mut String) {
        self.begin(out);
        let name = source.to_string();
        self.tests += 1;
        let _ = write!(
            self.cases,
            "    <testcase classname=\"{}\" name=\"document {} at line {}\"",
            Xml(&name),
            self.tests,
            judged.origin.line
        );
        let findings = findings(judged);
        if findings.is_empty() {
            self.cases.push_str("/>\n");
            return;
        }
        self.cases.push_str(">\n");
        let place = |line: u64, column: u64| format!("{name}:{line}:{column}");
        let refused: Vec<_> = findings.iter().filter(|finding| finding.refused).collect();
        if let [first, more @ ..] = refused.as_slice() {
            self.failures += 1;
            let _ = write!(
                self.cases,
                "      <failure type=\"{}\" message=\"{}\">",
                Xml(first.code),
                Xml(&match more.len() {
                    0 => first.message.clone(),
                    more => format!("{} (and {more} more)", first.message),
                }),
            );
            for finding in &refused {
                let _ = writeln!(
                    self.cases,
                    "{} {} {}: {}",
                    Xml(&place(finding.line, finding.column)),
                    Xml(finding.code),
                    Xml(finding.pointer),
                    Xml(&finding.message)
                );
            }
            self.cases.push_str("</failure>\n");
        }
        if refused.len() < findings.len() {
            self.cases.push_str("      <system-out>");
            for finding in findings.iter().filter(|finding| !finding.refused) {
                let _ = writeln!(
                    self.cases,
                    "{} {} {}: {}",
                    Xml(&place(finding.line, finding.column)),
                    Xml(finding.code),
                    Xml(finding.pointer),
                    Xml(&finding.message)
                );
            }
            self.cases.push_str("</system-out>\n");
        }
        self.cases.push_str("    </testcase>\n");
    }

    fn source_end(&mut self, source: &SourceName, error: Option<&str>, out: &mut String) {
        self.begin(out);
        let name = source.to_string();
        let errors = u64::from(error.is_some());
        let _ = writeln!(
            out,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{errors}\">",
            Xml(&name),
            self.tests + errors,
            self.failures
        );
        out.push_str(&self.cases);
        if let Some(error) = error {
            let _ = writeln!(
                out,
                "    <testcase classname=\"{}\" name=\"reading\"><error type=\"source\" message=\"{}\"/></testcase>",
                Xml(&name),
                Xml(error)
            );
        }
        out.push_str("  </testsuite>\n");
        self.cases.clear();
        (self.tests, self.failures) = (0, 0);
    }

    fn end(&mut self, _complete: bool, out: &mut String) {
        self.begin(out);
        out.push_str("</testsuites>\n");
    }
}

/// Text in XML, on one line.
pub(in crate::cli) struct Xml<'t>(pub(in crate::cli) &'t str);

impl std::fmt::Display for Xml<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for character in Safe(self.0).to_string().chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&apos;")?,
                // The two that are no characters of XML, beside the controls.
                '\u{fffe}' | '\u{ffff}' => write!(f, "\\u{{{:x}}}", character as u32)?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}
