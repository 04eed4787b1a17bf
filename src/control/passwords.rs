//! The verb on passwords: a link for somebody who forgot theirs, or another password at once.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    accounts::{AccountView, Password, ResetPassword},
    protocol::{Refused, as_json},
    users::{UserCommands, in_words, resolve_user},
};
use crate::{audit_event::AuditContext, auth::IssuedReset};

/// A link with which a person sets their password.
#[derive(Serialize, Deserialize)]
pub struct ResetLink {
    /// Whose.
    pub user: AccountView,
    /// Leads to the page that asks for the password. It is not shown again.
    pub url: String,
    /// When it is good no more; RFC 3339.
    pub expires_at: String,
}

pub(super) async fn reset_password(
    people: &UserCommands,
    request: ResetPassword,
) -> Result<Value, Refused> {
    let (auth, from) = (&people.auth, AuditContext::COMMAND_LINE);
    let id = resolve_user(auth, &request.user)?;
    if let Some(Password(password)) = request.password {
        let changed = auth.set_password(id, password, from).await.map_err(in_words)?;
        return as_json(people.shown(&changed).await?);
    }
    let IssuedReset { url, ends_at, .. } = auth.issue_password_reset(id, from).await?;
    let user = people.shown(&auth.account(id)?).await?;
    as_json(ResetLink { user, url, expires_at: ends_at.to_string() })
}
