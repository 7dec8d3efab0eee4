//! Where documents come from: files, a stream, a folder, or several of them one after another.
//!
//! Each is run on a thread of the pipeline's. It judges nothing and starts no thread.

use std::io::Read;
use std::path::PathBuf;

use crossbeam_channel::Receiver;

use crate::source::{
    Folder, FolderCounts, FolderOptions, ReadOptions, Recipient, SourceError, SourceName, file,
    stdin,
};

/// How an intake ended.
#[derive(Debug, Default)]
pub struct IntakeEnd {
    /// what each folder counted
    pub folders: Vec<FolderCounts>,
    /// why it could not go on
    pub errors: Vec<SourceError>,
}

/// Where documents come from: run on a thread of its own until done or told to stop.
///
/// What it delivers is gathered, or judged at once on its thread; before it waits for more it delivers
/// [`Delivery::Waits`](crate::source::Delivery::Waits).
pub type Intake = Box<dyn FnOnce(&Receiver<()>, &mut dyn Recipient) -> IntakeEnd + Send>;

/// Reads files one after another; `-` is standard input.
pub fn files(paths: Vec<PathBuf>, options: ReadOptions) -> Intake {
    Box::new(move |_stop, to| {
        for path in &paths {
            if file::read(path, &options, to).is_break() {
                break;
            }
        }
        IntakeEnd::default()
    })
}

/// Reads one stream to its end.
pub fn stream(
    reader: impl Read + Send + 'static,
    name: SourceName,
    options: ReadOptions,
) -> Intake {
    Box::new(move |_stop, to| {
        // A stop shows at the next delivery.
        let _ = stdin::read(reader, name, &options, to);
        IntakeEnd::default()
    })
}

/// Watches a drop folder, or with `once` reads what is there.
pub fn folder(path: PathBuf, options: FolderOptions, once: bool) -> Intake {
    Box::new(move |stop, to| {
        let mut folder = Folder::new(path, options);
        let counts = if once {
            folder.scan_once(to)
        } else {
            folder.watch(stop, to)
        };
        match counts {
            Ok(counts) => IntakeEnd {
                folders: vec![counts],
                errors: Vec::new(),
            },
            Err(error) => IntakeEnd {
                folders: Vec::new(),
                errors: vec![error],
            },
        }
    })
}

/// Runs intakes one after another, so that their documents keep that order.
pub fn one_after_another(intakes: Vec<Intake>) -> Intake {
    Box::new(move |stop, to| {
        let mut all = IntakeEnd::default();
        for intake in intakes {
            let end = intake(stop, to);
            all.folders.extend(end.folders);
            all.errors.extend(end.errors);
        }
        all
    })
}
