//! `--since` and `--until`: which records count, by the end of their calls.

use jiff::Timestamp;

/// From when to when; the end is not in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// seconds since 1970
    pub since: Option<u32>,
    /// seconds since 1970
    pub until: Option<u32>,
}

/// Why a text is no point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("use a day or a time in UTC, such as 2026-01-13 or 2026-01-13T09:00:00Z")]
pub struct NoTime;

impl Range {
    /// A day or a time, in seconds since 1970.
    ///
    /// # Errors
    /// What is wanted, if it is neither.
    pub fn point(text: &str) -> Result<u32, NoTime> {
        let day = text.len() == 10;
        let text = if day {
            format!("{text}T00:00:00Z")
        } else {
            text.to_owned()
        };
        let time: Timestamp = text.parse().map_err(|_| NoTime)?;
        u32::try_from(time.as_second()).map_err(|_| NoTime)
    }

    /// Whether a record counts whose call ended then; one without an end does.
    pub fn holds(&self, end: Option<u32>) -> bool {
        end.is_none_or(|end| {
            self.since.is_none_or(|since| end >= since)
                && self.until.is_none_or(|until| end < until)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_and_its_end_is_not_in_it() {
        let range = Range {
            since: Some(Range::point("2026-01-13").expect("a day")),
            until: Some(Range::point("2026-01-14T00:00:00Z").expect("a time")),
        };
        let at = |text| Some(Range::point(text).expect("a time"));
        assert!(range.holds(at("2026-01-13T00:00:00Z")) && range.holds(None));
        assert!(!range.holds(at("2026-01-14")) && !range.holds(at("2026-01-12T23:59:59Z")));
        assert_eq!(Range::point("yesterday"), Err(NoTime));
        assert_eq!(Range::point("1912-04-15"), Err(NoTime));
    }
}
