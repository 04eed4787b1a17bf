//! Watching oneself: a reading of everything every ten seconds, kept as a day in memory and a month on
//! disk.
//!
//! [`Sampler::sample`] is called by a task and takes the time as an argument; whoever asks is answered from
//! what the last sample found, so that nobody waits for an interval to pass. What counts up (processor
//! time, requests) becomes a figure only as the difference of two readings, over the time that really
//! lay between them.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{
    Metrics, float,
    histogram::Distribution,
    machine::MachineReading,
    metric_catalog::{Sample, SampledMetric},
    process::ProcessReading,
    rollup::{ROLLUP_SECONDS, Rollup},
    rollup_file::RollupFile,
    sample_ring::SampleRing,
    series::{Range, Series},
    traffic::RouteTraffics,
};
use crate::clock::Time;

/// How often samples are taken.
pub const SAMPLE_EVERY: Duration = Duration::from_secs(10);
/// How long after the start the first one is: the soonest after which a difference means something.
pub const FIRST_SAMPLE_AFTER: Duration = Duration::from_secs(1);
/// How far back "recently" goes.
pub const RECENT: Duration = Duration::from_mins(5);
/// How far apart the states of the routes are that "recently" is counted from; it may thus be as much
/// longer.
const ROUTES_EVERY: Duration = Duration::from_secs(30);

/// What only the layers above can say; see [`SampledMetric`] for what each means.
#[derive(Debug, Clone, Copy, Default)]
pub struct Outside {
    /// Commits since the start.
    pub commits: Option<u64>,
    /// Writes that wait now.
    pub write_queue: Option<u64>,
    /// Audit events that wait now.
    pub outbox_events: Option<u64>,
    /// Lengths of the databases: auth, user, social log.
    pub store_bytes: [Option<u64>; 3],
}

/// The last sample, with what does not go into the ring.
#[derive(Debug, Clone)]
pub struct Latest {
    /// When it was taken.
    pub time: Time,
    /// The figures.
    pub sample: Sample,
    /// How busy each processor was since the sample before.
    pub cores_percent: Vec<Option<f64>>,
    /// The machine.
    pub machine: MachineReading,
    /// This process.
    pub process: ProcessReading,
}

/// Requests by route.
#[derive(Debug, Clone)]
pub struct RouteTraffic {
    /// Since the start.
    pub since_start: RouteTraffics,
    /// Recently: since about [`RECENT`] ago, or since the start when that was later.
    pub recent: RouteTraffics,
}

/// Takes and keeps samples. Clones share them.
#[derive(Clone)]
pub struct Sampler(Arc<Inner>);

struct Inner {
    metrics: Metrics,
    data: PathBuf,
    outside: Box<dyn Fn() -> Outside + Send + Sync>,
    started: Time,
    month: RollupFile,
    state: Mutex<State>,
}

struct State {
    day: SampleRing,
    before: Counters,
    latest: Option<Latest>,
    /// The period that goes on.
    period: Rollup,
    /// Time that the samples have covered.
    age: Duration,
    /// States of the routes, oldest first, with the age at which they were taken.
    routes: VecDeque<(Duration, RouteTraffics)>,
}

/// What counts up.
struct Counters {
    machine: MachineReading,
    process: ProcessReading,
    outside: Outside,
    routes: RouteTraffics,
    commits: Distribution,
    scans: u64,
    sign_in_failures: u64,
}

