//! Schema, rules and limits to an [`Engine`]: everything is checked before the first document.
//!
//! Rule and schema files are opened for it alone.

use std::path::PathBuf;
use std::sync::Arc;

use super::keep::keep;
use super::{Engine, Explain, Notices};
use crate::alert::Links;
use crate::clock::{Clock, SystemClock};
use crate::record::Caps;
use crate::redact::Redactor;
use crate::rules::{self, LoadErrors, Overrides, ProblemKind, RuleSet};
use crate::schema::{Api, Schema, SchemaError};
use crate::sites::Sites;

/// Why an engine cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The schema cannot be used.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The rules do not load.
    #[error(transparent)]
    Rules(#[from] LoadErrors),
    /// An override is not of the form `name=value`.
    #[error("`{given}` sets no limit; write name=value, such as jitter=40ms")]
    Override {
        /// as it was given
        given: String,
    },
}

/// Collects what an [`Engine`] is made of.
pub struct EngineBuilder {
    api: Api,
    schema: Option<PathBuf>,
    rules: Vec<PathBuf>,
    without_rules: bool,
    set: Vec<String>,
    sites: Option<Arc<Sites>>,
    links: Links,
    caps: Caps,
    max_problems: usize,
    notices: Notices,
    explain: Option<Explain>,
    measure_rules: bool,
    variants: Vec<String>,
    clock: Arc<dyn Clock>,
    redactor: Option<Redactor>,
}

impl Default for EngineBuilder {
    fn default() -> Self {
        EngineBuilder {
            api: Api::V1,
            schema: None,
            rules: Vec::new(),
            without_rules: false,
            set: Vec::new(),
            sites: None,
            links: Links::default(),
            caps: Caps::default(),
            max_problems: 100,
            notices: Notices::default(),
            explain: None,
            measure_rules: false,
            variants: Vec::new(),
            clock: Arc::new(SystemClock),
            redactor: None,
        }
    }
}

impl EngineBuilder {
    /// Validates against the callRecord schema of this API; v1.0 unless said.
    #[must_use]
    pub fn api(mut self, api: Api) -> Self {
        self.api = api;
        self
    }

    /// Validates against the JSON Schema in this file instead of the callRecord schema.
    #[must_use]
    pub fn schema_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.schema = Some(path.into());
        self
    }

    /// Loads the rules of this folder or file; may be called again. Without it, the shipped
    /// rules are loaded.
    #[must_use]
    pub fn rules(mut self, path: impl Into<PathBuf>) -> Self {
        self.rules.push(path.into());
        self
    }

    /// Loads no rules: documents are validated only.
    #[must_use]
    pub fn without_rules(mut self) -> Self {
        self.without_rules = true;
        self
    }

    /// Sets a limit of `thresholds.toml`, written `name=value`.
    #[must_use]
    pub fn set(mut self, written: impl Into<String>) -> Self {
        self.set.push(written.into());
        self
    }

    /// Tells by these where clients are. Without them `site` is missing everywhere.
    #[must_use]
    pub fn sites(mut self, sites: impl Into<Arc<Sites>>) -> Self {
        self.sites = Some(sites.into());
        self
    }

    /// Alerts take these links along.
    #[must_use]
    pub fn links(mut self, links: Links) -> Self {
        self.links = links;
        self
    }

    /// Refuses documents that exceed these.
    #[must_use]
    pub fn caps(mut self, caps: Caps) -> Self {
        self.caps = caps;
        self
    }

    /// Keeps at most so many violations of one document.
    #[must_use]
    pub fn max_problems(mut self, problems: usize) -> Self {
        self.max_problems = problems;
        self
    }

    /// How much is said about notices.
    #[must_use]
    pub fn notices(mut self, notices: Notices) -> Self {
        self.notices = notices;
        self
    }

    /// Asks the rules of each document again, once with each of these limits, written `name=value`:
    /// what would another value do?
    #[must_use]
    pub fn variants(mut self, written: Vec<String>) -> Self {
        self.variants = written;
        self
    }

    /// Measures on the first documents what each rule costs: [`Report::costs`](super::Report::costs).
    #[must_use]
    pub fn measure_rules(mut self) -> Self {
        self.measure_rules = true;
        self
    }

    /// Tells of each document what every rule read and why it said what it said: far slower.
    #[must_use]
    pub fn explain(mut self, what: Explain) -> Self {
        self.explain = Some(what);
        self
    }

    /// Takes the time of `raisedAt` from this clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Names, ids and addresses in reports become keyed hashes.
    #[must_use]
    pub fn redact(mut self, redactor: Redactor) -> Self {
        self.redactor = Some(redactor);
        self
    }

    /// Compiles everything.
    ///
    /// # Errors
    /// The schema does not compile, or the rules do not load: all that is wrong with them.
    pub fn build(self) -> Result<Arc<Engine>, BuildError> {
        Ok(self.build_with_notices()?.0)
    }

    /// As [`EngineBuilder::build`], with what is worth knowing about the rules.
    ///
    /// # Errors
    /// As [`EngineBuilder::build`].
    pub fn build_with_notices(self) -> Result<(Arc<Engine>, Vec<rules::Notice>), BuildError> {
        let schema = match &self.schema {
            None => Schema::of(self.api)?,
            Some(path) => Schema::load(path)?,
        };
        let mut overrides = Overrides::none();
        for written in &self.set {
            if !overrides.add(written) {
                return Err(BuildError::Override {
                    given: written.clone(),
                });
            }
        }
        let load = |overrides: &Overrides| {
            if self.without_rules {
                RuleSet::from_sources(&[], overrides)
            } else if self.rules.is_empty() {
                RuleSet::builtin(overrides)
            } else {
                RuleSet::load(&self.rules, overrides)
            }
        };
        let (rules, mut notices) = load(&overrides)?;
        let mut variants = Vec::new();
        for written in &self.variants {
            let mut others = overrides.clone();
            others.add(written);
            variants.push(load(&others)?.0.beside(&rules));
        }
        let mut redactor = self.redactor;
        if let Some(redactor) = &mut redactor {
            redactor.allow(rules.rules().iter().flat_map(|rule| rule.fixed_words()));
        }
        if self.sites.is_some() {
            notices.retain(|notice| notice.kind != ProblemKind::NoSites);
        }
        // Explaining tells of more than is kept.
        let kept = (self.explain.is_none()).then(|| keep(rules.layout(), self.sites.is_some()));
        let engine = Engine {
            kept,
            schema,
            call_records_only: self.schema.is_none(),
            rules,
            sites: self.sites,
            caps: self.caps,
            max_problems: self.max_problems,
            notices: self.notices,
            explain: self.explain,
            measure_rules: self.measure_rules,
            variants,
            clock: self.clock,
            redactor,
            links: self.links,
        };
        Ok((Arc::new(engine), notices))
    }
}
