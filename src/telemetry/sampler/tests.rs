//! Watching with a clock that a hand moves.

use super::*;

const TOOK: Duration = Duration::from_millis(2);

struct Bench {
    directory: tempfile::TempDir,
    metrics: Metrics,
    watch: Sampler,
    now: Time,
}

impl Bench {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (metrics, now) = (Metrics::new().unwrap(), Time::from_millis(86_400_000));
        let watch = watch_in(directory.path(), metrics.clone(), now);
        Self { directory, metrics, watch, now }
    }

    fn requests(&self, count: u64, status: u16) {
        (0..count).for_each(|_| self.metrics.http_request("GET", "/a", status, "user", TOOK));
    }

    /// Lets time pass and takes a sample.
    fn sample_after(&mut self, seconds: u32) {
        self.now = self.now.plus_seconds(seconds.into());
        self.watch.sample(self.now, Duration::from_secs(seconds.into()));
    }

    fn latest(&self, figure: SampledMetric) -> Option<f64> {
        self.watch.latest().unwrap().sample.get(figure)
    }

    fn range(&self, seconds: i64, step_seconds: u32) -> Range {
        Range { from: self.now.plus_seconds(-seconds), to: self.now.plus_seconds(1), step_seconds }
    }
}

fn watch_in(directory: &std::path::Path, metrics: Metrics, now: Time) -> Sampler {
    let outside = || Outside { write_queue: Some(3), ..Outside::default() };
    Sampler::start(
        metrics,
        directory.to_owned(),
        Some(&directory.join("samples.month")),
        now,
        outside,
    )
}

#[test]
fn what_counts_up_becomes_a_figure_over_the_time_that_passed() {
    let mut bench = Bench::start();
    assert!(bench.watch.latest().is_none());
    bench.requests(40, 200);
    bench.requests(10, 500);
    bench.sample_after(10);
    assert_eq!(bench.latest(SampledMetric::Requests), Some(5.0));
    assert_eq!(bench.latest(SampledMetric::Errors), Some(1.0));
    assert!(bench.latest(SampledMetric::LatencyP95).unwrap() <= 0.0025);
    bench.sample_after(20);
    assert_eq!(bench.latest(SampledMetric::Requests), Some(0.0));
    assert_eq!(
        bench.latest(SampledMetric::LatencyP95),
        None,
        "nobody asked, so nothing took any time"
    );
    assert_eq!(bench.latest(SampledMetric::WriteQueue), Some(3.0));
    assert_eq!(bench.latest(SampledMetric::Commits), None, "nobody says");
}

#[test]
fn the_process_and_the_machine_are_in_the_sample() {
    let mut bench = Bench::start();
    bench.sample_after(10);
    for figure in
        [SampledMetric::ProcessMemory, SampledMetric::MachineMemoryUsed, SampledMetric::DiskFree]
    {
        assert!(bench.latest(figure).unwrap() > 0.0, "{}", figure.name());
    }
    assert!(bench.latest(SampledMetric::ProcessCpu).is_some());
}

#[test]
fn recently_is_the_last_five_minutes_and_not_what_came_before() {
    let mut bench = Bench::start();
    bench.requests(7, 200);
    for _ in 0..30 {
        bench.sample_after(10);
    }
    bench.requests(2, 200);
    assert_eq!(bench.watch.routes().recent.total().requests, 9);
    for _ in 0..3 {
        bench.sample_after(10);
    }
    let routes = bench.watch.routes();
    assert_eq!(routes.recent.total().requests, 2);
    assert_eq!(routes.since_start.total().requests, 9);
}

#[test]
fn a_series_has_a_mean_for_each_step_and_nothing_where_nobody_watched() {
    let mut bench = Bench::start();
    bench.requests(10, 200);
    bench.sample_after(10);
    bench.requests(30, 200);
    bench.sample_after(10);
    bench.now = bench.now.plus_seconds(40);
    bench.requests(20, 200);
    bench.sample_after(10);
    let series = bench.watch.series(&[SampledMetric::Requests], bench.range(60, 20));
    let means: Vec<_> =
        series.columns[0].1.iter().map(|step| (step.count > 0).then_some(step.mean)).collect();
    assert_eq!(means, [Some(2.0), None, None, Some(2.0)]);
}

#[test]
fn a_month_survives_a_restart_and_the_period_that_went_on_goes_on() {
    let mut bench = Bench::start();
    for _ in 0..90 {
        bench.requests(10, 200);
        bench.sample_after(10);
    }
    bench.watch.close();
    let stopped = bench.now;
    bench.watch = watch_in(bench.directory.path(), bench.metrics.clone(), stopped);
    bench.sample_after(10);
    bench.watch.close();
    bench.watch = watch_in(bench.directory.path(), bench.metrics.clone(), bench.now);
    let series = bench.watch.series(&[SampledMetric::Requests], bench.range(1_200, 600));
    let counts: u32 = series.columns[0].1.iter().map(|step| step.count).sum();
    assert!(counts >= 91, "{series:?}");
    let greatest = series.columns[0].1.iter().map(|step| step.maximum).fold(0.0, f32::max);
    assert!((greatest - 1.0).abs() < f32::EPSILON);
}

#[test]
fn after_a_restart_samples_are_not_mixed_with_the_period_that_they_lie_in() {
    let mut bench = Bench::start();
    for _ in 0..6 {
        bench.requests(10, 200);
        bench.sample_after(10);
    }
    bench.watch.close();
    bench.watch = watch_in(bench.directory.path(), bench.metrics.clone(), bench.now);
    for _ in 0..6 {
        bench.requests(50, 200);
        bench.sample_after(10);
    }
    let range = Range {
        from: bench.now.plus_seconds(-120),
        to: bench.now.plus_seconds(1),
        step_seconds: 20,
    };
    let series = bench.watch.series(&[SampledMetric::Requests], range);
    let means: Vec<_> = series.columns[0].1.iter().map(|step| step.mean.round()).collect();
    assert_eq!(means, [1.0, 1.0, 1.0, 5.0, 5.0, 5.0, 5.0]);
}
