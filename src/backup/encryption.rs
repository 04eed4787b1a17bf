//! Whether an archive is encrypted, for whom, and what opens it.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
};

use super::{
    BackupError,
    age::{self, AgeError, FinishWrite, Identity, Recipient},
};

/// The shortest passphrase, in characters. Whoever has an archive can try as many as they like.
const SHORTEST_PASSPHRASE: usize = 12;
/// The longest passphrase that an archive is made with, in bytes: a longer one was cut somewhere.
const LONGEST_PASSPHRASE_BYTES: usize = 4 << 10;
/// How many recipients an archive may have: what a reader looks at has a bound.
const MOST_RECIPIENTS: usize = 256;
/// The longest file of secrets that is read, in bytes.
const LONGEST_FILE: u64 = 64 << 10;

/// How an archive is encrypted.
#[derive(Clone, Default)]
pub struct Encryption(Option<Recipient>);

/// What may open an encrypted archive.
#[derive(Clone, Default)]
pub struct Decryption(Option<Identity>);

impl Encryption {
    /// To these recipients (`age1…`), or with the passphrase in the first line of that file, or not at
    /// all.
    ///
    /// # Errors
    /// When a recipient or the file does not read, and when there are both.
    pub fn new(recipients: &[String], passphrase_file: Option<&Path>) -> Result<Self, BackupError> {
        let keys: Vec<_> =
            recipients.iter().map(|text| recipient(text)).collect::<Result<_, _>>()?;
        if keys.len() > MOST_RECIPIENTS {
            return Err(BackupError::Usage(format!(
                "a backup can be encrypted to at most {MOST_RECIPIENTS} recipients"
            )));
        }
        match (passphrase_file, keys.is_empty()) {
            (None, true) => Ok(Self(None)),
            (None, false) => Ok(Self(Some(Recipient::Keys(keys)))),
            (Some(path), true) => Self::with_passphrase(&mut open(path)?),
            (Some(_), false) => Err(BackupError::Usage(
                "a backup is encrypted to recipients or with a passphrase, not both".to_owned(),
            )),
        }
    }

    /// With the passphrase in the first line of `input`.
    ///
    /// # Errors
    /// When it is too short.
    pub fn with_passphrase(input: &mut impl BufRead) -> Result<Self, BackupError> {
        let passphrase = first_line(input)?;
        if passphrase.chars().count() < SHORTEST_PASSPHRASE {
            return Err(BackupError::Usage(format!(
                "the passphrase must have at least {SHORTEST_PASSPHRASE} characters"
            )));
        }
        if passphrase.len() > LONGEST_PASSPHRASE_BYTES {
            return Err(BackupError::Usage(format!(
                "the passphrase must have at most {LONGEST_PASSPHRASE_BYTES} bytes"
            )));
        }
        Ok(Self(Some(Recipient::Passphrase(passphrase))))
    }

    /// Whether it encrypts.
    pub const fn encrypts(&self) -> bool {
        self.0.is_some()
    }

    /// Runs `write` on what encrypts into `out`; answers with what opens that, for whoever reads it back: the
    /// passphrase, or for recipients, whose secret keys are elsewhere, the key of this one file.
    pub(super) fn over(
        &self,
        out: &mut dyn Write,
        write: impl FnOnce(&mut dyn Write) -> Result<(), BackupError>,
    ) -> Result<Decryption, BackupError> {
        let Some(recipient) = &self.0 else { return write(out).map(|()| Decryption(None)) };
        let failed =
            |error| BackupError::Failed(format!("the archive cannot be encrypted: {error}"));
        let (mut encrypted, writer) = age::encrypt(out, recipient).map_err(failed)?;
        write(&mut encrypted)?;
        encrypted.finish().map_err(|error| failed(AgeError::Io(error)))?;
        Ok(Decryption(Some(match recipient {
            Recipient::Passphrase(passphrase) => Identity::Passphrase(passphrase.clone()),
            Recipient::Keys(_) => writer,
        })))
    }
}

impl Decryption {
    /// The passphrase in the first line of a file, or the secret keys (`AGE-SECRET-KEY-1…`) in others,
    /// which win.
    ///
    /// # Errors
    /// When a file does not read or has no key.
    pub fn new(
        passphrase_file: Option<&Path>,
        identities: &[PathBuf],
    ) -> Result<Self, BackupError> {
        if identities.is_empty() {
            return match passphrase_file {
                Some(path) => Self::with_passphrase(&mut open(path)?),
                None => Ok(Self(None)),
            };
        }
        let mut keys = Vec::new();
        for path in identities {
            let mut text = String::new();
            let read = open(path)?.read_to_string(&mut text);
            read.map_err(|error| BackupError::io(path, &error))?;
            let found = keys.len();
            keys.extend(text.lines().filter_map(|line| age::parse_identity(line.trim())));
            if keys.len() == found {
                let reason = format!("{} has no age secret key", path.display());
                return Err(BackupError::Usage(reason));
            }
        }
        Ok(Self(Some(Identity::Keys(keys))))
    }

    /// The passphrase in the first line of `input`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn with_passphrase(input: &mut impl BufRead) -> Result<Self, BackupError> {
        Ok(Self(Some(Identity::Passphrase(first_line(input)?))))
    }

    /// What decrypts `input`, which begins as an encrypted archive does.
    pub(super) fn open<'r>(
        &self,
        input: Box<dyn Read + 'r>,
    ) -> Result<Box<dyn Read + 'r>, BackupError> {
        let Some(identity) = &self.0 else {
            return Err(BackupError::Usage(
                "the backup is encrypted; give its passphrase (--passphrase-stdin, \
                 --passphrase-file) or secret key (--identity)"
                    .to_owned(),
            ));
        };
        let opened = age::decrypt(BufReader::new(input), identity);
        Ok(Box::new(opened.map_err(BackupError::refused)?))
    }
}

fn recipient(text: &str) -> Result<[u8; 32], BackupError> {
    age::parse_recipient(text.trim())
        .ok_or_else(|| BackupError::Usage(format!("'{text}' is no age public key (age1…)")))
}

fn open(path: &Path) -> Result<impl BufRead + use<>, BackupError> {
    let file = File::open(path).map_err(|error| BackupError::io(path, &error))?;
    Ok(BufReader::new(file.take(LONGEST_FILE)))
}

fn first_line(input: &mut impl BufRead) -> Result<String, BackupError> {
    let mut line = String::new();
    let read = input.take(LONGEST_FILE).read_line(&mut line);
    read.map_err(|error| BackupError::Failed(format!("the passphrase does not read: {error}")))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
