//! `appliance backup`: takes, lists, verifies and removes backups.

use std::{
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use serde_json::json;

use super::{
    Failure, Global,
    archive_input::{Archive, Unlock},
    print,
};
use crate::{
    backup::{
        BackupError, Cut, Destination, Listed, Manifest, Progress, Seal, Taken, take, verify,
    },
    clock::Clock,
    config::Config,
    server::{DATA_FILES, directory_of, prepare_data, prune, seal_of},
};

/// Takes, lists, verifies and removes backups.
#[derive(Debug, Subcommand)]
pub(super) enum Backup {
    /// Take a backup now.
    Create(Create),
    /// List the backups that are kept, oldest first.
    List,
    /// Unpack a backup somewhere private and read everything in it.
    Verify(Verify),
    /// Remove the backups that the configuration no longer keeps.
    Prune,
}

/// Takes a backup now.
#[derive(Debug, Args)]
pub(super) struct Create {
    /// Where it goes, "-" for standard output; without it into the backup directory.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Encrypt to this age public key; may be given more than once.
    #[arg(long = "recipient", value_name = "AGE1…")]
    recipients: Vec<String>,
    /// Encrypt with the passphrase on standard input.
    #[arg(long, conflicts_with_all = ["recipients", "passphrase_file"])]
    passphrase_stdin: bool,
    /// Encrypt with the passphrase in the first line of this file.
    #[arg(long, value_name = "FILE", conflicts_with = "recipients")]
    passphrase_file: Option<PathBuf>,
}

/// Verifies a backup.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// A file, the name of a backup that is kept, or "-" for standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    unlock: Unlock,
}

impl Backup {
    pub(super) fn run(self, global: &Global) -> Result<(), Failure> {
        let config = global.load(&[])?;
        match self {
            Self::Create(create) => create.run(global, &config),
            Self::List => list(global, &config),
            Self::Verify(verify) => verify.run(global, &config),
            Self::Prune => remove(global, &config),
        }
    }
}

impl Create {
    fn run(self, global: &Global, config: &Config) -> Result<(), Failure> {
        let seal = self.seal(config)?;
        if !config.data.directory.exists() {
            let path = config.data.directory.display();
            return Err(Failure::NotFound(format!("there is no data directory {path}")));
        }
        let data = prepare_data(config)?;
        global.say(format_args!("data directory: {}", data.root().display()));
        let directory = directory_of(&config.backup, &data);
        let mut stdout = io::stdout().lock();
        let destination = match &self.output {
            None => Destination::Directory,
            Some(path) if path.as_os_str() == "-" => Destination::Stream(&mut stdout),
            Some(path) => Destination::File(path),
        };
        let cut = || Cut::at_rest(&DATA_FILES, data.root());
        let now = Clock::system().now();
        let mut watch = watcher(global);
        match take(&cut, &directory, destination, &seal, now, &mut watch) {
            Ok(taken) => show(global, &taken),
            Err(BackupError::InUse(reason)) => Err(ask_running_appliance(reason)),
            Err(error) => Err(error.into()),
        }
    }

    fn seal(&self, config: &Config) -> Result<Seal, Failure> {
        if self.passphrase_stdin {
            return Ok(Seal::with_passphrase(&mut io::stdin().lock())?);
        }
        if self.recipients.is_empty() && self.passphrase_file.is_none() {
            return Ok(seal_of(&config.backup)?);
        }
        Ok(Seal::new(&self.recipients, self.passphrase_file.as_deref())?)
    }
}

/// Where the control socket of the running appliance is asked to take the backup.
fn ask_running_appliance(reason: String) -> Failure {
    Failure::Conflict(reason)
}

impl Verify {
    fn run(self, global: &Global, config: &Config) -> Result<(), Failure> {
        let key = self.unlock.key(&config.backup)?;
        let archive = Archive::open(&self.file, config)?;
        global.say(format_args!("archive: {}", archive.name.display()));
        let data = &config.data.directory;
        let parent = if data.is_dir() { data.clone() } else { std::env::temp_dir() };
        let mut watch = watcher(global);
        let manifest = verify(archive.input, &key, &DATA_FILES, &parent, &mut watch)?;
        global.say("the backup is good");
        show_manifest(global, &manifest)
    }
}

fn list(global: &Global, config: &Config) -> Result<(), Failure> {
    let directory =
        directory_of(&config.backup, &crate::paths::DataDir::new(&config.data.directory));
    global.say(format_args!("backup directory: {}", directory.path().display()));
    let listed = directory.list()?;
    if global.json {
        let all: Vec<_> = listed.iter().map(|listed| as_json(listed, directory.path())).collect();
        return print(serde_json::to_string_pretty(&all)?);
    }
    for Listed { name, bytes } in &listed {
        print(format_args!("{name}\t{bytes}\t{}", name.time))?;
    }
    Ok(())
}

fn remove(global: &Global, config: &Config) -> Result<(), Failure> {
    let directory =
        directory_of(&config.backup, &crate::paths::DataDir::new(&config.data.directory));
    global.say(format_args!("backup directory: {}", directory.path().display()));
    let gone = prune(&directory, &config.backup, &config.backup.zone())?;
    if global.json {
        let names: Vec<_> = gone.iter().map(ToString::to_string).collect();
        return print(serde_json::to_string_pretty(&names)?);
    }
    gone.iter().try_for_each(print)
}

fn as_json(listed: &Listed, directory: &Path) -> serde_json::Value {
    json!({
        "name": listed.name.to_string(),
        "path": directory.join(listed.name.to_string()),
        "created_at": listed.name.time.to_string(),
        "bytes": listed.bytes,
        "encrypted": listed.name.encrypted,
    })
}

fn show(global: &Global, taken: &Taken) -> Result<(), Failure> {
    let Taken { path, manifest, bytes, took, .. } = taken;
    // What went to standard output is there already, and nothing else belongs to it.
    let Some(path) = path else { return Ok(()) };
    global.say(format_args!(
        "{} rows, {} bytes of data in {bytes} bytes, {:.1} s",
        manifest.rows(),
        manifest.bytes(),
        took.as_secs_f64()
    ));
    if global.json {
        let taken = json!({ "path": path, "bytes": bytes, "manifest": manifest });
        print(serde_json::to_string_pretty(&taken)?)
    } else {
        print(path.display())
    }
}

/// What is in an archive: a line for each file, or the manifest as JSON.
pub(super) fn show_manifest(global: &Global, manifest: &Manifest) -> Result<(), Failure> {
    if global.json {
        return print(serde_json::to_string_pretty(manifest)?);
    }
    print(format_args!("taken\t{}\tby {}", manifest.created_at, manifest.appliance))?;
    for file in &manifest.files {
        let rows: u64 = file.rows.values().sum();
        print(format_args!("{}\tschema {}\t{rows} rows", file.name, file.schema_version))?;
    }
    match &manifest.audit {
        Some(audit) => print(format_args!("audit\t{} entries\t{}", audit.sequence, audit.hash)),
        None => Ok(()),
    }
}

/// Shows how far it has come: on a terminal in one line that changes.
pub(super) fn watcher(global: &Global) -> impl FnMut(Progress) -> Result<(), BackupError> + use<> {
    let shown = !global.quiet && io::stderr().is_terminal();
    let mut last = None;
    move |Progress { step, file, bytes }| {
        let now = (step, file, bytes >> 23);
        if shown && last != Some(now) {
            last = Some(now);
            let mut stderr = io::stderr();
            let _ = write!(stderr, "\r\x1b[K{} {file} {} MiB\r", step.word(), bytes >> 20);
            let _ = stderr.flush();
        }
        Ok(())
    }
}
