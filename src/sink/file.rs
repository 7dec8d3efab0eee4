//! A file of alerts, one JSON object a line, rotated by size and by age.
//!
//! Each alert is one write to a file opened for appending, synced if asked
//! for. Files that rotated are `NAME.1` (the newest) and on; the oldest
//! beyond `keep` goes, which is the one thing here that is ever removed.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;

use super::{Gather, Outcome, Parcel, Sink};
use crate::config::table::Table;

/// A file.
pub(super) struct Lines {
    path: PathBuf,
    largest: u64,
    oldest: Option<Duration>,
    keep: u64,
    sync: bool,
    open: Mutex<Option<Open>>,
}

struct Open {
    file: File,
    size: u64,
    begun: Timestamp,
}

impl Lines {
    pub(super) fn read(table: &Table<'_, '_>) -> Option<Lines> {
        let _ = table.needed_text("path", "alerts.ndjson");
        let lines = Lines {
            path: table.path("path")?,
            largest: table.size("rotate_size").unwrap_or(64 << 20),
            oldest: table.time("rotate_age"),
            keep: table.count("keep", 0, 10_000).unwrap_or(10),
            sync: table.flag("sync").unwrap_or(false),
            open: Mutex::new(None),
        };
        if lines.path.is_dir() {
            table.fault(
                "path",
                format!("{} is a folder", lines.path.display()),
                None,
            );
            return None;
        }
        Some(lines)
    }

    fn write(&self, parcel: &Parcel<'_>) -> std::io::Result<()> {
        let mut guard = self
            .open
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut text = String::new();
        for told in parcel.alerts {
            text.push_str(told.json());
            text.push('\n');
        }
        let due = guard.as_ref().is_some_and(|open| {
            let old = self.oldest.is_some_and(|oldest| {
                parcel.now.duration_since(open.begun).unsigned_abs() >= oldest
            });
            open.size > 0 && (open.size + text.len() as u64 > self.largest || old)
        });
        if due {
            *guard = None;
            rotate(&self.path, self.keep)?;
        }
        if guard.is_none() {
            *guard = Some(self.start(parcel.now)?);
        }
        let Some(open) = guard.as_mut() else {
            return Ok(());
        };
        let written = open.file.write_all(text.as_bytes()).and_then(|()| {
            if self.sync {
                open.file.sync_data()
            } else {
                Ok(())
            }
        });
        match written {
            Ok(()) => {
                open.size += text.len() as u64;
                Ok(())
            }
            Err(error) => {
                // Nothing half-written stays in front of the next attempt.
                let _ = open.file.set_len(open.size);
                *guard = None;
                Err(error)
            }
        }
    }

    fn start(&self, now: Timestamp) -> std::io::Result<Open> {
        if let Some(folder) = self
            .path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(&self.path)?;
        let metadata = file.metadata()?;
        let mut size = metadata.len();
        if size > 0 && !ends_with_a_line(&file, size)? {
            // A line that a crash cut off stays a line of its own.
            file.write_all(b"\n")?;
            size += 1;
        }
        let begun = if size == 0 {
            now
        } else {
            metadata
                .created()
                .or_else(|_| metadata.modified())
                .ok()
                .and_then(|time| Timestamp::try_from(time).ok())
                .unwrap_or(now)
        };
        Ok(Open { file, size, begun })
    }
}

fn ends_with_a_line(file: &File, size: u64) -> std::io::Result<bool> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    let mut file = file;
    file.seek(SeekFrom::Start(size - 1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

impl Sink for Lines {
    fn send(&self, parcel: &Parcel<'_>) -> Outcome {
        match self.write(parcel) {
            Ok(()) => Outcome::Delivered,
            Err(error) => Outcome::retry(format!("{}: {error}", self.path.display())),
        }
    }

    fn gather(&self) -> Gather {
        Gather::Any(256)
    }

    fn shown(&self) -> String {
        self.path.display().to_string()
    }
}

/// Moves `NAME` to `NAME.1`, that to `NAME.2`, and on.
fn rotate(path: &Path, keep: u64) -> std::io::Result<()> {
    let numbered = |number: u64| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    };
    if keep == 0 {
        return std::fs::remove_file(path);
    }
    let last = (1..keep)
        .find(|number| !numbered(*number).exists())
        .unwrap_or(keep);
    for number in (1..last).rev() {
        std::fs::rename(numbered(number), numbered(number + 1))?;
    }
    std::fs::rename(path, numbered(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::{Told, sample};

    fn lines(folder: &Path, largest: u64, oldest: Option<Duration>, keep: u64) -> Lines {
        Lines {
            path: folder.join("alerts.ndjson"),
            largest,
            oldest,
            keep,
            sync: true,
            open: Mutex::new(None),
        }
    }

    fn send(lines: &Lines, now: &str) {
        let told = Told::read(sample::alert_json()).expect("an alert");
        let parcel = Parcel {
            key: "k",
            alerts: &[told],
            now: now.parse().expect("a time"),
        };
        assert_eq!(lines.send(&parcel), Outcome::Delivered);
    }

    fn count(folder: &Path, name: &str) -> Option<usize> {
        let text = std::fs::read_to_string(folder.join(name)).ok()?;
        assert!(text.ends_with('\n'));
        Some(
            text.lines()
                .filter(|line| Told::read(*line).is_ok())
                .count(),
        )
    }

    #[test]
    fn a_file_rotates_by_size_and_keeps_so_many() {
        let folder = tempfile::tempdir().expect("a folder");
        let size = sample::alert_json().len() as u64 + 1;
        let file = lines(folder.path(), size * 2, None, 2);
        for _ in 0..7 {
            send(&file, "2026-01-13T09:00:00Z");
        }
        let counts: Vec<_> = ["", ".1", ".2", ".3"]
            .iter()
            .map(|end| count(folder.path(), &format!("alerts.ndjson{end}")))
            .collect();
        assert_eq!(counts, [Some(1), Some(2), Some(2), None]);
    }

    #[test]
    fn a_file_rotates_by_age_and_goes_on_after_a_torn_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = lines(folder.path(), 1 << 20, Some(Duration::from_secs(3600)), 9);
        send(&file, "2026-01-13T09:00:00Z");
        send(&file, "2026-01-13T09:59:59Z");
        send(&file, "2026-01-13T10:00:00Z");
        assert_eq!(count(folder.path(), "alerts.ndjson.1"), Some(2));
        assert_eq!(count(folder.path(), "alerts.ndjson"), Some(1));
        let torn = OpenOptions::new()
            .append(true)
            .open(folder.path().join("alerts.ndjson"));
        torn.expect("open").write_all(b"{\"torn").expect("written");
        send(
            &lines(folder.path(), 1 << 20, None, 9),
            "2026-01-13T10:00:01Z",
        );
        assert_eq!(count(folder.path(), "alerts.ndjson"), Some(2));
    }
}
