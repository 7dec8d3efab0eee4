//! Every flag, defined once: parser, `--help`, man page and completions come from here.
//!
//! Nothing is checked here that needs a file; see [`super::run`].

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::after::After;
use crate::frame::{FrameLimits, Framing, Open};
use crate::record::Caps;
use crate::schema::Api;
use crate::source::ReadOptions;

mod over_time;
mod state;
mod tools;

pub(super) use over_time::OverTime;
pub(super) use state::{OutboxJob, OutboxList, OutboxRows, StateJob, WhichState};
pub(super) use tools::{Documents, Explain, Rules, Test, TestForm, Tune, WhichRules, WhichSites};

const EXAMPLES: &str = "\
Examples:
  qualwatch --rules rules/ dir/                 watch a drop folder
  qualwatch --rules rules/ --once dir/          what is there, then a summary
  kcat … | qualwatch --rules rules/ | next      as a filter
  qualwatch --set jitter=40ms record.json       with another limit
  qualwatch --rules rules/ --check              load the rules, report, exit
  qualwatch --once --since 2026-01-13 old/      what old records say of a day and after

Exit status:
  0 done   1 --fail-on reached   2 usage, configuration or rules   3 a source failed";

const SHOW: &str = "\
Examples:
  qualwatch schema show --api beta
  qualwatch schema show --plan
  qualwatch schema show --plan --schema order.schema.json

Documents are walked along a program that is compiled from the schema. Where that finds a
violation, or does not know a keyword, the jsonschema crate validates the document again, in full.";

const DRIFT: &str = "\
Example:
  curl -LO https://raw.githubusercontent.com/microsoftgraph/msgraph-metadata/master/schemas/v1.0-Prod.csdl
  qualwatch schema drift v1.0-Prod.csdl

Exit status:
  0 the same   1 something came, went or changed   2 no metadata   3 the file cannot be read";
const FIELDS_EXAMPLES: &str = "\
Examples:
  qualwatch fields                  all of them
  qualwatch fields stream           those of a level
  qualwatch fields jitter           those with that in their name
  qualwatch fields --format json    for an editor's completion and hover";
const ROUTES: &str = "\
Example:
  qualwatch --once dir/ --format json | qualwatch routes -

Exit status:
  0 some sink gets each alert   1 an alert goes nowhere   2 no alert, or a broken configuration";
const SINKS_TEST: &str = "\
Exit status:
  0 every receiver took the test   1 one did not   2 no such sink, or a broken configuration";
const CHECK_EXAMPLES: &str = "\
Examples:
  qualwatch check record.json                         against the callRecord schema
  qualwatch check --schema order.schema.json *.json   any documents, any schema
  qualwatch check --schema s.json --framing lines -   NDJSON from a pipe
  qualwatch check --format sarif dir/ > out.sarif     for code scanning
  qualwatch check --format junit dir/ > out.xml       for continuous integration
  qualwatch check --format json --output flag dir/    valid or not, a line a document

A $ref in FILE may lead to files of its own folder, and nowhere else.

Exit status:
  0 all valid   1 violations, or text that is no JSON   2 usage, or a broken schema   3 a source failed";

/// Tells, the moment a Teams call goes bad, which call, why, and where in its record.
///
/// Reads Microsoft Graph callRecords from folders (watched), files (read once) or standard
/// input, checks each against its schema and your rules, and writes one alert for each rule and
/// call: readable on a terminal, one JSON object a line elsewhere.
#[derive(Debug, Parser)]
#[command(name = "qualwatch", version, after_help = EXAMPLES, args_conflicts_with_subcommands = true, max_term_width = 100)]
pub struct Cli {
    /// another job than watching
    #[command(subcommand)]
    pub command: Option<Command>,
    /// flags of the main job
    #[command(flatten)]
    pub run: Run,
}

