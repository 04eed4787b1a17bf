//! Where the verbs that read an archive find it, and what opens it.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use clap::Args;

use super::{Failure, owner::as_owner_of};
use crate::{
    backup::{BackupName, Decryption},
    config::{BackupConfig, Config},
    paths::{DataDir, open_regular},
    server::directory_of,
};

/// What opens an encrypted archive.
#[derive(Debug, Args)]
pub(super) struct Unlock {
    /// Read the passphrase from standard input.
    #[arg(long, conflicts_with = "passphrase_file")]
    passphrase_stdin: bool,
    /// Read the passphrase from the first line of this file.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// A file with age secret keys; may be given more than once.
    #[arg(long = "identity", value_name = "FILE")]
    identities: Vec<PathBuf>,
}

impl Unlock {
    /// What was given, and otherwise the passphrase that backups are made with here.
    pub(super) fn key(&self, config: &BackupConfig) -> Result<Decryption, Failure> {
        if self.passphrase_stdin {
            return Ok(Decryption::with_passphrase(&mut io::stdin().lock())?);
        }
        let file = self.passphrase_file.as_deref().or_else(|| config.passphrase_file());
        Ok(Decryption::new(file, &self.identities)?)
    }
}

/// An archive that was found.
pub(super) struct Archive {
    /// What it is called.
    pub(super) name: PathBuf,
    /// What it is called in the backup directory, when it lies there.
    pub(super) kept: Option<BackupName>,
    /// Its bytes.
    pub(super) input: Box<dyn Read>,
}

impl Archive {
    /// Finds `file`: a path, the name of a backup that is kept, or `-` for standard input. What the appliance
    /// keeps is opened as its user, the rest as whoever runs this.
    pub(super) fn open(file: &Path, config: &Config) -> Result<Self, Failure> {
        if file.as_os_str() == "-" {
            return Ok(Self { name: "-".into(), kept: None, input: Box::new(io::stdin()) });
        }
        let data = DataDir::new(&config.data.directory);
        let directory = directory_of(&config.backup, &data);
        let named = file.to_str().and_then(|name| name.parse::<BackupName>().ok());
        let (path, is_kept) = match named.filter(|_| !file.exists()) {
            Some(name) => (directory.path_of(name), true),
            None => {
                (file.to_owned(), lies_in(file, directory.path()) || lies_in(file, data.root()))
            }
        };
        let opened = if is_kept {
            as_owner_of(data.root(), || open_regular(&path))?
        } else {
            File::open(&path)
        };
        match opened {
            Ok(input) => {
                Ok(Self { kept: directory.name_of(&path), name: path, input: Box::new(input) })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(Failure::NotFound(format!("{} is not there", path.display())))
            }
            Err(error) => Err(Failure::Failed(format!("{}: {error}", path.display()))),
        }
    }
}

/// Whether a file is named in a directory, or really lies there.
fn lies_in(file: &Path, directory: &Path) -> bool {
    let by_name = |path: &Path| std::path::absolute(path).ok();
    let really = |path: &Path| path.canonicalize().ok();
    let is_in = |file: Option<PathBuf>, directory: Option<PathBuf>| {
        file.zip(directory).is_some_and(|(file, directory)| file.starts_with(directory))
    };
    is_in(by_name(file), by_name(directory)) || is_in(really(file), really(directory))
}
