//! The schema of a call record, generated: Microsoft's metadata for the types, our overlay for
//! what they mean.
//!
//! [`run`] writes `schemas/callRecord.schema.json`, or with `--check` says how the file differs
//! from its sources. The same sources give the same bytes.
//!
//! Nothing is fetched: the metadata is a file that its owner publishes and the caller names.

pub mod build;
pub mod csdl;
pub mod diff;
pub mod edm;
pub mod json;
pub mod overlay;

use std::fmt;
use std::path::{Path, PathBuf};

/// Where the metadata lies in our CI, relative to the repository.
const CSDL: &str = "../shared/graph/callRecords-v1.0.csdl.xml";
/// Our facts, relative to the repository.
const OVERLAY: &str = "schemas/overlay.toml";
/// What is written, relative to the repository.
const SCHEMA: &str = "schemas/callRecord.schema.json";
/// What to do about a metadata file that cannot be read.
const ORIGIN: &str = "it is Microsoft's metadata and not part of this repository: take \
    schemas/v1.0-Prod.csdl from github.com/microsoftgraph/msgraph-metadata and name it with \
    --csdl FILE --commit ID";

/// Write schemas/callRecord.schema.json from Microsoft's metadata and schemas/overlay.toml.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// The metadata (CSDL) of Microsoft Graph v1.0 [default: ../shared/graph/callRecords-v1.0.csdl.xml]
    #[arg(long, value_name = "FILE")]
    pub csdl: Option<PathBuf>,
    /// Commit of the metadata's repository, if no comment in the file names it
    #[arg(long, value_name = "ID")]
    pub commit: Option<String>,
    /// Write nothing; fail if the committed schema differs
    #[arg(long)]
    pub check: bool,
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
    let text = generate(args)?;
    let path = root().join(SCHEMA);
    if !args.check {
        return std::fs::write(&path, text).map_err(|e| Errors(vec![format!("{SCHEMA}: {e}")]));
    }
    let mut lines = diff::summary(
        &read(&path, SCHEMA, "write it with `cargo xtask schema`")?,
        &text,
    );
    if lines.is_empty() {
        return Ok(());
    }
    lines.insert(
        0,
        format!("{SCHEMA} differs from its sources; run `cargo xtask schema`"),
    );
    Err(Errors(lines))
}

/// The text of the schema.
pub fn generate(args: &Args) -> Result<String, Errors> {
    let csdl = args.csdl.clone().unwrap_or_else(default_csdl);
    let named = args
        .csdl
        .as_deref()
        .map_or(CSDL.into(), Path::to_string_lossy);
    let model = csdl::Model::parse(&read(&csdl, &named, ORIGIN)?)
        .map_err(|e| Errors(vec![format!("{named}: {e}")]))?;
    let commit = args.commit.clone().or_else(|| model.commit.clone());
    let Some(commit) = commit.filter(|id| csdl::is_commit(id)) else {
        let why = "no commit of 40 hexadecimal digits is known; say it with --commit ID";
        return Err(Errors(vec![format!("{named}: {why}")]));
    };
    let overlay = read(
        &root().join(OVERLAY),
        OVERLAY,
        "it belongs to this repository",
    )?;
    let overlay = overlay::Overlay::parse(&overlay)
        .map_err(|errors| Errors(errors.iter().map(|e| format!("{OVERLAY}: {e}")).collect()))?;
    build::schema(&model, &overlay, &commit)
        .map(|schema| schema.pretty())
        .map_err(Errors)
}

/// The metadata's place in our CI; a clone has none.
pub fn default_csdl() -> PathBuf {
    root().join(CSDL)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path, named: &str, hint: &str) -> Result<String, Errors> {
    std::fs::read_to_string(path)
        .map_err(|e| Errors(vec![format!("{named}: {e}"), hint.to_owned()]))
}
