//! What is wrong with an installation, and the command that mends it.
//!
//! One file a group of checks; each check looks at one thing and says one [`Finding`]. It works on the
//! data of a running appliance, which is asked over its control socket, on those of a stopped one, whose
//! files are read, and where nothing exists yet.
//!
//! Architecture invariant: nothing here writes, not even what redb would when it opens a file, so that
//! looking never makes anything worse.

mod certificate;
mod configuration;
mod data;
mod databases;
mod finding;
mod limits;
mod mail;
mod network;
mod target;

use crate::{clock::Time, config::Config};

pub use finding::{Finding, Health};
pub use target::Target;

/// Looks at the appliance, its files and what it logs in to the mail server with, as whoever they belong to.
pub fn examine_files(config: &Config, now: Time) -> (Target, Vec<Finding>) {
    let target = Target::of(config);
    let mut findings = vec![target.finding()];
    findings.extend(configuration::findings(config));
    findings.extend(data::findings(config, &target, now));
    findings.extend(databases::findings(config, &target, now));
    findings.extend(certificate::findings(config, &target, now));
    findings.extend(mail::finding(config));
    (target, findings)
}

/// Looks at what is around the appliance, as whoever asks.
pub fn examine_surroundings(config: &Config, target: &Target) -> Vec<Finding> {
    let mut findings = network::findings(config, target);
    findings.push(limits::finding(config, target));
    findings
}
