//! Series in JSON.

use poem_openapi::Object;

use super::tidy;
use crate::{
    http::Timestamp,
    telemetry::{Series, Summary},
};

/// Figures over time, in steps of equal length.
#[derive(Debug, Clone, Object)]
#[oai(rename = "DashboardSeries")]
pub struct SeriesBody {
    /// Where the first step begins.
    pub from: Timestamp,
    /// Where the last one ends at the latest.
    pub to: Timestamp,
    /// Seconds of a step.
    pub step_seconds: u32,
    /// Each figure, in the order in which they were asked for.
    pub metrics: Vec<MetricBody>,
}

/// A figure, with an entry for each step: null where nothing is known.
#[derive(Debug, Clone, Object)]
#[oai(rename = "DashboardMetric")]
pub struct MetricBody {
    /// Its name.
    pub metric: String,
    /// `percent`, `bytes`, `bytes_per_second`, `count`, `per_second` or `seconds`.
    pub unit: String,
    /// The mean of the samples of each step.
    pub mean: Vec<Option<f64>>,
    /// The least of them.
    pub minimum: Vec<Option<f64>>,
    /// The greatest of them.
    pub maximum: Vec<Option<f64>>,
}

impl From<Series> for SeriesBody {
    fn from(Series { range, columns }: Series) -> Self {
        let metrics = columns.into_iter().map(|(figure, steps)| {
            let each = |of: fn(&Summary) -> f32| {
                let known = |step: &Summary| (step.count > 0).then(|| tidy(of(step).into()));
                steps.iter().map(known).collect()
            };
            MetricBody {
                metric: figure.name().to_owned(),
                unit: figure.unit().as_str().to_owned(),
                mean: each(|step| step.mean),
                minimum: each(|step| step.minimum),
                maximum: each(|step| step.maximum),
            }
        });
        Self {
            from: range.from.into(),
            to: range.to.into(),
            step_seconds: range.step_seconds,
            metrics: metrics.collect(),
        }
    }
}
