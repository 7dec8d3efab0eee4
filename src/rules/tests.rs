//! Tests of rules as a whole: language, evidence, load errors, hostile scripts, the shipped set.

pub(crate) mod build;
mod cases;
mod explain;
mod hostile;
mod language;
mod shipped;
mod sound;
mod twins;
