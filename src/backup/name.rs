//! The names of archives, which sort by time: `appliance-20261123T020000Z.tar.zst`, with `.age` when
//! it is encrypted.

use std::{fmt, str::FromStr};

use crate::clock::Time;

const PREFIX: &str = "appliance-";
const PLAIN: &str = ".tar.zst";
const ENCRYPTED: &str = ".tar.zst.age";
/// `20261123T020000Z`
const STAMP: &str = "%Y%m%dT%H%M%SZ";

/// How far ahead of the clock a name may be, in seconds: clocks are corrected by a little all the time.
const AHEAD_SECONDS: i64 = 5 * 60;

/// The name of an archive, and so never a path. Ordered by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct BackupName {
    /// When it was taken; whole seconds.
    pub time: Time,
    /// Whether it is encrypted.
    pub encrypted: bool,
}

impl BackupName {
    /// Whether it names a moment that has not come yet, because a clock was wrong here or elsewhere. Such an
    /// archive may be good; how old it is nobody knows.
    pub fn is_from_the_future(self, now: Time) -> bool {
        self.time > now.plus_seconds(AHEAD_SECONDS)
    }
}

/// The text is not the name of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAName;

impl fmt::Display for NotAName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be a name such as appliance-20261123T020000Z.tar.zst")
    }
}

impl std::error::Error for NotAName {}

/// A moment as it stands in names.
pub(super) fn stamp(time: Time) -> String {
    time.format_utc(STAMP)
}

impl fmt::Display for BackupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let suffix = if self.encrypted { ENCRYPTED } else { PLAIN };
        write!(f, "{PREFIX}{}{suffix}", stamp(self.time))
    }
}

impl FromStr for BackupName {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, NotAName> {
        let rest = text.strip_prefix(PREFIX).ok_or(NotAName)?;
        let (stamp, encrypted) = match rest.strip_suffix(ENCRYPTED) {
            Some(stamp) => (stamp, true),
            None => (rest.strip_suffix(PLAIN).ok_or(NotAName)?, false),
        };
        let time = Time::parse_utc(STAMP, stamp).ok_or(NotAName)?;
        let name = Self { time, encrypted };
        // Another way to write the same moment is another file.
        if name.to_string() == text { Ok(name) } else { Err(NotAName) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn names_read_as_they_were_written_and_sort_by_time(
            times in proptest::collection::vec(0_i64..253_402_300_799, 2),
            encrypted: bool,
        ) {
            let name = |seconds: i64| BackupName {
                time: Time::EPOCH.plus_seconds(seconds),
                encrypted,
            };
            let names = [name(times[0]), name(times[1])];
            prop_assert_eq!(names[0].to_string().parse(), Ok(names[0]));
            prop_assert_eq!(
                names[0].to_string().cmp(&names[1].to_string()),
                times[0].cmp(&times[1])
            );
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in [
            "",
            "appliance-.tar.zst",
            "appliance-20261123T020000Z.tar",
            "appliance-20261123T020000Z.tar.zst.new",
            "appliance-20261123T0200Z.tar.zst",
            "appliance-20261323T020000Z.tar.zst",
            "appliance-20261123T250000Z.tar.zst",
            "appliance-2026-11-23.tar.zst",
            "../appliance-20261123T020000Z.tar.zst",
            "appliance-20261123T020000Z.tar.zst/..",
            "appliance- 20261123T020000Z.tar.zst",
        ] {
            assert_eq!(text.parse::<BackupName>(), Err(NotAName), "{text}");
        }
    }
}
