//! `appliance user`: accounts, on the data directory of a stopped appliance.

use std::io::Read;

use clap::{Args, Subcommand};
use serde_json::json;

use super::{Failure, Global, print};
use crate::{
    auth::{Account, AccountForm, AuthService, InvalidField, NewAccount},
    clock::Clock,
    event::Provenance,
    ids::{Role, UserId},
    language::Language,
    server::{open_auth, prepare_data},
};

/// How many accounts are read at once.
const BATCH: usize = 500;

/// Makes, lists and changes accounts.
#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// Make an account.
    Create(Create),
    /// List accounts by id.
    List,
    /// Give an account another role.
    SetRole(SetRole),
}

/// Makes an account.
#[derive(Debug, Args)]
pub(super) struct Create {
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

/// Gives an account another role.
#[derive(Debug, Args)]
pub(super) struct SetRole {
    /// An id, an e-mail address or a username.
    user: String,
    /// user, staff or admin.
    role: Role,
}

impl User {
    pub(super) fn run(self, global: &Global) -> Result<(), Failure> {
        let config = global.load(&[])?;
        let data = prepare_data(&config)?;
        global.say(format_args!("data directory: {}", data.root().display()));
        let auth = open_auth(&config, &data, Clock::system())?;
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let done = runtime.block_on(async {
            match self {
                Self::Create(create) => create.run(global, &auth).await,
                Self::List => list(global, &auth).await,
                Self::SetRole(set_role) => set_role.run(global, &auth).await,
            }
        });
        auth.store().close();
        done
    }
}

impl Create {
    async fn run(self, global: &Global, auth: &AuthService) -> Result<(), Failure> {
        let mut password = String::new();
        std::io::stdin().read_to_string(&mut password)?;
        let form = AccountForm {
            email: self.email,
            username: self.username,
            name: self.name,
            surname: self.surname,
            password: password.trim_end_matches(['\r', '\n']).to_owned(),
        };
        let new = NewAccount::parse(form, Language::default(), self.role);
        let new = new.map_err(|faults| faulty(&faults))?;
        let account = auth.create(new, Provenance::COMMAND_LINE, "user.created").await?;
        global.say(format_args!("made {} {}", account.role, account.username));
        show(global, &account)
    }
}

impl SetRole {
    async fn run(self, global: &Global, auth: &AuthService) -> Result<(), Failure> {
        let id = match self.user.parse() {
            Ok(id) => UserId(id),
            Err(_) => auth.find(&self.user)?.id,
        };
        let account = auth.set_role(id, self.role, Provenance::COMMAND_LINE).await?;
        global.say(format_args!("{} is now {}", account.username, account.role));
        show(global, &account)
    }
}

async fn list(global: &Global, auth: &AuthService) -> Result<(), Failure> {
    let mut all = Vec::new();
    loop {
        let after = all.last().map_or(0, |account: &Account| account.id.0);
        let batch = auth.list(after, BATCH).await?;
        if batch.is_empty() {
            break;
        }
        all.extend(batch);
    }
    if global.json {
        let accounts: Vec<_> = all.iter().map(as_json).collect();
        print(serde_json::to_string_pretty(&accounts)?)?;
    } else {
        for account in &all {
            print(as_line(account))?;
        }
    }
    Ok(())
}

fn show(global: &Global, account: &Account) -> Result<(), Failure> {
    if global.json {
        print(serde_json::to_string_pretty(&as_json(account))?)
    } else {
        print(as_line(account))
    }
}

fn as_line(account: &Account) -> String {
    let Account { id, role, username, email, name, surname, .. } = account;
    format!("{id}\t{role}\t{username}\t{email}\t{name} {surname}")
}

fn as_json(account: &Account) -> serde_json::Value {
    json!({
        "id": account.id.0,
        "email": account.email,
        "username": account.username,
        "name": account.name,
        "surname": account.surname,
        "role": account.role.as_str(),
        "status": if account.disabled { "disabled" } else { "active" },
        "created_at": account.created_at.to_string(),
        "last_login_at": account.last_login_at.map(|time| time.to_string()),
    })
}

/// Everything that is wrong with what was typed.
fn faulty(faults: &[InvalidField]) -> Failure {
    let line = |fault: &InvalidField| {
        let name = match fault.field {
            // The one field that is no option.
            "password" => "the password".to_owned(),
            name => format!("--{name}"),
        };
        format!("{name} {}", fault.message.en)
    };
    Failure::Usage(faults.iter().map(line).collect::<Vec<_>>().join("; "))
}
