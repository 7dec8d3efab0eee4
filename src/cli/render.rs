//! Alerts and documents for people: short, in units, safe to print.
//!
//! Everything that came from a document or a file name goes through
//! [`Safe`]; snippets keep their columns. Nothing is decided here.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::snippet::{Mark, snippet};
use crate::alert::{Alert, Client, Evidence, Finding, Transition, What, by_badness};
use crate::engine::{Report, Verdict};
use crate::pipeline::Judged;
use crate::record::call::End;
use crate::rules::Severity;
use crate::text::Safe;

pub(super) use crate::alert::words::{count, counted, plural, quantity, when};

/// Renders with or without colour.
#[derive(Clone, Copy, Debug)]
pub(super) struct Painter {
    /// whether to colour
    pub(super) colour: bool,
}

impl Painter {
    fn paint(self, style: Style, text: &str) -> String {
        if self.colour {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    fn severity(self, severity: Severity) -> String {
        let colour = match severity {
            Severity::Info => AnsiColor::Cyan,
            Severity::Warning => AnsiColor::Yellow,
            Severity::Critical => AnsiColor::Red,
        };
        let style = Style::new().bold().fg_color(Some(colour.into()));
        self.paint(style, severity.name())
    }

    pub(super) fn bold(self, text: &str) -> String {
        self.paint(Style::new().bold(), text)
    }

    pub(super) fn dim(self, text: &str) -> String {
        self.paint(Style::new().dimmed(), text)
    }

    pub(super) fn good(self, text: &str) -> String {
        let style = Style::new().fg_color(Some(AnsiColor::Green.into()));
        self.paint(style, text)
    }

    pub(super) fn bad(self, text: &str) -> String {
        self.paint(
            Style::new().bold().fg_color(Some(AnsiColor::Red.into())),
            text,
        )
    }

    /// One alert, a few lines of `width`; what must be copied is not broken.
    pub(super) fn alert(self, alert: &Alert, width: usize) -> String {
        const SHOWN: usize = 8;
        let mut text = String::new();
        let affected = alert.affected;
        let _ = writeln!(
            text,
            "{}  {}  call {}  {} of {} {}",
            self.severity(alert.severity),
            self.bold(&Safe(&alert.rule).to_string()),
            Safe(alert.call.id.as_deref().unwrap_or("without an id")),
            affected.fired,
            affected.of,
            plural(alert.on, affected.of)
        );
        if let Some(title) = &alert.title {
            let _ = writeln!(text, "  {}", Safe(title));
        }
        let options = textwrap::Options::new(width)
            .initial_indent("  ")
            .subsequent_indent("  ")
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        let summary = Safe(&alert.summary).to_string();
        let _ = writeln!(text, "{}", textwrap::fill(&summary, options));
        let findings = by_badness(alert);
        for finding in findings.iter().take(SHOWN) {
            self.finding(&mut text, alert, finding);
        }
        if findings.len() > SHOWN {
            let _ = writeln!(text, "  … and {} more", findings.len() - SHOWN);
        }
        for (name, link) in &alert.links {
            let _ = writeln!(text, "  {}  {}", Safe(name), Safe(link));
        }
        if let Some(more) = &alert.more {
            let _ = writeln!(
                text,
                "  {} more since the last one",
                count(more.count.into())
            );
        }
        text
    }

    /// One transition, in a line or two.
    pub(super) fn transition(self, transition: &Transition, width: usize) -> String {
        let mut text = format!(
            "{}  {}  {}",
            self.severity(transition.severity),
            self.bold(&Safe(&transition.rule).to_string()),
            transition.state.name(),
        );
        if let Some(call) = &transition.call {
            let _ = write!(text, "  call {}", Safe(&call.id));
        }
        let _ = write!(text, "  {}", transition.at);
        if transition.clock.is_some() {
            text.push_str(" (wall time)");
        }
        text.push('\n');
        if let Some(title) = &transition.title {
            let _ = writeln!(text, "  {}", Safe(title));
        }
        let options = textwrap::Options::new(width)
            .initial_indent("  ")
            .subsequent_indent("  ")
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        let summary = Safe(&transition.summary).to_string();
        let _ = writeln!(text, "{}", textwrap::fill(&summary, options));
        if !transition.calls.is_empty() {
            const NAMED: usize = 5;
            let named: Vec<String> = transition
                .calls
                .iter()
                .take(NAMED)
                .map(|call| Safe(call).to_string())
                .collect();
            let more = if transition.calls.len() > NAMED {
                ", …"
            } else {
                ""
            };
            let _ = writeln!(text, "  calls {}{more}", named.join(", "));
        }
        text
    }

    /// Where it is in the source, and whose, unless the summary says it of this one alone.
    fn finding(self, text: &mut String, alert: &Alert, finding: &Finding) {
        let alone = alert.findings.len() == 1;
        let measured: Vec<&Evidence> = finding
            .evidence
            .iter()
            .filter(|evidence| !evidence.limit.is_null() && !evidence.limit.is_array())
            .collect();
        if !alone {
            let head = place_of(&finding.what, finding.client.as_ref(), alert.on);
            let _ = writeln!(text, "  {head}");
        }
        if measured.iter().all(|evidence| evidence.line.is_none()) {
            let place = format!("{}:{}", Safe(&alert.source.name), finding.line);
            let _ = writeln!(text, "    {}", self.dim(&place));
        }
        if let Some(message) = &finding.message {
            let _ = writeln!(text, "    {}", Safe(message));
        }
        for evidence in measured {
            let _ = writeln!(text, "    {}", self.evidence(alert, evidence));
        }
    }

    fn evidence(self, alert: &Alert, evidence: &Evidence) -> String {
        let mut text = evidence_in_words(evidence);
        if let (Some(line), Some(column)) = (evidence.line, evidence.column) {
            let place = format!("{}:{line}:{column}", Safe(&alert.source.name));
            let _ = write!(text, "  {}", self.dim(&place));
        }
        text
    }

    /// What is to be said of a document besides its alerts; empty if there is nothing.
    pub(super) fn document(self, source: &str, judged: &Judged) -> String {
        let report = &judged.report;
        let mut text = String::new();
        let at = format!("{}:{}", Safe(source), judged.origin.line);
        match report.verdict {
            Verdict::Malformed => {
                if let Some(fault) = &report.fault {
                    let place =
                        format!("{}:{}:{}", Safe(source), fault.spot.line, fault.spot.column);
                    let _ = writeln!(
                        text,
                        "{}  {place}\n  {}",
                        self.bad("malformed"),
                        Safe(&fault.message)
                    );
                    if let Some(bytes) = &judged.text {
                        let mark = Mark {
                            offset: fault.spot.offset,
                            length: None,
                            line: fault.spot.line,
                            label: "",
                        };
                        text.push_str(&snippet(self.colour, bytes, mark));
                    }
                }
            }
            Verdict::Foreign => {
                let _ = writeln!(
                    text,
                    "{}  {at}\n  {}{}",
                    self.bad("foreign"),
                    if report.kind == crate::record::Kind::Foreign {
                        String::new()
                    } else {
                        format!("{}: ", report.kind.name())
                    },
                    Safe(report.hint.unwrap_or_default()),
                );
            }
            Verdict::Invalid => {
                let _ = writeln!(
                    text,
                    "{}  {at}  {}\n  {} violation{} of the schema{}",
                    self.bad("invalid"),
                    call_of(report),
                    report.problems.len(),
                    if report.problems.len() == 1 { "" } else { "s" },
                    if report.more_problems {
                        ", and more"
                    } else {
                        ""
                    },
                );
                for problem in &report.problems {
                    let _ = writeln!(
                        text,
                        "  {}:{}:{}  {}\n    found {}, wanted {}",
                        Safe(source),
                        problem.line,
                        problem.column,
                        if problem.pointer.is_empty() {
                            Safe("the document")
                        } else {
                            Safe(&problem.pointer)
                        },
                        Safe(&problem.found),
                        Safe(&problem.wanted),
                    );
                    if let Some(hint) = &problem.hint {
                        let _ = writeln!(text, "    {}", Safe(hint));
                    }
                    if let Some(bytes) = &judged.text {
                        let mark = Mark {
                            offset: problem.offset,
                            length: Some(problem.length),
                            line: problem.line,
                            label: &problem.keyword,
                        };
                        text.push_str(&snippet(self.colour, bytes, mark));
                    }
                }
            }
            Verdict::Partial => {
                let _ = writeln!(
                    text,
                    "{}  {at}  {}\n  its sessions go on behind the nextLink; fetch that page too, and drop it here",
                    self.bold("partial"),
                    call_of(report),
                );
            }
            Verdict::Valid => {}
        }
        if report.unexpanded {
            let _ = writeln!(
                text,
                "{}  {at}  {}\n  its sessions were not expanded, so no rule can fire; fetch it with\n  $expand=sessions($expand=segments)",
                self.bold("unexpanded"),
                call_of(report),
            );
        }
        if report.verdict != Verdict::Foreign
            && let Some(hint) = report.hint
        {
            let _ = writeln!(text, "{}  {at}\n  {}", self.bold("notice"), Safe(hint));
        }
        if report.repeated_sessions > 0 {
            let _ = writeln!(
                text,
                "{}  {at}  {}\n  {} of {} sessions came twice and counted once",
                self.bold("notice"),
                call_of(report),
                report.repeated_sessions,
                report.sessions,
            );
        }
        for notice in &report.notices {
            let _ = writeln!(
                text,
                "{}  {}:{}:{}  {}\n  {}: found {}, expected {}",
                self.bold("notice"),
                Safe(source),
                notice.line,
                notice.column,
                Safe(&notice.pointer),
                notice.kind.code(),
                Safe(&notice.found),
                Safe(&notice.wanted),
            );
        }
        text
    }
}

/// What a place is, and whose: `main-audio downlink — Abbie Wilkins, caller, android`.
pub(super) fn place_of(what: &What, client: Option<&Client>, on: &str) -> String {
    let mut head = String::new();
    if let Some(media) = &what.media {
        let _ = write!(head, "{}", Safe(media));
    }
    match (what.path, &what.direction) {
        (Some(path), _) => {
            let _ = write!(head, " {path}");
        }
        (None, Some(direction)) => {
            let _ = write!(head, " {}", Safe(direction));
        }
        (None, None) => {}
    }
    if let Some(rating) = &what.rating {
        let _ = write!(head, "rated {}", Safe(rating));
    }
    if !what.tokens.is_empty() {
        let tokens = what.tokens.join(", ");
        let _ = write!(head, " ({})", Safe(&tokens));
    }
    if let Some(stage) = &what.stage {
        let _ = write!(head, "failed in {}", Safe(stage));
    }
    if let Some(reason) = &what.reason {
        let gap = if head.is_empty() { "failed: " } else { ": " };
        let _ = write!(head, "{gap}{}", Safe(reason));
    }
    if head.is_empty() {
        head.push_str(on);
    }
    if let Some(client) = client {
        let _ = write!(head, " — {}", describe_client(client));
    }
    head.trim().to_owned()
}

/// A comparison: `averageJitter 31 ms > 30 ms (jitter)`.
pub(super) fn evidence_in_words(evidence: &Evidence) -> String {
    match evidence.op {
        "has" => {
            let value = quantity(&evidence.value, evidence.unit);
            return format!("{} {value} is there", evidence.field);
        }
        "!has" => return format!("{} is not there", evidence.field),
        _ => {}
    }
    let calculated = match &evidence.reading {
        Some(reading) => format!("{}, calculated ", quantity(reading, evidence.unit)),
        None => String::new(),
    };
    let mut text = format!(
        "{} {calculated}{} {} {}",
        evidence.field,
        quantity(&evidence.value, evidence.unit),
        evidence.op,
        quantity(&evidence.limit, evidence.unit),
    );
    if let Some(name) = &evidence.limit_name {
        let _ = write!(text, " ({})", Safe(name));
    }
    text
}

fn call_of(report: &Report) -> String {
    report
        .call_id
        .as_ref()
        .map(|id| format!("call {}", Safe(id)))
        .unwrap_or_default()
}

fn describe_client(client: &Client) -> String {
    let role = if client.end == End::Caller.name() {
        "caller"
    } else {
        "callee"
    };
    let network = match (&client.connection, &client.subnet) {
        (Some(connection), Some(subnet)) => Some(format!("{connection} {subnet}")),
        (Some(one), None) | (None, Some(one)) => Some(one.clone()),
        (None, None) => None,
    };
    let parts = [
        client.name.clone(),
        Some(role.to_owned()),
        client.platform.clone(),
        network,
        client.site.as_ref().and_then(|site| site.building.clone()),
        client.device.clone(),
    ];
    let joined: Vec<String> = parts.into_iter().flatten().collect();
    Safe(&joined.join(", ")).to_string()
}
