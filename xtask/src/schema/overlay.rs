//! What the metadata does not say: meaning, unit, range, tolerance; each with its source.
//!
//! [`Overlay::parse`] reads `schemas/overlay.toml`, and for beta `schemas/overlay.beta.toml` with
//! it. Entries are handed out by name, and the ones
//! that nobody asked for are errors in the end ([`Overlay::unused`]): a fact about a property
//! that does not exist is a fact about nothing.
//!
//! It cannot add a property or change a type: that is the metadata's business.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::json::Json;

/// Key of the entry about the type itself.
const SELF: &str = "$type";

/// Units that a reading may have.
pub const UNITS: [&str; 12] = [
    "ratio",
    "percent",
    "ms",
    "MOS",
    "packets",
    "fps",
    "bit/s",
    "dB",
    "MHz",
    "count",
    "glitches/5min",
    "rms",
];

/// The facts, by type and property.
#[derive(Debug, Default)]
pub struct Overlay {
    facts: BTreeMap<(String, String), Fact>,
    /// Types that are named but not described: any value passes.
    outside: BTreeSet<String>,
    asked: RefCell<BTreeSet<(String, String)>>,
    asked_outside: RefCell<BTreeSet<String>>,
}

/// What is known about one property or type.
#[derive(Debug, Default)]
pub struct Fact {
    /// Its meaning, in our words.
    pub text: String,
    /// One of [`UNITS`].
    pub unit: Option<String>,
    /// Lowest and highest plausible value, `null` for an open end.
    pub range: Option<Range>,
    /// Who sends null although the metadata says never, a key of `[sources]`.
    pub null: Option<String>,
    /// Property to read instead of this deprecated one.
    pub replacement: Option<String>,
    /// EDM type of every undeclared value of this open type.
    pub values: Option<String>,
}

/// A plausible range, and who says so.
#[derive(Clone, Debug)]
pub struct Range {
    /// Lower end; `Json::Null` if open.
    pub low: Json,
    /// Upper end; `Json::Null` if open.
    pub high: Json,
    /// Key of `[sources]`.
    pub source: String,
}

impl Overlay {
    /// Reads the overlay, or lists everything that is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Vec<String>> {
        Self::parse_all(&[text])
    }

    /// Reads several texts as one; an entry that stands in two of them is an error.
    pub fn parse_all(texts: &[&str]) -> Result<Self, Vec<String>> {
        let mut tables = toml::Table::new();
        for text in texts {
            let more: toml::Table = text.parse().map_err(|e| vec![format!("not TOML: {e}")])?;
            merge(&mut tables, more)?;
        }
        let mut reader = Reader::default();
        reader.sources(tables.remove("sources"));
        let mut overlay = Self::default();
        if let Some(outside) = tables.remove("outside") {
            for (name, entry) in reader.table("outside", outside) {
                let place = format!("[outside] {name}");
                let mut entry = reader.table(&place, entry);
                reader.source(&place, entry.remove("source"));
                reader.rest(&place, &entry);
                overlay.outside.insert(name);
            }
        }
        for (of, entries) in tables {
            for (name, entry) in reader.table(&format!("[{of}]"), entries) {
                let place = format!("[{of}] {name}");
                let entry = reader.table(&place, entry);
                let fact = reader.fact(&place, entry);
                overlay.facts.insert((of.clone(), name), fact);
            }
        }
        for (name, used) in &reader.sources {
            if !used {
                reader
                    .errors
                    .push(format!("[sources] {name}: cited by no entry"));
            }
        }
        if reader.errors.is_empty() {
            Ok(overlay)
        } else {
            Err(reader.errors)
        }
    }

    /// The fact about a property.
    pub fn property(&self, of: &str, name: &str) -> Option<&Fact> {
        let key = (of.to_owned(), name.to_owned());
        let fact = self.facts.get(&key)?;
        self.asked.borrow_mut().insert(key);
        Some(fact)
    }

    /// The fact about a type.
    pub fn of_type(&self, of: &str) -> Option<&Fact> {
        self.property(of, SELF)
    }

    /// Whether the type is deliberately left undescribed.
    pub fn is_outside(&self, of: &str) -> bool {
        let outside = self.outside.contains(of);
        if outside {
            self.asked_outside.borrow_mut().insert(of.to_owned());
        }
        outside
    }

    /// One complaint for each entry that matched nothing.
    pub fn unused(&self) -> Vec<String> {
        let asked = self.asked.borrow();
        let facts = self
            .facts
            .keys()
            .filter(|key| !asked.contains(*key))
            .map(|(of, name)| format!("overlay: [{of}] {name} matches nothing in the metadata"));
        let asked = self.asked_outside.borrow();
        let outside = self.outside.iter().filter(|of| !asked.contains(*of));
        let outside = outside.map(|of| format!("overlay: [outside] {of} is reached by nothing"));
        facts.chain(outside).collect()
    }
}

