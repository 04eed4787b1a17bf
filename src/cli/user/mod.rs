//! `appliance user`: accounts, by the running appliance or on the data directory of a stopped one.
//!
//! A running one is asked over its control socket; when none runs, the files are opened here
//! (`on_accounts`). Both do the same ([`crate::control::perform`]). `showing` says how accounts are printed.

mod password;
mod reset_password;
mod sessions;
mod showing;

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand, ValueEnum};

use super::{
    Failure, Global,
    on_accounts::{Answer, Place},
};
use crate::{
    control::{AccountRequest, CreateAccount, ListAccounts, Request, execute},
    ids::Role,
};
use password::password_from_stdin;

/// The longest file of people that is read, in bytes; the appliance takes less and says so.
const LONGEST_FILE_BYTES: u64 = 4 << 20;

/// Makes, lists and changes accounts.
#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// Make an account.
    Create(CreateUserArgs),
    /// List accounts by id.
    List(List),
    /// Show an account.
    Show(Who),
    /// Give an account another role.
    SetRole(SetRole),
    /// End an account's sessions and let nobody log in with it.
    Disable(Who),
    /// Let somebody log in again.
    Enable(Who),
    /// Print a link with which somebody sets another password, or set one.
    ResetPassword(reset_password::ResetPasswordArgs),
    /// Remove the second factor of somebody who has lost it.
    ResetTotp(Who),
    /// List the sessions of an account, or end them.
    Sessions(sessions::Sessions),
    /// Delete an account for good and erase who it was of.
    Delete(Delete),
    /// Add everybody in a table (CSV): email, name, surname, and if wanted username, role, language and
    /// the hash of a password.
    Import(ImportUsersArgs),
    /// Print everything that is held about somebody, as JSON.
    Export(Who),
}

/// Makes an account.
#[derive(Debug, Args)]
pub(super) struct CreateUserArgs {
    /// The e-mail address.
    #[arg(long)]
    email: String,
    /// The username; made of the address when not given.
    #[arg(long)]
    username: Option<String>,
    /// The given name.
    #[arg(long)]
    name: String,
    /// The family name.
    #[arg(long)]
    surname: String,
    /// What they may do: user, staff or admin.
    #[arg(long, default_value = "user")]
    role: Role,
    /// Read the password from standard input; there is no other way, so that none is left in the
    /// shell's history.
    #[arg(long, required = true)]
    password_stdin: bool,
}

/// Lists accounts.
#[derive(Debug, Args)]
pub(super) struct List {
    /// Only those with each of these words in address, username or name, whatever case and accents.
    #[arg(long, value_name = "WORDS")]
    search: Option<String>,
    /// Only those of this role: user, staff or admin.
    #[arg(long)]
    role: Option<Role>,
    /// Only those of this status.
    #[arg(long)]
    status: Option<Status>,
}

/// Whether somebody may log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Status {
    /// Yes.
    Active,
    /// No.
    Disabled,
}

/// Names an account.
#[derive(Debug, Args)]
pub(super) struct Who {
    /// An id, an e-mail address or a username.
    user: String,
}

/// Gives an account another role.
#[derive(Debug, Args)]
pub(super) struct SetRole {
    /// An id, an e-mail address or a username.
    user: String,
    /// user, staff or admin.
    role: Role,
}

/// Deletes an account.
#[derive(Debug, Args)]
pub(super) struct Delete {
    /// An id, an e-mail address or a username.
    user: String,
    /// Yes, for good: nothing brings an account back but a backup.
    #[arg(long)]
    yes: bool,
}

/// Adds everybody in a table.
#[derive(Debug, Args)]
pub(super) struct ImportUsersArgs {
    /// The table, UTF-8 with a header row, separated by commas or semicolons; `-` for standard input.
    file: PathBuf,
    /// Write nothing, and say what would become of each row.
    #[arg(long)]
    dry_run: bool,
}

