//! The command line: one file a verb.
//!
//! Data goes to standard output, words to standard error. Every verb that touches data says which
//! directory it acts on. Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 not found,
//! 4 in use or in conflict, 5 verification failed.

mod api_key;
mod archive_input;
mod backup;
mod cert;
mod compact;
mod completions;
mod config;
mod doctor;
mod failure;
mod global;
mod healthcheck;
mod invite;
mod keys;
mod mail;
mod man;
mod migrate;
mod on_accounts;
mod openapi;
mod owner;
mod restore;
mod scrub;
mod serve;
mod setup_link;
mod social;
mod status;
mod support;
mod user;
mod version;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::{CommandFactory, Parser, Subcommand};

pub use failure::Failure;
use global::{Global, print};

/// Accounts, QR attendance, a social log and an audit trail in one program.
#[derive(Debug, Parser)]
#[command(name = "appliance", disable_version_flag = true, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run the appliance.
    Serve(serve::Serve),
    /// Print another link that makes the first administrator, while there is none.
    SetupLink,
    /// Make, list and change accounts.
    #[command(subcommand)]
    User(user::User),
    /// Make, list and revoke API keys.
    #[command(subcommand)]
    ApiKey(api_key::ApiKeyVerb),
    /// Make, list and revoke invitations.
    #[command(subcommand)]
    Invite(invite::Invite),
    /// Look at the social feed and remove posts.
    #[command(subcommand)]
    Social(social::Social),
    /// Change the key that signs access tokens.
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Take, list, verify and remove backups.
    #[command(subcommand)]
    Backup(backup::Backup),
    /// Put a backup in the place of what is there, which is kept.
    Restore(restore::Restore),
    /// Look at the schema of the databases.
    #[command(subcommand)]
    Migrate(migrate::Migrate),
    /// Give the unused space of the databases back to the disk; the appliance must be stopped.
    Compact,
    /// Show or renew the certificates that are served.
    #[command(subcommand)]
    Cert(cert::Cert),
    /// Try whether mail arrives.
    #[command(subcommand)]
    Mail(mail::Mail),
    /// Check or show the configuration.
    #[command(subcommand)]
    Config(config::ConfigVerb),
    /// Print the OpenAPI document of the API.
    Openapi,
    /// Say how the running appliance is.
    Status,
    /// Look for what is wrong, and say what mends it. Changes nothing.
    Doctor,
    /// Help others to help.
    #[command(subcommand)]
    Support(support::Support),
    /// Ask the running appliance whether it is ready.
    Healthcheck,
    /// Print the script with which a shell completes this command.
    Completions(completions::Completions),
    /// Print the manual page, or write those of every verb.
    Man(man::Man),
    /// Print the version.
    Version,
}

/// Parses the process's arguments and runs the verb.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    match cli.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(io::stderr(), "error: {failure}");
            failure.exit_code()
        }
    }
}

impl Cli {
    fn run(self) -> Result<(), Failure> {
        let Self { global, verb } = self;
        match verb {
            Verb::Serve(serve) => serve.run(&global),
            Verb::SetupLink => setup_link::run(&global),
            Verb::User(user) => user.run(&global),
            Verb::ApiKey(api_key) => api_key.run(&global),
            Verb::Invite(invite) => invite.run(&global),
            Verb::Social(social) => social.run(&global),
            Verb::Keys(keys) => keys.run(&global),
            Verb::Backup(backup) => backup.run(&global),
            Verb::Restore(restore) => restore.run(&global),
            Verb::Migrate(migrate) => migrate.run(&global),
            Verb::Compact => compact::run(&global),
            Verb::Cert(cert) => cert.run(&global),
            Verb::Mail(mail) => mail.run(&global),
            Verb::Config(config) => config.run(&global),
            Verb::Openapi => openapi::run(&global),
            Verb::Status => status::run(&global),
            Verb::Doctor => doctor::run(&global),
            Verb::Support(support) => support.run(&global),
            Verb::Healthcheck => healthcheck::run(&global),
            Verb::Completions(completions) => completions.run(Self::command()),
            Verb::Man(man) => man.run(Self::command()),
            Verb::Version => version::run(&global),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
