//! The operation of adding many people at once.

use std::sync::Arc;

use poem_openapi::{OpenApi, param::Query, payload::Json};

use super::dto::{ImportBody, UserFile};
use crate::{
    auth::{AuthService, Profiles},
    http::{Admin, Problem, RequestContext, Tag},
};

/// Adding many people at once.
pub struct ImportApi {
    service: AuthService,
    profiles: Arc<dyn Profiles>,
}

impl ImportApi {
    /// The operation over a service.
    pub fn new(service: AuthService, profiles: Arc<dyn Profiles>) -> Self {
        Self { service, profiles }
    }
}

#[OpenApi(prefix_path = "/users", tag = "Tag::Users")]
impl ImportApi {
    /// Add many people
    ///
    /// Of a table with a header row: `email`, `name` and `surname`, and if wanted `username`, `role`,
    /// `language` and `password_hash` (bcrypt or an Argon2id PHC string, so that people bring their
    /// passwords from elsewhere; without one they have no password until one is set). Every row is
    /// reported. An address that has an account is left as it is, so the same file may be sent again. With
    /// `dry_run=true` nothing is written.
    ///
    /// Errors: `VALIDATION_FAILED` (422) for a file that cannot be understood as a whole, by column or
    /// `file`; `UNSUPPORTED_MEDIA_TYPE` (415), `BODY_TOO_LARGE` (413).
    #[oai(path = "/import", method = "post", operation_id = "importUsers")]
    async fn import(
        &self,
        caller: Admin,
        /// Whether only to say what would become of each row; false when left out.
        dry_run: Query<Option<bool>>,
        file: UserFile,
        context: RequestContext,
    ) -> Result<Json<ImportBody>, Problem> {
        let (dry_run, from) = (dry_run.0.unwrap_or(false), context.audit_context(caller.0.actor()));
        let import = self.service.import(file.0, dry_run, from, &*self.profiles).await?;
        Ok(Json(ImportBody::new(import, context.language)))
    }
}
