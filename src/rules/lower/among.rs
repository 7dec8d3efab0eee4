//! What an `in` lists, to be asked whether it has a value.
//!
//! Short lists are looked through; long texts lie in a set, long numbers in order.

use rustc_hash::FxHashSet;

/// The constants of an `in`.
#[derive(Debug)]
pub(super) enum Among {
    Few(Box<[Box<str>]>),
    Many(FxHashSet<Box<str>>),
}

/// Up to so many constants are compared one by one.
const FEW: usize = 8;

impl Among {
    pub(super) fn of(texts: &[Box<str>]) -> Among {
        if texts.len() <= FEW {
            Among::Few(texts.into())
        } else {
            Among::Many(texts.iter().cloned().collect())
        }
    }

    pub(super) fn has(&self, text: &str) -> bool {
        match self {
            Among::Few(texts) => texts.iter().any(|known| **known == *text),
            Among::Many(texts) => texts.contains(text),
        }
    }
}

/// Whether a number is one of an ascending list.
pub(super) fn among(numbers: &[f64], number: f64) -> bool {
    if numbers.len() <= FEW {
        return numbers.contains(&number);
    }
    let at = numbers.partition_point(|known| *known < number);
    numbers.get(at) == Some(&number)
}
