//! The whole HTTP behaviour of an appliance that runs in this process, over real HTTPS.
//!
//! Each test starts an appliance of its own in a directory of its own, with a clock that it moves by
//! hand, so that none waits for time to pass or for another test.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "a test that meets what it did not expect should stop there, and nobody imports it"
)]

#[path = "../support/mod.rs"]
mod support;

mod accounts;
mod api_keys;
mod assets;
mod attacks;
mod attendance;
mod audit;
mod backups;
mod bad_input;
mod balancers;
mod connections;
mod cors;
mod dashboard;
mod displays;
mod erasure;
mod events;
mod export;
mod feed_bounds;
mod fixtures;
mod floods;
mod following;
mod frames;
mod import;
mod invitations;
mod known_browsers;
mod lists;
mod matrix;
mod openapi;
mod passwords;
mod people;
mod problems;
mod proxy;
mod redirect;
mod resets;
mod scans;
mod second_factor;
mod sessions;
mod shares;
mod social_log;
mod surfaces;
mod throttle;
mod tls;
mod tokens;
mod typed_codes;
