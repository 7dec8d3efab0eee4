//! One batch of documents to one event, on a worker's thread.

use std::sync::Arc;

use super::{Arrivals, Event, Judged, Options};
use crate::engine::{Checker, Fault, Input, Report, Verdict};
use crate::frame::{Batch, Frame, FrameFault};
use crate::over_time;
use crate::record::{Origin, explain, place};
use crate::source::SourceName;
use crate::stats::Summary;

/// Judges each document of a batch; reports that nobody needs any more are used again.
pub(super) fn judge(
    checker: &mut Checker,
    source: Arc<SourceName>,
    batch: &Batch,
    options: &Options,
    spare: &mut Vec<Report>,
) -> Event {
    let mut counts = Summary::default();
    let mut documents = Vec::new();
    let name = source.name();
    for frame in batch.iter() {
        if let Some(report) = spare.pop() {
            checker.reuse(report);
        }
        judge_frame(
            checker,
            &name,
            frame,
            options,
            batch.len(),
            &mut counts,
            &mut documents,
        );
    }
    drop(name);
    told(source, checker, counts, documents)
}

/// Judges the one document of a source in which nobody has looked for its end; nothing where it is not
/// plainly one.
pub(super) fn judge_unframed(
    checker: &mut Checker,
    source: &Arc<SourceName>,
    batch: &Batch,
    options: &Options,
    spare: &mut Vec<Report>,
) -> Option<Event> {
    let frame = batch.get(0)?;
    if let Some(report) = spare.pop() {
        checker.reuse(report);
    }
    let report = checker.check_unframed(Input::framed(frame, &source.name()))?;
    let (mut counts, mut documents) = (Summary::default(), Vec::new());
    tell(
        checker,
        frame,
        report,
        options,
        1,
        &mut counts,
        &mut documents,
    );
    Some(told(Arc::clone(source), checker, counts, documents))
}

fn told(
    source: Arc<SourceName>,
    checker: &Checker,
    counts: Summary,
    documents: Vec<Judged>,
) -> Event {
    Event::Judged {
        source,
        rules: checker.rules().clone(),
        counts,
        documents,
        remembered: Vec::new(),
        arrivals: Arrivals::default(),
    }
}

/// A frame's fault, with its place: of a text that is cut off, its end.
fn faulty(frame: Frame<'_>, fault: FrameFault, origin: Origin) -> Fault {
    let mut message = fault.to_string();
    let mut offset = 0;
    if fault == FrameFault::CutOff && !frame.bytes.is_empty() {
        offset = frame.bytes.len() - 1;
        if let Some(open) = explain::still_open(frame.bytes) {
            let spot = place::spot(frame.bytes, origin, open);
            let what = char::from(frame.bytes[open]);
            message.push_str(&format!(
                "; the {what} of line {}, column {} is still open",
                spot.line, spot.column
            ));
        }
    }
    Fault {
        spot: place::spot(frame.bytes, origin, offset),
        message,
        code: fault.code(),
    }
}

fn judge_frame(
    checker: &mut Checker,
    source: &str,
    frame: Frame<'_>,
    options: &Options,
    expected: usize,
    counts: &mut Summary,
    documents: &mut Vec<Judged>,
) {
    let input = Input::framed(frame, source);
    let report = match frame.fault {
        Some(fault) => {
            let mut report = Report::malformed(faulty(frame, fault, input.origin));
            checker.redact(&mut report);
            report
        }
        None => checker.check(input),
    };
    if report.verdict == Verdict::Malformed && frame.fault.is_none() {
        // A line may hold two whole documents; each is judged for itself.
        let mut parts = Batch::new();
        if frame.split(&mut parts) {
            for part in parts.iter() {
                judge_frame(checker, source, part, options, expected, counts, documents);
            }
            return;
        }
    }
    tell(checker, frame, report, options, expected, counts, documents);
}

/// Counts a document, and keeps of it what is to be said.
fn tell(
    checker: &mut Checker,
    frame: Frame<'_>,
    report: Report,
    options: &Options,
    expected: usize,
    counts: &mut Summary,
    documents: &mut Vec<Judged>,
) {
    counts.document(&report, frame.bytes.len());
    let each = options.every_document || report.contribution.is_some();
    if each || report.has_something_to_say() {
        if documents.is_empty() {
            // Where one has something to say since each has, there is room for all of them at once.
            documents.reserve_exact(if each { expected } else { 1 });
        }
        let shown = report.verdict != Verdict::Valid || !report.notices.is_empty();
        let text = (options.keep_refused && shown).then(|| frame.bytes.to_vec());
        documents.push(Judged {
            origin: Input::framed(frame, "").origin,
            report,
            text,
            told: over_time::Told::default(),
        });
    } else {
        checker.reuse(report);
    }
}
