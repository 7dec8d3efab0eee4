//! What each rule costs: measured on the first documents, for whoever asks.

use std::sync::Arc;

use crate::rules::Evaluator;
use crate::rules::facts::Facts;

/// Each worker measures on so many documents: a rule takes up to half a millisecond on each.
const DOCUMENTS: usize = 20;

/// How many documents are still to be measured.
#[derive(Debug)]
pub(super) struct Costs(usize);

impl Costs {
    pub(super) fn new(wanted: bool) -> Costs {
        Costs(if wanted { DOCUMENTS } else { 0 })
    }

    /// For each rule what it takes for one place of this document, in nanoseconds; nothing once
    /// enough was measured.
    pub(super) fn measure(
        &mut self,
        evaluator: &Evaluator,
        facts: &Arc<Facts>,
    ) -> Vec<Option<f64>> {
        if self.0 == 0 {
            return Vec::new();
        }
        self.0 -= 1;
        let numbers = 0..evaluator.rules().rules().len();
        numbers
            .map(|number| evaluator.cost(number, facts))
            .collect()
    }
}
