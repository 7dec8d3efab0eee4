//! Strings, numbers and the rest: what a site asks of them, and what a survey looks for.

use std::cmp::Ordering;

use serde_json::Number as Limit;
use simd_json::{Node, StaticNode};

use super::Walk;
use crate::record::cursor::{Cursor, Value};
use crate::record::{Item, Number, units};
use crate::schema::pattern;
use crate::schema::program::{Bound, End, NOTHING, NumberCheck, Site, TextCheck, Types};
use crate::schema::survey::Raw;

impl<'w, 't, C: Cursor<'t>> Walk<'w, 't, C> {
    /// Looks at a string, number, boolean or null.
    #[inline]
    pub(super) fn scalar<const MAIN: bool>(
        &mut self,
        site: &'w Site,
        value: C::Value,
        types: Types,
        at: usize,
    ) {
        if let Some(text) = value.text() {
            self.accept(site, Types::STRING);
            if site.text != NOTHING
                && let Some(check) = self.program.texts.get(site.text as usize)
            {
                self.failed |= !check.is_right(text);
            }
            if MAIN && (site.members != NOTHING || site.range != NOTHING) {
                self.look_at_text(site, text, at);
            }
        } else if let Some(number) = value.number() {
            let exactly = match number {
                Number::F64(_) if site.accepts.has(Types::NUMBER) => Types::FRACTION,
                Number::F64(value) if value.fract() != 0.0 => Types::FRACTION,
                _ => Types::INTEGER,
            };
            self.failed |= !site.accepts.has(exactly);
            self.unsure |= site.unsure.meets(types);
            if site.number != NOTHING
                && let Some(check) = self.program.numbers.get(site.number as usize)
            {
                self.failed |= !check.is_right(number);
            }
            if MAIN && site.range != NOTHING {
                self.look_at_number(site, number, at);
            }
        } else {
            self.accept(
                site,
                match value.boolean() {
                    Some(true) => Types::TRUE,
                    Some(false) => Types::FALSE,
                    None => types,
                },
            );
        }
    }

    #[inline]
    fn look_at_text(&mut self, site: &Site, text: &str, at: usize) {
        if let Some(members) = self.program.members.get(site.members as usize) {
            let guess = self.guesses.get_mut(members.guess);
            let likely = guess.as_ref().map_or(0, |guess| **guess);
            match members.names.find(text, likely as usize) {
                None => {
                    let node = self.cursor.node(at);
                    self.survey.notice(Raw::UnknownMember(node, site.members));
                }
                Some(place) => {
                    if let Some(guess) = guess {
                        *guess = place as u32;
                    }
                }
            }
        }
        let Some(range) = self.program.ranges.get(site.range as usize) else {
            return;
        };
        // Only a minus makes a duration negative; most need no parsing.
        let suspect =
            range.duration && (text.starts_with('-') || range.high.is_finite() || range.low > 0.0);
        if suspect
            && units::duration(text)
                .is_some_and(|millis| millis.0 < range.low || millis.0 > range.high)
        {
            let node = self.cursor.node(at);
            self.survey.notice(Raw::OutOfRange(node, site.range));
        }
    }

    #[inline]
    fn look_at_number(&mut self, site: &Site, number: Number, at: usize) {
        if let Some(range) = self.program.ranges.get(site.range as usize) {
            let number = number.as_f64();
            if !range.duration && (number < range.low || number > range.high) {
                let node = self.cursor.node(at);
                self.survey.notice(Raw::OutOfRange(node, site.range));
            }
        }
    }
}

impl TextCheck {
    #[inline]
    pub(in crate::schema) fn is_right(&self, text: &str) -> bool {
        self.patterns.iter().all(|pattern| pattern.is_match(text))
            && self.is_long_enough(text)
            && (self.choices.iter()).all(|choice| choice.find(text, 0).is_some())
            && (self.by_crate.iter()).all(|validator| pattern::is_valid(validator, text))
    }

    #[inline]
    fn is_long_enough(&self, text: &str) -> bool {
        let bytes = text.len() as u64;
        // A character takes one to four bytes.
        if bytes.div_ceil(4) >= self.least && self.most.is_none_or(|most| bytes <= most) {
            return true;
        }
        let length = text.chars().count() as u64;
        length >= self.least && self.most.is_none_or(|most| length <= most)
    }
}

impl NumberCheck {
    #[inline]
    pub(in crate::schema) fn is_right(&self, number: Number) -> bool {
        self.bounds.iter().all(|bound| bound.admits(number))
            && (self.choices.iter()).all(|choice| {
                let mut limits = choice.iter();
                limits.any(|limit| order(number, limit) == Some(Ordering::Equal))
            })
            && (self.by_crate.is_empty() || self.is_right_by_crate(number))
    }

    #[cold]
    fn is_right_by_crate(&self, number: Number) -> bool {
        let node = match number {
            Number::I64(value) => StaticNode::I64(value),
            Number::U64(value) => StaticNode::U64(value),
            Number::F64(value) => StaticNode::F64(value),
        };
        let nodes = [Node::Static(node)];
        let item = Item::new(&nodes);
        self.by_crate
            .iter()
            .all(|validator| validator.is_valid(item))
    }
}

impl Bound {
    #[inline]
    fn admits(&self, number: Number) -> bool {
        let Some(order) = order(number, &self.limit) else {
            return false;
        };
        match self.end {
            End::Minimum => order.is_ge(),
            End::ExclusiveMinimum => order.is_gt(),
            End::Maximum => order.is_le(),
            End::ExclusiveMaximum => order.is_lt(),
        }
    }
}

/// How a number compares with a limit, exactly.
fn order(number: Number, limit: &Limit) -> Option<Ordering> {
    let limit = match (limit.as_u64(), limit.as_i64()) {
        (Some(limit), _) => Number::U64(limit),
        (None, Some(limit)) => Number::I64(limit),
        (None, None) => Number::F64(limit.as_f64()?),
    };
    match (whole(number), whole(limit)) {
        (Ok(number), Ok(limit)) => Some(number.cmp(&limit)),
        (Err(number), Err(limit)) => number.partial_cmp(&limit),
        (Ok(number), Err(limit)) => order_mixed(number, limit),
        (Err(number), Ok(limit)) => order_mixed(limit, number).map(Ordering::reverse),
    }
}

fn whole(number: Number) -> Result<i128, f64> {
    match number {
        Number::I64(value) => Ok(i128::from(value)),
        Number::U64(value) => Ok(i128::from(value)),
        Number::F64(value) => Err(value),
    }
}

/// An integer of 64 bits against a double: first by what is before the point.
fn order_mixed(whole: i128, float: f64) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    // Saturates far beyond 64 bits.
    let below = float.floor();
    Some(match whole.cmp(&(below as i128)) {
        Ordering::Equal if below < float => Ordering::Less,
        other => other,
    })
}
