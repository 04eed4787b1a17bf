//! Figures of an event: how many came, and how.

use super::{
    super::{events::Phase, records::Tally},
    model::AttendanceStatus,
};

/// How [`Statistics::attendance_rate`] is computed, in words for whoever reads it.
pub const RATE_FORMULA: &str = "(present + late) / expected";

/// Figures of one event.
#[derive(Debug, Clone, PartialEq)]
pub struct Statistics {
    /// How many people are expected; nothing when anyone may come.
    pub expected: Option<u32>,
    /// How many people something is held of.
    pub recorded: u32,
    /// How many have each status, in the order of [`AttendanceStatus::ALL`].
    pub by_status: Vec<(AttendanceStatus, u32)>,
    /// From 0 to 1, by [`RATE_FORMULA`]; nothing when nobody says how many are expected.
    pub attendance_rate: Option<f64>,
}

impl Statistics {
    /// The figures of a tally. Once the event has closed, expected people of whom nothing is held
    /// count as not registered: nobody writes that down, so no timer can miss it.
    pub(crate) fn of(tally: &Tally, expected: Option<u32>, phase: Phase) -> Self {
        let held = |status| {
            tally.by_status.iter().find(|(held, _)| *held == status).map_or(0, |(_, count)| *count)
        };
        let missing = match (expected, phase) {
            (Some(expected), Phase::Closed) => expected.saturating_sub(tally.of_expected),
            _ => 0,
        };
        let count = |status| match status {
            AttendanceStatus::NotRegistered => held(status) + missing,
            _ => held(status),
        };
        let came = held(AttendanceStatus::Present) + held(AttendanceStatus::Late);
        let rate = |expected: u32| f64::from(came) / f64::from(expected);
        Self {
            expected,
            recorded: tally.by_status.iter().map(|(_, count)| count).sum(),
            by_status: AttendanceStatus::ALL.map(|status| (status, count(status))).to_vec(),
            attendance_rate: expected.filter(|expected| *expected > 0).map(rate),
        }
    }

    /// How many have a status.
    pub fn count(&self, status: AttendanceStatus) -> u32 {
        self.by_status.iter().find(|(held, _)| *held == status).map_or(0, |(_, count)| *count)
    }

    /// How many gave a reason for not being there.
    pub fn excused(&self) -> u32 {
        let excused = self.by_status.iter().filter(|(status, _)| status.is_excused());
        excused.map(|(_, count)| count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally() -> Tally {
        let mut tally = Tally::default();
        for status in [
            AttendanceStatus::Present,
            AttendanceStatus::Late,
            AttendanceStatus::Present,
            AttendanceStatus::Family,
        ] {
            tally.add(status, true);
        }
        tally
    }

    #[test]
    fn people_without_a_row_count_as_not_registered_once_the_event_has_closed() {
        let missing = |phase| {
            Statistics::of(&tally(), Some(10), phase).count(AttendanceStatus::NotRegistered)
        };
        assert_eq!((missing(Phase::Open), missing(Phase::Closed)), (0, 6));
    }

    #[test]
    fn the_rate_is_of_those_who_came_among_those_expected() {
        let statistics = Statistics::of(&tally(), Some(10), Phase::Open);
        assert_eq!(statistics.attendance_rate, Some(0.3));
        assert_eq!((statistics.recorded, statistics.excused()), (4, 1));
    }

    #[test]
    fn there_is_no_rate_where_anyone_may_come() {
        let statistics = Statistics::of(&tally(), None, Phase::Closed);
        assert_eq!(statistics.attendance_rate, None);
        assert_eq!(statistics.count(AttendanceStatus::NotRegistered), 0);
    }
}
