//! `docs/fields.md`: every field of a call record, with type, unit, range and meaning.
//!
//! [`run`] writes the page from the two committed schemas and the overlay's list of sources, or with
//! `--check` says that it is out of date. A clone has all of that.
//!
//! It adds no fact of its own: what a field means stands in `schemas/overlay.toml`, or nowhere.

use std::fmt::Write as _;

use crate::schema::json::Json;
use crate::schema::{Api, Errors, read, root};

/// What is written, relative to the repository.
const PAGE: &str = "docs/fields.md";
/// Where the sources are cited, relative to the repository.
const OVERLAY: &str = "schemas/overlay.toml";

/// The page down to the first type.
const HEAD: &str = "\
# Fields of a call record

<!-- Written by `cargo xtask fields`; do not edit. -->

What Microsoft Graph may put into a `callRecord`, type by type from the top, and then the rows of the
reports about calls. Made of the same sources as the schema: types from Microsoft's metadata,
meaning, unit and range from `schemas/overlay.toml`.

- **Type** is what stands in the JSON: *number* (`Edm.Single`, `Edm.Double`, `Edm.Decimal`; the
  strings `NaN`, `INF` and `-INF` too), *integer* (`Edm.Int32`, `Edm.Int64`), *boolean*, *string*,
  *duration* (a string such as `PT0.031S`), *time* (a string such as `2020-02-25T18:52:21Z`), a type
  or enum of this page, or a list. *or null* where null is allowed. Every field may be absent.
- **Unit** of a reading; a duration is a number of milliseconds (`ms`) to a rule.
- **Range** is what is plausible, and in brackets who says so ([sources](#sources)). A reading
  beyond it is a notice, never a violation.
- An undeclared field is a notice in a *closed* type, and nothing in an *open* one. An unknown member
  is a notice in an enum that *may grow*, and a violation in a *closed* one.
";

/// Write docs/fields.md from the committed schemas.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// Write nothing; fail if the committed page differs
    #[arg(long)]
    pub check: bool,
}

/// Does what the arguments ask for.
pub fn run(args: &Args) -> Result<(), Errors> {
    let path = root().join(PAGE);
    let text = page()?;
    if !args.check {
        return std::fs::write(&path, text).map_err(|e| Errors(vec![format!("{PAGE}: {e}")]));
    }
    let hint = "write it with `cargo xtask fields`";
    if read(&path, PAGE, hint)? == text {
        return Ok(());
    }
    Err(Errors(vec![format!(
        "{PAGE} differs from its sources; {hint}"
    )]))
}

/// The text of the page.
pub fn page() -> Result<String, Errors> {
    let load = |api: Api| {
        let named = api.schema();
        let text = read(
            &root().join(named),
            named,
            "write it with `cargo xtask schema`",
        )?;
        Json::parse(&text).map_err(|e| Errors(vec![format!("{named}: {e}")]))
    };
    let overlay = read(
        &root().join(OVERLAY),
        OVERLAY,
        "it belongs to this repository",
    )?;
    let sources = sources(&overlay).map_err(|e| Errors(vec![format!("{OVERLAY}: {e}")]))?;
    Ok(render(&load(Api::V1)?, &load(Api::Beta)?, &sources))
}

/// `[sources]` of the overlay, in its order as TOML sorts it.
fn sources(overlay: &str) -> Result<Vec<(String, String)>, String> {
    let table: toml::Table = overlay.parse().map_err(|e| format!("not TOML: {e}"))?;
    let sources = table.get("sources").and_then(toml::Value::as_table);
    let sources = sources.ok_or("[sources] is missing")?;
    let text = |value: &toml::Value| value.as_str().unwrap_or_default().to_owned();
    Ok(sources
        .iter()
        .map(|(name, citation)| (name.clone(), text(citation)))
        .collect())
}

fn render(stable: &Json, beta: &Json, sources: &[(String, String)]) -> String {
    let mut page = HEAD.to_owned();
    let defs = stable.get("$defs").map_or(&[][..], Json::pairs);
    let beta = beta.get("$defs").map_or(&[][..], Json::pairs);
    deprecated(&mut page, defs);
    for (name, def) in defs.iter().filter(|(_, def)| !is_enum(def)) {
        let _ = write!(page, "\n## {name}\n\n");
        about(&mut page, def);
        let fields = def.get("properties").map_or(&[][..], Json::pairs);
        table(&mut page, fields);
    }
    page.push_str("\n## Enums\n");
    for (name, def) in defs.iter().filter(|(_, def)| is_enum(def)) {
        members(&mut page, name, def);
    }
    page.push_str(
        "\n## Only in beta\n\nOf a call record beta says the same as v1.0. It has these besides; \
         `--api beta` judges by them.\n",
    );
    for (name, def) in beta {
        let known = defs.iter().find(|(known, _)| known == name);
        if is_enum(def) {
            if known.is_none() {
                members(&mut page, name, def);
            }
            continue;
        }
        let known_fields = known.and_then(|(_, known)| known.get("properties"));
        let fields: Vec<(String, Json)> = def
            .get("properties")
            .map_or(&[][..], Json::pairs)
            .iter()
            .filter(|(field, _)| known_fields.is_none_or(|known| known.get(field).is_none()))
            .cloned()
            .collect();
        if fields.is_empty() && known.is_some() {
            continue;
        }
        let _ = write!(
            page,
            "\n### {name}{}\n\n",
            if known.is_some() { " in beta" } else { "" }
        );
        if known.is_none() {
            about(&mut page, def);
        }
        table(&mut page, &fields);
    }
    page.push_str("\n## Sources\n\n");
    for (name, citation) in sources {
        let _ = writeln!(page, "- **{name}**: {citation}.");
    }
    page
}

fn is_enum(def: &Json) -> bool {
    def.get("enum").or(def.get("x-enum")).is_some()
}

fn text<'a>(schema: &'a Json, key: &str) -> &'a str {
    schema.get(key).and_then(Json::as_text).unwrap_or_default()
}

