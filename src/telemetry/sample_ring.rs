//! A day of samples in memory: a ring of a fixed size (about 1.2 MiB), laid out once.

use super::metric_catalog::{Sample, SampledMetric};
use crate::clock::Time;

/// Samples that are kept: a day of them at one every ten seconds.
pub const DAY_SAMPLES: usize = 8_640;

/// The last samples, oldest first.
pub(super) struct SampleRing {
    /// Milliseconds since the epoch, one for each sample.
    times: Box<[i64]>,
    /// [`SampledMetric::COUNT`] values for each sample.
    values: Box<[f32]>,
    /// Where the next sample goes.
    next: usize,
    filled: usize,
}

impl SampleRing {
    pub(super) fn new() -> Self {
        Self {
            times: vec![0; DAY_SAMPLES].into_boxed_slice(),
            values: vec![0.0; DAY_SAMPLES * SampledMetric::COUNT].into_boxed_slice(),
            next: 0,
            filled: 0,
        }
    }

    /// Adds a sample, over the oldest when the ring is full.
    pub(super) fn push(&mut self, time: Time, sample: &Sample) {
        let from = self.next * SampledMetric::COUNT;
        if let (Some(kept), Some(values)) =
            (self.times.get_mut(self.next), self.values.get_mut(from..from + SampledMetric::COUNT))
        {
            *kept = time.as_millis();
            values.copy_from_slice(sample.values());
        }
        self.next = (self.next + 1) % DAY_SAMPLES;
        self.filled = (self.filled + 1).min(DAY_SAMPLES);
    }

    /// The samples as they came: their times and their values in the order of [`SampledMetric::ALL`].
    pub(super) fn samples(&self) -> impl Iterator<Item = (Time, &[f32])> {
        let oldest = (self.next + DAY_SAMPLES - self.filled) % DAY_SAMPLES;
        let places = (0..self.filled).map(move |nth| (oldest + nth) % DAY_SAMPLES);
        places.filter_map(|place| {
            let from = place * SampledMetric::COUNT;
            let values = self.values.get(from..from + SampledMetric::COUNT)?;
            Some((Time::from_millis(*self.times.get(place)?), values))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that a day takes, from the first sample to the last: about 1.2 MiB.
    const BYTES: usize = DAY_SAMPLES * (size_of::<i64>() + SampledMetric::COUNT * size_of::<f32>());

    fn sample(value: f64) -> Sample {
        let mut sample = Sample::UNKNOWN;
        sample.set(SampledMetric::Connections, Some(value));
        sample
    }

    #[test]
    fn a_day_takes_a_fixed_amount_of_memory() {
        let mut day = SampleRing::new();
        let taken = |day: &SampleRing| size_of_val(&*day.times) + size_of_val(&*day.values);
        assert_eq!(taken(&day), BYTES);
        const { assert!(BYTES < 5 << 18) };
        (0..20_000).for_each(|at| day.push(Time::from_millis(at), &sample(1.0)));
        assert_eq!(taken(&day), BYTES);
    }

    #[test]
    fn the_ring_holds_the_last_day_oldest_first() {
        let mut day = SampleRing::new();
        assert_eq!(day.samples().count(), 0);
        for at in 0..10_000 {
            day.push(Time::from_millis(at), &sample(f64::from(i32::try_from(at).unwrap())));
        }
        let times: Vec<_> = day.samples().map(|(time, _)| time.as_millis()).collect();
        assert_eq!(times, (10_000 - 8_640..10_000).collect::<Vec<_>>());
        let (_, newest) = day.samples().last().unwrap();
        assert!((newest[SampledMetric::Connections.index()] - 9_999.0).abs() < f32::EPSILON);
    }
}
