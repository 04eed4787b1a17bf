//! `[attendance]`: defaults of events that do not say.

use jiff::tz::TimeZone;
use serde::Deserialize;

/// See `appliance.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttendanceConfig {
    /// The IANA time zone.
    pub timezone: String,
    /// Seconds that a rotating code is shown for.
    pub rotation_seconds: u32,
    /// Minutes before the start that scanning opens.
    pub open_early_minutes: u32,
    /// Minutes after the start that a scan is late.
    pub late_after_minutes: u32,
}

impl AttendanceConfig {
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        if TimeZone::get(&self.timezone).is_err() {
            let reason = "must be an IANA time zone such as Europe/Rome".to_owned();
            return Err(("attendance.timezone", reason));
        }
        if !(5..=300).contains(&self.rotation_seconds) {
            return Err(("attendance.rotation_seconds", "must be from 5 to 300".to_owned()));
        }
        // What an event may say itself; beyond, every event that does not would be refused.
        let minutes = [
            ("attendance.open_early_minutes", self.open_early_minutes),
            ("attendance.late_after_minutes", self.late_after_minutes),
        ];
        if let Some((key, _)) = minutes.into_iter().find(|(_, minutes)| *minutes > 1_440) {
            return Err((key, "must be from 0 to 1440".to_owned()));
        }
        Ok(())
    }
}
