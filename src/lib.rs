//! Tells, the moment a Teams call goes bad, which call, why, and where in its record.

pub mod source;

pub mod frame;

pub mod record;

pub mod schema;

pub mod rules;

pub mod alert;

pub mod engine;

pub mod pipeline;

pub mod cli;

pub mod clock;
pub mod stats;
pub mod text;

pub use alert::Alert;
pub use engine::{Engine, EngineBuilder, Input, Report, Verdict};
