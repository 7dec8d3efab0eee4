//! `qualwatch.toml`: found, read, and its flags joined with those of the command line.
//!
//! Without `--config` the file of that name in the current folder is read, if there is one. A flag
//! that is given counts more than one that stands in the file; what the file's tables mean is
//! [`crate::config`]'s.

use std::any::TypeId;
use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory as _, Parser as _};

use super::args::{Cli, Colour, Form};
use crate::config::{Config, Flag, Flags, Given, Takes, Wanted};
use crate::diagnostic::Faults;
use crate::text::Safe;

/// The file that is read where none is named.
const NAME: &str = "qualwatch.toml";
/// The form of messages about it.
const SCHEMA: &str = "qualwatch.config/1";
/// The argument that names it.
const ARGUMENT: &str = "config";
/// What is read, which has no flag.
const PATHS: &str = "paths";
/// Flags that ask for something now, and do not stand in a file.
const NOW: [&str; 4] = [ARGUMENT, "check", "help", "version"];
/// The flag that takes names with values.
const PAIRS: &str = "set";

/// What the command line and the configuration come to.
pub(super) struct Parsed {
    pub(super) cli: Cli,
    pub(super) config: Config,
    /// the configuration, where it was found and not named
    pub(super) found: Option<String>,
}

/// Why nothing is to be done.
pub(super) enum Stop {
    /// the arguments, or help that was asked for
    Arguments(clap::Error),
    /// what to say about the configuration
    Configuration(String),
}

impl From<clap::Error> for Stop {
    fn from(error: clap::Error) -> Stop {
        Stop::Arguments(error)
    }
}

/// The arguments with what the configuration adds to them.
pub(super) fn parse(arguments: Vec<OsString>) -> Result<Parsed, Stop> {
    let root = Cli::command();
    let matches = root.clone().try_get_matches_from(&arguments)?;
    let job = Job::of(&root, &matches);
    let text = if job.takes(ARGUMENT) {
        job.text()?
    } else {
        None
    };
    let Some(Text { path, text }) = text else {
        return Ok(Parsed {
            cli: Cli::try_parse_from(arguments)?,
            config: Config::default(),
            found: None,
        });
    };
    let shown = Safe(&path.display().to_string()).to_string();
    let known = flags(&root);
    let flags = Flags {
        known: &known,
        check: &fits,
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    let config = Config::read(&shown, &text, folder, &flags, job.wanted())
        .map_err(|faults| job.refused(&faults))?;
    let (options, paths) = job.added(&known, &config.flags);
    let added = !(options.is_empty() && paths.is_empty());
    let mut joined = arguments;
    let behind = (1 + job.depth).min(joined.len());
    joined.splice(behind..behind, options);
    if !paths.is_empty() {
        joined.push("--".into());
        joined.extend(paths);
    }
    let cli = Cli::try_parse_from(joined).map_err(|error| match added {
        false => Stop::Arguments(error),
        true => Stop::Configuration(format!(
            "{}\nSome of these flags stand in {shown}.\n",
            error.render().to_string().trim_end()
        )),
    })?;
    Ok(Parsed {
        cli,
        config,
        found: job.named().is_none().then_some(shown),
    })
}

struct Text {
    path: PathBuf,
    text: String,
}

/// The command that is asked for, below any others.
struct Job<'c> {
    command: &'c Command,
    matches: &'c ArgMatches,
    /// how many names it takes
    depth: usize,
}

