//! What every verb has: its options, what they say of configuration and data directory, and printing.

use std::{
    ffi::OsString,
    fmt::Display,
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::Args;
use serde_json::Value;

use super::{
    failure::Failure,
    owner::{self, SteppedDown},
};
use crate::{
    config::{Config, ConfigError, ConfigSources, ConfigValues},
    control::{self, Request},
    paths::DataDir,
};

/// Where the configuration is looked for when nobody says where it is.
const CONFIGURATION_FILES: [&str; 2] = ["appliance.toml", "/etc/appliance/appliance.toml"];

/// Options of every verb.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub(super) struct Global {
    /// The configuration file; without it `appliance.toml` in the working directory (for root only one
    /// that is root's) or, when there is none, that of the system in `/etc/appliance`.
    #[arg(long, global = true, value_name = "FILE", env = "APPLIANCE_CONFIG")]
    pub(super) config: Option<PathBuf>,
    /// The data directory; the same as --set data.directory=DIR.
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,
    /// Set any configuration key, over file and environment.
    #[arg(long = "set", global = true, value_name = "SECTION.KEY=VALUE", value_parser = assignment)]
    pub(super) set: Vec<(String, String)>,
    /// Print data as JSON.
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Print no words, only data and errors.
    #[arg(long, global = true)]
    pub(super) quiet: bool,
}

impl Global {
    /// The sources of configuration that these options name; `flags` are the verb's own.
    pub(super) fn sources(&self, flags: &[(&str, String)]) -> ConfigSources {
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

    /// Where every value of the configuration comes from.
    pub(super) fn settings(&self) -> Result<ConfigValues, ConfigError> {
        ConfigValues::load(&self.sources(&[]))
    }

    /// The configuration; `flags` are the verb's own.
    pub(super) fn load(&self, flags: &[(&str, String)]) -> Result<Config, ConfigError> {
        Config::load(&self.sources(flags))
    }

    /// Says which data directory it is about, and acts as its owner from here on (`owner`). What only
    /// whoever runs this can read is opened before.
    pub(super) fn enter(&self, directory: &Path) -> Result<DataDir, Failure> {
        self.say(format_args!("data directory: {}", directory.display()));
        self.become_owner(directory)?;
        Ok(DataDir::new(directory))
    }

    /// Acts as the owner of a data directory from here on, and says so when that is somebody else.
    pub(super) fn become_owner(&self, directory: &Path) -> Result<(), Failure> {
        if let Some(name) = owner::become_owner(directory)? {
            self.say(format_args!("acting as {name}, whose directory it is"));
        }
        Ok(())
    }

    /// The same until what is returned is dropped.
    pub(super) fn step_down(&self, directory: &Path) -> Result<Option<SteppedDown>, Failure> {
        let stepped = SteppedDown::to_owner(directory)?;
        if let Some(stepped) = &stepped {
            self.say(format_args!("acting as {}, whose directory it is", stepped.name()));
        }
        Ok(stepped)
    }

    /// Says which data directory it is about, and asks the appliance that runs on it; nothing is done here
    /// when none does.
    pub(super) fn ask_running(&self, request: &Request) -> Result<Value, Failure> {
        let config = self.load(&[])?;
        let data = self.enter(&config.data.directory)?;
        let socket = config.server.control_socket_or(data.control_socket());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(runtime.block_on(control::ask(&socket, request, |_| {}))?)
    }

    /// Says something to the person at the terminal.
    pub(super) fn say(&self, words: impl Display) {
        if !self.quiet {
            // Nobody can be told that nobody can be told anything.
            let _ = writeln!(io::stderr(), "{words}");
        }
    }
}

/// Prints data and the end of its last line. A reader that has seen enough and left, as `head` does,
/// is no failure.
pub(super) fn print(data: impl Display) -> Result<(), Failure> {
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
    use super::*;

    #[test]
    fn an_environment_that_is_no_text_harms_nobody() {
        use std::os::unix::ffi::OsStringExt;
        let odd = || OsString::from_vec(vec![b'a', 0xff]);
        let variables = [(odd(), "x".into()), ("PS1".into(), odd()), ("A".into(), "b".into())];
        let names: Vec<_> = readable(variables.into_iter()).into_iter().map(|(n, _)| n).collect();
        assert_eq!(names, ["PS1", "A"]);
    }
}
