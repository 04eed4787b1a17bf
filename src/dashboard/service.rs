//! The service behind the views: what it is made of, figures over time, and log lines.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::{
    dto::{LogLevel, LogsBody, SeriesBody},
    problem::metric_unknown,
    remembered::Remembered,
    sources::{AccountFacts, ActionCounts, ScanFacts, StatsSources},
};
use crate::{
    clock::{Clock, Time},
    http::{Followers, Problem, StreamSettings},
    language::Text,
    telemetry::{DAY_SAMPLES, Range, SAMPLE_EVERY, SampledMetric, Sampler, log_tail},
};

/// How many may follow the log at once, be it one administrator in as many windows.
const MOST_FOLLOWERS: u64 = 8;
/// Figures that one question may ask for.
const MOST_METRICS: usize = 16;
/// Steps that one answer may have: a quarter of a day's samples.
const MOST_STEPS: usize = DAY_SAMPLES / 4;
/// Steps when nobody says how long one is.
const USUAL_STEPS: i64 = 360;
/// Seconds of the longest range: what is kept.
const LONGEST_RANGE_SECONDS: i64 = 31 * 86_400;
const HOUR_SECONDS: i64 = 3_600;
/// Log lines when nobody says how many.
const USUAL_LINES: usize = 200;
/// Log lines that there can be.
const MOST_LINES: usize = 2_000;

/// The views. Clones share everything.
#[derive(Clone)]
pub struct Dashboard {
    pub(super) parts: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) sampler: Sampler,
    pub(super) clock: Clock,
    pub(super) sources: StatsSources,
    pub(super) timezone: String,
    pub(super) zone: TimeZone,
    pub(super) followers: Followers,
    pub(super) stream_settings: StreamSettings,
    pub(super) accounts: Remembered<AccountFacts>,
    pub(super) actions: Remembered<Vec<Option<ActionCounts>>>,
    pub(super) scans: Remembered<Option<ScanFacts>>,
    pub(super) social: Remembered<Option<std::collections::BTreeMap<String, u64>>>,
}

/// Which figures, over which time.
#[derive(Debug, Clone, Default)]
pub struct SeriesQuery {
    /// Names with commas between them.
    pub metrics: String,
    /// Where it begins; an hour before the end without.
    pub from: Option<Time>,
    /// Where it ends; now without.
    pub to: Option<Time>,
    /// Seconds of a step; without, as many as make 360 steps, from 20.
    pub step_seconds: Option<u32>,
}

impl Dashboard {
    /// The views over everything. Hours and days are those of `timezone` (UTC when it is none).
    pub fn new(
        sampler: Sampler,
        clock: Clock,
        sources: StatsSources,
        timezone: &str,
        stream_settings: StreamSettings,
    ) -> Self {
        let zone = TimeZone::get(timezone).unwrap_or(TimeZone::UTC);
        let parts = Inner {
            sampler,
            clock,
            sources,
            timezone: timezone.to_owned(),
            zone,
            followers: Followers::new(MOST_FOLLOWERS, MOST_FOLLOWERS),
            stream_settings,
            accounts: Remembered::for_seconds(10),
            actions: Remembered::for_seconds(5),
            scans: Remembered::for_seconds(20),
            social: Remembered::for_seconds(60),
        };
        Self { parts: Arc::new(parts) }
    }

    /// Figures over time.
    ///
    /// # Errors
    /// `METRIC_UNKNOWN` (400) with the names that there are, and `VALIDATION_FAILED` (422) for a range
    /// or a step that makes no sense.
    pub async fn series(&self, query: SeriesQuery) -> Result<SeriesBody, Problem> {
        let figures = figures(&query.metrics)?;
        let range = range(&query, self.parts.clock.now())?;
        let sampler = self.parts.sampler.clone();
        let series = tokio::task::spawn_blocking(move || sampler.series(&figures, range)).await;
        Ok(series.map_err(Problem::internal)?.into())
    }

    /// The last log lines that are at least as important as `level` and hold `text`.
    pub fn logs(
        &self,
        level: Option<LogLevel>,
        text: Option<&str>,
        limit: Option<u32>,
    ) -> LogsBody {
        let level = level.map(Into::into);
        let (lines, _, newest_sequence) = log_tail().after(0, level, text, line_limit(limit));
        LogsBody { lines: lines.into_iter().map(Into::into).collect(), newest_sequence }
    }
}

