//! `appliance backup`: takes, lists, verifies and removes backups.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, IsTerminal, Read, Write},
    os::unix::fs::MetadataExt,
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
    backup::{AtomicFile, BackupError, BackupProgress, Listed, Manifest, Workplace, verify},
    clock::{Clock, Time},
    config::Config,
    control::{
        self, AskError, BackupRequest, BackupTaken, EncryptionRequest, Frame, Password, Request,
    },
    paths::DataDir,
    server::{DATA_FILES, back_up_offline, directory_of, encryption_of, prepare_data, prune},
    store::DiskMonitor,
};

/// The longest line that is read as a passphrase: one that is longer than any may be is refused, and not cut.
const LONGEST_LINE_BYTES: u64 = 8 << 10;

/// Takes, lists, verifies and removes backups.
#[derive(Debug, Subcommand)]
pub(super) enum Backup {
    /// Take a backup now.
    Create(CreateBackupArgs),
    /// List the backups that are kept, oldest first.
    List,
    /// Unpack a backup somewhere private and read everything in it.
    Verify(Verify),
    /// Remove the backups that the configuration no longer keeps.
    Prune,
}

/// Takes a backup now.
#[derive(Debug, Args)]
pub(super) struct CreateBackupArgs {
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

impl CreateBackupArgs {
    fn run(self, global: &Global, config: &Config) -> Result<(), Failure> {
        let data = DataDir::new(&config.data.directory);
        self.create(global, config).map_err(|failure| match failure {
            // Whoever upgrades may go on without a backup where there is nothing to back up, and nowhere else.
            Failure::NotFound(text) if holds_data(&data) => Failure::Failed(text),
            other => other,
        })
    }

    /// Asks the appliance that runs, and takes it here when none does.
    fn create(self, global: &Global, config: &Config) -> Result<(), Failure> {
        if !config.data.directory.exists() {
            let path = config.data.directory.display();
            return Err(Failure::NotFound(format!("there is no data directory {path}")));
        }
        if let Some(path) = self.output.as_ref().filter(|path| path.exists()) {
            return Err(Failure::Conflict(format!("{} is there already", path.display())));
        }
        let encryption = self.encryption(config)?;
        let mut draft = self.draft()?;
        // A file belongs to whoever wants it, so that one alone steps up again, to give it its name.
        let stepped = match &draft {
            Some(_) => {
                let path = config.data.directory.display();
                global.say(format_args!("data directory: {path}"));
                global.step_down(&config.data.directory)?
            }
            None => global.enter(&config.data.directory).map(|_| None)?,
        };
        let taken = self.take(global, config, encryption, draft.as_mut());
        drop(stepped);
        let taken = taken?;
        draft.map_or(Ok(()), AtomicFile::publish)?;
        show(global, &taken)
    }

    /// The file that is wanted, by whoever wants it.
    fn draft(&self) -> Result<Option<AtomicFile>, Failure> {
        let file = self.output.as_deref().filter(|path| path.as_os_str() != "-");
        Ok(file.map(AtomicFile::of).transpose()?)
    }

    fn take(
        &self,
        global: &Global,
        config: &Config,
        encryption: EncryptionRequest,
        draft: Option<&mut AtomicFile>,
    ) -> Result<BackupTaken, Failure> {
        let data = DataDir::new(&config.data.directory);
        let request = BackupRequest { keep: self.output.is_none(), encryption: encryption.clone() };
        let request = Request::Backup(request);
        let socket = config.server.control_socket_or(data.control_socket());
        let mut told = teller(global);
        let hear = |line| {
            if let Frame::Progress(progress) = line {
                told(&progress.message);
            }
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        match runtime.block_on(control::ask(&socket, &request, hear)) {
            Ok(taken) => self.fetch(config, serde_json::from_value(taken)?, draft),
            Err(AskError::NotRunning) => self.take_here(global, config, encryption, draft),
            Err(error) => Err(error.into()),
        }
    }

    /// Brings what was handed over to where it was wanted. Of what the answer says a name is believed, and
    /// that in the backup directory: who answers may be false, and a path lead anywhere.
    fn fetch(
        &self,
        config: &Config,
        taken: BackupTaken,
        draft: Option<&mut AtomicFile>,
    ) -> Result<BackupTaken, Failure> {
        let (Some(output), Some(handed_over)) = (&self.output, &taken.path) else {
            return Ok(taken);
        };
        let data = DataDir::new(&config.data.directory);
        let owner = fs::metadata(data.root())?.uid();
        let directory = directory_of(&config.backup, &data);
        let mut archive = directory.open_handed_over(handed_over, owner)?;
        let Some(draft) = draft else {
            // Removed first: whoever reads may leave.
            archive.remove()?;
            archive.copy_to(&mut io::stdout().lock())?;
            return Ok(BackupTaken { path: None, ..taken });
        };
        archive.copy_into(draft)?;
        archive.remove()?;
        Ok(BackupTaken { path: Some(output.clone()), ..taken })
    }

    fn take_here(
        &self,
        global: &Global,
        config: &Config,
        encryption: EncryptionRequest,
        draft: Option<&mut AtomicFile>,
    ) -> Result<BackupTaken, Failure> {
        let data = prepare_data(config)?;
        let request = BackupRequest { keep: self.output.is_none(), encryption };
        let taken = back_up_offline(config, &data, request, &mut watcher(global))?;
        self.fetch(config, taken.into(), draft)
    }

    /// How it is to be encrypted. A file is read here, where its name means something.
    fn encryption(&self, config: &Config) -> Result<EncryptionRequest, Failure> {
        if self.passphrase_stdin {
            return passphrase(&mut io::stdin().lock());
        }
        if let Some(path) = &self.passphrase_file {
            let file = File::open(path)
                .map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))?;
            return passphrase(&mut BufReader::new(file));
        }
        if self.recipients.is_empty() {
            // A mistake in the configuration is told before anybody is asked.
            encryption_of(&config.backup)?;
            return Ok(EncryptionRequest::AsConfigured);
        }
        Ok(EncryptionRequest::Recipients(self.recipients.clone()))
    }
}

