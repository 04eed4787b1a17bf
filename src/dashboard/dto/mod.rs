//! The views in JSON.

mod health;
mod insights;
mod logs;
mod security;
mod series;

pub use health::HealthBody;
pub use insights::InsightsBody;
pub use logs::LogsBody;
pub use security::SecurityBody;
pub use series::SeriesBody;

pub(super) use health::{
    BackupBody, CertificateBody, MachineBody, PartBody, PartStatus, ProcessBody, StoreBody,
    TrafficBody,
};
pub(super) use insights::{
    CountBody, DayBody, EndpointBody, EventScansBody, HourBody, ScansBody, UserScansBody,
};
pub(super) use logs::{LogLevel, LogLineBody};
pub(super) use security::{LoginsBody, TokenChecksBody, WindowsBody};

use poem_openapi::{Enum, Object};

use super::{rules::HealthFinding, severity::Severity};
use crate::language::Language;

/// How much somebody should care.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "WatchLevel", rename_all = "snake_case")]
pub enum LevelBody {
    /// Nothing is wrong as far as anyone can see.
    Ok,
    /// Worth a look today.
    Attention,
    /// Worth a look now.
    Alarm,
}

impl From<Severity> for LevelBody {
    fn from(level: Severity) -> Self {
        match level {
            Severity::Ok => Self::Ok,
            Severity::Attention => Self::Attention,
            Severity::Alarm => Self::Alarm,
        }
    }
}

/// Something that somebody should know.
#[derive(Debug, Clone, Object)]
#[oai(rename = "WatchFinding")]
pub struct FindingBody {
    /// How much it matters.
    pub level: LevelBody,
    /// What it is, for programs: stable, upper snake case.
    pub code: String,
    /// What it is, in the asked language.
    pub text: String,
}

impl FindingBody {
    /// The wire's form of findings.
    pub(super) fn all(findings: &[HealthFinding], language: Language) -> Vec<Self> {
        let body = |finding: &HealthFinding| Self {
            level: finding.level.into(),
            code: finding.code.to_owned(),
            text: finding.text.in_language(language).to_owned(),
        };
        findings.iter().map(body).collect()
    }
}

/// A figure with six digits that mean something: the rest is noise of how it was kept.
pub(super) fn tidy(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let scale = 10_f64.powf(5.0 - value.abs().log10().floor());
    if scale.is_finite() { (value * scale).round() / scale } else { value }
}

#[cfg(test)]
mod tests {
    use super::tidy;

    #[test]
    fn a_figure_keeps_six_digits() {
        let kept = [12.300_000_190_734_863, 0.000_123_456_789, 8_123_456_789.0].map(tidy);
        assert_eq!(kept.map(|value| value.to_string()), ["12.3", "0.000123457", "8123460000"]);
        assert_eq!(tidy(0.0).to_string(), "0");
    }
}
