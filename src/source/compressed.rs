//! Gzip and zstd, told by their first bytes and decompressed as they are read.
//!
//! Several members or frames one after the other are one text. The limit is on what comes out,
//! so that a small file cannot become an endless one.
//!
//! Names do not matter: a `.gz` that is plain text is read as plain text.

use std::io::{self, BufReader, Cursor, Read};

use flate2::bufread::MultiGzDecoder;

use super::error::SourceError;

/// Bytes that must be there to tell the format.
const MAGIC: usize = 4;

/// Largest window of a zstd frame, as a power of two: 128 MiB, the format's own default limit.
const WINDOW_LOG: u32 = 27;

type Input<R> = BufReader<io::Chain<Cursor<Vec<u8>>, R>>;

enum Stream<R: Read> {
    Plain(io::Chain<Cursor<Vec<u8>>, R>),
    Gzip(Box<MultiGzDecoder<Input<R>>>),
    Zstd(Box<zstd::stream::read::Decoder<'static, Input<R>>>),
    /// There is more than the limit; the next read says so.
    Over(&'static str),
    /// An error was reported; there is no more.
    Ended,
}

/// A reader of what a source holds, compressed or not.
pub(crate) struct Decoded<R: Read> {
    stream: Stream<R>,
    limit: u64,
    /// Bytes that came out.
    offset: u64,
}

impl<R: Read> Decoded<R> {
    pub(crate) fn new(mut reader: R, limit: u64, chunk: usize) -> Result<Decoded<R>, SourceError> {
        let failed = |error| SourceError::Read { offset: 0, error };
        let mut magic = Vec::with_capacity(MAGIC);
        // A slow pipe may begin with less than four bytes; without a magic byte none is awaited.
        while magic.len() < MAGIC && could_be_compressed(&magic) {
            let mut buf = [0; MAGIC];
            match reader.read(&mut buf[..MAGIC - magic.len()]) {
                Ok(0) => break,
                Ok(n) => magic.extend_from_slice(&buf[..n]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(failed(error)),
            }
        }
        let (gzip, zstd) = (is_gzip(&magic), is_zstd(&magic));
        let chain = Cursor::new(magic).chain(reader);
        let stream = if gzip {
            let input = BufReader::with_capacity(chunk, chain);
            Stream::Gzip(Box::new(MultiGzDecoder::new(input)))
        } else if zstd {
            let input = BufReader::with_capacity(chunk, chain);
            let mut decoder = zstd::stream::read::Decoder::with_buffer(input).map_err(failed)?;
            decoder.window_log_max(WINDOW_LOG).map_err(failed)?;
            Stream::Zstd(Box::new(decoder))
        } else {
            Stream::Plain(chain)
        };
        Ok(Decoded {
            stream,
            limit,
            offset: 0,
        })
    }

    fn format(&self) -> Option<&'static str> {
        match self.stream {
            Stream::Gzip(_) => Some("gzip"),
            Stream::Zstd(_) => Some("zstd"),
            Stream::Plain(_) | Stream::Over(_) | Stream::Ended => None,
        }
    }

    /// Reads what is there, up to the length of `buf`; 0 at the end.
    pub(crate) fn read(&mut self, buf: &mut [u8]) -> Result<usize, SourceError> {
        if let Stream::Over(format) = self.stream {
            self.stream = Stream::Ended;
            let limit = self.limit;
            return Err(SourceError::Expands { format, limit });
        }
        let read = loop {
            let read = match &mut self.stream {
                Stream::Plain(reader) => reader.read(buf),
                Stream::Gzip(reader) => reader.read(buf),
                Stream::Zstd(reader) => reader.read(buf),
                Stream::Over(_) | Stream::Ended => Ok(0),
            };
            match read {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        let offset = self.offset;
        match (read, self.format()) {
            (Ok(read), Some(format)) if read as u64 > self.limit - offset => {
                // What is within the limit is still given.
                let within = (self.limit - offset) as usize;
                self.stream = Stream::Over(format);
                self.offset = self.limit;
                match within {
                    0 => self.read(buf),
                    _ => Ok(within),
                }
            }
            (Ok(read), _) => {
                self.offset += read as u64;
                Ok(read)
            }
            (Err(error), Some(format)) => {
                self.stream = Stream::Ended;
                Err(SourceError::Corrupt {
                    format,
                    offset,
                    error,
                })
            }
            (Err(error), None) => {
                self.stream = Stream::Ended;
                Err(SourceError::Read { offset, error })
            }
        }
    }
}

/// Whether a text that begins so is not read as it is.
pub(crate) fn is_compressed(head: &[u8]) -> bool {
    is_gzip(head) || is_zstd(head)
}

fn is_gzip(head: &[u8]) -> bool {
    head.starts_with(b"\x1F\x8B")
}

/// A frame of zstd, or one without content, as pzstd writes one first.
fn is_zstd(head: &[u8]) -> bool {
    head.starts_with(b"\x28\xB5\x2F\xFD") || matches!(head, [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..])
}

fn could_be_compressed(magic: &[u8]) -> bool {
    let begins = |whole: &[u8]| whole.starts_with(magic);
    begins(b"\x28\xB5\x2F\xFD")
        || (magic.len() < 2 && begins(b"\x1F\x8B"))
        || (matches!(magic.first(), Some(0x50..=0x5F)) && b"\x2A\x4D\x18".starts_with(&magic[1..]))
}