/// Puts the entries of `more` beside those of `tables`.
fn merge(tables: &mut toml::Table, more: toml::Table) -> Result<(), Vec<String>> {
    for (of, entries) in more {
        match (tables.get_mut(&of), entries) {
            (Some(toml::Value::Table(known)), toml::Value::Table(entries)) => {
                for (name, entry) in entries {
                    if known.insert(name.clone(), entry).is_some() {
                        return Err(vec![format!("[{of}] {name}: stands in two files")]);
                    }
                }
            }
            (_, entries) => {
                tables.insert(of, entries);
            }
        }
    }
    Ok(())
}

/// Collects errors while it takes tables apart.
#[derive(Default)]
struct Reader {
    /// Name of each source, and whether an entry cites it.
    sources: BTreeMap<String, bool>,
    errors: Vec<String>,
}

impl Reader {
    fn sources(&mut self, sources: Option<toml::Value>) {
        let Some(sources) = sources else {
            return self.errors.push("[sources] is missing".to_owned());
        };
        for (name, citation) in self.table("[sources]", sources) {
            if citation.as_str().is_none_or(str::is_empty) {
                self.errors
                    .push(format!("[sources] {name}: wants a citation"));
            }
            self.sources.insert(name, false);
        }
    }

    fn fact(&mut self, place: &str, mut entry: toml::Table) -> Fact {
        let text = self.string(place, "text", entry.remove("text"));
        self.source(place, entry.remove("source"));
        let unit = entry
            .remove("unit")
            .and_then(|v| self.string(place, "unit", Some(v)));
        if let Some(unit) = &unit
            && !UNITS.contains(&unit.as_str())
        {
            self.errors.push(format!(
                "{place}: unit {unit:?} is none of {}",
                UNITS.join(", ")
            ));
        }
        let bound = entry.remove("bound");
        let range = match entry.remove("range") {
            Some(range) => {
                let source = self.source(place, bound).unwrap_or_default();
                self.range(place, &range, source)
            }
            None => {
                if bound.is_some() {
                    self.errors.push(format!(
                        "{place}: bound is the source of a range, and there is none"
                    ));
                }
                None
            }
        };
        let null = entry
            .remove("null")
            .and_then(|v| self.source(place, Some(v)));
        let mut optional = |key| {
            entry
                .remove(key)
                .and_then(|v| self.string(place, key, Some(v)))
        };
        let (replacement, values) = (optional("replacement"), optional("values"));
        self.rest(place, &entry);
        Fact {
            text: text.unwrap_or_default(),
            unit,
            range,
            null,
            replacement,
            values,
        }
    }

    fn range(&mut self, place: &str, range: &toml::Value, source: String) -> Option<Range> {
        let ends: Option<Vec<_>> = range
            .as_array()
            .map(|ends| ends.iter().filter_map(end).collect());
        match ends.as_deref() {
            Some([low, high]) if range.as_array().map(Vec::len) == Some(2) => Some(Range {
                low: low.clone(),
                high: high.clone(),
                source,
            }),
            _ => {
                self.errors.push(format!(
                    "{place}: range wants two numbers, -inf or inf for an open end"
                ));
                None
            }
        }
    }

    fn table(&mut self, place: &str, value: toml::Value) -> toml::Table {
        match value {
            toml::Value::Table(table) => table,
            _ => {
                self.errors.push(format!("{place}: wants a table"));
                toml::Table::new()
            }
        }
    }

    fn string(&mut self, place: &str, key: &str, value: Option<toml::Value>) -> Option<String> {
        match value {
            Some(toml::Value::String(text)) if !text.trim().is_empty() => Some(text),
            Some(_) => {
                self.errors
                    .push(format!("{place}: {key} wants a string that is not empty"));
                None
            }
            None => {
                self.errors.push(format!("{place}: {key} is missing"));
                None
            }
        }
    }

    /// A name of `[sources]`.
    fn source(&mut self, place: &str, value: Option<toml::Value>) -> Option<String> {
        let name = self.string(place, "source", value)?;
        match self.sources.get_mut(&name) {
            Some(used) => *used = true,
            None => self
                .errors
                .push(format!("{place}: source {name:?} is not in [sources]")),
        }
        Some(name)
    }

