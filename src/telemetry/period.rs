//! Ten minutes of samples in one: for every figure its least, mean and greatest value.

use super::figures::{Figure, Sample};
use crate::clock::Time;

/// Seconds of a period.
pub(super) const PERIOD_SECONDS: i64 = 600;

/// What a figure was like over some time.
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

    /// Adds what the figure was like at other times.
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

/// The figures of one period.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Period {
    /// When it began: a multiple of [`PERIOD_SECONDS`] since the epoch.
    pub(super) start: Time,
    /// In the order of [`Figure::ALL`].
    pub(super) figures: Vec<Summary>,
}

impl Period {
    /// The empty period that a moment lies in.
    pub(super) fn at(time: Time) -> Self {
        let seconds = time.as_seconds().div_euclid(PERIOD_SECONDS) * PERIOD_SECONDS;
        let start = Time::from_millis(seconds.saturating_mul(1_000));
        Self { start, figures: vec![Summary::EMPTY; Figure::COUNT] }
    }

    /// The first moment after it.
    pub(super) const fn end(&self) -> Time {
        self.start.plus_seconds(PERIOD_SECONDS)
    }

    /// Adds a sample.
    pub(super) fn add(&mut self, sample: &Sample) {
        for (summary, value) in self.figures.iter_mut().zip(sample.values()) {
            summary.add(Summary::of(*value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_keeps_least_mean_and_greatest_of_what_is_known() {
        let mut period = Period::at(Time::from_millis(1_234_567));
        assert_eq!((period.start.as_millis(), period.end().as_millis()), (1_200_000, 1_800_000));
        for value in [Some(1.0), None, Some(5.0), Some(3.0)] {
            let mut sample = Sample::UNKNOWN;
            sample.set(Figure::Requests, value);
            period.add(&sample);
        }
        let expected = Summary { minimum: 1.0, mean: 3.0, maximum: 5.0, count: 3 };
        assert_eq!(period.figures[Figure::Requests.index()], expected);
        assert_eq!(period.figures[Figure::Errors.index()], Summary::EMPTY);
    }
}
