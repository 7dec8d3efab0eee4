//! Streams, plain and compressed, whole and broken.

use std::io::{Cursor, Read, Write};

use super::*;

fn run(reader: impl Read, options: &ReadOptions) -> Vec<String> {
    let mut seen = Vec::new();
    let flow = stdin::read(reader, SourceName::Stdin, options, &mut |delivery| {
        seen.extend(lines(&delivery));
        ControlFlow::Continue(())
    });
    assert!(flow.is_continue());
    seen
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(text).unwrap();
    out.finish().unwrap()
}

fn zst(text: &[u8]) -> Vec<u8> {
    zstd::stream::encode_all(text, 1).unwrap()
}

const WANT: &[&str] = &["stdin {\"a\":1}", "stdin {\"b\":2}", "stdin ends"];

#[test]
fn plain_and_compressed_read_the_same_in_any_piece() {
    let (a, b) = (b"{\"a\":1}\n{\"b\"", b":2}\n");
    let skippable = b"\x50\x2A\x4D\x18\x02\0\0\0xx";
    for bytes in [
        [&a[..], &b[..]].concat(),
        [gzip(a), gzip(b)].concat(),
        [zst(a), zst(b)].concat(),
        [&skippable[..], &zst(a), &zst(b)].concat(),
    ] {
        for chunk in [1, 2, 3, 5, 1 << 16] {
            let options = ReadOptions {
                chunk,
                ..ReadOptions::default()
            };
            assert_eq!(run(Cursor::new(&bytes), &options), WANT);
            assert_eq!(run(Dribble(&bytes), &options), WANT);
        }
    }
}

/// One byte a read, with an interruption before each.
struct Dribble<'a>(&'a [u8]);

impl Read for Dribble<'_> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let len = buf.len().min(1);
        self.0.read(&mut buf[..len])
    }
}

#[test]
fn a_text_that_begins_almost_like_zstd_is_text() {
    let options = ReadOptions::default();
    assert_eq!(run(&b"(\xB5"[..], &options).len(), 2);
    assert_eq!(run(&b"P"[..], &options), ["stdin P", "stdin ends"]);
    assert_eq!(run(&b""[..], &options), ["stdin ends"]);
}

#[test]
fn a_broken_compressed_stream_is_an_error_with_its_place() {
    let text = b"{\"a\":1}\n".repeat(1000);
    for (name, whole) in [("gzip", gzip(&text)), ("zstd", zst(&text))] {
        let seen = run(&whole[..whole.len() - 5], &ReadOptions::default());
        let end = seen.last().unwrap();
        assert!(
            end.contains(&format!("the {name} stream is broken behind")),
            "{end}"
        );
        let mut flipped = whole.clone();
        for byte in &mut flipped[10..20] {
            *byte ^= 0x55;
        }
        let seen = run(&flipped[..], &ReadOptions::default());
        assert!(seen.last().unwrap().contains("broken behind"), "{seen:?}");
    }
}

#[test]
fn what_comes_out_of_a_stream_is_limited() {
    let options = ReadOptions {
        max_decompressed: 100_000,
        chunk: 1000,
        ..ReadOptions::default()
    };
    let text = b"{\"a\":1}\n".repeat(12_500);
    let bomb = b"{\"a\":1}\n".repeat(1_000_000);
    for pack in [gzip, zst] {
        let seen = run(&pack(&text)[..], &options);
        assert_eq!((seen.len(), &*seen[12_500]), (12_501, "stdin ends"));
        let seen = run(&pack(&bomb)[..], &options);
        assert_eq!(seen.len(), 12_501);
        assert!(
            seen[12_500].contains("more than the limit of 100000"),
            "{}",
            seen[12_500]
        );
    }
}

#[test]
fn a_document_is_delivered_before_the_next_read() {
    /// Refuses to wait while something it gave was not delivered, and said to be all for now.
    struct Pipe<'a>(u32, &'a std::cell::Cell<u32>);
    impl Read for Pipe<'_> {
        fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
            assert_eq!(self.0, self.1.get());
            if self.0 == 3 {
                return Ok(0);
            }
            self.0 += 1;
            buf[..3].copy_from_slice(b"{}\n");
            Ok(3)
        }
    }
    let (delivered, mut gathered) = (std::cell::Cell::new(0), 0);
    let options = ReadOptions::default();
    let mut deliver = |delivery| {
        match delivery {
            Delivery::Batch { batch, .. } => {
                gathered += batch.len() as u32;
                options.pool.give(batch);
            }
            // Only now must it be handed on.
            Delivery::Waits => delivered.set(gathered),
            _ => {}
        }
        ControlFlow::Continue(())
    };
    let flow = stdin::read(
        Pipe(0, &delivered),
        SourceName::Stdin,
        &options,
        &mut deliver,
    );
    assert!(flow.is_continue() && delivered.get() == 3);
}

#[test]
fn a_receiver_that_has_enough_ends_the_source() {
    let mut calls = 0;
    let options = ReadOptions {
        chunk: 4,
        ..ReadOptions::default()
    };
    let flow = stdin::read(
        &b"{}\n{}\n{}\n{}\n"[..],
        SourceName::Stdin,
        &options,
        &mut |_| {
            calls += 1;
            ControlFlow::Break(())
        },
    );
    assert!(flow.is_break());
    assert_eq!(calls, 1);
}

#[test]
fn a_file_that_cannot_be_read_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("none.json");
    for (path, want) in [(folder.path(), "is a folder"), (&missing, "cannot open")] {
        let mut seen = Vec::new();
        let flow = file::read(path, &ReadOptions::default(), &mut |delivery| {
            seen.extend(lines(&delivery));
            ControlFlow::Continue(())
        });
        assert!(flow.is_continue());
        assert!(seen.len() == 1 && seen[0].contains(want), "{seen:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_given_by_name_is_read_as_a_stream() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&path)
            .status()
            .unwrap()
            .success()
    );
    let (to, seen) = crossbeam_channel::unbounded();
    let reader = {
        let path = path.clone();
        std::thread::spawn(move || {
            file::read(&path, &ReadOptions::default(), &mut |delivery| {
                lines(&delivery)
                    .into_iter()
                    .for_each(|line| to.send(line).unwrap());
                ControlFlow::Continue(())
            })
        })
    };
    std::fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .unwrap()
        .write_all(b"{}")
        .unwrap();
    assert!(reader.join().unwrap().is_continue());
    assert_eq!(seen.iter().collect::<Vec<_>>(), ["pipe {}", "pipe ends"]);
}
