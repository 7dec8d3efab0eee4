//! The limits of the default rules, and values on either side of them.
//!
//! Repeated here by hand, for an oracle does not ask the defendant. Where a
//! product's limit moves, the planted findings are wrong until this file follows.

/// How a reading is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A number.
    Number,
    /// An ISO 8601 duration.
    Duration,
}

/// A reading that a default rule compares, in units of 10^-7.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    pub(crate) field: &'static str,
    pub(crate) form: Form,
    pub(crate) limit: u64,
    /// Healthy readings lie in `quiet`, poor ones in `poor`; either end included.
    pub(crate) quiet: (u64, u64),
    pub(crate) poor: (u64, u64),
    /// Poor values that miss the limit by the last digit, beside it.
    pub(crate) edge: u64,
}

const fn number(field: &'static str, limit: u64, quiet: (u64, u64), poor: (u64, u64)) -> Reading {
    let edge = if poor.1 < limit { limit - 1 } else { limit + 1 };
    Reading {
        field,
        form: Form::Number,
        limit,
        quiet,
        poor,
        edge,
    }
}

const fn duration(field: &'static str, limit: u64, quiet: u64, poor: (u64, u64)) -> Reading {
    Reading {
        field,
        form: Form::Duration,
        limit,
        quiet: (0, quiet),
        poor,
        edge: limit + 1,
    }
}

pub(crate) const JITTER: Reading =
    duration("averageJitter", 300_000, 250_000, (310_000, 2_000_000));
pub(crate) const LOSS: Reading = number(
    "averagePacketLossRate",
    1_000_000,
    (0, 600_000),
    (1_100_000, 9_000_000),
);
pub(crate) const ROUND_TRIP: Reading = duration(
    "averageRoundTripTime",
    5_000_000,
    3_500_000,
    (5_010_000, 625_000_000),
);
pub(crate) const DEGRADATION: Reading = number(
    "averageAudioDegradation",
    10_000_000,
    (0, 8_000_000),
    (10_100_000, 39_000_000),
);
pub(crate) const CONCEALED: Reading = number(
    "averageRatioOfConcealedSamples",
    700_000,
    (0, 500_000),
    (710_000, 6_000_000),
);
pub(crate) const FRAME_LOSS: Reading = number(
    "averageVideoFrameLossPercentage",
    500_000_000,
    (0, 300_000_000),
    (501_000_000, 990_000_000),
);
pub(crate) const FRAME_RATE: Reading = number(
    "averageVideoFrameRate",
    70_000_000,
    (90_000_000, 300_000_000),
    (0, 69_000_000),
);
pub(crate) const SHARING_RATE: Reading = number(
    "averageVideoFrameRate",
    20_000_000,
    (30_000_000, 300_000_000),
    (0, 19_000_000),
);
pub(crate) const AFTER_CORRECTION: Reading = number(
    "postForwardErrorCorrectionPacketLossRate",
    1_500_000,
    (0, 1_000_000),
    (1_510_000, 9_000_000),
);
