//! Generated feeds, written to disk, with what was planted in all of one.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use xtask::generate::{Plan, Verdict, documents, pretty};

/// How documents stand on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One a line.
    Lines,
    /// Pretty-printed, one after another in one file.
    Sequence,
    /// One a file.
    Folder,
}

/// How much is written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Until {
    Bytes(u64),
    Documents(u64),
}

/// What must be found in a feed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Planted {
    pub(crate) bytes: u64,
    pub(crate) documents: u64,
    pub(crate) invalid: u64,
    pub(crate) alerts: u64,
}

/// A feed on disk; it goes when this is dropped.
pub(crate) struct Written {
    folder: tempfile::TempDir,
    path: PathBuf,
    lengths: Option<PathBuf>,
    planted: Planted,
}

/// A file that is being written, and the lengths of its documents.
struct Lines {
    text: BufWriter<File>,
    lengths: BufWriter<File>,
}

impl Lines {
    fn create(path: &Path, lengths: &Path) -> Lines {
        let file = |path| BufWriter::with_capacity(1 << 18, File::create(path).expect("a file"));
        Lines {
            text: file(path),
            lengths: file(lengths),
        }
    }

    fn push(&mut self, document: &str) {
        self.text.write_all(document.as_bytes()).expect("written");
        let length = u32::try_from(document.len()).expect("below 4 GB");
        self.lengths
            .write_all(&length.to_le_bytes())
            .expect("written");
    }

    fn finish(mut self) {
        self.text.flush().expect("written");
        self.lengths.flush().expect("written");
    }
}

impl Written {
    /// The documents of a plan, whose own number of them counts for nothing.
    pub(crate) fn of(plan: &Plan, shape: Shape, until: Until) -> Written {
        let mut all = documents(&Plan {
            documents: u64::MAX,
            ..plan.clone()
        });
        let mut buffer = String::new();
        Written::from(shape, until, |text| {
            let document = all
                .next_into(std::mem::take(&mut buffer))
                .expect("there are more");
            match shape {
                Shape::Sequence => text.push_str(&pretty(&document.text)),
                Shape::Lines | Shape::Folder => {
                    text.push_str(&document.text);
                    text.push('\n');
                }
            }
            buffer = document.text;
            Planted {
                bytes: text.len() as u64,
                documents: 1,
                invalid: u64::from(document.planted.verdict == Verdict::Invalid),
                alerts: document.planted.alerts.len() as u64,
            }
        })
    }

    /// What `next` writes, with the line breaks that belong between documents.
    pub(crate) fn from(
        shape: Shape,
        until: Until,
        mut next: impl FnMut(&mut String) -> Planted,
    ) -> Written {
        // On the disk that is built on.
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        let (path, lengths) = (folder.path().join("feed"), folder.path().join("lengths"));
        let mut lines = None;
        if shape == Shape::Folder {
            fs::create_dir(&path).expect("a folder");
        } else {
            lines = Some(Lines::create(&path, &lengths));
        }
        let (mut planted, mut text) = (Planted::default(), String::new());
        let enough = |planted: &Planted| match until {
            Until::Bytes(bytes) => planted.bytes >= bytes,
            Until::Documents(documents) => planted.documents >= documents,
        };
        while !enough(&planted) {
            text.clear();
            let more = next(&mut text);
            match &mut lines {
                Some(lines) => lines.push(&text),
                None => {
                    let name = format!("{:07}.json", planted.documents);
                    fs::write(path.join(name), &text).expect("written");
                }
            }
            planted.bytes += more.bytes;
            planted.documents += more.documents;
            planted.invalid += more.invalid;
            planted.alerts += more.alerts;
        }
        if let Some(lines) = lines {
            lines.finish();
        }
        Written {
            lengths: (shape != Shape::Folder).then_some(lengths),
            folder,
            path,
            planted,
        }
    }

    /// What both go through.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A folder beside it.
    pub(crate) fn home(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn planted(&self) -> Planted {
        self.planted
    }

    /// What the baseline is told.
    pub(crate) fn for_baseline(&self) -> impl Iterator<Item = &Path> {
        std::iter::once(&*self.path).chain(self.lengths.as_deref())
    }
}
