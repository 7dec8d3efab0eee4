//! Was the call good? Rules in Rhai, read once, asked for every document.
//!
//! `rules` never sees bytes or the tape: the record side fills a [`facts::Facts`] by the
//! [`layout::Layout`] of the rule set.

pub mod facts;
pub mod fields;
pub mod layout;
