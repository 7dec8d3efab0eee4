//! Tools of the qualwatch repository, one module per subcommand of `cargo xtask`.
//!
//! They prepare what is committed or measured; nothing here runs in the product.

pub mod chance;
pub mod fields;
pub mod generate;
pub mod rules;
pub mod schema;
