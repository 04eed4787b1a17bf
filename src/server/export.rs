//! Everything that is held about a person, in one document (GDPR, articles 15 and 20).
//!
//! It lies in three files, and no domain knows another: each says what its file holds, and here it is put
//! together. Never with a secret: what a person may read is also what a thief of their session may.

use poem_openapi::{
    Object, OpenApi,
    param::Path,
    payload::{Json, Response},
    types::ToJSON,
};
use serde_json::Value;

use super::wire::Domains;
use crate::{
    event::{self, Provenance},
    http::{Admin, Problem, RequestContext, SignedIn, Tag, Timestamp},
    ids::UserId,
};

/// The operations of reading everything about a person.
pub(super) struct ExportApi(pub(super) Domains);

/// Everything that is held about a person. Passwords, tokens and keys are not in it.
#[derive(Object)]
#[oai(rename = "UserExport")]
struct ExportBody {
    /// When it was put together.
    exported_at: Timestamp,
    /// The account.
    account: Value,
    /// What they call themselves; null while the disk is too full to keep it.
    profile: Option<Value>,
    /// Where they are signed in: device, network, times.
    sessions: Vec<Value>,
    /// Since when they have a second factor, and how many recovery codes are left; null without one.
    second_factor: Value,
    /// The API keys that act for them.
    api_keys: Vec<Value>,
    /// What is held of them at events, the oldest first.
    attendance: Vec<Value>,
    /// How often events refused their scans.
    refused_scans: Vec<Value>,
    /// The events that expect them by name.
    expected_at: Vec<Value>,
    /// The events that they made.
    events_created: Vec<Value>,
    /// Posts that they reported, newest first.
    posts: Vec<Value>,
    /// Whether these are all: the newest 200,000 posts of everybody are looked at, and 10,000 told.
    posts_complete: bool,
    /// What the audit trail says they did, and what was done to them; newest first.
    audit: Vec<Value>,
    /// Whether these are all, within the same bounds, and none was on its way to the trail.
    audit_complete: bool,
}

/// The document, as a file to keep.
type Download = Response<Json<ExportBody>>;

#[OpenApi]
impl ExportApi {
    /// Read everything about yourself
    ///
    /// Everything that is held about you, as one document; that it was read is noted in the audit trail.
    #[oai(path = "/me/export", method = "get", operation_id = "exportMe", tag = "Tag::Me")]
    async fn own(&self, caller: SignedIn, context: RequestContext) -> Result<Download, Problem> {
        let from = context.provenance(caller.0.actor());
        Ok(as_file(self.0.export(caller.0.id, from).await?, caller.0.id))
    }

    /// Read everything about a person
    ///
    /// The same document that they can read themselves; that it was read is noted in the audit trail.
    /// Errors: `USER_NOT_FOUND` (404).
    #[oai(
        path = "/users/:id/export",
        method = "get",
        operation_id = "exportUser",
        tag = "Tag::Users"
    )]
    async fn of(
        &self,
        caller: Admin,
        /// The person's id.
        id: Path<u64>,
        context: RequestContext,
    ) -> Result<Download, Problem> {
        let from = context.provenance(caller.0.actor());
        Ok(as_file(self.0.export(UserId(id.0), from).await?, UserId(id.0)))
    }
}

fn as_file(body: ExportBody, id: UserId) -> Download {
    let name = format!("attachment; filename=\"user-{id}.json\"");
    Response::new(Json(body)).header("content-disposition", name)
}

impl Domains {
    /// Everything that is held about a person, as JSON.
    pub(super) async fn export_json(&self, id: UserId, from: Provenance) -> Result<Value, Problem> {
        Ok(self.export(id, from).await?.to_json().unwrap_or_default())
    }

    async fn export(&self, id: UserId, from: Provenance) -> Result<ExportBody, Problem> {
        let auth = self.auth.held_about(id)?;
        // Made of the registration, when they have not been here yet.
        self.user.profile(id).await?;
        let user = self.user.held_about(id).await?;
        let social_log = self.social_log.held_about(id).await?;
        let mut on_their_way = 0;
        for (_, store) in self.outboxes() {
            on_their_way += event::waiting(&store.read()?)?;
        }
        self.auth.note_export(id, from).await?;
        Ok(ExportBody {
            exported_at: self.clock.now().into(),
            account: auth.account,
            profile: user.profile,
            sessions: auth.sessions,
            second_factor: auth.second_factor,
            api_keys: auth.api_keys,
            attendance: user.attendance,
            refused_scans: user.refused_scans,
            expected_at: user.expected_at,
            events_created: user.events_created,
            posts: social_log.posts.items,
            posts_complete: social_log.posts.is_complete,
            audit: social_log.audit.items,
            audit_complete: social_log.audit.is_complete && on_their_way == 0,
        })
    }
}
