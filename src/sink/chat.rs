//! What chat and mail have in common: short texts, several alerts of one call.
//!
//! Cuts where it must, at characters, and says so. Escapes nothing.

use super::private::{Shown, WORDS};
use super::{Brief, Parcel};
use crate::config::table::Table;
use crate::rules::did_you_mean;
use crate::text::Safe;

/// Reads `show`.
pub(super) fn shown(table: &Table<'_, '_>) -> Shown {
    let mut shown = Shown::default();
    for word in table.texts("show").unwrap_or_default() {
        if !shown.add(&word) {
            let help = did_you_mean(&word, WORDS)
                .unwrap_or_else(|| format!("it may hold {}", WORDS.join(", ")));
            table.fault("show", format!("`show` knows no `{word}`"), Some(help));
        }
    }
    shown
}

/// The briefs of a parcel.
pub(super) fn briefs(parcel: &Parcel<'_>, shown: Shown) -> Vec<Brief> {
    parcel.alerts.iter().map(|told| told.brief(shown)).collect()
}

/// At most `most` characters, none of them harmful.
pub(super) fn cut(text: &str, most: usize) -> String {
    let safe = Safe(text).to_string();
    if safe.chars().count() <= most {
        return safe;
    }
    let mut short: String = safe.chars().take(most.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// One line for all alerts of a parcel.
pub(super) fn headline(briefs: &[Brief]) -> String {
    match briefs {
        [] => String::new(),
        [one] => one.headline.clone(),
        [first, rest @ ..] => format!("{}, and {} more", first.headline, rest.len()),
    }
}
