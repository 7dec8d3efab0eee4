//! qualwatch
