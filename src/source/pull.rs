//! Sources that are asked for what is next: by one thread, or by one after another.
//!
//! Whoever asks judges what came, so that its bytes are near; nobody waits for a thread that only reads.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use super::file::{self, Looked};
use super::read::Reading;
use super::{BatchPool, Delivery, ReadOptions, Recipient, SourceName};

/// A source that is asked for what is next.
pub(crate) trait Pull {
    /// What is next, in batches of `pool`; nothing when all was told. Never [`Delivery::Waits`].
    fn next(&mut self, pool: &BatchPool) -> Option<Delivery>;

    /// Whether it may wait for what is next.
    fn may_wait(&mut self) -> bool;

    /// Whether it will never wait, as far as can be told.
    fn never_waits(&mut self) -> bool;

    /// Whether all was told.
    fn is_over(&self) -> bool;
}

/// Hands over all that a source has.
pub(crate) fn push(
    source: &mut dyn Pull,
    pool: &BatchPool,
    to: &mut dyn Recipient,
) -> ControlFlow<()> {
    loop {
        if source.may_wait() {
            to.take(Delivery::Waits)?;
        }
        match source.next(pool) {
            Some(delivery) => to.take(delivery)?,
            None => return ControlFlow::Continue(()),
        }
    }
}

/// Files that the user named, one after another; `-` is standard input.
pub(crate) struct Files {
    paths: VecDeque<PathBuf>,
    options: ReadOptions,
    /// what stands under the first path, once it is its turn
    first: Option<Looked>,
    reading: Option<Box<dyn Pull + Send>>,
}

impl Files {
    pub(crate) fn new(paths: impl IntoIterator<Item = PathBuf>, options: ReadOptions) -> Files {
        Files {
            paths: paths.into_iter().collect(),
            options,
            first: None,
            reading: None,
        }
    }

    /// Looks at the first of them, if nothing is being read.
    fn look(&mut self) -> Option<&Looked> {
        if self.first.is_none() {
            self.first = self.paths.front().map(|path| file::look(path));
        }
        self.first.as_ref()
    }

    /// Begins to read the first of them, or says why that cannot be.
    fn begin(&mut self, path: PathBuf, looked: Looked) -> Option<Delivery> {
        let options = self.options.clone();
        let reading: Box<dyn Pull + Send> = if let Looked::Stdin = looked {
            let name = Arc::new(SourceName::Stdin);
            Box::new(Reading::new(std::io::stdin(), name, options, true))
        } else {
            let name = Arc::new(SourceName::File(path.clone()));
            match file::open(&path, looked) {
                Ok((file, waits)) => Box::new(Reading::new(file, name, options, waits)),
                Err(error) => return Some(file::not_opened(&name, error)),
            }
        };
        self.reading = Some(reading);
        None
    }
}

impl Pull for Files {
    fn next(&mut self, pool: &BatchPool) -> Option<Delivery> {
        loop {
            if let Some(reading) = &mut self.reading {
                let delivery = reading.next(pool);
                if reading.is_over() {
                    self.reading = None;
                }
                if delivery.is_some() {
                    return delivery;
                }
            }
            self.look();
            let (path, looked) = (self.paths.pop_front()?, self.first.take()?);
            let refused = self.begin(path, looked);
            if refused.is_some() {
                return refused;
            }
        }
    }

    fn may_wait(&mut self) -> bool {
        match &mut self.reading {
            Some(reading) => reading.may_wait(),
            None => self.look().is_some_and(Looked::waits),
        }
    }

    fn never_waits(&mut self) -> bool {
        // Of others nobody knows yet what will stand there.
        self.paths.len() <= 1 && !self.may_wait()
    }

    fn is_over(&self) -> bool {
        self.reading.is_none() && self.paths.is_empty()
    }
}

/// Sources one after another, so that their documents keep that order.
pub(crate) struct OneAfterAnother(VecDeque<Box<dyn Pull + Send>>);

impl OneAfterAnother {
    pub(crate) fn new(sources: impl IntoIterator<Item = Box<dyn Pull + Send>>) -> OneAfterAnother {
        OneAfterAnother(sources.into_iter().collect())
    }

    /// The first that is not over.
    fn first(&mut self) -> Option<&mut Box<dyn Pull + Send>> {
        while self.0.front().is_some_and(|first| first.is_over()) {
            self.0.pop_front();
        }
        self.0.front_mut()
    }
}

impl Pull for OneAfterAnother {
    fn next(&mut self, pool: &BatchPool) -> Option<Delivery> {
        self.first()?.next(pool)
    }

    fn may_wait(&mut self) -> bool {
        self.first().is_some_and(|first| first.may_wait())
    }

    fn never_waits(&mut self) -> bool {
        self.0.iter_mut().all(|source| source.never_waits())
    }

    fn is_over(&self) -> bool {
        self.0.iter().all(|source| source.is_over())
    }
}
