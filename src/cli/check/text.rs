//! Findings for people: the place, the line with a caret, what to write instead.
//!
//! What repeats is shown three times and then counted, over all documents. Constant memory.

use std::fmt::Write as _;

use super::Writer;
use super::groups::Groups;
use crate::cli::render::Painter;
use crate::cli::snippet::{self, Mark, place_of};
use crate::engine::Verdict;
use crate::pipeline::Judged;
use crate::source::SourceName;
use crate::text::Safe;

/// Writes text.
pub(super) struct Text {
    painter: Painter,
    groups: Groups,
}

impl Text {
    pub(super) fn new(painter: Painter) -> Text {
        Text {
            painter,
            groups: Groups::default(),
        }
    }

    fn head(&self, out: &mut String, place: &str, code: &str, what: &str) {
        let _ = writeln!(
            out,
            "{}  {}  {}",
            self.painter.bold(place),
            code,
            Safe(what),
        );
    }
}

impl Writer for Text {
    fn document(&mut self, source: &SourceName, judged: &Judged, out: &mut String) {
        let report = &judged.report;
        let name = source.to_string();
        let text = judged.text.as_deref();
        if let Some(fault) = &report.fault
            && self.groups.show(fault.code, "", "")
        {
            let place = format!("{}:{}:{}", Safe(&name), fault.spot.line, fault.spot.column);
            let code = self.painter.bad(&format!("malformed ({})", fault.code));
            self.head(out, &place, &code, &fault.message);
            if let Some(text) = text {
                let mark = Mark {
                    offset: fault.spot.offset,
                    length: None,
                    line: fault.spot.line,
                    label: "",
                };
                out.push_str(&snippet::snippet(self.painter.colour, text, mark));
            }
            out.push('\n');
        }
        if report.verdict == Verdict::Foreign && self.groups.show("foreign", report.kind.name(), "")
        {
            let origin = judged.origin;
            let place = format!("{}:{}:{}", Safe(&name), origin.line, origin.column);
            let hint = report.hint.unwrap_or_default();
            let what = format!("{}: {hint}", report.kind.name());
            self.head(out, &place, &self.painter.bad("foreign"), &what);
            out.push('\n');
        }
        for problem in &report.problems {
            let (keyword, at) = (&problem.keyword, &problem.pointer);
            if self.groups.show(keyword, &problem.schema_pointer, at) {
                out.push_str(&snippet::problem(self.painter, &name, problem, text));
                out.push('\n');
            }
        }
        for notice in &report.notices {
            if self
                .groups
                .show(notice.kind.code(), &notice.subject, &notice.pointer)
            {
                let place = format!("{}:{}:{}", Safe(&name), notice.line, notice.column);
                let code = self
                    .painter
                    .bold(&format!("notice ({})", notice.kind.code()));
                self.head(out, &place, &code, place_of(&notice.pointer));
                let _ = writeln!(
                    out,
                    "  found {}, expected {}",
                    Safe(&notice.found),
                    Safe(&notice.wanted)
                );
                if let Some(text) = text {
                    let mark = Mark {
                        offset: notice.offset,
                        length: Some(notice.length),
                        line: notice.line,
                        label: "",
                    };
                    out.push_str(&snippet::snippet(self.painter.colour, text, mark));
                }
                out.push('\n');
            }
        }
    }

    fn end(&mut self, _complete: bool, out: &mut String) {
        out.push_str(&self.groups.rest());
    }

    fn wants_every_document(&self) -> bool {
        false
    }
}
