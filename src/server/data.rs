//! The data directory, looked at before anything in it is opened.

use super::{StartError, wire::DATA_FILES};
use crate::{
    backup::{BackupError, finish_restore},
    config::Config,
    paths::{ClaimKind, DataDir},
};

/// Makes the data directory and looks whether it can be used.
///
/// # Errors
/// [`StartError::DataDir`], in words for the person who runs it.
pub fn prepare_data(config: &Config) -> Result<DataDir, StartError> {
    let data = DataDir::new(&config.data.directory);
    let refused = |error: std::io::Error| {
        let path = data.root().display();
        StartError::DataDir(match error.kind() {
            std::io::ErrorKind::PermissionDenied => {
                format!(
                    "{path} may not be used by this user; give it to them (chown) or set data.directory"
                )
            }
            std::io::ErrorKind::StorageFull => {
                format!("no space left on the disk that holds {path}")
            }
            _ => format!("{path} cannot be used as the data directory: {error}"),
        })
    };
    data.create().map_err(refused)?;
    if data.is_open_to_others().map_err(refused)? {
        tracing::warn!(path = %data.root().display(), "others can read the data directory; chmod 700");
    }
    loop {
        finish_restore(&DATA_FILES, &data)?;
        let claim = data.claim(ClaimKind::Shared).map_err(refused)?.ok_or_else(|| {
            let path = data.root().display();
            BackupError::InUse(format!("{path} is being restored; try again when that is done"))
        })?;
        // A restore that was decided and killed in between is finished as well.
        if !data.restore_ready().exists() {
            return Ok(data.claimed(claim));
        }
    }
}

/// Looks for the data directory that is there already, for verbs that make nothing: a mistyped name must
/// not become a directory.
///
/// # Errors
/// [`StartError::NoData`] when there is none or it holds no accounts, else as [`prepare_data`].
pub fn existing_data(config: &Config) -> Result<DataDir, StartError> {
    let data = DataDir::new(&config.data.directory);
    let nothing = data.stores().iter().all(|(_, path)| path.try_exists().is_ok_and(|there| !there));
    if nothing {
        let path = data.root().display();
        return Err(StartError::NoData(format!(
            "{path} holds no data; check --data-dir and data.directory, or make a first account with \
             'appliance user create'"
        )));
    }
    prepare_data(config)
}
