//! Authenticates each token by the domain that issued it.

use std::sync::Arc;

use crate::{
    auth::AuthService,
    http::{Authenticator, ClientNetwork, Display, Principal, Problem},
    user::UserService,
};

/// Access tokens and API keys, which the accounts know, and display tokens, which the events know.
pub(super) struct DomainAuthenticator {
    pub(super) auth: AuthService,
    pub(super) user: UserService,
}

impl Authenticator for DomainAuthenticator {
    fn session(&self, token: &str) -> Result<Arc<Principal>, Problem> {
        Ok(self.auth.principal(token)?)
    }

    fn api_key(&self, key: &str, network: ClientNetwork) -> Result<Arc<Principal>, Problem> {
        Ok(self.auth.principal_of_key(key, network)?)
    }

    fn display(&self, token: &str) -> Result<Arc<Display>, Problem> {
        Ok(self.user.display_of(token)?)
    }
}