/// Whether a database is in the data directory, or may be.
fn holds_data(data: &DataDir) -> bool {
    data.stores().iter().any(|(_, path)| path.try_exists().unwrap_or(true))
}

fn passphrase(input: &mut impl BufRead) -> Result<EncryptionRequest, Failure> {
    let mut line = String::new();
    input.take(LONGEST_LINE_BYTES).read_line(&mut line)?;
    Ok(EncryptionRequest::Passphrase(Password(line.trim_end_matches(['\r', '\n']).to_owned())))
}

impl Verify {
    fn run(self, global: &Global, config: &Config) -> Result<(), Failure> {
        let key = self.unlock.key(&config.backup)?;
        let archive = Archive::open(&self.file, config)?;
        global.say(format_args!("archive: {}", archive.name.display()));
        global.become_owner(&config.data.directory)?;
        let data = &config.data.directory;
        // An appliance may be running on it.
        let space = DiskMonitor::new(data, config.store.free_space_floor_bytes());
        let directory = directory_of(&config.backup, &DataDir::new(data));
        let directory = directory.leaving(space.ample_bytes());
        let place = if data.is_dir() {
            directory.private_place()
        } else {
            Workplace::new(std::env::temp_dir())
        };
        let mut watch = watcher(global);
        let manifest = verify(archive.input, &key, &DATA_FILES, &place, &mut watch)?;
        global.say("the backup is good");
        if let Some(name) = archive.kept
            && let Err(error) = directory.take_for_verified(name)
        {
            global.say(format_args!("it cannot be noted that it verified: {error}"));
        }
        show_manifest(global, &manifest)
    }
}

fn list(global: &Global, config: &Config) -> Result<(), Failure> {
    let directory = directory_of(&config.backup, &DataDir::new(&config.data.directory));
    global.say(format_args!("backup directory: {}", directory.path().display()));
    global.become_owner(&config.data.directory)?;
    let (listed, now) = (directory.list()?, Clock::system().now());
    if global.json {
        let all: Vec<_> =
            listed.iter().map(|listed| as_json(listed, directory.path(), now)).collect();
        return print(serde_json::to_string_pretty(&all)?);
    }
    for one in &listed {
        let Listed { name, bytes, .. } = one;
        print(format_args!("{name}\t{bytes}\t{}\t{}", name.time, state(one, now)))?;
    }
    Ok(())
}

/// Whether somebody can count on it.
fn state(listed: &Listed, now: Time) -> &'static str {
    match (listed.name.is_from_the_future(now), listed.verified) {
        (true, _) => "from the future",
        (false, true) => "verified",
        (false, false) => "not verified",
    }
}

fn remove(global: &Global, config: &Config) -> Result<(), Failure> {
    let data = DataDir::new(&config.data.directory);
    let directory = directory_of(&config.backup, &data);
    global.say(format_args!("backup directory: {}", directory.path().display()));
    global.become_owner(&config.data.directory)?;
    let now = Clock::system().now();
    if !directory.list()?.iter().any(|listed| listed.is_good(now)) {
        global.say("no backup here has verified, so none is removed; see appliance backup verify");
    }
    let gone = prune(&directory, &data, &config.backup, now)?;
    if global.json {
        let names: Vec<_> = gone.iter().map(ToString::to_string).collect();
        return print(serde_json::to_string_pretty(&names)?);
    }
    gone.iter().try_for_each(print)
}

fn as_json(listed: &Listed, directory: &Path, now: Time) -> serde_json::Value {
    json!({
        "name": listed.name.to_string(),
        "path": directory.join(listed.name.to_string()),
        "created_at": listed.name.time.to_string(),
        "bytes": listed.bytes,
        "encrypted": listed.name.encrypted,
        "verified": listed.verified,
        "from_the_future": listed.name.is_from_the_future(now),
    })
}

fn show(global: &Global, taken: &BackupTaken) -> Result<(), Failure> {
    let BackupTaken { path, manifest, bytes, took_ms, .. } = taken;
    global.say(format_args!(
        "{} rows, {} bytes of data in {bytes} bytes, {took_ms} ms",
        manifest.rows(),
        manifest.bytes(),
    ));
    // What went to standard output is there already, and nothing else belongs to it.
    let Some(path) = path else { return Ok(()) };
    if global.json { print(serde_json::to_string_pretty(taken)?) } else { print(path.display()) }
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

/// Shows on a terminal how far it is.
pub(super) fn watcher(
    global: &Global,
) -> impl FnMut(BackupProgress) -> Result<(), BackupError> + use<> {
    let mut tell = teller(global);
    let mut last = None;
    move |progress| {
        let now = (progress.step, progress.file, progress.bytes >> 23);
        if last.replace(now) != Some(now) {
            tell(&progress.to_string());
        }
        Ok(())
    }
}

/// One line of a terminal, written over again and again; nothing anywhere else.
fn teller(global: &Global) -> impl FnMut(&str) + use<> {
    let shown = !global.quiet && io::stderr().is_terminal();
    move |words| {
        if shown {
            let mut stderr = io::stderr();
            let _ = write!(stderr, "\r\x1b[K{words}\r");
            let _ = stderr.flush();
        }
    }
}
