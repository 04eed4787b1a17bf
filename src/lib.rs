//! `appliance`: accounts, QR attendance, a social log and an audit trail in one binary.
//!
//! # The map of the house
//!
//! In the order in which a request meets them, outermost first:
//!
//! - [`cli`] parses the command line; one file a verb. [`control`] is how a verb asks a running appliance,
//!   [`doctor`] looks for what is wrong with an installation and changes nothing.
//! - [`server`] binds, serves, drains; [`server`]'s `domains` composes the domains and its `routes` is the
//!   one table of what answers where. [`backup`] takes one moment of all files away and brings it back.
//! - [`gateway`] is what happens around every request: name it, authenticate the caller, limit, log.
//! - The domains: [`auth`] (accounts and sessions), [`user`] (profiles, events, codes, attendance) and
//!   [`social_log`] (the social feed and the audit chain). Each keeps one file and knows no other.
//! - [`dashboard`] looks at all of them, and at the machine, without writing anything.
//! - [`http`] is what handlers share; [`audit_event`] is the audit event that domains emit; [`token`] signs.
//! - [`mail`] takes letters to a mail server.
//! - [`store`] is the heart: one redb file behind one writer that commits in groups.
//! - Below everything: [`config`], [`telemetry`], [`clock`], [`ids`], [`language`], [`crypto`],
//!   [`base32`], [`qr`], [`field`], [`limit`], [`paths`], [`write_behind`], and the web app in [`assets`].
//!
//! # Invariants
//!
//! - An answer to a write leaves after its fsync, never before (`store`).
//! - A fact and its audit event commit together; the chain holds each event once (`audit_event`).
//! - A domain names no other domain; the gateway and the store name none (`tests/house`).
//! - Only `http`, `gateway`, `server`, `assets`, `dashboard` and a domain's `api`, `dto` and `problem` know
//!   poem; only `store` and a domain's `tables`, `records`, `store` and `migrations` know redb.
//! - Only `paths` makes files and opens them to be written, and follows no link (`tests/house`).
//! - Only `clock` asks what time it is; only `crypto` and `server/tls` name the crypto provider.
//! - No `unsafe`, and outside of tests no `unwrap`, `expect`, `panic!` or indexing (lints forbid them).

pub mod assets;
pub mod audit_event;
pub mod auth;
pub mod backup;
pub mod base32;
pub mod cli;
pub mod clock;
pub mod config;
pub mod control;
pub mod crypto;
pub mod dashboard;
pub mod doctor;
pub mod field;
pub mod gateway;
pub mod http;
pub mod ids;
pub mod language;
pub mod limit;
pub mod mail;
pub mod paths;
pub mod qr;
pub mod server;
pub mod social_log;
pub mod store;
pub mod telemetry;
pub mod token;
pub mod user;
pub mod write_behind;
