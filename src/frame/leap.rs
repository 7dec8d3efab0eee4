//! Leaps of the structural scan: whole blocks of which it is plain that no decision is due in them.
//!
//! What a leap leaves behind is what [`Scan::run`] would leave, byte by byte. At anything else (an
//! escape, a depth at which somebody waits, a closer of the wrong kind, an opener that may begin
//! another document) it stops before the block, and the bytes decide. Which blocks are leapt over hangs
//! on where the reads were cut; so that frames do not, holds the two together.

use crate::lane::{self, BLOCK, is_blank};

use super::scan::{Prev, Scan};

/// Levels whose kinds are one word.
const LEVELS: usize = 64;

impl Scan {
    /// Goes over whole blocks from `from` on; gives what is behind them.
    #[inline]
    pub(super) fn leap(&mut self, text: &[u8], base: u64, from: usize) -> usize {
        // At these depths and above something is waited for.
        let floor = self.comma_at.max(self.close_at).max(usize::from(self.keys));
        let mut at = from;
        while self.depth > floor
            && !self.escape
            && let Some(block) = text.get(at..).and_then(<[u8]>::first_chunk)
            && self.over(text, at, block, floor)
        {
            at += BLOCK;
        }
        if at > from {
            self.settle(&text[from..at], base + from as u64);
        }
        at
    }

    /// Goes over one block, which stands at `at` of the text; whether it could.
    #[inline(always)]
    fn over(&mut self, text: &[u8], at: usize, bytes: &[u8; BLOCK], floor: usize) -> bool {
        let block = lane::block(bytes);
        let inside = inside(block.quotes, self.string);
        if block.odd | block.newlines & inside != 0 {
            return false;
        }
        let mut brackets = block.brackets & !inside;
        if brackets != 0 {
            let Some(kinds) = self.kinds.first_mut() else {
                return false;
            };
            let (mut depth, mut now) = (self.depth, *kinds);
            while brackets != 0 {
                let bit = brackets.trailing_zeros() as usize;
                brackets &= brackets - 1;
                if depth >= LEVELS {
                    return false;
                }
                // Square brackets are a bit below braces, and closers two bytes behind openers.
                let byte = bytes[bit & (BLOCK - 1)];
                let array = u64::from(byte & 0x20 == 0);
                if byte & 0b110 == 0b010 {
                    if begins_line(&text[..at + bit], self.resync_indent) {
                        return false;
                    }
                    now = now & !(1 << depth) | array << depth;
                    depth += 1;
                } else {
                    depth -= 1;
                    if depth <= floor || now >> depth & 1 != array {
                        return false;
                    }
                }
            }
            self.depth = depth;
            *kinds = now;
        }
        self.string = inside >> (BLOCK - 1) & 1 == 1;
        true
    }

    /// What else there is to know behind blocks that were gone over, the first byte of which has the
    /// offset `from`.
    fn settle(&mut self, blocks: &[u8], from: u64) {
        let mut rest = 0;
        if let Some(newline) = memchr::memrchr(b'\n', blocks) {
            rest = newline + 1;
            self.new_line(from + rest as u64);
        }
        if self.fresh {
            let ink = blocks[rest..].iter().position(|byte| !is_blank(*byte));
            if let Some(ink) = ink {
                self.indent = from + (rest + ink) as u64 - self.line_at;
                self.fresh = false;
            }
        }
        // What stood last outside of strings, looked for from the end.
        let mut string = self.string;
        let (blocks, _) = blocks.as_chunks::<BLOCK>();
        for bytes in blocks.iter().rev() {
            let quotes = lane::block(bytes).quotes;
            string ^= quotes.count_ones() % 2 == 1;
            let outside = lane::solid_block(bytes) & !inside(quotes, string);
            if outside != 0 {
                self.prev = match bytes[outside.ilog2() as usize] {
                    b'{' | b'[' => Prev::Open,
                    b',' => Prev::Comma,
                    b':' => Prev::Colon,
                    _ => Prev::Value,
                };
                return;
            }
        }
    }
}

/// Whether an opener behind `before` begins its line, no deeper than `indent`. Where the line's beginning
/// is not there any more, it may.
fn begins_line(before: &[u8], indent: u64) -> bool {
    let ink = before
        .iter()
        .rposition(|byte| !is_blank(*byte) || *byte == b'\n');
    let blanks = before.len() - ink.map_or(0, |ink| ink + 1);
    match ink {
        Some(ink) => before[ink] == b'\n' && blanks as u64 <= indent,
        None => true,
    }
}

/// Where a block is inside of strings, if its beginning is or is not: from each quote that opens one to
/// the byte before the one that closes it.
#[inline(always)]
fn inside(quotes: u64, string: bool) -> u64 {
    let inside = prefix_xor(quotes);
    if string { !inside } else { inside }
}

/// Of each bit, the sum modulo two of it and all before it.
#[inline]
fn prefix_xor(mut bits: u64) -> u64 {
    for by in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << by;
    }
    bits
}
