//! Rules and sites that change while the program runs: noticed, loaded as one set, or refused as one.
//!
//! Events of the rules' folders are hints; what the files say is the truth, and it is looked at
//! from time to time without a hint too. A set that does not load leaves the one in force as it
//! is, and is not tried again before the files change or somebody asks for it (SIGHUP).
//!
//! Nothing is printed here, and no document is touched: [`super::run`] puts a new engine in force.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, after, bounded, select};
use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::run::LoadFailure;
use crate::engine::Engine;
use crate::rules::{self, RuleSet};

/// An editor and a copy make several events; no look before they have been silent for so long.
const QUIET: Duration = Duration::from_millis(200);
/// But a look after so long, however many there are.
const MOST: Duration = Duration::from_secs(2);

/// How often the rules were loaded anew.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reloads {
    /// sets that replaced another
    pub(super) loaded: u64,
    /// sets that did not load
    pub(super) refused: u64,
}

/// What a look came to.
pub(super) enum Reload {
    /// A set that loads.
    Loaded {
        engine: Arc<Engine>,
        notices: Vec<rules::Notice>,
        changes: Changes,
    },
    /// A set that does not.
    Refused(LoadFailure),
}

/// How one set differs from another.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    /// rules that were not there before
    pub(super) came: Vec<String>,
    /// rules that are no longer there
    pub(super) went: Vec<String>,
    /// limits that have another value: name, before, now
    pub(super) limits: Vec<(String, String, String)>,
    /// files whose text changed
    pub(super) files: Vec<String>,
    /// the sites file, if it changed
    pub(super) sites: Option<String>,
}

impl Changes {
    fn between(old: &RuleSet, new: &RuleSet) -> Changes {
        let names = |set: &RuleSet| -> Vec<String> {
            set.rules()
                .iter()
                .map(|rule| rule.name().to_string())
                .collect()
        };
        let (before, now) = (names(old), names(new));
        let missing = |from: &[String], of: &[String]| -> Vec<String> {
            of.iter()
                .filter(|name| !from.contains(name))
                .cloned()
                .collect()
        };
        let (was, is) = (limits(old), limits(new));
        let moved = was.iter().filter_map(|(key, written)| {
            let now = is.get(key).filter(|now| *now != written)?;
            Some((key.1.clone(), written.clone(), now.clone()))
        });
        let files = new.sources().iter().filter(|(name, text)| {
            old.sources()
                .get(*name)
                .is_none_or(|before| before != *text)
        });
        Changes {
            came: missing(&before, &now),
            went: missing(&now, &before),
            limits: moved.collect(),
            files: files.map(|(name, _)| name.to_string()).collect(),
            sites: None,
        }
    }
}

/// Each limit that some rule may read: its file and name, and how it is written.
fn limits(set: &RuleSet) -> BTreeMap<(String, String), String> {
    let entries = set.rules().iter().flat_map(|rule| set.limits(rule).iter());
    entries
        .map(|(name, entry)| {
            let file = entry
                .place
                .as_ref()
                .map_or_else(String::new, |place| place.file.to_string());
            ((file, name.to_owned()), entry.written.clone())
        })
        .collect()
}

/// Builds an engine from the same flags as at the start.
pub(super) type Build =
    Box<dyn FnMut() -> Result<(Arc<Engine>, Vec<rules::Notice>), LoadFailure> + Send>;

/// Compares files with what was loaded of them.
pub(super) struct Reloader {
    paths: Vec<PathBuf>,
    build: Build,
    /// what was tried last
    seen: rules::Texts,
    /// what is in force
    rules: RuleSet,
    sites: Option<File>,
}

/// A file that is too long to be compared again and again: known by its length and its time.
struct File {
    path: PathBuf,
    seen: Stamp,
}

type Stamp = Option<(u64, Option<std::time::SystemTime>)>;

fn stamp(path: &Path) -> Stamp {
    let about = std::fs::metadata(path).ok()?;
    Some((about.len(), about.modified().ok()))
}

