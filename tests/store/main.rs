//! The store's promises, tried against a disk that forgets, refuses, waits and breaks.
//!
//! `disk` is that disk, `bank` the small domain that the tests run on it: every deposit writes two
//! tables and takes a number, so anything half done shows. The rest is one file a theme. Nothing
//! here depends on time: whoever must wait is held, and let go when what it waits for has happened.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "a test that meets what it did not expect should stop there, and nobody imports it"
)]

mod bank;
mod compaction;
mod copies;
mod disk;
mod domains;
mod failing_disk;
mod files;
mod groups;
mod lifetime;
mod migrations;
mod model;
mod power_cut;
mod progress;
