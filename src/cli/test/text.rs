//! Results of cases for people: what failed with what was wanted and what came, then the sums.

use std::fmt::Write as _;

use super::Tested;
use super::judge::Outcome;
use crate::cli::render::{Painter, count, counted};
use crate::text::Safe;

/// The whole text.
pub(super) fn text(painter: Painter, tested: &[Tested], verbose: bool) -> String {
    let mut out = String::new();
    let (mut passed, mut failed, mut not_covered) = (0, 0, 0);
    for tested in tested {
        for outcome in &tested.outcomes {
            if outcome.differences.is_empty() {
                passed += 1;
                if verbose {
                    let _ = writeln!(out, "ok      {}", title(outcome));
                }
            } else {
                failed += 1;
                failure(painter, &mut out, outcome);
            }
        }
        gaps(painter, &mut out, tested);
        not_covered += tested.gaps.len();
    }
    let folders: Vec<String> = tested
        .iter()
        .map(|tested| {
            let failed = tested
                .outcomes
                .iter()
                .filter(|outcome| !outcome.differences.is_empty())
                .count() as u64;
            let all = tested.outcomes.len() as u64;
            format!(
                "{}: {}{}, {}{}",
                Safe(&tested.name),
                counted(tested.rules as u64, "rule"),
                match tested.windows as u64 {
                    0 => String::new(),
                    windows => format!(", {}", counted(windows, "window rule")),
                },
                counted(all, "case"),
                match failed {
                    0 => String::new(),
                    failed => format!(", {} failed", count(failed)),
                }
            )
        })
        .collect();
    for folder in &folders {
        let _ = writeln!(out, "{folder}");
    }
    let sum = format!(
        "{} as wanted, {} failed",
        counted(passed, "case"),
        count(failed)
    );
    let sum = if failed > 0 {
        painter.bad(&sum)
    } else {
        painter.bold(&sum)
    };
    let _ = write!(out, "{sum}");
    if not_covered > 0 {
        let _ = write!(
            out,
            "; {} not covered",
            counted(not_covered as u64, "condition")
        );
    }
    out.push('\n');
    out
}

fn title(outcome: &Outcome) -> String {
    let trial = &outcome.trial;
    let mut text = Safe(&trial.name).to_string();
    if let Some(with) = &trial.with {
        let _ = write!(text, ": {}", Safe(with));
    }
    text
}

fn failure(painter: Painter, out: &mut String, outcome: &Outcome) {
    let trial = &outcome.trial;
    let _ = writeln!(
        out,
        "{}  {}\n  {}",
        painter.bad("failed"),
        title(outcome),
        painter.dim(&format!(
            "{}:{}",
            Safe(&trial.file.name),
            trial.file.line(trial.span.start)
        )),
    );
    for difference in &outcome.differences {
        let _ = writeln!(
            out,
            "  {}",
            painter.bold(&Safe(&difference.rule).to_string())
        );
        for line in &difference.wanted {
            let _ = writeln!(out, "    {}", painter.good(&format!("- {}", Safe(line))));
        }
        for line in &difference.got {
            let _ = writeln!(out, "    {}", painter.bad(&format!("+ {}", Safe(line))));
        }
    }
    out.push('\n');
}

fn gaps(painter: Painter, out: &mut String, tested: &Tested) {
    let mut rule = "";
    for gap in &tested.gaps {
        if rule != gap.rule {
            rule = &gap.rule;
            let _ = writeln!(
                out,
                "{}  {}: not covered by a case",
                painter.bold("notice"),
                Safe(rule)
            );
        }
        let lacks = gap.lacks.join(", ");
        let _ = match &gap.condition {
            Some((text, place)) => writeln!(
                out,
                "  {}: {lacks}  {}",
                Safe(text),
                painter.dim(&Safe(place).to_string())
            ),
            None => writeln!(out, "  {lacks}"),
        };
    }
    if !tested.gaps.is_empty() {
        out.push('\n');
    }
}
