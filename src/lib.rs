//! Tells, the moment a Teams call goes bad, which call, why, and where in its record.

pub mod record;

pub mod schema;

pub mod rules;

pub mod engine;
