//! Is it well formed? JSON Schema on the tape: compile once, validate every record.
//!
//! [`Schema::survey`] walks a document once, along a program that was compiled from the schema:
//! it says at once that most documents are valid, and gives what is no violation: unknown
//! properties, unknown enum members, readings outside our own ranges, and names that stand twice.
//! Where it says no, or cannot tell, the `jsonschema` crate decides, and [`Schema::validate`]
//! gives every violation, in document order and capped. A `$ref` may lead to a file in the schema's own folder ([`Schema::load`]) and
//! nowhere else; it is never a fetch. Nothing here knows of rules.

mod api;
mod broken;
mod compile;
mod cover;
pub mod csdl;
mod cycles;
mod describe;
pub(crate) mod direct;
pub mod drift;
mod expect;
mod folder;
mod misspelt;
mod names;
mod on_tape;
mod pattern;
mod problem;
mod program;
mod reference;
mod run;
mod survey;
mod texts;
mod twice;
mod wanted;

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use jsonschema::{PatternOptions, Retrieve, ValidationOptions, Validator};
use serde_json::Value;

pub use api::Api;
pub use broken::Broken;
pub use cover::{Cover, Uncovered};
pub use on_tape::OnTape;
pub(crate) use problem::excerpt;
pub use problem::{KeyPlace, Notice, NoticeKind, Problem};
pub use survey::{Repeated, Survey};

use crate::record::cursor::OverTape;
use crate::record::{Caps, Document, Kind, Origin};
use compile::Compiler;
use expect::{Expect, Plan};
use folder::Folder;
use on_tape::{Budget, Sighting};
use program::{Program, SiteId};
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
    text: Arc<Value>,
    /// the files that it refers to: URI and text
    files: Vec<(String, Value)>,
    /// what is odd about it, but no error
    odd: Option<Box<Broken>>,
    whole: Exact,
    /// for sessions pages, where the schema defines them
    page: Option<Exact>,
    program: Program,
    /// where the program begins
    sites: Sites,
    /// names and words for what a survey finds
    plan: Plan,
    cover: Vec<Cover>,
}

/// The crate's validator. Of a schema that is built in it is made for the first document that the
/// program does not accept: to make one takes longer than all else that a start needs.
type Exact = LazyLock<Validator<OnTape>, Box<dyn FnOnce() -> Validator<OnTape> + Send>>;

