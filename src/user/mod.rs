//! The user domain: profiles, events, their codes, displays and attendance, all in `user.redb`.
//!
//! Each use case is a method of [`UserService`], written in the folder that it belongs to, and each
//! folder has the same few files: `model` and `rules` are pure, `service` (or `scans`, `reads`) reads,
//! asks the rule and submits, `store` keeps tables in step, `api` and `dto` are HTTP. `tables`,
//! `records` and `migrations` belong to the file and stand here.
//!
//! Architecture invariant: no other domain is named here. What is needed of the accounts comes in
//! through [`Accounts`], composed in `server/domains`.

mod attendance;
mod codes;
mod displays;
mod error;
mod events;
mod migrations;
mod personal_data;
mod problem;
mod profiles;
mod records;
mod service;
mod tables;
#[cfg(test)]
mod tests;

use crate::{
    ids::UserId,
    store::{Snapshot, StoreError},
};

pub use attendance::{
    ActiveEvent, ActiveUser, Activity, AttendanceApi, AttendanceRow, AttendanceStatus, Hold,
    QUARTER_SECONDS, RATE_FORMULA, ScanAnswer, ScanInput, ScanOutcome, Source, Statistics,
};
pub use codes::{BrowserId, CodeParams, CodesApi, ScanRefusal, Secret, ShownCode};
pub use displays::{DisplayView, DisplaysApi, ShownEvent};
pub use error::UserError;
pub use events::{EventInput, EventView, EventsApi, Mode, Phase, Schedule};
pub use migrations::MIGRATIONS;
pub use personal_data::{AttendanceCursor, PersonalDataList};
pub use profiles::{PersonName, ProfileChanges, ProfilesApi};
pub use records::{Attendance, Event, Profile};
pub use service::{Accounts, NewProfile, UserService};
pub use tables::TABLES;

/// What a person is called in a snapshot.
///
/// # Errors
/// When the file cannot be read.
pub fn profile_in(snapshot: &Snapshot, id: UserId) -> Result<Option<Profile>, StoreError> {
    tables::PROFILES.get(snapshot, id.0)
}

/// The routes of the domain, relative to `/api/v1`.
pub fn apis(
    service: UserService,
) -> (ProfilesApi, EventsApi, CodesApi, DisplaysApi, AttendanceApi) {
    (
        ProfilesApi(service.clone()),
        EventsApi(service.clone()),
        CodesApi(service.clone()),
        DisplaysApi(service.clone()),
        AttendanceApi(service),
    )
}
