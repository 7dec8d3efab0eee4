//! `qualwatch.toml`: found, read, and told apart from a file that is not there.
//!
//! Without `--config` the file of that name in the current folder is read, if
//! there is one. What its tables mean is their own modules'.

use std::path::{Path, PathBuf};

use crate::sink::Config;
use crate::text::Safe;

/// The file that is read where none is named.
const NAME: &str = "qualwatch.toml";

/// Reads the configuration; the default one where there is no file.
///
/// # Errors
/// What to say to whoever wrote it.
pub(super) fn read(named: Option<&Path>) -> Result<Config, String> {
    let path = named.map_or_else(|| PathBuf::from(NAME), Path::to_owned);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(Config::default());
        }
        Err(error) => {
            let path = path.display().to_string();
            return Err(format!("error: cannot read {}: {error}", Safe(&path)));
        }
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    let shown = Safe(&path.display().to_string()).to_string();
    Config::read(&shown, &text, folder).map_err(|error| {
        let lines: Vec<String> = error
            .0
            .iter()
            .map(|fault| format!("error: {}", Safe(&fault.to_string())))
            .collect();
        lines.join("\n")
    })
}