/// Other jobs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check documents against the callRecord schema, or any other
    Check(Box<Check>),
    /// Tell what each rule read in a record, and why it fired, stayed quiet or could not tell
    Explain(Box<Explain>),
    /// List the rules with their limits, how each runs, and what each said of documents
    Rules(Box<Rules>),
    /// Show the readings of each limit over stored records, and what other values would do
    Tune(Box<Tune>),
    /// Run the cases beside the rules: what they must say of which records
    Test(Box<Test>),
    /// Print the completion script of a shell
    Completions {
        /// the shell
        shell: clap_complete::Shell,
    },
    /// List what rules may name: levels, fields, units, ranges, members
    #[command(after_help = FIELDS_EXAMPLES)]
    Fields(Fields),
    /// Print the man page
    Man,
    /// List, retry or drop what waits for sinks in a state folder
    #[command(subcommand)]
    Outbox(OutboxJob),
    /// Tell which sinks would get an alert, and why
    #[command(after_help = ROUTES)]
    Routes(Routes),
    /// Try the sinks of the configuration
    #[command(subcommand)]
    Sinks(SinksJob),
    /// Print the built-in schema, or compare it with newer metadata of Microsoft's
    #[command(subcommand)]
    Schema(SchemaJob),
    /// Tell what a state folder holds, and prune it
    State(StateJob),
}

/// What to list.
#[derive(Debug, Args)]
pub struct Fields {
    /// A level, or part of a field's name [default: all]
    #[arg(value_name = "WHAT")]
    pub what: Option<String>,
    /// Form of the list; json is for editors
    #[arg(long, value_enum, value_name = "FORM", default_value = "text")]
    pub format: Form,
}

/// Whose way is asked for.
#[derive(Debug, Args)]
pub struct Routes {
    /// An alert as qualwatch writes it, one line of JSON or several; - for standard input
    #[arg(value_name = "ALERT.json")]
    pub alert: PathBuf,
    /// The configuration [default: qualwatch.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Form of the answer
    #[arg(long, value_enum, value_name = "FORM", default_value = "text")]
    pub format: Form,
}

/// Jobs about sinks.
#[derive(Debug, Subcommand)]
pub enum SinksJob {
    /// Send a test to one sink, or to all
    #[command(after_help = SINKS_TEST)]
    Test(SinksTest),
}

/// Which sinks to try.
#[derive(Debug, Args)]
pub struct SinksTest {
    /// The sink's name [default: all that are enabled]
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// The configuration [default: qualwatch.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Jobs about the built-in schema.
#[derive(Debug, Subcommand)]
pub enum SchemaJob {
    /// Print a schema, or how it is validated against
    #[command(after_help = SHOW)]
    Show(Show),
    /// Tell what came, went and changed in a newer metadata file (CSDL)
    #[command(after_help = DRIFT)]
    Drift(Drift),
}

/// What to show.
#[derive(Debug, Args)]
pub struct Show {
    /// Which API of Microsoft Graph it describes: v1.0 or beta
    #[arg(long, value_name = "API", default_value = "v1.0")]
    pub api: Api,
    /// Another schema than the built-in ones
    #[arg(long, value_name = "FILE", conflicts_with = "api")]
    pub schema: Option<PathBuf>,
    /// Tell what of it is compiled, and what is left to the slower validator, and why
    #[arg(long)]
    pub plan: bool,
}

/// What to compare.
#[derive(Debug, Args)]
pub struct Drift {
    /// The metadata, such as schemas/v1.0-Prod.csdl of microsoftgraph/msgraph-metadata
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The built-in schema to compare with: v1.0 or beta
    #[arg(long, value_name = "API", default_value = "v1.0")]
    pub against: Api,
    /// Form of the report
    #[arg(long, value_enum, value_name = "FORM", default_value = "text")]
    pub format: Form,
}

/// The main job.
#[derive(Clone, Debug, Args)]
pub struct Run {
    /// Folders (watched), files (read once) or - for standard input [default: piped stdin]
    pub paths: Vec<PathBuf>,

    /// Rules: a folder of *.rhai with thresholds.toml, or one file; may be repeated [default: the shipped rules]
    #[arg(long, value_name = "PATH", help_heading = "Rules")]
    pub rules: Vec<PathBuf>,
    /// Set a limit of thresholds.toml, such as jitter=40ms or packet_loss=5%
    #[arg(long, value_name = "NAME=VALUE", help_heading = "Rules")]
    pub set: Vec<String>,
    /// where clients are
    #[command(flatten)]
    pub sites: WhichSites,
    /// Load the rules, report on them, and exit
    #[arg(long, help_heading = "Rules")]
    pub check: bool,

