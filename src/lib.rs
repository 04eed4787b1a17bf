//! `appliance`: accounts, QR attendance, a social log and an audit trail in one binary.
//!
//! The map of the house comes with its rooms; see the modules below.

pub mod base32;
pub mod clock;
pub mod config;
pub mod crypto;
pub mod event;
pub mod http;
pub mod ids;
pub mod language;
pub mod paths;
pub mod store;
pub mod telemetry;
pub mod token;
pub mod user;
