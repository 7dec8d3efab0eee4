//! The sites file of the flags: read, and what is to be said of it.
//!
//! What stands in it and where clients are is [`crate::sites`]'s.

use super::args::WhichSites;
use super::render::counted;
use crate::diagnostic::Faults;
use crate::sites::Sites;
use crate::text::Safe;

/// The form of messages about it.
pub(super) const SCHEMA: &str = "qualwatch.sites/1";

/// Reads the file, if one is named.
///
/// # Errors
/// What is wrong with it.
pub(super) fn load(which: &WhichSites) -> Result<Option<Sites>, Faults> {
    let path = which.sites.as_deref();
    path.map(|path| Sites::load(path, which.trust_home_subnets))
        .transpose()
}

/// Why it cannot be used, for people.
pub(super) fn refused(faults: &Faults, colour: bool) -> String {
    format!(
        "{}\n\nerror: the sites file cannot be used",
        faults.render(colour)
    )
}

/// One line: how many networks it has.
pub(super) fn size(sites: &Sites) -> String {
    format!(
        "{} in {}\n",
        counted(sites.len() as u64, "network"),
        Safe(sites.file())
    )
}
