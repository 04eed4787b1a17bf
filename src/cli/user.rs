//! `appliance user`: accounts, by the running appliance or on the data directory of a stopped one.
//!
//! A running one is asked over its control socket; when none runs, the file is opened here. Both do the
//! same ([`control::perform`]).

use std::io::Read;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::{Failure, Global, print};
use crate::{
    clock::Clock,
    config::Config,
    control::{
        self, AccountRequest, AccountView, AskError, CreateAccount, Line, Lines, Password, Request,
        SessionView,
    },
    ids::Role,
    paths::DataDir,
    server::{existing_data, open_auth, prepare_data},
};

/// Makes, lists and changes accounts.
#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// Make an account.
    Create(Create),
    /// List accounts by id.
    List,
    /// Give an account another role.
    SetRole(SetRole),
    /// List the sessions of an account, or end them.
    Sessions(Sessions),
    /// Remove the second factor of somebody who has lost it.
    ResetTotp {
        /// An id, an e-mail address or a username.
        user: String,
    },
    /// Print a link with which a person sets another password, or set one.
    ResetPassword(super::reset_password::Reset),
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

/// Lists sessions, or ends them.
#[derive(Debug, Args)]
pub(super) struct Sessions {
    /// An id, an e-mail address or a username.
    user: String,
    /// End the session with this id.
    #[arg(long, value_name = "ID", conflicts_with = "end_all")]
    end: Option<String>,
    /// End all of them.
    #[arg(long)]
    end_all: bool,
}

/// What came back.
pub(super) struct Answer {
    pub(super) result: Value,
    items: Vec<Value>,
}

impl User {
    pub(super) fn run(self, global: &Global) -> Result<(), Failure> {
        let config = global.load(&[])?;
        let data = DataDir::new(&config.data.directory);
        global.say(format_args!("data directory: {}", data.root().display()));
        match self {
            Self::Create(create) => {
                let answer = perform(&config, &data, AccountRequest::Create(create.request()?))?;
                let made: AccountView = serde_json::from_value(answer.result)?;
                global.say(format_args!("made {} {}", made.role, made.username));
                show(global, &made)
            }
            Self::List => list(global, perform(&config, &data, AccountRequest::List)?.items),
            Self::SetRole(SetRole { user, role }) => {
                let answer = perform(&config, &data, AccountRequest::SetRole { user, role })?;
                let changed: AccountView = serde_json::from_value(answer.result)?;
                global.say(format_args!("{} is now {}", changed.username, changed.role));
                show(global, &changed)
            }
            Self::Sessions(sessions) => sessions.run(global, &config, &data),
            Self::ResetTotp { user } => {
                let request = AccountRequest::ResetSecondFactor { user };
                let was_there = perform(&config, &data, request)?.result;
                global.say(if was_there == true {
                    "the second factor is removed and every session ended"
                } else {
                    "there was no second factor"
                });
                Ok(())
            }
            Self::ResetPassword(reset) => reset.run(global, &config, &data),
        }
    }
}

impl Sessions {
    fn run(self, global: &Global, config: &Config, data: &DataDir) -> Result<(), Failure> {
        let Self { user, end, end_all } = self;
        if end_all || end.is_some() {
            let request = AccountRequest::EndSessions { user, session: end };
            let ended = perform(config, data, request)?.result;
            global.say(format_args!("sessions ended: {ended}"));
            return Ok(());
        }
        let sessions = perform(config, data, AccountRequest::Sessions { user })?.items;
        if global.json {
            return print(serde_json::to_string_pretty(&sessions)?);
        }
        for session in sessions {
            let SessionView { id, device, network, last_used_at, .. } =
                serde_json::from_value(session)?;
            print(format!("{id}\t{last_used_at}\t{network}\t{device}"))?;
        }
        Ok(())
    }
}

impl Create {
    /// The request, with the password from standard input.
    fn request(self) -> Result<CreateAccount, Failure> {
        let Self { email, username, name, surname, role, .. } = self;
        let password = password_from_stdin()?;
        Ok(CreateAccount { email, username, name, surname, role, password })
    }
}

/// All of standard input but the end of its last line.
pub(super) fn password_from_stdin() -> Result<Password, Failure> {
    let mut password = String::new();
    std::io::stdin().read_to_string(&mut password)?;
    Ok(Password(password.trim_end_matches(['\r', '\n']).to_owned()))
}

/// Asks the appliance that runs, and does it here when none does.
pub(super) fn perform(
    config: &Config,
    data: &DataDir,
    request: AccountRequest,
) -> Result<Answer, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let socket = config.server.control_socket_or(data.control_socket());
        let mut items = Vec::new();
        let mut keep = |line| {
            if let Line::Item(item) = line {
                items.push(item);
            }
        };
        let request = Request::Account(request);
        match control::ask(&socket, &request, &mut keep).await {
            Ok(result) => return Ok(Answer { result, items }),
            Err(AskError::NotRunning) => {}
            Err(error) => return Err(error.into()),
        }
        let Request::Account(request) = request else { return Err(AskError::NotRunning.into()) };
        let result = perform_here(config, request, keep).await?;
        Ok(Answer { result, items })
    })
}

/// Does it on the file of an appliance that is stopped.
async fn perform_here(
    config: &Config,
    request: AccountRequest,
    mut keep: impl FnMut(Line),
) -> Result<Value, Failure> {
    let data = match &request {
        AccountRequest::Create(_) => prepare_data(config)?,
        _ => existing_data(config)?,
    };
    let auth = open_auth(config, &data, Clock::system())?;
    let (lines, mut coming) = Lines::channel();
    let done = async {
        let done = control::perform(&auth, request, &lines).await;
        drop(lines);
        done
    };
    let kept = async {
        while let Some(line) = coming.recv().await {
            keep(line);
        }
    };
    let (done, ()) = tokio::join!(done, kept);
    auth.store().close();
    Ok(done?)
}

fn list(global: &Global, accounts: Vec<Value>) -> Result<(), Failure> {
    if global.json {
        return print(serde_json::to_string_pretty(&accounts)?);
    }
    for account in accounts {
        print(as_line(&serde_json::from_value(account)?))?;
    }
    Ok(())
}

pub(super) fn show(global: &Global, account: &AccountView) -> Result<(), Failure> {
    if global.json {
        print(serde_json::to_string_pretty(account)?)
    } else {
        print(as_line(account))
    }
}

fn as_line(account: &AccountView) -> String {
    let AccountView { id, role, username, email, name, surname, .. } = account;
    format!("{id}\t{role}\t{username}\t{email}\t{name} {surname}")
}
