//! The form of a building file: its encoding, what separates its columns, and where cells lie.
//!
//! The `csv` crate reads the values; what is here says where they stand, for faults alone. It
//! knows no column and judges no value.

use std::ops::Range as Span;
use std::sync::Arc;

use crate::diagnostic::{Fault, Faults, Place, Sources, Tone};

/// The bytes as UTF-8, without a byte order mark.
pub(super) fn decode<'b>(file: &Arc<str>, bytes: &'b [u8]) -> Result<&'b str, Faults> {
    let sixteen = bytes.starts_with(&[0xff, 0xfe])
        || bytes.starts_with(&[0xfe, 0xff])
        || bytes.iter().take(64).any(|byte| *byte == 0);
    if sixteen {
        let help =
            "save it as UTF-8; Excel calls that `CSV UTF-8`, and its `Unicode Text` is UTF-16";
        let what = format!("the sites file {file} is UTF-16, wanted UTF-8");
        return Err(Faults::of_file(what, Some(help.to_owned())));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let good = std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default();
        let place = Place::of_span(file, good, good.len()..good.len());
        let byte = bytes.get(good.len()).copied().unwrap_or_default();
        let what = format!("the byte 0x{byte:02x} is no UTF-8");
        let help = "save the file as UTF-8; Excel calls that `CSV UTF-8`";
        Faults {
            tone: Tone::Error,
            faults: vec![Fault::new(Some(place), what).help(help)],
            more: 0,
            // Up to the byte it is the same text.
            sources: Sources::from([(Arc::clone(file), String::from_utf8_lossy(bytes).into())]),
        }
    })
}

/// What stands between the columns, told from the first line that is not empty.
pub(super) fn delimiter(text: &str) -> u8 {
    let line = text
        .lines()
        .find(|line| !line.is_empty())
        .unwrap_or_default();
    let columns = |sign: u8| cells(line, 0, sign).count();
    let fits = |sign: &u8| (14..=15).contains(&columns(*sign));
    [b'\t', b',', b';']
        .into_iter()
        .find(fits)
        .unwrap_or(if columns(b'\t') > columns(b',') {
            b'\t'
        } else {
            b','
        })
}

/// The cells of the record that begins at `start`, as they lie in the text, quotes included.
pub(super) fn cells(text: &str, start: usize, delimiter: u8) -> impl Iterator<Item = Span<usize>> {
    let bytes = text.as_bytes();
    let mut next = Some(start);
    std::iter::from_fn(move || {
        let from = next.take()?;
        let mut at = from;
        let mut quoted = bytes.get(at) == Some(&b'"');
        if quoted {
            at += 1;
        }
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'"' if quoted && bytes.get(at + 1) == Some(&b'"') => at += 1,
                b'"' if quoted => quoted = false,
                b'\n' | b'\r' if !quoted => break,
                byte if *byte == delimiter && !quoted => {
                    next = Some(at + 1);
                    break;
                }
                _ => {}
            }
            at += 1;
        }
        Some(from..at)
    })
}
