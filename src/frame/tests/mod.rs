//! Frames of small texts, of broken ones, and of texts cut anywhere.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod cases;
mod property;

use super::*;

/// Frames `text`, cut before each of `cuts`, and renders each frame as
/// `line:column text <fault>`; a collection's context follows after `@`, `+` is a next link.
fn frames(framing: Framing, open: Open, limit: usize, text: &[u8], cuts: &[usize]) -> Vec<String> {
    let mut framer = Framer::new(framing, FrameLimits { document: limit }, open);
    let mut batch = Batch::new();
    let mut from = 0;
    for &cut in cuts {
        framer.push(&text[from..cut], &mut batch);
        from = cut;
    }
    framer.push(&text[from..], &mut batch);
    framer.finish(&mut batch);
    batch.iter().map(|frame| render(&frame, text)).collect()
}

/// The same by [`Framer::read`], up to `most` bytes a read, with batches that go round.
fn read(framing: Framing, open: Open, limit: usize, text: &[u8], most: usize) -> Vec<String> {
    let mut framer = Framer::new(framing, FrameLimits { document: limit }, open);
    let (mut batch, mut chunk) = (Batch::new(), vec![0; most]);
    let (mut rest, mut found) = (text, Vec::new());
    loop {
        let from = |room: &mut [u8]| std::io::Read::read(&mut rest, room);
        let count = framer.read(&mut chunk, from, &mut batch).unwrap();
        if count == 0 {
            framer.finish(&mut batch);
        }
        found.extend(batch.iter().map(|frame| render(&frame, text)));
        if count == 0 {
            return found;
        }
        batch.clear();
    }
}

/// The frame of a text that is one document, where it lies; nothing if it is not told to be one.
fn alone(framing: Framing, open: Open, limit: usize, text: &[u8]) -> Option<Vec<String>> {
    let (mut batch, framer) = whole(framing, open, limit, text);
    let alone = framer.alone(&mut batch);
    marked(alone, &batch, text)
}

/// Where a text's document would stand, if it is one.
fn likely(framing: Framing, open: Open, limit: usize, text: &[u8]) -> Option<Vec<String>> {
    let (mut batch, framer) = whole(framing, open, limit, text);
    let likely = framer.likely(&mut batch);
    let found = marked(likely, &batch, text);
    batch.unmark();
    assert_eq!((batch.len(), batch.text()), (0, text));
    found
}

fn whole(framing: Framing, open: Open, limit: usize, text: &[u8]) -> (Batch, Framer) {
    let mut batch = Batch::new();
    let copy = |room: &mut [u8]| std::io::Read::read(&mut &*text, room);
    let count = batch.fill(text.len(), copy).unwrap();
    assert_eq!((count, batch.text()), (text.len(), text));
    let limits = FrameLimits { document: limit };
    (batch, Framer::new(framing, limits, open))
}

fn marked(told: bool, batch: &Batch, text: &[u8]) -> Option<Vec<String>> {
    assert_eq!((batch.text(), batch.len()), (text, usize::from(told)));
    told.then(|| batch.iter().map(|frame| render(&frame, text)).collect())
}

fn render(frame: &Frame<'_>, source: &[u8]) -> String {
    let at = frame.offset as usize;
    assert!(source[at..].starts_with(frame.bytes), "offset of {frame:?}");
    // A byte order mark at the start is no character.
    let mark = if source.starts_with(b"\xef\xbb\xbf") && at >= 3 {
        3
    } else {
        0
    };
    let before = &source[mark..at];
    let line_at = before
        .iter()
        .rposition(|&b| b == b'\n')
        .map_or(0, |i| i + 1);
    let line = 1 + before.iter().filter(|&&b| b == b'\n').count() as u64;
    let column = 1 + before[line_at..]
        .iter()
        .filter(|&&b| b & 0xC0 != 0x80)
        .count() as u64;
    assert_eq!(
        (frame.line, frame.column),
        (line, column),
        "place of {frame:?}"
    );
    assert_eq!(
        frame.bytes,
        frame.bytes.trim_ascii_end(),
        "blanks around {frame:?}"
    );
    let mut text = format!("{line}:{column} {}", frame.bytes.escape_ascii()).replace("\\\"", "\"");
    if let Some(context) = frame.context {
        text += &format!(" @{context}");
    }
    if frame.next_link {
        text += " +";
    }
    if let Some(fault) = frame.fault {
        assert!(!fault.to_string().is_empty());
        text += &format!(" <{}>", fault.code());
    }
    text
}

