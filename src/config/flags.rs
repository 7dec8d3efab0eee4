//! Flags that stand in the configuration: `workers = 2` for `--workers 2`.
//!
//! A key has its flag's name. Values are texts here, as on a command line; `cli` says which flags
//! there are, whether a value fits, and that a flag which is given counts more.

use std::ffi::OsString;

use toml::Spanned;
use toml::de::DeValue;

use super::table::Source;

/// A flag that may stand in a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// its long name, without dashes
    pub name: String,
    /// what it takes
    pub takes: Takes,
    /// whether it may be given more than once
    pub repeats: bool,
}

/// What a flag takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// nothing: it is given or not
    Nothing,
    /// a value
    Value,
    /// a file or folder; relative to the configuration's folder where it stands there
    Path,
    /// `name=value`
    Pair,
}

/// A flag as it is given in a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// the flag's name
    pub name: String,
    /// its values, at least one; of a flag that takes nothing, `true` or `false`
    pub values: Vec<OsString>,
}

/// Which flags there are, and whether one is given as it must be.
pub struct Flags<'f> {
    /// the flags
    pub known: &'f [Flag],
    /// why a flag with its values is none
    pub check: &'f dyn Fn(&Given) -> Result<(), String>,
}

impl Flags<'_> {
    /// No flags: whoever embeds the engine has none.
    pub const NONE: Flags<'static> = Flags {
        known: &[],
        check: &|_| Ok(()),
    };

    /// The flag of a name.
    pub(super) fn get(&self, name: &str) -> Option<&Flag> {
        self.known.iter().find(|flag| flag.name == name)
    }

    /// Reads what stands behind the flag's name; what is wrong goes to `source`.
    pub(super) fn read(
        &self,
        source: &Source<'_>,
        flag: &Flag,
        value: &Spanned<DeValue<'_>>,
    ) -> Option<Given> {
        let values = read(source, flag, value)?;
        let mut sound = true;
        for (text, span) in &values {
            // Each by itself, so that the fault stands at the one that is wrong.
            let one = Given {
                name: flag.name.clone(),
                values: vec![text.clone()],
            };
            if let Err(why) = (self.check)(&one) {
                source.fault(span.clone(), why, None);
                sound = false;
            }
        }
        let values: Vec<OsString> = values.into_iter().map(|(text, _)| text).collect();
        let given = Given {
            name: flag.name.clone(),
            values,
        };
        (sound && !given.values.is_empty()).then_some(given)
    }
}

type Texts = Vec<(OsString, std::ops::Range<usize>)>;

fn read(source: &Source<'_>, flag: &Flag, value: &Spanned<DeValue<'_>>) -> Option<Texts> {
    let name = &flag.name;
    match value.get_ref() {
        DeValue::Array(items) if flag.repeats => {
            let texts: Vec<_> = items
                .iter()
                .map(|item| Some((text(source, flag, item)?, item.span())))
                .collect();
            texts.into_iter().collect()
        }
        DeValue::Array(_) => {
            source.fault(value.span(), format!("`{name}` wants one value"), None);
            None
        }
        DeValue::Table(pairs) if flag.takes == Takes::Pair => {
            let texts: Vec<_> = pairs
                .iter()
                .map(|(key, value)| {
                    let written = plain(value.get_ref());
                    if written.is_none() {
                        let key = key.get_ref();
                        let found = value.get_ref().type_str();
                        let what = format!("`{name}.{key}` wants a text or a number, not {found}");
                        source.fault(value.span(), what, None);
                    }
                    let pair = format!("{}={}", key.get_ref(), written?);
                    Some((pair.into(), value.span()))
                })
                .collect();
            texts.into_iter().collect()
        }
        _ => Some(vec![(text(source, flag, value)?, value.span())]),
    }
}

/// One value as it would be typed.
fn text(source: &Source<'_>, flag: &Flag, value: &Spanned<DeValue<'_>>) -> Option<OsString> {
    let fits = match (flag.takes, value.get_ref()) {
        (Takes::Nothing, found) => matches!(found, DeValue::Boolean(_)),
        (Takes::Pair, found) => matches!(found, DeValue::String(_)),
        (Takes::Value | Takes::Path, found) => !matches!(found, DeValue::Boolean(_)),
    };
    let Some(text) = plain(value.get_ref()).filter(|_| fits) else {
        let name = &flag.name;
        let found = value.get_ref().type_str();
        let want = match flag.takes {
            Takes::Nothing => "true or false",
            Takes::Path => "a path",
            Takes::Pair => "a table of names and values, or texts such as \"jitter=40ms\"",
            Takes::Value => "a text or a number",
        };
        source.fault(
            value.span(),
            format!("`{name}` wants {want}, not {found}"),
            None,
        );
        return None;
    };
    // A single dash is standard input.
    if flag.takes == Takes::Path && text != "-" {
        return Some(source.folder.join(text).into_os_string());
    }
    Some(text.into())
}

fn plain(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.as_ref().to_owned()),
        DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().replace('_', "")),
        DeValue::Float(number) => Some(number.as_str().replace('_', "")),
        DeValue::Boolean(flag) => Some(flag.to_string()),
        _ => None,
    }
}
