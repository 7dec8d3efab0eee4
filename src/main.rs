//! The `qualwatch` program; everything it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    qualwatch::cli::main()
}