    /// Validate against this JSON Schema instead of the callRecord schema
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    pub schema: Option<PathBuf>,
    /// Which API of Microsoft Graph the records come from: v1.0 or beta
    #[arg(
        long,
        value_name = "API",
        default_value = "v1.0",
        conflicts_with = "schema",
        help_heading = "Input"
    )]
    pub api: Api,
    /// How a source holds its documents: auto, document, lines, sequence or array
    #[arg(
        long,
        value_name = "HOW",
        default_value = "auto",
        help_heading = "Input"
    )]
    pub framing: Framing,
    /// Process what is there, then exit instead of watching
    #[arg(long, help_heading = "Input")]
    pub once: bool,
    /// limits of a document
    #[command(flatten)]
    pub limits: Limits,

    /// How often a watched folder is scanned, besides the system's events
    #[arg(long, value_name = "TIME", default_value = "15s", value_parser = time, help_heading = "Folder")]
    pub scan_every: Duration,
    /// How long a file must stay unchanged that no event says is complete
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = time, help_heading = "Folder")]
    pub settle: Duration,
    /// How long a file that ends inside a document may take to be completed
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = time, help_heading = "Folder")]
    pub patience: Duration,

    /// What becomes of a file once all that it held is in the state folder
    #[arg(
        long,
        value_enum,
        value_name = "WHAT",
        default_value = "keep",
        help_heading = "Folder"
    )]
    pub after: After,
    /// what is told over time
    #[command(flatten)]
    pub over_time: OverTime,

    /// Replace names, ids and addresses by hashes under the key in this file, in all that is said
    #[arg(long, value_name = "KEYFILE", help_heading = "Output")]
    pub redact: Option<PathBuf>,
    /// Flags, links, sinks and their routes [default: qualwatch.toml, if it is there]
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub config: Option<PathBuf>,
    /// Keep every document that is not simply valid here, byte for byte, each beside its reasons
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub rejects: Option<PathBuf>,
    /// Keep what waits for sinks in this folder, so that the end of the process loses nothing of it
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub state: Option<PathBuf>,
    /// Form of alerts and messages [default: text on a terminal, else json]
    #[arg(long, value_enum, value_name = "FORM", help_heading = "Output")]
    pub format: Option<Form>,
    /// When to colour
    #[arg(long, value_enum, default_value_t = Colour::Auto, value_name = "WHEN", help_heading = "Output")]
    pub color: Colour,
    /// Exit with 1 if there was an alert of this severity or above, a refused document, or a rule that broke
    #[arg(long, value_enum, value_name = "WHAT", help_heading = "Output")]
    pub fail_on: Vec<FailOn>,

    /// Threads that judge documents, the one that reads among them [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub workers: Option<u16>,
}

/// Limits of a document.
#[derive(Clone, Copy, Debug, Args)]
pub struct Limits {
    /// Largest document
    #[arg(long, value_name = "SIZE", default_value = "16MiB", value_parser = size, help_heading = "Input")]
    pub max_document: u64,
    /// Deepest nesting of a document
    #[arg(
        long,
        value_name = "LEVELS",
        default_value_t = 64,
        help_heading = "Input"
    )]
    pub max_depth: usize,
    /// Most values and names in a document
    #[arg(
        long,
        value_name = "COUNT",
        default_value_t = 2_000_000,
        help_heading = "Input"
    )]
    pub max_nodes: usize,
    /// Most bytes that a compressed source may expand to
    #[arg(long, value_name = "SIZE", default_value = "4GiB", value_parser = size, help_heading = "Input")]
    pub max_decompressed: u64,
    /// Most violations shown of one document
    #[arg(
        long,
        value_name = "COUNT",
        default_value_t = 100,
        help_heading = "Input"
    )]
    pub max_problems: usize,
}

impl Limits {
    /// Most bytes of a document.
    pub fn document(&self) -> usize {
        usize::try_from(self.max_document).unwrap_or(usize::MAX)
    }

    /// How sources are read; with a schema of the user's, arrays and collections stay whole.
    pub fn read(&self, framing: Framing, own_schema: bool) -> ReadOptions {
        ReadOptions {
            framing,
            limits: FrameLimits {
                document: self.document(),
            },
            open: if own_schema {
                Open::Never
            } else {
                Open::CallRecords
            },
            max_decompressed: self.max_decompressed,
            ..ReadOptions::default()
        }
    }

    /// What the parser refuses to exceed.
    pub fn caps(&self) -> Caps {
        Caps {
            depth: self.max_depth,
            document: self.document(),
            nodes: self.max_nodes,
        }
    }
}

