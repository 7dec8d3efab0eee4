//! Mistakes made on purpose, which the fault tests must find: a test of the tests.
//!
//! `QUALWATCH_PLANTED` names the one to make; `tests/faults/planted.rs` has them all. A release build
//! has none of this: there [`bug`] is always false, and what depends on it is not in the program.

/// Whether this mistake is to be made.
#[cfg(debug_assertions)]
pub(crate) fn bug(name: &str) -> bool {
    static PLANTED: std::sync::LazyLock<Option<String>> =
        std::sync::LazyLock::new(|| std::env::var("QUALWATCH_PLANTED").ok());
    PLANTED.as_deref() == Some(name)
}

/// Never.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub(crate) const fn bug(_: &str) -> bool {
    false
}
