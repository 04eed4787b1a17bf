//! Invitations on the wire.

use poem_openapi::{Enum, Object, types::Example};

use super::model::{InvitationView, NewInvitation};
use crate::{
    http::{RoleBody, Timestamp},
    ids::{Role, UserId},
};

/// What those who come with an invitation may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "InvitedRole", rename_all = "snake_case")]
pub(super) enum InvitedRole {
    /// Scans, and sees what is their own.
    User,
    /// Runs events too.
    Staff,
}

/// An invitation to be made.
#[derive(Debug, Object)]
#[oai(rename = "NewInvitation", deny_unknown_fields, example)]
pub(super) struct NewInvitationBody {
    /// What for: at most 120 characters.
    note: Option<String>,
    /// What those who come with it may do; `user` when left out.
    role: Option<InvitedRole>,
    /// How many accounts it makes: 1 to 10,000; 1 when left out.
    uses: Option<u32>,
    /// Days that it is good for: 1 to 365; 14 when left out.
    expires_in_days: Option<u32>,
}

impl Example for NewInvitationBody {
    fn example() -> Self {
        Self {
            note: Some("Classe 3B".to_owned()),
            role: Some(InvitedRole::User),
            uses: Some(30),
            expires_in_days: Some(14),
        }
    }
}

impl From<NewInvitationBody> for NewInvitation {
    fn from(body: NewInvitationBody) -> Self {
        Self {
            note: body.note.unwrap_or_default(),
            role: match body.role {
                Some(InvitedRole::Staff) => Role::Staff,
                Some(InvitedRole::User) | None => Role::User,
            },
            uses: body.uses.unwrap_or(Self::USES),
            days: body.expires_in_days.unwrap_or(Self::DAYS),
        }
    }
}

/// An invitation, without its code.
#[derive(Debug, Object)]
#[oai(rename = "Invitation")]
pub(super) struct InvitationBody {
    /// Names it: 32 hex digits. No secret.
    id: String,
    /// What for.
    note: String,
    /// What those who come with it may do.
    role: RoleBody,
    /// How many accounts it makes.
    uses: u32,
    /// How many of them it has not made yet.
    uses_left: u32,
    /// When it was made.
    created_at: Timestamp,
    /// When it ends.
    expires_at: Timestamp,
    /// The id of who made it; null for the command line.
    created_by: Option<u64>,
}

impl From<InvitationView> for InvitationBody {
    fn from(invitation: InvitationView) -> Self {
        Self {
            id: invitation.id.to_string(),
            note: invitation.note,
            role: invitation.role.into(),
            uses: invitation.uses,
            uses_left: invitation.uses_left,
            created_at: invitation.created_at.into(),
            expires_at: invitation.expires_at.into(),
            created_by: invitation.created_by.map(|UserId(id)| id),
        }
    }
}

/// An invitation that was just made, with its code.
#[derive(Object)]
#[oai(rename = "NewlyMadeInvitation")]
pub(super) struct MadeInvitationBody {
    /// The invitation.
    #[oai(flatten)]
    invitation: InvitationBody,
    /// The code, in groups. Shown this once.
    code: String,
    /// A link that opens the registration with the code filled in.
    url: String,
}

impl MadeInvitationBody {
    pub(super) fn of(made: InvitationView, code: String, origin: &str) -> Self {
        Self { invitation: made.into(), url: format!("{origin}/app/register#{code}"), code }
    }
}

/// A page of invitations.
#[derive(Debug, Object)]
#[oai(rename = "InvitationPage")]
pub(super) struct InvitationPage {
    /// By id.
    pub(super) items: Vec<InvitationBody>,
    /// For the next page; null on the last.
    pub(super) next_cursor: Option<String>,
}
