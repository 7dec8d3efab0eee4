//! Where documents come from: files, a stream, a folder, or several of them one after another.
//!
//! Each is run on a thread of the pipeline's. It judges nothing and starts no thread.

use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::Receiver;

use crate::source::pull::{self, OneAfterAnother, Pull};
use crate::source::read::Reading;
use crate::source::{
    BatchPool, Folder, FolderCounts, FolderOptions, ReadOptions, Recipient, SourceError, SourceName,
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
/// [`Delivery::Waits`](crate::source::Delivery::Waits). A stream or files are asked for what is next
/// instead, by one worker after another, where there are several and nothing else is read.
pub struct Intake(pub(super) Way);

pub(super) enum Way {
    /// brings what it has
    Pushed(Box<Push>),
    /// is asked for it
    Pulled(Box<dyn Pull + Send>),
}

type Push = dyn FnOnce(&Receiver<()>, &mut dyn Recipient) -> IntakeEnd + Send;

impl Intake {
    /// What a function delivers, until it returns; it is told to stop by the end of a channel.
    pub fn new(
        push: impl FnOnce(&Receiver<()>, &mut dyn Recipient) -> IntakeEnd + Send + 'static,
    ) -> Intake {
        Intake(Way::Pushed(Box::new(push)))
    }

    /// Delivers all that there is.
    pub(super) fn push(
        self,
        stop: &Receiver<()>,
        pool: &BatchPool,
        to: &mut dyn Recipient,
    ) -> IntakeEnd {
        match self.0 {
            Way::Pushed(push) => push(stop, to),
            Way::Pulled(mut source) => {
                // A stop shows at the next delivery.
                let _ = pull::push(&mut *source, pool, to);
                IntakeEnd::default()
            }
        }
    }
}

/// Reads files one after another; `-` is standard input.
pub fn files(paths: Vec<PathBuf>, options: ReadOptions) -> Intake {
    Intake(Way::Pulled(Box::new(pull::Files::new(paths, options))))
}

/// Reads one stream to its end.
pub fn stream(
    reader: impl Read + Send + 'static,
    name: SourceName,
    options: ReadOptions,
) -> Intake {
    let reading = Reading::new(reader, Arc::new(name), options, true);
    Intake(Way::Pulled(Box::new(reading)))
}

/// Watches a drop folder, or with `once` reads what is there.
pub fn folder(path: PathBuf, options: FolderOptions, once: bool) -> Intake {
    Intake::new(move |stop, to| {
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
    let pulled = |intake: &Intake| matches!(intake.0, Way::Pulled(_));
    if intakes.iter().all(pulled) {
        let sources = intakes.into_iter().filter_map(|intake| match intake.0 {
            Way::Pulled(source) => Some(source),
            Way::Pushed(_) => None,
        });
        return Intake(Way::Pulled(Box::new(OneAfterAnother::new(sources))));
    }
    Intake::new(move |stop, to| {
        let mut all = IntakeEnd::default();
        let pool = BatchPool::default();
        for intake in intakes {
            let end = intake.push(stop, &pool, to);
            all.folders.extend(end.folders);
            all.errors.extend(end.errors);
        }
        all
    })
}