/// What goes, when, and what to read in its place.
fn deprecated(page: &mut String, defs: &[(String, Json)]) {
    page.push_str(
        "\n## Deprecated\n\n| Field | Since | To be removed | Read instead |\n|---|---|---|---|\n",
    );
    for (of, def) in defs {
        for (name, field) in def.get("properties").map_or(&[][..], Json::pairs) {
            // A base lists what its derived types declare; it is told there.
            if let (Some(marks), None) = (field.get("x-deprecated"), field.get("x-from")) {
                let _ = writeln!(
                    page,
                    "| [{of}](#{}).`{name}` | {} | {} | `{}` |",
                    anchor(of),
                    text(marks, "since"),
                    text(marks, "removal"),
                    text(marks, "replacement")
                );
            }
        }
    }
}

/// One sentence on the type, and how it stands to others.
fn about(page: &mut String, def: &Json) {
    let open = def.get("x-open") == Some(&Json::Bool(true));
    let _ = write!(
        page,
        "{} {}",
        text(def, "description"),
        if open { "Open." } else { "Closed." }
    );
    if let Some(base) = def.get("x-base").and_then(Json::as_text) {
        let _ = write!(page, " A kind of {}.", link(base));
    }
    let derived = def.get("x-derived").map_or(&[][..], Json::items);
    if !derived.is_empty() {
        let derived: Vec<_> = derived.iter().filter_map(Json::as_text).map(link).collect();
        let _ = write!(page, " Stands for {} as well.", derived.join(", "));
    }
    if let Some((_, values)) = def.get("patternProperties").and_then(|p| p.pairs().first()) {
        let _ = write!(page, " Each value is: {}.", typed(values));
    }
    page.push('\n');
}

fn table(page: &mut String, fields: &[(String, Json)]) {
    if fields.is_empty() {
        page.push_str("\nNo fields of its own.\n");
        return;
    }
    page.push_str("\n| Field | Type | Unit | Range | Meaning |\n|---|---|---|---|---|\n");
    for (name, field) in fields {
        let _ = writeln!(
            page,
            "| `{name}` | {} | {} | {} | {} |",
            typed(field),
            text(field, "x-unit"),
            range(field),
            meaning(field)
        );
    }
}

fn members(page: &mut String, name: &str, def: &Json) {
    let grows = def.get("x-enum").is_some();
    let members = def.get("enum").or(def.get("x-enum"));
    let members: Vec<_> = members
        .map_or(&[][..], Json::items)
        .iter()
        .filter_map(Json::as_text)
        .map(|member| format!("`{member}`"))
        .collect();
    let _ = write!(
        page,
        "\n### {name}\n\n{} {}\n\n{}\n",
        text(def, "description"),
        if grows { "May grow." } else { "Closed." },
        members.join(", ")
    );
}

/// The field's type, as it stands in the JSON.
fn typed(field: &Json) -> String {
    let edm = text(field, "x-edm");
    let inner = edm
        .strip_prefix("Collection(")
        .and_then(|rest| rest.strip_suffix(')'));
    let word = match inner.unwrap_or(edm) {
        "Edm.String" | "Edm.Guid" => "string".to_owned(),
        "Edm.Boolean" => "boolean".to_owned(),
        "Edm.Int32" | "Edm.Int64" => "integer".to_owned(),
        "Edm.Single" | "Edm.Double" | "Edm.Decimal" => "number".to_owned(),
        "Edm.Duration" => "duration".to_owned(),
        "Edm.DateTimeOffset" => "time".to_owned(),
        "" => text(field, "type").to_owned(),
        // Named by the metadata and described by nobody.
        other if field.get("type").is_none() => format!("{other}, any value"),
        other => link(other),
    };
    let word = match inner {
        Some(_) => format!("list of {word}"),
        None => word,
    };
    let types = field.get("type").map_or(&[][..], Json::items);
    if types.iter().any(|of| of.as_text() == Some("null")) {
        format!("{word} or null")
    } else {
        word
    }
}

