//! Results of cases as JUnit XML: a suite a folder, a case a record.

use std::fmt::Write as _;

use super::Tested;
use crate::cli::check::Xml;

/// The whole document.
pub(super) fn junit(tested: &[Tested]) -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"qualwatch test\">\n",
    );
    for tested in tested {
        let failures = tested
            .outcomes
            .iter()
            .filter(|outcome| !outcome.differences.is_empty())
            .count();
        let _ = writeln!(
            out,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" errors=\"0\">",
            Xml(&tested.name),
            tested.outcomes.len()
        );
        for outcome in &tested.outcomes {
            let trial = &outcome.trial;
            let name = match &trial.with {
                Some(with) => format!("{}: {with}", trial.name),
                None => trial.name.clone(),
            };
            let _ = write!(
                out,
                "    <testcase classname=\"{}\" name=\"{}\"",
                Xml(&trial.file.name),
                Xml(&name)
            );
            if outcome.differences.is_empty() {
                out.push_str("/>\n");
                continue;
            }
            out.push_str(">\n");
            for difference in &outcome.differences {
                let wanted = difference.wanted.join("; ");
                let got = difference.got.join("; ");
                let message = format!("{}: wanted {wanted}, got {got}", difference.rule);
                let place = format!("{}:{}", trial.file.name, trial.file.line(trial.span.start));
                let _ = writeln!(
                    out,
                    "      <failure type=\"{}\" message=\"{}\">{}</failure>",
                    Xml(&difference.rule),
                    Xml(&message),
                    Xml(&place)
                );
            }
            out.push_str("    </testcase>\n");
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}
