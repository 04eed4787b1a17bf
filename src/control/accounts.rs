//! The verbs on accounts: what is asked for, and what comes back. The doing is in `people`.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    auth::{Account, OpenSession},
    http::{UserBody, UserStatusBody},
    ids::Role,
};

/// A verb on accounts. Who is meant by `user` is an id, an e-mail address or a username.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum AccountRequest {
    /// Make one; done with its [`AccountView`].
    Create(CreateAccount),
    /// Those that fit, by id: each an item, an [`AccountView`].
    List(ListAccounts),
    /// One of them; done with its [`AccountView`].
    Show {
        /// Whose.
        user: String,
    },
    /// Give one another role; done with its [`AccountView`].
    SetRole {
        /// Whose.
        user: String,
        /// Which.
        role: Role,
    },
    /// Let one log in, or no longer; done with its [`AccountView`].
    SetDisabled {
        /// Whose.
        user: String,
        /// Whether no longer.
        disabled: bool,
    },
    /// Delete one and erase who it was of; done with its [`AccountView`], as it was.
    Delete {
        /// Whose.
        user: String,
    },
    /// Add everybody in a file: each row an item, a [`super::ImportedRowView`]; done with
    /// [`super::ImportCounts`].
    Import {
        /// The file.
        csv: String,
        /// Whether only to say what would become of each row.
        dry_run: bool,
    },
    /// Everything that is held about one: each thing of each list an item, `[list, thing]`; done with the
    /// rest of the document.
    Export {
        /// Whose.
        user: String,
    },
    /// The sessions of one: each an item, a [`SessionView`].
    Sessions {
        /// Whose.
        user: String,
    },
    /// End one session or all; done with the number of those that were ended.
    EndSessions {
        /// Whose.
        user: String,
        /// The id of one; all of them when there is none.
        session: Option<String>,
    },
    /// Remove a second factor; done with whether there was one.
    ResetSecondFactor {
        /// Whose.
        user: String,
    },
    /// Let one have another password; done with a [`super::ResetLink`] or its [`AccountView`].
    ResetPassword(ResetPassword),
}

impl AccountRequest {
    /// Whether it leaves alone whatever is not an account.
    pub const fn needs_only_accounts(&self) -> bool {
        match self {
            Self::Create(_)
            | Self::List(_)
            | Self::Show { .. }
            | Self::SetRole { .. }
            | Self::SetDisabled { .. }
            | Self::ResetPassword(_)
            | Self::ResetSecondFactor { .. }
            | Self::Sessions { .. }
            | Self::EndSessions { .. } => true,
            Self::Delete { .. } | Self::Import { .. } | Self::Export { .. } => false,
        }
    }
}

/// Which accounts are listed: those that fit everything that is set.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListAccounts {
    /// Words of an address, a username or a name.
    pub search: Option<String>,
    /// What they may do.
    pub role: Option<Role>,
    /// Whether they may not log in.
    pub disabled: Option<bool>,
}

/// A new account, as typed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateAccount {
    /// The e-mail address.
    pub email: String,
    /// The username; made of the address when there is none.
    pub username: Option<String>,
    /// The given name.
    pub name: String,
    /// The family name.
    pub surname: String,
    /// What they may do.
    pub role: Role,
    /// The password.
    pub password: Password,
}

/// Somebody needs another password.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResetPassword {
    /// Who: an id, an e-mail address or a username.
    pub user: String,
    /// The password; without one a link is made, done with a [`super::ResetLink`].
    pub password: Option<Password>,
}

/// A password on its way. Not printable, so that it cannot reach a log.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Password(pub String);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(password)")
    }
}

/// An account as the command line shows it.
#[derive(Debug, Serialize, Deserialize)]
pub struct AccountView {
    /// The number of the account.
    pub id: u64,
    /// The e-mail address.
    pub email: String,
    /// The username.
    pub username: String,
    /// The given name.
    pub name: String,
    /// The family name.
    pub surname: String,
    /// `user`, `staff` or `admin`.
    pub role: String,
    /// `active` or `disabled`.
    pub status: String,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339; nothing before the first login.
    pub last_login_at: Option<String>,
}

impl From<UserBody> for AccountView {
    fn from(person: UserBody) -> Self {
        let status = match person.status {
            UserStatusBody::Active => "active",
            UserStatusBody::Disabled => "disabled",
        };
        Self {
            id: person.id,
            email: person.email,
            username: person.username,
            name: person.name,
            surname: person.surname,
            role: Role::from(person.role).to_string(),
            status: status.to_owned(),
            created_at: person.created_at.0.to_string(),
            last_login_at: person.last_login_at.map(|time| time.0.to_string()),
        }
    }
}

/// An account that has no profile any more, as it was registered.
impl From<&Account> for AccountView {
    fn from(account: &Account) -> Self {
        Self {
            id: account.id.0,
            email: account.email.clone(),
            username: account.username.clone(),
            name: account.name.clone(),
            surname: account.surname.clone(),
            role: account.role.to_string(),
            status: if account.disabled { "disabled" } else { "active" }.to_owned(),
            created_at: account.created_at.to_string(),
            last_login_at: account.last_login_at.map(|time| time.to_string()),
        }
    }
}

/// A session as the command line shows it.
#[derive(Debug, Serialize, Deserialize)]
pub struct SessionView {
    /// Tells it from the person's other sessions.
    pub id: String,
    /// The `User-Agent` of the login.
    pub device: String,
    /// The network of the login or of the last refresh.
    pub network: String,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub last_used_at: String,
    /// RFC 3339.
    pub ends_at: String,
}

impl From<OpenSession> for SessionView {
    fn from(session: OpenSession) -> Self {
        let OpenSession { name, device, network, created_at, last_used_at, ends_at } = session;
        Self {
            id: name,
            device,
            network,
            created_at: created_at.to_string(),
            last_used_at: last_used_at.to_string(),
            ends_at: ends_at.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_printed() {
        let request = AccountRequest::Create(CreateAccount {
            email: "ada@example.org".to_owned(),
            username: None,
            name: "Ada".to_owned(),
            surname: "Prova".to_owned(),
            role: Role::User,
            password: Password("very secret".to_owned()),
        });
        assert!(!format!("{request:?}").contains("very secret"));
    }
}
