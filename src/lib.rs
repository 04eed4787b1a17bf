//! `appliance`: accounts, QR attendance, a social log and an audit trail in one binary.
//!
//! The map of the house comes with its rooms; see the modules below.

pub mod auth;
pub mod base32;
pub mod clock;
pub mod config;
pub mod crypto;
pub mod event;
pub mod gateway;
pub mod http;
pub mod ids;
pub mod language;
pub mod limit;
pub mod paths;
pub mod social_log;
pub mod store;
pub mod telemetry;
pub mod token;
