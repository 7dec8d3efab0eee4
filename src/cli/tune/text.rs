//! What limits do, for people: readings in percentiles and a histogram, calls by value.

use std::fmt::Write as _;

use serde_json::Value as Json;

use super::spread::Sorted;
use super::{Compared, Seen, Tuned};
use crate::cli::output::width;
use crate::cli::render::{Painter, count, counted, plural, quantity};
use crate::rules::RuleSet;
use crate::rules::fields::Unit;
use crate::text::Safe;

/// Calls shown of those that come or go.
const SHOWN: usize = 20;

/// The whole text.
pub(super) fn text(painter: Painter, seen: &Seen, set: &RuleSet) -> String {
    let mut out = String::new();
    for (number, limit) in seen.tuned.iter().enumerate() {
        let _ = writeln!(
            out,
            "{}  {}  {}",
            painter.bold(&limit.name),
            value(limit.now(), limit.limit.unit),
            painter.dim(&Safe(&limit.place).to_string()),
        );
        for (key, compared) in &seen.compared {
            if key.0 == limit.name {
                spread(painter, &mut out, limit, compared, set);
            }
        }
        for (text, rule) in &limit.others {
            let rule = set.rules().get(*rule).map_or("", |rule| rule.name());
            let said = format!("{text}  in {rule}: of no single reading, so none are told");
            wrapped(painter, &mut out, "  ", &Safe(&said).to_string());
        }
        calls(painter, &mut out, seen, number, limit);
        out.push('\n');
    }
    if !seen.hidden.is_empty() {
        let names = seen.hidden.join(", ");
        let _ = writeln!(
            out,
            "{}  {}: cannot be followed, so what they read is not told",
            painter.bold("notice"),
            Safe(&names)
        );
    }
    if seen.calls.beyond > 0 {
        let _ = writeln!(
            out,
            "{}  {} of calls beyond the first million that alert are not counted",
            painter.bold("notice"),
            counted(seen.calls.beyond, "document")
        );
    }
    let _ = writeln!(out, "{} read", counted(seen.records, "record"));
    out
}

/// Lines no longer than the terminal is wide.
fn wrapped(painter: Painter, out: &mut String, indent: &str, text: &str) {
    let further = format!("{indent}  ");
    let options = textwrap::Options::new(width())
        .initial_indent(indent)
        .subsequent_indent(&further)
        .break_words(false);
    for line in textwrap::wrap(text, options) {
        let _ = writeln!(out, "{}", painter.dim(&line));
    }
}

fn value(value: f64, unit: Unit) -> String {
    let unit = match unit {
        Unit::None => None,
        unit => Some(unit.name()),
    };
    quantity(&Json::from(value), unit)
}

fn spread(painter: Painter, out: &mut String, limit: &Tuned, compared: &Compared, set: &RuleSet) {
    let condition = &compared.condition;
    let spread = &compared.spread;
    let Some(reading) = &condition.reading else {
        return;
    };
    let names: Vec<&str> = compared
        .rules
        .iter()
        .filter_map(|rule| Some(&**set.rules().get(*rule)?.name()))
        .collect();
    let level = compared
        .rules
        .first()
        .and_then(|rule| set.rules().get(*rule))
        .map_or("place", |rule| rule.level().name());
    let _ = writeln!(
        out,
        "  {}  in {}",
        Safe(&condition.text),
        Safe(&names.join(", "))
    );
    if !condition.before.is_empty() {
        let before = format!("over each {level} with {}", condition.before.join(", "));
        wrapped(painter, out, "    ", &Safe(&before).to_string());
    }
    let perhaps = match spread.perhaps {
        0 => String::new(),
        perhaps => format!(
            ", {} {} where it is not known whether it is asked",
            count(perhaps),
            plural(level, perhaps)
        ),
    };
    let _ = writeln!(
        out,
        "    {}, {} missing, {} hold{perhaps}",
        counted(spread.read, "reading"),
        count(spread.missing),
        count(spread.held),
    );
    if spread.read == 0 {
        return;
    }
    let unit = reading.field.get().unit;
    let sorted = spread.sorted();
    let mut parts = vec![format!("least {}", value(sorted.least(), unit))];
    for (share, name) in [
        (0.5, "p50"),
        (0.75, "p75"),
        (0.9, "p90"),
        (0.95, "p95"),
        (0.99, "p99"),
    ] {
        if let Some(at) = sorted.quantile(share) {
            parts.push(format!("{name} {}", value(at, unit)));
        }
    }
    parts.push(format!("most {}", value(sorted.most(), unit)));
    let near = if sorted.is_exact() {
        ""
    } else {
        "  (within 0.1 %)"
    };
    // A number stays with its name.
    let mut column = 4;
    out.push_str("   ");
    for part in &parts {
        if column + part.chars().count() + 2 > width() {
            out.push_str("\n   ");
            column = 4;
        }
        let gap = if column == 4 { " " } else { "  " };
        let _ = write!(out, "{gap}{part}");
        column += part.chars().count() + 2;
    }
    let _ = writeln!(out, "{near}");
    histogram(painter, out, &sorted, limit.now_for(unit), unit);
}

