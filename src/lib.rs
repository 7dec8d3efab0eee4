//! qualwatch

pub mod rules;
