//! `cargo xtask`: chooses the tool and the exit code, and nothing else.

use std::process::ExitCode;

use clap::Parser;

/// Tools of the qualwatch repository.
#[derive(Parser)]
#[command(name = "cargo xtask")]
enum Tool {
    Fields(xtask::fields::Args),
    Generate(xtask::generate::Args),
    Schema(xtask::schema::Args),
}

fn main() -> ExitCode {
    let done: Result<(), Box<dyn std::error::Error>> = match Tool::parse() {
        Tool::Fields(args) => xtask::fields::run(&args).map_err(Into::into),
        Tool::Generate(args) => xtask::generate::run(&args).map_err(Into::into),
        Tool::Schema(args) => xtask::schema::run(&args).map_err(Into::into),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(errors) => {
            eprintln!("{errors}");
            ExitCode::FAILURE
        }
    }
}
