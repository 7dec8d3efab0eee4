//! A real folder, with the real watcher. Tests wait for deliveries, never for time.

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use tempfile::TempDir;

use super::*;

const PATIENT: Duration = Duration::from_secs(30);

/// A clock that a test moves on.
#[derive(Debug, Default)]
struct TestClock(AtomicU64);

impl Clock for TestClock {
    fn now(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }
}

struct Watching {
    dir: TempDir,
    seen: Receiver<String>,
    stop: Sender<()>,
    thread: JoinHandle<FolderCounts>,
}

/// Watches an empty folder with a settle time that never passes: only events make files ready.
fn watching(options: FolderOptions) -> Watching {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("in")).unwrap();
    fs::write(dir.path().join("in/start.json"), "{}").unwrap();
    let mut folder = Folder::new(dir.path().join("in"), options);
    let (send, seen) = unbounded();
    let (stop, stopped) = bounded(1);
    let thread = std::thread::spawn(move || {
        let deliver = &mut |delivery: Delivery| {
            lines(&delivery)
                .into_iter()
                .for_each(|line| send.send(line).unwrap());
            ControlFlow::Continue(())
        };
        folder.watch(&stopped, deliver).unwrap()
    });
    let watching = Watching {
        dir,
        seen,
        stop,
        thread,
    };
    watching.want(&["start.json {}", "start.json ends"]);
    watching
}

fn quick() -> FolderOptions {
    FolderOptions {
        settle: Duration::from_millis(20),
        scan_every: Duration::from_secs(3600),
        ..FolderOptions::default()
    }
}

impl Watching {
    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("in").join(name)
    }

    fn drop_in(&self, name: &str, text: &str) {
        let aside = self.dir.path().join("aside");
        fs::write(&aside, text).unwrap();
        fs::rename(aside, self.path(name)).unwrap();
    }

    fn want(&self, lines: &[&str]) {
        for line in lines {
            assert_eq!(self.seen.recv_timeout(PATIENT).as_deref(), Ok(*line));
        }
    }

    fn stop(self) -> FolderCounts {
        self.stop.send(()).unwrap();
        let counts = self.thread.join().unwrap();
        assert!(counts.add_up(), "{counts:?}");
        counts
    }
}

#[test]
fn files_are_read_as_they_arrive_by_rename_by_writing_and_by_hard_link() {
    let watching = watching(quick());
    watching.drop_in("a.json", "{\"a\":1}");
    watching.want(&["a.json {\"a\":1}", "a.json ends"]);
    fs::write(watching.path("b.json"), "{\"b\":1}").unwrap();
    watching.want(&["b.json {\"b\":1}", "b.json ends"]);
    fs::write(watching.dir.path().join("aside"), "{\"c\":1}").unwrap();
    fs::hard_link(watching.dir.path().join("aside"), watching.path("c.json")).unwrap();
    watching.want(&["c.json {\"c\":1}", "c.json ends"]);
    watching.drop_in("a.json", "{\"a\":22}");
    watching.want(&["a.json {\"a\":22}", "a.json ends"]);
    let counts = watching.stop();
    assert_eq!((counts.seen, counts.read, counts.recovered), (5, 5, 0));
}

#[test]
fn before_a_folder_waits_it_says_so() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["a.json", "b.json"] {
        fs::write(dir.path().join(name), "{}").unwrap();
    }
    let mut folder = Folder::new(dir.path(), quick());
    let (send, seen) = unbounded();
    let (stop, stopped) = bounded(1);
    let thread = std::thread::spawn(move || {
        let deliver = &mut |delivery: Delivery| {
            let told = match delivery {
                Delivery::Waits => vec!["waits".to_owned()],
                other => lines(&other),
            };
            told.into_iter().for_each(|line| send.send(line).unwrap());
            ControlFlow::Continue(())
        };
        folder.watch(&stopped, deliver).unwrap()
    });
    let mut told: Vec<String> = Vec::new();
    let done = |told: &[String]| {
        let ends = |line: &&String| line.ends_with("ends");
        told.iter().filter(ends).count() == 2 && told.last().is_some_and(|line| line == "waits")
    };
    while !done(&told) {
        told.push(seen.recv_timeout(PATIENT).unwrap());
    }
    stop.send(()).unwrap();
    assert_eq!(thread.join().unwrap().read, 2);
}

#[test]
fn a_renamed_file_is_read_though_time_stands_still() {
    let clock = Arc::new(TestClock::default());
    let watching = watching(FolderOptions {
        clock,
        settle: Duration::ZERO,
        ..quick()
    });
    watching.drop_in("a.json", "{\"a\":1}\n{\"b\":2}");
    watching.want(&["a.json {\"a\":1}", "a.json {\"b\":2}", "a.json ends"]);
    watching.stop();
}

