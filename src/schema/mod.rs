//! Is it well formed? JSON Schema on the tape: compile once, validate every record.
//!
//! [`Schema::validate`] gives every violation, in document order and capped;
//! [`Schema::survey`] gives what is no violation: unknown properties, unknown
//! enum members, readings outside our own ranges, and names that stand twice.
//! A `$ref` may lead to a file in the schema's own folder ([`Schema::load`]) and
//! nowhere else; it is never a fetch. Nothing here knows of rules.

mod api;
mod broken;
pub mod csdl;
mod describe;
pub mod drift;
mod folder;
mod misspelt;
mod on_tape;
mod problem;
mod quick;
mod reference;
mod survey;
mod texts;
mod twice;
mod wanted;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jsonschema::{PatternOptions, Retrieve, ValidationError, ValidationOptions, Validator};
use serde_json::Value;

pub use api::Api;
pub use broken::Broken;
pub use on_tape::OnTape;
pub(crate) use problem::excerpt;
pub use problem::{KeyPlace, Notice, NoticeKind, Problem};
pub use survey::{Repeated, Survey};

use crate::record::{Document, Item, Kind, Origin};
use folder::Folder;
use on_tape::{Budget, Sighting};
use survey::Plan;
use texts::Texts;

/// The callRecord schema of v1.0, draft 2020-12, as `schemas/callRecord.schema.json` holds it.
pub const CALL_RECORD: &str = Api::V1.schema();

/// Why a schema cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// The file cannot be read.
    #[error("cannot read the schema {}: {source}", path.display())]
    Read {
        /// the file
        path: PathBuf,
        /// what the system said
        source: std::io::Error,
    },
    /// It is broken: no JSON, against its meta-schema, with a `$ref` that leads nowhere or out
    /// of its folder, or with a pattern that the linear engine cannot run.
    #[error("{0}")]
    Broken(Box<Broken>),
}

/// A compiled schema.
pub struct Schema {
    text: Value,
    /// the files that it refers to: URI and text
    files: Vec<(String, Value)>,
    /// what is odd about it, but no error
    odd: Option<Box<Broken>>,
    /// accepts most of what `whole` does, sooner; see [`quick`]
    quick: Option<Validator<OnTape>>,
    whole: Validator<OnTape>,
    whole_plan: Plan,
    /// for sessions pages, where the schema defines them
    page: Option<(Validator<OnTape>, Plan)>,
}

impl Schema {
    /// The embedded callRecord schema of v1.0.
    ///
    /// # Errors
    /// Never, unless the crate was built with a broken schema.
    pub fn call_record() -> Result<Schema, SchemaError> {
        Schema::of(Api::V1)
    }

    /// The embedded callRecord schema of one API.
    ///
    /// # Errors
    /// Never, unless the crate was built with a broken schema.
    pub fn of(api: Api) -> Result<Schema, SchemaError> {
        let mut schema = Schema::compile(api.schema())?;
        // Only here: the rewriting is right for the keywords that our own schema uses.
        schema.quick = Some(quick::build(&schema.text)?);
        Ok(schema)
    }

    /// Compiles a schema's text.
    ///
    /// # Errors
    /// [`SchemaError`] when it is no JSON, breaks its meta-schema, refers to
    /// anything outside itself, or has a pattern that the linear engine cannot run.
    pub fn compile(text: &str) -> Result<Schema, SchemaError> {
        let schema = broken::read("schema", text.as_bytes()).map_err(SchemaError::Broken)?;
        Schema::assemble("schema", text.as_bytes(), schema, None)
    }

    /// Compiles the schema in a file; a `$ref` in it may lead to other files of its folder.
    ///
    /// # Errors
    /// As [`Schema::compile`], and when a file cannot be read.
    pub fn load(path: &Path) -> Result<Schema, SchemaError> {
        let unreadable = |source| SchemaError::Read {
            path: path.to_owned(),
            source,
        };
        let text = std::fs::read(path).map_err(unreadable)?;
        let real = std::fs::canonicalize(path).map_err(unreadable)?;
        let file = path.display().to_string();
        let schema = broken::read(&file, &text).map_err(SchemaError::Broken)?;
        let folder = Folder::of(path, &real, &schema);
        Schema::assemble(&file, &text, schema, Some((folder, folder::uri(&real))))
    }

