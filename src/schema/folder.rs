//! The schema's folder: where a `$ref` may lead, and nowhere else.
//!
//! A relative `$ref` is looked up beside the schema; where the schema's `$id` says that it lives
//! on the network, addresses next to that one mean files next to this one. The network is never
//! asked, and no file is opened whose real path, links followed, is not in the folder.

use std::fs;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jsonschema::{Retrieve, Uri};
use serde_json::Value;

use super::broken::{self, Broken};
use super::problem::closest;

/// Largest file that a `$ref` may name.
const LARGEST: u64 = 64 << 20;

/// A schema's folder, and the files of it that were read.
pub(super) struct Folder {
    /// its real path
    real: PathBuf,
    /// its path as it was given, for messages
    shown: PathBuf,
    /// its URI, with a slash at the end
    base: String,
    /// the address that the schema's `$id` gives for it
    alias: Option<String>,
    read: Mutex<Vec<Text>>,
    broken: Mutex<Option<Box<Broken>>>,
}

struct Text {
    uri: String,
    file: String,
    text: Vec<u8>,
    schema: Value,
}

impl Folder {
    /// The folder of the schema file `path`, whose real path is `real`.
    pub(super) fn of(path: &Path, real: &Path, schema: &Value) -> Arc<Folder> {
        let folder = real.parent().unwrap_or(Path::new("/")).to_owned();
        let id = schema.get("$id").and_then(Value::as_str);
        let alias = id
            .filter(|id| id.starts_with("http://") || id.starts_with("https://"))
            .and_then(|id| id.rsplit_once('/'))
            .map(|(before, _)| format!("{before}/"));
        Arc::new(Folder {
            base: format!("{}/", uri(&folder).trim_end_matches('/')),
            real: folder,
            shown: path.parent().unwrap_or(Path::new("")).to_owned(),
            alias,
            read: Mutex::default(),
            broken: Mutex::default(),
        })
    }

    /// What a schema compiled from this folder takes for its own files: URI and text.
    pub(super) fn schemas(&self) -> Vec<(String, Value)> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.iter()
            .map(|text| (text.uri.clone(), text.schema.clone()))
            .collect()
    }

    /// Name, text and schema of each file that was read.
    pub(super) fn texts(&self) -> Vec<(String, Vec<u8>, Value)> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.iter()
            .map(|text| (text.file.clone(), text.text.clone(), text.schema.clone()))
            .collect()
    }

    /// What is wrong with a file that was read, if something is.
    pub(super) fn take_broken(&self) -> Option<Box<Broken>> {
        self.broken
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// The path, from the folder, of the file that `uri` names.
    fn inside(&self, uri: &str) -> Result<PathBuf, String> {
        let uri = uri.split('#').next().unwrap_or_default();
        let alias = self
            .alias
            .as_deref()
            .and_then(|alias| uri.strip_prefix(alias));
        let Some(path) = uri.strip_prefix(&self.base).or(alias) else {
            if uri.starts_with("file:") {
                return Err(self.outside());
            }
            return Err(
                "a file in the schema's folder: the network is never asked; save that schema beside this one and refer to it by its file name"
                    .to_owned(),
            );
        };
        let path = PathBuf::from(decoded(path).ok_or_else(|| self.outside())?);
        let plain = |component| matches!(component, Component::Normal(_));
        if path.as_os_str().is_empty() || !path.components().all(plain) {
            return Err(self.outside());
        }
        Ok(path)
    }

    fn outside(&self) -> String {
        "a file in the schema's folder: it leads out of that folder, and nothing outside is read; copy that schema beside this one".to_owned()
    }

    fn missing(&self, path: &Path, alias: bool) -> String {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        let beside: Vec<String> = path
            .parent()
            .filter(|parent| parent.as_os_str().is_empty())
            .and_then(|_| fs::read_dir(&self.real).ok())
            .into_iter()
            .flatten()
            .take(1000)
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect();
        let mut text = format!(
            "a file in the schema's folder: there is no {}",
            path.display()
        );
        if alias {
            text.push_str(", and the network is never asked");
        }
        if let Some(near) = closest(name, beside.iter().map(String::as_str)) {
            text.push_str(&format!("; did you mean {near:?}?"));
        }
        text
    }

    fn read(&self, uri: &str) -> Result<Value, String> {
        let path = self.inside(uri)?;
        let by_alias = !uri.starts_with(&self.base);
        // Follows links without opening anything.
        let real = fs::canonicalize(self.real.join(&path)).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => self.missing(&path, by_alias),
            _ => format!("a file in the schema's folder that can be read: {error}"),
        })?;
        if !real.starts_with(&self.real) {
            return Err(self.outside());
        }
        let unreadable = |error: std::io::Error| format!("a file that can be read: {error}");
        let metadata = fs::metadata(&real).map_err(unreadable)?;
        if !metadata.is_file() || metadata.len() > LARGEST {
            return Err("a regular file of at most 64 MiB".to_owned());
        }
        let mut text = Vec::new();
        let file = fs::File::open(&real).map_err(unreadable)?;
        file.take(LARGEST)
            .read_to_end(&mut text)
            .map_err(unreadable)?;
        let file = self.shown.join(&path).display().to_string();
        match broken::read(&file, &text) {
            Ok(schema) => {
                let uri = uri.split('#').next().unwrap_or_default().to_owned();
                let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
                if read.iter().all(|known| known.uri != uri) {
                    read.push(Text {
                        uri,
                        file,
                        text,
                        schema: schema.clone(),
                    });
                }
                Ok(schema)
            }
            Err(broken) => {
                let text = broken.to_string();
                *self.broken.lock().unwrap_or_else(PoisonError::into_inner) = Some(broken);
                Err(text)
            }
        }
    }
}

