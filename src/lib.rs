//! qualwatch
pub mod frame;
pub mod source;
