//! Where the material lies that is beside the repository in CI and in no clone.
//!
//! Only paths; nothing here knows of qualwatch, so that tests can take it along alone.

#![allow(
    clippy::print_stderr,
    reason = "a check that is skipped says so, past the harness"
)]

use std::path::{Path, PathBuf};

/// A path from the repository's root.
pub(crate) fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The folder of real documents beside the repository, in CI; a user who clones has none.
///
/// With `QUALWATCH_SHARED` set its absence is an error, so that CI cannot skip it quietly.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let base = std::env::var_os("QUALWATCH_SHARED")
        .map_or_else(|| root("../shared"), |given| root("").join(given));
    let full = base.join(path);
    if full.exists() {
        return Some(full);
    }
    assert!(
        std::env::var_os("QUALWATCH_SHARED").is_none(),
        "{} is not there, but QUALWATCH_SHARED says that it must be",
        full.display()
    );
    eprintln!("skipped: {} is not there (it is in CI)", full.display());
    None
}
