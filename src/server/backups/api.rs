//! The routes of backups: list them, take one now, fetch one.

use std::fs::File;

use poem_openapi::{
    Object, OpenApi,
    param::Path,
    payload::{Binary, Json},
    types::Example,
};

use super::Backups;
use crate::{
    audit_event::AuditContext,
    backup::{BackupError, BackupName, Listed},
    clock::Time,
    control::{BackupRequest, EncryptionRequest},
    http::{Admin, Created, Download, DownloadKind, Problem, RequestContext, Tag, Timestamp},
};

/// Backups, for administrators.
pub(in crate::server) struct BackupsApi(pub(in crate::server) Backups);

/// A backup that is kept.
#[derive(Object)]
#[oai(rename = "Backup", example)]
struct BackupBody {
    /// Its name, which holds the time.
    name: String,
    /// When it was taken, to the second.
    created_at: Timestamp,
    /// Its length.
    bytes: u64,
    /// Whether it is encrypted.
    encrypted: bool,
    /// Whether this appliance has read it back whole; do not count on one that it has not.
    verified: bool,
    /// Whether its name is of a time that has not come: nobody knows how old it is.
    from_the_future: bool,
}

impl Example for BackupBody {
    fn example() -> Self {
        let time = Time::from_millis(1_795_395_600_000);
        let name = BackupName { time, encrypted: false };
        Self::of(Listed { name, bytes: 1_482_113, verified: true }, time)
    }
}

impl BackupBody {
    fn of(Listed { name, bytes, verified }: Listed, now: Time) -> Self {
        Self {
            name: name.to_string(),
            created_at: name.time.into(),
            bytes,
            encrypted: name.encrypted,
            verified,
            from_the_future: name.is_from_the_future(now),
        }
    }
}

/// The backups that are kept.
#[derive(Object)]
#[oai(rename = "Backups")]
struct BackupsBody {
    /// Newest first.
    items: Vec<BackupBody>,
}

#[OpenApi(tag = "Tag::Instance")]
impl BackupsApi {
    /// List the backups that are kept
    ///
    /// Newest first; retention keeps them few.
    #[oai(path = "/backups", method = "get", operation_id = "listBackups")]
    async fn list(&self, _admin: Admin) -> Result<Json<BackupsBody>, Problem> {
        let now = self.0.domains.clock.now();
        let items = self.0.list().await?.into_iter().rev();
        let items = items.map(|listed| BackupBody::of(listed, now)).collect();
        Ok(Json(BackupsBody { items }))
    }

    /// Take a backup now
    ///
    /// Of one moment of everything, while everybody goes on. The answer comes when it is on the disk and was
    /// read back whole.
    /// Errors: `BACKUP_IN_PROGRESS` (409).
    #[oai(path = "/backups", method = "post", operation_id = "createBackup")]
    async fn create(
        &self,
        admin: Admin,
        context: RequestContext,
    ) -> Result<Created<BackupBody>, Problem> {
        let from = context.audit_context(admin.0.actor());
        let request = BackupRequest { keep: true, encryption: EncryptionRequest::AsConfigured };
        let taken = self.0.take_as_asked(request, from, |_| {}).await?;
        let listed = Listed { name: taken.name, bytes: taken.bytes, verified: true };
        Ok(Created(BackupBody::of(listed, self.0.domains.clock.now())))
    }

    /// Fetch a backup
    ///
    /// The archive itself, which holds everything, password hashes and keys included; that it was
    /// fetched is noted in the audit trail. Errors: `BACKUP_NOT_FOUND` (404).
    #[oai(path = "/backups/:name", method = "get", operation_id = "downloadBackup")]
    async fn download(
        &self,
        admin: Admin,
        context: RequestContext,
        /// Its name, as listed.
        name: Path<String>,
    ) -> Result<Download<Archive>, Problem> {
        let name: BackupName = name.0.parse().map_err(|_| not_found())?;
        let from = context.audit_context(admin.0.actor());
        self.0.fetch(name, from).await
    }
}

impl Backups {
    async fn list(&self) -> Result<Vec<Listed>, Problem> {
        let directory = self.directory().clone();
        let listed = tokio::task::spawn_blocking(move || directory.list()).await;
        Ok(listed.map_err(Problem::internal)??)
    }

    async fn fetch(
        &self,
        name: BackupName,
        from: AuditContext,
    ) -> Result<Download<Archive>, Problem> {
        let path = self.directory().path_of(name);
        let opened = tokio::task::spawn_blocking(move || {
            let file = File::open(path)?;
            let bytes = file.metadata()?.len();
            Ok((file, bytes))
        });
        let (file, bytes) = opened.await.map_err(Problem::internal)?.map_err(
            |error: std::io::Error| match error.kind() {
                std::io::ErrorKind::NotFound => not_found(),
                _ => Problem::internal(error),
            },
        )?;
        self.note_download(from, name).await?;
        Ok(Download::of_file(name.to_string(), file, bytes))
    }
}

/// The archive itself.
struct Archive;

impl DownloadKind for Archive {
    type Payload = Binary<Vec<u8>>;
    const DESCRIPTION: &'static str = "The archive.";
}

const fn not_found() -> Problem {
    Problem::new(
        poem::http::StatusCode::NOT_FOUND,
        "BACKUP_NOT_FOUND",
        "There is no such backup.",
        "Questo backup non esiste.",
    )
}

impl From<BackupError> for Problem {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::InUse(_) => Self::new(
                poem::http::StatusCode::CONFLICT,
                "BACKUP_IN_PROGRESS",
                "Another backup is in progress.",
                "È già in corso un altro backup.",
            ),
            other => Self::internal(other),
        }
    }
}
