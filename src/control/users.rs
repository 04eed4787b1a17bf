//! What verbs on accounts work on, and what each does with it.
//!
//! It needs the accounts and what is told of them elsewhere, and not whoever asks: a server runs it for a
//! verb that asked, and the verb runs it itself on the files of a stopped one.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    accounts::{AccountView, CreateAccount, ListAccounts},
    protocol::{ExitStatus, Refused, ResponseStream, as_json},
};
use crate::{
    audit_event::AuditContext,
    auth::{
        Account, AuthError, AuthService, Csv, ImportOutcome, ImportedRow, Profiles, Registration,
        UserFilter,
    },
    field::FieldError,
    ids::UserId,
    language::Language,
    social_log::SocialLogService,
};

/// How many accounts are asked for at once.
const BATCH: usize = 200;

/// What verbs on accounts work on.
pub struct UserCommands {
    /// The accounts.
    pub auth: AuthService,
    /// What people are called.
    pub profiles: Arc<dyn Profiles>,
    /// Everything that is held about them.
    pub exports: Arc<dyn Exports>,
    /// The social feed, for verbs that need every file.
    pub social_log: Option<SocialLogService>,
}

/// Puts everything together that is held about a person, in whichever file.
pub trait Exports: Send + Sync {
    /// One document: the things of its lists one at a time, each an item of the list's name and the thing;
    /// then the rest, with these lists empty.
    fn export<'a>(
        &'a self,
        id: UserId,
        from: AuditContext,
        out: &'a ResponseStream,
    ) -> BoxFuture<'a, Result<Value, Refused>>;
}

/// A row of an import, as the command line shows it.
#[derive(Debug, Serialize, Deserialize)]
pub struct ImportedRowView {
    /// Where it begins in the file; the header is line 1.
    pub line: u64,
    /// `created`, `would_create`, `refused` or `exists`.
    pub outcome: String,
    /// The address, as typed.
    pub email: String,
    /// The number of the account, when there is one.
    pub user_id: Option<u64>,
    /// Why it was refused: by column.
    pub errors: Vec<(String, String)>,
}

/// What came of an import.
#[derive(Debug, Serialize, Deserialize)]
pub struct ImportCounts {
    /// Whether nothing was written.
    pub dry_run: bool,
    /// How many people were added, or would be.
    pub created: usize,
    /// How many rows were refused.
    pub refused: usize,
    /// How many were there already.
    pub existing: usize,
}

impl From<ImportedRow> for ImportedRowView {
    fn from(row: ImportedRow) -> Self {
        let outcome = match row.outcome {
            ImportOutcome::Created => "created",
            ImportOutcome::WouldCreate => "would_create",
            ImportOutcome::Refused => "refused",
            ImportOutcome::Exists => "exists",
        };
        let errors = row.faults.into_iter();
        Self {
            line: row.line,
            outcome: outcome.to_owned(),
            email: row.email,
            user_id: row.user.map(|id| id.0),
            errors: errors
                .map(|one| (one.field.into_owned(), one.message.en.into_owned()))
                .collect(),
        }
    }
}

impl UserCommands {
    pub(super) async fn view(&self, account: &Account) -> Result<Value, Refused> {
        as_json(self.shown(account).await?)
    }

    /// An account with the person's present name.
    pub(super) async fn shown(&self, account: &Account) -> Result<AccountView, Refused> {
        Ok(AccountView::from(self.profiles.person(account).await?))
    }

    pub(super) async fn create(&self, create: CreateAccount) -> Result<AccountView, Refused> {
        let CreateAccount { email, username, name, surname, role, password } = create;
        let registration = Registration { email, password: password.0, name, surname, username };
        let new = registration.parse(Language::default(), role);
        let new = new.map_err(|faults| refused(&faults))?;
        let created = self.auth.create(new, AuditContext::COMMAND_LINE, "user.created").await;
        Ok(AccountView::from(&created.map_err(in_words)?))
    }

    pub(super) async fn list(
        &self,
        list: ListAccounts,
        out: &ResponseStream,
    ) -> Result<(), Refused> {
        let ListAccounts { search, role, disabled } = list;
        let filter = UserFilter::parse(search.as_deref(), role, disabled);
        let filter = filter.map_err(|fault| refused(&[fault]))?;
        let mut next = Some(0);
        while let Some(after) = next {
            let found = self.auth.search(&filter, after, BATCH, &*self.profiles).await?;
            for person in found.people(&*self.profiles).await? {
                out.item(AccountView::from(person)).await?;
            }
            next = found.next;
        }
        Ok(())
    }

    pub(super) async fn import(
        &self,
        csv: &str,
        dry_run: bool,
        out: &ResponseStream,
    ) -> Result<Value, Refused> {
        let csv = Csv::read(csv.as_bytes(), Language::default())?;
        let from = AuditContext::COMMAND_LINE;
        let import = self.auth.import(csv, dry_run, from, &*self.profiles).await?;
        let counts = ImportCounts {
            dry_run,
            created: import.count(ImportOutcome::Created)
                + import.count(ImportOutcome::WouldCreate),
            refused: import.count(ImportOutcome::Refused),
            existing: import.count(ImportOutcome::Exists),
        };
        for row in import.rows {
            out.item(ImportedRowView::from(row)).await?;
        }
        as_json(counts)
    }
}

/// The account that an id, an address or a username means. A username may look like an id, so what
/// means two people is refused.
pub(super) fn resolve_user(auth: &AuthService, user: &str) -> Result<UserId, Refused> {
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

/// A refusal that says of each option what is wrong with it.
pub(super) fn in_words(error: AuthError) -> Refused {
    match error {
        AuthError::Invalid(faults) => refused(&faults),
        other => other.into(),
    }
}

/// Every fault of what was typed, by the option that it was typed for.
fn refused(faults: &[FieldError]) -> Refused {
    let faults = faults.iter().map(|FieldError { field, message }| match field.as_ref() {
        // The one field that is no option.
        "password" => format!("the password {}", message.en),
        name => format!("--{name} {}", message.en),
    });
    Refused::new(ExitStatus::Usage, "INVALID", faults.collect::<Vec<_>>().join("; "))
}