impl Sampler {
    /// Takes the first reading. The rollups of the file `month` are continued, if there is to be one;
    /// `outside` is asked at every sample, on a thread that may wait.
    pub fn start(
        metrics: Metrics,
        data: PathBuf,
        month: Option<&Path>,
        now: Time,
        outside: impl Fn() -> Outside + Send + Sync + 'static,
    ) -> Self {
        let month = month.map_or_else(RollupFile::none, RollupFile::open);
        let empty = Rollup::at(now);
        let begun = month.rollups(empty.start, empty.end()).pop();
        let before = Counters::read(&metrics, &data, outside());
        let state = State {
            day: SampleRing::new(),
            before,
            latest: None,
            period: begun.unwrap_or(empty),
            age: Duration::ZERO,
            routes: VecDeque::from([(Duration::ZERO, metrics.routes())]),
        };
        let outside = Box::new(outside);
        let state = Mutex::new(state);
        Self(Arc::new(Inner { metrics, data, outside, started: now, month, state }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a sample, `elapsed` after the one before. Reads files and may write one: not for a thread
    /// that others wait for.
    pub fn sample(&self, now: Time, elapsed: Duration) {
        let after = Counters::read(&self.0.metrics, &self.0.data, (self.0.outside)());
        let over = {
            let mut state = self.state();
            let sample =
                after.figures_since(&state.before, elapsed, self.0.metrics.connections.get());
            let cores = after.machine.cores.iter().zip(&state.before.machine.cores);
            state.latest = Some(Latest {
                time: now,
                sample,
                cores_percent: cores
                    .map(|(after, before)| after.busy_percent_since(*before))
                    .collect(),
                machine: after.machine.clone(),
                process: after.process,
            });
            state.day.push(now, &sample);
            state.age += elapsed;
            state.remember_routes(&after.routes);
            state.before = after;
            state.add_to_period(now, &sample)
        };
        if let Some(period) = over {
            self.0.month.write(&period);
        }
    }

    /// Writes down the period that goes on, so that the next start continues it.
    pub fn close(&self) {
        let period = self.state().period.clone();
        if period.metrics.iter().any(|figure| figure.count > 0) {
            self.0.month.write(&period);
        }
    }

    /// When the process started to watch itself.
    pub fn started(&self) -> Time {
        self.0.started
    }

    /// The last sample; nothing in the first moments.
    pub fn latest(&self) -> Option<Latest> {
        self.state().latest.clone()
    }

    /// Requests by route until now.
    pub fn routes(&self) -> RouteTraffic {
        let since_start = self.0.metrics.routes();
        let state = self.state();
        let recent = state.routes.front().map(|(_, earlier)| since_start.since(earlier));
        RouteTraffic { recent: recent.unwrap_or_default(), since_start }
    }

    /// The metrics that it reads.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Some figures over a range of time: the day's samples where there are any, the month's periods
    /// before. Reads a file: not for a thread that others wait for.
    pub fn series(&self, figures: &[SampledMetric], range: Range) -> Series {
        let mut series = Series::empty(figures, range);
        let begin =
            |day: &SampleRing| day.samples().map(|(time, _)| time).min().unwrap_or(Time::MAX);
        let periods = if begin(&self.state().day) > range.from {
            self.0.month.rollups(range.from.plus_seconds(-ROLLUP_SECONDS), range.to)
        } else {
            Vec::new()
        };
        let state = self.state();
        let day_begins = begin(&state.day);
        for period in periods.iter().filter(|period| period.end() <= day_begins) {
            series.add_period(period);
        }
        for (time, values) in state.day.samples() {
            series.add_sample(time, values);
        }
        // The day began in the middle of a period, which holds the day's first samples too.
        let earlier = periods.iter().filter(|period| period.start < day_begins);
        for period in earlier.filter(|period| period.end() > day_begins) {
            series.fill_until(day_begins, period);
        }
        series
    }
}

impl State {
    fn remember_routes(&mut self, routes: &RouteTraffics) {
        let due = |(taken, _): &(Duration, RouteTraffics)| self.age >= *taken + ROUTES_EVERY;
        if self.routes.back().is_none_or(due) {
            self.routes.push_back((self.age, routes.clone()));
        }
        // The front is the youngest state that is old enough.
        while self.routes.get(1).is_some_and(|(taken, _)| *taken + RECENT <= self.age) {
            self.routes.pop_front();
        }
    }

    /// Adds a sample to its period; gives back the one before when that is over.
    fn add_to_period(&mut self, now: Time, sample: &Sample) -> Option<Rollup> {
        let fresh = Rollup::at(now);
        let over = (fresh.start != self.period.start)
            .then(|| std::mem::replace(&mut self.period, fresh))
            .filter(|period| period.metrics.iter().any(|figure| figure.count > 0));
        self.period.add(sample);
        over
    }
}

impl Counters {
    fn read(metrics: &Metrics, data: &Path, outside: Outside) -> Self {
        let mut commits = Distribution::default();
        metrics.commit_durations().values().for_each(|database| commits.add(database));
        Self {
            machine: MachineReading::take(data),
            process: ProcessReading::take(),
            outside,
            routes: metrics.routes(),
            commits,
            scans: metrics.scans().values().sum(),
            sign_in_failures: metrics.auth_attempts().get("failure").copied().unwrap_or(0),
        }
    }

    fn figures_since(&self, before: &Self, elapsed: Duration, connections: i64) -> Sample {
        let seconds = elapsed.as_secs_f64();
        let rate = |after: Option<u64>, before: Option<u64>| {
            let more = after?.checked_sub(before?)?;
            (seconds > 0.0).then(|| float(more) / seconds)
        };
        let gauge = |value: Option<u64>| value.map(float);
        let (machine, process) = (&self.machine, &self.process);
        let (was_machine, was_process) = (&before.machine, &before.process);
        let (requests, had) = (self.routes.total(), before.routes.total());
        let fresh = requests.latency.since(&had.latency);
        let busy =
            |after: f64, before: f64| (seconds > 0.0).then(|| 100.0 * (after - before) / seconds);
        let [auth_bytes, user_bytes, social_log_bytes] = self.outside.store_bytes;
        let mut sample = Sample::UNKNOWN;
        let mut set = |figure, value| sample.set(figure, value);
        let cpu = machine.cpu.zip(was_machine.cpu);
        set(
            SampledMetric::MachineCpu,
            cpu.and_then(|(after, before)| after.busy_percent_since(before)),
        );
        set(SampledMetric::MachineLoad, machine.load.map(|[one, ..]| one));
        set(SampledMetric::MachineMemoryUsed, gauge(machine.memory_used_bytes()));
        set(SampledMetric::MachineSwapUsed, gauge(machine.swap_used_bytes()));
        set(SampledMetric::DiskUsed, gauge(machine.disk.map(|disk| disk.used_bytes)));
        set(SampledMetric::DiskFree, gauge(machine.disk.map(|disk| disk.free_bytes)));
        set(SampledMetric::DiskRead, rate(machine.disk_read_bytes, was_machine.disk_read_bytes));
        set(
            SampledMetric::DiskWritten,
            rate(machine.disk_written_bytes, was_machine.disk_written_bytes),
        );
        let (came, left) = (machine.network_received_bytes, machine.network_sent_bytes);
        set(SampledMetric::NetworkReceived, rate(came, was_machine.network_received_bytes));
        set(SampledMetric::NetworkSent, rate(left, was_machine.network_sent_bytes));
        let cpu = process.cpu_seconds.zip(was_process.cpu_seconds);
        set(SampledMetric::ProcessCpu, cpu.and_then(|(after, before)| busy(after, before)));
        set(SampledMetric::ProcessMemory, gauge(process.memory_bytes));
        set(SampledMetric::ProcessThreads, gauge(process.threads));
        set(SampledMetric::ProcessOpenFiles, gauge(process.open_files));
        set(SampledMetric::ProcessRead, rate(process.read_bytes, was_process.read_bytes));
        set(SampledMetric::ProcessWritten, rate(process.written_bytes, was_process.written_bytes));
        set(SampledMetric::Requests, rate(Some(requests.requests), Some(had.requests)));
        set(SampledMetric::Refusals, rate(Some(requests.refusals), Some(had.refusals)));
        set(SampledMetric::RateLimited, rate(Some(requests.rate_limited), Some(had.rate_limited)));
        set(SampledMetric::Errors, rate(Some(requests.errors), Some(had.errors)));
        set(SampledMetric::LatencyP50, fresh.quantile(0.5));
        set(SampledMetric::LatencyP95, fresh.quantile(0.95));
        set(SampledMetric::LatencyP99, fresh.quantile(0.99));
        set(SampledMetric::Connections, gauge(u64::try_from(connections).ok()));
        set(SampledMetric::Commits, rate(self.outside.commits, before.outside.commits));
        set(SampledMetric::CommitP95, self.commits.since(&before.commits).quantile(0.95));
        set(SampledMetric::WriteQueue, gauge(self.outside.write_queue));
        set(SampledMetric::Outbox, gauge(self.outside.outbox_events));
        set(SampledMetric::AuthBytes, gauge(auth_bytes));
        set(SampledMetric::UserBytes, gauge(user_bytes));
        set(SampledMetric::SocialLogBytes, gauge(social_log_bytes));
        set(SampledMetric::Scans, rate(Some(self.scans), Some(before.scans)));
        let failures = (self.sign_in_failures, before.sign_in_failures);
        set(SampledMetric::SignInFailures, rate(Some(failures.0), Some(failures.1)));
        sample
    }
}

#[cfg(test)]
mod tests;
