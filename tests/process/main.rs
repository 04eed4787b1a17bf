//! The real binary, as processes: what it says, how it ends, and what it leaves behind when it is
//! told to stop, killed, or runs out of disk.
//!
//! `program` runs verbs to their end, `running` is a server that goes on, `site` asks it over HTTPS as
//! people do. `load` is many people at once and the ledger of what was acknowledged to them, `found`
//! compares that ledger with what a later start finds. `mail_server` is one to send mail to. `small_disk` is a file system that can be filled. The rest is one file a theme. Nothing here
//! waits for time to pass: every wait is for a condition, with a bound that only a fault reaches.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "a test that meets what it did not expect should stop there, and nobody imports it"
)]

mod acme;
mod backup_disk;
mod backup_running;
mod backup_watched;
mod backups;
mod certificates;
mod compact;
mod config;
mod control;
mod control_verbs;
mod data_directory;
mod doctor;
mod doctor_faults;
mod failed_sync;
mod faults;
mod feed;
mod first_start;
mod floor;
mod forgetful_disk;
mod found;
mod full_disk;
mod handshake;
mod hostile_archives;
mod in_use;
mod keys;
mod kill;
mod large_files;
mod load;
mod mail;
mod mail_server;
mod pebble;
mod program;
mod reset_password;
mod restore_cut_short;
mod root;
mod running;
mod setup_link;
mod site;
mod slow_request;
mod small_disk;
mod sockets;
mod starved;
mod stopped_start;
mod suggesting;
mod supervisor;
#[path = "../support/mod.rs"]
mod support;
mod support_bundle;
mod terminate;
mod user_verbs;
mod users;
mod verbs;
