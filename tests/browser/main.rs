//! The web app in a real Chromium, against a real appliance, over real HTTPS.
//!
//! `driver` and `browser` hold the processes and what a person does with them, `people` the walks
//! that many tests begin with, `camera` turns a picture into what a camera sees. The rest is one file a
//! theme. A test that ends well also asks each browser whether a page complained: a broken content
//! security policy or an error in a script fails it, whatever else it looked at.
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

mod access;
mod accounts;
mod browser;
mod camera;
mod driver;
mod pages;
mod people;
mod room;
mod scanning;
mod session;
mod system;