/// Checks documents against a schema, and nothing else.
#[derive(Debug, Args)]
#[command(after_help = CHECK_EXAMPLES)]
pub struct Check {
    /// Files, folders (read once) or - for standard input [default: piped stdin]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Check against this JSON Schema instead of the callRecord schema
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    pub schema: Option<PathBuf>,
    /// Which API of Microsoft Graph the records come from: v1.0 or beta
    #[arg(
        long,
        value_name = "API",
        default_value = "v1.0",
        conflicts_with = "schema",
        help_heading = "Input"
    )]
    pub api: Api,
    /// How a source holds its documents: auto, document, lines, sequence or array
    #[arg(
        long,
        value_name = "HOW",
        default_value = "auto",
        help_heading = "Input"
    )]
    pub framing: Framing,
    /// limits of a document
    #[command(flatten)]
    pub limits: Limits,

    /// Form of the findings
    #[arg(long, value_enum, default_value_t = CheckForm::Text, value_name = "FORM", help_heading = "Output")]
    pub format: CheckForm,
    /// Which of JSON Schema's outputs --format json writes
    #[arg(long, value_enum, default_value_t = OutputForm::List, value_name = "KIND", help_heading = "Output")]
    pub output: OutputForm,
    /// When to colour
    #[arg(long, value_enum, default_value_t = Colour::Auto, value_name = "WHEN", help_heading = "Output")]
    pub color: Colour,

    /// Threads that judge documents, the one that reads among them [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub workers: Option<u16>,
}

/// Form of the findings of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CheckForm {
    /// for people, each with its line and a caret
    Text,
    /// JSON Schema's output, one line a document
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// JUnit XML, for continuous integration
    Junit,
}

/// JSON Schema's outputs (draft 2020-12, section 12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutputForm {
    /// valid or not
    Flag,
    /// each violation, one after the other
    List,
    /// violations as a tree of the schema's keywords
    Hierarchical,
}

/// Form of alerts and messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// for people
    Text,
    /// one JSON object a line
    Json,
}

impl Colour {
    /// Whether to colour what goes to a terminal, or elsewhere.
    pub fn paints(self, terminal: bool) -> bool {
        match self {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => {
                terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            }
        }
    }
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// on a terminal, unless NO_COLOR is set
    Auto,
    /// always
    Always,
    /// never
    Never,
}

/// What makes the exit status 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// any alert
    Info,
    /// an alert of severity warning or critical
    Warning,
    /// an alert of severity critical
    Critical,
    /// an invalid document
    Invalid,
    /// an invalid, foreign or malformed document
    Refused,
    /// a rule that broke on some document
    Broken,
}

/// Reads `16MiB`, `2GB`, `500k`, `4096`.
fn size(text: &str) -> Result<u64, String> {
    let digits = text
        .find(|character: char| !character.is_ascii_digit() && character != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let scale: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1_000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        _ => return Err("use bytes with a unit, such as 16MiB, 500kB or 4GiB".to_owned()),
    };
    let number: f64 = number
        .parse()
        .map_err(|_| "use bytes with a unit, such as 16MiB, 500kB or 4GiB".to_owned())?;
    let bytes = number * scale as f64;
    if bytes < 1.0 {
        return Err("must be at least one byte".to_owned());
    }
    Ok(bytes as u64)
}

/// Reads `500ms`, `15s`, `2m`, `1h`.
fn time(text: &str) -> Result<Duration, String> {
    let advice = || "use a time with a unit, such as 500ms, 15s, 2m, 1h or 7d".to_owned();
    let digits = text
        .find(|character: char| !character.is_ascii_digit() && character != '.')
        .ok_or_else(advice)?;
    let (number, unit) = text.split_at(digits);
    let number: f64 = number.parse().map_err(|_| advice())?;
    let seconds = match unit.trim() {
        "ms" => number / 1e3,
        "s" => number,
        "m" | "min" => number * 60.0,
        "h" => number * 3600.0,
        "d" | "days" => number * 86_400.0,
        _ => return Err(advice()),
    };
    Duration::try_from_secs_f64(seconds).map_err(|_| advice())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_flags_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn sizes_and_times_are_read_with_their_units() {
        assert_eq!(size("16MiB"), Ok(16 << 20));
        assert_eq!(size("1.5kB"), Ok(1500));
        assert_eq!(size("7"), Ok(7));
        assert!(size("7x").is_err() && size("").is_err() && size("0").is_err());
        assert_eq!(time("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(time("2m"), Ok(Duration::from_secs(120)));
        assert!(time("5").is_err() && time("x").is_err());
    }
}
