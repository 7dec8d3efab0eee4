//! Strings, numbers and the rest: whether a walk over a text may go on behind them.
//!
//! What [`crate::schema::run`] would note or refuse is given up at.

use simd_json::StaticNode;

use super::walk::Walk;
use super::{ANY, Step};
use crate::record::token::{Figure, Form};
use crate::record::{Number, units};
use crate::schema::program::{NOTHING, Site, Types};

impl Walk<'_, '_> {
    /// Whether a number of which little is asked is that.
    #[inline(always)]
    pub(super) fn is_within(&self, step: &Step, figure: Figure) -> Option<()> {
        let wanted = match figure.form() {
            Form::Fraction => Types::NUMBER,
            Form::Natural | Form::Negative => Types::INTEGER,
        };
        let within = step.range == ANY || {
            let (low, high) = *self.course.ranges.get(step.range as usize)?;
            let value = figure.value();
            value >= low && value <= high
        };
        if figure.is_none() {
            return None;
        }
        if step.types.has(wanted) && within {
            return Some(());
        }
        self.is_number_right(self.site(step.site), figure)
    }

    #[inline(never)]
    pub(super) fn is_number_right(&self, site: &Site, figure: Figure) -> Option<()> {
        let (number, types) = match figure.node() {
            StaticNode::F64(value) => (Number::F64(value), Types::NUMBER),
            StaticNode::I64(value) => (Number::I64(value), Types::INTEGER),
            StaticNode::U64(value) => (Number::U64(value), Types::INTEGER),
            StaticNode::Null | StaticNode::Bool(_) => return None,
        };
        if figure.is_none() {
            return None;
        }
        let exactly = match number {
            Number::F64(value) if value.fract() != 0.0 => Types::FRACTION,
            _ => Types::INTEGER,
        };
        let accepted =
            site.combined == NOTHING && site.accepts.has(exactly) && !site.unsure.meets(types);
        let check = self.program.numbers.get(site.number as usize);
        let right = check.is_none_or(|check| check.is_right(number));
        let expected = match self.program.ranges.get(site.range as usize) {
            Some(range) if !range.duration => {
                let value = number.as_f64();
                value >= range.low && value <= range.high
            }
            _ => true,
        };
        (accepted && right && expected).then_some(())
    }

    #[inline(never)]
    pub(super) fn is_text_right(&mut self, site: &Site, text: &str) -> Option<()> {
        if site.combined != NOTHING {
            return None;
        }
        is_accepted(site, Types::STRING)?;
        if let Some(check) = self.program.texts.get(site.text as usize)
            && !check.is_right(text)
        {
            return None;
        }
        if let Some(members) = self.program.members.get(site.members as usize) {
            let [last, before] = self.guesses.get_mut(members.guess)?;
            if !members.names.is(*last as usize, text) {
                // Often two of them take turns.
                let place = members.names.find(text, *before as usize)?;
                (*last, *before) = (place as u32, *last);
            }
        }
        let odd = |low: f64, high: f64| {
            units::duration(text).is_some_and(|millis| millis.0 < low || millis.0 > high)
        };
        if let Some(range) = self.program.ranges.get(site.range as usize)
            && range.duration
            && (text.starts_with('-') || range.high.is_finite() || range.low > 0.0)
            && odd(range.low, range.high)
        {
            return None;
        }
        Some(())
    }
}

#[inline(always)]
pub(super) fn is_accepted(site: &Site, types: Types) -> Option<()> {
    (site.accepts.has(types) && !site.unsure.meets(types)).then_some(())
}

#[inline]
pub(super) fn literal(bytes: &[u8], at: usize) -> Option<(StaticNode, Types, usize)> {
    let left = bytes.get(at..)?;
    if left.starts_with(b"null") {
        Some((StaticNode::Null, Types::NULL, at + 4))
    } else if left.starts_with(b"true") {
        Some((StaticNode::Bool(true), Types::TRUE, at + 4))
    } else if left.starts_with(b"false") {
        Some((StaticNode::Bool(false), Types::FALSE, at + 5))
    } else {
        None
    }
}
