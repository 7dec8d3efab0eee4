//! What must never be shown: passwords, keys, and addresses that are keys.
//!
//! A [`Secret`] comes from a file, the environment or the configuration, and
//! prints as `(secret)`. There is no way to format what it holds.

use std::fmt;
use std::path::Path;

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

impl Secret {
    /// Keeps a text from being shown.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// Reads a secret from a file that only its owner, or its group, may read.
    ///
    /// # Errors
    /// If it cannot be read, is empty, or everybody may read it.
    pub fn from_file(path: &Path) -> Result<Secret, String> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let metadata = std::fs::metadata(path).map_err(|error| error.to_string())?;
            let mode = metadata.permissions().mode();
            if mode & 0o007 != 0 {
                return Err(format!(
                    "everybody may read it (mode {:03o}); run `chmod 600` on it",
                    mode & 0o777
                ));
            }
        }
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
        let text = text.trim_end_matches(['\n', '\r']);
        if text.is_empty() {
            return Err("it is empty".to_owned());
        }
        Ok(Secret(text.to_owned()))
    }

    /// What it holds. Whoever calls this answers for where it goes.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// The text with what it holds taken out of it.
    pub(crate) fn hide(&self, text: &str) -> String {
        if self.0.len() < 4 {
            return text.to_owned();
        }
        let mut hidden = text.replace(&self.0, "(secret)");
        // Of an address, what comes behind the host is the key.
        if let Some((_, rest)) = self.0.split_once("://")
            && let Some(at) = rest.find('/')
            && rest.len() - at > 4
        {
            hidden = hidden.replace(&rest[at..], "/(secret)");
        }
        hidden
    }
}

/// The scheme and host of an address, which may be shown; the rest may be a key.
pub(crate) fn host_of(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let host = authority.rsplit('@').next().unwrap_or_default();
            format!("{scheme}://{host}")
        }
        None => "(no address)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_shown() {
        let secret = Secret::new("https://hooks.example/services/T0/B0/xyzzy");
        assert_eq!(format!("{secret:?}"), "(secret)");
        let error =
            "cannot reach https://hooks.example/services/T0/B0/xyzzy or /services/T0/B0/xyzzy";
        assert!(!secret.hide(error).contains("xyzzy"));
        assert_eq!(
            host_of("https://user:pw@hooks.example:8443/a?b"),
            "https://hooks.example:8443"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_everybody_may_read_holds_no_secret() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        std::fs::write(&path, "hush\n").expect("written");
        let mode = |mode| {
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(&path, mode).expect("set");
        };
        mode(0o644);
        assert!(
            Secret::from_file(&path)
                .expect_err("open to all")
                .contains("chmod 600")
        );
        mode(0o600);
        assert_eq!(Secret::from_file(&path).expect("kept").reveal(), "hush");
    }
}
