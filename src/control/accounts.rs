//! The verbs on accounts: what is asked for, the doing, and what comes back.
//!
//! The doing needs only the accounts, so a server runs it for a verb that asked, and the verb runs it
//! itself on the files of a stopped one.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    passwords::{ResetPassword, reset_password},
    protocol::{ExitStatus, Lines, Refused, as_json},
};
use crate::{
    auth::{Account, AuthError, AuthService, OpenSession, Registration},
    event::Provenance,
    field::Fault,
    ids::{Role, UserId},
    language::Language,
};

/// How many accounts are read at once.
const BATCH: usize = 500;

/// A verb on accounts. Who is meant by `user` is an id, an e-mail address or a username.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum AccountRequest {
    /// Make one; done with its [`AccountView`].
    Create(CreateAccount),
    /// All of them by id: each an item, an [`AccountView`].
    List,
    /// Give one another role; done with its [`AccountView`].
    SetRole {
        /// Whose.
        user: String,
        /// Which.
        role: Role,
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

/// A new account, as typed.
#[derive(Debug, Serialize, Deserialize)]
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

/// A password on its way. Not printable, so that it cannot reach a log.
#[derive(Serialize, Deserialize)]
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
    /// The given name that was registered.
    pub name: String,
    /// The family name that was registered.
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

/// Does what a verb on accounts asks for.
///
/// # Errors
/// [`Refused`], in words for the person who asked.
pub async fn perform(
    auth: &AuthService,
    request: AccountRequest,
    lines: &Lines,
) -> Result<Value, Refused> {
    match request {
        AccountRequest::Create(create) => as_json(self::create(auth, create).await?),
        AccountRequest::List => {
            list(auth, lines).await?;
            Ok(Value::Null)
        }
        AccountRequest::SetRole { user, role } => {
            let id = meant(auth, &user)?;
            let account = auth.set_role(id, role, Provenance::COMMAND_LINE).await?;
            as_json(AccountView::from(&account))
        }
        AccountRequest::Sessions { user } => {
            for session in auth.open_sessions(meant(auth, &user)?)? {
                lines.item(SessionView::from(session)).await?;
            }
            Ok(Value::Null)
        }
        AccountRequest::EndSessions { user, session } => {
            let (id, from) = (meant(auth, &user)?, Provenance::COMMAND_LINE);
            let ended = match session {
                Some(name) => auth.end_named_session(id, name, from).await.map(|()| 1)?,
                None => auth.end_sessions(id, None, from).await?,
            };
            as_json(ended)
        }
        AccountRequest::ResetSecondFactor { user } => {
            let id = meant(auth, &user)?;
            as_json(auth.reset_second_factor(id, Provenance::COMMAND_LINE).await?)
        }
        AccountRequest::ResetPassword(request) => reset_password(auth, request).await,
    }
}

async fn create(auth: &AuthService, create: CreateAccount) -> Result<AccountView, Refused> {
    let CreateAccount { email, username, name, surname, role, password } = create;
    let registration = Registration { email, password: password.0, name, surname, username };
    let new = registration.parse(Language::default(), role).map_err(|faults| refused(&faults))?;
    let created = auth.create(new, Provenance::COMMAND_LINE, "user.created").await;
    let account = created.map_err(|error| match error {
        AuthError::Invalid(faults) => refused(&faults),
        other => other.into(),
    })?;
    Ok(AccountView::from(&account))
}

async fn list(auth: &AuthService, lines: &Lines) -> Result<(), Refused> {
    let mut after = 0;
    loop {
        let batch = auth.list(after, BATCH).await?;
        let Some(last) = batch.last() else { return Ok(()) };
        after = last.id.0;
        for account in &batch {
            lines.item(AccountView::from(account)).await?;
        }
    }
}

/// The account that an id, an address or a username means. A username may look like an id, so what
/// means two people is refused.
pub(super) fn meant(auth: &AuthService, user: &str) -> Result<UserId, Refused> {
    let found = |account: Result<Account, AuthError>| match account {
        Ok(account) => Ok(Some(account.id)),
        Err(AuthError::UserNotFound) => Ok(None),
        Err(error) => Err(error),
    };
    let by_name = found(auth.find(user))?;
    let by_id = user.parse().map_or(Ok(None), |id| found(auth.account(UserId(id))))?;
    match (by_name, by_id) {
        (Some(name), Some(id)) if name != id => Err(Refused::new(
            ExitStatus::Conflict,
            "AMBIGUOUS",
            format!(
                "{user} is the username of one account and the id of another; use the e-mail address"
            ),
        )),
        (name, id) => Ok(name.or(id).ok_or(AuthError::UserNotFound)?),
    }
}

/// Every fault of what was typed, by the option that it was typed for.
pub(super) fn refused(faults: &[Fault]) -> Refused {
    let faults = faults.iter().map(|Fault { field, message }| match *field {
        // The one field that is no option.
        "password" => format!("the password {}", message.en),
        name => format!("--{name} {}", message.en),
    });
    Refused::new(ExitStatus::Usage, "INVALID", faults.collect::<Vec<_>>().join("; "))
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
