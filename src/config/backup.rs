//! `[backup]`: when backups are taken, where they are kept and for how long.

use std::path::{Path, PathBuf};

use jiff::{civil, tz::TimeZone};
use serde::Deserialize;

/// See `appliance.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupConfig {
    /// Where backups are kept; empty for `backups` in the data directory.
    pub directory: PathBuf,
    /// When they are taken by themselves.
    pub schedule: BackupSchedule,
    /// The IANA time zone of the schedule.
    pub timezone: String,
    /// How many of the newest are kept.
    pub keep_last: u32,
    /// How many more, one for each of the last days that have one.
    pub keep_daily: u32,
    /// The same for weeks, which begin on Monday.
    pub keep_weekly: u32,
    /// The same for months.
    pub keep_monthly: u32,
    /// The age recipients that they are encrypted to.
    pub recipients: Vec<String>,
    /// The file whose first line is the passphrase that they are encrypted with; empty for none.
    pub passphrase_file: PathBuf,
}

/// How often backups are taken by themselves: `off`, or `daily 02:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum BackupSchedule {
    /// Never.
    Off,
    /// Every day at this hour and minute of the zone's clock.
    Daily(civil::Time),
}

impl TryFrom<String> for BackupSchedule {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let read = || {
            let time = text.strip_prefix("daily ")?;
            let (hour, minute) = time.split_once(':')?;
            let number = |text: &str| {
                let has_form = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
                has_form.then(|| text.parse::<i8>().ok())?
            };
            civil::Time::new(number(hour)?, number(minute)?, 0, 0).ok()
        };
        match text.as_str() {
            "off" => Ok(Self::Off),
            _ => read().map(Self::Daily).ok_or("must be \"off\" or \"daily HH:MM\""),
        }
    }
}

impl BackupConfig {
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        if self.keep_last == 0 {
            return Err(("backup.keep_last", "must be 1 or more".to_owned()));
        }
        if self.named_zone().is_err() {
            let reason = "must be an IANA time zone such as Europe/Rome".to_owned();
            return Err(("backup.timezone", reason));
        }
        if !self.recipients.is_empty() && !self.passphrase_file.as_os_str().is_empty() {
            let reason = "must be empty when backup.recipients is not: an archive is encrypted to \
                          recipients or with a passphrase";
            return Err(("backup.passphrase_file", reason.to_owned()));
        }
        Ok(())
    }

    /// The time zone of the schedule.
    pub fn zone(&self) -> TimeZone {
        self.named_zone().unwrap_or(TimeZone::UTC)
    }

    /// The directory that backups are kept in, `beside` unless another is configured.
    pub fn directory_or(&self, beside: PathBuf) -> PathBuf {
        if self.directory.as_os_str().is_empty() { beside } else { self.directory.clone() }
    }

    /// The file with the passphrase, if there is one.
    pub fn passphrase_file(&self) -> Option<&Path> {
        Some(self.passphrase_file.as_path()).filter(|path| !path.as_os_str().is_empty())
    }

    fn named_zone(&self) -> Result<TimeZone, jiff::Error> {
        TimeZone::get(&self.timezone)
    }
}
