//! The schema of a call record, generated: Microsoft's metadata for the types, our overlay for
//! what they mean.
//!
//! [`run`] writes `schemas/callRecord.schema.json` and its sister for beta, or with `--check` says
//! how the files differ from their sources. The same sources give the same bytes.
//!
//! Nothing is fetched: the metadata is a file that its owner publishes and the caller names.

pub mod build;
#[path = "../../../src/schema/csdl.rs"]
pub mod csdl;
pub mod diff;
pub mod edm;
pub mod json;
pub mod overlay;

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

/// Where the metadata lies in our CI, relative to the repository.
const CSDL: &str = "../shared/graph/callRecords-v1.0.csdl.xml";
const CSDL_BETA: &str = "../shared/graph/callRecords-beta.csdl.xml";
/// Our facts, relative to the repository; the second one is read for beta alone.
const OVERLAY: &str = "schemas/overlay.toml";
const OVERLAY_BETA: &str = "schemas/overlay.beta.toml";
/// What is written, relative to the repository.
const SCHEMA: &str = "schemas/callRecord.schema.json";
const SCHEMA_BETA: &str = "schemas/callRecord.beta.schema.json";
/// What to do about a metadata file that cannot be read.
const ORIGIN: &str = "it is Microsoft's metadata and not part of this repository: take \
    schemas/v1.0-Prod.csdl and schemas/beta-Prod.csdl from github.com/microsoftgraph/msgraph-metadata \
    and name them with --csdl FILE --beta-csdl FILE --commit ID";
/// The namespace that an extract must hold whole.
const NAMESPACE: &str = "microsoft.graph.callRecords.";

/// Write the schemas of v1.0 and beta from Microsoft's metadata and schemas/overlay.toml.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// The metadata (CSDL) of Microsoft Graph v1.0 [default: ../shared/graph/callRecords-v1.0.csdl.xml]
    #[arg(long, value_name = "FILE")]
    pub csdl: Option<PathBuf>,
    /// The metadata (CSDL) of beta [default: ../shared/graph/callRecords-beta.csdl.xml]
    #[arg(long, value_name = "FILE")]
    pub beta_csdl: Option<PathBuf>,
    /// Commit of the metadata's repository, if no comment in the files names it
    #[arg(long, value_name = "ID")]
    pub commit: Option<String>,
    /// Write nothing; fail if a committed schema differs
    #[arg(long)]
    pub check: bool,
}

/// Which of the two APIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// What Microsoft supports.
    V1,
    /// What it may change without notice.
    Beta,
}

impl Api {
    /// The schema's path in the repository.
    pub fn schema(self) -> &'static str {
        match self {
            Api::V1 => SCHEMA,
            Api::Beta => SCHEMA_BETA,
        }
    }
}

/// Everything that is wrong, one line each.
#[derive(Debug)]
pub struct Errors(pub Vec<String>);

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Errors {}

/// Does what the arguments ask for.
pub fn run(args: &Args) -> Result<(), Errors> {
    let mut differing = Vec::new();
    for api in [Api::V1, Api::Beta] {
        let text = generate(args, api)?;
        let named = api.schema();
        let path = root().join(named);
        if !args.check {
            std::fs::write(&path, text).map_err(|e| Errors(vec![format!("{named}: {e}")]))?;
            continue;
        }
        let committed = read(&path, named, "write it with `cargo xtask schema`")?;
        let lines = diff::summary(&committed, &text);
        if !lines.is_empty() {
            differing.push(format!(
                "{named} differs from its sources; run `cargo xtask schema`"
            ));
            differing.extend(lines);
        }
    }
    if differing.is_empty() {
        Ok(())
    } else {
        Err(Errors(differing))
    }
}

/// The text of one schema.
pub fn generate(args: &Args, api: Api) -> Result<String, Errors> {
    let (stable, named) = model(args.csdl.as_deref(), CSDL)?;
    let (model, named, taken) = match api {
        Api::V1 => (stable, named, BTreeSet::new()),
        Api::Beta => {
            // Both files are extracts, and the one of beta leaves out more of microsoft.graph.
            let (mut beta, named) = model(args.beta_csdl.as_deref(), CSDL_BETA)?;
            let taken = beta.complete(stable, NAMESPACE);
            (beta, named, taken)
        }
    };
    let commit = args.commit.as_deref().or(model.commit.as_deref());
    let Some(commit) = commit.filter(|id| csdl::is_commit(id)) else {
        let why = "no commit of 40 hexadecimal digits is known; say it with --commit ID";
        return Err(Errors(vec![format!("{named}: {why}")]));
    };
    let about = match api {
        Api::V1 => build::About {
            api: "v1.0",
            id: "urn:qualwatch:schema:callRecord",
            path: "schemas/v1.0-Prod.csdl",
            commit,
            overlay: OVERLAY,
            lender: "",
            taken,
        },
        Api::Beta => build::About {
            api: "beta",
            id: "urn:qualwatch:schema:callRecord:beta",
            path: "schemas/beta-Prod.csdl",
            commit,
            overlay: "schemas/overlay.toml and overlay.beta.toml",
            lender: "v1.0",
            taken,
        },
    };
    let ours = "it belongs to this repository";
    let mut texts = vec![read(&root().join(OVERLAY), OVERLAY, ours)?];
    if api == Api::Beta {
        texts.push(read(&root().join(OVERLAY_BETA), OVERLAY_BETA, ours)?);
    }
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let overlay = overlay::Overlay::parse_all(&texts).map_err(|errors| {
        let of = about.overlay;
        Errors(errors.iter().map(|e| format!("{of}: {e}")).collect())
    })?;
    build::schema(&model, &overlay, &about)
        .map(|schema| schema.pretty())
        .map_err(Errors)
}

/// The metadata that was named, or that lies where our CI has it.
fn model(given: Option<&Path>, usual: &str) -> Result<(csdl::Model, String), Errors> {
    let named = given
        .map_or(usual.into(), Path::to_string_lossy)
        .into_owned();
    let path = given.map_or_else(|| root().join(usual), Path::to_owned);
    let model = csdl::Model::parse(&read(&path, &named, ORIGIN)?)
        .map_err(|e| Errors(vec![format!("{named}: {e}")]))?;
    Ok((model, named))
}

/// The metadata's place in our CI; a clone has none.
pub fn default_csdl() -> PathBuf {
    root().join(CSDL)
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub(crate) fn read(path: &Path, named: &str, hint: &str) -> Result<String, Errors> {
    std::fs::read_to_string(path)
        .map_err(|e| Errors(vec![format!("{named}: {e}"), hint.to_owned()]))
}
