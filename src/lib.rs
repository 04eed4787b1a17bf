//! `appliance`: accounts, QR attendance, a social log and an audit trail in one binary.
mod base32;
pub mod clock;
mod crypto;
mod ids;
mod language;
pub mod store;
pub mod telemetry;
