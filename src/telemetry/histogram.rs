//! Percentiles out of the buckets of a histogram.
//!
//! A histogram knows how many values lay below each of its bounds and nothing in between, so a
//! percentile is interpolated: within its bucket, values are taken to lie evenly, as Prometheus'
//! `histogram_quantile` does. Beyond the last bound nothing is known, and that bound is the answer.

use prometheus::proto;

/// How many values a histogram holds, in all and below each bound.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Distribution {
    /// Upper bound, and how many values were at most that; bounds ascend.
    below: Vec<(f64, u64)>,
    count: u64,
    sum: f64,
}

impl Distribution {
    pub(super) fn of(histogram: &proto::Histogram) -> Self {
        let buckets = histogram.get_bucket().iter();
        Self {
            below: buckets
                .map(|bucket| (bucket.upper_bound(), bucket.cumulative_count()))
                .collect(),
            count: histogram.get_sample_count(),
            sum: histogram.get_sample_sum(),
        }
    }

    /// How many values.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Their mean; nothing without values.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / super::float(self.count))
    }

    /// What came on top of an earlier state of the same histogram.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let before = |at: usize| earlier.below.get(at).map_or(0, |(_, count)| *count);
        let below = self.below.iter().enumerate();
        Self {
            below: below
                .map(|(at, (bound, count))| (*bound, count.saturating_sub(before(at))))
                .collect(),
            count: self.count.saturating_sub(earlier.count),
            sum: self.sum - earlier.sum,
        }
    }

    /// Adds the values of another histogram with the same bounds.
    pub fn add(&mut self, other: &Self) {
        if self.below.is_empty() {
            self.below = other.below.iter().map(|(bound, _)| (*bound, 0)).collect();
        }
        for ((_, count), (_, more)) in self.below.iter_mut().zip(&other.below) {
            *count += more;
        }
        self.count += other.count;
        self.sum += other.sum;
    }

    /// The value that a share of all values (from 0 to 1) does not exceed; nothing without values.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        if self.count == 0 {
            return None;
        }
        let rank = share * super::float(self.count);
        let (mut lower, mut before) = (0.0, 0);
        for &(upper, count) in &self.below {
            if super::float(count) >= rank && count > before {
                let within = (rank - super::float(before)) / super::float(count - before);
                return Some(lower + (upper - lower) * within.max(0.0));
            }
            (lower, before) = (upper, count);
        }
        Some(lower)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distribution(below: &[(f64, u64)], count: u64) -> Distribution {
        Distribution { below: below.to_vec(), count, sum: 0.0 }
    }

    #[test]
    fn a_percentile_lies_in_its_bucket_as_far_as_its_rank() {
        let tens = distribution(&[(1.0, 50), (2.0, 90), (4.0, 100)], 100);
        assert_eq!(tens.quantile(0.5), Some(1.0));
        assert_eq!(tens.quantile(0.7), Some(1.5));
        assert_eq!(tens.quantile(0.95), Some(3.0));
        assert_eq!(tens.quantile(0.25), Some(0.5));
    }

    #[test]
    fn a_percentile_beyond_the_last_bound_is_that_bound() {
        assert_eq!(distribution(&[(1.0, 1), (2.0, 1)], 10).quantile(0.99), Some(2.0));
    }

    #[test]
    fn empty_buckets_before_a_value_are_passed_over() {
        let late = distribution(&[(1.0, 0), (2.0, 0), (4.0, 2)], 2);
        assert_eq!(late.quantile(0.0), Some(2.0));
        assert_eq!(late.quantile(0.5), Some(3.0));
    }

    #[test]
    fn without_values_there_is_no_percentile_and_no_mean() {
        let none = distribution(&[(1.0, 0)], 0);
        assert_eq!((none.quantile(0.5), none.mean()), (None, None));
    }

    #[test]
    fn what_came_between_two_states_is_a_histogram_of_its_own() {
        let earlier = distribution(&[(1.0, 4), (2.0, 6)], 6);
        let later = distribution(&[(1.0, 4), (2.0, 16)], 16);
        assert_eq!(later.since(&earlier), distribution(&[(1.0, 0), (2.0, 10)], 10));
        let mut sum = Distribution::default();
        sum.add(&earlier);
        sum.add(&later.since(&earlier));
        assert_eq!(sum, later);
    }
}
