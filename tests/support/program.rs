//! The real program, run as its user runs it.

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Runs it to its end in a folder, with nothing on standard input.
pub(crate) fn run_in(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_qualwatch"))
        .current_dir(folder)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("runs")
}

/// What it printed.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}