#[test]
fn names_of_framings_are_read_back() {
    for framing in Framing::ALL {
        assert_eq!(framing.to_string().parse(), Ok(framing));
    }
    let error = "nd-json".parse::<Framing>().unwrap_err().to_string();
    assert!(
        error.contains("`nd-json`") && error.contains("sequence"),
        "{error}"
    );
}

#[test]
fn a_framer_is_ready_again_after_the_end() {
    let mut framer = Framer::new(Framing::Auto, FrameLimits::default(), Open::CallRecords);
    let mut batch = Batch::new();
    for text in ["{\"a\":1}\n{\"b\":2}\n", "\u{feff}{\n}\n"] {
        framer.push(text.as_bytes(), &mut batch);
        framer.finish(&mut batch);
    }
    let places: Vec<_> = batch.iter().map(|f| (f.line, f.column, f.offset)).collect();
    assert_eq!(places, [(1, 1, 0), (2, 1, 8), (1, 1, 3)]);
}

#[test]
fn a_line_with_two_documents_is_split_on_request() {
    let text = b"{\"a\":1}\n {\"b\":2} {\"c\":3}[]\n";
    let mut framer = Framer::new(Framing::Auto, FrameLimits::default(), Open::CallRecords);
    let mut batch = Batch::new();
    framer.push(text, &mut batch);
    framer.finish(&mut batch);
    let whole = batch.get(1).unwrap();
    // It ends with `]`, so it was looked at; a line that ends with `}` is not; and an
    // empty array holds no document.
    assert_eq!(batch.len(), 3);
    assert!(!whole.split(&mut Batch::new()));

    let line = Frame {
        bytes: b"{\"b\":2} {\"c\":3}",
        offset: 9,
        line: 2,
        column: 2,
        element: true,
        context: None,
        next_link: false,
        whole: false,
        fault: None,
    };
    let said = Frame {
        whole: true,
        ..line
    };
    assert!(!said.split(&mut Batch::new()), "it was said to be one");
    let mut parts = Batch::new();
    assert!(line.split(&mut parts));
    let parts: Vec<_> = parts.iter().map(|frame| render(&frame, text)).collect();
    assert_eq!(parts, ["2:2 {\"b\":2}", "2:10 {\"c\":3}"]);
    for broken in ["{\"b\":2} x {}", "{} {", "{\"a\":1}}", "{}"] {
        let line = Frame {
            bytes: broken.as_bytes(),
            ..line
        };
        assert!(!line.split(&mut Batch::new()), "{broken}");
    }
}

#[test]
fn an_endless_array_is_read_in_the_memory_of_one_element() {
    let mut framer = Framer::new(
        Framing::Auto,
        FrameLimits { document: 64 },
        Open::CallRecords,
    );
    let (mut batch, mut seen) = (Batch::new(), 0);
    framer.push(b"{\"value\": [", &mut batch);
    for _ in 0..10_000 {
        framer.push(b"{\"version\": 1},\n ", &mut batch);
        seen += batch
            .iter()
            .filter(|f| f.bytes == b"{\"version\": 1}")
            .count();
        batch.clear();
    }
    framer.push(b"{}], \"@odata.nextLink\": \"https://x\"}", &mut batch);
    framer.finish(&mut batch);
    assert_eq!(seen, 10_000);
    assert_eq!(batch.len(), 1);
    assert!(batch.bytes_capacity() < 4096);
}