impl User {
    pub(super) fn run(self, global: &Global) -> Result<(), Failure> {
        let place = Place::of(global)?;
        let ask = |request| ask(&place, request);
        match self {
            Self::Create(create) => {
                let made = ask(AccountRequest::Create(create.request()?))?.account()?;
                global.say(format_args!("made {} {}", made.role, made.username));
                showing::account(global, &made)
            }
            Self::List(list) => {
                showing::accounts(global, ask(AccountRequest::List(list.request()))?.items)
            }
            Self::Show(Who { user }) => {
                showing::in_full(global, &ask(AccountRequest::Show { user })?.account()?)
            }
            Self::SetRole(SetRole { user, role }) => {
                let changed = ask(AccountRequest::SetRole { user, role })?.account()?;
                global.say(format_args!("{} is now {}", changed.username, changed.role));
                showing::account(global, &changed)
            }
            Self::Disable(Who { user }) => set_disabled(global, ask, user, true),
            Self::Enable(Who { user }) => set_disabled(global, ask, user, false),
            Self::ResetPassword(reset) => reset.run(global, ask),
            Self::ResetTotp(Who { user }) => {
                let was_there = ask(AccountRequest::ResetSecondFactor { user })?.result == true;
                global.say(if was_there {
                    "the second factor is removed and every session ended"
                } else {
                    "there was no second factor"
                });
                Ok(())
            }
            Self::Sessions(sessions) => sessions.run(global, ask),
            Self::Delete(Delete { yes: false, .. }) => Err(Failure::Usage(
                "deleting an account cannot be undone; say --yes if that is what you want"
                    .to_owned(),
            )),
            Self::Delete(Delete { user, .. }) => {
                let deleted = ask(AccountRequest::Delete { user })?.account()?;
                global.say(format_args!("deleted {} and erased who it was of", deleted.username));
                showing::account(global, &deleted)
            }
            Self::Import(ImportUsersArgs { file, dry_run }) => {
                let csv = read_table(&file)?;
                showing::import(global, ask(AccountRequest::Import { csv, dry_run })?)
            }
            Self::Export(Who { user }) => {
                let request = AccountRequest::Export { user };
                let asked = Request::Account(request.clone());
                let mut document = showing::Document::default();
                let rest = place.perform_telling(
                    &asked,
                    |people, lines| Box::pin(execute(people, request, lines)),
                    |item| document.item(item),
                );
                document.end(rest?)
            }
        }
    }
}

/// Has it done by whoever can.
fn ask(place: &Place<'_>, request: AccountRequest) -> Result<Answer, Failure> {
    let asked = Request::Account(request.clone());
    place.execute(&asked, |people, lines| Box::pin(execute(people, request, lines)))
}

fn set_disabled(
    global: &Global,
    ask: impl Fn(AccountRequest) -> Result<Answer, Failure>,
    user: String,
    disabled: bool,
) -> Result<(), Failure> {
    let changed = ask(AccountRequest::SetDisabled { user, disabled })?.account()?;
    global.say(format_args!("{} is now {}", changed.username, changed.status));
    showing::account(global, &changed)
}

/// A table of people, as text.
fn read_table(file: &Path) -> Result<String, Failure> {
    let failed = |error: std::io::Error| {
        let text = format!("cannot read {}: {error}", file.display());
        match error.kind() {
            std::io::ErrorKind::NotFound => Failure::NotFound(text),
            std::io::ErrorKind::InvalidData => {
                Failure::Usage(format!("{} is no UTF-8 text; save it as CSV UTF-8", file.display()))
            }
            _ => Failure::Failed(text),
        }
    };
    let mut csv = String::new();
    if file.as_os_str() == "-" {
        std::io::stdin().take(LONGEST_FILE_BYTES).read_to_string(&mut csv).map_err(failed)?;
    } else {
        let open = std::fs::File::open(file).map_err(failed)?;
        open.take(LONGEST_FILE_BYTES).read_to_string(&mut csv).map_err(failed)?;
    }
    Ok(csv)
}

impl CreateUserArgs {
    /// The request, with the password from standard input.
    fn request(self) -> Result<CreateAccount, Failure> {
        let Self { email, username, name, surname, role, .. } = self;
        let password = password_from_stdin()?;
        Ok(CreateAccount { email, username, name, surname, role, password })
    }
}

impl List {
    fn request(self) -> ListAccounts {
        let Self { search, role, status } = self;
        let disabled = status.map(|status| status == Status::Disabled);
        ListAccounts { search, role, disabled }
    }
}
