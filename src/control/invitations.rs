//! The verbs on invitations: what is asked for, the doing, and what comes back.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::protocol::{Refused, ResponseStream, as_json};
use crate::{
    audit_event::AuditContext,
    auth::{AuthError, AuthService, InvitationView, NewInvitation},
    ids::{RandomId, Role},
};

/// How many invitations are read at once.
const BATCH: usize = 500;

/// A verb on invitations.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum InvitationRequest {
    /// Make one; done with an [`InvitationMade`].
    Create {
        /// What for.
        note: String,
        /// What those who come with it may do.
        role: Role,
        /// How many accounts it makes.
        uses: u32,
        /// Days that it is good for.
        expires_in_days: u32,
    },
    /// All of them by id: each an item, an [`InvitationLine`].
    List,
    /// Revoke one; done with nothing.
    Revoke {
        /// Its id.
        id: String,
    },
}

/// An invitation as the command line shows it.
#[derive(Debug, Serialize, Deserialize)]
pub struct InvitationLine {
    /// Names it; no secret.
    pub id: String,
    /// What for.
    pub note: String,
    /// `user` or `staff`.
    pub role: String,
    /// How many accounts it makes.
    pub uses: u32,
    /// How many of them it has not made yet.
    pub uses_left: u32,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub expires_at: String,
    /// The number of who made it; nothing for the command line.
    pub created_by: Option<u64>,
}

/// An invitation that was just made.
#[derive(Serialize, Deserialize)]
pub struct InvitationMade {
    /// All but the code.
    #[serde(flatten)]
    pub invitation: InvitationLine,
    /// What people register with. Shown this once.
    pub code: String,
}

impl From<InvitationView> for InvitationLine {
    fn from(invitation: InvitationView) -> Self {
        Self {
            id: invitation.id.to_string(),
            note: invitation.note,
            role: invitation.role.to_string(),
            uses: invitation.uses,
            uses_left: invitation.uses_left,
            created_at: invitation.created_at.to_string(),
            expires_at: invitation.expires_at.to_string(),
            created_by: invitation.created_by.map(|admin| admin.0),
        }
    }
}

/// Does what a verb on invitations asks for.
///
/// # Errors
/// [`Refused`], in words for the person who asked.
pub async fn execute_on_invitations(
    auth: &AuthService,
    request: InvitationRequest,
    out: &ResponseStream,
) -> Result<Value, Refused> {
    match request {
        InvitationRequest::Create { note, role, uses, expires_in_days: days } => {
            let new = NewInvitation { note, role, uses, days };
            let (made, code) = auth.invite(new, AuditContext::COMMAND_LINE).await?;
            as_json(InvitationMade { invitation: made.into(), code })
        }
        InvitationRequest::List => {
            list(auth, out).await?;
            Ok(Value::Null)
        }
        InvitationRequest::Revoke { id } => {
            let id = RandomId::parse(id.trim()).ok_or(AuthError::InvitationNotFound)?;
            auth.revoke_invitation(id, AuditContext::COMMAND_LINE).await?;
            Ok(Value::Null)
        }
    }
}

async fn list(auth: &AuthService, out: &ResponseStream) -> Result<(), Refused> {
    let mut after = None;
    loop {
        let batch = auth.invitations(after, BATCH).await?;
        let Some(last) = batch.last() else { return Ok(()) };
        after = Some(last.id);
        for invitation in batch {
            out.item(InvitationLine::from(invitation)).await?;
        }
    }
}