impl<'c> Job<'c> {
    fn of(root: &'c Command, matches: &'c ArgMatches) -> Job<'c> {
        let mut job = Job {
            command: root,
            matches,
            depth: 0,
        };
        while let Some((name, below)) = job.matches.subcommand() {
            let Some(command) = job.command.find_subcommand(name) else {
                break;
            };
            job = Job {
                command,
                matches: below,
                depth: job.depth + 1,
            };
        }
        job
    }

    fn argument(&self, flag: &str) -> Option<&'c Arg> {
        self.command.get_arguments().find(|arg| is(arg, flag))
    }

    fn takes(&self, flag: &str) -> bool {
        self.argument(flag).is_some()
    }

    fn named(&self) -> Option<&PathBuf> {
        self.matches.get_one::<PathBuf>(ARGUMENT)
    }

    /// The configuration's text; `None` where there is no file and none was named.
    fn text(&self) -> Result<Option<Text>, Stop> {
        let named = self.named();
        let path = named.cloned().unwrap_or_else(|| PathBuf::from(NAME));
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Some(Text { path, text })),
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                Ok(None)
            }
            Err(error) => {
                let path = path.display().to_string();
                let what = format!("cannot read the configuration {path}: {error}");
                Err(self.refused(&Faults::of_file(what, None)))
            }
        }
    }

    /// Jobs about rules or what is kept need no sinks, nor the secrets of them.
    fn wanted(&self) -> Wanted {
        let needs_none = self.takes("rules") || self.takes("state");
        match needs_none && self.depth > 0 {
            true => Wanted::AllButSinks,
            false => Wanted::All,
        }
    }

    fn refused(&self, faults: &Faults) -> Stop {
        let form = self.matches.try_get_one::<Form>("format").ok().flatten();
        if form == Some(&Form::Json) {
            return Stop::Configuration(super::json::about_file(SCHEMA, faults));
        }
        let colour = self.matches.try_get_one::<Colour>("color").ok().flatten();
        let colour = colour.copied().unwrap_or(Colour::Auto);
        let shown = faults.render(colour.paints(std::io::stderr().is_terminal()));
        Stop::Configuration(format!("{shown}\n"))
    }

    /// The arguments that the configuration adds: flags, and what is read.
    fn added(&self, known: &[Flag], given: &[Given]) -> (Vec<OsString>, Vec<OsString>) {
        let (mut options, mut paths) = (Vec::new(), Vec::new());
        for given in given {
            let Some(argument) = self.argument(&given.name) else {
                continue;
            };
            if self.is_given(argument) || self.conflicts(argument) {
                continue;
            }
            let flag = known.iter().find(|flag| flag.name == given.name);
            let takes = flag.map_or(Takes::Value, |flag| flag.takes);
            for value in &given.values {
                let mut option = OsString::from(format!("--{}", given.name));
                if given.name == PATHS {
                    // What is read by default is the main job's.
                    if self.depth == 0 {
                        paths.push(value.clone());
                    }
                } else if takes != Takes::Nothing {
                    option.push("=");
                    option.push(value);
                    options.push(option);
                } else if value == "true" {
                    options.push(option);
                }
            }
        }
        (options, paths)
    }

    fn is_given(&self, argument: &Arg) -> bool {
        let source = self.matches.value_source(argument.get_id().as_str());
        source == Some(ValueSource::CommandLine)
    }

    /// Whether a flag that is given excludes this one.
    fn conflicts(&self, argument: &Arg) -> bool {
        let others = self.command.get_arguments();
        others.filter(|other| self.is_given(other)).any(|other| {
            let excluded = |a: &Arg, b: &Arg| {
                let conflicts = self.command.get_arg_conflicts_with(a);
                conflicts.iter().any(|arg| arg.get_id() == b.get_id())
            };
            excluded(argument, other) || excluded(other, argument)
        })
    }
}

fn is(argument: &Arg, flag: &str) -> bool {
    match argument.get_long() {
        Some(long) => long == flag,
        None => argument.is_positional() && argument.get_id() == flag,
    }
}

/// The main job's flags that may stand in a configuration.
fn flags(root: &Command) -> Vec<Flag> {
    let named = root.get_arguments().filter_map(|argument| {
        let name = match argument.get_long() {
            Some(long) => long,
            None if argument.get_id() == PATHS => PATHS,
            None => return None,
        };
        let path = TypeId::of::<PathBuf>();
        let takes = match argument.get_action() {
            ArgAction::SetTrue => Takes::Nothing,
            _ if name == PAIRS => Takes::Pair,
            _ if argument.get_value_parser().type_id() == path => Takes::Path,
            _ => Takes::Value,
        };
        Some(Flag {
            name: name.to_owned(),
            takes,
            repeats: matches!(argument.get_action(), ArgAction::Append),
        })
    });
    named
        .filter(|flag| !NOW.contains(&flag.name.as_str()))
        .collect()
}

/// Whether a flag takes the value, as the command line judges it.
fn fits(given: &Given) -> Result<(), String> {
    let root = Cli::command();
    let mut arguments = root.get_arguments();
    let argument = arguments.find(|argument| is(argument, &given.name));
    if argument.is_none_or(|a| a.is_positional() || matches!(a.get_action(), ArgAction::SetTrue)) {
        return Ok(());
    }
    for value in &given.values {
        let mut option = OsString::from(format!("--{}=", given.name));
        option.push(value);
        let parsed = root
            .clone()
            .try_get_matches_from([OsString::from("qualwatch"), option]);
        if let Err(error) = parsed
            && error.kind() != ErrorKind::MissingRequiredArgument
        {
            let said = error.to_string();
            let said = said.split("\n\n").next().unwrap_or_default();
            return Err(said.trim_start_matches("error: ").replace("\n  ", "; "));
        }
    }
    Ok(())
}