    fn assemble(
        file: &str,
        text: &[u8],
        schema: Value,
        folder: Option<(Arc<Folder>, String)>,
    ) -> Result<Schema, SchemaError> {
        let build = |schema: &Value| {
            let options = match &folder {
                None => options(),
                Some((folder, uri)) => options()
                    .with_retriever(folder::Beside(Arc::clone(folder)))
                    .with_base_uri(uri.clone()),
            };
            options.build(schema).map_err(|error| {
                let folder = folder.as_ref().map(|(folder, _)| &**folder);
                SchemaError::Broken(broken::explain(&error, file, text, schema, folder))
            })
        };
        let whole = build(&schema)?;
        let whole_plan = Plan::compile(&schema);
        let page = match schema.pointer("/$defs/sessionsPage") {
            Some(_) => {
                let mut rooted = schema.clone();
                if let Some(members) = rooted.as_object_mut() {
                    members.insert("$ref".into(), "#/$defs/sessionsPage".into());
                }
                Some((build(&rooted)?, Plan::compile(&rooted)))
            }
            None => None,
        };
        Ok(Schema {
            odd: broken::odd(file, text, &schema),
            text: schema,
            files: folder
                .map(|(folder, _)| folder.schemas())
                .unwrap_or_default(),
            quick: None,
            whole,
            whole_plan,
            page,
        })
    }

    /// What is odd about the schema and makes it accept more than was meant: keywords that are
    /// nearly, but not quite, ones that the drafts know.
    pub fn odd(&self) -> Option<&Broken> {
        self.odd.as_deref()
    }

    fn parts(&self, kind: Kind) -> (&Validator<OnTape>, &Plan) {
        match (&self.page, kind) {
            (Some((validator, plan)), Kind::SessionsPage) => (validator, plan),
            _ => (&self.whole, &self.whole_plan),
        }
    }

    /// Whether the document is valid; the fast answer.
    #[inline]
    pub fn is_valid(&self, root: Item<'_>, kind: Kind) -> bool {
        self.surely_valid(root, kind) || self.parts(kind).0.is_valid(root)
    }

    /// Whether the quick validator, where there is one for `kind`, accepts the document.
    #[inline]
    fn surely_valid(&self, root: Item<'_>, kind: Kind) -> bool {
        let quick = self.quick.as_ref().filter(|_| kind != Kind::SessionsPage);
        quick.is_some_and(|quick| quick.is_valid(root))
    }

    /// The violations, in document order, at most `limit` of them, and whether there were more.
    pub fn validate(
        &self,
        document: &Document<'_>,
        kind: Kind,
        origin: Origin,
        limit: usize,
    ) -> (Vec<Problem>, bool) {
        if self.is_valid(document.root(), kind) {
            return (Vec::new(), false);
        }
        let validator = self.parts(kind).0;
        problems(validator, document, origin, limit, &self.text, &self.files)
    }

    /// One walk that finds repeated names and notices. `survey` is reused.
    #[inline]
    pub fn survey(&self, document: &Document<'_>, kind: Kind, survey: &mut Survey) {
        let any = Plan::any();
        let plan = match kind {
            Kind::CallRecord | Kind::SessionsPage => self.parts(kind).1,
            _ => any,
        };
        survey.run(document.root(), plan);
    }

    /// Describes those notices of a survey whose key `wanted` takes. Notices that differ only in
    /// their place have one key.
    pub fn notices(
        &self,
        document: &Document<'_>,
        kind: Kind,
        origin: Origin,
        survey: &Survey,
        mut wanted: impl FnMut(u64) -> bool,
    ) -> Vec<Notice> {
        let plan = self.parts(kind).1;
        survey
            .notices()
            .iter()
            .filter(|raw| wanted(problem::key(raw, document)))
            .map(|raw| problem::notice(raw, plan, document, origin))
            .collect()
    }
}

/// The violations of a document that is not valid, in document order, at most `limit` of them,
/// and whether there were more.
fn problems(
    validator: &Validator<OnTape>,
    document: &Document<'_>,
    origin: Origin,
    limit: usize,
    text: &Value,
    files: &[(String, Value)],
) -> (Vec<Problem>, bool) {
    /// What is collected for each violation that is asked for: those of an `anyOf` count too.
    const EACH: usize = 8;
    const LEAST: usize = 256;
    let budget = Budget::of(limit.saturating_mul(EACH).max(LEAST));
    let mut errors: Vec<_> = validator
        .iter_errors(document.root())
        // Behind the budget containers look empty, and what is said of them is not so.
        .filter(|error| Sighting::of(error).within)
        .collect();
    let mut more = budget.spent();
    drop(budget);
    if errors.is_empty() {
        // One combination spent it all; that it failed was decided before.
        let budget = Budget::of(LEAST);
        errors.extend(validator.validate(document.root()).err());
        more |= budget.spent() && !errors.is_empty();
    }
    let errors = errors
        .into_iter()
        .map(|error| (describe::node_of(&error, document).unwrap_or(0), error))
        .collect();
    let texts = Texts { root: text, files };
    let (problems, cut) = describe::describe(errors, document, origin, &texts, limit.max(1));
    (problems, more || cut)
}

