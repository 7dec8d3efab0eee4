//! Is it well formed? JSON Schema on the tape: compile once, validate every record.
//!
//! [`Schema::validate`] gives every violation, in document order and capped;
//! [`Schema::survey`] gives what is no violation: unknown properties, unknown
//! enum members, readings outside our own ranges, and names that stand twice.
//! No IO: a `$ref` to the network or to a file is a compile error, never a
//! fetch. Nothing here knows of rules.

mod api;
pub mod csdl;
pub mod drift;
mod on_tape;
mod problem;
mod quick;
mod survey;

use std::path::PathBuf;
use std::sync::Arc;

use jsonschema::{PatternOptions, Retrieve, ValidationOptions, Validator};
use serde_json::Value;

pub use api::Api;
pub use on_tape::OnTape;
pub(crate) use problem::excerpt;
pub use problem::{Notice, NoticeKind, Problem};
pub use survey::{Repeated, Survey};

use crate::record::{Document, Item, Kind, Origin};
use on_tape::Budget;
use survey::Plan;

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
    /// The text is no JSON.
    #[error("the schema is no JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The schema does not compile.
    #[error("the schema does not compile: at {pointer:?}: {message}")]
    Compile {
        /// where in the schema
        pointer: String,
        /// what is wrong there
        message: String,
    },
}

/// A compiled schema.
pub struct Schema {
    text: Value,
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
        let text: Value = serde_json::from_str(text)?;
        let whole = build(&text)?;
        let whole_plan = Plan::compile(&text);
        let page = match text.pointer("/$defs/sessionsPage") {
            Some(_) => {
                let mut rooted = text.clone();
                if let Some(members) = rooted.as_object_mut() {
                    members.insert("$ref".into(), "#/$defs/sessionsPage".into());
                }
                Some((build(&rooted)?, Plan::compile(&rooted)))
            }
            None => None,
        };
        Ok(Schema {
            text,
            quick: None,
            whole,
            whole_plan,
            page,
        })
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
        let budget = Budget::of(limit.max(1));
        let mut problems: Vec<Problem> = validator
            .iter_errors(document.root())
            .take(limit)
            .map(|error| problem::describe(&error, document, origin, &self.text))
            .collect();
        let capped = budget.spent();
        problems.sort_by_key(|problem| problem.node);
        (problems, capped)
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

fn build(schema: &Value) -> Result<Validator<OnTape>, SchemaError> {
    compiled(options(), schema)
}

/// The options of every validator: no way out, and patterns in linear time.
fn options() -> ValidationOptions<'static, Arc<dyn Retrieve>, OnTape> {
    jsonschema::options_for::<OnTape>()
        .offline()
        .with_pattern_options(PatternOptions::regex())
}

fn compiled(
    options: ValidationOptions<'_, Arc<dyn Retrieve>, OnTape>,
    schema: &Value,
) -> Result<Validator<OnTape>, SchemaError> {
    options.build(schema).map_err(|error| SchemaError::Compile {
        pointer: error.instance_path().as_str().to_owned(),
        message: error.to_string(),
    })
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
                matches!(Schema::compile(&text), Err(SchemaError::Compile { .. })),
                "{reference}"
            );
        }
    }
}
