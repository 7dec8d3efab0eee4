//! Leaps of the structural scan: whole blocks of which it is plain that no decision is due in them.
//!
//! What a leap leaves behind is what [`Scan::run`] would leave, byte by byte. At anything else (an
//! escape, a depth at which somebody waits, a closer of the wrong kind, an opener that may begin
//! another document) it stops before the block, and the bytes decide. Which blocks are leapt over hangs
//! on where the reads were cut; so that frames do not, holds the two together.

use crate::lane::{self, BLOCK, Block};

use super::scan::{Prev, Scan};

/// Levels whose kinds are one word.
const LEVELS: usize = 64;

impl Scan {
    /// Goes over whole blocks from `at` on; gives what is behind them.
    #[inline]
    pub(super) fn leap(&mut self, text: &[u8], base: u64, mut at: usize) -> usize {
        // At these depths and above something is waited for.
        let floor = self.comma_at.max(self.close_at).max(usize::from(self.keys));
        while self.depth > floor
            && !self.escape
            && let Some(bytes) = text.get(at..).and_then(<[u8]>::first_chunk::<BLOCK>)
        {
            let block = lane::block(bytes);
            if !self.over(bytes, &block, base + at as u64, floor) {
                break;
            }
            at += BLOCK;
        }
        at
    }

    /// Goes over one block, whose first byte has the offset `from`; whether it could.
    #[inline]
    fn over(&mut self, bytes: &[u8; BLOCK], block: &Block, from: u64, floor: usize) -> bool {
        if block.odd != 0 {
            return false;
        }
        // From each quote that opens to the byte before the one that closes.
        let mut inside = prefix_xor(block.quotes);
        if self.string {
            inside = !inside;
        }
        if block.newlines & inside != 0 {
            return false;
        }
        let mut brackets = (block.openers | block.closers) & !inside;
        if brackets != 0 {
            let Some(kinds) = self.kinds.first().copied() else {
                return false;
            };
            let (mut depth, mut kinds) = (self.depth, kinds);
            while brackets != 0 {
                let bit = brackets.trailing_zeros();
                brackets &= brackets - 1;
                let array = u64::from(block.square >> bit & 1 == 1);
                if depth >= LEVELS {
                    return false;
                }
                if block.openers >> bit & 1 == 1 {
                    if self.begins_line(block, bit, from) {
                        return false;
                    }
                    kinds = kinds & !(1 << depth) | array << depth;
                    depth += 1;
                } else {
                    depth -= 1;
                    if depth <= floor || kinds >> depth & 1 != array {
                        return false;
                    }
                }
            }
            self.depth = depth;
            if let Some(first) = self.kinds.first_mut() {
                *first = kinds;
            }
        }
        self.string = inside >> (BLOCK - 1) & 1 == 1;
        let outside = block.ink & !inside;
        if outside != 0 {
            let last = outside.ilog2() as usize;
            self.prev = match bytes[last] {
                b'{' | b'[' => Prev::Open,
                b',' => Prev::Comma,
                b':' => Prev::Colon,
                _ => Prev::Value,
            };
        }
        if block.newlines != 0 {
            let behind = block.newlines.ilog2() + 1;
            self.new_line(from + u64::from(behind));
            self.ink(block.ink.checked_shr(behind).unwrap_or(0), 0);
        } else {
            self.ink(block.ink, from - self.line_at.min(from));
        }
        true
    }

    /// Of the rest of a line, `before` of whose bytes are known to be blank.
    #[inline]
    fn ink(&mut self, ink: u64, before: u64) {
        if self.fresh && ink != 0 {
            self.indent = before + u64::from(ink.trailing_zeros());
            self.fresh = false;
        }
    }

    /// Whether the opener at `bit` begins its line, no deeper than its document began.
    #[inline]
    fn begins_line(&self, block: &Block, bit: u32, from: u64) -> bool {
        let before = (1u64 << bit) - 1;
        let newlines = block.newlines & before;
        let (line_at, blank) = if newlines != 0 {
            let behind = newlines.ilog2() + 1;
            let line = before & !((1u64 << behind) - 1);
            (from + u64::from(behind), block.ink & line == 0)
        } else {
            (self.line_at, self.fresh && block.ink & before == 0)
        };
        blank && from + u64::from(bit) - line_at <= self.resync_indent
    }
}

/// Of each bit, the sum modulo two of it and all before it.
#[inline]
fn prefix_xor(mut bits: u64) -> u64 {
    for by in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << by;
    }
    bits
}
