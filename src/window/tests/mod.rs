//! The windows against a plain definition, in any order.

mod naive;
mod property;
