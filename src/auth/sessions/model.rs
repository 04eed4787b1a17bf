//! Who logs in, and what a client gets to go on with.

use crate::ids::{RandomId, UserId};

/// How a person says who they are at login: an e-mail address or a username, any case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::auth) enum Identifier {
    /// It has an `@`. Lower case.
    Email(String),
    /// It has none. Lower case.
    Username(String),
}

impl Identifier {
    /// Takes anything: what is no account simply is not found.
    pub(in crate::auth) fn parse(text: &str) -> Self {
        let key: String = text.trim().to_lowercase().chars().take(254).collect();
        if key.contains('@') { Self::Email(key) } else { Self::Username(key) }
    }
}

/// A session that has just been opened or refreshed: what a client needs to go on.
pub struct IssuedSession {
    /// Who.
    pub user: UserId,
    /// Which session.
    pub session: RandomId,
    /// The next refresh token.
    pub refresh_token: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_has_an_at_sign_is_an_address() {
        assert_eq!(Identifier::parse(" Mario "), Identifier::Username("mario".to_owned()));
        assert_eq!(Identifier::parse("A@B.it"), Identifier::Email("a@b.it".to_owned()));
    }
}
