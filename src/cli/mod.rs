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
    ffi::OsString,
    fmt::Display,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};
use serde_json::Value;

use crate::{
    config::{Config, ConfigError, ConfigSources, ConfigValues},
    control::{self, Request},
    paths::DataDir,
};
pub use failure::Failure;
use owner::SteppedDown;

/// Where the configuration is looked for when nobody says where it is.
const CONFIGURATION_FILES: [&str; 2] = ["appliance.toml", "/etc/appliance/appliance.toml"];

/// Accounts, QR attendance, a social log and an audit trail in one program.
#[derive(Debug, Parser)]
#[command(name = "appliance", disable_version_flag = true, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    verb: Verb,
}

/// Options of every verb.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
struct Global {
    /// The configuration file; without it `appliance.toml` in the working directory (for root only one
    /// that is root's) or, when there is none, that of the system in `/etc/appliance`.
    #[arg(long, global = true, value_name = "FILE", env = "APPLIANCE_CONFIG")]
    config: Option<PathBuf>,
    /// The data directory; the same as --set data.directory=DIR.
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Set any configuration key, over file and environment.
    #[arg(long = "set", global = true, value_name = "SECTION.KEY=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,
    /// Print data as JSON.
    #[arg(long, global = true)]
    json: bool,
    /// Print no words, only data and errors.
    #[arg(long, global = true)]
    quiet: bool,
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
            Verb::Completions(completions) => completions.run(&global),
            Verb::Man(man) => man.run(&global),
            Verb::Version => version::run(&global),
        }
    }
}

impl Global {
    /// The sources of configuration that these options name; `flags` are the verb's own.
    fn sources(&self, flags: &[(&str, String)]) -> ConfigSources {
        let found =
            || CONFIGURATION_FILES.map(PathBuf::from).into_iter().find(|path| self.takes(path));
        let file = self.config.clone().or_else(found);
        let mut all = self.set.clone();
        if let Some(directory) = &self.data_dir {
            all.push(("data.directory".to_owned(), directory.to_string_lossy().into_owned()));
        }
        all.extend(flags.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
        ConfigSources { file, environment: readable(std::env::vars_os()), flags: all }
    }

    /// Whether a configuration that nobody named is taken: what root is told comes from root alone.
    fn takes(&self, file: &Path) -> bool {
        if !file.is_file() {
            return false;
        }
        let Some(name) = owner::of_another(file) else { return true };
        let file = file.display();
        self.say(format_args!(
            "{file} is passed over: {name} decides what is in it; --config {file} takes it"
        ));
        false
    }

    fn settings(&self) -> Result<ConfigValues, ConfigError> {
        ConfigValues::load(&self.sources(&[]))
    }

    fn load(&self, flags: &[(&str, String)]) -> Result<Config, ConfigError> {
        Config::load(&self.sources(flags))
    }

    /// Says which data directory it is about, and acts as its owner from here on (`owner`). What only
    /// whoever runs this can read is opened before.
    fn enter(&self, directory: &Path) -> Result<DataDir, Failure> {
        self.say(format_args!("data directory: {}", directory.display()));
        self.become_owner(directory)?;
        Ok(DataDir::new(directory))
    }

    /// Acts as the owner of a data directory from here on, and says so when that is somebody else.
    fn become_owner(&self, directory: &Path) -> Result<(), Failure> {
        if let Some(name) = owner::become_owner(directory)? {
            self.say(format_args!("acting as {name}, whose directory it is"));
        }
        Ok(())
    }

    /// The same until what is returned is dropped.
    fn step_down(&self, directory: &Path) -> Result<Option<SteppedDown>, Failure> {
        let stepped = SteppedDown::to_owner(directory)?;
        if let Some(stepped) = &stepped {
            self.say(format_args!("acting as {}, whose directory it is", stepped.name()));
        }
        Ok(stepped)
    }

    /// Says which data directory it is about, and asks the appliance that runs on it; nothing is done here
    /// when none does.
    fn ask_running(&self, request: &Request) -> Result<Value, Failure> {
        let config = self.load(&[])?;
        let data = self.enter(&config.data.directory)?;
        let socket = config.server.control_socket_or(data.control_socket());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(runtime.block_on(control::ask(&socket, request, |_| {}))?)
    }

    /// Says something to the person at the terminal.
    fn say(&self, words: impl Display) {
        if !self.quiet {
            // Nobody can be told that nobody can be told anything.
            let _ = writeln!(io::stderr(), "{words}");
        }
    }
}

/// Prints data and the end of its last line. A reader that has seen enough and left, as `head` does,
/// is no failure.
fn print(data: impl Display) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    match writeln!(output, "{data}").and_then(|()| output.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::Failed(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Environment variables as text. What others put there need not be text: a name that is none is
/// nobody's key, and in a value that is none `\u{fffd}` stands for what is not.
fn readable(variables: impl Iterator<Item = (OsString, OsString)>) -> Vec<(String, String)> {
    variables
        .filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
        })
        .collect()
}

fn assignment(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("must be SECTION.KEY=VALUE")?;
    Ok((key.trim().to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn an_environment_that_is_no_text_harms_nobody() {
        use std::os::unix::ffi::OsStringExt;
        let odd = || OsString::from_vec(vec![b'a', 0xff]);
        let variables = [(odd(), "x".into()), ("PS1".into(), odd()), ("A".into(), "b".into())];
        let names: Vec<_> = readable(variables.into_iter()).into_iter().map(|(n, _)| n).collect();
        assert_eq!(names, ["PS1", "A"]);
    }
}