#[test]
fn a_document_without_an_end_is_held_back_until_it_has_one() {
    let watching = watching(quick());
    watching.drop_in("a.json", "{\"a\":1}\n{\"b\":");
    watching.drop_in("b.json", "{}");
    watching.want(&["b.json {}", "b.json ends"]);
    watching.drop_in("a.json", "{\"a\":1}\n{\"b\":2}");
    watching.want(&["a.json {\"a\":1}", "a.json {\"b\":2}", "a.json ends"]);
    assert_eq!(watching.stop().seen, 3);
}

#[test]
fn a_document_that_never_ends_is_told_after_the_patience() {
    let patience = Duration::from_millis(50);
    let watching = watching(FolderOptions {
        patience,
        ..quick()
    });
    watching.drop_in("a.json", "{\"a\":1}\n{\"b\":");
    watching.want(&[
        "a.json {\"a\":1}",
        "a.json {\"b\": <cut-off>",
        "a.json ends",
    ]);
    fs::write(watching.path("b.json"), "").unwrap();
    watching.want(&["b.json passed over: empty"]);
    watching.stop();
}

#[test]
fn the_folder_may_go_and_come_back() {
    let watching = watching(FolderOptions {
        scan_every: Duration::from_millis(50),
        ..quick()
    });
    fs::remove_dir_all(watching.path("")).unwrap();
    watching.want(&["gone"]);
    fs::create_dir(watching.path("")).unwrap();
    watching.want(&["back"]);
    watching.drop_in("a.json", "{}");
    watching.want(&["a.json {}", "a.json ends"]);
    watching.stop();
}

#[test]
fn one_look_reads_what_is_there_oldest_first_and_says_what_it_leaves() {
    let dir = tempfile::tempdir().unwrap();
    let now = std::time::SystemTime::now();
    let put = |name: &str, text: &[u8], age: u64| {
        fs::write(dir.path().join(name), text).unwrap();
        let file = fs::File::options()
            .write(true)
            .open(dir.path().join(name))
            .unwrap();
        file.set_modified(now - Duration::from_secs(age)).unwrap();
    };
    put("b.json", b"{\"b\":1}", 10);
    put("a.json", b"{\"a\":1}", 10);
    put("z.json", b"[{},{}]", 20);
    put("cut.json", b"{", 5);
    put("empty.json", b"", 4);
    put("note.md", b"#", 3);
    put("x.json.part", b"{", 2);
    fs::create_dir(dir.path().join("sub.json")).unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("a.json", dir.path().join("link.json")).unwrap();
        let fifo = dir.path().join("fifo.json");
        assert!(
            std::process::Command::new("mkfifo")
                .arg(fifo)
                .status()
                .unwrap()
                .success()
        );
        std::os::unix::net::UnixListener::bind(dir.path().join("socket.json")).unwrap();
    }
    let mut folder = Folder::new(dir.path(), FolderOptions::default());
    let mut seen = Vec::new();
    let counts = folder
        .scan_once(&mut |delivery| {
            seen.extend(lines(&delivery));
            ControlFlow::Continue(())
        })
        .unwrap();
    let (mut passed, read): (Vec<_>, Vec<_>) = seen
        .into_iter()
        .partition(|line| line.contains("passed over"));
    assert_eq!(
        read,
        [
            "z.json {}",
            "z.json {}",
            "z.json ends",
            "a.json {\"a\":1}",
            "a.json ends",
            "b.json {\"b\":1}",
            "b.json ends",
            "cut.json { <cut-off>",
            "cut.json ends",
        ]
    );
    passed.sort();
    let mut want = vec![
        "empty.json passed over: empty",
        "note.md passed over: other-name",
        "sub.json passed over: directory",
        "x.json.part passed over: temporary-name",
    ];
    if cfg!(unix) {
        want.extend([
            "fifo.json passed over: fifo",
            "link.json passed over: symlink",
            "socket.json passed over: socket",
        ]);
    }
    want.sort_unstable();
    assert_eq!(passed, want);
    assert!(counts.add_up(), "{counts:?}");
    assert_eq!((counts.seen, counts.read, counts.failed), (5, 4, 1));
}

