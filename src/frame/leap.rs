//! Leaps of the structural scan: whole blocks of which it is plain that no decision is due in them.
//!
//! What a leap leaves behind is what [`Scan::run`] would leave, byte by byte. At anything else (an
//! escape, a depth at which somebody waits, a closer of the wrong kind, an opener that may begin
//! another document) it stops before the block, and the bytes decide. Which blocks are leapt over hangs
//! on where the reads were cut; so that frames do not, holds the two together.

use crate::lane::{self, BLOCK, Look, OverBlocks, is_blank};

use super::scan::{Prev, Scan};

/// Levels whose kinds are one word.
const LEVELS: usize = 64;

/// A leap that begins at a place of the text, whose first byte has the offset `base`.
struct Leap<'s, 't> {
    scan: &'s mut Scan,
    text: &'t [u8],
    base: u64,
    from: usize,
}

impl OverBlocks for Leap<'_, '_> {
    type Found = usize;

    #[inline(always)]
    fn go<L: Look>(self) -> usize {
        let Leap {
            scan,
            text,
            base,
            from,
        } = self;
        // At these depths and above something is waited for.
        let floor = scan.comma_at.max(scan.close_at).max(usize::from(scan.keys));
        let (blocks, _) = text.get(from..).unwrap_or_default().as_chunks::<BLOCK>();
        if scan.escape || scan.depth <= floor || blocks.is_empty() {
            return from;
        }
        let (mut at, mut newline) = (from, None);
        let mut string = if scan.string { u64::MAX } else { 0 };
        for bytes in blocks {
            let block = L::block(bytes);
            let inside = L::prefix_xor(block.quotes) ^ string;
            if block.odd | block.newlines & inside != 0 {
                break;
            }
            let brackets = block.brackets & !inside;
            if brackets != 0 && !scan.nest(text, at, brackets, floor) {
                break;
            }
            if let Some(last) = block.newlines.checked_ilog2() {
                newline = Some(at + last as usize);
            }
            string = all_like_last(inside);
            at += BLOCK;
        }
        if at > from {
            scan.string = string != 0;
            scan.settle::<L>(
                &text[from..at],
                base + from as u64,
                newline.map(|it| it - from),
            );
        }
        at
    }
}

impl Scan {
    /// Goes over whole blocks from `from` on; gives what is behind them.
    #[inline]
    pub(super) fn leap(&mut self, text: &[u8], base: u64, from: usize) -> usize {
        lane::go_over(Leap {
            scan: self,
            text,
            base,
            from,
        })
    }

    /// Goes over the brackets of the block at `at`; whether it could. It is far from each block that
    /// has some.
    fn nest(&mut self, text: &[u8], at: usize, mut brackets: u64, floor: usize) -> bool {
        let Some(kinds) = self.kinds.first_mut() else {
            return false;
        };
        let (mut depth, mut now) = (self.depth, *kinds);
        while brackets != 0 {
            let here = at + brackets.trailing_zeros() as usize;
            brackets &= brackets - 1;
            if depth >= LEVELS {
                return false;
            }
            // Square brackets are a bit below braces, and closers two bytes behind openers.
            let byte = text[here];
            let array = u64::from(byte & 0x20 == 0);
            if byte & 0b110 == 0b010 {
                if begins_line(&text[..here], self.resync_indent) {
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
        true
    }

    /// What else there is to know behind blocks that were gone over, the first byte of which has the
    /// offset `from`, with their last newline.
    #[inline(always)]
    fn settle<L: Look>(&mut self, blocks: &[u8], from: u64, newline: Option<usize>) {
        let mut rest = 0;
        if let Some(newline) = newline {
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
            let inside = L::prefix_xor(L::block(bytes).quotes);
            string ^= all_like_last(inside) != 0;
            let inside = if string { !inside } else { inside };
            let outside = L::solid(bytes) & !inside;
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

/// The last bit of a block, for all of the next one.
#[inline(always)]
fn all_like_last(bits: u64) -> u64 {
    (bits.cast_signed() >> (u64::BITS - 1)).cast_unsigned()
}
