//! All personal data of a user, in one document (GDPR, articles 15 and 20).
//!
//! It lies in three files, and no domain knows another: each says what its file holds, and here it is put
//! together. Never with a secret: what a person may read is also what a thief of their session may.
//!
//! The document may be as long as a person's years here, so it is never in memory as a whole (`document`): it
//! leaves piece by piece as the client takes it, and nobody sends more than one at a time. It is not spooled to a
//! file: going through the whole audit trail may take longer than a proxy waits for a first byte, and whoever asks what
//! is held about them is answered on a full disk, too.

mod by_line;
mod document;
mod places;

use poem::http::StatusCode;
use poem_openapi::{Object, OpenApi, param::Path, payload::Json};
use serde_json::Value;

use super::domains::Domains;
use crate::{
    audit_event::AuditContext,
    http::{Admin, Download, DownloadKind, Problem, RequestContext, SignedIn, Tag, Timestamp},
    ids::UserId,
    limit::{Exhausted, Share},
};
use document::Pieces;
pub(super) use places::{Exporting, new_exports};

/// Seconds after which a client that was told to wait may come back.
const COME_BACK_SECONDS: u64 = 5;

/// The operations of reading everything about a person.
pub(super) struct ExportApi(pub(super) Domains);

/// All personal data of a user. Passwords, tokens and keys are not in it.
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
    /// Posts that they or their API keys reported, newest first.
    posts: Vec<Value>,
    /// Whether these are all, which they are.
    posts_complete: bool,
    /// What the audit trail says they and their API keys did, and what was done to them; newest first. From
    /// which network is told of themselves and their keys alone.
    audit: Vec<Value>,
    /// Whether these are all: false when some were on their way to the trail.
    audit_complete: bool,
}

#[OpenApi]
impl ExportApi {
    /// Read everything about yourself
    ///
    /// Everything that is held about you, as one document; that it was read is noted in the audit trail. One at
    /// a time; a document that was cut short is no valid JSON.
    /// Errors: `EXPORT_IN_PROGRESS` (429) while another is being sent to you, `BUSY` (503) while several are
    /// being sent to others.
    #[oai(path = "/me/export", method = "get", operation_id = "exportMe", tag = "Tag::Me")]
    async fn own(
        &self,
        caller: SignedIn,
        context: RequestContext,
    ) -> Result<Download<Export>, Problem> {
        let from = context.audit_context(caller.0.actor());
        self.0.download(caller.0.id, caller.0.id, from).await
    }

    /// Read everything about a person
    ///
    /// The same document that they can read themselves; that it was read is noted in the audit trail.
    /// Errors: `USER_NOT_FOUND` (404), `EXPORT_IN_PROGRESS` (429), `BUSY` (503).
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
    ) -> Result<Download<Export>, Problem> {
        let from = context.audit_context(caller.0.actor());
        self.0.download(UserId(id.0), caller.0.id, from).await
    }
}

/// The document itself.
struct Export;

impl DownloadKind for Export {
    type Payload = Json<ExportBody>;
    const DESCRIPTION: &'static str = "The document.";
}

impl Domains {
    async fn download(
        &self,
        id: UserId,
        reader: UserId,
        from: AuditContext,
    ) -> Result<Download<Export>, Problem> {
        let place = self.place_for(Exporting::Person(reader))?;
        let begun = self.begin_export(id, from).await?;
        let pieces = Pieces::of(self.clone(), begun, place).stream();
        Ok(Download::of_pieces(format!("user-{id}.json"), pieces))
    }

    fn place_for(&self, who: Exporting) -> Result<Share<Exporting>, Problem> {
        self.exports.take(&who, 1).map_err(|exhausted| match exhausted {
            Exhausted::Group => Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "EXPORT_IN_PROGRESS",
                "Another export is still being sent to you. Please wait until it has ended.",
                "Un'altra esportazione ti viene ancora inviata. Attendi che sia finita.",
            )
            .retry_after(COME_BACK_SECONDS),
            Exhausted::Total => Problem::busy().retry_after(COME_BACK_SECONDS),
        })
    }
}
