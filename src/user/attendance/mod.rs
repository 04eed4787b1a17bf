//! Attendance: scans, what they make of a person at an event, and who may read it.
//!
//! `rules` decides about a scan and knows neither store nor clock; `resolve` is what a scan rests on
//! (a code, a typed code or a hold) and `context` where it comes from; `misses` counts wrong typed codes; `scans`
//! takes them, and `changes` logs what they changed; `reads` lists what came of them; `statistics` counts.

mod activity;
mod api;
mod changes;
mod context;
mod dto;
mod misses;
mod model;
mod reads;
mod resolve;
mod rules;
mod scans;
mod statistics;
mod store;

pub use activity::{ActiveEvent, ActiveUser, Activity, QUARTER_SECONDS};
pub use api::AttendanceApi;
pub use model::{AttendanceStatus, ScanInput, ScanOutcome, Source};
pub use reads::AttendanceRow;
pub use scans::{Hold, ScanAnswer};
pub use statistics::{RATE_FORMULA, Statistics};

pub(super) use changes::{
    anonymize, of_user as changes_of_user, remove_all_of as remove_changes_of,
};
pub(crate) use dto::StatisticsBody;
pub(super) use misses::TypedCodeMisses;