/// Where the walk of a document begins, by its kind.
#[derive(Clone, Copy)]
struct Sites {
    record: SiteId,
    page: SiteId,
    /// of other kinds nothing is expected, but the schema holds
    other: SiteId,
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
        let text = api.schema();
        // A test asks of these what others are asked when they are read; only JSON is left to be sure of.
        let Ok(schema) = serde_json::from_str(text) else {
            return Schema::compile(text);
        };
        let later = |schema: &Arc<Value>| {
            let schema = Arc::clone(schema);
            let build = move || match options().build(&schema) {
                Ok(validator) => validator,
                Err(error) => unreachable!("a schema that is built in is broken: {error}"),
            };
            Ok(Exact::new(Box::new(build)))
        };
        Schema::assemble(schema, None, &later)
    }

    /// Compiles a schema's text.
    ///
    /// # Errors
    /// [`SchemaError`] when it is no JSON, breaks its meta-schema, refers to
    /// anything outside itself, or has a pattern that the linear engine cannot run.
    pub fn compile(text: &str) -> Result<Schema, SchemaError> {
        let schema = broken::read("schema", text.as_bytes()).map_err(SchemaError::Broken)?;
        Schema::checked("schema", text.as_bytes(), schema, None)
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
        Schema::checked(&file, &text, schema, Some((folder, folder::uri(&real))))
    }

    /// Checks a schema that somebody wrote, and compiles it.
    fn checked(
        file: &str,
        text: &[u8],
        schema: Value,
        folder: Option<(Arc<Folder>, String)>,
    ) -> Result<Schema, SchemaError> {
        let odd = broken::odd(file, text, &schema);
        let files = folder.as_ref().map(|(folder, _)| Arc::clone(folder));
        let schema = Schema::assemble(schema, files, &|schema: &Arc<Value>| {
            let options = match &folder {
                None => options(),
                Some((folder, uri)) => options()
                    .with_retriever(folder::Beside(Arc::clone(folder)))
                    .with_base_uri(uri.clone()),
            };
            let validator = options.build(schema).map_err(|error| {
                let folder = folder.as_ref().map(|(folder, _)| &**folder);
                SchemaError::Broken(broken::explain(&error, file, text, schema, folder))
            })?;
            Ok(Exact::new(Box::new(move || validator)))
        })?;
        Ok(Schema { odd, ..schema })
    }

    /// Compiles a schema; `exact` gives the crate's validator of it, and of its sessions pages.
    fn assemble(
        schema: Value,
        folder: Option<Arc<Folder>>,
        exact: &dyn Fn(&Arc<Value>) -> Result<Exact, SchemaError>,
    ) -> Result<Schema, SchemaError> {
        let schema = Arc::new(schema);
        let whole = exact(&schema)?;
        let mut program = Program::empty();
        let mut plan = Plan::default();
        let expect = plan.add(&schema);
        let mut compiler = Compiler::new(&schema, &plan, &mut program);
        let record = compiler.document(expect);
        let mut sites = Sites {
            record,
            page: record,
            other: compiler.document(Expect::Anything),
        };
        let mut cover = vec![compiler.finish("document")];
        let mut page = None;
        if schema.pointer("/$defs/sessionsPage").is_some() {
            let mut rooted = Value::clone(&schema);
            if let Some(members) = rooted.as_object_mut() {
                members.insert("$ref".into(), "#/$defs/sessionsPage".into());
            }
            let rooted = Arc::new(rooted);
            page = Some(exact(&rooted)?);
            let expect = plan.add(&rooted);
            let mut compiler = Compiler::new(&rooted, &plan, &mut program);
            sites.page = compiler.document(expect);
            cover.push(compiler.finish("sessions page"));
        }
        Ok(Schema {
            odd: None,
            text: schema,
            files: folder.map(|folder| folder.schemas()).unwrap_or_default(),
            whole,
            page,
            program,
            sites,
            plan,
            cover,
        })
    }

    /// What is odd about the schema and makes it accept more than was meant: keywords that are
    /// nearly, but not quite, ones that the drafts know.
    pub fn odd(&self) -> Option<&Broken> {
        self.odd.as_deref()
    }

    /// How much of the schema is compiled, for each kind of document that it tells apart.
    pub fn cover(&self) -> &[Cover] {
        &self.cover
    }

    /// The crate's validator of documents of `kind`.
    fn exact(&self, kind: Kind) -> &Validator<OnTape> {
        match (&self.page, kind) {
            (Some(page), Kind::SessionsPage) => page,
            _ => &self.whole,
        }
    }

    /// One walk that says whether the document is valid, and finds repeated names and notices.
    /// `survey` is reused.
    #[inline]
    pub fn survey(&self, document: &Document<'_>, kind: Kind, survey: &mut Survey) {
        let site = match kind {
            Kind::CallRecord => self.sites.record,
            Kind::SessionsPage => self.sites.page,
            _ => self.sites.other,
        };
        let cursor = OverTape::new(document.root());
        run::run(&self.program, site, cursor, survey);
    }

    /// Whether the document is valid, by its survey; where that cannot tell, by the crate.
    #[inline]
    pub fn is_valid(&self, document: &Document<'_>, kind: Kind, survey: &Survey) -> bool {
        match survey.verdict() {
            Some(valid) => valid,
            None => self.exact(kind).is_valid(document.root()),
        }
    }

    /// Whether a call record is valid and worth no notice, by its text alone. Where that does not
    /// tell at once, it is not.
    pub fn is_plainly_right(&self, text: &[u8]) -> bool {
        let nothing = Arc::new(|_: &str, _| direct::Keep::Nothing);
        let mut direct = direct::Direct::new(self, Caps::default(), nothing);
        direct.read(self, text, direct::Purpose::Ask).is_some()
    }

    /// The violations of a surveyed document, in document order, at most `limit` of them, and
    /// whether there were more.
    pub fn validate(
        &self,
        document: &Document<'_>,
        kind: Kind,
        origin: Origin,
        limit: usize,
        survey: &Survey,
    ) -> (Vec<Problem>, bool) {
        if survey.verdict() == Some(true) {
            return (Vec::new(), false);
        }
        let validator = self.exact(kind);
        // The program's no is a hint; the crate's counts.
        if validator.is_valid(document.root()) {
            return (Vec::new(), false);
        }
        problems(validator, document, origin, limit, &self.text, &self.files)
    }

    /// Describes those notices of a survey whose key `wanted` takes. Notices that differ only in
    /// their place have one key.
    pub fn notices(
        &self,
        document: &Document<'_>,
        origin: Origin,
        survey: &Survey,
        mut wanted: impl FnMut(u64) -> bool,
    ) -> Vec<Notice> {
        survey
            .notices()
            .iter()
            .filter(|raw| wanted(problem::key(raw, document)))
            .map(|raw| problem::notice(raw, &self.plan, document, origin))
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

#[cfg(test)]
mod tests;
