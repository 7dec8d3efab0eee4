//! Sources over small inputs, a real folder, and an inbox with a clock of its own.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod folder;
mod inbox;
mod streams;

use super::*;

/// What was delivered, each as a line.
fn lines(delivery: &Delivery) -> Vec<String> {
    let name = |path: &Path| path.file_name().unwrap_or_default().display().to_string();
    let source = |source: &SourceName| source.path().map_or("stdin".to_owned(), name);
    match delivery {
        Delivery::Batch { source: of, batch } => batch
            .iter()
            .map(|frame| {
                let text = String::from_utf8_lossy(frame.bytes).into_owned();
                let fault = frame.fault.map(|fault| format!(" <{}>", fault.code()));
                format!("{} {text}{}", source(of), fault.unwrap_or_default())
            })
            .collect(),
        Delivery::End {
            source: of,
            outcome,
        } => {
            let error = outcome.error.as_ref().map(|error| format!(": {error}"));
            vec![format!("{} ends{}", source(of), error.unwrap_or_default())]
        }
        Delivery::PassedOver { path, reason } => {
            assert!(!reason.to_string().is_empty());
            vec![format!("{} passed over: {}", name(path), reason.code())]
        }
        Delivery::Waits => Vec::new(),
        Delivery::Note(note) => vec![match note {
            Note::Overflow => "overflow".to_owned(),
            Note::FolderGone(_) => "gone".to_owned(),
            Note::FolderBack(_) => "back".to_owned(),
            Note::WatchFailed(error) => error.to_string(),
        }],
    }
}