fn range(field: &Json) -> String {
    let Some([low, high]) = field.get("x-range").map(Json::items) else {
        return String::new();
    };
    let range = match (low, high) {
        (Json::Null, high) => format!("up to {}", high.inline()),
        (low, Json::Null) => format!("{} and more", low.inline()),
        (low, high) => format!("{} to {}", low.inline(), high.inline()),
    };
    format!("{range} ({})", text(field, "x-range-source"))
}

fn meaning(field: &Json) -> String {
    let mut meaning = text(field, "description").replace('|', "\\|");
    if let Some(marks) = field.get("x-deprecated") {
        let _ = write!(
            meaning,
            " **Deprecated**: read `{}`.",
            text(marks, "replacement")
        );
    }
    if let Some(source) = field.get("x-null-source").and_then(Json::as_text) {
        let _ = write!(
            meaning,
            " The metadata says that it is never null; it was seen to be ({source})."
        );
    }
    let from = field.get("x-from").map_or(&[][..], Json::items);
    if !from.is_empty() {
        let from: Vec<_> = from.iter().filter_map(Json::as_text).map(link).collect();
        let _ = write!(meaning, " Only in {}.", from.join(", "));
    }
    meaning
}

fn link(name: &str) -> String {
    format!("[{name}](#{})", anchor(name))
}

/// The anchor that a heading gets.
fn anchor(heading: &str) -> String {
    heading
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
        .collect::<String>()
        .to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(text: &str) -> Json {
        Json::parse(text).expect("JSON")
    }

    #[test]
    fn a_reading_has_type_unit_range_and_meaning() {
        let loss = field(
            r#"{"description": "Lost.", "type": ["number", "null", "string"], "x-edm": "Edm.Single",
            "x-unit": "ratio", "x-range": [0, 1], "x-range-source": "cqd"}"#,
        );
        let mut page = String::new();
        table(&mut page, &[("loss".to_owned(), loss)]);
        let row = page.lines().last();
        let want = "| `loss` | number or null | ratio | 0 to 1 (cqd) | Lost. |";
        assert_eq!(row, Some(want));
    }

    #[test]
    fn types_are_told_as_they_stand_in_the_json() {
        for (schema, want) in [
            (r#"{"type": "integer", "x-edm": "Edm.Int64"}"#, "integer"),
            (
                r#"{"type": ["string", "null"], "x-edm": "Edm.Duration"}"#,
                "duration or null",
            ),
            (
                r#"{"type": ["array", "null"], "x-edm": "Collection(media)"}"#,
                "list of [media](#media) or null",
            ),
            (
                r#"{"type": "object", "x-edm": "graph.userIdentity"}"#,
                "[graph.userIdentity](#graphuseridentity)",
            ),
            (r#"{"x-edm": "detailsInfo"}"#, "detailsInfo, any value"),
            (r#"{"type": "integer"}"#, "integer"),
        ] {
            assert_eq!(typed(&field(schema)), want, "{schema}");
        }
    }

    #[test]
    fn open_ends_and_replacements_are_in_words() {
        let open = field(r#"{"x-range": [1, null], "x-range-source": "ours"}"#);
        assert_eq!(range(&open), "1 and more (ours)");
        let old = field(
            r#"{"description": "Old.", "x-deprecated": {"replacement": "new"}, "x-from": ["a"]}"#,
        );
        assert_eq!(
            meaning(&old),
            "Old. **Deprecated**: read `new`. Only in [a](#a)."
        );
    }

    #[test]
    fn every_link_of_the_page_has_its_heading() {
        let page = page().expect("the sources are committed");
        let headings: Vec<String> = page
            .lines()
            .filter(|line| line.starts_with('#'))
            .map(|line| anchor(&line.trim_start_matches('#').trim().replace(' ', "-")))
            .collect();
        for link in page.split("](#").skip(1) {
            let target = link.split(')').next().unwrap_or_default();
            assert!(headings.iter().any(|known| known == target), "{target}");
        }
    }

    #[test]
    fn the_committed_page_is_the_one_its_sources_give() {
        if let Err(errors) = run(&Args { check: true }) {
            panic!("{errors}");
        }
    }
}
