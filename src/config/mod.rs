//! `qualwatch.toml`: what a user would rather write once than type again.
//!
//! A file is read as a whole, and everything that is wrong in it is told at once, with places:
//! flags that stand in it ([`Given`]), the [`Links`] of alerts, and the tables of sinks, which
//! [`crate::sink`] reads. What a flag means and which there are is `cli`'s.
//!
//! Nothing here writes, connects, or looks for a file that nobody named.

mod flags;
pub(crate) mod table;

use std::path::Path;
use std::sync::Arc;

pub use flags::{Flag, Flags, Given, Takes};

use toml::Spanned;
use toml::de::DeValue;

use crate::alert::Links;
use crate::diagnostic::{Faults, did_you_mean};
use crate::sink;
use table::Source;

/// The tables that are links.
const LINKS: &str = "links";

/// What one file says.
#[derive(Default)]
pub struct Config {
    /// flags of the program, as far as they stand in the file
    pub flags: Vec<Given>,
    /// the links of alerts
    pub links: Links,
    /// sinks, routes, delivery
    pub sinks: sink::Config,
}

/// How much of a file is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// all of it
    All,
    /// all but sinks, with the secrets that they need
    AllButSinks,
}

impl Config {
    /// Reads a file's text, in which `flags` may stand; paths in it are relative to `folder`.
    ///
    /// # Errors
    /// If it is no TOML, or something in it cannot be: everything that is wrong, with places.
    pub fn read(
        file: &str,
        text: &str,
        folder: &Path,
        flags: &Flags<'_>,
        wanted: Wanted,
    ) -> Result<Config, Faults> {
        let file: Arc<str> = file.into();
        let parsed = table::parse(&file, text)?;
        let table = parsed.get_ref();
        let source = Source::new(&file, text, folder);
        let mut config = Config::default();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            if name == LINKS {
                config.links = links(&source, value);
            } else if let Some(flag) = flags.get(name) {
                config.flags.extend(flags.read(&source, flag, value));
            } else if !sink::Config::TABLES.contains(&name) {
                let tables = sink::Config::TABLES.into_iter().chain([LINKS]);
                let known = flags
                    .known
                    .iter()
                    .map(|flag| flag.name.as_str())
                    .chain(tables);
                let help = did_you_mean(&name.replace('_', "-"), known).or_else(|| {
                    Some(
                        "it may have links, sink, route, delivery, and the main job's flags"
                            .to_owned(),
                    )
                });
                source.fault(key.span(), format!("a configuration has no `{name}`"), help);
            }
        }
        if wanted == Wanted::All {
            config.sinks = sink::Config::of_table(&source, table);
        }
        source.finish(config)
    }
}

/// Reads `[links]`: names and their templates.
fn links(source: &Source<'_>, value: &Spanned<DeValue<'_>>) -> Links {
    let mut links = Links::default();
    let DeValue::Table(table) = value.get_ref() else {
        let help = "write `[links]`, and below it `name = \"https://…/{call.id}\"`";
        source.fault(
            value.span(),
            "`links` is a table of names and templates",
            Some(help.to_owned()),
        );
        return links;
    };
    for (key, value) in table {
        let name = key.get_ref().as_ref();
        let Some(template) = value.get_ref().as_str() else {
            let found = value.get_ref().type_str();
            source.fault(
                value.span(),
                format!("the link `{name}` wants a text, not {found}"),
                None,
            );
            continue;
        };
        if let Err(wrong) = links.add(name, template) {
            // A text without escapes stands in the file as it is, behind its quote.
            let written = &source.text[value.span()];
            let span = match written.find(template).filter(|_| !template.is_empty()) {
                Some(at) => {
                    let start = value.span().start + at;
                    start + wrong.span.start..start + wrong.span.end
                }
                None => value.span(),
            };
            source.fault(span, wrong.what, wrong.help);
        }
    }
    links
}
