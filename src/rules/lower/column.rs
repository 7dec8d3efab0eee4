//! Columns of values, one for each place of a block, and bits made of them.
//!
//! It knows no plan and no document.

use crate::rules::compare::Op;

use super::block::PLACES;

/// A column of numbers, a missing one as NaN.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbers {
    pub(super) values: [f64; PLACES],
    pub(super) present: u64,
    /// The least and the most of those that are there; the wrong way round, if none is.
    least: f64,
    most: f64,
}

impl Numbers {
    /// A column of one value.
    pub(super) fn new(value: f64) -> Numbers {
        Numbers {
            values: [value; PLACES],
            present: 0,
            least: f64::INFINITY,
            most: f64::NEG_INFINITY,
        }
    }

    /// Looks at the first `count` values, once for all comparisons with them.
    pub(super) fn survey(&mut self, count: usize) {
        let (mut present, mut least, mut most) = (0, f64::INFINITY, f64::NEG_INFINITY);
        for (place, value) in self.values[..count].iter().enumerate() {
            present |= u64::from(!value.is_nan()) << place;
            // What is missing is NaN, which is neither less nor more.
            least = if *value < least { *value } else { least };
            most = if *value > most { *value } else { most };
        }
        (self.present, self.least, self.most) = (present, least, most);
    }

    /// The comparison's outcome, where it is the same for every value that is there: on most
    /// calls nothing is over a limit, and the values need not be looked at again.
    pub(super) fn all_alike(&self, op: Op, limit: f64) -> Option<bool> {
        let (least, most) = (self.least, self.most);
        let outside = limit < least || limit > most;
        match op {
            Op::Greater if most <= limit => Some(false),
            Op::Greater if least > limit => Some(true),
            Op::GreaterOrEqual if most < limit => Some(false),
            Op::GreaterOrEqual if least >= limit => Some(true),
            Op::Less if least >= limit => Some(false),
            Op::Less if most < limit => Some(true),
            Op::LessOrEqual if least > limit => Some(false),
            Op::LessOrEqual if most <= limit => Some(true),
            Op::Equal if outside => Some(false),
            Op::NotEqual if outside => Some(true),
            _ => None,
        }
    }
}

/// A bit for each of the first `count` values for which it holds.
#[inline]
pub(super) fn mask<T: Copy>(values: &[T; PLACES], count: usize, holds: impl Fn(T) -> bool) -> u64 {
    let mut word = 0;
    for (place, value) in values[..count].iter().enumerate() {
        word |= u64::from(holds(*value)) << place;
    }
    word
}

/// A bit for each value that keeps to a comparison with what stands at its place.
#[inline]
pub(super) fn compared(
    op: Op,
    values: &[f64; PLACES],
    count: usize,
    limit: impl Fn(usize) -> f64,
) -> u64 {
    match op {
        Op::Greater => pairs(values, count, limit, |a, b| a > b),
        Op::GreaterOrEqual => pairs(values, count, limit, |a, b| a >= b),
        Op::Less => pairs(values, count, limit, |a, b| a < b),
        Op::LessOrEqual => pairs(values, count, limit, |a, b| a <= b),
        Op::NotEqual => pairs(values, count, limit, |a, b| a != b),
        _ => pairs(values, count, limit, |a, b| a == b),
    }
}

#[inline(always)]
fn pairs(
    values: &[f64; PLACES],
    count: usize,
    limit: impl Fn(usize) -> f64,
    holds: impl Fn(f64, f64) -> bool,
) -> u64 {
    let mut word = 0;
    for (place, value) in values[..count].iter().enumerate() {
        word |= u64::from(holds(*value, limit(place))) << place;
    }
    word
}
