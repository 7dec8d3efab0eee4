//! How readings are spread: exact for as many as fit, then a sketch of known accuracy.
//!
//! The first 100,000 values of a comparison are kept as they are; beyond them a DDSketch stands for
//! all, whose quantiles are within 0.1 % of a value that was read. How many held, did not, or were
//! missing is counted exactly, always.

use sketches_ddsketch::{Config, DDSketch};

/// Values kept as they are.
const KEPT: usize = 100_000;
/// Relative accuracy of the sketch.
const ACCURACY: f64 = 0.001;

/// The readings of one comparison.
#[derive(Default)]
pub(super) struct Spread {
    values: Vec<f64>,
    sketch: Option<DDSketch>,
    /// how many were read
    pub(super) read: u64,
    /// for how many the comparison held
    pub(super) held: u64,
    /// how many were missing
    pub(super) missing: u64,
    /// places where it is not known whether the comparison is asked at all
    pub(super) perhaps: u64,
    least: f64,
    most: f64,
}

impl Spread {
    pub(super) fn add(&mut self, value: f64, held: bool) {
        if self.read == 0 {
            (self.least, self.most) = (value, value);
        }
        self.least = self.least.min(value);
        self.most = self.most.max(value);
        self.read += 1;
        self.held += u64::from(held);
        match &mut self.sketch {
            Some(sketch) => sketch.add(value),
            None => {
                self.values.push(value);
                if self.values.len() > KEPT {
                    let mut sketch = DDSketch::new(Config::new(ACCURACY, 1 << 16, 1e-9));
                    self.values.drain(..).for_each(|value| sketch.add(value));
                    self.values = Vec::new();
                    self.sketch = Some(sketch);
                }
            }
        }
    }

    /// Puts the values in order, for what follows.
    pub(super) fn sorted(&self) -> Sorted<'_> {
        let mut values = self.values.clone();
        values.sort_by(f64::total_cmp);
        Sorted {
            spread: self,
            values,
        }
    }
}

/// The readings in order.
pub(super) struct Sorted<'s> {
    spread: &'s Spread,
    values: Vec<f64>,
}

impl Sorted<'_> {
    pub(super) fn is_exact(&self) -> bool {
        self.spread.sketch.is_none()
    }

    pub(super) fn least(&self) -> f64 {
        self.spread.least
    }

    pub(super) fn most(&self) -> f64 {
        self.spread.most
    }

    /// The value that a share of the readings is not above: the nearest rank.
    pub(super) fn quantile(&self, share: f64) -> Option<f64> {
        if let Some(sketch) = &self.spread.sketch {
            let value = sketch.quantile(share).ok().flatten()?;
            return Some(value.clamp(self.spread.least, self.spread.most));
        }
        let rank = (share * self.values.len() as f64).ceil() as usize;
        self.values.get(rank.saturating_sub(1)).copied()
    }

    /// The share of the readings that are not above a value.
    fn share(&self, value: f64) -> f64 {
        if self.spread.sketch.is_none() {
            let upto = self.values.partition_point(|it| *it <= value);
            return upto as f64 / self.values.len().max(1) as f64;
        }
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..24 {
            let middle = (low + high) / 2.0;
            match self.quantile(middle) {
                Some(there) if there <= value => low = middle,
                _ => high = middle,
            }
        }
        if value >= self.spread.most { 1.0 } else { low }
    }

    /// The shares of equal stretches from `from` to `to`; the last has all beyond as well.
    pub(super) fn stretches(&self, from: f64, to: f64, number: usize) -> Vec<f64> {
        let step = (to - from) / number as f64;
        let mut before = 0.0;
        (1..=number)
            .map(|at| {
                let upto = match at == number {
                    true => 1.0,
                    false => self.share(from + step * at as f64),
                };
                let share = (upto - before).max(0.0);
                before = upto;
                share
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_exact_while_the_values_are_kept_and_near_beyond() {
        let mut few = Spread::default();
        (1..=100).for_each(|value| few.add(f64::from(value), value > 90));
        let few = few.sorted();
        assert!(few.is_exact());
        assert_eq!(few.quantile(0.5), Some(50.0));
        assert_eq!(few.quantile(0.99), Some(99.0));
        assert_eq!(few.stretches(0.0, 100.0, 4), [0.25, 0.25, 0.25, 0.25]);
        let mut many = Spread::default();
        (1..=200_000).for_each(|value| many.add(f64::from(value), false));
        assert_eq!((many.read, many.held), (200_000, 0));
        let many = many.sorted();
        assert!(!many.is_exact());
        let half = many.quantile(0.5).expect("a value");
        assert!((half - 100_000.0).abs() < 200.0, "{half}");
        assert!((many.stretches(0.0, 200_000.0, 2)[0] - 0.5).abs() < 0.01);
    }
}
