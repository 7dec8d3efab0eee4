//! Tells, the moment a Teams call goes bad, which call, why, and where in its record.
//!
//! Bytes of Microsoft Graph `callRecord` documents go in; a verdict on each, and alerts that
//! explain themselves, come out. The stages are the modules, in this order:
//!
//! ```text
//! source -> frame -> record -> schema -> rules -> alert
//! bytes     one      one tape  valid?    fired,   one a rule
//!           JSON     (borrowed)          quiet or and call
//!           text                         unknown
//! ```
//!
//! # One document
//!
//! ```
//! let engine = qualwatch::Engine::builder().set("jitter=40ms").build()?;
//! // One checker a thread; its buffers serve one document after another.
//! let mut checker = engine.checker();
//! let bytes = br#"{"id": "c", "version": 1, "type": "peerToPeer", "modalities": ["audio"],
//!     "startDateTime": "2026-01-13T09:00:00Z", "endDateTime": "2026-01-13T09:30:00Z",
//!     "sessions": [{"id": "s", "callee": {"feedback": {"rating": "poor"}}}]}"#;
//! let report = checker.check(qualwatch::Input::new(bytes, "memory"));
//! assert_eq!(report.verdict, qualwatch::Verdict::Valid);
//! assert_eq!(report.alerts[0].rule, "poor-feedback");
//! assert_eq!(report.alerts[0].findings[0].at, "/sessions/0/callee/feedback");
//! # Ok::<(), qualwatch::engine::BuildError>(())
//! ```
//!
//! # A source
//!
//! [`pipeline::run`] judges what sources bring, on threads of its own, and sends what happens
//! over a bounded channel, in the order of the input:
//!
//! ```
//! use qualwatch::pipeline::{self, Event};
//! use qualwatch::source::{ReadOptions, SourceName};
//!
//! let engine = qualwatch::Engine::builder().build()?;
//! let stream = std::io::Cursor::new("{\"no\": \"callRecord\"}\n{}");
//! let intake = pipeline::stream(stream, SourceName::Stdin, ReadOptions::default());
//! let running = pipeline::run(engine, vec![intake], pipeline::Options::default());
//! let mut foreign = 0;
//! for event in &running.events {
//!     if let Event::Judged { documents, .. } = event {
//!         foreign += documents.len();
//!     }
//! }
//! running.join();
//! assert_eq!(foreign, 2);
//! # Ok::<(), qualwatch::engine::BuildError>(())
//! ```

pub mod source;

pub mod frame;

mod lane;

pub mod record;

pub mod schema;

pub mod rules;

pub mod window;

pub mod alert;

pub mod engine;

pub mod over_time;

pub mod sink;

pub mod deliver;

pub mod pipeline;

pub mod cli;

pub mod clock;
pub mod config;
pub mod diagnostic;
mod planted;
pub mod redact;
pub mod sites;
pub mod state;
pub mod stats;
pub mod text;

pub use alert::Alert;
pub use engine::{Engine, EngineBuilder, Input, Report, Verdict};
pub use over_time::OverTime;
