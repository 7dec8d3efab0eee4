//! The command line: flags in, exit status out.
//!
//! The only part that writes to standard output and error, and the only one
//! that renders for people. What it shows it got from [`crate::pipeline`].

mod after;
mod args;
mod check;
mod commit;
mod config;
mod delivery;
mod explain;
mod fields;
mod json;
mod kept;
mod outbox;
mod output;
mod reading;
mod rejects;
mod reload;
mod render;
mod rules;
mod run;
mod schema;
mod sinks;
mod sites;
mod snippet;
mod test;
mod tune;

use std::process::ExitCode;

use clap::CommandFactory as _;

pub use args::{CheckForm, Cli, OutputForm};
pub use check::written as check_written;

/// Why the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Exit {
    Done = 0,
    Findings = 1,
    Usage = 2,
    World = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// A panic is a fault of ours, and is told in a line. What std would print where `RUST_BACKTRACE` is set
/// takes memory under a lock that the want of memory takes again: a process with too little then
/// waits for itself, for ever.
fn tell_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("a thread");
        let place = panic
            .location()
            .map_or_else(String::new, |at| format!(" at {at}"));
        let why = panic.payload_as_str().unwrap_or("with no message");
        let line = format!("error: a fault in qualwatch: {name} panicked{place}: {why}");
        output::complain(&format!("{}\n", crate::text::same_width(&line)));
    }));
}

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    tell_panics();
    let config::Parsed { cli, config, found } = match config::parse(std::env::args_os().collect()) {
        Ok(parsed) => parsed,
        Err(config::Stop::Arguments(error)) => {
            let _ = error.print();
            let usage = error.use_stderr();
            return if usage { Exit::Usage } else { Exit::Done }.into();
        }
        Err(config::Stop::Configuration(why)) => {
            output::complain(&why);
            return Exit::Usage.into();
        }
    };
    match cli.command {
        None => run::run(&cli.run, config, found.as_deref()).into(),
        Some(args::Command::Check(args)) => check::run(&args).into(),
        Some(args::Command::Explain(args)) => explain::run(&args).into(),
        Some(args::Command::Rules(args)) => rules::run(&args).into(),
        Some(args::Command::Tune(args)) => tune::run(&args).into(),
        Some(args::Command::Test(args)) => test::run(&args).into(),
        Some(args::Command::Completions { shell }) => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "qualwatch", &mut text);
            output::print(&text)
        }
        Some(args::Command::Fields(args)) => fields::run(&args),
        Some(args::Command::Routes(args)) => sinks::routes(&args, &config.sinks).into(),
        Some(args::Command::Sinks(args::SinksJob::Test(args))) => {
            sinks::test(&args, &config.sinks).into()
        }
        Some(args::Command::Outbox(job)) => outbox::run(&job).into(),
        Some(args::Command::State(args)) => outbox::state(&args).into(),
        Some(args::Command::Schema(job)) => schema::run(&job),
        Some(args::Command::Man) => {
            let mut text = Vec::new();
            match clap_mangen::Man::new(Cli::command()).render(&mut text) {
                Ok(()) => output::print(&text),
                Err(_) => Exit::World.into(),
            }
        }
    }
}