/// The options of every validator: no way out, and patterns in linear time.
fn options() -> ValidationOptions<'static, Arc<dyn Retrieve>, OnTape> {
    jsonschema::options_for::<OnTape>()
        .with_retriever(folder::Nowhere)
        .with_pattern_options(PatternOptions::regex())
}

/// Says why a text of our own does not compile, which a test would have told.
fn ours(error: &ValidationError<'_>, schema: &Value) -> SchemaError {
    let text = schema.to_string();
    SchemaError::Broken(broken::explain(
        error,
        "schema",
        text.as_bytes(),
        schema,
        None,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Caps, Parser};

    fn problems(schema: &str, text: &str, limit: usize) -> (Vec<Problem>, bool) {
        let schema = Schema::compile(schema).expect("a schema");
        let mut parser = Parser::new(Caps::default());
        let document = parser.parse(text.as_bytes()).expect("JSON");
        schema.validate(&document, Kind::Foreign, Origin::default(), limit)
    }

    #[test]
    fn violations_are_capped_while_they_are_collected() {
        let schema = r#"{"items": {"items": {"type": "string"}}}"#;
        let row = format!("[{}0]", "0,".repeat(999));
        let text = format!("[{}{row}]", format!("{row},").repeat(99));
        let (found, more) = problems(schema, &text, 10);
        assert_eq!((found.len(), more), (10, true));
        assert_eq!(found[0].pointer, "/0/0");
        assert_eq!(found[9].pointer, "/0/9");
        // The next walk of this thread is whole again.
        let (found, more) = problems(schema, "[[1, \"a\", 2]]", 10);
        assert_eq!((found.len(), more), (2, false));
    }

    #[test]
    fn a_million_violations_end_the_walk_and_not_the_memory() {
        let schema = Schema::compile(r#"{"items": {"type": "string"}}"#).expect("a schema");
        let text = format!("[{}0]", "0,".repeat(999_999));
        let mut parser = Parser::new(Caps::default());
        let document = parser.parse(text.as_bytes()).expect("JSON");
        on_tape::VISITED.set(0);
        let (found, more) = schema.validate(&document, Kind::Foreign, Origin::default(), 100);
        assert_eq!((found.len(), more), (100, true));
        assert_eq!(found[99].pointer, "/99");
        let visited = on_tape::VISITED.get();
        assert!(visited < 2000, "{visited} of a million elements visited");
    }

    #[test]
    fn a_spent_budget_invents_no_violation_and_loses_no_verdict() {
        // A combination that spends the budget, and behind it a value that needs all its elements.
        let schema = r#"{"properties": {
            "a": {"anyOf": [{"items": {"type": "string"}}, {"items": {"type": "null"}}]},
            "b": {"contains": {"const": 7}, "items": {"type": "integer"}}
        }}"#;
        for order in ["ab", "ba"] {
            let a = format!("\"a\": [{}0]", "0,".repeat(5000));
            let b = "\"b\": [1, 7]".to_owned();
            let text = match order {
                "ab" => format!("{{{a}, {b}}}"),
                _ => format!("{{{b}, {a}}}"),
            };
            let (found, _) = problems(schema, &text, 5);
            let told: Vec<(&str, &str)> = found
                .iter()
                .map(|problem| (problem.pointer.as_str(), problem.keyword.as_str()))
                .collect();
            assert_eq!(told, [("/a", "anyOf")], "{order}");
        }
    }

    #[test]
    fn a_violation_has_place_found_and_wanted() {
        let (found, _) = problems(
            r#"{"properties": {"a": {"maximum": 5}, "b": {"enum": ["x", "y"]}}, "required": ["c"]}"#,
            "{\"a\": 7,\n  \"b\": \"z\"}",
            10,
        );
        let told: Vec<String> = found
            .iter()
            .map(|p| {
                format!(
                    "{}:{} {} {} {}: {}",
                    p.line, p.column, p.pointer, p.keyword, p.found, p.wanted
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                "1:1  required an object of 2 members: a member \"c\"",
                "1:7 /a maximum 7: at most 5",
                "2:8 /b enum \"z\": one of \"x\", \"y\"",
            ]
        );
    }

    #[test]
    fn nothing_outside_the_schema_is_fetched() {
        for reference in [
            "http://127.0.0.1:9/s.json",
            "file:///etc/hostname",
            "other.json",
        ] {
            let text = format!("{{\"$ref\": \"{reference}\"}}");
            assert!(
                matches!(Schema::compile(&text), Err(SchemaError::Broken(_))),
                "{reference}"
            );
        }
    }
}
