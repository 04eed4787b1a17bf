//! `appliance doctor`: what is wrong, and the command that mends it.

use serde_json::json;

use super::{Failure, Global, print};
use crate::{
    clock::Clock,
    config::{Config, ConfigError},
    doctor::{Finding, Health, examine_files, examine_surroundings},
};

pub(super) fn run(global: &Global) -> Result<(), Failure> {
    let config = global.load(&[]);
    if let Ok(config) = &config {
        global.say(format_args!("data directory: {}", config.data.directory.display()));
    }
    let findings = findings(global, config.as_ref())?;
    if global.json {
        print(serde_json::to_string_pretty(&as_json(&findings))?)?;
    } else {
        findings.iter().try_for_each(|finding| print(as_text(finding)))?;
    }
    match findings.iter().filter(|finding| finding.health == Health::Failed).count() {
        0 => Ok(()),
        1 => Err(Failure::Verification("1 check failed".to_owned())),
        count => Err(Failure::Verification(format!("{count} checks failed"))),
    }
}

/// What is found; of a configuration that is wrong, that alone. Files are looked at as their owner, for whom
/// they must be right; what only root sees of the machine, such as who has a port, is looked at as root.
pub(super) fn findings(
    global: &Global,
    config: Result<&Config, &ConfigError>,
) -> Result<Vec<Finding>, Failure> {
    let config = match config {
        Ok(config) => config,
        Err(error) => return Ok(vec![Finding::of_configuration(error)]),
    };
    let stepped = global.step_down(&config.data.directory)?;
    let (target, mut findings) = examine_files(config, Clock::system().now());
    drop(stepped);
    findings.extend(examine_surroundings(config, &target));
    Ok(findings)
}

pub(super) fn as_json(findings: &[Finding]) -> serde_json::Value {
    let health = findings.iter().map(|finding| finding.health).max().unwrap_or(Health::Ok);
    json!({ "health": health, "findings": findings })
}

fn as_text(finding: &Finding) -> String {
    let Finding { check, health, message, mend } = finding;
    let mend = mend.as_ref().map_or(String::new(), |mend| format!("\n{:28}→ {mend}", ""));
    format!("{:8} {check:18} {message}{mend}", health.as_str())
}