    fn rest(&mut self, place: &str, entry: &toml::Table) {
        for key in entry.keys() {
            self.errors.push(format!("{place}: unknown key {key:?}"));
        }
    }
}

/// One end of a range.
fn end(value: &toml::Value) -> Option<Json> {
    match value {
        toml::Value::Integer(number) => Some(Json::Int(*number)),
        toml::Value::Float(number) if number.is_infinite() => Some(Json::Null),
        toml::Value::Float(number) if number.is_finite() => Some(Json::Float(*number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(entries: &str) -> Vec<String> {
        let text = format!(
            "[sources]\nours = 'our reading'\n[t]\nok = {{ text = 'T.', source = 'ours' }}\n{entries}"
        );
        Overlay::parse(&text).map(|_| ()).err().unwrap_or_default()
    }

    #[test]
    fn a_fact_has_a_text_and_a_source() {
        assert_eq!(errors("a = { text = 'A.' }"), ["[t] a: source is missing"]);
        assert_eq!(
            errors("a = { source = 'ours' }"),
            ["[t] a: text is missing"]
        );
        assert_eq!(
            errors("a = { text = 'A.', source = 'hearsay' }"),
            ["[t] a: source \"hearsay\" is not in [sources]"]
        );
        assert_eq!(errors("a = { text = '', source = 'ours' }").len(), 1);
    }

    #[test]
    fn a_range_has_two_ends_and_its_own_source() {
        let of = |range| errors(&format!("a = {{ text = 'A.', source = 'ours', {range} }}"));
        assert!(of("range = [0, inf], bound = 'ours'").is_empty());
        assert_eq!(of("range = [0, 1]"), ["[t] a: source is missing"]);
        assert_eq!(of("bound = 'ours'").len(), 1);
        assert_eq!(of("range = [0], bound = 'ours'").len(), 1);
        assert_eq!(of("range = [0, nan], bound = 'ours'").len(), 1);
        assert_eq!(of("range = [0, 1, 'x'], bound = 'ours'").len(), 1);
    }

    #[test]
    fn a_slip_of_the_pen_is_an_error() {
        let of = |rest| errors(&format!("a = {{ text = 'A.', source = 'ours', {rest} }}"));
        assert!(of("unit = 'sec'")[0].contains("unit \"sec\" is none of ratio"));
        assert_eq!(of("untis = 'ms'"), ["[t] a: unknown key \"untis\""]);
        assert_eq!(errors("a = 1")[0], "[t] a: wants a table");
        let uncited =
            "[sources]\nours = 'us'\nspare = 'them'\n[t]\na = { text = 'A.', source = 'ours' }";
        let uncited = Overlay::parse(uncited)
            .map(|_| ())
            .expect_err("one source is spare");
        assert_eq!(uncited, ["[sources] spare: cited by no entry"]);
    }

    #[test]
    fn two_files_are_one_overlay_and_do_not_contradict_each_other() {
        let one = "[sources]\no = 'us'\n[t]\na = { text = 'A.', source = 'o' }";
        let two = "[t]\nb = { text = 'B.', source = 'o' }";
        let both = Overlay::parse_all(&[one, two]).expect("two good overlays");
        assert!(both.property("t", "a").is_some() && both.property("t", "b").is_some());
        let errors = Overlay::parse_all(&[one, "[t]\na = {}"]).map(|_| ());
        assert_eq!(errors.expect_err("a twice"), ["[t] a: stands in two files"]);
    }

    #[test]
    fn open_ends_are_null() {
        let text = "[sources]\no = 'us'\n[t]\na = { text = 'A.', source = 'o', range = [0.5, inf], bound = 'o' }";
        let overlay = Overlay::parse(text).expect("a good overlay");
        let range = overlay
            .property("t", "a")
            .and_then(|f| f.range.clone())
            .expect("a range");
        assert_eq!((range.low, range.high), (Json::Float(0.5), Json::Null));
    }

    #[test]
    fn what_nobody_asked_for_is_told() {
        let text = "[sources]\no = 'us'\n[outside]\nx = { source = 'o' }\n[t]\na = { text = 'A.', source = 'o' }";
        let overlay = Overlay::parse(text).expect("a good overlay");
        assert_eq!(overlay.unused().len(), 2);
        assert!(overlay.is_outside("x") && overlay.property("t", "a").is_some());
        assert!(overlay.unused().is_empty());
    }
}
