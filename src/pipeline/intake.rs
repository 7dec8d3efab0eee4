//! Where documents come from: files, a stream, a folder, or several of them one after another.
//!
//! Each is run on a thread of the pipeline's. It judges nothing and starts no thread.

use std::io::Read;
use std::ops::ControlFlow;
use std::path::PathBuf;

use crossbeam_channel::Receiver;

use crate::source::{
    Delivery, Folder, FolderCounts, FolderOptions, ReadOptions, SourceError, SourceName, file,
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
/// [`Delivery::Waits`].
pub type Intake =
    Box<dyn FnOnce(&Receiver<()>, &mut dyn FnMut(Delivery) -> ControlFlow<()>) -> IntakeEnd + Send>;

/// Reads files one after another; `-` is standard input.
pub fn files(paths: Vec<PathBuf>, options: ReadOptions) -> Intake {
    Box::new(move |_stop, deliver| {
        for path in &paths {
            if file::read(path, &options, deliver).is_break() {
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
    Box::new(move |_stop, deliver| {
        // A stop shows at the next delivery.
        let _ = stdin::read(reader, name, &options, deliver);
        IntakeEnd::default()
    })
}

/// Watches a drop folder, or with `once` reads what is there.
pub fn folder(path: PathBuf, options: FolderOptions, once: bool) -> Intake {
    Box::new(move |stop, deliver| {
        let mut folder = Folder::new(path, options);
        let counts = if once {
            folder.scan_once(deliver)
        } else {
            folder.watch(stop, deliver)
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
    Box::new(move |stop, deliver| {
        let mut all = IntakeEnd::default();
        for intake in intakes {
            let end = intake(stop, deliver);
            all.folders.extend(end.folders);
            all.errors.extend(end.errors);
        }
        all
    })
}