#[cfg(unix)]
#[test]
fn what_takes_a_files_place_before_it_is_read_is_no_pipe_to_wait_for_and_no_link_to_follow() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let now = std::time::SystemTime::now();
    for age in 0..6_u64 {
        let path = at(&format!("{age}.json"));
        fs::write(&path, format!("{{\"was\":{age}}}")).unwrap();
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_modified(now - Duration::from_secs(age)).unwrap();
    }
    let mut folder = Folder::new(dir.path(), FolderOptions::default());
    let mut seen = Vec::new();
    folder
        .scan_once(&mut |delivery| {
            if seen.is_empty() && matches!(delivery, Delivery::Batch { .. }) {
                for taken in 0..5 {
                    fs::remove_file(at(&format!("{taken}.json"))).unwrap();
                }
                fs::write(at("0.json"), "{\"is\":\"another\"}").unwrap();
                let mkfifo = std::process::Command::new("mkfifo")
                    .arg(at("1.json"))
                    .status();
                assert!(mkfifo.unwrap().success());
                std::os::unix::fs::symlink("5.json", at("2.json")).unwrap();
                std::os::unix::net::UnixListener::bind(at("3.json")).unwrap();
                fs::create_dir(at("4.json")).unwrap();
            }
            seen.extend(lines(&delivery));
            ControlFlow::Continue(())
        })
        .unwrap();
    seen.sort();
    assert_eq!(
        seen,
        [
            "0.json ends",
            "0.json {\"is\":\"another\"}",
            "1.json passed over: fifo",
            "2.json passed over: symlink",
            "3.json passed over: socket",
            "4.json passed over: directory",
            "5.json ends",
            "5.json {\"was\":5}",
        ]
    );
}

#[cfg(target_os = "linux")]
#[test]
fn names_need_not_be_utf8() {
    use std::os::unix::ffi::OsStrExt;
    let watching = watching(quick());
    let name = std::ffi::OsStr::from_bytes(b"\xFF\xFE.json");
    fs::write(watching.path("").join(name), "{}").unwrap();
    watching.want(&["\u{fffd}\u{fffd}.json {}", "\u{fffd}\u{fffd}.json ends"]);
    watching.stop();
}

#[test]
fn a_large_file_is_read_in_pieces() {
    let mut options = quick();
    options.read.limits.document = 64;
    options.read.chunk = 16;
    let watching = watching(options);
    watching.drop_in("a.json", &"{\"a\":1}\n".repeat(20));
    watching.want(&["a.json {\"a\":1}"; 20]);
    watching.want(&["a.json ends"]);
    watching.stop();
}

#[test]
fn the_folder_must_be_there_at_the_beginning() {
    let dir = tempfile::tempdir().unwrap();
    let mut folder = Folder::new(dir.path().join("none"), FolderOptions::default());
    let (_stop, stopped) = bounded(1);
    let error = folder
        .watch(&stopped, &mut |_| ControlFlow::Continue(()))
        .unwrap_err();
    assert!(error.to_string().contains("cannot watch"), "{error}");
    assert!(
        folder
            .scan_once(&mut |_| ControlFlow::Continue(()))
            .is_err()
    );
}

#[test]
fn writers_that_race_with_the_reader_lose_nothing_and_show_no_half_document() {
    const FILES: usize = 120;
    let mut options = quick();
    options.scan_every = Duration::from_millis(100);
    options.settle = Duration::from_millis(5);
    let watching = watching(options);
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (folder, aside) = (
                watching.path(""),
                watching.dir.path().join(writer.to_string()),
            );
            std::thread::spawn(move || {
                for file in 0..FILES {
                    let path = folder.join(format!("{writer}-{file}.json"));
                    let text = format!("{{\"writer\": {writer},\n \"file\": \"{file}\"}}\n");
                    write_somehow(writer + file, &path, &aside, text.as_bytes());
                }
            })
        })
        .collect();
    writers
        .into_iter()
        .for_each(|writer| writer.join().unwrap());
    let mut missing: std::collections::HashSet<String> = (0..4)
        .flat_map(|writer| (0..FILES).map(move |file| format!("{writer}-{file}.json")))
        .collect();
    while !missing.is_empty() {
        let line = watching.seen.recv_timeout(PATIENT).unwrap();
        let (name, text) = line.split_once(' ').unwrap();
        if text == "ends" || text.ends_with("passed over: temporary-name") {
            continue;
        }
        let document: serde_json::Value = serde_json::from_str(text).unwrap();
        let (writer, file) = (&document["writer"], document["file"].as_str().unwrap());
        assert_eq!(name, format!("{writer}-{file}.json"));
        missing.remove(name);
    }
    let counts = watching.stop();
    assert_eq!((counts.pending, counts.failed), (0, 0), "{counts:?}");
}

/// In pieces, by rename, by link, or opened twice.
fn write_somehow(how: usize, path: &Path, aside: &Path, text: &[u8]) {
    use std::io::Write;
    let half = text.len() / 2;
    match how % 4 {
        0 => {
            let mut file = fs::File::create(path).unwrap();
            for byte in text.chunks(7) {
                file.write_all(byte).unwrap();
                std::thread::yield_now();
            }
        }
        1 => {
            fs::write(aside, text).unwrap();
            fs::rename(aside, path).unwrap();
        }
        2 => {
            fs::write(aside, text).unwrap();
            fs::hard_link(aside, path).unwrap();
            fs::remove_file(aside).unwrap();
        }
        _ => {
            fs::write(path, &text[..half]).unwrap();
            std::thread::yield_now();
            let mut file = fs::File::options().append(true).open(path).unwrap();
            file.write_all(&text[half..]).unwrap();
        }
    }
}