impl Reloader {
    /// `rules` were loaded from `paths` by `build`.
    pub(super) fn new(paths: Vec<PathBuf>, rules: RuleSet, build: Build) -> Reloader {
        Reloader {
            seen: rules.sources().clone(),
            paths,
            build,
            rules,
            sites: None,
        }
    }

    /// Looks after a sites file too.
    pub(super) fn sites(mut self, path: Option<PathBuf>) -> Reloader {
        self.sites = path.map(|path| File {
            seen: stamp(&path),
            path,
        });
        self
    }

    /// The sites file, if it is another than at the last look.
    fn changed_sites(&mut self) -> Option<String> {
        let file = self.sites.as_mut()?;
        let now = stamp(&file.path);
        let changed = std::mem::replace(&mut file.seen, now) != now;
        changed.then(|| file.path.display().to_string())
    }

    /// Looks at the files, and loads them if they changed; `asked`: in any case.
    pub(super) fn look(&mut self, asked: bool) -> Option<Reload> {
        let texts = rules::texts(&self.paths);
        let sites = self.changed_sites();
        let changed = !self.paths.is_empty() && texts != self.seen;
        if !asked && !changed && sites.is_none() {
            return None;
        }
        Some(match (self.build)() {
            Ok((engine, notices)) => {
                // What was loaded is what counts: the files may have changed since the look.
                self.seen.clone_from(engine.rules().sources());
                let mut changes = Changes::between(&self.rules, engine.rules());
                changes.sites = sites;
                self.rules = engine.rules().clone();
                Reload::Loaded {
                    engine,
                    notices,
                    changes,
                }
            }
            Err(failure) => {
                self.seen = texts;
                Reload::Refused(failure)
            }
        })
    }

    /// Looks when something changes, when `asked`, and `every` so often, until nobody listens.
    pub(super) fn watch(mut self, every: Duration, asked: &Receiver<()>, tell: &Sender<Reload>) {
        let (hint, hints) = bounded(1);
        let mut wanted = false;
        loop {
            // Anew each time: a folder that was replaced as a whole is another folder. And first
            // watch, then look: what changes in between is not missed.
            let sites = self.sites.iter().map(|file| &file.path);
            let _watcher = watcher(self.paths.iter().chain(sites), hint.clone());
            while let Some(reload) = self.look(std::mem::take(&mut wanted)) {
                if tell.send(reload).is_err() {
                    return;
                }
            }
            select! {
                recv(hints) -> _ => settle(&hints),
                recv(asked) -> asked => match asked {
                    Ok(()) => wanted = true,
                    Err(_) => return,
                },
                recv(after(every)) -> _ => {}
            }
        }
    }
}

/// Waits until the hints are over.
fn settle(hints: &Receiver<()>) {
    let most = after(MOST);
    loop {
        select! {
            recv(hints) -> _ => {}
            recv(most) -> _ => return,
            default(QUIET) => return,
        }
    }
}

