//! Series in JSON.

use std::borrow::Cow;

use poem_openapi::{
    Object,
    registry::{MetaSchema, MetaSchemaRef},
    types::{ParseError, ParseFromJSON, ParseResult, ToJSON, Type},
};
use serde_json::Value;

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
    pub mean: Vec<StepFigure>,
    /// The least of them.
    pub minimum: Vec<StepFigure>,
    /// The greatest of them.
    pub maximum: Vec<StepFigure>,
}

impl From<Series> for SeriesBody {
    fn from(Series { range, columns }: Series) -> Self {
        let metrics = columns.into_iter().map(|(figure, steps)| {
            let each = |of: fn(&Summary) -> f32| {
                let known = |step: &Summary| (step.count > 0).then(|| tidy(of(step).into()));
                steps.iter().map(|step| StepFigure(known(step))).collect()
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

/// A figure of one step, or null. poem-openapi describes an optional item as one that is always there.
#[derive(Debug, Clone, Copy)]
pub struct StepFigure(Option<f64>);

impl Type for StepFigure {
    const IS_REQUIRED: bool = true;

    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        "nullable_number(double)".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        let number = MetaSchema::new_with_format("number", "double");
        MetaSchemaRef::Inline(Box::new(MetaSchema { nullable: true, ..number }))
    }

    fn as_raw_value(&self) -> Option<&Self::RawValueType> {
        Some(self)
    }

    fn raw_element_iter<'a>(
        &'a self,
    ) -> Box<dyn Iterator<Item = &'a Self::RawElementValueType> + 'a> {
        Box::new(self.as_raw_value().into_iter())
    }
}

impl ToJSON for StepFigure {
    fn to_json(&self) -> Option<Value> {
        Some(self.0.to_json().unwrap_or_default())
    }
}

impl ParseFromJSON for StepFigure {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        Option::parse_from_json(value).map(Self).map_err(ParseError::propagate)
    }
}
