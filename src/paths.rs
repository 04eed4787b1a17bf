//! Every path under the data directory, and its making. `files` is how what lies there is written.

mod files;

use std::{
    fs::{self, File, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

pub use files::{
    DRAFT_SUFFIX, create_new, create_unnamed, draft_of, open_in_place, open_or_create,
    open_regular, rename_to_free, set_mode, target_of, write_atomically,
};

/// The data directory.
#[derive(Debug, Clone)]
pub struct DataDir {
    root: PathBuf,
    #[expect(dead_code, reason = "held, not read")]
    claim: Option<Claim>,
}

/// A claim on a data directory, held until it is dropped or the process ends. Whoever opens the
/// databases shares one; whoever replaces them needs it alone. It is a lock on the directory itself.
#[derive(Debug, Clone)]
pub struct Claim(#[expect(dead_code, reason = "held, not read")] Arc<File>);

/// Who else may have a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimKind {
    /// Others that share it.
    Shared,
    /// Nobody.
    Alone,
}

impl DataDir {
    /// Names a data directory, which need not be there.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), claim: None }
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The same, with a claim that lives as long as this and its clones.
    #[must_use]
    pub fn claimed(self, claim: Claim) -> Self {
        Self { claim: Some(claim), ..self }
    }

    /// Claims the directory; nothing when somebody else's claim is in the way.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn claim(&self, kind: ClaimKind) -> io::Result<Option<Claim>> {
        let directory = File::open(&self.root)?;
        let claimed = match kind {
            ClaimKind::Shared => directory.try_lock_shared(),
            ClaimKind::Alone => directory.try_lock(),
        };
        match claimed {
            Ok(()) => Ok(Some(Claim(Arc::new(directory)))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Where backups are kept unless another place is configured.
    pub fn backups(&self) -> PathBuf {
        self.root.join("backups")
    }

    /// Which backups were read back whole.
    pub fn verified_backups(&self) -> PathBuf {
        self.root.join("verified-backups")
    }

    /// Which backup was taken before an upgrade, until a start has succeeded.
    pub fn before_upgrade(&self) -> PathBuf {
        self.root.join("before-upgrade")
    }

    /// When administrators were last written to because of backups: a restart does not forget it.
    pub fn backup_letter(&self) -> PathBuf {
        self.root.join("backup-letter")
    }

    /// Files that were unpacked and checked, and are to take the place of those that are there.
    pub fn restore_ready(&self) -> PathBuf {
        self.root.join("restore-ready")
    }

    /// Accounts, sessions, keys.
    pub fn auth_store(&self) -> PathBuf {
        self.root.join("auth.redb")
    }

    /// Profiles, events, attendance.
    pub fn user_store(&self) -> PathBuf {
        self.root.join("user.redb")
    }

    /// The social log and the audit chain.
    pub fn social_log_store(&self) -> PathBuf {
        self.root.join("social_log.redb")
    }

    /// The three databases by name, in the order in which a first start makes them.
    pub fn stores(&self) -> [(&'static str, PathBuf); 3] {
        [
            ("auth", self.auth_store()),
            ("user", self.user_store()),
            ("social_log", self.social_log_store()),
        ]
    }

    /// Space that is held for a full disk (`store::DiskMonitor`).
    pub fn ballast(&self) -> PathBuf {
        self.root.join("ballast")
    }

    /// The coarse figures of the last month.
    pub fn month_of_samples(&self) -> PathBuf {
        self.root.join("samples.month")
    }

    /// The certificate that the appliance made for itself, in PEM.
    pub fn self_signed_certificate(&self) -> PathBuf {
        self.root.join("tls/self-signed.pem")
    }

    /// Its private key, in PEM, for the owner alone.
    pub fn self_signed_key(&self) -> PathBuf {
        self.root.join("tls/self-signed.key")
    }

    /// The certificate of an ACME directory with its private key, in one file of PEM for the owner alone, so
    /// that a power cut cannot leave one with another's key.
    pub fn acme_certificate(&self) -> PathBuf {
        self.root.join("tls/acme.pem")
    }

    /// The private key of the account at an ACME directory, in PEM, for the owner alone.
    pub fn acme_account_key(&self) -> PathBuf {
        self.root.join("tls/acme-account.key")
    }

    /// When a certificate was asked for in vain: a restart does not forget it.
    pub fn acme_failures(&self) -> PathBuf {
        self.root.join("tls/acme-failures.json")
    }

    /// The socket that the command line asks a running appliance at, unless another place is configured.
    pub fn control_socket(&self) -> PathBuf {
        self.root.join("control.sock")
    }

    /// Makes the directories that are missing, for the owner alone, so that a power cut does not take
    /// them away again with all that was acknowledged in them.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn create(&self) -> io::Result<()> {
        create_private(&self.root)?;
        create_private(&self.root.join("tls"))
    }

    /// Whether others than the owner may read the directory.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub fn is_open_to_others(&self) -> io::Result<bool> {
        Ok(fs::metadata(&self.root)?.permissions().mode() & 0o077 != 0)
    }
}

/// Makes a directory and those above it that are missing. Each is synced into the one above: a sync of
/// what is in a directory need not keep the directory's own name.
pub(crate) fn create_private(directory: &Path) -> io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    let above = directory_above(directory);
    if !above.try_exists()? {
        create_private(above)?;
    }
    match fs::DirBuilder::new().mode(0o700).create(directory) {
        Err(_) if directory.is_dir() => return Ok(()),
        made => made?,
    }
    match sync_directory(above) {
        // One may be allowed to make something there and not to look; then the system decides when.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        synced => synced,
    }
}

/// Makes the names in a directory outlast a power cut.
///
/// # Errors
/// When the system refuses.
pub fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// The directory that a path lies in.
pub fn directory_above(path: &Path) -> &Path {
    let directory = path.parent().filter(|above| !above.as_os_str().is_empty());
    directory.unwrap_or_else(|| Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_directory_that_is_missing_is_made_for_its_owner_alone() {
        let directory = tempfile::tempdir().unwrap();
        let data = DataDir::new(directory.path().join("above/data"));
        data.create().unwrap();
        data.create().unwrap();
        assert!(!data.is_open_to_others().unwrap());
        assert!(data.self_signed_key().parent().unwrap().is_dir());
        fs::write(directory.path().join("file"), b"").unwrap();
        assert!(DataDir::new(directory.path().join("file")).create().is_err());
        assert!(DataDir::new(directory.path().join("file/data")).create().is_err());
    }
}
