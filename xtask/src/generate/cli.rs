//! `cargo xtask generate`: documents to a stream or a folder.
//!
//! Memory is that of one document, whatever the size asked for. A reader that
//! closes its pipe ends the run without complaint.

use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::{Mix, Plan, Planted, documents, pretty};

/// Writes seeded call records, and what was planted in them.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where chance begins: the same seed gives the same bytes
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How many documents; without it 1000, or as many as --bytes takes
    #[arg(long)]
    pub documents: Option<u64>,
    /// Stop once this many bytes are written, such as 500MB or 2GB
    #[arg(long, value_parser = parse_bytes)]
    pub bytes: Option<u64>,
    /// Sessions of every record, 1 to 4000; without it skewed small
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(super::MOST_SESSIONS)))]
    pub sessions: Option<u32>,
    /// Which documents
    #[arg(long, value_enum, default_value = "default")]
    pub mix: MixName,
    /// One document a line, to a file or `-`; the default
    #[arg(long, value_name = "FILE")]
    pub ndjson: Option<PathBuf>,
    /// One file a document, into a folder
    #[arg(long, value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// Spread the folder's documents over lines
    #[arg(long, requires = "folder")]
    pub pretty: bool,
    /// What was planted, one line a document, to a file or `-`
    #[arg(long, value_name = "FILE")]
    pub planted: Option<PathBuf>,
}

/// The mixes that have a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum MixName {
    /// A little of everything.
    Default,
    /// Valid and quiet.
    Clean,
    /// Valid, one in ten alerting.
    Tenth,
    /// Valid and quiet, without media: of 2 kB with --sessions 1.
    Small,
}

/// Runs the command.
///
/// # Errors
///
/// A file or folder cannot be written. A closed pipe is no error.
pub fn run(args: &Args) -> io::Result<()> {
    match write(args) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

fn write(args: &Args) -> io::Result<()> {
    let mix = match args.mix {
        MixName::Default => Mix::default(),
        MixName::Clean => Mix::clean(),
        MixName::Tenth => Mix::tenth_alerting(),
        MixName::Small => Mix::small(),
    };
    let endless = if args.bytes.is_some() { u64::MAX } else { 1000 };
    let count = args.documents.unwrap_or(endless);
    let plan = Plan {
        seed: args.seed,
        documents: count,
        mix,
        sessions: args.sessions,
    };
    let mut lines = match (&args.ndjson, &args.folder) {
        (None, Some(_)) => None,
        (None, None) => Some(open(Path::new("-"))?),
        (Some(path), _) => Some(open(path)?),
    };
    if let Some(folder) = &args.folder {
        fs::create_dir_all(folder)?;
    }
    let mut planted = args.planted.as_deref().map(open).transpose()?;
    let mut run = documents(&plan);
    let (mut buffer, mut written, mut index) = (String::new(), 0_u64, 0_u64);
    while args.bytes.is_none_or(|bytes| written < bytes) {
        let Some(document) = run.next_into(buffer) else {
            break;
        };
        if let Some(lines) = &mut lines {
            lines.write_all(document.text.as_bytes())?;
            lines.write_all(b"\n")?;
        }
        if let Some(folder) = &args.folder {
            let path = folder.join(format!("{}-{index:07}.json", args.seed));
            if args.pretty {
                fs::write(path, pretty(&document.text))?;
            } else {
                fs::write(path, &document.text)?;
            }
        }
        if let Some(planted) = &mut planted {
            writeln!(planted, "{}", planted_line(index, &document.planted))?;
        }
        written += document.text.len() as u64 + 1;
        index += 1;
        buffer = document.text;
    }
    if let Some(mut planted) = planted {
        planted.flush()?;
    }
    lines.map_or(Ok(()), |mut lines| lines.flush())
}

/// A file, or standard output for `-`.
fn open(path: &Path) -> io::Result<Box<dyn Write>> {
    Ok(if path.as_os_str() == "-" {
        Box::new(BufWriter::with_capacity(1 << 18, io::stdout()))
    } else {
        Box::new(BufWriter::with_capacity(1 << 18, File::create(path)?))
    })
}

fn planted_line(index: u64, planted: &Planted) -> serde_json::Value {
    let alerts = planted.alerts.iter().map(|alert| {
        let findings = alert.findings.iter().map(|finding| {
            let fields = finding.fields.iter().map(|reading| {
                serde_json::json!({
                    "field": reading.field,
                    "pointer": reading.pointer,
                    "literal": reading.literal,
                })
            });
            serde_json::json!({
                "pointer": finding.pointer,
                "fields": fields.collect::<Vec<_>>(),
            })
        });
        serde_json::json!({ "rule": alert.rule, "findings": findings.collect::<Vec<_>>() })
    });
    serde_json::json!({
        "document": index,
        "verdict": planted.verdict.as_str(),
        "kind": planted.kind,
        "callId": planted.call_id,
        "unexpanded": planted.unexpanded,
        "notices": planted.notices,
        "violation": planted.violation,
        "alerts": alerts.collect::<Vec<_>>(),
    })
}

/// Bytes, with a decimal unit if any: `500`, `64kB`, `2GB`.
///
/// # Errors
///
/// It is no number, its unit is none of these, or it is beyond 64 bits.
pub fn parse_bytes(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|character: char| !character.is_ascii_digit());
    let unit = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1_000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        other => return Err(format!("unknown unit {other:?}; use kB, MB or GB")),
    };
    let number = digits
        .parse::<u64>()
        .map_err(|error| format!("{text:?}: {error}"))?;
    number
        .checked_mul(unit)
        .ok_or_else(|| format!("{text:?} is too large"))
}