/// How many lines somebody gets.
pub(super) fn line_limit(limit: Option<u32>) -> usize {
    let limit = limit.map_or(USUAL_LINES, |limit| usize::try_from(limit).unwrap_or(MOST_LINES));
    limit.min(MOST_LINES)
}

fn figures(names: &str) -> Result<Vec<SampledMetric>, Problem> {
    let shown = |name: &str| name.chars().filter(|c| !c.is_control()).take(60).collect::<String>();
    let parsed: Vec<_> = names
        .split(',')
        .map(str::trim)
        .map(|name| SampledMetric::parse(name).ok_or_else(|| metric_unknown(&shown(name))))
        .collect::<Result<_, _>>()?;
    if parsed.len() > MOST_METRICS {
        let message = Text::made(
            format!("must be at most {MOST_METRICS} names"),
            format!("devono essere al massimo {MOST_METRICS} nomi"),
        );
        return Err(Problem::invalid_field("metric", message));
    }
    Ok(parsed)
}

fn range(query: &SeriesQuery, now: Time) -> Result<Range, Problem> {
    let to = query.to.unwrap_or(now);
    let from = query.from.unwrap_or_else(|| to.plus_seconds(-HOUR_SECONDS));
    let seconds = to.millis_since(from) / 1_000;
    if !(1..=LONGEST_RANGE_SECONDS).contains(&seconds) {
        let message = Text::fixed(
            "must lie before `to`, and at most 31 days before it",
            "deve precedere `to`, di 31 giorni al massimo",
        );
        return Err(Problem::invalid_field("from", message));
    }
    // Twice as long as samples are apart: a sample that comes a moment late leaves no gap.
    let shortest = u32::try_from(2 * SAMPLE_EVERY.as_secs()).unwrap_or(1);
    let usual = u32::try_from((seconds + USUAL_STEPS - 1) / USUAL_STEPS).unwrap_or(u32::MAX);
    let step_seconds = query.step_seconds.unwrap_or_else(|| usual.max(shortest));
    let range = Range { from, to, step_seconds };
    if step_seconds == 0 || range.steps() > MOST_STEPS {
        let message = Text::made(
            format!("must be 1 or more, and so that there are at most {MOST_STEPS} steps"),
            format!("dev'essere almeno 1, e tale da dare al massimo {MOST_STEPS} passi"),
        );
        return Err(Problem::invalid_field("step", message));
    }
    Ok(range)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_millis(1_000_000_000_000);

    fn steps(from: i64, step_seconds: Option<u32>) -> Result<(u32, usize), &'static str> {
        let from = Some(NOW.plus_seconds(from));
        let query = SeriesQuery { from, step_seconds, ..SeriesQuery::default() };
        let range = range(&query, NOW).map_err(|problem| problem.code)?;
        Ok((range.step_seconds, range.steps()))
    }

    #[test]
    fn a_range_gets_steps_that_fit_a_chart_and_never_too_many() {
        assert_eq!(steps(-3_600, None), Ok((20, 180)));
        assert_eq!(steps(-86_400, None), Ok((240, 360)));
        assert_eq!(steps(-60, None), Ok((20, 3)));
        assert_eq!(steps(-3_600, Some(7)), Ok((7, 515)));
        for (from, step) in [(-86_400, Some(10)), (-60, Some(0)), (60, None), (-2_700_000, None)] {
            assert_eq!(steps(from, step), Err("VALIDATION_FAILED"), "{from} {step:?}");
        }
    }

    #[test]
    fn an_unknown_metric_is_answered_with_those_that_there_are() {
        let found = figures("machine_cpu_percent, connections").unwrap();
        assert_eq!(found, [SampledMetric::MachineCpu, SampledMetric::Connections]);
        let problem = figures("connections,nonsense").unwrap_err();
        assert_eq!((problem.status.as_u16(), problem.code), (400, "METRIC_UNKNOWN"));
        assert!(problem.detail.en.contains("“nonsense”"));
        assert!(problem.detail.en.contains("requests_per_second"));
        assert_eq!(figures(&"connections,".repeat(17)).unwrap_err().code, "METRIC_UNKNOWN");
        let many = vec!["connections"; 17].join(",");
        assert_eq!(figures(&many).unwrap_err().code, "VALIDATION_FAILED");
    }
}
