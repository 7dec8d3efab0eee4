//! A table of the configuration, read key by key, each fault with its place.
//!
//! What is asked for is known; what is left over is a fault with a 'did you
//! mean'. Secrets come from files and the environment. It knows no sink.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Fault, Faults, Place, Sources, Tone, did_you_mean};
use crate::sink::secret::Secret;

/// Reads a text as TOML.
///
/// # Errors
/// It is none.
pub(crate) fn parse<'t>(
    file: &Arc<str>,
    text: &'t str,
) -> Result<toml::Spanned<DeTable<'t>>, Faults> {
    DeTable::parse(text).map_err(|error| {
        let source = Source::new(file, text, Path::new(""));
        source.fault(error.span().unwrap_or(0..0), error.message(), None);
        source.faults()
    })
}

/// The file that is read, and what is wrong with it so far.
pub(crate) struct Source<'f> {
    pub(crate) file: &'f Arc<str>,
    pub(crate) text: &'f str,
    /// paths are relative to it
    pub(crate) folder: &'f Path,
    faults: RefCell<Vec<Fault>>,
}

impl<'f> Source<'f> {
    pub(crate) fn new(file: &'f Arc<str>, text: &'f str, folder: &'f Path) -> Source<'f> {
        Source {
            file,
            text,
            folder,
            faults: RefCell::default(),
        }
    }

    pub(crate) fn fault(&self, span: Range<usize>, what: impl Into<String>, help: Option<String>) {
        let place = Place::of_span(self.file, self.text, span);
        let fault = Fault::new(Some(place), what).maybe_help(help);
        self.faults.borrow_mut().push(fault);
    }

    /// Whether something is wrong with it.
    pub(crate) fn is_broken(&self) -> bool {
        !self.faults.borrow().is_empty()
    }

    /// What was read of it, unless something is wrong.
    pub(crate) fn finish<T>(self, read: T) -> Result<T, Faults> {
        match self.is_broken() {
            false => Ok(read),
            true => Err(self.faults()),
        }
    }

    fn faults(self) -> Faults {
        let mut faults = self.faults.into_inner();
        faults.sort_by(|a, b| a.place.cmp(&b.place));
        Faults {
            tone: Tone::Error,
            faults,
            more: 0,
            sources: Sources::from([(Arc::clone(self.file), self.text.into())]),
        }
    }
}

/// One table of it.
pub(crate) struct Table<'t, 'i> {
    source: &'t Source<'t>,
    table: &'t DeTable<'i>,
    span: Range<usize>,
    /// what it describes, for messages
    what: &'static str,
    known: RefCell<BTreeSet<&'static str>>,
}

impl<'t, 'i> Table<'t, 'i> {
    pub(crate) fn new(
        source: &'t Source<'t>,
        table: &'t DeTable<'i>,
        span: Range<usize>,
        what: &'static str,
    ) -> Table<'t, 'i> {
        Table {
            source,
            table,
            span,
            what,
            known: RefCell::default(),
        }
    }

    /// The table's own place, for faults of the whole.
    pub(crate) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Says what is wrong with the value of `key`, or with the table where it has none.
    pub(crate) fn fault(&self, key: &str, what: impl Into<String>, help: Option<String>) {
        let span = self
            .table
            .get(key)
            .map_or_else(|| self.span(), toml::Spanned::span);
        self.source.fault(span, what, help);
    }

    fn value(&self, key: &'static str) -> Option<&'t DeValue<'i>> {
        self.known.borrow_mut().insert(key);
        self.table.get(key).map(toml::Spanned::get_ref)
    }

    /// Whether the key is there.
    pub(crate) fn has(&self, key: &'static str) -> bool {
        self.value(key).is_some()
    }

    pub(crate) fn text(&self, key: &'static str) -> Option<String> {
        let value = self.value(key)?;
        let text = value.as_str().map(str::to_owned);
        if text.is_none() {
            let found = value.type_str();
            self.fault(key, format!("`{key}` wants a text, not {found}"), None);
        }
        text
    }

    pub(crate) fn needed_text(&self, key: &'static str, example: &str) -> Option<String> {
        if !self.has(key) {
            let what = format!("{} has no `{key}`", self.what);
            self.fault(key, what, Some(format!("add `{key} = \"{example}\"`")));
        }
        self.text(key)
    }

    pub(crate) fn flag(&self, key: &'static str) -> Option<bool> {
        match self.value(key)? {
            DeValue::Boolean(flag) => Some(*flag),
            other => {
                let found = other.type_str();
                self.fault(
                    key,
                    format!("`{key}` wants true or false, not {found}"),
                    None,
                );
                None
            }
        }
    }

    /// A whole number from `least` to `most`.
    pub(crate) fn count(&self, key: &'static str, least: u64, most: u64) -> Option<u64> {
        let value = self.value(key)?;
        let count = match value {
            DeValue::Integer(number) => number.as_str().replace('_', "").parse::<u64>().ok(),
            _ => None,
        };
        let count = count.filter(|count| (least..=most).contains(count));
        if count.is_none() {
            self.fault(
                key,
                format!("`{key}` wants a number from {least} to {most}"),
                None,
            );
        }
        count
    }

    /// `500ms`, `15s`, `2m`, `1h`, `3d`.
    pub(crate) fn time(&self, key: &'static str) -> Option<Duration> {
        let text = self.text(key)?;
        let time = duration(&text);
        if time.is_none() {
            let what = format!("`{key}` wants a time, not `{text}`");
            self.fault(
                key,
                what,
                Some("write it as 500ms, 15s, 2m, 1h or 3d".to_owned()),
            );
        }
        time
    }

