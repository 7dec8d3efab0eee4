//! Flags of the jobs that help to write rules and to set limits.
//!
//! What they share is one struct each: which rules, and which documents.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Colour, Form, Limits};
use crate::frame::Framing;
use crate::schema::Api;
use crate::source::ReadOptions;

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  qualwatch explain record.json                       every rule, places of one outcome together
  qualwatch explain --rule poor-audio record.json     one rule
  qualwatch explain --at /sessions/0 record.json      one part of the record
  qualwatch explain --each --rules rules/ record.json each place by itself
  qualwatch explain --format json dir/                one JSON object a document

Exit status:
  0 done   2 usage, configuration or rules   3 a source failed";

const TEST_EXAMPLES: &str = "\
Examples:
  qualwatch test                              the shipped rules
  qualwatch test rules/                       a folder, and the folders in it
  qualwatch test rules/audio.test.toml        one file of cases
  qualwatch test --format junit rules/ > out.xml   for continuous integration

A file of cases, beside the rules:
  [base]
  stream = { packetUtilization = 600, averageJitter = \"5ms\" }

  [[case]]
  name = \"a jitter of 31 ms is poor audio\"
  stream.averageJitter = \"31ms\"
  fired = [\"poor-audio\"]

Exit status:
  0 all as wanted   1 a case failed   2 usage, rules that do not load, or a case that is wrong";

/// Runs the cases beside the rules.
#[derive(Debug, Args)]
#[command(after_help = TEST_EXAMPLES)]
pub struct Test {
    /// Folders of rules with their *.test.toml, or files of cases [default: the shipped rules]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// List each case, not only those that fail
    #[arg(long, short)]
    pub verbose: bool,

    /// Form of the results
    #[arg(long, value_enum, default_value_t = TestForm::Text, value_name = "FORM", help_heading = "Output")]
    pub format: TestForm,
    /// When to colour
    #[arg(long, value_enum, default_value_t = Colour::Auto, value_name = "WHEN", help_heading = "Output")]
    pub color: Colour,
}

/// Form of the results of cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TestForm {
    /// for people
    Text,
    /// one JSON object
    Json,
    /// JUnit XML, for continuous integration
    Junit,
}

const RULES_EXAMPLES: &str = "\
Examples:
  qualwatch rules                             the shipped rules and their limits
  qualwatch rules --rules rules/ records/     with what each said of stored records, and its cost
  qualwatch rules --set jitter=40ms           with another limit
  qualwatch rules --format json               one JSON object a rule

Exit status:
  0 done   2 usage, configuration or rules   3 a source failed";

/// Lists the rules.
#[derive(Debug, Args)]
#[command(after_help = RULES_EXAMPLES)]
pub struct Rules {
    /// Files, folders (read once) or - for standard input, in which to count what each rule says
    /// and to measure what it costs
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// which rules
    #[command(flatten)]
    pub which: WhichRules,
    /// which documents
    #[command(flatten)]
    pub documents: Documents,

    /// Form of the list
    #[arg(long, value_enum, default_value_t = Form::Text, value_name = "FORM", help_heading = "Output")]
    pub format: Form,
    /// When to colour
    #[arg(long, value_enum, default_value_t = Colour::Auto, value_name = "WHEN", help_heading = "Output")]
    pub color: Colour,
}

const TUNE_EXAMPLES: &str = "\
Examples:
  qualwatch tune records/                         every limit: its readings, and calls by value
  qualwatch tune --limit jitter=20ms,40ms dir/    which calls would come and go
  qualwatch tune --rules rules/ --format json -   one JSON object a limit

Exit status:
  0 done   2 usage, configuration or rules   3 a source failed";

/// Shows what limits do, and what other values would do.
#[derive(Debug, Args)]
#[command(after_help = TUNE_EXAMPLES)]
pub struct Tune {
    /// Files, folders (read once) or - for standard input [default: piped stdin]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Only this limit, and which calls would come and go with these values; may be repeated
    #[arg(long, value_name = "NAME=V1,V2")]
    pub limit: Vec<String>,

    /// which rules
    #[command(flatten)]
    pub which: WhichRules,
    /// which documents
    #[command(flatten)]
    pub documents: Documents,

    /// Form of the results
    #[arg(long, value_enum, default_value_t = Form::Text, value_name = "FORM", help_heading = "Output")]
    pub format: Form,
    /// When to colour
    #[arg(long, value_enum, default_value_t = Colour::Auto, value_name = "WHEN", help_heading = "Output")]
    pub color: Colour,
}

/// Which rules, with which limits.
#[derive(Debug, Args)]
pub struct WhichRules {
    /// Rules: a folder of *.rhai with thresholds.toml, or one file; may be repeated [default: the shipped rules]
    #[arg(long, value_name = "PATH", help_heading = "Rules")]
    pub rules: Vec<PathBuf>,
    /// Set a limit of thresholds.toml, such as jitter=40ms or packet_loss=5%
    #[arg(long, value_name = "NAME=VALUE", help_heading = "Rules")]
    pub set: Vec<String>,
    /// where clients are
    #[command(flatten)]
    pub sites: WhichSites,
    /// Rules, limits and sites that stand here need not be given [default: qualwatch.toml, if it is there]
    #[arg(long, value_name = "FILE", help_heading = "Rules")]
    pub config: Option<PathBuf>,
}

/// Where clients are.
#[derive(Clone, Debug, Args)]
pub struct WhichSites {
    /// Where clients are: the Call Quality Dashboard's building file, CSV or TSV as it is uploaded there
    #[arg(long, value_name = "FILE", help_heading = "Rules")]
    pub sites: Option<PathBuf>,
    /// Take the sites file's word even for subnets that home routers give out, such as 192.168.1.0/24
    #[arg(long, requires = "sites", help_heading = "Rules")]
    pub trust_home_subnets: bool,
}

/// Documents that are read once.
#[derive(Debug, Args)]
pub struct Documents {
    /// Which API of Microsoft Graph the records come from: v1.0 or beta
    #[arg(
        long,
        value_name = "API",
        default_value = "v1.0",
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
    /// Threads that judge documents, the one that reads among them [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256), help_heading = "Input")]
    pub workers: Option<u16>,
}

impl Documents {
    /// How sources are read.
    pub fn read(&self) -> ReadOptions {
        self.limits.read(self.framing, false)
    }
}

/// Tells what each rule read, and why it said what it said.
#[derive(Debug, Args)]
#[command(after_help = EXPLAIN_EXAMPLES)]
pub struct Explain {
    /// Files, folders (read once) or - for standard input [default: piped stdin]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Only the rule of this name; may be repeated
    #[arg(long, value_name = "NAME")]
    pub rule: Vec<String>,
    /// Only places above or below this JSON Pointer, such as /sessions/0/segments/1
    #[arg(long, value_name = "POINTER")]
    pub at: Option<String>,
    /// Each place by itself, with all that was read there and where it stands
    #[arg(long)]
    pub each: bool,

    /// which rules
    #[command(flatten)]
    pub which: WhichRules,
    /// which documents
    #[command(flatten)]
    pub documents: Documents,

    /// Form of what is told
    #[arg(long, value_enum, default_value_t = Form::Text, value_name = "FORM", help_heading = "Output")]
    pub format: Form,
    /// When to colour
    #[arg(long, value_enum, default_value_t = Colour::Auto, value_name = "WHEN", help_heading = "Output")]
    pub color: Colour,
}
