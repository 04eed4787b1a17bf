//! The verb on passwords: a link for somebody who forgot theirs, or another password at once.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    accounts::{AccountView, Password, meant},
    protocol::{Refused, as_json},
};
use crate::{
    auth::{AuthError, AuthService, IssuedReset},
    event::Provenance,
};

/// Somebody needs another password.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResetPassword {
    /// Who: an id, an e-mail address or a username.
    pub user: String,
    /// The password; without one a link is made, done with a [`ResetLink`].
    pub password: Option<Password>,
}

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
    auth: &AuthService,
    request: ResetPassword,
) -> Result<Value, Refused> {
    let id = meant(auth, &request.user)?;
    let from = Provenance::COMMAND_LINE;
    if let Some(Password(password)) = request.password {
        let changed = auth.set_password(id, password, from).await;
        let account = changed.map_err(|error| match error {
            AuthError::Invalid(faults) => super::accounts::refused(&faults),
            other => other.into(),
        })?;
        return as_json(AccountView::from(&account));
    }
    let IssuedReset { url, ends_at, .. } = auth.issue_password_reset(id, from).await?;
    let user = AccountView::from(&auth.account(id)?);
    as_json(ResetLink { user, url, expires_at: ends_at.to_string() })
}