/// Hints at changes of the paths, and of the folders above them: a folder may be replaced as a
/// whole, and limits are looked up there too. `None` where nothing can be watched; then the looks
/// from time to time have to do.
fn watcher<'p>(
    paths: impl Iterator<Item = &'p PathBuf>,
    hint: Sender<()>,
) -> Option<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Our own reading makes events too.
        let read = |kind| {
            matches!(kind, EventKind::Access(access) if access != AccessKind::Close(AccessMode::Write))
        };
        if !event.is_ok_and(|event| read(event.kind)) {
            let _ = hint.try_send(());
        }
    })
    .ok()?;
    for path in paths {
        let above = path.parent().filter(|above| !above.as_os_str().is_empty());
        for folder in [path, above.unwrap_or(Path::new("."))] {
            // What cannot be watched is looked at all the same.
            let _ = watcher.watch(folder, RecursiveMode::NonRecursive);
        }
    }
    Some(watcher)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const RULE: &str =
        "rule(\"NAME\", #{ on: \"stream\", when: |s| s.averageJitter > limits::jitter });\n";

    struct Folder {
        folder: tempfile::TempDir,
    }

    impl Folder {
        fn new() -> Folder {
            let folder = Folder {
                folder: tempfile::tempdir().expect("a folder"),
            };
            folder.write("thresholds.toml", "jitter = \"30ms\"\n");
            folder.write("a.rhai", &RULE.replace("NAME", "first"));
            folder
        }

        fn write(&self, name: &str, text: &str) {
            fs::write(self.folder.path().join(name), text).expect("a file");
        }

        fn reloader(&self) -> Reloader {
            let path = self.folder.path().to_owned();
            let build = {
                let path = path.clone();
                move || {
                    Engine::builder()
                        .rules(&path)
                        .build_with_notices()
                        .map_err(LoadFailure::from)
                }
            };
            let (engine, _) = build().expect("rules");
            let sites = self.folder.path().join("sites.csv");
            Reloader::new(vec![path], engine.rules().clone(), Box::new(build)).sites(Some(sites))
        }
    }

    fn changes(reload: Option<Reload>) -> Changes {
        match reload {
            Some(Reload::Loaded { changes, .. }) => changes,
            Some(Reload::Refused(failure)) => panic!("{}", failure.render(false)),
            None => panic!("nothing changed"),
        }
    }

    #[test]
    fn a_change_is_loaded_once_and_told_by_what_changed() {
        let folder = Folder::new();
        let mut reloader = folder.reloader();
        assert!(reloader.look(false).is_none());
        folder.write("b.rhai", &RULE.replace("NAME", "second"));
        folder.write("thresholds.toml", "jitter = \"40ms\"\n");
        let told = changes(reloader.look(false));
        assert_eq!(told.came, ["second"]);
        assert!(told.went.is_empty());
        assert_eq!(
            told.limits,
            [("jitter".to_owned(), "30ms".to_owned(), "40ms".to_owned())]
        );
        assert_eq!(told.files.len(), 2);
        assert!(reloader.look(false).is_none());
        fs::remove_file(folder.folder.path().join("b.rhai")).expect("a file");
        assert_eq!(changes(reloader.look(false)).went, ["second"]);
    }

    #[test]
    fn a_set_that_does_not_load_is_told_once_and_the_next_change_mends_it() {
        let folder = Folder::new();
        let mut reloader = folder.reloader();
        folder.write("a.rhai", "rule(\"first\", #{ on: \"str");
        let Some(Reload::Refused(failure)) = reloader.look(false) else {
            panic!("half a file loads");
        };
        assert!(failure.render(false).contains("a.rhai"));
        assert!(reloader.look(false).is_none(), "said once");
        assert!(
            matches!(reloader.look(true), Some(Reload::Refused(_))),
            "unless asked"
        );
        folder.write("a.rhai", &RULE.replace("NAME", "first"));
        assert_eq!(changes(reloader.look(false)).went, Vec::<String>::new());
    }

    #[test]
    fn a_folder_that_goes_is_refused_and_may_come_back() {
        let folder = Folder::new();
        let mut reloader = folder.reloader();
        let (here, there) = (
            folder.folder.path().join("a.rhai"),
            folder.folder.path().join("a.off"),
        );
        fs::rename(&here, &there).expect("a rename");
        assert!(matches!(reloader.look(false), Some(Reload::Refused(_))));
        fs::rename(&there, &here).expect("a rename");
        assert_eq!(changes(reloader.look(false)), Changes::default());
    }

    #[test]
    fn who_asks_is_answered_without_a_change() {
        let folder = Folder::new();
        let mut reloader = folder.reloader();
        assert_eq!(changes(reloader.look(true)), Changes::default());
    }

    #[test]
    fn a_sites_file_that_comes_changes_or_goes_is_told() {
        let folder = Folder::new();
        let mut reloader = folder.reloader();
        folder.write("sites.csv", "one");
        assert!(changes(reloader.look(false)).sites.is_some());
        assert!(reloader.look(false).is_none());
        folder.write("sites.csv", "other");
        assert!(changes(reloader.look(false)).sites.is_some());
        fs::remove_file(folder.folder.path().join("sites.csv")).expect("a file");
        let told = changes(reloader.look(false));
        assert!(told.sites.is_some_and(|name| name.ends_with("sites.csv")));
    }
}
