//! `--rejects DIR`: what was refused, byte for byte, each beside its reasons.
//!
//! A document becomes `NAME.L<line>.<hash>.json` and its reasons
//! `NAME.L<line>.<hash>.reasons.json`, both complete from the moment they have
//! their names. Nothing else is ever written here, and nothing is removed.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// The folder of refused documents.
#[derive(Debug)]
pub(super) struct Rejects {
    folder: PathBuf,
}

impl Rejects {
    /// Makes the folder if it is not there.
    pub(super) fn open(folder: &Path) -> std::io::Result<Rejects> {
        std::fs::create_dir_all(folder)?;
        Ok(Rejects {
            folder: folder.to_owned(),
        })
    }

    /// Keeps one document, and why it was refused.
    pub(super) fn keep(
        &self,
        source: &str,
        line: u64,
        document: &[u8],
        reasons: &str,
    ) -> std::io::Result<()> {
        let base = source.rsplit('/').next().unwrap_or(source);
        let mut name: String = base
            .chars()
            .map(|character| match character {
                'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '_' | '-' => character,
                _ => '_',
            })
            .take(120)
            .collect();
        if name.is_empty() || name == "-" {
            "stdin".clone_into(&mut name);
        }
        let name = name.trim_start_matches('.');
        let hash: String = Sha256::digest(document)
            .iter()
            .take(6)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let stem = format!("{name}.L{line}.{hash}");
        self.write(&format!("{stem}.json"), document)?;
        self.write(&format!("{stem}.reasons.json"), reasons.as_bytes())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> std::io::Result<()> {
        let temporary = self.folder.join(format!(".{name}.tmp"));
        let mut file = std::fs::File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(temporary, self.folder.join(name))
    }
}
