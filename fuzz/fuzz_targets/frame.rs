//! Do frames depend on where the reads were cut? And do they lie where they say?
//!
//! The same bytes are pushed at once, pushed in pieces, read, and framed where they lie; all frames must agree. Each
//! frame's bytes are looked up in the source at its offset, and its line and
//! column counted anew. Four bytes choose framing, limit and cuts.

#![no_main]

use libfuzzer_sys::fuzz_target;
use qualwatch::frame::{Batch, FrameLimits, Framer, Framing, Open};

fuzz_target!(|data: &[u8]| {
    let Some((&[how, limit, piece, step], text)) = data.split_first_chunk::<4>() else {
        return;
    };
    let framing = Framing::ALL[usize::from(how) % Framing::ALL.len()];
    let open = if how & 64 == 0 {
        Open::CallRecords
    } else {
        Open::Never
    };
    let limits = FrameLimits {
        document: if limit == 0 {
            16 << 20
        } else {
            usize::from(limit)
        },
    };

    let mut whole = Batch::new();
    let mut framer = Framer::new(framing, limits, open);
    framer.push(text, &mut whole);
    framer.finish(&mut whole);

    let mut pieces = Batch::new();
    let (mut rest, mut size) = (text, usize::from(piece));
    while !rest.is_empty() {
        let (now, later) = rest.split_at(size.clamp(1, rest.len()));
        framer.push(now, &mut pieces);
        framer.push(&[], &mut pieces);
        rest = later;
        size = (size + usize::from(step)) % 97;
    }
    framer.finish(&mut pieces);

    // Read to where they stay, and pushed at once: the same frames.
    let mut unread = text;
    let mut chunk = [0; 256];
    let chunk = &mut chunk[..usize::from(piece).max(1)];
    let (mut read, mut seen) = (Batch::new(), 0);
    loop {
        read.clear();
        let from = |room: &mut [u8]| std::io::Read::read(&mut unread, room);
        let count = framer.read(chunk, from, &mut read).expect("in memory");
        if count == 0 {
            framer.finish(&mut read);
        }
        for frame in read.iter() {
            assert_eq!(whole.get(seen), Some(frame));
            seen += 1;
        }
        if count == 0 {
            break;
        }
    }
    assert_eq!(whole.len(), seen);

    // Framed where it lies, if it is one document.
    let mut alone = Batch::new();
    let fill = |room: &mut [u8]| std::io::Read::read(&mut &*text, room);
    alone.fill(text.len(), fill).expect("in memory");
    if Framer::new(framing, limits, open).alone(&mut alone) {
        assert_eq!((whole.len(), alone.len()), (1, 1));
        assert_eq!(whole.get(0), alone.get(0));
    }

    assert_eq!(whole.len(), pieces.len());
    for (one, other) in whole.iter().zip(pieces.iter()) {
        assert_eq!(one, other);
        let offset = usize::try_from(one.offset).expect("in memory");
        assert!(text[offset..].starts_with(one.bytes));
        if one.fault.is_none() {
            assert!(!one.bytes.is_empty() && !b" \t\r\n".contains(&one.bytes[0]));
        }
        // A byte order mark at the start is no character.
        let mark = if text.starts_with(b"\xef\xbb\xbf") && offset >= 3 {
            3
        } else {
            0
        };
        let before = &text[mark..offset];
        let lines = before.iter().filter(|byte| **byte == b'\n').count();
        assert_eq!(one.line, 1 + lines as u64);
        let start = before
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let begins = |byte: &&u8| !(0x80..0xC0).contains(*byte);
        assert_eq!(
            one.column,
            1 + before[start..].iter().filter(begins).count() as u64
        );
    }
});