    /// `16MiB`, `500kB`, or a number of bytes.
    pub(crate) fn size(&self, key: &'static str) -> Option<u64> {
        if let Some(DeValue::Integer(_)) = self.value(key) {
            return self.count(key, 1, 1 << 40);
        }
        let text = self.text(key)?;
        let size = bytes(&text);
        if size.is_none() {
            let what = format!("`{key}` wants a size, not `{text}`");
            self.fault(
                key,
                what,
                Some("write it as 16MiB, 500kB or 4GiB".to_owned()),
            );
        }
        size
    }

    pub(crate) fn texts(&self, key: &'static str) -> Option<Vec<String>> {
        match self.value(key)? {
            DeValue::String(text) => Some(vec![text.as_ref().to_owned()]),
            DeValue::Array(items) => {
                let mut texts = Vec::new();
                for item in items {
                    match item.get_ref().as_str() {
                        Some(text) => texts.push(text.to_owned()),
                        None => {
                            let what = format!("`{key}` wants a list of texts");
                            self.source.fault(item.span(), what, None);
                            return None;
                        }
                    }
                }
                Some(texts)
            }
            other => {
                let found = other.type_str();
                self.fault(
                    key,
                    format!("`{key}` wants a list of texts, not {found}"),
                    None,
                );
                None
            }
        }
    }

    /// A table of texts, such as headers.
    pub(crate) fn map(&self, key: &'static str) -> Option<BTreeMap<String, String>> {
        let DeValue::Table(table) = self.value(key)? else {
            self.fault(key, format!("`{key}` wants a table of texts"), None);
            return None;
        };
        let mut map = BTreeMap::new();
        for (name, value) in table {
            match value.get_ref().as_str() {
                Some(text) => {
                    map.insert(name.get_ref().as_ref().to_owned(), text.to_owned());
                }
                None => {
                    let name = name.get_ref();
                    self.source
                        .fault(value.span(), format!("`{key}.{name}` wants a text"), None);
                }
            }
        }
        Some(map)
    }

    /// A path, relative to the folder of the file.
    pub(crate) fn path(&self, key: &'static str) -> Option<std::path::PathBuf> {
        self.text(key).map(|text| self.source.folder.join(text))
    }

    /// One of several words.
    pub(crate) fn word<T: Copy>(
        &self,
        key: &'static str,
        words: &[(&'static str, T)],
    ) -> Option<T> {
        let text = self.text(key)?;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let names = words.iter().map(|(word, _)| *word);
            let help = did_you_mean(&text, names.clone())
                .unwrap_or_else(|| format!("it may be {}", names.collect::<Vec<_>>().join(", ")));
            self.fault(key, format!("`{key}` cannot be `{text}`"), Some(help));
        }
        found.map(|(_, value)| *value)
    }

    /// A secret: `KEY_file` names a file, `KEY_env` a variable of the environment; `KEY` itself
    /// only where `inline` allows it.
    pub(crate) fn secret(&self, keys: [&'static str; 3], inline: bool) -> Option<Secret> {
        let [key, key_file, key_env] = keys;
        let given = keys.iter().filter(|key| self.has(key)).count();
        if given > 1 {
            self.fault(
                key,
                format!("only one of `{key}`, `{key_file}` and `{key_env}` may be given"),
                None,
            );
            return None;
        }
        if let Some(name) = self.text(key_env) {
            return match std::env::var(&name) {
                Ok(value) if !value.is_empty() => Some(Secret::new(value)),
                _ => {
                    self.fault(
                        key_env,
                        format!("the environment has no variable `{name}`"),
                        None,
                    );
                    None
                }
            };
        }
        if let Some(path) = self.path(key_file) {
            return match Secret::from_file(&path) {
                Ok(secret) => Some(secret),
                Err(why) => {
                    self.fault(
                        key_file,
                        format!("no secret can be read from {}: {why}", path.display()),
                        None,
                    );
                    None
                }
            };
        }
        if !inline && self.has(key) {
            let help = format!("name its file with `{key_file}`, or its variable with `{key_env}`");
            self.fault(
                key,
                format!("`{key}` does not stand in this file"),
                Some(help),
            );
            return None;
        }
        self.text(key).map(Secret::new)
    }

    /// Faults for every key that nobody asked for.
    pub(crate) fn finish(self) {
        let known = self.known.borrow();
        for (key, _) in self.table {
            let name = key.get_ref().as_ref();
            if !known.contains(name) {
                let help = near(name, &known).or_else(|| {
                    let names: Vec<&str> = known.iter().copied().collect();
                    Some(format!("it may have {}", names.join(", ")))
                });
                let what = format!("{} has no `{name}`", self.what);
                self.source.fault(key.span(), what, help);
            }
        }
    }
}

/// The name that was meant: alike, or with two letters exchanged.
fn near(name: &str, known: &BTreeSet<&'static str>) -> Option<String> {
    did_you_mean(name, known.iter().copied()).or_else(|| {
        let close = |other: &&&str| strsim::osa_distance(name, other) == 1;
        let found = known.iter().find(close)?;
        Some(format!("did you mean `{found}`?"))
    })
}

/// Reads `500ms`, `15s`, `2m`, `1h`, `3d`.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(digits);
    let number: f64 = number.parse().ok()?;
    let seconds = match unit.trim() {
        "ms" => number / 1e3,
        "s" => number,
        "m" | "min" => number * 60.0,
        "h" => number * 3_600.0,
        "d" => number * 86_400.0,
        _ => return None,
    };
    // Ten years; beyond, a time of day could not hold the sum.
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|time| *time <= Duration::from_secs(315_360_000))
}

fn bytes(text: &str) -> Option<u64> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let scale: u64 = match unit.trim() {
        "" | "B" => 1,
        "kB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number
        .parse::<u64>()
        .ok()?
        .checked_mul(scale)
        .filter(|size| *size > 0)
}
