//! The refusals of watching.

use poem::http::StatusCode;

use crate::{field::FieldError, http::Problem, language::Text, telemetry::SampledMetric};

/// 400 for a metric that there is not, with those that there are.
pub(super) fn metric_unknown(name: &str) -> Problem {
    let known: Vec<_> = SampledMetric::ALL.iter().map(|figure| figure.name()).collect();
    let known = known.join(", ");
    let message = Text::made(
        format!("must be names with commas between them, out of: {known}"),
        format!("devono essere nomi separati da virgole, tra: {known}"),
    );
    let problem = Problem::with_text(
        StatusCode::BAD_REQUEST,
        "METRIC_UNKNOWN",
        Text::made(
            format!("There is no metric “{name}”. There are: {known}."),
            format!("Non esiste la metrica “{name}”. Esistono: {known}."),
        ),
    );
    Problem { errors: vec![FieldError { field: "metric".into(), message }], ..problem }
}

/// 429 when as many follow the log as may.
pub(super) fn too_many_followers() -> Problem {
    let problem = Problem::new(
        StatusCode::TOO_MANY_REQUESTS,
        "TOO_MANY_FOLLOWERS",
        "Too many people follow the log already.",
        "Troppe persone seguono già il log.",
    );
    problem.retry_after(10)
}
