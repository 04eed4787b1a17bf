//! Figures over a range of time, in steps of equal length.

use super::{
    metric_catalog::SampledMetric,
    rollup::{Rollup, Summary},
};
use crate::clock::Time;

/// A range of time in steps: from `from`, a step each, before `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// Where the first step begins.
    pub from: Time,
    /// Where the last one ends at the latest.
    pub to: Time,
    /// Seconds of a step, from 1.
    pub step_seconds: u32,
}

impl Range {
    /// How many steps there are; the last may reach beyond the end.
    pub fn steps(&self) -> usize {
        let step = i64::from(self.step_seconds.max(1)) * 1_000;
        let length = self.to.millis_since(self.from).max(0);
        usize::try_from(length.saturating_add(step - 1) / step).unwrap_or(0)
    }

    /// Where a step begins.
    pub fn time_of(&self, nth: usize) -> Time {
        let seconds = i64::from(self.step_seconds.max(1));
        self.from.plus_seconds(seconds.saturating_mul(i64::try_from(nth).unwrap_or(i64::MAX)))
    }

    fn step_of(&self, time: Time) -> Option<usize> {
        if time < self.from || time >= self.to {
            return None;
        }
        let step = i64::from(self.step_seconds.max(1)) * 1_000;
        usize::try_from(time.millis_since(self.from) / step).ok()
    }
}

/// Some figures, step by step. A step in which nothing is known has a count of 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The steps.
    pub range: Range,
    /// Each figure with a summary for each step.
    pub columns: Vec<(SampledMetric, Vec<Summary>)>,
}

impl Series {
    pub(super) fn empty(figures: &[SampledMetric], range: Range) -> Self {
        let column = vec![Summary::EMPTY; range.steps()];
        Self { range, columns: figures.iter().map(|figure| (*figure, column.clone())).collect() }
    }

    /// Adds a sample, values in the order of [`SampledMetric::ALL`], if it lies in the range.
    pub(super) fn add_sample(&mut self, time: Time, values: &[f32]) {
        let Some(step) = self.range.step_of(time) else { return };
        for (figure, column) in &mut self.columns {
            if let (Some(kept), Some(value)) = (column.get_mut(step), values.get(figure.index())) {
                kept.add(Summary::of(*value));
            }
        }
    }

    /// Adds a period to every step that it touches: what it was like is all that is known of each.
    pub(super) fn add_period(&mut self, period: &Rollup) {
        self.each_step_of(period, period.end(), Summary::add);
    }

    /// Puts a period into the steps that it touches before `end` and that nothing is known of.
    pub(super) fn fill_until(&mut self, end: Time, period: &Rollup) {
        self.each_step_of(period, end, |kept, summary| {
            if kept.count == 0 {
                *kept = summary;
            }
        });
    }

    fn each_step_of(&mut self, period: &Rollup, end: Time, put: impl Fn(&mut Summary, Summary)) {
        let before = |time: Time| Time::from_millis(time.as_millis().saturating_sub(1));
        let first = self.range.step_of(period.start.max(self.range.from));
        let last = self.range.step_of(before(end.min(self.range.to)));
        let (Some(first), Some(last)) = (first, last) else { return };
        for (figure, column) in &mut self.columns {
            let Some(summary) = period.metrics.get(figure.index()) else { continue };
            let steps = column.iter_mut().take(last.saturating_add(1)).skip(first);
            steps.for_each(|kept| put(kept, *summary));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::metric_catalog::Sample, *};

    const fn seconds(seconds: i64) -> Time {
        Time::from_millis(seconds * 1_000)
    }

    fn sample(value: f64) -> Sample {
        let mut sample = Sample::UNKNOWN;
        sample.set(SampledMetric::Requests, Some(value));
        sample
    }

    fn counts(series: &Series) -> Vec<u32> {
        series.columns[0].1.iter().map(|summary| summary.count).collect()
    }

    #[test]
    fn samples_go_to_the_step_that_they_lie_in_and_others_stay_empty() {
        let range = Range { from: seconds(100), to: seconds(125), step_seconds: 10 };
        let mut series = Series::empty(&[SampledMetric::Requests], range);
        for (at, value) in [(99, 1.0), (100, 2.0), (109, 4.0), (120, 8.0), (125, 16.0)] {
            series.add_sample(seconds(at), sample(value).values());
        }
        assert_eq!(counts(&series), [2, 0, 1]);
        let first = series.columns[0].1[0];
        assert_eq!((first.minimum, first.mean, first.maximum), (2.0, 3.0, 4.0));
        assert_eq!(range.time_of(2), seconds(120));
    }

    #[test]
    fn a_period_fills_every_step_that_it_touches() {
        let mut period = Rollup::at(seconds(600));
        period.add(&sample(5.0));
        let range = Range { from: seconds(900), to: seconds(1_500), step_seconds: 150 };
        let mut series = Series::empty(&[SampledMetric::Requests], range);
        series.add_period(&period);
        assert_eq!(counts(&series), [1, 1, 0, 0]);
        let whole = Range { from: seconds(0), to: seconds(3_600), step_seconds: 1_800 };
        let mut series = Series::empty(&[SampledMetric::Requests], whole);
        series.add_period(&period);
        assert_eq!(counts(&series), [1, 0]);
    }

    #[test]
    fn a_range_that_ends_before_it_begins_has_no_steps() {
        let range = Range { from: seconds(10), to: seconds(5), step_seconds: 1 };
        assert_eq!(Series::empty(&[SampledMetric::Requests], range).columns[0].1, []);
    }
}