/// Bars from the least reading to the 99th percentile or beyond the limit, and a mark at the limit.
fn histogram(painter: Painter, out: &mut String, sorted: &Sorted<'_>, limit: f64, unit: Unit) {
    const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let number = (width().saturating_sub(30)).clamp(16, 48);
    let from = sorted.least().min(limit);
    let high = sorted.quantile(0.99).unwrap_or(from);
    let to = high.max(limit + (limit - from).abs() * 0.25).max(from);
    if to <= from {
        return;
    }
    let shares = sorted.stretches(from, to, number);
    let most = shares.iter().copied().fold(0.0, f64::max);
    let bars: String = shares
        .iter()
        .map(|share| {
            if *share == 0.0 {
                return BARS[0];
            }
            // The least share is seen as well.
            let height = (share / most * 8.0).round().max(1.0) as usize;
            BARS[height.min(8)]
        })
        .collect();
    let place = ((limit - from) / (to - from) * number as f64) as usize;
    let low = value(from, unit);
    let _ = writeln!(out, "    {low} |{bars}| {}", value(to, unit));
    let indent = low.chars().count() + 6 + place.min(number - 1);
    let _ = writeln!(
        out,
        "{}{}",
        " ".repeat(indent),
        painter.bold(&format!("^ {}", value(limit, unit)))
    );
}

fn calls(painter: Painter, out: &mut String, seen: &Seen, number: usize, limit: &Tuned) {
    let unit = limit.limit.unit;
    let from = limit.now();
    let mut line = format!("  calls that alert: {} now", count(seen.calls.now(number)));
    let mut lists = String::new();
    for (at, other) in limit.values.iter().enumerate() {
        let change = seen.calls.change(number, limit.first + at, from, *other);
        let sign = if at == 0 { ';' } else { ',' };
        let _ = write!(
            line,
            "{sign} {} at {}",
            count(change.alert),
            value(*other, unit)
        );
        if !limit.asked {
            continue;
        }
        let _ = writeln!(
            lists,
            "  {}: {} come, {} go",
            painter.bold(&format!("at {}", value(*other, unit))),
            count(change.come.len() as u64),
            count(change.go.len() as u64)
        );
        for (what, list) in [("comes", &change.come), ("goes", &change.go)] {
            for (id, decides) in list.iter().take(SHOWN) {
                let decides = decides.map_or(String::new(), |it| format!("  {}", value(it, unit)));
                let _ = writeln!(lists, "    {what:<5}  {}{decides}", Safe(id));
            }
            if list.len() > SHOWN {
                let more = list.len() - SHOWN;
                let _ = writeln!(lists, "    … and {more} more; --format json has them all");
            }
        }
    }
    let _ = writeln!(out, "{line}\n{}", lists.trim_end());
    if lists.is_empty() {
        out.pop();
    }
}
