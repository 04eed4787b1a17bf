//! Ten minutes of samples in one: for every metric its least, mean and greatest value.

use super::metric_catalog::{Sample, SampledMetric};
use crate::clock::Time;

/// Seconds of a rollup.
pub(super) const ROLLUP_SECONDS: i64 = 600;

/// What a metric was like over some time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// Its least value.
    pub minimum: f32,
    /// The mean of its values.
    pub mean: f32,
    /// Its greatest value.
    pub maximum: f32,
    /// How many values there were; 0 when nothing is known, and then the others say nothing.
    pub count: u32,
}

impl Summary {
    /// Nothing is known.
    pub const EMPTY: Self = Self { minimum: 0.0, mean: 0.0, maximum: 0.0, count: 0 };

    /// Of a single value; of none when it is not a number.
    pub const fn of(value: f32) -> Self {
        if value.is_nan() {
            return Self::EMPTY;
        }
        Self { minimum: value, mean: value, maximum: value, count: 1 }
    }

    /// Adds what the metric was like at other times.
    #[allow(clippy::cast_possible_truncation, reason = "a mean has the digits of its values")]
    pub fn add(&mut self, other: Self) {
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = other;
            return;
        }
        let (own, more) = (f64::from(self.count), f64::from(other.count));
        let sum = f64::from(self.mean) * own + f64::from(other.mean) * more;
        *self = Self {
            minimum: self.minimum.min(other.minimum),
            mean: (sum / (own + more)) as f32,
            maximum: self.maximum.max(other.maximum),
            count: self.count.saturating_add(other.count),
        };
    }
}

/// The metrics of one rollup.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rollup {
    /// When it began: a multiple of [`ROLLUP_SECONDS`] since the epoch.
    pub(super) start: Time,
    /// In the order of [`SampledMetric::ALL`].
    pub(super) metrics: Vec<Summary>,
}

impl Rollup {
    /// The empty rollup that a moment lies in.
    pub(super) fn at(time: Time) -> Self {
        let seconds = time.as_seconds().div_euclid(ROLLUP_SECONDS) * ROLLUP_SECONDS;
        let start = Time::from_millis(seconds.saturating_mul(1_000));
        Self { start, metrics: vec![Summary::EMPTY; SampledMetric::COUNT] }
    }

    /// The first moment after it.
    pub(super) const fn end(&self) -> Time {
        self.start.plus_seconds(ROLLUP_SECONDS)
    }

    /// Adds a sample.
    pub(super) fn add(&mut self, sample: &Sample) {
        for (summary, value) in self.metrics.iter_mut().zip(sample.values()) {
            summary.add(Summary::of(*value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_keeps_least_mean_and_greatest_of_what_is_known() {
        let mut rollup = Rollup::at(Time::from_millis(1_234_567));
        assert_eq!((rollup.start.as_millis(), rollup.end().as_millis()), (1_200_000, 1_800_000));
        for value in [Some(1.0), None, Some(5.0), Some(3.0)] {
            let mut sample = Sample::UNKNOWN;
            sample.set(SampledMetric::Requests, value);
            rollup.add(&sample);
        }
        let expected = Summary { minimum: 1.0, mean: 3.0, maximum: 5.0, count: 3 };
        assert_eq!(rollup.metrics[SampledMetric::Requests.index()], expected);
        assert_eq!(rollup.metrics[SampledMetric::Errors.index()], Summary::EMPTY);
    }
}
