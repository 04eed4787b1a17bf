//! The verb on the set-up link: another one, for whoever did not see the start print its own.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::protocol::{ExitStatus, Refused, as_json};
use crate::auth::AuthService;

/// The link that makes the first administrator.
#[derive(Serialize, Deserialize)]
pub struct SetupLink {
    /// Leads to the page that asks who it is. It is not shown again.
    pub url: String,
}

/// Makes a set-up link, which replaces the one before; done with a [`SetupLink`].
///
/// # Errors
/// [`Refused`] once there is an administrator, and when the link cannot be stored.
pub async fn issue_setup_link(auth: &AuthService) -> Result<Value, Refused> {
    let url = auth.issue_setup_link().await?.ok_or_else(|| {
        let message = "there is an administrator already, who makes others; \
                       for one who forgot the password there is `appliance user reset-password`";
        Refused::new(ExitStatus::Conflict, "SETUP_DONE", message)
    })?;
    as_json(SetupLink { url })
}