/// The folder as the validator's only way to other texts.
pub(super) struct Beside(pub(super) Arc<Folder>);

impl Retrieve for Beside {
    fn retrieve(
        &self,
        uri: &Uri<String>,
    ) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        self.0.read(uri.as_str()).map_err(Into::into)
    }
}

/// No way to any other text, for a schema that comes from no file.
pub(super) struct Nowhere;

impl Retrieve for Nowhere {
    fn retrieve(&self, _: &Uri<String>) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        Err(
            "a schema within this one: nothing else is read for a schema that comes from no file"
                .into(),
        )
    }
}

/// The `file:` URI of an absolute path.
pub(super) fn uri(path: &Path) -> String {
    use std::fmt::Write as _;
    let mut text = String::from("file://");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                text.push(char::from(*byte));
            }
            other => {
                let _ = write!(text, "%{other:02X}");
            }
        }
    }
    text
}

/// A path of a URI with its percent signs resolved; `None` if it holds what no file name may.
fn decoded(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, behind @ ..] = rest {
        rest = behind;
        if *first == b'%' {
            let (digits, behind) = rest.split_at_checked(2)?;
            rest = behind;
            let byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
            if matches!(byte, 0 | b'/' | b'\\') {
                return None;
            }
            bytes.push(byte);
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_paths_below_the_folder_are_inside() {
        let schema = serde_json::json!({"$id": "https://example.org/s/a.json"});
        let folder = Folder::of(Path::new("s/a.json"), Path::new("/x y/s/a.json"), &schema);
        for (uri, path) in [
            ("file:///x%20y/s/b.json", Some("b.json")),
            ("file:///x%20y/s/d/b%20c.json", Some("d/b c.json")),
            ("https://example.org/s/b.json", Some("b.json")),
            ("https://example.org/t/b.json", None),
            ("http://127.0.0.1:9/b.json", None),
            ("file:///etc/hostname", None),
            ("file:///x%20y/s/%2e%2e/b.json", None),
            ("file:///x%20y/s/..%2fb.json", None),
            ("file:///x%20y/s/", None),
        ] {
            let inside = folder.inside(uri).ok();
            assert_eq!(inside.as_deref(), path.map(Path::new), "{uri}");
        }
    }
}
