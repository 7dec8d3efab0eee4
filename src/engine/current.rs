//! The engine in force, which may be replaced while documents are judged.
//!
//! A [`Current`] holds one [`Engine`]; [`Current::replace`] puts another in its place. Whoever
//! judges asks between two documents, so each document is judged by one engine from its first rule
//! to its last. To ask costs one look at a number; the lock is taken only after a change.
//!
//! Nothing is loaded here, and nothing notices a change of files.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::Engine;

/// A place for the engine in force.
pub struct Current {
    /// grows with each replacement, after the engine is there
    generation: AtomicU64,
    engine: Mutex<Arc<Engine>>,
}

impl Current {
    /// `engine` is in force.
    pub fn new(engine: Arc<Engine>) -> Current {
        Current {
            generation: AtomicU64::new(0),
            engine: Mutex::new(engine),
        }
    }

    /// Puts `engine` in force from the next document on, as one thing.
    pub fn replace(&self, engine: Arc<Engine>) {
        *self.engine.lock().unwrap_or_else(PoisonError::into_inner) = engine;
        self.generation.fetch_add(1, Ordering::Release);
    }

    /// The engine in force.
    pub fn engine(&self) -> Arc<Engine> {
        Arc::clone(&self.engine.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The engine in force, if it is another than at the last call with this `seen`, which begins
    /// at 0.
    pub(crate) fn newer(&self, seen: &mut u64) -> Option<Arc<Engine>> {
        let generation = self.generation.load(Ordering::Acquire);
        if generation == *seen {
            return None;
        }
        *seen = generation;
        Some(self.engine())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replaced_engine_is_told_once_to_each_who_asks() {
        let engine = |builder: crate::EngineBuilder| builder.build().expect("an engine");
        let (first, second) = (
            engine(Engine::builder().without_rules()),
            engine(Engine::builder()),
        );
        let current = Current::new(Arc::clone(&first));
        let (mut mine, mut yours) = (0, 0);
        assert!(current.newer(&mut mine).is_none());
        current.replace(Arc::clone(&second));
        for seen in [&mut mine, &mut yours] {
            let newer = current.newer(seen).expect("another engine");
            assert!(Arc::ptr_eq(&newer, &second));
            assert!(current.newer(seen).is_none());
        }
        assert!(Arc::ptr_eq(&current.engine(), &second));
    }
}
